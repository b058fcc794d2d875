"""A run folder that a person wrote to the file contract: the fewest fields, no manifest, no covariates."""

import json
import re

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
    assert "Placebo: these pairs have none." in html
    assert not (tmp_path / "manifest.json").exists()


MEASURED = {
    "similarity": [("cosine", "gloss"), ("cosine", "background"), ("cosine", "neutral"), ("cosine", "crossed")],
    "inversion": [(measure, contrast) for measure in ("cosine", "win_rate") for contrast in ("exact_form", "decoy_form", "crossed")],
    "retrieval": [(measure, "document_form") for measure in ("ndcg_at_10", "recall_at_1", "negative_rank")],
    "geometry": [("cosine", "centroid"), ("l2_norm", "norm"), ("k_occurrence", "hubness")],
    "likelihood": [("log_prob_nats", "raw"), ("log_prob_nats", "downstream")],
    "mine": [("accuracy", "gap")],
}


def degenerate_row(pair, probe, measure, contrast, kind):
    """Return a row whose values, and whose decoys, leave nothing to divide by."""
    row = {"pair_id": pair["id"], "item": pair["item"], "arm": pair["arm"], "probe": probe, "measure": measure, "contrast": contrast}
    row |= {"model": "m"}
    if kind == "failed" or (kind == "failed controls" and pair["arm"] != "frequency"):
        return row | {"error": "no answer"}
    if contrast == "crossed":
        return row | {"cells": dict.fromkeys(("hh", "hl", "lh", "ll"), 0.5)}
    high = 0.5 if kind == "all alike" else 0.75
    return row | {"high": high, "low": 0.5, "decoys": {"high": high, "low": 0.5}}


@pytest.mark.parametrize("items", [1, 2])
@pytest.mark.parametrize("kind", ["all alike", "constant", "failed", "failed controls"])
def test_degenerate_runs_of_every_probe_are_reported(cli, tmp_path, kind, items):
    """No manifest, no covariate, margins of exactly zero: every number is finite or null, and nothing warns."""
    pairs = [
        {"id": f"{arm}{k}", "item": f"{arm}{k}", "arm": arm, "high": f"a car {k}", "low": f"a jalopy {k}"}
        for arm in ("frequency", "placebo", "length")
        for k in range(items)
    ]
    series = [(probe, *names) for probe, measured in MEASURED.items() for names in measured]
    rows = [degenerate_row(pair, *names, kind) for pair in pairs for names in series]
    write(tmp_path / "pairs.jsonl", pairs)
    write(tmp_path / "observations.jsonl", rows)
    for stage in ("analyze", "report"):
        result = cli(stage, tmp_path)
        assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert {probe for verdict in found["verdicts"] for probe in (verdict["probe"], *verdict["also"])} == set(MEASURED)
    for verdict in found["verdicts"]:
        assert re.match("Cannot tell|Cannot be measured|Inconclusive", verdict["headline"])
        assert not re.search("–|nan", " ".join([*verdict["controls"], *verdict["findings"]]))
