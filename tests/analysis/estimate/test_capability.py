"""A model that guesses or always gives one letter is refused, whatever its log-probabilities show; one that can answer is not."""

import numpy as np
import pytest
from scipy import stats

from freqbias.analysis import estimate, frame
from freqbias.analysis.estimate.capability import chance_p, limits
from freqbias.analysis.report.verdict import verdicts
from freqbias.judgement import Judgement, Judgements
from freqbias.records import Observation, Pair

PROBE = "quiz"
JUDGED = Judgements({PROBE: Judgement(measure="log_prob_nats", secondary=("accuracy",), sesoi=0.05)})


def quiz(p_right, *, items=60, chance=0.2, letter=None, together=0.5, effect=0.3, prompts=("plain", "terse"), seed=0):
    """Return pairs and rows: log p of the right answer with a graded effect of wording, and answers that are right at a rate.

    `letter` is the share of the answers that are the first letter; `together` the share of items whose answers are all one.
    """
    rng = np.random.default_rng(seed)
    pairs, rows = [], []
    for arm in ("frequency", "placebo"):
        for item in range(items):
            dose = rng.uniform(0.7, 3) if arm == "frequency" else 0.0
            all_alike, one = rng.uniform() < together, float(rng.uniform() < p_right)
            for prompt in prompts:
                name = f"{arm} {item}"
                texts = {"high": f"{name} asked usually {prompt}", "low": f"{name} asked scarcely {prompt}"}
                pair = Pair(id=f"{name} {prompt}", item=f"{arm} {item}", arm=arm, zipf_gap=dose, **texts)
                gap = effect * dose + rng.normal(0, 0.2)
                right = [one if all_alike else float(rng.uniform() < p_right) for _ in range(2)]
                letters = [0 if letter is not None and rng.uniform() < letter else int(rng.integers(1, 5)) for _ in range(2)]
                known = {
                    "pair_id": pair.id,
                    "item": pair.item,
                    "arm": arm,
                    "probe": PROBE,
                    "contrast": "gap",
                    "model": "m",
                    "prompt": prompt,
                }
                covariates = {} if chance is None else {"chance": [chance, chance], **({"answer": letters} if chance else {})}
                pairs.append(pair)
                rows.append(Observation(**known, measure="log_prob_nats", high=-2 + gap, low=-2.0))
                rows.append(Observation(**known, measure="accuracy", high=right[0], low=right[1], covariates=covariates))
    return pairs, rows


def judged(pairs, rows):
    found = estimate(frame(rows), pairs, curve=False, resamples=199, judgements=JUDGED)
    (verdict,) = verdicts(found, judgements=JUDGED)
    return {row.measure: row for row in found if (row.arm, row.contrast, row.term) == ("frequency", "gap", "mean")}, verdict


@pytest.mark.parametrize(
    ("fields", "flags", "words"),
    [
        ({"p_right": 0.2, "chance": 0.2, "letter": 0.2}, ["at_chance"], "no better than by guessing"),
        ({"p_right": 0.0, "chance": 0.0}, ["at_chance"], "next to nothing right. It got 0 of 480 answers right. Such"),
        ({"p_right": 0.2, "chance": 0.2, "letter": 0.97}, ["at_chance", "one_answer"], "one and the same letter in 9"),
        ({"p_right": 0.5, "chance": 0.2, "letter": 0.95}, ["one_answer"], "one and the same letter in 9"),
    ],
)
def test_a_model_that_cannot_answer_is_refused(fields, flags, words):
    means, verdict = judged(*quiz(**fields))
    for row in means.values():
        assert [flag for flag in row.flags if flag in ("at_chance", "one_answer")] == flags
        assert row.details["accuracy"] == pytest.approx(fields["p_right"], abs=0.08)
        assert row.details["chance"] == pytest.approx(fields["chance"])
        assert row.details["answers"] == 480
    assert means["log_prob_nats"].p_value < 0.01  # there is an effect on log p, of which nothing is said
    assert verdict.rules == ("incapable",)
    assert words in verdict.headline
    assert verdict.told.answers[0].said == "cannot be measured"
    assert not verdict.credits


@pytest.mark.parametrize(
    "fields",
    [
        {"p_right": 0.5, "chance": 0.2, "letter": 0.2},
        {"p_right": 0.3, "chance": 0.0},
        {"p_right": 0.2, "chance": None},  # nothing is said of guessing, so nothing is refused
        {"p_right": 0.95, "chance": 0.2, "letter": 0.95},  # the right answer is mostly the first
    ],
)
def test_a_model_that_can_is_not(fields):
    means, verdict = judged(*quiz(**fields))
    assert not [flag for row in means.values() for flag in row.flags if flag in ("at_chance", "one_answer", "at_limit")]
    assert verdict.rules[0] != "incapable"
    assert verdict.credits


