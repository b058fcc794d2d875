"""Probe `entailment`: what a yes to everything, a prior of the hypothesis and a real direction do to its rows and estimates."""

import re

import numpy as np
import pytest
from scipy import stats

from freqbias.analysis import estimate, frame
from freqbias.frequency import word_zipf
from freqbias.models import ModelInfo, language_model
from freqbias.paraphrases.lexicon import generate
from freqbias.probes import entailment_auc
from freqbias.probes.entailment import CONTENT_FREE, LOG_ODDS, NAME, OTHER, PROMPTS, TEMPLATES, prepare, probe, run
from freqbias.probes.entailment_auc import (
    ABOVE_CHANCE,
    AUC_NORM,
    MARGIN,
    Scored,
    auc_above_chance,
    auc_norm,
    relative_frequency,
)
from freqbias.records import Pair
from freqbias.terms import FREQUENCY, LENGTH, PLACEBO
from freqbias.testing import check_probe
from freqbias.testing.planted import noise_of, zipf_sum

NOISE = 0.1  # nats of log-odds
FOLLOWS = 2.0  # nats for what follows against what does not
PRIOR, DIRECTION = 0.2, 0.3  # nats a Zipf unit: of the hypothesis, and of the hypothesis against its premise

PAIR = Pair(
    id="1",
    item="a",
    high="Every doctor must sign.",
    low="Every physician must sign.",
    decoys={"high": "Every teacher must sign.", "low": "Every pedagogue must sign."},
)


class Judge:
    """A model whose log-odds of yes are planted; it reads premise, hypothesis and options out of any template's prompt."""

    path = None

    def __init__(self, pairs=(), *, yes=0.0, letter=0.0, prior=0.0, direction=0.0, follows=FOLLOWS, noise=NOISE):
        self.info = ModelInfo(name="judge", kind="language_model", source="memory", details={"prompt_format": "plain"})
        self._same = {frozenset((pair.high, pair.low)) for pair in pairs}
        self._yes, self._letter = yes, letter
        self._prior, self._direction, self._follows, self._noise = prior, direction, follows, noise
        self.asked = []

    def continuation_log_probs(self, contexts, continuations):
        self.asked += list(zip(contexts, continuations, strict=True))
        return np.array([self._one(context, text.strip()) for context, text in zip(contexts, continuations, strict=True)])

    def _one(self, context, label):
        premise, hypothesis, options = parsed(context)
        odds = self.odds(premise, hypothesis) + self._letter * (1 if options["A"] == "Yes" else -1)
        return -float(np.logaddexp(0, -odds if options[label] == "Yes" else odds))

    def odds(self, premise, hypothesis):
        found = self._yes + self._prior * zipf_sum(hypothesis) + self._noise * float(noise_of(f"{premise}|{hypothesis}")[0])
        if premise == CONTENT_FREE:
            return found
        found += self._direction * (zipf_sum(hypothesis) - zipf_sum(premise))
        return found + (self._follows if frozenset((premise, hypothesis)) in self._same else -self._follows)

    def log_probs(self, texts):
        return [np.array([-1.0]) for _ in texts]

    def format_prompt(self, prompt):
        return prompt

    def token_counts(self, texts):
        return [len(text.split()) for text in texts]


def parsed(context):
    """Return premise, hypothesis and what each label stands for."""
    for template in TEMPLATES.values():
        pattern = re.escape(template)
        for name in ("premise", "hypothesis", "options"):
            pattern = pattern.replace(re.escape(f"{{{name}}}"), f"(?P<{name}>.*?)", 1)
        if found := re.fullmatch(pattern + "\nAnswer:", context, re.DOTALL):
            return found["premise"], found["hypothesis"], dict(line.split(") ") for line in found["options"].splitlines())
    raise AssertionError(context)


@pytest.fixture(scope="module")
def pairs():
    return generate(n=80, seed=2)


def judged(model, pairs):
    """Return estimates by contrast, arm and term, those of the model as a whole by (measure, term)."""
    common = prepare(pairs, model, None)
    rows = list(run(pairs, model, common))
    own = list(probe.estimates(pairs, model, common))
    made = {(row.contrast, row.arm, row.term): row for row in estimate(frame(rows), pairs, resamples=1999, curve=False)}
    return made | {(row.measure, row.term): row for row in own}


def difference(pairs):
    """Return the mean over pairs of the frequency arm of how many Zipf units the frequent form has more."""
    return np.mean([zipf_sum(pair.high) - zipf_sum(pair.low) for pair in pairs if pair.arm == FREQUENCY])


