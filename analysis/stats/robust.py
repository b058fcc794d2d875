"""Least squares with cluster-robust standard errors for small samples, CR2 or CR3 with Satterthwaite's degrees of freedom.

Both (Bell & McCaffrey 2002, Survey Methodology 28, 169-181) enlarge the residuals of every cluster, CR2 by (I - H_gg)^(-1/2), which
makes the variance unbiased where errors are independent and equally large, CR3 by (I - H_gg)^(-1), the jackknife, which still covers
where they are loudest in the items that weigh most (held so by `tests/analysis/estimate/test_dose.py`). The t
that they are read from has the degrees of freedom that the variance estimate has in the first case (Pustejovsky & Tipton 2018,
doi:10.1080/07350015.2016.1247004). With two crossed ways of clustering the
variance is V_1 + V_2 - V_12 (Cameron, Gelbach & Miller 2011, doi:10.1198/jbes.2010.07136), and never less than that of one way alone
(MacKinnon, Nielsen & Webb 2024, arXiv:2406.08880). Every cluster costs the cube of the number of coefficients, whatever its size. Held
against R's clubSandwich in `tests/golden`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
CR2, CR3 = 0.5, 1.0  # powers of (I - H_gg)^(-1)
ALONE = 1e-10  # of 1 - h: a cluster that alone determines a coefficient has no residual there, and adds nothing


@dataclass(frozen=True, kw_only=True)
class Robust:
    """Sums of coefficients with their standard errors and degrees of freedom, each (k)."""

    values: Matrix
    errors: Matrix
    df: Matrix


def cluster_robust(
    y: Matrix,
    design: Matrix,
    clusters: Sequence[NDArray[np.int64]],
    sums: Matrix | None = None,
    instrumented: Matrix | None = None,
    power: float = CR3,
) -> Robust | None:
    """Return the least-squares fit of `y` (n) on `design` (n, p) with errors for one or two ways of clustering (codes from 0, n).

    `sums` (k, p) are weighted sums of coefficients that are wanted in the place of the p coefficients themselves. `instrumented` (n, p)
    is the design as its instruments predict it (two-stage least squares). None where the design is not of full rank or leaves no
    residual.
    """
    base = design if instrumented is None else instrumented
    if len(y) <= base.shape[1] or np.linalg.matrix_rank(base) < base.shape[1]:
        return None
    whitened, triangle = np.linalg.qr(base)
    values = np.linalg.solve(whitened.T @ design, whitened.T @ y)
    residuals = y - design @ values
    wanted = np.eye(base.shape[1]) if sums is None else sums
    directions = np.linalg.solve(triangle.T, wanted.T).T
    ways = [_one_way(whitened, residuals, codes, directions, power) for codes in clusters]
    if len(ways) == 2:
        both = _one_way(whitened, residuals, _crossed(*clusters), directions, power)
        variance, df = _combined(ways[0], ways[1], both[0])
    else:
        variance, df = ways[0]
    if not np.all(variance[np.any(wanted != 0, axis=1)] > 1e-28 * max(float(y @ y), 1e-300)):
        return None
    return Robust(values=wanted @ values, errors=np.sqrt(variance), df=df)


def _crossed(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray(np.unique(first * (int(second.max()) + 1) + second, return_inverse=True)[1], dtype=np.int64)


def _combined(first: tuple[Matrix, Matrix], second: tuple[Matrix, Matrix], both: Matrix) -> tuple[Matrix, Matrix]:
    """Return the two-way variance and its degrees of freedom, of which each way has its share by what it adds (as in Welch's test)."""
    variance = np.maximum(first[0] + second[0] - both, np.maximum(first[0], second[0]))
    spread = first[0] ** 2 / first[1] + second[0] ** 2 / second[1]
    least, most = np.minimum(first[1], second[1]), np.maximum(first[1], second[1])
    df = np.divide(variance**2, spread, out=least.copy(), where=spread > 0)
    return variance, np.clip(df, least, most)


def _one_way(whitened: Matrix, residuals: Matrix, codes: NDArray[np.int64], directions: Matrix, power: float) -> tuple[Matrix, Matrix]:
    """Return variances and degrees of freedom for one way of clustering.

    With Q the whitened design and Q_g'Q_g = V S V', (I - H_gg)^(-a) Q_g = Q_g V (1 - S)^(-a) V', so p by p matrices say all.
    """
    count, p = int(codes.max()) + 1, whitened.shape[1]
    if count == len(codes):
        return _each_row(whitened, residuals, directions, power)
    scores = np.column_stack([np.bincount(codes, whitened[:, j] * residuals, count) for j in range(p)])
    inner = np.empty((count, p, p))
    for j in range(p):
        for k in range(j + 1):
            inner[:, j, k] = inner[:, k, j] = np.bincount(codes, whitened[:, j] * whitened[:, k], count)
    share, axes = np.linalg.eigh(inner)
    left, share = _left(share, power), np.clip(share, 0.0, 1.0)
    turned = np.einsum("gji,kj->kgi", axes, directions)
    adjusted = np.einsum("kgi,gi->kg", turned * left, np.einsum("gji,gj->gi", axes, scores))
    own = np.einsum("kgi,gi->kg", turned**2, share * left**2)
    moved = np.einsum("gji,kgi->kgj", axes, turned * (share * left))
    return np.sum(adjusted**2, axis=1), _degrees_of_freedom(own, moved)


def _each_row(whitened: Matrix, residuals: Matrix, directions: Matrix, power: float) -> tuple[Matrix, Matrix]:
    """Return the same where every row is a cluster of its own (HC2 or HC3), whose H is a number."""
    along, left = directions @ whitened.T, _left(np.einsum("ij,ij->i", whitened, whitened), power)
    moved = (along * left)[:, :, None] * whitened[None]
    return np.sum((along * left * residuals) ** 2, axis=1), _degrees_of_freedom((along * left) ** 2, moved)


def _left(share: Matrix, power: float) -> Matrix:
    """Return (1 - share)^(-power), and 0 where nothing is left."""
    return np.asarray(np.where(1 - share > ALONE, np.maximum(1 - share, ALONE) ** -power, 0.0), dtype=np.float64)


def _degrees_of_freedom(own: Matrix, moved: Matrix) -> Matrix:
    """Return Satterthwaite's degrees of freedom from P_gh = [g = h] own_g - moved_g'moved_h, of which trace² / sum of squares."""
    length = np.einsum("kgj,kgj->kg", moved, moved)
    together = np.einsum("kgi,kgj->kij", moved, moved)
    squares = np.sum(own**2 - 2 * own * length, axis=1) + np.sum(together**2, axis=(1, 2))
    trace = np.sum(own - length, axis=1)
    found = np.ones(len(own))
    np.divide(trace**2, squares, out=found, where=squares > 0)
    return np.asarray(np.maximum(found, 1.0))
