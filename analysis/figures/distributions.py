"""Figures of the values themselves: gap against frequency gap, raw gaps as a raincloud, crossed cells.

`table` is one row per pair and contrast (`contrasts.pair_gaps` with `zipf_gap`). Where there are more points than `points`, a
fixed sample is drawn and the figure says so; fits, densities and the data beside the figure use all of them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from freqbias.analysis.figures.svg import COLOURS, FREQUENCY_COLOUR, INK, Chart, Subject, favouring, svg
from freqbias.records import Estimate
from freqbias.terms import CELLS, CROSSED, FREQUENCY, PLACEBO

MAX_POINTS = 2000  # of one cloud; more only make the file heavy
ARMS = (FREQUENCY, PLACEBO)


def _sample(rows: pd.DataFrame, points: int) -> pd.DataFrame:
    return rows.sample(points, random_state=0) if len(rows) > points else rows


def _of(shown: int, total: int, what: str) -> str:
    return f"{total} {what}" if shown == total else f"{shown} of {total} {what}"


def dose(subject: Subject, table: pd.DataFrame, estimates: Sequence[Estimate] = (), points: int = MAX_POINTS) -> Chart | None:
    """Return the pairs' gaps against `zipf_gap`; None without varying gaps.

    A dashed line is the least-squares fit through all pairs; a full one has the slope that holds confounders constant, through the means.
    """
    own = subject.rows(table)
    rows = own.loc[(own["contrast"] == subject.contrast) & (own["arm"] == FREQUENCY), ["item", "pair_id", "zipf_gap", "gap"]].dropna()
    if len(rows) < 3 or np.ptp(rows["zipf_gap"]) == 0:
        return None
    slope, intercept = np.polyfit(rows["zipf_gap"], rows["gap"], 1)
    held = _held_slope(subject, estimates)
    shown = _sample(rows, points)

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        axes.plot(shown["zipf_gap"], shown["gap"], "o", color=FREQUENCY_COLOUR, markersize=3, alpha=0.45, markeredgewidth=0)
        ends = np.array([rows["zipf_gap"].min(), rows["zipf_gap"].max()])
        axes.plot(ends, intercept + slope * ends, "--", color=INK, linewidth=1.2)
        if held is not None:
            axes.plot(ends, rows["gap"].mean() + held * (ends - rows["zipf_gap"].mean()), color=INK, linewidth=1.8)
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.set_xlabel(f"frequency gap of the swapped words (Zipf); {_of(len(shown), len(rows), 'pairs')}")
        axes.set_ylabel(favouring(f"{subject.contrast}, {subject.unit}"))

    adjusted = "" if held is None else f", with confounders held constant {held:.3g}"
    label = f"Gap against frequency gap, {subject.title}; least-squares slope {slope:.3g} per Zipf unit over {len(rows)} pairs{adjusted}"
    name = f"dose-{subject.key}"
    return Chart(
        name=name,
        svg=svg(draw, 7, 3.4, name, label),
        caption=f"{subject.title}: one dot a pair. The dashed line is the unadjusted least-squares fit through all pairs"
        + ("." if held is None else "; the full one has the slope within the arm that holds confounders constant, through the means."),
        data=rows,
    )


def _held_slope(subject: Subject, estimates: Sequence[Estimate]) -> float | None:
    """Return the slope on the frequency gap within the frequency arm, confounders held constant; None where there is none."""
    rows = {row.term: row.value for row in subject.own(estimates) if (row.contrast, row.arm) == (subject.contrast, FREQUENCY)}
    return rows.get("within_slope", rows.get("zipf_slope"))


def raincloud(subject: Subject, table: pd.DataFrame, estimates: Sequence[Estimate], points: int = MAX_POINTS) -> Chart | None:
    """Return item means of the confirmatory gap in the frequency and placebo arms; None where neither has any.

    Per arm: density above (Gaussian kernel, Scott's bandwidth), one dot an item below, mean with 95 % interval between them, from
    the estimates (Allen et al. 2019, Wellcome Open Research 4:63).
    """
    own = subject.rows(table)
    rows = own[(own["contrast"] == subject.contrast) & own["arm"].isin(ARMS)]
    items = rows.groupby(["arm", "item"])["gap"].mean().dropna().reset_index()
    if items.empty:
        return None
    arms = [arm for arm in ARMS if (items["arm"] == arm).any()]
    means = {row.arm: row for row in subject.own(estimates) if (row.contrast, row.term) == (subject.contrast, "mean")}
    gaps = {arm: items[items["arm"] == arm] for arm in arms}
    shown = {arm: _sample(own, points) for arm, own in gaps.items()}
    counts = {arm: _of(len(shown[arm]), len(gaps[arm]), "items") for arm in arms}

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        axes.axvline(0, color=INK, linewidth=0.8)
        for place, arm in enumerate(reversed(arms)):
            _rain(axes, place, COLOURS[arm], gaps[arm]["gap"].to_numpy(), shown[arm]["gap"].to_numpy())
            if arm in means:
                _mean(axes, place, means[arm])
        axes.set_yticks(range(len(arms)), [f"{arm}\n{counts[arm]}" for arm in reversed(arms)])
        axes.set_ylim(-0.5, len(arms) - 0.45)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(favouring(f"{subject.contrast}, mean of an item, {subject.unit}"))

    parts = [f"{arm} mean {means[arm].value:.3g}" for arm in arms if arm in means]
    name = f"raincloud-{subject.key}"
    return Chart(
        name=name,
        svg=svg(draw, 7, 0.9 + 1.3 * len(arms), name, f"Raw gaps of items, {subject.title}: " + "; ".join(parts)),
        caption=f"{subject.title}: raw gaps, one dot an item ({'; '.join(f'{arm}: {counts[arm]}' for arm in arms)}), their density "
        "above, mean and 95 % interval between.",
        data=items,
    )


def _rain(axes: Any, place: int, colour: str, gaps: Any, shown: Any) -> None:
    jitter = np.random.default_rng(0).uniform(0.12, 0.38, len(shown))
    axes.plot(shown, place - jitter, "o", color=colour, markersize=3, alpha=0.45, markeredgewidth=0)
    if len(gaps) > 2 and np.ptp(gaps) > 1e-9:  # a density needs spread; float32 noise has none to show
        grid = np.linspace(gaps.min(), gaps.max(), 160)
        density = stats.gaussian_kde(gaps)(grid)
        axes.fill_between(grid, place + 0.1, place + 0.1 + 0.38 * density / density.max(), color=colour, alpha=0.35, linewidth=0)


def _mean(axes: Any, place: int, row: Estimate) -> None:
    if row.ci_low is not None and row.ci_high is not None:
        axes.plot([row.ci_low, row.ci_high], [place, place], color=INK, linewidth=2.2, solid_capstyle="butt")
    axes.plot(row.value, place, "o", color=INK, markersize=5.5)


def cell_means(crossed: pd.DataFrame, factors: tuple[str, str] = ("query", "document")) -> pd.DataFrame:
    """Return mean and 95 % within-item interval of the crossed cells, over item means.

    Columns are the form of either factor, then `mean` to `n_items`. Each item's own level is taken out first and the variance multiplied
    by C / (C - 1), C = 4 cells (Cousineau 2005, TQMP 1(1), 42-45; corrected by Morey 2008, TQMP 4(2), 61-64). Limits: NaN for one item.
    """
    items = crossed.groupby("item")[list(CELLS)].mean().dropna()
    values = items.to_numpy()
    n = len(values)
    levelled = values - values.mean(axis=1, keepdims=True) + values.mean()
    means = values.mean(axis=0)
    half = np.full(len(CELLS), np.nan)
    if n > 1:
        correction = np.sqrt(len(CELLS) / (len(CELLS) - 1))
        half = stats.t.ppf(0.975, n - 1) * correction * levelled.std(axis=0, ddof=1) / np.sqrt(n)
    sides = {"h": "frequent", "l": "rare"}
    return pd.DataFrame(
        {
            factors[0]: [sides[cell[0]] for cell in CELLS],
            factors[1]: [sides[cell[1]] for cell in CELLS],
            "mean": means,
            "ci_low": means - half,
            "ci_high": means + half,
            "n_items": n,
        }
    )


def interaction(subject: Subject, observations: pd.DataFrame) -> Chart | None:
    """Return the 2x2 of two forms, as the probe crosses them (query and document, exact text and decoy), in the frequency arm.

    The first is on the x axis, the second has the lines. None without crossed rows.
    """
    own = subject.rows(observations)
    crossed = own[(own["contrast"] == CROSSED) & (own["arm"] == FREQUENCY)].dropna(subset=list(CELLS))
    if crossed.empty:
        return None
    across, lines = subject.cells
    data = cell_means(crossed, subject.cells)

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        for form, style, shift in (("frequent", "-", -0.02), ("rare", "--", 0.02)):
            line = data[data[lines] == form]
            x = np.arange(2) + shift
            label = f"{lines} in the {form} word"
            axes.plot(x, line["mean"], style, color=INK, linewidth=1.4, marker="o", markersize=5, label=label)
            if line["ci_low"].notna().all():
                axes.vlines(x, line["ci_low"], line["ci_high"], color=INK, linewidth=1.6)
        axes.set_xticks([0, 1], [f"{across} in the frequent word", f"{across} in the rare word"])
        axes.set_xlim(-0.4, 1.4)
        axes.set_ylabel(subject.unit)
        figure.legend(loc="outside upper left", ncols=2)

    values = data[[across, lines, "mean"]].itertuples(index=False)
    cells = "; ".join(f"{across} {first}, {lines} {second} {mean:.3g}" for first, second, mean in values)
    name = f"interaction-{subject.key}"
    return Chart(
        name=name,
        svg=svg(draw, 7, 3.2, name, f"Crossed cells of {subject.title}: {cells}"),
        caption=f"{subject.title}: {across} and {lines} in either form, over {data['n_items'].iloc[0]} items, with 95 % within-item "
        "intervals." + (" Lines that cross are word matching, not preference." if across == "query" else ""),
        data=data,
    )
