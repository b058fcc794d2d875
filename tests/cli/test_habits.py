"""What a user tries first: texts in the place of pairs, an output onto an input, a folder that is not there."""

import json

import pytest


def write(path, content):
    path.write_text(content)
    return path


PLAIN = [
    ("reviews.txt", "The car stopped.\n", "substitute"),
    ("my reviews.csv", "n,body\n1,The car stopped.\n", "substitute"),
    ("t.jsonl", '{"id": 1, "body": "The car stopped."}\n', "substitute"),
    ("p.csv", 'item,"high",low\n1,car,auto\n', "import"),
    ("p.tsv", "high\tlow\ncar\tauto\n", "import"),
]


@pytest.mark.parametrize(("name", "content", "generator"), PLAIN)
def test_texts_in_the_place_of_pairs_say_what_to_run_first(cli, tmp_path, name, content, generator):
    path, out = write(tmp_path / name, content), tmp_path / "out.jsonl"
    for command in (
        ["run", "--pairs", path, "--embedder", "synthetic:embed_words", "--out", tmp_path / "run"],
        ["probe", path, "--embedder", "synthetic:embed_words", "--out", out],
        ["audit", path],
        ["check", path, "--out", out],
        ["match", path, "--on", "words", "--out", out],
    ):
        result = cli(*command)
        assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1), result.output
        quoted = f"'{path}'" if " " in name else str(path)
        assert f"run first: freqbias pairs {generator} {quoted} --out pairs.jsonl" in result.stderr
    assert path.read_text() == content
    assert not out.exists()


def test_a_folder_of_texts_in_the_place_of_pairs(cli, tmp_path):
    (tmp_path / "texts").mkdir()
    for command in (["audit", tmp_path / "texts"], ["probe", tmp_path / "texts", "--embedder", "synthetic:embed_words"]):
        result = cli(*command)
        assert result.exit_code == 2
        assert "texts: holds no pairs.jsonl; where it holds texts, run first: freqbias pairs substitute" in result.stderr


def test_an_audit_is_named_after_its_pairs(cli, tmp_path, pair_file):
    other = write(tmp_path / "reviews.jsonl", pair_file.read_text())
    result = cli("audit", other)
    assert result.stderr.splitlines()[-1].endswith("reviews.audit.json written")
    assert (tmp_path / "reviews.audit.json").is_file()
    assert not (tmp_path / "audit.json").exists()
    assert json.loads(cli("audit", pair_file, "--json").stdout) == json.loads((tmp_path / "audit.json").read_text())


def test_no_command_writes_onto_its_input(cli, tmp_path, pair_file):
    texts, own = write(tmp_path / "t.txt", "The car stopped.\n"), write(tmp_path / "own.csv", "car,auto,noun\n")
    (tmp_path / "link.jsonl").symlink_to(pair_file)
    (tmp_path / "folder" / "deeper").mkdir(parents=True)
    inside = write(tmp_path / "folder" / "deeper" / "a.txt", "The car stopped.\n")
    norm = write(tmp_path / "aoa.csv", "word,aoa\ncar,3\n")
    rows = write(tmp_path / "observations.jsonl", "")
    before = {path: path.read_bytes() for path in (texts, own, pair_file, inside, norm, rows)}
    for command in (
        ["match", pair_file, "--on", "words", "--out", pair_file],
        ["match", tmp_path, "--on", "words", "--out", pair_file],
        ["match", tmp_path / "link.jsonl", "--on", "words", "--out", pair_file],
        ["check", pair_file, "--out", pair_file],
        ["audit", pair_file, "--out", pair_file],
        ["pairs", "substitute", texts, "--out", texts],
        ["pairs", "substitute", texts, "--synonyms", own, "--out", own],
        ["pairs", "substitute", tmp_path / "folder", "--out", inside],
        ["pairs", "annotate", pair_file, "--norm", f"aoa={norm}", "--out", norm],
        ["pairs", "annotate", pair_file, "--norm", f"aoa={norm}:aoa", "--out", norm],
        ["probe", pair_file, "--embedder", "synthetic:embed_words", "--out", pair_file],
        ["analyze", tmp_path, "--out", pair_file],
        ["analyze", tmp_path, "--out", rows],
    ):
        result = cli(*command)
        assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1), result.output
        assert "is an input of this command, which is not overwritten; give another --out" in result.stderr
    assert {path: path.read_bytes() for path in before} == before


def test_status_of_a_folder_that_is_not_there(cli, tmp_path):
    result = cli("status", tmp_path / "nothere")
    assert result.exit_code == 2
    assert result.stderr.strip().endswith("nothere: there is no such folder; give that of --out of freqbias run")


def test_a_comparison_is_not_written_into_a_file(cli, tmp_path):
    out = tmp_path / "notes.txt"
    out.write_text("mine\n")
    done = cli("compare", tmp_path, tmp_path, "--out", out)
    assert (done.exit_code, done.stderr) == (2, f"freqbias: {out}: is a file; give a folder\n")
    assert out.read_text() == "mine\n"
