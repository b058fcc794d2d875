"""Entry point, options of the whole program, and the exit statuses."""

import sys
import traceback
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import freqbias
from freqbias.cli import (
    check_commands,
    collection_command,
    commands,
    compare_command,
    explain_command,
    merge_command,
    model_commands,
    new_command,
    order_command,
    run_commands,
)
from freqbias.cli.console import err, set_up, stop_display
from freqbias.cli.panels import AROUND
from freqbias.errors import FreqbiasError
from freqbias.redact import redact


class Program(TyperGroup):
    """The group of all commands; it turns our errors and Ctrl-C into one line and an exit status."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command: exit 2 for bad input, 1 for a failing model, 3 for failed rows, 130 for Ctrl-C; a bug keeps its traceback."""
        try:
            return self._shown(ctx)
        except FreqbiasError as error:
            err.print(redact(f"freqbias: {error}"), markup=False, highlight=False, soft_wrap=True)
            sys.exit(error.exit_status)
        except KeyboardInterrupt:
            err.print("freqbias: interrupted; nothing is left half-written; run the same command again to continue", soft_wrap=True)
            sys.exit(130)

    def _shown(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        finally:
            stop_display()


EXIT_STATUSES = (
    "Exit status: 0 done; 1 a model or a server failed, what was measured is kept; 2 bad input, one line says what to do; "
    "3 a run is complete, but rows failed; 130 interrupted."
)

HELP = """Do models treat frequent and rare wording of the same content differently?

- `freqbias run --embedder minilm --out runs/minilm`: measure a model and write a report

- `freqbias collection FOLDER --embedder minilm`: what rare wording costs in your own documents and queries

- `freqbias compare runs/a runs/b`: which of two models or checkpoints loses more
"""

app = typer.Typer(
    cls=Program,
    help=HELP,
    epilog=EXIT_STATUSES,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
run_commands.register(app)
collection_command.register(app)
compare_command.register(app)
commands.register(app)
merge_command.register(app)
check_commands.register(app)
order_command.register(app)
explain_command.register(app)
app.add_typer(model_commands.app, name="models", rich_help_panel=AROUND)
app.add_typer(new_command.app, name="new", rich_help_panel=AROUND)


def _version(value: bool) -> None:
    if value:
        typer.echo(freqbias.__version__)
        raise typer.Exit


@app.callback()
def options(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only what went wrong.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")] = False,
) -> None:
    set_up(-1 if quiet else int(verbose))


def main() -> None:
    """Run the command line; the traceback of a bug shows no key either."""
    try:
        app()
    except Exception:
        sys.stderr.write(redact(traceback.format_exc()))
        sys.exit(1)
