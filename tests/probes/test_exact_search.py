"""Exact search by blocks in single precision against double precision, with scores that single precision cannot tell apart."""

import numpy as np
import pytest
from tables import Table

from freqbias.models.relevance import UNIT_ROUNDOFF, as_scorer
from freqbias.probes import exact_search
from freqbias.probes.common import TIE
from freqbias.probes.exact_search import Corpus, Sought, documents_before

WIDTH, DOCUMENTS, QUERIES = 48, 900, 17


def world(seed, similarity, spread=1.0):
    """Return a scorer, a corpus in its store, and what is sought; many documents differ by less than single precision can tell."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(30, WIDTH))
    documents = (centres[np.arange(DOCUMENTS) % 30] + spread * rng.normal(size=(DOCUMENTS, WIDTH))).astype(np.float32)
    documents[5] = documents[3]  # the same vector: a tie
    documents[7] = 0  # no cosine
    documents[9] = np.nan
    vectors = {f"d{i}": row for i, row in enumerate(documents)} | {f"q{i}": rng.normal(size=WIDTH) for i in range(QUERIES)}
    model = as_scorer(Table(vectors, similarity=similarity))
    texts, queries = [f"d{i}" for i in range(DOCUMENTS)], [f"q{i}" for i in range(QUERIES)]
    items = rng.integers(0, 200, DOCUMENTS)
    corpus = Corpus(texts, items, rng.permutation(DOCUMENTS), vectors=(model, model.place_documents(texts)))
    scores = model.matrix(queries, texts)
    sought = [
        Sought(row, float(scores[row, k]), int(items[k]), int(corpus.order[k]))
        for row in range(QUERIES)
        for k in rng.integers(0, DOCUMENTS, 12)
        if np.isfinite(scores[row, k])
    ]
    return model, queries, sought, corpus, scores


def by_hand(sought, corpus, scores):
    found = []
    for one in sought:
        by = scores[one.row] - one.score
        ahead = (by > TIE) | ((np.abs(by) <= TIE) & (corpus.order < one.place))
        found.append(int((ahead & (corpus.items != one.item)).sum()))
    return found


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
@pytest.mark.parametrize("spread", [1.0, 1e-3, 1e-7])  # far apart, nearer than single precision tells, equal in it
@pytest.mark.parametrize("cells", [1 << 22, 3000])
def test_counts_are_those_of_double_precision(similarity, spread, cells):
    model, queries, sought, corpus, scores = world(1, similarity, spread)
    assert documents_before(model, queries, sought, corpus, cells).tolist() == by_hand(sought, corpus, scores)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_both_ways_through_a_block_count_alike(monkeypatch, share):
    monkeypatch.setattr(exact_search, "MOST_NEAR", share)  # none is scored again one by one, or every one may be
    model, queries, sought, corpus, scores = world(2, "cosine", 1e-3)
    assert documents_before(model, queries, sought, corpus, 1 << 22).tolist() == by_hand(sought, corpus, scores)


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_single_precision_is_never_further_off_than_it_says(similarity):
    model, queries, _, corpus, scores = world(3, similarity)
    rough = model.placed_roughly(queries, corpus.vectors[1])
    assert rough.scores.dtype == np.float32
    known = np.isfinite(scores)
    assert (np.isfinite(rough.scores) == known).all()
    error = np.abs(rough.scores - scores)
    assert (np.where(known, error, 0).max(axis=1) <= rough.off).all()
    assert error[known].max() > UNIT_ROUNDOFF / 8  # there is something to be off
    rows, columns = np.nonzero(known)
    assert rough.exact(rows, columns) == pytest.approx(scores[known], rel=1e-12, abs=1e-12)


def test_lengths_beyond_single_precision_are_scored_in_double():
    vectors = {"q": np.ones(4), "a": np.full(4, 1e25), "b": np.full(4, 2e25), "c": np.full(4, -1e25)}
    model = as_scorer(Table(vectors, similarity="dot"))
    corpus = Corpus(["a", "b", "c"], np.arange(3), np.arange(3), vectors=(model, model.place_documents(["a", "b", "c"])))
    assert model.placed_roughly(["q"], corpus.vectors[1]) is None
    assert documents_before(model, ["q"], [Sought(0, float(model.matrix(["q"], ["a"])[0, 0]), 9, 9)], corpus, 1 << 22).tolist() == [2]


def test_vectors_of_another_model_are_not_taken():
    model, queries, sought, corpus, scores = world(4, "cosine")
    other = model.uncached()
    assert documents_before(other, queries, sought, corpus, 1 << 22).tolist() == by_hand(sought, corpus, scores)
