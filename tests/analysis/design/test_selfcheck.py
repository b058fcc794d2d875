"""The self-check passes on the analysis as it is, fails on a wrong one, and its worlds hold what they say."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from freqbias.analysis import frame
from freqbias.analysis.design import selfcheck
from freqbias.analysis.design.selfcheck import Check, scenarios
from freqbias.analysis.design.simulate import PIECES_SPREAD, ZIPF_MEAN, World, simulate
from freqbias.analysis.report import facts
from freqbias.analysis.stats import resampling
from freqbias.analysis.stats.mixed import crossed
from freqbias.analysis.table.contrasts import join, pair_gaps, pair_table
from freqbias.errors import InputError


def named(name):
    (found,) = [scenario for scenario in scenarios() if scenario.name == name]
    return found


def table_of(world, seed=0):
    run = simulate(world, np.random.default_rng(seed))
    observations = frame(run.observations)
    return run, join(pair_gaps(observations), pair_table(run.pairs), observations)


@pytest.mark.simulation
def test_everything_is_within_bounds_in_a_small_version():
    checks = selfcheck.selfcheck(20)
    assert [row.to_dict() for row in checks if not row.ok] == []
    assert len(checks) == sum(len(scenario.rules) for scenario in scenarios())


def half_as_wide(values, level=0.95):
    interval = resampling.Interval(low=None, high=None)
    error, mean = resampling.std_error(values), float(values.mean())
    if error is not None:
        half = 0.5 * float(stats.t.ppf((1 + level) / 2, len(values) - 1)) * error
        interval = resampling.Interval(low=mean - half, high=mean + half)
    return interval


@pytest.mark.simulation
@pytest.mark.parametrize(
    ("scenario", "function", "wrong", "check"),
    [
        ("all arms", "t_interval", half_as_wide, "frequency: coverage"),
        ("nothing planted", "sign_flip_p", lambda values, rng, resamples: rng.uniform() ** 3, "frequency: p < .05"),
        ("nothing planted", "sign_flip_p", lambda values, rng, resamples: 0.01, "frequency: p < .05"),
        ("placebo at the bound", "tost_p", lambda values, bound, _: 0.5 * abs(values.mean() < bound), "placebo equivalence: equivalent"),
        ("weak effect", "sign_flip_p", lambda values, rng, resamples: rng.uniform(), "frequency: p < .05"),
    ],
)
def test_a_wrong_method_is_out_of_bounds(monkeypatch, scenario, function, wrong, check):
    monkeypatch.setattr(resampling, function, wrong)
    found = {row.check: row for row in selfcheck.selfcheck(40, worlds=[named(scenario)])}
    assert not found[check].ok
    assert not selfcheck.all_ok(found.values())


@pytest.mark.simulation
@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_wrong_slopes_are_out_of_bounds(monkeypatch, factor):
    """Standard errors half as large are caught by coverage, slopes twice as large by bias."""
    from freqbias.analysis.estimate import rivals

    def wrong(*arguments):
        fit = crossed(*arguments)
        slope = fit.slopes["zipf_gap"]
        if factor < 1:
            middle, half = slope.value, factor * (slope.high - slope.low) / 2
            slope = replace(slope, low=middle - half, high=middle + half)
        else:
            slope = replace(slope, value=factor * slope.value)
        return replace(fit, slopes=fit.slopes | {"zipf_gap": slope})

    monkeypatch.setattr(rivals, "crossed", wrong)
    found = {row.check: row for row in selfcheck.selfcheck(40, worlds=[named("frequency and length")])}
    assert not found["frequency zipf_slope: coverage" if factor < 1 else "frequency zipf_slope: bias"].ok
    assert found["frequency adjusted: bias"].ok


@pytest.mark.simulation
def test_the_same_seed_gives_the_same_numbers_whatever_the_processes():
    worlds = [named("weak effect")]
    one, two = selfcheck.selfcheck(20, worlds=worlds), selfcheck.selfcheck(20, worlds=worlds, workers=2)
    assert one == two
    assert selfcheck.selfcheck(20, seed=1, worlds=worlds) != one


def test_a_missing_estimate_is_out_of_bounds():
    world = replace(named("weak effect"), world=World(items=1))
    power, flips = selfcheck.selfcheck(20, worlds=[world])
    assert not power.ok
    assert not flips.ok
    row = Check(scenario="s", check="c", expected=0.0, found=math.nan, low=-1.0, high=1.0, runs=20)
    assert not row.ok
    assert row.to_dict()["found"] is None


def test_too_few_runs_are_refused():
    with pytest.raises(InputError, match="--runs must be at least 20"):
        selfcheck.selfcheck(5)


def test_planted_dose_and_length_are_in_the_rows():
    world = World(items=3000, effect=0.01, per_zipf=0.02, per_word=-0.004, zipf_spread=0.6, words_spread=4, correlation=-0.7)
    run, table = table_of(world)
    design = np.column_stack([np.ones(len(table)), table["zipf_gap"], table["words_gap"]])
    found = np.linalg.lstsq(design, table["gap"], rcond=None)[0]
    assert found == pytest.approx([0.01 + run.frames, 0.02, -0.004], abs=0.003)
    assert np.corrcoef(table["zipf_gap"], table["words_gap"])[0, 1] == pytest.approx(-0.7, abs=0.03)
    assert table["zipf_gap"].mean() == pytest.approx(ZIPF_MEAN, abs=0.05)


def test_planted_subwords_position_and_background_are_in_the_rows():
    _, table = table_of(World(items=3000, per_piece=0.02, pieces_per_zipf=0.8, zipf_spread=0.6))
    pieces = -table["subwords_gap"]
    slope, start = np.polyfit(table["zipf_gap"], pieces, 1)
    assert (slope, start) == (pytest.approx(0.8, abs=0.06), pytest.approx(0.0, abs=0.12))
    assert np.var(pieces - slope * table["zipf_gap"]) == pytest.approx(PIECES_SPREAD**2 + 1 / 6, rel=0.1)  # 1/6: whole numbers
    assert np.polyfit(pieces, table["gap"], 1)[0] == pytest.approx(0.02, abs=0.002)

    _, table = table_of(World(items=2000, frames=3, position=0.06, frame_spread=0.0))
    assert table.groupby("frame")["gap"].mean().to_numpy() == pytest.approx([0.0, 0.03, 0.06], abs=0.003)

    _, table = table_of(World(items=3000, effect=0.01, background=0.03, frame_spread=0.0, registers=True))
    means = table.groupby("contrast")["gap"].mean()
    for contrast, truth in (("background", 0.03), ("gloss", 0.04), ("gloss_specific", 0.01), ("register_match", 0.0)):
        assert means[contrast] == pytest.approx(truth, abs=0.003)


def test_command(cli, monkeypatch):
    good = Check(scenario="s", check="c", expected=0.05, found=0.04, low=0.02, high=0.08, runs=50)
    seen = []
    for found, status in ((good, 0), (replace(good, found=0.5), 1)):

        def answer(runs, seed, found=found, **options):
            seen.append((runs, seed))
            return [found]

        monkeypatch.setattr(selfcheck, "selfcheck", answer)
        shown = cli("selfcheck", "--runs", "50", "--seed", "3")
        assert shown.exit_code == status
        assert ("OUT OF BOUNDS" in shown.stdout) == bool(status)
        result = cli("selfcheck", "--json")
        assert result.exit_code == status
        assert json.loads(result.stdout)[0]["ok"] == (status == 0)
    assert seen[:2] == [(50, 3), (1000, 0)]
    assert cli("selfcheck", "--runs", "nosuch").exit_code == 2


@pytest.mark.simulation
def test_a_verdict_that_credits_frequency_with_what_length_does_is_out_of_bounds(monkeypatch):
    """Taking the placebo as proof enough credits frequency in every run of a world in which only length works."""
    monkeypatch.setattr(facts, "_dose", lambda have, main: {"has_slope": True, "graded": True})
    (found,) = selfcheck.selfcheck(20, worlds=[named("length only, beside a placebo")])
    assert (found.check, found.low, found.ok) == ("frequency: credited by the verdict", 0.0, False)
