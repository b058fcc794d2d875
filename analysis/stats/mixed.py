"""How gaps go with frequency and its rivals at once: crossed random effects, with a two-way cluster-robust check."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from freqbias.analysis.stats.reml import reml

MIN_ITEMS = 10  # fewer clusters than this give intervals that are far too short (Cameron & Miller 2015)
MIN_LEVELS = 6  # of a random factor; with fewer its variance cannot be estimated and the factor is fixed
ITEMS_PER_PREDICTOR = 5  # below this a regression describes noise
THESE_FRAMES = "items in these frames"  # whom an interval speaks of where frames are not random
INSEPARABLE_VIF = 10.0  # nine tenths of a predictor's variance are in the others (Belsley, Kuh & Welsch 1980)


@dataclass(frozen=True, kw_only=True)
class Coefficient:
    """One slope with its interval; `p_value` tests zero."""

    name: str
    value: float
    std_error: float
    low: float
    high: float
    p_value: float
    n_pairs: int
    n_items: int


@dataclass(frozen=True, kw_only=True)
class Fit:
    """One regression: slopes, the adjusted mean, the mean of every predictor, variance inflation, and who was random.

    `rest` is the mean with every predictor at zero, the first one too, so what no slope tells of. `parts` holds, for groups of
    predictors, the sum of their slopes times their means.
    """

    slopes: dict[str, Coefficient]
    adjusted: Coefficient
    rest: Coefficient
    parts: dict[str, Coefficient]
    means: dict[str, float]
    vif: dict[str, float]
    population: str
    variances: dict[str, float]


def usable(table: pd.DataFrame, outcome: str, predictors: Sequence[str]) -> tuple[pd.DataFrame, list[str]]:
    """Return the complete rows and the predictors that vary in them; none when there are too few items."""
    present = [name for name in predictors if name in table.columns and table[name].notna().all()]
    rows = table.dropna(subset=[outcome])
    kept = [name for name in present if len(rows) and float(np.ptp(rows[name].to_numpy(dtype=float))) > 0]
    if rows["item"].nunique() < max(MIN_ITEMS, ITEMS_PER_PREDICTOR * (len(kept) + 1)):
        return rows, []
    return rows, kept


def inflation(rows: pd.DataFrame, predictors: Sequence[str]) -> dict[str, float]:
    """Return the variance inflation factor 1 / (1 - R²) of each predictor on the others; infinite when they determine it."""
    values = rows[list(predictors)].to_numpy(dtype=float)
    if len(predictors) == 1:
        return {predictors[0]: 1.0}
    found = {}
    for k, name in enumerate(predictors):
        others = np.column_stack([np.ones(len(values)), np.delete(values, k, axis=1)])
        fitted = others @ np.linalg.lstsq(others, values[:, k], rcond=None)[0]
        total = float(np.sum((values[:, k] - values[:, k].mean()) ** 2))
        rest = float(np.sum((values[:, k] - fitted) ** 2))
        found[name] = total / rest if rest > 1e-10 * total else np.inf
    return found


def crossed(
    table: pd.DataFrame, outcome: str, predictors: Sequence[str], groups_of: Mapping[str, Sequence[str]] | None = None
) -> Fit | None:
    """Return a linear mixed model of `outcome` with crossed random intercepts for `item` and, where there are six, `frame`.

    Restricted maximum likelihood (`reml`), t with Satterthwaite's degrees of freedom: those of a mean over six frames are about five,
    those of a slope between items about their number. The first predictor is centred, so that `adjusted` is the mean gap at its mean
    with every other predictor at zero. `groups_of` names the groups of predictors that `Fit.parts` holds. A frame factor with two to
    five levels is fixed, and the interval then generalises to items only. None when predictors do not vary, are linearly dependent,
    items are few, or no residual is left.
    """
    rows, kept = usable(table, outcome, predictors)
    if not kept or kept[0] != predictors[0]:
        return None
    vif = inflation(rows, kept)
    if not np.isfinite(list(vif.values())).all():
        return None
    fixed, names, groups, population = _design(rows, kept, predictors[0])
    y = rows[outcome].to_numpy(dtype=float)
    n_items = rows["item"].nunique()
    if n_items <= fixed.shape[1] or float(np.ptp(y)) == 0.0:
        return None
    # where every pair has a level of its own, the residual is that level's effect
    random = {name: codes for name, codes in groups.items() if int(codes.max()) + 1 < len(rows)}
    means = {name: float(rows[name].mean()) for name in kept}
    parts = {group: own for group, names_of in (groups_of or {}).items() if (own := [name for name in names_of if name in kept])}
    wanted = _sums(fixed, means, parts.values())
    fit = reml(y, fixed, list(random.values()), wanted)
    if fit is None:  # the pairs of an item differ in nothing that the predictors do not explain: one row an item says all
        random, population = {}, THESE_FRAMES
        y, fixed = _by_level(y, groups["item"]), _by_level(fixed, groups["item"])
        fit = reml(y, fixed, [], wanted) if np.linalg.matrix_rank(fixed) == fixed.shape[1] else None
    if fit is None:
        return None
    made = [
        _coefficient(name, value, error, df, len(rows), n_items)
        for name, value, error, df in zip([*names, "rest", *parts], fit.values, fit.errors, fit.df, strict=True)
    ]
    return Fit(
        slopes={row.name: row for row in made[1 : len(kept) + 1]},
        adjusted=made[0],
        rest=made[len(kept) + 1],
        parts={row.name: row for row in made[len(kept) + 2 :]},
        means=means,
        vif=vif,
        population=population,
        variances=dict.fromkeys(["residual", *groups], 0.0) | dict(zip(["residual", *random], fit.variances.tolist(), strict=True)),
    )


def _sums(fixed: NDArray[np.float64], means: Mapping[str, float], parts: Iterable[Sequence[str]]) -> NDArray[np.float64]:
    """Return the weighted sums of coefficients that a `Fit` holds: intercept, slopes, `rest`, and every part.

    `rest` is the mean in the frames as often as they are there, from the mean of the first predictor to zero.
    """
    rest = fixed.mean(axis=0)
    rest[1 : len(means) + 1] = 0.0
    rest[1] = -next(iter(means.values()))
    sums = [rest]
    for part in parts:
        row = np.zeros(fixed.shape[1])
        row[1 : len(means) + 1] = [mean * (name in part) for name, mean in means.items()]
        sums.append(row)
    return np.vstack([np.eye(len(means) + 1, fixed.shape[1]), *sums])


def _by_level(values: NDArray[np.float64], codes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the means of values (first axis: rows) over the rows of each level."""
    sums = np.zeros((int(codes.max()) + 1, *values.shape[1:]))
    np.add.at(sums, codes, values)
    return sums / np.bincount(codes).reshape(-1, *[1] * (values.ndim - 1))


