"""Standard error as JSON lines, for a collector of logs: each is one object with `time`, `level` and `message`.

What others write there (warnings of Python, bars and messages of libraries) comes as lines of level `info` with `"source": "stderr"`, so
that no line is anything else. What a library's C code writes past Python is not caught.
"""

import io
import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

from freqbias.characters import escaped, escaped_json
from freqbias.files import dumps
from freqbias.redact import redact


class _Others(io.TextIOBase):
    """Takes the place of standard error: every line that somebody writes becomes the message of an object."""

    def __init__(self, real: TextIO):
        self.real = real
        self._rest = ""

    def write(self, text: str) -> int:
        """Keep what has no line end yet; a carriage return ends a line, as that of a bar does."""
        *whole, self._rest = (self._rest + text).replace("\r", "\n").split("\n")
        for line in filter(str.strip, whole):
            _write(self.real, "info", redact(escaped(line)), source="stderr")
        return len(text)

    def flush(self) -> None:
        """Hand on what is whole."""
        self.real.flush()

    def finish(self) -> None:
        """Write what never got a line end."""
        self.write("\n")


class _Messages(logging.Handler):
    """One object a message."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the message."""
        write(record.levelname.lower(), redact(self.format(record)))


def is_on() -> bool:
    """Tell whether standard error is JSON lines."""
    return isinstance(sys.stderr, _Others)


def start() -> logging.Handler:
    """Make standard error JSON lines; return what writes messages there."""
    sys.stderr = _Others(sys.stderr)
    return _Messages()


def stop() -> None:
    """Give standard error back."""
    if isinstance(sys.stderr, _Others):
        sys.stderr.finish()
        sys.stderr = sys.stderr.real


def write(level: str, message: str, **more: Any) -> None:
    """Write one object; `more` are further fields."""
    if isinstance(sys.stderr, _Others):
        _write(sys.stderr.real, level, message, **more)


def _write(stream: TextIO, level: str, message: str, **more: Any) -> None:
    time = datetime.now(UTC).isoformat(timespec="milliseconds")
    stream.write(escaped_json(dumps({"time": time, "level": level, "message": message, **more})) + "\n")
    stream.flush()
