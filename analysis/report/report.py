"""The report: answers, how far to trust them, what to do, then all the rest; as one HTML file, Markdown, CSV, JSON and figures."""

import math
import os
import re
import shlex
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from freqbias.analysis.estimate.across_models import ALL_MODELS
from freqbias.analysis.estimate.compare import OtherPairsError
from freqbias.analysis.estimate.families import CONFIRMATORY_FAMILY, EXPLORATORY_FAMILY, adjusted, repeated, settled
from freqbias.analysis.estimate.model_pairing import UntoldModelsError
from freqbias.analysis.figures import distributions
from freqbias.analysis.figures import intervals as figures
from freqbias.analysis.figures.specification_curve import CURVES, specification_curve
from freqbias.analysis.figures.svg import Chart, Subject
from freqbias.analysis.report.advice import Advice, advice_of
from freqbias.analysis.report.answers import YES, matrices
from freqbias.analysis.report.as_json import document
from freqbias.analysis.report.comparing import Comparison, compare_runs
from freqbias.analysis.report.embedded import blocks
from freqbias.analysis.report.formatting import listed, number
from freqbias.analysis.report.limitations import Limit, limits_of, limits_of_runs
from freqbias.analysis.report.notes import notes
from freqbias.analysis.report.page_glossary import glossary_of
from freqbias.analysis.report.pair_table import Source, pairs_of_page
from freqbias.analysis.report.rendering import render
from freqbias.analysis.report.sentences import said
from freqbias.analysis.report.top_pairs import Largest, Shown, largest
from freqbias.analysis.report.trust import distrusted
from freqbias.analysis.report.verdict import Verdict
from freqbias.analysis.report.verdicts_of_run import manifest_of, verdicts_of
from freqbias.analysis.table import belonging, contrasts
from freqbias.analysis.table.frame import frame
from freqbias.analysis.table.judged import judgements_of
from freqbias.covariates import frequency_gaps
from freqbias.errors import InputError
from freqbias.files import read_estimates, read_json, read_pairs, write_json, write_text
from freqbias.holdout import arms_of, holdout_in, holdout_of, told
from freqbias.judgement import Judgement, Judgements
from freqbias.records import Estimate, Pair
from freqbias.terms import (
    AUDIT_FILE,
    DIFFERENCE,
    ESTIMATES_FILE,
    ESTIMATES_TABLE,
    FIGURES_FOLDER,
    FINDINGS_REPORT,
    FREQUENCY,
    HIGH,
    HTML_REPORT,
    JSON_REPORT,
    LENGTH,
    LOW,
    MANIFEST_FILE,
    MARKDOWN_REPORT,
    OBSERVATIONS_FILE,
    PAIRS_FILE,
    PLACEBO,
    REVERSED,
    unit_of,
)

