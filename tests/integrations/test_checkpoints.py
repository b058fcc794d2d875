"""Several checkpoints: which is the most even, what it is not told from, and that noise is called noise."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from freqbias.analysis.stats.resampling import abc_interval
from freqbias.integrations.checkpoints import Checkpoint, choice, evenness_values
from freqbias.integrations.headline import evenness_interval

ITEMS = 80  # what the evaluator takes


def items_of(gaps, margins, names=None):
    names = [f"i{number:03}" for number in range(len(gaps))] if names is None else names
    return pd.DataFrame({"gap": gaps, "margin": margins}, index=pd.Index(names, name="item"))


def checkpoint(steps, items, quality=0.9):
    ratio = float(items["gap"].mean() / items["margin"].mean())
    return Checkpoint(steps=steps, evenness=1 / (1 + abs(ratio)), quality=quality, items=items)


def training(rng, gaps, own=0.04, qualities=None):
    """Return checkpoints whose items differ much among themselves, and by `own` from one checkpoint to the next."""
    effects, levels = rng.normal(0, 0.1, ITEMS), 0.3 + rng.normal(0, 0.1, ITEMS)
    sides = [(gap + effects + rng.normal(0, own, ITEMS), levels + rng.normal(0, own, ITEMS)) for gap in gaps]
    qualities = qualities or [0.9] * len(gaps)
    return [checkpoint(100 * k, items_of(*side), quality) for k, (side, quality) in enumerate(zip(sides, qualities, strict=True), 1)]


def test_values_of_items_have_the_evenness_and_its_standard_error():
    (own,) = training(np.random.default_rng(1), [-0.1])
    values = evenness_values(own.items)
    assert values.mean() == pytest.approx(own.evenness)
    without = [checkpoint(1, own.items.drop(item)).evenness for item in own.items.index]
    jackknife = math.sqrt((ITEMS - 1) / ITEMS * np.sum((np.array(without) - np.mean(without)) ** 2))
    assert values.std(ddof=1) / math.sqrt(ITEMS) == pytest.approx(jackknife, rel=0.05)


def test_the_better_one_is_told_and_equals_are_not():
    rng = np.random.default_rng(2)
    found = choice(training(rng, [0.1, 0.1, 0.02, 0.1]))
    assert (found.best.steps, found.is_told, found.n_others, found.n_items) == (300, True, 3, ITEMS)
    assert str(found).startswith(f"step 300 (evenness {found.best.evenness:.3f}, win rate 0.900) is more even than all 3 others")
    found = choice(training(rng, [0.1, 0.02, 0.02]))
    assert not found.is_told
    assert {found.best.steps, *(own.steps for own in found.untold)} == {200, 300}
    end = f"not told from {found.untold[0].name}: with 80 items a difference under {found.least:.3f} is noise, so choose among these"
    assert f"is the most even, but {end} by quality" in str(found)


def test_a_sentence_names_five_checkpoints():
    (own,) = training(np.random.default_rng(4), [0.1])
    text = str(choice([checkpoint(100 * k, own.items) for k in range(1, 9)]))
    assert "not told from step 200, step 300, step 400, step 500, step 600 and 2 more: with" in text


def test_the_least_difference_is_where_telling_begins():
    rng = np.random.default_rng(3)
    found = choice(training(rng, [0.1, 0.1]))
    moved = found.best.items.assign(gap=found.best.items["gap"])
    ratio = moved["gap"].mean() / moved["margin"].mean()
    for shift, told in ((0.98, False), (1.02, True)):
        away = 1 / (found.best.evenness - shift * found.least) - 1  # the relative gap at that difference
        worse = found.untold[0].items
        change = away * worse["margin"].mean() - worse["gap"].mean()
        assert ratio > 0
        assert choice([found.best, checkpoint(999, worse.assign(gap=worse["gap"] + change))]).is_told is told


def test_one_model_twice_is_not_told_from_itself():
    (own,) = training(np.random.default_rng(4), [0.1])
    found = choice([own, checkpoint(200, own.items)])
    assert (found.best.steps, [other.steps for other in found.untold], found.least) == (100, [200], 0)


def test_what_does_not_tell_right_from_wrong_takes_no_part():
    rng = np.random.default_rng(5)
    able = training(rng, [0.1, 0.02])
    lucky = checkpoint(50, items_of(rng.normal(0, 1e-4, ITEMS), rng.normal(0.01, 0.3, ITEMS)))
    assert choice([lucky, *able]).n_others == 1
    assert choice([lucky, able[0]]) is None
    assert choice([]) is None


def test_only_items_that_both_measured_are_compared():
    first, second = training(np.random.default_rng(6), [0.1, 0.02])
    part = checkpoint(200, second.items.iloc[20:])
    found = choice([first, part])
    assert (found.best.steps, found.n_items) == (200, ITEMS - 20)
    alone = checkpoint(300, items_of(second.items["gap"].to_numpy(), second.items["margin"].to_numpy(), [f"x{n}" for n in range(ITEMS)]))
    assert not choice([first, alone]).is_told


def guarded(own):
    """Return what a trainer maximises; see `freqbias.integrations.headline`."""
    ends = abc_interval(*(own.items[name].to_numpy() for name in ("gap", "margin")))
    return evenness_interval(ends.low, ends.high)[0] * own.quality


def picked(checkpoints):
    """Return the one that a trainer keeps: the first with the largest metric."""
    return max(checkpoints, key=guarded)


def test_of_two_equally_even_ones_the_better_is_picked():
    rng = np.random.default_rng(7)
    checkpoints = training(rng, [0.1, 0.1, 0.1], own=0.01, qualities=[0.95, 0.6, 0.94])
    assert picked(checkpoints).steps != 200


@pytest.mark.simulation
@pytest.mark.parametrize("gap", [0.1, 0.0])  # at no gap an absolute value is nowhere smooth
def test_noise_is_called_noise_in_95_of_100_trainings(gap):
    """Seed and limits were fixed before the first look."""
    rng, runs = np.random.default_rng(15), 400
    found = [choice(training(rng, [gap] * 5)) for _ in range(runs)]
    assert sum(not own.is_told for own in found) >= 0.95 * runs
    assert sum(len(own.untold) == 4 for own in found) >= stats.binom.ppf(0.0005, runs, 0.95)


@pytest.mark.simulation
def test_a_better_checkpoint_is_picked_and_told_in_95_of_100_trainings():
    """Seed and limits were fixed before the first look."""
    rng, runs = np.random.default_rng(16), 100
    right = told = 0
    for _ in range(runs):
        checkpoints = training(rng, [0.1, 0.1, 0.05, 0.1, 0.1])
        right += picked(checkpoints).steps == 300
        found = choice(checkpoints)
        told += found.best.steps == 300 and found.is_told
    assert right >= 0.95 * runs
    assert told >= 0.95 * runs


@pytest.mark.simulation
def test_the_interval_of_evenness_covers():
    rng, runs = np.random.default_rng(17), 400
    for gap in (0.0, 0.02, 0.1):
        covered = 0
        for _ in range(runs):
            items = items_of(gap + rng.normal(0, 0.1, ITEMS), 0.3 + rng.normal(0, 0.1, ITEMS))
            ends = abc_interval(items["gap"].to_numpy(), items["margin"].to_numpy())
            low, high = evenness_interval(ends.low, ends.high)
            covered += low <= 1 / (1 + gap / 0.3) <= high
        assert covered >= stats.binom.ppf(0.0005, runs, 0.95)


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((0.25, 1.0), (0.5, 0.8)),
        ((-1.0, -0.25), (0.5, 0.8)),
        ((-1.0, 0.25), (0.5, 1.0)),
        ((0.0, 0.0), (1.0, 1.0)),
        ((math.nan, 1.0), (0.0, 1.0)),
    ],
)
def test_ends_of_the_interval(ends, expected):
    assert evenness_interval(*ends) == expected
