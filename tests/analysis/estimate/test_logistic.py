"""Conditional logistic regression of binary outcomes: against R, planted effects, and when there is no slope."""

import numpy as np
import pandas as pd
import pytest
from golden_tables import R, golden_answers
from scipy import stats

from freqbias.analysis import estimate, frame
from freqbias.analysis.design.simulate import World, simulate
from freqbias.analysis.estimate.logistic import conditional_logit, logit_rows
from freqbias.analysis.report.verdict import verdicts
from freqbias.judgement import Judgement, Judgements
from freqbias.records import Observation, Pair

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
    assert any(sentence.startswith("Pairs that are right in the frequent form only:") for sentence in verdict.findings)
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


CSQA = {(1, 0): 64, (0, 1): 51, (1, 1): 300, (0, 0): 160}  # 575 questions; which of the agreeing ones are right plays no part
TASK = Judgements({"quiz": Judgement(measure="log_prob_nats", secondary=("accuracy",), sesoi=0.1)})


def quiz(prompts=(None,), half_turned=False):
    """Return estimates and the verdict of 575 items, each once a prompt, judged by log p with accuracy beside it."""
    rng = np.random.default_rng(3)
    pairs, rows = [], []
    for item, sides in enumerate(side for side, count in CSQA.items() for _ in range(count)):
        for place, prompt in enumerate(prompts):
            high, low = sides[::-1] if half_turned and place % 2 else sides
            pair = Pair(
                id=f"{item} {prompt}", item=f"i{item}", high=f"usual {item} {prompt}", low=f"scarce {item} {prompt}", zipf_gap=1.5
            )
            known = {"pair_id": pair.id, "item": pair.item, "probe": "quiz", "contrast": "gap", "model": "m", "prompt": prompt}
            pairs.append(pair)
            rows.append(Observation(**known, measure="log_prob_nats", high=rng.normal(-2, 0.1), low=-2.0))
            rows.append(Observation(**known, measure="accuracy", high=float(high), low=float(low)))
    found = estimate(frame(rows), pairs, curve=False, resamples=999, judgements=TASK)
    (verdict,) = verdicts(found, judgements=TASK)
    by_term = {row.term: row for row in found if (row.arm, row.measure) == ("frequency", "accuracy")}
    (line,) = [sentence for sentence in verdict.findings if sentence.startswith("Pairs that are right")]
    return by_term, line


def test_both_counts_and_the_exact_mcnemar_test_of_one_pair_an_item():
    """64 and 51 of 575, as of a published comparison; the test with continuity correction gives .263 as well, without one .225."""
    found, line = quiz()
    counts = found["discordant"]
    assert counts.details == {"high_only": 64, "low_only": 51}
    assert (counts.n_pairs, counts.n_items, counts.method) == (575, 575, "exact McNemar")
    assert counts.p_value == pytest.approx(stats.binomtest(51, 115).pvalue) == pytest.approx(0.263, abs=0.0005)
    assert stats.chi2.sf((64 - 51 - 1) ** 2 / 115, 1) == pytest.approx(0.263, abs=0.0005)
    assert found["mean"].value == pytest.approx(13 / 575)
    assert "right in the frequent form only: 64; in the rare form only: 51. The exact McNemar test gives adjusted p = " in line


def test_pairs_that_share_an_item_have_no_mcnemar_test():
    """Every item in four prompts, with the same answers: four times the counts, and no more evidence than once."""
    once, _ = quiz()
    found, line = quiz(("a", "b", "c", "d"))
    assert found["discordant"].details == {"high_only": 256, "low_only": 204}
    assert found["discordant"].p_value is None
    assert (found["discordant"].n_pairs, found["mean"].n_items) == (2300, 575)
    assert found["mean"].p_value == pytest.approx(once["mean"].p_value, abs=0.05)
    assert found["mean"].p_value == pytest.approx(0.263, abs=0.05)
    assert stats.binomtest(204, 460).pvalue < 0.02  # what McNemar on pairs would have said
    assert "right in the frequent form only: 256; in the rare form only: 204. Items have several pairs each" in line


def test_answers_that_turn_with_the_prompt_count_on_both_sides():
    found, line = quiz(("a", "b"), half_turned=True)
    assert found["discordant"].details == {"high_only": 115, "low_only": 115}
    assert found["mean"].value == 0
    assert "right in the frequent form only: 115; in the rare form only: 115" in line
