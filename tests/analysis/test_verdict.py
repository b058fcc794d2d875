"""Verdicts: honest words, built from the numbers."""

import re

import numpy as np
import pytest
from simulation import simulate

from freqbias.analysis import estimate, frame
from freqbias.analysis.verdict import number, p_text, verdicts


def verdict(effects, contrasts=("gloss",), seed=0, **options):
    pairs, rows = simulate(np.random.default_rng(seed), effects, contrasts=contrasts, **options)
    (found,) = verdicts(estimate(frame(rows), pairs))
    return found


def words(found):
    return " ".join([found.headline, *found.controls, *found.findings])


def test_planted_effect_is_said_to_go_with_frequency():
    found = verdict({"frequency": 0.06, "placebo": 0.0, "length": 0.1})
    assert found.headline.startswith("A document in frequent wording lies nearer to a third wording of its own content")
    assert "It goes with frequency beyond" in found.headline
    assert found.controls[0].startswith("Placebo: equivalent to zero")


def test_the_other_sign():
    assert "A document in rare wording" in verdict({"frequency": -0.06, "placebo": 0.0}).headline


def test_no_effect_with_many_items_is_equivalent_and_with_few_is_not_told():
    assert verdict({"frequency": 0.0, "placebo": 0.0}, items=100).headline.startswith("No difference that matters")
    found = verdict({"frequency": 0.01, "placebo": 0.0}, items=5, noise=0.1)
    assert found.headline.startswith("Not detected, and not excluded")
    assert "would have been missed" in words(found)


def test_an_effect_that_the_placebo_shares_is_not_put_beside_frequency():
    found = verdict({"frequency": 0.06, "placebo": 0.06})
    assert "cannot be told from what an equally frequent synonym does" in found.headline
    assert "Placebo: differs from zero" in found.controls[0]
    assert "by orienting rival" in found.controls[1]


def test_without_placebo_the_verdict_says_so():
    assert "Without a placebo arm" in verdict({"frequency": 0.06}).headline


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("effect", [-0.06, 0.0, 0.06])
def test_words_that_no_verdict_may_use(seed, effect):
    found = verdict({"frequency": effect, "placebo": 0.0, "length": 0.1}, ("gloss", "background", "neutral"), seed)
    sentences = [found.headline, *found.controls, *found.findings]
    assert not re.search(r"because|caus|due to", " ".join(sentences))
    for sentence in sentences:
        if "prefer" in sentence:
            assert sentence.startswith("Background:")
    if effect:
        assert any("prefers" in sentence for sentence in sentences)


def test_one_item_cannot_tell():
    assert verdict({"frequency": 0.06}, items=1).headline.startswith("Cannot tell: one item")


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (0.0, "0"), (0.01234, "+0.0123"), (-2.5, "−2.5"), (12345.6, "+12346"), (1e-7, "+1e-07")]
)
def test_numbers(value, text):
    assert number(value) == text


def test_p_values():
    assert [p_text(value) for value in (None, 0.0001, 0.0124, 1.0)] == ["no test", "p < .001", "p = .012", "p = 1.000"]
