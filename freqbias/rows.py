"""A user's own files, read by kind: lines of text, or rows of JSON, CSV, TSV and Parquet, plain or gzipped, in bounded memory.

The name tells the kind. A fault is one line, `file:line: reason` (of Parquet: `file:row`), which stops the reading or, where a list for
faults is given, is put there and its row left out. What is wrong with a file as a whole always stops it. Line ends are LF, CRLF or CR; a
byte-order mark is no part of a text; empty lines at the end are none. Only `.json` is held in memory whole.
"""

import csv
import gzip
import io
import json
import os
import re
import zlib
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, NoReturn, cast

from freqbias.errors import InputError, install_hint

TEXT, JSONL, JSON, CSV, TSV, PARQUET = "text", "jsonl", "json", "csv", "tsv", "parquet"
KINDS = {
    ".txt": TEXT,
    ".text": TEXT,
    ".jsonl": JSONL,
    ".ndjson": JSONL,
    ".json": JSON,
    ".csv": CSV,
    ".tsv": TSV,
    ".tab": TSV,
    ".parquet": PARQUET,
}
NAMES = ".txt (one text a line), .jsonl, .ndjson, .json, .csv, .tsv or .parquet; all but Parquet may be gzipped (.gz)"
MAX_LINE_BYTES = 1_000_000  # a sentence or passage is far shorter; a longer line is a wrong file
EMPTY_LINE = "the line is empty; delete it"

_GZIP = b"\x1f\x8b"
_SEPARATORS = (",", ";", "\t")
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # the first line that spreadsheets write and read
_SPACE = re.compile(r"[ \t\r\n]*")
_VISIBLE = re.compile(r"[^\s\u00ad\u200b-\u200f\u2060\ufeff]")
_EXACT = 1 << 53  # from here on a float skips whole numbers

Row = tuple[int, dict[str, Any]]


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


def known_kind(path: str | os.PathLike[str]) -> str | None:
    """Return the kind of a file by its name, None where that tells nothing."""
    *_, before, last = ["", "", *(suffix.lower() for suffix in Path(path).suffixes)]
    return KINDS.get(before if last == ".gz" else last)


def kind_of(path: str | os.PathLike[str]) -> str:
    """Return the kind of a file by its name; `InputError` for one that is not known."""
    kind = known_kind(path)
    if kind is None:
        raise InputError(f"{path}: unknown kind of file; name it {NAMES}")
    return kind


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file, gzipped or not, whatever its name says."""
    try:
        with Path(path).open("rb") as raw:
            if raw.peek(2)[:2] == _GZIP:
                with gzip.open(raw) as stream:
                    yield cast("BinaryIO", stream)
            else:
                yield raw
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error


def lines(path: str | os.PathLike[str], *, ends: bool = False) -> Iterator[Line]:
    """Yield the lines of a UTF-8 file, faulty ones too; with `ends` each keeps its line end, as the CSV reader wants it."""
    with _opened(path) as raw:
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
    return "" if text.isascii() or _encodes(text) else "not UTF-8; convert the file"


def _encodes(text: str) -> bool:
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


def read_table(
    path: str | os.PathLike[str], wanted: Sequence[str], also: Sequence[str] = (), *, listed: list[str] | None = None
) -> Iterator[Row]:
    """Yield (line number, row) of a file of rows; each row has the `wanted` columns, and those of `also` that there are.

    A row that is broken, empty, no object, or has more or fewer cells than the header is a fault.
    """
    path, faults = Path(path), Faults(path, listed)
    kind = kind_of(path)
    if kind == TEXT:
        raise InputError(f"{path}: a text file has no columns; give a .jsonl, .json, .csv, .tsv or .parquet file")
    if kind in (CSV, TSV):
        yield from _table(path, kind, wanted, faults)
        return
    if kind == PARQUET:
        yield from _parquet(path, wanted, also)
        return
    for number, row in _objects(_json(path) if kind == JSON else _jsonl(path, faults), faults):
        missing = [name for name in wanted if name not in row]
        if missing:
            faults(number, _no_column(missing[0], row))
        else:
            yield number, row


def read_texts(path: str | os.PathLike[str], field: str | None = None, listed: list[str] | None = None) -> Iterator[tuple[int, str]]:
    """Yield (line number, text) of a text file, blank lines too, or of column `field` (default `text`) of a file of rows."""
    if kind_of(path) != TEXT:
        faults = Faults(path, listed)
        for number, row in read_table(path, [field or "text"], listed=listed):
            try:
                yield number, text_of(row[field or "text"], field or "text")
            except InputError as error:
                faults(number, error)
        return
    if field is not None:
        raise InputError(f"{path}: a text file has no field '{field}'; leave --field out, or name a file of rows")
    unseen = True
    for number, text in read_lines(path, listed):
        if unseen and text.strip():
            unseen = False
            if text.lstrip().startswith(("{", "[")) and _is_json(text):
                raise InputError(f"{path}:{number}: this is JSON; name the file .jsonl (one object a line) or .json (a list of objects)")
        yield number, text


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return text.strip() in "[{"


def visible(text: str) -> bool:
    """Tell whether a text has a character that can be seen."""
    return _VISIBLE.search(text) is not None


def text_of(value: Any, name: str) -> str:
    """Return a cell that must be a text, stripped; `InputError` that starts with the column's name for anything else."""
    if not isinstance(value, str):
        raise InputError(f"{name}: must be text, found {type_name(value)}")
    if not visible(value):
        raise InputError(f"{name}: is empty; write a text, or delete the row")
    if not _encodes(value):
        raise InputError(f"{name}: holds half a character (a lone surrogate); write the whole one")
    return value.strip()


