"""Several addresses of one model: requests are shared, one that dies costs nothing, and another model is refused."""

import json
import logging
import threading
from contextlib import ExitStack

import misbehaving
import numpy as np
import pytest
from misbehaving import MODEL, Server, completion, raising, slowly
from served import EMBEDDER, LM, QUICK

from freqbias.errors import BackendError, InputError
from freqbias.models.adapters.http import HttpEmbedder, HttpLanguageModel
from freqbias.models.adapters.http_client import Client, Patience
from freqbias.run.settings import settings

TEXTS = [f"text number {n}" for n in range(80)]
VALUES = [-len(text) / 2 for text in TEXTS]


@pytest.fixture
def two():
    with ExitStack() as stack:
        yield [stack.enter_context(Server()) for _ in range(2)]


def language_model(servers, **options):
    return HttpLanguageModel([server.url for server in servers], MODEL, LM, **{"patience": QUICK, **options})


def embedder(servers, **options):
    return HttpEmbedder([server.url for server in servers], MODEL, EMBEDDER, **{"patience": QUICK, **options})


def sums(model):
    return [row.sum() for row in model.log_probs(TEXTS)]


def left_out(caplog):
    return [record.getMessage() for record in caplog.records if "is left out" in record.getMessage()]


def test_requests_are_shared(two):
    model = language_model(two)
    for server in two:
        server.asked.clear()
        server.behaviours["completions"] = slowly(0.01)
    assert sums(model) == VALUES
    assert sum(len(server.asked) for server in two) == len(TEXTS)
    assert min(len(server.asked) for server in two) >= len(TEXTS) / 8
    assert model.info.details["addresses"] == 2


def test_the_one_with_the_fewest_in_flight_is_asked(two):
    model = language_model(two)
    waiting = threading.Event()

    def blocked(body):
        waiting.wait(30)
        return completion(body)

    def last(body):
        if len(two[1].asked) >= len(TEXTS) - 40:
            waiting.set()
        return completion(body)

    for server, behaviour in zip(two, (blocked, last), strict=True):
        server.asked.clear()
        server.behaviours["completions"] = behaviour
    assert sums(model) == VALUES
    assert len(two[1].asked) >= len(TEXTS) - 40


def other_vectors(body):
    return {"data": [{"index": k, "embedding": [1.0, float(k), 5.0]} for k, _ in enumerate(body["input"])]}


def longer_vectors(body):
    return {"data": [{**row, "embedding": [*row["embedding"], 1.0]} for row in misbehaving.embeddings(body)["data"]]}


def other_values(body):
    answer = completion(body)
    if found := answer["choices"][0]["logprobs"]:
        found["token_logprobs"] = [value and value - 0.5 for value in found["token_logprobs"]]
    return answer


def listing(**card):
    return lambda body: {"data": [{"id": MODEL, **card}]}


@pytest.mark.parametrize(
    ("make", "path", "behaviours", "why"),
    [
        (embedder, "embeddings", (misbehaving.embeddings, other_vectors), r"vectors \(1 - cosine\) of a test text differ by"),
        (embedder, "embeddings", (misbehaving.embeddings, longer_vectors), "an embedding of 4 numbers where 3 are expected"),
        (embedder, "embeddings", (misbehaving.embeddings, None), "one answers and the other does not .HTTP 404: no such place"),
        (language_model, "completions", (completion, other_values), r"log-probabilities \(nats a token\) of a test text differ by 0\.5"),
        (language_model, "models", (listing(max_model_len=10), listing(max_model_len=20)), "its max_model_len is 10 and 20"),
        (language_model, "models", (listing(root="org/a"), listing(root="org/b")), "its root is 'org/a' and 'org/b'"),
    ],
)
def test_two_models_are_refused(two, make, path, behaviours, why):
    for server, behaviour in zip(two, behaviours, strict=True):
        server.behaviours[path] = behaviour
    with pytest.raises(InputError, match=f"{two[0].url} and {two[1].url} do not serve the same model: .*{why}"):
        make(two)


def test_an_address_that_lists_other_models_is_named(two):
    two[1].behaviours["models"] = lambda body: {"data": [{"id": "big"}]}
    with pytest.raises(InputError, match=f"^{two[1].url} does not serve model 'small'"):
        embedder(two)


