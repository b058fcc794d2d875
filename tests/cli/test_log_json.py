"""`freqbias --log-json`: every line on standard error is one JSON object, whoever wrote it."""

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from runs import write_pairs

from freqbias.cli import console, json_lines
from freqbias.cli.progress import Lines

TESTS = Path(__file__).parent.parent


def objects(text):
    found = [json.loads(line) for line in text.splitlines()]
    for row in found:
        assert datetime.fromisoformat(row["time"]).tzinfo is not None
        assert row["level"] in {"debug", "info", "warning", "error"}
        assert isinstance(row["message"], str)
    return found


def test_progress_has_its_numbers(cli, tmp_path):
    pairs = write_pairs(tmp_path / "pairs.jsonl", 600)
    result = cli("--log-json", "probe", pairs, "--lm", "failing:lm", "--probe", "likelihood", "--out", tmp_path / "o.jsonl")
    assert result.exit_code == 0, result.output
    found = objects(result.stderr)
    (step,) = [row for row in found if row.get("what") == "failing:lm: likelihood"]
    assert (step["level"], step["done"], step["total"], step["unit"], step["failures"]) == ("info", 600, 600, "pairs", 0)
    assert step["rate"] > 0
    assert step["seconds_left"] == 0
    assert {"seconds", "tokens_per_second"} <= step.keys()
    assert found[-1]["message"].endswith("o.jsonl written")


def test_errors_and_wrong_options_too(cli, tmp_path):
    (error,) = objects(cli("--log-json", "status", tmp_path / "none").stderr)
    assert (error["level"], error["exit_status"]) == ("error", 2)
    assert "there is no such folder" in error["message"]
    result = cli("--log-json", "status", "--nonsense")
    (error,) = objects(result.stderr)
    assert (result.exit_code, error["exit_status"], "--nonsense" in error["message"]) == (2, 2, True)


def test_what_others_write_is_wrapped(capsys):
    console.set_up(0, as_json=True)
    try:
        sys.stderr.write("half a li")
        sys.stderr.write("ne\n 10%|#\r 20%|##\r\n\n")
        sys.stderr.write("f.py:1: UserWarning: old\x1b[2J\n")
        console.log.warning("ours")
        assert isinstance(console.tracker(), Lines)
    finally:
        console.stop_display()
        console.set_up(0)
    text = capsys.readouterr().err
    assert "\x1b" not in text
    found = objects(text)
    assert [row["message"] for row in found[:3]] == ["half a line", " 10%|#", " 20%|##"]
    assert all(row["source"] == "stderr" for row in found[:3])
    assert any(r"UserWarning: old\x1b[2J" in row["message"] for row in found)
    assert (found[-1]["message"], found[-1]["level"]) == ("ours", "warning")
    assert not json_lines.is_on()


@pytest.mark.parametrize("code", ["raise RuntimeError('a bug')", "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"])
def test_the_end_of_a_process_is_an_object(tmp_path, code):
    (tmp_path / "breaks.py").write_text(f"def generate(**options):\n    {code}\n")
    command = [sys.executable, "-m", "freqbias", "--log-json", "pairs", "breaks:generate", "--out", "x.jsonl"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(TESTS.parent), os.environ.get("PYTHONPATH")]))}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    last = objects(done.stderr)[-1]
    assert last["exit_status"] == done.returncode
    assert done.returncode == (130 if "SIGTERM" in code else 2)
    assert last["level"] == "error"
