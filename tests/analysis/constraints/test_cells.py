"""Cells: the right estimate, the sign and unit of the claim, both wordings, and a reason wherever there is no word."""

import re
from pathlib import Path

import pytest

from freqbias.analysis.constraints.cells import Measured, Model, cell_of
from freqbias.analysis.constraints.claims import claims
from freqbias.analysis.constraints.report import is_testable, table_of
from freqbias.analysis.constraints.words import ABSENT, PRESENT, RELAXED, UNMEASURED, UNTOLD
from freqbias.records import Estimate
from freqbias.terms import CONSTANT

CLAIMS = {claim.name: claim for claim in claims()}
DENSE = Model(given="./mine", kind="embedder", name="mine", architecture="dense")
BM25 = Model(given="bm25", kind="embedder", name="bm25", architecture="bm25")


def row(claim, value, low, high, *, place=None, model="mine", **more):
    at = place or claim.headline
    return Estimate(
        model=model,
        probe=claim.probe,
        measure=at.measure,
        contrast=at.contrast,
        arm=at.arm,
        term=at.term,
        value=value,
        ci_low=low,
        ci_high=high,
        n_items=40,
        method="by hand",
        **more,
    )


def cell(name, rows, model=DENSE):
    return cell_of(CLAIMS[name], Measured(model=model, probe=CLAIMS[name].probe, folder=Path("out/runs/x")), rows)


def test_a_gap_in_points_with_both_levels():
    claim = CLAIMS["exact-loses"]
    noise = row(claim, 0.5, 0.4, 0.6).replace(arm="placebo")
    found = cell("exact-loses", [noise, row(claim, 0.2, 0.15, 0.25, high_mean=0.8, low_mean=0.6, n_failed=2)])
    assert found.word.word == PRESENT
    assert found.number == "+20 [+15, +25] points of comparisons won"
    assert found.notes == ["frequent wording: 80 %", "rare wording: 60 %", "40 items", "2 rows failed"]
    document = found.document(Path("out"))
    assert (document["word"], document["value"], document["run"]) == ("still present", 20.0, "runs/x")


def test_a_level_by_wording_with_the_word_of_the_rare_one_where_it_differs():
    claim = CLAIMS["role"]
    found = cell("role", [row(claim, 0.8, 0.75, 0.85), row(claim, 0.55, 0.52, 0.58, place=claim.rare)])
    assert found.word.word == RELAXED
    assert found.number == "80 [75, 85] % of couples right (chance 50)"
    assert found.notes == ["rare wording: 55 [52, 58], still present", "40 items"]
    same = cell("role", [row(claim, 0.8, 0.75, 0.85), row(claim, 0.7, 0.65, 0.75, place=claim.rare)])
    assert same.notes == ["rare wording: 70 [65, 75]", "40 items"]


def test_the_sign_of_a_claim_is_its_own():
    """Understated similarity is a slope below zero; one above it is the reverse of the claim, so gone."""
    claim = CLAIMS["understated"]
    assert cell("understated", [row(claim, 0.03, 0.02, 0.04)]).word.word == ABSENT
    found = cell("understated", [row(claim, -0.03, -0.04, -0.02)])
    assert found.word.word == PRESENT
    assert found.number.startswith("−3 [−4, −2] hundredths")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"high_mean": 0.5, "low_mean": 0.5}, "cannot tell: it does no better than chance there, so wording has nothing to cost"),
        ({"high_mean": 1.0, "low_mean": 0.99}, "cannot tell: it is nearly always right there, so nothing can move"),
        ({"flags": [CONSTANT]}, "cannot tell: every item has the same number, so there is no interval"),
        ({"ci_low": None}, "cannot tell: too few items for an interval"),
        ({}, "cannot tell: still present or relaxed by training or not detected"),
    ],
)
def test_why_there_is_no_word(more, said):
    given = {"high_mean": 0.7, "low_mean": 0.65} | more
    low = given.pop("ci_low", -0.1)
    found = cell("exact-loses", [row(CLAIMS["exact-loses"], 0.05, low, 0.2, **given)])
    assert (found.word.word, found.said) == (UNTOLD, said)


@pytest.mark.parametrize(
    ("name", "rows", "model", "said"),
    [
        ("exact-loses", [], DENSE, "not measured: the run gave no such number"),
        ("exact-loses", ["none"], DENSE, "not measured: every pair failed"),
        ("entailment", [], DENSE, "not measured: the claim is not about this kind of model"),
    ],
)
def test_why_there_is_no_number(name, rows, model, said):
    claim = CLAIMS[name]
    made = [row(claim, None, None, None, details={"reason": "every pair failed"}) for _ in rows]
    found = cell(name, made, model)
    assert (found.word.word, found.said, found.number, found.notes) == (UNMEASURED, said, "", [])


def test_a_run_that_failed_says_why_in_its_cell():
    claim = CLAIMS["exact-loses"]
    found = cell_of(claim, Measured(model=DENSE, probe=claim.probe, reason="model 'mine' broke"))
    assert found.said == "not measured: model 'mine' broke"
    assert found.document(Path("out"))["run"] is None


def test_another_models_estimate_is_not_taken():
    claim = CLAIMS["exact-loses"]
    assert cell("exact-loses", [row(claim, 0.2, 0.15, 0.25, model="other")]).word.word == UNMEASURED


def test_the_report_shows_every_claim_and_says_what_it_leaves_out(tmp_path, monkeypatch):
    from freqbias import registry

    monkeypatch.delitem(registry.BUILT_IN["probes"], "geometry")
    own = [CLAIMS["exact-loses"], CLAIMS["understated"]]
    assert [is_testable(claim) for claim in own] == [True, False]
    odd = Model(given="<b>", kind="embedder", name="<b>|x", architecture="dense")
    table = table_of(own, [odd, BM25], [Measured(model=model, probe="inversion", reason="it *broke*") for model in (odd, BM25)], tmp_path)
    assert table.left_out == [f"{own[1].title}: not run, this version has no probe 'geometry' yet."]
    paths = table.write()
    assert [path.name for path in paths] == ["constraints.html", "constraints.md", "constraints.json"]
    page, text = (path.read_text(encoding="utf-8") for path in paths[:2])
    assert "&lt;b&gt;|x" in page
    assert "<b>" not in page
    assert r"&lt;b&gt;\|x (dense)" in text
    assert r"not measured: it \*broke\*" in text
    assert text.count("arXiv:2604.02176") == 1
    table_lines = text[: text.index("## Not run")].splitlines()
    bars = {len(re.findall(r"(?<!\\)\|", line)) for line in table_lines if line.startswith("|")}
    assert bars == {4}
