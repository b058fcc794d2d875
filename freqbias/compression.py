"""Files that are compressed where their name ends in `.gz` or `.zst`, read and written as a stream.

Written bytes depend on what is written alone: no name and no time stand in them.
"""

import gzip
import io
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from freqbias.errors import InputError, install_hint

GZIP, ZSTD = ".gz", ".zst"
SUFFIXES = (ZSTD, GZIP)
GZIP_LEVEL = 6  # gzip's own default; 9 takes three times as long for two per cent less of observations
CUT_OFF = "the file is cut off"
BUFFER_BYTES = 1 << 16  # decompressed at a time
PACKED_BYTES = 1 << 16  # read at a time; observations take a twentieth of what they hold
ZSTD_LEVEL = 3  # zstd's own default, which on observations is as small as gzip -6 at ten times its speed


def is_compressed(path: str | os.PathLike[str]) -> bool:
    """Tell by its name whether a file is compressed."""
    return Path(path).suffix.lower() in SUFFIXES


def plain_name(path: Path) -> Path:
    """Return a path without the suffix of its compression."""
    return path.with_suffix("") if is_compressed(path) else path


def in_folder(folder: Path, name: str) -> Path:
    """Return the file of this name in a folder, plain or, where there is no plain one, compressed; the plain path where there is none."""
    plain = folder / name
    if plain.is_file():
        return plain
    return next((packed for suffix in SUFFIXES if (packed := folder / f"{name}{suffix}").is_file()), plain)


def _zstandard(path: str | os.PathLike[str]) -> Any:
    try:
        import zstandard
    except ImportError as error:
        raise InputError(f"{path}: {ZSTD} needs zstandard: {install_hint('zstd')}; {GZIP} needs nothing") from error
    return zstandard


class _Frames(io.RawIOBase):
    """What the frames of a zstd file hold; unlike the library's own readers it raises where the last one is cut off."""

    def __init__(self, raw: BinaryIO, new_frame: Callable[[], Any]):
        self._raw, self._new_frame = raw, new_frame
        self._frame: Any = None
        self._left: memoryview = memoryview(b"")

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as what is decompressed goes; 0 at the end."""
        while not self._left:
            behind = b"" if self._frame is None or not self._frame.eof else self._frame.unused_data
            packed = behind or self._raw.read(PACKED_BYTES)
            if not packed:
                if self._frame is not None and not self._frame.eof:
                    raise OSError(CUT_OFF)
                return 0
            if self._frame is None or self._frame.eof:
                self._frame = self._new_frame()
            self._left = memoryview(self._frame.decompress(packed))
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size


class _Members(io.RawIOBase):
    """What a gzip file holds; where it is cut off it raises `OSError`, since an `EOFError` ends a reader of lines without a word."""

    def __init__(self, stream: gzip.GzipFile):
        self._stream = stream

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as what is decompressed goes; 0 at the end."""
        try:
            return self._stream.readinto(buffer)
        except EOFError as error:
            raise OSError(CUT_OFF) from error


@contextmanager
def decompressed_zstd(path: str | os.PathLike[str], raw: BinaryIO) -> Iterator[BinaryIO]:
    """Give what an open zstd file holds; `InputError` where it is damaged, or where zstandard is not installed."""
    zstandard = _zstandard(path)
    try:
        yield cast("BinaryIO", io.BufferedReader(_Frames(raw, lambda: zstandard.ZstdDecompressor().decompressobj()), BUFFER_BYTES))
    except zstandard.ZstdError as error:
        raise InputError(f"{path}: cannot be read: {error}") from error


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file to read, decompressed by its suffix; `InputError` names the file, also where it turns out to be damaged or cut off."""
    suffix = Path(path).suffix.lower()
    try:
        with Path(path).open("rb") as raw:
            if suffix == ZSTD:
                with decompressed_zstd(path, raw) as stream:
                    yield stream
            elif suffix == GZIP:
                with gzip.GzipFile(fileobj=raw) as stream:
                    yield cast("BinaryIO", io.BufferedReader(_Members(stream), BUFFER_BYTES))
            else:
                yield raw
    except (OSError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error


@contextmanager
def compressed(path: str | os.PathLike[str], raw: BinaryIO) -> Iterator[BinaryIO]:
    """Write into an open file what is compressed as the name `path` asks for; as it is where it asks for nothing."""
    suffix = Path(path).suffix.lower()
    if suffix == GZIP:
        with gzip.GzipFile(filename="", mode="wb", compresslevel=GZIP_LEVEL, fileobj=raw, mtime=0) as stream:
            yield cast("BinaryIO", stream)
    elif suffix == ZSTD:
        writer = _zstandard(path).ZstdCompressor(level=ZSTD_LEVEL, write_checksum=True)
        with writer.stream_writer(raw, closefd=False) as stream:
            yield stream
    else:
        yield raw
