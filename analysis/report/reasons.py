"""Why a verdict says what it says: every condition that the rules asked, in their order, with the estimates that answer it.

Nothing is decided here. The rules of the table are asked again, over facts that note what was asked; the estimates of each fact are those
that `sentences_facts` names.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, cast

from freqbias.analysis.report.answers import WORDS, YES
from freqbias.analysis.report.facts import Facts, carried
from freqbias.analysis.report.formatting import Lookup, capital, number, percent, sized, tested
from freqbias.analysis.report.qualifiers import QUALIFIERS
from freqbias.analysis.report.rules import HEADLINES, Rule
from freqbias.analysis.report.sentences_facts import FACTS, WALK
from freqbias.analysis.report.values import group_label
from freqbias.analysis.report.verdict import Basis, Verdict
from freqbias.records import Estimate
from freqbias.terms import rival_label

LEVEL = 0.95  # of an interval where nothing else is said
CITED = ("measure", "contrast", "arm", "term", "value", "ci_low", "ci_high", "level", "p_value", "p_adjusted", "flags")


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One fact that a rule asked: its name, in words, what the estimates answer, and these estimates."""

    fact: str
    words: str
    answer: str
    rows: tuple[Estimate, ...]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One row of the rules' table: what it asked, in order, whether it holds, and its sentence where it does.

    The last condition asked decided it. `number` of `all` tells rows of one name apart.
    """

    rule: str
    number: int
    all: int
    conditions: tuple[Condition, ...]
    holds: bool
    sentence: str | None = None

    @property
    def label(self) -> str:
        """The name of the row, with its place where several have it."""
        return self.rule if self.all == 1 else WALK["one_of"].format(rule=self.rule, number=self.number, all=self.all)


@dataclass(frozen=True, kw_only=True)
class Reasons:
    """A verdict retraced: the rules of the headline up to the one that holds, then those that may stand beside it."""

    verdict: Verdict
    headline: tuple[Step, ...]
    beside: tuple[Step, ...]

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of the rules that hold, the headline's own first."""
        return tuple(dict.fromkeys(step.rule for step in (*self.headline, *self.beside) if step.holds))

    def lines(self) -> list[str]:
        """Return the steps in words; a condition that several rules ask stands where it was asked first."""
        told = self.verdict.told.answers[0]
        teller = _Teller(basis=self.verdict.basis)
        return [
            WALK["answer"].format(question=told.question, word=capital(told.said)),
            *teller.told(self.headline, "passed", "holds"),
            *teller.told(self.beside, "not_beside", "beside"),
        ]

    def document(self) -> dict[str, Any]:
        """Return what `--json` prints of it."""
        own = self.verdict
        return {
            "model": own.model,
            "probe": own.probe,
            "measure": own.measure,
            "rules": list(self.rules),
            "headline": own.headline,
            "steps": [_document(step) for step in (*self.headline, *self.beside)],
        }


def reasons_of(verdict: Verdict) -> Reasons:
    """Retrace a verdict."""
    basis = verdict.basis
    steps: list[Step] = []
    for rule in HEADLINES:
        steps.append(_asked(rule, HEADLINES, basis))
        if steps[-1].holds:
            break
    lead = steps[-1].rule
    return Reasons(
        verdict=verdict,
        headline=tuple(steps),
        beside=tuple(_asked(rule, QUALIFIERS, basis) for rule in QUALIFIERS if lead in rule.beside),
    )


@dataclass
class _Asked:
    """Facts that note by name what is asked of them, in order; what is made of several facts asks these."""

    facts: Facts
    names: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        own = getattr(Facts, name, None)
        if isinstance(own, property) and own.fget is not None:
            return own.fget(self)
        self.names.append(name)
        return getattr(self.facts, name)


def _asked(rule: Rule, table: Sequence[Rule], basis: Basis) -> Step:
    asked = _Asked(basis.facts)
    holds = rule.holds(cast(Facts, asked))
    named = [other for other in table if other.name == rule.name]
    return Step(
        rule=rule.name,
        number=next(place for place, other in enumerate(named, start=1) if other is rule),
        all=len(named),
        conditions=tuple(_condition(name, basis) for name in dict.fromkeys(asked.names)),
        holds=holds,
        sentence=rule.said(basis.values) if holds else None,
    )


