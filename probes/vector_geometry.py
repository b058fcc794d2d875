"""What can be computed on a set of vectors without an n × n matrix in memory, and intervals of it by resampling items."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CELLS_AT_ONCE = 1 << 22  # cosines held in one go; 16 MB as float32
NEIGHBOURS = 10  # k of the k-occurrence in Radovanović et al. (2010)
RESAMPLES = 999
TIE = 1e-6  # of cosines from float32 products, whose last digits depend on the batch
ROUNDING = 1e-9  # of the largest vector; what is left of a shorter one is rounding
SPACES = ("raw", "centred", "all_but_the_top")

#: Maps sums of moments, one row a sample, to the statistic of each sample.
Statistic = Callable[[Floats], Floats]
#: Moments of every row, shape (n, m), and the statistic of their sums.
Fit = tuple[Floats, Statistic]


def unit_rows(vectors: Floats) -> Floats:
    """Return the vectors at length 1; NaN rows where there is no direction."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(np.isfinite(norms) & (norms > 0), norms, np.nan))


def in_space(vectors: Floats, space: str) -> Floats:
    """Return the vectors as they are, centred, or centred and without their first d/100 principal components (at least one).

    Reference: Mu & Viswanath (2018), All-but-the-Top, arXiv:1702.01417, whose rule of thumb d/100 is.
    """
    if space == "raw":
        return vectors
    centred: Floats = vectors - vectors.mean(axis=0)
    if space == "all_but_the_top":
        axes = _first_components(centred, max(1, round(vectors.shape[1] / 100)))
        centred = centred - (centred @ axes) @ axes.T
    rest = np.linalg.norm(centred, axis=1, keepdims=True) > ROUNDING * np.linalg.norm(vectors, axis=1).max(initial=0.0)
    return np.asarray(np.where(rest, centred, 0.0))


def _first_components(centred: Floats, count: int) -> Floats:
    """Return the principal axes of the largest variance as columns, shape (d, count), or as many as there are."""
    n, width = centred.shape
    values, axes = np.linalg.eigh(centred.T @ centred if width <= n else centred @ centred.T)
    values, axes = values[-count:], axes[:, -count:]
    there = values > ROUNDING * max(0.0, float(values.max(initial=0.0)))
    if width > n:  # the same axes from the smaller product
        return np.asarray(centred.T @ axes[:, there] / np.sqrt(values[there]))
    return np.asarray(axes[:, there])


def mean_cosine_with_others(unit: Floats, groups: Ints) -> Floats:
    """Return each row's mean cosine with the rows of other groups, shape (n,); NaN where there are none."""
    sums = np.zeros((int(groups.max()) + 1, unit.shape[1]))
    np.add.at(sums, groups, unit)
    others = len(groups) - np.bincount(groups)[groups]
    total = np.einsum("ij,ij->i", unit, sums.sum(axis=0) - sums[groups])
    return np.asarray(total / np.where(others > 0, others, np.nan))


@dataclass(frozen=True)
class Neighbours:
    """The lists of the k nearest neighbours: how often each row is in one, and how near the last of each row's list is.

    Rows of the same group are no neighbours. `ties` counts lists that had to choose between equally near rows, by row number.
    """

    k: int
    occurrence: Floats
    reach: Floats
    ties: int


