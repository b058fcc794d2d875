"""The blocks on the committed runs of tasks: tables in results/README.md, and README's answer, in words that follow from the verdicts.

A run is one model on one family of tasks, and its report stands alone. Here they stand together, so p-values and verdicts are corrected
for all of them (Benjamini–Hochberg), as if they were one report: a `yes` of a report may be a `cannot tell` here.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doc_results import ROOT

from freqbias.analysis.design.task_power import mcnemar_detectable
from freqbias.analysis.estimate.families import adjusted
from freqbias.analysis.report.answers import MIXED, NO, UNSEEN, UNTOLD, WORDS, YES
from freqbias.analysis.report.formatting import capital, interval, listed, number, p_text, percent, significant
from freqbias.analysis.report.verdict import Verdict
from freqbias.analysis.report.verdicts_of_run import manifest_of, verdicts_of
from freqbias.analysis.stats.resampling import minimum_detectable
from freqbias.analysis.table.judged import judgements_of
from freqbias.files import read_estimates
from freqbias.records import Estimate
from freqbias.terms import (
    ACCURACY,
    ANSWER_SHARE,
    CHANCE,
    CHRF,
    COMMONSENSE,
    ESTIMATES_FILE,
    FREQUENCY,
    IN_NATS,
    INCAPABLE,
    MANIFEST_FILE,
    MATH,
    ONE_ANSWER,
    PARAPHRASE,
    PLACEBO,
    REVERSED,
    TOOLS,
    TRANSLATION,
)

FOLDER = ROOT / "results" / "tasks"
NAMES = {COMMONSENSE: "common sense", MATH: "arithmetic", TOOLS: "tool calls", TRANSLATION: "translation"}
NONE_YET = "No run is committed yet."
DASH = "–"
QUESTION = "Do language models solve the frequent wording better?"
#: The first answer, where all runs that can be judged say one word.
LEADS = {
    YES: "Yes, as far as the probability of the right answer goes.",
    REVERSED: "The other way round: the right answer is likelier in rare wording.",
    NO: "No: it makes no difference that matters.",
    MIXED: "Not on average, but problems differ.",
    UNTOLD: "These runs cannot tell.",
    UNSEEN: "These models cannot show it.",
}
DEPENDS, NOT_FOUND = "That depends on model and task.", "On average no difference is found, but not everywhere can one be ruled out."
#: A part of the second sentence for each word.
CLAUSES = {
    YES: "frequent wording makes the right answer likelier for {runs}",
    REVERSED: "rare wording makes the right answer likelier for {runs}",
    NO: "wording makes no difference that matters for {runs}",
    MIXED: "on average no difference is shown, but problems differ, for {runs}",
    UNTOLD: "a difference is neither shown nor ruled out for {runs}",
}
REFUSED = "Refused, since they guess, always give one letter or get next to nothing right: {runs}."
UNMEASURED = "Nothing could be measured of {runs}."
COUNTS_DIFFER = "The share of right answers differs by wording for {runs}."
COUNTS_ALIKE = "The share of right answers is not shown to differ by wording in any of them."


@dataclass(frozen=True, kw_only=True)
class Told:
    """A model on a family: its estimates, and the verdict on them beside all others."""

    family: str
    model: str
    rows: Sequence[Estimate]
    verdict: Verdict

    @property
    def word(self) -> str:
        """The answer, a key of `WORDS`."""
        return self.verdict.told.answers[0].word

    @property
    def refused(self) -> bool:
        """Whether the model cannot do the task."""
        return self.verdict.rules[0] == INCAPABLE

    @property
    def cause(self) -> str:
        """What an effect goes with, in short; nothing where none was found."""
        return self.verdict.told.answers[0].cause

    @property
    def main(self) -> Estimate:
        """The estimate that the verdict rests on: log p of the right answer."""
        return self.row(*IN_NATS)

    def row(self, *measures: str, contrast: str = "gap", arm: str = FREQUENCY, term: str = "mean") -> Estimate:
        """Return an estimate in the first of the measures that there is."""
        return next(row for row in self._found(measures, contrast, arm, term))

    def any_row(self, *measures: str, contrast: str = "gap", arm: str = FREQUENCY, term: str = "mean") -> Estimate | None:
        """Return the same, None where there is none with a value."""
        return next((row for row in self._found(measures, contrast, arm, term) if row.value is not None), None)

    def _found(self, measures: Iterable[str], contrast: str, arm: str, term: str) -> Iterable[Estimate]:
        return (row for row in self.rows if row.measure in measures and (row.contrast, row.arm, row.term) == (contrast, arm, term))


def told(folder: Path = FOLDER) -> list[Told]:
    """Return what all runs of a folder say, corrected together; run folders are named FAMILY-MODEL."""
    runs = sorted(path.parent for path in folder.glob(f"*/{ESTIMATES_FILE}"))
    if not runs:
        return []
    rows = [row.replace(model=run.name) for run in runs for row in read_estimates(run) if not row.model.startswith("*")]
    judgements = judgements_of(runs[0])
    rows = adjusted(rows, judgements)
    manifests = [_renamed(manifest_of(run / MANIFEST_FILE), run.name) for run in runs]
    found = {verdict.model: verdict for verdict in verdicts_of(rows, manifests, judgements)}
    names = [run.name for family in NAMES for run in runs if run.name.startswith(f"{family}-")]
    return [_of_run(name, [row for row in rows if row.model == name], found[name]) for name in names]


def _of_run(name: str, rows: Sequence[Estimate], verdict: Verdict) -> Told:
    family, _, model = name.partition("-")
    return Told(family=family, model=model, rows=rows, verdict=verdict)


def _renamed(manifest: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a manifest in which the only model has the name of the run, as its estimates have here."""
    (own,) = manifest["models"]
    return manifest | {"models": [own | {"name": name}]}


