"""Estimates and verdicts of a run folder as tables on the terminal."""

from pathlib import Path

from freqbias.cli.console import print_table
from freqbias.records import Estimate

QUESTIONS = {
    "collection": "what does it cost a document to be written in rare words?",
    "collection_queries": "what does it cost a user to ask in rare words?",
}
FINDINGS_SHOWN = 5  # of a verdict: what the collection is like as it is, ranks, other measures; the report has them all


def show_summary(folder: Path, estimates: list[Estimate]) -> None:
    """Print the headline rows and the verdicts, which are those of the folder's report."""
    from freqbias.analysis.report.formatting import adjusted_p
    from freqbias.analysis.report.verdict import headline_rows, interval, number, p_text
    from freqbias.analysis.report.verdicts_of_run import folder_verdicts
    from freqbias.analysis.table.judged import judgements_of

    rows = [
        [
            f"{row.model} · {row.probe}",
            row.measure,
            row.contrast,
            row.arm,
            number(row.value),
            interval(row),
            p_text(adjusted_p(row)),
            row.n_items,
        ]
        for row in headline_rows(estimates, judgements_of(folder))
    ]
    print_table(["", "measure", "contrast", "arm", "value", "95 % interval", "test", "items"], rows)
    for verdict in folder_verdicts(folder, estimates):
        print_table([verdict.title], [[line] for line in [*verdict.controls, verdict.headline]])


def show_answers(folder: Path, estimates: list[Estimate]) -> None:
    """Print the verdicts of the folder's report, the question before each, with the first findings behind it."""
    from freqbias.analysis.report.verdicts_of_run import folder_verdicts

    for verdict in folder_verdicts(folder, estimates):
        question = f": {QUESTIONS[verdict.probe]}" if verdict.probe in QUESTIONS else ""
        lines = [verdict.headline, *verdict.controls, *verdict.findings[:FINDINGS_SHOWN]]
        print_table([f"{verdict.title}{question}"], [[line] for line in lines])