def neighbours(unit: Floats, groups: Ints, k: int = NEIGHBOURS) -> Neighbours:
    """Return the k-occurrence of every row; `k` is cut to what the smallest choice of rows allows, 0 where that is nothing."""
    n = len(unit)
    k = min(k, n - int(np.bincount(groups).max(initial=0)))
    occurrence, reach, ties = np.zeros(n), np.full(n, np.inf), 0
    if k < 1:
        return Neighbours(0, occurrence, reach, 0)
    rows = unit.astype(np.float32)
    step = max(1, CELLS_AT_ONCE // n)
    for start in range(0, n, step):
        part = slice(start, start + step)
        cosines = rows[part] @ rows.T
        cosines[groups[part][:, None] == groups] = -np.inf
        last = np.partition(cosines, -k, axis=1)[:, -k][:, None]
        above = cosines > last + TIE
        level = np.abs(cosines - last) <= TIE
        room = k - above.sum(axis=1, keepdims=True)
        ties += int((level.sum(axis=1, keepdims=True) > room).sum())
        level &= np.cumsum(level, axis=1) <= room
        occurrence += above.sum(axis=0) + level.sum(axis=0)
        reach[part] = last[:, 0]
    return Neighbours(k, occurrence, reach, ties)


def within(values: Floats, groups: Ints) -> Floats:
    """Return the values minus the mean of their group."""
    return np.asarray(values - (np.bincount(groups, values) / np.bincount(groups))[groups])


def slope(y: Floats, x: Floats, controls: list[Floats]) -> Fit:
    """Return per-row moments and the statistic "least-squares coefficient of x" of y on a constant, x and the controls."""
    # centred, so that the moments are well conditioned; the coefficient stays the same
    columns = np.column_stack([np.ones_like(y), *(column - column.mean() for column in (x, *controls, y))])
    p = columns.shape[1] - 1

    def coefficient(sums: Floats) -> Floats:
        moments = sums.reshape(-1, p + 1, p + 1)
        left, right = moments[:, :p, :p], moments[:, :p, p]
        solved = np.einsum("bij,bj->bi", np.linalg.pinv(left, rcond=1e-10, hermitian=True), right)
        spread = moments[:, 1, 1] - moments[:, 0, 1] ** 2 / moments[:, 0, 0]
        return np.asarray(np.where(spread > 1e-12, solved[:, 1], np.nan))

    return np.einsum("ni,nj->nij", columns, columns).reshape(len(y), -1), coefficient


def correlation(x: Floats, y: Floats) -> Fit:
    """Return per-row moments and the statistic "Pearson correlation"; NaN where one of the two does not vary."""
    x, y = x - x.mean(), y - y.mean()

    def coefficient(sums: Floats) -> Floats:
        n, sx, sy, sxx, syy, sxy = sums.T
        spread = np.maximum(n * sxx - sx**2, 0) * np.maximum(n * syy - sy**2, 0)
        return np.asarray((n * sxy - sx * sy) / np.sqrt(np.where(spread > 0, spread, np.nan)))

    return np.column_stack([np.ones_like(x), x, y, x * x, y * y, x * y]), coefficient


def skewness(x: Floats) -> Fit:
    """Return per-row moments and the statistic "third standardised moment", E[(x - m)³] / s³; NaN where x does not vary."""
    x = x - x.mean()

    def coefficient(sums: Floats) -> Floats:
        m1, m2, m3 = (sums[:, i] / sums[:, 0] for i in (1, 2, 3))
        variance = m2 - m1**2
        third = m3 - 3 * m1 * m2 + 2 * m1**3
        return np.asarray(third / np.where(variance > 1e-12, variance, np.nan) ** 1.5)

    return np.column_stack([np.ones_like(x), x, x**2, x**3]), coefficient


@dataclass(frozen=True)
class Resampled:
    """A statistic with its percentile interval; None where it is undefined."""

    value: float | None
    low: float | None
    high: float | None


def resampled(moments: Floats, statistic: Statistic, groups: Ints, rng: np.random.Generator) -> Resampled:
    """Return a statistic of summed moments with the percentile interval of resampling groups (items) with replacement.

    Whole items are drawn, so what belongs to one item stays together. Draws in which the statistic is undefined are left out.
    """
    value = float(statistic(moments.sum(axis=0, keepdims=True))[0])
    if not np.isfinite(value):
        return Resampled(None, None, None)
    items = int(groups.max()) + 1
    if items < 3:
        return Resampled(value, None, None)
    sums = np.column_stack([np.bincount(groups, column, items) for column in moments.T])
    block = max(1, CELLS_AT_ONCE // items)
    drawn = []
    for start in range(0, RESAMPLES, block):
        weights = rng.multinomial(items, np.full(items, 1 / items), size=min(block, RESAMPLES - start))
        drawn.append(statistic(weights.astype(np.float64) @ sums))
    found = np.concatenate(drawn)
    found = found[np.isfinite(found)]
    low, high = np.quantile(found, [0.025, 0.975]) if len(found) else (None, None)
    return Resampled(value, None if low is None else float(low), None if high is None else float(high))


def ranks(values: Floats) -> Floats:
    """Return ranks from 1, ties at their mean."""
    return np.asarray(stats.rankdata(values), dtype=np.float64)
