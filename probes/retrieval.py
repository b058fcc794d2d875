"""Embedding probe `retrieval`: where the right document stands in a ranked corpus when its wording is frequent or rare.

The corpus holds the documents of the pair file: one place for every item and frame (a user's collection, substituted by `freqbias
pairs substitute`, has one for every text that has two forms), filled with the high form at every other place and with the low form at
the rest. A pair's gold document is put into it in one form at a time; all other documents of its item are taken out, so that its other
form never competes with it and no other right answer is there. Both forms, both registers and all arms are ranked against the same
rest. Rows written, each once per measure:

* `document_form` (a row a register): the item's glosses ask; pairs without glosses are asked the queries that their collection calls
  relevant (`register` is null). Their words come from the original texts, so there the overlap of query and document is a rival, which
  `query_overlap` records. In the frequency arm `decoys` holds the same with the pair's wrong document put into the corpus in the place
  of the right one, which gives the model's own scale;
* `crossed`: queries in either word against documents in either word, `cells` query form first.

Measures, with one relevant document at rank r (1 is best): `ndcg_at_10` = 1/log2(1+r) up to 10, `recall_at_1`, `recall_at_10`,
`recall_at_100`, `mrr_at_10` = 1/r up to 10, else 0, and `negative_rank` = -r, whose gap is the mean number of places that the frequent
form gains. They equal ir-measures' on the same ranking. The confirmatory estimate is `document_form` in `ndcg_at_10`. Model-level
estimates (contrast `zipf_buckets`, terms `bucket:1` rarest to `bucket:8`): the same measures, frequency arm, by the frequency of the
swapped words in eight parts of equal cumulative frequency.

What could fake a result, and what is done about it: a corpus of other wording than the gold (half and half, the same for both forms);
the gold's other form or frames as distractors (taken out, with every other document of the item); decoys, which are other items'
right answers (left out); ties (broken by a hash of item and frame, which both forms share, so never by form; checked by a test); word
overlap (glosses share no stem); hubness of the pool (the pool is one, so intervals generalise to items in this corpus); a corpus
smaller than k (then k is the whole corpus and recall is 1 for both forms). Where every score costs a forward pass, the gold is
re-ranked among a fixed sample of the corpus. The buckets' `details` hold the number of documents as `corpus`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from freqbias.covariates import token_overlap
from freqbias.models.relevance import DenseScorer, Scorer, Scores
from freqbias.probes import Finding, Judgement, Probe
from freqbias.probes.common import (
    LETTERS,
    TIE,
    document_covariates,
    encode_all,
    gloss_queries,
    mean_over_items,
    naming_queries,
    observation,
    swapped_zipf,
    text_hash,
    unscorable,
)
from freqbias.probes.exact_search import Corpus, Sought, documents_before
from freqbias.progress import Track
from freqbias.records import Estimate, Observation, Pair
from freqbias.terms import (
    CELLS,
    CROSSED,
    FREQUENCY,
    HIGH,
    LOW,
    MRR_AT_10,
    NDCG_AT_10,
    NEGATIVE_RANK,
    RECALL_AT_1,
    RECALL_AT_10,
    RECALL_AT_100,
    SIDES,
)

MAX_DOCUMENTS = 100_000  # places of the corpus; of more pairs a random part fills it
SAMPLE = 30  # distractors where every score costs a forward pass: three times the ten places that nDCG@10 looks at
CELLS_AT_ONCE = 1 << 22  # scores, or numbers of vectors, in one go: 16 MB in single precision, 32 MB in double
PAIRS_AT_ONCE = 256
DECOYS = {HIGH: "decoy_high", LOW: "decoy_low"}
BUCKETS = 8


def measures(rank: float) -> dict[str, float]:
    """Return every measure of one relevant document at a rank from 1."""
    return {
        NDCG_AT_10.name: 1 / np.log2(1 + rank) if rank <= 10 else 0.0,
        RECALL_AT_1.name: float(rank <= 1),
        RECALL_AT_10.name: float(rank <= 10),
        RECALL_AT_100.name: float(rank <= 100),
        MRR_AT_10.name: 1 / rank if rank <= 10 else 0.0,
        NEGATIVE_RANK.name: -float(rank),
    }


MEASURES = tuple(measures(1))


@dataclass(frozen=True)
class Question:
    """One query with one form of the gold document; `place` is the gold's own in the order of ties, the same for both forms."""

    query: str
    document: str
    item: int
    place: int


