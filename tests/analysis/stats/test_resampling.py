"""Inference on item means: against scipy, by hand, and by simulation at seeds fixed beforehand."""

import itertools

import numpy as np
import pytest
from scipy import stats

from freqbias.analysis.stats import resampling


def rng(seed=0):
    return np.random.default_rng(seed)


VALUES = np.array([0.8, -0.2, 1.4, 0.3, 0.9, -0.5, 1.1, 0.6])


def test_exact_sign_flip_by_enumeration():
    signs = np.array(list(itertools.product([1, -1], repeat=len(VALUES))))
    expected = np.mean(np.abs(signs @ VALUES) >= abs(VALUES.sum()) - 1e-12)
    assert resampling.sign_flip_p(VALUES, rng()) == pytest.approx(expected)


def test_sign_flip_uses_all_patterns_up_to_twenty_items_and_draws_beyond():
    twenty = rng(1).normal(0.4, 1, 20)
    assert resampling.sign_flip_p(twenty, rng(1)) == resampling.sign_flip_p(twenty, rng(2))
    assert (resampling.sign_flip_p(twenty, rng(1)) * 2**20) == pytest.approx(round(resampling.sign_flip_p(twenty, rng(1)) * 2**20))
    many = rng(3).normal(0.2, 1, 60)
    drawn = resampling.sign_flip_p(many, rng(4))
    assert drawn == pytest.approx(stats.ttest_1samp(many, 0).pvalue, abs=0.02)


@pytest.mark.parametrize(("values", "p_value"), [([0.0, 0.0], 1.0), ([2.0], 1.0), ([1.0, 1.0, 1.0], 0.25)])
def test_degenerate_sign_flips(values, p_value):
    assert resampling.sign_flip_p(np.array(values), rng()) == p_value


def test_t_interval_and_dz_against_scipy():
    expected = stats.ttest_1samp(VALUES, 0).confidence_interval(0.95)
    found = resampling.t_interval(VALUES)
    assert (found.low, found.high) == (pytest.approx(expected.low), pytest.approx(expected.high))
    raw = VALUES.mean() / VALUES.std(ddof=1)
    assert resampling.dz(VALUES) == pytest.approx(raw * (1 - 3 / (4 * 7 - 1)))


def test_tost_is_two_one_sided_tests():
    bound = 1.2
    upper = stats.ttest_1samp(VALUES, bound, alternative="less").pvalue
    lower = stats.ttest_1samp(VALUES, -bound, alternative="greater").pvalue
    assert resampling.tost_p(VALUES, bound) == pytest.approx(max(upper, lower))
    inside = resampling.t_interval(VALUES, 0.90)
    assert (resampling.tost_p(VALUES, bound) < 0.05) == (-bound < inside.low and inside.high < bound)


def test_degenerate_input_is_defined():
    one, same = np.array([0.3]), np.array([0.2, 0.2, 0.2])
    assert resampling.t_interval(one) == resampling.Interval()
    assert resampling.bca_interval(one, rng()) == resampling.Interval()
    assert resampling.tost_p(one, 1.0) is None
    assert resampling.dz(one) is None
    assert resampling.dz(same) is None
    assert resampling.bca_interval(same, rng()) == resampling.Interval(low=0.2, high=0.2)
    assert resampling.tost_p(same, 0.1) == 1.0
    assert resampling.tost_p(same, 0.3) == pytest.approx(0.0)
    assert resampling.welch(one, same, rng()).p_value is None


def test_bca_and_ratio_match_scipy_and_repeat():
    skewed = rng(5).exponential(1, 50)
    found = resampling.bca_interval(skewed, rng(6))
    assert found == resampling.bca_interval(skewed, rng(6))
    assert found.low < skewed.mean() < found.high
    half = resampling.ratio_interval(skewed, 2 * skewed + rng(7).normal(0, 1e-6, 50), rng(8))
    assert (half.low, half.high) == (pytest.approx(0.5, abs=1e-5), pytest.approx(0.5, abs=1e-5))


def test_welch_against_scipy():
    first, second = rng(9).normal(0.5, 1, 40), rng(10).normal(0, 2, 25)
    expected = stats.ttest_ind(first, second, equal_var=False)
    found = resampling.welch(first, second, rng(11))
    interval = expected.confidence_interval(0.95)
    assert (found.low, found.high) == (pytest.approx(interval.low), pytest.approx(interval.high))
    assert found.p_value == pytest.approx(expected.pvalue, abs=0.02)


