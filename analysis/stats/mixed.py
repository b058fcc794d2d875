"""How gaps go with frequency and its rivals at once: crossed random effects, and least squares with cluster-robust errors beside them.

Two designs. With an intercept, the first predictor tells whether the effect is graded. Through zero, none is there: a difference of two
forms changes its sign with their labels, so that without any difference there is no gap. Either may hold a second group of rows beside
those that it is about (`own`), such as a placebo's pairs, which teach what the other predictors do. With intercepts, each group has one
of its own, or what the placebo shows as a whole would be put down to a predictor. Their noise may be another, and so weighs each row by
that of its group.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from freqbias.analysis.stats.reml import Slope, reml
from freqbias.analysis.stats.robust import cluster_robust

MIN_ITEMS = 10  # fewer clusters than this give intervals that are far too short (Cameron & Miller 2015)
MIN_LEVELS = 6  # of a random factor; with fewer its variance cannot be estimated and the factor is fixed
BEYOND = "beyond"
ITEMS_PER_PREDICTOR = 5  # below this a regression describes noise
THESE_FRAMES = "items in these frames"  # whom an interval speaks of where frames are not random
ITEMS_AND_FRAMES = "items and frames like these"
FRAME_SLOPE = "slope by frame"
MAX_SLOPE_LEVELS = 200  # of a random slope: a fit costs the cube of them
ITEMS_A_LEVEL = 2  # of a random slope: what one item does in a frame is no slope
LARGEST_NOISE = 5.0  # of one group of rows beside the other; few rows give extreme ratios
INSEPARABLE_VIF = 10.0  # nine tenths of a predictor's variance are in the others (Belsley, Kuh & Welsch 1980)


@dataclass(frozen=True, kw_only=True)
class Coefficient:
    """One slope with its interval; `p_value` tests zero."""

    name: str
    value: float
    std_error: float
    low: float
    high: float
    df: float
    p_value: float
    n_pairs: int
    n_items: int


@dataclass(frozen=True, kw_only=True)
class Slopes:
    """One regression: slopes, variance inflation, who was random, and how many rows are not those that it is about."""

    slopes: dict[str, Coefficient]
    vif: dict[str, float]
    population: str
    variances: dict[str, float]
    others: int = 0


@dataclass(frozen=True, kw_only=True)
class Fit(Slopes):
    """A regression with an intercept: the adjusted mean and the mean of every predictor beside the slopes.

    `rest` is the mean with every predictor at zero, the first one too, so what no slope tells of. `beyond`, where there are other rows
    (`own` in `crossed`), is the adjusted mean minus theirs with every predictor at zero. `parts` holds, for groups of predictors, the
    sum of their slopes times their means.
    """

    adjusted: Coefficient
    rest: Coefficient
    beyond: Coefficient | None
    parts: dict[str, Coefficient]
    means: dict[str, float]


def usable(table: pd.DataFrame, outcome: str, predictors: Sequence[str], own: str | None = None) -> tuple[pd.DataFrame, list[str]]:
    """Return the complete rows and the predictors that vary in them (in those of `own`); none when there are too few items."""
    present = [name for name in predictors if name in table.columns and table[name].notna().all()]
    rows = table.dropna(subset=[outcome])
    told = rows if own is None else rows[rows[own]]
    kept = [name for name in present if len(told) and float(np.ptp(told[name].to_numpy(dtype=float))) > 0]
    if told["item"].nunique() < max(MIN_ITEMS, ITEMS_PER_PREDICTOR * (len(kept) + 1)):
        return rows, []
    return rows, kept


def inflation(rows: pd.DataFrame, predictors: Sequence[str], own: str | None = None) -> dict[str, float]:
    """Return the variance inflation factor 1 / (1 - R²) of each predictor on the others; infinite when they determine it.

    Predictors vary about their mean, with `own` about the mean of either group of rows.
    """
    values = rows[list(predictors)].to_numpy(dtype=float)
    level = _intercepts(np.ones(len(values), dtype=bool) if own is None else rows[own].to_numpy(dtype=bool))
    if len(predictors) == 1:
        return {predictors[0]: 1.0}
    found = {}
    for k, name in enumerate(predictors):
        others = np.column_stack([level, np.delete(values, k, axis=1)])
        fitted = others @ np.linalg.lstsq(others, values[:, k], rcond=None)[0]
        total = float(np.sum((values[:, k] - level @ np.linalg.lstsq(level, values[:, k], rcond=None)[0]) ** 2))
        rest = float(np.sum((values[:, k] - fitted) ** 2))
        found[name] = total / rest if rest > 1e-10 * total else np.inf
    return found


@dataclass(frozen=True, kw_only=True)
class _Model:
    """What every fit of one regression needs: rows, outcome, design (intercept first where there is one), clusters and weights.

    `told` marks the rows that the regression is about, `intercept` is 1 or 0, `frame` is None where frames are fixed, `crosses` tells
    whether frames have several items each.
    """

    names: list[str]
    told: NDArray[np.bool_]
    y: NDArray[np.float64]
    design: NDArray[np.float64]
    intercept: int
    item: NDArray[np.int64]
    frame: NDArray[np.int64] | None
    crosses: bool
    weights: NDArray[np.float64] | None
    means: dict[str, float]
    vif: dict[str, float]
    n_items: int

    @property
    def population(self) -> str:
        """Whom intervals speak of."""
        return THESE_FRAMES if self.frame is None else ITEMS_AND_FRAMES

    @property
    def dose(self) -> NDArray[np.float64]:
        """The first predictor."""
        return np.asarray(self.design[:, self.intercept], dtype=np.float64)

    @property
    def own_slopes(self) -> NDArray[np.float64]:
        """Weighted sums that are the slopes themselves."""
        return np.eye(len(self.names), self.design.shape[1], self.intercept)

    def weighted(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values (first axis: rows), each by the weight of its row."""
        return values if self.weights is None else np.asarray((values.T * self.weights).T, dtype=np.float64)

    def coefficient(self, name: str, value: float, error: float, df: float) -> Coefficient:
        """Return a coefficient with its interval."""
        half = float(stats.t.ppf(0.975, df)) * error
        p_value = float(2 * stats.t.sf(abs(value) / error, df)) if error > 0 else float(value == 0)
        return Coefficient(
            name=name,
            value=value,
            std_error=error,
            low=value - half,
            high=value + half,
            df=df,
            p_value=p_value,
            n_pairs=int(self.told.sum()),
            n_items=self.n_items,
        )


