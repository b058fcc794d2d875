"""How frequent the swapped words and the glosses that ask for them are, as far as that could produce a gap in frequency's place."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from freqbias.covariates import in_phrasing, swap_of
from freqbias.frequency import content_zipf, word_zipf
from freqbias.records import Pair
from freqbias.terms import GLOSS_ZIPF, REGISTERS

SAME = 0.05  # Zipf units: a gap of two levels that differs more from the pair's own is of something else
_ROW = ["model", "probe", "contrast", "pair_id"]


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


def nearness(pair: Pair, high: float, low: float) -> dict[str, float]:
    """Return by register how much nearer in frequency its glosses lie to the high form than to the low one, in Zipf units.

    Mean over glosses of |low - gloss| - |high - gloss|, `high` and `low` the levels of the swapped words: a gloss in everyday words
    lies nearer to the frequent form, one in rare words nearer to the rare form. NaN where levels or glosses are not known.
    """
    found = {}
    for register in REGISTERS:
        own = [value for text in pair.queries.get(f"gloss_{register}") or () if (value := content_zipf(text, pair.language)) is not None]
        found[f"{GLOSS_ZIPF}_{register}"] = float(np.mean([abs(low - value) - abs(high - value) for value in own])) if own else np.nan
    return found


def with_gloss_frequency(table: pd.DataFrame, observations: pd.DataFrame) -> pd.DataFrame:
    """Return the table with `gloss_zipf_gap`, the mean nearness over the registers that a row was asked in; NaN where none was.

    `table` has the nearness of both registers (`nearness`); these columns are dropped.
    """
    names = {register: f"{GLOSS_ZIPF}_{register}" for register in REGISTERS}
    if not set(names.values()) <= set(table.columns):
        return table
    asked = observations.loc[observations["register"].isin(REGISTERS) & observations["error"].isna(), [*_ROW, "register"]]
    if len(asked):
        near = table[["pair_id", *names.values()]].drop_duplicates("pair_id")
        near = near.rename(columns={column: register for register, column in names.items()})
        near = near.melt("pair_id", var_name="register", value_name=f"{GLOSS_ZIPF}_gap")
        own = asked.drop_duplicates([*_ROW, "register"]).merge(near, on=["pair_id", "register"], how="left")
        means = own.groupby(_ROW, sort=False)[f"{GLOSS_ZIPF}_gap"].mean().reset_index()
        table = table.merge(means, on=_ROW, how="left")
    return table.drop(columns=list(names.values()))
