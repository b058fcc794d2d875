"""Figures of estimates: overview of all models, controls, forest plot, love plot of the audit."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from freqbias.analysis.figures.svg import COLOURS, INK, Chart, Subject, favouring, interval_rows, interval_table, svg
from freqbias.judgement import Judgements
from freqbias.records import Estimate
from freqbias.terms import DIFFERENCE, FREQUENCY, LENGTH, PLACEBO, SPLIT_SPLIT, WHOLE_SPLIT, WHOLE_WHOLE

#: A standardised difference under .1 is commonly taken as negligible (Austin 2009, Communications in Statistics 38(6), 1228-1234).
NEGLIGIBLE_DZ = 0.1


def overview(estimates: Sequence[Estimate], judgements: Judgements) -> Chart | None:
    """Return the confirmatory contrast of every model, a panel per probe and measure; None for fewer than two.

    On the left in the measure's own unit, which does not compare across models; on the right over the model's own
    exact - decoy margin, which does, where that is known.
    """
    wanted = [
        row
        for row in estimates
        if row.arm == FREQUENCY and judgements[row.probe].judges(row.contrast, row.measure) and row.value is not None
    ]
    panels: dict[tuple[str, str], list[list[Estimate]]] = {}
    for row in wanted:
        if row.term in ("mean", "relative"):
            panels.setdefault((row.probe, row.measure), [[], []])[row.term == "relative"].append(row)
    panels = {key: sides for key, sides in panels.items() if sides[0]}
    means = [row for means, _ in panels.values() for row in means]
    if len(means) < 2:
        return None
    columns = 2 if any(relative for _, relative in panels.values()) else 1
    heights = [max(len(sides[0]), 1) + 1.6 for sides in panels.values()]

    def draw(figure: Any) -> None:
        grid = figure.subplots(len(panels), columns, squeeze=False, height_ratios=heights)
        for line, ((probe, measure), sides) in zip(grid, panels.items(), strict=True):
            for axes, rows, unit in zip(line, sides, (judgements[probe].unit_of(measure), "of exact − decoy"), strict=False):
                if not rows:
                    axes.set_axis_off()
                    continue
                interval_rows(axes, rows, [row.model for row in rows])
                axes.set_title(f"{probe}: {rows[0].contrast}", loc="left", fontsize=10)
                axes.set_xlabel(favouring(unit))
                axes.locator_params(axis="x", nbins=5)

    label = "Confirmatory contrast of every model: " + "; ".join(f"{row.model}, {row.probe} {row.value:.3g}" for row in means)
    return Chart(
        name="overview",
        svg=svg(draw, 3.8 + 1.9 * columns, 0.36 * sum(heights), "overview", label),
        caption="The confirmatory contrast of every model and probe, with 95 % intervals over items. "
        + ("Left in the unit of the measure, which does not compare across models; right in units of the model's own margin "
           "between right and wrong (exact − decoy), which does." if columns == 2 else ""),
        data=interval_table([row for sides in panels.values() for side in sides for row in side]),
    )  # fmt: skip


def forest(subject: Subject, estimates: Sequence[Estimate]) -> Chart | None:
    """Return the forest plot of all contrasts of one model and probe in the frequency arm; None without any."""
    rows = [
        row for row in subject.own(estimates) if (row.arm, row.term) == (FREQUENCY, "mean") and row.contrast not in ("calibration", "raw")
    ]
    if not rows:
        return None

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        interval_rows(axes, rows, [row.contrast for row in rows])
        axes.set_xlabel(favouring(f"{subject.unit}, 95 % interval"))

    label = f"Forest plot of {subject.title}: " + "; ".join(f"{row.contrast} {row.value:.3g}" for row in rows)
    name = f"forest-{subject.key}"
    return Chart(
        name=name,
        svg=svg(draw, 7, 0.8 + 0.34 * len(rows), name, label),
        caption=f"{subject.title}: every contrast in the frequency arm.",
        data=interval_table(rows),
    )


#: What word splitting tells apart, from the top, and how a figure calls it.
STRATA_ROWS = {
    "mean": "all pairs",
    WHOLE_WHOLE: "both words whole",
    WHOLE_SPLIT: "only the rare word split",
    SPLIT_SPLIT: "both words split",
    "equal_subwords": "equally many pieces",
    "adjusted": "all, confounders held constant",
}


def strata(subject: Subject, estimates: Sequence[Estimate]) -> Chart | None:
    """Return the gap by whether the model splits the swapped words, beside the mean; None where that is not known."""
    own = {row.term: row for row in subject.own(estimates) if (row.contrast, row.arm) == (subject.contrast, FREQUENCY)}
    rows = [own[term] for term in STRATA_ROWS if term in own]
    if not {WHOLE_WHOLE, WHOLE_SPLIT, SPLIT_SPLIT} & set(own):
        return None

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        interval_rows(axes, rows, [f"{STRATA_ROWS[row.term]} ({row.n_items})" for row in rows])
        axes.set_xlabel(favouring(f"{subject.contrast}, {subject.unit}"))

    label = f"Gap by word splitting of {subject.title}: " + "; ".join(f"{STRATA_ROWS[row.term]} {row.value:.3g}" for row in rows)
    name = f"strata-{subject.key}"
    return Chart(
        name=name,
        svg=svg(draw, 7, 0.8 + 0.36 * len(rows), name, label),
        caption=f"{subject.title}: the gap by whether the model splits the swapped words, number of items in brackets, 95 % intervals.",
        data=interval_table(rows),
    )


BANDED = "The band is the smallest effect of interest; placebo intervals are 90 % (two one-sided tests at 5 %), the others 95 %."


def controls(subject: Subject, estimates: Sequence[Estimate]) -> Chart | None:
    """Return placebo (over all and per rival), length and frequency beside the equivalence bound, if any; None without controls."""
    own = [row for row in subject.own(estimates) if row.contrast == subject.contrast]
    tested = [row for row in own if row.arm == PLACEBO and row.term.startswith("equivalence")]
    wanted = tested or [row for row in own if row.arm == PLACEBO and row.term == "mean"]
    wanted += [row for row in own if row.term == "mean" and row.arm in (LENGTH, FREQUENCY, DIFFERENCE)]
    if not any(row.arm != FREQUENCY for row in wanted):
        return None
    bound = next((row.bound for row in wanted if row.bound is not None), None)

    def named(row: Estimate) -> str:
        rival = row.term.partition(":")[2]
        return f"{row.arm}, oriented by {rival}" if rival else f"{row.arm} ({row.n_items} items)"

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        if bound is not None:
            axes.axvspan(-bound, bound, color=INK, alpha=0.1, linewidth=0)
        interval_rows(axes, wanted, [named(row) for row in wanted])
        axes.set_xlabel(favouring(f"{subject.contrast}, {subject.unit}"))

    label = f"Controls of {subject.title}: " + "; ".join(f"{named(row)} {row.value:.3g}" for row in wanted)
    name = f"controls-{subject.key}"
    return Chart(
        name=name,
        svg=svg(draw, 7, 0.8 + 0.36 * len(wanted), name, label),
        caption=f"{subject.title}: controls beside the frequency arm. "
        + (BANDED if tested else "This measure has no smallest effect of interest; all intervals are 95 %."),
        data=interval_table(wanted).assign(bound=pd.Series([row.bound for row in wanted], dtype=float)),
    )


def love(audit: Mapping[str, Any], key: str) -> Chart | None:
    """Return the love plot of an audit: dz of every covariate with its interval, one colour an arm; None without any dz.

    dz = mean difference / standard deviation of the differences (Cohen 1988), as the audit gives it.
    """
    rows = [
        {"arm": arm, "covariate": name, **{field: row[field] for field in ("dz", "dz_low", "dz_high")}}
        for arm, part in audit["arms"].items()
        for name, row in part["covariates"].items()
        if row["dz"] is not None
    ]
    if not rows:
        return None
    data = pd.DataFrame(rows)
    arms, names = list(dict.fromkeys(data["arm"])), list(dict.fromkeys(data["covariate"]))
    offsets = {arm: 0.24 * ((len(arms) - 1) / 2 - place) for place, arm in enumerate(arms)}
    places = {name: len(names) - 1 - place for place, name in enumerate(names)}
    # the length arm differs by design, and by so much that nothing else could be read on its scale
    near = data[data["arm"] != LENGTH] if (data["arm"] != LENGTH).any() else data
    edge = 1.08 * max(0.5, float(near[["dz", "dz_low", "dz_high"]].abs().max().max()))

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        axes.axvspan(-NEGLIGIBLE_DZ, NEGLIGIBLE_DZ, color=INK, alpha=0.1, linewidth=0)
        axes.axvline(0, color=INK, linewidth=0.8)
        for arm, own in data.groupby("arm", sort=False):
            heights = [places[name] + offsets[str(arm)] for name in own["covariate"]]
            colour = COLOURS.get(str(arm), INK)
            axes.hlines(heights, own["dz_low"].astype(float), own["dz_high"].astype(float), color=colour, linewidth=1.6)
            axes.plot(own["dz"], heights, "o", color=colour, markersize=4.5, label=arm)
            for dz, height in zip(own["dz"], heights, strict=True):
                if abs(dz) > edge:
                    axes.plot(np.sign(dz) * edge * 0.98, height, ">" if dz > 0 else "<", color=colour, markersize=6)
        axes.set_yticks(list(places.values()), list(places))
        axes.set_ylim(-0.7, len(names) - 0.3)
        axes.set_xlim(-edge, edge)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("standardised difference high − low (dz), 95 % interval")
        figure.legend(loc="outside upper right", ncols=len(arms))

    largest = data.loc[data.groupby("arm", sort=False)["dz"].apply(lambda dz: dz.abs().idxmax())]
    most = "; ".join(f"{row.arm}: {row.covariate} {row.dz:.2f}" for row in largest.itertuples())
    return Chart(
        name=f"love-{key}",
        svg=svg(draw, 7.2, 1.1 + 0.34 * len(names), f"love-{key}", f"Love plot of the pair audit; largest dz by arm: {most}"),
        caption="What differs between the forms: paired standardised difference of every covariate. Inside the band "
        "(± 0.1) a difference is negligible. In the frequency arm only the frequency measures, and subwords, which rarity brings about, "
        "should lie outside it. An arrow stands for a value beyond the axis; the table has it.",
        data=data,
    )
