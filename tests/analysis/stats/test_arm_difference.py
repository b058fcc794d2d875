"""The difference of two arms: independent items, the same items, and some of each."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from freqbias.analysis.stats.arm_difference import PAIRED, WELCH, difference_of_arms, within_is_more


def arm(values, start=0):
    return pd.Series(values, index=[f"item {start + k}" for k in range(len(values))])


def test_different_items_are_welch():
    rng = np.random.default_rng(5)
    first, second = arm(rng.normal(1, 1, 30)), arm(rng.normal(0, 2, 20), start=100)
    result, items, method = difference_of_arms(first, second, rng, 999)
    expected = stats.ttest_ind(first, second, equal_var=False).confidence_interval()
    assert (result.low, result.high) == pytest.approx(tuple(expected))
    assert ([len(own) for own in items], method) == ([30, 20], WELCH)


def test_the_same_items_are_paired():
    rng = np.random.default_rng(6)
    own = rng.normal(0, 5, 30)  # what an item brings to both arms cancels
    first, second = arm(own + rng.normal(1, 0.1, 30)), arm(own + rng.normal(0, 0.1, 30))
    result, items, method = difference_of_arms(first, second[::-1], rng, 999)
    expected = stats.ttest_rel(first, second).confidence_interval()
    assert (result.low, result.high) == pytest.approx(tuple(expected))
    assert ([len(own) for own in items], method) == ([30, 30], PAIRED)
    assert result.p_value == pytest.approx(1 / 1000)


def test_few_shared_items_leave_the_second_arm():
    rng = np.random.default_rng(7)
    first, second = arm(rng.normal(size=30)), arm(rng.normal(size=30), start=25)
    result, items, method = difference_of_arms(first, second, rng, 99)
    assert result.value == pytest.approx(first.mean() - second[5:].mean())
    assert ([len(own) for own in items], method.startswith(WELCH)) == ([30, 25], True)


def test_a_few_items_that_are_all_shared_do_not_speak_for_many():
    """Four texts with a placebo, of 65 that are changed: within these four there is nothing, and it is not the difference."""
    rng = np.random.default_rng(9)
    first, second = arm(np.append(np.zeros(4), rng.normal(1, 1, 61))), arm(np.zeros(4))
    result, items, method = difference_of_arms(first, second, rng, 99)
    assert result.value == pytest.approx(first[4:].mean())
    assert ([len(own) for own in items], method) == ([61, 4], f"{WELCH}; 4 items of both arms are left out of the first")


@pytest.mark.parametrize(
    ("first", "second", "shared", "within"), [(30, 30, 30, True), (60, 40, 40, True), (65, 4, 4, False), (30, 30, 5, False)]
)
def test_the_choice_rests_on_counts_alone(first, second, shared, within):
    assert within_is_more(first, second, shared) == within_is_more(second, first, shared) == within


@pytest.mark.slow
@pytest.mark.parametrize("shared", [0, 8, 20])
def test_level_holds_however_many_items_are_shared(shared):
    """Intervals of no difference leave out zero in 5 % of 1,000 draws, within 99.9 % binomial limits; items weigh much."""
    rng = np.random.default_rng(8)
    missed = 0
    for _ in range(1000):
        own = rng.normal(0, 1, 40)
        first = arm(own[:20] + rng.normal(0, 0.3, 20))
        second = arm(own[20 - shared : 40 - shared] + rng.normal(0, 0.3, 20), start=20 - shared)
        result, _, _ = difference_of_arms(first, second, rng, 1)
        missed += not result.low <= 0 <= result.high
    low, high = stats.binom.interval(0.999, 1000, 0.05)
    assert low <= missed <= high


def test_one_shared_item_has_no_interval():
    result, _, _ = difference_of_arms(arm([1.0]), arm([0.5]), np.random.default_rng(0), 99)
    assert (result.value, result.std_error, result.low, result.p_value) == (0.5, None, None, None)
