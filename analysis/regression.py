"""How gaps go with the size of the frequency gap: OLS with cluster-robust standard errors (CR1), t on items - 1."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats

MIN_ITEMS = 10  # fewer clusters than this give CR1 intervals that are far too short (Cameron & Miller 2015)


@dataclass(frozen=True, kw_only=True)
class Coefficient:
    """One slope with its cluster-robust interval; `p_value` tests `null`."""

    name: str
    value: float
    std_error: float
    low: float
    high: float
    p_value: float
    n_pairs: int
    n_items: int


def clustered_ols(
    table: pd.DataFrame, outcome: str, predictors: Sequence[str], null: float = 0.0, cluster: str = "item"
) -> dict[str, Coefficient]:
    """Return the slopes of `outcome` on `predictors` and an intercept, keyed by predictor.

    OLS on pairs; standard errors CR1, clustered on `cluster` (Liang & Zeger 1986 with factor G/(G-1) * (N-1)/(N-K)), t with
    G - 1 degrees of freedom (statsmodels' default would be z). `null` is the tested value of the first predictor. Rows with a
    missing value are left out; predictors that do not vary are left out; empty when the first one does not vary, when fewer
    than ten clusters remain, or when the columns are linearly dependent.
    """
    rows = table[[outcome, cluster, *predictors]].dropna()
    kept = [name for name in predictors if len(rows) and float(np.ptp(rows[name])) > 0]
    n_items = rows[cluster].nunique()
    if not kept or kept[0] != predictors[0] or n_items < MIN_ITEMS:
        return {}
    design = sm.add_constant(rows[kept].astype(float), has_constant="add")
    if np.linalg.matrix_rank(design.to_numpy()) < design.shape[1]:
        return {}
    groups = pd.factorize(rows[cluster])[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # statsmodels warns of perfect fits, which synthetic data has
        fit = sm.OLS(rows[outcome].astype(float), design).fit(
            cov_type="cluster", cov_kwds={"groups": groups, "df_correction": True}, use_t=True
        )
    return {name: _coefficient(fit, name, null if name == predictors[0] else 0.0, len(rows), n_items) for name in kept}


def _coefficient(fit, name: str, null: float, n_pairs: int, n_items: int) -> Coefficient:  # type: ignore[no-untyped-def]
    value, error = float(fit.params[name]), float(fit.bse[name])
    df = n_items - 1
    half = float(stats.t.ppf(0.975, df)) * error
    p_value = float(2 * stats.t.sf(abs(value - null) / error, df)) if error > 0 else float(value == null)
    return Coefficient(
        name=name,
        value=value,
        std_error=error,
        low=value - half,
        high=value + half,
        p_value=p_value,
        n_pairs=n_pairs,
        n_items=n_items,
    )
