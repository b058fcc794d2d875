"""What a model may offer beside its protocol: seen on the model itself, on a scorer over it, and through a wrapper."""

from dataclasses import dataclass

import numpy as np
import pytest

from freqbias.errors import InputError
from freqbias.models import ModelInfo
from freqbias.models.adapters.pair_scorers import QueryLikelihoodScorer
from freqbias.models.protocols import CountsUsage, GivesUp, HasInfo, HasSimilarity, KnowsReasons, offers
from freqbias.models.relevance import as_scorer
from freqbias.testing import CrowdedEmbedder
from freqbias.testing.probes import _Silent

ABILITIES = (HasInfo, HasSimilarity, KnowsReasons, GivesUp, CountsUsage)


@dataclass
class Counts:
    requests: int = 2


class Plain:
    info = ModelInfo(name="mine", kind="embedder", source="plugin")
    max_tokens = None

    def encode(self, texts, *, role):
        return np.array([[2.0, len(text)] for text in texts], dtype=np.float32)

    def token_counts(self, texts):
        return None


class Able(Plain):
    def __init__(self):
        self.similarity = "dot"
        self.errors = {"a": "too long"}
        self.usage = Counts()

    @property
    def stopped(self):
        return "no more"


class Wrapper:
    def __init__(self, model):
        self._model = model

    def __getattr__(self, name):
        return getattr(self._model, name)


class Tokens(Able):
    measure = "maxsim"
    encode = property()

    def encode_tokens(self, texts, *, role):
        return [np.ones((2, 2), dtype=np.float32) for _ in texts]


def test_a_plain_model_offers_none_and_has_what_is_meant_without():
    assert [offers(Plain(), ability) for ability in ABILITIES] == [True, False, False, False, False]
    scorer = as_scorer(Plain())
    assert (scorer.measure, scorer.errors, scorer.stopped, scorer.usage) == ("cosine", {}, None, None)


@pytest.mark.parametrize("wrap", [lambda model: model, Wrapper, lambda model: Wrapper(Wrapper(model))])
def test_abilities_are_seen_through_a_wrapper_on_every_python(wrap):
    model = wrap(Able())
    assert all(offers(model, ability) for ability in ABILITIES)
    scorer = as_scorer(model)
    assert (scorer.measure, scorer.errors, scorer.stopped, scorer.usage) == ("dot", {"a": "too long"}, "no more", Counts())
    assert scorer.scores(["ab"], ["abc"]).tolist() == [10.0]


def test_token_embedders_hand_theirs_on_too():
    scorer = as_scorer(Tokens())
    assert (scorer.errors, scorer.stopped, scorer.usage) == ({"a": "too long"}, "no more", Counts())


def test_query_likelihood_keeps_reasons_of_its_own():
    scorer = QueryLikelihoodScorer(Able(), Plain.info)
    assert (scorer.errors, scorer.stopped, scorer.usage) == ({}, "no more", Counts())


def test_the_model_that_is_made_to_fail_in_checks_is_compared_as_before():
    assert as_scorer(_Silent(CrowdedEmbedder([], similarity="dot"), "no text")).measure == "dot"


def test_vectors_that_are_compared_in_no_known_way_are_refused():
    model = Able()
    model.similarity = "euclidean"
    with pytest.raises(InputError, match="model 'mine': similarity is 'euclidean'; known: cosine, dot"):
        as_scorer(model)
