"""Lines of a user's own text files: UTF-8, plain or gzipped, in bounded memory, and what becomes of those that cannot be used.

Line ends are LF, CRLF or CR; a byte-order mark is no part of a text.
"""

import gzip
import io
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from freqbias.compression import decompressed_zstd
from freqbias.errors import InputError

MAX_LINE_BYTES = 1_000_000  # a sentence or passage is far shorter; a longer line is a wrong file
EMPTY_LINE = "the line is empty; delete it"

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"


class Line(NamedTuple):
    """A line without its end; `fault` says why its text cannot be used, where it cannot."""

    number: int
    text: str
    fault: str = ""


class Faults:
    """What becomes of a faulty row: an `InputError` that names file and line, or an entry of `listed` where that is given."""

    def __init__(self, path: str | os.PathLike[str], listed: list[str] | None = None):
        self.path = path
        self.listed = listed

    def __call__(self, number: int, reason: object) -> None:
        """Raise or list one fault."""
        fault = f"{self.path}:{number}: {reason}"
        if self.listed is None:
            raise InputError(fault)
        self.listed.append(fault)


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file, compressed by gzip or zstd or not, whatever its name says."""
    try:
        with Path(path).open("rb") as raw:
            magic = raw.peek(4)[:4]
            if magic[:2] == _GZIP:
                with gzip.open(raw) as stream:
                    yield cast("BinaryIO", stream)
            elif magic == _ZSTD:
                with decompressed_zstd(path, raw) as stream:
                    yield stream
            else:
                yield raw
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error


def lines(path: str | os.PathLike[str], *, ends: bool = False) -> Iterator[Line]:
    """Yield the lines of a UTF-8 file, faulty ones too; with `ends` each keeps its line end, as the CSV reader wants it."""
    with opened(path) as raw:
        stream = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="surrogateescape", newline="" if ends else None)
        number = 0
        while text := stream.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(text) > MAX_LINE_BYTES and not text.endswith(("\n", "\r")):
                yield Line(number, "\n" if ends else "", _too_long(stream, text))
            else:
                yield Line(number, text if ends else text.removesuffix("\n"), _unreadable(text))


def _too_long(stream: io.TextIOWrapper, text: str) -> str:
    """Read on to the end of a line without keeping it."""
    size = 0
    while text:
        size += len(text.encode(errors="surrogateescape"))
        text = "" if text.endswith(("\n", "\r")) else stream.readline(MAX_LINE_BYTES)
    return f"line of {size:,} bytes; the longest allowed is {MAX_LINE_BYTES:,}"


def _unreadable(text: str) -> str:
    if "\0" in text or text.startswith(("\udcff\udcfe", "\udcfe\udcff")):
        return "no text but bytes, or UTF-16; convert the file to UTF-8"
    return "" if text.isascii() or encodes(text) else "not UTF-8; convert the file"


def encodes(text: str) -> bool:
    """Tell whether a text is sound Unicode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def read_lines(path: str | os.PathLike[str], listed: list[str] | None = None) -> Iterator[tuple[int, str]]:
    """Yield (line number, text) of a UTF-8 file without line ends.

    A line that is not UTF-8 or longer than a megabyte is a fault.
    """
    faults = Faults(path, listed)
    for line in lines(path):
        if line.fault:
            faults(line.number, line.fault)
        else:
            yield line.number, line.text


def without_empty_end(rows: Iterable[tuple[int, Any]], faults: Faults) -> Iterator[tuple[int, Any]]:
    """Yield what is not None; an empty line is a fault, unless nothing but such follows."""
    empty: list[int] = []
    for number, row in rows:
        if row is None:
            empty.append(number)
            continue
        for line in empty:
            faults(line, EMPTY_LINE)
        empty.clear()
        yield number, row
