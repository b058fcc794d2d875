"""Estimates and verdicts of a run folder as tables on the terminal."""

from pathlib import Path

from freqbias.cli.console import print_table
from freqbias.records import Estimate
from freqbias.terms import PLACEBO

QUESTIONS = {
    "collection": "what does it cost a document to be written in rare words?",
    "collection_queries": "what does it cost a user to ask in rare words?",
}
FINDINGS_SHOWN = 5  # of a verdict: what the collection is like as it is, ranks, other measures; the report has them all


def show_summary(folder: Path, estimates: list[Estimate]) -> None:
    """Print the answers that the folder's report begins with: a row a model and question, then a sentence a verdict."""
    from freqbias.analysis.report.answers import matrices
    from freqbias.analysis.report.formatting import number
    from freqbias.analysis.report.rendering import short_interval
    from freqbias.analysis.report.verdicts_of_run import folder_verdicts

    found = matrices(verdict.told for verdict in folder_verdicts(folder, estimates))
    told = [own for matrix in found for line in matrix.lines for own in line.told if own.answers]
    rows = [
        [
            answer.model,
            answer.question,
            answer.said,
            "" if answer.row is None else f"{number(answer.row.value)} {short_interval(answer.row)} {answer.unit}",
            answer.cause,
            own.placebo,
            0 if answer.row is None else answer.row.n_items,
        ]
        for own in told
        for answer in own.answers
    ]
    print_table(["model", "question", "answer", "effect, 95 % interval", "", PLACEBO, "items"], rows)
    for own in told:
        print_table([f"{own.answers[0].model}: {own.answers[0].question}"], [[f"{own.answers[0].said.capitalize()}. {own.sentence}"]])


def show_answers(folder: Path, estimates: list[Estimate]) -> None:
    """Print the verdicts of the folder's report, the question before each, with the first findings behind it."""
    from freqbias.analysis.report.verdicts_of_run import folder_verdicts

    for verdict in folder_verdicts(folder, estimates):
        question = f": {QUESTIONS[verdict.probe]}" if verdict.probe in QUESTIONS else ""
        lines = [verdict.headline, *verdict.controls, *verdict.findings[:FINDINGS_SHOWN]]
        print_table([f"{verdict.title}{question}"], [[line] for line in lines])
