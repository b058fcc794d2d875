"""Probe `likelihood` on log-probabilities that are known."""

import numpy as np
import pytest

from freqbias.models import language_model
from freqbias.probes.likelihood import BRIDGE, probe
from freqbias.probes.noise import language_model_noise
from freqbias.records import Pair

PAIR = Pair(
    id="1",
    item="a",
    high="the car",
    low="the jalopy",
    queries={"gloss_plain": ["a thing on wheels", "second"], "gloss_elevated": ["a conveyance"]},
    decoys={"high": "the bike", "low": "the velocipede"},
)


class Lengths:
    """A model whose log-probabilities are lengths, so that every value can be told by eye."""

    def __init__(self):
        from freqbias.models.protocols import ModelInfo

        self.info = ModelInfo(name="lengths", kind="language_model", source="test")
        self.asked = []

    def log_probs(self, texts):
        return [-np.ones(len(text)) for text in texts]

    def continuation_log_probs(self, contexts, continuations):
        self.asked += list(zip(contexts, continuations, strict=True))
        return np.array([-len(context) - len(text) / 100 for context, text in zip(contexts, continuations, strict=True)])

    def token_counts(self, texts):
        return [len(text.split()) for text in texts]


def test_rows_by_hand():
    model = Lengths()
    raw, plain, elevated = probe([PAIR], model)
    assert (raw.contrast, raw.high, raw.low) == ("raw", -7, -10)
    assert (plain.contrast, plain.register, elevated.register) == ("downstream", "plain", "elevated")
    bridge = len(BRIDGE)
    assert plain.high == pytest.approx(-(7 + bridge) - 0.18)
    assert plain.low == pytest.approx(-(10 + bridge) - 0.18)
    assert plain.decoys == {"high": pytest.approx(-(8 + bridge) - 0.18), "low": pytest.approx(-(14 + bridge) - 0.18)}
    assert raw.covariates == {"subwords": [2, 2], "whole_word": [1, 1]}
    assert len(model.asked) == len(set(model.asked)) == 8


def test_control_arms_cost_no_decoys():
    placebo = Pair.from_dict(PAIR.to_dict() | {"arm": "placebo"})
    model = Lengths()
    rows = list(probe([placebo], model))
    assert rows[1].decoys is None
    assert len(model.asked) == 4


def test_same_continuation_on_both_sides_has_no_gap_under_independence():
    _, plain, _ = probe([PAIR], language_model("synthetic:lm_corpus"))
    assert plain.high == pytest.approx(plain.low)


def test_values_that_are_not_finite_are_rows_with_error():
    for row in probe([PAIR], language_model("synthetic:lm_broken")):
        assert "no finite log-probability" in row.error
        assert row.high is None


def test_noise_floor_is_the_largest_change_between_batches():
    class Drifting(Lengths):
        """A model that adds what its batch is: .25 nats when alone, and how far from the front in a small batch."""

        def log_probs(self, texts):
            self.asked.append(list(texts))
            shift = {1: [0.25], 2: [0.0, 1.0]}.get(len(texts), [0.0] * len(texts))
            return [np.array([-len(text) + extra]) for text, extra in zip(texts, shift, strict=True)]

    texts = ["one", "two", "three", "four", "two"]
    model = Drifting()
    assert language_model_noise(model, texts) == pytest.approx(1.0)  # "two" is last in the half batch
    assert model.asked == [texts[:4], ["four", "two"], ["one"], ["two"], ["three"], ["four"]]
    assert language_model_noise(Drifting(), ["one", "two", "three"]) == pytest.approx(1.0)
    assert language_model_noise(Lengths(), texts) == 0.0
    assert language_model_noise(Lengths(), []) is None  # nothing was compared, so no numbers were seen not to move
    assert language_model_noise(language_model("synthetic:lm_broken"), texts) is None
