"""What a probe declares of itself reaches the manifest, the estimates and the sentences."""

import json

import pytest
from msgspec.structs import replace
from simulation import markdown_of, write_run

from freqbias.analysis import estimate, frame
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
