"""`freqbias models check`: what it says of a model, and that each kind of fault makes it exit with 1."""

import json
import re

import numpy as np
import pytest
from conftest import needed

from freqbias.errors import InputError
from freqbias.models import reference
from freqbias.models.checking import checked, kind_of

tiny_layouts = needed("tiny_layouts")


@pytest.fixture
def layout(tmp_path):
    """Return a function that builds a family's tiny copy."""
    return lambda name: tiny_layouts.build(name, tmp_path)


def faults(found):
    """Return what differs, and by how much."""
    return {(row.what, row.by.rpartition(", ")[2]): row.difference for row in found.comparisons if not row.ok}


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("GTE", "normalised"),
        ("arctic-embed v2", "query: "),
        ("ms-marco cross-encoders", "CrossEncoder.predict"),
        ("Qwen2.5", "first_token_context"),
        ("SPLADE", "SparseEncoder.encode_query"),
    ],
)
def test_command_says_what_is_applied_and_compares(cli, layout, name, what):
    folder = layout(name)
    result = cli("models", "check", folder)
    assert result.exit_code == 0, result.stdout
    assert what in result.stdout
    assert "DIFFERS" not in result.stdout
    (one,) = json.loads(cli("models", "check", folder, "--json").stdout)
    assert one["ok"]
    assert one["applied"]["family"] == name
    assert all(row["numbers"] and row["difference"] <= row["tolerance"] for row in one["comparisons"])


@pytest.mark.parametrize(("name", "why"), [("GTE", "move a score"), ("Qwen2.5", "move a token")])
def test_the_first_line_is_the_outcome_and_lines_are_short(cli, layout, name, why):
    lines = cli("models", "check", layout(name)).stdout.splitlines()
    assert re.fullmatch(r".*: ok, same numbers as its own library \(difference \S+, allowed [\d.]+\)", lines[0])
    compared = lines[next(i for i, line in enumerate(lines) if line.startswith("compared with ")) :]
    table = [line.rstrip() for line in compared if "one text at a time" in line]
    assert table
    assert all(len(line) < 80 and line.endswith("ok") for line in table)
    assert why in compared[-2]


def test_bm25_is_compared_with_its_formula(cli):
    (one,) = json.loads(cli("models", "check", "bm25", "--json").stdout)
    assert one["ok"]
    assert [row["by"] for row in one["comparisons"]] == ["the formula, word by word"]


def test_the_formula_is_that_of_bm25s():
    bm25s = needed("bm25s")
    from freqbias.models.adapters.bm25 import _words

    documents = list(reference.TEXTS)
    index = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
    index.index([_words(text) for text in documents], show_progress=False)
    for text in documents:
        if words := [word for word in _words(text) if word in index.vocab_dict]:
            np.testing.assert_allclose(reference.bm25([text], documents)[0], index.get_scores(words), rtol=1e-5, atol=1e-6)


def test_several_models_and_a_query_likelihood(cli, layout):
    folder = layout("Llama 3")
    found = json.loads(cli("models", "check", folder, f"ql:{folder}", "bm25", "--json").stdout)
    assert [(one["applied"]["use"], one["ok"]) for one in found] == [("lm", True), ("ql", True), ("bm25", True)]


@pytest.mark.parametrize("pooling", ["mean", "cls", "last"])
def test_a_named_pooling_is_compared_with_one_by_hand(tmp_path, pooling):
    folder = needed("tiny_models").bert(tmp_path / "plain")
    found = checked(f"{pooling}:{folder}", device="cpu")
    assert found.ok, found.comparisons
    assert found.applied["use"] == pooling
    assert found.applied["because"] == f"the prefix '{pooling}:'"


def test_a_plain_directory_is_a_mean(tmp_path):
    found = checked(str(needed("tiny_models").bert(tmp_path / "plain")), device="cpu")
    assert found.ok
    assert (found.applied["use"], found.applied["because"]) == ("mean", "config.json, BertModel")


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_compared_with_itself(layout, dtype):
    found = checked(str(layout("GTE")), device="cpu", dtype=dtype)
    assert found.ok, found.comparisons
    assert found.applied["dtype"] == dtype
    assert all(row.tolerance > 1e-4 for row in found.comparisons)


