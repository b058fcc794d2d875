"""Embedding probe `similarity`: how near a document lies to queries when its wording is frequent or rare.

Rows written; the measure is the model's own (`cosine`, `dot`, `bm25`, `maxsim`, `logit`, …):

* `gloss` (one row a register): mean relevance with the item's glosses, which share no word with either form, so that word matching
  cannot produce a gap; `decoys` holds the same for the pair's wrong documents, which gives the model's own scale;
* `gloss_rare`: mean relevance with the item's glosses in words as rare as the rare form; `gloss` of the plain register less this one is
  `frequency_match`, whether a query finds documents that are worded as commonly as itself;
* `background`: mean relevance with the glosses of all other items, a pull without content;
* `neutral`: mean relevance with queries that ask for nothing in particular;
* `crossed`: queries that name the item in either word against documents in either word. The four cells give matching and its
  asymmetry; they cannot give a preference, since (hh+lh)-(hl+ll) = (hh-hl)-(ll-lh).

Covariates in every row: `subwords`, `truncated` and `whole_word` (1 where the swapped word is one token in its sentence). Length,
readability, fit of the gloss and the share of the intended sense are the pair file's.

What could fake a result, and what is done about it: word overlap (glosses without shared stems), register (two gloss registers,
averaged with equal weight), how common the query's own words are (`frequency_match`), length and position (both forms share the sentence;
arm `length` is the yardstick), fragmentation (`subwords` is recorded), truncation (`truncated` is recorded), scale differences between
models (decoys).
The background of different items shares one pool of glosses, so its interval generalises to items, not to other pools. Where every
score costs a forward pass the pool is a fixed sample of items.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from freqbias.models.relevance import Pool, Scorer
from freqbias.probes import Finding, Judgement, Probe
from freqbias.probes.common import (
    LETTERS,
    couple_scores,
    document_covariates,
    documents_of,
    encode_all,
    gloss_queries,
    mean_of,
    naming_queries,
    observation,
    unscorable,
)
from freqbias.progress import Track
from freqbias.records import Observation, Pair
from freqbias.terms import CELLS, CROSSED, GLOSS_RARE, PREFERENCE, SIDES

POOL_ITEMS = 32  # items whose glosses are the background of a pair scorer: 32 means have a standard error of a sixth of their spread
ASKED_APART = (GLOSS_RARE, "neutral")  # queries that are a contrast of their own


@dataclass(frozen=True)
class Background:
    """The pool of all items' glosses, each item with equal weight, from which a pair's own item is taken out."""

    pool: Pool
    weights: dict[str, dict[str, float]]


def glosses(pair: Pair) -> list[str]:
    """Return all gloss queries of a pair."""
    return [text for texts in gloss_queries(pair).values() for text in texts]


def prepare(pairs: Iterable[Pair], model: Scorer, track: Track) -> Background | None:
    """Encode every text once and make the pool of glosses; None where fewer than two items have one."""
    encode_all(pairs, model, track)
    by_item: dict[str, list[str]] = {}
    for pair in pairs:
        if own := glosses(pair):  # which another pair of the item may ask in other words
            by_item[pair.item] = list(dict.fromkeys([*by_item.get(pair.item, []), *own]))
    if len(by_item) < 2:
        return None
    if model.pairwise and len(by_item) > POOL_ITEMS:
        spread = np.linspace(0, len(by_item) - 1, POOL_ITEMS).astype(int)
        by_item = {item: by_item[item] for item in np.array(sorted(by_item))[spread].tolist()}
    weights = {item: dict.fromkeys(texts, 1 / len(set(texts))) for item, texts in by_item.items()}
    flat = [(text, weight) for own in weights.values() for text, weight in own.items()]
    return Background(model.pooled([text for text, _ in flat], [weight for _, weight in flat]), weights)


def run(pairs: Sequence[Pair], model: Scorer, common: Background | None) -> Iterator[Observation]:
    """Yield the rows of every pair; see the module's docstring."""
    found = _Scores(pairs, model, common)
    known = document_covariates(pairs, model)
    for pair in pairs:
        for contrast, register, values in _rows(pair, found, common):
            yield observation("similarity", model.measure, pair, model, contrast, values, known[pair.id], register)


