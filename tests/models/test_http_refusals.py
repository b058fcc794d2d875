"""Servers that refuse every text: the model has failed, whatever the refusal looks like; some texts that are refused are rows."""

import json
import re
from functools import partial

import misbehaving
import pytest
from misbehaving import MODEL, Reply, Server, failing
from served import embedder, language_model

from freqbias import read_observations
from freqbias.models.adapters import http_client
from freqbias.models.adapters.http import OTHER_SENTENCES, TEST_SENTENCE

REFUSALS = {
    "403": Reply(403, {"error": {"message": "no \x1b[2Jaccess"}}),
    "404": Reply(404, {"error": {"message": "no \x1b[2Jaccess"}}),
    "200": Reply(200, {"error": {"message": "no \x1b[2Jaccess"}}),
    "200 with 403": Reply(200, {"error": {"code": 403, "message": "no \x1b[2Jaccess"}}),
}
WORDS = "no \\x1b[2Jaccess"
TEXTS = [f"text number {n}" for n in range(60)]
QUICK = partial(http_client.Patience, first_pause_s=0.001, longest_pause_s=0.002)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(http_client, "Patience", QUICK)


def refusing(behaviour, reply, *, tests_too, of=""):
    """Return a behaviour that refuses texts; the sentences by which a server is tried, too, or not."""

    def behave(body):
        known = any(sentence in str(body) for sentence in (TEST_SENTENCE, *OTHER_SENTENCES))
        if of in str(body) and (tests_too or not known):
            raise reply
        return behaviour(body)

    return behave


def write_pairs(path, count):
    rows = [{"id": f"p{n}", "item": f"i{n}", "high": f"common word {n}", "low": f"rarest word {n}"} for n in range(count)]
    path.write_text("".join(json.dumps({**row, "queries": {"neutral": ["anything"]}}) + "\n" for row in rows), encoding="utf-8")
    return path


def probe(cli, pairs, server, kind):
    model = ("--lm", MODEL, "--probe", "likelihood") if kind == "completions" else ("--embedder", MODEL, "--probe", "similarity")
    return cli("probe", pairs, "--out", pairs.with_name("observations.jsonl"), *model, "--base-url", server.url)


@pytest.mark.parametrize("name", REFUSALS)
@pytest.mark.parametrize("kind", ["completions", "embeddings"])
def test_a_server_that_refuses_every_text_has_failed(cli, tmp_path, kind, name):
    pairs = write_pairs(tmp_path / "pairs.jsonl", 20)
    with Server(**{kind: refusing(misbehaving.WELL_BEHAVED[kind], REFUSALS[name], tests_too=False)}) as server:
        result = probe(cli, pairs, server, kind)
    assert result.exit_code == 1, result.output
    last = result.stderr.splitlines()[-1]
    assert last.startswith("freqbias: ")
    assert WORDS in last
    assert "\x1b" not in result.output + result.stderr
    assert not pairs.with_name("observations.jsonl").exists()


@pytest.mark.parametrize("name", REFUSALS)
def test_a_server_that_refuses_everything_by_now_is_found_out_by_what_it_answered_before(name):
    with Server() as server:
        vectors, model = embedder(server, patience=None), language_model(server, patience=None)
        for path in ("completions", "embeddings"):
            server.behaviours[path] = refusing(misbehaving.WELL_BEHAVED[path], REFUSALS[name], tests_too=True)
        for ask, asked in (
            (lambda: model.log_probs(TEXTS), model),
            (lambda: vectors.encode(TEXTS, role="document"), vectors),
        ):
            before = len(server.asked)
            ask()
            assert "5 requests in a row" in asked.stopped
            assert WORDS in asked.stopped
            assert len(server.asked) - before < 3 * 32 * 3  # those in flight, three times, not every text


def test_prompts_and_labels_go_the_same_way():
    def labelled(body):
        ranked = [{"token": token, "logprob": -1.0} for token in ("A", "B")]
        content = [{"token": "A", "logprob": -1.0, "top_logprobs": ranked}]
        return {"choices": [{"message": {"role": "assistant", "content": "A"}, "logprobs": {"content": content}}]}

    with Server(completions=None, chat__completions=labelled) as server:
        for ask in (
            lambda model: model.label_log_probs(TEXTS, ("A", "B")),
            lambda model: model.generate(TEXTS, max_tokens=3),
            lambda model: model.write(TEXTS, n=2, max_tokens=3, temperature=1.0, seed=0),
        ):
            server.behaviours["chat/completions"] = labelled
            model = language_model(server, patience=None)
            server.behaviours["chat/completions"] = refusing(labelled, REFUSALS["403"], tests_too=False)
            ask(model)
            assert model.stopped is None
            assert model.refusing.endswith(f"HTTP 403: {WORDS}")
            server.behaviours["chat/completions"] = refusing(labelled, REFUSALS["403"], tests_too=True)
            ask(model)
            assert WORDS in model.stopped


def test_what_was_measured_before_a_server_refuses_is_kept(cli, tmp_path):
    pairs = write_pairs(tmp_path / "pairs.jsonl", 280)
    with Server() as server:
        server.behaviours["completions"] = until_refused(r"common word 26\d", server)
        result = probe(cli, pairs, server, "completions")
    assert result.exit_code == 1, result.output
    assert "what was measured is kept" in result.stderr
    assert WORDS in result.stderr
    rows = list(read_observations(pairs.with_name("observations.jsonl")))
    assert sum(row.error is None for row in rows) >= 256
    with Server() as server:
        assert probe(cli, pairs, server, "completions").exit_code == 0
    assert all(row.error is None for row in read_observations(pairs.with_name("observations.jsonl")))


def until_refused(pattern, server):
    def behave(body):
        if re.search(pattern, str(body)):
            server.behaviours["completions"] = refusing(misbehaving.completion, REFUSALS["403"], tests_too=True)
        return misbehaving.completion(body)

    return behave


def test_some_texts_that_are_refused_are_rows_however_often_they_are_asked_for(cli, tmp_path):
    pairs = write_pairs(tmp_path / "pairs.jsonl", 20)
    with Server(completions=refusing(misbehaving.completion, REFUSALS["403"], tests_too=False, of="common word 1")) as server:
        for _ in range(2):
            assert probe(cli, pairs, server, "completions").exit_code == 3
    rows = list(read_observations(pairs.with_name("observations.jsonl")))
    assert {row.pair_id for row in rows if row.error} == {"p1", *(f"p{n}" for n in range(10, 20))}


def test_words_of_a_server_cannot_steer_a_terminal():
    with Server(completions=failing(REFUSALS["403"])) as server:
        model = language_model(server)
        model.log_probs(["a TARGET"])
    assert model.errors == {"a TARGET": f"HTTP 403: {WORDS}"}
