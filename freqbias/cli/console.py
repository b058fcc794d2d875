"""What all commands share: messages, progress, tables, JSON."""

import logging
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding

from freqbias.characters import escaped, escaped_json
from freqbias.cli import json_lines
from freqbias.cli.progress import Bars, Display, Lines
from freqbias.cli.tables import hanging, table
from freqbias.files import dumps
from freqbias.progress import Track, silent
from freqbias.redact import redact

log = logging.getLogger("freqbias")
err = Console(stderr=True, soft_wrap=True, emoji=False)  # `mine:boom` is a model
out = Console(emoji=False)
PLAIN_WIDTH = 118  # of a table that goes to a file or a pipe


class _OneLine(logging.Formatter):
    """The message in one line, whatever texts of others are in it; the traceback behind it keeps its lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name that `logging` calls
        """Return the message with its control characters and line ends escaped."""
        return escaped(super().formatMessage(record), lines=False)


class _Lines(logging.Handler):
    """One unwrapped line a message, above a running progress bar."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print the message."""
        tell_line(self.format(record))


LEVELS = {-1: logging.ERROR, 0: logging.INFO, 1: logging.DEBUG}


def set_up(verbosity: int, *, as_json: bool = False) -> None:
    """Send freqbias's messages to standard error: -1 errors only, 0 normal, 1 everything; `as_json`: all of it as JSON lines."""
    json_lines.stop()
    handler: logging.Handler = json_lines.start() if as_json else _Lines()
    handler.setFormatter(_OneLine())
    log.handlers[:] = [handler]
    log.propagate = False
    log.setLevel(LEVELS[max(-1, min(1, verbosity))])


def tell_line(text: str) -> None:
    """Print a text to standard error as it stands, but for keys and for what a terminal would obey."""
    err.print(escaped(redact(text)), markup=False, highlight=False, soft_wrap=True)


def tell_end(message: str, exit_status: int, more: str = "") -> None:
    """Say in one line on standard error why a command ends; `more`, a traceback, stands in its place and ends with it."""
    line = redact(escaped(message, lines=False))
    if json_lines.is_on():
        json_lines.write("error", line, exit_status=exit_status, **({"traceback": redact(more)} if more else {}))
        return
    tell_line(more.rstrip("\n") or line)


def _say(line: str, steps: list[dict[str, Any]]) -> None:
    """Say how far a command is; in JSON every step has a line of its own."""
    if json_lines.is_on():
        for step in steps:
            json_lines.write("info", line, **step)
    else:
        log.info("%s", line)


@cache
def _display() -> Display:
    return Bars(err) if err.is_terminal and not json_lines.is_on() else Lines(_say)


def tracker() -> Track:
    """Return a `Track` that shows counts, rate and time left on standard error: a bar, or a line every half minute; none with -q."""
    return silent if log.level > logging.INFO else _display()


def waiting(what: str) -> AbstractContextManager[Any]:
    """Show that a step without countable parts is under way; nothing with -q."""
    return nullcontext() if log.level > logging.INFO else _display().step(what, None)


def stop_display() -> None:
    """Take down whatever still shows progress, as when an error has ended a command."""
    _display().close()
    _display.cache_clear()


def print_report(path: Path, *, json: bool = False) -> None:
    """Name the report in the last line of standard output; on standard error where that is one JSON document."""
    if json:
        log.info("%s", path)
    else:
        print_lines([str(path)])


def print_json(value: Any) -> None:
    """Print one JSON document to standard output."""
    sys.stdout.write(escaped_json(dumps(value, indent=1)) + "\n")


def print_lines(lines: Iterable[str]) -> None:
    """Print lines to standard output as they come."""
    for line in lines:
        sys.stdout.write(escaped(line) + "\n")


def print_table(columns: list[str], rows: Iterable[Iterable[Any]], title: str | None = None) -> None:
    """Print a plain table to standard output, in the width at hand."""
    shown = _shown_on()
    shown.print(table(columns, [list(row) for row in rows], shown.width, title))


def print_answers(about: str, rows: Sequence[tuple[str, str]]) -> None:
    """Print lines to standard output, each behind its answer, under what they are about."""
    shown = _shown_on()
    shown.print(escaped(about), markup=False, highlight=False)
    shown.print(Padding(hanging(rows), (0, 0, 0, 2)))


def wide(columns: int) -> bool:
    """Tell whether standard output has so many columns."""
    return _shown_on().width >= columns


def _shown_on() -> Console:
    """Return the terminal, else a page of `PLAIN_WIDTH`, or of what COLUMNS says."""
    return out if out.is_terminal or os.environ.get("COLUMNS") else Console(width=PLAIN_WIDTH, emoji=False)
