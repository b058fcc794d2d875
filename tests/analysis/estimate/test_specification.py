"""The specification curve: the list, each choice against an independent computation, planted confounding, and the figure."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from simulation import simulate

from freqbias.analysis import estimate, frame
from freqbias.analysis.estimate import specification
from freqbias.analysis.estimate.specification import SPECIFICATIONS, adjusted_item_mean, specification_effects
from freqbias.analysis.estimate.specification import specification_curve as curve_of
from freqbias.analysis.figures.specification_curve import specification_curve
from freqbias.analysis.figures.svg import Subject
from freqbias.analysis.stats.mixed import crossed
from freqbias.analysis.table.contrasts import pair_table
from freqbias.judgement import Judgement, Judgements
from freqbias.records import Estimate, Pair

EFFECT, LENGTH_SLOPE = 0.04, -0.01


def planted(seed=1, items=120, frames=2, outliers=0):
    """Return pair rows: effect .04, a length gap of mean -3 that adds .03, frequency measured well and badly, no effect of fkgl."""
    rng = np.random.default_rng(seed)
    item = np.repeat(np.arange(items), frames)
    zipf = np.repeat(rng.uniform(1, 2.6, items), frames)
    length = np.repeat(rng.uniform(-4.5, -1.5, items), frames)
    own = np.repeat(rng.uniform(-0.03, 0.03, items), frames)  # bounded, so that no item lies outside 3 MAD by itself
    own[: outliers * frames] += 1.0
    gap = EFFECT + 0.01 * (zipf - zipf.mean()) + LENGTH_SLOPE * length + own + rng.normal(0, 0.01, len(item))
    return pd.DataFrame(
        {
            "item": item.astype(str),
            "frame": rng.integers(0, 8, len(item)).astype(str),
            "gap": gap,
            "zipf_gap": zipf,
            "content_zipf_gap": zipf / 5 + rng.normal(0, 0.05, len(item)),
            "sense_zipf_gap": zipf - 0.1,
            "words_gap": length,
            "characters_gap": 6 * length,
            "fkgl_gap": rng.normal(0, 1, len(item)),
        }
    )


def by_number(rows):
    return {effect.specification.number: effect for effect in specification_effects(rows)}


def number(**wanted):
    (spec,) = [spec for spec in SPECIFICATIONS if all(getattr(spec, name) == value for name, value in wanted.items())]
    return spec.number


PLAIN = {"frequency": "swapped words", "covariates": "none", "aggregation": "item means", "outliers": "all items"}


def test_list_is_short_numbered_and_without_repeats():
    assert len(SPECIFICATIONS) < 50
    assert [spec.number for spec in SPECIFICATIONS] == list(range(1, len(SPECIFICATIONS) + 1))
    assert len({tuple(spec.choices.items()) for spec in SPECIFICATIONS}) == len(SPECIFICATIONS)
    assert SPECIFICATIONS[0].choices == PLAIN


def test_first_specification_is_the_confirmatory_estimate():
    rows = planted()
    items = rows.groupby("item")["gap"].mean()
    first = by_number(rows)[1]
    assert first.value == pytest.approx(items.mean())
    assert first.std_error == pytest.approx(items.std() / np.sqrt(len(items)), rel=0.05)


def test_item_means_are_statsmodels_ols_with_hc3():
    rows = planted()
    effect = by_number(rows)[number(**PLAIN | {"covariates": "length"})]
    assert effect.predictors == ("zipf_gap", "words_gap")
    table = rows.groupby("item")[["gap", "zipf_gap", "words_gap"]].mean()
    design = sm.add_constant(pd.DataFrame({"zipf": table["zipf_gap"] - table["zipf_gap"].mean(), "words": table["words_gap"]}))
    fit = sm.OLS(table["gap"], design).fit(cov_type="HC3", use_t=True)
    assert effect.value == pytest.approx(fit.params["const"])
    assert effect.std_error == pytest.approx(fit.bse["const"])
    assert (effect.low, effect.high) == pytest.approx(tuple(fit.conf_int().loc["const"]))


def test_slopes_are_per_standard_deviation_of_their_own_measure():
    rows = planted()
    curve = curve_of(rows)
    slopes = {effect.specification.number: effect for effect in curve.slopes}
    effect = slopes[number(**PLAIN | {"covariates": "length"})]
    table = rows.groupby("item")[["gap", "zipf_gap", "words_gap"]].mean()
    spread = table["zipf_gap"].std()
    fit = sm.OLS(table["gap"], sm.add_constant(table[["zipf_gap", "words_gap"]])).fit(cov_type="HC3", use_t=True)
    assert effect.value == pytest.approx(fit.params["zipf_gap"] * spread)
    assert (effect.low, effect.high) == pytest.approx(tuple(fit.conf_int().loc["zipf_gap"] * spread))
    mixed = slopes[number(**PLAIN | {"covariates": "length", "aggregation": "pairs, mixed model"})]
    assert mixed.value == pytest.approx(crossed(rows, "gap", ["zipf_gap", "words_gap"]).slopes["zipf_gap"].value * spread)
    assert len(slopes) == 2 * 3 * 3  # unlike the mean, a slope hangs on how frequency is measured, with or without a rival
    assert len(curve.slope_samples) == len(slopes) / 2
    assert {len(sample.y) for sample in curve.slope_samples} == {120}


def test_pairs_are_the_mixed_model():
    rows = planted()
    effect = by_number(rows)[number(**PLAIN | {"covariates": "length", "aggregation": "pairs, mixed model"})]
    fit = crossed(rows, "gap", ["zipf_gap", "words_gap"])
    assert (effect.value, effect.std_error) == (fit.adjusted.value, fit.adjusted.std_error)
    assert "random item and frame" in effect.method


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_length_is_taken_out_by_every_specification_that_holds_it(seed):
    for effect in specification_effects(planted(seed)):
        truth = EFFECT if "words_gap" in effect.predictors else EFFECT + LENGTH_SLOPE * -3
        assert effect.value == pytest.approx(truth, abs=4 * effect.std_error)
        assert effect.low > 0
    assert {len(effect.predictors) for effect in specification_effects(planted(seed))} == {1, 2, 3}


def test_choices_that_come_to_the_same_are_counted_once():
    rows = planted()
    made = by_number(rows)
    assert not any("fit of the gloss" in effect.specification.covariates for effect in made.values())  # no such covariates here
    assert {effect.specification.outliers for effect in made.values()} == {"all items"}
    assert len(made) == 2 * (3 + 2 + 2)  # without a rival the mean is the mean, however frequency is measured
    without = by_number(rows.drop(columns=["sense_zipf_gap", "fkgl_gap"]))
    assert len(without) == 2 * (2 + 1)
    assert {effect.specification.frequency for effect in without.values()} == {"swapped words", "all content words"}


def test_outliers_are_dropped_by_one_rule_alone():
    made = by_number(planted(outliers=2))
    kept, dropped = made[1], made[number(**PLAIN | {"outliers": "within 3 MAD"})]
    assert (kept.n_items, dropped.n_items, dropped.n_pairs) == (120, 118, 236)
    assert dropped.value == pytest.approx(by_number(planted().query("item not in ['0', '1']"))[1].value)
    assert kept.std_error > 3 * dropped.std_error


def test_missing_frequency_and_few_items():
    rows = planted()
    rows.loc[rows["item"] == "5", "content_zipf_gap"] = np.nan
    assert by_number(rows)[number(**PLAIN | {"frequency": "all content words"})].n_items == 119
    assert specification_effects(planted(items=6)) == []
    assert specification_effects(rows.assign(zipf_gap=1.0, content_zipf_gap=np.nan, sense_zipf_gap=np.nan)) == []


def test_frequency_that_cannot_be_separated_gives_no_adjusted_effect():
    rows = planted()
    made = by_number(rows.assign(words_gap=-2 * rows["zipf_gap"] + 0.01 * rows["fkgl_gap"]))
    own = [effect.predictors for effect in made.values() if effect.specification.frequency == "swapped words"]
    assert own == [("zipf_gap",)] * 2


def test_coverage_with_unequal_variances():
    rng = np.random.default_rng(22)
    runs, hits = 400, 0
    for _ in range(runs):
        zipf, length = rng.normal(2, 0.5, 40), rng.normal(-1, 1, 40)
        gap = EFFECT + LENGTH_SLOPE * length + rng.normal(0, 0.02 * (1 + np.abs(length)))
        table = pd.DataFrame({"gap": gap, "zipf_gap": zipf, "words_gap": length})
        value, error, df = adjusted_item_mean(table, "gap", ["zipf_gap", "words_gap"])
        hits += abs(value - EFFECT) <= stats.t.ppf(0.975, df) * error
    low, high = stats.binom.ppf([0.0005, 0.9995], runs, 0.95)
    assert low <= hits <= high


def test_an_item_that_alone_determines_a_slope_gives_no_interval():
    table = pd.DataFrame({"gap": np.arange(12.0), "zipf_gap": np.arange(12.0) ** 2, "words_gap": [1.0] + [0.0] * 11})
    assert adjusted_item_mean(table, "gap", ["zipf_gap", "words_gap"])[1] == np.inf


def test_measures_of_frequency_of_a_pair():
    shared = {"item": "x", "high": "The car stopped.", "low": "The jalopy stopped.", "zipf_gap": 2.0}
    table = pair_table(
        [
            Pair(id="1", **shared, covariates={"sense_share": [0.9, 0.09]}),
            Pair(id="2", **shared, covariates={"sense_share": [0.9, 0.0]}),
            Pair(id="3", **shared),
        ]
    )
    assert table.loc["1", "sense_zipf_gap"] == pytest.approx(3.0)
    assert table.loc[["2", "3"], "sense_zipf_gap"].isna().all()
    assert (table["content_zipf_gap"] > 0.5).all()


@pytest.fixture(scope="module")
def analysed():
    pairs, rows = simulate(np.random.default_rng(3), {"frequency": 0.05, "placebo": 0.0})
    return estimate(frame(rows), pairs, seed=0)


def specs(estimates):
    return [row for row in estimates if row.term.startswith("spec:")]


def test_estimates_carry_their_choices_and_enter_no_family(analysed):
    rows = specs(analysed)
    assert len(rows) == 6
    for row in rows:
        row.check()
        assert (row.arm, row.contrast, row.p_value, row.p_adjusted, row.family) == ("frequency", "gloss", None, None, None)
        spec = SPECIFICATIONS[int(row.term.partition(":")[2]) - 1]
        assert row.details == spec.choices
    (main,) = [row for row in analysed if (row.contrast, row.arm, row.term) == ("gloss", "frequency", "mean")]
    assert next(row.value for row in rows if row.term == "spec:1") == pytest.approx(main.value)


SUBJECT = Subject(model="m", probe="similarity", measure="cosine", key="m-similarity", judgement=Judgements()["similarity"])


def test_figure(analysed):
    chart = specification_curve(SUBJECT, analysed)
    svg = chart.svg
    assert len(chart.data) == len(specs(analysed))
    rows = specs(analysed)
    values = sorted(row.value for row in rows)
    assert f"{len(rows)} specifications, {values[0]:.3g} to {values[-1]:.3g}; {len(rows)} intervals exclude zero" in svg
    texts = re.findall(r">([^<>]+)</text>", svg)
    made = {f"{factor}: {level}" for row in rows for factor, level in row.details.items()}
    assert made <= set(texts)
    assert len(made) >= 5
    assert not any("intended sense" in text for text in texts)  # these pairs have no sense shares
    assert svg == specification_curve(SUBJECT, analysed[::-1]).svg


def test_slopes_have_a_figure_of_their_own_with_their_joint_test(analysed):
    chart = specification_curve(SUBJECT, analysed, "spec_slope")
    rows = [row for row in analysed if row.term.startswith("spec_slope:")]
    assert sorted(chart.data["value"]) == sorted(row.value for row in rows)
    assert chart.name == "slope-curve-m-similarity"
    (joint,) = [row.p_value for row in analysed if row.term == "spec_slope_joint" and row.contrast == "gloss"]
    assert f"Joint test of those by item means: p = {joint:.2g}." in chart.caption
    assert "verdict" not in chart.caption  # which rests on the regression of both arms


def test_no_figure_without_specifications(analysed):
    assert specification_curve(replace(SUBJECT, model="other"), analysed) is None
    others = [row for row in analysed if not row.term.startswith("spec:")]
    assert specification_curve(SUBJECT, others) is None


def test_figure_says_how_many_intervals_exclude_zero():
    def row(k, value, half):
        key = {"model": "<m>", "probe": "p", "measure": "cosine", "contrast": "gap", "arm": "frequency"}
        spec = SPECIFICATIONS[k]
        return Estimate(
            **key, term=f"spec:{k + 1}", value=value, ci_low=value - half, ci_high=value + half, method="t", details=spec.choices
        )

    subject = Subject(model="<m>", probe="p", measure="cosine", key="m-p", judgement=Judgement())
    svg = specification_curve(subject, [row(0, 0.2, 0.1), row(1, -0.1, 0.2), row(2, 0.1, 0.2)]).svg
    assert 'aria-label="Specification curve of &lt;m>, p, effect: 3 specifications, -0.1 to 0.2; 1 intervals exclude zero"' in svg


def test_very_many_pairs_are_represented_by_a_part_of_the_items(monkeypatch):
    monkeypatch.setattr(specification, "MAX_PAIRS", 60)
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"item": [f"i{k // 2}" for k in range(240)], "frame": None, "zipf_gap": rng.uniform(1, 3, 240)})
    rows["gap"] = 0.02 * rows["zipf_gap"] + rng.normal(0, 0.01, 240)
    effects = specification.specification_effects(rows)
    assert {effect.n_items for effect in effects if effect.specification.outliers == "all items"} == {30}
    assert all("a random 30 of 120 items" in effect.method for effect in effects)
    again = specification.specification_effects(rows.sample(frac=1, random_state=1))
    assert [effect.value for effect in again] == pytest.approx([effect.value for effect in effects], abs=1e-5)
