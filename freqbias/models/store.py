"""Vectors by text in a memory-mapped file that only grows, so that a text is encoded once and memory stays bounded."""

import contextlib
import hashlib
import json
import os
import struct
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from freqbias.errors import BackendError
from freqbias.models.protocols import FloatArray, ModelInfo

MAGIC = b"fbvec\0\0\1"  # the last byte is the version of the layout
HEADER = struct.Struct("<8sI4x")  # magic, numbers in a vector
DIGEST_BYTES = 16  # 128 bits of SHA-256: two of a billion texts collide with a probability of 1e-21
FLOAT_BYTES = 4


class VectorStore:
    """The vectors of one model and role: one per text, or one per token of a text.

    In `folder` two files hold them: `KEY.vectors` is plain little-endian float32, `KEY.texts` a header and, per text, its digest and
    how many vectors it has. Vectors are written before the text that owns them, and what follows the last whole text is cut off when
    the files are opened, so a killed run loses at most the batch in hand. Without a folder the vectors lie in an anonymous temporary
    file that vanishes with the process. One process at a time may write.
    """

    def __init__(self, folder: Path | None = None, key: str = "vectors", owner: str = "a model"):
        self._folder = folder
        self._owner = owner
        self._where: dict[bytes, tuple[int, int]] = {}  # digest → first vector, number of vectors
        self._count = 0
        self._width: int | None = None
        self._map: FloatArray | None = None
        self._mapped = 0
        self._failed = False
        with self._writing():
            self._vectors, self._texts = self._opened(key)
            if self._texts is not None:
                self._read(self._texts)
        for stream in (self._vectors, self._texts):
            if stream is not None:
                weakref.finalize(self, stream.close)

    def __contains__(self, text: str) -> bool:
        return _digest(text) in self._where

    def __len__(self) -> int:
        return len(self._where)

    @property
    def width(self) -> int:
        """Numbers in a vector; 0 while the store is empty."""
        return self._width or 0

    def missing(self, texts: Iterable[str]) -> list[str]:
        """Return the distinct texts that have no vectors yet, longest first."""
        return sorted({text for text in texts if text not in self}, key=lambda text: (-len(text), text))

    def add(self, texts: Sequence[str], parts: Sequence[FloatArray] | FloatArray) -> None:
        """Append the vectors of new texts: `parts[i]` is one vector, shape (d,), or one per token, shape (n, d).

        `BackendError` when d differs from what is stored or the disk is full; nothing is added then, nor later when it was the disk.
        """
        if not len(texts):
            return
        if self._failed:
            raise BackendError(f"{self._folder or tempfile.gettempdir()}: vectors cannot be kept there: an earlier write has failed")
        matrices = [np.atleast_2d(np.asarray(part, dtype="<f4")) for part in parts]
        if len(matrices) != len(texts):
            raise BackendError(f"{self._owner} returned {len(matrices)} vectors for {len(texts)} texts")
        widths = {matrix.shape[1] for matrix in matrices} | ({self._width} if self._width is not None else set())
        if len(widths) > 1:
            found = ", ".join(map(str, sorted(widths)))
            raise BackendError(f"{self._owner} returned vectors of different lengths ({found}); they cannot be compared")
        counts = [len(matrix) for matrix in matrices]
        digests = [_digest(text) for text in texts]
        with self._writing():
            self._append(widths.pop(), b"".join(matrix.tobytes() for matrix in matrices), digests, counts)
        for digest, count in zip(digests, counts, strict=True):
            self._where[digest] = (self._count, count)
            self._count += count

    def rows(self, texts: Sequence[str]) -> FloatArray:
        """Return the vectors of texts that have one each, float32 of shape (n, d); `KeyError` for a text that is not there."""
        return self.at(self.places(texts))

    def places(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return where the vectors of texts that have one each lie, for `at`; `KeyError` for a text that is not there."""
        return np.array([self._where[_digest(text)][0] for text in texts], dtype=np.int64)

    def at(self, places: NDArray[np.int64]) -> FloatArray:
        """Return the vectors in these places, float32 of shape (n, d)."""
        return np.asarray(self._mapping()[places]) if len(places) else np.empty((0, self.width), np.float32)

    def matrices(self, texts: Sequence[str]) -> list[FloatArray]:
        """Return the vectors of every text, shape (number of its vectors, d), as views into the file."""
        mapping = self._mapping()
        places = (self._where[_digest(text)] for text in texts)
        return [np.asarray(mapping[first : first + count]) for first, count in places]

    def _opened(self, key: str) -> tuple[BinaryIO, BinaryIO | None]:
        if self._folder is None:
            return tempfile.TemporaryFile(), None
        self._folder.mkdir(parents=True, exist_ok=True)
        paths = (self._folder / f"{key}.vectors", self._folder / f"{key}.texts")
        for path in paths:
            path.touch()
        vectors, texts = (path.open("r+b") for path in paths)
        return vectors, texts

    def _read(self, texts: BinaryIO) -> None:
        """Index the whole texts on disk and cut off what a killed process left behind them."""
        data = texts.read()
        magic, width = HEADER.unpack_from(data) if len(data) >= HEADER.size else (None, 0)
        size = os.fstat(self._vectors.fileno()).st_size
        kept = 0
        if magic == MAGIC and width:
            self._width, kept = width, HEADER.size
            record = np.dtype([("digest", f"V{DIGEST_BYTES}"), ("count", "<u4")])
            whole = (len(data) - HEADER.size) // record.itemsize
            rows = np.frombuffer(data, record, whole, HEADER.size)
            ends = np.cumsum(rows["count"], dtype=np.int64)
            fitting = int(np.searchsorted(ends, size // (FLOAT_BYTES * width), side="right"))
            for row, end in zip(rows[:fitting], ends[:fitting].tolist(), strict=True):
                self._where[row["digest"].tobytes()] = (end - int(row["count"]), int(row["count"]))
            self._count = int(ends[fitting - 1]) if fitting else 0
            kept += fitting * record.itemsize
        texts.truncate(kept)
        texts.seek(kept)
        self._vectors.truncate(self._count * FLOAT_BYTES * (self._width or 0))
        self._forget_unusable()

    def _forget_unusable(self) -> None:
        """Leave out texts with a number that is not finite: a server that did not answer may do so when it is asked again."""
        if self._count:
            mapping = self._mapping()
            for digest, (first, count) in list(self._where.items()):
                if not np.isfinite(mapping[first : first + count]).all():
                    del self._where[digest]

    def _append(self, width: int, vectors: bytes, digests: list[bytes], counts: list[int]) -> None:
        start = self._count * FLOAT_BYTES * width
        self._vectors.seek(start)
        try:
            self._vectors.write(vectors)
            self._vectors.flush()
            if self._texts is not None:
                os.fsync(self._vectors.fileno())
                rows = b"".join(digest + struct.pack("<I", count) for digest, count in zip(digests, counts, strict=True))
                self._texts.write((HEADER.pack(MAGIC, width) if self._width is None else b"") + rows)
                self._texts.flush()
        except OSError:
            self._failed = True  # what a stream still holds may reach the disk when it is closed, and would be behind later texts then
            with contextlib.suppress(OSError):
                self._vectors.truncate(start)
            raise
        self._width = width

    def _mapping(self) -> FloatArray:
        if self._map is None or self._mapped < self._count:
            if not self._count:
                return np.empty((0, self.width), np.float32)
            self._map = np.memmap(self._vectors, dtype="<f4", mode="r", shape=(self._count, self.width))
            self._mapped = self._count
        return self._map

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            place = self._folder or tempfile.gettempdir()
            raise BackendError(f"{place}: vectors cannot be kept there: {error.strerror or error}") from error


def store_key(info: ModelInfo, role: str) -> str | None:
    """Return a name for the vectors of one model and role; None for a model whose identity is not known for sure.

    It covers weights and tokenizer (the fingerprint), the number format, and what the adapter states of itself (pooling, prompts). A
    model on a server has its name alone, as in the rows of a run that goes on, and a folder of vectors belongs to one run. A function has
    no identity beyond its source file, which may read anything.
    """
    known = info.name if info.source == "server" else info.fingerprint
    if known is None or info.source == "callable":
        return None
    stated = {name: value for name, value in info.details.items() if name != "addresses"}  # however many serve it, it is one model
    identity = [info.kind, known, info.dtype, role, stated]
    return f"{role}-{hashlib.sha256(json.dumps(identity, sort_keys=True, default=str).encode()).hexdigest()[:16]}"


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:DIGEST_BYTES]
