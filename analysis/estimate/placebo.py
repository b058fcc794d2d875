"""The placebo: whether it is nothing, over all and under each of the rivals that orient it, and whether it differs from zero at all."""

from collections.abc import Iterator

import pandas as pd

from freqbias.analysis.estimate.means import LEVEL, equivalence
from freqbias.analysis.estimate.series import Series, item_means
from freqbias.analysis.stats.joint import all_zero_p
from freqbias.analysis.stats.resampling import t_interval
from freqbias.records import Estimate
from freqbias.terms import DIFFERS, EQUIVALENT, NOT_EQUIVALENT, PLACEBO, PLACEBO_JOINT

MIN_ORIENTED = 5  # items; the equivalence of fewer cannot be shown, and says nothing against the whole


def placebo(series: Series) -> Iterator[Estimate]:
    """Yield the equivalence tests of the placebo, over all and by what orients it, and the joint test that nothing moves it.

    The whole is equivalent only where each part of `MIN_ORIENTED` items or more is, since parts of opposite sign cancel in it: its
    p-value is then the largest of all (intersection-union test, Berger 1982). What differs from zero, within the bound or not, says so.
    """
    rows = series.arm(PLACEBO)
    if rows.empty:
        return
    oriented = rows.dropna(subset=["oriented_by"]) if series.apart else rows[:0]
    joint = _joint(series, oriented) if len(oriented) else None
    if series.sesoi is not None:
        parts = [_part(series, f"equivalence:{name}", own) for name, own in oriented.groupby("oriented_by")]
        yield _whole(_part(series, "equivalence", rows), parts, joint)
        yield from parts
    if joint is not None:
        yield joint


def _part(series: Series, term: str, rows: pd.DataFrame) -> Estimate:
    row = equivalence(series, PLACEBO, term, rows)
    interval = t_interval(item_means(rows, "gap"))
    differs = interval.low is not None and interval.high is not None and not interval.low <= 0 <= interval.high
    return row.replace(flags=[*row.flags, DIFFERS]) if differs else row


def _whole(row: Estimate, parts: list[Estimate], joint: Estimate | None) -> Estimate:
    counted = [part for part in parts if part.n_items >= MIN_ORIENTED]
    p_values = [part.p_value for part in (row, *counted) if part.p_value is not None]
    differs = DIFFERS in row.flags or (joint is not None and (joint.p_value or 0.0) < LEVEL)
    held = [EQUIVALENT if all(EQUIVALENT in part.flags for part in (row, *counted)) else NOT_EQUIVALENT]
    return row.replace(
        p_value=max(p_values) if p_values else None,
        flags=[*held, DIFFERS] if differs else held,
        method=f"{row.method}; the largest p of all and of each part by what orients it" if counted else row.method,
    )


def _joint(series: Series, rows: pd.DataFrame) -> Estimate:
    table = rows.pivot_table(index="item", columns="oriented_by", values="gap", aggfunc="mean")
    means = table.mean()
    return series.make(
        PLACEBO,
        PLACEBO_JOINT,
        rows,
        value=float(means.abs().max()),
        p_value=all_zero_p(table.to_numpy(dtype=float), series.rng(PLACEBO, PLACEBO_JOINT), series.resamples),
        bound=series.sesoi,
        method="largest absolute mean by what orients the placebo; joint sign-flip p that every mean is zero",
        details={
            "means": {str(name): float(mean) for name, mean in means.items()},
            "items": {str(k): int(v) for k, v in table.notna().sum().items()},
        },
    )
