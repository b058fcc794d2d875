"""The dose of frequency: what the two-arm regression recovers, what it must not credit, and a frequency that is measured with error."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from freqbias.analysis import estimate, frame
from freqbias.analysis.design.simulate import World, simulate
from freqbias.analysis.estimate.calibration import calibration_rows
from freqbias.analysis.estimate.predictors import OWN
from freqbias.analysis.estimate.rivals import rival_rows, robustness
from freqbias.analysis.stats.mixed import Coefficient, crossed, robust, through_zero

SLOPE = 0.03


def arm(rng, items, frequency, frames=1, error=0.0, **planted):
    """Return pairs of one arm: gap = dose * `SLOPE` + `constant` + `square` * (dose - 1.8)² - .01 * characters, item, residual."""
    name = "frequency" if frequency else "placebo"
    item, place = np.repeat(np.arange(items), frames), np.tile(np.arange(frames), items)
    dose = np.repeat(1.8 + 0.6 * rng.normal(size=items) if frequency else rng.uniform(-0.1, 0.1, items), frames)
    longer = np.repeat(rng.integers(-4, 5, items) - (2 if frequency else 0), frames).astype(float)
    gap = planted.get("slope", SLOPE) * dose - 0.01 * longer + planted.get("noise", 0.02) * rng.normal(size=len(item))
    gap += np.repeat(0.02 * rng.normal(size=items), frames)
    if frequency:
        gap += planted.get("constant", 0.0) + planted.get("square", 0.0) * (dose - 1.8) ** 2
    source = dose + np.repeat(error * rng.normal(size=items), frames)
    seen = dose + np.repeat(error * rng.normal(size=items), frames)
    return pd.DataFrame(
        {
            "item": [f"{name}{i}" for i in item],
            "frame": place.astype(str),
            "gap": gap,
            "zipf_gap": seen,
            "characters_gap": longer,
            "zipf:subtlex_gap": source,
            "level_high": 4.2 + 0.4 * np.repeat(rng.normal(size=items), frames),
        }
    ).assign(level_low=lambda rows: rows["level_high"] - rows["zipf_gap"])


def told(rows, placebo=None):
    return {row.term: row for row in rival_rows(rows, placebo)}


def both(seed, items=120, placebo=80, **planted):
    rng = np.random.default_rng(seed)
    return told(arm(rng, items, True, **planted), arm(rng, placebo, False, **planted) if placebo else None)


def covers(row, value):
    return row.low <= value <= row.high


@pytest.mark.parametrize("placebo", [0, 80])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_graded_effect_has_one_slope_by_every_way(seed, placebo):
    rows = both(seed, placebo=placebo)
    for term in ("zipf_slope", "zipf_slope_robust", "within_slope", "within_slope_robust", "zipf_high_slope"):
        assert rows[term].value == pytest.approx(SLOPE, abs=0.02), term
        assert rows[term].p_value < 0.05
    assert rows["zipf_low_slope"].value == pytest.approx(-SLOPE, abs=0.02)
    assert covers(rows["intercept"], 0.0)
    assert rows["lack_of_fit"].p_value > 0.01
    if placebo:
        assert "without intercept" in rows["zipf_slope"].method
        assert "80 placebo pairs" in rows["zipf_slope"].method
        assert rows["zipf_slope"].std_error < 0.6 * rows["within_slope"].std_error  # a line through zero is held by its far end
    else:
        assert rows["zipf_slope"].value == rows["within_slope"].value


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_constant_advantage_passes_through_zero_and_not_within(seed):
    """Whatever is called high gains .08, whatever its dose: the line through zero has a slope, the arm itself has none."""
    rows = both(seed, slope=0.0, constant=0.08)
    assert rows["zipf_slope"].p_value < 0.001
    assert covers(rows["within_slope"], 0.0)
    assert covers(rows["within_slope_robust"], 0.0)
    assert covers(rows["intercept"], 0.08)
    assert abs(rows["part:frequency"].value) < abs(rows["part:rest"].value)


def test_parts_add_up_to_the_mean_gap_of_the_frequency_arm():
    rng = np.random.default_rng(4)
    rows, placebo = arm(rng, 120, True), arm(rng, 80, False)
    found = told(rows, placebo)
    assert sum(row.value for term, row in found.items() if term.startswith("part:")) == pytest.approx(rows["gap"].mean(), abs=1e-9)
    assert found["zipf_slope"].n_pairs == 120


def test_a_curved_dose_is_seen():
    assert both(5, square=0.06)["lack_of_fit"].p_value < 0.001


def test_few_placebo_items_and_placebos_without_the_rivals_are_left_out():
    rng = np.random.default_rng(6)
    rows, few, bare = arm(rng, 120, True), arm(rng, 4, False), arm(rng, 60, False)
    alone = told(rows)["zipf_slope"].value
    assert told(rows, few)["zipf_slope"].value == alone
    assert told(rows, bare.assign(characters_gap=np.nan))["zipf_slope"].value == alone
    assert told(rows, bare.drop(columns="characters_gap"))["zipf_slope"].value == alone


def test_a_quiet_placebo_does_not_lend_its_noise():
    """Pooled noise would make the frequency arm's own slope look better known than it is."""
    rng = np.random.default_rng(7)
    rows, quiet = arm(rng, 60, True, noise=0.08), arm(rng, 200, False, noise=0.001)
    table = pd.concat([rows.assign(**{OWN: True}), quiet.assign(**{OWN: False})])
    names = ["zipf_gap"]
    with_placebo, alone = crossed(table, "gap", names, own=OWN), crossed(rows, "gap", names)
    assert with_placebo.slopes["zipf_gap"].std_error == pytest.approx(alone.slopes["zipf_gap"].std_error, rel=0.15)
    assert through_zero(table, "gap", names, OWN).others == 200


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_error_in_the_frequency_attenuates_and_instruments_undo_it(seed):
    """An error of .45 Zipf beside a spread of .6 leaves two thirds of the slope."""
    rows = both(seed, items=1200, placebo=0, error=0.45)
    attenuated = SLOPE * 0.36 / (0.36 + 0.45**2)
    assert covers(rows["zipf_slope"], attenuated)
    assert not covers(rows["zipf_slope"], SLOPE)
    for term in ("zipf_slope_iv:subtlex", "zipf_slope_iv:subtlex:reverse"):
        assert covers(rows[term], SLOPE)
        assert rows[term].details["reliability"] == pytest.approx(0.64, abs=0.12)
        assert rows[term].details["first_stage_f"] > 100
        assert rows[term].p_value is None


