"""Folders as users have them: settings for writing, tokens beyond the weights, no padding, weights that nothing reads, short windows."""

import json
import re
import shutil

import numpy as np
import pytest
from conftest import needed

from freqbias.errors import BackendError, InputError
from freqbias.models import embedder, language_model
from freqbias.models.relevance import as_scorer

torch, tiny_models = needed("torch"), needed("tiny_models")
transformers, safetensors = needed("transformers"), needed("safetensors.torch")
TEXTS = ["the car drove in the road", "who healed the doctor", "a", ""]
SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64, "max_position_embeddings": 64}


def words(**marks):
    """Return the tokenizer of the tiny models with a BOS and an EOS token, and `marks` changed."""
    made = tiny_models.tokenizer()
    for name, token in {"bos_token": "[CLS]", "eos_token": "[SEP]", **marks}.items():
        setattr(made, name, token)
    return made


def written(folder, kind="LlamaForCausalLM", tokenizer=None, **settings):
    """Write a tiny model of one of transformers' classes with random weights and a tokenizer into a folder."""
    torch.manual_seed(0)
    cls = getattr(transformers, kind)
    config = cls.config_class(**{"vocab_size": len(words()), "initializer_range": 0.3, **SIZES, **settings})
    cls(config).eval().save_pretrained(folder)
    (tokenizer or words()).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    return written(tmp_path_factory.mktemp("odd") / "llama")