#: Dots in the clouds of all figures together: a dot takes about 120 bytes, and a report has to stay under 5 MB.
ALL_POINTS = 15_000
LONGEST_NAME = 100  # characters of a figure's key; file systems allow 255 bytes for a name
LONGEST_SUMMARY = 120  # lines of `report.md`
CUTS = (10_000, 20, 14, 10, 7, 5, 3, 2)  # sentences of a list in it, of rows and limits more, tried in this order
MOST_DISTRUSTED = 3  # things that an answer names of its own controls; the lines below it have them all
CLOUDS = 3  # a section draws: pairs in `dose`, items of two arms in `raincloud`


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one run folder holds; parts whose files are absent are None or empty."""

    label: str
    estimates: list[Estimate]
    pairs: Mapping[str, Pair]
    observations: pd.DataFrame | None
    table: pd.DataFrame | None
    audit: dict[str, Any] | None
    manifest: dict[str, Any] | None
    judgements: Judgements
    advice: list[Advice]

    @property
    def limits(self) -> list[Limit]:
        """What the run cannot show, whatever its numbers are."""
        return limits_of(self.pairs, self.manifest, self.audit, self.estimates)

    @property
    def notes(self) -> list[str]:
        """Which half of the items is shown, and what could not be measured, or only in part."""
        return [*told(holdout_in(self.manifest)), *notes(self.manifest, self.observations, self.estimates)]

    @property
    def noise(self) -> list[str]:
        """One sentence per model on its numerical noise floor."""
        models = [] if self.manifest is None else self.manifest.get("models", [])
        return [_noise(model["name"], model["noise_floor"]) for model in models if model.get("noise_floor")]


@dataclass(frozen=True, kw_only=True)
class Section:
    """Verdict, figures and pairs of one model and probe; `effects` are shown in their order."""

    subject: Subject
    verdict: Verdict
    run: Run
    controls: Chart | None
    effects: list[Chart]
    largest: Largest | None


def write_report(*runs: str | os.PathLike[str], out: str | os.PathLike[str] | None = None) -> list[Path]:
    """Write the report on one or more runs and return the paths of its files.

    They are `report.html`, `report.md`, `findings.md`, `report.json`, `estimates.csv` and `figures/` (SVG and CSV).

    Reads `estimates.jsonl`, and `pairs.jsonl`, `observations.jsonl`, `audit.json` and `manifest.json` where they are there. Writes
    into `out`, by default the first run folder. Over several runs the p-values of each family are adjusted together, and two runs over
    the same pairs are held against each other first (see `comparing`). Raises `InputError` for a run without estimates and for two runs
    that hold the same model and probe.
    """
    folders = [Path(run) for run in runs]
    read = [_read(folder, label) for folder, label in zip(folders, _labels(folders), strict=True)]
    _refuse_repeats(read, folders)
    estimates = [row for run in read for row in run.estimates]
    judgements = _one_judgement_each(read)
    if len(read) > 1:
        estimates = adjusted(estimates, settled(estimates, judgements))
    judgements = settled(estimates, judgements)
    sections = _sections(read, estimates, judgements)
    audits = [(run, figures.love(run.audit, key)) for run, key in zip(read, _keys([r.label for r in read]), strict=True) if run.audit]
    charts: list[Chart | None] = [figures.overview(estimates, judgements), *(chart for _, chart in audits)]
    comparison, how_to_compare = _comparison(read, folders)
    context = {
        "comparison": comparison,
        "how_to_compare": how_to_compare,
        "sections": sections,
        "examples": _examples(sections),
        "matrices": matrices(section.verdict.told for section in sections),
        "models": _by_model(sections),
        "steps": _steps(sections),
        "limits": limits_of_runs({run.label: run.limits for run in read}),
        "distrust": _distrust(sections),
        "distrust_all": _distrust_all(read),
        "blocks": blocks(estimates, pairs_of_page(_sources(sections)), glossary_of(estimates, judgements)),
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


def _read(folder: Path, label: str) -> Run:
    path = folder / ESTIMATES_FILE
    estimates = list(read_estimates(path)) if path.exists() or not folder.is_dir() else []
    if not estimates:
        raise InputError(f"{path}: no estimates; run: freqbias analyze {folder}")
    pairs: dict[str, Pair] = {}
    judgements, held = judgements_of(folder), holdout_of(folder)
    observations = table = None
    if all((folder / name).is_file() for name in (PAIRS_FILE, OBSERVATIONS_FILE)):
        pairs = {pair.id: pair for pair in read_pairs(folder)}
        observations = frame(folder)
        belonging.check_records(observations, pairs, str(folder / OBSERVATIONS_FILE), judgements)
        if held is not None:
            items = held.items(held.shown, arms_of(pairs.values()))
            pairs = {key: pair for key, pair in pairs.items() if pair.item in items}
            observations = observations[observations["item"].isin(items)].reset_index(drop=True)
        table = contrasts.pair_gaps(observations, judgements)
        _refuse_old(estimates, table, folder)
        table["zipf_gap"] = table["pair_id"].map(dict(zip(pairs, frequency_gaps(list(pairs.values()))[0], strict=True))).astype(float)
    audit = _optional(folder / AUDIT_FILE, read_json)
    if audit is not None and not (isinstance(audit, dict) and {"arms", "verdicts"} <= set(audit)):
        raise InputError(f"{folder / AUDIT_FILE}: not an audit of pairs; run: freqbias audit {folder}")
    return Run(
        label=label,
        estimates=estimates,
        pairs=pairs,
        observations=observations,
        table=table,
        audit=audit,
        manifest=_optional(folder / MANIFEST_FILE, manifest_of),
        judgements=judgements,
        advice=advice_of(folder),
    )


def _refuse_old(estimates: Sequence[Estimate], table: pd.DataFrame, folder: Path) -> None:
    """Refuse estimates of other observations than the figures would show."""
    means = table.groupby([*contrasts.SERIES, "item"])["gap"].mean().groupby(contrasts.SERIES).mean()
    levels = table[[HIGH, LOW]].abs().groupby([table["model"], table["measure"]]).max().max(axis=1).fillna(0.0)
    for row in estimates:
        key = (row.model, row.probe, row.measure, row.contrast, row.arm)
        if row.term != "mean" or key not in means.index:
            continue
        rounding = 1e-8 * max(1.0, float(levels[row.model, row.measure]))  # files hold nine digits of the levels, not of the gap
        if not math.isclose(means[key], row.value or 0.0, rel_tol=1e-6, abs_tol=rounding):
            raise InputError(
                f"{folder / ESTIMATES_FILE}: {' / '.join(key)} is not the mean of observations.jsonl, which has changed; "
                f"run: freqbias analyze {folder}"
            )


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


def _optional(path: Path, read: Any) -> Any:
    return read(path) if path.is_file() else None


def _labels(folders: Sequence[Path]) -> list[str]:
    """Return the folders' own names, numbered where two have the same; one run alone is `run`, so that a copy of it repeats."""
    if len(folders) == 1:
        return ["run"]
    names = [folder.resolve().name or "run" for folder in folders]
    return [name if names.count(name) == 1 else f"{name} ({place})" for place, name in enumerate(names, start=1)]


