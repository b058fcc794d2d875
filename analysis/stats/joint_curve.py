"""Is a whole specification curve more than chance? Its joint test, with the outcome's null imposed on every specification at once.

Reference: Simonsohn, Simmons & Nelson (2020), doi:10.1038/s41562-020-0912-z: the same curve is made many times from data in which the
effect is zero, and the observed one held against these. Data without effect are residuals of the specification without the coefficient
asked for, whose signs are flipped item by item, in all specifications alike (wild bootstrap; Wu 1986, doi:10.1214/aos/1176350142).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Matrix = NDArray[np.float64]
DRAWS = 499
ALPHA = 0.05


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The data of one specification: which item each row is of (codes over all specifications), outcome and design."""

    items: NDArray[np.int64]
    y: Matrix
    design: Matrix


@dataclass(frozen=True, kw_only=True)
class Joint:
    """The median effect of a curve and three p-values: of that median, of the share of significant effects, of the mean t."""

    median: float
    p_median: float
    p_share: float
    p_mean_t: float


def joint_test(samples: Sequence[Sample], coefficient: int, rng: np.random.Generator, draws: int = DRAWS) -> Joint:
    """Return the joint test of one coefficient's being zero in every specification; one row an item, HC3 errors."""
    count = 1 + max(int(sample.items.max()) for sample in samples)
    signs = rng.choice([-1.0, 1.0], (draws, count))
    made = [_one(sample, coefficient, signs) for sample in samples]
    limits = np.array([stats.t.ppf(1 - ALPHA / 2, max(len(sample.y) - sample.design.shape[1], 1)) for sample in samples])
    values, ratios = (np.stack(parts, axis=1) for parts in zip(*made, strict=True))  # observed first, then the draws
    sizes = {
        "median": np.abs(np.median(values, axis=1)),
        "share": np.maximum((ratios > limits).mean(axis=1), (ratios < -limits).mean(axis=1)),
        "mean_t": np.abs(ratios.mean(axis=1)),
    }
    p_values = {f"p_{name}": float((1 + np.sum(size[1:] >= size[0] - 1e-12)) / (draws + 1)) for name, size in sizes.items()}
    return Joint(median=float(np.median(values[0])), **p_values)


def _one(sample: Sample, coefficient: int, signs: Matrix) -> tuple[Matrix, Matrix]:
    """Return the coefficient and its t, observed first and then in every draw."""
    design, y = sample.design, sample.y
    inverse = np.linalg.pinv(design)
    left = np.maximum(1 - np.einsum("ij,ji->i", design, inverse), 1e-9)
    others = np.delete(design, coefficient, axis=1)
    null = y - others @ np.linalg.lstsq(others, y, rcond=None)[0]
    outcomes = np.vstack([y, signs[:, sample.items] * null])
    coefficients = outcomes @ inverse.T
    residuals = (outcomes - coefficients @ design.T) / left
    errors = np.sqrt(residuals**2 @ inverse[coefficient] ** 2)
    values = coefficients[:, coefficient]
    return values, np.divide(values, errors, out=np.zeros_like(values), where=errors > 0)
