"""Specification curve: the same effect under every reasonable choice that an analyst could have made, listed beforehand.

Two effects: the mean gap at the mean frequency gap with every covariate at zero (adjusted mean), and the slope on the frequency gap, per
standard deviation of that gap over items since measures of frequency differ in scale; both in the unit of the measure.
`SPECIFICATIONS` is fixed before any data are seen; a choice that the data do not allow (no sense shares, no gloss fit, no outlier) or
that comes to the same as an earlier one is left out, so the specifications that remain are valid and non-redundant. Reference:
Simonsohn, Simmons & Nelson (2020), doi:10.1038/s41562-020-0912-z.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from freqbias.analysis.estimate.predictors import NAMES, ZIPF_GAP, complete, predictors
from freqbias.analysis.stats.joint_curve import Sample
from freqbias.analysis.stats.mixed import INSEPARABLE_VIF, THESE_FRAMES, crossed, inflation, usable

#: How frequency is measured, and the column of `contrasts.pair_table` that holds the gap.
MEASURES = {"swapped words": "zipf_gap", "all content words": "content_zipf_gap", "intended sense": "sense_zipf_gap"}
ALL_RIVALS = "all rivals"
#: What is held level, by the labels of `rivals.NAMES`; rarity causes fragmentation, so subwords are no covariate.
#: Norms of the user's own join the last.
COVARIATE_SETS = {
    "none": (),
    "length": ("length",),
    "length, readability": ("length", "readability"),
    ALL_RIVALS: tuple(dict.fromkeys(NAMES.values())),
}
AGGREGATIONS = ("item means", "pairs, mixed model")
OUTLIER_RULES = ("all items", "within 3 MAD")
MAD_LIMIT = 3.0  # "very conservative" among the usual limits (Leys et al. 2013, doi:10.1016/j.jesp.2013.03.013)
MAX_PAIRS = 10_000  # of one curve; two dozen mixed models on more would cost minutes and change no picture
FACTORS = ("frequency", "covariates", "aggregation", "outliers")


@dataclass(frozen=True, kw_only=True)
class Specification:
    """One combination of choices; `number` is its place in the list, from 1."""

    number: int
    frequency: str
    covariates: str
    aggregation: str
    outliers: str

    @property
    def choices(self) -> dict[str, str]:
        """Return the choice by factor."""
        return {name: getattr(self, name) for name in FACTORS}


#: Every specification; the first is the confirmatory estimate's.
SPECIFICATIONS = tuple(
    Specification(number=number, frequency=frequency, covariates=covariates, aggregation=aggregation, outliers=outliers)
    for number, (frequency, covariates, aggregation, outliers) in enumerate(
        product(MEASURES, COVARIATE_SETS, AGGREGATIONS, OUTLIER_RULES), start=1
    )
)


@dataclass(frozen=True, kw_only=True)
class Effect:
    """An adjusted mean or a slope under one specification with its 95 % interval, and the predictors that were there."""

    specification: Specification
    predictors: tuple[str, ...]
    value: float
    std_error: float
    low: float
    high: float
    n_pairs: int
    n_items: int
    method: str


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Adjusted means and slopes in the order of the list, and the data of those of item means, for the joint test of either.

    `mean_samples` and `slope_samples` belong to `means` and `slopes` whose specification is of item means.
    """

    means: list[Effect] = field(default_factory=list)
    slopes: list[Effect] = field(default_factory=list)
    mean_samples: list[Sample] = field(default_factory=list)
    slope_samples: list[Sample] = field(default_factory=list)


def specification_effects(rows: pd.DataFrame) -> list[Effect]:
    """Return the adjusted mean under every specification that the data allow (see `specification_curve`)."""
    return specification_curve(rows).means


