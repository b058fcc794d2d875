"""One-sample and two-sample inference on item means: sign flips, t, BCa, TOST, ratio, minimum detectable effect.

Every function takes the values of independent units (items), never of pairs or frames. Degenerate input has defined results:
one item gives no interval, constant values give an interval of no width, all zero gives p = 1.
"""

import math
import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Values = NDArray[np.float64]

EXACT_ITEMS = 20  # 2**20 sign patterns take a second; beyond it they are drawn
RESAMPLES = 9999
FEWEST = 999  # resamples of very many items, whose resampled means are normal to a high degree anyway
#: Items from which intervals and Welch's p come from their limits: those differ from the bootstrap's ends by about a standard error / n
#: (DiCiccio & Efron 1992, sec. 6), and 9,999 resamples already leave .027 standard errors of Monte Carlo error in each end.
MANY_ITEMS = 1000
_BUDGET = 1 << 23  # items x resamples of one estimate, about a tenth of a second
_BLOCK = 1 << 24  # bytes of one block of resamples


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Both ends of an interval; None where it is undefined."""

    low: float | None = None
    high: float | None = None


def draws(items: int, resamples: int) -> int:
    """Return how many resamples to draw: the number asked for up to 800 items, then fewer, never under 999."""
    return min(resamples, max(FEWEST, _BUDGET // items))


def named_rng(seed: int, *names: str) -> np.random.Generator:
    """Return a generator of its own for every name, so that no number depends on which others are made."""
    return np.random.default_rng([seed, zlib.crc32("\0".join(names).encode())])


def sign_flip_p(values: Values, rng: np.random.Generator, resamples: int = RESAMPLES) -> float:
    """Return the two-sided sign-flip permutation p-value of mean zero.

    p = share of sign patterns s with |mean(s*x)| >= |mean(x)|: all 2**n of them up to 20 items, else `draws(n / 8, resamples)` random
    ones with (count + 1) / (resamples + 1). Exact for values symmetric about zero. Reference: Fisher (1935), The Design of Experiments,
    sec. 21; Phipson & Smyth (2010), doi:10.2202/1544-6115.1585, for the + 1.

    >>> sign_flip_p(np.array([1.0, 2.0, 3.0, 4.0]), np.random.default_rng(0))
    0.125
    """
    n = len(values)
    observed = abs(values.sum())
    tolerance = 1e-12 * float(np.abs(values).sum())  # a share of the data, so that the unit changes nothing
    if n <= EXACT_ITEMS:
        sums = np.zeros(1)
        for value in values:  # doubles the list of sums once per item
            sums = np.concatenate([sums + value, sums - value])
        return float(np.mean(np.abs(sums) >= observed - tolerance))
    tables = _signed_sums(values)
    starts = 256 * np.arange(len(tables))
    hits, resamples = 0, draws(len(tables), resamples)
    block = max(1, _BLOCK // (8 * len(tables)))
    for start in range(0, resamples, block):
        patterns = rng.integers(0, 256, size=(min(block, resamples - start), len(tables)), dtype=np.uint8)
        sums = tables.ravel()[patterns + starts].sum(axis=1)
        hits += int(np.sum(np.abs(sums) >= observed - tolerance))
    return (hits + 1) / (resamples + 1)


def _signed_sums(values: Values) -> Values:
    """Return (n / 8, 256) sums of eight values each under every pattern of signs, so that one random byte flips eight items."""
    signs = 2.0 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1) - 1
    eights = np.pad(values, (0, -len(values) % 8)).reshape(-1, 8)
    return np.asarray(eights @ signs.T)


def std_error(values: Values) -> float | None:
    """Return the standard error of the mean, s / sqrt(n); None for one value."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None


def t_interval(values: Values, level: float = 0.95) -> Interval:
    """Return the Student t interval of the mean, mean ± t(n-1) s / sqrt(n)."""
    error = std_error(values)
    if error is None:
        return Interval()
    half = float(stats.t.ppf((1 + level) / 2, len(values) - 1)) * error
    mean = float(np.mean(values))
    return Interval(low=mean - half, high=mean + half)