def test_a_ceiling_of_accuracy_leaves_log_probabilities_as_they_are():
    means, verdict = judged(*quiz(1.0, items=120, letter=0.2))
    assert "at_limit" in means["accuracy"].flags
    assert means["accuracy"].details["ceiling_share"] == 1.0
    assert "at_limit" not in means["log_prob_nats"].flags
    assert verdict.credits
    few, _ = judged(*quiz(1.0, items=20, letter=0.2))
    assert "at_limit" not in few["accuracy"].flags  # forty items all right do not show that over 98 % would be


def test_only_what_the_verdict_rests_on_is_flagged():
    pairs, rows = quiz(0.2, letter=0.2)
    margins = [row.replace(measure="margin_nats") for row in rows if row.measure == "log_prob_nats"]
    known = Judgements({PROBE: Judgement(measure="log_prob_nats", secondary=("accuracy", "margin_nats"), sesoi=0.05)})
    found = estimate(frame([*rows, *margins]), pairs, curve=False, resamples=99, judgements=known)
    flagged = {(row.measure, row.arm, row.term) for row in found if "at_chance" in row.flags}
    assert flagged == {("log_prob_nats", "frequency", "mean"), ("accuracy", "frequency", "mean")}


@pytest.mark.parametrize(("chance", "together"), [(0.2, 0.0), (0.2, 1.0), (0.25, 0.5), (0.5, 0.5)])
def test_guessing_passes_in_one_run_of_twenty_at_most(chance, together):
    """With 40 items of four answers, independent or all alike: within the 99.9 % binomial limit of 5 % over 4,000 runs."""
    rng = np.random.default_rng(11)
    runs, items = 4000, 40
    alike = rng.uniform(size=(runs, items)) < together
    each = (rng.uniform(size=(runs, items, 4)) < chance).mean(axis=2)
    one = (rng.uniform(size=(runs, items)) < chance).astype(float)
    passed = sum(chance_p(np.where(a, o, e), np.full(items, chance)) < 0.05 for a, o, e in zip(alike, one, each, strict=True))
    assert passed <= stats.binom.ppf(0.999, runs, 0.05)


def test_a_model_above_chance_passes():
    rng = np.random.default_rng(12)
    passed = [chance_p((rng.uniform(size=(100, 2)) < 0.4).mean(axis=1), np.full(100, 0.2)) < 0.05 for _ in range(200)]
    assert np.mean(passed) > 0.99
    assert chance_p(np.ones(3), np.full(3, 0.2)) == pytest.approx(0.008)
    assert chance_p(np.ones(1), np.full(1, 0.2)) == 0.2
    assert chance_p(np.zeros(9), np.full(9, 0.2)) == 1.0


def test_limits_are_those_of_clopper_and_pearson():
    assert limits(np.zeros(60)) == (0.0, pytest.approx(1 - 0.05 ** (1 / 60)))
    assert limits(np.ones(149)) == (pytest.approx(0.05 ** (1 / 149)), 1.0)
    low, high = limits(np.array([1.0] * 7 + [0.0] * 13))
    assert stats.binom.sf(6, 20, low) == pytest.approx(0.05)
    assert stats.binom.cdf(7, 20, high) == pytest.approx(0.05)


def test_answers_that_cannot_be_read_are_not_right_and_are_counted():
    pairs, rows = quiz(0.9, chance=0.0)
    (flags, whole) = (judged(pairs, rows)[0]["log_prob_nats"].flags, judged(pairs, rows)[1])
    assert "at_chance" not in flags
    assert "could not be read" not in whole.headline
    failed = {"high": None, "low": None, "error": "the answer cannot be read: no JSON"}
    none = [row.replace(**failed) if row.measure == "accuracy" else row for row in rows]
    found, verdict = judged(pairs, none)
    assert "at_chance" in found["log_prob_nats"].flags
    assert (
        "it gets next to nothing right. It got 0 of 480 answers right. In 240 of 240 pairs an answer could not be read"
        in verdict.headline
    )
    few = [row.replace(**failed) if row.measure == "accuracy" and n % 20 == 1 else row for n, row in enumerate(rows)]
    found, verdict = judged(pairs, few)
    assert "at_chance" not in found["log_prob_nats"].flags
    assert "In 24 of 240 pairs an answer could not be read, which counts as not right" in " ".join(verdict.findings)
