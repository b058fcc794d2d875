"""Folders of a user's texts that are no collection: text files, files of rows, or a dataset that the library `datasets` has saved.

A file of a folder of text files is one text; a text file that is given itself holds a text a line.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from freqbias.collection.beir import PARTS, stem_of
from freqbias.collection.document_rows import TEXT_COLUMN, Document, rows_of
from freqbias.errors import InputError
from freqbias.files import read_json
from freqbias.lines import MAX_LINE_BYTES, Faults, read_lines
from freqbias.rows import TEXT, known_kind

log = logging.getLogger(__name__)

STATE, DICT = "state.json", "dataset_dict.json"  # what `save_to_disk` writes of one dataset, and of one with splits
DESCRIBING = (STATE, DICT, "dataset_info.json", "dataset_infos.json")  # JSON that holds no texts

#: What comes before the places of some texts, and the texts.
Part = tuple[str, Iterable[Document]]


def is_collection(folder: Path) -> bool:
    """Tell whether a folder holds any part of a collection in the layout of BEIR."""
    return any(stem_of(path) in PARTS for path in folder.glob("*"))


def texts_in(folder: Path, field: str | None, split: str | None, listed: list[str] | None) -> Iterator[Document]:
    """Yield the texts of a folder that is no collection, file by file in the order of their names, those of folders in it too.

    Where it holds files of rows beside text files, `field` says that the rows are meant. `split` names the files or the folders to read
    (default: all). Raises `InputError` where there are none.
    """
    if (folder / DICT).is_file() or (folder / STATE).is_file():
        return together(_saved(folder, field or TEXT_COLUMN, split, listed))
    paths = _chosen(folder, field, split)
    if known_kind(paths[0]) == TEXT:
        log.info("%s: %d text files, each read as one text; for a text a line, name the files: %s", folder, len(paths), folder / "*.txt")
    return together(_part(folder, path, field, listed) for path in paths)


def together(parts: Iterable[Part]) -> Iterator[Document]:
    """Yield the texts of several parts as those of one source, each once; an id that names another text before gives way to the place."""
    known: dict[str, int] = {}
    for before, documents in parts:
        for found in documents:
            place = f"{before}{found.place}"
            name = place if found.id == found.place else found.id
            if name in known and known[name] == hash(found.text):
                continue
            name = place if name in known else name
            known[name] = hash(found.text)
            yield replace(found, id=name, place=place)


def _part(folder: Path, path: Path, field: str | None, listed: list[str] | None) -> Part:
    own = path.relative_to(folder).parent.as_posix()
    found = _whole(path, listed) if known_kind(path) == TEXT else rows_of(path, [field or TEXT_COLUMN], (), listed)
    return "" if own == "." else f"{own}/", found


def _chosen(folder: Path, field: str | None, split: str | None) -> list[Path]:
    """Return the text files of a folder, or its files of rows where there are no others or a field is named."""
    there = [path for path in sorted(folder.rglob("*")) if known_kind(path) and path.name not in DESCRIBING and path.is_file()]
    there = [path for path in there if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    rows = [path for path in there if known_kind(path) != TEXT]
    texts = [path for path in there if known_kind(path) == TEXT]
    chosen, others = (rows, texts) if rows and (field is not None or not texts) else (texts, rows)
    if not chosen:
        raise InputError(
            f"{folder}: holds no texts: no .txt files, no files of rows, no dataset saved by `datasets`, no corpus.jsonl as BEIR has it"
        )
    if field is not None and not rows:
        raise InputError(f"{folder}: holds text files, which have no field '{field}'; leave --field out")
    if others:
        log.warning(
            "%s: %d files of another kind are left out (%s, …); --field tells rows from text files", folder, len(others), others[0]
        )
    if split is None:
        return chosen
    named = {path: {stem_of(path), *path.relative_to(folder).parts[:-1]} for path in chosen}
    if not any(split in names for names in named.values()):
        raise _no_split(folder, split, {name for names in named.values() for name in names})
    return [path for path in chosen if split in named[path]]


def _no_split(folder: Path, split: str, there: Iterable[str]) -> InputError:
    return InputError(f"{folder}: no split '{split}'; found: {', '.join(sorted(there)[:10])}")


def _saved(folder: Path, column: str, split: str | None, listed: list[str] | None) -> Iterator[Part]:
    """Yield the Arrow files of a saved dataset, split by split where it has them."""
    if (folder / DICT).is_file():
        splits = _described(folder / DICT, "splits")
        if split is not None and split not in splits:
            raise _no_split(folder, split, map(str, splits))
        places = [(f"{name}/", folder / str(name)) for name in splits if split in (None, name)]
    elif split is not None:
        raise InputError(f"{folder}: this dataset has no splits; leave --split out")
    else:
        places = [("", folder)]
    for before, own in places:
        for row in _described(own / STATE, "_data_files"):
            yield before, rows_of(own / str(row["filename"]), [column], (), listed)


def _described(path: Path, key: str) -> list[Any]:
    found = read_json(path)
    if not isinstance(found, dict) or not isinstance(found.get(key), list):
        raise InputError(f"{path}: has no list '{key}', as `save_to_disk` of `datasets` writes it; save the dataset anew")
    return list(found[key])


def _whole(path: Path, listed: list[str] | None) -> Iterator[Document]:
    """Yield a text file as one text; none where it is blank, or where a line of it is faulty and listed."""
    if path.stat().st_size > MAX_LINE_BYTES:
        Faults(path, listed)(1, f"a file of more than {MAX_LINE_BYTES:,} bytes is no single text; name the file itself for a text a line")
        return
    before = len(listed or ())
    text = "\n".join(line for _, line in read_lines(path, listed)).strip()
    if text and len(listed or ()) == before:
        yield Document(id=path.name, text=text, place=path.name)
