"""Strict JSON and JSON-lines files: errors name file and line, and a file is either whole or absent."""

import hashlib
import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from io import BufferedReader
from itertools import accumulate, islice
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, TypeVar, cast

import jsonlines
import orjson

from freqbias.compression import compressed, in_folder, is_compressed, opened
from freqbias.errors import InputError
from freqbias.holds_pairs import BOM, check_holds_pairs
from freqbias.names import Names
from freqbias.records import SCHEMA, Estimate, Observation, Pair, Record
from freqbias.shapes import MAX_DEPTH, MAX_ROW_BYTES, Manifest, check, check_depth, shown
from freqbias.terms import ESTIMATES_FILE, OBSERVATIONS_FILE, PAIRS_FILE

T = TypeVar("T")
BLOCK_BYTES = 1 << 20  # of a pair file that are in memory at a time
_PLAIN = frozenset({str, int, bool, type(None)})  # nothing to round in these
DIGITS = 9  # significant; float32 results carry seven, and more would only make files differ between machines
_ROUNDED = f"%.{DIGITS}g"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not strict JSON; write null")


def _loads(text: str | bytes) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        try:
            json.loads(text, parse_constant=_refuse_constant)  # the slower reader says more exactly what is wrong
        except RecursionError:
            raise ValueError("nested too deeply") from None
        raise


def _row(text: str | bytes) -> Any:
    """Return what a line says; `InputError` where it is nested so deeply that no reader could walk through it."""
    value = orjson.loads(text)
    check_depth(value, text)
    return value


def _rounded(value: Any) -> Any:
    """Round every float in a JSON-ready value; `ValueError` on nan and infinity."""
    if isinstance(value, float):
        if value - value != 0:
            raise ValueError(f"{value} is not JSON compliant")
        return float(_ROUNDED % value)
    if isinstance(value, dict) or isinstance(value, Mapping):  # noqa: SIM101  # the second test is slow
        return {key: item if item.__class__ in _PLAIN else _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [item if item.__class__ in _PLAIN else _rounded(item) for item in value]
    return value


def dumps(value: Any, indent: int | None = None) -> str:
    """Return strict JSON text; `ValueError` on nan or infinity."""
    return json.dumps(_rounded(value), ensure_ascii=False, allow_nan=False, indent=indent)


def line(record: Record) -> bytes:
    """Return a record as one line of a JSON-lines file, line end included; `ValueError` on nan or infinity."""
    row = record.to_dict()
    for name in record.rounded_fields() if not record.extra else list(row):
        value = row.get(name)
        if value.__class__ is float and value - value == 0:  # as `_rounded` does it, for most values there are
            row[name] = float(_ROUNDED % value)
        elif value.__class__ not in _PLAIN and (value or value.__class__ is not dict):
            row[name] = _rounded(value)
    try:
        return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # for a key that is no text, which costs every row that has none a third more
        return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)


def lines(records: Iterable[Record]) -> bytes:
    """Return records as the lines that `line` makes of them; no line is kept beside them, which would cost as much as making it."""
    found = bytearray()
    for record in records:
        found += line(record)
    return bytes(found)


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
        with suppress(OSError):  # where nothing could be written there is nothing to take away
            partial.unlink(missing_ok=True)


@contextmanager
def held(lock: Path, taken: str, named: Path, wait: float = 0) -> Iterator[None]:
    """Hold a lock file; `InputError` begins with `taken` where a living process has it, and names `named` where it cannot be written.

    A dead process holds nothing; one that lives is waited for, `wait` seconds at most. The file is deleted while it is locked, so that
    none stays behind: who has opened it meanwhile locks a file without a name, which filelock takes for no lock.
    """
    from filelock import FileLock, Timeout

    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        own = FileLock(lock, timeout=wait)
        own.acquire()
        locked = lock.stat()
    except Timeout as error:
        raise InputError(f"{taken}; wait for it, or give another --out") from error
    except OSError as error:
        raise InputError(f"{named}: cannot be written: {error.strerror or error}") from error
    try:
        yield
    finally:
        with suppress(OSError):  # it is gone, or of a file system that keeps what is open
            if os.path.samestat(lock.stat(), locked):  # else its folder was replaced, and another process has a file of this name
                lock.unlink()
        own.release()


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a UTF-8 text file, whole or not at all."""
    with atomic(path) as stream:
        stream.write(text.encode())


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write one strict JSON document, whole or not at all."""
    write_text(path, dumps(value, indent=1) + "\n")


def write_records(path: str | os.PathLike[str], records: Iterable[Pair | Observation | Estimate]) -> int:
    """Write records as JSON lines, whole or not at all, compressed where the name ends in .gz or .zst; return how many."""
    count = 0
    with atomic(path) as raw, compressed(path, raw) as stream:
        for record in records:
            stream.write(line(record))
            count += 1
    return count