def test_rows_by_hand():
    model = Judge([PAIR], noise=0.0, prior=0.1, direction=0.25, yes=-3.0, letter=1.0)
    rows = {row.contrast: row for row in run([PAIR], model)}
    assert list(rows) == ["direction", "hypothesis_only", "wrong_premise", "direction_net"]
    expected = {side: model.odds(getattr(PAIR, OTHER[side]), getattr(PAIR, side)) for side in ("high", "low")}
    wrong = {side: model.odds(getattr(PAIR, OTHER[side]), PAIR.decoys[side]) for side in ("high", "low")}
    alone = {side: model.odds(CONTENT_FREE, getattr(PAIR, side)) for side in ("high", "low")}
    direction, net = rows["direction"], rows["direction_net"]
    assert (direction.high, direction.low) == pytest.approx((expected["high"], expected["low"]))  # the letter's pull is gone
    assert direction.decoys == pytest.approx(wrong)
    assert rows["hypothesis_only"].high == pytest.approx(alone["high"])
    assert (net.high, net.low) == pytest.approx((expected["high"] - alone["high"], expected["low"] - alone["low"]))
    assert net.decoys == pytest.approx({side: wrong[side] - model.odds(CONTENT_FREE, PAIR.decoys[side]) for side in wrong})
    word = {word: word_zipf(word) for word in ("doctor", "physician")}
    gap = word["doctor"] - word["physician"]
    assert net.high - net.low == pytest.approx(0.25 * 2 * gap)  # both directions move, by opposite amounts
    assert rows["wrong_premise"].high - rows["wrong_premise"].low == pytest.approx(0.35 * gap)
    assert {row.prompt for row in rows.values()} < set(PROMPTS)


def test_both_orders_both_labels_and_nothing_twice():
    model = Judge([PAIR])
    list(run([PAIR], model))
    assert len(model.asked) == len(set(model.asked)) == 10 * 2 * 2
    contexts = [context for context, _ in model.asked]
    assert sum("A) Yes\nB) No" in context for context in contexts) == sum("A) No\nB) Yes" in context for context in contexts) == 20
    assert {parsed(context)[0] for context in contexts} - {PAIR.high, PAIR.low, CONTENT_FREE} < set(PAIR.decoys.values())


def test_control_arms_and_pairs_without_decoys_cost_no_negatives():
    for pair in (PAIR.replace(arm=PLACEBO), PAIR.replace(decoys={})):
        model = Judge([pair])
        rows = list(run([pair], model))
        assert [row.contrast for row in rows] == ["direction", "hypothesis_only", "direction_net"]
        assert all(row.decoys is None for row in rows)
        assert len(model.asked) == 4 * 2 * 2


def test_templates_and_wrong_premises_are_rotated_over_pairs(pairs):
    model = Judge(pairs)
    rows = [row for row in run(pairs, model) if row.contrast == "wrong_premise"]
    assert min([row.prompt for row in rows].count(name) for name in PROMPTS) > 0.15 * len(rows)
    frequent = {pair.decoys["high"] for pair in pairs if pair.arm == FREQUENCY}
    rare = {pair.decoys["low"] for pair in pairs if pair.arm == FREQUENCY}
    premises = [parsed(context)[0] for context, _ in model.asked]
    shares = [sum(premise in side for premise in premises) for side in (frequent, rare)]
    assert min(shares) > 0.3 * sum(shares)


def test_values_that_are_not_finite_are_rows_with_error(pairs):
    rows = list(run([PAIR], language_model("synthetic:lm_broken")))
    assert [row.contrast for row in rows] == ["direction", "hypothesis_only", "wrong_premise", "direction_net"]
    assert all("no finite log-probability of an answer" in row.error for row in rows)
    found = list(probe.estimates([PAIR], language_model("synthetic:lm_broken"), {}))
    assert all(row.value is None and row.n_failed == 1 for row in found)


def test_yes_to_everything_is_no_direction(pairs):
    found = judged(Judge(pairs, yes=8.0, letter=2.0, follows=0.0), pairs)
    for contrast in ("direction", "hypothesis_only", "wrong_premise", "direction_net"):
        row = found[contrast, FREQUENCY, "mean"]
        assert row.p_value > 0.001
        assert abs(row.value) < NOISE
    assert abs(found[ABOVE_CHANCE, "toward_frequent"].value) < 0.2
    assert found[ABOVE_CHANCE, "consistent_lead"].ci_low < 0 < found[ABOVE_CHANCE, "consistent_lead"].ci_high


def test_a_prior_of_the_hypothesis_is_seen_and_taken_off(pairs):
    found = judged(Judge(pairs, prior=PRIOR), pairs)
    for contrast in ("direction", "hypothesis_only", "wrong_premise"):
        row = found[contrast, FREQUENCY, "mean"]
        assert row.value == pytest.approx(PRIOR * difference(pairs), abs=NOISE)
        assert row.p_value < 0.001
    net = found["direction_net", FREQUENCY, "mean"]
    assert net.p_value > 0.001
    assert abs(net.value) < NOISE
    assert found[LOG_ODDS, "beyond_margin"].ci_low > 0  # of `direction`, as the paper has it


