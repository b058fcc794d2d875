"""Power of a mean by simulation against the noncentral t, and variance components against planted ones."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.power import TTestPower

from freqbias.analysis.design.power import Components, components, detectable, items_needed, t_power

FOUND = Components(between=0.02**2, within=0.01**2, sizes=(2,) * 40)
SPREAD = np.sqrt(0.02**2 + 0.01**2 / 2)
SIMULATIONS = 4000


def gaps(rng, items, frames, between, within):
    own = np.repeat(rng.normal(0, between, items), frames)
    values = 0.1 + own + rng.normal(0, within, items * frames)
    return pd.DataFrame({"item": np.repeat(np.arange(items), frames), "gap": values})


@pytest.mark.parametrize(("effect", "items"), [(0.0, 20), (0.01, 20), (0.02, 8), (0.02, 40)])
def test_t_power_against_statsmodels(effect, items):
    assert t_power(effect, 0.03, items) == pytest.approx(TTestPower().power(effect / 0.03, items, 0.05), abs=1e-6)


@pytest.mark.parametrize("items", [5, 9, 20, 40, 150, 1000])
def test_t_power_of_a_certain_effect_is_one(items):
    for effect in np.geomspace(60 / np.sqrt(items), 1e6, 200) * 0.03:  # statsmodels has nan for some of them
        assert t_power(effect, 0.03, items) == pytest.approx(1.0)
        assert t_power(-effect, 0.03, items) == pytest.approx(1.0)


def test_t_power_of_no_effect_is_alpha_and_of_an_unknown_one_unknown():
    assert t_power(0.0, 0.03, 40) == pytest.approx(0.05)
    assert t_power(0.0, 0.03, 40, alpha=0.01) == pytest.approx(0.01)
    assert np.isnan(t_power(np.nan, 0.03, 40))


def test_planted_components_are_recovered():
    found = components(gaps(np.random.default_rng(0), 4000, 3, 0.02, 0.03))
    assert found.between == pytest.approx(0.02**2, rel=0.1)
    assert found.within == pytest.approx(0.03**2, rel=0.1)
    assert set(found.sizes) == {3}


def test_components_of_unequal_items_by_hand():
    table = pd.DataFrame({"item": list("aaabbc"), "gap": [1.0, 2.0, 3.0, 5.0, 7.0, 10.0]})
    found = components(table)
    assert found.within == pytest.approx((2 + 2) / 3)
    among = (3 * (2 - 14 / 3) ** 2 + 2 * (6 - 14 / 3) ** 2 + (10 - 14 / 3) ** 2) / 2
    assert found.between == pytest.approx((among - 4 / 3) / ((6 - 14 / 6) / 2))


def test_between_is_not_negative():
    table = pd.DataFrame({"item": list("aabb"), "gap": [0.0, 10.0, 0.1, 10.1]})
    assert components(table).between == 0.0


@pytest.mark.parametrize("power", [0.8, 0.95])
def test_items_needed_against_the_noncentral_t(power):
    found = items_needed(FOUND, 0.01, np.random.default_rng(1), power=power, simulations=SIMULATIONS)
    exact = next(n for n in range(2, 500) if t_power(0.01, SPREAD, n) >= power)
    assert found.low <= found.items <= found.high
    assert found.low - 1 <= exact <= found.high + 1
    assert found.high - found.low < 0.15 * exact


def test_detectable_effect_against_the_noncentral_t():
    value, error = detectable(FOUND, 40, np.random.default_rng(2), simulations=SIMULATIONS)
    half = 4 * np.sqrt(0.8 * 0.2 / SIMULATIONS)
    assert t_power(value, SPREAD, 40) == pytest.approx(0.8, abs=half)
    assert 0 < error < 0.02 * value


def test_out_of_reach_is_said_so():
    assert items_needed(FOUND, 1e-5, np.random.default_rng(0), simulations=100).items is None
