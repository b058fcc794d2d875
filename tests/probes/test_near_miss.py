"""Probe `near-miss`: AUC and error rate by hand, what a bag of words makes of it, planted effects found and none where there is none."""

import json

import numpy as np
import pytest
from scipy import stats

from freqbias.analysis import estimate, frame
from freqbias.models import ModelInfo, embedder
from freqbias.models.adapters.pair_scorers import PairScorer
from freqbias.models.relevance import as_scorer
from freqbias.paraphrases.near_miss import generate
from freqbias.probes import near_miss_auc
from freqbias.probes.near_miss import MARGIN, NAME, UNRELATED, prepare, probe, run
from freqbias.probes.near_miss_auc import ACCURACY, AUC, BOTH, CATEGORIES, EER, Candidates, auc, eer, overlap, same_order
from freqbias.progress import silent
from freqbias.records import Pair
from freqbias.terms import FREQUENCY, HIGH, LOW, PLACEBO, WIN_RATE
from freqbias.testing import check_probe
from freqbias.testing.planted import noise_of

PAIR = Pair(
    id="1",
    item="a",
    high="The boy was thanked by the doctor.",
    low="The boy was thanked by the physician.",
    decoys={"high": "The doctor was thanked by the boy.", "low": "The physician was thanked by the boy."},
    queries={"naming_high": "The doctor thanked the boy.", "naming_low": "The physician thanked the boy."},
    meta={"category": "role", "content": "c"},
)


class Reader(PairScorer):
    """A pair scorer that knows the paraphrase: it scores that `tells` above the near-miss, and `more` in frequent wording."""

    measure = "logit"
    max_tokens = None

    def __init__(self, pairs, *, tells=0.0, more=0.0, noise=1.0, level=0.0):
        self.info = ModelInfo(name="reader", kind="embedder", source="memory")
        self._tells, self._more, self._noise, self._level = tells, more, noise, level
        self._right = {}
        self.asked = []
        for pair in pairs:
            for side in (HIGH, LOW):
                extra = more * (side == HIGH and pair.arm == FREQUENCY)
                self._right[pair.queries[f"naming_{side}"], getattr(pair, side)] = (tells + extra) / 2
                self._right[pair.queries[f"naming_{side}"], pair.decoys[side]] = -(tells + extra) / 2

    def score(self, couples):
        self.asked += couples
        return np.array([self._level + self._right.get(couple, -5.0) + self._noise * noise_of("|".join(couple))[0] for couple in couples])

    def token_counts(self, texts):
        return None


@pytest.fixture(scope="module")
def pairs():
    return generate(n=64, seed=1)


def of_model(model, pairs):
    """Return estimates of the model as a whole by (measure, term)."""
    return {(row.measure, row.term): row for row in probe.estimates(pairs, as_scorer(model), {})}


def test_auc_and_eer_by_hand():
    assert auc(np.array([3.0, 2.0]), np.array([1.0, 0.0])) == 1
    assert auc(np.array([1.0, 0.0]), np.array([3.0, 2.0])) == 0
    assert auc(np.array([2.0, 1.0]), np.array([1.0, 0.0])) == pytest.approx(0.875)
    assert eer(np.array([3.0, 2.0]), np.array([1.0, 0.0])) == 0
    assert eer(np.array([1.0, 0.0]), np.array([3.0, 2.0])) == 1
    assert eer(np.array([4.0, 3.0, 2.0, 0.0]), np.array([3.5, 1.0, 0.5, 0.2])) == pytest.approx(0.25)
    for same in (np.zeros(4), np.arange(4.0)):
        assert auc(same, same) == pytest.approx(0.5)
        assert eer(same, same) == pytest.approx(0.5)
    rng = np.random.default_rng(0)
    right, wrong = rng.normal(1, 1, 20_000), rng.normal(0, 1, 20_000)
    assert auc(right, wrong) == pytest.approx(stats.norm.cdf(1 / np.sqrt(2)), abs=0.01)
    assert eer(right, wrong) == pytest.approx(stats.norm.cdf(-0.5), abs=0.01)
    assert auc(right, wrong) == pytest.approx(stats.mannwhitneyu(right, wrong).statistic / 4e8)


def test_nearness_of_texts_by_hand():
    assert overlap("The doctor thanked the boy.", "The boy thanked a doctor.") == 4 / 5
    assert same_order("The doctor thanked the boy.", "The doctor thanked the boy.") == 1
    assert same_order("The doctor thanked the boy.", "The boy was thanked by the doctor.") == 0
    assert same_order("The doctor thanked the boy.", "The boy, the doctor thanked.") == pytest.approx(1 / 3)


