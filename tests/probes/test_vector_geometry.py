"""Numbers of a set of vectors against brute force, and their intervals against a simulation."""

import numpy as np
import pytest
from scipy import stats

from freqbias.probes import vector_geometry as space

RNG = np.random.default_rng(11)
VECTORS = RNG.normal(size=(60, 12)) + 1.0
GROUPS = np.repeat(np.arange(20), 3)


def test_all_but_the_top_removes_the_first_components():
    centred = space.in_space(VECTORS, "centred")
    assert centred.mean(axis=0) == pytest.approx(np.zeros(12), abs=1e-12)
    left, values, axes = np.linalg.svd(centred, full_matrices=False)
    expected = centred - (left[:, :1] * values[:1]) @ axes[:1]
    assert space.in_space(VECTORS, "all_but_the_top") == pytest.approx(expected)
    wide = RNG.normal(size=(30, 250))  # more dimensions than texts: two components go, by the smaller product
    centred = wide - wide.mean(axis=0)
    left, values, axes = np.linalg.svd(centred, full_matrices=False)
    top = round(250 / 100)
    assert space.in_space(wide, "all_but_the_top") == pytest.approx(centred - (left[:, :top] * values[:top]) @ axes[:top])


@pytest.mark.parametrize("width", [2, 400])
def test_what_a_space_takes_away_leaves_nothing_but_zero(width):
    two = RNG.normal(size=(2, width))  # on one line after centring
    assert (space.in_space(two, "all_but_the_top") == 0).all()
    assert (space.in_space(np.ones((5, width)), "centred") == 0).all()
    assert (space.in_space(np.ones((5, width)), "all_but_the_top") == 0).all()


def test_mean_cosine_leaves_the_own_group_out():
    unit = space.unit_rows(VECTORS)
    cosines = unit @ unit.T
    expected = [cosines[i, GROUPS[i] != GROUPS].mean() for i in range(60)]
    assert space.mean_cosine_with_others(unit, GROUPS) == pytest.approx(expected)
    assert np.isnan(space.mean_cosine_with_others(unit[:2], np.zeros(2, dtype=int))).all()


@pytest.mark.parametrize("block", [1 << 22, 300])
def test_neighbours_by_brute_force(monkeypatch, block):
    monkeypatch.setattr(space, "CELLS_AT_ONCE", block)
    unit = space.unit_rows(VECTORS)
    cosines = np.where(GROUPS[:, None] == GROUPS, -np.inf, unit @ unit.T)
    lists = np.argsort(-cosines, axis=1)[:, :10]
    found = space.neighbours(unit, GROUPS)
    assert found.k == 10
    assert found.occurrence.tolist() == np.bincount(lists.ravel(), minlength=60).tolist()
    assert found.reach == pytest.approx(np.take_along_axis(cosines, lists[:, -1:], 1)[:, 0], abs=1e-6)
    assert found.ties == 0


def test_neighbours_of_few_and_of_equal_texts():
    assert space.neighbours(np.ones((3, 2)), np.zeros(3, dtype=int)).k == 0
    few = space.neighbours(space.unit_rows(VECTORS[:6]), np.arange(6))
    assert few.k == 5
    assert few.occurrence.tolist() == [5.0] * 6
    equal = space.neighbours(np.ones((30, 2)) / np.sqrt(2), np.arange(30))
    assert equal.ties == 30
    assert equal.occurrence.sum() == 300
    assert equal.occurrence.tolist() == space.neighbours(np.ones((30, 2)) / np.sqrt(2), np.arange(30)).occurrence.tolist()


def test_statistics_against_scipy():
    x, y = RNG.normal(size=80), RNG.normal(size=80)
    control = RNG.normal(size=80)
    total = np.arange(80)
    rng = np.random.default_rng(0)
    design = np.column_stack([np.ones(80), x, control])
    assert space.resampled(*space.slope(y, x, [control]), total, rng).value == pytest.approx(np.linalg.lstsq(design, y)[0][1])
    assert space.resampled(*space.correlation(x, y), total, rng).value == pytest.approx(stats.pearsonr(x, y)[0])
    skewed = np.exp(x)
    assert space.resampled(*space.skewness(skewed), total, rng).value == pytest.approx(stats.skew(skewed))


def test_what_is_constant_has_no_value():
    ones, x, groups = np.ones(12), np.arange(12.0), np.arange(12)
    rng = np.random.default_rng(0)
    for fit in (space.slope(x, ones, []), space.correlation(ones, x), space.skewness(ones)):
        assert space.resampled(*fit, groups, rng).value is None
    lone = space.resampled(*space.slope(x, x, []), np.zeros(12, dtype=int), rng)
    assert (lone.value, lone.low) == (pytest.approx(1), None)


def test_within_takes_group_means_off():
    assert space.within(np.array([1.0, 3.0, 5.0, 9.0]), np.array([0, 0, 1, 1])).tolist() == [-1, 1, -2, 2]


def test_intervals_cover_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(2_026)  # fixed before the first run
    covered = {"slope": 0, "correlation": 0}
    worlds = 300
    for _ in range(worlds):
        groups = np.repeat(np.arange(60), 2)
        own = rng.normal(size=60)[groups]
        x = rng.normal(size=60)[groups] + 0.3 * rng.normal(size=120)
        y = 0.5 * x + own + rng.normal(size=120)
        found = space.resampled(*space.slope(y, x, []), groups, rng)
        covered["slope"] += found.low <= 0.5 <= found.high
        truth = 0.5 * 1.09 / np.sqrt(1.09 * (0.25 * 1.09 + 2))
        found = space.resampled(*space.correlation(x, y), groups, rng)
        covered["correlation"] += found.low <= truth <= found.high
    # percentile intervals of 60 items are a little short: 93 % is what they have, within 99.9 % binomial limits
    low, high = stats.binom.ppf(0.0005, worlds, 0.93), stats.binom.ppf(0.9995, worlds, 0.95)
    assert all(low <= count <= high for count in covered.values()), covered
