"""Tests of several means at once, and the mean without the outer fifths, against R and scipy."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from golden_data import nested
from scipy import stats

from freqbias.analysis.stats.joint import all_zero_p, equal_means_p, trimmed_mean
from freqbias.analysis.stats.resampling import sign_flip_p

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "items.json").read_text(encoding="utf-8"))


def test_one_group_is_the_sign_flip_test_of_its_mean():
    values = np.array([0.3, -0.1, 0.4, 0.2, 0.5, 0.1, -0.2, 0.3])
    rng = np.random.default_rng(0)
    assert all_zero_p(values[:, None], rng) == pytest.approx(sign_flip_p(values, rng))


def test_groups_of_other_items_follow_chi_squared():
    rng = np.random.default_rng(1)
    table = np.full((120, 3), np.nan)
    for group in range(3):
        table[40 * group : 40 * (group + 1), group] = rng.normal(0.02, 0.1, 40)
    sums, squares = np.nansum(table, axis=0), np.nansum(table**2, axis=0)
    assert all_zero_p(table, rng, 9999) == pytest.approx(stats.chi2.sf(np.sum(sums**2 / squares), 3), abs=0.02)


@pytest.mark.simulation
def test_means_that_cancel_are_found_and_null_ones_are_not():
    rng = np.random.default_rng(2)
    gaps = rng.normal(0, 0.02, 60)
    table = np.full((60, 2), np.nan)
    table[:30, 0], table[30:, 1] = gaps[:30] + 0.02, gaps[30:] - 0.02
    assert sign_flip_p(np.nansum(table, axis=1), rng) > 0.2
    assert all_zero_p(table, rng) < 0.001
    false = np.mean([all_zero_p(np.where(np.isnan(table), np.nan, rng.normal(size=table.shape)), rng, 199) < 0.05 for _ in range(400)])
    assert false <= 0.095  # 99.9 % binomial limit of 5 %


@pytest.mark.parametrize("scale", [1.0, 1e-13, 1e9])
def test_the_unit_changes_no_joint_test(scale):
    table = np.random.default_rng(4).normal(0.02, 0.05, (40, 2))
    assert all_zero_p(scale * table, np.random.default_rng(0)) == all_zero_p(table, np.random.default_rng(0))


def test_zeros_are_zero():
    assert all_zero_p(np.zeros((30, 2)), np.random.default_rng(0)) == 1.0


def test_equal_means_of_other_items_is_welch_anova_of_r():
    gaps = nested()[0]
    groups = {"a": gaps[:12], "b": 1.7 * gaps[12:21], "c": gaps[21:40] + 0.04}
    table = pd.DataFrame(np.nan, index=range(40), columns=list(groups))
    table.iloc[:12, 0], table.iloc[12:21, 1], table.iloc[21:, 2] = groups.values()
    p_value, method = equal_means_p(table)
    assert p_value == pytest.approx(GOLDEN["groups"]["p"], rel=1e-6)
    assert method.startswith("Welch")


@pytest.mark.simulation
def test_equal_means_within_items_holds_under_any_covariance():
    rng, false = np.random.default_rng(5), 0
    for _ in range(400):
        own = rng.normal(0, 1, (30, 1)) * np.array([1.0, 3.0, 0.2]) + rng.normal(0, 0.5, (30, 3))
        table = pd.DataFrame(own, columns=["x", "y", "z"])
        false += equal_means_p(table)[0] < 0.05
    assert false / 400 <= 0.095
    moved = pd.DataFrame(rng.normal(0, 1, (30, 1)) + rng.normal(0, 0.2, (30, 3)) + [0, 0.3, 0], columns=["x", "y", "z"])
    assert equal_means_p(moved)[0] < 0.001


def test_groups_that_do_not_vary_have_no_test():
    table = pd.DataFrame({"a": [0.1] * 10 + [np.nan] * 10, "b": [np.nan] * 10 + [0.2] * 10})
    assert equal_means_p(table)[0] is None


def test_the_trimmed_mean_is_that_of_r_and_scipy():
    values, golden = nested()[0], GOLDEN["trimmed"]
    value, error, interval = trimmed_mean(values)
    assert [value, error, interval.low, interval.high] == pytest.approx([golden["value"], golden["error"], *golden["ends"]], rel=1e-9)
    assert value == pytest.approx(stats.trim_mean(values, 0.2))
    low, high = stats.mstats.trimmed_mean_ci(values, limits=(0.2, 0.2))
    assert [interval.low, interval.high] == pytest.approx([low, high])


def test_one_item_moves_a_mean_and_hardly_a_trimmed_one():
    values = np.append(np.random.default_rng(6).normal(0, 0.02, 30), 5.0)
    assert values.mean() > 0.1
    assert abs(trimmed_mean(values)[0]) < 0.02
    assert trimmed_mean(np.array([0.3]))[1] is None