def test_what_hardware_changes_is_one_model(two):
    def nearly(body):
        rows = misbehaving.embeddings(body)["data"]
        return {"data": [{**row, "embedding": [value * (1 + 1e-3 * k) for k, value in enumerate(row["embedding"])]} for row in rows]}

    two[1].behaviours["embeddings"] = nearly
    assert embedder(two).info.details["dimensions"] == misbehaving.WIDTH


def test_one_that_is_not_there_is_left_out(two, caplog):
    two[0].kill()
    model = language_model(two)
    assert sums(model) == VALUES
    (line,) = left_out(caplog)
    assert line.startswith(f"{two[0].url} is left out: ")
    assert line.endswith("; its requests go to the 1 other address")


def kill(server):
    def behave(body):
        server.kill()
        return completion(body)

    return behave


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        (kill, "failed 5 requests in a row"),
        (lambda server: raising(how="hang"), "no answer of any kind within 3 s"),
        (lambda server: raising(403, {"message": "no access"}), "5 requests in a row: HTTP 403: no access"),
        (lambda server: raising(401, {"message": "no access"}), "HTTP 401: no access"),
        (lambda server: raising(200, {"error": {"message": "no access"}}), "5 requests in a row: HTTP 200 with an error: no access"),
    ],
    ids=["dies", "hangs", "403", "401", "error with 200"],
)
def test_one_that_fails_in_the_middle_costs_no_row(two, caplog, behaviour, why):
    caplog.set_level(logging.WARNING)
    patience = Patience(first_pause_s=0.01, longest_pause_s=0.02, answer_s=1.5, total_s=40.0, silent_s=3.0, alive_s=1.0)
    model = language_model(two, patience=patience)
    two[1].behaviours["completions"] = behaviour(two[1])
    assert sums(model) == VALUES
    assert model.errors == {}
    assert model.stopped is None
    (line,) = left_out(caplog)
    assert line.startswith(f"{two[1].url} is left out: ")
    assert why in line


def test_none_that_is_left_is_the_end(two):
    model = language_model(two)
    for server in two:
        server.kill()
    assert np.isnan(sums(model)).all()
    assert model.stopped.startswith("none of 2 addresses is left, and of the last one: ")
    with pytest.raises(BackendError, match="none of 2 addresses is left"):
        language_model(two)


def test_a_text_that_one_refuses_is_asked_of_two_and_no_more():
    with ExitStack() as stack:
        servers = [stack.enter_context(Server()) for _ in range(3)]
        model = language_model(servers)
        for server in servers:
            server.asked.clear()
            server.behaviours["completions"] = raising(400, {"message": "forbidden words"})
        model.log_probs(["a text"])
        assert sum(len(server.asked) for server in servers) == 2
    assert model.errors == {"a text": "HTTP 400: forbidden words"}


def test_one_address_twice_is_one():
    assert len(Client(["http://127.0.0.1:1/v1", "http://127.0.0.1:1"]).addresses) == 1


@pytest.mark.parametrize("many", [1, 2])
def test_a_run_records_what_was_given(cli, tmp_path, two, many):
    rows = [{"id": f"p{n}", "item": f"i{n}", "high": f"common word {n}", "low": f"rarest word {n}"} for n in range(3)]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    urls = [server.url for server in two[:many]]
    options = [word for url in urls for word in ("--base-url", url)]
    result = cli("probe", tmp_path / "pairs.jsonl", "--out", tmp_path / "o.jsonl", "--lm", MODEL, "--probe", "likelihood", *options)
    assert result.exit_code == 0, result.output
    stated = json.loads((tmp_path / "o.manifest.json").read_text())
    assert stated["config"]["base_url"] == (urls if many > 1 else urls[0])
    assert stated["models"][0]["details"].get("addresses", 1) == many


@pytest.mark.parametrize("written", ["http://a:1", ["http://a:1"], ("http://a:1", "http://b:1")])
def test_one_address_may_be_a_text(written, tmp_path):
    given = settings({"lm": "m", "base_url": written}, None)
    assert given.plan().loading.base_url == ([written] if isinstance(written, str) else list(written))
    (tmp_path / "c.yaml").write_text(json.dumps({"lm": "m", "base_url": written}))
    assert settings({}, tmp_path / "c.yaml").base_url == given.base_url
