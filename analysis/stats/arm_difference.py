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

    An item of both arms moves both means, so Welch's independence fails. Where half of the smaller arm's items or more are in both, the
    difference is taken within these items alone; where fewer are, they are left out of the second arm.
    """
    shared = first.index.intersection(second.index)
    if len(shared) and 2 * len(shared) >= min(len(first), len(second)):
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
    rest = second.drop(shared)
    sides = [np.asarray(side, dtype=np.float64) for side in (first, rest)]
    method = f"{WELCH}; {len(shared)} items of both arms are left out of the second" if len(shared) else WELCH
    return resampling.welch(sides[0], sides[1], rng, resamples), (first.index, rest.index), method
