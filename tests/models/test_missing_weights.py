"""Weights that a library would fill at random: refused by name, whatever the model is used as; what is harmless goes on."""

import json
import shutil

import numpy as np
import pytest
from conftest import needed

from freqbias.errors import InputError
from freqbias.models import embedder, language_model
from freqbias.models.relevance import as_scorer

torch, tiny_models = needed("torch"), needed("tiny_models")
transformers, safetensors = needed("transformers"), needed("safetensors.torch")
TEXTS = ["the car drove", "who healed the doctor"]
SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64, "max_position_embeddings": 32}


@pytest.fixture
def copy(tiny, tmp_path):
    """Return a function that copies a tiny model, changes its configuration, and renames or drops tensors."""

    def made(kind, *, without=(), rename=(), config=None):
        folder = tmp_path / f"{kind}-copy"
        shutil.copytree(tiny / kind, folder)
        path = folder / "model.safetensors"
        weights = safetensors.load_file(path)
        kept = {key: value for key, value in weights.items() if not any(part in key for part in without)}
        for before, after in rename:
            kept = {key.replace(before, after): value for key, value in kept.items()}
        safetensors.save_file(kept, path, metadata={"format": "pt"})
        said = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(said | (config or {})))
        return folder

    return made


@pytest.fixture
def causal(tmp_path):
    """Return a function that writes a tiny Llama, whole or without its head."""

    def made(kind="LlamaForCausalLM", *, tied=False, model=None):
        folder = tmp_path / f"{kind}-{tied}"
        words = tiny_models.tokenizer()
        words.bos_token, words.eos_token = "[CLS]", "[SEP]"
        torch.manual_seed(0)
        config = transformers.LlamaConfig(vocab_size=len(words), tie_word_embeddings=tied, **SIZES)
        (model or getattr(transformers, kind))(config).save_pretrained(folder)
        words.save_pretrained(folder)
        return folder

    return made


@pytest.mark.parametrize(
    ("prefix", "lacks"),
    [
        ("late:", r"lacks 1 tensor \(Dense\.linear\.weight\), .*; give a model that was trained as MultiVectorEncoder"),
        ("cross:", r"lacks 2 tensors \(classifier\.bias, classifier\.weight\), .*; give a model that was saved as BertForSequence"),
        ("sparse:", r"lacks 3 tensors \(SparseAutoEncoder\.encoder\.weight, SparseAutoEncoder\.latent_bias, Sparse"),
    ],
)
def test_a_prefix_that_a_directory_cannot_serve_is_refused(tiny, prefix, lacks):
    with pytest.raises(InputError, match=rf"^model '{prefix}bert' {lacks}"):
        embedder(f"{prefix}{tiny / 'bert'}")


def test_a_language_model_without_its_head_is_refused(causal, cli, capfd):
    folder = causal("LlamaModel")
    with pytest.raises(
        InputError, match=r"lacks 1 tensor \(lm_head\.weight\), which would be filled at random; give .* LlamaForCausalLM"
    ):
        language_model(str(folder))
    assert "LOAD REPORT" not in capfd.readouterr().err


def test_an_encoder_is_no_language_model(tiny):
    with pytest.raises(InputError, match=r"lacks 5 tensors \(cls\.predictions\.bias, .*, …\), which would be filled at random"):
        language_model(str(tiny / "bert"))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"without": ["attention.self.query.weight"]}, r"lacks 1 tensor \(encoder\.layer\.0\.attention\.self\.query\.weight\)"),
        ({"config": {"num_hidden_layers": 3}}, r"lacks 32 tensors \(encoder\.layer\.1\.\S+, encoder\.layer\.1\.\S+, \S+, …\)"),
        ({"rename": [("encoder.", "trunk.")]}, r"lacks 16 tensors"),
        ({"config": {"hidden_size": 64}}, r"has 20 tensors \(.*, …\) of another shape than its config\.json says"),
        (
            {"config": {"num_hidden_layers": 2, "auto_map": {"AutoModel": "own.Model"}}},
            r"its config\.json names code of its own: read it, then give --trust-remote-code",
        ),
    ],
)
def test_tensors_that_are_missing_or_do_not_fit_are_named(copy, changes, reason):
    with pytest.raises(InputError, match=reason):
        embedder(str(copy("bert", **changes)))


def test_a_cross_encoder_needs_its_pooler(copy):
    with pytest.raises(InputError, match=r"lacks 2 tensors \(bert\.pooler\.dense\.bias, bert\.pooler\.dense\.weight\)"):
        embedder(str(copy("cross", without=["pooler"])))


@pytest.mark.parametrize("prefix", ["mean:", "cls:", "last:"])
def test_a_pooler_that_no_pooling_reads_may_be_missing(copy, tiny, prefix):
    found, whole = (embedder(f"{prefix}{folder}") for folder in (copy("bert", without=["pooler"]), tiny / "bert"))
    np.testing.assert_array_equal(found.encode(TEXTS, role="query"), whole.encode(TEXTS, role="query"))


def test_tied_weights_are_not_missing(causal):
    folder = causal(tied=True)
    assert "lm_head.weight" not in safetensors.load_file(folder / "model.safetensors")
    first, second = (language_model(str(folder)).log_probs(TEXTS[:1])[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)


ENCODERS = {
    "albert": {"embedding_size": 32},
    "bert": {},
    "camembert": {},
    "deberta-v2": {},
    "distilbert": {"dim": 32, "n_layers": 1, "n_heads": 2, "hidden_dim": 64},
    "electra": {"embedding_size": 32},
    "modernbert": {"pad_token_id": 0, "cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3},
    "mpnet": {},
    "qwen3": {"num_key_value_heads": 1, "head_dim": 16},
    "roberta": {},
    "t5": {"d_model": 32, "num_layers": 1, "num_heads": 2, "d_kv": 16, "d_ff": 64},
    "xlm-roberta": {},
}


@pytest.mark.parametrize("head", ["AutoModel", "AutoModelForMaskedLM", "AutoModelForCausalLM", "AutoModelForSeq2SeqLM"])
@pytest.mark.parametrize("kind", ENCODERS)
def test_encoders_as_they_are_saved_lack_nothing(kind, head, tmp_path):
    """A model that was trained as something else is an encoder as well: its own tensors are all there."""
    words = tiny_models.tokenizer()
    config = transformers.AutoConfig.for_model(kind, vocab_size=len(words), **{**SIZES, **ENCODERS[kind]})
    auto = getattr(transformers, head)
    if type(config) not in auto._model_mapping.keys():  # noqa: SIM118  # it has no other way to ask
        return
    torch.manual_seed(0)
    auto.from_config(config).save_pretrained(tmp_path)
    words.save_pretrained(tmp_path)
    first, second = (embedder(f"mean:{tmp_path}").encode(TEXTS, role="query") for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_random_numbers_do_not_get_into_a_run(tiny, cli, pair_file, tmp_path):
    out = tmp_path / "observations.jsonl"
    result = cli("probe", pair_file, "--embedder", f"late:{tiny / 'bert'}", "--probe", "similarity", "--out", out)
    assert result.exit_code == 2
    assert not out.exists()


def test_what_the_fixtures_hold_is_whole(tiny):
    for kind in ("bert", "late", "cross"):
        tables = [as_scorer(embedder(str(tiny / kind))).matrix(TEXTS, TEXTS) for _ in range(2)]
        np.testing.assert_array_equal(*tables)
