"""Probe `dimension` by hand, on spaces in which fewer numbers cost rare wording more, and on ones in which they do not."""

import logging

import numpy as np
import pytest
from tables import Reranker, Table, named_pairs

from freqbias.analysis import estimate, frame
from freqbias.models import ModelInfo
from freqbias.models.relevance import as_scorer
from freqbias.paraphrases.lexicon import generate
from freqbias.probes import dimension_sets
from freqbias.probes.dimension import CUT, probe
from freqbias.probes.dimension_sets import FULL, KEPT, MARGIN_SHARE, REACHABLE, RECALL, SET_MARGIN, K, kept
from freqbias.progress import silent
from freqbias.terms import FREQUENCY, HIGH, LOW, PLACEBO
from freqbias.testing import check_probe
from freqbias.testing.planted import KnownTexts, noise_of, unit

FEW, MANY = 16, 112  # numbers that hold what a document says: ones that a projection keeps, and ones of which it keeps a part
NOISE = 0.15
LOUD = 1.5  # of the few against the many, so that they are the principal axes


class Spread:
    """Vectors in which what a frequent document says is in a few numbers; that of a rare one in a few, or spread over many."""

    max_tokens = None

    def __init__(self, pairs, *, rare_is_spread):
        self._known = KnownTexts(pairs)
        self._rare_is_spread = rare_is_spread
        self.info = ModelInfo(name="spread", kind="embedder", source="memory")

    def token_counts(self, texts):
        return None

    def encode(self, texts, *, role):
        return np.array([self._vector(text, role) for text in texts], dtype=np.float32)

    def _vector(self, text, role):
        items = [self._known.glosses.get(text)] if role == "query" else list(self._known.documents.get(text, {}))
        found = np.zeros(FEW + MANY)
        for item in items:
            few, many = LOUD * unit(noise_of(f"few {item}", FEW)), unit(noise_of(f"many {item}", MANY))
            arm, side = self._known.documents[text][item][:2] if role == "document" else (None, None)
            spread = self._rare_is_spread and (arm, side) == (FREQUENCY, LOW)
            found += np.concatenate([few * (not spread), many * (spread or role == "query")])
        return found + NOISE * noise_of(f"{role} {text}", FEW + MANY) / np.sqrt(FEW + MANY)


@pytest.fixture(scope="module")
def pairs():
    return generate(n=120, seed=1)


def rows(pairs, model):
    return {(row.pair_id, row.contrast, row.measure): row for row in probe(pairs, model)}


def estimates(pairs, model):
    model = as_scorer(model)
    return {(row.contrast, row.measure, row.term): row for row in probe.estimates(pairs, model, probe.prepare(pairs, model, silent))}


def judged(pairs, model):
    found = estimate(frame(list(probe(pairs, model))), pairs, resamples=1999, curve=False)
    return {(row.contrast, row.measure, row.arm, row.term): row for row in found}


class Any(Table):
    """A table with a vector for any text: that of its words, unless another is set."""

    def __init__(self, width=40, **similarity):
        super().__init__({}, **similarity)
        self.width = width

    def vector(self, text):
        return np.asarray(self.vectors.get(text, noise_of(text, self.width)), dtype=np.float32)

    def encode(self, texts, *, role):
        return np.array([self.vector(text) for text in texts])


def test_kept_by_hand():
    full = np.array([np.arange(30.0), np.arange(30.0)])
    reduced = np.array([np.arange(30.0), np.roll(np.arange(30.0), 5)])
    share, margin = kept(full, reduced)
    assert share.tolist() == [1.0, 0.5]  # the first ten are columns 20 to 29; moved by five places, 15 of them to 24 are 20 to 29
    deviation = np.arange(30.0).std()  # and the highest of the others is 29
    assert margin == pytest.approx([1 / deviation, (15 - 29) / deviation])
    assert np.isnan(kept(np.full((1, 30), np.nan), reduced[:1])[0]).all()


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_rows_by_brute_force(similarity):
    pairs = named_pairs(30)
    table = Any(similarity=similarity)
    found = rows(pairs, table)
    order = sorted(pairs, key=lambda pair: dimension_sets.text_hash(pair.item))

    def products(query, documents):
        documents = np.array(documents)
        return documents @ query / (np.linalg.norm(documents, axis=1) if similarity == "cosine" else 1)

    for pair in (pairs[0], pairs[17]):
        for side in (HIGH, LOW):
            texts = [getattr(other, side) for other in order if other.item != pair.item] + [getattr(pair, side)]
            vectors = np.array([table.vector(text) for text in texts], dtype=float)
            shares = {}
            for register in ("gloss_plain", "gloss_elevated"):
                for text in pair.queries[register]:
                    query = table.vector(text).astype(float)
                    first, cut = (set(np.argsort(-products(q, v))[:K]) for q, v in ((query, vectors), (query[:CUT], vectors[:, :CUT])))
                    shares.setdefault(register, []).append(len(first & cut) / K)
            expected = np.mean([np.mean(own) for own in shares.values()])
            assert getattr(found[pair.id, "kept_truncated", KEPT], side) == pytest.approx(expected)


def test_nothing_is_lost_where_nothing_is_cut():
    pairs = named_pairs(30)
    found = rows(pairs, Any(CUT))
    for (_, contrast, measure), row in found.items():
        if measure == KEPT:
            assert (row.high, row.low) == (1.0, 1.0), contrast
        else:
            assert min(row.high, row.low) > 0


