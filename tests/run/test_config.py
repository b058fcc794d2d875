"""`freqbias run` from a file, its plan without starting, and how far it is."""

import json

import pytest
from conftest import needed

from freqbias.files import read_manifest, write_records

TRUST = "--trust-config-code"  # the file below names code


@pytest.fixture(scope="module")
def few_pairs():
    from freqbias.paraphrases.lexicon import generate

    return generate(n=10, seed=1)


@pytest.fixture
def config(tmp_path, few_pairs):
    path, pair_file = tmp_path / "config.yaml", tmp_path / "pairs.jsonl"
    write_records(pair_file, few_pairs)
    path.write_text(
        f"out: {tmp_path / 'run'}\npairs: {pair_file}\nseed: 3\ndtype: bfloat16\n"
        "embedder: synthetic:embed_words\nlm:\n  - synthetic:lm_after\nprobe: [similarity, likelihood]\n"
    )
    return path


def test_a_file_gives_the_options_and_the_command_line_comes_first(cli, tmp_path, config):
    result = cli("run", config, TRUST, "--seed", "4", "--out", tmp_path / "other", "--json")
    assert result.exit_code == 0, result.output
    assert {row["model"] for row in json.loads(result.stdout)} == {"synthetic:embed_words", "synthetic:lm_after"}
    assert not (tmp_path / "run").exists()
    found = read_manifest(tmp_path / "other" / "manifest.json")
    assert (found["seed"], found["config"]["dtype"], found["config"]["command"]) == (4, "bfloat16", "run")
    assert found["config"]["embedder"] == ["synthetic:embed_words"]
    assert found["config"]["pairs"] == "../pairs.jsonl"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("embeder: minilm", "unknown option 'embeder'; did you mean 'embedder'?"),
        ("n: many", "n: Input should be a valid integer"),
        ("n: 0", "n: Input should be greater than or equal to 1"),
        ("dtype: float8", "dtype: Input should be 'float32', 'bfloat16' or 'float16'"),
        ("trust-remote-code: 'yes'", "trust_remote_code: Input should be a valid boolean"),
        ("lm: [1]", "lm: expected names in a list, found int"),
        ("- minilm", "expected a mapping of options to values, found list"),
        ("lm: [", "config.yaml:2: not YAML"),
        ("n: 3\npairs: p.jsonl", "--n applies to the bundled pairs"),
        ("backend: http", "--backend http needs --base-url"),
        ("max_requests: 5", "--max-requests limits what a server is asked"),
        ("tensor-parallel: 2", "--tensor-parallel is for --backend vllm"),
        ("device: cpu\nbackend: vllm", "--device does nothing with --backend vllm"),
        ("device: cpu\nbase_url: http://localhost:1", "--device does nothing with --backend http"),
        ("dtype: bfloat16\nbase_url: http://localhost:1", "--dtype does nothing with a server"),
    ],
)
def test_bad_files_are_one_line(cli, tmp_path, text, line):
    (tmp_path / "config.yaml").write_text(text + "\n")
    result = cli("run", tmp_path / "config.yaml", "--out", tmp_path / "run")
    assert result.exit_code == 2
    (only,) = [row for row in result.stderr.splitlines() if row]
    assert line in only
    assert "config.yaml" in only
    assert not (tmp_path / "run").exists()


def test_every_option_may_stand_in_a_file():
    import inspect

    from freqbias.cli.run_commands import run
    from freqbias.run.settings import Settings

    options = set(inspect.signature(run).parameters) - {"ctx", "config", "trust_config_code"}  # a file does not trust itself
    assert {info.alias or name for name, info in Settings.model_fields.items()} == options


@pytest.mark.parametrize("names", [("minilm", "e5-small"), ["minilm", "e5-small"]])
def test_names_come_as_any_sequence(names):
    """Typer gives a tuple from 0.16 to 0.28 where an option may stand several times."""
    from freqbias.run.settings import settings

    found = settings({"embedder": names, "lm": (), "probe": "similarity"}, None)
    assert (found.embedder, found.lm, found.probe) == (["minilm", "e5-small"], [], ["similarity"])


def test_out_is_needed(cli):
    result = cli("run", "--embedder", "synthetic:embed_words")
    assert (result.exit_code, "--out is missing" in result.stderr) == (2, True)


