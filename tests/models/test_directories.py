"""Model directories as people have them, from public bug reports: each is one line that names the mend, or works."""

import json
import shutil

import numpy as np
import pytest
from conftest import needed

from freqbias.errors import InputError
from freqbias.models import embedder, language_model
from freqbias.models.names import contents, kinds

torch, tiny_models = needed("torch"), needed("tiny_models")
transformers, safetensors = needed("transformers"), needed("safetensors.torch")
TEXTS = ["the car drove", "who healed the doctor"]


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    folder, words = tmp_path_factory.mktemp("llama"), tiny_models.tokenizer()
    words.bos_token, words.eos_token = "[CLS]", "[SEP]"
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    transformers.LlamaForCausalLM(transformers.LlamaConfig(vocab_size=len(words), **sizes)).save_pretrained(folder)
    words.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def projected(tiny, tmp_path_factory):
    """Return a sentence-transformers directory with a projection behind the pooling."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules.dense import Dense
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    folder = tmp_path_factory.mktemp("projected")
    modules = [Transformer(str(tiny / "bert")), Pooling(32, "mean"), Dense(32, 16)]
    SentenceTransformer(modules=modules, device="cpu").save_pretrained(str(folder), create_model_card=False)
    return folder


def copy(source, target, *, without=(), **files):
    """Copy a model without some files, and with others: texts, bytes, or what a JSON file is to hold beside what it has."""
    shutil.copytree(source, target)
    for pattern in without:
        for path in target.glob(pattern):
            path.unlink()
    for name, content in files.items():
        path = target / name
        path.parent.mkdir(exist_ok=True)
        if isinstance(content, dict):
            before = json.loads(path.read_text()) if path.exists() else {}
            path.write_text(json.dumps(before | content))
        elif isinstance(content, str):
            path.write_text(content)
        else:
            path.write_bytes(content)
    return target


WEIGHTS = "model.safetensors"
INDEX = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
ADAPTER = {"adapter_config.json": {"base_model_name_or_path": "org/base"}, "adapter_model.safetensors": b"x"}
FAULTS = {
    "half": ({WEIGHTS: b"\x40\0\0\0\0\0\0\0{}"}, (), r"has damaged weights \(.*\); fetch the model again"),
    "nothing": ({WEIGHTS: b""}, (), r"has damaged weights \(.*\); fetch the model again"),
    "pointer": (
        {WEIGHTS: "version https://git-lfs.github.com/spec/v1\noid sha256:a\nsize 9\n"},
        (),
        "is a pointer of Git LFS.*: git lfs pull",
    ),
    "shard": ({f"{WEIGHTS}.index.json": INDEX}, [WEIGHTS], "model-00001-of-00002.safetensors is missing, 2 of 2 shards"),
    "weightless": ({}, [WEIGHTS], r"has no weights: no model\.safetensors"),
    "onnx": ({"onnx/model.onnx": b"x"}, [WEIGHTS], r"has only \.onnx weights, which are not read here; give the model"),
    "openvino": ({"openvino/openvino_model.xml": b"x"}, [WEIGHTS], r"has only \.xml weights, which are not read here"),
    "gguf": ({"model-Q4_K_M.gguf": b"GGUF"}, [WEIGHTS], r"has only \.gguf weights.*llama-server, Ollama.*--base-url"),
    "bare-gguf": ({"model-Q4_K_M.gguf": b"GGUF"}, ["*.json", WEIGHTS], r"has only \.gguf weights.*--base-url"),
    "tensorflow": ({"tf_model.h5": b"x"}, [WEIGHTS], r"has only \.h5 weights, which are not read here; save them from TensorFlow"),
    "flax": ({"flax_model.msgpack": b"x"}, [WEIGHTS], r"has only \.msgpack weights"),
    "adapter": (ADAPTER, ["*.json", WEIGHTS], r"is an adapter without its model.*merge_and_unload"),
    "adapter-and-words": (ADAPTER, ["config.json", WEIGHTS], r"is an adapter without its model.*merge_and_unload"),
    "new-kind": ({"config.json": {"model_type": "brandnew4"}}, (), "needs a newer 'transformers'; run: python -m pip install --upgrade"),
    "broken-words": (
        {"tokenizer.json": "{"},
        (),
        r"has no tokenizer that can be read|has a broken tokenizer\.json \(.*\); fetch the model",
    ),
    "broken-settings": ({"tokenizer_config.json": "{"}, (), r"has a broken tokenizer_config\.json|has no tokenizer that can be read"),
}


@pytest.mark.parametrize("kind", ["embedder", "language_model"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_directory_that_cannot_be_loaded_is_one_line(tiny, llama, tmp_path, kind, fault):
    files, without, reason = FAULTS[fault]
    folder = copy(tiny / "bert" if kind == "embedder" else llama, tmp_path / fault, without=without, **files)
    with pytest.raises(InputError, match=rf"{fault}.*({reason})") as caught:
        (embedder if kind == "embedder" else language_model)(str(folder))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_no_tokenizer_is_refused_and_not_made_up(tiny, llama, tmp_path):
    with pytest.raises(InputError, match="has no tokenizer: it knows no word"):
        embedder(str(copy(tiny / "bert", tmp_path / "bert", without=["tokenizer*"])))
    with pytest.raises(InputError, match="has no tokenizer that can be read"):
        language_model(str(copy(llama, tmp_path / "llama", without=["tokenizer*"])))


@pytest.mark.parametrize(
    ("file", "kind", "packages"),
    [
        ("sentencepiece.bpe.model", "XLMRobertaTokenizer", "sentencepiece protobuf"),
        ("spiece.model", "T5Tokenizer", "sentencepiece protobuf"),
        ("qwen.tiktoken", "NoSuchTokenizer", "tiktoken"),
    ],
)
def test_a_tokenizer_names_the_packages_that_it_needs(tiny, tmp_path, monkeypatch, file, kind, packages):
    monkeypatch.setattr(contents, "is_installed", lambda module: False)
    files = {file: b"x", "tokenizer_config.json": json.dumps({"tokenizer_class": kind})}
    folder = copy(tiny / "bert", tmp_path / "model", without=["tokenizer*"], **files)
    with pytest.raises(InputError, match=rf"needs .*; run: python -m pip install {packages}$|has no tokenizer"):
        embedder(str(folder))
    assert " ".join(contents.missing_packages(folder)) == packages


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"without": ["2_Dense/model.safetensors"]}, "2_Dense has no model.safetensors or pytorch_model.bin.*fetch the model again"),
        ({"without": ["1_Pooling/config.json"]}, r"1_Pooling has no config\.json, which modules\.json asks for; fetch"),
        ({"modules.json": "[]"}, "An empty modules list"),
        ({"modules.json": '[{"type": "sentence_transformers.models.Nope", "path": ""}]'}, 'does not define a "Nope"'),
        ({"2_Dense/config.json": {"activation_function": "own.Act"}}, r"runs code of its own \('own\.Act'\).*--trust-remote-code"),
        ({"2_Dense/config.json": {"out_features": 7}}, "size mismatch for linear"),
    ],
)
def test_modules_that_lack_something_are_one_line(projected, tmp_path, change, reason):
    folder = copy(projected, tmp_path / "model", **change)
    with pytest.raises(InputError, match=reason) as caught:
        embedder(str(folder))
    assert "\n" not in str(caught.value)


def test_a_projection_without_one_of_its_tensors_is_one_line(projected, tmp_path):
    folder = copy(projected, tmp_path / "model")
    path = folder / "2_Dense" / "model.safetensors"
    safetensors.save_file({"linear.weight": safetensors.load_file(path)["linear.weight"]}, path)
    with pytest.raises(InputError, match=r'Missing key\(s\) in state_dict: "linear\.bias"$'):
        embedder(str(folder))


def test_a_pickle_where_no_loader_looks_is_left_alone(llama, tmp_path):
    folder = copy(llama, tmp_path / "llama", **{"original/consolidated.00.pth": b"x", "rng_state_0.pth": b"x"})
    assert np.isfinite(language_model(str(folder)).log_probs(TEXTS)[0]).all()


QUANTISED = {
    "awq 4 bit": ({"quant_method": "awq", "bits": 4}, "gptqmodel"),
    "gptq 8 bit": ({"quant_method": "gptq", "bits": 8}, "optimum|gptqmodel"),
    "bitsandbytes 4 bit": ({"quant_method": "bitsandbytes", "load_in_4bit": True, "load_in_8bit": False}, "bitsandbytes"),
    "bitsandbytes 8 bit": ({"load_in_8bit": True}, "bitsandbytes"),
    "compressed-tensors 4 bit": (
        {"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": {"num_bits": 4}, "targets": ["Linear"]}}},
        "compressed-tensors",
    ),
    "hqq 4 bit": ({"quant_method": "hqq", "quant_config": {}, "nbits": 4}, "hqq"),
    "torchao": ({"quant_method": "torchao"}, "torchao"),
    "quanto 8 bit": ({"quant_method": "quanto", "weights": "int8"}, "optimum-quanto"),
    "aqlm": ({"quant_method": "aqlm"}, "aqlm"),
    "auto-round 4 bit": ({"quant_method": "auto-round", "bits": 4}, "auto-round"),
}


@pytest.mark.parametrize("kind", ["embedder", "language_model"])
@pytest.mark.parametrize("how", QUANTISED)
def test_quantised_weights_name_the_package_that_reads_them(tiny, llama, tmp_path, kind, how):
    settings, package = QUANTISED[how]
    folder = copy(tiny / "bert" if kind == "embedder" else llama, tmp_path / "q", **{"config.json": {"quantization_config": settings}})
    with pytest.raises(InputError) as caught:
        (embedder if kind == "embedder" else language_model)(str(folder))
    said = str(caught.value)
    assert said.startswith(f"model 'q' is quantised ({how}) and ")
    assert "\n" not in said
    if not any(contents.is_installed(name) for name in ("gptqmodel", "bitsandbytes", "compressed_tensors")):
        import re

        assert re.search(rf"needs '({package})'( and '.*')?; run: python -m pip install '?({package})", said)


@pytest.mark.parametrize("method", ["fp8", "mxfp4"])
def test_quantised_weights_that_load_are_stated(tiny, llama, tmp_path, method):
    for kind, source, load in (("e", tiny / "bert", embedder), ("l", llama, language_model)):
        folder = copy(source, tmp_path / kind, **{"config.json": {"quantization_config": {"quant_method": method}}})
        assert load(str(folder)).info.quantisation == method
    assert language_model(str(llama)).info.quantisation is None


def test_quantisation_is_read_by_whatever_name_it_has():
    for found, expected in (
        ({}, None),
        ({"quantization_config": None}, None),
        ({"quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 128}}, "gptq 4 bit"),
        ({"compression_config": {"quant_method": "compressed-tensors", "format": "float-quantized"}}, "compressed-tensors"),
        ({"text_config": {"quantization_config": {"quant_method": "awq", "w_bit": 4}}}, "awq 4 bit"),
        ({"quantization_config": {"quant_method": "fbgemm_fp8"}}, "fbgemm_fp8"),
        ({"quantization_config": {"quant_method": "fp8", "bits": 8}}, "fp8"),
        ({"quantization_config": {"load_in_4bit": True}}, "bitsandbytes 4 bit"),
    ):
        assert contents.quantisation(found) == expected


@pytest.fixture(params=["typed", "untyped", "old"])
def pylate(request, tiny, tmp_path):
    """Return a directory as PyLate writes them, with and without the model type, and with ColBERT's settings."""
    from sentence_transformers.base.modules.dense import Dense

    folder = copy(tiny / "bert", tmp_path / "pylate")
    torch.manual_seed(1)
    (folder / "1_Dense").mkdir()
    Dense(32, 8, bias=False, activation_function=torch.nn.Identity()).save(str(folder / "1_Dense"))
    dense = {"in_features": 32, "out_features": 8, "bias": False, "activation_function": "torch.nn.modules.linear.Identity"}
    (folder / "1_Dense" / "config.json").write_text(json.dumps(dense | {"use_residual": False}))  # as PyLate writes it
    rows = [("", "sentence_transformers.models.Transformer"), ("1_Dense", "pylate.models.Dense.Dense")]
    listed = [{"idx": i, "name": str(i), "path": path, "type": kind} for i, (path, kind) in enumerate(rows)]
    (folder / "modules.json").write_text(json.dumps(listed))
    said = {"query_prefix": "[Q] ", "document_prefix": "[D] ", "query_length": 12, "document_length": 20, "prompts": {}}
    said |= {"typed": {"model_type": "ColBERT", "similarity_fn_name": "MaxSim"}, "untyped": {"similarity_fn_name": "MaxSim"}, "old": {}}[
        request.param
    ]
    (folder / "config_sentence_transformers.json").write_text(json.dumps(said))
    return folder


