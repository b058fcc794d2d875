"""The report of runs that are unusual: names that are long, measures that share a probe, manifests that say little."""

import json
import re

import pytest
from simulation import markdown_of, write_run

from freqbias.analysis import estimate, frame
from freqbias.analysis.figures.svg import LABEL
from freqbias.analysis.report.report import write_report
from freqbias.errors import InputError
from freqbias.files import write_records


@pytest.mark.parametrize("more", [{}, {"models": [{"name": "m", "details": None}]}, {"models": None, "versions": None, "argv": None}])
def test_a_manifest_written_by_hand_may_say_little(tmp_path, more):
    write_run(tmp_path, items=4)
    (tmp_path / "manifest.json").write_text(json.dumps({"schema": 1} | more))
    markdown = markdown_of(tmp_path)
    assert "None" not in markdown + (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Command" not in markdown


@pytest.mark.parametrize(
    ("models", "line"),
    [
        (["minilm"], r"field 'models\.0' must be an object, found str"),
        ("minilm", "field 'models' must be a list"),
        ([{}], r"field 'models\.0\.name' is missing"),
    ],
)
def test_a_manifest_with_other_models_is_one_line(tmp_path, models, line):
    write_run(tmp_path, items=4)
    (tmp_path / "manifest.json").write_text(json.dumps({"schema": 1, "models": models}))
    with pytest.raises(InputError, match=f"manifest.json: {line}"):
        write_report(tmp_path)


def test_rounding_of_large_levels_is_no_other_run(tmp_path):
    """Files hold nine digits: of a log-probability of -412.7, not of a gap that is nearly nothing."""
    pairs, rows = write_run(tmp_path, items=40)
    own = [row.replace(measure="log_prob_nats", high=row.high - 412.7 - 1 / 3e6, low=row.low - 412.7) for row in rows]
    own = [row.replace(decoys=None) for row in own]
    write_records(tmp_path / "observations.jsonl", own)
    write_records(tmp_path / "estimates.jsonl", estimate(frame(own), pairs, curve=False))
    write_report(tmp_path)


def test_long_names_fit_into_file_names_and_figures(tmp_path):
    name = "org/" + "very-" * 60 + "long"
    pairs, rows = write_run(tmp_path, model=name, items=12)
    other = [row.replace(model=name + "er") for row in rows]
    write_records(tmp_path / "observations.jsonl", [*rows, *other])
    write_records(tmp_path / "estimates.jsonl", estimate(frame([*rows, *other]), pairs, curve=False))
    written = write_report(tmp_path)
    assert len({path.name for path in written}) == len(written)
    assert max(len(path.name) for path in written) < 130
    overview = next(path for path in written if path.name == "overview.svg").read_text(encoding="utf-8")
    assert {len(text) for text in re.findall(r">(org/[^<]*)<", overview)} == {LABEL}


def test_two_measures_of_one_probe_are_one_test_and_both_are_told(tmp_path):
    pairs, rows = write_run(tmp_path, items=12)
    own = [row.replace(probe="mmlu", measure=measure) for row in rows if row.register == "plain" for measure in ("f1", "accuracy")]
    own = [row.replace(contrast="gap", register=None, decoys=None) for row in own]
    write_records(tmp_path / "observations.jsonl", own)
    made = estimate(frame(own), pairs, curve=False)
    assert {row.measure for row in made if row.family == "confirmatory"} == {"f1"}
    write_records(tmp_path / "estimates.jsonl", made)
    markdown = markdown_of(tmp_path)
    assert markdown.count("### m · mmlu\n") == 1
    assert "- In other measures: accuracy " in markdown
