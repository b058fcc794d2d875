"""The gap by whether the swapped words are whole tokens: planted in one stratum, found there and nowhere else."""

import numpy as np
import pytest
from handmade import centred, couple, estimates_of

WHOLE, SPLIT, BOTH = (1, 1), (1, 0), (0, 0)


def strata(rng, effects, count=30, arm="frequency", sd=0.02):
    """Return couples with a mean gap per stratum."""
    made = []
    for whole, effect in effects.items():
        for k, gap in enumerate(centred(rng, count, effect, sd)):
            made.append(couple(gap, f"{arm} {whole} {k}", arm=arm, whole=whole, dose=1.34 if whole == WHOLE else 1.93))
    return made


@pytest.fixture(scope="module")
def through_splitting():
    rng = np.random.default_rng(0)
    return estimates_of(strata(rng, {WHOLE: 0.001, SPLIT: 0.104, BOTH: 0.066}) + strata(rng, {WHOLE: 0.0, SPLIT: 0.038}, 28, "placebo"))


def test_each_stratum_has_its_planted_mean_and_dose(through_splitting):
    for term, value, dose in (("whole_whole", 0.001, 1.34), ("whole_split", 0.104, 1.93), ("split_split", 0.066, 1.93)):
        row = through_splitting["frequency", term]
        assert row.value == pytest.approx(value)
        assert row.details["zipf_gap"] == pytest.approx(dose)
        assert (row.n_pairs, row.n_items) == (30, 30)
    assert through_splitting["placebo", "whole_split"].value == pytest.approx(0.038)
    assert ("placebo", "split_split") not in through_splitting


def test_nothing_at_whole_words_is_shown_by_a_test(through_splitting):
    row = through_splitting["frequency", "equivalence:whole_whole"]
    assert row.flags == ["equivalent"]
    assert row.family is None
    assert row.bound == pytest.approx(0.1 * (0.2 + (0.001 + 0.104 + 0.066) / 3))
    difference = through_splitting["frequency", "whole_difference"]
    assert difference.value == pytest.approx(0.103)
    assert difference.p_value == pytest.approx(0.001)  # the smallest of 999 permutations
    assert difference.n_items == 60
    assert through_splitting["placebo", "whole_difference"].value == pytest.approx(0.038)
    assert ("placebo", "equivalence:whole_whole") not in through_splitting  # what orients it never is called whole_whole


def test_an_effect_beyond_splitting_is_there_at_whole_words():
    found = estimates_of(strata(np.random.default_rng(1), {WHOLE: 0.05, SPLIT: 0.05}))
    assert found["frequency", "whole_whole"].p_value < 0.01
    assert found["frequency", "equivalence:whole_whole"].flags == ["not_equivalent"]
    assert found["frequency", "whole_difference"].ci_low < 0 < found["frequency", "whole_difference"].ci_high


def test_too_few_whole_words_are_neither_nothing_nor_something():
    rng = np.random.default_rng(2)
    found = estimates_of(strata(rng, {SPLIT: 0.05}) + strata(rng, {WHOLE: 0.01}, count=4, sd=0.1))
    assert found["frequency", "equivalence:whole_whole"].flags == ["not_equivalent"]
    assert found["frequency", "whole_whole"].p_value > 0.05


def test_one_item_in_two_strata_is_held_against_itself():
    gaps = np.random.default_rng(3).normal(0, 0.1, 20)
    made = [couple(gap, f"i{k}", name=f"{k} whole", whole=WHOLE) for k, gap in enumerate(gaps)]
    made += [couple(gap + 0.02, f"i{k}", name=f"{k} split", whole=SPLIT) for k, gap in enumerate(gaps)]
    row = estimates_of(made)["frequency", "whole_difference"]
    assert row.value == pytest.approx(0.02)
    assert row.ci_low == pytest.approx(0.02)
    assert "within the items" in row.method


def test_pairs_whose_words_were_not_counted_are_in_no_stratum():
    rng = np.random.default_rng(4)
    made = strata(rng, {WHOLE: 0.05}, 12) + [couple(0.9, f"unknown {k}", name=f"unknown {k}") for k in range(5)]
    found = estimates_of(made)
    assert found["frequency", "whole_whole"].n_pairs == 12
    assert found["frequency", "mean"].n_pairs == 17
    none = estimates_of([couple(gap, f"i{k}", name=f"i{k}") for k, gap in enumerate(centred(rng, 12, 0.05, 0.02))])
    assert not {term for _, term in none if "whole" in term or "split" in term}


def test_strata_are_made_only_for_what_a_verdict_rests_on():
    from freqbias.judgement import Judgement, Judgements

    made = strata(np.random.default_rng(5), {WHOLE: 0.05}, 12)
    other = Judgements({"bench": Judgement(contrast="another")})
    assert not {term for _, term in estimates_of(made, judgements=other) if "whole" in term}
