"""Every command: help with an example, JSON only on request, one line for bad input, nothing left behind."""

import json
import subprocess
import sys

import pytest

COMMANDS = [
    "run",
    "pairs",
    "check",
    "match",
    "audit",
    "probe",
    "analyze",
    "report",
    "score",
    "list",
    "compare",
    "explain",
    "selfcheck",
    "power",
    "order",
    "models list",
    "models fetch",
    "models check",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(cli, command):
    result = cli(*command.split(), "--help")
    assert result.exit_code == 0
    assert f"freqbias {command}" in " ".join(result.output.split())


def test_version(cli):
    import freqbias

    assert cli("--version").stdout.strip() == freqbias.__version__


def test_score_json_is_one_document(cli):
    result = cli("score", "the car", "the zzqxv", "--json")
    rows = json.loads(result.stdout)
    assert [row["unknown"] for row in rows] == [[], ["zzqxv"]]
    assert rows[0]["mean_zipf"] > 5
    assert cli("score", "the car", "--frequency", "content_zipf").exit_code == 0


@pytest.mark.parametrize("kind", ["probes", "generators", "frequencies"])
def test_list(cli, kind):
    rows = json.loads(cli("list", kind, "--json").stdout)
    assert all(row["name"] and row["summary"] for row in rows)
    assert cli("list", kind).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["score", "x", "--frequency", "mean_zip"], "unknown frequency 'mean_zip'; did you mean 'mean_zipf'?"),
        (["list", "probe"], "unknown kind 'probe'; did you mean 'probes'?"),
        (["pairs", "lexicn", "--out", "x.jsonl"], "unknown generator 'lexicn'; did you mean 'lexicon'?"),
        (["pairs", "lexicon", "--n", "999999", "--out", "x.jsonl"], "--n must be between 1 and"),
        (["analyze", "nosuch"], "nosuch/observations.jsonl: cannot be read"),
        (["report", "nosuch"], "nosuch/estimates.jsonl: cannot be read"),
        (["probe", "nosuch.jsonl", "--embedder", "minilm"], "nosuch.jsonl: cannot be read"),
        (["run", "--out", "x", "--embedder", "minilmm"], "unknown model 'minilmm'; did you mean 'minilm'?"),
        (["run", "--out", "x", "--probe", "likelihood", "--embedder", "minilm"], "probe 'likelihood' needs a model: give --lm"),
        (["run", "--out", "x", "--pairs", "p.jsonl", "--n", "3"], "--n applies to the bundled pairs"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(cli, tmp_path, monkeypatch, arguments, line):
    monkeypatch.chdir(tmp_path)
    result = cli(*arguments)
    assert result.exit_code == 2
    (only,) = [row for row in result.stderr.splitlines() if row]
    assert line in only
    assert list(tmp_path.iterdir()) == []


def test_a_bad_pair_file_stops_before_anything_is_written(cli, tmp_path):
    (tmp_path / "pairs.jsonl").write_text('{"id": "1", "item": "a", "high": "x", "low": "y"}\n{"id": "2", "item": "a", "high": "z"}\n')
    result = cli("run", "--pairs", tmp_path / "pairs.jsonl", "--embedder", "synthetic:embed_words", "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert "pairs.jsonl:2: field 'low' is missing" in result.stderr
    assert not (tmp_path / "run").exists()


def test_no_traceback_on_the_real_program(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", "from freqbias.cli import main; main()", "report", "nosuch"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == "freqbias: nosuch/estimates.jsonl: cannot be read: No such file or directory\n"
    assert done.stdout == ""


@pytest.mark.slow
def test_run_folder_rules(cli, tmp_path, pair_file):
    run = ["run", "--pairs", pair_file, "--embedder", "synthetic:embed_words", "--out", tmp_path / "run"]
    assert cli(*run).exit_code == 0
    again = cli(*run)
    assert again.exit_code == 0
    assert "complete" in again.stderr
    assert cli(*run, "--fresh").exit_code == 0
    assert (tmp_path / "run.previous" / "manifest.json").is_file()
    other = tmp_path / "documents"
    other.mkdir()
    (other / "letter.txt").write_text("dear")
    refused = cli(*run[:-1], other, "--fresh")
    assert refused.exit_code == 2
    assert "not a run of freqbias" in refused.stderr
    assert (other / "letter.txt").read_text() == "dear"


@pytest.mark.slow
def test_every_stage_alone_gives_the_same_bytes(cli, tmp_path, pair_file):
    folder = tmp_path / "run"
    assert (
        cli("run", "--pairs", pair_file, "--embedder", "synthetic:embed_words", "--lm", "synthetic:lm_after", "--out", folder).exit_code
        == 0
    )
    names = ["audit.json", "observations.jsonl", "estimates.jsonl", "report.html", "report.md"]
    before = {name: (folder / name).read_bytes() for name in names}
    for name in names:
        (folder / name).unlink()
    assert cli("audit", folder).exit_code == 0
    assert cli("probe", folder, "--embedder", "synthetic:embed_words", "--lm", "synthetic:lm_after").exit_code == 0
    assert cli("analyze", folder, "--json").exit_code == 0
    assert cli("report", folder).exit_code == 0
    assert {name: (folder / name).read_bytes() for name in names} == before


def test_generated_pairs_repeat_to_the_byte(cli, tmp_path):
    for name in ("one", "two"):
        assert cli("pairs", "lexicon", "--n", "20", "--seed", "7", "--out", tmp_path / name).exit_code == 0
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.slow
def test_manifest_holds_no_absolute_path(cli, tmp_path, pair_file, monkeypatch):
    import platform

    folder = tmp_path / "run"
    arguments = ["run", "--pairs", str(pair_file), "--embedder", "synthetic:embed_words", "--out", str(folder)]
    monkeypatch.setattr(sys, "argv", ["freqbias", *arguments])
    assert cli(*arguments).exit_code == 0
    text = (folder / "manifest.json").read_text()
    assert str(tmp_path) not in text
    assert platform.node() not in text
    manifest = json.loads(text)
    assert manifest["schema"] == 1
    assert manifest["argv"][-1] == "."
    assert manifest["models"][0]["noise_floor"] == {"measure": "cosine", "value": 0.0}


def test_interrupt_exits_130_and_leaves_nothing(cli, tmp_path, pair_file, monkeypatch):
    import synthetic

    def stop(texts):
        raise KeyboardInterrupt

    monkeypatch.setattr(synthetic, "embed_words", stop)
    result = cli("probe", pair_file, "--embedder", "synthetic:embed_words", "--out", tmp_path / "o.jsonl")
    assert result.exit_code == 130
    assert not (tmp_path / "o.jsonl").exists()


def test_score_over_own_counts_and_files(cli, tmp_path):
    (tmp_path / "corpus.txt").write_text("the car the car the jalopy\n")
    (tmp_path / "texts.txt").write_text("the car\nthe jalopy\n")
    own = ["--corpus", tmp_path / "corpus.txt", "--json"]
    (row,) = json.loads(cli("score", "the car", "--frequency", "corpus", *own).stdout)
    assert row["corpus"] == pytest.approx((9 + -0.30103 + 9 + -0.4771213) / 2, abs=1e-4)
    assert json.loads(cli("score", "the car", "--frequency", "uni_bi", *own).stdout)[0]["uni_bi"] > 0
    tfd = ["--frequency", "tfd", "--completions", tmp_path / "corpus.txt", "--json"]
    assert json.loads(cli("score", "the car", *tfd).stdout)[0]["tfd"] > 0
    lines = cli("score", "--file", tmp_path / "texts.txt").stdout.splitlines()
    assert [line.split("\t")[2] for line in lines] == ["the car", "the jalopy"]
    assert cli("score", "the car", "--frequency", "corpus").exit_code == 2
    assert cli("score").exit_code == 2


def test_check_and_match(cli, tmp_path, pair_file):
    result = cli("check", pair_file, "--out", tmp_path / "checked.jsonl", "--similarity", "synthetic:embed_words", "--json")
    summary = json.loads(result.stdout)
    assert summary["n_pairs"] == 150
    assert all(ids == [] for name, ids in summary["failed"].items() if name != "similar")
    result = cli("match", pair_file, "--on", "characters,fkgl", "--out", tmp_path / "matched.jsonl", "--json")
    found = json.loads(result.stdout)
    assert found["n_pairs"] == 60
    assert 0 < found["n_kept"] <= 60
    assert all(abs(row["dz_after"]) < 0.1 for row in found["balance"])
    assert len((tmp_path / "matched.jsonl").read_text().splitlines()) == found["n_kept"] + 90
    assert cli("match", pair_file, "--on", "wrods", "--out", tmp_path / "x").exit_code == 2
    assert not (tmp_path / "x").exists()


def test_audit_with_a_tokenizer_and_a_similarity(cli, tmp_path, pair_file):
    result = cli("audit", pair_file, "--similarity", "synthetic:embed_words", "--tokenizer", "synthetic:embed_words", "--json")
    found = json.loads(result.stdout)
    assert 0 < found["between"]["similarity"] < 1
    assert "subwords" not in found["covariates"]  # a function has no tokenizer to ask
    assert cli("audit", pair_file).exit_code == 0


def test_pairs_without_what_a_probe_asks_with(cli, tmp_path):
    pairs = tmp_path / "pairs.jsonl"
    rows = [{"id": str(n), "item": str(n), "high": f"a car {n}", "low": f"a jalopy {n}", "queries": {"gloss": ["old"]}} for n in range(3)]
    pairs.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    command = ["run", "--pairs", str(pairs), "--embedder", "bm25", "--probe", "inversion", "--probe", "similarity"]
    result = cli(*command, "--out", str(tmp_path / "none"))
    assert result.exit_code == 2
    assert "bm25: inversion produced no rows: no pair has queries gloss_plain or gloss_elevated, and decoys" in result.stderr
    assert "none/pairs.jsonl: nothing to measure" in result.stderr.splitlines()[-1]
    pairs.write_text("".join(json.dumps(row | {"queries": {"neutral": ["old"]}}) + "\n" for row in rows), encoding="utf-8")
    result = cli(*command, "--out", str(tmp_path / "some"))
    assert result.exit_code == 0
    assert "bm25: inversion produced no rows" in result.stderr
    assert "inversion of bm25 produced no rows" in (tmp_path / "some" / "report.md").read_text(encoding="utf-8")
