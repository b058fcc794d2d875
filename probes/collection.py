"""Probes `collection` and `collection_queries`: the user's own judged queries, in the whole of the user's own collection.

All documents of the folder that the pairs come from are ranked, changed or not, by the model's own scores; nothing is sampled. Two
questions, a probe each, since they have answers of their own:

* `collection`, contrast `document_form`: what it costs a document to be written in rare words. Each changed document is put in alone, in
  either form, in the place of the original, for every query that it is judged relevant to; values are means over these queries.
* `collection_queries`, contrast `query_form`: what it costs a user to ask in rare words. Each judged query is asked in either form, and
  all documents are as the collection has them.

Measures are those of the whole ranking of a query with the judgements' own grades: `ndcg_at_10`, `recall_at_1`, `recall_at_10`,
`recall_at_100`, `mrr_at_10`. `negative_rank` is -rank of the changed document, or of the best relevant one of a changed query: where a
query has several relevant documents, the others hold the first ones up when one is changed, and only the rank speaks of that one alone.
Both are judged by nDCG@10. Model-level estimates (contrast `as_it_is`): every measure of the collection as it is, over its judged
queries.

What could fake a result, and what is done about it: documents that one query asks for (they are one item); copies of a changed document
and the query itself among the documents (left out of that ranking); a relevant document that is not changed (it stays, the same for both
forms); ties (broken by a hash of the document's id, which no form changes); words that query and document share (`query_overlap` records
them by form, and the analysis holds the effect against pairs in which they are equal); a collection that has changed since its pairs were
made (refused). Where nine of ten pairs are at the same end of the scale in both forms, the verdict is that nothing can be seen.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from freqbias.collection.folder import Collection, open_collection
from freqbias.collection.index import Index, index_of
from freqbias.collection.ranking import Case, Ranking, rank
from freqbias.covariates import token_overlap
from freqbias.errors import InputError
from freqbias.models.relevance import Scorer
from freqbias.probes import Finding, Judgement, Probe
from freqbias.probes.common import document_covariates, mean_over_items, observation, unscorable
from freqbias.progress import Track, chunks
from freqbias.records import Estimate, Observation, Pair
from freqbias.terms import (
    COLLECTION,
    DOCUMENT_SIDE,
    FREQUENCY,
    MRR_AT_10,
    NDCG_AT_10,
    NEGATIVE_RANK,
    QUERY_SIDE,
    RECALL_AT_1,
    RECALL_AT_10,
    RECALL_AT_100,
    SIDE,
    SIDES,
)

AS_IT_IS = "as_it_is"
SECONDARY = (RECALL_AT_1.name, RECALL_AT_10.name, RECALL_AT_100.name, MRR_AT_10.name, NEGATIVE_RANK.name)
MEASURES = (NDCG_AT_10.name, *SECONDARY)
SESOI = 0.02  # of nDCG@10: two points, as of any share
QUERIES_AT_ONCE = 512  # in one pass over the collection
OVERLAP_DOCUMENTS = 20  # relevant documents of a query whose words are compared with it
EXACT = "exactly"

#: Folder, split, field and fingerprint of a collection.
Key = tuple[str, str | None, str | None, str]


@dataclass(frozen=True)
class Common:
    """The collections that the pairs of one side come from, ready to be searched."""

    indexes: dict[Key, Index] = field(default_factory=dict)


def key_of(pair: Pair) -> Key | None:
    """Return which collection a pair comes from; None for one that comes from none."""
    if not pair.meta.get(COLLECTION):
        return None
    split, own, sha256 = (pair.meta.get(f"{COLLECTION}_{name}") for name in ("split", "field", "sha256"))
    return str(pair.meta[COLLECTION]), split, own, str(sha256)


@lru_cache(maxsize=1)
def opened(key: Key) -> Collection:
    """Return the collection that pairs come from; `InputError` where it is gone, or is not what it was."""
    folder, split, own, sha256 = key
    again = f"make the pairs anew: freqbias collection {folder}"
    if not Path(folder).is_dir():
        raise InputError(f"{folder}: the collection that these pairs come from is not there; put it back, or {again}")
    found = open_collection(Path(folder), split=split, field=own)
    if found.sha256 != sha256:
        raise InputError(f"{folder}: the collection has changed since these pairs were made; {again}")
    return found


def _preparing(side: str) -> Callable[[Iterable[Pair], Scorer, Track], Common]:
    def prepare(pairs: Iterable[Pair], model: Scorer, track: Track) -> Common:
        """Encode the documents of every collection that pairs of this side come from."""
        keys = dict.fromkeys(key for pair in pairs if pair.meta.get(SIDE) == side and (key := key_of(pair)) is not None)
        return Common({key: index_of(opened(key), model, track) for key in keys})

    return prepare


def cases_of(pair: Pair, form: str, collection: Collection) -> list[Case]:
    """Return what one form of a pair is asked: a changed document for each query that asks for it, or a changed query."""
    text = getattr(pair, form)
    if pair.meta[SIDE] == QUERY_SIDE:
        return [Case(query=text, query_id=pair.meta["query_id"])]
    number = collection.numbers[pair.meta["document_id"]]
    names = [name for name in pair.meta["query_ids"] if number in collection.grades[name]]
    return [Case(query=collection.queries[name], query_id=name, replaced=number, replacement=text) for name in names]


def _values(found: Sequence[Ranking]) -> dict[str, float]:
    """Return the mean of every measure; NaN where a rank is."""
    rows = [{**ranking.measures, NEGATIVE_RANK.name: -ranking.rank} for ranking in found]
    values = {name: float(np.mean([row[name] for row in rows])) for name in MEASURES}
    return values if np.isfinite(values[NEGATIVE_RANK.name]) else dict.fromkeys(MEASURES, float("nan"))


def overlap(pair: Pair, form: str, collection: Collection) -> float | None:
    """Return the mean overlap of queries with the documents that they ask for, one of which has this form."""
    text = getattr(pair, form)
    if pair.meta[SIDE] == QUERY_SIDE:
        numbers = list(collection.grades[pair.meta["query_id"]])[:OVERLAP_DOCUMENTS]
        couples = [(text, collection.texts[number]) for number in numbers]
    else:
        couples = [(case.query, text) for case in cases_of(pair, form, collection)]
    found = [value for query, document in couples if (value := token_overlap(query, document, pair.language)) is not None]
    return float(np.mean(found)) if found else None


def _running(name: str, contrast: str, side: str) -> Callable[[Sequence[Pair], Scorer, Common], Iterator[Observation]]:
    def run(pairs: Sequence[Pair], model: Scorer, common: Common) -> Iterator[Observation]:
        """Yield the rows of every pair of this side; see the module's docstring."""
        own = [pair for pair in pairs if pair.meta.get(SIDE) == side and key_of(pair) in common.indexes]
        known = document_covariates(own, model) if own else {}
        for key in dict.fromkeys(map(key_of, own)):
            index = common.indexes[key] if key is not None else None
            if index is not None:
                yield from _rows([pair for pair in own if key_of(pair) == key], index, known, (name, contrast))

    return run


