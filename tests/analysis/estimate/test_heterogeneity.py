"""What stands behind a mean: true spread of items, the largest one, the outer fifths, groups."""

import numpy as np
import pytest
from handmade import centred, couple, estimates_of
from scipy import stats


def items(rng, effects, pairs=3, sd=0.01):
    """Return so many pairs of every item, whose gaps vary about its effect."""
    places = [(k, effect, n) for k, effect in enumerate(effects) for n in range(pairs)]
    return [couple(effect + rng.normal(0, sd), f"i{k}", name=f"{k} {n}") for k, effect, n in places]


def test_two_halves_of_opposite_sign_are_no_small_mean_without_a_word():
    rng = np.random.default_rng(0)
    found = estimates_of(items(rng, np.repeat([0.1, -0.1], 30)))
    row = found["frequency", "heterogeneity"]
    assert found["frequency", "mean"].value == pytest.approx(0.0, abs=0.005)
    assert row.value == pytest.approx(0.1, rel=0.03)
    assert row.p_value < 1e-6
    assert row.ci_low < 0.1 < row.ci_high
    assert row.details["prediction_low"] == pytest.approx(-0.2, abs=0.02)
    assert row.details["prediction_high"] == pytest.approx(0.2, abs=0.02)
    assert row.details["share_above"] == pytest.approx(stats.norm.sf(row.bound / row.value), abs=0.03)
    assert row.details["share_below"] == pytest.approx(row.details["share_above"], abs=0.05)


def test_items_that_do_not_differ_have_a_narrow_prediction():
    found = estimates_of(items(np.random.default_rng(1), np.full(60, 0.05)))
    row = found["frequency", "heterogeneity"]
    assert row.p_value > 0.05
    assert row.ci_low == 0
    assert row.details["prediction_low"] > 0.03
    assert row.details["share_above"] > 0.99
    assert row.details["share_below"] < 1e-6


def test_items_of_one_pair_each_have_a_limit_from_above_only():
    found = estimates_of(items(np.random.default_rng(2), centred(np.random.default_rng(3), 40, 0.02, 0.05), pairs=1, sd=0.0))
    assert ("frequency", "heterogeneity") not in found
    spread = found["frequency", "spread"]
    assert spread.value == pytest.approx(0.05)
    assert spread.p_value is None
    assert spread.details["prediction_low"] == pytest.approx(0.02 - stats.t.ppf(0.975, 38) * 0.05 * np.sqrt(1 + 1 / 40))


def test_the_measured_spread_is_no_smaller_than_the_true_one():
    found = estimates_of(items(np.random.default_rng(4), np.random.default_rng(5).normal(0, 0.05, 50), sd=0.05))
    assert found["frequency", "spread"].value > found["frequency", "heterogeneity"].value


def test_without_decoys_no_share_is_given():
    made = [(pair, row.replace(decoys=None)) for pair, row in items(np.random.default_rng(6), np.linspace(-0.1, 0.1, 20))]
    assert set(estimates_of(made)["frequency", "heterogeneity"].details) == {"prediction_low", "prediction_high"}


@pytest.mark.parametrize("sign", [1, -1])
def test_one_item_that_holds_up_a_mean_is_named(sign):
    effects = np.append(centred(np.random.default_rng(7), 19, 0.0, 0.01), 0.5) * sign
    row = estimates_of(items(np.random.default_rng(8), effects, pairs=1, sd=0.0))["frequency", "without_largest"]
    assert row.details == {"item": "i19", "gap": pytest.approx(0.5 * sign)}
    assert row.value == pytest.approx(0.0, abs=1e-9)
    assert row.n_items == 19
    assert row.p_value is None


def test_skewed_items_have_a_trimmed_mean_beside_the_mean():
    effects = stats.lognorm(1.5).rvs(50, random_state=9)
    found = estimates_of(items(np.random.default_rng(10), effects, pairs=1, sd=0.0))
    row = found["frequency", "trimmed"]
    assert row.value == pytest.approx(stats.trim_mean(effects, 0.2))
    assert row.value < 0.7 * found["frequency", "mean"].value
    assert row.ci_low < row.value < row.ci_high


def test_groups_of_eight_items_are_compared_and_smaller_ones_left_out():
    rng = np.random.default_rng(11)
    made = [couple(0.08 + rng.normal(0, 0.02), f"n{k}", name=f"n{k}", pos="noun") for k in range(10)]
    made += [couple(rng.normal(0, 0.02), f"v{k}", name=f"v{k}", pos="verb") for k in range(8)]
    made += [couple(0.9, f"a{k}", name=f"a{k}", pos="adjective") for k in range(7)]
    row = estimates_of(made)["frequency", "by:pos"]
    assert set(row.details["means"]) == {"noun", "verb"}
    assert row.details["items"] == {"noun": 10, "verb": 8}
    assert row.value == pytest.approx(row.details["means"]["noun"] - row.details["means"]["verb"])
    assert row.p_value < 0.001
    assert ("frequency", "by:domain") not in estimates_of(made)


def test_frames_are_compared_within_items():
    rng = np.random.default_rng(12)
    own = rng.normal(0, 0.2, 20)
    made = [couple(own[k] + 0.03 * (f == "c") + rng.normal(0, 0.01), f"i{k}", frame=f) for k in range(20) for f in "abc"]
    row = estimates_of(made)["frequency", "by:frame"]
    assert row.p_value < 0.001  # ten times smaller than what items differ by
    assert "within items" in row.method
    null = [couple(own[k] + rng.normal(0, 0.01), f"i{k}", frame=f) for k in range(20) for f in "abc"]
    assert estimates_of(null)["frequency", "by:frame"].p_value > 0.05


def test_one_group_is_not_compared():
    made = [couple(gap, f"i{k}", name=f"i{k}", pos="noun") for k, gap in enumerate(np.linspace(-0.1, 0.1, 20))]
    assert ("frequency", "by:pos") not in estimates_of(made)
