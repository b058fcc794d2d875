"""What all commands share: messages, progress bars, tables, JSON."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from freqbias.files import dumps
from freqbias.progress import Track, silent
from freqbias.redact import redact

T = TypeVar("T")
log = logging.getLogger("freqbias")
err = Console(stderr=True, soft_wrap=True, emoji=False)  # `mine:boom` is a model
out = Console(emoji=False)
PLAIN_WIDTH = 118  # of a table that goes to a file or a pipe


class _Lines(logging.Handler):
    """One unwrapped line a message, above a running progress bar."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print the message."""
        err.print(redact(self.format(record)), markup=False, highlight=False, soft_wrap=True)


LEVELS = {-1: logging.ERROR, 0: logging.INFO, 1: logging.DEBUG}


def set_up(verbosity: int) -> None:
    """Send freqbias's messages to standard error: -1 errors only, 0 normal, 1 everything."""
    handler = _Lines()
    log.handlers[:] = [handler]
    log.propagate = False
    log.setLevel(LEVELS[max(-1, min(1, verbosity))])


def tracker() -> Track:
    """Return a `Track` that draws a bar on standard error; none with -q, one closing line where there is no terminal."""
    if log.level > logging.INFO:
        return silent
    return _bar if err.is_terminal else _line


def _bar(items: Iterable[T], what: str, total: int) -> Iterator[T]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err) as progress:
        yield from progress.track(items, total=total, description=what)


def _line(items: Iterable[T], what: str, total: int) -> Iterator[T]:
    started = time.monotonic()
    yield from items
    log.info("%s: %d of %d, %.0f s", what, total, total, time.monotonic() - started)


def waiting(what: str) -> AbstractContextManager[Any]:
    """Show on a terminal that a step without countable parts is under way."""
    return err.status(what) if err.is_terminal and log.level <= logging.INFO else nullcontext()


def print_json(value: Any) -> None:
    """Print one JSON document to standard output."""
    sys.stdout.write(dumps(value, indent=1) + "\n")


def print_lines(lines: Iterable[str]) -> None:
    """Print lines to standard output as they come."""
    for line in lines:
        sys.stdout.write(line + "\n")


def print_table(columns: list[str], rows: Iterable[Iterable[Any]], title: str | None = None) -> None:
    """Print a plain table to standard output."""
    table = Table(*columns, title=title, title_justify="left", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*("–" if cell is None else escape(str(cell)) for cell in row))
    (out if out.is_terminal else Console(width=PLAIN_WIDTH, emoji=False)).print(table)
