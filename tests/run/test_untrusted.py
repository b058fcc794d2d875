"""What somebody else wrote runs nothing unasked: a configuration file, and the repository that the user stands in."""

import json
import subprocess
import sys

import pytest
from misbehaving import MODEL, Server
from runs import write_pairs

from freqbias.files import read_manifest
from freqbias.run import manifest

CODE = """from pathlib import Path

Path({mark!r}).write_text('ran')


def lm(texts):
    return [[-1.0 - len(text)] for text in texts]
"""


@pytest.fixture
def theirs(tmp_path, monkeypatch):
    """A folder with a module that leaves a mark when it is imported; the user stands in it."""
    (tmp_path / "planted_code.py").write_text(CODE.format(mark=str(tmp_path / "mark")))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    write_pairs(tmp_path / "few.jsonl", 4)
    yield tmp_path
    sys.modules.pop("planted_code", None)


def configured(folder, text):
    path = folder / "config.yaml"
    path.write_text(f"out: run\npairs: few.jsonl\n{text}\n")
    return path


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("lm: planted_code:lm", "lm: planted_code:lm"),
        ("embedder: [bm25, 'planted_code:lm']", "embedder: planted_code:lm"),
        ("embedder: 'ql:planted_code:lm'", "embedder: ql:planted_code:lm"),
        ("embedder: bm25\nprobe: planted_code:probe", "probe: planted_code:probe"),
        ("base_url: http://localhost:1/v1\nlm: served\nprobe: planted_code:probe", "probe: planted_code:probe"),
        ("embedder: bm25\ntrust-remote-code: true", "trust_remote_code: true"),
        ("embedder: bm25\nallow_pickle: true", "allow_pickle: true"),
    ],
)
def test_a_file_names_no_code_unless_it_is_trusted(cli, theirs, text, named):
    result = cli("run", configured(theirs, text))
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.splitlines()
    assert f"config.yaml: {named} runs code that the file names" in line
    assert "--trust-config-code" in line
    assert not (theirs / "mark").exists()
    assert not (theirs / "run").exists()


def test_a_file_cannot_trust_itself(cli, theirs):
    result = cli("run", configured(theirs, "lm: planted_code:lm\ntrust_config_code: true"))
    assert (result.exit_code, "unknown option 'trust_config_code'" in result.stderr) == (2, True)
    assert not (theirs / "mark").exists()


def test_what_the_command_line_says_needs_no_trust(cli, theirs):
    config = configured(theirs, "lm: planted_code:lm\nprobe: likelihood\ntrust_remote_code: false")
    trusted = cli("run", config, "--trust-config-code")
    assert (trusted.exit_code, (theirs / "mark").exists()) == (0, True), trusted.output
    assert "trust_config_code" not in read_manifest(theirs / "run" / "manifest.json")["config"]
    own = cli("run", config, "--lm", "planted_code:lm")  # said on the command line, in place of what the file says
    assert own.exit_code == 0, own.output


@pytest.mark.parametrize("where", ["file", "command line"])
def test_a_dry_run_imports_nothing(cli, theirs, where):
    names = {"lm": "planted_code:lm", "probe": ["likelihood", "planted_code:probe"]}
    if where == "file":
        command = [configured(theirs, f"lm: {names['lm']}\nprobe: {json.dumps(names['probe'])}")]
    else:
        command = ["--pairs", "few.jsonl", "--lm", names["lm"], *(word for name in names["probe"] for word in ("--probe", name))]
    result = cli("run", *command, "--dry-run", "--json")
    assert result.exit_code == 0, result.output
    assert not (theirs / "mark").exists()
    assert [(row["model"], row["probe"], row["pairs"]) for row in json.loads(result.stdout)] == [("planted_code:lm", "likelihood", 4)]
    assert "model 'planted_code:lm' is code, and --dry-run imports none" in result.stderr
    assert "probe 'planted_code:probe' is code, and --dry-run imports none" in result.stderr


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-mine-0123456789")


def serving(folder, *addresses):
    return configured(folder, f"lm: {MODEL}\nprobe: likelihood\nbase_url: {json.dumps(addresses)}")


def keys_at(server):
    return {headers.get("Authorization") for _, _, headers in server.asked}