def _table(head: Sequence[str], runs: Sequence[Told], cells: Callable[[Told], Sequence[str]]) -> str:
    if not runs:
        return NONE_YET
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join([NAMES[run.family], run.model, *cells(run)])} |" for run in runs)])


def right_answers(folder: Path = FOLDER) -> str:
    """Return the table of right answers by wording: levels, items that differ, and what difference these items would show."""
    head = ["task", "model", "items", "as given", "reworded, as frequent", "frequent", "rare", "not readable"]
    return _table([*head, "right in frequent only, rare only", "p", "would show"], told(folder), _right)


def _right(run: Told) -> list[str]:
    row = run.any_row(ACCURACY.name, CHRF.name)
    if row is None:
        return [str(run.main.n_items), *[DASH] * 8]
    if run.refused:
        return [str(row.n_items), refusal(run.main), *[DASH] * 3, str(row.n_failed), *[DASH] * 3]
    other = run.any_row(row.measure, contrast=PARAPHRASE, arm=PLACEBO)
    given = (None, None) if other is None else (other.low_mean, other.high_mean)
    levels = [DASH if side is None else _level(row, side) for side in (*given, row.high_mean, row.low_mean)]
    counts = run.any_row(row.measure, term="discordant")
    shown = DASH if counts is None else f"{counts.details['high_only']}, {counts.details['low_only']} of {counts.n_pairs}"
    p_value = row.p_value if counts is None or counts.p_value is None else counts.p_value
    return [str(row.n_items), *levels, str(row.n_failed), shown, p_text(p_value), _would_show(row, counts)]


def refusal(main: Estimate) -> str:
    """Return why a model is refused, in the few words that a table has room for."""
    facts = main.details
    if ONE_ANSWER in main.flags:
        return f"refused: one letter is {percent(facts[ANSWER_SHARE])} of its answers"
    right = f"refused: {percent(facts[ACCURACY.name])} right of {facts['answers']:.0f}"
    return f"{right}, guessing gives {percent(facts[CHANCE])}" if facts[CHANCE] else right


def _level(row: Estimate, value: float) -> str:
    return percent(value) if row.measure == ACCURACY.name else f"{value:.1f} {CHRF.unit}"


