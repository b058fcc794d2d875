"""Tests of several means at once: are all of them zero, are all of them equal; and a mean without the outer fifths."""

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from freqbias.analysis.stats.resampling import RESAMPLES, Interval, Values, draws

EXACT_ITEMS = 14  # 2**14 sign patterns of every group
TRIM = 0.2  # of the items at either end (Wilcox 2017, Introduction to Robust Estimation, sec. 3.3)
_BLOCK = 1 << 24  # bytes of one block of sign patterns


def all_zero_p(table: Values, rng: np.random.Generator, resamples: int = RESAMPLES) -> float:
    """Return the p-value of every column's mean being zero, by flipping the signs of whole rows.

    `table` holds items x groups, NaN where an item is not in a group. The statistic is the sum over groups of (sum of values)² / sum of
    squares, each about chi-squared with one degree of freedom; means of opposite sign add to it instead of cancelling. All patterns up
    to 14 items, else (count + 1) / (resamples + 1). Exact for rows that are symmetric about zero. Reference: Pesarin (2001), Multivariate
    Permutation Tests, ch. 6.
    """
    values = np.nan_to_num(table)
    squares = np.sum(values**2, axis=0)
    values = values[:, squares > 0] / np.sqrt(squares[squares > 0])
    observed = float(np.sum(values.sum(axis=0) ** 2)) * (1 - 1e-12)
    n = len(values)
    if n <= EXACT_ITEMS:
        signs = 2.0 * ((np.arange(1 << n)[:, None] >> np.arange(n)) & 1) - 1
        return float(np.mean(np.sum((signs @ values) ** 2, axis=1) >= observed))
    hits, resamples = 0, draws(n, resamples)
    block = max(1, _BLOCK // (8 * n))
    for start in range(0, resamples, block):
        signs = 2.0 * rng.integers(0, 2, size=(min(block, resamples - start), n), dtype=np.int8) - 1
        hits += int(np.sum(np.sum((signs @ values) ** 2, axis=1) >= observed))
    return (hits + 1) / (resamples + 1)


def equal_means_p(table: pd.DataFrame) -> tuple[float | None, str]:
    """Return the p-value of all groups having one mean, and how it was made.

    `table` holds item means, items x groups, NaN where an item is not in a group. Where most items are in one group only, Welch's
    analysis of variance over these (Welch 1951, doi:10.1093/biomet/38.3-4.330; by statsmodels). Else every group is held against the
    others within items, by a paired t test, and the smallest p is multiplied by their number (Bonferroni), which holds whatever the
    groups' covariance. None where a group does not vary.
    """
    groups_of = table.notna().sum(axis=1)
    if (groups_of > 1).mean() < 0.5:
        alone = table[groups_of == 1]
        return _welch_anova([alone[name].dropna().to_numpy(dtype=float) for name in alone.columns]), "Welch's analysis of variance"
    own = table[groups_of > 1]
    rest = (own.sum(axis=1).to_numpy()[:, None] - own) / (groups_of[groups_of > 1].to_numpy()[:, None] - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of differences that do not vary
        tests = [float(stats.ttest_1samp((own[name] - rest[name]).dropna(), 0.0).pvalue) for name in own.columns]
    known = [p for p in tests if np.isfinite(p)]
    method = "each group against the others within items, paired t, Bonferroni over groups"
    return (min(1.0, len(tests) * min(known)) if known else None), method


def _welch_anova(groups: Sequence[Values]) -> float | None:
    from statsmodels.stats.oneway import anova_oneway

    sides = [values for values in groups if len(values) > 1]
    if len(sides) < 2 or any(float(np.ptp(values)) == 0 for values in sides):
        return None
    return float(anova_oneway(sides, use_var="unequal", welch_correction=True).pvalue)


def trimmed_mean(values: Values, level: float = 0.95) -> tuple[float, float | None, Interval]:
    """Return the mean without the outer fifths, its standard error and its t interval.

    Standard error: winsorised standard deviation / ((1 - 2 · 0.2) root n), t with as many degrees of freedom as values are left less one
    (Yuen 1974, doi:10.1093/biomet/61.1.165). No interval where fewer than two are left.
    """
    cut = int(TRIM * len(values))
    ordered = np.sort(values)
    kept = ordered[cut : len(values) - cut]
    value = float(kept.mean())
    if len(kept) < 2:
        return value, None, Interval()
    winsorised = np.clip(values, kept[0], kept[-1])
    error = float(winsorised.std(ddof=1)) / ((1 - 2 * TRIM) * float(np.sqrt(len(values))))
    half = float(stats.t.ppf((1 + level) / 2, len(kept) - 1)) * error
    return value, error, Interval(low=value - half, high=value + half)
