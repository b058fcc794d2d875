"""The power of one mean over items: minimum detectable effects and sample sizes, simulated from a run's variance components."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from freqbias.analysis.stats.resampling import Values
from freqbias.errors import InputError

ALPHA = 0.05  # of the two-sided test, and of each of the two one-sided tests of equivalence
POWER = 0.8  # the convention of Cohen (1988)
SIMULATIONS = 4000  # Monte Carlo error of a power of .8: .006
MAX_ITEMS = 20_000  # more synonym sets than any lexicon of English holds; beyond it the answer is "more"
RELIABLE = 1.96  # standard errors that a range of items or effects spans, 95 %
_BLOCK = 1 << 21  # simulated values held at once, 16 MB an array


@dataclass(frozen=True, kw_only=True)
class Components:
    """Variances of pair gaps between items and, within an item, over its frames; `sizes` are the pairs of each item."""

    between: float
    within: float
    sizes: tuple[int, ...]

    @property
    def spread(self) -> float:
        """Standard deviation of item means."""
        return float(np.sqrt(self.between + self.within * np.mean(1 / np.array(self.sizes))))


@dataclass(frozen=True, kw_only=True)
class Needed:
    """A number of items (None: more than `MAX_ITEMS`) with the range that the Monte Carlo error leaves."""

    items: int | None
    low: int | None
    high: int | None


def components(gaps: pd.DataFrame) -> Components:
    """Return the variance components of `gap` by `item`, one-way random effects.

    within = MSW; between = max(0, (MSB - MSW) / n0), n0 = (N - sum(n_i²) / N) / (k - 1). With one pair an item everything is between.
    Reference: Searle, Casella & McCulloch (1992), Variance Components, sec. 3.6. Raises `InputError` for fewer than two items and where
    all item means are equal.
    """
    groups = [values.to_numpy(dtype=float) for _, values in gaps.groupby("item")["gap"]]
    sizes = np.array([len(values) for values in groups])
    if len(groups) < 2:
        raise InputError("power needs at least two measured items to see how much items vary; give a run with more items")
    means = np.array([values.mean() for values in groups])
    if np.ptp(means) <= 1e-12 * np.abs(means).max():
        raise InputError("all items have the same gap, so there is no variance to compute power from; give a run whose items vary")
    total, k = int(sizes.sum()), len(groups)
    residual = sum(float(((values - values.mean()) ** 2).sum()) for values in groups)
    within = residual / (total - k) if total > k else 0.0
    grand = float((sizes * means).sum() / total)
    among = float((sizes * (means - grand) ** 2).sum()) / (k - 1)
    balance = (total - float((sizes**2).sum()) / total) / (k - 1)
    return Components(between=max(0.0, (among - within) / balance), within=within, sizes=tuple(int(n) for n in sizes))


def t_power(effect: float, spread: float, items: int, alpha: float = ALPHA) -> float:
    """Return the power of the two-sided one-sample t test by the noncentral t distribution, for normal item means.

    Reference: Johnson, Kotz & Balakrishnan (1995), Continuous Univariate Distributions 2, ch. 31. The sign-flip test has the same power
    in large samples (Hoeffding 1952, doi:10.1214/aoms/1177729436).
    """
    from statsmodels.stats.power import ttest_power

    size = abs(effect) / spread
    right, wrong = (float(ttest_power(side, items, alpha / 2, alternative="larger")) for side in (size, -size))
    # nan far out, where the right side is certain and the wrong one impossible
    return (1.0 if np.isnan(right) and size > 0 else right) + (0.0 if np.isnan(wrong) else wrong)


def standardised(found: Components, rng: np.random.Generator, items: int, simulations: int) -> tuple[NDArray[np.float64], ...]:
    """Return mean and standard error, each (simulations, items - 1), of null runs that grow from two items to `items`.

    Column j is a run of its first j + 2 items, so neighbouring sizes share their draws and a power curve over sizes is smooth. An item
    has as many pairs as an item drawn from the run.
    """
    sizes = rng.choice(np.array(found.sizes), size=(simulations, items))
    values = rng.standard_normal((simulations, items)) * np.sqrt(found.between + found.within / sizes)
    n = np.arange(1, items + 1)
    sums, squares = np.cumsum(values, axis=1), np.cumsum(values**2, axis=1)
    means = sums / n
    spread = np.maximum(squares - n * means**2, 0.0)[:, 1:] / (n[1:] - 1)
    return means[:, 1:], np.sqrt(spread / n[1:])


def _detected(means: Values, errors: Values, effect: float, items: NDArray[np.int64] | int) -> Values:
    """Return where the two-sided t test rejects zero."""
    return np.asarray(np.abs(means + effect) > stats.t.ppf(1 - ALPHA / 2, np.asarray(items) - 1) * errors)


def items_needed(found: Components, target: float, rng: np.random.Generator, *, power: float = POWER, simulations: int) -> Needed:
    """Return the smallest number of items at which the simulated power of the two-sided t test reaches `power` for a mean of `target`."""
    quantile = stats.norm.ppf(1 - ALPHA / 2) + stats.norm.ppf(power)
    about = float((max(quantile, 1.0) * found.spread / target) ** 2)
    if about > MAX_ITEMS:
        return Needed(items=None, low=None, high=None)
    margin = RELIABLE * np.sqrt(power * (1 - power) / simulations)
    most = min(MAX_ITEMS, int(1.3 * about) + 20)
    curve = _curve(found, target, rng, most, simulations)
    first = [_first(curve, power + shift) for shift in (0.0, -margin, margin)]
    return Needed(items=first[0], low=first[1], high=first[2])


def _curve(found: Components, target: float, rng: np.random.Generator, most: int, simulations: int) -> Values:
    """Return simulated power for 2, 3, … `most` items, in blocks that fit into memory."""
    n, hits = np.arange(2, most + 1), np.zeros(most - 1)
    block = max(1, _BLOCK // most)
    for start in range(0, simulations, block):
        means, errors = standardised(found, rng, most, min(block, simulations - start))
        hits += _detected(means, errors, target, n).sum(axis=0)
    return hits / simulations


def _first(curve: Values, power: float) -> int | None:
    reached = np.flatnonzero(curve >= power)
    return int(reached[0]) + 2 if len(reached) else None


def detectable(found: Components, items: int, rng: np.random.Generator, *, power: float = POWER, simulations: int) -> tuple[float, float]:
    """Return the smallest mean that `items` items reach `power` for, and its error.

    The error is half the range of effects whose simulated power is within a Monte Carlo standard error of `power`.
    """
    means, errors = _run(found, items, rng, simulations)
    # the effect at which each simulated run tips: sorted, the effect for any power is a quantile
    tips = stats.t.ppf(1 - ALPHA / 2, items - 1) * errors - means
    half = np.sqrt(power * (1 - power) / simulations)
    low, value, high = np.quantile(tips, np.clip([power - half, power, power + half], 0, 1))
    return float(value), float((high - low) / 2)


def power_at(found: Components, target: float, items: int, rng: np.random.Generator, simulations: int) -> float:
    """Return the simulated power of the two-sided t test of `items` items for a mean of `target`."""
    return float(_detected(*_run(found, items, rng, simulations), target, items).mean())


def _run(found: Components, items: int, rng: np.random.Generator, simulations: int) -> tuple[Values, Values]:
    """Return means and standard errors, each (simulations,), of null runs of `items` items."""
    means, errors = [], []
    block = max(1, _BLOCK // items)
    for start in range(0, simulations, block):
        shape = (min(block, simulations - start), items)
        sizes = rng.choice(np.array(found.sizes), size=shape)
        values = rng.standard_normal(shape) * np.sqrt(found.between + found.within / sizes)
        means.append(values.mean(axis=1))
        errors.append(values.std(axis=1, ddof=1) / np.sqrt(items))
    return np.concatenate(means), np.concatenate(errors)
