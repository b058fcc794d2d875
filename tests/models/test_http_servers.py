"""What servers list, refuse and call things by, as in public bug reports of each."""

import base64
import logging
import struct

import misbehaving
import numpy as np
import pytest
from misbehaving import MODEL, Reply, Server, completion, raising
from served import EMBEDDER, LM, QUICK, TEXTS, VALUES, CodePoints, embedder, language_model, sums

from freqbias.errors import BackendError, InputError
from freqbias.models.adapters import http_answers, http_models, http_status
from freqbias.models.adapters.http import HttpEmbedder, HttpLanguageModel

# Lists of models


@pytest.mark.parametrize(
    "listed",
    [
        raising(raw=b"<!doctype html><title>LiteLLM</title>"),
        raising(404, raw=b"404 page not found"),
        raising(405, {"detail": "Method Not Allowed"}),
        raising(501, {"error": {"code": 501, "message": "not implemented"}}),
        raising(500, {"error": "oops"}),
        lambda body: "nothing",
        lambda body: [3, None, {"x": 1}],
        lambda body: {"data": None},
        lambda body: {"object": "list", "data": []},
        lambda body: {"data": [{"id": "*"}]},
        lambda body: {"data": [{"id": "openai/*"}, {"id": "sm*"}]},
        lambda body: [{"id": MODEL}],
        lambda body: {"models": [{"name": MODEL}]},
        lambda body: {"data": {"data": [MODEL]}},
        lambda body: {"data": [{"id": "/models/a.gguf", "aliases": [MODEL]}]},
        lambda body: {"data": [{"id": "models/small", "owned_by": 3, "max_model_len": "long"}]},
    ],
)
def test_what_is_no_list_of_models_or_names_it_in_another_way_is_no_obstacle(listed):
    with Server(models=listed) as server:
        assert sums(language_model(server).log_probs(TEXTS)) == VALUES


@pytest.mark.parametrize(
    ("name", "listed", "sent"),
    [
        ("llama3", ["mistral:latest", "llama3:latest"], "llama3:latest"),
        ("llama3:latest", ["llama3"], "llama3"),
        ("llama3:8b", ["llama3:8b", "llama3:latest"], "llama3:8b"),
        ("gemini-embedding-001", ["models/gemini-embedding-001"], "models/gemini-embedding-001"),
        ("meta/llama-3:nitro", ["meta/llama-3"], "meta/llama-3:nitro"),
        ("openai/gpt-4o", ["openai/*"], "openai/gpt-4o"),
    ],
)
def test_a_model_goes_by_the_servers_name(name, listed, sent):
    with Server(models=lambda body: {"data": [{"id": other} for other in listed]}) as server:
        HttpLanguageModel(server.url, name, LM, patience=QUICK)
        assert {body["model"] for _, body, _ in server.asked[1:]} == {sent}


@pytest.mark.parametrize("name", ["llama3:8b", "lama3", "openai/gpt"])
def test_a_name_that_no_listed_model_can_be_meant_by_is_refused(name):
    served = {"data": [{"id": "llama3:latest"}, {"id": "azure/*"}]}
    with Server(models=lambda body: served) as server, pytest.raises(InputError, match=f"does not serve model '{name}'"):
        HttpEmbedder(server.url, name, EMBEDDER, patience=QUICK)
    assert http_models.may_serve_others("https://me.openai.azure.com/openai/v1", name, {"gpt-4o": {}})


@pytest.mark.parametrize(
    ("pattern", "served"), [("*", True), ("mine/*", True), ("yours/*", False), (None, False)], ids=["all", "mine", "others", "none"]
)
def test_a_pattern_that_is_only_listed_on_demand_counts(pattern, served):
    known = {"data": [{"id": "text-completion-openai/davinci-002"}]}
    whole = {"data": [*known["data"], *([{"id": pattern}] if pattern else [])]}
    with Server(models=lambda body: known) as server:
        server.behaviours["models?return_wildcard_routes=true"] = lambda body: whole
        if served:
            HttpEmbedder(server.url, "mine/small", EMBEDDER, patience=QUICK)
        else:
            with pytest.raises(InputError, match="does not serve model 'mine/small'"):
                HttpEmbedder(server.url, "mine/small", EMBEDDER, patience=QUICK)


