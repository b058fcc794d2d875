"""The sections of a report: verdict, figures and pairs of each model and probe, and what is said of several of them together."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from freqbias.analysis.figures import answers, distributions
from freqbias.analysis.figures import intervals as figures
from freqbias.analysis.figures.specification_curve import CURVES, specification_curve
from freqbias.analysis.figures.svg import Chart, Subject
from freqbias.analysis.report.answers import YES
from freqbias.analysis.report.limitations import limits_of_runs
from freqbias.analysis.report.pair_table import Source
from freqbias.analysis.report.reading import Run
from freqbias.analysis.report.top_pairs import Largest, Shown, largest
from freqbias.analysis.report.trust import distrusted
from freqbias.analysis.report.verdict import Verdict
from freqbias.analysis.report.verdicts_of_run import verdicts_of
from freqbias.judgement import Judgement, Judgements
from freqbias.records import Estimate
from freqbias.terms import (
    REVERSED,
)

#: Dots in the clouds of all figures together: a dot takes about 120 bytes, and a report has to stay under 5 MB.
ALL_POINTS = 15_000


LONGEST_NAME = 100  # characters of a figure's key; file systems allow 255 bytes for a name


MOST_DISTRUSTED = 3  # things that an answer names of its own controls; the lines below it have them all


CLOUDS = 3  # a section draws: pairs in `dose`, items of two arms in `raincloud`


@dataclass(frozen=True, kw_only=True)
class Section:
    """Verdict, figures and pairs of one model and probe; `effects` are shown in their order."""

    subject: Subject
    verdict: Verdict
    run: Run
    controls: Chart | None
    effects: list[Chart]
    largest: Largest | None


def sections_of(runs: Sequence[Run], estimates: Sequence[Estimate], judgements: Judgements) -> list[Section]:
    """Return a section a verdict, in the order of the verdicts."""
    homes = {(row.model, row.probe): run for run in runs for row in run.estimates}
    found = verdicts_of(estimates, [run.manifest for run in runs], judgements)
    names = [f"{verdict.model}-{probe}" for verdict in found for probe in (verdict.probe, *verdict.also)]
    keys = iter(keys_of(names))
    points = max(100, min(distributions.MAX_POINTS, ALL_POINTS // (CLOUDS * max(1, len(found)))))
    sections = []
    for verdict in found:
        subjects = [_subject(verdict, probe, next(keys), judgements[probe]) for probe in (verdict.probe, *verdict.also)]
        own = [homes[verdict.model, subject.probe] for subject in subjects]
        beside = [chart for subject, run in zip(subjects[1:], own[1:], strict=True) for chart in _beside(subject, run, estimates)]
        sections.append(_section(subjects[0], verdict, own[0], estimates, points, beside))
    return sections


def keys_of(names: Sequence[str]) -> list[str]:
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


def examples_of(sections: Sequence[Section]) -> dict[tuple[str, str, str], Shown | None]:
    """Return the pair of a claimed effect that shows it most, by model, probe and measure; None where none is claimed."""
    found: dict[tuple[str, str, str], Shown | None] = {}
    for section in sections:
        told, shown = section.verdict.told, section.largest
        pairs = [] if shown is None else {YES: shown.frequent, REVERSED: shown.rare}.get(told.answers[0].word, [])
        found[told.key] = pairs[0] if pairs else None
    return found


def by_model(sections: Sequence[Section]) -> dict[str, list[Section]]:
    """Return the sections of each model, in the order of the page."""
    found: dict[str, list[Section]] = {}
    for section in sections:
        found.setdefault(section.subject.model, []).append(section)
    return found


def steps_of(sections: Sequence[Section]) -> list[tuple[str, list[str], str]]:
    """Return what to do: model, the questions whose answers say so, and the sentence; nothing of what only describes the space."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, own in by_model(sections).items():
        asked = [section for section in own if section.verdict.told.outcome] or own
        for section in asked:
            found.setdefault((name, section.verdict.step.said), []).append(section.verdict.told.answers[0].question)
    return [(name, questions, step) for (name, step), questions in found.items()]


def distrust_of(sections: Sequence[Section]) -> dict[tuple[str, str, str], list[str]]:
    """Return in a few words what to distrust in each answer."""
    return {section.verdict.told.key: distrusted(section.verdict.trust)[:MOST_DISTRUSTED] for section in sections}


def distrust_of_all(runs: Sequence[Run]) -> list[str]:
    """Return in a few words what to distrust in all answers, or in those of one model."""
    limits = [limit for limit in limits_of_runs({run.label: run.limits for run in runs}) if limit.short]
    return list(dict.fromkeys(limit.short if limit.model is None else f"{limit.model}: {limit.short}" for limit in limits))


def sources_of(sections: Sequence[Section]) -> list[Source]:
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
            answers.accuracy(subject, run.table, run.observations),
            answers.discordant(subject, run.table, estimates),
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
