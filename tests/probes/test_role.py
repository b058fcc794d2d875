"""Probe `role`: rows by hand, and what likings for documents, for places and for roles do to its estimates."""

import json

import numpy as np
import pytest
from scipy import stats
from tables import Reranker

from freqbias.models.relevance import as_scorer
from freqbias.paraphrases.roles import generate
from freqbias.probes import role
from freqbias.probes.role import CATEGORIES, WORDINGS, both_right, mean_share, probe
from freqbias.progress import silent
from freqbias.records import Pair
from freqbias.terms import FREQUENCY, HIGH, LOW, PLACEBO
from freqbias.testing import check_probe
from freqbias.testing.planted import noise_of

PAIR = Pair(
    id="1",
    item="a",
    high="h right",
    low="l right",
    queries={"relevant": ["q"], "other_role": ["o"]},
    decoys={"high": "h other", "low": "l other"},
    meta={"domain": "part_whole", "frame": "f"},
)
SCORES = {("q", "h right"): 0.9, ("q", "h other"): 0.5, ("o", "h other"): 0.8, ("o", "h right"): 0.6}
SCORES |= {("q", "l right"): 0.7, ("q", "l other"): 0.6, ("o", "l other"): 0.2, ("o", "l right"): 0.4}


@pytest.fixture(scope="module")
def pairs():
    return generate(n=240, seed=1)


def planted(pairs, *, high=0.0, low=0.0, liking=0.0, noise=0.05):
    """Return a pair scorer with leads of right over wrong documents by form, and a liking for some documents whatever is asked."""
    leads = {}
    for pair in sorted(pairs, key=lambda pair: pair.arm == FREQUENCY):
        for side, form in ((HIGH, pair.high), (LOW, pair.low)):
            lead = (high if side == HIGH or pair.arm == PLACEBO else low) / 2
            own, other = role.queries(pair)
            leads |= {(own, form): lead, (own, pair.decoys[side]): -lead, (other, pair.decoys[side]): lead, (other, form): -lead}

    def score(query, document):
        extra = float(noise_of(f"{query}|{document}")[0])
        return leads.get((query, document), 0.0) + liking * float(noise_of(document)[1]) + noise * extra

    return Reranker(score)


def whole(pairs, model):
    scorer = as_scorer(model)
    return {(row.measure, row.contrast, row.term): row for row in probe.estimates(pairs, scorer, None)}


def test_rows_by_hand():
    rows = {row.contrast: row for row in probe([PAIR], Reranker(lambda query, text: SCORES[query, text]))}
    assert list(rows) == ["role_margin", "both_right"]
    margin, right = rows["role_margin"], rows["both_right"]
    assert margin.measure == "logit_margin"
    assert (margin.high, margin.low) == pytest.approx(((0.4 + 0.2) / 2, (0.1 - 0.2) / 2))
    assert margin.decoys == {"high": 0.0, "low": 0.0}
    assert (right.measure, right.high, right.low) == ("accuracy", 1.0, 0.0)


def test_a_tie_is_a_half_for_each_query():
    leads = np.array([[[1, 1], [1, 1]], [[2, 1], [1, 1]], [[2, 1], [1, 2]], [[2, 1], [2, 1]]], dtype=float)
    assert both_right(leads) == [0.25, 0.5, 0.0, 1.0]


def test_a_pair_without_both_queries_or_decoys_has_no_row():
    for changed in ({"queries": {"relevant": ["q"]}}, {"decoys": {}}, {"queries": {"other_role": ["o"]}}):
        assert list(probe([PAIR.replace(**changed)], planted([PAIR]))) == []
        assert {row.value for row in probe.estimates([PAIR.replace(**changed)], planted([PAIR]), {})} == {None}


def test_no_score_is_an_error_in_every_row_and_left_out_of_the_estimates(pairs):
    own, gone = pairs[:12], pairs[3]
    model = planted(own, high=1.0, low=1.0)
    score = model.score
    model.score = lambda query, document: np.nan if document == gone.decoys["low"] else score(query, document)
    rows = list(probe(own, model))
    assert len(rows) == 2 * len(own)
    assert {row.pair_id for row in rows if row.error} == {gone.id}
    assert all(repr(gone.decoys["low"]) in row.error for row in rows if row.error)
    failed = whole(own, model)["auc", WORDINGS[HIGH], "all"]
    assert (failed.n_failed, failed.n_pairs) == (1, 11)


def test_an_oracle_is_right_everywhere_and_its_interval_is_not_empty(pairs):
    found = whole(pairs, planted(pairs, high=1.0, low=1.0))
    for name in (*CATEGORIES, "all"):
        for wording in WORDINGS.values():
            assert found["auc", wording, name].value == 1.0
            accuracy = found["accuracy", wording, name]
            assert accuracy.value == 1.0
            assert 0.8 < accuracy.ci_low < accuracy.ci_high == pytest.approx(1.0)
            assert accuracy.details["templates"] == (40 if name == "all" else 10)


def test_a_model_without_roles_is_at_chance_and_one_that_likes_documents_has_no_couple(pairs):
    chance = whole(pairs, planted(pairs))
    likes = whole(pairs, planted(pairs, liking=1.0, noise=0.001))
    for wording in WORDINGS.values():
        assert chance["auc", wording, "all"].ci_low < 0.5 < chance["auc", wording, "all"].ci_high
        assert chance["accuracy", wording, "all"].ci_low < 0.25 < chance["accuracy", wording, "all"].ci_high
        assert likes["auc", wording, "all"].value == pytest.approx(0.5, abs=0.01)
        assert likes["accuracy", wording, "all"].ci_high < 0.05


