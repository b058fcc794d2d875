"""Specification curves as figures: effects sorted by size with their intervals, and below which choices made each."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from freqbias.analysis.estimate.specification import AGGREGATIONS, COVARIATE_SETS, FACTORS, MEASURES, OUTLIER_RULES
from freqbias.analysis.figures.svg import FREQUENCY_COLOUR, INK, Chart, Subject, svg
from freqbias.records import Estimate

LEVELS = {"frequency": tuple(MEASURES), "covariates": tuple(COVARIATE_SETS), "aggregation": AGGREGATIONS, "outliers": OUTLIER_RULES}
#: The curve of means and that of slopes: start of the file's name, what is drawn, and which specification a diamond marks.
CURVES = {
    "spec": ("curve", "effect", "the diamond is the verdict's choice"),
    "spec_slope": (
        "slope-curve",
        "slope on the frequency gap (per standard deviation of it)",
        "the diamond is the choice with the swapped words' frequency, no covariate and all items",
    ),
}
_FIRST = 1  # the specification that the diamond marks


def specification_curve(subject: Subject, estimates: Sequence[Estimate], term: str = "spec") -> Chart | None:
    """Return the curve of one model and probe, of means or (`term` = `spec_slope`) of slopes; None without specifications.

    Above, the effect of every specification with its 95 % interval, in ascending order, filled where the interval excludes zero; the
    diamond is the first specification, for means the one of the confirmatory estimate. Below, a dot for every choice. The caption gives
    the joint test. Reference: Simonsohn, Simmons & Nelson (2020), doi:10.1038/s41562-020-0912-z.
    """
    start, what, diamond = CURVES[term]
    own = [row for row in subject.own(estimates) if row.contrast == subject.contrast]
    found = [
        (row.value, int(row.term.partition(":")[2]), row) for row in own if row.term.startswith(f"{term}:") and row.value is not None
    ]
    if not found:
        return None
    rows = [row for _, _, row in sorted(found, key=lambda entry: entry[:2])]
    lines = _lines(rows)

    def draw(figure: Any) -> None:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[11, len(lines)])
        _effects(above, rows)
        above.set_ylabel(f"{subject.contrast} ({subject.unit})")  # no longer: the axis is short
        _matrix(below, rows, lines)
        below.set_xlabel(f"{len(rows)} specifications, by effect")

    excluding = sum(_excludes_zero(row) for row in rows)
    ends = f"{rows[0].value:.3g} to {rows[-1].value:.3g}"
    label = f"Specification curve of {subject.title}, {what}: {len(rows)} specifications, {ends}; {excluding} intervals exclude zero"
    name = f"{start}-{subject.key}"
    table = [{"term": row.term, "value": row.value, "low": row.ci_low, "high": row.ci_high, **_choices(row)} for row in rows]
    return Chart(
        name=name,
        svg=svg(draw, 7.6, 2.8 + 0.22 * len(lines), name, label),
        caption=f"{subject.title}: the {what} under every reasonable choice of frequency measure, covariates, aggregation and outlier "
        f"rule, all listed beforehand. {excluding} of {len(rows)} intervals exclude zero; {diamond}.{_joint(own, f'{term}_joint')}",
        data=pd.DataFrame(table),
    )


def _joint(own: Sequence[Estimate], term: str) -> str:
    found = [row.p_value for row in own if row.term == term and row.p_value is not None]
    return f" Joint test of those by item means: p = {found[0]:.2g}." if found else ""


def _excludes_zero(row: Estimate) -> bool:
    return row.ci_low is not None and row.ci_high is not None and not row.ci_low <= 0 <= row.ci_high


def _choices(row: Estimate) -> dict[str, str]:
    return {factor: row.details[factor] for factor in FACTORS if factor in row.details}


def _lines(rows: Sequence[Estimate]) -> list[tuple[str, str]]:
    """Return the (factor, choice) lines of the matrix, only choices that some specification made."""
    made = {choice for row in rows for choice in _choices(row).items()}
    return [(factor, level) for factor in FACTORS for level in LEVELS[factor] if (factor, level) in made]


def _effects(axes: Any, rows: Sequence[Estimate]) -> None:
    for x, row in enumerate(rows):
        clear = _excludes_zero(row)
        if row.ci_low is not None and row.ci_high is not None:
            axes.plot([x, x], [row.ci_low, row.ci_high], color=FREQUENCY_COLOUR, linewidth=1.4, alpha=1.0 if clear else 0.45)
        marker, size = ("D", 7.0) if row.term.endswith(f":{_FIRST}") else ("o", 4.0)
        axes.plot(x, row.value, marker, color=FREQUENCY_COLOUR, markersize=size, markerfacecolor=FREQUENCY_COLOUR if clear else "none")
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.tick_params(axis="x", length=0, labelbottom=False)
    axes.set_xlim(-0.8, len(rows) - 0.2)


def _matrix(axes: Any, rows: Sequence[Estimate], lines: Sequence[tuple[str, str]]) -> None:
    for y, (factor, level) in enumerate(lines):
        chosen = [row.details.get(factor) == level for row in rows]
        off, on = ([x for x, flag in enumerate(chosen) if flag is wanted] for wanted in (False, True))
        axes.plot(off, [y] * len(off), "o", color=INK, markersize=2.2, alpha=0.15, markeredgewidth=0)
        axes.plot(on, [y] * len(on), "o", color=INK, markersize=3.6, markeredgewidth=0)
        if y and lines[y - 1][0] != factor:
            axes.axhline(y - 0.5, color=INK, linewidth=0.5, alpha=0.4)
    axes.set_yticks(range(len(lines)), [f"{factor}: {level}" for factor, level in lines], fontsize=8)
    axes.set_ylim(len(lines) - 0.4, -0.6)
    axes.tick_params(axis="both", length=0, labelbottom=False)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
