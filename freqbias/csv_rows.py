"""Rows of CSV and TSV files under a header, and as they stand: in CSV quotes hold cells together, in TSV they are text."""

import csv
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from freqbias.errors import InputError
from freqbias.lines import Faults, Line, lines, without_empty_end

_SEPARATORS = (",", ";", "\t")
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # the first line that spreadsheets write and read

Row = tuple[int, dict[str, Any]]


class Cells(NamedTuple):
    """The cells of a row, and the lines that they stand in, line ends included."""

    cells: list[str]
    raw: str


#: The line in which a row starts, and what stands there; None of an empty line.
Numbered = tuple[int, Cells | None]
#: The same with the cells by their columns.
RawCells = tuple[int, dict[str, str], str]


def read_cells(path: Path, quoted: bool, wanted: Sequence[str], faults: Faults) -> Iterator[Row]:
    """Yield (line number, row) of a table under its header; `quoted` tells CSV from TSV.

    A CSV file is split by what its first line `sep=` says, else by what gives the header the `wanted` columns.
    """
    _, rows = raw_cells(path, quoted, wanted, faults)
    for number, row, _ in rows:
        yield number, row


def raw_cells(path: Path, quoted: bool, wanted: Sequence[str], faults: Faults) -> tuple[str, Iterator[RawCells]]:
    """Return what stands before the rows (`sep=`, the header), and an iterator of (line number, row, the row as it stands)."""
    before, found, separator = _csv(path, wanted, faults) if quoted else ("", _tsv(path, faults), "\t")
    rows = without_empty_end(found, faults)
    number, header = next(rows, (1, Cells([], "")))
    names = [name.strip() for name in header.cells]
    check_header(path, number, names, wanted)
    return before + header.raw, _under(names, rows, separator, quoted, faults)


def _under(names: list[str], rows: Iterable[tuple[int, Cells]], separator: str, quoted: bool, faults: Faults) -> Iterator[RawCells]:
    fix = f"quote a cell that holds '{separator}'" if quoted else "a cell cannot hold a tab"
    for number, (cells, raw) in rows:
        if len(cells) == len(names):
            yield number, dict(zip(names, cells, strict=True)), raw
        else:
            faults(number, f"{len(cells)} cells where the header has {len(names)}; {fix}")


def _tsv(path: Path, faults: Faults) -> Iterator[Numbered]:
    for line in lines(path, ends=True):
        if line.fault:
            faults(line.number, line.fault)
        else:
            yield line.number, Cells(line.text.rstrip("\r\n").split("\t"), line.text) if line.text.strip() else None


class _Feed:
    """Lines for a CSV reader, which can be sent back to the line behind the one where a row started."""

    def __init__(self, source: Iterator[Line]):
        self._source = source
        self._again: deque[Line] = deque()
        self.row: list[Line] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._source)
        self.row.append(line)
        return line.text

    def back(self, keep: int = 1) -> None:
        self._again.extendleft(reversed(self.row[keep:]))
        self.row = []


def _csv(path: Path, wanted: Sequence[str], faults: Faults) -> tuple[str, Iterator[Numbered], str]:
    """Return the line `sep=` where there is one, the rows of a CSV file, and the separator that this line or the header tells."""
    feed = _Feed(lines(path, ends=True))
    first = next(feed, "")
    stated = _SEPARATOR_LINE.fullmatch(first)
    feed.back(keep=1 if stated else 0)
    separator = stated[1] if stated else max(_SEPARATORS, key=lambda mark: _fit(first, mark, wanted))
    return first if stated else "", _csv_rows(feed, separator, faults), separator


def _fit(header: str, separator: str, wanted: Sequence[str]) -> tuple[int, int]:
    names = [name.strip() for name in next(csv.reader([header], delimiter=separator, skipinitialspace=True), [])]
    return sum(name in names for name in wanted), len(names)


def _csv_rows(feed: _Feed, separator: str, faults: Faults) -> Iterator[Numbered]:
    reader = csv.reader(feed, delimiter=separator, skipinitialspace=True, strict=True)
    while True:
        feed.row = []
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            faults(feed.row[0].number, _csv_fault(str(error)))
            feed.back()  # a quote that is never closed costs its own line and not the rest of the file
            continue
        if bad := next((line for line in feed.row if line.fault), None):
            faults(bad.number, bad.fault)
        else:
            raw = "".join(line.text for line in feed.row)
            yield feed.row[0].number, Cells(cells, raw) if raw.strip() else None


def _csv_fault(message: str) -> str:
    if "expected after" in message:
        return "text follows a closing quote; write a quote inside a quoted cell twice"
    return "a quote is opened and not closed; close it, or write a quote inside a quoted cell twice"


def check_header(path: Path, number: int, names: Sequence[str], wanted: Sequence[str]) -> None:
    """Raise `InputError` where a header names a column twice or lacks one of those that are wanted."""
    if repeated := twice(filter(None, names)):
        raise InputError(f"{path}:{number}: column '{' '.join(repeated.split())}' is named twice; rename one")
    if missing := [name for name in wanted if name not in names]:
        raise InputError(f"{path}:{number}: {no_column(missing[0], names)}")


def no_column(name: str, there: Iterable[object]) -> str:
    """Return the sentence on a column that is not there."""
    names = [" ".join(str(each).split()) for each in there]
    fix = "; in TSV quotes are text: name the file .csv" if f'"{name}"' in names else ""
    return f"no column '{name}'; found: {', '.join(names) or 'none'}{fix}"


def twice(names: Iterable[str]) -> str | None:
    """Return the first name that comes more than once."""
    return next((name for name, count in Counter(names).items() if count > 1), None)
