"""What a reader wants first: each model's answer to each question in one word, with the number that it rests on, and a sentence.

A question is asked by a probe, of one of its contrasts (`Probe.questions`). The contrast that the verdict rests on is answered by the row
of the rules' table that made its headline; any other by its test and interval, and with `no` only where it lies within the smallest
effect of interest.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from freqbias.analysis.report.facts import Facts, carried
from freqbias.analysis.report.formatting import Lookup, capital, flags_of, listed, within_bound
from freqbias.analysis.report.natural import natural
from freqbias.analysis.report.sentences import said
from freqbias.analysis.report.trust import placebo_of
from freqbias.judgement import asking_of
from freqbias.records import Estimate
from freqbias.terms import AT_CHANCE, AT_LIMIT, DIFFERS, FREQUENCY, INCAPABLE, INSEPARABLE, ONE_ANSWER, PARAPHRASE, REVERSED, UNMOVED

YES, NO, UNTOLD, MIXED, UNSEEN = "yes", "no", "untold", "mixed", "unseen"  # and reversed
WORDS = {
    YES: said("word_yes"),
    NO: said("word_no"),
    UNTOLD: said("word_untold"),
    REVERSED: said("word_reversed"),
    MIXED: said("word_mixed"),
    UNSEEN: said("word_unseen"),
}
#: Headline rows that claim no effect, with their word; all others claim one.
CLAIMS_NONE = {
    "unknown": UNTOLD,
    INCAPABLE: UNSEEN,
    AT_LIMIT: UNSEEN,
    UNMOVED: UNSEEN,
    "noise_floor": UNTOLD,
    "reversed_sides": UNTOLD,
    "cannot_tell": UNTOLD,
    "no_difference": NO,
    "cancels": MIXED,
}
#: What an effect goes with, by the headline row that claims it.
GOES_WITH = {
    "phrasing": said("with_phrasing"),
    "overlap": said("with_overlap"),
    "not_beyond_placebo": said("with_any_swap"),
    PARAPHRASE: said("with_rewording"),
    INSEPARABLE: said("with_untold"),
    "not_graded": said("with_something_else"),
    "splitting": said("with_splitting"),
    FREQUENCY: said("with_frequency"),
    "frequency_splitting_untold": said("with_frequency_or_splitting"),
    "confounder_only": said("with_confounder"),
    "favoured_unexplained": said("with_untold"),
}
#: The same in a cell of a table.
IN_SHORT = {
    "phrasing": said("short_phrasing"),
    "overlap": said("short_overlap"),
    "not_beyond_placebo": said("short_any_swap"),
    PARAPHRASE: said("short_rewording"),
    INSEPARABLE: said("short_untold"),
    "not_graded": said("short_something_else"),
    "splitting": said("short_splitting"),
    FREQUENCY: said("short_frequency"),
    "frequency_splitting_untold": said("short_frequency_or_splitting"),
    "confounder_only": said("short_confounder"),
    "favoured_unexplained": said("short_untold"),
}


#: What the placebo shows, in the words of a table.
PLACEBO_WORDS = {
    "none": "control_none",
    "passes": "control_passes",
    "small": "control_small",
    "untold": "control_untold",
    DIFFERS: "control_differs",
}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A word (a key of `WORDS`) on one question, and the estimate that it rests on; `unit` as sentences call it."""

    model: str
    question: str
    word: str
    row: Estimate | None = field(compare=False)
    unit: str
    cause: str = ""  # what an effect goes with, where that is asked

    @property
    def said(self) -> str:
        """The word as readers meet it."""
        return WORDS[self.word]

    def document(self) -> dict[str, Any]:
        """Return what `report.json` holds of it."""
        row = self.row
        number = {} if row is None else {"value": row.value, "ci_low": row.ci_low, "ci_high": row.ci_high, "n_items": row.n_items}
        return {"model": self.model, "question": self.question, "answer": self.said, "cause": self.cause, "unit": self.unit, **number}


@dataclass(frozen=True, kw_only=True)
class Told:
    """What one verdict answers, its own question first and that in a sentence too, and what its placebo shows."""

    key: tuple[str, str, str]  # model, probe and measure
    answers: tuple[Answer, ...]
    sentence: str
    placebo: str
    outcome: bool