def _model(table: pd.DataFrame, outcome: str, predictors: Sequence[str], own: str | None, intercept: bool = True) -> _Model | None:
    """Return the regression of a table; None when predictors do not vary, are linearly dependent, or items are few."""
    rows, kept = usable(table, outcome, predictors, own)
    if not kept or kept[0] != predictors[0]:
        return None
    vif = inflation(rows, kept, own)
    if not np.isfinite(list(vif.values())).all():
        return None
    told = np.ones(len(rows), dtype=bool) if own is None else rows[own].to_numpy(dtype=bool)
    levels = _frames(rows)
    many = int(levels.max()) + 1 >= MIN_LEVELS
    level = _intercepts(told)
    columns = [level[:, 0], *(rows[name].to_numpy(dtype=float) for name in kept), *([] if many else _contrasts(levels))]
    whole = np.column_stack([*columns, level[:, 1:]])
    item = np.asarray(pd.factorize(rows["item"])[0], dtype=np.int64)
    y = rows[outcome].to_numpy(dtype=float)
    if rows["item"].nunique() <= whole.shape[1] or float(np.ptp(y)) == 0.0:
        return None
    return _Model(
        names=kept,
        told=told,
        y=y,
        # what fixed frames do to both forms of any pair is theirs, on average too, and not the first predictor's
        design=whole if intercept else np.column_stack([*columns[1:], *([] if many or not levels.any() else [np.ones(len(y))])]),
        intercept=int(intercept),
        item=item,
        frame=levels if many else None,
        crosses=many and _crossing(item, levels),
        weights=None if told.all() else _weights(y, whole, told),
        means={name: float(rows.loc[told, name].mean()) for name in kept},
        vif=vif,
        n_items=int(rows.loc[told, "item"].nunique()),
    )


