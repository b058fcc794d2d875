"""Estimates and verdicts of a run folder as tables on the terminal."""

from pathlib import Path

from freqbias.cli.console import print_table
from freqbias.records import Estimate


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