def changed(source, folder, file, **settings):
    """Copy a folder and change settings in one of its JSON files."""
    shutil.copytree(source, folder)
    said = json.loads((folder / file).read_text(encoding="utf-8"))
    (folder / file).write_text(json.dumps(said | settings), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "settings",
    [
        {"repetition_penalty": 3.0},
        {"no_repeat_ngram_size": 1},
        {"num_beams": 4, "early_stopping": True, "length_penalty": 2.0},
        {"suppress_tokens": list(range(5, 40))},
        {"do_sample": True, "min_p": 0.9, "top_p": 0.1, "top_k": 1},
        {"do_sample": True, "typical_p": 0.2, "epsilon_cutoff": 0.5},
        {"guidance_scale": 3.0},
        {"max_time": 1e-6},
        {"forced_eos_token_id": 20},
        {"penalty_alpha": 0.6, "top_k": 4},
        {"return_dict_in_generate": True, "output_scores": True},
        {"stop_strings": ["e"]},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_settings_of_a_folder_do_not_change_what_is_written(llama, tmp_path, settings):
    ask = {"n": 2, "max_tokens": 6, "temperature": 1.0, "seed": 3}
    plain, other = (
        language_model(str(folder)) for folder in (llama, changed(llama, tmp_path / "x", "generation_config.json", **settings))
    )
    assert other.generate(TEXTS[:2], max_tokens=12) == plain.generate(TEXTS[:2], max_tokens=12)
    assert other.write(TEXTS[:1], **ask) == plain.write(TEXTS[:1], **ask)


def test_the_ends_that_a_folder_names_are_kept(llama, tmp_path):
    everything = list(range(len(words())))
    model = language_model(str(changed(llama, tmp_path / "x", "generation_config.json", eos_token_id=everything)))
    assert model.generate(TEXTS[:2], max_tokens=12) == ["", ""]


def test_tokens_that_the_weights_lack_cost_their_own_texts(tmp_path):
    tokenizer = words()
    tokenizer.add_tokens(["jalopy", "banger"])
    model = language_model(str(written(tmp_path, tokenizer=tokenizer)))
    found = model.log_probs(["the jalopy", "the car", "a banger drove"])
    assert [bool(np.isnan(row).any()) for row in found] == [True, False, True]
    assert model.errors["the jalopy"] == f"the weights of {tmp_path.name} have no token 'jalopy', which its tokenizer makes"
    assert np.isnan(model.continuation_log_probs(["the", "the"], [" car", " banger"])).tolist() == [False, True]
    assert [text is None for text in model.generate(["the jalopy", "the car"], max_tokens=2)] == [True, False]


def test_a_first_token_that_the_weights_lack_is_one_line(tmp_path):
    tokenizer = words()
    tokenizer.add_special_tokens({"bos_token": "<begin>"})
    with pytest.raises(InputError, match=r"has weights of \d+ tokens, and its tokenizer begins a text with token \d+; the tokenizer is"):
        language_model(str(written(tmp_path, tokenizer=tokenizer)))


T5 = {"d_model": 32, "d_ff": 64, "num_layers": 1, "num_heads": 2, "d_kv": 16}
PICTURES = {
    "model_type": "clip_vision_model",
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 14,
}


@pytest.mark.parametrize(
    ("kind", "settings", "name"),
    [
        ("T5ForConditionalGeneration", T5, "t5"),
        ("MT5ForConditionalGeneration", T5, "mt5"),
        ("CLIPVisionModel", PICTURES, "clip_vision_model"),
    ],
)
def test_a_kind_that_is_no_causal_language_model_is_named(tmp_path, kind, settings, name):
    folder = written(tmp_path, kind, **{key: value for key, value in settings.items() if key != "model_type"})
    with pytest.raises(
        InputError, match=rf"is of the kind '{name}', for which transformers has no causal language model; give --lm a model"
    ):
        language_model(str(folder))


@pytest.mark.parametrize("given", [".", "./", "sub/..", "../bert"])
def test_a_folder_is_called_by_its_own_name(tiny, monkeypatch, given):
    monkeypatch.chdir(tiny / "bert")
    (tiny / "bert" / "sub").mkdir(exist_ok=True)
    assert embedder(given).info.name == "bert"
    assert embedder(f"cls:{given}").info.name == "cls:bert"


def test_a_snapshot_of_the_hub_is_read_as_the_model_that_it_is(tiny, tmp_path):
    snapshot = tmp_path / "models--hkunlp--instructor-base" / "snapshots" / ("0123456789" * 4)
    for folder in (snapshot, tmp_path / "instructor-base"):
        shutil.copytree(tiny / "bert", folder)
    one, other = (embedder(f"mean:{folder}") for folder in (snapshot, tmp_path / "instructor-base"))
    assert one.info.details == other.info.details
    for role in ("query", "document"):  # the mean leaves the prompt out in both
        np.testing.assert_array_equal(one.encode(TEXTS, role=role), other.encode(TEXTS, role=role))


@pytest.mark.parametrize("lacking", [(), ("unk_token",), ("eos_token",)])
@pytest.mark.parametrize("prefix", ["last", "mean"])
def test_a_tokenizer_without_padding_takes_another_token(tmp_path, prefix, lacking):
    marks = dict.fromkeys(lacking)
    whole = embedder(f"{prefix}:{written(tmp_path / 'whole', 'LlamaModel', words(**marks))}")
    bare = embedder(f"{prefix}:{written(tmp_path / 'bare', 'LlamaModel', words(**marks, pad_token=None))}")
    for role in ("query", "document"):
        np.testing.assert_allclose(bare.encode(TEXTS, role=role), whole.encode(TEXTS, role=role), atol=1e-5)
        np.testing.assert_allclose(
            bare.encode(TEXTS, role=role), np.vstack([bare.encode([text], role=role) for text in TEXTS]), atol=1e-5
        )


@pytest.mark.parametrize("ended", [True, False])
def test_a_cross_encoder_without_padding_scores_in_company_what_it_scores_alone(tmp_path, ended):
    tokenizer = words(pad_token=None)
    if not ended:
        tokenizer.backend_tokenizer.post_processor = needed("tokenizers").processors.Sequence([])
    folder = written(tmp_path, "LlamaForSequenceClassification", tokenizer, num_labels=1)
    scorer = embedder(f"cross:{folder}")
    texts = [text for text in TEXTS if text]
    found = scorer.scores(["who healed"] * len(texts), texts)
    model, tokens = (
        transformers.AutoModelForSequenceClassification.from_pretrained(folder),
        transformers.AutoTokenizer.from_pretrained(folder),
    )
    for value, text in zip(found, texts, strict=True):
        with torch.no_grad():
            ids = tokens("who healed", text, return_tensors="pt")["input_ids"]
            assert value == pytest.approx(float(model(input_ids=ids).logits), abs=1e-4)


ROBERTA = {"max_position_embeddings": 34, "pad_token_id": 1, "type_vocab_size": 1}


@pytest.mark.parametrize("kind", ["RobertaModel", "XLMRobertaModel", "CamembertModel"])
def test_a_window_ends_where_the_positions_do(tmp_path, kind):
    tokenizer = words(pad_token="[UNK]")  # noqa: S106  # the padding that these count positions by
    tokenizer.model_max_length = 10**30
    model = embedder(f"mean:{written(tmp_path, kind, tokenizer, **ROBERTA)}")
    assert model.max_tokens == 30  # 34 rows, less two for the offset and two special tokens
    long = "the car drove " * 20
    cut = " ".join(long.split()[:30])
    np.testing.assert_allclose(*(model.encode([text], role="document") for text in (long, cut)), atol=1e-5)


def tensors(source, folder, change):
    """Copy a folder and change its tensors by a function of their dictionary."""
    shutil.copytree(source, folder)
    path = folder / "model.safetensors"
    safetensors.save_file({key: value.contiguous() for key, value in change(safetensors.load_file(path)).items()}, path)
    return folder


def with_biases(weights):
    return weights | {key.replace("weight", "bias"): torch.ones(len(value)) for key, value in weights.items() if "q_proj" in key}


@pytest.mark.parametrize(
    ("change", "settings", "unread"),
    [
        (with_biases, {}, r"2 tensors \(model\.layers\.0\.self_attn\.q_proj\.bias, model\.layers\.1\.self_attn\.q_proj\.bias\)"),
        (dict, {"num_hidden_layers": 1}, r"9 tensors \(model\.layers\.1\.input_layernorm\.weight, .*, …\)"),
        (lambda weights: weights | {"lm_head.bias": torch.ones(len(weights["lm_head.weight"]))}, {}, r"1 tensor \(lm_head\.bias\)"),
        (lambda weights: weights | {"value_head.weight": torch.ones(3), "model.rotary_emb.inv_freq": torch.ones(3)}, {}, None),
        (dict, {}, None),
    ],
)
def test_weights_that_nothing_reads_are_named(llama, tmp_path, caplog, change, settings, unread):
    folder = changed(tensors(llama, tmp_path / "x", change), tmp_path / "y", "config.json", **settings)
    language_model(str(folder))
    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING" and "not read" in record.getMessage()]
    assert len(warned) == (unread is not None)
    if unread is not None:
        assert re.match(rf"model 'y' has {unread} that its config\.json makes no use of, so they are not read; unless", warned[0])


def test_weights_of_an_encoder_that_nothing_reads_are_named(tmp_path, caplog):
    folder = written(tmp_path / "whole", "BertForMaskedLM")
    embedder(f"mean:{folder}")  # its head is left out on purpose
    assert not [record for record in caplog.records if "not read" in record.getMessage()]
    embedder(f"mean:{changed(folder, tmp_path / 'cut', 'config.json', num_hidden_layers=1)}")
    assert "model 'mean:cut' has 16 tensors (bert.encoder.layer.1." in caplog.text


@pytest.mark.parametrize("fault", ["no pooling", "another width"])
def test_modules_that_do_not_go_together_are_one_line(tiny, tmp_path, fault):
    sentence_transformers = needed("sentence_transformers")
    parts = needed("sentence_transformers.sentence_transformer.modules")
    inner = parts.Transformer(str(tiny / "bert"))
    modules = {"no pooling": [inner, parts.Normalize()], "another width": [inner, parts.Pooling(32, "mean"), parts.Dense(16, 8)]}
    sentence_transformers.SentenceTransformer(modules=modules[fault]).save(str(tmp_path / "x"))
    with pytest.raises(
        InputError, match=r"model 'x': (KeyError: 'sentence_embedding'|\w+: (addmm: )?mat1 and mat2 shapes) .*; its parts do not"
    ):
        embedder(str(tmp_path / "x"))


def test_a_token_that_an_encoder_lacks_is_one_line_and_costs_its_own_text(tmp_path):
    tokenizer = words()
    tokenizer.add_tokens(["jalopy"])
    folder = written(tmp_path / "x", "BertModel", tokenizer)
    model = embedder(f"mean:{folder}")
    with pytest.raises(BackendError, match=r"^model 'mean:x': IndexError: index out of range in self"):
        model.encode(["the jalopy"], role="query")
    found = as_scorer(model).scores(["the car", "the car"], ["the jalopy", "the road"])
    assert np.isnan(found).tolist() == [True, False]


def test_a_token_that_a_cross_encoder_lacks_is_one_line(tmp_path):
    tokenizer = words()
    tokenizer.add_tokens(["jalopy"])
    scorer = embedder(f"cross:{written(tmp_path / 'x', 'BertForSequenceClassification', tokenizer, num_labels=1)}")
    with pytest.raises(BackendError, match=r"^model 'cross:x': IndexError"):
        scorer.scores(["the car"], ["the jalopy"])


@pytest.mark.parametrize("name", ["e5-base-colbert", "bge-small", "multilingual-e5-base-late"])
def test_late_interaction_gets_no_prompts_of_what_it_was_trained_from(tiny, tmp_path, caplog, name):
    shutil.copytree(tiny / "late", tmp_path / name)
    model = embedder(str(tmp_path / name))
    assert model.info.details["prompts"] == {"query": "", "document": ""}
    assert "prompt" not in caplog.text
    for found, expected in zip(
        model.encode_tokens(TEXTS[:2], role="query"), embedder(str(tiny / "late")).encode_tokens(TEXTS[:2], role="query"), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ raise_exception('a system message is needed') }}", "a system message is needed"),
        ("{% if %}", "TemplateSyntaxError"),
        ("{{ messages[1]['content'] }}", "UndefinedError"),
    ],
)
def test_a_chat_template_that_cannot_be_used_is_one_line(llama, tmp_path, template, reason):
    shutil.copytree(llama, tmp_path / "x")
    (tmp_path / "x" / "chat_template.jinja").write_text(template)
    with pytest.raises(InputError, match=f"^model 'x', its chat template: .*{reason}"):
        language_model(str(tmp_path / "x")).format_prompt("hello")


