"""How trained architectures are scored in two precisions, and which are refused: the core of `benchmarks/architectures.py`."""

import importlib.util
from pathlib import Path

import pytest
from conftest import needed

from freqbias.errors import InputError
from freqbias.models import language_model

torch = needed("torch")
needed("tokenizers")
transformers = needed("transformers")
spec = importlib.util.spec_from_file_location("architectures", Path(__file__).parents[2] / "benchmarks" / "architectures.py")
architectures = importlib.util.module_from_spec(spec)
spec.loader.exec_module(architectures)

TREES, PLACE = "trees", "padded batches: positions by place"
CHOSEN = {
    "llama": TREES,
    "gemma2": TREES,  # a sliding window of 16 tokens, which texts exceed
    "falcon": TREES,  # with ALiBi its trees are wrong, without they are not
    "lfm2": "padded batches: convolutional layers",
    "mpt": "padded batches: position biases (ALiBi)",
    "bloom": "padded batches: position biases (ALiBi)",
    "mamba": "padded batches: recurrent layers",
    "recurrent_gemma": "padded batches: recurrent layers",
    "bart": PLACE,  # in half precision it died with IndexError
    "gpt_neo": "padded batches: causal masks of a size of its own",
}
# Masked models, models that read both ways, and others that look ahead
AHEAD = ("bert (masked)", "xlm (masked)", "cpmant", "prophetnet", "xlnet")


@pytest.mark.parametrize("name", CHOSEN)
def test_architectures_equal_their_own_forward_pass_in_both_precisions(name, monkeypatch):
    monkeypatch.setattr(architectures, "STEPS", 12)
    exact, half = architectures.survey(name)
    assert exact["scoring"] == half["scoring"] == CHOSEN[name]
    assert float(exact["worst"]) < 1e-5
    assert float(half["worst"]) <= max(2 * float(half["noise"]), 0.02)
    assert exact["written"] == "yes"


@pytest.mark.parametrize("name", AHEAD)
def test_what_is_not_causal_is_refused_in_both_precisions(name, monkeypatch):
    monkeypatch.setattr(architectures, "STEPS", 2)
    rows = architectures.survey(name)
    assert [(row["scoring"], row["note"]) for row in rows] == [("refused", "not causal")] * 2


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    folder = tmp_path_factory.mktemp("llama")
    architectures.save("llama", folder)
    return str(folder)


def leaking(monkeypatch, part, shift):
    """Let the first layer of every Llama take in a part of the token that stands `shift` places before it."""
    whole = transformers.models.llama.modeling_llama.LlamaMLP.forward

    def forward(self, hidden):
        moved = torch.roll(hidden, shift, dims=1)
        moved[:, :shift] *= shift < 0
        return whole(self, hidden) + part * moved

    monkeypatch.setattr(transformers.models.llama.modeling_llama.LlamaMLP, "forward", forward)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("part", [1.0, 0.1, 0.01, 0.002])
def test_a_layer_that_is_a_little_wrong_in_trees_is_caught(llama, monkeypatch, dtype, part):
    assert language_model(llama, dtype=dtype).info.details["scoring"] == TREES
    leaking(monkeypatch, part, 1)
    assert language_model(llama, dtype=dtype).info.details["scoring"].startswith("padded batches: other rows are seen")


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("shift", [-1, -2, -5])
def test_a_layer_that_looks_ahead_is_refused_in_one_line(llama, monkeypatch, dtype, shift):
    leaking(monkeypatch, 0.1, shift)
    with pytest.raises(InputError, match="is not causal: what follows a token changes") as caught:
        language_model(llama, dtype=dtype)
    assert "give --lm a model that reads from left to right" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_float32_of_half_precision_weights_is_that_of_a_copy(llama):
    from freqbias.models.adapters import upcast

    ids = torch.arange(4, 34)[None]
    for dtype in (torch.bfloat16, torch.float16):
        half = transformers.AutoModelForCausalLM.from_pretrained(llama, dtype=dtype).eval()
        copy = transformers.AutoModelForCausalLM.from_pretrained(llama, dtype=dtype).eval().float()
        with torch.inference_mode():
            plain = half(input_ids=ids).logits
            with upcast.InFloat32():
                found = half(input_ids=ids).logits
            expected = copy(input_ids=ids).logits
        assert (found.dtype, half.dtype) == (torch.float32, dtype)
        assert (found - expected).abs().max() < 1e-6
        assert (plain - expected).abs().max() > 1e-3


@pytest.mark.parametrize(
    ("name", "settings", "longest"),
    [
        ("llama", {}, None),
        ("mistral", {"sliding_window": 512}, 511),
        ("gemma3_text", {"sliding_window": 1024}, 1023),
        ("llama", {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 1e4}}, 2047),
        ("phi3", {"sliding_window": None, "rope_parameters": {"rope_type": "longrope", "original_max_position_embeddings": 4096}}, 4095),
    ],
)
def test_rows_beyond_a_window_or_a_stretch_are_alone(name, settings, longest):
    from freqbias.models.adapters.transformers_trial import longest_shared

    class Config:
        max_position_embeddings = 2048

    config = Config()
    vars(config).update(settings)
    assert longest_shared(config) == longest, name
