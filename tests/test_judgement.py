"""What a probe declares of itself reaches the manifest, the estimates and the sentences."""

import json
from importlib import import_module

import pytest
from conftest import needed
from msgspec.structs import replace
from simulation import markdown_of, write_run

from freqbias.analysis import estimate, frame
from freqbias.analysis.design.plan import power_of
from freqbias.analysis.report.report import write_report
from freqbias.analysis.report.verdict import verdicts
from freqbias.errors import InputError
from freqbias.files import write_json, write_records
from freqbias.judgement import Finding, Judgement, Judgements
from freqbias.registry import load, names

DECLARED = Judgement(
    contrast="ease",
    measure="ease_points",
    meaning="is answered with more ease",
    unit="points",
    sesoi=0.5,
    findings=(Finding(contrast="effort", measure="effort_points", sentence="Effort changes by {size} {unit}, {p}."),),
)


@pytest.mark.parametrize("name", names("probes"))
def test_what_a_probe_declares_survives_the_manifest(name):
    declared = load("probes", name).judgement
    assert Judgement.from_dict(json.loads(json.dumps(declared.to_dict()))) == declared
    assert declared != Judgement()


def test_a_declared_judgement_survives_json():
    assert Judgement.from_dict(json.loads(json.dumps(DECLARED.to_dict()))) == DECLARED


def rows_of(tmp_path):
    pairs, rows = write_run(tmp_path, items=12)
    plain = [row for row in rows if row.register == "plain"]
    ease = [row.replace(probe="theirs", measure="ease_points", contrast="ease", register=None, decoys=None) for row in plain]
    effort = [row.replace(measure="effort_points", contrast="effort", high=row.high * 2, low=row.low * 2) for row in ease]
    return pairs, [*ease, *effort]


def test_a_foreign_probe_is_judged_as_it_declares(tmp_path):
    pairs, rows = rows_of(tmp_path)
    made = estimate(frame(rows), pairs, curve=False, judgements=Judgements({"theirs": DECLARED}))
    confirmatory = [row for row in made if row.family == "confirmatory"]
    assert [(row.measure, row.contrast, row.bound) for row in confirmatory] == [("ease_points", "ease", 0.5)]
    undeclared = estimate(frame(rows), pairs, curve=False, judgements=Judgements({"theirs": Judgement()}))
    assert [row for row in undeclared if row.family == "confirmatory"] == []


def test_a_probe_that_names_no_measure_and_writes_two_has_one_confirmatory_test():
    known = Judgements({"theirs": Judgement()}).settled([("m", "theirs", "gap", measure) for measure in ("first", "second", "first")])
    assert known["theirs"].secondary == ("second",)
    assert [known["theirs"].judges("gap", measure) for measure in ("first", "second")] == [True, False]


def test_the_report_reads_meaning_and_sentences_from_the_manifest(tmp_path):
    pairs, rows = rows_of(tmp_path)
    write_records(tmp_path / "observations.jsonl", rows)
    write_records(tmp_path / "estimates.jsonl", estimate(frame(rows), pairs, curve=False, judgements=Judgements({"theirs": DECLARED})))
    write_json(tmp_path / "manifest.json", {"schema": 1, "judgements": {"theirs": DECLARED.to_dict()}})
    markdown = markdown_of(tmp_path)
    assert "is answered with more ease" in markdown
    assert " points [" in markdown
    assert "- Effort changes by " in markdown


def test_a_sentence_is_said_only_of_what_was_found(tmp_path):
    pairs, rows = rows_of(tmp_path)
    said = []
    for only_if in ("found", "not_found"):
        own = replace(DECLARED, findings=(Finding(contrast="ease", measure="ease_points", sentence="Here {form}.", only_if=only_if),))
        judgements = Judgements({"theirs": own})
        (found,) = verdicts(estimate(frame(rows), pairs, curve=False, judgements=judgements), None, judgements)
        said.append([text for text in found.findings if text.startswith("Here")])
    assert sorted(map(len, said)) == [0, 1]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"contrast": 3}, r"Expected `str`, got `int` - at `\$\.contrast`"),
        ({"contrats": "gap"}, "unknown field `contrats`"),
        ({"cells": ["one"]}, "length 2"),
        ({"findings": [{"contrast": "gap", "sentence": "{nothing}"}]}, "nothing"),
        ({"findings": [{"sentence": "x"}]}, "missing required field `contrast`"),
        ({"findings": [{"contrast": "gap", "sentence": "x", "only_if": "perhaps"}]}, "perhaps"),
        ([], "Expected `object`"),
    ],
)
def test_a_manifest_that_is_wrong_is_one_line(row, reason):
    with pytest.raises(InputError, match=r"manifest\.json: judgements\.theirs: .*" + reason):
        Judgements.of_manifest({"judgements": {"theirs": row}})


def test_a_name_in_a_data_file_is_never_imported(tmp_path, monkeypatch):
    """Observations of others may name a probe as `module:attr`; reading them must not run that module."""
    (tmp_path / "trap.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w').close()\nprobe = None\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert Judgements()["trap:probe"] == Judgement()
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("sesoi", [0, -1.0, float("inf"), float("nan")])
def test_a_smallest_effect_is_a_size(sesoi):
    with pytest.raises(InputError, match=r"sesoi.*must be above 0 and finite"):
        Judgement(sesoi=sesoi)


def test_power_takes_no_share_of_a_margin_that_the_bound_is_not_made_of(tmp_path):
    _, rows = rows_of(tmp_path)
    judgements = Judgements({"theirs": DECLARED})
    with pytest.raises(InputError, match="has no exact - decoy margin to take --relative of"):
        power_of(frame(rows), relative=0.05, judgements=judgements, simulations=50)
    (answer,) = power_of(frame(rows), judgements=judgements, simulations=50)
    assert answer.target == DECLARED.sesoi


def test_two_runs_that_judge_one_probe_by_different_things_are_not_one_report(tmp_path):
    for name, declared in (("a", DECLARED), ("b", replace(DECLARED, meaning="is answered with less ease"))):
        folder = tmp_path / name
        folder.mkdir()
        pairs, rows = rows_of(folder)
        rows = [row.replace(model=name) for row in rows]
        judgements = Judgements({"theirs": declared})
        write_records(folder / "observations.jsonl", rows)
        write_records(folder / "estimates.jsonl", estimate(frame(rows), pairs, curve=False, judgements=judgements))
        write_json(folder / "manifest.json", {"schema": 1, "judgements": {"theirs": declared.to_dict()}})
    with pytest.raises(InputError, match="runs 'a' and 'b' judge probe 'theirs' by different things"):
        write_report(tmp_path / "a", tmp_path / "b", out=tmp_path / "both")


@pytest.mark.parametrize("module", ["headline", "mteb", "sentence_transformers"])
def test_former_places_of_the_integrations_lead_to_them(module):
    if module != "headline":
        needed(module)
    former, now = (import_module(f"freqbias.{place}.{module}") for place in ("probes", "integrations"))
    assert former is now