def read_text(path: str | os.PathLike[str]) -> str:
    """Read a UTF-8 text file; raise `InputError` naming the file."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8; convert the file") from error


def read_json(path: str | os.PathLike[str]) -> Any:
    """Read one strict JSON document; raise `InputError` naming the file."""
    text = read_text(path)
    try:
        found = _loads(text.encode())
        check_depth(found)
    except (ValueError, InputError) as error:
        raise InputError(f"{path}: not strict JSON: {error}" if isinstance(error, ValueError) else f"{path}: {error}") from error
    return found


_CONTAINERS = ("argv", "config", "inputs", "judgements", "models", "probes", "probing", "prompts", "versions")


def read_manifest(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a manifest; raise `InputError` when its schema number is another, or a field is not what every reader takes it for.

    A list or an object that is null is absent.
    """
    manifest = read_json(path)
    found = manifest.get("schema") if isinstance(manifest, dict) else None
    if found != SCHEMA:
        raise InputError(f"{path}: field 'schema' is {shown(repr(found))}, this version of freqbias reads {SCHEMA}")
    try:
        check(manifest, Manifest)
    except InputError as error:
        raise InputError(f"{path}: {error}; put the file back as the run wrote it, or start over with --fresh") from error
    return {name: value for name, value in manifest.items() if value is not None or name not in _CONTAINERS}


def read_rows(path: str | os.PathLike[str], parse: Callable[[Any], T]) -> Iterator[T]:
    """Yield `parse(row)` for every line, of a file ending in .gz or .zst too; raise `InputError` as `file:line: reason`."""
    with opened(path) as stream, jsonlines.Reader(_unskipped(lines := _Lines(stream)), loads=_row) as reader:
        try:
            for row in reader.iter(allow_none=True):
                yield parse(row)
        except jsonlines.InvalidLineError as error:
            raise InputError(f"{path}:{error.lineno}: not strict JSON: {_fault(error)}") from error
        except InputError as error:
            raise InputError(f"{path}:{lines.number}: {error}") from error


class _Lines:
    """The lines of a file, of which no longer one is read than any row can be; `number` is that of the last."""

    def __init__(self, stream: BinaryIO):
        self._stream = stream
        self.number = 0

    def __iter__(self) -> Iterator[bytes]:
        while raw := self._stream.readline(MAX_ROW_BYTES + 1):
            self.number += 1
            if len(raw) > MAX_ROW_BYTES:
                raise InputError(f"the line is longer than {MAX_ROW_BYTES:,} bytes, and no row is; is this the right file?")
            yield raw