class _Scores:
    """The relevances that some pairs ask for, computed in one call."""

    def __init__(self, pairs: Sequence[Pair], model: Scorer, background: Background | None):
        of_items = background.weights if background else {}
        self._values = couple_scores(model, (couple for pair in pairs for couple in _couples(pair, of_items.get(pair.item, {}))))
        documents = sorted({text for pair in pairs for text in documents_of(pair)})
        self._sums = dict(zip(documents, background.pool(documents).tolist(), strict=True)) if background else {}

    def mean(self, queries: Sequence[str], document: str) -> float:
        """Return the mean relevance of one document to several queries."""
        return mean_of([self._values[query, document] for query in queries])

    def others(self, background: Background, item: str, document: str) -> float:
        """Return the mean relevance of one document to the glosses of the other items."""
        own = background.weights.get(item, {})
        couples = [(self._values[query, document], weight) for query, weight in own.items()]
        usable = [(value, weight) for value, weight in couples if np.isfinite(value)]
        total = self._sums[document] - sum(value * weight for value, weight in usable)
        rest = background.pool.weight - sum(weight for _, weight in usable)
        return total / rest if rest > 0 else math.nan


Row = tuple[str, str | None, dict[str, Any]]


def _rows(pair: Pair, found: _Scores, background: Background | None) -> Iterator[Row]:
    """Yield (contrast, register, fields of the row) for what this pair allows."""
    wanted: list[tuple[str, str | None, list[str]]] = [("gloss", register, texts) for register, texts in gloss_queries(pair).items()]
    wanted += [(name, None, pair.queries[name]) for name in ASKED_APART if pair.queries.get(name)]
    for contrast, register, texts in wanted:
        yield contrast, register, _both_sides(pair, {text: found.mean(texts, text) for text in documents_of(pair)})
    if background is not None:
        yield "background", None, _both_sides(pair, {text: found.others(background, pair.item, text) for text in documents_of(pair)})
    naming = naming_queries(pair)
    if naming:
        cells = {c: found.mean([naming[LETTERS[c[0]]]], getattr(pair, LETTERS[c[1]])) for c in CELLS}
        yield CROSSED, None, unscorable(cells) or {"cells": cells}


def _both_sides(pair: Pair, value: dict[str, float]) -> dict[str, Any]:
    values: dict[str, Any] = {side: value[getattr(pair, side)] for side in SIDES}
    if pair.decoys:
        values["decoys"] = {side: value[text] for side, text in pair.decoys.items()}
    return unscorable(value) or values


def _couples(pair: Pair, of_item: Iterable[str]) -> Iterator[tuple[str, str]]:
    for document in documents_of(pair):
        for query in [*glosses(pair), *of_item, *(text for name in ASKED_APART for text in pair.queries.get(name, []))]:
            yield query, document
    for document in (pair.high, pair.low):
        for query in naming_queries(pair).values():
            yield query, document


probe = Probe(
    name="similarity",
    needs="scorer",
    summary="relevance of the high and the low document to glosses, other items' glosses, neutral and naming queries",
    questions={
        "gloss": "Does rare wording of the right text cost?",
        "background": "Is there a pull toward frequent wording, whatever is asked?",
    },
    glossary={
        "gloss": "How much nearer the frequent form lies to a description of its own content than the rare form does. The description "
        "shares no word with either.",
        GLOSS_RARE: "The same for descriptions that are themselves in rare words.",
        PREFERENCE: "How much nearer the frequent form lies to descriptions of other contents. It is a pull that asks for nothing, and "
        "alone may be called preference.",
        "neutral": "How much nearer the frequent form lies to queries that ask for nothing in particular.",
    },
    judgement=Judgement(
        contrast="gloss",
        meaning="lies nearer to a description of its content that shares no word with it",
        findings=(
            Finding(
                contrast="frequency_match",
                sentence="Everyday against rare glosses: glosses in everyday instead of rare words change the gap by {value} {unit} "
                "{interval}, {p}. A positive value has three possible reasons, which this does not tell apart. Queries may favour "
                "documents worded as commonly, or in the same register, as themselves. Glosses of each kind may fit one word better. "
                "Glosses in rare words may be read less well.",
            ),
        ),
    ),
    wants="queries gloss_plain, gloss_elevated, gloss_rare, neutral, or naming_high and naming_low",
    prepare=prepare,
    run=run,
)
