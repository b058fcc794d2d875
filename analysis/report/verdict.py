"""The verdict on one model and probe: controls, a headline by the table of rules, and findings, all built from estimates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from freqbias.analysis.estimate.across_models import ALL_MODELS
from freqbias.analysis.estimate.families import is_confirmatory, repeated, settled
from freqbias.analysis.report.answers import Told, told_of
from freqbias.analysis.report.controls import controls
from freqbias.analysis.report.facts import Facts, facts_of
from freqbias.analysis.report.findings import findings
from freqbias.analysis.report.formatting import Lookup, interval, number, p_text
from freqbias.analysis.report.qualifiers import QUALIFYING_CREDIT, headline_of
from freqbias.analysis.report.rules import CREDITING
from freqbias.analysis.report.steps import Step, step_of
from freqbias.analysis.report.trust import Line, cited, trust_of
from freqbias.analysis.report.values import values_of
from freqbias.judgement import Judgement, Judgements
from freqbias.records import Estimate
from freqbias.terms import FREQUENCY, PREFERENCE

__all__ = ["Verdict", "headline_rows", "interval", "number", "p_text", "verdicts"]


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What a headline was made from: the estimates, the facts that the rules ask, and what their sentences fill in."""

    have: Lookup
    facts: Facts
    values: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The sentences on one model and probe; controls come first. `title` names the measure only where the probe has `several`.

    `rules` are the names of the rows of the table that made the headline: its own first, then those that qualify it. `also` are other
    probes that measured the same number, which is told once. `told` is what a reader meets first of it, `trust` how far it carries,
    `cite` the one number to cite, `step` what to do, `basis` what it was made from.
    """

    title: str
    several: bool
    model: str
    probe: str
    measure: str
    headline: str
    controls: list[str]
    findings: list[str]
    rules: tuple[str, ...]
    told: Told
    trust: list[Line]
    cite: str
    step: Step
    basis: Basis = field(compare=False, repr=False)
    also: tuple[str, ...] = ()

    @property
    def credits(self) -> bool:
        """Whether the headline says that the effect goes with frequency."""
        return self.rules[0] in CREDITING

    @property
    def credits_unqualified(self) -> bool:
        """Whether it says so, not through word splitting alone, and with nothing carrying or reversing a part of it."""
        return self.rules[0] == FREQUENCY and not QUALIFYING_CREDIT & set(self.rules)


def verdicts(
    estimates: Sequence[Estimate], floors: Mapping[tuple[str, str], float] | None = None, judgements: Judgements | None = None
) -> list[Verdict]:
    """Return one verdict per model, probe and measure that it is judged by, in the order of the estimates.

    A measure that does not hold what the probe is judged by has a verdict of its own only where no other measure of that probe does;
    otherwise its estimates are told beside the others. A probe whose number is another one's by construction has none either: it is told
    there. Rows over all models have none. `floors` maps (model, measure) to what a value moves by when only the batch changes: nothing
    smaller is called an effect.
    """
    known = settled(estimates, judgements)
    groups: dict[tuple[str, str], list[Estimate]] = {}
    for row in estimates:
        if row.model != ALL_MODELS:
            groups.setdefault((row.model, row.probe), []).append(row)
    lookups = {
        key: [Lookup(rows, measure, known[key[1]], (floors or {}).get((key[0], measure))) for measure in _judged(known[key[1]], rows)]
        for key, rows in groups.items()
    }
    told = _told_elsewhere(estimates, known)
    beside: dict[tuple[str, str], list[Lookup]] = {}
    for key, home in told.items():
        beside.setdefault(home, []).extend(lookups[key])
    return [_verdict(have, beside.get(key, []), several=len(own) > 1) for key, own in lookups.items() if key not in told for have in own]


def _told_elsewhere(estimates: Sequence[Estimate], known: Judgements) -> dict[tuple[str, str], tuple[str, str]]:
    """Return the (model, probe) whose confirmatory number is another probe's, mapped to that one."""
    couples = [(estimates[i], estimates[twin]) for i, twin in repeated(estimates, known).items()]
    return {(row.model, row.probe): (twin.model, twin.probe) for row, twin in couples if is_confirmatory(row, known)}


def _judged(own: Judgement, rows: Sequence[Estimate]) -> list[str]:
    judged = dict.fromkeys(row.measure for row in rows if own.judges(row.contrast, row.measure))
    return list(judged or dict.fromkeys(row.measure for row in rows))


def headline_rows(estimates: Sequence[Estimate], judgements: Judgements | None = None) -> list[Estimate]:
    """Return the few estimates that a screen shows: what the verdict rests on in every arm, `background` and `calibration`."""
    known = settled(estimates, judgements)
    return [
        row
        for row in estimates
        if row.term == "mean"
        and (known[row.probe].judges(row.contrast, row.measure) or (row.arm == FREQUENCY and row.contrast in (PREFERENCE, "calibration")))
    ]


def _verdict(have: Lookup, twins: Sequence[Lookup], *, several: bool) -> Verdict:
    facts = facts_of(have)
    values = values_of(have, facts, twins)
    headline, rules = headline_of(facts, values)
    answers = told_of(have, twins, facts, rules, headline)
    names = " and ".join([have.probe, *(twin.probe for twin in twins)])
    # where the sides are the wrong way round, every sentence on the frequent form would speak of the rare one
    found = [] if facts.reversed_sides else findings(have, have.main("mean"), twins)
    return Verdict(
        title=" · ".join([have.model, names, *([have.measure] if several else [])]),
        several=several,
        model=have.model,
        probe=have.probe,
        measure=have.measure,
        headline=headline,
        controls=controls(have, reversed_sides=facts.reversed_sides),
        findings=found,
        rules=rules,
        told=answers,
        trust=trust_of(have, facts),
        cite=cited(have),
        step=step_of(have, facts, rules[0]),
        basis=Basis(have=have, facts=facts, values=values),
        also=tuple(twin.probe for twin in twins),
    )
