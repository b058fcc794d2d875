"""Embedding models behind a server: one bad text costs one vector."""

import misbehaving
import numpy as np
import pytest
from misbehaving import Reply, Server
from served import QUICK, embedder

from freqbias.records import Pair
from freqbias.registry import load


def test_embeddings_in_any_order_with_the_prompts_of_their_role():
    with Server() as server:
        model = embedder(server, prompts={"query": "ask: "})
        texts = ["e" * n for n in range(1, 80)]
        queries, documents = model.encode(texts, role="query"), model.encode(texts, role="document")
    assert queries.dtype == np.float32
    assert queries.tolist() == [misbehaving.embed("ask: " + text) for text in texts]
    assert documents.tolist() == [misbehaving.embed(text) for text in texts]
    assert model.encode([], role="query").shape == (0, 3)


def spoilt_embeddings(how):
    def behave(body):
        if how == "refused" and "TARGET" in body["input"]:
            raise Reply(400, {"error": {"message": "too long"}})
        answer = misbehaving.embeddings(body)
        rows = {body["input"][row["index"]]: row for row in answer["data"]}
        target = rows.get("TARGET")
        if target and how == "missing":
            answer["data"].remove(target)
        elif target and how == "short":
            target["embedding"] = [1.0]
        elif target and how == "nan":
            target["embedding"] = [1.0, float("nan"), 2.0]
        elif target and how == "no list":
            target["embedding"] = "AAAA"
        elif target and how == "twice":
            target["index"] = (target["index"] + 1) % len(body["input"]) + (len(body["input"]) == 1)
        return answer

    return behave


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("refused", "HTTP 400: too long"),
        ("missing", "an answer of the wrong form: 0 embeddings for 1 texts"),
        ("twice", "an answer of the wrong form: embeddings with the indices 1 for 1 texts"),
        ("short", "an embedding of 1 numbers where 3 are expected"),
        ("nan", "embeddings hold nan, which is not a finite number"),
        ("no list", "an embedding of no numbers where 3 are expected"),
    ],
)
def test_a_bad_text_costs_one_vector(how, reason):
    texts = [f"text {n}" for n in range(40)]
    texts[7] = "TARGET"
    with Server(embeddings=spoilt_embeddings(how)) as server:
        model = embedder(server)
        vectors = model.encode(texts, role="document")
    assert np.isfinite(vectors).all(axis=1).tolist() == [text != "TARGET" for text in texts]
    assert vectors[8].tolist() == misbehaving.embed("text 8")
    assert model.errors == {"TARGET": reason}


def test_a_busy_server_is_not_asked_text_by_text():
    with Server() as server:
        model = embedder(server)
        server.behaviours["embeddings"] = failing_embeddings
        assert np.isnan(model.encode(["a", "b", "c"], role="query")).all()
        assert len(server.asked) == 2 + QUICK.attempts
    assert set(model.errors) == {"a", "b", "c"}


def failing_embeddings(body):
    raise Reply(503, {"message": "busy"})


@pytest.mark.parametrize("name", ["similarity", "inversion", "retrieval", "geometry"])
def test_a_document_without_a_vector_says_why_in_every_probe(name):
    def pair(n, low):
        queries = {"gloss_plain": [f"query {n}"], "neutral": ["anything"]}
        return Pair(
            id=f"{n}", item=f"{n}", high=f"one small step {n}", low=low, queries=queries, decoys={"high": f"a {n}", "low": f"b {n}"}
        )

    pairs = [pair(1, "TARGET"), pair(2, "another step")]
    with Server(embeddings=spoilt_embeddings("refused")) as server:
        errors = {row.error for row in load("probes", name)(pairs, embedder(server)) if row.pair_id == "1" and row.error}
    assert errors
    assert all("no finite score" in error and error.endswith(" ('TARGET': HTTP 400: too long)") for error in errors), errors
