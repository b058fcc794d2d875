"""Figures as SVG text: forest plot, gap against frequency gap, controls.

SVGs are deterministic, transparent, take their colour from the page (light or dark), and keep text as text.
"""

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from freqbias.analysis.contrasts import CONFIRMATORY
from freqbias.analysis.verdict import UNITS
from freqbias.records import Estimate

INK = "#123456"  # stands for the page's text colour and is replaced by `currentColor`
FREQUENCY, PLACEBO, LENGTH = "#2f7dc1", "#c1752f", "#6a8f3c"
COLOURS = {"frequency": FREQUENCY, "placebo": PLACEBO, "length": LENGTH, "frequency-placebo": "#8458b3"}
MAX_POINTS = 2000  # in a scatter plot; more only make the file heavy


def _svg(draw: Callable[[Any], None], width: float, height: float, name: str, label: str) -> str:
    """Return one drawing as SVG text with an accessible label; `name` keeps its ids apart from other figures'."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    style: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "font.size": 10,
        "font.family": "sans-serif",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.unicode_minus": True,
        **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :].replace(INK, "currentColor")
    title = label.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return text.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)


def _interval_rows(axes: Any, rows: Sequence[Estimate], labels: Sequence[str]) -> None:
    for y, row in zip(range(len(rows))[::-1], rows, strict=True):
        colour = COLOURS[row.arm]
        if row.ci_low is not None and row.ci_high is not None:
            axes.plot([row.ci_low, row.ci_high], [y, y], color=colour, linewidth=2.2, solid_capstyle="butt")
        axes.plot(row.value, y, "o", color=colour, markersize=5.5)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(range(len(rows))[::-1], labels)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.tick_params(axis="y", length=0)


def forest(estimates: Sequence[Estimate], model: str, probe: str) -> str | None:
    """Return the forest plot of all contrasts of one model and probe in the frequency arm; None without any."""
    rows = [
        row
        for row in estimates
        if (row.model, row.probe, row.arm, row.term) == (model, probe, "frequency", "mean")
        and row.contrast not in ("calibration", "raw")
        and row.value is not None
    ]
    if not rows:
        return None

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        _interval_rows(axes, rows, [row.contrast for row in rows])
        axes.set_xlabel(f"high − low ({UNITS.get(rows[0].measure, rows[0].measure)}), 95 % interval over items")

    label = f"Forest plot of {model}, {probe}: " + "; ".join(f"{row.contrast} {row.value:.3g}" for row in rows)
    return _svg(draw, 7, 0.8 + 0.34 * len(rows), f"forest-{model}-{probe}", label)


def controls(estimates: Sequence[Estimate], model: str, probe: str) -> str | None:
    """Return placebo (over all and per rival), length and frequency beside the equivalence bound; None without controls."""
    contrast = CONFIRMATORY.get(probe, "gap")
    own = [row for row in estimates if (row.model, row.probe, row.contrast) == (model, probe, contrast) and row.value is not None]
    wanted = [row for row in own if row.arm == "placebo" and row.term.startswith("equivalence")]
    wanted += [row for row in own if row.term == "mean" and row.arm in ("length", "frequency", "frequency-placebo")]
    if not any(row.arm != "frequency" for row in wanted):
        return None
    bound = next((row.bound for row in wanted if row.bound is not None), None)

    def name(row: Estimate) -> str:
        rival = row.term.partition(":")[2]
        return f"{row.arm}, oriented by {rival}" if rival else f"{row.arm} ({row.n_items} items)"

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        if bound is not None:
            axes.axvspan(-bound, bound, color=INK, alpha=0.1, linewidth=0)
        _interval_rows(axes, wanted, [name(row) for row in wanted])
        unit = UNITS.get(wanted[0].measure, wanted[0].measure)
        axes.set_xlabel(f"high − low in {contrast} ({unit})")

    label = f"Controls of {model}, {probe}: " + "; ".join(f"{name(row)} {row.value:.3g}" for row in wanted)
    return _svg(draw, 7, 0.8 + 0.36 * len(wanted), f"controls-{model}-{probe}", label)


def dose(table: pd.DataFrame, estimates: Sequence[Estimate], model: str, probe: str) -> str | None:
    """Return the pairs' gaps against `zipf_gap` with a least-squares line through them; None without varying gaps.

    `table` is what `contrasts.join` returns. Above 2,000 pairs a fixed sample is drawn and the axis says so.
    """
    contrast = CONFIRMATORY.get(probe, "gap")
    chosen = (table["model"] == model) & (table["probe"] == probe) & (table["contrast"] == contrast) & (table["arm"] == "frequency")
    rows = table.loc[chosen, ["zipf_gap", "gap", "measure"]].dropna()
    if len(rows) < 3 or np.ptp(rows["zipf_gap"]) == 0:
        return None
    slope, intercept = np.polyfit(rows["zipf_gap"], rows["gap"], 1)
    shown = rows.sample(MAX_POINTS, random_state=0) if len(rows) > MAX_POINTS else rows
    unit = UNITS.get(rows["measure"].iloc[0], rows["measure"].iloc[0])

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        axes.plot(shown["zipf_gap"], shown["gap"], "o", color=FREQUENCY, markersize=3, alpha=0.45, markeredgewidth=0)
        ends = np.array([rows["zipf_gap"].min(), rows["zipf_gap"].max()])
        axes.plot(ends, intercept + slope * ends, color=INK, linewidth=1.6)
        axes.axhline(0, color=INK, linewidth=0.8)
        sampled = f" ({len(shown)} of {len(rows)} pairs)" if len(shown) < len(rows) else f" ({len(rows)} pairs)"
        axes.set_xlabel(f"frequency gap of the swapped words (Zipf){sampled}")
        axes.set_ylabel(f"high − low in {contrast} ({unit})")

    label = f"Gap against frequency gap, {model}, {probe}; least-squares slope {slope:.3g} per Zipf unit over {len(rows)} pairs"
    return _svg(draw, 7, 3.4, f"dose-{model}-{probe}", label)
