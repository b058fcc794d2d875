"""What a manifest says of the program and of the place where it was started."""

import subprocess
from pathlib import Path

import pytest

import freqbias
from freqbias.analysis.report.report import write_report
from freqbias.files import read_manifest, write_json
from freqbias.run import manifest

OPTIONS = {"embedders": ["synthetic:embed_words"], "probes": ["similarity"]}


def git(folder, *arguments):
    identity = ["-c", "user.name=n", "-c", "user.email=e@x.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", folder, *identity, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A repository of somebody's own, in which the user stands."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    git(folder, "init", "-q")
    git(folder, "commit", "-q", "--allow-empty", "-m", "theirs")
    monkeypatch.chdir(folder)
    return folder


def test_the_source_is_freqbias_and_not_the_repository_around_the_user(tmp_path, elsewhere, lexicon_pairs):
    theirs = git(elsewhere, "rev-parse", "HEAD")
    run = freqbias.run(lexicon_pairs, **OPTIONS, out=tmp_path / "run")
    found = read_manifest(run.folder / "manifest.json")
    assert found["source"]["version"] == freqbias.__version__
    assert found["source"]["commit"] != theirs
    assert found["working_directory"] == {"commit": theirs, "dirty": False}
    assert "git" not in found
    html = (run.folder / "report.html").read_text(encoding="utf-8")
    assert f"Source: freqbias {freqbias.__version__}" in html
    assert f"Working directory that the command was given in (not the program): commit <code>{theirs}" in html


def test_the_commit_of_a_checkout_that_freqbias_runs_from():
    here = Path(manifest.__file__).resolve().parent
    try:
        tracked = git(here, "ls-files", "manifest.py")
    except (OSError, subprocess.CalledProcessError):
        tracked = ""
    expected = git(here, "rev-parse", "HEAD") if tracked else None
    assert manifest._own_source()["commit"] == expected


def test_an_installed_freqbias_inside_a_repository_has_no_commit(elsewhere, monkeypatch):
    module = elsewhere / "venv" / "manifest.py"
    module.parent.mkdir()
    module.touch()
    monkeypatch.setattr(manifest, "__file__", str(module))
    assert manifest._own_source.__wrapped__() == {"version": freqbias.__version__, "commit": None, "dirty": None}


def test_an_old_manifest_is_still_read(tmp_path, lexicon_pairs):
    run = freqbias.run(lexicon_pairs, **OPTIONS, out=tmp_path / "run")
    path = run.folder / "manifest.json"
    old = {name: value for name, value in read_manifest(path).items() if name not in ("source", "working_directory")}
    write_json(path, old | {"git": {"commit": "abc123", "dirty": True}})
    write_report(run.folder)
    html = (run.folder / "report.html").read_text(encoding="utf-8")
    assert "Source:" not in html
    assert "(not the program): commit <code>abc123</code>, with changes that are not committed" in html