def _design(
    rows: pd.DataFrame, kept: Sequence[str], centred: str
) -> tuple[NDArray[np.float64], list[str], dict[str, NDArray[np.int64]], str]:
    """Return fixed effects (intercept first), their names, random factors, and the population that the intervals speak of."""
    columns = [np.ones(len(rows)), *(rows[name].to_numpy(dtype=float) - (rows[name].mean() if name == centred else 0) for name in kept)]
    groups = {"item": pd.factorize(rows["item"])[0]}
    population = THESE_FRAMES
    levels = _frames(rows)
    count = int(levels.max()) + 1
    if count >= MIN_LEVELS:
        groups["frame"] = levels
        population = "items and frames like these"
    else:
        columns += _contrasts(levels)
    return np.column_stack(columns), ["adjusted", *kept], groups, population


def _frames(rows: pd.DataFrame) -> NDArray[np.int64]:
    """Return the frame of every row as a code from 0; rows without one share a code."""
    if "frame" not in rows.columns:
        return np.zeros(len(rows), dtype=np.int64)
    return np.asarray(pd.factorize(rows["frame"].astype(object).where(rows["frame"].notna(), ""))[0], dtype=np.int64)


def _contrasts(levels: NDArray[np.int64]) -> list[NDArray[np.float64]]:
    """Return columns that let every level but one differ and leave the intercept the mean over levels."""
    count = int(levels.max()) + 1
    return [(levels == level) - 1 / count for level in range(1, count)]


def _coefficient(name: str, value: float, error: float, df: float, n_pairs: int, n_items: int) -> Coefficient:
    half = float(stats.t.ppf(0.975, df)) * float(error)
    p_value = float(2 * stats.t.sf(abs(value) / error, df)) if error > 0 else float(value == 0)
    low, high = float(value) - half, float(value) + half
    return Coefficient(
        name=name, value=float(value), std_error=float(error), low=low, high=high, p_value=p_value, n_pairs=n_pairs, n_items=n_items
    )


def two_way_ols(table: pd.DataFrame, outcome: str, predictors: Sequence[str]) -> tuple[Coefficient, str] | None:
    """Return the first predictor's slope by OLS with cluster-robust standard errors (CR1), and how it was made.

    Clusters are items and, where there are six, frames (Cameron, Gelbach & Miller 2011, doi:10.1198/jbes.2010.07136); two to five
    frames are fixed, as in `crossed`. t with min(G_item, G_frame) - 1 degrees of freedom. None as in `crossed`.
    """
    import statsmodels.api as sm

    rows, kept = usable(table, outcome, predictors)
    if not kept or kept[0] != predictors[0]:
        return None
    groups, levels = [pd.factorize(rows["item"])[0]], _frames(rows)
    many = int(levels.max()) + 1 >= MIN_LEVELS
    design = np.column_stack([np.ones(len(rows)), rows[kept].to_numpy(dtype=float), *([] if many else _contrasts(levels))])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return None
    if many:
        groups.append(levels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of perfect fits and of clusters fewer than parameters
        fit = sm.OLS(rows[outcome].to_numpy(dtype=float), design).fit(
            cov_type="cluster", cov_kwds={"groups": np.column_stack(groups).squeeze(), "df_correction": True}, use_t=True
        )
        error = float(fit.bse[1])
    df = min(int(group.max()) for group in groups)
    if not np.isfinite(error) or error <= 0:
        return None  # two-way variances can come out negative in small samples
    found = _coefficient(kept[0], float(fit.params[1]), error, df, len(rows), rows["item"].nunique())
    clusters = "two-way cluster-robust on item and frame (CR1), t; items and frames like these"
    return found, clusters if many else f"cluster-robust on item (CR1), t; {THESE_FRAMES}"
