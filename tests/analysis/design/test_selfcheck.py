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
from freqbias.analysis.design.simulate import PIECES_SPREAD, simulate
from freqbias.analysis.design.world import ZIPF_MEAN, World
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
@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.name)
def test_every_world_is_within_bounds_in_a_small_version(scenario):
    checks = selfcheck.selfcheck(20, worlds=[scenario])
    assert [row.to_dict() for row in checks if not row.ok] == []
    assert len(checks) == len(scenario.rules)


def test_worlds_and_what_they_are_held_to_have_names_of_their_own():
    every = scenarios()
    assert len({scenario.name for scenario in every}) == len(every)
    for scenario in every:
        names = [rule.name for rule in scenario.rules]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("world", "check", "limits"),
    [
        ("through subwords only", "verdict: goes with frequency, unqualified", (0, 0.05)),
        ("constant advantage, graded through subwords only", "verdict: goes with frequency, unqualified", (0, 0.05)),
        ("graded, and pieces do nothing", "verdict: headline is splitting", (0, 0.05)),
        ("register by markedness", "verdict: headline names a confounder, register", (0.80, 1)),
        ("register by markedness", "verdict: goes with frequency", (0, 0.05)),
        ("constant advantage, 80 items", "verdict: goes with frequency", (0, 0.05)),
        ("constant advantage, 300 items", "verdict: goes with frequency", (0, 0.05)),
        ("constant advantage, 300 items", "verdict: headline is not graded", (0.80, 1)),
        ("positive mean, negative dose", "verdict: goes with frequency, unqualified", (0, 0.02)),
        ("noise grows away from the mean dose", "frequency within_slope_robust: coverage", (0.93, 0.97)),
        ("dose differs by frame, 8 frames", "frequency within_slope_robust: coverage", (0.93, 0.97)),
        ("dose differs by frame, 12 frames", "frequency zipf_slope_robust: coverage", (0.93, 0.97)),
        ("three frames, nothing on average", "verdict: goes with frequency", (0, 0.07)),
        ("plus and minus in two halves", "verdict: headline is no difference", (0, 0.02)),
        ("effect beyond a threshold", "verdict: headline is no difference", (0, 0.05)),
        ("placebo whose parts cancel", "placebo equivalence: equivalent", (0, 0.20)),
        ("12 models, any swap", "verdict: goes with frequency", (0, 0.05)),
        ("the largest gaps fail", "verdict: headline says failures", (0.95, 1)),
        ("the rarest words fail", "verdict: headline says failures", (0.95, 1)),
        ("graded, at the power of .8", "verdict: goes with frequency", (0.75, 0.90)),
        ("length only, beside a placebo", "verdict: goes with frequency", (0, 0.05)),
    ],
)
def test_limits_are_those_that_were_set_before_the_first_run(world, check, limits):
    (rule,) = [rule for rule in named(world).rules if rule.name == check]
    assert rule.between == limits
    for share in np.linspace(0, 1, 101):
        hits = round(share * selfcheck.RUNS)
        outcomes = np.repeat([1.0, 0.0], [hits, selfcheck.RUNS - hits])
        assert selfcheck._judged(world, rule, outcomes).ok == (limits[0] <= hits / selfcheck.RUNS <= limits[1])


def test_fewer_runs_leave_limits_the_room_that_chance_needs():
    (rule,) = named("constant advantage, 80 items").rules
    for runs, hits, ok in ((20, 4, True), (20, 6, False), (100, 13, True), (100, 16, False)):
        assert selfcheck._judged("w", rule, np.array([1.0] * hits + [0.0] * (runs - hits))).ok == ok


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
            seen.append((runs, seed, options["workers"]))
            return [found]

        monkeypatch.setattr(selfcheck, "selfcheck", answer)
        shown = cli("selfcheck", "--runs", "50", "--seed", "3", "--workers", "2")
        assert shown.exit_code == status
        assert ("OUT OF BOUNDS" in shown.stdout) == bool(status)
        result = cli("selfcheck", "--json")
        assert result.exit_code == status
        assert json.loads(result.stdout)[0]["ok"] == (status == 0)
    assert seen[0] == (50, 3, 2)
    assert seen[1][:2] == (1000, 0)
    assert cli("selfcheck", "--workers", "0").exit_code == 2
    assert cli("selfcheck", "--runs", "nosuch").exit_code == 2


@pytest.mark.simulation
def test_a_verdict_that_credits_frequency_with_what_length_does_is_out_of_bounds(monkeypatch):
    """Taking the placebo as proof enough credits frequency in every run of a world in which only length works."""
    monkeypatch.setattr(facts, "_dose", lambda have, main: {"has_slope": True, "graded": True})
    (found,) = selfcheck.selfcheck(20, worlds=[named("length only, beside a placebo")])
    assert (found.check, found.low, found.ok) == ("verdict: goes with frequency", 0.0, False)


@pytest.mark.simulation
@pytest.mark.parametrize(
    ("world", "part", "wrong"),
    [
        ("constant advantage, 80 items", "_dose", {"has_slope": True, "graded": True}),
        ("through subwords only", "_splitting", {"whole_known": True, "whole_there": True, "graded_beside_split": True}),
        ("graded, and pieces do nothing", "_splitting", {"whole_known": True, "whole_smaller": True, "split_adds": True}),
        ("plus and minus in two halves", "_items", {"even": True}),
    ],
)
def test_a_verdict_that_does_not_look_is_out_of_bounds(monkeypatch, world, part, wrong):
    """Each world holds a fact that its headline needs: with that fact made up the check fails."""
    monkeypatch.setattr(facts, part, lambda lookup, main: wrong)
    if part == "_items":  # frames differ as well
        monkeypatch.setattr(facts.Facts, "not_nothing", property(lambda self: False))
    found = selfcheck.selfcheck(20, worlds=[named(world)])
    assert not selfcheck.all_ok(found)
