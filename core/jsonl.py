"""Strict JSON and JSON-lines files: errors name file and line, and a file is either whole or absent."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, TypeVar

import jsonlines

from freqbias.errors import InputError
from freqbias.records import SCHEMA, Estimate, Observation, Pair

T = TypeVar("T")
MAX_LINE_BYTES = 1_000_000  # a sentence or passage is far shorter; a longer line is a wrong file
DIGITS = 9  # significant; float32 results carry seven, and more would only make files differ between machines


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not strict JSON; write null")


def _loads(text: str | bytes) -> Any:
    return json.loads(text, parse_constant=_refuse_constant)


def _rounded(value: Any) -> Any:
    """Round every float in a JSON-ready value; nan and infinity are left to `json.dumps`, which refuses them."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value


def dumps(value: Any, indent: int | None = None) -> str:
    """Return strict JSON text; `ValueError` on nan or infinity."""
    return json.dumps(_rounded(value), ensure_ascii=False, allow_nan=False, indent=indent)


@contextmanager
def atomic(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a binary file that appears under `path` only when the block ends without an error."""
    target = Path(path)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as stream:
            yield stream
        partial.replace(target)
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a UTF-8 text file, whole or not at all."""
    with atomic(path) as stream:
        stream.write(text.encode())


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write one strict JSON document, whole or not at all."""
    write_text(path, dumps(value, indent=1) + "\n")


def write_records(path: str | os.PathLike[str], records: Iterable[Pair | Observation | Estimate]) -> int:
    """Write records as JSON lines, whole or not at all; return how many."""
    count = 0
    with atomic(path) as stream:
        for record in records:
            stream.write(dumps(record.to_dict()).encode() + b"\n")
            count += 1
    return count


def read_json(path: str | os.PathLike[str]) -> Any:
    """Read one strict JSON document; raise `InputError` naming the file."""
    try:
        return _loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise InputError(f"{path}: not strict JSON: {error}") from error


def read_manifest(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a manifest and check its schema number; raise `InputError` when it is another."""
    manifest = read_json(path)
    found = manifest.get("schema") if isinstance(manifest, dict) else None
    if found != SCHEMA:
        raise InputError(f"{path}: field 'schema' is {found!r}, this version of freqbias reads {SCHEMA}")
    return dict(manifest)


def _opened(path: str | os.PathLike[str]) -> BinaryIO:
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error


def read_rows(path: str | os.PathLike[str], parse: Callable[[Any], T]) -> Iterator[T]:
    """Yield `parse(row)` for every line; raise `InputError` as `file:line: reason`."""
    with _opened(path) as stream, jsonlines.Reader(stream, loads=_loads) as reader:
        number = 0
        while True:
            number += 1
            try:
                yield parse(reader.read())
            except EOFError:
                return
            except jsonlines.InvalidLineError as error:
                reason = str(error.__cause__ or error)
                raise InputError(f"{path}:{number}: not strict JSON: {reason}") from error
            except InputError as error:
                raise InputError(f"{path}:{number}: {error}") from error


def read_lines(path: str | os.PathLike[str]) -> Iterator[tuple[int, str]]:
    """Yield (line number, text) of a UTF-8 file without line ends; a byte-order mark and CRLF are taken off.

    Raises `InputError` with file and line for a line that is not UTF-8 or longer than a megabyte.
    """
    with _opened(path) as stream:
        for number, raw in enumerate(stream, start=1):
            if len(raw) > MAX_LINE_BYTES:
                raise InputError(f"{path}:{number}: line of {len(raw):,} bytes; the longest allowed is {MAX_LINE_BYTES:,}")
            try:
                text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise InputError(f"{path}:{number}: not UTF-8; convert the file") from error
            yield number, text.rstrip("\r\n")


def read_pairs(path: str | os.PathLike[str]) -> Iterator[Pair]:
    """Yield the pairs of `pairs.jsonl` (or of the run folder that holds one); an `id` seen twice is an `InputError`."""
    path = _in_folder(path, "pairs.jsonl")
    seen: set[str] = set()
    for number, pair in enumerate(read_rows(path, Pair.from_dict), start=1):
        if pair.id in seen:
            raise InputError(f"{path}:{number}: field 'id' repeats '{pair.id}'")
        seen.add(pair.id)
        yield pair


def read_observations(path: str | os.PathLike[str]) -> Iterator[Observation]:
    """Yield the observations of `observations.jsonl` (or of the run folder that holds one)."""
    return read_rows(_in_folder(path, "observations.jsonl"), Observation.from_dict)


def read_estimates(path: str | os.PathLike[str]) -> Iterator[Estimate]:
    """Yield the estimates of `estimates.jsonl` (or of the run folder that holds one)."""
    return read_rows(_in_folder(path, "estimates.jsonl"), Estimate.from_dict)


def _in_folder(path: str | os.PathLike[str], name: str) -> Path:
    found = Path(path)
    return found / name if found.is_dir() else found
