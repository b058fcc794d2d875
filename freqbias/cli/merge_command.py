"""`freqbias merge`: the parts that several processes have measured, joined into one run."""

from pathlib import Path
from typing import Annotated

import typer

from freqbias.cli.console import log, print_json, print_report, tracker, waiting
from freqbias.cli.options import Holdout, Json
from freqbias.cli.panels import STAGES, add
from freqbias.errors import ROWS_FAILED
from freqbias.terms import ESTIMATES_FILE, HTML_REPORT, OBSERVATIONS_FILE


def merge(
    out: Annotated[Path, typer.Argument(help="Run folder to write.", metavar="OUT")],
    runs: Annotated[list[Path] | None, typer.Argument(help="Run folders that hold parts; default: OUT.", metavar="[RUN]…")] = None,
    holdout: Holdout = None,
    json: Json = False,
) -> None:
    """Join what processes with --shard have measured into one run, as one process would have written it, and go on with its stages.

    A part that is missing or there twice, and parts of other pairs, models, prompts or settings, are refused in one line.

    Example: `freqbias merge runs/mine runs/node-1 runs/node-2`
    """
    from freqbias.cli.summary import show_summary
    from freqbias.files import read_estimates
    from freqbias.run.failures import tell_failures
    from freqbias.run.pipeline import merge as join

    folder, done = join(out, runs or [out], holdout=holdout, track=tracker(), waiting=waiting)
    log.info("%s %s", folder, "written" if done else "is complete; nothing to do")
    estimates = list(read_estimates(folder)) if (folder / ESTIMATES_FILE).exists() else []
    if json:
        print_json([row.to_dict() for row in estimates])
    elif estimates:
        show_summary(folder, estimates)
    failed = tell_failures(folder / OBSERVATIONS_FILE)
    if (folder / HTML_REPORT).exists():
        print_report(folder / HTML_REPORT, json=json)
    if failed:
        raise typer.Exit(ROWS_FAILED)


def register(app: typer.Typer) -> None:
    """Attach `merge` to the program."""
    add(app, merge, STAGES)