def test_dry_run_counts_what_a_run_would_ask(cli, tmp_path, config, monkeypatch, few_pairs):
    import synthetic

    def started(*texts, **options):
        pytest.fail("a model was asked")

    with monkeypatch.context() as patch:
        for name in ("embed_words", "lm_after"):
            patch.setattr(synthetic, name, started)
        result = cli("run", config, "--dry-run", "--json")
    assert result.exit_code == 0, result.output
    assert not (tmp_path / "run").exists()
    rows = {row["probe"]: row for row in json.loads(result.stdout)}
    documents = {text for pair in few_pairs for text in (pair.high, pair.low, *pair.decoys.values())}
    queries = {
        text for pair in few_pairs for name, given in pair.queries.items() for text in (given if isinstance(given, list) else [given])
    }
    assert rows["similarity"]["texts"] == len(documents) + len(queries)
    assert rows["similarity"]["pairs"] == len(few_pairs)
    assert rows["similarity"]["tokens"] is None
    assert rows["likelihood"]["requests"] is None
    assert cli("run", config, TRUST).exit_code == 0
    lines = (tmp_path / "run" / "observations.jsonl").read_text(encoding="utf-8").splitlines()
    assert sum(row["rows"] for row in rows.values()) == len(lines)
    served = json.loads(cli("run", config, "--dry-run", "--json", "--dtype", "float32", "--base-url", "http://localhost:1/v1").stdout)
    assert all(row["requests"] == row["texts"] for row in served)
    assert rows["similarity"]["vector_bytes"] is None
    said = cli("run", config, "--dry-run").stderr
    assert "disk: observations about" in " ".join(said.split())
    assert "vectors unknown" in " ".join(said.split())


def test_disk_is_told_where_the_files_of_a_model_tell_its_dimensions(tmp_path):
    from types import SimpleNamespace

    from freqbias.run.plan import _vector_bytes, needs

    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    (tmp_path / "model.safetensors").write_bytes(b"")
    (tmp_path / "modules.json").write_text("[]")
    step = SimpleNamespace(name=str(tmp_path), kind="embedder")
    assert _vector_bytes(step, 10) is None
    for name, row in (("1_Pooling", {"word_embedding_dimension": 384}), ("2_Dense", {"out_features": 512})):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps(row))
        width = next(iter(row.values()))
        assert _vector_bytes(step, 10) == 10 * width * 4  # what comes later decides
    row = {"model": "m", "embeds": True, "texts": 1_000_000, "rows": 2_000_000, "vector_bytes": 4 * 384 * 1_000_000}
    again = row | {"texts": 0, "rows": 500_000, "vector_bytes": 0}
    assert needs([row, again]) == (
        "disk: observations about 1 GB, vectors about 1.54 GB until the run is complete; "
        "memory beside the model: about 250 MB for the index of its texts"
    )


def test_tokens_are_counted_without_the_weights(tmp_path):
    from freqbias.models.tokenizers import token_counter

    tokenizers = needed("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 0, "car": 1, "?": 2}, unk_token="?"))  # noqa: S106
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    assert token_counter(tmp_path)(["a car", "a jalopy here"]) == 5
    assert token_counter(tmp_path / "none") is None


def test_status_of_a_run(cli, tmp_path, config, few_pairs):
    run = tmp_path / "run"
    nothing = cli("status", tmp_path)
    assert (nothing.exit_code, "does not describe a run" in nothing.stderr) == (2, True)
    assert cli("run", config, TRUST).exit_code == 0
    found = json.loads(cli("status", run, "--json").stdout)
    assert (found["state"], found["errors"], found["resume"], found["missing"]) == ("complete", 0, None, [])
    assert [(step["probe"], step["pairs_done"]) for step in found["steps"]][-1] == ("likelihood", len(few_pairs))
    assert sum(step["rows"] for step in found["steps"]) == found["rows"]
    (run / "report.md").unlink()
    table = cli("status", run)
    assert "interrupted" in table.stdout
    assert "report.md" in table.stderr
    resume = json.loads(cli("status", run, "--json").stdout)["resume"].split()
    assert resume[:2] == ["freqbias", "run"]
    before = (run / "estimates.jsonl").stat().st_mtime_ns
    assert cli(*resume[1:]).exit_code == 0
    assert (run / "report.md").exists()
    assert (run / "estimates.jsonl").stat().st_mtime_ns == before  # only what was missing is made


@pytest.mark.slow
def test_estimates_of_observations_that_grew_are_made_anew(cli, tmp_path, config):
    assert cli("run", config, TRUST).exit_code == 0
    run = tmp_path / "run"
    more = cli("run", config, TRUST, "--lm", "synthetic:lm_after", "--lm", "synthetic:lm_corpus")
    assert more.exit_code == 0, more.output
    text = (run / "estimates.jsonl").read_text(encoding="utf-8")
    assert "synthetic:lm_corpus" in text
    other = cli("run", config, TRUST, "--fresh", "--out", tmp_path / "fresh", "--lm", "synthetic:lm_after", "--lm", "synthetic:lm_corpus")
    assert other.exit_code == 0
    assert (tmp_path / "fresh" / "estimates.jsonl").read_text(encoding="utf-8") == text


def test_other_pairs_are_refused_with_the_line(cli, tmp_path, config):
    run = ["run", "--embedder", "synthetic:embed_words", "--probe", "similarity", "--n", "20", "--out", tmp_path / "bundled"]
    assert cli(*run).exit_code == 0
    result = cli(*run, "--seed", "5")
    assert result.exit_code == 2
    assert "pairs.jsonl:1: not the pair that this command makes there; give the same pairs or texts, unchanged" in result.stderr
    assert "--fresh to start over" in result.stderr
