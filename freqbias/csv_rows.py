"""Rows of CSV and TSV files under a header: in CSV quotes hold cells together, in TSV they are text."""

import csv
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from freqbias.errors import InputError
from freqbias.lines import Faults, Line, lines, read_lines, without_empty_end

_SEPARATORS = (",", ";", "\t")
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # the first line that spreadsheets write and read

Row = tuple[int, dict[str, Any]]
Cells = tuple[int, list[str] | None]


def read_cells(path: Path, quoted: bool, wanted: Sequence[str], faults: Faults) -> Iterator[Row]:
    """Yield (line number, row) of a table under its header; `quoted` tells CSV from TSV.

    A CSV file is split by what its first line `sep=` says, else by what gives the header the `wanted` columns.
    """
    found, separator = _csv(path, wanted, faults) if quoted else (_tsv(path, faults), "\t")
    rows = without_empty_end(found, faults)
    number, header = next(rows, (1, []))
    names = [name.strip() for name in header]
    check_header(path, number, names, wanted)
    fix = f"quote a cell that holds '{separator}'" if quoted else "a cell cannot hold a tab"
    for number, cells in rows:
        if len(cells) == len(names):
            yield number, dict(zip(names, cells, strict=True))
        else:
            faults(number, f"{len(cells)} cells where the header has {len(names)}; {fix}")


def _tsv(path: Path, faults: Faults) -> Iterator[Cells]:
    for number, text in read_lines(path, faults.listed):
        yield number, text.split("\t") if text.strip() else None


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


def _csv(path: Path, wanted: Sequence[str], faults: Faults) -> tuple[Iterator[Cells], str]:
    """Return the rows of a CSV file, and the separator that `sep=` or the header tells."""
    feed = _Feed(lines(path, ends=True))
    first = next(feed, "")
    stated = _SEPARATOR_LINE.fullmatch(first)
    feed.back(keep=1 if stated else 0)
    separator = stated[1] if stated else max(_SEPARATORS, key=lambda mark: _fit(first, mark, wanted))
    return _csv_rows(feed, separator, faults), separator


def _fit(header: str, separator: str, wanted: Sequence[str]) -> tuple[int, int]:
    names = [name.strip() for name in next(csv.reader([header], delimiter=separator, skipinitialspace=True), [])]
    return sum(name in names for name in wanted), len(names)


def _csv_rows(feed: _Feed, separator: str, faults: Faults) -> Iterator[Cells]:
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
            yield feed.row[0].number, cells if any(line.text.strip() for line in feed.row) else None


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
