"""llama.cpp's server, and LiteLLM's proxy in front of it, as they are: what they can do works, what they cannot is one line.

vLLM's server has its own tests (`tests/backends`). Neither Ollama, text-embeddings-inference nor a hosted service can be installed from a
package index; for what these do there is the misbehaving server (`tests/models/test_http_servers.py`, `test_http_faults.py`).
"""

import json

import numpy as np
import pytest

from freqbias import models
from freqbias.errors import BackendError, InputError, UnsupportedError
from freqbias.models.adapters.http import HttpEmbedder, HttpLanguageModel
from freqbias.models.adapters.http_client import Patience
from freqbias.models.labels import label_log_probs, labels_measure
from freqbias.models.log_probs import checked
from freqbias.models.protocols import ModelInfo

NAME = "smollm2"
QUICK = Patience(attempts=2, first_pause_s=0.05, longest_pause_s=0.1)
LM = ModelInfo(name=NAME, kind="language_model", source="server")
PROMPTS = ["The capital of France is", "Two plus two makes", "The opposite of hot is"]
TEXTS = [f"{word} cats sat on {n} mats" for n in range(20) for word in ("Small", "Diminutive")]


def test_llama_generates_and_says_why_it_scores_nothing(llama):
    model = models.language_model(NAME, base_url=llama)
    answers = model.generate(PROMPTS, max_tokens=6)
    assert "Paris" in answers[0]
    assert all(answers)
    assert model.info.details["server"] == "llamacpp"
    assert model.info.details["scoring"] is None
    with pytest.raises(
        UnsupportedError,
        match=r"no log-probabilities of prompts for 'smollm2', so that model can only generate and choose among labels there \(echo: ",
    ):
        model.log_probs(PROMPTS)
    drawn = model.write(PROMPTS[:1], n=2, max_tokens=4, temperature=1.0, seed=1)
    assert [type(text) for text in drawn[0]] == [str, str]  # which ones depends on what the server computes beside them


def test_llama_tells_first_tokens_of_labels(llama):
    model = checked(models.language_model(NAME, base_url=llama))
    questions = [
        f"Which is a city?\nA: {one}\nB: {other}\nAnswer with the letter alone." for one, other in (("Paris", "jam"), ("jam", "Paris"))
    ]
    found = label_log_probs(model, questions, ("A", "B"))
    assert labels_measure(model) == "first_token_log_prob_nats"
    assert model.info.details["labels"] == "first answer token, 20 likeliest"
    assert np.isfinite(found).all(), dict(model.errors)
    assert (np.exp(found).sum(axis=1) < 1.01).all()
    again = np.concatenate([label_log_probs(model, [question], ("A", "B")) for question in questions])
    np.testing.assert_allclose(found, again, atol=0.5)  # .26 was seen: other batches, in 8 bits


def test_llama_serves_one_model_and_another_name_is_refused(llama):
    with pytest.raises(InputError, match=r"does not serve model 'smollm'; did you mean 'smollm2'\?"):
        models.language_model("smollm", base_url=llama)


def test_llama_without_embeddings_says_how_to_start_it(llama):
    with pytest.raises(BackendError, match=r"offers no embeddings for model 'smollm2': HTTP 501: .*--embeddings"):
        models.embedder(NAME, base_url=llama)


def test_llama_embeds(llama_vectors):
    model = models.embedder(NAME, base_url=llama_vectors)
    together = model.encode(TEXTS, role="document")
    alone = np.concatenate([model.encode([text], role="document") for text in TEXTS[:6]])
    assert model.errors == {}
    assert np.isfinite(together).all()
    products = np.einsum("ij,ij->i", together[:6], alone) / np.linalg.norm(together[:6], axis=1) / np.linalg.norm(alone, axis=1)
    assert products.min() > 1 - 1e-4
    assert len(np.unique(together.round(3), axis=0)) == len(TEXTS)


def test_a_run_on_llama(llama_vectors, cli, tmp_path):
    rows = [{"id": f"p{n}", "item": f"i{n}", "high": f"small step {n}", "low": f"diminutive step {n}"} for n in range(8)]
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text("".join(json.dumps(row | {"queries": {"neutral": ["anything"]}}) + "\n" for row in rows), encoding="utf-8")
    options = ("--embedder", NAME, "--probe", "similarity", "--base-url", llama_vectors)
    result = cli("probe", pairs, "--out", tmp_path / "o.jsonl", *options)
    assert result.exit_code == 0, result.output
    assert '"error":"' not in (tmp_path / "o.jsonl").read_text(encoding="utf-8")


def test_litellm_hands_on_what_llama_writes(llama, litellm):
    direct, behind = (models.language_model(NAME, base_url=url) for url in (llama, litellm))
    assert behind.generate(PROMPTS, max_tokens=6) == direct.generate(PROMPTS, max_tokens=6)
    with pytest.raises(BackendError, match="returns no log-probabilities of prompts"):
        behind.log_probs(PROMPTS)


def test_litellm_hands_on_vectors(llama_vectors, litellm):
    direct, behind = models.embedder(NAME, base_url=llama_vectors), models.embedder("vectors", base_url=litellm)
    texts = TEXTS[:12]
    np.testing.assert_allclose(behind.encode(texts, role="query"), direct.encode(texts, role="query"), atol=1e-3)
    assert behind.errors == {}


def test_litellm_before_a_server_that_is_gone_is_one_line(litellm):
    with pytest.raises(BackendError, match=r"^http://127.0.0.1:\d+/v1: HTTP 5\d\d: .*\(2 attempts\)$"):
        HttpEmbedder(litellm, "nowhere", ModelInfo(name="nowhere", kind="embedder", source="server"), patience=QUICK)
    with pytest.raises(BackendError, match=r"HTTP 5\d\d: .*\(2 attempts\)$"):
        HttpLanguageModel(litellm, "nowhere", LM, patience=QUICK)