def test_minimum_detectable_effect_has_its_power():
    error = 1 / np.sqrt(40)
    effect = resampling.minimum_detectable(error, 39)
    power = stats.nct.sf(stats.t.ppf(0.975, 39), 39, effect / error)
    assert power == pytest.approx(0.8, abs=0.01)


def test_benjamini_hochberg_by_hand():
    found = resampling.benjamini_hochberg(np.array([0.01, 0.04, 0.03, 0.5]))
    assert found == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.5])


RUNS, ITEMS = 1000, 30
SEED = 20260101  # fixed before the first run


def binomial_bounds(p):
    return stats.binom.interval(0.999, RUNS, p)


def test_calibration_of_sign_flip_and_t_interval():
    """False positives and coverage within 99.9 % binomial limits; items share an effect, frames are averaged first."""
    generator = rng(SEED)
    false_positives = covered = 0
    for _ in range(RUNS):
        items = generator.normal(0, 1, ITEMS)
        false_positives += resampling.sign_flip_p(items, generator, resamples=499) <= 0.05
        interval = resampling.t_interval(items + 0.3)
        covered += interval.low <= 0.3 <= interval.high
    low, high = binomial_bounds(0.05)
    assert low <= false_positives <= high
    low, high = binomial_bounds(0.95)
    assert low <= covered <= high


def test_many_items_need_no_resamples(monkeypatch):
    """Where intervals and Welch's p come from their limits, resampling gives the same to its Monte Carlo error."""
    first, second = rng(10).exponential(1, resampling.MANY_ITEMS) - 0.95, rng(11).normal(0.4, 0.1, resampling.MANY_ITEMS)
    quick = resampling.bca_interval(first, rng()), resampling.ratio_interval(first, second, rng())
    p_value = resampling.welch(first, second - 0.37, rng()).p_value
    monkeypatch.setattr(resampling, "MANY_ITEMS", 10**9)
    slow = resampling.bca_interval(first, rng()), resampling.ratio_interval(first, second, rng())
    for one, other in zip(quick, slow, strict=True):
        width = other.high - other.low
        assert (one.low, one.high) == (pytest.approx(other.low, abs=0.03 * width), pytest.approx(other.high, abs=0.03 * width))
    assert p_value == pytest.approx(resampling.welch(first, second - 0.37, rng()).p_value, abs=0.03)


def test_random_bytes_flip_every_sign_alone():
    values = rng(12).normal(size=21)
    tables = resampling._signed_sums(values)
    assert tables.shape == (3, 256)
    signs = np.array(list(itertools.product([-1, 1], repeat=8)))
    assert tables[1] == pytest.approx(signs @ values[8:16])
    assert sorted(set(np.round(tables[2], 9))) == pytest.approx(sorted(set(np.round(signs[:, :5] @ values[16:], 9))))


@pytest.mark.parametrize("scale", [1e-13, 1e-300, 1e9])
def test_sign_flips_know_no_unit(scale):
    rng = np.random.default_rng(0)
    small, large = rng.normal(0.4, 1, 12), rng.normal(0.3, 1, 40)
    for values in (small, large):
        p_values = [resampling.sign_flip_p(unit * values, np.random.default_rng(1), 999) for unit in (1.0, scale)]
        assert p_values[0] == p_values[1] < 0.6
    assert resampling.sign_flip_p(np.full(10, scale), rng) == 2 / 1024
    assert resampling.sign_flip_p(np.zeros(10), rng) == 1.0


@pytest.mark.parametrize("scale", [1e-13, 1e9])
def test_intervals_know_no_unit(scale):
    rng = np.random.default_rng(2)
    values, below = rng.gamma(2, 1, 60), rng.gamma(9, 1, 60)
    for ends in (lambda unit: resampling.abc_interval(unit * values), lambda unit: resampling.abc_interval(unit * values, below)):
        assert ends(scale).low == pytest.approx(scale * ends(1.0).low)
        assert ends(scale).high == pytest.approx(scale * ends(1.0).high)
    replicates, jackknife = rng.normal(0.1, 1, 999), rng.normal(0.1, 0.01, 60)
    moved = resampling.bca_ends(scale * 0.1, scale * replicates, scale * jackknife)
    assert moved.low == pytest.approx(scale * resampling.bca_ends(0.1, replicates, jackknife).low)
