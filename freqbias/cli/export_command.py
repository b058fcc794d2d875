"""`freqbias export`: the observations of a run in another kind of file."""

from pathlib import Path
from typing import Annotated

import typer

from freqbias.cli.console import log, waiting
from freqbias.cli.panels import AROUND, add
from freqbias.cli.paths import check_not_onto
from freqbias.files import file_in
from freqbias.terms import OBSERVATIONS_FILE


def export(
    run: Annotated[Path, typer.Argument(help="Run folder, or observation file.", metavar="RUN")],
    out: Annotated[Path, typer.Option("--to", help="File to write: .parquet, or .jsonl, plain or with .gz or .zst behind it.")],
) -> None:
    """Write the observations of a run as Parquet, or compressed.

    A compressed observations.jsonl.zst in the place of observations.jsonl is read by every command that reads the run.

    Example: `freqbias export results/demo --to observations.parquet`

    Example: `freqbias export results/demo --to results/demo/observations.jsonl.zst`
    """
    from freqbias.run.export import export_observations

    source = file_in(run, OBSERVATIONS_FILE)
    check_not_onto(out, source)
    with waiting("export"):
        count = export_observations(source, out)
    log.info("%s: %d rows", out, count)


def register(app: typer.Typer) -> None:
    """Attach the command to the program."""
    add(app, export, AROUND)