# Parameters


def refusing(name, words, status=400, behaviour=completion):
    def behave(body):
        if name in body:
            raise Reply(status, words)
        return behaviour(body)

    return behave


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        (
            "encoding_format",
            400,
            {"detail": "Value 'float' supplied for argument 'encoding_format' is not valid; accepted: null, base64"},
        ),
        ("encoding_format", 422, {"detail": [{"loc": ["body", "encoding_format"], "msg": "Extra inputs are not permitted"}]}),
        ("encoding_format", 500, {"error": {"message": "gemini does not support parameters: {'encoding_format': 'float'}"}}),
        ("encoding_format", 400, {"error": {"message": "bad request"}}),
        ("encoding_format", 400, [{"error": {"code": 400, "message": 'Invalid JSON payload received. Unknown name "encoding_format"'}}]),
    ],
)
def test_how_vectors_are_written_is_not_insisted_on(name, status, words):
    with Server(embeddings=refusing(name, words, status, misbehaving.embeddings)) as server:
        model = embedder(server)
        assert model.encode(TEXTS, role="document").tolist() == [misbehaving.embed(text) for text in TEXTS]
    assert model.info.details["not_taken"] == ["encoding_format"]
    assert model.errors == {}


UNSUPPORTED = "Unsupported parameter: '{}' is not supported with this model."


@pytest.mark.parametrize("name", ["max_tokens", "temperature"])
def test_new_names_of_old_parameters_and_models_without_a_temperature(name, caplog):
    caplog.set_level(logging.INFO)
    words = {"error": {"message": UNSUPPORTED.format(name), "code": "unsupported_parameter"}}
    with Server(completions=None, chat__completions=refusing(name, words, behaviour=misbehaving.chat)) as server:
        model = language_model(server)
        assert model.generate(["hello"], max_tokens=3) == ["you said hello"]
        body = server.asked[-1][1]
    assert name not in body
    assert body.get("max_completion_tokens" if name == "max_tokens" else "max_tokens") == 3
    assert model.info.details["not_taken"] == [name]
    assert ("drawn at random" in caplog.text) == (name == "temperature")


@pytest.mark.parametrize("name", ["seed", "top_p", "stop"])
def test_what_is_only_asked_later_may_be_refused_then(name):
    words = {"detail": [{"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted"}]}
    with Server(completions=refusing(name, words, 422)) as server:
        model = language_model(server)
        assert model.generate(["a"], max_tokens=4, stop=["so"]) == [" and "]
        assert model.write(["a"], n=2, max_tokens=3, temperature=1.0, seed=3) == [[" and so on"[:12]] * 2]
    assert model.info.details["not_taken"] == [name]


def test_a_refusal_that_only_mentions_a_parameter_changes_nothing():
    words = {"error": {"message": "invalid text: 'turn the temperature up and stop'"}}
    with Server(completions=misbehaving.failing(Reply(400, words))) as server:
        model = language_model(server)
        assert np.isfinite(sums(model.log_probs(TEXTS))).tolist() == [True, False, True]
        assert "temperature" in server.asked[-1][1] or "temperature" in server.asked[-2][1]
        model.generate(["hello"], max_tokens=2)
        assert "temperature" in server.asked[-1][1]
    assert "not_taken" not in model.info.details