@dataclass(frozen=True, kw_only=True)
class Line:
    """One model in a table of answers."""

    model: str
    told: list[Told] = field(default_factory=list)

    @property
    def items(self) -> int:
        """The most items that one of its answers rests on."""
        return max((own.row.n_items for told in self.told for own in told.answers if own.row is not None), default=0)

    @property
    def asked(self) -> bool:
        """Whether it was asked anything but what describes its space."""
        return any(told.outcome for told in self.told)

    def answer(self, question: str) -> Answer | None:
        """Return the model's answer to a question; None where it was not asked."""
        return next((own for told in self.told for own in told.answers if own.question == question), None)


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """Models that were asked some of the same questions."""

    questions: list[str]
    lines: list[Line]

    def reach(self, question: str, unit: str) -> float:
        """Return the largest absolute end of an interval on one question in one unit, which all of its small plots share."""
        found = [own.row for line in self.lines if (own := line.answer(question)) is not None and own.unit == unit]
        return max((abs(end) for row in found if row for end in (row.ci_low, row.ci_high) if end is not None), default=0.0)


def told_of(have: Lookup, twins: Sequence[Lookup], facts: Facts, rules: Sequence[str], headline: str) -> Told:
    """Return what a verdict answers, by the names of the rows that made its headline; `twins` measured the same number.

    What qualifies the headline is not said again, but that something does. Where the sides are the wrong way round, no other question is
    answered: a word on the frequent form would speak of the rare one.
    """
    rule, qualified = rules[0], len(rules) > 1
    asked = asking_of(have.probe)
    main = have.main("mean")
    word = CLAIMS_NONE.get(rule) or (YES if main is not None and (main.value or 0) > 0 else REVERSED)
    own = asked.questions.get(have.confirmatory) or said("question_default", probe=have.probe)
    cause, goes_with = IN_SHORT.get(rule, ""), GOES_WITH.get(rule, "")
    if rule == "confounder_only" and facts.carriers:
        names = listed([label for label, _ in carried(facts)])
        cause, goes_with = said("short_confounder_named", carriers=names), said("with_confounder_named", carriers=names)
    cause = said("short_qualified", cause=cause) if cause and qualified else cause
    answers = [Answer(model=have.model, question=own, word=word, row=main, unit=have.unit, cause=cause)]
    if not facts.reversed_sides:
        answers += [found for other in (have, *twins) for found in _others(other, main)]
    sentence = _sentence(have, twins, main, word, rule, headline, goes_with)
    if qualified and sentence != headline:
        sentence = " ".join([sentence, said("answer_qualified")])
    return Told(
        key=(have.model, have.probe, have.measure),
        answers=tuple(answers),
        sentence=sentence,
        placebo=said(PLACEBO_WORDS[placebo_of(have, facts)]),
        outcome=asked.outcome,
    )


def _others(have: Lookup, main: Estimate | None) -> Iterable[Answer]:
    for contrast, question in asking_of(have.probe).questions.items():
        row = None if contrast == have.confirmatory else have.measured(contrast)
        if row is not None:
            yield Answer(model=have.model, question=question, word=_word(have, row, main), row=row, unit=have.unit)


def _word(have: Lookup, row: Estimate, main: Estimate | None) -> str:
    if {AT_CHANCE, ONE_ANSWER} & set(flags_of(main)):
        return UNSEEN  # whatever is asked of a model that cannot answer
    if have.found(row):
        return YES if (row.value or 0) > 0 else REVERSED
    if {AT_LIMIT, UNMOVED} & set(flags_of(row)):
        return UNSEEN
    return NO if within_bound(row, None if main is None else main.bound) else UNTOLD


def _sentence(have: Lookup, twins: Sequence[Lookup], main: Estimate | None, word: str, rule: str, headline: str, goes_with: str) -> str:
    if main is None or main.value is None or rule in ("unknown", INCAPABLE, "noise_floor", "reversed_sides"):
        return headline
    if word in (YES, REVERSED):
        clause = natural(have, main, twins, found=True) or ""
        return capital(said("answer_found", clause=clause, cause=goes_with))
    if rule == UNMOVED:
        return said("answer_unmoved")
    level = natural(have, main, twins, found=False)
    level = f" {capital(level)}." if level else ""
    return capital(said({UNTOLD: "answer_untold", NO: "answer_no", MIXED: "answer_mixed", UNSEEN: "answer_unseen"}[word], level=level))


def matrices(told: Iterable[Told]) -> list[Matrix]:
    """Return one table for models that share a question, in the order of the verdicts; what describes the space comes last."""
    lines: dict[str, Line] = {}
    for own in sorted(told, key=lambda found: not found.outcome):
        line = lines.setdefault(own.answers[0].model, Line(model=own.answers[0].model))
        line.told.append(replace(own, answers=tuple(answer for answer in own.answers if line.answer(answer.question) is None)))
    found: list[Matrix] = []
    for line in lines.values():
        asked = list(dict.fromkeys(answer.question for own in line.told for answer in own.answers))
        home = next((matrix for matrix in found if set(matrix.questions) & set(asked)), None)
        if home is None:
            home = Matrix(questions=[], lines=[])
            found.append(home)
        home.questions.extend(question for question in asked if question not in home.questions)
        home.lines.append(line)
    return found
