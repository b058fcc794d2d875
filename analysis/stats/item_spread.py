"""How far items differ in truth: the standard deviation of their effects, free of what one measurement of an item varies by."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from freqbias.analysis.stats.mixed import MIN_ITEMS, MIN_LEVELS
from freqbias.analysis.stats.reml import reml
from freqbias.analysis.stats.resampling import Values

MAX_FRAMES = 50  # that are taken out of the interval as fixed; beyond it an item's own differences hold them


@dataclass(frozen=True, kw_only=True)
class ItemSpread:
    """Standard deviation of true item effects with its interval; `p_value` tests that items do not differ, `mean` is that of items."""

    sd: float
    low: float | None
    high: float | None
    p_value: float | None
    mean: float
    std_error: float


def item_spread(y: Values, items: NDArray[np.int64], frames: NDArray[np.int64] | None = None) -> ItemSpread | None:
    """Return by how much items differ in truth, from values `y` (n) of `items` (codes from 0, each n long), frames crossed with them.

    The value is the restricted maximum likelihood estimate of y = mean + item + frame + error, frames random where there are six, else
    fixed. The interval inverts the F test of items (Wald 1940, doi:10.1214/aoms/1177731794), which is exact for normal effects however
    unequal the numbers of measurements, and takes the residual's own error out of it (Williams 1962, doi:10.1093/biomet/49.1-2.278); its
    test at zero is that of one-way analysis of variance. None below ten items, or where fewer
    than two items were measured more than once: then nothing tells an item's effect from its error.
    """
    counts = np.bincount(items)
    if len(counts) < MIN_ITEMS or (counts > 1).sum() < 2:
        return None
    design, factors, adjusted, used = _with_frames(y, items, frames)
    sums = np.zeros((1, design.shape[1]))
    sums[0, 0] = 1.0
    fit = reml(y, design, factors, sums)
    means = np.bincount(items, adjusted) / counts
    within = float(np.sum((adjusted - means[items]) ** 2))
    df = len(y) - len(counts) - used
    if fit is None or df < 1 or within <= 1e-20 * float(np.sum((adjusted - adjusted.mean()) ** 2)):  # no error: what is seen is true
        error = float(means.std(ddof=1)) / np.sqrt(len(means))
        return ItemSpread(sd=float(means.std(ddof=1)), low=None, high=None, p_value=None, mean=float(means.mean()), std_error=error)
    residual = within / df
    low, high, p_value = _wald(means, counts, residual, df)
    return ItemSpread(
        sd=float(np.sqrt(fit.variances[1])),
        low=low,
        high=high,
        p_value=p_value,
        mean=float(fit.values[0]),
        std_error=float(fit.errors[0]),
    )


def _with_frames(
    y: Values, items: NDArray[np.int64], frames: NDArray[np.int64] | None
) -> tuple[Values, list[NDArray[np.int64]], Values, int]:
    """Return the fixed effects, the random factors, the values without the frames' own differences, and how many those are."""
    intercept = np.ones((len(y), 1))
    crossed = frames is not None and len(np.unique(items * (int(frames.max()) + 1) + frames)) > int(frames.max()) + 1 > 1
    if frames is None or not crossed:  # each frame is one item's: its differences are among that item's measurements
        return intercept, [items], y, 0
    count = int(frames.max()) + 1
    levels = range(1, count) if count <= MAX_FRAMES else ()
    dummies = np.column_stack([np.empty((len(y), 0)), *((frames == level) - 1 / count for level in levels)])
    slopes = np.linalg.lstsq(_centred(dummies, items), _centred(y[:, None], items), rcond=None)[0]
    adjusted = y - (dummies @ slopes)[:, 0]
    if count < MIN_LEVELS:
        return np.column_stack([intercept, dummies]), [items], adjusted, count - 1
    return intercept, [items, frames], adjusted, dummies.shape[1]


def _centred(values: Values, items: NDArray[np.int64]) -> Values:
    """Return columns (n, k) less their means over each item."""
    counts = np.bincount(items)
    sums = np.column_stack([np.bincount(items, column) for column in values.T]) if values.shape[1] else np.empty((len(counts), 0))
    return np.asarray(values - (sums / counts[:, None])[items])


def _wald(means: Values, counts: NDArray[np.int64], residual: float, df: int) -> tuple[float, float, float]:
    """Return both ends of the standard deviation of items, and the p-value of none.

    Ends of the variance beside the residual's, times the residual's, times the ratio of the quantiles of F and of chi-squared, since the
    residual's own error is in both.
    """
    between = len(means) - 1

    def ratio(rho: float) -> float:
        weights = counts / (1 + counts * rho)
        return float(np.sum(weights * (means - np.average(means, weights=weights)) ** 2)) / between / residual

    f, chi2 = stats.f(between, df), stats.chi2(between)
    low, high = (_root(ratio, float(f.ppf(level))) * f.ppf(level) * between / chi2.ppf(level) for level in (0.975, 0.025))
    return float(np.sqrt(low * residual)), float(np.sqrt(high * residual)), float(f.sf(ratio(0.0)))


def _root(ratio: Callable[[float], float], limit: float) -> float:
    """Return where a falling function meets a limit; zero where it starts below."""
    if ratio(0.0) <= limit:
        return 0.0
    top = 1.0
    while ratio(top) > limit:
        top *= 4.0
    return float(optimize.brentq(lambda rho: ratio(rho) - limit, 0.0, top, xtol=1e-12 * top, rtol=1e-10))


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """Where the true effect of a new item lies with 95 %, and the shares of such effects beyond ± a bound."""

    low: float
    high: float
    above: float | None
    below: float | None


def prediction(mean: float, std_error: float, sd: float, items: int, bound: float | None) -> Prediction:
    """Return the 95 % prediction interval of a new item, mean ± t(n - 2) root(sd² + se²), and normal shares beyond ± `bound`.

    Reference: Higgins, Thompson & Spiegelhalter (2009), doi:10.1111/j.1467-985X.2008.00552.x.
    """
    half = float(stats.t.ppf(0.975, max(1, items - 2))) * float(np.hypot(sd, std_error))
    shares = [None, None] if bound is None else [_beyond(mean, sd, bound), _beyond(-mean, sd, bound)]
    return Prediction(low=mean - half, high=mean + half, above=shares[0], below=shares[1])


def _beyond(mean: float, sd: float, bound: float) -> float:
    return float(stats.norm.sf((bound - mean) / sd)) if sd > 0 else float(mean > bound)
