"""Matching against brute force and planted imbalance."""

import itertools

import numpy as np
import pytest

from freqbias.errors import InputError
from freqbias.matching import MAX_DZ, match, paired_dz


def planted(n=400, shift=1.0, seed=0):
    rng = np.random.default_rng(seed)
    gap = rng.uniform(0.7, 3, n)
    return {"characters": rng.normal(-shift, 3, n).round(), "fkgl": rng.normal(-0.3, 1.5, n)}, gap


def test_planted_imbalance_is_removed_and_the_gap_kept():
    differences, gap = planted()
    keep, balance = match(differences, gap)
    for row in balance:
        assert abs(row.dz_after) < MAX_DZ
    assert abs(balance[0].mean_after) <= 0.5
    assert abs(balance[1].mean_after) <= 0.2
    assert abs(balance[0].dz_before) > MAX_DZ
    assert gap[keep].mean() >= 0.95 * gap.mean()
    assert keep.mean() > 0.7
    again, _ = match(differences, gap)
    np.testing.assert_array_equal(keep, again)


def test_near_the_optimum_of_brute_force():
    differences, gap = planted(n=14, seed=3)
    keep, _ = match(differences, gap)
    sizes = []
    for bits in itertools.product([False, True], repeat=14):
        chosen = np.array(bits)
        if chosen.sum() > 2 and gap[chosen].mean() >= 0.95 * gap.mean():
            values = [(differences[name][chosen], limit) for name, limit in (("characters", 0.5), ("fkgl", 0.2))]
            if all(abs(v.mean()) <= limit and v.std() > 0 and abs(paired_dz(v)) < MAX_DZ for v, limit in values):
                sizes.append(chosen.sum())
    assert keep.sum() >= max(sizes) - 3  # at most one pair is lost for each of the constraints that bind


def test_balanced_pairs_are_all_kept():
    keep, _ = match({"words": np.zeros(5)}, np.ones(5))
    assert keep.all()


def test_missing_values_are_left_out():
    keep, _ = match({"words": np.array([0.0, np.nan, 0.0])}, np.ones(3))
    assert keep.tolist() == [True, False, True]


def test_impossible_matching_says_so():
    with pytest.raises(InputError, match="no subset of these pairs can be matched on words"):
        match({"words": np.array([3.0, 4.0, 5.0, 6.0])}, np.ones(4))


def test_one_pair_is_level_or_not():
    assert match({"words": np.zeros(1)}, np.ones(1))[0].all()
    with pytest.raises(InputError, match="a single pair cannot be matched on words"):
        match({"words": np.ones(1)}, np.ones(1))


def test_paired_dz_by_hand():
    differences = np.array([1.0, 2.0, 3.0, 4.0])
    assert paired_dz(differences) == pytest.approx(2.5 / np.std(differences, ddof=1))
    assert paired_dz(np.zeros(3)) == 0.0
    assert paired_dz(np.ones(3)) is None
    assert paired_dz(np.array([1.0])) is None
