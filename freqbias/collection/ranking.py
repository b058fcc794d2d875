"""The place of every relevant document in a whole collection, and the measures of information retrieval from it.

A document that is put in other words stands in its own place alone: every other document is as the collection has it. Measures are those
of trec_eval, with the judgements' own grades: nDCG@10 has the grade as gain and log2(1 + rank) as discount. Scores nearer than `TIE` are
tied, and ties go by a hash of the document's id, which no wording changes.

Left out of a ranking: a document that is the query itself (its id and its words), as BEIR leaves it out, and other documents with the
very text of the one that is put in other words, which would else beat it in one wording by being it in the other.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from freqbias.collection.folder import Collection
from freqbias.collection.index import Index, index_of, tracked
from freqbias.models.relevance import Scorer, Scores
from freqbias.progress import Track, silent
from freqbias.terms import MRR_AT_10, NDCG_AT_10, RECALL_AT_1, RECALL_AT_10, RECALL_AT_100

TOP = 100
DIGITS = 9  # of a score: vectors are float32, so what lies behind is rounding

#: A query's row, and the number of a document.
Couple = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is searched: a query's text, the judged query that it stands for, and a document with the words that it has instead."""

    query: str
    query_id: str
    replaced: int | None = None
    replacement: str | None = None


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """What a case gave: the rank of every relevant document (from 1; NaN without a score) and its score, and the first documents."""

    case: Case
    ranks: Mapping[int, float]
    scores: Mapping[int, float]
    top: Sequence[tuple[int, float]]
    measures: Mapping[str, float]

    @property
    def rank(self) -> float:
        """The rank of the document that was put in other words where it is relevant, else of the best relevant one."""
        own = self.ranks.get(-1 if self.case.replaced is None else self.case.replaced)
        return min(self.ranks.values(), key=lambda place: (math.isnan(place), place)) if own is None else own


def rank(collection: Collection, scorer: Scorer | Index, cases: Iterable[Case], top: int = TOP, track: Track = silent) -> list[Ranking]:
    """Return the ranking of every case in the whole collection, from one pass over it in blocks.

    `scorer` may be an index that is made already (`index_of`), whose own `track` shows progress then. Memory grows with the cases and
    their relevant documents, not with the collection.
    """
    index = scorer if isinstance(scorer, Index) else index_of(collection, scorer, track)
    search = _Search(index, list(cases), top)
    search.go()
    return [search.ranking(case) for case in search.cases]


@dataclass(frozen=True)
class _Target:
    """Something whose place is looked for: how many documents of the collection stand before this score, in this order of ties."""

    score: float
    order: int

    def beats(self, other: "_Target") -> bool:
        """Tell whether this stands before another; never where either has no score."""
        return self.score > other.score or (self.score == other.score and self.order < other.order)


