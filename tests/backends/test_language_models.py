"""The same log-probabilities and texts from transformers, vLLM's engine, and vLLM's server over HTTP, all in float32."""

import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("vllm", reason="needs vLLM in an environment of its own: tox run -e vllm")

from freqbias import models
from freqbias.errors import BackendError, InputError
from freqbias.models.adapters.http import HttpLanguageModel
from freqbias.models.names.aliases import resolve
from freqbias.models.protocols import ModelInfo
from freqbias.probes.likelihood import probe
from freqbias.probes.noise import language_model_noise

LM = "smollm2-135m"
NATS = 1e-3  # of a sentence
PROMPTS = [
    "The capital of France is",
    "Once upon a time, a small dog",
    "def add(a, b):",
    "Two plus two makes",
    "The opposite of hot is",
    "My favourite colour is blue because",
    "",
]


@pytest.fixture(scope="module")
def server(serving):
    with serving(LM) as server:
        yield server


@pytest.fixture(scope="module")
def backends(server):
    return {
        "transformers": models.language_model(LM),
        "vllm": models.language_model(LM, backend="vllm"),
        "http": models.language_model(LM, base_url=server.url),
    }


def test_log_probabilities(backends, texts, table):
    rows = {name: model.log_probs(texts) for name, model in backends.items()}
    for name in ("vllm", "http"):
        assert [len(row) for row in rows[name]] == [len(row) for row in rows["transformers"]]
        worst = max(abs(a.sum() - b.sum()) for a, b in zip(rows["transformers"], rows[name], strict=True))
        table.add("log p of a sentence, nats", "transformers", name, len(texts), worst, f"{NATS:.0e}")
        assert worst < NATS


def test_probe_rows(backends, lexicon_pairs, table):
    found = {name: list(probe(lexicon_pairs[:12], model)) for name, model in backends.items()}
    for name in ("vllm", "http"):
        couples = list(zip(found["transformers"], found[name], strict=True))
        assert all(a.contrast == b.contrast and a.error is b.error is None for a, b in couples)
        worst = max(abs(getattr(a, side) - getattr(b, side)) for a, b in couples for side in ("high", "low"))
        table.add("rows of probe likelihood, nats", "transformers", name, len(couples), worst, f"{NATS:.0e}")
        assert worst < NATS
    assert {row.contrast for row in found["http"]} == {"raw", "downstream"}


def test_choices(backends):
    options = [" Paris.", " London.", " a banana", ""]
    asked = backends["transformers"].format_prompt("Name the capital of France.")
    assert asked.startswith("<|im_start|>")  # BOS, which is not put before it a second time
    for context in ("The capital of France is", asked):
        found = {name: model.choices(context, options) for name, model in backends.items()}
        for name in ("vllm", "http"):
            np.testing.assert_allclose(found[name], found["transformers"], atol=NATS)
        assert found["http"].argmax() == 3  # nothing at all is certain
        assert found["http"][0] > found["http"][1] > found["http"][2]


def test_greedy_texts(backends, table):
    prompts = [*PROMPTS, *(backends["transformers"].format_prompt(prompt) for prompt in PROMPTS[:3])]
    found = {name: list(model.generate(prompts, max_tokens=24)) for name, model in backends.items()}
    for name in ("vllm", "http"):
        differing = sum(a != b for a, b in zip(found["transformers"], found[name], strict=True))
        table.add("greedy texts that differ", "transformers", name, len(prompts), str(differing), "0")
        assert found[name] == found["transformers"]
    assert sum(bool(text.strip()) for text in found["http"]) >= 8


def test_texts_drawn_at_random(backends):
    for name, model in backends.items():
        prompts = [model.format_prompt("Say hello."), model.format_prompt("Name a colour.")]
        found = model.write(prompts, n=3, max_tokens=12, temperature=0.9, seed=1)
        assert [len(row) for row in found] == [3, 3], name
        assert all(isinstance(text, str) for row in found for text in row), name
        assert len({text for row in found for text in row}) > 1, name
        assert model.write(prompts[:1], n=3, max_tokens=12, temperature=0.9, seed=1) == found[:1], name


