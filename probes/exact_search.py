"""How many documents of a corpus stand before others, for many queries: exact, in blocks of the corpus, and mostly in single precision.

A block's scores come from one product of matrices. Nearly all of them lie further from what they are compared with than single precision
errs; the few others are scored again in double precision. So the counts are those of double precision, at half of its cost, and memory is
bounded by the block. Where many lie near (a space that has collapsed, vectors of few bits), or where a model has no vectors, the whole
block is scored in double precision.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from freqbias.models.relevance import DenseScorer, RoughScores, Scorer, slices
from freqbias.probes.common import TIE

#: Of a score: a sum and a difference of doubles are rounded apart, so what lies nearer is compared as a difference.
ROUNDING = 1e-12
MOST_NEAR = 1 / 64  # share of a block's comparisons that are scored again one by one; for more, the whole block costs less

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Corpus:
    """The documents to rank among, with the number of each one's item and its place in the order of ties.

    `vectors` keeps them where a model with vectors holds theirs; `seen` keeps the values of pairs by form, shape (2, measures), for the
    estimates over buckets, of pairs whose hash is at most `most`.
    """

    texts: list[str]
    items: Ints
    order: Ints
    seen: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    vectors: tuple[DenseScorer, Ints] | None = None
    most: int = 0

    @cached_property
    def _of_items(self) -> dict[int, Ints]:
        rows = np.argsort(self.items, kind="stable")
        starts = np.flatnonzero(np.diff(self.items[rows], prepend=-1))
        return dict(zip(self.items[rows[starts]].tolist(), np.split(rows, starts[1:]), strict=True)) if len(rows) else {}

    def of_item(self, item: int) -> Ints:
        """Return where the documents of an item stand."""
        return self._of_items.get(item, np.empty(0, dtype=np.int64))


@dataclass(frozen=True)
class Sought:
    """A document that is ranked: the row of its query, its finite score, its item, and its place in the order of ties."""

    row: int
    score: float
    item: int
    place: int


def documents_before(model: Scorer, queries: Sequence[str], sought: Sequence[Sought], corpus: Corpus, cells_at_once: int) -> Ints:
    """Return how many documents of the corpus stand before each that is sought, shape (n,); those of its own item are left out.

    `cells_at_once` bounds the scores, and the numbers of vectors, that are in memory.
    """
    found = np.zeros(len(sought), dtype=np.int64)
    if not sought:
        return found
    dense, places = corpus.vectors if corpus.vectors is not None and corpus.vectors[0] is model else (None, corpus.items)
    groups: dict[tuple[int, int], list[int]] = {}
    for number, one in enumerate(sought):
        groups.setdefault((one.row, one.item), []).append(number)
    for part in slices(len(corpus.texts), max(1, cells_at_once // max(len(queries), dense.width if dense else 1))):
        rough = None if dense is None else dense.placed_roughly(queries, places[part])
        counts = None if rough is None else _counted_roughly(rough, groups, sought, corpus, part)
        if counts is None:
            scores = model.matrix(queries, corpus.texts[part]) if dense is None else dense.placed_matrix(queries, places[part])
            counts = _counted(scores, groups, sought, corpus, part)
        found += counts
    return found


Groups = dict[tuple[int, int], list[int]]


def _others(scores: NDArray[Any], row: int, item: int, corpus: Corpus, part: slice) -> NDArray[Any]:
    """Return the scores of one query with a block, those of its item's own documents out of reach."""
    own = corpus.of_item(item)
    own = own[(own >= part.start) & (own < part.stop)] - part.start
    if not len(own):
        return np.asarray(scores[row])
    others = scores[row].copy()
    others[own] = -np.inf
    return np.asarray(others)


def _ahead(by: NDArray[np.float64], order: Ints, place: Any) -> NDArray[np.bool_]:
    return np.asarray((by > TIE) | ((np.abs(by) <= TIE) & (order < place)))


def _between(scores: NDArray[Any], gold: float, reach: float) -> tuple[int, Ints]:
    """Return how many scores are above a value by more than `reach`, and which lie within it."""
    kind = scores.dtype.type
    low, high = np.nextafter(kind(gold - reach), kind(-np.inf)), np.nextafter(kind(gold + reach), kind(np.inf))
    return int(np.count_nonzero(scores > high)), np.flatnonzero((scores >= low) & (scores <= high))


def _counted(scores: NDArray[np.float64], groups: Groups, sought: Sequence[Sought], corpus: Corpus, part: slice) -> Ints:
    """Count in scores of double precision."""
    found, order = np.zeros(len(sought), dtype=np.int64), corpus.order[part]
    for (row, item), numbers in groups.items():
        others = _others(scores, row, item, corpus, part)
        for number in numbers:
            one = sought[number]
            above, near = _between(others, one.score, TIE + ROUNDING * (1 + abs(one.score)))
            found[number] = above + np.count_nonzero(_ahead(others[near] - one.score, order[near], one.place))
    return found


def _counted_roughly(rough: RoughScores, groups: Groups, sought: Sequence[Sought], corpus: Corpus, part: slice) -> Ints | None:
    """Count in scores of single precision; None where too many lie too near to tell."""
    found = np.zeros(len(sought), dtype=np.int64)
    room = MOST_NEAR * len(sought) * rough.scores.shape[1]
    numbers: list[int] = []
    columns: list[Ints] = []
    for (row, item), own in groups.items():
        others = _others(rough.scores, row, item, corpus, part)
        for number in own:
            gold = sought[number].score
            found[number], near = _between(others, gold, TIE + float(rough.off[row]) + ROUNDING * (1 + abs(gold)))
            numbers.append(number)
            columns.append(near)
            room -= len(near)
        if room < 0:
            return None
    asked = np.repeat(np.array(numbers, dtype=np.int64), [len(near) for near in columns])
    column = np.concatenate(columns)
    rows, golds, ties = (np.array([getattr(one, name) for one in sought]) for name in ("row", "score", "place"))
    by = rough.exact(rows[asked], column) - golds[asked]
    ahead = _ahead(by, corpus.order[part][column], ties[asked])
    return found + np.bincount(asked[ahead], minlength=len(found))
