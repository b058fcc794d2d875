"""The two real models, from pairs to report."""

import importlib.util

import numpy as np
import pytest
from conftest import missing

from freqbias import models, read_observations
from freqbias.errors import install_hint
from freqbias.models.names.aliases import find_alias
from freqbias.records import SCHEMA


@pytest.fixture(scope="module", autouse=True)
def ready():
    for name in ("sentence_transformers", "transformers"):
        if importlib.util.find_spec(name) is None:
            missing(f"{name}: {install_hint('embed,lm')}")
    for name in ("minilm", "smollm2-135m"):
        if find_alias(name).ready_directory() is None:
            missing(f"model {name}: freqbias models fetch {name}")


@pytest.fixture(scope="module")
def language_model():
    return models.language_model("smollm2-135m")


def test_embedder_tells_meanings_apart():
    model = models.embedder("minilm")
    vectors = model.encode(["a car", "an automobile", "a pancake"], role="document")
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert unit[0] @ unit[1] > unit[0] @ unit[2] + 0.3
    assert model.token_counts(["a jalopy"]) == [4]
    assert model.max_tokens == 254  # 256 less [CLS] and [SEP]
    assert model.info.fingerprint
    assert model.info.licence == "Apache-2.0"


def test_language_model_against_a_plain_forward_pass(language_model):
    """Padding, batching and kept positions change nothing; the first token is given the stated BOS."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    texts = ["The car broke down.", "Hi", "A much longer sentence with several words in it, for the padding."]
    found = language_model.log_probs(texts)
    tokenizer = AutoTokenizer.from_pretrained(language_model.path)
    plain = AutoModelForCausalLM.from_pretrained(language_model.path)
    for text, values in zip(texts, found, strict=True):
        ids = torch.tensor([[tokenizer.bos_token_id, *tokenizer(text, add_special_tokens=False)["input_ids"]]])
        with torch.no_grad():
            logits = plain(ids).logits[0, :-1].log_softmax(-1)
        expected = logits.gather(-1, ids[0, 1:, None])[:, 0].numpy()
        np.testing.assert_allclose(values, expected, atol=1e-3)
    assert language_model.info.details["first_token_context"] == "<|im_start|>"
    assert "Q4_1" in language_model.info.quantisation


def test_continuations_obey_the_chain_rule(language_model):
    whole = language_model.log_probs(["The car broke down on the way home."])[0].sum()
    prefix = language_model.log_probs(["The car broke down"])[0].sum()
    rest = language_model.continuation_log_probs(["The car broke down"], [" on the way home."])[0]
    assert rest == pytest.approx(whole - prefix, abs=1e-3)
    assert language_model.log_probs([""])[0].shape == (0,)


def test_run_makes_every_file_of_the_contract(cli, tmp_path):
    import json

    folder = tmp_path / "run"
    result = cli("run", "--n", "12", "--seed", "2", "--embedder", "minilm", "--lm", "smollm2-135m", "--out", folder)
    assert result.exit_code == 0, result.output
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "pairs.jsonl",
        "audit.json",
        "observations.jsonl",
        "estimates.jsonl",
        "manifest.json",
        "model_estimates.jsonl",
        "report.html",
        "report.json",
        "report.md",
        "findings.md",
        "estimates.csv",
        "figures",
    }
    rows = list(read_observations(folder))
    assert {"gloss", "background", "neutral", "crossed", "raw", "downstream"} <= {row.contrast for row in rows}
    assert not [row for row in rows if row.error]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["schema"] == SCHEMA
    assert {model["name"] for model in manifest["models"]} == {"minilm", "smollm2-135m"}
    for model in manifest["models"]:
        assert model["fingerprint"]
        assert 0 <= model["noise_floor"]["value"] < 1e-3
    before = (folder / "observations.jsonl").read_bytes()
    assert cli("probe", folder, "--embedder", "minilm", "--lm", "smollm2-135m").exit_code == 0
    assert (folder / "observations.jsonl").read_bytes() == before