def above_zero(values: Values) -> bool:
    """Tell whether the t interval of the mean lies above zero, so that it can divide.

    A ratio over what may be zero has no bounded interval. Reference: Fieller (1954), doi:10.1111/j.2517-6161.1954.tb00159.x.
    """
    return len(values) > 1 and (t_interval(values).low or 0.0) > 0


def bca_interval(values: Values, rng: np.random.Generator, level: float = 0.95, resamples: int = RESAMPLES) -> Interval:
    """Return the BCa bootstrap interval of the mean over items; undefined below two items.

    Reference: Efron (1987), doi:10.1080/01621459.1987.10478410; computed by `scipy.stats.bootstrap`, from `MANY_ITEMS`
    on by `abc_interval`.
    """
    if len(values) < 2:
        return Interval()
    if np.ptp(values) == 0:
        return Interval(low=float(values[0]), high=float(values[0]))
    if len(values) >= MANY_ITEMS:
        return abc_interval(values, None, level)
    return _bootstrap((values,), lambda x, axis: np.mean(x, axis=axis), rng, level, resamples)


def ratio_interval(
    numerator: Values, denominator: Values, rng: np.random.Generator, level: float = 0.95, resamples: int = RESAMPLES
) -> Interval:
    """Return the BCa interval of mean(numerator) / mean(denominator), items resampled in couples; as `bca_interval` for many items."""
    if len(numerator) < 2:
        return Interval()
    if len(numerator) >= MANY_ITEMS:
        return abc_interval(numerator, denominator, level)

    def ratio(x: Values, y: Values, axis: int) -> Values:
        return np.asarray(np.mean(x, axis=axis) / np.mean(y, axis=axis))

    return _bootstrap((numerator, denominator), ratio, rng, level, resamples)


def abc_interval(numerator: Values, denominator: Values | None = None, level: float = 0.95) -> Interval:
    """Return the ABC interval of mean(numerator) / mean(denominator), or of the mean alone: BCa without resampling.

    With T the statistic as a function of the items' weights, L its first and L2 its second derivatives towards each item: se =
    sqrt(sum(L²)) / n, a = sum(L³) / (6 sum(L²)^1.5), d = L / (n² se), b = sum(L2) / (2 n²), c = T'' along d / (2 se), z0 = Phi^-1(2
    Phi(a) Phi(c - b / se)), and an end is T(1/n + d w / (1 - a w)²), w = z0 ± z. Reference: DiCiccio & Efron (1992),
    doi:10.1093/biomet/79.2.231; against R's `boot::abc.ci` in `tests/golden`.
    """
    n, below = len(numerator), np.ones(len(numerator)) if denominator is None else denominator
    top, bottom = float(numerator.mean()), float(below.mean())
    ratio = top / bottom
    first = (numerator - ratio * below) / bottom
    squares = float(np.sum(first**2))
    if squares <= 1e-24 * n * float(np.mean(numerator**2)) / bottom**2:
        return Interval(low=ratio, high=ratio)
    error = np.sqrt(squares) / n
    acceleration = float(np.sum(first**3)) / (6 * squares**1.5)
    towards = first / (n**2 * error)
    up, down = float(towards @ numerator), float(towards @ below)
    curved = -2 * (up - ratio * down) * down / bottom**2 / (2 * error)
    bias = float(np.sum(-2 * first * (below - bottom) / bottom)) / (2 * n**2)
    shift = stats.norm.ppf(2 * stats.norm.cdf(acceleration) * stats.norm.cdf(curved - bias / error))
    wide = shift + stats.norm.ppf([(1 - level) / 2, (1 + level) / 2])
    steps = wide / (1 - acceleration * wide) ** 2
    low, high = (top + steps * up) / (bottom + steps * down)
    return Interval(low=float(low), high=float(high)) if np.isfinite([low, high]).all() else Interval()


