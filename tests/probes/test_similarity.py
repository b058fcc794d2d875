"""Probe `similarity` on vectors that are known."""

import numpy as np
import pytest

from freqbias.models.protocols import ModelInfo
from freqbias.models.relevance import DenseScorer
from freqbias.probes.noise import scorer_noise
from freqbias.probes.similarity import probe
from freqbias.records import Pair


class Table:
    """An embedder that looks vectors up."""

    max_tokens = 3

    def __init__(self, vectors):
        self.info = ModelInfo(name="table", kind="embedder", source="test", fingerprint="f")
        self.vectors = vectors
        self.encoded = []

    def encode(self, texts, *, role):
        self.encoded.append((role, tuple(texts)))
        return np.array([self.vectors[text] for text in texts], dtype=np.float32)

    def token_counts(self, texts):
        return [len(text.split()) for text in texts]


def unit(degrees):
    return [np.cos(np.radians(degrees)), np.sin(np.radians(degrees))]


def make(item, **queries):
    return Pair(
        id=item,
        item=item,
        high=f"{item} h",
        low=f"{item} l with more",
        queries=queries,
        decoys={"high": f"{item} dh", "low": f"{item} dl"},
    )


VECTORS = {"a h": unit(0), "a l with more": unit(60), "a dh": unit(90), "a dl": unit(120), "g": unit(0), "e": unit(90)}
VECTORS |= {"b h": unit(10), "b l with more": unit(20), "b dh": unit(30), "b dl": unit(40), "other": unit(60)}
VECTORS |= {"n1": unit(0), "n2": unit(60), "ask high": unit(0), "ask low": unit(60)}


def rows(pairs, vectors=VECTORS):
    return {(row.pair_id, row.contrast, row.register): row for row in probe(pairs, Table(vectors))}


def test_values_by_hand():
    a = make("a", gloss_plain=["g"], gloss_elevated=["e"], neutral=["n1", "n2"], naming_high="ask high", naming_low="ask low")
    b = make("b", gloss_plain=["other"])
    found = rows([a, b])
    plain = found["a", "gloss", "plain"]
    assert (plain.high, plain.low) == (pytest.approx(1), pytest.approx(0.5))
    assert plain.decoys == {"high": pytest.approx(0, abs=1e-7), "low": pytest.approx(-0.5)}
    elevated = found["a", "gloss", "elevated"]
    assert (elevated.high, elevated.low) == (pytest.approx(0, abs=1e-7), pytest.approx(np.sqrt(0.75)))
    neutral = found["a", "neutral", None]
    assert (neutral.high, neutral.low) == (pytest.approx(0.75), pytest.approx(0.75))
    background = found["a", "background", None]
    assert (background.high, background.low) == (pytest.approx(0.5), pytest.approx(1))
    cells = found["a", "crossed", None].cells
    assert cells == {"hh": pytest.approx(1), "hl": pytest.approx(0.5), "lh": pytest.approx(0.5), "ll": pytest.approx(1)}
    assert ("b", "crossed", None) not in found


def test_background_leaves_out_all_pairs_of_the_item():
    a, again = make("a", gloss_plain=["g"]), make("a", gloss_plain=["g"])
    again = Pair(id="a2", item="a", high=again.high, low=again.low, queries=again.queries)
    assert not [key for key in rows([a, again]) if key[1] == "background"]
    found = rows([a, again, make("b", gloss_plain=["other"])])
    assert found["a2", "background", None].low == pytest.approx(1)


def test_pairs_of_one_item_may_ask_in_words_of_their_own():
    """A text that is changed in either arm is asked with another word's gloss in each; none of its glosses is background."""
    a = make("a", gloss_plain=["g"])
    again = Pair(id="a2", item="a", high=a.high, low=a.low, queries={"gloss_plain": ["e"]})
    found = rows([a, again, make("b", gloss_plain=["other"])])
    for name in ("a", "a2"):
        background = found[name, "background", None]
        assert (background.high, background.low) == (pytest.approx(0.5), pytest.approx(1))


def test_each_text_is_encoded_once_and_longest_first():
    model = Table(VECTORS)
    list(probe([make("a", gloss_plain=["g"]), make("b", gloss_plain=["other", "g"])], model))
    documents = [texts for role, texts in model.encoded if role == "document"]
    queries = [texts for role, texts in model.encoded if role == "query"]
    assert len(documents) == len(queries) == 1
    assert queries[0] == ("other", "g")
    assert sorted(map(len, documents[0]), reverse=True) == list(map(len, documents[0]))
    assert len(set(documents[0])) == len(documents[0]) == 8


def test_subwords_and_truncation_are_recorded():
    row = next(iter(rows([make("a", gloss_plain=["g"])]).values()))
    assert row.covariates["subwords"] == [2, 4]
    assert row.covariates["truncated"] == [0, 1]


@pytest.mark.parametrize("vector", [[0.0, 0.0], [np.nan, 1.0]])
def test_vectors_without_direction_are_rows_with_error(vector):
    found = rows([make("a", gloss_plain=["g"], naming_high="ask high", naming_low="ask low")], VECTORS | {"a l with more": vector})
    assert {key[1] for key in found} == {"gloss", "crossed"}
    for row in found.values():
        assert "no finite score" in row.error
        assert (row.high, row.low, row.cells) == (None, None, None)


def test_pairs_without_queries_give_no_rows():
    assert rows([Pair(id="1", item="a", high="a h", low="a l with more")]) == {}


def test_noise_floor_is_zero_for_a_table():
    assert scorer_noise(DenseScorer(Table(VECTORS)), ["a h", "g", "e"]) == 0.0
    assert scorer_noise(DenseScorer(Table(VECTORS)), ["a h"]) is None


def test_glosses_in_rare_words_are_a_contrast_of_their_own():
    pairs = [make("a", gloss_plain=["g"], gloss_rare=["e", "n2"]), make("b", gloss_plain=["other"])]
    found = rows(pairs)
    row = found["a", "gloss_rare", None]
    assert (row.high, row.low) == (pytest.approx((0 + 0.5) / 2, abs=1e-6), pytest.approx((np.cos(np.radians(30)) + 1) / 2))
    assert row.decoys["high"] == pytest.approx((1 + np.cos(np.radians(30))) / 2)
    assert ("a", "gloss", "plain") in found
    assert found["b", "background", None].high == rows([make("a", gloss_plain=["g"]), pairs[1]])["b", "background", None].high


def test_matching_in_frequency_is_found_where_it_is_and_only_there():
    """In one world a query finds documents worded as commonly as itself, in the other the frequent form is nearer to all."""
    from freqbias.analysis import frame
    from freqbias.analysis.estimate.estimates import estimate

    def found(rare):
        vectors = {"ask": unit(0), "ask rarely": unit(rare), "other": unit(90)}
        pairs = []
        for n in range(24):
            pair = make(f"i{n}", gloss_plain=["ask"], gloss_rare=["ask rarely"])
            wobble = 0.2 * np.sin(n)
            vectors |= {pair.high: unit(20 + wobble), pair.low: unit(40 - wobble), **dict.fromkeys(pair.decoys.values(), unit(80))}
            pairs.append(pair)
        estimates = estimate(frame(list(probe(pairs, Table(vectors)))), pairs)
        return next(row for row in estimates if row.contrast == "frequency_match" and row.term == "mean")

    matching, none = found(60), found(0)
    assert matching.value == pytest.approx(2 * (np.cos(np.radians(20)) - np.cos(np.radians(40))), abs=0.01)
    assert matching.ci_low > 0
    assert none.value == pytest.approx(0, abs=1e-6)
