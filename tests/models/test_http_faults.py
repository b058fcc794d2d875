"""A thousand faults at random: no row is lost that a repetition could have had, and of those that are lost one says why.

The faults are those of public bug reports of vLLM, llama.cpp's server, Ollama, text-embeddings-inference, SGLang, LiteLLM, OpenRouter and
hosted services (`tests/faults.py`).
"""

import misbehaving
import numpy as np
import pytest
from faults import LASTING, PASSING, Faults
from misbehaving import Reply, Server
from served import embedder, language_model, sums

from freqbias.models.adapters.http_client import IN_A_ROW, Patience

TINY = Patience(first_pause_s=0.001, longest_pause_s=0.002, answer_s=5.0, total_s=60.0)
TEXTS = [f"text number {n}" for n in range(500)]


def test_log_probabilities():
    faults = Faults(TEXTS, 900, lasting=25)
    with Server() as server:
        model = language_model(server, patience=TINY)
        server.behaviours["completions"] = faults.completions
        found = sums(model.log_probs(TEXTS))
    assert sum(faults.made.values()) == 900
    assert min(faults.made.values()) > 10  # of every kind
    lost = [text for text, value in zip(TEXTS, found, strict=True) if np.isnan(value)]
    assert set(lost) == set(faults.lasting) == set(model.errors)
    assert model.stopped is None
    assert [value for value in found if not np.isnan(value)] == [-len(text) / 2 for text in TEXTS if text not in faults.lasting]


def test_vectors():
    texts = TEXTS[:200]
    faults = Faults(texts, 100, lasting=5, most=1)
    with Server() as server:
        model = embedder(server, patience=TINY)
        server.behaviours["embeddings"] = faults.embeddings
        found = [model.encode([text], role="document")[0] for text in texts[:100]]
        for start in range(100, 200, 2):  # a fault hits a request, and all texts of a large one share its patience
            found += list(model.encode(texts[start : start + 2], role="document"))
    assert sum(faults.made.values()) == 100
    lost = {text for text, vector in zip(texts, found, strict=True) if np.isnan(vector).any()}
    assert lost == set(faults.lasting) == set(model.errors)
    known = [(text, vector.tolist()) for text, vector in zip(texts, found, strict=True) if text not in lost]
    assert [vector for _, vector in known] == [misbehaving.embed(text) for text, _ in known]


@pytest.mark.parametrize("kind", PASSING)
def test_every_fault_that_passes_costs_nothing(kind):
    faults = Faults(TEXTS[:3], 0, lasting=0)
    faults._left[TEXTS[1]] = [kind] * 2
    with Server() as server:
        model, vectors = language_model(server, patience=TINY), embedder(server, patience=TINY)
        server.behaviours |= {"completions": faults.completions, "embeddings": faults.embeddings}
        assert sums(model.log_probs(TEXTS[:3])) == [-len(text) / 2 for text in TEXTS[:3]]
        faults._left[TEXTS[1]] = [kind] * 2
        assert vectors.encode(TEXTS[:3], role="document").tolist() == [misbehaving.embed(text) for text in TEXTS[:3]]
    assert faults.made[kind] == 4
    assert model.errors == vectors.errors == {}


@pytest.mark.parametrize("kind", LASTING)
def test_every_fault_that_lasts_costs_its_own_row_and_says_why(kind):
    faults = Faults(TEXTS[:3], 0, lasting=0)
    faults.lasting = {TEXTS[1]: kind}
    with Server() as server:
        model = language_model(server, patience=TINY)
        server.behaviours["completions"] = faults.completions
        assert np.isfinite(sums(model.log_probs(TEXTS[:3]))).tolist() == [True, False, True]
    assert list(model.errors) == [TEXTS[1]]
    words = {"400": "HTTP 400: this text is not allowed", "error 400 in the body": "HTTP 200 with error 400: no such text"}
    assert words.get(kind, "") in model.errors[TEXTS[1]]


def test_texts_at_fault_are_not_taken_for_a_server_that_is_gone():
    bad = TEXTS[: 4 * IN_A_ROW]

    def behave(body):
        if body["prompt"].removeprefix("\n") in bad:
            raise Reply(500, {"error": "Out of range float values are not JSON compliant"})
        return misbehaving.completion(body)

    with Server() as server:
        model = language_model(server, patience=TINY)
        server.behaviours["completions"] = behave
        assert np.isnan(sums(model.log_probs(bad))).all()
        assert model.stopped is None
        assert np.isfinite(sums(model.log_probs(TEXTS[-9:]))).all()
        assert len(server.asked) == model.usage.requests


def test_a_text_that_breaks_a_server_does_not_take_its_request_with_it():
    def behave(body):
        if "TARGET" in body["input"]:
            raise Reply(500, {"error": "failed to encode response: json: unsupported value: NaN"})
        return misbehaving.embeddings(body)

    texts = [*TEXTS[:40], "TARGET", *TEXTS[40:60]]
    with Server(embeddings=behave) as server:
        model = embedder(server, patience=TINY)
        found = model.encode(texts, role="document")
    assert np.isnan(found).any(axis=1).tolist() == [text == "TARGET" for text in texts]
    assert model.errors == {"TARGET": f"HTTP 500: failed to encode response: json: unsupported value: NaN ({TINY.attempts} attempts)"}


@pytest.mark.parametrize(
    "reply",
    [
        Reply(504, raw=b"<html><title>504 Gateway Time-out</title></html>"),
        Reply(502, raw=b"<html><title>502 Bad Gateway</title></html>"),
        Reply(how="reset"),
        Reply(424, {"error": "CUDA_ERROR_OUT_OF_MEMORY", "error_type": "Backend"}),
        Reply(raw=b'{"data": ['),
    ],
    ids=["gateway timeout", "bad gateway", "reset", "out of memory", "cut"],
)
def test_a_text_or_a_size_that_kills_what_stands_behind_a_gateway_costs_no_other_text(reply):
    def behave(body):
        if "TARGET" in body["input"] or len(body["input"]) > 20:
            raise reply
        return misbehaving.embeddings(body)

    texts = [*TEXTS[:40], "TARGET", *TEXTS[40:60]]
    with Server(embeddings=behave) as server:
        model = embedder(server, patience=TINY)
        found = model.encode(texts, role="document")
    assert np.isnan(found).any(axis=1).tolist() == [text == "TARGET" for text in texts]
    assert list(model.errors) == ["TARGET"]


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_limit_of_texts_in_a_request_is_learnt(status):
    def behave(body):
        if len(body["input"]) > 10:
            raise Reply(status, {"error": {"message": "batch size is invalid, it should not be larger than 10"}})
        return misbehaving.embeddings(body)

    with Server(embeddings=behave) as server:
        model = embedder(server, patience=TINY)
        assert model.encode(TEXTS[:70], role="document").tolist() == [misbehaving.embed(text) for text in TEXTS[:70]]
        before = len(server.asked)
        assert np.isfinite(model.encode(TEXTS[70:134], role="document")).all()
        assert len(server.asked) - before == 8
    assert model.errors == {}