def _place(pair: Pair) -> int:
    return text_hash(pair.item, str(pair.meta.get("frame", "")))


def prepare(pairs: Iterable[Pair], model: Scorer, track: Track) -> Corpus:
    """Encode every text once and compose the corpus."""
    encode_all(pairs, model, track)
    places: dict[int, tuple[bool, str, str, str]] = {}
    hashes: list[int] = []
    for pair in pairs:
        if pair.arm == FREQUENCY:
            hashes.append(text_hash(pair.id))
        if len(hashes) >= 2 * MAX_DOCUMENTS:
            hashes = sorted(hashes)[:MAX_DOCUMENTS]
        place, main = _place(pair), pair.arm == FREQUENCY
        if place not in places or (main and not places[place][0]):
            places[place] = (main, pair.item, pair.high, pair.low)
        if len(places) >= 2 * MAX_DOCUMENTS:
            places = dict(sorted(places.items())[:MAX_DOCUMENTS])
    chosen = sorted(places.items())[: SAMPLE + 1 if model.pairwise else MAX_DOCUMENTS]
    texts = [low if k % 2 else high for k, (_, (_, _, high, low)) in enumerate(chosen)]
    return Corpus(
        texts=texts,
        items=np.array([text_hash(item) for _, (_, item, _, _) in chosen], dtype=np.int64),
        order=np.array([place for place, _ in chosen], dtype=np.int64),
        vectors=(model, model.place_documents(texts)) if isinstance(model, DenseScorer) else None,
        most=sorted(hashes)[:MAX_DOCUMENTS][-1] if hashes else 0,
    )


def _in_buckets(pair: Pair, corpus: Corpus) -> bool:
    """Tell whether the buckets rest on a pair: on all of the frequency arm, or on as many as the corpus can hold, by hash."""
    return pair.arm == FREQUENCY and text_hash(pair.id) <= corpus.most


def ranked(questions: Sequence[Question], model: Scorer, corpus: Corpus) -> tuple[Scores, Scores]:
    """Return rank (from 1; NaN without a score) and number of documents ranked of every question, each of shape (n,).

    Memory is bounded: scores are compared in blocks of the corpus and never kept (`exact_search`).
    """
    gold = model.scores([q.query for q in questions], [q.document for q in questions])
    usable = np.flatnonzero(np.isfinite(gold)).tolist()
    queries = sorted({questions[number].query for number in usable})
    row = {query: i for i, query in enumerate(queries)}
    sought = [Sought(row[questions[n].query], float(gold[n]), questions[n].item, questions[n].place) for n in usable]
    ranks = np.full(len(questions), np.nan)
    ranks[usable] = documents_before(model, queries, sought, corpus, CELLS_AT_ONCE) + 1
    return ranks, np.array([len(corpus.texts) - len(corpus.of_item(q.item)) + 1.0 for q in questions])


@dataclass(frozen=True)
class _Asked:
    """What one row asks: queries with the document form they look for, by the name of the value they give."""

    contrast: str
    register: str | None
    couples: dict[str, list[tuple[str, str]]]


def _by_form(pair: Pair) -> Iterator[_Asked]:
    wanted: list[tuple[str | None, list[str]]] = list(gloss_queries(pair).items())
    if not wanted and pair.queries.get("relevant"):
        wanted = [(None, pair.queries["relevant"])]
    documents = {side: getattr(pair, side) for side in SIDES} | _decoys(pair)
    for register, texts in wanted:
        yield _Asked("document_form", register, {name: [(text, document) for text in texts] for name, document in documents.items()})


def _decoys(pair: Pair) -> dict[str, str]:
    """Return the decoys to rank by name of their value: those of the frequency arm, which give the scale."""
    return {DECOYS[side]: text for side, text in pair.decoys.items() if side in DECOYS} if pair.arm == FREQUENCY else {}


