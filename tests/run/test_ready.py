"""Libraries and devices that are missing are said before anything is made."""

import sys

import pytest

import freqbias
from freqbias.models.names.aliases import Alias
from freqbias.run import ready


@pytest.fixture
def made_ready(monkeypatch, tmp_path_factory):
    """Let every alias lead to a folder that says what it is, so that only libraries are missing."""

    def folder(alias):
        found = tmp_path_factory.mktemp(alias.name)
        kind = "model2vec" if alias.name.startswith("static") else "bert"
        (found / "config.json").write_text(f'{{"model_type": "{kind}"}}', encoding="utf-8")
        return found

    monkeypatch.setattr(Alias, "ready_directory", folder)


def lack(monkeypatch, missing):
    """Let one library be missing, and no other."""
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.setattr(ready, "is_installed", lambda module: module != missing)


def test_a_library_is_found_without_its_import(monkeypatch):
    monkeypatch.setitem(sys.modules, "wave", None)
    assert [ready.is_installed(name) for name in ("json", "wave", "no_such_library")] == [True, False, False]


@pytest.mark.parametrize(
    ("model", "options", "module", "extra"),
    [
        ("minilm", [], "sentence_transformers", "embed"),
        ("minilm", [], "torch", "embed"),
        ("static-multilingual", [], "model2vec", "embed"),
        ("minilm", ["--backend", "vllm"], "vllm", "vllm"),
        ("minilm", ["--base-url", "http://localhost:1/v1"], "httpx", "http"),
        ("ql:smollm2-135m", [], "transformers", "lm"),
    ],
)
@pytest.mark.usefixtures("made_ready")
def test_a_missing_library_stops_a_run_before_it_begins(cli, tmp_path, monkeypatch, model, options, module, extra):
    monkeypatch.chdir(tmp_path)
    lack(monkeypatch, module)
    monkeypatch.setattr("freqbias.run.stages.make_pairs", lambda *_: pytest.fail("pairs were made"))
    result = cli("run", "--embedder", model, "--out", "new/run", *options)
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.splitlines()
    assert f"'{model}' needs '{module}'" in line
    assert f".[{extra}]" in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("made_ready")
def test_a_missing_library_stops_probe_before_a_folder_is_made(cli, tmp_path, monkeypatch, pair_file):
    lack(monkeypatch, "transformers")
    result = cli("probe", pair_file, "--lm", "smollm2-135m", "--out", tmp_path / "new" / "observations.jsonl")
    assert (result.exit_code, "needs 'transformers'" in result.stderr) == (2, True)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("device", "says"),
    [("cuda:0", "torch finds no GPU on this machine"), ("mps", "torch finds no such GPU"), ("gpu", "torch knows no such device")],
)
def test_a_missing_device_stops_a_run_before_it_begins(cli, tmp_path, monkeypatch, device, says):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr("freqbias.run.stages.make_pairs", lambda *_: pytest.fail("pairs were made"))
    result = cli("run", "--embedder", "minilm", "--device", device, "--out", tmp_path / "run")
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.splitlines()
    assert f"device '{device}' cannot be used here: {says}" in line
    with pytest.raises(freqbias.InputError, match=f"^device '{device}' cannot be used here: {says}"):
        freqbias.run(embedders=["minilm"], device=device, out=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_a_gpu_beyond_the_last_is_named(monkeypatch):
    torch = pytest.importorskip("torch")
    from freqbias.models.adapters.torch_device import check_device

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    check_device("cuda:1")
    with pytest.raises(freqbias.InputError, match="this machine has 2 GPUs, cuda:0 to cuda:1"):
        check_device("cuda:2")


@pytest.mark.parametrize("model", ["synthetic:embed_words", "bm25"])
def test_a_function_and_bm25_need_no_library_and_no_device(cli, tmp_path, monkeypatch, pair_file, model):
    monkeypatch.setattr(ready, "is_installed", lambda module: False)
    monkeypatch.setitem(sys.modules, "bm25s", None)
    result = cli("run", "--pairs", pair_file, "--embedder", model, "--probe", "similarity", "--out", tmp_path / "run")
    assert result.exit_code == 0, result.output
