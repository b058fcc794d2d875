"""How far items differ in truth, held against lme4, and its interval's coverage."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from golden_data import crossed, nested

from freqbias.analysis.stats.item_spread import item_spread, prediction

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "items.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("name", "data"), [("nested", nested()), ("crossed", crossed())])
def test_the_value_is_that_of_lme4_and_the_test_that_of_anova(name, data):
    found, golden = item_spread(*data), GOLDEN[name]
    assert [found.sd, found.mean, found.std_error] == pytest.approx(golden["sd_mean_error"], rel=1e-5)
    assert found.p_value == pytest.approx(golden["p"], rel=1e-6)
    ahead = prediction(found.mean, found.std_error, found.sd, int(data[1].max()) + 1, 0.1)
    assert [ahead.low, ahead.high] == pytest.approx(golden["prediction"], rel=1e-5)
    assert found.low < found.sd < found.high


def test_shares_beyond_the_bound_are_those_of_a_normal_distribution():
    found = prediction(0.1, 0.0, 0.1, 1000, 0.1)
    assert found.above == pytest.approx(0.5)
    assert found.below == pytest.approx(0.02275, abs=1e-5)
    same = prediction(0.2, 0.0, 0.0, 50, 0.1)
    assert (same.above, same.below, same.low) == (1.0, 0.0, 0.2)
    assert prediction(0.1, 0.01, 0.1, 50, None).above is None


def test_the_unit_of_the_values_changes_nothing():
    y, item, frame = crossed()
    found, tiny = item_spread(y, item, frame), item_spread(1e-13 * y, item, frame)
    assert tiny.sd == pytest.approx(1e-13 * found.sd, rel=1e-5)
    assert tiny.high == pytest.approx(1e-13 * found.high, rel=1e-5)
    assert tiny.p_value == pytest.approx(found.p_value, rel=1e-6)


def test_single_measurements_tell_no_item_from_its_error():
    y, item = nested()
    single = np.unique(item, return_index=True)[1]
    assert item_spread(y[single], item[single]) is None
    assert item_spread(y[item < 9], item[item < 9]) is None  # nine items


def test_measurements_without_error_are_the_true_effects():
    effects = np.random.default_rng(0).normal(0.1, 0.2, 20)
    found = item_spread(np.repeat(effects, 3), np.repeat(np.arange(20), 3))
    assert found.sd == pytest.approx(effects.std(ddof=1))
    assert found.p_value is None


def test_frames_of_one_item_each_are_no_factor():
    y, item = nested()
    assert item_spread(y, item, np.arange(len(y))) == item_spread(y, item)


@pytest.mark.simulation
@pytest.mark.parametrize("sd", [0.0, 0.03, 0.1])
def test_the_interval_covers_the_truth(sd):
    """400 runs a case, unequal numbers of measurements; 99.9 % binomial limits of .95 are .911 and .98."""
    rng, held, runs = np.random.default_rng(11), 0, 400
    item = np.repeat(np.arange(40), 1 + np.arange(40) % 4)
    for _ in range(runs):
        found = item_spread(rng.normal(0, sd, 40)[item] + rng.normal(0, 0.1, len(item)), item)
        held += found.low <= sd <= found.high
    assert 0.911 <= held / runs <= (1.0 if sd == 0 else 0.98)


def test_a_value_at_no_true_difference_is_small():
    rng = np.random.default_rng(3)
    item = np.repeat(np.arange(200), 4)
    found = item_spread(rng.normal(0, 0.1, len(item)), item)
    assert found.low == 0.0
    assert found.high < 0.1 / math.sqrt(4)
