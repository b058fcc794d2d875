"""The largest level subset of pairs as an integer program, without an approximation.

Of n kept differences d let s = sum(d) and q = sum(d²). Then |dz| <= b is (s/n)² (n - 1) <= b² (q - s²/n), that is
s² (1 - 1/n + b²) / n <= b² q. Both sums are linear in the indicators x of keeping a pair. For a given n the left side is convex in s, so
that each of its tangents is a linear cut that holds for every level subset of n pairs; for all n of at least m so is s²/n with the
factor a = 1 - 1/m + b², whose tangents are a (2 r s - r² n) <= b² q for any mean r. So: solve over m to 2 m pairs with the second kind
of cut for an upper bound on n, try that n alone with the first kind, which refuses whatever is not level, and go down where it fails.
The method is outer approximation (Duran & Grossmann 1986, doi:10.1007/BF02592064).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

MAX_PROGRAMS = 400  # solved in all; small cases take a handful
MAX_NODES = 20_000  # of one program; a bound in nodes, unlike one in seconds, gives the same answer on every machine
_TOLERANCE = 1e-7  # of the solver, on rows that are scaled to 1

Rows = NDArray[np.float64]
Keep = NDArray[np.bool_]
Sound = Callable[[Keep], bool]
Cut = tuple[Rows, float]  # row, bound: row @ x <= bound


def largest(rows: Rows, surplus: Rows, *, max_dz: float, max_mean: Rows, sound: Sound) -> Keep | None:
    """Return the largest subset with |dz| < `max_dz` and |mean| <= `max_mean` in every column and sum(surplus) >= 0; None without one.

    `rows` is (pairs, covariates). `sound` has the last word on a subset, since a solver knows inequalities up to a tolerance only; it
    alone judges a single pair.
    """
    program = _program(rows, surplus, max_dz, max_mean)
    most = len(rows)
    while most >= 2:
        least = max(2, most // 2)
        bound = program.search(least, most, sound)
        if bound is None:
            most = least - 1
            continue
        if sound(bound):
            return bound
        size = int(bound.sum())
        found = program.search(size, size, sound)
        if found is not None:
            return found
        most = size - 1
    single = (one for one in np.eye(len(rows), dtype=bool) if sound(one))
    return next(single, None)


@dataclass
class _Program:
    """The integer program; `linear` are the constraints on means, `tangents` (column, mean) the cuts found so far for any size."""

    rows: Rows
    b2: float
    linear: list[Cut]
    tangents: list[tuple[int, float]] = field(default_factory=list)
    solved: int = 0

    def search(self, least: int, most: int, sound: Sound) -> Keep | None:
        """Return the largest sound subset of `least` to `most` pairs, or one that is larger and not quite level; None without either.

        With `least` = `most` whatever comes back is sound.
        """
        own: list[Cut] = []
        while self.solved < MAX_PROGRAMS:
            keep = self._solve(least, most, own)
            if keep is None or sound(keep):
                return keep
            if least == most:
                own += self._for_size(keep) or [_not_again(keep)]
            else:
                found = self._for_any(keep, least)
                if not found:
                    return keep
                self.tangents += found
        return None

    def _for_size(self, keep: Keep) -> list[Cut]:
        """Return the cuts that refuse a subset, true of every level subset of its size."""
        n = int(keep.sum())
        factor = self.b2 * n / (1 - 1 / n + self.b2)
        cuts = []
        for d in self.rows.T:
            s, q = float(d[keep].sum()), float((d[keep] ** 2).sum())
            if s**2 > factor * q + _TOLERANCE:
                cuts.append(_scaled(2 * s * d - factor * d**2, s**2))
        return cuts

    def _for_any(self, keep: Keep, least: int) -> list[tuple[int, float]]:
        n, a = int(keep.sum()), 1 - 1 / least + self.b2
        found = []
        for k, d in enumerate(self.rows.T):
            s, q = float(d[keep].sum()), float((d[keep] ** 2).sum())
            if a * s**2 / n > self.b2 * q + _TOLERANCE and (k, s / n) not in self.tangents:
                found.append((k, s / n))
        return found

    def _solve(self, least: int, most: int, own: list[Cut]) -> Keep | None:
        self.solved += 1
        a, count = 1 - 1 / least + self.b2, len(self.rows)
        columns = self.rows.T
        tangents = [_scaled(a * (2 * r * columns[k] - r**2) - self.b2 * columns[k] ** 2, 0.0) for k, r in self.tangents]
        cuts = [*self.linear, *tangents, *own]
        table = np.vstack([*(row for row, _ in cuts), np.ones(count)])
        upper = np.array([*(bound for _, bound in cuts), most])
        lower = np.array([*(-np.inf for _ in cuts), least])
        solution = milp(
            -np.ones(count),
            constraints=LinearConstraint(table, lower, upper),
            bounds=Bounds(0, 1),
            integrality=np.ones(count),
            options={"node_limit": MAX_NODES, "mip_rel_gap": 0},
        )
        return None if solution.x is None else np.asarray(solution.x > 0.5)


def _program(rows: Rows, surplus: Rows, max_dz: float, max_mean: Rows) -> _Program:
    largest_of = np.abs(rows).max(axis=0)
    scale = np.where(largest_of > 0, largest_of, 1)
    linear = [_scaled(-surplus, 0.0)]
    for k in np.flatnonzero(np.isfinite(max_mean)):
        linear += [_scaled(sign * rows[:, k] - max_mean[k], 0.0) for sign in (1, -1)]
    return _Program(rows=rows / scale, b2=max_dz**2, linear=linear)


def _scaled(row: Rows, bound: float) -> Cut:
    size = max(float(np.abs(row).max()), 1e-12)
    return row / size, bound / size


def _not_again(keep: Keep) -> Cut:
    """Return the cut that refuses one subset and no other."""
    return np.where(keep, 1.0, -1.0), float(keep.sum()) - 1