def _bootstrap(
    samples: tuple[Values, ...], statistic: Callable[..., Any], rng: np.random.Generator, level: float, resamples: int
) -> Interval:
    with warnings.catch_warnings():
        # scipy warns and returns nan where the jackknife has no spread; the caller gets an undefined interval
        warnings.simplefilter("ignore")
        result = stats.bootstrap(
            samples,
            statistic,
            paired=len(samples) > 1,
            vectorized=True,
            n_resamples=draws(len(samples[0]), resamples),
            confidence_level=level,
            method="BCa",
            rng=rng,
            batch=max(1, _BLOCK // (8 * len(samples[0]))),
        ).confidence_interval
    if not np.isfinite([result.low, result.high]).all():
        return Interval()
    return Interval(low=float(result.low), high=float(result.high))


def resampling_weights(n: int, rng: np.random.Generator, resamples: int = RESAMPLES) -> Iterator[Values]:
    """Yield blocks (at most 16 MB each) of how often each of `n` items is drawn in a bootstrap sample, `draws` rows in all."""
    resamples = draws(n, resamples)
    block = max(1, _BLOCK // (8 * n))
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        drawn = rng.integers(0, n, size=(rows, n), dtype=np.int64) + n * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float64)


def bca_ends(value: float, replicates: Values, jackknife: Values, level: float = 0.95) -> Interval:
    """Return the BCa interval of a statistic from its bootstrap replicates and its values without one unit each.

    Ends are the quantiles Phi(z0 + (z0 + z) / (1 - a (z0 + z))) of the replicates, z = ± Phi^-1((1 + level) / 2), z0 = Phi^-1 of the
    share of replicates below `value` (ties half), a = sum(d^3) / (6 sum(d^2)^1.5), d = mean(jackknife) - jackknife. No width where
    the replicates are constant, undefined where `value` lies outside all of them. Reference: Efron (1987),
    doi:10.1080/01621459.1987.10478410.
    """
    if not np.isfinite(replicates).all() or not np.isfinite(jackknife).all():
        return Interval()
    if np.ptp(replicates) <= 1e-12 * max(float(np.abs(jackknife).max()), abs(value)):
        return Interval(low=value, high=value)
    share = float(np.mean(replicates < value) + np.mean(replicates <= value)) / 2
    if not 0 < share < 1:
        return Interval()
    away = jackknife.mean() - jackknife
    squares = float(np.sum(away**2))
    acceleration = float(np.sum(away**3)) / (6 * squares**1.5) if squares > 0 else 0.0
    bias = stats.norm.ppf(share)
    shifted = bias + stats.norm.ppf([(1 - level) / 2, (1 + level) / 2])
    low, high = np.quantile(replicates, stats.norm.cdf(bias + shifted / (1 - acceleration * shifted)))
    return Interval(low=float(low), high=float(high))


def dz(values: Values) -> float | None:
    """Return Cohen's dz with Hedges' small-sample factor, mean / sd * (1 - 3 / (4 (n-1) - 1)).

    None for one item and where the values do not vary. Reference: Lakens (2013), doi:10.3389/fpsyg.2013.00863.
    """
    n = len(values)
    spread = float(np.std(values, ddof=1)) if n > 1 else 0.0
    if spread == 0.0 or np.ptp(values) <= 1e-12 * np.abs(values).max():
        return None
    return float(np.mean(values) / spread * (1 - 3 / (4 * (n - 1) - 1)))


def tost_p(values: Values, bound: float, share: float = 1.0) -> float | None:
    """Return the p-value of two one-sided t tests that the mean lies within ± `bound`; None for one item.

    Equivalence at level alpha when p < alpha, the same as the 1 - 2 alpha interval lying inside. Reference: Schuirmann
    (1987), doi:10.1007/BF01068419. Values without spread leave t no doubt, however few they are: then p is at least
    (1 - share)^n, how often none of n items differs where `share` of all do (the whole margin in a tenth of the items is a tenth of it).
    """
    error = std_error(values)
    if error is None:
        return None
    mean = float(np.mean(values))
    if error == 0.0 or np.ptp(values) == 0:
        return max(float(abs(mean) >= bound), (1 - share) ** len(values))
    df = len(values) - 1
    return float(max(stats.t.sf((mean + bound) / error, df), stats.t.cdf((mean - bound) / error, df)))


def mcnemar_p(only_high: int, only_low: int) -> float:
    """Return the exact two-sided McNemar p-value from both discordant counts: a binomial test of one half; 1 without any.

    For one binary pair an item only. Reference: McNemar (1947), doi:10.1007/BF02295996.
    """
    discordant = only_high + only_low
    return float(stats.binomtest(only_high, discordant).pvalue) if discordant else 1.0


def minimum_detectable(error: float, df: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """Return the effect that a two-sided t test at `alpha` finds with `power`: (t(1-alpha/2) + t(power)) * standard error."""
    return float((stats.t.ppf(1 - alpha / 2, df) + stats.t.ppf(power, df)) * error)


def equivalence_items(error: float, items: int, bound: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """Return how many items two one-sided tests at `alpha` need to find a true zero within ± `bound` with `power`.

    `error` is the standard error that `items` of them gave: n = (z(1 - alpha) + z((1 + power) / 2))² s² / bound², s = error √items
    (Julious 2004, Statistics in Medicine 23(12), 1921-1986, section 5).
    """
    z = stats.norm.ppf(1 - alpha) + stats.norm.ppf((1 + power) / 2)
    return math.ceil(items * (float(z) * error / bound) ** 2)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Difference of two independent means, Welch."""

    value: float
    std_error: float | None
    low: float | None
    high: float | None
    p_value: float | None


def welch(first: Values, second: Values, rng: np.random.Generator, resamples: int = RESAMPLES) -> Difference:
    """Return mean(first) - mean(second) with Welch's interval and a permutation p-value of Welch's t.

    Permuting the studentised statistic keeps the level when the groups' variances differ. Reference: Janssen (1997),
    doi:10.1016/S0167-7152(97)00043-6. Its limit, Welch's own p, is taken from `MANY_ITEMS` on. A group of one item gives no interval
    and no p-value.
    """
    value = float(np.mean(first) - np.mean(second))
    if min(len(first), len(second)) < 2:
        return Difference(value=value, std_error=None, low=None, high=None, p_value=None)
    variances = [float(np.var(side, ddof=1)) / len(side) for side in (first, second)]
    error = float(np.sqrt(sum(variances)))
    if error == 0.0:
        return Difference(value=value, std_error=0.0, low=value, high=value, p_value=1.0 if value == 0.0 else None)
    df = sum(variances) ** 2 / sum(v**2 / (len(side) - 1) for v, side in zip(variances, (first, second), strict=True))
    half = float(stats.t.ppf(0.975, df)) * error
    if min(len(first), len(second)) >= MANY_ITEMS:
        p_value = float(2 * stats.t.sf(abs(value) / error, df))
    else:
        p_value = _welch_permutation_p(first, second, abs(value) / error, rng, resamples)
    return Difference(value=value, std_error=error, low=value - half, high=value + half, p_value=p_value)


def _welch_permutation_p(first: Values, second: Values, observed: float, rng: np.random.Generator, resamples: int) -> float:
    pooled, n = np.concatenate([first, second]), len(first)
    hits, resamples = 0, draws(len(pooled), resamples)
    block = max(1, _BLOCK // (8 * len(pooled)))
    for start in range(0, resamples, block):
        rows = np.broadcast_to(pooled, (min(block, resamples - start), len(pooled)))
        drawn = rng.permuted(rows, axis=1)
        a, b = drawn[:, :n], drawn[:, n:]
        error = np.sqrt(a.var(axis=1, ddof=1) / a.shape[1] + b.var(axis=1, ddof=1) / b.shape[1])
        difference = np.abs(a.mean(axis=1) - b.mean(axis=1))
        hits += int(np.sum(difference >= (observed - 1e-12) * error))
    return (hits + 1) / (resamples + 1)


def benjamini_hochberg(p_values: Values) -> Values:
    """Return p-values adjusted for the false discovery rate. Reference: Benjamini & Hochberg (1995); by `scipy.stats`."""
    return np.asarray(stats.false_discovery_control(p_values, method="bh"))