def _crossed(pair: Pair) -> Iterator[_Asked]:
    naming = naming_queries(pair)
    if naming:
        yield _Asked(CROSSED, None, {c: [(naming[LETTERS[c[0]]], getattr(pair, LETTERS[c[1]]))] for c in CELLS})


Values = dict[str, tuple[dict[str, float], float]]  # by name: mean of each measure, documents ranked


def _measured(pairs: Sequence[Pair], model: Scorer, corpus: Corpus, crossed: bool) -> Iterator[tuple[Pair, _Asked, Values]]:
    """Yield what was asked of every pair with its values, from one pass over the corpus."""
    asked = [(pair, row) for pair in pairs for row in (*_by_form(pair), *(_crossed(pair) if crossed else ()))]
    flat = [
        Question(query, document, text_hash(pair.item), _place(pair))
        for pair, row in asked
        for couples in row.couples.values()
        for query, document in couples
    ]
    results = iter(zip(*ranked(flat, model, corpus), strict=True) if flat else ())
    for pair, row in asked:
        values: Values = {}
        for name, couples in row.couples.items():
            found = [next(results) for _ in couples]
            means = np.mean([list(measures(rank).values()) for rank, _ in found], axis=0)
            values[name] = dict(zip(MEASURES, means.tolist(), strict=True)), min(float(size) for _, size in found)
        _remember(corpus, pair, row, values)
        yield pair, row, values


def _remember(corpus: Corpus, pair: Pair, row: _Asked, values: Values) -> None:
    """Keep the values of a pair that is in the buckets, mean of the registers."""
    if row.contrast != "document_form" or not _in_buckets(pair, corpus):
        return
    new = np.array([list(values[side][0].values()) for side in SIDES])
    share = 1 / len(list(_by_form(pair)))
    corpus.seen[pair.id] = corpus.seen.get(pair.id, 0.0) + share * new


def run(pairs: Sequence[Pair], model: Scorer, common: Corpus) -> Iterator[Observation]:
    """Yield the rows of every pair; see the module's docstring."""
    known = document_covariates(pairs, model)
    for pair in pairs:
        common.seen.pop(pair.id, None)  # a pair that is measured again starts over
    for pair, row, values in _measured(pairs, model, common, crossed=True):
        covariates = {**known[pair.id], **_overlap(pair, row)}
        failed = _error(values)
        for measure in MEASURES:
            numbers = {name: value[0][measure] for name, value in values.items()}
            fields: dict[str, Any] = {"cells": numbers} if row.contrast == CROSSED else {side: numbers[side] for side in SIDES}
            if set(DECOYS.values()) <= numbers.keys():
                fields["decoys"] = {side: numbers[name] for side, name in DECOYS.items()}
            yield observation("retrieval", measure, pair, model, row.contrast, failed or fields, covariates, row.register)


def _error(values: Values) -> dict[str, str]:
    if min(size for _, size in values.values()) < 2:
        return {"error": "no document of another item to rank against"}
    return unscorable({name: value[NEGATIVE_RANK.name] for name, (value, _) in values.items()})


def _overlap(pair: Pair, row: _Asked) -> dict[str, list[float | None]]:
    if row.contrast == CROSSED:
        return {}
    return {"query_overlap": [_mean_overlap(row.couples[side], pair.language) for side in SIDES]}


def _mean_overlap(couples: list[tuple[str, str]], language: str) -> float | None:
    found = [value for query, text in couples if (value := token_overlap(query, text, language)) is not None]
    return float(np.mean(found)) if found else None


def estimates(pairs: Iterable[Pair], model: Scorer, common: Corpus) -> Iterator[Estimate]:
    """Yield the mean of every measure in eight frequency buckets, over both forms' documents of the frequency arm."""
    zipf: list[float] = []
    items: list[int] = []
    values: list[NDArray[np.float64]] = []
    for part in _parts(pair for pair in pairs if _in_buckets(pair, common)):
        fresh = [pair for pair in part if pair.id not in common.seen]
        for _ in _measured(fresh, model, common, crossed=False):
            pass
        for pair in part:
            found = common.seen.get(pair.id)
            for k, value in enumerate(swapped_zipf(pair)):
                if found is not None and value is not None and np.isfinite(found).all():
                    zipf.append(value)
                    items.append(text_hash(pair.item))
                    values.append(found[k])
    if values:
        for row in _buckets(np.array(zipf), np.array(items), np.array(values), model):
            yield row.replace(details={**row.details, "corpus": len(common.texts)})


