"""Estimates and verdicts of a run folder as tables on the terminal."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from freqbias.cli.console import print_answers, print_table, wide
from freqbias.records import Estimate
from freqbias.terms import PLACEBO

if TYPE_CHECKING:
    from freqbias.analysis.report.answers import Answer, Told

QUESTIONS = {
    "collection": "what does it cost a document to be written in rare words?",
    "collection_queries": "what does it cost a user to ask in rare words?",
}
FINDINGS_SHOWN = 5  # of a verdict: what the collection is like as it is, ranks, other measures; the report has them all


MATRIX_FROM = 110  # columns; in fewer the questions would be columns of words


def show_summary(folder: Path, estimates: list[Estimate]) -> None:
    """Print the answers that the folder's report begins with: models and questions, then a sentence a verdict."""
    from freqbias.analysis.report.answers import matrices
    from freqbias.analysis.report.verdicts_of_run import folder_verdicts

    found = matrices(verdict.told for verdict in folder_verdicts(folder, estimates))
    told = [own for matrix in found for line in matrix.lines for own in line.told if own.answers]
    if wide(MATRIX_FROM):
        columns = ["model", "question", "answer", "effect, 95 % interval", "goes with", PLACEBO, "items"]
        print_table(columns, ([a.model, a.question, a.said, effect, a.cause, own.placebo, n] for own, a, effect, n in _rows(told)))
    else:
        for own in told:
            own_rows = list(_rows([own]))
            about = f"{own.answers[0].model} ({PLACEBO}: {own.placebo}; {max(n for _, _, _, n in own_rows)} items)"
            print_answers(about, [(answer.said, _in_two_lines(answer, effect)) for _, answer, effect, _ in own_rows])
    for own in told:
        print_table([f"{own.answers[0].model}: {own.answers[0].question}"], [[f"{own.answers[0].said.capitalize()}. {own.sentence}"]])


def _rows(told: Iterable["Told"]) -> Iterator[tuple["Told", "Answer", str, int]]:
    """Yield every answer with its effect as text and its number of items."""
    from freqbias.analysis.report.formatting import number
    from freqbias.analysis.report.rendering import short_interval

    for own in told:
        for answer in own.answers:
            row = answer.row
            effect = "" if row is None else f"{number(row.value)} {short_interval(row)} {answer.unit}"
            yield own, answer, effect, 0 if row is None else row.n_items


def _in_two_lines(answer: "Answer", effect: str) -> str:
    return "\n".join([answer.question, *filter(None, ["; ".join(filter(None, [effect, answer.cause]))])])


def show_answers(folder: Path, estimates: list[Estimate]) -> None:
    """Print the verdicts of the folder's report, the question before each, with the first findings behind it."""
    from freqbias.analysis.report.verdicts_of_run import folder_verdicts

    for verdict in folder_verdicts(folder, estimates):
        question = f": {QUESTIONS[verdict.probe]}" if verdict.probe in QUESTIONS else ""
        lines = [verdict.headline, *verdict.controls, *verdict.findings[:FINDINGS_SHOWN]]
        print_table([f"{verdict.title}{question}"], [[line] for line in lines])
