"""Linear mixed models with one or two crossed random intercepts and a random slope by restricted maximum likelihood, exact and fast.

y = X b + Z1 u1 + Z2 u2 + diag(d) Z2 v + e with independent normal u1, u2, v, e. The factor with more levels is eliminated in closed form
(its blocks are compound symmetric), so one evaluation of the likelihood costs the cube of the other's levels (and those of the slope)
whatever the number of rows; where most levels of either factor meet few of the other's, as sentences of one word pair do, a band of
them is all there is to factorise. What the likelihood needs of the rows are cross products, summed once. Held against lme4 in
`tests/golden`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize, sparse

Matrix = NDArray[np.float64]
MAX_CONDITION = 1e12  # of the cross products of columns of one length; beyond it rounding makes variances that are negative
ZERO = 1e-4  # a standard deviation this small beside the residual's is none
MAX_SD_RATIO = 1e3  # beside a standard deviation this large the residual is rounding, its share of the degrees of freedom wrong
STEP = 1e-3  # of the numerical derivatives, on the log scale
#: Starts of the search, arsinh of a standard deviation beside the residual's; exactly at zero the slope is zero and nothing would move.
GRID = (0.005, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
NARROW = 4  # a matrix whose band is so many times smaller than itself is factorised as a band,
MANY_LEVELS = 64  # where there are so many levels that it gains anything
SLOPE_GRID = (0.005, 0.1, 0.4, 1.6)  # of a random slope, whose predictor is brought to a mean square of 1


class Slope(NamedTuple):
    """A random slope: the level of every row (codes from 0) and the predictor whose slope differs by it, each n long."""

    codes: NDArray[np.int64]
    predictor: Matrix


@dataclass(frozen=True, kw_only=True)
class Reml:
    """Coefficients with standard errors and Satterthwaite's degrees of freedom.

    `variances` are the residual's, then the factors', then the slope's.
    """

    values: Matrix
    errors: Matrix
    df: Matrix
    variances: Matrix


def reml(
    y: Matrix,
    design: Matrix,
    factors: Sequence[NDArray[np.int64]],
    sums: Matrix | None = None,
    slope: Slope | None = None,
    weights: Matrix | None = None,
) -> Reml | None:
    """Return the fit of `y` (n) on `design` (n, p) with random intercepts for up to two `factors` (codes from 0, each n long).

    `sums` (k, p) are weighted sums of coefficients that are wanted in the place of the p coefficients themselves. `slope` adds a random
    slope that is independent of the intercepts. `weights` (n), reciprocals of noise beside that of the other rows, are for rows in
    which residual and first factor are so much louder; the second factor and the slope are as large there as everywhere.

    Degrees of freedom of coefficient j: 2 f² / (g' A g), f its variance, g the gradient of f in the variance parameters, A twice the
    inverse Hessian of the restricted deviance; a parameter at zero is taken as known. References: Satterthwaite (1946),
    doi:10.2307/3002019; Kuznetsova, Brockhoff & Christensen (2017), doi:10.18637/jss.v082.i13. None where coefficients and
    factors leave no residual, or where a column of the design is nearly a sum of others.
    """
    if weights is not None:
        y, design = y * weights, design * weights[:, None]
    scale = float(np.std(y)) or 1.0  # the optimiser's tolerances are absolute
    size = 1.0 if slope is None else float(np.sqrt(np.mean(slope.predictor**2))) or 1.0
    level = None if slope is None else Slope(slope.codes, slope.predictor / size)
    wanted = np.eye(design.shape[1]) if sums is None else sums
    if not _has_rank(design):
        return None
    model = _Products.of(y / scale, design, factors or [np.zeros(len(y), dtype=np.int64)], wanted, level, weights)
    count = len(factors) + (slope is not None)
    ratios = np.zeros(max(1, len(factors)) + (slope is not None))
    if factors:
        bounds, options = [(0.0, float(np.arcsinh(10 * MAX_SD_RATIO)))] * count, {"ftol": 1e-13, "gtol": 1e-7}
        # on a scale that is linear near zero and logarithmic far out, where a factor leaves the residual nothing
        start = _lowest(model, len(factors), slope is not None)
        # central differences: with forward ones two fits of one question agree to six digits only
        found = optimize.minimize(
            lambda x: model.deviance(np.sinh(x)), start, jac="3-point", method="L-BFGS-B", bounds=bounds, options=options
        ).x
        ratios = np.where(found < ZERO, 0.0, np.sinh(found))
    values, covariance, residual = model.solved(ratios)
    if residual <= 1e-14 or ratios.max() > MAX_SD_RATIO:
        return None
    units = np.array([1.0] * len(factors) + [size] * (slope is not None))
    return Reml(
        values=values * scale,
        errors=np.sqrt(residual * np.maximum(np.diag(covariance), 0.0)) * scale,
        df=_satterthwaite(model, ratios, residual),
        variances=np.concatenate([[1.0], (ratios[:count] / units) ** 2]) * residual * scale**2,
    )


def _has_rank(design: Matrix) -> bool:
    """Tell whether no column is, but for rounding, a sum of the others."""
    products = design.T @ design
    lengths = np.sqrt(np.diag(products))
    return bool((lengths > 0).all() and np.linalg.cond(products / np.outer(lengths, lengths)) < MAX_CONDITION)


def _lowest(model: "_Products", factors: int, slope: bool) -> Matrix:
    """Return where the deviance is lowest on a grid: it may have several minima, and rounding must not choose between them."""
    grid = list(product(*[GRID] * factors, *[SLOPE_GRID] * slope))
    return np.array(grid[int(np.argmin([model.deviance(np.sinh(np.array(point))) for point in grid]))])


@dataclass(frozen=True, kw_only=True)
class _Products:
    """Cross products of [Z2, DZ2, X, y]: first over all rows, then of the sums of each level of the first factor, by the level's size.

    Columns of Z2 and DZ2 are ordered so that those that meet lie near each other; `block` says which of both a column is of. `own` holds
    their products with each other, as a band (`banded`: its diagonals, lower form) where they are near enough; `beside` those of every
    column with [X, y].
    """

    rows: int
    coefficients: int
    wanted: Matrix
    sizes: Matrix
    counts: Matrix
    own: Matrix
    beside: Matrix
    block: NDArray[np.int64]
    banded: bool
    swapped: bool

    @classmethod
    def of(
        cls,
        y: Matrix,
        design: Matrix,
        factors: Sequence[NDArray[np.int64]],
        wanted: Matrix,
        slope: Slope | None = None,
        weights: Matrix | None = None,
    ) -> "_Products":
        """Sum what the likelihood needs, once; with `weights` the first factor is eliminated, whose blocks alone keep their form."""
        swapped = len(factors) == 2 and weights is None and int(factors[1].max()) > int(factors[0].max())
        first, *rest = reversed(factors) if swapped else factors
        n = len(y)
        scale = np.ones(n) if weights is None else weights
        random = [(scale, codes) for codes in rest] + ([] if slope is None else [(scale * slope.predictor, slope.codes)])
        parts = [sparse.csr_matrix((values, (np.arange(n), codes))) for values, codes in random]
        block = np.repeat(np.arange(len(parts)), [part.shape[1] for part in parts])
        table = sparse.hstack([*parts, sparse.csr_matrix(np.column_stack([design, y]))], format="csr")
        sums = (sparse.csr_matrix((np.ones(n), (first, np.arange(n)))) @ table).tocsr()
        order, width = _order(table, sums, len(block))
        sizes, place, counts = np.unique(np.bincount(first), return_inverse=True, return_counts=True)
        products = [(part.T @ part).tocsr() for part in (table[:, order], *(sums[place == k][:, order] for k in range(len(sizes))))]
        banded = len(block) > NARROW * (width + 1)
        return cls(
            rows=n,
            coefficients=design.shape[1],
            wanted=wanted,
            sizes=sizes.astype(float),
            counts=counts.astype(float),
            own=np.array([_own(matrix[: len(block), : len(block)], width if banded else None) for matrix in products]),
            beside=np.array([matrix[:, len(block) :].toarray() for matrix in products]),
            block=block[order[: len(block)]],
            banded=banded,
            swapped=swapped,
        )

    def reduced(self, ratios: Matrix) -> tuple[Matrix, float]:
        """Return [X, y]' V^-1 [X, y] and log |V| for standard deviations `ratios` beside a residual of 1."""
        ordered = np.concatenate([ratios[1::-1], ratios[2:]]) if self.swapped else ratios
        first, each = float(ordered[0]) ** 2, ordered[1:][self.block]
        logdet = float(self.counts @ np.log1p(self.sizes * first))
        shares = np.concatenate([[1.0], -first / (1 + self.sizes * first)])
        own, beside = (np.tensordot(shares, part, axes=1) for part in (self.own, self.beside))
        border, corner = each[:, None] * beside[: len(each)], beside[len(each) :]
        if not len(each):
            return corner, logdet
        if self.banded:
            band = np.zeros_like(own)
            for k in range(len(own)):
                band[k, : len(each) - k] = each[k:] * own[k, : len(each) - k] * each[: len(each) - k]
            band[0] += 1
            lower = linalg.cholesky_banded(band, lower=True, check_finite=False)
            solved = linalg.cho_solve_banded((lower, True), border, check_finite=False)
            return corner - border.T @ solved, logdet + 2 * float(np.log(lower[0]).sum())
        lower = np.linalg.cholesky(np.eye(len(each)) + each[:, None] * own * each)
        inner = np.linalg.solve(lower, border)
        return corner - inner.T @ inner, logdet + 2 * float(np.log(np.diag(lower)).sum())

    def _likelihood(self, ratios: Matrix) -> tuple[float, float, Matrix, Matrix]:
        """Return log |V| + log |X'V^-1 X|, the weighted residual sum of squares, X'V^-1 X and the coefficients."""
        products, logdet = self.reduced(ratios)
        information, against = products[:-1, :-1], products[:-1, -1]
        values = np.asarray(np.linalg.solve(information, against), dtype=np.float64)
        return logdet + float(np.linalg.slogdet(information)[1]), float(products[-1, -1] - against @ values), information, values

    def deviance(self, ratios: Matrix, residual: float | None = None) -> float:
        """Return the restricted deviance without its constant, at the best residual variance or a given one."""
        logdet, squares, _, _ = self._likelihood(ratios)
        df = self.rows - self.coefficients
        if residual is None:
            return logdet + df * float(np.log(max(squares, 1e-300)))
        return logdet + df * float(np.log(residual)) + squares / residual

    def solved(self, ratios: Matrix) -> tuple[Matrix, Matrix, float]:
        """Return the wanted sums of coefficients, their covariance for a residual variance of 1, and the residual variance."""
        _, squares, information, values = self._likelihood(ratios)
        covariance = np.asarray(self.wanted @ np.linalg.solve(information, self.wanted.T), dtype=np.float64)
        return self.wanted @ values, covariance, squares / (self.rows - self.coefficients)


def _order(table: sparse.csr_matrix, sums: sparse.csr_matrix, levels: int) -> tuple[NDArray[np.int64], int]:
    """Return an order of the columns in which the first `levels` have their products near the diagonal, and how near.

    Reference: Cuthill & McKee (1969), doi:10.1145/800195.805928.
    """
    order = np.arange(table.shape[1])
    if levels < MANY_LEVELS:
        return order, levels
    meet = sum(abs(part[:, :levels]).T @ abs(part[:, :levels]) for part in (table, sums)).tocsr()
    order[:levels] = sparse.csgraph.reverse_cuthill_mckee(meet, symmetric_mode=True)
    found = meet[order[:levels]][:, order[:levels]].tocoo()
    return order, int(np.abs(found.row - found.col).max(initial=0))


def _own(matrix: sparse.csr_matrix, width: int | None) -> Matrix:
    """Return a symmetric matrix whole, or its diagonals down to `width` below the main one, each filled up with zeros."""
    if width is None:
        return np.asarray(matrix.toarray(), dtype=np.float64)
    levels = matrix.shape[0]
    return np.array([np.pad(matrix.diagonal(-k), (0, k))[:levels] for k in range(width + 1)])


def _satterthwaite(model: _Products, ratios: Matrix, residual: float) -> Matrix:
    """Return the degrees of freedom of every coefficient by central differences in the logarithms of the parameters above zero."""
    free = np.flatnonzero(ratios > 0)
    size = len(free) + 1

    def at(shift: Matrix) -> tuple[Matrix, float]:
        moved = ratios.copy()
        moved[free] *= np.exp(shift[1:])
        return moved, residual * float(np.exp(shift[0]))

    def deviance(shift: Matrix) -> float:
        return model.deviance(*at(shift))

    def variances(shift: Matrix) -> Matrix:
        moved, own = at(shift)
        return np.asarray(own * np.diag(model.solved(moved)[1]))

    steps = STEP * np.eye(size)
    gradient = np.array([(variances(step) - variances(-step)) / (2 * STEP) for step in steps])
    hessian = np.empty((size, size))
    for j, first in enumerate(steps):
        for k, second in enumerate(steps[: j + 1]):
            corners = deviance(first + second) - deviance(first - second) - deviance(second - first) + deviance(-first - second)
            hessian[j, k] = hessian[k, j] = corners / (4 * STEP**2)
    spread = np.einsum("jc,jk,kc->c", gradient, 2 * np.linalg.pinv(hessian, hermitian=True), gradient)
    most = model.rows - model.coefficients
    value = variances(np.zeros(size))
    found = np.full(value.shape, float(most))  # a sum of nothing has no variance, and all degrees of freedom
    np.divide(2 * value**2, np.maximum(spread, 2 * value**2 / most), out=found, where=value > 0)
    return np.asarray(np.clip(found, 1.0, most))