def test_too_few_documents_are_errors_and_pairs_without_gloss_have_no_rows():
    assert all("too few for lists of 10" in row.error for row in rows(named_pairs(12), Any()).values())
    assert rows([pair.replace(queries={}) for pair in named_pairs(30)], Any()) == {}


def test_models_without_vectors_are_left_out_with_a_warning(caplog):
    with caplog.at_level(logging.WARNING, "freqbias"):
        assert rows(named_pairs(3), Reranker(lambda query, document: 1.0)) == {}
    assert "has no dense vectors" in caplog.text


def test_a_planted_difference_is_found_and_none_where_there_is_none(pairs):
    check_probe(probe, pairs, planted=Spread(pairs, rare_is_spread=True), null=Spread(pairs, rare_is_spread=False))


def test_the_planted_difference_is_in_the_frequency_arm_alone(pairs):
    found = judged(pairs, Spread(pairs, rare_is_spread=True))
    mean = found["kept", KEPT, FREQUENCY, "mean"]
    assert mean.value > 0.2
    assert mean.p_value < 0.001
    assert found["kept", SET_MARGIN, FREQUENCY, "mean"].value > 0
    assert found["kept", KEPT, PLACEBO, "mean"].p_value > 0.001
    assert abs(found["kept", KEPT, PLACEBO, "mean"].value) < 0.1 * mean.value


def test_corpora_of_both_arms_are_equally_large(pairs):
    fewer = [pair for pair in pairs if pair.arm != PLACEBO or pair.item in sorted({p.item for p in pairs if p.arm == PLACEBO})[:25]]
    model = as_scorer(Spread(pairs, rare_is_spread=False))
    common = probe.prepare(fewer, model, silent)
    assert {arm: len(corpus.pairs) for arm, corpus in common.corpora.items() if arm != "length"} == {FREQUENCY: 25, PLACEBO: 25}


def test_axes_favour_neither_wording(pairs):
    model = as_scorer(Spread(pairs, rare_is_spread=False))
    common = probe.prepare(pairs, model, silent)
    swapped = [pair.replace(high=pair.low, low=pair.high) for pair in pairs]
    other = probe.prepare(swapped, model, silent)
    assert np.abs(np.einsum("ij,ij->j", common.axes[:, :8], other.axes[:, :8])) == pytest.approx(np.ones(8), abs=1e-6)


def test_estimates_of_a_model_as_a_whole(pairs):
    found = estimates(pairs, Spread(pairs, rare_is_spread=True))
    for row in found.values():
        row.check()
        assert (row.p_value, row.arm) == (None, FREQUENCY)
    assert found["in_theory", REACHABLE, "moment_curve:double"].value == 1.0
    assert found["in_theory", REACHABLE, "moment_curve:single"].value == pytest.approx(0.984, abs=0.002)
    assert found["in_theory", "margin", "largest_possible"].value == pytest.approx(0.731, abs=5e-4)
    assert 0 < found["in_theory", MARGIN_SHARE, "moment_curve:smallest"].value < 1e-6
    assert 8 <= found["in_theory", "documents", "optimiser:0.1"].value <= 11
    curve = [found["kept_by_dimension", KEPT, f"pca:{size}:gap"] for size in (4, 16, 32)]
    assert all(row.ci_low > 0 for row in curve)
    assert found["any_query", REACHABLE, "pca:4:high"].value < found["any_query", REACHABLE, "pca:8:high"].value
    assert found["any_query", REACHABLE, "full:low"].value == 1.0
    assert 0 < found["any_query", MARGIN_SHARE, "full:high"].value <= 1.0
    assert found["kept_by_dimension", KEPT, "pca:64:high"].n_items == len({p.item for p in pairs if p.arm == FREQUENCY})


class Composed(Spread):
    """The same, in which a query of two glosses is the sum of both: an encoder that composes without error."""

    def _vector(self, text, role):
        if role == "query" and "; " in text:
            return sum(super(Composed, self)._vector(part, role) for part in text.split("; "))
        return super()._vector(text, role)


def test_queries_of_two_topics_find_both_in_a_model_that_composes_and_neither_in_one_that_does_not(pairs):
    composed = estimates(pairs, Composed(pairs, rare_is_spread=True))
    deaf = estimates(pairs, Spread(pairs, rare_is_spread=True))
    term = ("two_topics", RECALL, "full:high")
    assert composed[term].ci_low > 0.6
    assert composed["two_topics", RECALL, "pca:4:high"].value < composed[term].value
    assert composed["two_topics", RECALL, "pca:16:gap"].ci_low > 0
    assert deaf[term].ci_low < 2 / 46 < deaf[term].ci_high


def test_few_items_have_theory_and_lists_but_no_sets():
    pairs = named_pairs(5)
    found = estimates(pairs, Any())
    assert {contrast for contrast, _, _ in found} == {"in_theory"}


def test_a_zero_vector_is_an_error_of_its_pair_and_no_document_of_the_others():
    pairs = named_pairs(40)
    table = Any(similarity="cosine")
    table.vectors[pairs[3].low] = np.zeros(40)
    found = rows(pairs, table)
    assert {key[0] for key, row in found.items() if row.error} == {pairs[3].id}
    common = probe.prepare(pairs, as_scorer(table), silent)
    assert len(common.corpora[FREQUENCY].pairs) == 39
    assert np.isnan(common.place(np.zeros((1, 40)), FULL)).all()