def test_a_server_that_takes_no_token_ids_gets_text():
    def behave(body):
        if not isinstance(body["prompt"], str):
            raise Reply(400, {"error": {"message": "json: cannot unmarshal array into field prompt of type string"}})
        return completion(body)

    with Server(completions=behave) as server:
        model = language_model(server, CodePoints())
        assert sums(model.log_probs(TEXTS)) == VALUES
        assert model.generate(["a"], max_tokens=2) == [" and so "]
    assert model.info.details["first_token_context"] == "\n"


# Vectors


def changed(change):
    def behave(body):
        return change(misbehaving.embeddings(body))

    return behave


def rows(answer, change):
    ordered = sorted(answer["data"], key=lambda row: row["index"])
    return {**answer, "data": [change(row) for row in ordered]}


def in_base64(row):
    return {**row, "embedding": base64.b64encode(struct.pack("<3f", *row["embedding"])).decode()}


@pytest.mark.parametrize(
    "change",
    [
        lambda answer: rows(answer, lambda row: {"embedding": row["embedding"], "object": "embedding"}),
        lambda answer: rows(answer, lambda row: {**row, "index": None}),
        lambda answer: rows(answer, lambda row: {**row, "index": 0}),
        lambda answer: rows(answer, lambda row: {**row, "index": str(row["index"])}),
        lambda answer: rows(answer, lambda row: {**row, "index": float(row["index"])}),
        lambda answer: rows(answer, lambda row: {**row, "embedding": list(map(int, row["embedding"]))}),
        lambda answer: {**answer, "error": {"code": None, "message": None}},
        lambda answer: {**answer, "error": {"code": 0, "message": ""}},
        lambda answer: rows(answer, in_base64),
        lambda answer: {**answer, "data": [in_base64(row) for row in answer["data"]]},
        lambda answer: rows(answer, lambda row: {**row, "embedding": [row["embedding"]]}),
        lambda answer: rows(answer, lambda row: row["embedding"]),
        lambda answer: {"embeddings": rows(answer, lambda row: row["embedding"])["data"]},
        lambda answer: {"code": 0, "data": {"data": answer["data"]}},
        lambda answer: {**answer, "usage": None},
    ],
    ids=[
        "no index",
        "index null",
        "index 0",
        "index a text",
        "index a float",
        "integers",
        "an error of nulls",
        "an error of nothing",
        "base64",
        "base64 reversed",
        "nested",
        "bare rows",
        "embeddings",
        "data in data",
        "usage null",
    ],
)
def test_vectors_in_every_form(change):
    with Server(embeddings=changed(change)) as server:
        found = embedder(server).encode(TEXTS, role="document")
    assert found.tolist() == [misbehaving.embed(text) for text in TEXTS]


@pytest.mark.parametrize(
    ("indices", "fault"),
    [([1, 2, 3], "1, 2, 3 for 3 texts"), ([0, 0, 1], "0, 0, 1 for 3 texts"), ([0, 1, 7], "0, 1, 7 for 3 texts"), ([-1, 0, 1], "-1, 0")],
)
def test_indices_that_are_none_are_named(indices, fault):
    def renumbered(answer):
        return {**answer, "data": [{**row, "index": index} for row, index in zip(answer["data"], indices, strict=True)]}

    with Server(embeddings=changed(renumbered)) as server, pytest.raises(BackendError, match=f"embeddings with the indices {fault}"):
        embedder(server)


@pytest.mark.parametrize("vector", [[0.5, 0.25, 1.0], [1, 1, 1], [3e-3, -4.0, 0.0]])
def test_a_server_that_gives_every_text_the_same_vector_is_refused(vector):
    same = changed(lambda answer: rows(answer, lambda row: {**row, "embedding": vector}))
    with Server(embeddings=same) as server, pytest.raises(BackendError, match="one vector for different texts"):
        embedder(server)


