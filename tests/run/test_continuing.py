"""What a run may be continued with: the same models, pairs and options, or a clear refusal."""

import json

import pytest
from misbehaving import MODEL, Server
from runs import files, probe, write_pairs

from freqbias.errors import InputError
from freqbias.files import read_manifest, write_json
from freqbias.run.journal import side_file


@pytest.fixture
def pairs(tmp_path):
    return write_pairs(tmp_path / "pairs.jsonl", 1000)


def test_models_may_be_added_behind_the_measured_ones(cli, tmp_path, pairs):
    both = probe(cli, pairs, tmp_path / "both", "--lm", "failing:lm", "--lm", "failing:lm_slow", "--probe", "likelihood")
    out = tmp_path / "run"
    first = probe(cli, pairs, out, "--lm", "failing:lm", "--probe", "likelihood")
    assert both["observations.jsonl"].startswith(first["observations.jsonl"])
    assert probe(cli, pairs, out, "--lm", "failing:lm", "--lm", "failing:lm_slow", "--probe", "likelihood") == both
    refused = cli("probe", pairs, "--out", out / "observations.jsonl", "--lm", "failing:lm", "--probe", "likelihood")
    assert refused.exit_code == 2
    assert "it holds likelihood of failing:lm_slow, which this command leaves out; give --fresh" in refused.stderr


def test_what_cannot_be_continued_is_refused_by_name(cli, tmp_path, pairs, monkeypatch):
    from freqbias.probes import likelihood

    out = tmp_path / "run"
    command = ["probe", pairs, "--out", out / "observations.jsonl", "--lm", "failing:lm", "--probe", "likelihood"]
    before = probe(cli, pairs, out, *command[4:])

    def refused(*options):
        result = cli(*command, *options)
        assert result.exit_code == 2
        assert files(out) == before
        return result.stderr

    assert "dtype was float32 and is bfloat16; give --fresh" in refused("--dtype", "bfloat16")
    with monkeypatch.context() as patch:
        patch.setitem(likelihood.probe.prompts, "bridge", " That is:")
        assert "prompt 'bridge' of probe 'likelihood' has changed" in refused()
    text = pairs.read_text(encoding="utf-8")
    pairs.write_text(text.replace("word3x high", "word3x higher"), encoding="utf-8")
    assert "the pair file has changed" in refused()
    pairs.write_text(text, encoding="utf-8")
    manifest = (out / "manifest.json").read_bytes()
    (out / "manifest.json").unlink()
    result = cli(*command)
    assert (result.exit_code, "has no manifest of how it was made" in result.stderr) == (2, True)
    (out / "manifest.json").write_bytes(manifest)
    assert probe(cli, pairs, out, *command[4:]) == before
    assert cli(*command, "--fresh", "--dtype", "bfloat16").exit_code == 0
    assert (out / "observations.previous.jsonl").read_bytes() == before["observations.jsonl"]


@pytest.mark.parametrize(
    "change",
    [
        {"config": None},
        {"inputs": None},
        {"models": [{"name": "m"}]},
        {"probing": {"complete": True}},
        {"probes": None, "seconds": None},
    ],
)
def test_what_a_manifest_of_old_does_not_say_is_one_line(cli, tmp_path, change):
    pairs, out = write_pairs(tmp_path / "few.jsonl", 10), tmp_path / "run"
    command = ["probe", pairs, "--out", out / "observations.jsonl", "--lm", "failing:lm", "--probe", "likelihood"]
    probe(cli, pairs, out, *command[4:])
    manifest = read_manifest(out / "manifest.json")
    write_json(out / "manifest.json", {name: value for name, value in {**manifest, **change}.items() if value is not None})
    for words, line in ((command, "has no manifest of how it was made"), (["status", out], "does not describe a run")):
        result = cli(*words)
        assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1), result.output
        assert line in result.stderr