def test_a_prior_without_much_of_a_task_is_what_the_paper_calls_consistent(pairs):
    found = judged(Judge(pairs, prior=3 * PRIOR, follows=0.2), pairs)
    assert found[ABOVE_CHANCE, "consistent_lead"].ci_low > 0.1
    assert found[AUC_NORM, "consistent_lead"].value > 0.1
    assert found[AUC_NORM, "consistent_lead"].ci_low is None


@pytest.mark.parametrize("sign", [1, -1])
def test_a_real_direction_is_recovered(pairs, sign):
    found = judged(Judge(pairs, prior=PRIOR, direction=sign * DIRECTION), pairs)
    net = found["direction_net", FREQUENCY, "mean"]
    assert net.value == pytest.approx(sign * DIRECTION * 2 * difference(pairs), abs=NOISE)
    assert net.p_value < 0.001
    dose = found["direction_net", FREQUENCY, "zipf_slope"]
    assert dose.ci_low < sign * DIRECTION * 2 < dose.ci_high
    assert found["direction_net", PLACEBO, "mean"].p_value > 0.001
    assert found["direction_net", LENGTH, "mean"].n_items > 0


def test_a_model_that_does_the_task_tells_what_follows(pairs):
    found = judged(Judge(pairs), pairs)
    for term in ("toward_frequent", "toward_rare", "consistent", "adversarial"):
        assert found[AUC_NORM, term].value == pytest.approx(1.0)
        assert found[ABOVE_CHANCE, term].value == pytest.approx(1.0)
        assert found[ABOVE_CHANCE, term].n_items == len({pair.item for pair in pairs if pair.arm == FREQUENCY})


def test_a_model_that_cannot_do_the_task_is_at_chance(pairs):
    model = Judge(pairs, follows=0.0)
    found = {(row.measure, row.term): row for row in probe.estimates(pairs, model, {})}
    size = sum(pair.arm == FREQUENCY for pair in pairs)
    limit = stats.norm.ppf(0.9995) * 2 * np.sqrt((2 * size + 1) / (12 * size**2))  # of a Mann-Whitney statistic, as 2 AUC - 1
    assert abs(found[ABOVE_CHANCE, "toward_frequent"].value) < limit
    assert abs(found[ABOVE_CHANCE, "toward_rare"].value) < limit


def test_auc_norm_is_the_released_one():
    """Agree with scikit-learn's curve and the paper's normalisation, ties included."""
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    for size in (5, 40, 300):
        scores, follows = np.round(rng.normal(size=size), 1), rng.random(size) < 0.4
        follows[:2] = [True, False]
        precision, recall, _ = metrics.precision_recall_curve(follows, scores)
        above = np.maximum(precision - follows.mean(), 0)
        assert auc_norm(scores, follows) == pytest.approx(metrics.auc(recall, above) / (1 - follows.mean()))
        assert auc_above_chance(scores, follows) == pytest.approx(2 * metrics.roc_auc_score(follows, scores) - 1)


def test_auc_norm_at_its_ends():
    assert auc_norm(np.array([3.0, 2.0, 1.0, 0.0]), np.array([True, True, False, False])) == pytest.approx(1.0)
    assert auc_norm(np.array([1.0, 1.0]), np.array([True, False])) == pytest.approx(0.5)  # one step: a line from 1 to the base rate
    assert np.isnan(auc_norm(np.array([1.0, 2.0]), np.array([True, True])))
    assert np.isnan(auc_norm(np.array([]), np.array([], dtype=bool)))
    assert np.isnan(auc_above_chance(np.array([1.0, 2.0]), np.array([False, False])))


