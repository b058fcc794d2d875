"""Several models at once, on `relative_gap`, which unlike a raw gap compares across them.

relative_gap = mean gap / mean (exact - decoy) margin of the confirmatory contrast, frequency arm. Models read the same items, so they
are not independent: the items that all of them share are resampled once for all (joint bootstrap), and only what is common to the
models' intervals goes into a difference. With few models the mean over them describes these models and no population of models.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from freqbias.analysis.stats.mixed import THESE_FRAMES
from freqbias.analysis.stats.resampling import RESAMPLES, Interval, above_zero, bca_ends, named_rng, resampling_weights
from freqbias.judgement import Judgements
from freqbias.records import Estimate
from freqbias.remedied import remedied
from freqbias.terms import DESCRIPTIVE, FREQUENCY

ALL_MODELS = "(all models)"
MIN_MODELS = 10  # with fewer the mean over models is a description: its spread over models has no usable estimate
MIN_ITEMS = 2  # one item cannot be resampled

Matrix = NDArray[np.float64]
Result = tuple[float | None, float | None, Interval]


@dataclass(frozen=True, kw_only=True)
class Joint:
    """Relative gaps of models on shared items: observed (models), resampled (resamples x models), without one item (items x models)."""

    observed: Matrix
    replicates: Matrix
    jackknife: Matrix


def joint_relative(gap: Matrix, margin: Matrix, rng: np.random.Generator, resamples: int = RESAMPLES) -> Joint:
    """Return every model's sum(gap) / sum(margin), with the same resampled items for all models.

    `gap` and `margin` are items x models, in the unit of the measure. Weights are multinomial draws, in blocks of bounded memory. Where
    the items of a draw have no margin, as when few items tell exact from decoy, the ratio is not finite.
    Reference: Efron & Tibshirani (1993), An Introduction to the Bootstrap, ch. 9.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        blocks = [(weights @ gap) / (weights @ margin) for weights in resampling_weights(len(gap), rng, resamples)]
        return Joint(
            observed=gap.sum(axis=0) / margin.sum(axis=0),
            replicates=np.concatenate(blocks),
            jackknife=(gap.sum(axis=0) - gap) / (margin.sum(axis=0) - margin),
        )


def judged_of(table: pd.DataFrame, judgements: Judgements) -> pd.DataFrame:
    """Return of what `contrasts.join` returns the rows and columns that `across_models` reads."""
    confirmatory = table["contrast"] == table["probe"].map({probe: judgements[probe].contrast for probe in table["probe"].unique()})
    own = table.loc[confirmatory & (table["arm"] == FREQUENCY), ["model", "probe", "measure", "item", "pair_id", "gap", "margin"]]
    return own.dropna(subset=["gap", "margin"])


def across_models(
    table: pd.DataFrame, failed: Mapping[tuple[str, ...], set[str]], seed: int, judgements: Judgements
) -> Iterator[Estimate]:
    """Yield the relative gaps of all models of a probe on shared items, their mean, spread and differences.

    `table` is what `judged_of` returns, of all models, `failed` what `contrasts.failures` does. Terms: `relative:A`, `relative_mean`,
    `relative_spread` (standard deviation over models) and `relative_difference:A-B`. Nothing for a probe with one model. A model that
    does not tell exact from decoy (its margin's interval includes zero, on its own items or on the shared ones) is left out and named in
    `method`: a ratio over what may be zero has no bounded interval. No p-values: none of this is a test.
    """
    table = table[~table["model"].isin(remedied(table["model"].unique()))]  # a model with a remedy is no further model
    for (probe, measure), rows in table.groupby(["probe", "measure"]):
        contrast = judgements[str(probe)].contrast
        if rows["model"].nunique() < 2:
            continue
        models, shared, left_out = _shared(rows)
        if len(models) < 2 or len(shared) < MIN_ITEMS:
            continue
        key: dict[str, str] = {
            "model": ALL_MODELS,
            "probe": str(probe),
            "measure": str(measure),
            "contrast": contrast,
            "arm": FREQUENCY,
        }
        joint = joint_relative(
            shared["gap"].to_numpy(dtype=float), shared["margin"].to_numpy(dtype=float), named_rng(seed, *key.values(), "relative")
        )
        sizes: dict[str, Any] = {
            "n_pairs": rows.loc[rows["item"].isin(shared.index), "pair_id"].nunique(),
            "n_items": len(shared),
            "n_failed": max(len(failed.get((model, str(probe), str(measure), contrast, FREQUENCY), ())) for model in models),
            "flags": [DESCRIPTIVE] if len(models) < MIN_MODELS else [],
        }
        for term, what, (value, error, interval) in _statistics(joint, models):
            yield Estimate(
                **(key | sizes),
                term=term,
                value=value,
                std_error=error,
                ci_low=interval.low,
                ci_high=interval.high,
                method=f"{what}; items shared by all models, resampled once for all of them; {THESE_FRAMES}"
                + (f"; without {', '.join(left_out)}, whose margin's interval includes zero" if left_out else ""),
            )