def test_stop_strings(backends):
    for model in backends.values():
        whole, cut = (model.generate(["Count: one, two, three,"], max_tokens=12, stop=stop)[0] for stop in ([], [",", "zzz"]))
        assert "," in whole
        assert cut == whole.split(",")[0]


def test_what_is_stated(backends, texts):
    stated = {name: model.info.details for name, model in backends.items()}
    for details in stated.values():
        assert details["first_token_context"] == "<|im_start|>"
        assert details["prompt_format"] == "chat template"
    assert stated["http"]["scoring"] == "prompt_logprobs"
    assert stated["http"]["server"] == "vllm"
    assert backends["vllm"].info.fingerprint == backends["transformers"].info.fingerprint is not None
    assert backends["http"].info.fingerprint is None
    assert len({tuple(model.token_counts(texts)) for model in backends.values()}) == 1


@pytest.mark.parametrize("name", ["vllm", "http"])
def test_text_beyond_the_window_costs_its_own_row(backends, name):
    model = backends[name]
    long = "word " * 9000
    rows = model.log_probs(["a small car", long])
    assert np.isfinite(rows[0]).all()
    assert np.isnan(rows[1]).all()
    assert "tokens are more than the 8191" in model.errors[long]
    assert [text is None for text in model.generate(["a small car", long], max_tokens=2)] == [False, True]


def test_echo_and_plain_texts_give_the_same(backends, server, texts):
    """Servers without `prompt_logprobs` and machines without the tokenizer: the other ways that vLLM's server has, too."""
    few = texts[:10]
    known = backends["http"]
    expected = [row.sum() for row in known.log_probs(few)]
    known._scoring = "echo"
    try:
        np.testing.assert_allclose([row.sum() for row in known.log_probs(few)], expected, atol=NATS)
    finally:
        known._scoring = "prompt_logprobs"
    plain = HttpLanguageModel(server.url, LM, ModelInfo(name=LM, kind="language_model", source="server"))
    assert plain.info.details["scoring"] == "echo"
    scores = plain.continuation_log_probs(["The capital of France is"] * 2, [" Paris.", " London."])
    reference = backends["transformers"].continuation_log_probs(["\nThe capital of France is"] * 2, [" Paris.", " London."])
    # "\n" stands before the text in both, BOS before it only in the second, so that the two differ a little
    np.testing.assert_allclose(scores, reference, atol=2)


def test_noise_floor(backends, texts, table):
    for name, model in backends.items():
        worst = language_model_noise(model, texts[:16])
        table.add("log p, together and alone, nats", name, name, 16, worst, f"{NATS:.0e}")
        assert worst < NATS


def test_wrong_key_is_one_line(backends, server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "another-key")
    with pytest.raises(BackendError, match=r"HTTP 401: .* \(the key is read from OPENAI_API_KEY\)"):
        models.language_model(LM, base_url=server.url)


def test_killed_server_loses_nothing(backends, server, texts):
    """The last of this file: a row that got its answer is as it was, the others say what happened."""
    model = backends["http"]
    many = [f"{text} {n}" for text in texts[:20] for n in range(15)]
    before = model.usage.requests

    def kill_in_the_middle():
        while model.usage.requests < before + 60:
            time.sleep(0.01)
        server.kill()

    killer = threading.Thread(target=kill_in_the_middle)
    killer.start()
    started = time.monotonic()
    totals = np.array([row.sum() for row in model.log_probs(many)])
    killer.join()
    assert time.monotonic() - started < 60
    finished = np.isfinite(totals)
    assert 0 < finished.sum() < len(many)
    again = backends["vllm"].log_probs([text for text, done in zip(many, finished, strict=True) if done])
    np.testing.assert_allclose(totals[finished], [row.sum() for row in again], atol=NATS)
    assert {text for text, done in zip(many, finished, strict=True) if not done} <= model.errors.keys()
    assert "requests in a row" in model.stopped


def test_model_that_vllm_cannot_load_is_one_line(tmp_path):
    for file in Path(resolve(LM).path).glob("*.json"):
        shutil.copy(file, tmp_path)
    with pytest.raises(InputError, match=rf"vLLM cannot load '{tmp_path.name}': .*weights"):
        models.language_model(str(tmp_path), backend="vllm")
