"""The documents of a collection as a model scores them: block by block, so that memory does not grow with the collection.

The vectors of an embedding model are encoded once, in the order of the documents, and lie in the memory map of the model's store,
where an interrupted run finds them again. Whatever else gives a relevance (word counts, sparse vectors, late interaction) is asked for
every block. A model of which every score costs a forward pass is refused: it would be asked for every query and document.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from freqbias.collection.folder import Collection, Numbers
from freqbias.errors import InputError
from freqbias.models.maxsim import LateInteractionScorer
from freqbias.models.relevance import DenseScorer, Scorer, Scores, slices
from freqbias.progress import Track, silent

DOCUMENTS_AT_ONCE = 4096  # that are read and encoded in one go: 4 MB of texts of a thousand characters
CELLS_AT_ONCE = 1 << 22  # scores, or numbers of vectors, in one go: 32 MB in double precision


@runtime_checkable
class Index(Protocol):
    """The documents of a collection, ready to be scored."""

    collection: Collection
    scorer: Scorer
    track: Track

    def matrix(self, queries: Sequence[str], part: slice) -> Scores:
        """Return the relevance of consecutive documents to every query; shape (n queries, n documents)."""
        ...

    def scores(self, queries: Sequence[str], numbers: Sequence[int]) -> Scores:
        """Return the relevance of each document to the query at the same place; shape (n,)."""
        ...

    def rows_at_once(self, queries: int) -> int:
        """Return how many documents may be scored at a time against so many queries."""
        ...


def tracked(collection: Collection, size: int, what: str, track: Track) -> Iterable[slice]:
    """Yield consecutive slices of at most `size` documents of a collection; progress counts the documents."""
    total = len(collection)
    return track(slices(total, size), what, total, unit="documents", size=lambda part: len(range(*part.indices(total))))


def index_of(collection: Collection, scorer: Scorer, track: Track = silent) -> Index:
    """Return the documents of a collection ready to be scored, encoding those that are not yet; `InputError` for a pair scorer."""
    if scorer.pairwise:
        raise InputError(
            f"{scorer.info.name} reads every query with every document, {len(collection.queries):,} × {len(collection):,} times here; "
            "give a model that has vectors, and this one to re-rank what that finds"
        )
    return VectorIndex(collection, scorer, track) if isinstance(scorer, DenseScorer) else TextIndex(collection, scorer, track)


class VectorIndex:
    """Vectors in a memory map; `matrix` takes a block of them from there."""

    def __init__(self, collection: Collection, scorer: DenseScorer, track: Track = silent):
        self.collection = collection
        self.scorer: Scorer = scorer
        self._dense = scorer
        self.track = track
        self._places: Numbers = np.empty(len(collection), dtype=np.int64)
        for part in tracked(collection, DOCUMENTS_AT_ONCE, f"{scorer.info.name}: encode", track):
            self._places[part] = scorer.place_documents(collection.texts.part(part), track)

    def matrix(self, queries: Sequence[str], part: slice) -> Scores:
        """Return products with the vectors of a block."""
        return self._dense.placed_matrix(queries, self._places[part])

    def scores(self, queries: Sequence[str], numbers: Sequence[int]) -> Scores:
        """Return one product per couple."""
        return self._dense.placed_scores(queries, self._places[list(numbers)])

    def rows_at_once(self, queries: int) -> int:
        """Return how many fit, by the width of a vector and the number of queries."""
        return max(1, CELLS_AT_ONCE // max(1, queries, self._dense.width))


class TextIndex:
    """Whatever else gives documents a relevance, asked for the texts of a block.

    What rests on all documents (the document frequencies of words) rests on those of the collection as it is.
    """

    def __init__(self, collection: Collection, scorer: Scorer, track: Track = silent):
        self.collection = collection
        self.scorer = scorer
        self.track = track
        if isinstance(scorer, LateInteractionScorer):  # every text has vectors of its own, so a block at a time is the same
            for part in tracked(collection, DOCUMENTS_AT_ONCE, f"{scorer.info.name}: encode", track):
                scorer.prepare((), collection.texts.part(part), track)
        else:
            scorer.prepare(collection.queries.values(), Documents(collection), track)

    def matrix(self, queries: Sequence[str], part: slice) -> Scores:
        """Ask for the texts of a block."""
        return self.scorer.matrix(queries, self.collection.texts.part(part))

    def scores(self, queries: Sequence[str], numbers: Sequence[int]) -> Scores:
        """Ask for the texts of these documents."""
        return self.scorer.scores(queries, [self.collection.texts[number] for number in numbers])

    def rows_at_once(self, queries: int) -> int:
        """Return how many fit, by the number of queries and what is read in one go."""
        return max(1, min(DOCUMENTS_AT_ONCE, CELLS_AT_ONCE // max(1, queries)))


class Documents:
    """The texts of a collection, one after the other, as often as wanted."""

    def __init__(self, collection: Collection):
        self._texts = collection.texts

    def __iter__(self) -> Iterator[str]:
        for part in slices(len(self._texts), DOCUMENTS_AT_ONCE):
            yield from self._texts.part(part)
