"""Probe `backtracing`: rows by hand, an oracle, likeness, places and chance."""

import itertools
import json

import numpy as np
import pytest
from tables import Reranker

from freqbias.models.relevance import as_scorer
from freqbias.paraphrases.backtracing import SENTENCES, SIMILAR, generate
from freqbias.probes.backtracing import BASELINE, found_among, probe, text_of
from freqbias.probes.role import WORDINGS
from freqbias.progress import silent
from freqbias.records import Pair
from freqbias.terms import FREQUENCY, HIGH, LOW, PLACEBO
from freqbias.testing import check_probe
from freqbias.testing.planted import noise_of

PAIR = Pair(
    id="1",
    item="a",
    high="c high",
    low="c low",
    queries={"relevant": ["q"]},
    meta={"sentences": ["x", "c high", "y", "z", "q", "also"], "causes": [1, 5], "changed": 1, "own": [4], "domain": "lecture"},
)
SCORES = {"x": 0.5, "c high": 0.6, "c low": 0.2, "y": 0.4, "z": 0.3, "also": 0.45, "q": 9.0}


@pytest.fixture(scope="module")
def pairs():
    return generate(n=180, seed=1)


def planted(pairs, *, cause=0.0, frequent=0.0, like=0.0, noise=0.1):
    """Return a pair scorer that raises causes, frequent ones by more, and sentences that name the topic of the question."""
    causes = {}
    for pair in sorted(pairs, key=lambda pair: pair.arm == FREQUENCY):
        question = pair.queries["relevant"][0]
        causes[question, pair.low] = cause
        causes[question, pair.high] = cause + (frequent if pair.arm == FREQUENCY else 0)
    topics = {pair.queries["relevant"][0]: pair.context[3:-1] for pair in pairs}

    def score(query, document):
        return causes.get((query, document), 0.0) + like * (topics[query] in document) + noise * float(noise_of(f"{query}|{document}")[0])

    return Reranker(score)


def whole(pairs, model):
    return {(row.measure, row.contrast, row.term): row for row in probe.estimates(pairs, as_scorer(model), None)}


def test_rows_by_hand():
    rows = {row.contrast: row for row in probe([PAIR], Reranker(lambda query, text: SCORES[text]))}
    assert list(rows) == ["cause", "acc_at_1", "acc_at_3"]
    cause = rows["cause"]
    assert (cause.measure, cause.high, cause.low) == ("logit", 0.6, 0.2)
    assert cause.decoys == pytest.approx({"high": 0.4, "low": 0.4})  # x, y, z: neither the other cause nor the question's own turn
    assert (rows["acc_at_1"].high, rows["acc_at_1"].low) == (1.0, 0.0)
    assert (rows["acc_at_3"].high, rows["acc_at_3"].low) == (1.0, 1.0)  # the other cause is second
    assert {row.measure for row in rows.values()} == {"logit", "accuracy"}


@pytest.mark.parametrize("k", [1, 2, 3, 7])
def test_ties_are_in_random_order(k):
    rng = np.random.default_rng(k)
    for _ in range(20):
        scores = rng.integers(0, 3, size=5).astype(float)
        is_cause = np.isin(np.arange(5), rng.choice(5, rng.integers(1, 4), replace=False))
        orders = [order for order in itertools.permutations(range(5)) if list(scores[list(order)]) == sorted(scores, reverse=True)]
        expected = np.mean([is_cause[list(order[:k])].any() for order in orders])
        assert found_among(scores, is_cause, k) == pytest.approx(expected)


def test_other_pairs_and_texts_of_causes_alone_have_no_row():
    for changed in (
        {"queries": {}},
        {"meta": {}},
        {"meta": {**PAIR.meta, "changed": 0}},
        {"meta": {**PAIR.meta, "own": [1]}},
        {"meta": {**PAIR.meta, "causes": [0, 1, 2, 3, 5]}},
    ):
        assert text_of(PAIR.replace(**changed)) is None
        assert list(probe([PAIR.replace(**changed)], Reranker(lambda query, text: 0.0))) == []


def test_a_sentence_without_score_is_an_error_in_every_row(pairs):
    gone = pairs[4]
    model = planted(pairs)
    score = model.score
    other = gone.meta["sentences"][(gone.meta["changed"] + 1) % SENTENCES]
    asked = gone.queries["relevant"][0]
    model.score = lambda query, document: np.nan if (query, document) == (asked, other) else score(query, document)
    rows = list(probe(pairs, model))
    assert len(rows) == 3 * len(pairs)
    assert gone.id in {row.pair_id for row in rows if row.error}
    assert all(repr(other) in row.error for row in rows if row.error)
    found = whole(pairs, model)["acc_at_1", WORDINGS[HIGH], "all"]
    assert found.n_failed == len({row.pair_id for row in rows if row.error and row.arm == FREQUENCY}) > 0


