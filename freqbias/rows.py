"""A user's own files, read by kind: lines of text, or rows of JSON, CSV, TSV and Parquet, plain or gzipped, in bounded memory.

The name tells the kind. A fault is one line, `file:line: reason` (of Parquet: `file:row`), which stops the reading or, where a list for
faults is given, is put there and its row left out. What is wrong with a file as a whole always stops it. Empty lines at the end are
none. Only `.json` is held in memory whole.
"""

import json
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from freqbias.characters import is_blank, visible
from freqbias.compression import SUFFIXES
from freqbias.csv_rows import Row, check_header, no_column, read_cells, twice
from freqbias.errors import InputError, install_hint
from freqbias.lines import Faults, encodes, lines, opened, read_lines, without_empty_end

TEXT, JSONL, JSON, CSV, TSV, PARQUET, ARROW = "text", "jsonl", "json", "csv", "tsv", "parquet", "arrow"
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
    ".arrow": ARROW,
}
NAMES = ".txt (one text a line), .jsonl, .ndjson, .json, .csv, .tsv or .parquet; all but Parquet may be compressed (.gz, .zst)"

_ARROW_FILE = b"ARROW1"
_SPACE = re.compile(r"[ \t\r\n]*")
_EXACT = 1 << 53  # from here on a float skips whole numbers


def known_kind(path: str | os.PathLike[str]) -> str | None:
    """Return the kind of a file by its name, None where that tells nothing."""
    *_, before, last = ["", "", *(suffix.lower() for suffix in Path(path).suffixes)]
    return KINDS.get(before if last in SUFFIXES else last)


def kind_of(path: str | os.PathLike[str]) -> str:
    """Return the kind of a file by its name; `InputError` for one that is not known."""
    kind = known_kind(path)
    if kind is None:
        raise InputError(f"{path}: unknown kind of file; name it {NAMES}")
    return kind


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
        yield from read_cells(path, kind == CSV, wanted, faults)
        return
    if kind in (PARQUET, ARROW):
        yield from _columns(path, _parquet if kind == PARQUET else _arrow, wanted, also)
        return
    for number, row in _objects(_json(path) if kind == JSON else _jsonl(path, faults), faults):
        missing = [name for name in wanted if name not in row]
        if missing:
            faults(number, no_column(missing[0], row))
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
            check_is_prose(path, number, text)
        yield number, text


def check_is_prose(path: str | os.PathLike[str], number: int, text: str) -> None:
    """Raise `InputError` where the first line of a text file is JSON."""
    if text.lstrip().startswith(("{", "[")) and _is_json(text):
        raise InputError(f"{path}:{number}: this is JSON; name the file .jsonl (one object a line) or .json (a list of objects)")


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return text.strip() in "[{"


def text_of(value: Any, name: str) -> str:
    """Return a cell that must be a text, stripped; `InputError` that starts with the column's name for anything else."""
    if not isinstance(value, str):
        raise InputError(f"{name}: must be text, found {type_name(value)}")
    if is_blank(value):
        raise InputError(f"{name}: is empty; write a text, or delete the row")
    if not encodes(value):
        raise InputError(f"{name}: holds half a character (a lone surrogate); write the whole one")
    return value.strip()


def name_of(value: Any, name: str) -> str | None:
    """Return a cell that names something, a text or a whole number, None where it is absent; `InputError` for anything else."""
    if value is None or (isinstance(value, float) and math.isnan(value)):  # NaN is how a table library writes what is absent
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        value = int(value)
    if isinstance(value, str) and not is_blank(value):
        return visible(text_of(value, name))
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


def _jsonl(path: Path, faults: Faults) -> Iterator[tuple[int, Any]]:
    def decoded() -> Iterator[tuple[int, Any]]:
        for line in lines(path):
            if line.fault:
                faults(line.number, line.fault)
            elif not line.text.strip():
                yield line.number, None
            else:
                try:
                    yield line.number, (decode(line.text),)
                except InputError as error:
                    faults(line.number, error)

    for number, (value,) in without_empty_end(decoded(), faults):
        yield number, value


def decode(text: str) -> Any:
    """Return the value of a line of JSON; `InputError` says what is wrong with it."""
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not strict JSON: {_json_fault(error)}") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not strict JSON; write null")


def _once(cells: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(cells)
    if len(found) < len(cells):
        raise ValueError(f"an object names '{twice(name for name, _ in cells)}' twice; rename one")
    return found


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_once)  # keeps whole numbers exact, however large


def _json_fault(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg.removesuffix(' at')} at column {error.colno}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _json(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield the elements of a list with the lines they start in."""
    with opened(path) as raw:
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


#: Yields tables of those columns of a file that the function picks of all their names.
Batches = Callable[[Path, Callable[[list[str]], list[str]]], Iterator[Any]]


def _columns(path: Path, batches: Batches, wanted: Sequence[str], also: Sequence[str]) -> Iterator[Row]:
    """Yield (row number, row) of a file that keeps its columns apart; only those that are asked for are read."""
    try:
        import pyarrow
    except ImportError as error:
        raise InputError(f"{path}: Parquet and Arrow need pyarrow: {install_hint('parquet')}") from error

    def asked(there: list[str]) -> list[str]:
        check_header(path, 1, there, wanted)
        return [name for name in dict.fromkeys([*wanted, *also]) if name in there]

    try:
        yield from enumerate((row for batch in batches(path, asked) for row in batch.to_pylist()), start=1)
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from error


def _parquet(path: Path, asked: Callable[[list[str]], list[str]]) -> Iterator[Any]:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        yield from file.iter_batches(columns=asked(file.schema_arrow.names))


def _arrow(path: Path, asked: Callable[[list[str]], list[str]]) -> Iterator[Any]:
    """Yield the batches of a stream, as `datasets` saves it, or of a file that begins with Arrow's mark."""
    from pyarrow import ipc, memory_map

    with memory_map(str(path)) as source:
        if source.read(len(_ARROW_FILE)) == _ARROW_FILE:
            file = ipc.open_file(source)
            batches: Iterator[Any] = map(file.get_batch, range(file.num_record_batches))
            names = file.schema.names
        else:
            source.seek(0)
            stream = ipc.open_stream(source)
            batches, names = iter(stream), stream.schema.names
        columns = asked(names)
        for batch in batches:
            yield batch.select(columns)
