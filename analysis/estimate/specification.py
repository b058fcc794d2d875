"""Specification curve: the same effect under every reasonable choice that an analyst could have made, listed beforehand.

The effect is the mean gap at the mean frequency gap with every covariate at zero (adjusted mean), in the unit of the measure.
`SPECIFICATIONS` is fixed before any data are seen; a choice that the data do not allow (no sense shares, no gloss fit, no outlier) or
that comes to the same as an earlier one is left out, so the specifications that remain are valid and non-redundant. Reference:
Simonsohn, Simmons & Nelson (2020), doi:10.1038/s41562-020-0912-z.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd
from scipy import stats

from freqbias.analysis.estimate.predictors import NAMES, ZIPF_GAP, complete, predictors
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
    """The adjusted mean under one specification with its 95 % interval, and the predictors that were there."""

    specification: Specification
    predictors: tuple[str, ...]
    value: float
    std_error: float
    low: float
    high: float
    n_pairs: int
    n_items: int
    method: str


def specification_effects(rows: pd.DataFrame) -> list[Effect]:
    """Return the effect under every specification that the data allow, in the order of the list.

    `rows` are one series' pairs of the frequency arm from `contrasts.join`: `gap`, `item`, `frame`, the gaps of frequency and of its
    rivals. Pairs without a frequency gap of the chosen measure are left out. Above `MAX_PAIRS` pairs a fixed random part of the items
    stands for all, and `method` says so. Empty where regression is not possible (few items).
    """
    part = _part_of_items(rows)
    found = _effects(part)
    if len(part) == len(rows):
        return found
    note = f"; a random {part['item'].nunique()} of {rows['item'].nunique()} items"
    return [replace(effect, method=effect.method + note) for effect in found]


def _part_of_items(rows: pd.DataFrame) -> pd.DataFrame:
    if len(rows) <= MAX_PAIRS:
        return rows
    items = np.sort(rows["item"].unique())
    drawn = np.random.default_rng(0).permutation(items)[: max(1, len(items) * MAX_PAIRS // len(rows))]
    return rows[rows["item"].isin(drawn)]


def _effects(rows: pd.DataFrame) -> list[Effect]:
    made: list[Effect] = []
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
            if choice in seen or names[:1] != (ZIPF_GAP,) or (len(names) == 1 and mean in bare):
                continue
            seen.add(choice)
            bare |= {mean} if len(names) == 1 else set()
            made.extend(_effect(spec, table, names))
    return made


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


def _effect(spec: Specification, rows: pd.DataFrame, names: tuple[str, ...]) -> Iterator[Effect]:
    """Yield the effect; nothing where predictors do not vary or frequency cannot be separated from a covariate."""
    table = rows
    if spec.aggregation == AGGREGATIONS[0]:
        table = rows.groupby("item", sort=True)[["gap", *names]].mean().reset_index()
    if usable(table, "gap", names)[1] != list(names):
        return
    vif = inflation(table, names)
    if vif[ZIPF_GAP] >= INSEPARABLE_VIF or not np.isfinite(list(vif.values())).all():
        return
    if spec.aggregation == AGGREGATIONS[0]:
        value, error, df = adjusted_item_mean(table, "gap", names)
        half = float(stats.t.ppf(0.975, df)) * error
        ends, method = (value - half, value + half), f"OLS on item means, HC3, t; {THESE_FRAMES}"
    else:
        fit = crossed(table, "gap", names)
        if fit is None:
            return
        value, error, ends = fit.adjusted.value, fit.adjusted.std_error, (fit.adjusted.low, fit.adjusted.high)
        random = " and ".join(name for name in fit.variances if name != "residual")
        method = f"linear mixed model, random {random}; {fit.population}"
    if not np.isfinite([value, error]).all():
        return
    yield Effect(
        specification=spec,
        predictors=names,
        value=value,
        std_error=error,
        low=ends[0],
        high=ends[1],
        n_pairs=len(rows),
        n_items=rows["item"].nunique(),
        method=f"mean gap at the mean frequency gap with no rival; {method}",
    )


def adjusted_item_mean(table: pd.DataFrame, outcome: str, names: Sequence[str]) -> tuple[float, float, int]:
    """Return the mean of `outcome` at the mean of the first predictor and zero of the others, its standard error and df.

    The intercept of OLS, one row an item, with HC3 standard errors: good in small samples with unequal variances (items differ in their
    number of pairs). Reference: MacKinnon & White (1985), doi:10.1016/0304-4076(85)90158-7. Infinite where one item alone determines a
    coefficient.
    """
    from statsmodels.regression.linear_model import OLS

    values = table[list(names)].to_numpy(dtype=float)
    design = np.column_stack([np.ones(len(values)), values[:, 0] - values[:, 0].mean(), values[:, 1:]])
    fit = OLS(table[outcome].to_numpy(dtype=float), design).fit()
    alone = fit.get_influence().hat_matrix_diag.max() > 1 - 1e-9
    return float(fit.params[0]), float("inf") if alone else float(fit.HC3_se[0]), int(fit.df_resid)
