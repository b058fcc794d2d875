"""The report of runs that are unusual: names that are long, measures that share a probe, manifests that say little."""

import json
import re
from dataclasses import replace

from simulation import markdown_of, write_run

from freqbias.analysis import estimate, frame
from freqbias.analysis.drawing import LABEL
from freqbias.analysis.report import write_report
from freqbias.jsonl import write_records


def test_a_manifest_written_by_hand_may_say_little(tmp_path):
    write_run(tmp_path, items=4)
    for manifest in ({"schema": 1}, {"schema": 1, "models": [{"name": "m"}]}):
        (tmp_path / "manifest.json").write_text(json.dumps(manifest))
        markdown = markdown_of(tmp_path)
    assert "None" not in markdown + (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Command" not in markdown


def test_long_names_fit_into_file_names_and_figures(tmp_path):
    name = "org/" + "very-" * 60 + "long"
    pairs, rows = write_run(tmp_path, model=name, items=12)
    other = [replace(row, model=name + "er") for row in rows]
    write_records(tmp_path / "observations.jsonl", [*rows, *other])
    write_records(tmp_path / "estimates.jsonl", estimate(frame([*rows, *other]), pairs, curve=False))
    written = write_report(tmp_path)
    assert len({path.name for path in written}) == len(written)
    assert max(len(path.name) for path in written) < 130
    overview = next(path for path in written if path.name == "overview.svg").read_text(encoding="utf-8")
    assert {len(text) for text in re.findall(r">(org/[^<]*)<", overview)} == {LABEL}


def test_two_measures_of_one_probe_are_told_apart(tmp_path):
    pairs, rows = write_run(tmp_path, items=12)
    own = [replace(row, probe="mmlu", measure=measure) for row in rows if row.register == "plain" for measure in ("f1", "accuracy")]
    own = [replace(row, contrast="gap", register=None) for row in own]
    write_records(tmp_path / "observations.jsonl", own)
    write_records(tmp_path / "estimates.jsonl", estimate(frame(own), pairs, curve=False))
    markdown = markdown_of(tmp_path)
    assert "### m · mmlu · accuracy" in markdown
    assert "### m · mmlu · f1" in markdown
    assert "wording has the higher accuracy: " in markdown
    assert " (90 %) |" in markdown
