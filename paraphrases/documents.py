"""The texts that `substitute` reads: lines of text files, a column of files of rows, folders of either, or a collection with queries."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from freqbias.characters import is_blank
from freqbias.collection.beir import collection
from freqbias.collection.document_rows import TEXT_COLUMN, Document, rows_of
from freqbias.errors import InputError
from freqbias.rows import TEXT, kind_of, read_texts

__all__ = ["Document", "documents", "documents_of"]


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
