"""Power by simulation against the noncentral t, variance components against planted ones, and refusals."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from freqbias.analysis import frame
from freqbias.analysis.design.power import Components, components, detectable, items_needed, power_of, t_power
from freqbias.analysis.design.simulate import World, simulate
from freqbias.errors import InputError
from freqbias.files import write_records

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


def test_equivalence_against_numerical_integration():
    """P(|mean| + t * se < bound) for a true zero, over the chi distribution of the standard deviation."""

    def exact(bound, n):
        chi2 = stats.chi2.ppf((np.arange(20000) + 0.5) / 20000, n - 1)
        error = SPREAD * np.sqrt(chi2 / (n - 1) / n)
        room = np.maximum(bound - stats.t.ppf(0.95, n - 1) * error, 0)
        return float(np.mean(2 * stats.norm.cdf(room * np.sqrt(n) / SPREAD) - 1))

    rng = np.random.default_rng(3)
    found = items_needed(FOUND, 0.01, rng, equivalence=True, simulations=SIMULATIONS)
    assert exact(0.01, found.low - 2) < 0.8 < exact(0.01, found.high + 2)
    bound, _ = detectable(FOUND, 40, rng, equivalence=True, simulations=SIMULATIONS)
    assert exact(bound, 40) == pytest.approx(0.8, abs=4 * np.sqrt(0.8 * 0.2 / SIMULATIONS))


def test_out_of_reach_is_said_so():
    assert items_needed(FOUND, 1e-5, np.random.default_rng(0), simulations=100).items is None


@pytest.fixture(scope="module")
def run():
    return simulate(World(items=60, placebo_items=40, effect=0.01), np.random.default_rng(5))


def test_answers_of_a_run(run):
    table = frame(run.observations)
    frequency, placebo = power_of(table, seed=1, simulations=1000)
    assert (frequency.arm, frequency.test, frequency.items) == ("frequency", "two-sided", 60)
    assert (placebo.arm, placebo.test, placebo.items) == ("placebo", "tost", 40)
    assert frequency.target == placebo.target == pytest.approx(0.04)  # a tenth of the margin, .4
    assert frequency.at_target > 0.999
    assert frequency.needed < 15
    at_least = power_of(table, effect=frequency.detectable, seed=2, simulations=4000)[0]
    assert at_least.at_target == pytest.approx(0.8, abs=0.06)
    assert at_least.needed_low - 6 <= 60 <= at_least.needed_high + 6
    half = power_of(table, relative=0.05, items=200, simulations=1000)[0]
    assert half.target == pytest.approx(0.02)
    assert half.detectable == pytest.approx(frequency.detectable * np.sqrt(60 / 200), rel=0.15)
    assert power_of(table, seed=1, simulations=1000) == [frequency, placebo]


@pytest.mark.parametrize(
    ("world", "options", "line"),
    [
        (World(items=1), {}, "m.* / similarity / cosine: power needs at least two measured items"),
        (World(item_spread=0.0, pair_spread=0.0), {}, "no variance to compute power from"),
        (World(items=0, placebo_items=5), {}, "no confirmatory contrast was measured in the frequency arm"),
        (World(), {"effect": 0.1, "relative": 0.1}, "give one of the two"),
        (World(), {"effect": -0.1}, "--effect must be above 0"),
        (World(), {"relative": 0.0}, "--relative must be above 0"),
        (World(), {"items": 1}, "--items must be between 2"),
        (World(), {"power": 1.0}, "--power must lie between"),
        (World(margin=0.0), {"relative": 0.1}, "no exact - decoy margin"),
    ],
)
def test_refusals(world, options, line):
    made = simulate(world, np.random.default_rng(0))
    with pytest.raises(InputError, match=line):
        power_of(frame(made.observations), simulations=100, **options)


def test_without_a_margin_there_is_an_effect_but_no_target():
    made = simulate(World(margin=-0.1), np.random.default_rng(0))
    (answer,) = power_of(frame(made.observations), simulations=100)
    assert answer.detectable > 0
    assert (answer.target, answer.at_target, answer.needed) == (None, None, None)


def test_command(cli, tmp_path, run):
    write_records(tmp_path / "observations.jsonl", run.observations)
    rows = json.loads(cli("power", tmp_path, "--json").stdout)
    assert [row["arm"] for row in rows] == ["frequency", "placebo"]
    assert rows[0]["needed"] > 2
    shown = cli("power", tmp_path, "--effect", "0.00001")
    assert shown.exit_code == 0
    assert "more than 20000" in shown.stdout
    assert cli("power", tmp_path / "nosuch").exit_code == 2
    assert cli("power", tmp_path, "--effect", "0").exit_code == 2


def test_a_model_without_variance_does_not_take_the_others_answers(caplog):
    made = simulate(World(items=12), np.random.default_rng(0))
    flat = [row.replace(model="flat", high=0.5, low=0.5) for row in made.observations]
    answers = power_of(frame([*made.observations, *flat]), simulations=200)
    assert [answer.model for answer in answers] == ["simulated"]
    assert any(message.startswith("flat / similarity / cosine: all items have the same gap") for message in caplog.messages)