def test_without_error_the_instrument_changes_nothing():
    rows = both(4, placebo=0)
    assert rows["zipf_slope_iv:subtlex"].value == pytest.approx(rows["zipf_slope_robust"].value, rel=1e-6)


def coefficient(t, df):
    return Coefficient(name="x", value=t, std_error=1.0, low=0.0, high=0.0, df=df, p_value=0.0, n_pairs=1, n_items=1)


def test_robustness_value_of_the_published_example():
    """Cinelli & Hazlett (2020), Darfur: t 4.18 with 783 degrees of freedom gives 13.9 %, and 7.6 % for the test."""
    assert robustness(coefficient(4.18445, 783)) == pytest.approx(0.13878, abs=1e-4)
    assert robustness(coefficient(4.18445, 783), alpha=0.05) == pytest.approx(0.07626, abs=1e-4)
    assert robustness(coefficient(1.0, 783), alpha=0.05) == 0.0
    assert robustness(coefficient(0.0, 30)) == 0.0


def test_a_direct_effect_larger_than_the_total_says_so():
    rng = np.random.default_rng(8)
    rows = arm(rng, 120, True)
    pieces = rng.integers(0, 3, 120).astype(float)
    for sign in (1.0, -1.0):
        found = told(rows.assign(subwords_gap=-pieces, gap=rows["gap"] + sign * 0.03 * pieces))
        assert found["net_of_subwords"].flags == (("direct_larger",) if sign < 0 else ())
        assert 0 < found["net_of_subwords"].details["robustness_value_05"] < found["net_of_subwords"].details["robustness_value"] < 1


def claims(seed, **world):
    run = simulate(World(placebo_items=40, **world), np.random.default_rng(seed))
    found = estimate(frame(run.observations), run.pairs, curve=False, resamples=499)
    (row,) = [row for row in found if row.term == "credit"]
    return row, {(row.arm, row.term): row for row in found}


