"""A user's texts as rows of files: the text, its id, its place, and the queries that come along."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freqbias.characters import is_blank
from freqbias.errors import InputError
from freqbias.lines import Faults
from freqbias.rows import name_of, read_table, text_of

ID_COLUMNS = ("_id", "id")
TEXT_COLUMN = "text"


@dataclass(frozen=True, kw_only=True)
class Document:
    """One of the user's texts; `place` is file and line for messages, `queries` those that a collection calls relevant."""

    id: str
    text: str
    place: str
    query_ids: Sequence[str] = ()
    queries: Sequence[str] = ()


def rows_of(
    path: Path, columns: Sequence[str], also: Sequence[str], listed: list[str] | None, empty: list[str] | None = None
) -> Iterator[Document]:
    """Yield the texts of a file of rows: `columns` must be there, `also` may; they are joined by a space, `also` first.

    Rows of one id and one text are one document; one id with two texts is a fault. So is an empty text, which with `empty` is left out
    and its place put there.
    """
    faults = Faults(path, listed)
    known: dict[str, tuple[int, int]] = {}
    for number, row in read_table(path, columns, [*also, *ID_COLUMNS], listed=listed):
        place = f"{path.name}:{number}"
        if empty is not None and all(_is_empty(row.get(name)) for name in [columns[0], *also]):
            empty.append(place)
            continue
        try:
            text = _joined(row, columns[0], also)
            name = next((name for key in ID_COLUMNS if (name := name_of(row.get(key), key)) is not None), None)
            if name is not None:
                line, seen = known.setdefault(name, (number, hash(text)))
                if seen != hash(text):
                    raise InputError(f"{_id_column(row)}: '{name}' names another text in line {line}; give each text its own")
                if line != number:
                    continue
        except InputError as error:
            faults(number, error)
            continue
        yield Document(id=name or place, text=text, place=place)


def _is_empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and is_blank(cell))


def _id_column(row: dict[str, Any]) -> str:
    return next(key for key in ID_COLUMNS if row.get(key) is not None)


def _joined(row: dict[str, Any], column: str, also: Sequence[str]) -> str:
    """Return the cells as one text; those of `also` may be null or empty, and where they are not, that of `column` may be empty."""
    before = [text_of(row[name], name) for name in also if row.get(name) is not None and row[name] != ""]
    empty = isinstance(row[column], str) and is_blank(row[column])
    return " ".join([*before, *([] if before and empty else [text_of(row[column], column)])])