def _twins(estimates: Sequence[Estimate], judgements: Judgements) -> list[tuple[str, str, str, str]]:
    """Return what has one number under two names: probe and contrast, and the probe and contrast that it repeats."""
    couples = [(estimates[i], estimates[twin]) for i, twin in repeated(estimates, judgements).items()]
    return sorted({(row.probe, row.contrast, twin.probe, twin.contrast) for row, twin in couples})


def _refuse_repeats(runs: Sequence[Run], folders: Sequence[Path]) -> None:
    seen: dict[tuple[str, str], str] = {}
    for run in runs:
        for model, probe in dict.fromkeys((row.model, row.probe) for row in run.estimates if row.model != ALL_MODELS):
            if (model, probe) in seen:
                command = shlex.join(map(str, folders)) if len(runs) == 2 else None
                raise InputError(
                    f"runs '{seen[model, probe]}' and '{run.label}' both contain model '{model}' and probe '{probe}'; leave one out"
                    + ("" if command is None else f"; to hold one against the other: freqbias compare {command}")
                )
            seen[model, probe] = run.label


def _one_judgement_each(runs: Sequence[Run]) -> Judgements:
    """Return what the probes of all runs are judged by; two runs that say different things of one probe are refused."""
    found: dict[str, tuple[Judgement, str]] = {}
    for run in runs:
        for probe in dict.fromkeys(row.probe for row in run.estimates):
            own = run.judgements[probe]
            if found.setdefault(probe, (own, run.label))[0] != own:
                raise InputError(
                    f"runs '{found[probe][1]}' and '{run.label}' judge probe '{probe}' by different things; report them apart, "
                    "or measure both with one version of the probe"
                )
    return Judgements({probe: own for probe, (own, _) in found.items()})


def _keys(names: Sequence[str]) -> list[str]:
    """Return names fit for files and ids, numbered where two would become the same."""
    keys: list[str] = []
    for name in names:
        key = base = _short(re.sub(r"[^0-9A-Za-z._-]", "_", name))
        place = 2
        while key.lower() in (other.lower() for other in keys):
            key, place = f"{base}-{place}", place + 1
        keys.append(key)
    return keys


def _short(name: str) -> str:
    """Return a name that fits into a file's, ends included; what was cut off still tells two apart."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 9]}-{zlib.crc32(name.encode()):08x}"


def _sections(runs: Sequence[Run], estimates: Sequence[Estimate], judgements: Judgements) -> list[Section]:
    homes = {(row.model, row.probe): run for run in runs for row in run.estimates}
    found = verdicts_of(estimates, [run.manifest for run in runs], judgements)
    names = [f"{verdict.model}-{probe}" for verdict in found for probe in (verdict.probe, *verdict.also)]
    keys = iter(_keys(names))
    points = max(100, min(distributions.MAX_POINTS, ALL_POINTS // (CLOUDS * max(1, len(found)))))
    sections = []
    for verdict in found:
        subjects = [_subject(verdict, probe, next(keys), judgements[probe]) for probe in (verdict.probe, *verdict.also)]
        own = [homes[verdict.model, subject.probe] for subject in subjects]
        beside = [chart for subject, run in zip(subjects[1:], own[1:], strict=True) for chart in _beside(subject, run, estimates)]
        sections.append(_section(subjects[0], verdict, own[0], estimates, points, beside))
    return sections


def _examples(sections: Sequence[Section]) -> dict[tuple[str, str, str], Shown | None]:
    """Return the pair of a claimed effect that shows it most, by model, probe and measure; None where none is claimed."""
    found: dict[tuple[str, str, str], Shown | None] = {}
    for section in sections:
        told, shown = section.verdict.told, section.largest
        pairs = [] if shown is None else {YES: shown.frequent, REVERSED: shown.rare}.get(told.answers[0].word, [])
        found[told.key] = pairs[0] if pairs else None
    return found


def _by_model(sections: Sequence[Section]) -> dict[str, list[Section]]:
    """Return the sections of each model, in the order of the page."""
    found: dict[str, list[Section]] = {}
    for section in sections:
        found.setdefault(section.subject.model, []).append(section)
    return found


def _steps(sections: Sequence[Section]) -> list[tuple[str, list[str], str]]:
    """Return what to do: model, the questions whose answers say so, and the sentence; nothing of what only describes the space."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, own in _by_model(sections).items():
        asked = [section for section in own if section.verdict.told.outcome] or own
        for section in asked:
            found.setdefault((name, section.verdict.step.said), []).append(section.verdict.told.answers[0].question)
    return [(name, questions, step) for (name, step), questions in found.items()]