def _condition(name: str, basis: Basis) -> Condition:
    return Condition(fact=name, words=FACTS[name].said, answer=_answer(name, basis.facts), rows=tuple(rows_of(name, basis.have)))


def rows_of(fact: str, have: Lookup) -> Iterator[Estimate]:
    """Yield the estimates that a fact is read from, as far as they were made."""
    for arm, term in FACTS[fact].rows:
        yield from (row for row in have.of_arm(arm) if fnmatchcase(row.term, term))


def _answer(name: str, facts: Facts) -> str:
    value = getattr(facts, name)
    if value is None:
        return WORDS["untold"]
    word = WORDS[YES if value else "no"]
    if not isinstance(value, tuple) or not value:
        return word
    return WALK["names"].format(answer=word, names=", ".join(_named(name, facts)))


def _named(name: str, facts: Facts) -> list[str]:
    if name == "carriers":
        return [WALK["share"].format(label=label, share=percent(share)) for label, share in carried(facts)]
    label = group_label if name == "groups" else rival_label
    return [label(one) for one in getattr(facts, name)]


@dataclass
class _Teller:
    """Tells steps in words: every condition and every estimate in full where it comes first."""

    basis: Basis
    conditions: dict[str, None] = field(default_factory=dict)
    rows: dict[tuple[str, ...], None] = field(default_factory=dict)

    def told(self, steps: Sequence[Step], passed: str, holds: str) -> Iterator[str]:
        """Yield the conditions that are new, the rules that they rule out, and the sentences of those that hold."""
        out: list[Step] = []
        for step in steps:
            new = [one for one in step.conditions if one.fact not in self.conditions]
            if out and (new or step.holds):
                yield _inside(WALK[passed].format(rules=_labels(out)))
                out = []
            for one in new:
                yield from self._condition(one)
            if step.holds:
                yield _inside(WALK[holds].format(rule=step.label))
                yield _inside(step.sentence or "")
            else:
                out.append(step)
        if out:
            yield _inside(WALK[passed].format(rules=_labels(out)))

    def _condition(self, one: Condition) -> Iterator[str]:
        """Yield a condition with the estimates that were shown before by name, and the others below it."""
        self.conditions[one.fact] = None
        shown = [row for row in one.rows if row.key in self.rows]
        known = [WALK["known"].format(arm=row.arm, term=row.term) for row in shown] if one.rows else [WALK["no_row"]]
        again = WALK["again"].format(rows="; ".join(known)) if known else ""
        yield WALK["asked"].format(number=len(self.conditions), fact=capital(one.words), answer=one.answer, again=again)
        for row in one.rows:
            if row.key not in self.rows:
                self.rows[row.key] = None
                yield _inside(_cited(row))
        if one.fact == "in_noise":
            yield _inside(self._floor())

    def _floor(self) -> str:
        have = self.basis.have
        return WALK["no_floor"] if have.floor is None else WALK["floor"].format(floor=number(have.floor, signed=False), unit=have.unit)


def _labels(steps: Sequence[Step]) -> str:
    """Return the labels of rows, and the name alone where all rows of one name are among them."""
    counts = Counter(step.rule for step in steps)
    return ", ".join(dict.fromkeys(step.rule if counts[step.rule] == step.all else step.label for step in steps))


def _inside(line: str) -> str:
    return f"   {line}"


def _name(row: Estimate) -> str:
    return WALK["row"].format(contrast=row.contrast, arm=row.arm, term=row.term)


def _cited(row: Estimate) -> str:
    flags = WALK["flags"].format(flags=", ".join(row.flags)) if row.flags else ""
    level = "" if row.level == LEVEL else WALK["level"].format(level=percent(row.level))
    return WALK["cited"].format(row=_name(row), size=sized(row), level=level, p=tested(row), flags=flags)


def _document(step: Step) -> dict[str, Any]:
    conditions = [
        {
            "fact": one.fact,
            "words": one.words,
            "answer": one.answer,
            "estimates": [{name: getattr(row, name) for name in CITED} for row in one.rows],
        }
        for one in step.conditions
    ]
    return {"rule": step.rule, "holds": step.holds, "conditions": conditions, "sentence": step.sentence}