def test_a_pylate_checkpoint_is_late_interaction_and_needs_no_trust(pylate):
    from sentence_transformers import MultiVectorEncoder

    from freqbias.models.relevance import as_scorer

    assert kinds.use_of(pylate) == "late"
    model = embedder(str(pylate))
    assert model.measure == "maxsim"
    assert model.info.details["prompts"] == {"query": "[Q] ", "document": "[D] "}
    own = MultiVectorEncoder(str(pylate), device="cpu")
    expected = own.similarity(own.encode_query(TEXTS), own.encode_document(TEXTS)).numpy()
    np.testing.assert_allclose(as_scorer(model).matrix(TEXTS, TEXTS), expected, atol=1e-5)
    assert model.encode_tokens(TEXTS[:1], role="query")[0].shape[1] == 8


def test_a_table_says_what_every_directory_is():
    assert set(kinds.USES) == {"dense", "mean", "cls", "last", "static", "sparse", "late", "cross", "ql"}
    assert all(f"`{use}:`" in kinds.__doc__ for use in kinds.USES)
    assert kinds.table() in kinds.__doc__
    for said, modules, use in (
        ({"model_type": "SparseEncoder"}, ["sentence_transformers.models.Transformer"], "sparse"),
        ({}, ["sentence_transformers.sparse_encoder.models.MLMTransformer"], "sparse"),
        (
            {},
            ["sentence_transformers.base.modules.Transformer", "sentence_transformers.multi_vector_encoder.modules.MultiVectorMask"],
            "late",
        ),
        ({"model_type": "ColBERT"}, ["sentence_transformers.models.Transformer"], "late"),
        ({"query_prefix": "[Q] "}, ["sentence_transformers.models.Transformer"], "late"),
        ({"model_type": "CrossEncoder"}, ["sentence_transformers.base.modules.transformer.Transformer"], "cross"),
        ({"prompts": {"query": "x"}}, ["sentence_transformers.models.Transformer"], "dense"),
    ):
        found = kinds.Directory(said=said, config={"architectures": ["BertForSequenceClassification"]}, modules=modules)
        assert next(row for row in kinds.TABLE if row.fits(found)).prefixes[0] == use