@pytest.mark.parametrize("kind", ["<f2", ">f4", "<f8", "i1", "u1"])
def test_base64_of_other_numbers_is_no_vector(kind):
    drawn = np.random.default_rng(5).normal(size=384)
    values = drawn / np.linalg.norm(drawn)
    held = (values * 400 if kind in ("i1", "u1") else values).astype(kind)

    def read(numbers):
        row = {"index": 0, "embedding": base64.b64encode(numbers.tobytes()).decode()}
        return http_answers.vectors({"data": [row]}, 1)[0]

    assert read(held) == "an embedding in base64 of other numbers than float32"
    np.testing.assert_array_equal(read(values.astype("<f4")), values.astype("<f4"))


@pytest.mark.parametrize("row", [{"embedding": None}, {"error": "too long"}, {"embedding": []}, {"embedding": "too long"}])
def test_a_row_without_a_vector_among_others_says_so(row):
    answer = {"data": [{"index": 0, "embedding": [1.0, 2.0]}, {"index": 1, **row}]}
    found = http_answers.vectors(answer, 2, 2)
    assert found[0] == [1.0, 2.0]
    assert found[1].startswith("an embedding of ")


@pytest.mark.parametrize("values", [[1e39, 1.0, 2.0], [10**400, 1, 2], [1e-50, 1e-45, 0.0]])
def test_numbers_that_single_precision_does_not_hold_cost_their_row(values):
    def spoilt(answer):
        return rows(answer, lambda row: {**row, "embedding": values} if row["embedding"][0] == len(TEXTS[1]) else row)

    with Server() as server:
        model = embedder(server)
        server.behaviours["embeddings"] = changed(spoilt)
        found = model.encode(TEXTS, role="document")
    assert np.isnan(found).any(axis=1).tolist() == [False, True, False]
    assert "embedding" in model.errors[TEXTS[1]]


def test_vectors_of_tokens_name_the_cure():
    by_token = changed(lambda answer: rows(answer, lambda row: {**row, "embedding": [[1.0, 2.0], [3.0, 4.0]]}))
    cure = "an embedding of 2 tokens each by itself; serve the model with pooling"
    with Server(embeddings=by_token) as server, pytest.raises(BackendError, match=cure):
        embedder(server)


# Texts


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a "}, {"type": "text", "text": "b"}]}, "a b"),
        ({"content": ["a", " b"]}, "a b"),
        ({"content": ""}, ""),
        ({"content": None, "reasoning_content": "hm"}, "no text, only reasoning"),
        ({"content": "", "reasoning": "hm"}, "no text, only reasoning"),
        ({"content": None, "refusal": "I cannot"}, "a refusal: I cannot"),
        ({"content": None}, "no text"),
    ],
)
def test_chat_answers(message, text):
    data = {"choices": [{"message": message, "finish_reason": "length"}]}
    if text.startswith(("no text", "a refusal")):
        with pytest.raises(ValueError, match=text):
            http_answers.text(data)
        assert http_answers.answers(data)  # it can chat
    else:
        assert http_answers.text(data) == text


def test_an_answer_that_a_filter_ended_is_no_text():
    for ended in ("content_filter", "error"):
        with pytest.raises(ValueError, match=f"ended with '{ended}'"):
            http_answers.text({"choices": [{"text": "half of", "finish_reason": ended}]})


@pytest.mark.parametrize("ending", [b"data: [DONE]\n\n", b'data: {"choices": [{"finish_reason": "stop", "delta": {}}]}\n\n'])
def test_a_stream_that_nobody_asked_for_is_read_whole(ending):
    parts = [
        b": OPENROUTER PROCESSING\n\n",
        b'data: {"choices": [{"delta": {"content": "a "}}]}\n\n',
        b'data: {"choices": [{"delta": {"content": "b"}}]}\n\n',
    ]
    assert http_answers.text(http_status.parsed(b"".join([*parts, ending]))) == "a b"
    with pytest.raises(ValueError, match="cut"):
        http_status.parsed(b"".join(parts))
    assert http_status.parsed(b'data: {"error": {"code": 502}}\n\n') == {"error": {"code": 502}}