def test_rows_by_hand():
    model = Reader([PAIR], tells=1.0, more=0.5, noise=0.0)
    rows = {(row.contrast, row.measure): row for row in run([PAIR], model)}
    assert set(rows) == {(c, m) for c in (MARGIN, "margin_role") for m in ("logit_margin", WIN_RATE.name)}
    own = rows[MARGIN, "logit_margin"]
    assert (own.high, own.low) == (1.5, 1.0)
    assert own.decoys == {HIGH: -5.0 + 0.75, LOW: -5.0 + 0.5}  # the sentence on something else in the paraphrase's place
    assert (rows[MARGIN, WIN_RATE.name].high, rows[MARGIN, WIN_RATE.name].low) == (1, 1)
    assert (PAIR.queries["naming_high"], UNRELATED) in model.asked
    spatial = PAIR.replace(meta={"category": "spatial"})
    assert {row.contrast for row in run([spatial], model)} == {"margin_spatial"}
    assert not list(run([PAIR.replace(meta={}), PAIR.replace(id="2", decoys={}), PAIR.replace(id="3", queries={})], model))


def test_ties_count_half():
    rows = {row.measure: row for row in run([PAIR], Reader([PAIR], noise=0.0)) if row.contrast == MARGIN}
    assert (rows[WIN_RATE.name].high, rows[WIN_RATE.name].low) == (0.5, 0.5)
    assert rows["logit_margin"].high == 0


def test_a_score_that_is_missing_is_a_row_with_error(pairs):
    class Broken(Reader):
        def score(self, couples):
            return np.array([np.nan if couple[1] == pairs[0].low else 1.0 for couple in couples])

    rows = [row for row in run(pairs[:4], Broken(pairs)) if row.pair_id == pairs[0].id]
    assert rows
    assert all(row.error and "no finite score" in row.error for row in rows)
    found = of_model(Broken(pairs), pairs)
    assert found[AUC, "role"].n_failed >= 1
    assert found[AUC, "role"].value == pytest.approx(0.5)


def test_word_counts_see_nothing_in_roles_and_attributes(pairs):
    found = of_model(embedder("bm25"), pairs)
    for category in ("role", "binding"):
        assert found[AUC, category].value == pytest.approx(0.5)
        assert found[EER, category].value == pytest.approx(0.5)
        assert found[ACCURACY, category].value == 0.5
        assert found[BOTH, category].value == 0.25
        assert found[AUC, f"overlap:{category}"].value == pytest.approx(0.5)
        assert found[AUC, f"order:{category}"].value == pytest.approx(0.5, abs=0.02)
    assert found[AUC, "spatial"].value < 0.4
    assert found[AUC, "overlap:spatial"].value < 0.1
    unmatched = of_model(embedder("bm25"), generate(n=64, seed=1, design="unmatched", categories="role,binding"))
    assert unmatched[AUC, "role"].value < 0.1
    assert unmatched[AUC, "order:binding"].value < 0.1


def test_a_reader_is_right_whatever_its_level(pairs):
    found = of_model(Reader(pairs, tells=4.0, noise=0.1, level=7.0), pairs)
    for category in CATEGORIES:
        assert (found[AUC, category].value, found[EER, category].value) == (1, 0)
        assert (found[ACCURACY, category].value, found[BOTH, category].value) == (1, 1)
        assert (found[AUC, category].ci_low, found[AUC, category].ci_high) == (1, 1)
        assert found[AUC, f"gap:{category}"].value == 0


def test_a_liking_for_a_candidate_gains_nothing(pairs):
    """Whatever prefers one of two candidates by itself is right of one anchor and wrong of the other."""

    class Likes(Reader):
        def score(self, couples):
            return np.array([noise_of(text)[0] for _, text in couples])

    found = of_model(Likes(pairs), pairs)
    for category in ("role", "negation", "binding"):
        assert found[ACCURACY, category].value == 0.5
        assert found[AUC, category].value == pytest.approx(0.5)
        assert found[BOTH, category].value == 0


def test_difference_between_wordings_is_found(pairs):
    found = of_model(Reader(pairs, tells=1.0, more=1.5), pairs)
    none = of_model(Reader(pairs, tells=1.0), pairs)
    for category in CATEGORIES:
        assert found[AUC, f"gap:{category}"].ci_low > 0
        assert found[EER, f"gap:{category}"].value < 0
        assert found[AUC, f"high:{category}"].value - found[AUC, f"low:{category}"].value == pytest.approx(
            found[AUC, f"gap:{category}"].value
        )
    assert sum(none[AUC, f"gap:{category}"].ci_low > 0 for category in CATEGORIES) <= 1