def test_the_claim_takes_the_largest_p_that_it_needs():
    row, found = claims(1, items=80, per_zipf=0.03, zipf_spread=0.6)
    needed = [found["frequency", term].p_value for term in ("mean", "within_slope", "within_slope_robust")]
    assert row.p_value == max(*needed, found["frequency-placebo", "mean"].p_value) < 0.05
    assert (row.value, row.family, row.p_adjusted) == (found["frequency", "zipf_slope"].value, "claims", row.p_value)
    assert all(found["frequency", term].family is None for term in ("within_slope", "within_slope_robust", "zipf_slope_robust"))


@pytest.mark.parametrize("world", [{"effect": 0.08}, {"effect": 0.15, "per_zipf": -0.03}, {"per_zipf": 0.03, "placebo": 0.08}])
def test_no_claim_without_each_of_its_parts(world):
    """A constant advantage, a dose that works against the mean, and a placebo that shows as much."""
    row, _ = claims(2, items=80, zipf_spread=0.6, **world)
    assert row.p_value > 0.05


def test_claims_of_a_run_are_corrected_for_their_number():
    run = simulate(World(items=80, placebo_items=40, per_zipf=0.03, zipf_spread=0.6), np.random.default_rng(3))
    null = simulate(World(items=80, placebo_items=40, zipf_spread=0.6), np.random.default_rng(3))
    rows = [*run.observations, *(row.replace(model=f"null{k}") for k in range(3) for row in null.observations)]
    found = {row.model: row for row in estimate(frame(rows), run.pairs, curve=False, resamples=999) if row.term == "credit"}
    expected = stats.false_discovery_control([found[name].p_value for name in found], method="bh")
    assert [row.p_adjusted for row in found.values()] == pytest.approx(expected)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_calibration_is_corrected_for_an_error_in_the_corpus(seed):
    """A perfect model follows the true odds; the corpus is off by .3 Zipf in every gap, and makes it look flatter."""
    rng = np.random.default_rng(seed)
    true = 1.8 + 0.6 * rng.normal(size=1500)
    rows = pd.DataFrame(
        {"item": [str(k) for k in range(1500)], "gap": np.log(10) * true + rng.normal(0, 0.2, 1500), "swapped_words": 1.0}
    )
    rows["swap_zipf_gap"] = true + 0.3 * rng.normal(size=1500)
    found = {row.term: row for row in calibration_rows(rows)}
    assert found["mean"].high < 1
    assert covers(found["corrected"], 1.0)
    assert found["corrected"].p_value > 0.01
    assert found["corrected"].details["reliability"] == pytest.approx(0.8, abs=0.03)


def uneven(rng, items, frames, grow=0.0, by_frame=0.0):
    """Return one arm whose noise grows with the dose's distance from its mean, or whose dose differs by frame."""
    rows = arm(rng, items, True, frames, noise=0.0)
    dose, place = rows["zipf_gap"], rows["frame"].astype(int)
    far = 1 + grow * (dose - 1.8).abs() / 0.6
    rows["gap"] = SLOPE * dose + np.repeat(0.02 * rng.normal(size=items), frames) * far + 0.02 * rng.normal(size=len(rows)) * far
    rows["gap"] += 0.01 * rng.normal(size=frames)[place] + by_frame * rng.normal(size=frames)[place] * dose
    return rows


@pytest.mark.simulation
@pytest.mark.parametrize(
    ("items", "frames", "world", "model_based"),
    [(80, 2, {"grow": 1.0}, False), (60, 8, {"grow": 1.0}, False), (60, 8, {"by_frame": 0.02}, True), (60, 12, {"by_frame": 0.02}, True)],
)
def test_robust_slopes_cover_where_the_models_noise_is_wrong(items, frames, world, model_based):
    """The interval of a claim's second test holds in .93 to .97 of the runs; that of the first where its model is right."""
    runs, hits, model = 400, 0, 0
    for seed in range(runs):
        rows = uneven(np.random.default_rng([seed, items, frames]), items, frames, **world)
        hits += covers(robust(rows, "gap", ["zipf_gap", "characters_gap"])[0], SLOPE)
        model += covers(crossed(rows, "gap", ["zipf_gap", "characters_gap"]).slopes["zipf_gap"], SLOPE) if model_based else 0
    low, high = stats.binom.ppf(0.001, runs, 0.93), stats.binom.ppf(0.999, runs, 0.97)
    assert low <= hits <= high
    assert not model_based or low <= model <= high


