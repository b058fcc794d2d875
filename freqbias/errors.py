"""Exceptions that a user of freqbias can meet, and the exit status each one gives."""

import inspect
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)

ROWS_FAILED = 3  # exit status of a run that is complete, with rows that carry an error
INTERRUPTED = 130  # exit status of a command that a signal has ended: 128 and the number of SIGINT, as shells have it


def install_hint(extra: str) -> str:
    """Return the command that installs an extra, as of a clone, since freqbias is on no package index."""
    return f"python -m pip install '.[{extra}]' in a clone of freqbias"


class FreqbiasError(Exception):
    """Base of every error that freqbias raises on purpose.

    Its text is one line that names the fix; the command line prints it without a traceback.
    """

    exit_status = 1


class InputError(FreqbiasError):
    """Something the user gave (file, option, name) cannot be used."""

    exit_status = 2


class ModelNotReadyError(FreqbiasError):
    """A model is known but not on this machine yet."""

    exit_status = 2


class BackendError(FreqbiasError):
    """A model ran and failed."""


class UnsupportedError(BackendError):
    """A model was asked for what it cannot do, whatever the text; to ask again, or for less, is of no use."""


def is_ours(thing: object) -> bool:
    """Tell whether a function, a class or the class of an object is part of freqbias."""
    owner = thing if inspect.isroutine(thing) or inspect.isclass(thing) else type(thing)
    return str(owner.__module__).partition(".")[0] == "freqbias"


@contextmanager
def in_one_line(kind: Callable[[str], FreqbiasError], what: str, *called: object) -> Iterator[None]:
    """Turn whatever the code of others raises in the block into an error of one line: what, why and where.

    Where all that is `called` is part of freqbias it is a bug, which keeps its traceback; that of others is shown by `-v`.
    """
    try:
        yield
    except FreqbiasError:
        raise
    except (Exception, SystemExit) as error:
        if all(map(is_ours, called)):
            raise
        log.debug("%s", what, exc_info=True)
        raise kind(f"{what}: {one_line(error)}") from error


def one_line(error: BaseException) -> str:
    """Return kind, first line and place of an exception."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")]
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {' '.join(str(error).split()) or 'no reason given'}{place}"
