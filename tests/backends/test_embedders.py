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


def test_prompts_are_put_once_by_all(serving, texts, table):
    options = {"query_prompt": "query: ", "document_prompt": "passage: "}
    with serving(EMBEDDER, "--runner", "pooling") as server:
        plain = models.embedder(EMBEDDER)
        prompted = {
            "transformers": models.embedder(EMBEDDER, **options),
            "vllm": models.embedder(EMBEDDER, backend="vllm", **options),
            "http": models.embedder(EMBEDDER, base_url=server.url, **options),
        }
        for role in ("query", "document"):
            prompt = options[f"{role}_prompt"]
            expected = plain.encode([prompt + text for text in texts], role=role)
            for name, model in prompted.items():
                assert model.info.details["prompts"][role] == prompt, name
                assert model.info.details["prompts_from"] == "options"
                worst = float(abs(model.encode(texts, role=role) - expected).max())
                table.add(
                    f"numbers of an embedding with a {role} prompt", "sentence-transformers", name, len(texts), worst, f"{COSINE:.0e}"
                )
                assert worst < COSINE, name


def test_a_folder_called_as_a_known_model_is_prompted_by_vllm_as_here(tmp_path, texts):
    from freqbias.models.names.aliases import aliases

    folder = tmp_path / "e5-base-v2"
    folder.symlink_to(aliases()[EMBEDDER].ready_directory())
    here, vllm = models.embedder(str(folder)), models.embedder(str(folder), backend="vllm")
    for model in (here, vllm):
        assert model.info.details["prompts"] == {"query": "query: ", "document": "passage: "}
        assert model.info.details["prompts_from"] == "table"
    for role in ("query", "document"):
        assert float(abs(vllm.encode(texts, role=role) - here.encode(texts, role=role)).max()) < COSINE
