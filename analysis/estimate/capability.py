"""Can a model answer at all? One that guesses, or gives one letter whatever is asked, cannot show what wording does to its answers.

Its log-probabilities of right answers still differ between the forms of a pair, and with many items they do so reliably: what is measured
then is how likely a letter is after these words. So the question is put to its accuracy, on all that it was asked (both forms, frequency
and placebo arm, every prompt), before any gap is looked at; and with the item as the unit, since answers to one item go together.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import stats

from freqbias.analysis.stats.resampling import Values
from freqbias.judgement import Judgements
from freqbias.terms import (
    ACCURACY,
    ANSWER,
    ANSWER_SHARE,
    AT_CHANCE,
    AT_LIMIT,
    CEILING_SHARE,
    CHANCE,
    FLOOR_SHARE,
    FREQUENCY,
    HIGH,
    LOW,
    ONE_ANSWER,
    PLACEBO,
    SIDES,
)

LEVEL = 0.05  # of the one-sided test that a model is above chance, and of the one-sided limits of its accuracy
FLOOR = 0.1  # of answers that cannot be guessed: less leaves one item in ten that could show anything
CEILING = 0.98  # of the answers: what is left is the smallest effect of interest, two points
ONE_LETTER = 0.8  # of all answers: of five letters a fair share is .2
SAME = 1e-9  # of shares: nearer ones differ by the rounding of a mean
MIN_ANSWERS = 20  # four a letter of five; fewer may all have one letter by the luck of the items


@dataclass(frozen=True, kw_only=True)
class Capability:
    """What the accuracy of one model on one probe says: flags and details of its means, and of that of accuracy alone."""

    flags: tuple[str, ...] = ()
    details: Mapping[str, float] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)

    def of(self, measure: str) -> tuple[list[str], dict[str, float]]:
        """Return flags and details of the mean in a measure; only accuracy itself has a ceiling."""
        ceiling = self.limits if measure == ACCURACY.name else {}
        return [*self.flags, *([AT_LIMIT] if ceiling else [])], {**self.details, **ceiling}


def capabilities(observations: pd.DataFrame, judgements: Judgements) -> dict[tuple[str, str], Capability]:
    """Return by model and probe whether it can answer; nothing of probes whose rows of accuracy do not say what guessing gives."""
    if f"{CHANCE}_{HIGH}" not in observations.columns:
        return {}
    rows = observations[(observations["measure"] == ACCURACY.name) & observations["arm"].isin((FREQUENCY, PLACEBO))]
    own = rows["contrast"] == rows["probe"].map({probe: judgements[probe].contrast for probe in rows["probe"].unique()})
    # an answer that cannot be read is not right, where no letter could have been right by guessing
    free = (rows[f"{CHANCE}_{HIGH}"] == 0) & (rows[f"{CHANCE}_{LOW}"] == 0)
    told = rows["error"].isna() & rows[f"{CHANCE}_{HIGH}"].notna() & rows[f"{CHANCE}_{LOW}"].notna()
    known = rows[own & (told | free)]
    return {(str(model), str(probe)): capability(part) for (model, probe), part in known.groupby(["model", "probe"])}


def capability(rows: pd.DataFrame) -> Capability:
    """Return what rows of accuracy of one model and probe say of it.

    `AT_CHANCE` where accuracy minus chance, averaged within items, is not above zero by a one-sided t test at 5 %. With chances under .5
    that test is on the safe side, since a few right answers more also raise its standard error. Where nothing can be guessed, where
    accuracy is under `FLOOR` by its one-sided 95 % limit (Clopper & Pearson 1934, doi:10.1093/biomet/26.4.404) with each item counted as
    one answer; there, what cannot be read counts as not right. `ONE_ANSWER` where `ONE_LETTER` of the answers have one letter, and
    not because it is right that often.
    """
    answers = pd.concat([_side(rows, side) for side in SIDES], ignore_index=True)
    items = answers.groupby("item")[["right", "chance"]].mean()
    right, chance = (items[name].to_numpy(dtype=float) for name in ("right", "chance"))
    details = {ACCURACY.name: float(right.mean()), CHANCE: float(chance.mean()), "right": float(answers["right"].sum())}
    unread = int(rows["error"].notna().sum()) if "error" in rows.columns else 0
    details |= {"answers": float(len(answers)), **({"unread": float(unread), "pairs": float(len(rows))} if unread else {})}
    low, high = limits(right)
    guesses = high < FLOOR if not chance.any() else chance_p(right, chance) >= LEVEL
    one, share = _one_letter(answers)
    flags = [name for name, holds in ((AT_CHANCE, guesses), (ONE_ANSWER, one)) if holds]
    return Capability(flags=tuple(flags), details=details | share, limits=_ends(rows[rows["error"].isna()]) if low > CEILING else {})


def chance_p(right: Values, chance: Values) -> float:
    """Return the one-sided p-value that items are answered right no more often than by chance, both as means of each item.

    Where all items have the same surplus there is no standard error: then how likely that many items are all right by guessing.
    """
    surplus = right - chance
    if surplus.mean() <= 0:
        return 1.0
    if len(surplus) < 2 or np.ptp(surplus) < SAME:
        return float(np.prod(chance))
    return float(stats.ttest_1samp(surplus, 0.0, alternative="greater").pvalue)


def limits(right: Values) -> tuple[float, float]:
    """Return the exact one-sided 95 % limits of a share, from below and from above, each item's mean counted as one answer."""
    n, count = len(right), float(right.sum())
    low = float(stats.beta.ppf(LEVEL, count, n - count + 1)) if count > 0 else 0.0
    high = float(stats.beta.ppf(1 - LEVEL, count + 1, n - count)) if count < n else 1.0
    return low, high


def _side(rows: pd.DataFrame, side: str) -> pd.DataFrame:
    """Return the answers to one form: item, whether it is right, what guessing gives, and which letter it is."""
    letters = rows[f"{ANSWER}_{side}"] if f"{ANSWER}_{side}" in rows.columns else np.nan
    return pd.DataFrame({"item": rows["item"], "right": rows[side].fillna(0.0), "chance": rows[f"{CHANCE}_{side}"], "letter": letters})


def _one_letter(answers: pd.DataFrame) -> tuple[bool, dict[str, float]]:
    """Tell whether one letter is nearly every answer, and return its share; nothing where answers have no letters."""
    known = answers[answers["letter"].notna()]
    if known.empty:
        return False, {}
    most = known["letter"] == known["letter"].mode()[0]
    share, deserved = float(most.mean()), float((most & (known["right"] == 1)).mean())
    return len(known) >= MIN_ANSWERS and share > ONE_LETTER >= deserved, {ANSWER_SHARE: share}


def _ends(rows: pd.DataFrame) -> dict[str, float]:
    """Return in which share of the pairs both forms are answered right, and in which neither is."""
    sides = rows[[HIGH, LOW]].to_numpy(dtype=float)
    return {name: float((sides == end).all(axis=1).mean()) for name, end in ((CEILING_SHARE, 1.0), (FLOOR_SHARE, 0.0))}
