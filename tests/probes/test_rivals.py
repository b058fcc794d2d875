"""What else could explain a relevance: IDF, overlap with the glosses, distance of the forms."""

import math

import numpy as np
import pytest
from tables import Reranker, Table

from freqbias.models.relevance import as_scorer
from freqbias.probes.rivals import Idf, form_cosines, gloss_overlap
from freqbias.records import Pair

PAIRS = [
    Pair(id="1", item="a", high="the big dog", low="the large dog", queries={"gloss_plain": ["a big pet", "the one"]}),
    Pair(id="2", item="b", high="the cat", low="the feline", queries={}),
]


def test_idf_counts_documents():
    idf = Idf(PAIRS)
    assert idf("the") == pytest.approx(math.log(1 + 0.5 / 4.5))
    assert idf("dog cat") == pytest.approx((math.log(1 + 2.5 / 2.5) + math.log(1 + 3.5 / 1.5)) / 2)
    assert idf("unheard") == pytest.approx(math.log(1 + 4.5 / 0.5))
    assert idf("...") is None


def test_gloss_overlap_is_the_mean_over_glosses():
    assert gloss_overlap(PAIRS[0], "plain") == pytest.approx([(2 * 1 / 6 + 2 * 1 / 5) / 2, (0 + 2 * 1 / 5) / 2])
    assert gloss_overlap(PAIRS[0], "elevated") == [None, None]


def test_form_cosine_is_the_same_on_both_sides_and_dense_only():
    vectors = {"the big dog": [2, 0], "the large dog": [1, 1], "the cat": [0, 0], "the feline": [1, 0]}
    found = form_cosines(PAIRS, as_scorer(Table({text: np.array(row) for text, row in vectors.items()})))
    assert found["1"]["form_cosine"] == pytest.approx([math.sqrt(0.5)] * 2)
    assert found["2"]["form_cosine"] == [None, None]
    assert form_cosines(PAIRS, Reranker(len)) == {"1": {}, "2": {}}