def _rows(pairs: Sequence[Pair], index: Index, known: dict[str, Any], of: tuple[str, str]) -> Iterator[Observation]:
    collection = index.collection
    asked = [(pair, form, cases_of(pair, form, collection)) for pair in pairs for form in SIDES]
    rankings = iter(rank(collection, index, [case for _, _, cases in asked for case in cases], top=1))
    values = {(pair.id, form): _values([next(rankings) for _ in cases]) for pair, form, cases in asked}
    for pair in pairs:
        own = {form: values[pair.id, form] for form in SIDES}
        failed = unscorable({getattr(pair, form): own[form][NEGATIVE_RANK.name] for form in SIDES})
        covariates = {**known[pair.id], "query_overlap": [overlap(pair, form, collection) for form in SIDES]}
        for measure in MEASURES:
            found: dict[str, Any] = dict(failed) or {form: own[form][measure] for form in SIDES}
            yield observation(of[0], measure, pair, index.scorer, of[1], found, covariates, asked=[pair.high, pair.low])


def _estimating(name: str) -> Callable[[Iterable[Pair], Scorer, Common], Iterator[Estimate]]:
    def estimates(pairs: Iterable[Pair], model: Scorer, common: Common) -> Iterator[Estimate]:
        """Yield every measure of the collection as it is, mean over its judged queries; of several collections, of the first."""
        for index in list(common.indexes.values())[:1]:
            collection = index.collection
            values = np.array(list(_as_they_are(index)))
            usable = np.isfinite(values).all(axis=1)
            shown = values[usable].mean(axis=0).tolist() if usable.any() else [None] * len(MEASURES)
            for column, measure in enumerate(MEASURES):
                yield Estimate(
                    model=model.info.name,
                    probe=name,
                    measure=measure,
                    contrast=AS_IT_IS,
                    arm=FREQUENCY,
                    term="mean",
                    n_pairs=int(usable.sum()),
                    n_failed=int((~usable).sum()),
                    high_mean=shown[column],
                    method="mean over judged queries of the collection as it is; n counts queries; t interval",
                    details={"corpus": len(collection), "search": EXACT},
                    **mean_over_items(values[usable, column], np.flatnonzero(usable)),
                )

    return estimates


