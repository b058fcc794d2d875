"""Put the rows of a file in order of their wording's frequency, as a curriculum trains on them: what `freqbias order` does.

Which way the paper trains (Curriculum Textual Frequency Training, Lu et al. 2026, arXiv:2604.02176) cannot be told from what is
published. Its abstract says "in an increasing order of sentence-level frequency": rare wording first, `low-to-high`. The one script
that sorts in its repository (`MT-SFT/sort_frequency.py`) puts frequent wording first and names its output so: `high-to-low`. And Eq. 3,
as printed, grows with rarity, so that "increasing" by it is `high-to-low` too. `random` and `length` are what either has to beat.
"""

import logging
import math
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from freqbias import registry
from freqbias.compression import compressed
from freqbias.covariates import words
from freqbias.errors import InputError
from freqbias.files import held
from freqbias.frequency import content_zipf
from freqbias.frequency.language import Strangers
from freqbias.frequency.words import check_language
from freqbias.progress import Track, silent
from freqbias.raw_rows import RawRow, RawRows
from freqbias.rows import known_kind
from freqbias.run.external_sort import PART_BYTES, Record, sorted_records

log = logging.getLogger(__name__)

LOW_TO_HIGH, HIGH_TO_LOW, RANDOM, BY_LENGTH = ("low-to-high", "high-to-low", "random", "length")
#: Each order with how it is told.
ORDERS = {
    LOW_TO_HIGH: "rare wording first",
    HIGH_TO_LOW: "frequent wording first",
    RANDOM: "at random",
    BY_LENGTH: "few words first",
}


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """What was written: `rows` in all, of which `unplaced` at the end, since they hold no known content word (by length: no word)."""

    path: Path
    by: str
    rows: int
    unplaced: int


class _Keys:
    """Keys of rows, smallest first; infinite where a row has no place in the order. Counts rows and those."""

    def __init__(self, by: str, seed: int, language: str):
        self.rows = self.unplaced = 0
        self.strangers = Strangers(language)
        self._by_frequency = by in (LOW_TO_HIGH, HIGH_TO_LOW)
        self._value = _value_of(by, seed, language)

    def record(self, row: RawRow) -> Record:
        """Return a row as it is sorted."""
        if self._by_frequency:
            self.strangers.includes(row.text, f"line {row.number}")
        value = self._value(row.text)
        place = self.rows
        self.rows += 1
        self.unplaced += value is None
        return (math.inf if value is None else value), place, row.raw


def _value_of(by: str, seed: int, language: str) -> Callable[[str], float | None]:
    """Return what texts are sorted by, the smallest first; None of a text that has no place in the order."""
    rng = np.random.default_rng(seed)

    def at_random(text: str) -> float:
        return float(rng.random())

    def by_length(text: str) -> float | None:
        return words(text, language) or None

    def by_frequency(text: str) -> float | None:
        zipf = content_zipf(text, language)
        return None if zipf is None else sign * zipf

    sign = -1 if by == HIGH_TO_LOW else 1
    return {RANDOM: at_random, BY_LENGTH: by_length}.get(by, by_frequency)


def write_ordered(
    file: Path,
    out: Path,
    *,
    by: str,
    field: str | None = None,
    seed: int = 0,
    language: str = "en",
    part_bytes: int = PART_BYTES,
    track: Track = silent,
) -> Ordered:
    """Write the rows of a file to `out` in an order of `ORDERS`, each row as it stands; rows that are equal in it keep theirs.

    The measure is `content_zipf` of column `field`, the mean Zipf value of the content words. `out` is compressed where its name ends in
    .gz or .zst, and appears when it is whole. Until then everything lies in a hidden folder beside it, which an interrupted call takes
    away, and the next call where the process was killed. About `part_bytes` of rows are in memory. Raises `InputError` for what cannot be
    used.
    """
    rows = _checked(file, out, by, field, language)
    keys = _Keys(by, seed, language)
    with _folder_for(out) as folder, _written(out, folder) as stream:
        read = cast("Iterator[RawRow]", track(rows, f"order {file.name}", rows.count_lines(), unit="lines", size=_lines))
        stream.write(rows.head)
        placed = sorted_records(map(keys.record, read), folder, part_bytes=part_bytes)
        for _, _, raw in _tracked(placed, keys, track, f"write {out.name}"):
            stream.write(raw)
    _tell(out, by, keys)
    return Ordered(path=out, by=by, rows=keys.rows, unplaced=keys.unplaced)


def _checked(file: Path, out: Path, by: str, field: str | None, language: str) -> RawRows:
    """Return the rows to read; `InputError` for what can be told before the first of them."""
    if by not in ORDERS:
        raise InputError(f"--by: unknown order '{by}'{registry.suggestion(by, ORDERS)}")
    check_language(language)
    if file.exists() and not file.is_file():
        raise InputError(f"{file}: is not a file; rows are ordered file by file")
    rows = RawRows(file, field)
    if out.is_dir():
        raise InputError(f"{out}: is a folder; give a file")
    if out.exists() and out.samefile(file):
        raise InputError(f"{out}: is an input of this command, which is not overwritten; give another --out")
    kinds = [known_kind(path) for path in (file, out)]
    if kinds[1] is not None and kinds[0] != kinds[1]:
        raise InputError(f"{out}: rows stay as they stand in {file.name}; give a name of the same kind")
    return rows


def _lines(row: RawRow) -> int:
    return len(row.raw.splitlines())


def _tracked(placed: Iterator[Record], keys: _Keys, track: Track, what: str) -> Iterator[Record]:
    first = next(placed, None)  # the input has been read by then, and its rows are counted
    if first is not None:
        yield from track(chain([first], placed), what, keys.rows, unit="rows")


def _tell(out: Path, by: str, keys: _Keys) -> None:
    log.info("%s: %d rows, %s", out, keys.rows, ORDERS[by])
    if keys.unplaced:
        holds_none = "word" if by == BY_LENGTH else "known content word"
        log.info("%s: %d of them hold no %s and stand at the end, in the order that they had", out, keys.unplaced, holds_none)
    if keys.strangers.notable:
        log.warning("%s; --language says which they are in", keys.strangers)


@contextmanager
def _folder_for(out: Path) -> Iterator[Path]:
    """Give an empty folder beside `out` for the time of the block; what a killed process left of it is deleted first."""
    folder, lock = out.with_name(f".{out.name}.parts"), out.with_name(f".{out.name}.lock")
    made = [parent for parent in out.absolute().parents if not parent.exists()]
    try:
        with held(lock, f"{out}: another process is writing it", out):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise InputError(f"{out}: cannot be written: {error.strerror or error}") from error
    finally:
        for parent in made:  # the nearest first; one that holds something stays
            with suppress(OSError):
                parent.rmdir()


@contextmanager
def _written(out: Path, folder: Path) -> Iterator[BinaryIO]:
    """Open what becomes `out` when the block ends without an error; the same rows give the same bytes, compressed too."""
    whole = folder / "whole"
    with whole.open("wb") as raw, compressed(out, raw) as stream:
        yield stream
    whole.replace(out)
