"""`--query-prompt` and `--document-prompt`: in every command that loads a model, in the manifest, and in what may be continued."""

import json

import pytest
from conftest import needed
from runs import probe, write_pairs

import freqbias
from freqbias.errors import InputError
from freqbias.files import read_manifest

needed("sentence_transformers")
tiny_models = needed("tiny_models")
SIMILARITY = ("--probe", "similarity")


@pytest.fixture(scope="module")
def e5(tmp_path_factory):
    """Return a directory that is called as a model of the hub is, and registers no prompts."""
    from sentence_transformers import SentenceTransformer

    folder = tmp_path_factory.mktemp("models")
    tiny_models.bert(folder / "bert")
    SentenceTransformer(str(folder / "bert"), device="cpu").save_pretrained(str(folder / "e5-base-v2"), create_model_card=False)
    return folder / "e5-base-v2"


@pytest.fixture
def pairs(tmp_path):
    return write_pairs(tmp_path / "pairs.jsonl", 12)


def stated(folder):
    (model,) = read_manifest(folder / "manifest.json")["models"]
    return model["details"]["prompts"], model["details"]["prompts_from"]


def test_the_manifest_states_what_the_documentation_of_e5_asks_for(cli, tmp_path, pairs, e5):
    result = cli("probe", pairs, "--out", tmp_path / "table" / "observations.jsonl", "--embedder", e5, *SIMILARITY)
    assert result.exit_code == 0, result.output
    assert "as documented for E5, 'query: ' stands before queries and 'passage: ' before documents" in " ".join(result.stderr.split())
    assert stated(tmp_path / "table") == ({"query": "query: ", "document": "passage: "}, "table")
    told = probe(
        cli, pairs, tmp_path / "told", "--embedder", e5, *SIMILARITY, "--query-prompt", "query: ", "--document-prompt", "passage: "
    )
    assert stated(tmp_path / "told") == ({"query": "query: ", "document": "passage: "}, "options")
    bare = probe(cli, pairs, tmp_path / "bare", "--embedder", e5, *SIMILARITY, "--query-prompt", "", "--document-prompt", "")
    assert stated(tmp_path / "bare") == ({"query": "", "document": ""}, "options")
    assert told["observations.jsonl"] == (tmp_path / "table" / "observations.jsonl").read_bytes()
    assert told["observations.jsonl"] != bare["observations.jsonl"]


def test_a_changed_prompt_does_not_go_on_with_an_old_run(cli, tmp_path, pairs, e5):
    out = tmp_path / "run"
    command = ("probe", pairs, "--out", out / "observations.jsonl", "--embedder", e5, *SIMILARITY)
    before = probe(cli, pairs, out, *command[4:])
    for options, words in [
        (("--query-prompt", "find: "), "query_prompt was the model's own and is 'find: '; give --fresh"),
        (("--document-prompt", ""), "document_prompt was the model's own and is ''; give --fresh"),
    ]:
        result = cli(*command, *options)
        assert result.exit_code == 2
        assert words in " ".join(result.stderr.split())
    assert probe(cli, pairs, out, *command[4:]) == before
    assert cli(*command, "--query-prompt", "find: ", "--fresh").exit_code == 0
    assert stated(out) == ({"query": "find: ", "document": "passage: "}, "query: options, document: table")
    result = cli(*command)
    assert (result.exit_code, "query_prompt was 'find: ' and is the model's own" in " ".join(result.stderr.split())) == (2, True)


def test_manifests_of_before_state_no_empty_prompts():
    """They listed every named prompt of a model, and nothing where it had none; both read as before."""
    from freqbias.models import ModelInfo
    from freqbias.run.resume import check_model

    info = ModelInfo(
        name="m", kind="embedder", source="directory", details={"prompts": {"query": "", "document": ""}, "prompts_from": "none"}
    )
    old = {"kind": "embedder", "name": "m", "noise_floor": 1e-7, "details": {}}
    assert check_model({"models": [old]}, info) == 1e-7
    with pytest.raises(InputError, match="its prompts was"):
        check_model({"models": [{**old, "details": {"prompts": {"query": "query: ", "sts": "x"}}}]}, info)
    prompted = ModelInfo(name="m", kind="embedder", source="directory", details={"prompts": {"query": "query: ", "document": ""}})
    assert check_model({"models": [{**old, "details": {"prompts": {"query": "query: ", "sts": "x"}}}]}, prompted) == 1e-7


def test_run_takes_them_from_a_file_and_from_python(cli, tmp_path, pairs, e5):
    config = tmp_path / "config.yaml"
    config.write_text(f'embedder: {e5}\npairs: {pairs}\nprobe: similarity\nquery-prompt: "find: "\ndocument_prompt: ""\n')
    result = cli("run", config, "--out", tmp_path / "run", "--json")
    assert result.exit_code == 0, result.output
    assert stated(tmp_path / "run") == ({"query": "find: ", "document": ""}, "options")
    assert read_manifest(tmp_path / "run" / "manifest.json")["config"]["query_prompt"] == "find: "
    freqbias.run(pairs, embedders=[str(e5)], probes="similarity", query_prompt="find: ", out=tmp_path / "python")
    assert stated(tmp_path / "python") == ({"query": "find: ", "document": "passage: "}, "query: options, document: table")


def test_prompts_without_an_embedder_are_refused(cli, tmp_path, pairs):
    result = cli("probe", pairs, "--out", tmp_path / "o.jsonl", "--lm", "failing:lm", "--query-prompt", "x")
    assert result.exit_code == 2
    assert "--query-prompt and --document-prompt are for embedding models; give --embedder, or leave them out" in " ".join(
        result.stderr.split()
    )
    result = cli("probe", pairs, "--out", tmp_path / "o.jsonl", "--embedder", "bm25", *SIMILARITY, "--document-prompt", "x")
    assert result.exit_code == 2
    assert "model 'bm25' counts words and takes no prompts; leave out" in " ".join(result.stderr.split())
    assert json.loads(pairs.read_text(encoding="utf-8").splitlines()[0])["id"] == "p0"
