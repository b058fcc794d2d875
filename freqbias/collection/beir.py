"""Collections in the layout of BEIR and MTEB: documents, queries, and judgements of which document answers which query.

A folder holds `corpus.jsonl`, `queries.jsonl` and `qrels/SPLIT.tsv`, or any of these in another kind of file of rows (JSON lines, CSV,
Parquet, gzipped), or a folder of such files under the name. A document is its title, a space, and its text, as BEIR joins them.
"""

import logging
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from freqbias.collection.document_rows import TEXT_COLUMN, Document, rows_of
from freqbias.errors import InputError
from freqbias.lines import Faults, read_lines, without_empty_end
from freqbias.rows import TEXT, TSV, kind_of, known_kind, name_of, read_table, type_name

log = logging.getLogger(__name__)

COLUMNS = QUERY, DOCUMENT, SCORE = ("query-id", "corpus-id", "score")
TITLE_COLUMN = "title"
TREC_CELLS = 4  # query, a number that is always 0, document, grade
PARTS = CORPUS, QUERIES, QRELS = ("corpus", "queries", "qrels")
LAYOUT = "a folder must have the layout of BEIR: corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv"

_SHARD = re.compile(r"-\d+-of-\d+$")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_HEADING = re.compile(r"[A-Za-z][\w -]*")

#: Query, document, score.
Judgement = tuple[str, str, float]


def collection(folder: Path, field: str | None, split: str | None, listed: list[str] | None) -> Iterator[Document]:
    """Yield the documents of a folder with the queries that its judgements (score above 0) give each.

    With `field`, that column of the corpus alone is the text. Raises `InputError` for a folder that lacks a part, or has no such split.
    """
    asked = queries_of(folder, listed)
    relevant: dict[str, list[str]] = {}
    for query, document, score in judgements_of(folder, split, listed):
        if score > 0:
            relevant.setdefault(document, []).append(query)
    _warn_of_strangers(folder, asked, relevant)
    for found in corpus_of(folder, field, listed):
        ids = [name for name in dict.fromkeys(relevant.pop(found.id, [])) if name in asked]
        queries = [asked[name] for name in ids]
        yield Document(id=found.id, text=found.text, place=found.place, query_ids=ids, queries=queries)
    if relevant:
        log.warning("%s: %d judged documents are not in the corpus, first: '%s'", folder / QRELS, len(relevant), next(iter(relevant)))


def corpus_of(folder: Path, field: str | None = None, listed: list[str] | None = None) -> Iterator[Document]:
    """Yield the documents of a folder without queries, as they are read; with `field`, that column alone is the text.

    Collections hold documents without a word; they answer nothing, and are left out with a warning that counts them.
    """
    also = (TITLE_COLUMN,) if field is None else ()
    empty: list[str] = []
    for path in _files(folder, CORPUS):
        yield from rows_of(path, [field or TEXT_COLUMN], also, listed, empty)
    if empty:
        log.warning("%s: left out documents without text: %d (first: %s)", folder, len(empty), empty[0])


def queries_of(folder: Path, listed: list[str] | None = None) -> dict[str, str]:
    """Return the queries of a folder by id."""
    _files(folder, CORPUS)  # a folder without documents is told first
    return {query.id: query.text for path in _files(folder, QUERIES) for query in rows_of(path, [TEXT_COLUMN], (), listed)}


def judgements_of(folder: Path, split: str | None = None, listed: list[str] | None = None) -> Iterator[Judgement]:
    """Yield (query id, document id, score) of a split, or of all; `InputError` where there is no such split."""
    for path in judgement_files(folder, split):
        yield from _judgements(path, listed)


def _warn_of_strangers(folder: Path, asked: dict[str, str], relevant: dict[str, list[str]]) -> None:
    if not relevant:
        log.warning("%s: no judgements above 0 in qrels, so no queries come along", folder)
    strangers = sum(name not in asked for names in relevant.values() for name in names)
    if strangers:
        log.warning("%s: %d judgements name a query that the queries do not hold", folder / QRELS, strangers)


def _files(folder: Path, name: str) -> list[Path]:
    """Return the file of rows of a name, or those of a folder of that name, in order."""
    found = [path for path in _rows_in(folder) if stem_of(path) == name]
    if len(found) > 1:
        raise InputError(f"{folder}: holds both {found[0].name} and {found[1].name}; keep one")
    found = found or _rows_in(folder / name)
    if not found:
        raise InputError(f"{folder}: has no {name}.jsonl; {LAYOUT}")
    return found


def _rows_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if known_kind(path) not in (None, TEXT) and path.is_file())


def stem_of(path: Path) -> str:
    """Return what a file is called before its first dot, without the number of its shard."""
    return _SHARD.sub("", path.name.partition(".")[0])


def judgement_files(folder: Path, split: str | None = None) -> list[Path]:
    """Return the files of a split of the judgements, or of all; `InputError` where there is no such split."""
    found = [path for path in _rows_in(folder) if stem_of(path) == QRELS] if split is None else []
    found += _rows_in(folder / QRELS)
    chosen = [path for path in found if split in (None, stem_of(path))]
    if split is not None and not chosen:
        there = ", ".join(sorted({stem_of(path) for path in found})) or "none"
        raise InputError(f"{folder / 'qrels'}: no split '{split}'; found: {there}")
    return chosen


def _judgements(path: Path, listed: list[str] | None) -> Iterator[Judgement]:
    faults = Faults(path, listed)
    rows = _tsv(path, faults) if kind_of(path) == TSV else read_table(path, COLUMNS, listed=listed)
    for number, row in rows:
        try:
            names = [name_of(row[column], column) for column in (QUERY, DOCUMENT)]
            score = _score(row[SCORE])
            if None in names:
                raise InputError(f"{COLUMNS[names.index(None)]}: is empty; name a query and a document, or delete the row")
        except InputError as error:
            faults(number, error)
        else:
            yield str(names[0]), str(names[1]), score


def _score(value: Any) -> float:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        found = f"'{value:.40}'" if isinstance(value, str) else type_name(value)
        raise InputError(f"{SCORE}: must be a number, found {found}")
    return float(value)


def _tsv(path: Path, faults: Faults) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the rows of a table with or without a header; one that names the three columns says where they are."""
    rows = ((number, line.split("\t") if line.strip() else None) for number, line in read_lines(path, faults.listed))
    columns: tuple[str, ...] = COLUMNS
    width = len(columns)
    for place, (number, cells) in enumerate(without_empty_end(rows, faults)):
        names = tuple(cell.strip() for cell in cells)
        if place == 0 and all(map(_HEADING.fullmatch, names)) and (set(COLUMNS) <= set(names) or len(names) == width):
            columns, width = (names if set(COLUMNS) <= set(names) else COLUMNS), len(names)
        elif len(cells) != width:
            trec = len(" ".join(cells).split()) == TREC_CELLS and width == len(COLUMNS)
            found = "this is a row of TREC: delete its second column, and split by tabs" if trec else f"found {len(cells)} cells"
            faults(number, f"expected query id, document id and score, split by tabs; {found}")
        else:
            yield number, dict(zip(columns, cells, strict=True))
