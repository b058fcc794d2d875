"""Texts that are put to a model in other words, by hand."""

import numpy as np
import pytest
import spaces

from freqbias.models import embedder
from freqbias.models.relevance import as_scorer
from freqbias.paraphrases.lexicon import generate
from freqbias.remedies import load_remedy

PAIRS = generate(n=30, seed=2)
OWN = [pair for pair in PAIRS if pair.arm == "frequency"]


class Asked:
    """A scorer that notes what it is asked, and gives the number of the couple."""

    pairwise, measure, max_tokens = False, "dot", None

    def __init__(self):
        self.info = as_scorer(spaces.Space(PAIRS)).info
        self.couples, self.prepared = [], []

    def prepare(self, queries, documents, track=None):
        self.prepared += [list(queries), list(documents)]

    def scores(self, queries, documents):
        self.couples += list(zip(queries, documents, strict=True))
        return np.arange(len(queries), dtype=float)


def test_rare_documents_and_rare_decoys_get_the_frequent_word():
    model = Asked()
    found = load_remedy("expand-documents")(model, PAIRS)
    for pair in OWN[:10]:
        frequent, rare = pair.meta["swap"]
        model.couples.clear()
        found.scores(["q"] * 3, [pair.high, pair.low, pair.decoys["low"]])
        (_, high), (_, low), (_, decoy) = model.couples
        assert high == pair.high
        assert f"{rare} ({frequent})".lower() in low.lower()
        assert "(" in decoy
    found.prepare(["q"], [OWN[0].low])
    assert "(" in model.prepared[-1][0]


def test_each_query_is_asked_in_both_wordings():
    model = Asked()
    pair = OWN[0]
    plain, elevated = pair.queries["gloss_plain"][0], pair.queries["gloss_elevated"][0]
    found = load_remedy("both-queries")(model, PAIRS)
    assert found.scores([plain, pair.queries["neutral"][0]], [pair.high, pair.low]).tolist() == [0.5, 2]
    assert model.couples == [(plain, pair.high), (elevated, pair.high), (pair.queries["neutral"][0], pair.low)]
    names = [pair.queries["naming_low"], pair.queries["naming_high"]]
    model.couples.clear()
    found.scores(names[:1], [pair.high])
    assert {query for query, _ in model.couples} == set(names)


@pytest.mark.parametrize("name", ["expand-documents", "both-queries"])
@pytest.mark.parametrize("of", ["space", "bm25"])
def test_all_ways_of_asking_agree(name, of):
    model = as_scorer(spaces.Space(PAIRS)) if of == "space" else embedder("bm25")
    found = load_remedy(name)(model, PAIRS)
    queries = [pair.queries["gloss_plain"][0] for pair in OWN[:5]] + [OWN[0].queries["naming_low"]]
    documents = [pair.low for pair in OWN[:4]]
    found.prepare(queries, documents)
    whole = found.matrix(queries, documents)
    couples = [(query, document) for query in queries for document in documents]
    assert found.scores(*zip(*couples, strict=True)).reshape(whole.shape) == pytest.approx(whole, abs=1e-6)
    weights = np.arange(1.0, len(queries) + 1)
    assert found.pooled(queries, weights)(documents) == pytest.approx(weights @ whole, abs=1e-5)
    assert not np.allclose(whole, model.matrix(queries, documents))


def test_averaging_both_registers_moves_ranks_and_hardly_the_mean_gap(priced):
    """It is linear, whatever the model: only glosses without a counterpart in the other register move the gap in scores."""
    found = priced("both-queries", tied=spaces.TIED, noise=1.5)
    before, after = (found[name].sides["document"] for name in ("none", "both-queries"))
    assert after.score_gap.value == pytest.approx(before.score_gap.value, rel=0.01)
    assert after.removed.value == pytest.approx(0, abs=0.01)
    assert found["both-queries"].cost.value > 0.05  # two draws of noise instead of one
