"""Rows of a user's own file as they stand there, byte by byte, each beside the text in one of its columns.

For what passes rows on and must not change them: lines of text, JSON lines, CSV and TSV, plain or gzipped, in bounded memory. Faults and
empty lines at the end are those of `freqbias.rows`.
"""

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from freqbias.characters import is_blank
from freqbias.csv_rows import no_column, raw_cells
from freqbias.errors import InputError
from freqbias.lines import Faults, lines, opened, without_empty_end
from freqbias.rows import CSV, JSONL, TEXT, TSV, check_is_prose, decode, kind_of, text_of, type_name

TEXT_COLUMN = "text"
NAMES = ".jsonl, .ndjson, .csv, .tsv or .txt, compressed (.gz, .zst) or not"


class RawRow(NamedTuple):
    """A row: the line it starts in, its bytes with their line end, the text in its column, empty where that holds nothing visible."""

    number: int
    raw: bytes
    text: str


class RawRows:
    """The rows of a file; `head` is what stands before them (byte-order mark, `sep=`, header), `end` the line end of the file.

    `field` names the column of the text (default `text`). The last row has a line end too. Raises `InputError` for a file of another
    kind and a faulty header at once, for a faulty row when it is reached.
    """

    def __init__(self, path: Path, field: str | None = None):
        self.path, self._faults = path, Faults(path)
        kind = kind_of(path)
        if kind not in (TEXT, JSONL, CSV, TSV):
            raise InputError(f"{path}: rows of this kind of file do not stand alone; give {NAMES}")
        if kind == TEXT and field is not None:
            raise InputError(f"{path}: a text file has no field '{field}'; leave --field out, or name a file of rows")
        self._column = field or TEXT_COLUMN
        with opened(path) as stream:
            mark = codecs.BOM_UTF8 if stream.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8 else b""
        self.end = next((_end_of(line.text) for line in lines(path, ends=True)), "") or "\n"
        head, self._rows = ("", self._lines(kind)) if kind in (TEXT, JSONL) else self._cells(kind)
        self.head = mark + self._whole(head)

    def count_lines(self) -> int:
        """Return how many lines the rows stand in, from a reading of its own; not those of the head, nor empty ones at the end."""
        filled = max((line.number for line in lines(self.path, ends=True) if line.text.strip()), default=0)
        return max(0, filled - len(self.head.splitlines()))

    def __iter__(self) -> Iterator[RawRow]:
        for number, raw, value in self._rows:
            try:
                blank = isinstance(value, str) and is_blank(value)
                yield RawRow(number, self._whole(raw), "" if blank else text_of(value, self._column))
            except InputError as error:
                self._faults(number, error)

    def _whole(self, raw: str) -> bytes:
        return (raw if not raw or _end_of(raw) else raw + self.end).encode()

    def _cells(self, kind: str) -> tuple[str, Iterator[tuple[int, str, Any]]]:
        head, rows = raw_cells(self.path, kind == CSV, [self._column], self._faults)
        return head, ((number, raw, row[self._column]) for number, row, raw in rows)

    def _lines(self, kind: str) -> Iterator[tuple[int, str, Any]]:
        if kind == JSONL:
            for number, raw in without_empty_end(self._sound(), self._faults):
                yield number, raw, self._value(number, raw)
            return
        empty: list[tuple[int, str]] = []
        unseen = True
        for line in lines(self.path, ends=True):
            if line.fault:
                self._faults(line.number, line.fault)
            if not line.text.strip():
                empty.append((line.number, line.text))
                continue
            if unseen:
                unseen = False
                check_is_prose(self.path, line.number, line.text)
            for number, raw in empty:
                yield number, raw, ""
            empty.clear()
            yield line.number, line.text, line.text

    def _sound(self) -> Iterator[tuple[int, str | None]]:
        for line in lines(self.path, ends=True):
            if line.fault:
                self._faults(line.number, line.fault)
            yield line.number, line.text if line.text.strip() else None

    def _value(self, number: int, raw: str) -> Any:
        """Return what a line of JSON holds in the column."""
        try:
            row = decode(raw)
        except InputError as error:
            self._faults(number, error)
        if not isinstance(row, dict):
            self._faults(number, f"expected a JSON object, found {type_name(row)}")
        if self._column not in row:
            self._faults(number, no_column(self._column, row))
        return row[self._column]


def _end_of(line: str) -> str:
    """Return the line end of a line that has one."""
    return next((end for end in ("\r\n", "\n", "\r") if line.endswith(end)), "")
