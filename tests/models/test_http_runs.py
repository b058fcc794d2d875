"""Runs against a server that goes away in the middle: what was measured stays, the rest carries `error`, a rerun asks only for that."""

import json
import re

import misbehaving
import pytest
from misbehaving import MODEL, Reply, Server

from freqbias import read_observations


@pytest.fixture
def pairs(tmp_path):
    rows = [
        {"id": f"p{n}", "item": f"i{n}", "high": f"common word {n}", "low": f"rarest word {n}", "queries": {"neutral": ["anything"]}}
        for n in range(300)
    ]
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def until(server, pattern, behaviour):
    """Return a behaviour that kills its server when it is asked for a text that matches."""

    def behave(body):
        if re.search(pattern, str(body)):
            server.kill()
        return behaviour(body)

    return behave


def rows_of(out):
    rows = list(read_observations(out))
    return {row.pair_id for row in rows}, {row.pair_id for row in rows if row.error}, rows


@pytest.mark.slow
def test_language_model(cli, tmp_path, pairs, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-0123456789")
    out = tmp_path / "run"

    def run(server, *more):
        options = ("--lm", MODEL, "--probe", "likelihood", "--base-url", server.url, *more)
        return cli("probe", pairs, "--out", out / "observations.jsonl", *options)

    with Server() as server:
        # or one of the next: a request that was tried again comes after those that it stood before
        server.behaviours["completions"] = until(server, r"common word 1[5-9]\d", misbehaving.completion)
        result = run(server)
    assert result.exit_code == 1
    assert "requests in a row" in result.stderr
    assert "what was measured is kept" in result.stderr
    measured, failed, rows = rows_of(out)
    assert 256 <= len(measured) <= 300
    assert {f"p{n}" for n in range(200, 256)} <= failed
    assert len(measured - failed) > 50
    assert all(row.error.startswith("small gave no finite log-probability ('") for row in rows if row.error)
    with Server() as server:
        assert run(server).exit_code == 0
        asked = {body["prompt"].removeprefix("\n") for path, body, _ in server.asked if path == "completions"}
    texts = {text for text in asked if " word " in text}
    missing = failed | {f"p{n}" for n in range(300)} - measured
    assert texts == {f"{first} word {name[1:]}" for name in missing for first in ("common", "rarest")}
    measured, failed, rows = rows_of(out)
    assert (len(measured), failed) == (300, set())
    assert {row.high for row in rows} == {-len("common word 1") / 2, -len("common word 10") / 2, -len("common word 100") / 2}
    usage = json.loads((out / "manifest.json").read_text())["models"][0]["usage"]
    assert usage["requests"] > 600
    assert b"sk-very-secret" not in b"".join(path.read_bytes() for path in out.iterdir())


def test_embedder(cli, tmp_path, pairs):
    out = tmp_path / "run"

    def run(server):
        options = ("--embedder", MODEL, "--probe", "similarity", "--base-url", server.url)
        return cli("probe", pairs, "--out", out / "observations.jsonl", *options)

    with Server() as server:
        server.behaviours["embeddings"] = until(server, "rarest word 150", misbehaving.embeddings)
        result = run(server)
    assert result.exit_code == 1
    assert (out / "observations.jsonl").exists(), result.output
    measured, failed, _ = rows_of(out)
    assert len(measured) == 300  # whatever part their pair is in, vectors that came are used
    assert {f"p{n}" for n in range(100)} <= failed < measured
    with Server() as server:
        assert run(server).exit_code == 0
        asked = {text for path, body, _ in server.asked if path == "embeddings" for text in body["input"]}
    texts = {text for text in asked if " word " in text}
    assert texts <= {f"{first} word {name[1:]}" for name in failed for first in ("common", "rarest")}
    assert len(texts) >= len(failed)
    measured, failed, _ = rows_of(out)
    assert (len(measured), failed) == (300, set())


def test_two_files_of_one_folder_do_not_share_vectors(cli, tmp_path, pairs):
    with Server() as server:

        def run(name, *more):
            options = ("--embedder", MODEL, "--probe", "similarity", "--base-url", server.url, *more)
            return cli("probe", pairs, "--out", tmp_path / name, *options).exit_code

        assert run("first.jsonl", "--max-requests", "24") == 1  # of which the noise floor takes some 16
        assert run("second.jsonl") == 0
        server.asked.clear()
        assert run("first.jsonl") == 0
        asked = [text for path, body, _ in server.asked if path == "embeddings" for text in body["input"]]
    assert 0 < len([text for text in asked if " word " in text]) < 600
    assert (tmp_path / "first.jsonl").read_bytes() == (tmp_path / "second.jsonl").read_bytes()
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_budget_ends_a_run_and_the_next_goes_on(cli, tmp_path, pairs):
    out = tmp_path / "run"
    with Server() as server:
        codes = []
        for _ in range(4):
            before = len(server.asked)
            options = ("--lm", MODEL, "--probe", "likelihood", "--base-url", server.url, "--max-requests", "300")
            codes.append(cli("probe", pairs, "--out", out / "observations.jsonl", *options).exit_code)
            assert len(server.asked) - before <= 300
    assert codes == [1, 1, 0, 0]
    measured, failed, _ = rows_of(out)
    assert (len(measured), failed) == (300, set())


def test_a_server_that_has_another_model_by_now_is_refused(cli, tmp_path, pairs):
    def refuse(body):
        if any("rarest word 7" in text for text in body["input"]):
            raise Reply(400, {"error": {"message": "no"}})
        return misbehaving.embeddings(body)

    def longer(body):
        return {"data": [{**row, "embedding": [*row["embedding"], 2.0]} for row in misbehaving.embeddings(body)["data"]]}

    with Server(embeddings=refuse) as server:
        options = ("--out", tmp_path / "o.jsonl", "--embedder", MODEL, "--probe", "similarity", "--base-url", server.url)
        assert cli("probe", pairs, *options).exit_code == 3
        before = (tmp_path / "o.jsonl").read_bytes()
        server.behaviours["embeddings"] = longer
        result = cli("probe", pairs, *options)
        assert result.exit_code == 2
        assert "its dimensions was 3 and is 4" in " ".join(result.stderr.split())
        assert (tmp_path / "o.jsonl").read_bytes() == before
        server.behaviours["embeddings"] = misbehaving.embeddings
        assert cli("probe", pairs, *options).exit_code == 0