def test_intervals_hold_the_true_lead_about_as_often_as_they_say(monkeypatch):
    """Of 60 draws at nominal coverage 99.9 % hold it in 51 or more; the lead is known where scores are normal."""
    monkeypatch.setattr(entailment_auc, "RESAMPLES", 199)
    draws, follows, sign = 60, np.array([True, True, False, False]), np.array([1, -1, 1, -1])
    cases = [(PAIR.low, PAIR.high), (PAIR.high, PAIR.low), (PAIR.low, PAIR.decoys["high"]), (PAIR.high, PAIR.decoys["low"])]
    scored = [
        Scored(
            pair=PAIR.replace(id=str(k), item=str(k)), cases=[(*texts, bool(own), 0.0) for texts, own in zip(cases, follows, strict=True)]
        )
        for k in range(60)
    ]
    table = entailment_auc._table(scored)
    groups = entailment_auc._groups(table)["consistent_lead"]
    assert [int(group.sum()) for group in groups] == [120, 120]
    for pull in (0.0, 0.5):
        # right and wrong hypotheses lie 1 + 2 * pull apart where frequency helps, 1 - 2 * pull where it misleads, each with variance 1
        truth = sum(way * (2 * stats.norm.cdf((1 + way * 2 * pull) / np.sqrt(2)) - 1) for way in (1, -1))
        held = 0
        for draw in range(draws):
            noise = np.random.default_rng([draw, int(10 * pull)]).normal(size=(len(scored), 4))
            drawn = table | {"score": (noise + follows + pull * sign).ravel()}
            lead = entailment_auc._area(drawn, groups, auc_above_chance, "lead")
            held += lead["ci_low"] <= truth <= lead["ci_high"]
        assert held >= int(stats.binom.ppf(0.001, draws, 0.95))


def test_the_margin_is_a_factor_of_five():
    gap = word_zipf("doctor") - word_zipf("physician")
    assert gap > MARGIN == pytest.approx(0.69897)
    assert relative_frequency(PAIR.low, PAIR.high, "en") == 1
    assert relative_frequency(PAIR.high, PAIR.low, "en") == -1
    assert abs(word_zipf("car") - word_zipf("vehicle")) > 0
    assert relative_frequency("The shop is shut.", "The store is shut.", "en") == 0
    assert relative_frequency("The qwzxv is shut.", "The store is shut.", "en") is None


def test_pairs_inside_the_margin_are_counted_and_left_out():
    near = Pair(
        id="2",
        item="b",
        high="The store is shut.",
        low="The shop is shut.",
        decoys={"high": "The cafe is shut.", "low": "The inn is shut."},
    )
    turned = PAIR.replace(id="3", item="c", high=PAIR.low, low=PAIR.high, decoys={"high": PAIR.decoys["low"], "low": PAIR.decoys["high"]})
    all_of_them = [PAIR, near, turned]
    model = Judge(all_of_them, prior=PRIOR, noise=0.0)
    found = {row.term: row for row in probe.estimates(all_of_them, model, {})}
    beyond = found["beyond_margin"]
    assert (beyond.n_pairs, beyond.details) == (2, {"inside_margin": 1, "unknown_frequency": 0})
    gap = PRIOR * (word_zipf("doctor") - word_zipf("physician"))
    assert beyond.value == pytest.approx(gap)  # toward the frequent text, in the pair too whose sides are the wrong way round


def test_estimates_ask_again_only_for_pairs_that_were_not_measured(pairs):
    some = [pair for pair in pairs if pair.arm == FREQUENCY][:12]
    model = Judge(some)
    common = prepare(some, model, None)
    list(run(some[:6], model, common))
    model.asked.clear()
    first = list(probe.estimates(some, model, common))
    assert len(model.asked) == 6 * 10 * 2 * 2
    assert first == list(probe.estimates(some, model, {}))


def test_the_probe_keeps_what_probes_promise():
    pairs = generate(n=40, seed=0)
    check_probe(probe, pairs, planted=Judge(pairs, direction=DIRECTION), null=Judge(pairs, prior=PRIOR, yes=1.0))
    check_probe(probe, pairs, sign=-1, planted=Judge(pairs, direction=-DIRECTION), null=Judge(pairs))


def test_it_is_run_by_name_only():
    assert not probe.by_default
    assert probe.name == NAME
    assert set(probe.prompts) == set(PROMPTS)


class FirstTokens(Judge):
    """The same, behind a server that tells first tokens only."""

    has_continuations = False

    def label_log_probs(self, messages, labels):
        return np.array([[self._one(message, label) for label in labels] for message in messages])


def test_first_tokens_are_another_measure_and_judged_alike(pairs):
    chosen = pairs[:60]
    plain, first = (judged(kind(chosen, prior=PRIOR, direction=DIRECTION), chosen) for kind in (Judge, FirstTokens))
    key = ("direction_net", FREQUENCY, "mean")
    assert (plain[key].measure, first[key].measure) == (LOG_ODDS, "first_token_log_odds_nats")
    assert first[key].value == plain[key].value
    assert ("first_token_log_odds_nats", "beyond_margin") in first
    assert probe.judgement.judges("direction_net", LOG_ODDS)
    assert probe.judgement.judges("direction_net", "first_token_log_odds_nats")
    assert not probe.judgement.judges("direction", ABOVE_CHANCE)
    assert [probe.judgement.unit_of(name) for name in (LOG_ODDS, "first_token_log_odds_nats")] == ["log-odds"] * 2