@pytest.mark.parametrize("dtype", ["auto", "int8", "float64", "BFloat16"])
def test_a_number_type_that_is_not_known_is_one_line_for_every_kind(tiny, llama, dtype):
    for load, name in ((embedder, tiny / "late"), (embedder, tiny / "cross"), (embedder, tiny / "bert"), (language_model, llama)):
        with pytest.raises(InputError, match=f"^unknown dtype '{dtype}'; known: float32, float16, bfloat16$"):
            load(str(name), dtype=dtype)


@pytest.mark.parametrize("length", [None, 3, 8])
def test_a_static_model_whose_tokenizer_cuts_says_where(tmp_path, length):
    sentence_transformers = needed("sentence_transformers")
    parts = needed("sentence_transformers.sentence_transformer.modules")
    inner = words().backend_tokenizer
    if length is not None:
        inner.enable_truncation(length)
    inner.enable_padding(length=5)
    sentence_transformers.SentenceTransformer(modules=[parts.StaticEmbedding(inner, embedding_dim=8)]).save(str(tmp_path))
    model = embedder(str(tmp_path))
    assert model.max_tokens == length
    assert model.token_counts([TEXTS[0], "a", ""]) == [6, 1, 0]
    cut = " ".join(TEXTS[0].split()[:length])
    np.testing.assert_array_equal(*(model.encode([text], role="query") for text in (TEXTS[0], cut)))


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("model.safetensors", "is a file; give the folder that it lies in"),
        ("pytorch_model.bin", "is a file; give the folder that it lies in"),
        ("model-q4.gguf", r"has only \.gguf weights, which are not read here; give the model that they were made from, or serve them"),
        ("model.onnx", r"has only \.onnx weights"),
    ],
)
def test_a_file_in_place_of_a_folder_is_one_line(tmp_path, file, reason):
    (tmp_path / file).write_bytes(b"x")
    for load, prefix in ((embedder, ""), (embedder, "mean:"), (language_model, "")):
        with pytest.raises(InputError, match=f"^model '{tmp_path / file}' {reason}"):
            load(f"{prefix}{tmp_path / file}")


def test_an_empty_name_is_not_the_folder_here(tiny, monkeypatch):
    monkeypatch.chdir(tiny / "bert")
    for load in (embedder, language_model):
        with pytest.raises(InputError, match=r"^unknown model ''"):
            load("")
