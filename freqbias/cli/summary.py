"""Estimates as a table on the terminal, and the report."""

from pathlib import Path

from freqbias.cli.console import log, print_table
from freqbias.records import Estimate


def write_report(*folders: Path, out: Path | None = None) -> None:
    """Write the report of one or more run folders and name its files."""
    from freqbias.analysis.report.report import write_report as write

    for path in write(*folders, out=out):
        log.info("%s", path)


def show_summary(estimates: list[Estimate]) -> None:
    """Print the headline rows and the verdicts."""
    from freqbias.analysis.report.formatting import adjusted_p
    from freqbias.analysis.report.verdict import headline_rows, interval, number, p_text, verdicts

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
        for row in headline_rows(estimates)
    ]
    print_table(["", "measure", "contrast", "arm", "value", "95 % interval", "test", "items"], rows)
    for verdict in verdicts(estimates):
        print_table([verdict.title], [[line] for line in [*verdict.controls, verdict.headline]])
