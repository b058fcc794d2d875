"""The report: answers, how far to trust them, what to do, then all the rest; as one HTML file, Markdown, CSV, JSON and figures."""

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from freqbias.analysis.estimate.across_models import ALL_MODELS
from freqbias.analysis.estimate.compare import OtherPairsError
from freqbias.analysis.estimate.families import CONFIRMATORY_FAMILY, EXPLORATORY_FAMILY, adjusted, repeated, settled
from freqbias.analysis.estimate.model_pairing import UntoldModelsError
from freqbias.analysis.figures import intervals as figures
from freqbias.analysis.figures.svg import Chart
from freqbias.analysis.report.answers import matrices
from freqbias.analysis.report.as_json import document
from freqbias.analysis.report.comparing import Comparison, compare_runs
from freqbias.analysis.report.embedded import blocks
from freqbias.analysis.report.formatting import listed
from freqbias.analysis.report.limitations import limits_of_runs
from freqbias.analysis.report.page_glossary import glossary_of
from freqbias.analysis.report.pair_table import pairs_of_page
from freqbias.analysis.report.reading import Run, labels_of, one_judgement_each, read_run, refuse_repeats
from freqbias.analysis.report.rendering import render
from freqbias.analysis.report.sections import (
    by_model,
    distrust_of,
    distrust_of_all,
    examples_of,
    keys_of,
    sections_of,
    sources_of,
    steps_of,
)
from freqbias.analysis.report.sentences import said
from freqbias.characters import escaped, guarded
from freqbias.files import write_json, write_text
from freqbias.judgement import Judgements
from freqbias.records import Estimate
from freqbias.terms import (
    DIFFERENCE,
    ESTIMATES_TABLE,
    FIGURES_FOLDER,
    FINDINGS_REPORT,
    FREQUENCY,
    HTML_REPORT,
    JSON_REPORT,
    LENGTH,
    MARKDOWN_REPORT,
    PLACEBO,
)

LONGEST_SUMMARY = 120  # lines of `report.md`
CUTS = (10_000, 20, 14, 10, 7, 5, 3, 2)  # sentences of a list in it, of rows and limits more, tried in this order


def write_report(*runs: str | os.PathLike[str], out: str | os.PathLike[str] | None = None) -> list[Path]:
    """Write the report on one or more runs and return the paths of its files.

    They are `report.html`, `report.md`, `findings.md`, `report.json`, `estimates.csv` and `figures/` (SVG and CSV).

    Reads `estimates.jsonl`, and `pairs.jsonl`, `observations.jsonl`, `audit.json` and `manifest.json` where they are there. Writes
    into `out`, by default the first run folder. Over several runs the p-values of each family are adjusted together, and two runs over
    the same pairs are held against each other first (see `comparing`). Raises `InputError` for a run without estimates and for two runs
    that hold the same model and probe.
    """
    folders = [Path(run) for run in runs]
    read = [read_run(folder, label) for folder, label in zip(folders, labels_of(folders), strict=True)]
    refuse_repeats(read, folders)
    estimates = [row for run in read for row in run.estimates]
    judgements = one_judgement_each(read)
    if len(read) > 1:
        estimates = adjusted(estimates, settled(estimates, judgements))
    judgements = settled(estimates, judgements)
    sections = sections_of(read, estimates, judgements)
    audits = [(run, figures.love(run.audit, key)) for run, key in zip(read, keys_of([r.label for r in read]), strict=True) if run.audit]
    charts: list[Chart | None] = [figures.overview(estimates, judgements), *(chart for _, chart in audits)]
    comparison, how_to_compare = _comparison(read, folders)
    context = {
        "comparison": comparison,
        "how_to_compare": how_to_compare,
        "sections": sections,
        "examples": examples_of(sections),
        "matrices": matrices(section.verdict.told for section in sections),
        "models": by_model(sections),
        "steps": steps_of(sections),
        "limits": limits_of_runs({run.label: run.limits for run in read}),
        "distrust": distrust_of(sections),
        "distrust_all": distrust_of_all(read),
        "blocks": blocks(estimates, pairs_of_page(sources_of(sections)), glossary_of(estimates, judgements)),
        "texts_shown": any(section.run.table is not None for section in sections),
        "estimates": estimates,
        "families": _families(estimates, judgements),
        "repeats": _twins(estimates, judgements),
        "runs": read,
        "audits": audits,
        "overview": charts[0],
        "arms": ARM_NOTES,
    }
    charts += [chart for section in sections for chart in (section.controls, *section.effects)]
    target = folders[0] if out is None else Path(out)
    return [*_write_texts(target, context), *_write_charts(target / FIGURES_FOLDER, [chart for chart in charts if chart is not None])]