def _parts(pairs: Iterable[Pair]) -> Iterator[list[Pair]]:
    part: list[Pair] = []
    for pair in pairs:
        part.append(pair)
        if len(part) == PAIRS_AT_ONCE:
            yield part
            part = []
    yield part


def equal_mass(zipf: NDArray[np.float64], buckets: int = BUCKETS) -> NDArray[np.int64]:
    """Return the bucket (from 0, rarest) of every Zipf value: parts of equal cumulative frequency, equal values together."""
    distinct, where = np.unique(zipf, return_inverse=True)
    mass = np.bincount(where) * 10.0 ** (distinct - distinct.max())
    middle = (np.cumsum(mass) - mass / 2) / mass.sum()
    return np.asarray(np.minimum((middle * buckets).astype(np.int64), buckets - 1)[where])


def _buckets(zipf: NDArray[np.float64], items: NDArray[np.int64], values: NDArray[np.float64], model: Scorer) -> Iterator[Estimate]:
    bucket = equal_mass(zipf)
    for number in range(BUCKETS):
        own = bucket == number
        reach = {"zipf_from": float(zipf[own].min()), "zipf_to": float(zipf[own].max())} if own.any() else {}
        for k, measure in enumerate(MEASURES):
            yield Estimate(
                model=model.info.name,
                probe="retrieval",
                measure=measure,
                contrast="zipf_buckets",
                arm=FREQUENCY,
                term=f"bucket:{number + 1}",
                n_pairs=int(own.sum()),
                method="bucket of equal cumulative frequency; n counts documents; mean of item means, t interval",
                details=reach,
                **mean_over_items(values[own, k], items[own]),
            )


probe = Probe(
    name="retrieval",
    needs="scorer",
    summary="rank of the exact document in a corpus, by its form and the query's",
    questions={"document_form": "Does rare wording lower the rank?"},
    glossary={
        "document_form": "How much higher the right document ranks in frequent than in rare wording.",
        "zipf_buckets": "The measure in eight groups of documents, from those in the rarest words to those in the most common.",
        "bucket:": "The mean of the measure in one of eight groups of documents by how common their words are: number {what}, 1 for the "
        "rarest.",
    },
    judgement=Judgement(
        contrast="document_form",
        measure=NDCG_AT_10.name,
        meaning="ranks higher for a description of its content",
        without_gloss="ranks higher for the queries that it is judged relevant to",
        secondary=(RECALL_AT_1.name, RECALL_AT_10.name, RECALL_AT_100.name, MRR_AT_10.name, NEGATIVE_RANK.name),
        findings=(
            Finding(
                contrast="document_form",
                measure=NEGATIVE_RANK.name,
                sentence="Rank: frequent instead of rare wording moves the right document by {size} places; positive is up, towards "
                "rank 1.",
            ),
            Finding(
                contrast="zipf_buckets",
                term="bucket:1",
                more_terms=tuple(f"bucket:{number}" for number in range(2, BUCKETS + 1)),
                sentence="{unit} by frequency of the swapped words, in buckets of equal cumulative frequency (number of documents in "
                "brackets): {first} where they are rarest. It is {last} where they are most frequent.",
            ),
            Finding(contrast="zipf_buckets", term="bucket:1", sentence="The corpus holds {corpus} documents."),
        ),
    ),
    wants="queries gloss_plain, gloss_elevated, relevant, or naming_high and naming_low",
    prepare=prepare,
    run=run,
    estimates=estimates,
    settings={"max_documents": MAX_DOCUMENTS, "pairwise_sample": SAMPLE, "tie": TIE, "relevant_documents": 1},
)
