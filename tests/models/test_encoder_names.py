"""How an encoder is found and recognised, and what is refused: names, devices, pickled weights, code of a model's own."""

import json
import shutil

import numpy as np
import pytest
from conftest import needed

from freqbias.errors import BackendError, InputError
from freqbias.models import check_name, dense_embedder, embedder
from freqbias.models.names import kinds
from freqbias.models.names.trust import check_files
from freqbias.models.protocols import Loading

torch = needed("torch")


def test_kinds_are_recognised(tmp_path):
    rows = {
        "dense": ({"modules.json": []}, {}),
        "sparse": ({"modules.json": [], "config_sentence_transformers.json": {"model_type": "SparseEncoder"}}, {}),
        "late": ({}, {"architectures": ["HF_ColBERT"], "model_type": "bert"}),
        "cross": ({}, {"architectures": ["BertForSequenceClassification"], "model_type": "bert"}),
        "static": ({}, {"normalize": True}),
        "mean": ({}, {"architectures": ["BertForMaskedLM"], "model_type": "bert"}),
    }
    for use, (files, config) in rows.items():
        folder = tmp_path / use
        folder.mkdir()
        for name, content in {**files, "config.json": config}.items():
            (folder / name).write_text(json.dumps(content))
        assert kinds.use_of(folder) == use
    (tmp_path / "dense" / "config_sentence_transformers.json").write_text('{"model_type": "Other"}')
    with pytest.raises(InputError, match="unknown model type 'Other'"):
        kinds.use_of(tmp_path / "dense")


def test_names_that_cannot_be_used_are_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(InputError, match=r"neither modules.json nor a config.json"):
        embedder(str(tmp_path))
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(InputError, match=r"config.json: cannot be read"):
        embedder(str(tmp_path))
    (tmp_path / "config.json").write_text('{"model_type": "nosuch"}')
    with pytest.raises(InputError, match=f"model '{tmp_path.name}' needs a newer 'transformers'"):
        embedder(str(tmp_path))
    with pytest.raises(InputError, match="'minilm' is not a language model; give it to --embedder"):
        check_name("ql:minilm", "embedder")
    with pytest.raises(InputError, match="model 'bm25' does not give one vector per text"):
        dense_embedder("bm25")
    check_name("ql:smollm2-135m", "embedder")
    check_name("cls:minilm", "embedder")


@pytest.mark.parametrize("kind", ["bert", "late", "cross"])
def test_device_that_is_not_here_is_one_line(tiny, kind):
    with pytest.raises(InputError, match="device 'gpu' cannot be used here: "):
        embedder(str(tiny / kind), device="gpu")


def test_hub_id_that_is_not_here_is_one_line(monkeypatch):
    def offline(*arguments, **options):
        raise OSError("no route\nto the hub")

    monkeypatch.setattr("huggingface_hub.snapshot_download", offline)
    with pytest.raises(BackendError, match=r"'org/name' is not a directory here and could not be fetched from the hub: no route$"):
        embedder("org/name")


def test_pickled_weights_need_a_flag(tiny, tmp_path):
    folder = tmp_path / "pickled"
    shutil.copytree(tiny / "bert", folder)
    (folder / "training_args.bin").write_bytes(b"")
    (folder / "heads.pt").write_bytes(b"")
    embedder(str(folder))  # safetensors beside them
    weights = folder / "model.safetensors"
    from safetensors.torch import load_file

    torch.save(load_file(weights), folder / "pytorch_model.bin")
    weights.unlink()
    with pytest.raises(InputError, match=r"is a pickle, which can run code when loaded; give --allow-pickle to load it"):
        embedder(str(folder))
    (folder / "heads.pt").unlink()
    found = embedder(str(folder), allow_pickle=True).encode(["the car"], role="query")
    np.testing.assert_allclose(found, embedder(str(tiny / "bert")).encode(["the car"], role="query"), atol=1e-6)


def test_a_models_own_code_needs_a_flag(tmp_path):
    (tmp_path / "modules.json").write_text('[{"idx": 0, "name": "0", "path": "", "type": "own_code.Module"}]')
    with pytest.raises(InputError, match=r"runs code of its own \('own_code.Module'\); read it, then give --trust-remote-code"):
        embedder(str(tmp_path))
    check_files(tmp_path, "x", Loading(trust_remote_code=True))


def test_hub_model_is_pinned_by_its_name(tiny, monkeypatch):
    asked = []

    def download(name, **options):
        asked.append((name, options["revision"]))
        return str(tiny / "bert")

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    assert embedder("cls:org/name@v1").info.revision == "v1"
    embedder("org/name", revision="v2")
    embedder("org/name")
    assert asked == [("org/name", "v1"), ("org/name", "v2"), ("org/name", None)]
    with pytest.raises(InputError, match="no revision after the '@'"):
        embedder("org/name@")
    with pytest.raises(InputError, match="only a hub id such as 'org/name' takes a revision"):
        embedder(str(tiny / "bert"), revision="v1")