def _intercepts(told: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return a column that is 1 in the rows told of, and where there are others one that is 1 in these."""
    return np.column_stack([told, ~told][: 1 if told.all() else 2]).astype(float)


def _crossing(item: NDArray[np.int64], frame: NDArray[np.int64]) -> bool:
    """Tell whether frames have several items each, so that what a frame does can be told from what its items do."""
    levels = int(frame.max()) + 1
    return len(np.unique(item * levels + frame)) >= ITEMS_A_LEVEL * levels


def _weights(y: NDArray[np.float64], design: NDArray[np.float64], told: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    """Return what makes the noise of both groups of rows alike: 1 and, in the other rows, the ratio of the standard deviations."""
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return None
    basis = np.linalg.qr(design)[0]
    squares, left = (y - basis @ (basis.T @ y)) ** 2, 1 - np.sum(basis**2, axis=1)
    noise = [float(squares[group].sum() / max(left[group].sum(), 1e-9)) for group in (told, ~told)]
    if min(noise) <= 0:
        return None
    ratio = float(np.clip(np.sqrt(noise[0] / noise[1]), 1 / LARGEST_NOISE, LARGEST_NOISE))
    return np.where(told, 1.0, ratio)


def crossed(
    table: pd.DataFrame,
    outcome: str,
    predictors: Sequence[str],
    groups_of: Mapping[str, Sequence[str]] | None = None,
    own: str | None = None,
) -> Fit | None:
    """Return a linear mixed model of `outcome` with crossed random intercepts for `item` and, where there are six, `frame`.

    Restricted maximum likelihood (`reml`), t with Satterthwaite's degrees of freedom: those of a mean over six frames are about five,
    those of a slope between items about their number. Where frames are random and have several items each, the slope of the first
    predictor differs by frame, too. `adjusted` is the mean gap at the first predictor's mean with every other at zero. `groups_of` names
    the groups of predictors that `Fit.parts` holds. A frame factor with two to five levels is fixed, and the interval then generalises
    to items only. `own` names the column that is True in the rows that the intercept, all means and counts are of (see the module). None
    when predictors do not vary, are linearly dependent, items are few, or no residual is left.
    """
    model = _model(table, outcome, predictors, own)
    if model is None:
        return None
    parts = {group: held for group, names_of in (groups_of or {}).items() if (held := [name for name in names_of if name in model.means])}
    others = [] if model.told.all() else [BEYOND]
    found = _fitted(model, _sums(model, parts.values()), ["adjusted", *model.names, "rest", *others, *parts])
    if found is None:
        return None
    made, population, variances = found
    return Fit(
        slopes={name: made[name] for name in model.names},
        adjusted=made["adjusted"],
        rest=made["rest"],
        beyond=made.get(BEYOND),
        parts={name: made[name] for name in parts},
        means=model.means,
        vif=model.vif,
        population=population,
        variances=variances,
        others=int((~model.told).sum()),
    )


def through_zero(table: pd.DataFrame, outcome: str, predictors: Sequence[str], own: str | None = None) -> Slopes | None:
    """Return the same model without intercept but those of fixed frames, common to all rows; its slopes alone. None as in `crossed`."""
    model = _model(table, outcome, predictors, own, intercept=False)
    found = None if model is None else _fitted(model, model.own_slopes, model.names)
    if model is None or found is None:
        return None
    slopes, population, variances = found
    return Slopes(slopes=slopes, vif=model.vif, population=population, variances=variances, others=int((~model.told).sum()))


def _fitted(
    model: _Model, sums: NDArray[np.float64], names: Sequence[str]
) -> tuple[dict[str, Coefficient], str, dict[str, float]] | None:
    """Return the wanted sums of coefficients by name, the population that they speak of, and the variances."""
    groups = {"item": model.item} | ({} if model.frame is None else {"frame": model.frame})
    # where every pair has a level of its own, the residual is that level's effect
    random = {name: codes for name, codes in groups.items() if int(codes.max()) + 1 < len(model.y)}
    sloped = model.crosses and "frame" in random and int(random["frame"].max()) < MAX_SLOPE_LEVELS
    slope = Slope(random["frame"], model.dose) if sloped else None
    population = model.population
    fit = reml(model.y, model.design, list(random.values()), sums, slope, model.weights)
    if fit is None:  # the pairs of an item differ in nothing that the predictors do not explain: one row an item says all
        random, slope, population = {}, None, THESE_FRAMES
        design = _by_level(model.weighted(model.design), model.item)
        y = _by_level(model.weighted(model.y), model.item)
        fit = reml(y, design, [], sums) if np.linalg.matrix_rank(design) == design.shape[1] else None
    if fit is None:
        return None
    rows = zip(names, fit.values, fit.errors, fit.df, strict=True)
    made = {name: model.coefficient(name, float(value), float(error), float(df)) for name, value, error, df in rows}
    there = ["residual", *random, *([] if slope is None else [FRAME_SLOPE])]
    return made, population, dict.fromkeys(["residual", *groups], 0.0) | dict(zip(there, fit.variances.tolist(), strict=True))


def _sums(model: _Model, parts: Iterable[Sequence[str]]) -> NDArray[np.float64]:
    """Return the weighted sums of coefficients that a `Fit` holds: adjusted mean, slopes, `rest`, `beyond` if it has one, every part.

    `rest` is the mean in the frames as often as they are there, with every predictor at zero; `beyond` is the adjusted mean minus that
    of the other rows with every predictor at zero.
    """
    means, rest = model.means, model.design[model.told].mean(axis=0)
    rest[1 : len(means) + 1] = 0.0
    adjusted = np.eye(1, model.design.shape[1])[0]
    adjusted[1] = next(iter(means.values()))
    sums = [adjusted, *model.own_slopes, rest]
    if not model.told.all():
        beyond = adjusted.copy()
        beyond[-1] = -1.0  # the column of the other rows
        sums.append(beyond)
    for part in parts:
        row = np.zeros(model.design.shape[1])
        row[1 : len(means) + 1] = [mean * (name in part) for name, mean in means.items()]
        sums.append(row)
    return np.vstack(sums)


def _by_level(values: NDArray[np.float64], codes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the means of values (first axis: rows) over the rows of each level."""
    sums = np.zeros((int(codes.max()) + 1, *values.shape[1:]))
    np.add.at(sums, codes, values)
    return sums / np.bincount(codes).reshape(-1, *[1] * (values.ndim - 1))


def _frames(rows: pd.DataFrame) -> NDArray[np.int64]:
    """Return the frame of every row as a code from 0; rows without one share a code."""
    if "frame" not in rows.columns:
        return np.zeros(len(rows), dtype=np.int64)
    return np.asarray(pd.factorize(rows["frame"].astype(object).where(rows["frame"].notna(), ""))[0], dtype=np.int64)


def _contrasts(levels: NDArray[np.int64]) -> list[NDArray[np.float64]]:
    """Return columns that let every level but one differ and leave the intercept the mean over levels."""
    count = int(levels.max()) + 1
    return [(levels == level) - 1 / count for level in range(1, count)]


def robust(
    table: pd.DataFrame,
    outcome: str,
    predictors: Sequence[str],
    own: str | None = None,
    *,
    intercept: bool = True,
    instrument: str | None = None,
) -> tuple[Coefficient, str] | None:
    """Return the first predictor's slope by least squares with CR3 errors (`cluster_robust`), and how it was made.

    Clusters are items and, where frames are random (six or more) and have several items each, frames; two to five frames are fixed, as
    in `crossed`. Weights by group and the meaning of `own` are those of `crossed`, without `intercept` those of `through_zero`. With
    `instrument`, another column, two-stage least squares: only what that column predicts of the first predictor counts, so that noise in
    either that the other does not share attenuates nothing. None as in `crossed`, or where a variance is not above zero.
    """
    model = _model(table, outcome, predictors, own, intercept)
    if model is None:
        return None
    design, predicted = model.weighted(model.design), None
    if instrument is not None:
        first = model.design.copy()
        first[:, model.intercept] = table.loc[table[outcome].notna(), instrument].to_numpy(dtype=float)
        first = model.weighted(first)
        predicted = first @ np.linalg.lstsq(first, design, rcond=None)[0]
    clusters = [model.item, *([model.frame] if model.crosses and model.frame is not None else [])]
    fit = cluster_robust(model.weighted(model.y), design, clusters, model.own_slopes[:1], predicted)
    if fit is None:
        return None
    ways = "two-way cluster-robust on item and frame" if len(clusters) == 2 else "cluster-robust on item"
    kind = "least squares" if instrument is None else "two-stage least squares"
    value, error, df = (float(column[0]) for column in (fit.values, fit.errors, fit.df))  # noqa: PD011 - no table
    slope = model.coefficient(model.names[0], value, error, df)
    return slope, f"{kind}, {ways} (CR3, Satterthwaite), t; {model.population}"