def test_wrong_pooling_is_found(cli, layout, monkeypatch):
    from freqbias.models.adapters import sentence_transformers as adapter

    own = adapter._loaded

    def wrong(*given):
        model = own(*given)
        next(module for module in model if hasattr(module, "pooling_mode")).pooling_mode = "cls"
        return model

    monkeypatch.setattr(adapter, "_loaded", wrong)
    result = cli("models", "check", layout("GTE"))
    assert result.exit_code == 1
    assert "DIFFERS" in result.stdout
    assert ": DIFFERS from its own library (difference " in result.stdout.splitlines()[0]


@pytest.mark.parametrize("name", ["arctic-embed v1", "EmbeddingGemma", "Qwen3-Embedding"])
def test_a_prompt_that_is_not_applied_is_found(layout, monkeypatch, name):
    from freqbias.models.adapters.sentence_transformers import SentenceTransformerEmbedder as Adapter

    def bare(self, texts, *, role):
        return self._model.encode(list(texts), prompt="", convert_to_numpy=True, show_progress_bar=False)

    monkeypatch.setattr(Adapter, "encode", bare)
    found = faults(checked(str(layout(name)), device="cpu"))
    assert found[("query vectors", "one text at a time")] > 0.01
    assert found[("scores", "one text at a time")] > 0.01


def test_vectors_that_lost_their_length_are_found(layout, monkeypatch):
    from freqbias.models.adapters.sentence_transformers import SentenceTransformerEmbedder as Adapter

    own = Adapter.encode
    monkeypatch.setattr(Adapter, "encode", lambda self, texts, *, role: own(self, texts, role=role) * np.float32(2))
    found = faults(checked(str(layout("GTE")), device="cpu"))
    assert {what for what, _ in found} == {"query vectors", "document vectors"}  # a cosine does not see it


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("name", ["Qwen3-Embedding", "E5-mistral"])
def test_last_token_with_padding_on_either_side(tmp_path, monkeypatch, name, side):
    from dataclasses import replace

    monkeypatch.setitem(tiny_layouts.LAYOUTS, name, replace(tiny_layouts.LAYOUTS[name], side=side))
    found = checked(str(tiny_layouts.build(name, tmp_path)), device="cpu")
    assert found.ok, found.comparisons


@pytest.mark.parametrize("name", ["E5-mistral", "SFR-Embedding"])
def test_a_pooling_that_reads_padding_differs_from_one_text_at_a_time(layout, monkeypatch, name):
    """The library itself is broken here, in both of its models: only texts that are not padded can tell."""
    from sentence_transformers.sentence_transformer.modules import Pooling

    def last_place(self, token_embeddings, attention_mask, features, prompt_length=None):
        return [token_embeddings[:, -1]]

    monkeypatch.setattr(Pooling, "_forward_padded", last_place)
    found = faults(checked(str(layout(name)), device="cpu"))
    assert found[("query vectors", "one text at a time")] > 0.01
    assert ("query vectors", "all texts in one batch") not in found


@pytest.mark.parametrize("fault", ["shifted", "first context", "padding scored"])
def test_a_fault_in_scoring_is_found(layout, monkeypatch, fault):
    from freqbias.models.adapters.transformers import TransformersLanguageModel as Adapter

    own = Adapter.log_probs
    wrong = {
        "shifted": lambda self, texts: [np.roll(row, 1) for row in own(self, texts)],
        "first context": lambda self, texts: [np.concatenate([row[:1] - 1, row[1:]]) for row in own(self, texts)],
        "padding scored": lambda self, texts: [np.full_like(row, row.mean()) for row in own(self, texts)],
    }
    monkeypatch.setattr(Adapter, "log_probs", wrong[fault])
    found = checked(str(layout("Llama 3")), device="cpu")
    assert [row.what for row in found.comparisons if not row.ok] == ["tokens"]