def test_intervals_hold_the_true_auc_about_as_often_as_they_say(monkeypatch):
    """Of 60 draws with items that share a level, nominal coverage 95 % holds it within the 99.9 % binomial limit."""
    monkeypatch.setattr(near_miss_auc, "RESAMPLES", 199)
    draws, n_items, each, apart, between = 60, 50, 6, 1.0, 0.7
    truth = stats.norm.cdf(
        apart / np.sqrt(2 * (1 + between**2))
    )  # scores are normal, of variance 1 + between², and independent across items
    held = 0
    for draw in range(draws):
        rng = np.random.default_rng(draw)
        level = between * np.repeat(rng.normal(size=(n_items, 1, 2)), each, axis=1)
        scores = level + rng.normal(size=(n_items, each, 2)) + np.array([apart, 0.0])
        scored = [
            Candidates(pair=PAIR.replace(id=f"{i}-{k}", item=str(i)), paraphrase=[scores[i, k, 0]] * 2, near_miss=[scores[i, k, 1]] * 2)
            for i in range(n_items)
            for k in range(each)
        ]
        found = near_miss_auc._of_category("role", scored)[AUC, "role"]
        held += found["ci_low"] <= truth <= found["ci_high"]
    assert held >= int(stats.binom.ppf(0.001, draws, 0.95))


def test_few_items_have_no_interval_and_none_no_value():
    scored = [Candidates(pair=PAIR, paraphrase=[1.0, 1.0], near_miss=[0.0, 2.0])]
    rows = {(row.measure, row.term): row for row in near_miss_auc.model_estimates(NAME, "m", scored)}
    assert (rows[AUC, "role"].value, rows[AUC, "role"].ci_low, rows[AUC, "role"].flags) == (0.5, None, ("few_items",)) or rows[
        AUC, "role"
    ].flags == ["few_items"]
    assert rows[BOTH, "role"].value is None
    assert rows[AUC, "binding"].value is None
    assert rows[AUC, "overlap:binding"].value is None


def test_the_confirmatory_estimate_finds_what_is_planted(pairs):
    rows = list(run(pairs, Reader(pairs, tells=1.0, more=1.0)))
    found = {
        (row.contrast, row.measure, row.arm): row
        for row in estimate(frame(rows), pairs, resamples=999, curve=False)
        if row.term == "mean"
    }
    assert found[MARGIN, "logit_margin", FREQUENCY].ci_low < 1.0 < found[MARGIN, "logit_margin", FREQUENCY].ci_high
    assert found[MARGIN, "logit_margin", PLACEBO].p_value > 0.001


def test_the_probe_keeps_what_probes_promise(pairs):
    check_probe(probe, pairs, planted=Reader(pairs, tells=1.0, more=1.0), null=Reader(pairs, tells=1.0))
    check_probe(probe, pairs, sign=-1, planted=Reader(pairs, tells=3.0, more=-1.0), null=Reader(pairs))


def test_estimates_score_again_only_pairs_that_were_not_measured(pairs):
    some = [pair for pair in pairs if pair.arm == FREQUENCY][:12]
    model = Reader(some, tells=1.0)
    common = prepare(some, model, silent)
    list(run(some[:6], model, common))
    model.asked.clear()
    first = list(probe.estimates(some, model, common))
    assert len(set(model.asked)) == len(model.asked) <= 6 * 6
    assert first == list(probe.estimates(some, model, {}))


def test_it_runs_from_the_command_line(tmp_path, monkeypatch, cli):
    monkeypatch.chdir(tmp_path)
    for words in (
        ["pairs", "near-miss", "--n", "16", "--out", "pairs.jsonl"],
        ["run", "--pairs", "pairs.jsonl", "--probe", NAME, "--embedder", "bm25", "--out", "run"],
    ):
        done = cli(*words)
        assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in (tmp_path / "run/estimates.jsonl").read_text().splitlines()]
    assert {row["term"] for row in rows if row["measure"] == AUC} >= set(CATEGORIES)
    report = (tmp_path / "run/findings.md").read_text()
    assert "Who did what to whom" in report


def test_it_is_run_by_name_only():
    assert not probe.by_default
    assert probe.name == NAME
