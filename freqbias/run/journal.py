"""An observation file while it is written: appended part by part, never left half-written, continued where it stopped.

Beside the file lie, until it is complete, `.NAME.marks` (how many parts are whole, and how many bytes they take), `.NAME.retried` (rows
that replace earlier ones with an error), `.NAME.vectors` (a folder with what embedding models have encoded) and `.NAME.lock` (held by the
one process that writes).
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import msgspec
import orjson
from filelock import FileLock, Timeout

from freqbias.compression import opened
from freqbias.errors import InputError
from freqbias.files import atomic, held, line, lines
from freqbias.records import Observation
from freqbias.shapes import MAX_ROW_BYTES, reason

SYNC_SECONDS = (
    1.0  # at most this much finished work is lost with the machine's power; syncing more often would cost fast models half their speed
)

Key = tuple[str, str, str]  # model, probe, pair


def side_file(out: Path, kind: str) -> Path:
    """Return the path of a hidden file beside an observation file."""
    return out.with_name(f".{out.name}.{kind}")


@contextmanager
def only_writer(out: Path) -> Iterator[None]:
    """Be the only process that writes this observation file; `InputError` when there is another. A dead process holds nothing."""
    with held(side_file(out, "lock"), f"{out.parent}: another process is writing this run", out.parent):
        yield


def is_locked(out: Path) -> bool:
    """Return whether a living process writes this observation file."""
    return is_held(side_file(out, "lock"))


def is_held(path: Path) -> bool:
    """Return whether a living process holds a lock file."""
    if not path.exists():
        return False
    try:
        with FileLock(path, timeout=0):
            return False
    except (Timeout, OSError):
        return True


def marked(out: Path) -> tuple[int, int] | None:
    """Return (parts, bytes) of an observation file that are known to be whole; None where nothing is known."""
    path = side_file(out, "marks")
    if not path.exists() or not out.exists():
        return None
    try:
        marks = [tuple(map(int, text.split())) for text in path.read_text(encoding="ascii").split("\n")[:-1]]  # the last may be torn
    except ValueError as error:
        raise InputError(f"{path}: not two numbers a line; give --fresh to start over") from error
    with out.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        for parts, length in reversed(marks):
            stream.seek(max(0, length - 1))
            if length <= size and (not length or stream.read(1) == b"\n"):
                return parts, length
    return None


class Measured(msgspec.Struct):
    """What a row says of how far a run is; the rest of it is not read."""

    model: str
    probe: str
    pair_id: str
    error: str | None = None


_DECODER = msgspec.json.Decoder(Measured)


def rows_of(out: Path, length: int | None = None) -> Iterator[Measured]:
    """Yield the rows in the first `length` bytes, or in all, of a file of rows; `InputError` for a line that was damaged.

    A compressed file is whole, so it takes no `length`.
    """
    if length == 0:
        return
    with opened(out) as stream:
        number = 0
        while (length is None or stream.tell() < length) and (raw := stream.readline(MAX_ROW_BYTES)):
            number += 1
            try:
                row = _DECODER.decode(raw)
            except msgspec.ValidationError as error:
                raise InputError(f"{out}:{number}: {reason(error)}; give --fresh to start over") from error
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                raise InputError(f"{out}:{number}: not strict JSON: {error}; give --fresh to start over") from error
            yield row


class Journal:
    """Appends parts to an observation file, from the last one that is whole; `length` is its bytes so far."""

    def __init__(self, out: Path, parts: int, length: int):
        self.out = out
        self.parts = parts
        self.length = length
        self._synced = time.monotonic()
        self._streams: dict[str, BinaryIO] = {}

    def __enter__(self) -> Self:
        try:
            for name, path in (("rows", self.out), ("marks", side_file(self.out, "marks"))):
                self._streams[name] = path.open("ab", buffering=0)
            self._streams["rows"].truncate(self.length)
            self._mark()
            self._sync()
        except OSError as error:
            self.__exit__(None, None, None)
            raise InputError(f"{self.out}: cannot be written: {error.strerror or error}") from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if len(self._streams) == 2:
            self._streams["rows"].truncate(self.length)  # takes off what a failed or interrupted write has left
            self._sync()
        for stream in self._streams.values():
            stream.close()
        if self.length == 0:  # nothing was measured, so nothing is left
            for path in (self.out, side_file(self.out, "marks")):
                path.unlink(missing_ok=True)

    def append(self, rows: Sequence[Observation]) -> None:
        """Write one part; `InputError` when it cannot be written, and then nothing of it stays."""
        self.append_lines(lines(rows))

    def append_lines(self, data: bytes) -> None:
        """Write one part whose rows are lines already; errors as in `append`."""
        try:
            _write(self._streams["rows"], data)
            self.length += len(data)
            self.parts += 1
            self._mark()
            if time.monotonic() - self._synced > SYNC_SECONDS:
                self._sync()
        except OSError as error:
            raise InputError(f"{self.out}: cannot be written: {error.strerror or error}; what was finished before is kept") from error

    def _mark(self) -> None:
        _write(self._streams["marks"], f"{self.parts} {self.length}\n".encode())

    def _sync(self) -> None:
        for stream in self._streams.values():
            os.fsync(stream.fileno())
        self._synced = time.monotonic()


def _write(stream: BinaryIO, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[stream.write(left) :]


class Retried:
    """Rows of pairs that had failed before, one line a pair with all its rows, kept apart until they replace the old ones."""

    def __init__(self, out: Path):
        self._out = out
        self.path = side_file(out, "retried")

    def append(self, rows: Sequence[Observation]) -> None:
        """Add the new rows of some pairs; `InputError` when they cannot be written."""
        groups: dict[Key, list[bytes]] = {}
        for row in rows:
            groups.setdefault((row.model, row.probe, row.pair_id), []).append(line(row))
        text = b"".join(orjson.dumps([*key, [row.decode() for row in own]]) + b"\n" for key, own in groups.items())
        try:
            with self.path.open("ab", buffering=0) as stream:
                stream.truncate(self._whole())
                _write(stream, text)
                os.fsync(stream.fileno())
        except OSError as error:
            raise InputError(f"{self.path}: cannot be written: {error.strerror or error}") from error

    def merge(self) -> None:
        """Put the new rows in the places of the old ones."""
        new = self._read()
        if new:
            with atomic(self._out) as target, self._out.open("rb") as source:
                for raw in source:
                    rows = new.get(_key(orjson.loads(raw)))
                    if rows is None:
                        target.write(raw)
                    else:
                        target.write("".join(rows).encode())
                        rows.clear()  # they stand where the first of the old rows stood
        self.path.unlink(missing_ok=True)

    def failed(self, length: int) -> "dict[tuple[str, str], set[str]]":
        """Return the pairs whose newest rows carry an error, by (model, probe); memory grows with their number alone.

        `length` is how many bytes of the observation file count.
        """
        found: dict[tuple[str, str], set[str]] = {}
        for row in rows_of(self._out, length):
            if row.error is not None:
                found.setdefault((row.model, row.probe), set()).add(row.pair_id)
        for (model, probe, pair), rows in self._read().items():
            if all(orjson.loads(row).get("error") is None for row in rows):
                found.get((model, probe), set()).discard(pair)
        return found

    def steps(self) -> set[tuple[str, str]]:
        """Return the (model, probe) that have new rows."""
        return {(model, probe) for model, probe, _ in self._read()}

    def _whole(self) -> int:
        """Return how many bytes end with a whole line."""
        return self.path.read_bytes().rfind(b"\n") + 1

    def _read(self) -> dict[Key, list[str]]:
        found: dict[Key, list[str]] = {}
        if self.path.exists():
            with self.path.open("rb") as stream:
                for raw in stream:
                    if raw.endswith(b"\n"):  # else it is torn
                        try:
                            model, probe, pair, rows = msgspec.json.decode(raw, type=tuple[str, str, str, list[str]])
                        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                            raise InputError(f"{self.path}: {error}; give --fresh to start over") from error
                        found[model, probe, pair] = rows
        return found


def _key(row: dict[str, Any]) -> Key:
    return (row["model"], row["probe"], row["pair_id"])
