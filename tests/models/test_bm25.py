"""BM25: against bm25s itself, its prior on frequency, and documents that it was not fitted on."""

import math

import numpy as np
import pytest
from conftest import needed

from freqbias.models import embedder
from freqbias.models.adapters.bm25 import K1, METHOD, B

CORPUS = ["The doctor healed the man.", "The man drove the car, the big car.", "A physician.", "", "The man the man the man"]


def fitted():
    scorer = embedder("bm25")
    scorer.prepare([], iter([*CORPUS, CORPUS[0]]))
    return scorer


def test_scores_are_those_of_bm25s():
    bm25s = needed("bm25s")
    index = bm25s.BM25(method=METHOD, k1=K1, b=B, dtype="float64")
    tokens = bm25s.tokenize(sorted(CORPUS), stopwords=None, return_ids=False, show_progress=False)
    index.index(tokens, show_progress=False)
    queries = ["the man", "car car physician", "doctor drove"]
    words = bm25s.tokenize(queries, stopwords=None, return_ids=False, show_progress=False)
    expected = np.array([index.get_scores(row) for row in words])
    np.testing.assert_allclose(fitted().matrix(queries, sorted(CORPUS)), expected, rtol=1e-12)


def test_the_prior_is_the_inverse_document_frequency():
    # one word each, same length: what is left of the formula is IDF(word) / (1 + k1 (1 - b + b length / mean length))
    corpus = ["rare", "common", "common", "common here"]
    scorer = embedder("bm25")
    scorer.prepare([], corpus)
    found = scorer.scores(["rare", "common"], ["rare", "common"])
    idf = [math.log(1 + (3 - df + 0.5) / (df + 0.5)) for df in (1, 2)]  # three distinct documents
    np.testing.assert_allclose(found[0] / found[1], idf[0] / idf[1])
    assert found[0] > found[1]


def test_a_document_out_of_fit_is_scored_by_the_same_numbers():
    scorer = fitted()
    twin = "The doctor, healed: the man!"  # the same words, another text
    queries = ["the doctor", "healed man"]
    inside, outside = scorer.matrix(queries, [CORPUS[0]]), scorer.matrix(queries, [twin])
    np.testing.assert_allclose(outside, inside, rtol=1e-12)
    unseen = scorer.scores(["zebra"], ["zebra"])[0]
    length = 1 - B + B * 1 / np.mean([5, 8, 1, 0, 6])
    assert unseen == pytest.approx(math.log(1 + 5.5 / 0.5) / (1 + K1 * length))
    np.testing.assert_allclose(scorer.matrix(queries, [CORPUS[0]]), inside, rtol=1e-12)  # nothing was fitted on it
    pool = scorer.pooled([*queries, "zebra"], [1, 2, 4])
    np.testing.assert_allclose(pool(["zebra", twin]), [4 * unseen, [1, 2] @ outside[:, 0]])


def test_a_pool_stays_right_when_more_words_come():
    early, fit = embedder("bm25"), fitted()
    pool = early.pooled(["the doctor", "zebra"], [1, 2])  # before anything is known
    early.prepare([], CORPUS)
    np.testing.assert_allclose(pool([*CORPUS, "a new doctor"]), fit.pooled(["the doctor", "zebra"], [1, 2])([*CORPUS, "a new doctor"]))
    early.prepare([], [*CORPUS, "zebra"])  # another fit, other numbers
    assert pool(["zebra"])[0] == pytest.approx(2 * early.scores(["zebra"], ["zebra"])[0])


def test_texts_without_words_score_zero():
    scorer = fitted()
    np.testing.assert_array_equal(scorer.matrix(["", "?"], CORPUS), np.zeros((2, len(CORPUS))))
    np.testing.assert_array_equal(scorer.scores(["man", "man"], ["", "!"]), [0, 0])
    empty = embedder("bm25")
    empty.prepare([], ["", "?"])
    np.testing.assert_array_equal(empty.scores(["man"], ["?"]), [0])


def test_asked_before_it_is_fitted_it_fits_on_what_it_is_given():
    early, fit = embedder("bm25"), embedder("bm25")
    fit.prepare([], CORPUS)
    np.testing.assert_array_equal(early.scores(["man"] * 5, CORPUS), fit.scores(["man"] * 5, CORPUS))
    assert early.uncached().scores(["man"], [CORPUS[1]]) == fit.scores(["man"], [CORPUS[1]])


def test_the_last_preparation_counts_and_words_are_counted():
    scorer = fitted()
    before = scorer.scores(["doctor"], [CORPUS[0]])
    scorer.prepare([], [CORPUS[0], "the doctor", "a doctor"])
    assert scorer.scores(["doctor"], [CORPUS[0]]) < before
    assert scorer.token_counts(["The doctor healed.", ""]) == [3, 0]
    assert scorer.info.details["method"] == "lucene"