def name_of(value: Any, name: str) -> str | None:
    """Return a cell that names something, a text or a whole number, None where it is absent; `InputError` for anything else."""
    if value is None or value != value:  # noqa: PLR0124  # NaN is how a table library writes what is absent
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        value = int(value)
    if isinstance(value, str) and visible(value):
        return text_of(value, name)
    if isinstance(value, str):
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        fix = "write it as text" if isinstance(value, float) else "name another column"
        raise InputError(f"{name}: must be text or a whole number, found {type_name(value)}; {fix}")
    return str(value)


def type_name(value: Any) -> str:
    """Return what JSON calls a value."""
    names: dict[type, str] = {type(None): "null", dict: "object", int: "number", float: "number", str: "text"}
    return names.get(type(value), type(value).__name__)


def _no_column(name: str, there: Iterable[object]) -> str:
    return f"no column '{name}'; there are {', '.join(map(str, there)) or 'none'}"


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


def _jsonl(path: Path, faults: Faults) -> Iterator[tuple[int, Any]]:
    def decoded() -> Iterator[tuple[int, Any]]:
        for line in lines(path):
            if line.fault:
                faults(line.number, line.fault)
            elif not line.text.strip():
                yield line.number, None
            else:
                try:
                    yield line.number, (_DECODER.decode(line.text),)
                except (ValueError, RecursionError) as error:
                    faults(line.number, f"not strict JSON: {_json_fault(error)}")

    for number, (value,) in without_empty_end(decoded(), faults):
        yield number, value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not strict JSON; write null")


def _once(cells: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(cells)
    if len(found) < len(cells):
        raise ValueError(f"an object names '{_twice(name for name, _ in cells)}' twice; rename one")
    return found


def _twice(names: Iterable[str]) -> str | None:
    return next((name for name, count in Counter(names).items() if count > 1), None)


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_once)  # keeps whole numbers exact, however large


def _json_fault(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at column {error.colno}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _json(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield the elements of a list with the lines they start in."""
    with _opened(path) as raw:
        try:
            text = raw.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: not UTF-8; convert the file") from error
    place = _after_space(text, 0)
    if text[place : place + 1] != "[":
        raise InputError(f"{path}:1: expected a list of objects; one object a line is JSON lines: name that file .jsonl")
    place, seen, number = _after_space(text, place + 1), 0, 1
    while text[place : place + 1] != "]":
        number, seen = number + text.count("\n", seen, place), place
        try:
            value, place = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}:{getattr(error, 'lineno', number)}: not strict JSON: {_json_fault(error)}") from error
        yield number, value
        place = _after_space(text, place)
        if text[place : place + 1] not in (",", "]"):
            raise InputError(f"{path}:{1 + text.count(chr(10), 0, place)}: not strict JSON: expected ',' or ']'; is the file cut off?")
        place = _after_space(text, place + 1) if text[place] == "," else place
    place = _after_space(text, place + 1)
    if place < len(text):
        raise InputError(f"{path}:{1 + text.count(chr(10), 0, place)}: not strict JSON: text follows the end of the list")


def _after_space(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place


def _objects(values: Iterable[tuple[int, Any]], faults: Faults) -> Iterator[Row]:
    for number, value in values:
        if isinstance(value, dict):
            yield number, value
        else:
            faults(number, f"expected a JSON object, found {type_name(value)}")


def _parquet(path: Path, wanted: Sequence[str], also: Sequence[str]) -> Iterator[Row]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise InputError(f"{path}: Parquet needs pyarrow: {install_hint('parquet')}") from error
    try:
        with parquet.ParquetFile(path) as file:
            there = file.schema_arrow.names
            _check_header(path, 1, there, wanted)
            columns = [name for name in dict.fromkeys([*wanted, *also]) if name in there]
            rows = (row for batch in file.iter_batches(columns=columns) for row in batch.to_pylist())
            yield from enumerate(rows, start=1)
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from error


def _check_header(path: Path, number: int, names: Sequence[str], wanted: Sequence[str]) -> None:
    if repeated := _twice(filter(None, names)):
        raise InputError(f"{path}:{number}: column '{repeated}' is named twice; rename one")
    if missing := [name for name in wanted if name not in names]:
        raise InputError(f"{path}:{number}: {_no_column(missing[0], names)}")


Cells = tuple[int, list[str] | None]


def _table(path: Path, kind: str, wanted: Sequence[str], faults: Faults) -> Iterator[Row]:
    """Yield rows under a header; None stands for an empty line."""
    found, separator = _csv(path, wanted, faults) if kind == CSV else (_tsv(path, faults), "\t")
    rows = without_empty_end(found, faults)
    number, header = next(rows, (1, []))
    names = [name.strip() for name in header]
    _check_header(path, number, names, wanted)
    fix = f"quote a cell that holds '{separator}'" if kind == CSV else "a cell cannot hold a tab"
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