def _as_they_are(index: Index) -> Iterator[NDArray[np.float64]]:
    for part in chunks(index.collection.queries.items(), QUERIES_AT_ONCE):
        for found in rank(index.collection, index, [Case(query=text, query_id=name) for name, text in part], top=1):
            yield np.array(list(_values([found]).values()))


_CORPUS = Finding(
    contrast=AS_IT_IS,
    sentence="The collection as it is: {unit} {high} over {items} judged queries. All of its {corpus} documents were searched {search}.",
)


_QUESTIONS = {DOCUMENT_SIDE: "Do rare words in documents cost?", QUERY_SIDE: "Do rare words in queries cost?"}
_GLOSSARY = {
    DOCUMENT_SIDE: "How much higher a document of your collection ranks when it is in frequent instead of rare words.",
    QUERY_SIDE: "How much higher the right documents rank when your query is asked in frequent instead of rare words.",
}


def _made(name: str, contrast: str, side: str, summary: str, judgement: Judgement) -> Probe:
    return Probe(
        name=name,
        needs="scorer",
        summary=summary,
        judgement=judgement,
        wants=f"a collection to search with a changed {side} (freqbias collection FOLDER)",
        prepare=_preparing(side),
        run=_running(name, contrast, side),
        estimates=_estimating(name),
        questions={contrast: _QUESTIONS[side]},
        glossary={contrast: _GLOSSARY[side], AS_IT_IS: "The measure of your collection as it is, before any word is changed."},
        settings={"search": EXACT, "ties": "by document id"},
        by_default=False,
    )


_DOCUMENT_MEANING = "ranks higher in the whole collection for the queries that it is judged relevant to"
_QUERY_MEANING = "finds what it is judged to ask for higher up in the whole collection"

documents = _made(
    "collection",
    "document_form",
    DOCUMENT_SIDE,
    "rank of a judged document in its whole collection, by the document's form",
    Judgement(
        contrast="document_form",
        measure=NDCG_AT_10.name,
        meaning=_DOCUMENT_MEANING,
        without_gloss=_DOCUMENT_MEANING,
        searches="collection",
        sesoi=SESOI,
        secondary=SECONDARY,
        findings=(
            _CORPUS,
            Finding(
                contrast="document_form",
                measure=NEGATIVE_RANK.name,
                sentence="Rank: frequent instead of rare wording moves the changed document by {size} places in the ranking "
                "of all documents; positive is up, towards rank 1.",
            ),
        ),
    ),
)

queries = _made(
    "collection_queries",
    "query_form",
    QUERY_SIDE,
    "rank of what a judged query asks for in its whole collection, by the query's form",
    Judgement(
        contrast="query_form",
        measure=NDCG_AT_10.name,
        meaning=_QUERY_MEANING,
        without_gloss=_QUERY_MEANING,
        subject="query",
        searches="collection",
        sesoi=SESOI,
        secondary=SECONDARY,
        findings=(
            _CORPUS,
            Finding(
                contrast="query_form",
                measure=NEGATIVE_RANK.name,
                sentence="Rank: asking in frequent instead of rare words moves the best relevant document by {size} places in the "
                "ranking of all documents; positive is up, towards rank 1.",
            ),
        ),
    ),
)
