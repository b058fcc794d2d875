"""Models that are objects: by `module:name` and as plugins, used as they are, refused in one line when they lack something."""

from importlib.metadata import EntryPoint

import numpy as np
import pytest

from freqbias import models, registry
from freqbias.errors import InputError
from freqbias.models import ModelInfo


class Encoder:
    info = ModelInfo(name="mine", kind="embedder", source="plugin", revision="1")
    max_tokens = None

    def encode(self, texts, *, role):
        return np.array([[len(text), 1.0 + (role == "query")] for text in texts], dtype=np.float32)

    def token_counts(self, texts):
        return [len(text.split()) for text in texts]


encoder = Encoder()
without_info = type("NoInfo", (), {"encode": Encoder.encode})()
without_counts = type("NoCounts", (), {"info": Encoder.info, "encode": Encoder.encode})()
of_another_api = type("Other", (Encoder,), {"api": 2})()


def by_length(texts):
    return np.array([[len(text), 1.0] for text in texts])


@pytest.fixture
def plugin(monkeypatch):
    points = [
        EntryPoint(name="mine", value="test_model_objects:encoder", group="freqbias.models"),
        EntryPoint(name="by-length", value="test_model_objects:by_length", group="freqbias.models"),
    ]
    registry._plugins.cache_clear()
    monkeypatch.setattr(registry, "entry_points", lambda group: points if group == "freqbias.models" else [])
    yield
    registry._plugins.cache_clear()


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    import sys
    from pathlib import Path

    monkeypatch.syspath_prepend(Path(__file__).parent)
    yield
    sys.modules.pop("test_model_objects", None)


def test_an_object_is_used_as_it_is():
    found = models.embedder("test_model_objects:encoder")
    assert found.info.name == "mine"
    assert models.identity("test_model_objects:encoder", "embedder") == found.info
    models.check_name("test_model_objects:encoder", "embedder")


@pytest.mark.usefixtures("plugin")
def test_plugins_are_models_by_name():
    assert models.embedder("mine").token_counts(["a b"]) == [2]
    assert models.identity("mine", "embedder").revision == "1"
    assert models.embedder("by-length").encode(["abc"], role="query").tolist() == [[3.0, 1.0]]
    assert registry.names("models") == ["by-length", "mine"]


@pytest.mark.usefixtures("plugin")
def test_a_run_with_a_plugin_needs_no_library(cli, pair_file, tmp_path):
    result = cli("probe", pair_file, "--embedder", "mine", "--probe", "similarity", "--out", tmp_path / "observations.jsonl")
    assert result.exit_code == 0, result.output
    assert '"model":"mine"' in (tmp_path / "observations.jsonl").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("without_info", "embedder", "has no `info` of type freqbias.models.ModelInfo"),
        ("without_counts", "embedder", "has no `token_counts`"),
        ("encoder", "language_model", "is not a language model: it has none of `log_probs`"),
        ("of_another_api", "embedder", "was made for API 2 of freqbias, this version has 1"),
    ],
)
def test_what_an_object_lacks_is_one_line(name, kind, reason):
    for ask in (getattr(models, kind), lambda name: models.check_name(name, kind), lambda name: models.identity(name, kind)):
        with pytest.raises(InputError, match=reason):
            ask(f"test_model_objects:{name}")
