"""Terminal, report and Python say one thing of one folder."""

import json

import pytest

import freqbias
from freqbias.files import read_manifest, write_json


@pytest.mark.slow
@pytest.mark.parametrize("floor", [0.0, 10.0])
def test_terminal_report_and_python_agree_under_a_noise_floor(cli, tmp_path, monkeypatch, pair_file, floor):
    monkeypatch.setenv("FREQBIAS_TEST_PAIRS", str(pair_file))
    run = tmp_path / "run"
    options = ["--pairs", pair_file, "--embedder", "synthetic:embed_gloss", "--probe", "similarity", "--out", run]
    assert cli("run", *options).exit_code == 0
    manifest = read_manifest(run / "manifest.json")
    manifest["models"][0]["noise_floor"] = {"measure": "cosine", "value": floor}
    write_json(run / "manifest.json", manifest)
    screen = " ".join(cli("analyze", run).stdout.split())
    assert cli("report", run).exit_code == 0
    document = json.loads((run / "report.json").read_text(encoding="utf-8"))
    (told,) = document["verdicts"]
    (verdict,) = freqbias.Run(run).verdicts
    assert verdict.headline == told["headline"]
    assert verdict.told.sentence in screen
    assert verdict.told.sentence in " ".join((run / "report.md").read_text(encoding="utf-8").split())
    assert verdict.told.answers[0].said == document["answers"][0]["answer"] == ("cannot tell" if floor > 1 else "yes")
    assert " ".join(cli("run", *options).stdout.split()) == f"{screen} {run / 'report.html'}"
    assert verdict.headline.startswith("No effect is claimed") == (floor > 1)
