"""Verdicts: honest words, built from the numbers."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hand_made import words
from simulation import simulate

from freqbias.analysis import estimate, frame
from freqbias.analysis.report.verdict import number, p_text, verdicts
from freqbias.records import Estimate, Observation


def verdict(effects, contrasts=("gloss",), seed=0, **options):
    pairs, rows = simulate(np.random.default_rng(seed), effects, contrasts=contrasts, **options)
    (found,) = verdicts(estimate(frame(rows), pairs))
    return found


def test_a_constant_advantage_is_not_said_to_go_with_frequency():
    """The form called frequent gains the same whatever the frequency gap."""
    found = verdict({"frequency": 0.06, "placebo": 0.0, "length": 0.1})
    assert found.headline.startswith(
        "A document in frequent wording lies nearer to a description of its content that shares no word with it"
    )
    assert found.rules == ("not_graded",)
    assert "Something else that these forms share may be at work." in found.headline
    assert found.controls[0].startswith("Placebo: equivalent to zero")


def test_the_other_sign():
    assert "A document in rare wording" in verdict({"frequency": -0.06, "placebo": 0.0}).headline


def test_no_effect_with_many_items_is_equivalent_and_with_few_is_not_told():
    found = verdict({"frequency": 0.0, "placebo": 0.0}, items=100)
    assert re.match("No difference that matters|On average no difference that matters", found.headline)
    found = verdict({"frequency": 0.01, "placebo": 0.0}, items=5, noise=0.1)
    assert found.headline.startswith("Inconclusive: no effect is detected, nor is one that would matter ruled out")
    assert "would have been missed" in words(found)


def test_an_effect_that_the_placebo_shares_is_not_put_beside_frequency():
    found = verdict({"frequency": 0.06, "placebo": 0.06})
    assert "So it is not shown to go with frequency." in found.headline
    assert "Placebo: differs from zero" in found.controls[0]
    assert "by what distinguishes its two words" in found.controls[1]


def test_without_placebo_the_verdict_says_so():
    assert "Without a placebo arm" in verdict({"frequency": 0.06}).headline


def test_nothing_below_the_noise_floor_is_called_an_effect():
    pairs, rows = simulate(np.random.default_rng(0), {"frequency": 0.06, "placebo": 0.0}, contrasts=("gloss", "background"))
    estimates = estimate(frame(rows), pairs)
    (above,), (below,) = (verdicts(estimates, {("m", "cosine"): floor}) for floor in (0.01, 0.1))
    plain = verdicts(estimates)[0]  # without a floor one line says so, and nothing else is another
    assert replace(above, trust=[]) == replace(plain, trust=[])
    marks = [[line.mark for line in found.trust if line.what == "Numerical noise"] for found in (plain, above, below)]
    assert marks == [["none"], ["unsure"], ["bad"]]
    assert below.headline.startswith("No effect is claimed: +0.058 cosine")
    assert "noise floor, the 0.1 that" in below.headline
    assert "goes with" not in words(below)
    assert not any("prefers" in sentence for sentence in below.findings)
    assert below.rules == ("noise_floor",)
    assert any("so no preference is claimed" in sentence for sentence in below.findings)


def test_one_verdict_where_a_probe_is_judged_by_one_measure():
    pairs, rows = simulate(np.random.default_rng(0), {"frequency": 0.06}, contrasts=("document_form",))
    both = [
        Observation.from_dict(row.to_dict() | {"probe": "retrieval", "measure": measure, "register": "plain"})
        for row in rows
        for measure in ("recall_at_1", "ndcg_at_10")
    ]
    estimates = estimate(frame(both), pairs)
    (found,) = verdicts(estimates)
    assert found.measure == "ndcg_at_10"
    assert "ranks higher for a description of its content" in found.headline
    assert [row.measure for row in estimates if row.family == "confirmatory"] == ["ndcg_at_10"]


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
        form = "frequent" if effect > 0 else "rare"
        assert any(
            f"when other items' glosses are the queries, documents in {form} wording lie nearer" in sentence for sentence in sentences
        )
        assert not any("prefers" in sentence for sentence in sentences)  # nobody held register constant


def test_one_item_cannot_tell():
    assert verdict({"frequency": 0.06}, items=1).headline.startswith("Cannot tell: a single item")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (0.01234, "+0.012"),
        (123.4, "+123"),
        (99.6, "+100"),
        (-2.5, "−2.5"),
        (12345.6, "+12346"),
        (1e-7, "+1e-07"),
    ],
)
def test_numbers(value, text):
    assert number(value) == text


def test_p_values():
    assert [p_text(value) for value in (None, 0.0001, 0.0124, 1.0)] == ["no test", "p < .001", "p = .012", "p = 1.000"]


def test_estimates_of_whole_models_join_the_exploratory_family():
    given = Estimate(
        model="m", probe="geometry", measure="skewness", contrast="hubness", arm="frequency", value=1.0, p_value=0.5, method="given"
    )
    pairs, rows = simulate(np.random.default_rng(0), {"frequency": 0.06})
    found = estimate(frame(rows), pairs, given=[given])
    own = next(row for row in found if row.contrast == "hubness")
    assert (own.family, own.value) == ("exploratory", 1.0)
    assert own.p_adjusted >= 0.5
