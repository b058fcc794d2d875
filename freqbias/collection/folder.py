"""A judged collection as it is searched: its documents by number, its judged queries, and the grades of its judgements.

Texts lie in a temporary file that vanishes with the process, so that a million of them need no memory: 24 bytes a document and its id.
"""

import hashlib
import tempfile
import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from freqbias.collection.beir import LAYOUT, QRELS, Judgement, corpus_of, judgement_files, judgements_of, queries_of
from freqbias.collection.document_rows import Document
from freqbias.errors import InputError

DIGEST_BYTES = 8  # of a text or an id; two of a million differ with a probability of 1 - 3e-8

Numbers = NDArray[np.int64]


class Texts:
    """The texts of documents by number, on disk; `InputError` where the disk has no room for them."""

    def __init__(self, documents: Iterable[Document]):
        self._file = _temporary()
        weakref.finalize(self, self._file.close)
        self.ids: list[str] = []
        ends, hashes, orders = [0], bytearray(), bytearray()
        try:
            for document in documents:
                data = document.text.encode()
                self._file.write(data)
                self.ids.append(document.id)
                ends.append(ends[-1] + len(data))
                hashes += hashlib.sha256(data).digest()[:DIGEST_BYTES]
                orders += hashlib.sha256(document.id.encode()).digest()[:DIGEST_BYTES]
            self._file.flush()
        except OSError as error:
            raise InputError(f"{tempfile.gettempdir()}: documents cannot be kept there: {error.strerror or error}; set TMPDIR") from error
        self._ends = np.array(ends, dtype=np.int64)
        self.hashes = np.frombuffer(bytes(hashes), dtype=np.int64)
        self.order = np.frombuffer(bytes(orders), dtype=np.int64)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, number: int) -> str:
        return self.part(slice(number, number + 1))[0]

    def part(self, part: slice) -> list[str]:
        """Return consecutive texts, from one look at the file."""
        ends = self._ends[part.start : min(part.stop, len(self)) + 1]
        if len(ends) < 2:
            return []
        self._file.seek(int(ends[0]))
        data = self._file.read(int(ends[-1] - ends[0]))
        return [data[start:end].decode() for start, end in pairwise((ends - ends[0]).tolist())]


def _temporary() -> IO[bytes]:
    return tempfile.TemporaryFile()


@dataclass(frozen=True, kw_only=True)
class Collection:
    """A folder in the layout of BEIR.

    `ids` are the documents', whose place is their number; `queries` holds the texts of the queries that have a relevant document, by id;
    `grades` their relevant documents (grade above 0) by number. `sha256` identifies documents, queries and grades together.
    `unused` says which judgements lead nowhere.
    """

    folder: Path
    field: str | None
    split: str | None
    texts: Texts
    queries: Mapping[str, str]
    grades: Mapping[str, Mapping[int, float]]
    sha256: str
    unused: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def ids(self) -> Sequence[str]:
        """The documents' ids, by number."""
        return self.texts.ids

    @property
    def order(self) -> Numbers:
        """What breaks ties: a hash of each document's id, which no wording changes; shape (n documents,)."""
        return self.texts.order

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The documents' numbers, by id."""
        return {name: number for number, name in enumerate(self.ids)}

    def copies(self, number: int) -> list[int]:
        """Return the numbers of the other documents with the very text of a document."""
        found = np.flatnonzero(self.texts.hashes == self.texts.hashes[number])
        return [int(other) for other in found if other != number]

    def is_query(self, number: int, query_id: str) -> bool:
        """Tell whether a document is the query itself, under its id and in its words, as in collections of duplicates."""
        return self.ids[number] == query_id and self.texts[number].endswith(self.queries[query_id])


def open_collection(folder: Path, *, split: str | None = None, field: str | None = None) -> Collection:
    """Read a folder in the layout of BEIR; `split` names the part of its judgements, `field` the column that is the text.

    Raises `InputError` for a folder that lacks a part, a faulty line, and one in which no judgement names a query and a document of it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: is no folder; {LAYOUT}")
    asked = queries_of(folder)
    if not judgement_files(folder, split):
        raise InputError(f"{folder}: has no {QRELS}/SPLIT.tsv; {LAYOUT}")
    texts = Texts(corpus_of(folder, field))
    for there, what in ((len(texts), "its corpus holds no documents"), (len(asked), "its queries hold none")):
        if not there:
            raise InputError(f"{folder}: {what}; {LAYOUT}")
    numbers = {name: number for number, name in enumerate(texts.ids)}
    grades: dict[str, dict[int, float]] = {}
    astray: list[Judgement] = []
    for query, document, score in judgements_of(folder, split):
        if score > 0 and query in asked and document in numbers:
            own = grades.setdefault(query, {})
            own[numbers[document]] = max(score, own.get(numbers[document], 0.0))
        elif score > 0:
            astray.append((query, document, score))
    if not grades:
        raise InputError(f"{folder / QRELS}: {_nowhere(astray)}")
    queries = {name: asked[name] for name in grades}
    return Collection(
        folder=folder,
        field=field,
        split=split,
        texts=texts,
        queries=queries,
        grades=grades,
        sha256=_fingerprint(texts, queries, grades),
        unused=_unused(folder, astray, asked, numbers),
    )


def _nowhere(astray: Sequence[Judgement]) -> str:
    """Return why no judgement can be used."""
    if not astray:
        return "holds no judgement above 0; without one no query has an answer"
    query, document, _ = astray[0]
    where = f"(first: query '{query}', document '{document}')"
    return f"no judgement above 0 names a query and a document of this folder {where}; check the ids"


def _unused(folder: Path, astray: Sequence[Judgement], asked: Mapping[str, str], numbers: Mapping[str, int]) -> tuple[str, ...]:
    """Return a sentence on judgements of queries that are not there, and on those of documents that are not."""
    parts = (
        ("a query that the queries do not hold", [query for query, _, _ in astray if query not in asked]),
        ("a document that the corpus does not hold", [document for _, document, _ in astray if document not in numbers]),
    )
    return tuple(f"{folder / QRELS}: {len(names)} judgements name {what}, first: '{names[0]}'" for what, names in parts if names)


def _fingerprint(texts: Texts, queries: Mapping[str, str], grades: Mapping[str, Mapping[int, float]]) -> str:
    """Return 16 hexadecimal digits of what is searched, whatever the order of its queries and judgements."""
    found = hashlib.sha256(texts.hashes.tobytes() + texts.order.tobytes())
    for name in sorted(queries):
        found.update(repr((name, queries[name], sorted(grades[name].items()))).encode())
    return found.hexdigest()[:16]