def test_numbers_that_only_one_side_has_are_a_fault(layout, monkeypatch):
    from freqbias.models.adapters.transformers import TransformersLanguageModel as Adapter

    own = Adapter.log_probs
    monkeypatch.setattr(Adapter, "log_probs", lambda self, texts: [*own(self, texts)[:-1], np.full_like(own(self, texts)[-1], np.nan)])
    tokens = checked(str(layout("Llama 3")), device="cpu").comparisons[0]
    assert (tokens.what, tokens.difference, tokens.ok) == ("tokens", None, False)


def test_a_text_beyond_the_window_has_no_number_on_either_side(tmp_path, monkeypatch):
    from dataclasses import replace

    short = replace(tiny_layouts.LAYOUTS["GPT-2"], settings={"max_position_embeddings": 64})
    monkeypatch.setitem(tiny_layouts.LAYOUTS, "GPT-2", short)
    tokens = checked(str(tiny_layouts.build("GPT-2", tmp_path)), device="cpu").comparisons[0]
    assert tokens.ok
    assert tokens.without > 100


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nosuch"], "unknown model 'nosuch'"),
        (["bm25", "./nowhere"], "unknown model './nowhere'"),
        (["synthetic:embed_words"], "has no library of its own"),
        (["ql:synthetic:lm_corpus"], "has no library of its own"),
        (["bm25", "--kind", "encoder"], "--kind is 'encoder'"),
        (["bm25", "--kind", "language_model"], "is not a language model"),
        (["bm25", "--dtype", "int8"], "unknown dtype 'int8'"),
        (["bm25", "--device", "nowhere"], None),
    ],
)
def test_bad_names_are_one_line(cli, arguments, words):
    result = cli("models", "check", *arguments)
    if words is None:  # counts of words need no device
        assert result.exit_code == 0
        return
    assert result.exit_code == 2
    assert words in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not result.stdout


def test_a_directory_without_a_model_is_one_line(cli, tmp_path):
    result = cli("models", "check", tmp_path)
    assert result.exit_code == 2
    assert "has neither modules.json nor a config.json" in result.stderr


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({"config.json": {"architectures": ["LlamaForCausalLM"]}}, "language_model"),
        ({"config.json": {"architectures": ["GPT2LMHeadModel"]}}, "language_model"),
        ({"config.json": {"architectures": ["Gemma3ForConditionalGeneration"]}}, "language_model"),
        ({"config.json": {"architectures": ["Qwen3_5ForConditionalGeneration"], "is_encoder_decoder": False}}, "language_model"),
        ({"config.json": {"architectures": ["T5ForConditionalGeneration"], "is_encoder_decoder": True}}, "embedder"),
        ({"config.json": {"architectures": ["Qwen3ForCausalLM"]}, "modules.json": []}, "embedder"),
        ({"config.json": {"architectures": ["BertModel"]}}, "embedder"),
        ({"config.json": {"architectures": ["BertForSequenceClassification"]}}, "embedder"),
        ({"config.json": {}}, "embedder"),
    ],
)
def test_kind_of_a_directory(tmp_path, files, kind):
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
    assert kind_of(str(tmp_path), None) == kind
    assert kind_of(f"mean:{tmp_path}", None) == "embedder"
    with pytest.raises(InputError, match="--kind is"):
        kind_of(str(tmp_path), "both")


@pytest.mark.parametrize("name", ["arctic-embed v1", "Llama 3", "ms-marco cross-encoders"])
def test_a_hub_id_is_what_its_files_say(layout, monkeypatch, name):
    folder, row = layout(name), next(row for row in tiny_layouts.families() if row.name == name)
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: str(folder))
    if row.kind == "language_model":  # which the library fetches by itself
        assert kind_of(row.example, None) == "language_model"
        return
    found = checked(row.example, device="cpu")
    assert found.ok, found.comparisons
    assert (found.applied["source"], found.applied["family"], found.applied["use"]) == ("hub", name, row.use)


def test_a_hub_that_is_not_reached_is_one_line(cli, monkeypatch):
    def unreachable(*_, **__):
        raise ConnectionError("no route to the hub\nand more")

    monkeypatch.setattr("huggingface_hub.snapshot_download", unreachable)
    result = cli("models", "check", "org/name")
    assert result.exit_code == 1
    assert (
        result.stderr.strip()
        == "freqbias: model 'org/name' is not a directory here and could not be fetched from the hub: no route to the hub"
    )