ARM_NOTES = {arm: said(f"arm_{arm}") for arm in (PLACEBO, LENGTH, FREQUENCY, DIFFERENCE)}


def _comparison(runs: Sequence[Run], folders: Sequence[Path]) -> tuple[Comparison | None, str | None]:
    """Return what two runs over the same pairs differ by, or how to ask for it where it cannot be told which models are meant."""
    if len(runs) != 2 or any(run.table is None for run in runs):
        return None, None
    first, second = (run.label for run in runs)
    try:
        return compare_runs(folders[0], folders[1], labels=(first, second)), None
    except UntoldModelsError:
        held = [listed(sorted({row.model for row in run.estimates} - {ALL_MODELS})) for run in runs]
        return None, said("compare_ask", runs=shlex.join((first, second)), first=first, second=second, a=held[0], b=held[1])
    except OtherPairsError:
        return None, None


def _twins(estimates: Sequence[Estimate], judgements: Judgements) -> list[tuple[str, str, str, str]]:
    """Return what has one number under two names: probe and contrast, and the probe and contrast that it repeats."""
    couples = [(estimates[i], estimates[twin]) for i, twin in repeated(estimates, judgements).items()]
    return sorted({(row.probe, row.contrast, twin.probe, twin.contrast) for row, twin in couples})


def _families(estimates: Sequence[Estimate], judgements: Judgements) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {CONFIRMATORY_FAMILY: [], EXPLORATORY_FAMILY: []}
    same = repeated(estimates, judgements)
    for i, row in enumerate(estimates):
        if row.family in named:
            named[row.family].append(_named(row) + (said("one_test", name=_named(estimates[same[i]])) if i in same else ""))
    return named


def _named(row: Estimate) -> str:
    return f"{row.model} / {row.probe} / {row.measure} / {row.contrast} / {row.arm} / {row.term}"


def _write_texts(folder: Path, context: Mapping[str, Any]) -> list[Path]:
    pages = (HTML_REPORT, MARKDOWN_REPORT, FINDINGS_REPORT)
    for name in pages:
        write_text(folder / name, _summary(context) if name == MARKDOWN_REPORT else render(f"{name}.jinja", context))
    write_text(folder / ESTIMATES_TABLE, _as_csv(context["estimates"]))
    write_json(folder / JSON_REPORT, document(context))
    return [folder / name for name in (*pages, JSON_REPORT, ESTIMATES_TABLE)]


def _summary(context: Mapping[str, Any]) -> str:
    """Return the report in Markdown; of many models each list is cut until all of it is a summary."""
    for most in CUTS:
        text = render(f"{MARKDOWN_REPORT}.jinja", {**context, "most": most})
        if text.count("\n") <= LONGEST_SUMMARY:
            break
    return text


def _as_csv(estimates: Sequence[Estimate]) -> str:
    """Return every estimate as a row of CSV; flags joined, details left to `estimates.jsonl`."""
    rows = [{**row.to_dict(), "flags": " ".join(row.flags)} for row in estimates]
    return as_csv(pd.DataFrame(rows).drop(columns="details", errors="ignore"))


def as_csv(table: pd.DataFrame) -> str:
    """Return a table as CSV: in its texts there is nothing that a terminal or a spreadsheet would obey, and its numbers are numbers."""
    shown = table.map(lambda value: guarded(value) if isinstance(value, str) else value).rename(columns=guarded)
    return shown.to_csv(index=False, float_format="%.8g", lineterminator="\n")


def _write_charts(folder: Path, charts: Sequence[Chart]) -> list[Path]:
    written = []
    for chart in charts:
        paths = [folder / f"{chart.name}.{suffix}" for suffix in ("svg", "csv")]
        write_text(paths[0], escaped(chart.svg.replace("currentColor", "#222222")))
        write_text(paths[1], as_csv(chart.data))
        written += paths
    return written
