"""`freqbias compare`: two runs over the same pairs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from freqbias.cli.console import log, print_json, print_lines, print_report, print_table
from freqbias.cli.options import Json, Seed
from freqbias.cli.panels import ANSWER, add
from freqbias.errors import InputError
from freqbias.records import Estimate
from freqbias.terms import COMPARE_HTML_REPORT

ModelsOfA = Annotated[
    list[str] | None,
    typer.Option("--a", metavar="MODEL", help="Model of A to compare; as often as there are couples, in the order of --b."),
]
ModelsOfB = Annotated[
    list[str] | None, typer.Option("--b", metavar="MODEL", help="Model of B that the one named by --a is held against.")
]


def compare(
    first: Annotated[Path, typer.Argument(help="Run folder.", metavar="A")],
    second: Annotated[Path, typer.Argument(help="Run folder over the same pairs.", metavar="B")],
    a: ModelsOfA = None,
    b: ModelsOfB = None,
    out: Annotated[Path | None, typer.Option(help="Folder for compare.html, compare.md and compare.json.")] = None,
    all_rows: Annotated[bool, typer.Option("--all", help="Print every row, not only those that the sentences rest on.")] = False,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Say which of two models loses more to rare wording, and which is better, paired on items; runs over different pairs are refused.

    Example: `freqbias compare runs/base runs/tuned --a minilm --b ckpt-2000 --out runs/base-tuned`
    """
    from freqbias.analysis.report.comparing import compare_runs

    if out is not None and out.exists() and not out.is_dir():
        raise InputError(f"{out}: is a file; give a folder")
    found = compare_runs(first, second, a=a or [], b=b or [], seed=seed)
    written = [] if out is None else found.write(out)
    if json:
        print_json(found.document())
    else:
        print_lines([*found.sides, ""])
        for told in found.told:
            print_lines([told.title, f"  {told.sentence}", *(f"  {line}" for line in told.more), ""])
        if found.told:
            _show([row for told in found.told for row in told.rows])
        if all_rows:
            _show(found.estimates, title="Every difference")
        else:
            print_lines([f"{len(found.estimates)} rows in all: --all prints them, --out FOLDER writes them."])
    if out is not None:
        log.info("wrote %s: %s", out, ", ".join(path.name for path in written))
        print_report(out / COMPARE_HTML_REPORT, json=json)


def _show(rows: Sequence[Estimate], title: str | None = None) -> None:
    from freqbias.analysis.report.comparing import cells, columns

    shown: list[list[Any]] = [cells(row) for row in rows]
    print_table(columns(), shown, title)


def register(app: typer.Typer) -> None:
    """Attach the command to the program."""
    add(app, compare, ANSWER)
