"""The difference of two arms, whose items may be the same: a user's texts have a frequency pair and a placebo pair each."""

import numpy as np
import pandas as pd

from freqbias.analysis.stats import resampling
from freqbias.analysis.stats.resampling import Difference

WELCH = "difference of means over different items; Welch interval; permutation p of Welch's t"
PAIRED = "mean difference within the items of both arms; t interval; sign-flip p"


def difference_of_arms(
    first: "pd.Series[float]", second: "pd.Series[float]", rng: np.random.Generator, resamples: int
) -> tuple[Difference, tuple["pd.Index[str]", "pd.Index[str]"], str]:
    """Return mean(first) - mean(second) of item means, indexed by item, with the items of either arm that it rests on and the method.

    An item of both arms moves both means, so Welch's independence fails. The difference is taken within the items of both, or these are
    left out of the larger arm, the first of equals: whichever rests on more items, so that four that are in both do not speak for sixty.
    """
    shared = first.index.intersection(second.index)
    if len(shared) and within_is_more(len(first), len(second), len(shared)):
        gaps = np.asarray(first[shared] - second[shared], dtype=np.float64)
        interval = resampling.t_interval(gaps)
        paired = Difference(
            value=float(gaps.mean()),
            std_error=resampling.std_error(gaps),
            low=interval.low,
            high=interval.high,
            p_value=None if len(gaps) == 1 else resampling.sign_flip_p(gaps, rng, resamples),
        )
        return paired, (shared, shared), PAIRED
    larger = len(first) > len(second)
    own = (first.drop(shared), second) if larger else (first, second.drop(shared))
    sides = [np.asarray(side, dtype=np.float64) for side in own]
    method = f"{WELCH}; {len(shared)} items of both arms are left out of the {'first' if larger else 'second'}" if len(shared) else WELCH
    return resampling.welch(sides[0], sides[1], rng, resamples), (own[0].index, own[1].index), method


def within_is_more(first: int, second: int, shared: int) -> bool:
    """Tell whether differences within shared items have no larger variance than independent arms without them, by counts alone.

    Were all values independent and alike, one is 2 / shared, the other the sum of 1 / items of either arm. The choice rests on no value
    that was measured.
    """
    larger, smaller = max(first, second) - shared, min(first, second)
    return larger == 0 or 2 / shared <= 1 / larger + 1 / smaller
