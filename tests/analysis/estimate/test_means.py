"""Interval and test of one mean, the smallest effect of interest and what it would flip."""

import numpy as np
import pytest
from handmade import JUDGEMENTS, couple, estimates_of

from freqbias.judgement import Judgement, Judgements


def mean_of(gaps, **options):
    return estimates_of([couple(gap, f"i{k}", name=f"i{k}") for k, gap in enumerate(gaps)], **options)["frequency", "mean"]


@pytest.mark.parametrize(
    ("gaps", "disagree"),
    [
        ([0.10, 0.11, 0.12, 0.11, 0.10], True),  # of five items no sign-flip p is below .0625
        ([0.10, 0.11, 0.12, 0.11, 0.10, 0.11], False),  # p = 2 / 64
        ([0.01, 0.01, 0.02, 0.01, 0.02, 0.60], True),  # all positive, and one so large that the interval includes zero
        ([0.1, -0.1, 0.2, -0.2, 0.1, -0.05], False),
        ([0.1, 0.1, 0.1], True),  # no width, and p = .25
        ([0.0, 0.0, 0.0, 0.0], False),
    ],
)
def test_interval_and_test_that_contradict_each_other_say_so(gaps, disagree):
    row = mean_of(gaps)
    assert ((row.ci_low > 0 or row.ci_high < 0) != (row.p_value < 0.05)) == disagree
    assert ("test_disagrees" in row.flags) == disagree


def test_one_item_has_nothing_to_contradict():
    assert "test_disagrees" not in mean_of([0.1]).flags


@pytest.mark.parametrize("count", [6, 30])
def test_a_gap_that_is_the_rounding_of_its_levels_is_zero(count):
    row = mean_of([np.spacing(0.5) * (1 + k % 3) for k in range(count)])
    assert (row.value, row.p_value) == (0.0, 1.0)


def test_a_small_unit_is_as_good_as_a_large_one():
    made = [couple(0.0, f"i{k}", name=f"i{k}") for k in range(6)]
    tiny = [(pair, row.replace(high=1e-13 * (k + 1), low=0.0, decoys=None)) for k, (pair, row) in enumerate(made)]
    assert estimates_of(tiny)["frequency", "mean"].p_value == 2 / 64


def margins(high, low, count=20):
    """Return couples without a gap in the mean, whose forms stand this far above their decoys."""
    made = []
    for k in range(count):
        pair, row = couple(0.0, f"i{k}", name=f"i{k}")
        made.append((pair, row.replace(decoys={"high": 0.5 - high[k % len(high)], "low": 0.5 - low[k % len(low)]})))
    return made


def test_the_smallest_effect_is_a_tenth_of_the_frequent_forms_margin():
    found = estimates_of(margins([0.3, 0.31], [0.01, 0.02]))
    assert found["frequency", "mean"].bound == pytest.approx(0.0305)
    assert found["frequency", "relative"].bound == 0.1
    without = [(pair, row.replace(decoys={"low": 0.3})) for pair, row in margins([0.3], [0.2])]
    assert estimates_of(without)["frequency", "mean"].bound is None


def test_an_effect_that_eats_the_rare_forms_margin_leaves_the_bound_alone():
    bound = estimates_of(margins([0.3, 0.31], [0.3, 0.31]))["frequency", "mean"].bound
    assert estimates_of(margins([0.3, 0.31], [-0.2, -0.1]))["frequency", "mean"].bound == pytest.approx(bound)


def test_flipped_counts_the_comparisons_that_are_won_by_less():
    found = estimates_of(margins([0.3, 0.31], [0.01, -0.01, 0.2, 0.02]))  # a tenth is .0305
    assert found["frequency", "mean"].details["flipped"] == pytest.approx(0.25)  # two of four rare forms, none of the frequent ones
    assert found["frequency", "equivalence"].details["flipped"] == pytest.approx(0.25)
    assert estimates_of(margins([0.3, 0.31], [0.2]))["frequency", "mean"].details["flipped"] == 0.0


def test_nothing_is_flipped_where_the_smallest_effect_is_no_share_of_the_margin():
    own = Judgements({"bench": Judgement(sesoi=0.05)})
    assert JUDGEMENTS["bench"].sesoi is None
    assert "flipped" not in estimates_of(margins([0.3], [0.2]), judgements=own)["frequency", "mean"].details