@pytest.mark.parametrize("name", ["config", "inputs", "source", "working_directory"])
def test_a_field_of_a_manifest_that_is_something_else_is_named(tmp_path, name):
    write_json(tmp_path / "manifest.json", {"schema": 1, name: "x"})
    with pytest.raises(InputError, match=f"manifest.json: field '{name}' must be an object"):
        read_manifest(tmp_path / "manifest.json")


def test_what_a_server_began_does_not_go_on_with_a_model_here(cli, tmp_path, pairs):
    out = ["--out", tmp_path / "run" / "observations.jsonl", "--lm", "failing:lm", "--probe", "likelihood"]
    with Server(models=lambda body: {"data": [{"id": "failing:lm"}]}) as server:
        result = cli("probe", write_pairs(pairs, 3), *out, "--base-url", server.url)
    assert result.exit_code == 0, result.output
    (model,) = json.loads((tmp_path / "run" / "manifest.json").read_text())["models"]
    assert (model["name"], model["source"], model["details"]["backend"]) == ("failing:lm", "server", "http")  # also with a colon in it
    result = cli("probe", pairs, *out)
    assert (result.exit_code, "backend was http and is auto" in result.stderr) == (2, True), result.output


def test_a_model_that_is_used_otherwise_is_refused():
    from freqbias.models import ModelInfo
    from freqbias.run.resume import check_model

    def info(template, **more):
        return ModelInfo(name="ql:m", kind="language_model", source="server", details={"template": template, **more})

    before = {"models": [{**info("Passage: {document}").to_dict(), "noise_floor": {"value": 0.5}}]}
    assert check_model(before, info("Passage: {document}", scoring="echo")) == {"value": 0.5}
    with pytest.raises(
        InputError, match=r"model 'ql:m' is used otherwise: its template was 'Passage: {document}' and is 'Text: {document}'"
    ):
        check_model(before, info("Text: {document}"))


def test_served_models_have_the_name_that_they_are_loaded_under(tmp_path, monkeypatch):
    from freqbias.models import embedder, identity, language_model

    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    with Server() as server:
        for name, kind in ((MODEL, "embedder"), (MODEL, "language_model"), (f"ql:{MODEL}", "embedder")):
            model = (language_model if kind == "language_model" else embedder)(name, base_url=server.url)
            known = identity(name, kind, served=True)
            assert (known.name, known.kind, known.source) == (model.info.name, model.info.kind, "server")
    assert identity("ql:./folder", "embedder", served=True).name == "ql:folder"


def test_options_that_are_no_longer_given_are_no_longer_recorded(cli, tmp_path):
    run = ["run", "--embedder", "synthetic:embed_words", "--probe", "similarity", "--n", "10", "--seed", "3", "--out", tmp_path / "run"]
    assert cli(*run, "--device", "cpu").exit_code == 0
    more = ["--embedder", "synthetic:embed_words", "--probe", "similarity", "--probe", "inversion"]
    assert cli("probe", tmp_path / "run", *more).exit_code == 0
    config = json.loads((tmp_path / "run" / "manifest.json").read_text())["config"]
    assert config["device"] is None
    assert (config["command"], config["n"], config["seed"], config["probe"]) == ("run", 10, 3, ["similarity", "inversion"])


def test_a_run_that_was_killed_before_it_had_pairs_goes_on(cli, tmp_path):
    run = ["run", "--embedder", "synthetic:embed_words", "--probe", "similarity", "--n", "10", "--out", tmp_path / "run"]
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".pairs.jsonl.new").write_text("{torn")
    side_file(tmp_path / "run" / "observations.jsonl", "lock").touch()
    result = cli(*run)
    assert result.exit_code == 0, result.output
    assert not (tmp_path / "run" / ".pairs.jsonl.new").exists()


def test_fresh_start_in_the_folder_itself(cli, tmp_path, monkeypatch):
    run = ["run", "--embedder", "synthetic:embed_words", "--probe", "similarity", "--n", "10", "--out", "."]
    monkeypatch.chdir(tmp_path)
    assert cli(*run).exit_code == 0
    before = files_of(tmp_path)
    result = cli(*run, "--fresh")
    assert (result.exit_code, "you are in it" in result.stderr) == (2, True), result.output
    assert files_of(tmp_path) == before