def specification_curve(rows: pd.DataFrame) -> Curve:
    """Return both effects under every specification that the data allow, in the order of the list.

    `rows` are one series' pairs of the frequency arm from `contrasts.join`: `gap`, `item`, `frame`, the gaps of frequency and of its
    rivals. Pairs without a frequency gap of the chosen measure are left out. Above `MAX_PAIRS` pairs a fixed random part of the items
    stands for all, and `method` says so. Empty where regression is not possible (few items).
    """
    part = _part_of_items(rows)
    found = _effects(part)
    if len(part) == len(rows):
        return found
    note = f"; a random {part['item'].nunique()} of {rows['item'].nunique()} items"
    means, slopes = ([replace(effect, method=effect.method + note) for effect in effects] for effects in (found.means, found.slopes))
    return replace(found, means=means, slopes=slopes)


def _part_of_items(rows: pd.DataFrame) -> pd.DataFrame:
    if len(rows) <= MAX_PAIRS:
        return rows
    items = np.sort(rows["item"].unique())
    drawn = np.random.default_rng(0).permutation(items)[: max(1, len(items) * MAX_PAIRS // len(rows))]
    return rows[rows["item"].isin(drawn)]


def _effects(rows: pd.DataFrame) -> Curve:
    curve, places = Curve(), {item: place for place, item in enumerate(sorted(rows["item"].unique()))}
    bare: set[tuple[str, str, bytes]] = set()  # without a rival the mean at the mean gap is the mean, however frequency is measured
    for measure in MEASURES:
        own = _measured(rows, measure)
        if own is None:
            continue
        seen: set[tuple[str, tuple[str, ...], str]] = set()
        kept = {rule: _kept(own, rule) for rule in OUTLIER_RULES}
        tables = {rule: (table, complete(table)) for rule, table in kept.items() if table is not None}
        available = {rule: predictors(known) for rule, (_, known) in tables.items()}
        for spec in SPECIFICATIONS:
            if spec.frequency != measure or spec.outliers not in tables:
                continue
            names = tuple(_chosen(available[spec.outliers], spec.covariates))
            table = tables[spec.outliers][len(names) > 1]  # pairs that lack a rival are lost where it is held level, and nowhere else
            choice = (spec.aggregation, names, spec.outliers)
            mean = (spec.aggregation, spec.outliers, table.index.to_numpy().tobytes())
            if choice in seen or names[:1] != (ZIPF_GAP,):
                continue
            seen.add(choice)
            _add(curve, spec, table, names, places, with_mean=len(names) > 1 or mean not in bare)
            bare |= {mean} if len(names) == 1 else set()
    return curve


def _measured(rows: pd.DataFrame, measure: str) -> pd.DataFrame | None:
    """Return the complete rows with the chosen measure of frequency as `zipf_gap`; None where no pair has it."""
    column = MEASURES[measure]
    if column not in rows.columns:
        return None
    own = rows.assign(**{ZIPF_GAP: rows[column]}).dropna(subset=["gap", ZIPF_GAP])
    return own if len(own) else None


def _kept(rows: pd.DataFrame, rule: str) -> pd.DataFrame | None:
    """Return the pairs of the items that a rule keeps; None where it drops nothing and so repeats the rule before it."""
    if rule == OUTLIER_RULES[0]:
        return rows
    items = rows.groupby("item")["gap"].mean()
    mad = float(stats.median_abs_deviation(items, scale="normal"))
    far = (items - items.median()).abs() > MAD_LIMIT * mad
    if mad == 0 or not far.any():
        return None
    return rows[~rows["item"].isin(items.index[far])]


def _chosen(available: Sequence[str], covariates: str) -> Iterator[str]:
    labels = COVARIATE_SETS[covariates]
    yield from (name for name in available if name == ZIPF_GAP or covariates == ALL_RIVALS or NAMES.get(name) in labels)


def _add(
    curve: Curve, spec: Specification, rows: pd.DataFrame, names: tuple[str, ...], places: dict[str, int], *, with_mean: bool
) -> None:
    """Add both effects to the curve; nothing where predictors do not vary or frequency cannot be separated from a covariate."""
    by_item = spec.aggregation == AGGREGATIONS[0]
    table = rows.groupby("item", sort=True)[["gap", *names]].mean().reset_index() if by_item else rows
    if usable(table, "gap", names)[1] != list(names):
        return
    vif = inflation(table, names)
    if vif[ZIPF_GAP] >= INSEPARABLE_VIF or not np.isfinite(list(vif.values())).all():
        return
    found = _of_items(table, names) if by_item else _of_pairs(table, names)
    if found is None:
        return
    spread = float(rows.groupby("item")[ZIPF_GAP].mean().std())
    numbers, method = found
    for k, (effects, what) in enumerate(
        ((curve.means, "mean gap at the mean frequency gap with no rival"), (curve.slopes, "slope per standard deviation of the gap"))
    ):
        if np.isfinite(numbers[k]).all() and (k or with_mean):
            value, error, low, high = (float(number) * (spread if k else 1.0) for number in numbers[k])
            effects.append(
                Effect(
                    specification=spec,
                    predictors=names,
                    value=value,
                    std_error=error,
                    low=low,
                    high=high,
                    n_pairs=len(rows),
                    n_items=rows["item"].nunique(),
                    method=f"{what}; {method}",
                )
            )
            if by_item:
                (curve.slope_samples if k else curve.mean_samples).append(_sample(table, names, places, spread if k else 1.0))


def _sample(table: pd.DataFrame, names: Sequence[str], places: dict[str, int], spread: float) -> Sample:
    """Return the data of item means, the frequency gap centred and in units of `spread`."""
    codes = np.array([places[item] for item in table["item"]], dtype=np.int64)
    design = _centred(table, names)
    design[:, 1] /= spread
    return Sample(items=codes, y=table["gap"].to_numpy(dtype=float), design=design)


def _centred(table: pd.DataFrame, names: Sequence[str]) -> NDArray[np.float64]:
    values = table[list(names)].to_numpy(dtype=float)
    return np.column_stack([np.ones(len(values)), values[:, 0] - values[:, 0].mean(), values[:, 1:]])


def _of_items(table: pd.DataFrame, names: Sequence[str]) -> tuple[NDArray[np.float64], str]:
    """Return value, error and ends of the adjusted mean and of the slope by OLS on item means."""
    values, errors, df = item_coefficients(table, "gap", names)
    half = float(stats.t.ppf(0.975, df)) * errors
    return np.column_stack([values, errors, values - half, values + half])[:2], f"OLS on item means, HC3, t; {THESE_FRAMES}"


def _of_pairs(table: pd.DataFrame, names: Sequence[str]) -> tuple[NDArray[np.float64], str] | None:
    """Return the same by the mixed model of pairs; None where it cannot be fitted."""
    fit = crossed(table, "gap", names)
    if fit is None:
        return None
    random = " and ".join(name for name in fit.variances if name != "residual")
    numbers = [[c.value, c.std_error, c.low, c.high] for c in (fit.adjusted, fit.slopes[ZIPF_GAP])]
    return np.array(numbers), f"linear mixed model, random {random}; {fit.population}"


def adjusted_item_mean(table: pd.DataFrame, outcome: str, names: Sequence[str]) -> tuple[float, float, int]:
    """Return the mean of `outcome` at the mean of the first predictor and zero of the others, its standard error and df."""
    values, errors, df = item_coefficients(table, outcome, names)
    return float(values[0]), float(errors[0]), df


def item_coefficients(table: pd.DataFrame, outcome: str, names: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Return the coefficients of OLS, one row an item, their HC3 standard errors and df; the first is the adjusted mean.

    HC3 is good in small samples with unequal variances (items differ in their number of pairs). Reference: MacKinnon & White (1985),
    doi:10.1016/0304-4076(85)90158-7. Errors are infinite where one item alone determines a coefficient.
    """
    from statsmodels.regression.linear_model import OLS

    fit = OLS(table[outcome].to_numpy(dtype=float), _centred(table, names)).fit()
    alone = fit.get_influence().hat_matrix_diag.max() > 1 - 1e-9
    values = np.asarray(fit.params, dtype=np.float64)
    errors = np.full(len(values), np.inf) if alone else np.asarray(fit.HC3_se, dtype=np.float64)
    return values, errors, int(fit.df_resid)
