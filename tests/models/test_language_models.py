"""The transformers backend against plain forward passes, on tiny models of several architectures with random weights."""

import hashlib
import json

import numpy as np
import pytest
from conftest import missing, needed

from freqbias.errors import BackendError, InputError, ModelNotReadyError
from freqbias.models import Loading, embedder, language_model

torch = needed("torch")
tokenizers, transformers = needed("tokenizers"), needed("transformers")
backend = needed("freqbias.models.adapters.transformers")
scoring = needed("freqbias.models.adapters.transformers_scoring")

WORDS = [
    "the",
    "a",
    "car",
    "jalopy",
    "broke",
    "down",
    "on",
    "way",
    "home",
    "and",
    "we",
    "walked",
    "back",
    "in",
    "rain",
    "to",
    "town",
    "!",
]
SPECIAL = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
TEXTS = [
    "the car broke down on the way home",
    "the car broke down on the way back",
    "the jalopy broke down",
    "we walked home in the rain and back to town and home and back and home again",
    "a",
    "",
    "the car broke down on the way home",
]
SMALL = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 64}
ARCHITECTURES = {
    "llama": (SMALL, "trees"),
    "gpt2": ({"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64}, "trees"),
    # a window of 8 tokens, which the longest text exceeds
    "gemma3_text": (
        {**SMALL, "num_key_value_heads": 1, "head_dim": 8, "sliding_window": 8, "layer_types": ["sliding_attention", "full_attention"]},
        "trees",
    ),
    "mistral": ({**SMALL, "num_key_value_heads": 2, "sliding_window": 6}, "trees"),
    "gemma2": ({**SMALL, "num_key_value_heads": 1, "head_dim": 8, "final_logit_softcapping": 0.5, "sliding_window": 8}, "trees"),
    # positions without ids, a state instead of attention, scaled logits: a tree would be wrong
    "bloom": ({"hidden_size": 32, "n_layer": 2, "n_head": 4}, "padded batches: position biases (ALiBi)"),
    "mamba": ({"hidden_size": 32, "num_hidden_layers": 2, "state_size": 4}, "padded batches: recurrent layers"),
    "granite": (
        {**SMALL, "num_key_value_heads": 2, "logits_scaling": 8.0},
        "padded batches: logits are more than the output matrix gives",
    ),
}


def save(folder, kind, settings, template=None):
    """Write a model with random weights and a tokenizer of whole words into a folder."""
    vocabulary = {word: k for k, word in enumerate([*SPECIAL.values(), *WORDS])}
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token=SPECIAL["unk_token"]))
    words.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=words, **SPECIAL)
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    config = transformers.CONFIG_MAPPING[kind](
        vocab_size=len(vocabulary), bos_token_id=1, eos_token_id=2, pad_token_id=0, initializer_range=0.5, **settings
    )
    torch.manual_seed(1)
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)