def test_fresh_start_does_not_take_its_own_pairs_away(cli, tmp_path):
    run = ["run", "--embedder", "synthetic:embed_words", "--probe", "similarity", "--out", tmp_path / "run"]
    assert cli(*run, "--n", "10").exit_code == 0
    before = files_of(tmp_path / "run")
    result = cli(*run, "--fresh", "--pairs", tmp_path / "run")
    assert (result.exit_code, "lies in the folder that --fresh empties" in result.stderr) == (2, True), result.output
    assert files_of(tmp_path / "run") == before


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_function_that_was_changed_shares_nothing(cli, tmp_path, pairs, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = "import numpy as np\ndef f(texts):\n    return [np.array([-{}.0 * len(text)]) for text in texts]\n"
    (tmp_path / "changing.py").write_text(source.format(1))
    command = ["probe", pairs, "--out", tmp_path / "run" / "observations.jsonl", "--lm", "changing:f"]
    assert cli(*command).exit_code == 0
    (tmp_path / "changing.py").write_text(source.format(2))
    result = cli(*command)
    assert result.exit_code == 2
    assert "model 'changing:f' has changed: its fingerprint was" in result.stderr


def test_a_directory_retrained_in_place_and_two_of_one_name(cli, tmp_path, pairs):
    from freqbias.models import identity

    for parent in ("a", "b"):
        folder = tmp_path / parent / "model"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
        (folder / "model.safetensors").write_bytes(parent.encode())
    first, second = (identity(str(tmp_path / parent / "model"), "embedder") for parent in ("a", "b"))
    assert first.name == second.name == "model"
    assert first.fingerprint != second.fingerprint
    (tmp_path / "a" / "model" / "model.safetensors").write_bytes(b"b")
    assert identity(str(tmp_path / "a" / "model"), "embedder").fingerprint == second.fingerprint
    (tmp_path / "a" / "model" / "modeling.py").write_text("raise SystemExit")
    assert identity(str(tmp_path / "a" / "model"), "embedder").fingerprint != second.fingerprint
    models = [part for parent in ("a", "b") for part in ("--embedder", tmp_path / parent / "model")]
    result = cli("probe", pairs, "--out", tmp_path / "o.jsonl", *models)
    assert result.exit_code == 2
    assert "two models are called 'model'" in result.stderr


OBJECT = """
import numpy as np
from freqbias.models import ModelInfo

class Encoder:
    info = ModelInfo(name="mine", kind="embedder", source="plugin"{more})
    max_tokens = None

    def encode(self, texts, *, role):
        return np.array([[{first}, len(text)] for text in texts], dtype=np.float32)

    def token_counts(self, texts):
        return None

encoder = Encoder()
"""


@pytest.mark.parametrize(("more", "told"), [("", True), (', revision="1"', False)])
def test_an_object_that_was_changed_is_told_by_its_source_unless_it_says_what_it_is(cli, tmp_path, monkeypatch, more, told):
    name = f"changing_object_{told}".lower()
    monkeypatch.syspath_prepend(tmp_path)
    source = tmp_path / f"{name}.py"
    source.write_text(OBJECT.format(first="1.0", more=more))
    command = ["run", "--embedder", f"{name}:encoder", "--probe", "similarity", "--n", "4", "--out", tmp_path / "run"]
    assert cli(*command).exit_code == 0
    (model,) = json.loads((tmp_path / "run" / "manifest.json").read_text())["models"]
    assert (len(model["fingerprint"] or "") == 64) == told
    assert cli(*command).exit_code == 0
    source.write_text(OBJECT.format(first="2.0", more=more))
    result = cli(*command)
    assert result.exit_code == (2 if told else 0)
    assert ("model 'mine' has changed: its fingerprint was" in result.stderr) == told
