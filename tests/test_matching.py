"""Matching against brute force and planted imbalance."""

import itertools

import numpy as np
import pytest

from freqbias import matching
from freqbias.errors import InputError
from freqbias.matching import MAX_DZ, MAX_MEAN, constant, match, paired_dz


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


def test_a_constant_difference_has_no_dz_whatever_its_rounding():
    noisy = np.array([4.1 - 2.7, 5.1 - 3.7, 3.3 - 1.9, 6.2 - 4.8])
    assert np.ptp(noisy) > 0  # 1.4 up to rounding
    assert paired_dz(noisy) is None
    assert constant(noisy)
    assert not constant(np.zeros(3))
    assert not constant(np.array([1.4]))
    assert not constant(np.array([1.4, 1.4001]))


def level(values, name):
    """Tell by hand whether one covariate is level."""
    if not values.any():
        return True
    spread = np.std(values, ddof=1) if len(values) > 1 else 0
    return spread > 1e-9 and abs(values.mean()) < MAX_DZ * spread and abs(values.mean()) <= MAX_MEAN.get(name, np.inf)


def brute_force(differences, gap):
    """Return the size of the largest level subset, 0 where there is none."""
    least = 0.95 * gap.mean() if gap.mean() > 0 else gap.mean()
    best = 0
    for bits in itertools.product([False, True], repeat=len(gap)):
        keep = np.array(bits)
        if keep.sum() > best and gap[keep].mean() >= least - 1e-12:
            best = int(keep.sum()) if all(level(values[keep], name) for name, values in differences.items()) else best
    return best


def small_case(number):
    rng = np.random.default_rng(number)
    n = int(rng.integers(2, 11))
    gap = rng.uniform(-0.2 if number % 5 == 4 else 0.7, 3, n)
    differences = [
        {"words": rng.integers(-3, 3, n).astype(float)},
        {"words": rng.integers(-2, 3, n).astype(float), "characters": rng.normal(-1.5, 4, n).round()},
        {"fkgl": rng.normal(0.5, 1, n)},
        {"formality": rng.integers(-1, 3, n).astype(float), "own": rng.normal(0.3, 1, n)},
        {"characters": rng.integers(0, 4, n).astype(float)},
    ]
    return differences[number % 5], gap


@pytest.mark.parametrize("block", range(5))
def test_small_cases_give_what_brute_force_gives(block):
    """150 cases, of which the relaxation alone refused a fifth that have a level subset."""
    refused = 0
    for number in range(30 * block, 30 * block + 30):
        differences, gap = small_case(number)
        best = brute_force(differences, gap)
        if best:
            keep, _ = match(differences, gap)
            assert keep.sum() == best, number
            assert all(level(values[keep], name) for name, values in differences.items())
        else:
            refused += 1
            with pytest.raises(InputError, match=r"no subset|one pair"):
                match(differences, gap)
    assert 0 < refused < 30


def test_the_only_level_subset_is_found_among_many_pairs(monkeypatch):
    """Where the relaxation finds nothing the integer program has the last word."""
    monkeypatch.setattr(matching, "_by_relaxation", lambda *_: None)
    words = np.r_[np.zeros(3), np.full(97, 2.0)]
    keep, _ = match({"words": words}, np.ones(100))
    assert keep.tolist() == [True] * 3 + [False] * 97


@pytest.mark.parametrize("kept", [2, 5, 11])
def test_what_is_kept_has_the_gap_that_it_must_have(kept):
    """Level pairs of small gap alone are no answer: the mean gap must stay."""
    gap = np.r_[np.full(kept, 1.0), np.full(60, 3.0)]
    words = np.r_[np.zeros(kept), np.full(60, 1.0)]
    with pytest.raises(InputError, match="no subset"):
        match({"words": words}, gap)
