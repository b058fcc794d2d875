"""The same vectors from sentence-transformers, vLLM's pooling engine, and vLLM's server over HTTP, all in float32."""

import numpy as np
import pytest

pytest.importorskip("vllm", reason="needs vLLM in an environment of its own: tox run -e vllm")

from freqbias import models
from freqbias.probes.similarity import probe

EMBEDDER = "minilm"
COSINE = 1e-5  # of any number in a vector of length 1


@pytest.fixture(scope="module")
def backends(serving):
    with serving(EMBEDDER, "--runner", "pooling") as server:
        yield {
            "transformers": models.embedder(EMBEDDER),
            "vllm": models.embedder(EMBEDDER, backend="vllm"),
            "http": models.embedder(EMBEDDER, base_url=server.url),
        }


def test_vectors(backends, texts, table):
    longer = [*texts, "dogs and cats " * 300]  # cut at the same place by all
    found = {name: model.encode(longer, role="document") for name, model in backends.items()}
    for name in ("vllm", "http"):
        worst = float(abs(found[name] - found["transformers"]).max())
        table.add("numbers of an embedding", "sentence-transformers", name, len(longer), worst, f"{COSINE:.0e}")
        assert found[name].dtype == np.float32
        assert worst < COSINE


def test_probe_rows(backends, lexicon_pairs):
    found = {name: list(probe(lexicon_pairs[:12], model)) for name, model in backends.items()}
    for name in ("vllm", "http"):
        for a, b in zip(found["transformers"], found[name], strict=True):
            assert a.error is b.error is None
            assert all(a.covariates[name] == b.covariates[name] for name in ("subwords", "truncated"))
            assert b.high == pytest.approx(a.high, abs=COSINE)


def test_window(backends, texts):
    assert {model.max_tokens for model in backends.values()} == {254}
    assert len({tuple(model.token_counts(texts)) for model in backends.values()}) == 1