def _distrust(sections: Sequence[Section]) -> dict[tuple[str, str, str], list[str]]:
    """Return in a few words what to distrust in each answer."""
    return {section.verdict.told.key: distrusted(section.verdict.trust)[:MOST_DISTRUSTED] for section in sections}


def _distrust_all(runs: Sequence[Run]) -> list[str]:
    """Return in a few words what to distrust in all answers, or in those of one model."""
    limits = [limit for limit in limits_of_runs({run.label: run.limits for run in runs}) if limit.short]
    return list(dict.fromkeys(limit.short if limit.model is None else f"{limit.model}: {limit.short}" for limit in limits))


def _sources(sections: Sequence[Section]) -> list[Source]:
    """Return what each section shows of its pairs."""
    return [
        Source(
            subject=section.subject,
            run=section.run.label,
            table=section.run.table,
            observations=section.run.observations,
            pairs=section.run.pairs,
            favours_frequent=section.verdict.told.answers[0].word != REVERSED,
        )
        for section in sections
        if section.run.table is not None and section.run.observations is not None
    ]


def _subject(verdict: Verdict, probe: str, key: str, judgement: Judgement) -> Subject:
    several = verdict.several and probe == verdict.probe
    return Subject(model=verdict.model, probe=probe, measure=verdict.measure, key=key, judgement=judgement, several=several)


def _beside(subject: Subject, run: Run, estimates: Sequence[Estimate]) -> list[Chart | None]:
    """Return the figures of a probe whose number is another's, without those that would show that number again."""
    cells = None if run.observations is None else distributions.interaction(subject, run.observations)
    return [figures.forest(subject, estimates), cells]


def _section(
    subject: Subject, verdict: Verdict, run: Run, estimates: Sequence[Estimate], points: int, beside: Sequence[Chart | None]
) -> Section:
    effects: list[Chart | None] = [figures.forest(subject, estimates)]
    if run.table is not None and run.observations is not None:
        effects += [
            distributions.raincloud(subject, run.table, estimates, points),
            distributions.dose(subject, run.table, estimates, points),
            figures.strata(subject, estimates),
            distributions.interaction(subject, run.observations),
        ]
    effects += [*(specification_curve(subject, estimates, term) for term in CURVES), *beside]
    return Section(
        subject=subject,
        verdict=verdict,
        run=run,
        controls=figures.controls(subject, estimates),
        effects=[chart for chart in effects if chart is not None],
        largest=None if run.table is None else largest(subject, run.table, run.pairs),
    )


def _families(estimates: Sequence[Estimate], judgements: Judgements) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {CONFIRMATORY_FAMILY: [], EXPLORATORY_FAMILY: []}
    same = repeated(estimates, judgements)
    for i, row in enumerate(estimates):
        if row.family in named:
            named[row.family].append(_named(row) + (said("one_test", name=_named(estimates[same[i]])) if i in same else ""))
    return named


def _named(row: Estimate) -> str:
    return f"{row.model} / {row.probe} / {row.measure} / {row.contrast} / {row.arm} / {row.term}"


def _noise(model: str, floor: Mapping[str, Any]) -> str:
    if floor.get("value") is None:
        return said("noise_unmeasured", model=model)
    if floor["value"] == 0:
        return said("noise_none", model=model)
    return said("noise", model=model, size=number(floor["value"], signed=False), unit=unit_of(floor["measure"]))


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
    table = pd.DataFrame(rows).drop(columns="details", errors="ignore")
    return table.to_csv(index=False, float_format="%.8g", lineterminator="\n")


def _write_charts(folder: Path, charts: Sequence[Chart]) -> list[Path]:
    written = []
    for chart in charts:
        paths = [folder / f"{chart.name}.{suffix}" for suffix in ("svg", "csv")]
        write_text(paths[0], chart.svg.replace("currentColor", "#222222"))
        write_text(paths[1], chart.data.to_csv(index=False, float_format="%.8g", lineterminator="\n"))
        written += paths
    return written
