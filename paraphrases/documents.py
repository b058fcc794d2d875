"""The texts that `substitute` reads: lines of text files, a column of files of rows, folders of either, or a collection with queries."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freqbias.characters import is_blank
from freqbias.errors import InputError
from freqbias.lines import Faults
from freqbias.rows import TEXT, kind_of, name_of, read_table, read_texts, text_of

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


def documents_of(
    sources: Sequence[str | Path], field: str | None = None, split: str | None = None, listed: list[str] | None = None
) -> Iterator[Document]:
    """Yield the texts of several files and folders as those of one source; arguments and errors as in `documents`.

    Ids and places of texts tell files of one name in several folders apart.
    """
    from freqbias.paraphrases.folders import together

    paths = [Path(source) for source in sources]
    if len(paths) == 1:
        yield from documents(paths[0], field, split, listed)
        return
    owners = [path.absolute() if path.is_dir() else path.absolute().parent for path in paths]
    base = os.path.commonpath([path.absolute().parent for path in paths])
    before = [Path(os.path.relpath(owner, base)).as_posix() for owner in owners]
    yield from together(
        ("" if own == "." else f"{own}/", documents(path, field, split, listed)) for own, path in zip(before, paths, strict=True)
    )


def documents(source: Path, field: str | None = None, split: str | None = None, listed: list[str] | None = None) -> Iterator[Document]:
    """Yield the texts of a file or a folder as they are read.

    A folder is in the layout of BEIR and MTEB, or holds files (`freqbias.paraphrases.folders`). `field` names the column of the text
    (default `text`), `split` the part of a folder to read, of a collection its judgements (default: all). Raises `InputError` for what
    cannot be used; with `listed`, faulty lines are put there and left out.
    """
    from freqbias.paraphrases.beir import collection
    from freqbias.paraphrases.folders import is_collection, texts_in

    if not source.exists():
        raise InputError(f"{source}: there is no such file or folder")
    if source.is_dir():
        yield from (collection if is_collection(source) else texts_in)(source, field, split, listed)
        return
    if split is not None:
        raise InputError(f"{source}: only a folder has splits; leave --split out")
    if kind_of(source) == TEXT:
        for number, text in read_texts(source, field, listed):
            if not is_blank(text):
                place = f"{source.name}:{number}"
                yield Document(id=place, text=text.strip(), place=place)
    else:
        column = field or TEXT_COLUMN
        yield from rows_of(source, [column], (), listed)


def rows_of(path: Path, columns: Sequence[str], also: Sequence[str], listed: list[str] | None) -> Iterator[Document]:
    """Yield the texts of a file of rows: `columns` must be there, `also` may; they are joined by a space, `also` first.

    Rows of one id and one text are one document; one id with two texts is a fault.
    """
    faults = Faults(path, listed)
    known: dict[str, tuple[int, int]] = {}
    for number, row in read_table(path, columns, [*also, *ID_COLUMNS], listed=listed):
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
        place = f"{path.name}:{number}"
        yield Document(id=name or place, text=text, place=place)


def _id_column(row: dict[str, Any]) -> str:
    return next(key for key in ID_COLUMNS if row.get(key) is not None)


def _joined(row: dict[str, Any], column: str, also: Sequence[str]) -> str:
    """Return the cells as one text; those of `also` may be null or empty, and where they are not, that of `column` may be empty."""
    before = [text_of(row[name], name) for name in also if row.get(name) is not None and row[name] != ""]
    empty = isinstance(row[column], str) and is_blank(row[column])
    return " ".join([*before, *([] if before and empty else [text_of(row[column], column)])])
