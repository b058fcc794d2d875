"""Conditional logistic regression of binary outcomes: against R, planted effects, and when there is no slope."""

import numpy as np
import pandas as pd
import pytest
from golden_tables import R, golden_answers

from freqbias.analysis import estimate, frame
from freqbias.analysis.design.simulate import World, simulate
from freqbias.analysis.estimate.logistic import conditional_logit, logit_rows
from freqbias.analysis.report.verdict import verdicts

GOLDEN = R["logit"]
ANSWERS = World(items=200, effect=-0.9, per_zipf=0.5, zipf_spread=0.6, discordant=0.5)


def test_against_r():
    """Logistic regression with clustered errors to six digits; a mixed model of all answers estimates the same, within 1.5 of them."""
    table = golden_answers()
    assert len(table) == GOLDEN["n_pairs"]
    fit = conditional_logit(table, ["zipf_gap", "characters_gap"])
    for place, name in enumerate(("zipf_gap", "characters_gap")):
        assert (fit[name].value, fit[name].std_error) == pytest.approx(tuple(GOLDEN[name]), rel=1e-6)
        assert fit[name].value == pytest.approx(GOLDEN["glmer"][place], abs=1.5 * fit[name].std_error)


def analysed(world, seed):
    run = simulate(world, np.random.default_rng(seed))
    estimates = estimate(frame(run.observations), run.pairs, resamples=99, curve=False)
    (verdict,) = verdicts(estimates)
    return {row.term: row for row in estimates if row.arm == "frequency"}, verdict


def test_planted_log_odds_come_back_and_the_verdict_tells_both_counts():
    """Coverage is the self-check's; here the mean of six runs lies within 99.9 % of its own error."""
    slopes = []
    for seed in range(6):
        rows, verdict = analysed(ANSWERS, seed)
        slopes.append(rows["zipf_slope_logit"])
    values = [row.value for row in slopes]
    assert abs(np.mean(values) - 0.5) < 3.3 * np.sqrt(np.mean([row.std_error**2 for row in slopes]) / len(slopes))
    assert "items in these frames" in slopes[0].method
    assert min(slopes[0].details[name] for name in ("high_only", "low_only")) > 50
    assert any(sentence.startswith("Answers that differ between the forms:") for sentence in verdict.findings)
    assert any("per Zipf unit" in sentence and "log-odds" in sentence for sentence in verdict.findings)


def test_gaps_that_tell_the_outcome_give_no_slope():
    table = golden_answers()
    table["gap"] = np.where(table["zipf_gap"] + 0.1 * table["characters_gap"] > 1.8, 1.0, -1.0)
    (row,) = logit_rows(table)
    assert (row.value, row.flags) == (None, ("separated",))


def test_inseparable_rivals_and_few_pairs():
    table = golden_answers().drop(columns="characters_gap")
    (row,) = logit_rows(table.assign(words_gap=table["zipf_gap"] * 2 + 0.01 * (table["item"] % 2)))
    assert (row.value, row.flags) == (None, ("inseparable",))
    assert list(logit_rows(table.head(12))) == []
    assert list(logit_rows(table.assign(gap=0.0))) == []


def test_slopes_from_few_pairs_are_flagged_and_told():
    """With 10 to 50 pairs of the rarer kind a predictor, logistic slopes lie too far from zero."""
    table = golden_answers()
    rarer = min((table["gap"] > 0).sum(), (table["gap"] < 0).sum())
    assert rarer > 100
    assert {row.flags for row in logit_rows(table)} == {()}
    few = pd.concat([table[table["gap"] > 0].head(40), table[table["gap"] < 0].head(40)])
    assert {row.flags for row in logit_rows(few)} == {("few_pairs",)}
    _, verdict = analysed(World(items=60, effect=0.0, per_zipf=0.5, zipf_spread=0.6, discordant=0.5), 1)
    assert any("tends to be overestimated" in sentence for sentence in verdict.findings)


def test_a_rival_that_one_pair_lacks_costs_that_pair():
    table = golden_answers().reset_index(drop=True)
    whole = {row.term: row for row in logit_rows(table)}
    table.loc[3, "characters_gap"] = np.nan
    part = {row.term: row for row in logit_rows(table)}
    assert part.keys() == whole.keys() == {"zipf_slope_logit", "characters_slope_logit"}
    assert part["zipf_slope_logit"].n_pairs == whole["zipf_slope_logit"].n_pairs - 1
