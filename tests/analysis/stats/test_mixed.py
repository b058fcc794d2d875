"""Crossed random effects against lme4, and the rules for when a regression is refused."""

import numpy as np
import pandas as pd
import pytest
from golden_tables import R, golden_table

from freqbias.analysis.stats.mixed import crossed, inflation, robust
from freqbias.analysis.stats.reml import reml


def test_against_lme4():
    expected = R["lme4"]
    fit = crossed(golden_table(), "gap", ["zipf_gap", "characters_gap"])
    for name in ("zipf_gap", "characters_gap"):
        assert fit.slopes[name].value == pytest.approx(expected[name][0], rel=1e-5)
        assert fit.slopes[name].std_error == pytest.approx(expected[name][1], rel=1e-5)
    for name, variance in zip(("item", "frame", "residual"), expected["variances"], strict=True):
        assert fit.variances[name] == pytest.approx(variance, rel=1e-3)
    assert fit.population == "items and frames like these"


def test_few_frames_are_fixed():
    table = golden_table()
    fit = crossed(table[table["frame"] < 4], "gap", ["zipf_gap", "characters_gap"])
    assert fit.population == "items in these frames"
    assert set(fit.variances) == {"residual", "item"}
    assert fit.slopes["zipf_gap"].value == pytest.approx(0.0227, abs=0.002)


def test_adjusted_mean_is_the_gap_without_rivals():
    rng = np.random.default_rng(0)
    zipf, length = rng.uniform(0.7, 3, 300), rng.normal(-2, 1, 300)
    table = pd.DataFrame({"item": range(300), "zipf_gap": zipf, "characters_gap": length})
    table["gap"] = 0.05 * zipf - 0.03 * length + rng.normal(0, 0.02, 300)
    fit = crossed(table, "gap", ["zipf_gap", "characters_gap"])
    assert fit.adjusted.value == pytest.approx(0.05 * zipf.mean(), abs=0.01)
    check, _ = robust(table, "gap", ["zipf_gap", "characters_gap"])
    assert check.value == pytest.approx(fit.slopes["zipf_gap"].value, rel=0.02)
    assert check.std_error == pytest.approx(fit.slopes["zipf_gap"].std_error, rel=0.25)


def test_the_rest_is_the_intercept_of_predictors_that_are_not_centred():
    table = golden_table()
    names = ["zipf_gap", "characters_gap"]
    rest = crossed(table, "gap", names).rest
    design = np.column_stack([np.ones(len(table)), table[names]])
    fit = reml(table["gap"].to_numpy(), design, [pd.factorize(table[name])[0] for name in ("item", "frame")])
    assert rest.value == pytest.approx(fit.values[0], rel=1e-5)  # noqa: PD011 - no table
    assert rest.std_error == pytest.approx(fit.errors[0], rel=1e-5)


def test_pairs_that_repeat_their_item_count_once():
    """A gap that depends on the item alone has the errors of a regression on items, however many frames repeat it."""
    table = golden_table()
    table["gap"] = table.groupby("item")["gap"].transform("mean")
    fit = crossed(table, "gap", ["zipf_gap", "characters_gap"])
    items = table.groupby("item")[["gap", "zipf_gap", "characters_gap"]].mean()
    design = np.column_stack([np.ones(40), items["zipf_gap"], items["characters_gap"]])
    values, squares = np.linalg.lstsq(design, items["gap"], rcond=None)[:2]
    errors = np.sqrt(squares[0] / 37 * np.diag(np.linalg.inv(design.T @ design)))
    assert (fit.slopes["zipf_gap"].value, fit.slopes["zipf_gap"].std_error) == (pytest.approx(values[1]), pytest.approx(errors[1]))
    assert fit.population == "items in these frames"


def test_inflation_by_definition():
    rng = np.random.default_rng(1)
    a = rng.normal(size=200)
    table = pd.DataFrame({"a": a, "b": a + rng.normal(0, 0.1, 200), "c": rng.normal(size=200)})
    found = inflation(table, ["a", "b", "c"])
    r = np.corrcoef(table["a"], table["b"])[0, 1]
    assert found["a"] == pytest.approx(1 / (1 - r**2), rel=0.05)
    assert found["c"] == pytest.approx(1, abs=0.1)
    assert inflation(table.assign(d=2 * a), ["a", "d"])["a"] == np.inf


@pytest.mark.parametrize("change", ["constant", "few", "dependent"])
def test_refusals(change):
    table = golden_table()
    table = {
        "constant": table.assign(zipf_gap=1.0),
        "few": table[table["item"] < 9],
        "dependent": table.assign(characters_gap=2 * table["zipf_gap"]),
    }[change]
    assert crossed(table, "gap", ["zipf_gap", "characters_gap"]) is None


@pytest.mark.parametrize(("frames", "clusters"), [(2, "cluster-robust on item (CR3"), (8, "two-way cluster-robust on item and frame")])
def test_the_check_clusters_on_frames_only_where_they_are_many(frames, clusters):
    """Standard errors from two clusters mean nothing: two to five frames are fixed in both regressions."""
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"item": np.repeat(range(100), frames), "frame": np.tile(range(frames), 100).astype(str)})
    table["zipf_gap"] = np.repeat(rng.uniform(0.7, 3, 100), frames)
    shift = np.linspace(-0.05, 0.05, frames)[np.tile(range(frames), 100)]
    table["gap"] = 0.02 * table["zipf_gap"] + shift + rng.normal(0, 0.02, len(table)) + np.repeat(rng.normal(0, 0.02, 100), frames)
    fit = crossed(table, "gap", ["zipf_gap"])
    check, method = robust(table, "gap", ["zipf_gap"])
    assert clusters in method
    assert ("like these" in method) is (frames == 8) is ("like these" in fit.population)
    assert check.value == pytest.approx(fit.slopes["zipf_gap"].value, rel=0.02)
    if frames == 2:
        assert check.std_error == pytest.approx(fit.slopes["zipf_gap"].std_error, rel=0.25)


def test_a_frame_that_a_pair_does_not_name_does_not_take_the_others_away():
    table = golden_table().astype({"frame": object})
    table.loc[0, "frame"] = None
    assert crossed(table, "gap", ["zipf_gap", "characters_gap"]).population == "items and frames like these"


def test_the_adjusted_mean_exceeds_that_of_other_rows_adjusted_alike():
    """A rival that both groups of rows have is in neither mean: subtracting the raw mean of the others would make an effect of it."""
    rng = np.random.default_rng(8)
    table = pd.DataFrame({"item": [f"i{k}" for k in range(160)], "frame": None, "own": np.arange(160) < 100})
    table["zipf_gap"] = np.where(table["own"], rng.uniform(1, 3, 160), rng.normal(0, 0.05, 160))
    table["informal_gap"] = -(rng.random(160) < 0.5).astype(float)
    table["gap"] = -0.1 * table["informal_gap"] + rng.normal(0, 0.01, 160)
    raw = table.loc[~table["own"], "gap"].mean()
    assert raw > 0.03
    for advantage in (0.0, 0.05):
        fit = crossed(table.assign(gap=table["gap"] + advantage * table["own"]), "gap", ["zipf_gap", "informal_gap"], own="own")
        assert abs(fit.beyond.value - advantage) < 4 * fit.beyond.std_error
        assert fit.adjusted.value - raw < fit.beyond.low
    assert crossed(table[table["own"]], "gap", ["zipf_gap", "informal_gap"]).beyond is None