@pytest.fixture(scope="module", params=ARCHITECTURES)
def tiny(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    save(folder, request.param, ARCHITECTURES[request.param][0])
    return request.param, language_model(str(folder))


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    folder = tmp_path_factory.mktemp("llama")
    save(folder, "llama", SMALL)
    return folder


def plain(model, text):
    """Return the log-probabilities of a text's tokens from one forward pass of its own."""
    ids = [model._first, *model._ids([text])[0]]
    with torch.inference_mode():
        logits = model._model(input_ids=torch.tensor([ids])).logits[0].double().log_softmax(-1).numpy()
    return logits[np.arange(len(ids) - 1), ids[1:]]


def test_architectures_equal_a_plain_forward_pass(tiny):
    kind, model = tiny
    assert model.info.details["scoring"] == ARCHITECTURES[kind][1]
    for row, text in zip(model.log_probs(TEXTS), TEXTS, strict=True):
        assert row.dtype == np.float64
        np.testing.assert_allclose(row, plain(model, text), atol=1e-4)


def test_architectures_write_in_batches_what_they_write_alone(tiny):
    _, model = tiny
    prompts = [TEXTS[0], TEXTS[2], TEXTS[3], ""]
    together = model.generate(prompts, max_tokens=8)
    assert together == [model.generate([prompt], max_tokens=8)[0] for prompt in prompts]
    assert any(together)


def test_options_continue_their_context(tiny):
    _, model = tiny
    context, options = "the car broke down on", [" the way", " the way home", " a way", " the rain"]
    expected = [plain(model, context + option)[5:].sum() for option in options]
    np.testing.assert_allclose(model.choices(context, options), expected, atol=1e-4)
    others = ["the car", context, "the car", "we walked"]
    expected = [plain(model, a + b)[len(a.split()) :].sum() for a, b in zip(others, options, strict=True)]
    np.testing.assert_allclose(model.continuation_log_probs(others, options), expected, atol=1e-4)


def test_context_of_many_options_is_computed_once(llama):
    model = language_model(str(llama))
    seen = []
    model._model.base_model.register_forward_pre_hook(
        lambda module, args, given: seen.append(given["input_ids"].numel()), with_kwargs=True
    )
    model.choices("the car broke down on the way", [" home", " back", " to town"])
    assert seen == [1 + 7 + 1 + 1 + 2]  # the first token, the context, the options
    seen.clear()
    model.log_probs(TEXTS)
    assert seen == [1 + 8 + 1 + 3 + 17 + 1]  # a text that comes twice, and what texts begin with, count once


def test_nothing_is_scored_for_no_texts(llama):
    model = language_model(str(llama))
    assert model.log_probs([]) == []
    assert model.continuation_log_probs([], []).shape == model.choices("a", []).shape == (0,)
    assert model.generate([], max_tokens=3) == []
    assert model.token_counts([]) == []
    assert model.log_probs([""])[0].shape == (0,)
    assert model.choices("the car", [""]).tolist() == [0.0]


def test_batch_is_halved_when_memory_runs_out(llama, monkeypatch):
    model = language_model(str(llama))
    expected = model.log_probs(TEXTS)
    whole, sizes = scoring.Passes.hidden, []

    def small(self, merged):
        sizes.append(len(merged.tokens))
        if sizes[-1] > 20:
            raise torch.OutOfMemoryError("out of memory")
        return whole(self, merged)

    monkeypatch.setattr(scoring.Passes, "hidden", small)
    for row, known in zip(model.log_probs(TEXTS), expected, strict=True):
        np.testing.assert_allclose(row, known, atol=1e-5)
    assert max(sizes) > 20
    assert model._tokens_per_pass < backend.TOKENS_PER_PASS["cpu"]


@pytest.mark.parametrize(
    ("marks", "first"), [({"eos_token": "</s>"}, "</s>"), ({"bos_token": "<s>"}, "<s>"), ({"pad_token": "<pad>"}, None)]
)
def test_a_tokenizer_without_padding_or_bos_takes_eos_and_one_without_both_is_one_line(llama, tmp_path, marks, first):
    for path in llama.iterdir():
        if not path.name.startswith("tokenizer"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    inner = transformers.AutoTokenizer.from_pretrained(llama).backend_tokenizer
    transformers.PreTrainedTokenizerFast(tokenizer_object=inner, **marks).save_pretrained(tmp_path)
    if first is None:
        with pytest.raises(BackendError, match="has neither a BOS nor an EOS token; log-probabilities need a first context"):
            language_model(str(tmp_path))
        return
    model = language_model(str(tmp_path))
    assert model.info.details["first_token_context"] == first
    for row, text in zip(model.log_probs(TEXTS), TEXTS, strict=True):
        np.testing.assert_allclose(row, plain(model, text), atol=1e-4)
    assert all(text is not None for text in model.generate(TEXTS[:3], max_tokens=3))


def test_stop_strings_cut_and_eos_ends(llama):
    model = language_model(str(llama))
    prompts = [" ".join(TEXTS[3].split()[:count]) for count in range(1, 17)]
    texts = dict(zip(prompts, model.generate(prompts, max_tokens=5), strict=True))
    prompt = next(prompt for prompt, text in texts.items() if len(set(text.split())) == 5)
    words, end = texts[prompt].split(), 2
    stop = ["never", words[end], f" {words[end]}"]
    assert model.generate([prompt, TEXTS[0]], max_tokens=5, stop=stop)[0] == " ".join(words[:end])
    model._model.generation_config.eos_token_id = model._ids([words[end]])[0][0]
    assert model.generate([prompt, TEXTS[0]], max_tokens=5)[0] == " ".join(words[:end])


def test_prompts_are_formatted_by_the_tokenizer(tmp_path, llama):
    assert language_model(str(llama)).info.details["prompt_format"] == "plain"
    assert language_model(str(llama)).format_prompt("the car") == "the car"
    save(tmp_path, "llama", SMALL, template="{{ bos_token }} {{ messages[0]['content'] }} {% if add_generation_prompt %}and {% endif %}")
    model = language_model(str(tmp_path))
    assert model.info.details["prompt_format"] == "chat template"
    asked = model.format_prompt("the car")
    assert asked == "<s> the car and "
    # the template has spelt BOS out, so the model is not given another one
    assert model.choices(asked, ["home"])[0] == pytest.approx(plain(model, "the car and home")[-1], abs=1e-4)
    assert model.generate([asked], max_tokens=4) == model.generate(["<s> the car and"], max_tokens=4)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_lower_precision_is_explicit(llama, dtype):
    model, exact = language_model(str(llama), dtype=dtype), language_model(str(llama))
    assert (model.info.dtype, exact.info.dtype) == (dtype, "float32")
    changes = [np.abs(a - b).max(initial=0) for a, b in zip(model.log_probs(TEXTS), exact.log_probs(TEXTS), strict=True)]
    assert 1e-4 < max(changes) < 0.5
    with pytest.raises(InputError, match="unknown dtype 'int3'; known: float32"):
        language_model(str(llama), dtype="int3")


@pytest.mark.parametrize("device", ["gpu", "cpu:x", "cuda:99"])
def test_device_that_is_not_here_is_one_line(llama, device):
    with pytest.raises(InputError, match=f"device '{device}' cannot be used here: "):
        language_model(str(llama), device=device)


def test_text_longer_than_the_model_costs_its_own_row(llama):
    model, long = language_model(str(llama)), "the " * 70
    found = model.log_probs(["the car", long, "", "the " * 63])
    assert [np.isfinite(row).all() for row in found] == [True, False, True, True]
    assert [len(row) for row in found] == [2, 70, 0, 63]
    np.testing.assert_allclose(found[0], model.log_probs(["the car"])[0], atol=1e-4)
    reason = f"70 tokens are more than the 63 that {model.info.name} takes"
    assert model.errors == {long: reason}
    assert np.isfinite(model.continuation_log_probs([long, "the car"], [" home", " home"])).tolist() == [False, True]
    assert model.errors[f"{long} home"].startswith("71 tokens")
    assert [text is None for text in model.generate([long, "the car"], max_tokens=3)] == [True, False]


def test_many_long_texts_in_a_row_do_not_end_a_run(llama):
    from freqbias.probes.likelihood import probe
    from freqbias.probes.runner import MAX_CONSECUTIVE_FAILURES, Measurement
    from freqbias.progress import silent
    from freqbias.records import Pair

    lengths = [1, *[70] * (2 * MAX_CONSECUTIVE_FAILURES), 2]
    pairs = [Pair(id=f"{n}", item=f"{n}", high="the " * words + "car", low="the " * words + "jalopy") for n, words in enumerate(lengths)]
    measurement = Measurement(probe, pairs, language_model(str(llama)), silent)
    rows = measurement.rows(pairs)
    assert [row.error is None for row in rows] == [words < 70 for words in lengths]
    assert "71 tokens are more than the 63" in rows[1].error
    assert (measurement.gone, measurement.stopped) == (None, None)


def test_pickled_weights_need_a_flag(tmp_path, llama):
    for path in llama.iterdir():
        if path.suffix == ".safetensors":
            weights = transformers.AutoModelForCausalLM.from_pretrained(llama).state_dict()
            torch.save(weights, tmp_path / "pytorch_model.bin")
        else:
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(InputError, match="--allow-pickle"):
        language_model(str(tmp_path))
    allowed = language_model(str(tmp_path), allow_pickle=True)
    np.testing.assert_allclose(allowed.log_probs(TEXTS[:1])[0], language_model(str(llama)).log_probs(TEXTS[:1])[0], atol=1e-6)


def test_code_of_a_model_needs_a_flag(tmp_path, llama):
    for path in llama.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    config = json.loads((llama / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "own.py").write_text("raise SystemExit('code of the model ran')\n")
    with pytest.raises(InputError, match="--trust-remote-code"):
        language_model(str(tmp_path))
    with pytest.raises(SystemExit, match="code of the model ran"):
        language_model(str(tmp_path), trust_remote_code=True)


def test_gguf_in_parts_is_joined_in_order_and_checked(tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(backend, "convert_gguf", lambda source, target: made.append((source.name, source.read_bytes())))
    folders = [tmp_path / name for name in ("whole", "part1", "part2")]
    for folder, data in zip(folders[1:], (b"one", b"two"), strict=True):
        (folder / "data").mkdir(parents=True)
        (folder / "data" / f"x.gguf.part0{len(made)}").write_bytes(data)
    folders[0].mkdir()
    (folders[0] / "SHA256SUMS").write_text(f"{hashlib.sha256(b'onetwo').hexdigest()}  x.gguf\n")
    (tmp_path / "models" / "dense").mkdir(parents=True)
    backend.convert_gguf_parts(folders, tmp_path / "models" / "dense")
    assert made == [("x.gguf", b"onetwo")]
    with pytest.raises(BackendError, match=r"x\.gguf, joined from its parts, is not the published file; reinstall"):
        backend.convert_gguf_parts([folders[0], folders[2], folders[1]], tmp_path / "models" / "dense")
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["dense"]


def test_folder_without_a_model_is_one_line(tmp_path):
    with pytest.raises(InputError, match="cannot be loaded") as caught:
        language_model(str(tmp_path))
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def smollm():
    try:
        return language_model("smollm2-135m")
    except ModelNotReadyError:
        return missing("smollm2-135m: freqbias models fetch smollm2-135m")


def test_values_equal_minicons(smollm, lexicon_pairs):
    try:
        from minicons import scorer
    except ModuleNotFoundError:
        missing("minicons: pip install minicons")
    texts = sorted({pair.high for pair in lexicon_pairs}, key=lambda text: (len(text), text))[::8]
    theirs = scorer.IncrementalLMScorer(smollm.path, "cpu")
    sums = theirs.sequence_score(texts, bos_token=True, reduction=lambda row: row.sum().item())
    ours = [row.sum() for row in smollm.log_probs(texts)]
    np.testing.assert_allclose(ours, sums, atol=1e-3)


def test_gemma_is_conditioned_on_bos_and_knows_english():
    try:
        model = language_model("gemma3-270m")
    except ModelNotReadyError:
        missing("gemma3-270m: freqbias models fetch gemma3-270m")
    assert model.info.details["first_token_context"] == "<bos>"
    assert model.info.quantisation.startswith("Q4_K_M")
    text = "In 1969, two men walked on the moon for the first time."
    (row,) = model.log_probs([text])
    assert 3 < np.exp(-row.mean()) < 30  # perplexity; shuffled words give thousands
    np.testing.assert_allclose(row, plain(model, text), atol=1e-4)
    assert model.generate(["Q: What do bees make?\nA:"], max_tokens=8, stop=["\n"]) == [" Bees make honey."]
    assert model.choices("The capital of France is", [" Paris", " a banana"]).argmax() == 0


def test_loading_is_a_value():
    with pytest.raises(TypeError):
        Loading("float32")


@pytest.mark.parametrize("device", ["tpu", "cuda:99"])
def test_a_device_that_is_not_there_is_one_line(llama, device):
    for load in (language_model, embedder):
        with pytest.raises(InputError, match=f"device '{device}' cannot be used here: .*; give --device cpu"):
            load(str(llama), device=device)
