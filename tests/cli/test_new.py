"""`freqbias new probe`: what it writes works as it is."""

import os
import subprocess
import sys

import pytest
from conftest import needed


@pytest.fixture
def written(cli, tmp_path):
    result = cli("new", "probe", "politeness", "--out", tmp_path / "mine")
    assert result.exit_code == 0, result.output
    return tmp_path / "mine"


def call(folder, *arguments):
    path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run([sys.executable, "-m", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_it_passes_its_own_test(written):
    assert sorted(path.name for path in written.iterdir()) == ["politeness.py", "test_politeness.py"]
    done = call(written, "pytest", "-q", "-p", "no:cacheprovider", "test_politeness.py")
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_it_can_be_used_at_once(written, lexicon_pairs):
    needed("bm25s")
    from freqbias.files import write_records

    write_records(written / "pairs.jsonl", lexicon_pairs)
    done = call(written, "freqbias", "run", "--probe", "politeness:probe", "--embedder", "bm25", "--pairs", "pairs.jsonl", "--out", "run")
    assert done.returncode == 0, done.stderr
    assert "bm25 · politeness" in (written / "run" / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("two words", "is not a name of a Python module"),
        ("similarity", "there is a probe 'similarity' already"),
        ("json", "there is a Python module 'json' already"),
    ],
)
def test_a_name_that_will_not_do_is_one_line(cli, tmp_path, name, reason):
    result = cli("new", "probe", name, "--out", tmp_path)
    assert result.exit_code == 2
    assert reason in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(cli, written):
    result = cli("new", "probe", "politeness", "--out", written)
    assert result.exit_code == 2
    assert "politeness.py: is there already" in result.stderr
