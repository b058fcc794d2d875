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
    constraints_command,
    explain_command,
    export_command,
    json_lines,
    merge_command,
    model_commands,
    new_command,
    order_command,
    run_commands,
)
from freqbias.cli.console import set_up, stop_display, tell_end
from freqbias.cli.panels import AROUND
from freqbias.errors import INTERRUPTED, FreqbiasError, one_line
from freqbias.run.interrupt import stop_on_signals

UsageError: Any = typer.BadParameter.__mro__[1]  # of click, which typer requires or, in newer versions, holds in itself


class Program(TyperGroup):
    """The group of all commands; it turns our errors and Ctrl-C into one line and an exit status."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command: exit 2 for bad input, 1 for a failing model, 3 for failed rows, 130 for Ctrl-C; a bug keeps its traceback."""
        try:
            return self._shown(ctx)
        except FreqbiasError as error:
            tell_end(f"freqbias: {error}", error.exit_status)
            sys.exit(error.exit_status)
        except UsageError as error:  # drawn in a frame by `typer`
            if not json_lines.is_on():
                raise
            tell_end(f"freqbias: {error.format_message()}", error.exit_code)
            sys.exit(error.exit_code)
        except KeyboardInterrupt:
            tell_end(INTERRUPTED_LINE, INTERRUPTED)
            sys.exit(INTERRUPTED)

    def _shown(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        finally:
            stop_display()


INTERRUPTED_LINE = "freqbias: interrupted; nothing is left half-written; run the same command again to continue"
EXIT_STATUSES = (
    "Exit status: 0 done; 1 a model or a server failed, what was measured is kept; 2 bad input, one line says what to do; "
    "3 a run is complete, but rows failed; 130 interrupted by Ctrl-C, SIGTERM or SIGHUP: the part in hand is finished and kept."
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
constraints_command.register(app)
commands.register(app)
merge_command.register(app)
check_commands.register(app)
order_command.register(app)
explain_command.register(app)
export_command.register(app)
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
    log_json: Annotated[
        bool, typer.Option("--log-json", help="Write each line on standard error as a JSON object: time, level, message, progress.")
    ] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")] = False,
) -> None:
    set_up(-1 if quiet else int(verbose), as_json=log_json)


def main() -> None:
    """Run the command line; the traceback of a bug shows no key either, and SIGTERM and SIGHUP end a command as Ctrl-C does."""
    try:
        stop_on_signals()
        app()
    except KeyboardInterrupt:  # outside a command, as while one is being found or its display taken down
        tell_end(INTERRUPTED_LINE, INTERRUPTED)
        sys.exit(INTERRUPTED)
    except Exception as error:
        tell_end(one_line(error), 1, traceback.format_exc())
        sys.exit(1)
    finally:
        json_lines.stop()