def _shared(rows: pd.DataFrame) -> tuple[list[str], pd.DataFrame, list[str]]:
    """Return the models whose margin is told from zero, their item means by model on the items that they share, and the other models."""
    means = rows.groupby(["item", "model"])[["gap", "margin"]].mean().reset_index()
    every = sorted(map(str, means["model"].unique()))
    models = [model for model in every if above_zero(means.loc[means["model"] == model, "margin"].to_numpy(dtype=float))]
    while True:
        shared = means[means["model"].isin(models)].pivot_table(index="item", columns="model", values=["gap", "margin"]).dropna()
        told = [model for model in models if len(shared) and above_zero(shared["margin"][model].to_numpy(dtype=float))]
        if told == models or not told:  # fewer models share more items, on which the others are asked again
            return told, shared, [model for model in every if model not in told]
        models = told


def spread(joint: Joint, level: float = 0.95) -> Result:
    """Return the standard deviation of relative gaps over models without what sampling of items adds, its standard error and interval.

    sqrt(max(0, s² - c)), s² the variance over models (n - 1) and c the mean variance over models of the replicates' deviations from the
    observed values: the moment estimator of DerSimonian & Laird (1986), doi:10.1016/0197-2456(86)90046-2, with errors that may be
    correlated. A replicate holds c twice, once of the sample and once of the resampling, so the interval is the percentile interval of
    sqrt(max(0, s*² - 2c)); it reaches zero where the models need not differ. Undefined where a replicate is not finite.
    """
    if not np.isfinite(joint.replicates).all():
        return None, None, Interval()
    noise = float((joint.replicates - joint.observed).var(axis=1, ddof=1).mean())
    value = float(np.sqrt(max(0.0, joint.observed.var(ddof=1) - noise)))
    replicates = np.sqrt(np.maximum(0.0, joint.replicates.var(axis=1, ddof=1) - 2 * noise))
    low, high = np.quantile(replicates, [(1 - level) / 2, (1 + level) / 2])
    return value, float(replicates.std(ddof=1)), Interval(low=float(low), high=float(high))


def _statistics(joint: Joint, models: list[str]) -> Iterator[tuple[str, str, Result]]:
    """Yield term, method and result of every statistic."""
    ratio = "mean gap / mean (exact - decoy) margin"
    for k, model in enumerate(models):
        yield f"relative:{model}", f"{ratio}, BCa", _bca(joint, np.eye(len(models))[k])
    equal = np.full(len(models), 1 / len(models))
    yield "relative_mean", f"{ratio}, mean over {len(models)} models, BCa", _bca(joint, equal)
    what = f"{ratio}, standard deviation over {len(models)} models less what sampling adds, percentile interval"
    yield "relative_spread", what, spread(joint)
    for j, k in combinations(range(len(models)), 2):
        term = f"relative_difference:{models[j]}-{models[k]}"
        yield term, f"{ratio}, first model - second, BCa", _bca(joint, np.eye(len(models))[j] - np.eye(len(models))[k])


def _bca(joint: Joint, weights: Matrix) -> Result:
    """Return a weighted sum over models, its standard error and BCa interval, which no model without weight can make undefined."""
    used = weights != 0
    value, replicates = float(joint.observed[used] @ weights[used]), joint.replicates[:, used] @ weights[used]
    if not np.isfinite(replicates).all():
        return value, None, Interval()
    return value, float(replicates.std(ddof=1)), bca_ends(value, replicates, joint.jackknife[:, used] @ weights[used])
