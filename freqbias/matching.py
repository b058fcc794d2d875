"""The largest subset of pairs in which chosen covariates are level while the frequency gap stays.

Maximise the number of pairs kept subject to |mean difference| <= bound for every covariate, where the bound is the smaller of a stated
size and 0.1 standard deviations (paired dz), and to a mean frequency gap of at least 95 % of the whole. The idea is Zubizarreta's
cardinality matching (2012), doi:10.1080/01621459.2012.703874, on paired differences.

Many pairs: with the standard deviations held fast all of it is linear in the indicator of keeping a pair, so the linear relaxation has
at most as many fractional pairs as constraints; dropping those gives a subset that few pairs separate from the optimum. Few pairs, and
many of which that finds no subset: an integer program without that approximation, in `freqbias.matching_exact`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from freqbias.errors import InputError
from freqbias.matching_exact import largest

MAX_DZ = 0.1  # a tenth of a standard deviation, the usual mark of balance (Stuart 2010)
KEPT_GAP = 0.95
#: Mean differences that no reader would notice, in the unit of the covariate; others are held by their dz alone.
MAX_MEAN = {"words": 0.1, "characters": 0.5, "subwords": 0.1, "fkgl": 0.2}
_ROUNDS = 20
EXACT_PAIRS = 40  # up to here the exact optimum costs well under a second, and a pair that the relaxation loses is a large part
TIED = 1e-9  # of the mean: what varies less is constant, and its spread is rounding


@dataclass(frozen=True, kw_only=True)
class Balance:
    """One covariate before and after matching: mean difference high - low, and its paired dz (None: no spread)."""

    name: str
    mean_before: float
    dz_before: float | None
    mean_after: float
    dz_after: float | None


def paired_dz(differences: NDArray[np.float64]) -> float | None:
    """Return mean / standard deviation of paired differences; 0 when all are zero, None when all are equal otherwise or n < 2.

    All are equal where they differ by rounding alone; see `constant`.
    """
    if not differences.any():
        return 0.0
    if len(differences) < 2 or constant(differences):
        return None
    return float(differences.mean() / np.std(differences, ddof=1))


def constant(differences: NDArray[np.float64]) -> bool:
    """Tell whether two or more differences are one and the same number other than zero, up to rounding."""
    largest = float(np.abs(differences).max(initial=0.0))
    return len(differences) > 1 and largest > 0 and float(np.ptp(differences)) <= TIED * largest


def match(differences: Mapping[str, NDArray[np.float64]], gap: NDArray[np.float64]) -> tuple[NDArray[np.bool_], list[Balance]]:
    """Return which pairs to keep and the balance table; all arrays have one value (high - low) a pair.

    Pairs with a missing value are left out. Raises `InputError` when no subset is balanced. Deterministic.
    """
    names = list(differences)
    table = np.column_stack([differences[name] for name in names])
    complete = np.isfinite(table).all(axis=1) & np.isfinite(gap)
    if not complete.any():
        raise InputError(f"no pair has a value for {', '.join(names)} and the frequency gap; give other covariates")
    rows, gaps = table[complete], gap[complete]
    keep = _largest(rows, gaps, names)
    chosen = np.zeros(len(table), dtype=bool)
    chosen[np.flatnonzero(complete)[keep]] = True
    balance = [
        Balance(
            name=name,
            mean_before=float(rows[:, k].mean()),
            dz_before=paired_dz(rows[:, k]),
            mean_after=float(rows[keep, k].mean()),
            dz_after=paired_dz(rows[keep, k]),
        )
        for k, name in enumerate(names)
    ]
    return chosen, balance


def _largest(rows: NDArray[np.float64], gaps: NDArray[np.float64], names: Sequence[str]) -> NDArray[np.bool_]:
    everything = np.ones(len(rows), dtype=bool)
    if _balanced(rows, names):
        return everything
    if len(rows) < 2:
        raise InputError(f"a single pair cannot be matched on {', '.join(names)}; give more pairs")
    least_gap = KEPT_GAP * gaps.mean() if gaps.mean() > 0 else gaps.mean()
    surplus = gaps - least_gap
    keep = _by_relaxation(rows, surplus, names) if len(rows) > EXACT_PAIRS else None
    if keep is None:
        keep = largest(
            rows,
            surplus,
            max_dz=MAX_DZ,
            max_mean=np.array([MAX_MEAN.get(name, np.inf) for name in names]),
            sound=lambda kept: _balanced(rows[kept], names) and _keeps_gap(surplus[kept]),
        )
    if keep is None:
        raise InputError(f"no subset of these pairs can be matched on {', '.join(names)}; give fewer covariates")
    return keep


def _keeps_gap(surplus: NDArray[np.float64]) -> bool:
    """Tell whether a mean gap is as large as it has to be, up to rounding."""
    return float(surplus.sum()) >= -TIED * float(np.abs(surplus).sum() + 1)


def _by_relaxation(rows: NDArray[np.float64], surplus: NDArray[np.float64], names: Sequence[str]) -> NDArray[np.bool_] | None:
    """Return a subset near the largest; None where this finds none, though there may be one."""
    shrink = 1.0
    spread = rows.std(axis=0, ddof=1)
    for _ in range(_ROUNDS):
        bounds = shrink * np.array([min(MAX_MEAN.get(name, np.inf), MAX_DZ * s) for name, s in zip(names, spread, strict=True)])
        keep = _relaxed(rows, surplus, bounds)
        if keep.any() and _balanced(rows[keep], names) and _keeps_gap(surplus[keep]):
            return keep
        if keep.sum() > 1:
            spread = rows[keep].std(axis=0, ddof=1)  # dropping pairs narrows the spread that dz divides by
        shrink *= 0.95
    return None


def _relaxed(rows: NDArray[np.float64], surplus: NDArray[np.float64], bounds: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Solve max sum(x), 0 <= x <= 1, sum(x (±d - bound)) <= 0, sum(x surplus) >= 0; keep what is whole."""
    limits = np.vstack([rows.T - bounds[:, None], -rows.T - bounds[:, None], -surplus[None, :]])
    # a hair of preference by position makes the optimum unique, hence the result deterministic
    worth = 1 + 1e-7 * np.linspace(1, 0, len(rows))
    solution = linprog(-worth, A_ub=limits, b_ub=np.zeros(len(limits)), bounds=(0, 1), method="highs")
    if solution.x is None:
        return np.zeros(len(rows), dtype=bool)
    return np.asarray(solution.x > 1 - 1e-9)


def _balanced(rows: NDArray[np.float64], names: Sequence[str]) -> bool:
    for k, name in enumerate(names):
        size = paired_dz(rows[:, k])
        if size is None or abs(size) >= MAX_DZ or abs(rows[:, k].mean()) > MAX_MEAN.get(name, np.inf):
            return False
    return True
