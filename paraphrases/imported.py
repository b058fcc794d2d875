"""Generator `import`: two aligned text files, or one JSON-lines, JSON, CSV, TSV or Parquet file with a column for each side.

Sides stay as given; nothing is dropped for running backwards, which is said. Rows that repeat another in everything
are one pair.
"""

import logging
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from freqbias.characters import is_blank, same_text
from freqbias.errors import InputError
from freqbias.frequency.language import Strangers
from freqbias.frequency.words import check_language
from freqbias.lines import Faults, lines, without_empty_end
from freqbias.paraphrases.checks import checked
from freqbias.paraphrases.import_checks import warnings
from freqbias.paraphrases.making import drafted
from freqbias.records import Pair
from freqbias.rows import TEXT, known_kind, name_of, read_table, text_of
from freqbias.terms import HIGH, LOW

log = logging.getLogger(__name__)


class Row(NamedTuple):
    """One row: its line, and the cells of both sides, of the item and of the pair's id."""

    number: int
    cells: tuple[Any, Any]
    item: Any = None
    id: Any = None


class Columns(NamedTuple):
    """What the columns are called, in files and in messages."""

    high: str
    low: str
    item: str
    id: str


def generate(
    sources: Sequence[str | Path],
    *,
    high: str = HIGH,
    low: str = LOW,
    item: str | None = None,
    id: str | None = None,  # noqa: A002  # what it is called in every file
    language: str = "en",
    skipped: list[str] | None = None,
    **_: Any,
) -> list[Pair]:
    """Return one pair of arm `frequency` per line; `InputError` names file and line of the first fault.

    `sources` are two aligned text files (line n with line n), or one file of rows (see `freqbias.rows`) in which `high` and `low` name
    the columns. `item` and `id` name those of the item that several pairs may share and of the pair's own id: by default `item` and `id`
    where there are such columns; null or an empty cell is absent. Two pairs of one id are an error. With `skipped`, faulty lines are
    collected there and left out.
    """
    check_language(language)
    paths = [Path(source) for source in sources]
    columns = Columns(high, low, item or "item", id or "id")
    if len(paths) == 2:
        rows = _aligned(paths[0], paths[1], skipped)
    elif len(paths) == 1:
        asked = [name for name in (item, id) if name is not None]
        rows = _columns(paths[0], columns, asked, skipped)
    else:
        takes = "two aligned text files, or one .jsonl, .json, .csv, .tsv or .parquet file"
        raise InputError(f"import takes {takes}; found {len(paths)} files")
    pairs = _pairs(rows, columns, Faults(paths[0], skipped), language)
    if not pairs:
        raise InputError(f"{', '.join(map(str, paths))}: contains no pairs")
    found = checked(pairs)
    for warning in warnings(found):
        log.warning("%s: %s", paths[0], warning)
    return found


def _pairs(rows: Iterator[Row], columns: Columns, faults: Faults, language: str) -> list[Pair]:
    """Draft the pairs of sound rows; the first of rows that are equal stands for all."""
    path, strangers = Path(faults.path), Strangers(language)
    pairs: list[Pair] = []
    known: dict[tuple[str | None, ...], int] = {}
    owners: dict[str, int] = {}
    repeats = 0
    for row in rows:
        try:
            key = _key(row, columns)
            if key in known:
                repeats += 1
                continue
            _, own, first, _ = key
            if own is not None and own in owners:
                raise InputError(f"{columns.id}: '{own}' names another pair in line {owners[own]}; give each pair its own")
        except InputError as error:
            faults(row.number, error)
            continue
        known[key] = row.number
        if own is not None:
            owners[own] = row.number
        strangers.includes(str(first), f"{path.name}:{row.number}")
        pairs.append(_pair(path, row.number, key, language))
    if repeats:
        log.warning("%s: %d rows repeat another and are left out", path, repeats)
    if strangers.notable:
        log.warning("%s: %s; give --language", path, strangers)
    return pairs


def _key(row: Row, columns: Columns) -> tuple[str | None, str | None, str, str]:
    """Return item, id and both texts of a row; `InputError` for one that cannot be used."""
    first, second = (text_of(cell, name) for cell, name in zip(row.cells, (columns.high, columns.low), strict=True))
    if same_text(first, second):
        raise InputError(f"{columns.high}, {columns.low}: both sides have the same text; change one, or delete the row")
    return name_of(row.item, columns.item), name_of(row.id, columns.id), first, second


def _pair(path: Path, number: int, key: tuple[str | None, str | None, str, str], language: str) -> Pair:
    name, own, high, low = key
    return drafted(
        item=name or f"{path.name}:{number}",
        high=high,
        low=low,
        key=(path.name, str(number), high, low),
        language=language,
        generator="import",
        meta={"source": path.name, "line": number},
        **({} if own is None else {"id": own}),
    )


def _aligned(high: Path, low: Path, skipped: list[str] | None) -> Iterator[Row]:
    """Yield line n of one file with line n of the other; the longer file is named when they differ in length."""
    for path in (high, low):
        if known_kind(path) not in (TEXT, None):
            raise InputError(f"{path}: two files are read as texts, line by line; a file of rows holds both sides and is given alone")
    for number, sides in without_empty_end(_couples(high, low), Faults(high, skipped)):
        sound = True
        for path, name, (text, fault) in zip((high, low), (HIGH, LOW), sides, strict=True):
            if fault or is_blank(text):
                sound = False
                Faults(path, skipped)(number, fault or f"{name}: the line is empty; write a text, or delete this line of both files")
        if sound:
            yield Row(number, (sides[0][0], sides[1][0]))


def _couples(high: Path, low: Path) -> Iterator[tuple[int, list[tuple[str, str]] | None]]:
    """Yield number, then text and fault of either side; None where both are empty."""
    counts, shorter, surplus = [0, 0], None, False
    for number, couple in enumerate(zip_longest(lines(high), lines(low)), start=1):
        sides = [("", "") if line is None else (line.text, line.fault) for line in couple]
        for k in (0, 1):
            counts[k] += couple[k] is not None
        if None in couple:
            shorter = couple.index(None)
            surplus = surplus or any(fault or not is_blank(text) for text, fault in sides)
        else:
            yield number, sides if any(fault or not is_blank(text) for text, fault in sides) else None
    if surplus:
        longer = low if shorter == 0 else high
        raise InputError(
            f"{longer}:{min(counts) + 1}: {high} has {counts[0]} lines and {low} has {counts[1]}; line n of one must pair with line n "
            "of the other"
        )


def _columns(path: Path, columns: Columns, asked: Sequence[str], skipped: list[str] | None) -> Iterator[Row]:
    if known_kind(path) in (TEXT, None):
        raise InputError(f"{path}: unknown kind of file; name it .jsonl, .json, .csv, .tsv or .parquet, or give two text files")
    own = columns.id if columns.id != columns.item else None  # a column that names the items is no id of pairs
    for number, row in read_table(path, [columns.high, columns.low, *asked], [columns.item, columns.id], listed=skipped):
        yield Row(number, (row[columns.high], row[columns.low]), row.get(columns.item), row.get(own) if own else None)