def test_an_oracle_finds_all_and_its_interval_is_not_empty(pairs):
    found = whole(pairs, planted(pairs, cause=5.0))
    for domain in ("lecture", "article", "conversation", "all"):
        for wording, k in itertools.product(WORDINGS.values(), (1, 3)):
            row = found[f"acc_at_{k}", wording, domain]
            assert row.value == 1.0
            assert 0.9 < row.ci_low < row.ci_high == 1.0


def test_likeness_alone_finds_the_planted_share(pairs):
    found = whole(pairs, planted(pairs, like=5.0, noise=0.01))
    for domain in ("lecture", "article", "conversation", "all"):
        for wording in WORDINGS.values():
            assert found["acc_at_1", wording, domain].value == pytest.approx(SIMILAR, abs=0.04)  # mean of items, which have few texts


def test_chance_and_places_are_worth_the_same_where_places_are_balanced(pairs):
    found = whole(pairs, planted(pairs))
    for name in ("lecture", "article", "conversation", "all"):
        for k in (1, 3):
            chance = found[f"acc_at_{k}", BASELINE, f"random:{name}"]
            assert chance.value == pytest.approx(k / SENTENCES)
            assert chance.ci_low is None
            assert found[f"acc_at_{k}", BASELINE, f"position:{name}"].value == pytest.approx(k / SENTENCES, abs=0.05)
    row = found["acc_at_1", WORDINGS[LOW], "all"]
    assert row.ci_low < 1 / SENTENCES < row.ci_high


def test_places_are_worth_something_where_causes_stand_first(pairs):
    def moved(pair):
        own = [*pair.meta["sentences"]]
        own.insert(0, own.pop(pair.meta["changed"]))
        return pair.replace(meta={**pair.meta, "sentences": own, "causes": [0], "changed": 0})

    found = whole([moved(pair) for pair in pairs], planted(pairs))
    assert found["acc_at_1", BASELINE, "position:all"].value == 1.0
    assert found["acc_at_1", BASELINE, "random:all"].value == pytest.approx(1 / SENTENCES)


def test_the_own_turn_is_no_candidate(pairs):
    own = [pair for pair in pairs if pair.meta["domain"] == "conversation"]
    model = planted(own, cause=5.0)
    score = model.score
    model.score = lambda query, document: 99.0 if query == document else score(query, document)
    assert whole(own, model)["acc_at_1", WORDINGS[HIGH], "conversation"].value == 1.0
    marked = [pair.replace(meta={**pair.meta, "own": []}) for pair in own]
    assert whole(marked, model)["acc_at_1", WORDINGS[HIGH], "conversation"].value == 0.0  # it would win every time


def test_a_gap_is_found_where_planted_and_none_where_not(pairs):
    check_probe(probe, pairs, planted=planted(pairs, cause=0.3, frequent=0.2), null=planted(pairs, cause=0.3))
    check_probe(probe, pairs, sign=-1, planted=planted(pairs, cause=0.3, frequent=-0.2), null=planted(pairs, like=1.0))


def test_estimates_do_not_depend_on_what_was_kept(pairs):
    scorer = as_scorer(planted(pairs, cause=0.1))
    common = probe.prepare(pairs, scorer, silent)
    rows = [*probe.run(pairs[:50], scorer, common)]
    assert set(common) == {row.pair_id for row in rows if row.arm == FREQUENCY}
    assert {row.arm for row in rows} <= {FREQUENCY, PLACEBO}
    assert list(probe.estimates(pairs, scorer, common)) == list(probe.estimates(pairs, scorer, {}))


def test_from_the_command_line_words_in_common_find_the_planted_share(cli, tmp_path):
    made, out = tmp_path / "pairs.jsonl", tmp_path / "run"
    assert cli("pairs", "backtracing", "--n", "240", "-o", "similar=0.4", "--out", made).exit_code == 0
    asked = ("run", "--pairs", made, "--probe", "backtracing", "--embedder", "bm25", "--embedder", "synthetic:embed_words", "--out", out)
    assert cli(*asked).exit_code == 0
    rows = [json.loads(line) for line in (out / "model_estimates.jsonl").read_text().splitlines()]
    own = {(row["model"], row["contrast"]): row["value"] for row in rows if (row["measure"], row["term"]) == ("acc_at_1", "all")}
    for model, wording in itertools.product(("bm25", "synthetic:embed_words"), WORDINGS.values()):
        assert own[model, wording] == pytest.approx(0.4, abs=0.05)
    assert "Lectures, number of pairs in brackets: a cause comes first in 0.1" in (out / "findings.md").read_text()
    report = cli("explain", "position:lecture")
    assert report.exit_code == 0
    assert "Sentences ordered by how often their tenth of a text holds a cause: `lecture`" in " ".join(report.stdout.split())


def test_it_is_run_by_name_only():
    assert not probe.by_default
    assert probe.judgement.judges("cause", "cosine")
    assert not probe.judgement.judges("acc_at_1", "accuracy")
