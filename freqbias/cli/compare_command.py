"""`freqbias compare`: two runs over the same pairs."""

from pathlib import Path
from typing import Annotated

import typer

from freqbias.cli.console import print_json, print_table


def compare(
    first: Annotated[Path, typer.Argument(help="Run folder.", metavar="A")],
    second: Annotated[Path, typer.Argument(help="Run folder over the same pairs.", metavar="B")],
    seed: Annotated[int, typer.Option(help="Seed of everything random.", min=0)] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document to standard output and nothing else.")] = False,
) -> None:
    """Say what changed from run A to run B, paired on items; runs over different pairs are refused.

    Example: `freqbias compare results/float32 results/bfloat16`
    """
    from freqbias.analysis.estimate.compare import compare as difference
    from freqbias.analysis.report.verdict import interval, number, p_text

    rows = difference(first, second, seed=seed)
    if json:
        print_json([row.to_dict() for row in rows])
        return
    columns = ["", "measure", "contrast", "arm", "A", "B", "B − A", "95 % interval", "test", "items"]
    cells = [
        [
            f"{row.model} · {row.probe}",
            row.measure,
            row.contrast,
            row.arm,
            *(number(value) for value in row.extra["values"]),
            number(row.value),
            interval(row),
            p_text(row.p_value),
            row.n_items,
        ]
        for row in rows
    ]
    print_table(columns, cells)


def register(app: typer.Typer) -> None:
    """Attach the command to the program."""
    app.command()(compare)
