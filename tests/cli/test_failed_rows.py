"""A run in which rows failed ends with a line that says how many, mostly why and how to go on, and with exit status 3."""

import json
import subprocess
import sys

import pytest
from misbehaving import MODEL, Reply, Server, completion

from freqbias.run.failures import reason_of


@pytest.fixture
def pairs(tmp_path):
    rows = [
        {"id": f"p{n}", "item": f"i{n}", "arm": "frequency", "high": f"common word {n}", "low": f"rarest word {n}", "zipf_gap": 1.0}
        for n in range(12)
    ]
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def refusing(*texts):
    def behave(body):
        if any(text in body["prompt"] for text in texts):
            raise Reply(400, {"error": {"message": "the prompt is too long"}})
        if "word 11" in body["prompt"]:
            raise Reply(422, {"error": {"message": "not this"}})
        return completion(body)

    return behave


def last_line(result):
    return result.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("quiet", [False, True])
def test_probe(cli, tmp_path, pairs, quiet):
    out = tmp_path / "o.jsonl"
    options = ("probe", pairs, "--out", out, "--lm", MODEL, "--probe", "likelihood")
    with Server() as server:
        server.behaviours["completions"] = refusing("word 3", "rarest word 5")
        result = cli(*(["-q"] if quiet else []), *options, "--base-url", server.url)
        again = cli(*options, "--base-url", server.url)
        server.behaviours["completions"] = completion
        whole = cli(*options, "--base-url", server.url)
    assert result.exit_code == again.exit_code == 3
    assert last_line(result) == last_line(again)
    assert last_line(result).startswith(
        "3 of 12 rows failed (2: HTTP 400: the prompt is too long; 1: HTTP 422: not this); their rows in "
    )
    assert last_line(result).endswith("o.jsonl say which (field `error`), and the same command asks for them again")
    assert whole.exit_code == 0
    assert "failed" not in whole.stderr


def test_a_model_with_the_name_of_a_picture_keeps_it(tmp_path):
    """`:boom:` is a picture to the library that prints."""
    said = "console.log.info('mine:boom: no'); console.print_table(['a'], [['mine:boom: x']])"
    code = f"from freqbias.cli import console; console.set_up(0); {said}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stderr.strip() == "mine:boom: no"
    assert "mine:boom: x" in done.stdout


def test_run(cli, tmp_path, pairs):
    with Server() as server:
        server.behaviours["completions"] = refusing("word 3")
        result = cli("run", "--pairs", pairs, "--out", tmp_path / "run", "--lm", MODEL, "--probe", "likelihood", "--base-url", server.url)
    assert result.exit_code == 3
    assert (tmp_path / "run" / "report.html").exists()
    assert last_line(result).startswith("2 of 12 rows failed (1: HTTP 400: the prompt is too long; 1: HTTP 422: not this)")


def test_help_says_what_the_statuses_mean(cli):
    assert "3 a run is complete, but rows failed" in " ".join(cli("--help").stdout.split())
    for command in ("run", "probe"):
        assert "Exit status 3" in cli(command, "--help").stdout


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("small gave no finite log-probability ('a text (of 3)': HTTP 400: no)", "HTTP 400: no"),
        ("small gave no finite log-probability (\"a 'text'\": HTTP 400: no (1 attempts))", "HTTP 400: no (1 attempts)"),
        ("the model gives no finite score for 'one text'", "the model gives no finite score for '…'"),
        ("model 'mine:f': ValueError: no\n(mine.py:3)", "model '…': ValueError: no (mine.py:3)"),
    ],
)
def test_equal_reasons_are_counted_together(error, reason):
    assert reason_of(error) == reason