@pytest.mark.simulation
@pytest.mark.parametrize("items", [80, 300])
def test_a_constant_advantage_is_credited_in_five_of_a_hundred_runs_at_most(items):
    """Whatever is called high gains .04, at every dose; the mean and the placebo let all of it pass, the slopes within must not."""
    runs, credited = 300, 0
    names = ["zipf_gap", "characters_gap"]
    for seed in range(runs):
        rng = np.random.default_rng([seed, items])
        parts = [arm(rng, items, True, slope=0.0, constant=0.04).assign(**{OWN: True})]
        table = pd.concat([*parts, arm(rng, items // 2, False, slope=0.0).assign(**{OWN: False})])
        slopes = [crossed(table, "gap", names, own=OWN).slopes["zipf_gap"], robust(table, "gap", names, OWN)[0]]
        credited += max(slope.p_value for slope in slopes) < 0.05 and slopes[0].value > 0
    assert credited <= stats.binom.ppf(0.999, runs, 0.05)


def test_what_fixed_frames_do_to_both_arms_is_not_the_doses():
    """Two frames that add .05 to every pair: the placebo shows it, and the line through zero leaves it to them."""
    rng = np.random.default_rng(9)
    both_arms = [arm(rng, 120, True, 2, slope=0.0).assign(**{OWN: True}), arm(rng, 80, False, 2, slope=0.0).assign(**{OWN: False})]
    table = pd.concat(both_arms, ignore_index=True)
    table["gap"] += 0.05
    assert covers(through_zero(table, "gap", ["zipf_gap", "characters_gap"], OWN).slopes["zipf_gap"], 0.0)


def strata_rows(rng, *, per_zipf=0.0, only_low=0.0, both=0.0, rarer=0.8):
    """Return pairs of three strata of splitting, with levels of their own; in those with a split word frequency gaps are larger."""
    stratum = np.repeat(["whole_whole", "whole_split", "split_split"], 80)
    rows = pd.DataFrame({"item": [f"i{k}" for k in range(240)], "frame": None, "stratum": stratum})
    rows["zipf_gap"] = rng.uniform(1, 2, 240) + rarer * (stratum != "whole_whole")
    levels = pd.Series(stratum).map({"whole_whole": 0.0, "whole_split": only_low, "split_split": both})
    rows["gap"] = per_zipf * rows["zipf_gap"] + levels + rng.normal(0, 0.01, 240)
    return rows


@pytest.mark.parametrize(
    ("per_zipf", "only_low", "both"), [(0.0, 0.05, 0.05), (0.0, 0.05, 0.0), (0.0, 0.0, 0.05), (0.03, 0.05, 0.02), (0.03, 0.0, 0.0)]
)
def test_frequency_and_splitting_are_told_apart_within_strata(per_zipf, only_low, both):
    """Pairs of two split words may differ in level from whole ones, and a slope over both would take that upon itself."""
    rows = {row.term: row for row in rival_rows(strata_rows(np.random.default_rng(5), per_zipf=per_zipf, only_low=only_low, both=both))}
    for term, truth in (("split_slope", per_zipf), ("split_effect", only_low)):
        assert abs(rows[term].value - truth) < 4 * rows[term].std_error
        assert rows[term].std_error < 0.01
    assert (rows["split_slope"].low > 0) == (per_zipf > 0)
    assert (rows["split_effect"].low > 0) == (only_low > 0)


def test_splitting_is_not_held_where_no_word_is_split_or_where_it_is_not_known():
    rows = strata_rows(np.random.default_rng(5), per_zipf=0.03)
    for other in (rows.assign(stratum="whole_whole"), rows.assign(stratum=None), rows.drop(columns="stratum")):
        assert not {"split_slope", "split_effect"} & {row.term for row in rival_rows(other)}
