"""The power of several tests at once against numerical integration, against single tests, and against what each part costs."""

import numpy as np
import pytest
from scipy import stats

from freqbias.analysis.design.claim_power import Claim, Draws, Error, detected, needed, nothing
from freqbias.analysis.design.power import t_power

SD = 0.02
SIMULATIONS = 20_000


def draws(seed=0):
    return Draws(np.random.default_rng(seed), SIMULATIONS)


def claim(slope=0.005, placebo=None, **options):
    """Return a claim at 40 items whose mean has a standard error of `SD` / sqrt(40)."""
    error = Error(value=slope, df=38, items=40)
    return Claim(mean=Error(value=SD / np.sqrt(40), df=39, items=40), model=error, robust=error, placebo=placebo, dose=1.8, **options)


def exact_equivalence(bound, n):
    """P(|mean| + t * se < bound) for a true zero, over the chi distribution of the standard deviation."""
    chi2 = stats.chi2.ppf((np.arange(20000) + 0.5) / 20000, n - 1)
    error = SD * np.sqrt(chi2 / (n - 1) / n)
    room = np.maximum(bound - stats.t.ppf(0.95, n - 1) * error, 0)
    return float(np.mean(2 * stats.norm.cdf(room * np.sqrt(n) / SD) - 1))


def test_equivalence_of_one_part_against_numerical_integration():
    judge = nothing(SD, [], draws(3))
    found = needed(judge, 0.01, 0.8, SIMULATIONS, fewest=2)
    assert exact_equivalence(0.01, found.low - 2) < 0.8 < exact_equivalence(0.01, found.high + 2)
    bound, _ = detected(judge, 40, 0.8, SD, SIMULATIONS)
    assert exact_equivalence(bound, 40) == pytest.approx(0.8, abs=4 * np.sqrt(0.8 * 0.2 / SIMULATIONS))


def test_parts_of_a_placebo_need_as_many_items_as_if_each_were_alone():
    """Two halves are both equivalent in 80 % of runs where each is in sqrt(.8), so that their sizes are known."""
    found = needed(nothing(SD, [0.5, 0.5], draws(4)), 0.01, 0.8, SIMULATIONS, fewest=2)
    alone = next(n for n in range(3, 500) if exact_equivalence(0.01, n) >= np.sqrt(0.8))
    assert 2 * alone - 6 <= found.items <= 2 * alone + 6
    assert found.items > 1.5 * needed(nothing(SD, [], draws(4)), 0.01, 0.8, SIMULATIONS, fewest=2).items


@pytest.mark.parametrize("power", [0.8, 0.95])
def test_a_slope_of_two_equal_tests_has_the_power_of_one(power):
    found = needed(claim().slope(draws()), 0.018, power, SIMULATIONS)
    # a slope of .018 / 1.8 with a standard error of .005 at 40 items
    exact = next(n for n in range(10, 500) if t_power(0.01, 0.005 * np.sqrt(40), n) >= power)
    assert found.items == pytest.approx(exact, abs=3)


def test_the_less_certain_test_decides():
    robust = Error(value=0.006, df=12, items=40)
    one, two = (needed(own.slope(draws()), 0.018, 0.8, SIMULATIONS).items for own in (claim(), claim_with(robust)))
    assert two > 1.2 * one


def claim_with(robust):
    own = claim()
    return Claim(mean=own.mean, model=own.model, robust=robust, placebo=None, dose=own.dose)


def test_a_credit_needs_each_of_its_tests():
    """It costs what its dearest part does, and a little more where two are alike."""
    slope = needed(claim().slope(draws()), 0.018, 0.8, SIMULATIONS).items
    assert needed(claim().credit(draws()), 0.018, 0.8, SIMULATIONS).items == pytest.approx(
        slope, abs=1
    )  # a mean of .018 is nearly certain
    steep = claim(slope=0.0001)
    mean = next(n for n in range(2, 500) if t_power(0.006, SD, n) >= 0.8)
    assert needed(steep.credit(draws()), 0.006, 0.8, SIMULATIONS).items == pytest.approx(mean, abs=3)
    beside = claim(slope=0.0001, placebo=Error(value=SD / np.sqrt(40), df=39, items=40))
    both = needed(beside.credit(draws()), 0.006, 0.8, SIMULATIONS).items
    assert both == pytest.approx(2 * mean, rel=0.1)  # a difference of two means has twice the variance
    like = claim(slope=SD / np.sqrt(40) / 1.8)
    assert needed(like.credit(draws()), 0.006, 0.8, SIMULATIONS).items > 1.15 * mean


def test_what_frames_add_no_items_take_away():
    error = Error(value=0.005, df=38, items=40, frames=8, floor=0.003**2)
    assert error.at(40) == (pytest.approx(0.005), pytest.approx((0.005**2) ** 2 / (0.004**4 / 38 + 0.003**4 / 7)))
    value, df = error.at(40_000)
    assert value == pytest.approx(0.003, rel=0.01)
    assert df == pytest.approx(7, abs=0.1)
    limited = Claim(mean=claim().mean, model=error, robust=error, placebo=None, dose=1.8)
    assert needed(limited.slope(draws()), 1.8 * 0.004, 0.8, SIMULATIONS).items is None
    assert needed(limited.slope(draws()), 1.8 * 0.02, 0.8, SIMULATIONS).items is not None


def test_the_smallest_effect_and_the_items_for_it_agree():
    judge = claim().credit(draws())
    least, error = detected(judge, 60, 0.8, SD, SIMULATIONS)
    assert judge(60, least).mean() == pytest.approx(0.8, abs=0.001)
    assert 0 < error < 0.02 * least
    assert needed(judge, least, 0.8, SIMULATIONS).items == pytest.approx(60, abs=2)