def _unskipped(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Double the mark that a line may start with, of which jsonlines silently takes off one."""
    for raw in lines:
        yield raw[: len(BOM)] + raw if raw.startswith(BOM) else b"\x1e" + raw if raw.startswith(b"\x1e") else raw


def _fault(error: jsonlines.InvalidLineError) -> str:
    """Say what is wrong with a line, without the line number of a parser that saw no other."""
    if isinstance(error.line, bytes):
        return "it is not UTF-8; convert the file"
    if not error.line.strip():
        return "the line is empty; delete it"
    if error.line.startswith(BOM.decode()):
        return "it starts with a byte-order mark; save the file as UTF-8 without one"
    try:
        _loads(error.line)
    except json.JSONDecodeError as fault:
        return f"{fault.msg} at column {fault.colno}" if fault.pos < len(error.line.rstrip()) else f"the line is cut off: {fault.msg}"
    except ValueError as fault:
        return str(fault)
    return error.message


def read_pairs(path: str | os.PathLike[str]) -> Iterator[Pair]:
    """Yield the pairs of `pairs.jsonl` (or of the run folder that holds one); an `id` seen twice is an `InputError`.

    So is a file that holds no pairs but what they can be made of; the message says how.
    """
    check_holds_pairs(Path(path))
    path = file_in(path, PAIRS_FILE)
    names = Names()
    for number, pair in enumerate(read_rows(path, Pair.from_dict), start=1):
        if names.has(pair.id):
            raise InputError(f"{path}:{number}: field 'id' repeats '{pair.id}'")
        yield pair
    suspects, seen = names.suspects(), set[str]()
    for number, pair in enumerate(read_rows(path, Pair.from_dict), start=1) if suspects else ():
        if hash(pair.id) in suspects:
            if pair.id in seen:
                raise InputError(f"{path}:{number}: field 'id' repeats '{pair.id}'")
            seen.add(pair.id)


class PairFile:
    """The pairs of a file, checked once when it is opened, then read again as often as wanted in bounded memory.

    `count` is how many there are, `sha256` identifies what the file holds, compressed or not. Errors as in `read_pairs`. A compressed
    file is decompressed once, into a temporary one that vanishes with the process.
    """

    def __init__(self, path: str | os.PathLike[str]):
        check_holds_pairs(Path(path))
        self.path = file_in(path, PAIRS_FILE)
        self._plain: BinaryIO | None = None
        known = None if is_compressed(self.path) else self._count_checked()
        self._checked = None if known is None else self._state()  # the file that was checked, where every row is as a `Pair` has it
        self.count = sum(1 for _ in read_pairs(self.path)) if known is None else known
        if is_compressed(self.path):
            self._plain = _decompressed(self.path)
            weakref.finalize(self, self._plain.close)
        self.sha256 = sha256(self.path)
        self._places: dict[int, list[int]] = {}  # where parts of a size begin, in bytes

    def __iter__(self) -> Iterator[Pair]:
        return self.after(0)

    def after(self, count: int) -> Iterator[Pair]:
        """Yield the pairs behind the first `count`."""
        return map(self._reader(), islice(self._lines(), count, None))

    def part(self, number: int, size: int) -> list[Pair]:
        """Return part `number`, counted from 0, of parts of `size` pairs; the file is looked through once, at the first call."""
        if size not in self._places:
            lengths = (sum(map(len, raw)) for raw in iter(partial(_some, self._lines(), size), []))
            self._places[size] = [0, *accumulate(lengths)]
        start, end = self._places[size][number : number + 2]
        with self._opened() as stream:
            stream.seek(start)
            return list(map(self._reader(), stream.read(end - start).splitlines()))

    def _reader(self) -> Callable[[bytes], Pair]:
        """Return what makes a pair of a line: without checking it again where the file is the one that was checked."""
        return _known_pair if self._checked is not None and self._checked == self._state() else _pair

    def _state(self) -> tuple[int, int, int]:
        found = self.path.stat()
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _count_checked(self) -> int | None:
        """Return how many rows there are where all hold the fields of a pair as they are; None where the slower reader has to look."""
        names, count = Names(), 0
        try:
            with opened(self.path) as stream:
                for count, raw in enumerate(iter(partial(stream.readline, MAX_ROW_BYTES), b""), start=1):  # noqa: B007
                    is_flat = raw.count(b"{") + raw.count(b"[") <= MAX_DEPTH
                    pair = Pair.from_plain(orjson.loads(raw)) if is_flat else None
                    if pair is None or names.has(pair.id):
                        return None
        except ValueError:
            return None
        return None if names.suspects() else count

    def _lines(self) -> Iterator[bytes]:
        place = 0
        while True:
            with self._opened() as stream:  # closed before anything is yielded, whatever becomes of the reader
                stream.seek(place)
                rows = stream.readlines(BLOCK_BYTES)
                place = stream.tell()
            if not rows:
                return
            yield from rows

    def _opened(self) -> AbstractContextManager[BinaryIO]:
        return opened(self.path) if self._plain is None else nullcontext(self._plain)


def _some(rows: Iterator[bytes], size: int) -> list[bytes]:
    return list(islice(rows, size))


def _pair(raw: bytes) -> Pair:
    return Pair.from_dict(orjson.loads(raw))


def _known_pair(raw: bytes) -> Pair:
    return Pair(**orjson.loads(raw))


def _decompressed(path: Path) -> BinaryIO:
    try:
        plain = tempfile.TemporaryFile()  # noqa: SIM115  # closed, and gone, with the `PairFile` that reads it
        with opened(path) as stream:
            shutil.copyfileobj(stream, plain)
    except OSError as error:
        raise InputError(f"{tempfile.gettempdir()}: {path} cannot be decompressed there: {error.strerror or error}") from error
    return plain


def sha256(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of what a file holds, decompressed, in hexadecimal digits."""
    with opened(path) as stream:
        return hashlib.file_digest(cast("BufferedReader", stream), "sha256").hexdigest()


def read_observations(path: str | os.PathLike[str], check: Callable[[Observation], None] | None = None) -> Iterator[Observation]:
    """Yield the observations of `observations.jsonl` (or of the run folder that holds one).

    A cosine or a share beyond what it can be is an `InputError`, as is what `check` raises of a row.
    """

    def parse(row: Any) -> Observation:
        found = Observation.from_dict(row)
        if check is not None:
            check(found)
        return found

    return read_rows(file_in(path, OBSERVATIONS_FILE), parse)


def read_estimates(path: str | os.PathLike[str]) -> Iterator[Estimate]:
    """Yield the estimates of `estimates.jsonl` (or of the run folder that holds one)."""
    return read_rows(file_in(path, ESTIMATES_FILE), Estimate.from_dict)


def file_in(path: str | os.PathLike[str], name: str) -> Path:
    """Return `path`, or where it is a folder the file called `name` in it, plain or compressed."""
    found = Path(path)
    return in_folder(found, name) if found.is_dir() else found
