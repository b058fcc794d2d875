"""What can be done against a loss to rare wording, each remedy tried on the very cases in which it was measured.

* `none`: the model as it is. `bm25`: word counts in its place, where the model is no BM25 itself.
* `hybrid`: the first hundred documents of both, by reciprocal-rank fusion (Cormack et al. 2009): the sum of 1 / (60 + rank).
* `rerank`: the first fifty documents of the model in the order of a scorer that reads query and document together.
* `query_expansion`, `document_expansion`: the frequent synonym in brackets behind the rare word, in the query, or in every document that
  has it. `query_rewriting`: the frequent word in its place, in the query.

Every remedy is judged by what it does to ranks: nDCG@10 of each case with the judged grades, and the rank of the document that is looked
for, beyond the first hundred always 101, since a fusion knows no more. Scores of different remedies do not compare; their gap is
divided by the remedy's own margin, the score of the document in frequent wording less the mean of the wrong ones among the first hundred.
Quality is nDCG@10 of all judged queries in the words that they have, among documents in the words that they have (`document_expansion`:
expanded). Rows of `remedies.jsonl` are of a case (`side` is `document` or `query`) or of a judged query (`side` is `quality`).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from freqbias.collection.folder import Collection
from freqbias.collection.index import Index, index_of
from freqbias.collection.ranking import Case, Ranking, measures, rank
from freqbias.collection.twins import Twin
from freqbias.collection.wording import Plainer
from freqbias.models.adapters.bm25 import BM25Scorer, bm25_info
from freqbias.models.relevance import Scorer
from freqbias.progress import Track, silent
from freqbias.terms import NDCG_AT_10

NONE, BM25, HYBRID, RERANK = "none", "bm25", "hybrid", "rerank"
QUERY_EXPANSION, DOCUMENT_EXPANSION, QUERY_REWRITING = "query_expansion", "document_expansion", "query_rewriting"
QUALITY = "quality"

FIRST = 100  # documents that are fused, and ranks that are told apart
FUSION = 60  # Cormack, Clarke & Büttcher (2009), doi:10.1145/1571941.1572114
RERANKED = 50

#: The first documents of a case with their scores, best first.
Listing = Sequence[tuple[int, float]]


@dataclass(frozen=True)
class Answer:
    """What a remedy makes of one case: quality, and rank and score of the document that is looked for."""

    ndcg_at_10: float
    rank: float
    score: float | None
    margin: float | None


def rows_of(
    collection: Collection, scorer: Scorer, twins: Sequence[Twin], reranker: Scorer | None = None, track: Track = silent
) -> tuple[list[Ranking], Iterator[dict[str, Any]]]:
    """Return the rankings of the model as it is, both forms of each twin in turn, and the rows of all remedies."""
    index = index_of(collection, scorer, track)
    cases = [case for twin in twins for case in (twin.high, twin.low)]
    judged = [Case(query=text, query_id=name) for name, text in collection.queries.items()]
    first = rank(collection, index, [*cases, *judged], top=FIRST)
    return first[: len(cases)], _rows(index, twins, [*cases, *judged], first, reranker)


def _rows(
    index: Index, twins: Sequence[Twin], cases: list[Case], first: list[Ranking], reranker: Scorer | None
) -> Iterator[dict[str, Any]]:
    collection, scorer = index.collection, index.scorer
    targets = [twin.document for twin in twins for _ in range(2)] + [None] * (len(cases) - 2 * len(twins))

    def rows(remedy: str, answers: list[Answer], by: str | None = None) -> Iterator[dict[str, Any]]:
        return ({"model": scorer.info.name, "remedy": remedy, "by": by, **row} for row in _told(twins, cases, answers))

    def ranked(rankings: list[Ranking]) -> list[Answer]:
        return [_exact(ranking, target) for ranking, target in zip(rankings, targets, strict=True)]

    def listed(listings: list[Listing]) -> list[Answer]:
        return [_of_list(collection, case, own, target) for case, own, target in zip(cases, listings, targets, strict=True)]

    yield from rows(NONE, ranked(first))
    if not isinstance(scorer, BM25Scorer):
        words = rank(collection, BM25Scorer(bm25_info(BM25)), cases, top=FIRST, track=index.track)
        yield from rows(BM25, ranked(words))
        yield from rows(HYBRID, listed([fused(a.top, b.top) for a, b in zip(first, words, strict=True)]))
    if reranker is not None:
        yield from rows(RERANK, listed(reranked(collection, reranker, first, index.track)), reranker.info.name)
    plainer = Plainer(words for twin in twins for words in twin.words)
    for remedy, change in ((QUERY_EXPANSION, plainer.expanded), (QUERY_REWRITING, plainer.rewritten)):
        yield from rows(remedy, ranked(rank(collection, index, [replace(c, query=change(c.query)) for c in cases], top=FIRST)))
    expanded = [c if c.replacement is None else replace(c, replacement=plainer.expanded(c.replacement)) for c in cases]
    yield from rows(
        DOCUMENT_EXPANSION, ranked(rank(plainer.expanded_collection(collection), scorer, expanded, top=FIRST, track=index.track))
    )


def _told(twins: Sequence[Twin], cases: Sequence[Case], answers: Sequence[Answer]) -> Iterator[dict[str, Any]]:
    """Yield a row for every twin, then one for every judged query."""
    for place, twin in enumerate(twins):
        high, low = answers[2 * place : 2 * place + 2]
        yield {
            "side": twin.side,
            "item": twin.pair.item,
            "pair_id": twin.pair.id,
            "query_id": twin.high.query_id,
            NDCG_AT_10.name: [high.ndcg_at_10, low.ndcg_at_10],
            "rank": [_or_none(high.rank), _or_none(low.rank)],
            "score_gap": None if high.score is None or low.score is None else _or_none(high.score - low.score),
            "margin": high.margin,
        }
    for case, answer in zip(cases[2 * len(twins) :], answers[2 * len(twins) :], strict=True):
        yield {"side": QUALITY, "query_id": case.query_id, NDCG_AT_10.name: answer.ndcg_at_10}


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _exact(ranking: Ranking, target: int | None) -> Answer:
    """Return the answer of a ranking that knows every rank."""
    number = _best(ranking.ranks) if target is None else target
    place = min(ranking.ranks[number], FIRST + 1.0)
    score = _or_none(ranking.scores[number])
    return Answer(ranking.measures[NDCG_AT_10.name], place, score, _margin(score, ranking.top, ranking.ranks))


def _of_list(collection: Collection, case: Case, found: Listing, target: int | None) -> Answer:
    """Return the answer of a list; what is not in it stands behind it, with the lowest score in it."""
    grades = collection.grades[case.query_id]
    places = {number: place for place, (number, _) in enumerate(found, start=1)}
    ranks = {number: float(places.get(number, FIRST + 1)) for number in grades}
    number = _best(ranks) if target is None else target
    scores = dict(found)
    score = scores.get(number, found[-1][1]) if found else None
    ranks = {own: min(place, FIRST + 1.0) for own, place in ranks.items()}
    return Answer(measures(ranks, grades)[NDCG_AT_10.name], ranks[number], score, _margin(score, found, ranks))


def _best(ranks: Mapping[int, float]) -> int:
    return min(ranks, key=lambda number: (math.isnan(ranks[number]), ranks[number], number))


def _margin(score: float | None, found: Listing, relevant: Mapping[int, float]) -> float | None:
    """Return by how much a score exceeds the mean of the wrong documents of a list."""
    wrong = [value for number, value in found if number not in relevant]
    return float(score - np.mean(wrong)) if score is not None and wrong else None


def fused(*listings: Listing) -> Listing:
    """Return the documents of several lists by reciprocal-rank fusion; equal ones in the order of the first list that has them."""
    found: dict[int, float] = {}
    for listing in listings:
        for place, (number, _) in enumerate(listing, start=1):
            found[number] = found.get(number, 0.0) + 1 / (FUSION + place)
    return sorted(found.items(), key=lambda entry: -entry[1])


def reranked(collection: Collection, reranker: Scorer, first: Sequence[Ranking], track: Track = silent) -> list[Listing]:
    """Return the first documents of every ranking in the order of a scorer, and those behind as they are, below them."""
    heads = [list(ranking.top[:RERANKED]) for ranking in first]
    couples = [
        (ranking.case.query, _text(collection, ranking.case, number))
        for ranking, head in zip(first, heads, strict=True)
        for number, _ in head
    ]
    reranker.prepare([query for query, _ in couples], [text for _, text in couples], track)
    scores = iter(reranker.scores([query for query, _ in couples], [text for _, text in couples]).tolist())
    listings: list[Listing] = []
    for ranking, head in zip(first, heads, strict=True):
        again = sorted(
            ((number, next(scores)) for number, _ in head), key=lambda entry: -entry[1] if math.isfinite(entry[1]) else math.inf
        )
        lowest = min((score for _, score in again if math.isfinite(score)), default=0.0)
        again = [(number, score if math.isfinite(score) else lowest) for number, score in again]
        listings.append([*again, *((number, lowest) for number, _ in ranking.top[RERANKED:])])
    return listings


def _text(collection: Collection, case: Case, number: int) -> str:
    return case.replacement if number == case.replaced and case.replacement is not None else collection.texts[number]