class _Search:
    """One pass over the collection for all cases: what stands before every target, and the first documents of every query."""

    def __init__(self, index: Index, cases: list[Case], top: int):
        self.cases, self._index, self._collection = cases, index, index.collection
        self._queries = list(dict.fromkeys(case.query for case in cases))
        self._row = {query: row for row, query in enumerate(self._queries)}
        self._left_out = {self._key(case): self._out_of(case) for case in cases}
        self._keep = top
        self._spare = 1 + max(map(len, self._left_out.values()), default=0)
        self._known = self._as_they_are()
        self._new = self._in_other_words()
        self._before: dict[tuple[int, _Target], int] = {}
        self._first: list[tuple[Scores, NDArray[np.int64]]] = [(np.empty(0), np.empty(0, np.int64)) for _ in self._queries]

    @staticmethod
    def _key(case: Case) -> tuple[str, int | None]:
        return case.query_id, case.replaced

    def _out_of(self, case: Case) -> list[int]:
        """Return the documents that a case's ranking leaves out, the one that is replaced not among them."""
        relevant = self._collection.grades[case.query_id]
        copies = [] if case.replaced is None else self._collection.copies(case.replaced)
        own = self._collection.numbers.get(case.query_id)
        itself = [own] if own is not None and own != case.replaced and self._collection.is_query(own, case.query_id) else []
        return [number for number in dict.fromkeys([*copies, *itself]) if number not in relevant]

    def _as_they_are(self) -> dict[Couple, _Target]:
        """Return the targets of documents as the collection has them: relevant, left out, or replaced."""
        couples: dict[Couple, None] = {}
        for case in self.cases:
            row, own = self._row[case.query], [] if case.replaced is None else [case.replaced]
            numbers = [*self._collection.grades[case.query_id], *self._left_out[self._key(case)], *own]
            couples.update(dict.fromkeys((row, number) for number in numbers))
        scores = self._index.scores([self._queries[row] for row, _ in couples], [number for _, number in couples])
        return {couple: self._target(score, couple[1]) for couple, score in zip(couples, scores.tolist(), strict=True)}

    def _in_other_words(self) -> dict[tuple[int, int, str], _Target]:
        """Return the targets of documents in the words that they have instead."""
        wanted = list(dict.fromkeys(key for case in self.cases if (key := self._new_key(case)) is not None))
        scores = self._index.scorer.scores([self._queries[row] for row, _, _ in wanted], [text for _, _, text in wanted])
        return {key: self._target(score, key[1]) for key, score in zip(wanted, scores.tolist(), strict=True)}

    def _new_key(self, case: Case) -> tuple[int, int, str] | None:
        if case.replaced is None or case.replacement is None:
            return None
        return self._row[case.query], case.replaced, case.replacement

    def _target(self, score: float, number: int) -> _Target:
        return _Target(float(np.round(score, DIGITS)), int(self._collection.order[number]))  # as blocks of scores are rounded

    def go(self) -> None:
        """Go through the collection once."""
        targets: list[list[_Target]] = [[] for _ in self._queries]
        for row, target in dict.fromkeys([(row, t) for (row, _), t in self._known.items()] + [(k[0], t) for k, t in self._new.items()]):
            targets[row].append(target)
        counts = [np.zeros(len(own), dtype=np.int64) for own in targets]
        size = self._index.rows_at_once(max(1, len(self._queries), *map(len, targets), 1))
        for part in tracked(self._collection, size, f"{self._index.scorer.info.name}: rank", self._index.track):
            numbers = np.arange(part.start, min(part.stop, len(self._collection)))
            order = self._collection.order[part]
            scores = np.round(self._index.matrix(self._queries, part), DIGITS)
            for row, own in enumerate(targets):
                counts[row] += _ahead(scores[row], order, own)
                self._first[row] = _best(self._first[row], scores[row], numbers, self._collection.order, self._keep + self._spare)
        self._before = {
            (row, target): int(count) for row, own in enumerate(targets) for target, count in zip(own, counts[row], strict=True)
        }

    def ranking(self, case: Case) -> Ranking:
        """Return the ranking of a case, from what the pass has counted."""
        row, new = self._row[case.query], self._new.get(self._new_key(case) or (-1, -1, ""))
        gone = list(self._left_out[self._key(case)]) + ([] if new is None or case.replaced is None else [case.replaced])
        removed = [self._known[row, number] for number in gone]
        ranks, scores = {}, {}
        for number in self._collection.grades[case.query_id]:
            changed = new is not None and number == case.replaced
            target = new if new is not None and changed else self._known[row, number]
            before = self._before[row, target] - sum(other.beats(target) for other in removed)
            before += new is not None and not changed and new.beats(target)
            ranks[number] = before + 1.0 if np.isfinite(target.score) else float("nan")
            scores[number] = target.score
        top = self._top(row, set(gone), case, new)
        return Ranking(case=case, ranks=ranks, scores=scores, top=top, measures=measures(ranks, self._collection.grades[case.query_id]))

    def _top(self, row: int, gone: set[int], case: Case, new: _Target | None) -> list[tuple[int, float]]:
        scores, numbers = self._first[row]
        found = [(number, score) for number, score in zip(numbers.tolist(), scores.tolist(), strict=True) if number not in gone]
        if new is not None and case.replaced is not None and np.isfinite(new.score):
            found.append((case.replaced, new.score))
            found.sort(key=lambda entry: (-entry[1], self._collection.order[entry[0]]))
        return found[: self._keep]


def _ahead(scores: Scores, order: NDArray[np.int64], targets: Sequence[_Target]) -> NDArray[np.int64]:
    """Return how many documents of a block stand before each target; a document without a score stands before nothing."""
    if not targets:
        return np.zeros(0, dtype=np.int64)
    own = np.array([target.score for target in targets])[:, None]
    places = np.array([target.order for target in targets], dtype=np.int64)[:, None]
    return np.asarray(((scores > own) | ((scores == own) & (order < places))).sum(axis=1))


def _best(
    before: tuple[Scores, NDArray[np.int64]], scores: Scores, numbers: NDArray[np.int64], order: NDArray[np.int64], keep: int
) -> tuple[Scores, NDArray[np.int64]]:
    """Return the best of those that were before and of a block, best first."""
    known = np.isfinite(scores)
    if len(before[0]) >= keep:
        known &= scores >= before[0][-1]
    scores, numbers = scores[known], numbers[known]
    if len(scores) > keep:
        enough = scores >= np.partition(scores, len(scores) - keep)[len(scores) - keep]
        scores, numbers = scores[enough], numbers[enough]
    scores, numbers = np.concatenate([before[0], scores]), np.concatenate([before[1], numbers])
    best = np.lexsort((order[numbers], -scores))[:keep]
    return scores[best], numbers[best]


def measures(ranks: Mapping[int, float], grades: Mapping[int, float]) -> dict[str, float]:
    """Return nDCG@10, Recall@1, @10 and @100, and MRR@10, from the ranks and grades of a query's relevant documents by number."""
    gains = sum(grades[number] / np.log2(1 + place) for number, place in ranks.items() if place <= 10)
    ideal = sum(grade / np.log2(2 + place) for place, grade in enumerate(sorted(grades.values(), reverse=True)[:10]))
    best = min((place for place in ranks.values() if place <= 10), default=None)

    def recall(k: int) -> float:
        return sum(place <= k for place in ranks.values()) / len(grades)

    return {
        NDCG_AT_10.name: float(gains / ideal),
        RECALL_AT_1.name: recall(1),
        RECALL_AT_10.name: recall(10),
        RECALL_AT_100.name: recall(100),
        MRR_AT_10.name: 0.0 if best is None else 1 / best,
    }
