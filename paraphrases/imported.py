"""Generator `import`: two aligned text files, or one JSONL, CSV or TSV file with a column for each side.

Sides stay as given; nothing is dropped for running backwards, since the audit reports the sign.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from freqbias.characters import is_blank, same_text, visible
from freqbias.errors import InputError
from freqbias.files import read_lines, read_rows
from freqbias.frequency.words import check_language
from freqbias.paraphrases.checks import checked
from freqbias.paraphrases.making import drafted
from freqbias.records import Pair
from freqbias.terms import HIGH, LOW

SEPARATORS = {".csv": ",", ".tsv": "\t"}


def generate(
    sources: Sequence[str | Path],
    *,
    high: str = HIGH,
    low: str = LOW,
    item: str | None = None,
    language: str = "en",
    skipped: list[str] | None = None,
    **_: Any,
) -> list[Pair]:
    """Return one pair of arm `frequency` per line; `InputError` names file and line of the first fault.

    `sources` are two aligned text files (line n with line n), or one `.jsonl`, `.csv` or `.tsv` file in which `high`, `low` and,
    where given, `item` name the columns. With `skipped`, faulty lines are collected there and left out.
    """
    check_language(language)
    paths = [Path(source) for source in sources]
    rows = _aligned(*paths) if len(paths) == 2 else _columns(paths, high, low, item)
    pairs = []
    for path, number, sides, name in rows:
        try:
            pairs.append(_pair(path, number, sides, name, language))
        except InputError as error:
            fault = InputError(f"{path}:{number}: {error}")
            if skipped is None:
                raise fault from error
            skipped.append(str(fault))
    if not pairs:
        raise InputError(f"{', '.join(map(str, paths))}: contains no pairs")
    return checked(pairs)


Row = tuple[Path, int, tuple[Any, Any], str | None]


def _aligned(high: Path, low: Path) -> Iterator[Row]:
    """Yield line n of one file with line n of the other; the longer file is named when they differ in length."""
    sides = [list(read_lines(path)) for path in (high, low)]
    counts = [len(lines) for lines in sides]
    if counts[0] != counts[1]:
        longer = (high, low)[counts[1] > counts[0]]
        raise InputError(
            f"{longer}:{min(counts) + 1}: {high} has {counts[0]} lines and {low} has {counts[1]}; line n of one must pair with line n "
            "of the other"
        )
    for (number, first), (_, second) in zip(*sides, strict=True):
        yield high, number, (first, second), None


def _columns(paths: list[Path], high: str, low: str, item: str | None) -> Iterator[Row]:
    if len(paths) != 1:
        raise InputError(f"import takes two aligned text files, or one .jsonl, .csv or .tsv file; found {len(paths)} files")
    path = paths[0]
    wanted = [high, low, *([item] if item else [])]
    if path.suffix == ".jsonl":
        rows: Iterator[tuple[int, Any]] = enumerate(read_rows(path, lambda row: row), start=1)
    elif path.suffix in SEPARATORS:
        rows = _table(path, wanted)
    else:
        raise InputError(f"{path}: unknown kind of file; name it .jsonl, .csv or .tsv, or give two text files")
    for number, row in rows:
        if not isinstance(row, dict):
            raise InputError(f"{path}:{number}: expected a JSON object, found {type(row).__name__}")
        missing = [name for name in wanted if name not in row]
        if missing:
            raise InputError(f"{path}:{number}: no column '{missing[0]}'; found: {', '.join(map(str, row))}")
        yield path, number, (row[high], row[low]), None if item is None else str(row[item])


def _table(path: Path, wanted: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    text = "\n".join(line for _, line in read_lines(path))
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=SEPARATORS[path.suffix])
    missing = [name for name in wanted if name not in (reader.fieldnames or [])]
    if missing:
        raise InputError(f"{path}:1: no column '{missing[0]}'; found: {', '.join(reader.fieldnames or ['none'])}")
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num}: {error}") from error


def _pair(path: Path, number: int, sides: tuple[Any, Any], item: str | None, language: str) -> Pair:
    high, low = (side.strip() if isinstance(side, str) else side for side in sides)
    for name, side in ((HIGH, high), (LOW, low)):
        if not isinstance(side, str) or is_blank(side):
            raise InputError(f"the {name} side is empty")
    if same_text(high, low):
        raise InputError("both sides have the same text")
    return drafted(
        item=visible(item) if item else f"{path.name}:{number}",
        high=high,
        low=low,
        key=(path.name, str(number), high, low),
        language=language,
        generator="import",
        meta={"source": path.name, "line": number},
    )
