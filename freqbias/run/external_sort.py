"""Sort more than memory holds: parts are sorted and laid down in a folder, then merged.

Reference: Knuth (1998), The Art of Computer Programming, volume 3, section 5.4.
"""

import heapq
import struct
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

from freqbias.progress import chunks

PART_BYTES = 64 << 20  # of one part in memory, with what Python needs to hold it
RECORD_BYTES = 200  # what Python needs for a record beside its content: a tuple, a float, a whole number, a place in a list
MERGED_AT_ONCE = 64  # parts; systems allow 256 open files and more
BUFFER_BYTES = 1 << 16  # read ahead of each part while it is merged

#: What is sorted by, the place in the input, the content. Places differ, so that records of one key keep their order.
Record = tuple[float, int, bytes]

_HEAD = struct.Struct("<dQQ")


def sorted_records(
    records: Iterable[Record], folder: Path, *, part_bytes: int = PART_BYTES, at_once: int = MERGED_AT_ONCE
) -> Iterator[Record]:
    """Yield records by key, then by place, from parts in an empty `folder`, whose files are the caller's to delete.

    The input is read to its end before the first record comes. Raises `OSError` where the folder cannot hold the parts.
    """
    names = (folder / str(number) for number in count())
    parts = [_laid_down(next(names), part) for part in _sorted_parts(records, part_bytes)]
    while len(parts) > at_once:
        parts = [_merged(next(names), group) for group in chunks(parts, at_once)]
    yield from heapq.merge(*map(_read, parts))


def _sorted_parts(records: Iterable[Record], part_bytes: int) -> Iterator[list[Record]]:
    part: list[Record] = []
    size = 0
    for record in records:
        part.append(record)
        size += len(record[2]) + RECORD_BYTES
        if size >= part_bytes:
            part.sort()
            yield part
            part, size = [], 0
    if part:
        part.sort()
        yield part


def _merged(path: Path, parts: list[Path]) -> Path:
    _laid_down(path, heapq.merge(*map(_read, parts)))
    for part in parts:
        part.unlink()
    return path


def _laid_down(path: Path, records: Iterable[Record]) -> Path:
    with path.open("wb", buffering=BUFFER_BYTES) as stream:
        for key, place, content in records:
            stream.write(_HEAD.pack(key, place, len(content)))
            stream.write(content)
    return path


def _read(path: Path) -> Iterator[Record]:
    with path.open("rb", buffering=BUFFER_BYTES) as stream:
        while head := stream.read(_HEAD.size):
            key, place, size = _HEAD.unpack(head)
            yield key, place, stream.read(size)