def test_an_address_of_a_file_gets_no_key(cli, theirs, key):
    with Server() as server:
        result = cli("run", serving(theirs, server.url))
    assert (result.exit_code, server.asked) == (2, []), result.output
    (line,) = result.stderr.splitlines()
    assert "config.yaml: the server that base_url names would get the key in OPENAI_API_KEY; repeat its address with --base-url" in line
    assert "sk-mine" not in line
    assert not (theirs / "run").exists()


@pytest.mark.parametrize("trust", ["address", "file"])
def test_an_address_gets_the_key_where_the_command_line_says_so(cli, theirs, key, trust):
    with Server() as server:
        said = ("--base-url", server.url) if trust == "address" else ("--trust-config-code",)
        result = cli("run", serving(theirs, server.url), *said)
    assert result.exit_code == 0, result.output
    assert keys_at(server) == {"Bearer sk-mine-0123456789"}


def test_the_address_of_the_command_line_stands_in_place_of_all_in_the_file(cli, theirs, key):
    with Server() as server, Server() as other:
        result = cli("run", serving(theirs, other.url, server.url), "--base-url", server.url)
    assert (result.exit_code, other.asked) == (0, []), result.output


def test_without_a_key_an_address_of_a_file_is_asked(cli, theirs, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", " ")
    with Server() as server:
        result = cli("run", serving(theirs, server.url))
    assert result.exit_code == 0, result.output
    assert keys_at(server) == {None}


def test_a_dry_run_sends_no_key(cli, theirs, key):
    with Server() as server:
        result = cli("run", serving(theirs, server.url), "--dry-run")
    assert (result.exit_code, server.asked) == (0, []), result.output


def git(folder, *arguments):
    identity = ["-c", "user.name=n", "-c", "user.email=e@x.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", "-C", folder, *identity, *arguments], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def repository(tmp_path):
    """A repository with a commit, and a function that makes programs which leave a mark when they run."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "a.txt").write_text("one\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "one")

    def program(name):
        path = tmp_path / f"{name}.sh"
        path.write_text(f"#!/bin/sh\ntouch '{tmp_path}/{name}.ran'\ncat\n")
        path.chmod(0o755)
        return path

    return folder, program, lambda: sorted(path.name for path in tmp_path.glob("*.ran"))


def test_the_flag_of_an_ordinary_repository(repository):
    folder, _, _ = repository
    commit = git(folder, "rev-parse", "HEAD")
    assert manifest._commit(folder) == {"commit": commit, "dirty": False}
    (folder / "a.txt").write_text("two\n")
    assert manifest._commit(folder) == {"commit": commit, "dirty": True}


def test_git_runs_neither_monitor_nor_hook_of_a_folder(repository):
    folder, program, ran = repository
    git(folder, "config", "core.fsmonitor", str(program("monitor")))
    hooks = folder / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-index-change", "fsmonitor-watchman", "query-watchman"):
        program(f"hook-{name}").rename(hooks / name)
    (folder / "a.txt").write_text("two\n")
    git_as_it_is = subprocess.run(["git", "-C", folder, "status", "--porcelain"], capture_output=True, check=True)
    assert git_as_it_is.stdout
    assert ran()  # what git does when it is asked without care
    for mark in folder.parent.glob("*.ran"):
        mark.unlink()
    assert manifest._commit(folder)["dirty"] is True
    assert ran() == []


@pytest.mark.parametrize("setting", ["filter.f.clean", "filter.f.process"])
def test_the_flag_is_not_asked_for_where_a_filter_would_run(repository, setting):
    folder, program, ran = repository
    (folder / ".git" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "info" / "attributes").write_text("* filter=f\n")
    git(folder, "config", setting, str(program("filter")))
    (folder / "a.txt").write_text("two\n")
    commit = git(folder, "rev-parse", "HEAD")
    assert manifest._commit(folder) == {"commit": commit, "dirty": None}
    assert ran() == []
    subprocess.run(["git", "-C", folder, "status", "--porcelain"], capture_output=True, check=False)
    assert ran()  # what git does when it is asked all the same


def test_a_bare_repository_among_data_is_none(tmp_path):
    git(tmp_path, "init", "-q", "--bare", "data")
    assert manifest._commit(tmp_path / "data") is None