def test_a_role_margin_in_frequent_wording_alone_is_found_and_none_where_there_is_none(pairs):
    check_probe(probe, pairs, planted=planted(pairs, high=0.3, low=0.1), null=planted(pairs, high=0.2, low=0.2))
    check_probe(probe, pairs, sign=-1, planted=planted(pairs, high=0.1, low=0.3), null=planted(pairs, liking=0.5))
    found = whole(pairs, planted(pairs, high=0.3, low=0.0))
    assert found["auc", WORDINGS[HIGH], "all"].value > 0.95
    assert found["auc", WORDINGS[LOW], "all"].value == pytest.approx(0.5, abs=0.05)
    assert found["accuracy", WORDINGS[LOW], "all"].value == pytest.approx(0.25, abs=0.08)


def test_estimates_are_those_of_the_rows_and_do_not_depend_on_what_was_kept(pairs):
    scorer = as_scorer(planted(pairs, high=0.1, low=0.05, noise=0.2))
    common = probe.prepare(pairs, scorer, silent)
    rows = list(probe.run(pairs[:100], scorer, common))
    assert set(common) == {pair.id for pair in pairs[:100] if pair.arm == FREQUENCY}
    after = list(probe.estimates(pairs, scorer, common))
    assert after == list(probe.estimates(pairs, scorer, {}))
    values = {row.pair_id: row.high for row in [*rows, *probe.run(pairs[100:], scorer, common)] if row.contrast == "both_right"}
    own = {pair.item: [] for pair in pairs if pair.arm == FREQUENCY}
    for pair in pairs:
        if pair.arm == FREQUENCY:
            own[pair.item].append(values[pair.id])
    found = next(row for row in after if (row.measure, row.contrast, row.term) == ("accuracy", WORDINGS[HIGH], "all"))
    assert found.value == pytest.approx(np.mean([np.mean(rows) for rows in own.values()]))


def test_auc_is_that_of_scipy():
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 6, size=(50, 2, 2)).astype(float)
    right, wrong = scores[:, :, 0].ravel(), scores[:, :, 1].ravel()
    expected = stats.mannwhitneyu(right, wrong).statistic / (right.size * wrong.size)
    assert role.area(scores) == pytest.approx(expected)


@pytest.mark.parametrize("share", [0.03, 0.25, 0.9])
def test_intervals_of_shares_hold_what_was_planted(share):
    """Beta-binomial items with an intraclass correlation of .3: 400 draws; the interval is conservative, as Clopper and Pearson's is."""
    rng, hits = np.random.default_rng(5), 0
    pairs = [PAIR.replace(id=str(i), item=str(i // 4)) for i in range(240)]
    for _ in range(400):
        true = np.repeat(rng.beta(share * 7 / 3, (1 - share) * 7 / 3, size=60), 4)
        found = mean_share((rng.random(240) < true).astype(float), pairs, "drawn")
        hits += found["ci_low"] <= share <= found["ci_high"]
    assert 0.93 <= hits / 400 <= 0.995


def test_intervals_of_the_auc_hold_what_was_planted(monkeypatch):
    monkeypatch.setattr(role, "RESAMPLES", 199)
    rng, hits = np.random.default_rng(6), 0
    pairs = [PAIR.replace(id=str(i), item=str(i // 3)) for i in range(180)]
    for _ in range(200):
        leads = rng.normal(0.5, 0.4, size=60).repeat(3)[:, None]
        scores = rng.normal(size=(180, 2, 2))
        scores[:, :, 0] += leads
        found = role._auc(pairs, scores, "drawn")
        hits += found["ci_low"] <= stats.norm.cdf(0.5 / np.sqrt(2 + 0.4**2)) <= found["ci_high"]
    assert 0.89 <= hits / 200 <= 0.99


def test_from_the_command_line_counts_of_words_are_at_chance(cli, tmp_path):
    made, out = tmp_path / "roles.jsonl", tmp_path / "run"
    assert cli("pairs", "roles", "--n", "80", "--out", made).exit_code == 0
    asked = ("run", "--pairs", made, "--probe", "role", "--embedder", "bm25", "--embedder", "synthetic:embed_words", "--out", out)
    assert cli(*asked).exit_code == 0
    rows = [json.loads(line) for line in (out / "model_estimates.jsonl").read_text().splitlines()]
    assert {row["model"] for row in rows} == {"bm25", "synthetic:embed_words"}
    assert {(row["measure"], row["value"]) for row in rows} == {("auc", 0.5), ("accuracy", 0.25)}
    assert {row["term"] for row in rows} == {*CATEGORIES, "all"}
    report = (out / "findings.md").read_text()
    assert "Cause and effect in frequent wording, number of pairs in brackets: AUC 0.5 (20), 95 % interval [+0.5, +0.5]." in report


def test_it_is_run_by_name_only():
    assert not probe.by_default
    assert probe.judgement.judges("role_margin", "cosine_margin")
    assert not probe.judgement.judges("role_margin", "accuracy")
