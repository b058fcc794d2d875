"""What stands behind a mean: how far items differ in truth, what one item or the extreme ones do to it, whom it is larger for."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from freqbias.analysis.estimate.series import Series, item_means
from freqbias.analysis.stats.item_spread import Prediction, item_spread, prediction
from freqbias.analysis.stats.joint import TRIM, equal_means_p, trimmed_mean
from freqbias.analysis.stats.mixed import MIN_ITEMS
from freqbias.analysis.stats.resampling import std_error, t_interval
from freqbias.records import Estimate
from freqbias.terms import BY, FREQUENCY, GROUPINGS, HETEROGENEITY, PROMPT, SPREAD, TRIMMED, WITHOUT_LARGEST

MIN_IN_GROUP = 8  # items; the mean of fewer says nothing of its group


def heterogeneity(series: Series) -> Iterator[Estimate]:
    """Yield what one series' frequency arm says beyond its mean; nothing where the verdict does not rest on it."""
    rows = series.arm(FREQUENCY)
    if not series.apart or rows.empty:
        return
    yield from _true_spread(series, rows)
    yield from _measured_spread(series, rows)
    yield from _without_largest(series, rows)
    yield from _trimmed(series, rows)
    for name in _groupings(rows):
        yield from _by_group(series, rows, name)


def _true_spread(series: Series, rows: pd.DataFrame) -> Iterator[Estimate]:
    """Yield the standard deviation of true item effects; not where items have one pair each, whose effect and error are one number."""
    items = pd.factorize(rows["item"])[0]
    frames = pd.factorize(rows["frame"])[0] if "frame" in rows.columns and rows["frame"].notna().all() else None
    found = item_spread(rows["gap"].to_numpy(dtype=float), items, frames)
    if found is None:
        return
    yield series.make(
        FREQUENCY,
        HETEROGENEITY,
        rows,
        value=found.sd,
        ci_low=found.low,
        ci_high=found.high,
        p_value=found.p_value,
        bound=series.sesoi,
        method="standard deviation of true item effects, REML, random item and frame; interval and p from Wald's F; details: where the "
        "effect of a new item lies with 95 %, and normal shares of items beyond the smallest effect of interest",
        details=_details(prediction(found.mean, found.std_error, found.sd, rows["item"].nunique(), series.sesoi)),
    )


def _measured_spread(series: Series, rows: pd.DataFrame) -> Iterator[Estimate]:
    """Yield the standard deviation of measured item effects, which holds their error and so is a limit from above."""
    items = item_means(rows, "gap")
    if len(items) < MIN_ITEMS:
        return
    sd = float(items.std(ddof=1))
    yield series.make(
        FREQUENCY,
        SPREAD,
        rows,
        value=sd,
        bound=series.sesoi,
        method="standard deviation of item means as measured, with the error of measurement in it: true effects differ by less; "
        "details as of heterogeneity, all of them limits",
        details=_details(prediction(float(items.mean()), sd / float(np.sqrt(len(items))), sd, len(items), series.sesoi)),
    )


def _details(found: Prediction) -> dict[str, float]:
    known = {
        "prediction_low": found.low,
        "prediction_high": found.high,
        "share_above": found.above,
        "share_below": found.below,
    }
    return {name: value for name, value in known.items() if value is not None}


def _without_largest(series: Series, rows: pd.DataFrame) -> Iterator[Estimate]:
    """Yield the mean without the item that holds up most of it."""
    means = rows.groupby("item", sort=True)["gap"].mean()
    if len(means) < 3:
        return
    towards = np.sign(means.mean()) or 1.0
    largest = str((means * towards).idxmax())
    left = means.drop(largest).to_numpy(dtype=float)
    interval = t_interval(left)
    yield series.make(
        FREQUENCY,
        WITHOUT_LARGEST,
        rows[rows["item"] != largest],
        value=float(left.mean()),
        std_error=std_error(left),
        ci_low=interval.low,
        ci_high=interval.high,
        method="mean of item means without the one item that adds most to it; t interval; a sensitivity, no test of its own",
        details={"item": largest, "gap": float(means[largest])},
    )


def _trimmed(series: Series, rows: pd.DataFrame) -> Iterator[Estimate]:
    items = item_means(rows, "gap")
    value, error, interval = trimmed_mean(items)
    if error is None:
        return
    yield series.make(
        FREQUENCY,
        TRIMMED,
        rows,
        value=value,
        std_error=error,
        ci_low=interval.low,
        ci_high=interval.high,
        method=f"mean of item means without the {TRIM:.0%} at either end; Yuen's t interval; a sensitivity, no test of its own",
    )


def _groupings(rows: pd.DataFrame) -> tuple[str, ...]:
    """Return what items are grouped by; where all were asked in prompts, these are their frames, and are called by their name."""
    asked = PROMPT in rows.columns and bool(rows[PROMPT].notna().all())
    return (*(name for name in GROUPINGS if name != "frame"), PROMPT) if asked else GROUPINGS


def _by_group(series: Series, rows: pd.DataFrame, name: str) -> Iterator[Estimate]:
    """Yield whether the groups' means differ, in groups of `MIN_IN_GROUP` items or more."""
    if name not in rows.columns:
        return
    known = rows.dropna(subset=[name])
    counts = known.groupby(name)["item"].nunique()
    large = counts.index[counts >= MIN_IN_GROUP]
    if len(large) < 2:
        return
    own = known[known[name].isin(large)]
    table = own.pivot_table(index="item", columns=name, values="gap", aggfunc="mean")
    p_value, method = equal_means_p(table)
    means = table.mean()
    yield series.make(
        FREQUENCY,
        f"{BY}{name}",
        own,
        value=float(means.max() - means.min()),
        p_value=p_value,
        method=f"largest - smallest mean of the groups of {MIN_IN_GROUP} items or more; p that all are equal: {method}",
        details={
            "means": {str(group): float(mean) for group, mean in means.items()},
            "items": {str(group): int(count) for group, count in table.notna().sum().items()},
        },
    )
