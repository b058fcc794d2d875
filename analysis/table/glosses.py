"""How frequent the swapped words and the glosses that ask for them are, as far as that could produce a gap in frequency's place."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from freqbias.covariates import in_phrasing, swap_of
from freqbias.frequency import content_zipf, word_zipf
from freqbias.records import Pair
from freqbias.terms import FREQUENCY, GLOSS_ZIPF, REGISTERS

SAME = 0.05  # Zipf units: a gap of two levels that differs more from the pair's own is of something else
_ROW = ["model", "probe", "contrast", "pair_id"]
_LEVEL = "gloss_level"


def levels(pair: Pair, zipf_gap: float) -> tuple[float, float]:
    """Return the mean Zipf value of the words that differ, high side first; of all content words where these have the pair's gap.

    NaN twice where neither difference is the pair's frequency gap: it is then its maker's own, and has no levels.
    """
    if np.isnan(zipf_gap) or in_phrasing(pair):
        return np.nan, np.nan
    found = swap_of(pair)
    for high, low in (
        (_mean_zipf(found.high, pair.language), _mean_zipf(found.low, pair.language)),
        (content_zipf(pair.high, pair.language), content_zipf(pair.low, pair.language)),
    ):
        if high is not None and low is not None and abs(high - low - zipf_gap) < SAME:
            return high, low
    return np.nan, np.nan


def _mean_zipf(words: Sequence[str], language: str) -> float | None:
    known = [value for word in words if (value := word_zipf(word, language)) is not None]
    return float(np.mean(known)) if known and len(known) == len(words) else None


def gloss_levels(pair: Pair) -> dict[str, float]:
    """Return the mean Zipf value of the content words of a pair's glosses by register; NaN where none is known."""
    found = {}
    for register in REGISTERS:
        own = [value for text in pair.queries.get(f"gloss_{register}") or () if (value := content_zipf(text, pair.language)) is not None]
        found[f"{GLOSS_ZIPF}_{register}"] = float(np.mean(own)) if own else np.nan
    return found


def with_gloss_frequency(table: pd.DataFrame, observations: pd.DataFrame) -> pd.DataFrame:
    """Return the table with `gloss_zipf_gap`: how much more frequent the glosses that a row asked are than others', times `zipf_gap`.

    If queries favour documents that are worded about as commonly as themselves, the gap of a pair is its frequency gap times something
    that rises with the gloss's frequency; the product is that part, and changes sign with the labels of the forms as the gap does. It is
    centred on the mean gloss of the frequency arm, for which the slope on the frequency gap then holds. How much *nearer* in frequency a
    gloss lies to one form would not do: where glosses are more frequent than either word, that is the frequency gap itself.

    `table` has the level of both registers (`gloss_levels`); these columns are dropped. NaN where no gloss was asked.
    """
    names = {register: f"{GLOSS_ZIPF}_{register}" for register in REGISTERS}
    if not set(names.values()) <= set(table.columns):
        return table
    asked = observations.loc[observations["register"].isin(REGISTERS) & observations["error"].isna(), [*_ROW, "register"]]
    if len(asked):
        known = table[["pair_id", *names.values()]].drop_duplicates("pair_id")
        known = known.rename(columns={column: register for register, column in names.items()})
        known = known.melt("pair_id", var_name="register", value_name=_LEVEL)
        own = asked.drop_duplicates([*_ROW, "register"]).merge(known, on=["pair_id", "register"], how="left")
        table = table.merge(own.groupby(_ROW, sort=False)[_LEVEL].mean().reset_index(), on=_ROW, how="left")
        told = table.loc[table["arm"] == FREQUENCY, _LEVEL]
        centre = (told if told.notna().any() else table[_LEVEL]).mean()
        table[f"{GLOSS_ZIPF}_gap"] = (table[_LEVEL] - centre) * table["zipf_gap"]
    return table.drop(columns=[*names.values(), _LEVEL], errors="ignore")
