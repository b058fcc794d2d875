"""Figures of right and wrong answers: how many are right in every wording of a problem, and how many differ between two wordings.

`table` is one row per pair and contrast (`contrasts.pair_gaps`). Rows of contrast `paraphrase` hold the placebo's wording as high and the
original as low, those that the probe is judged by the frequent and the rare wording.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from freqbias.analysis.figures.svg import COLOURS, INK, Chart, Subject, svg
from freqbias.analysis.stats.resampling import t_interval
from freqbias.records import Estimate
from freqbias.terms import ACCURACY, CHANCE, FREQUENCY, HIGH, LOW, PARAPHRASE, PLACEBO

#: Wordings from the top, where they stand (contrast: None for the judged one; arm; side), and how the figure calls them.
WORDINGS = (
    (PARAPHRASE, PLACEBO, LOW, "original"),
    (PARAPHRASE, PLACEBO, HIGH, "equally frequent words"),
    (None, FREQUENCY, HIGH, "frequent words"),
    (None, FREQUENCY, LOW, "rare words"),
)
#: Comparisons of two wordings, and the bars of answers that are right in one of them only.
COMPARED = (
    (None, FREQUENCY, (HIGH, "only in frequent words"), (LOW, "only in rare words")),
    (PARAPHRASE, PLACEBO, (LOW, "only in the original"), (HIGH, "only in equally frequent words")),
)


def _rows(subject: Subject, table: pd.DataFrame, contrast: str | None, arm: str) -> pd.DataFrame:
    """Return the rows of accuracy of one model and probe."""
    own = (table["model"] == subject.model) & (table["probe"] == subject.probe) & (table["measure"] == ACCURACY.name)
    rows: pd.DataFrame = table[own & (table["contrast"] == (contrast or subject.contrast)) & (table["arm"] == arm)]
    return rows.dropna(subset=[HIGH, LOW])


def accuracy(subject: Subject, table: pd.DataFrame, observations: pd.DataFrame) -> Chart | None:
    """Return accuracy in every wording with 95 % intervals over items, and what guessing gives; None without rows of accuracy."""
    parts: list[list[Any]] = []
    for contrast, arm, side, name in WORDINGS:
        items = _rows(subject, table, contrast, arm).groupby("item")[side].mean().to_numpy(dtype=float)
        if len(items):
            interval = t_interval(items)
            ends = [np.nan if end is None else end for end in (interval.low, interval.high)]
            parts.append([name, arm, float(items.mean()), *ends, len(items)])
    if len(parts) < 2:
        return None
    data = pd.DataFrame(parts, columns=["wording", "arm", ACCURACY.name, "ci_low", "ci_high", "n_items"])
    chance = _chance(subject, observations)
    places = range(len(data))[::-1]

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        if chance is not None:
            axes.axvline(chance, color=INK, linewidth=0.8, linestyle="--")
        for y, (_, arm, value, low, high, _) in zip(places, parts, strict=True):
            if not np.isnan(low):
                axes.plot([low, high], [y, y], color=COLOURS[arm], linewidth=2.2, solid_capstyle="butt")
            axes.plot(value, y, "o", color=COLOURS[arm], markersize=5.5)
        axes.set_yticks(places, data["wording"])
        axes.set_ylim(-0.6, len(data) - 0.4)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("share of answers that are right")

    told = "; ".join(f"{row.wording} {row.accuracy:.3g}" for row in data.itertuples(index=False))
    guessed = "" if chance is None else f"; by guessing {chance:.3g}"
    name = f"accuracy-{subject.key}"
    return Chart(
        name=name,
        svg=svg(draw, 7, 0.9 + 0.36 * len(data), name, f"Accuracy by wording of {subject.title}: {told}{guessed}"),
        caption=f"{subject.title}: share of right answers in each wording, 95 % intervals over items. The same items are asked in "
        "all, so differences are surer than these intervals look."
        + ("" if chance is None else " The dashed line is what guessing gives."),
        data=data.assign(chance=np.nan if chance is None else chance),
    )


def _chance(subject: Subject, observations: pd.DataFrame) -> float | None:
    """Return what guessing gives on average over items; None where the rows do not say, or where nothing can be guessed."""
    column = f"{CHANCE}_{HIGH}"
    if column not in observations.columns:
        return None
    own = (observations["model"] == subject.model) & (observations["probe"] == subject.probe)
    known = observations[own & (observations["measure"] == ACCURACY.name)].dropna(subset=[column])
    value = float(known.groupby("item")[column].mean().mean()) if len(known) else 0.0
    return value if value > 0 else None


def discordant(subject: Subject, table: pd.DataFrame, estimates: Sequence[Estimate]) -> Chart | None:
    """Return the pairs that are right in one wording only, both counts; None where no answers are 0 or 1, or where none differ."""
    parts: list[list[Any]] = []
    for contrast, arm, *sides in COMPARED:
        rows = _rows(subject, table, contrast, arm)
        if rows.empty or not np.isin(rows["gap"].to_numpy(dtype=float), (-1.0, 0.0, 1.0)).all():
            continue
        p_value = _p_value(subject, estimates, contrast or subject.contrast, arm)
        signs = {HIGH: 1.0, LOW: -1.0}
        parts += [[name, arm, int((rows["gap"] == signs[side]).sum()), len(rows), p_value] for side, name in sides]
    data = pd.DataFrame(parts, columns=["right", "arm", "pairs", "of_pairs", "p_value"])
    if data.empty or not data["pairs"].sum():
        return None
    places = range(len(data))[::-1]

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        axes.barh(list(places), data["pairs"], height=0.6, color=[COLOURS[arm] for arm in data["arm"]], alpha=0.8)
        for y, (count, p_value) in zip(places, zip(data["pairs"], _first(data), strict=True), strict=True):
            axes.annotate(f" {count}{p_value}", (count, y), va="center")
        axes.set_yticks(places, data["right"])
        axes.set_xlim(0, 1.4 * max(data["pairs"]))
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("pairs that are right in one wording only")

    told = "; ".join(f"{row.right} {row.pairs} of {row.of_pairs}" for row in data.itertuples(index=False))
    name = f"discordant-{subject.key}"
    return Chart(
        name=name,
        svg=svg(draw, 7, 0.9 + 0.36 * len(data), name, f"Pairs right in one wording only, {subject.title}: {told}"),
        caption=f"{subject.title}: pairs whose answer is right in one wording only, in both directions. The p-value (unadjusted) is "
        "McNemar's exact one where items have one pair each, else that of the mean over items.",
        data=data,
    )


def _p_value(subject: Subject, estimates: Sequence[Estimate], contrast: str, arm: str) -> float:
    """Return McNemar's p-value where there is one, else that of the mean; NaN without either."""
    key = (subject.model, subject.probe, ACCURACY.name, contrast, arm)
    rows = {row.term: row.p_value for row in estimates if row.key[:-1] == key}
    found = [p for term in ("discordant", "mean") if (p := rows.get(term)) is not None]
    return found[0] if found else float("nan")


def _first(data: pd.DataFrame) -> list[str]:
    """Return the p-value of each comparison in words, at the first of its two bars."""
    shown = ["" if np.isnan(p) else ", p < .001" if p < 0.001 else f", p = {p:.3f}".replace("0.", ".") for p in data["p_value"]]
    return [text if place % 2 == 0 else "" for place, text in enumerate(shown)]
