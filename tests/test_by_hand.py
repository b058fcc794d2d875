"""A run folder that a person wrote to the file contract: the fewest fields, no manifest, no covariates."""

import json

import pytest

WORDS = [
    ("car", "jalopy"),
    ("money", "moolah"),
    ("friend", "chum"),
    ("child", "tyke"),
    ("house", "abode"),
    ("fight", "fracas"),
    ("fear", "trepidation"),
    ("rain", "precipitation"),
    ("teacher", "pedagogue"),
    ("doctor", "physician"),
    ("nonsense", "balderdash"),
    ("anger", "ire"),
]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def test_it_is_analysed_and_reported(cli, tmp_path):
    pairs = [{"id": str(k), "item": high, "high": f"the {high} again", "low": f"the {low} again"} for k, (high, low) in enumerate(WORDS)]
    write(tmp_path / "pairs.jsonl", pairs)
    key = {"probe": "mine", "measure": "accuracy", "contrast": "gap", "model": "paper and pencil"}
    rows = [key | {"pair_id": str(k), "item": high, "high": 0.8 + k / 100, "low": 0.5} for k, (high, _) in enumerate(WORDS)]
    write(tmp_path / "observations.jsonl", rows)
    result = cli("analyze", tmp_path, "--json")
    assert result.exit_code == 0, result.output
    found = {(row["contrast"], row["arm"], row["term"]): row for row in json.loads(result.stdout)}
    mean = found["gap", "frequency", "mean"]
    assert mean["value"] == pytest.approx(0.355)
    assert (mean["n_items"], mean["family"]) == (12, "confirmatory")
    assert mean["p_value"] == pytest.approx(2 / 2**12)  # every gap is positive: the least that twelve items allow
    assert cli("report", tmp_path).exit_code == 0
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "paper and pencil" in html
    assert "Placebo: none in these pairs." in html
    assert not (tmp_path / "manifest.json").exists()