def _would_show(row: Estimate, counts: Estimate | None) -> str:
    """Return the smallest difference that so many items show four times in five, by the test whose p stands beside it."""
    if counts is not None and counts.p_value is not None:
        discordant = counts.details["high_only"] + counts.details["low_only"]
        least = mcnemar_detectable(discordant / counts.n_items, counts.n_items) if discordant else None
        return DASH if least is None else f"{100 * least:.1f} points"
    if not row.std_error:
        return DASH
    least = minimum_detectable(row.std_error, row.n_items - 1)
    return f"{100 * least:.1f} points" if row.measure == ACCURACY.name else f"{least:.1f} {CHRF.unit}"


def log_probabilities(folder: Path = FOLDER) -> str:
    """Return the table of log p of the right answer: the gap, its controls, what these items would show, and the answer."""
    head = ["task", "model", "items", "frequent − rare", "p", "placebo", "rewording alone", "would show", "smallest that matters"]
    return _table([*head, "solved better?"], told(folder), _gaps)


def _gaps(run: Told) -> list[str]:
    main = run.main
    controls = [run.any_row(main.measure, arm=PLACEBO), run.any_row(main.measure, contrast=PARAPHRASE, arm=PLACEBO)]
    least = number(minimum_detectable(main.std_error, main.n_items - 1), signed=False) if main.std_error else DASH
    answer = "refused" if run.refused else WORDS[run.word]
    return [
        str(main.n_items),
        _sized(main),
        p_text(main.p_adjusted),
        *map(_sized, controls),
        least,
        number(main.bound, signed=False),
        f"{answer}, {run.cause}" if run.cause else answer,
    ]


def _sized(row: Estimate | None) -> str:
    return DASH if row is None or row.value is None else f"{number(row.value)} {interval(row)}"


def answer(folder: Path = FOLDER) -> str:
    """Return README's answer: a word on all runs that can be judged, what each says, which are refused, and right answers."""
    return said(told(folder))


def said(runs: Sequence[Told]) -> str:
    """Return the same of these runs."""
    if not runs:
        return f"{QUESTION} {NONE_YET}"
    judged = [run for run in runs if run.word != UNSEEN]
    words = {run.word for run in judged} or {UNSEEN}
    lead = LEADS[min(words)] if len(words) == 1 else NOT_FOUND if words <= {NO, MIXED, UNTOLD} else DEPENDS
    clauses = "; ".join(clause for word in CLAUSES for clause in _clauses(word, [run for run in judged if run.word == word]))
    refused, unmeasured = ([run for run in runs if run.word == UNSEEN and run.refused == wanted] for wanted in (True, False))
    rest = [sentence.format(runs=_named(own)) for sentence, own in ((REFUSED, refused), (UNMEASURED, unmeasured)) if own]
    lines = [f"{QUESTION} {lead}", f"{capital(clauses)}." if clauses else "", " ".join([*_counts(judged), *rest])]
    return "\n".join(filter(None, lines))


def _clauses(word: str, runs: Sequence[Told]) -> Iterator[str]:
    """Yield what is said of runs of one word; where something was found, those that go with one thing together."""
    causes: dict[str, list[Told]] = {}
    for run in runs:
        causes.setdefault(run.cause, []).append(run)
    for cause, own in causes.items():
        clause = CLAUSES[word].format(runs=_named(own, sized=word in (YES, REVERSED)))
        yield f"{clause} ({cause})" if cause else clause


def _named(runs: Sequence[Told], *, sized: bool = False) -> str:
    """Return models with their tasks, and with what was measured there."""
    models: dict[str, list[str]] = {}
    for run in runs:
        size = f" {_sized(run.main)} nats" if sized else ""
        models.setdefault(run.model, []).append(f"{NAMES[run.family]}{size}")
    return listed([f"{model} in {listed(own)}" if len(models) == 1 else f"{model} ({', '.join(own)})" for model, own in models.items()])


def _counts(judged: Sequence[Told]) -> list[str]:
    """Say where the share of right answers differs, by the test corrected for all; nothing where none was counted."""
    counted = [(run, row) for run in judged if (row := run.any_row(ACCURACY.name)) is not None]
    differ = [f"{run.model} in {NAMES[run.family]} ({number(100 * (row.value or 0))} points)" for run, row in counted if significant(row)]
    if differ:
        return [COUNTS_DIFFER.format(runs=listed(differ))]
    return [COUNTS_ALIKE] if counted else []
