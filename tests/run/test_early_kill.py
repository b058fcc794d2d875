"""A run that is killed while it starts goes on with the same command, wherever the kill fell, and again on the retry."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from runs import write_pairs

from freqbias.errors import InputError
from freqbias.files import PairFile, read_pairs, sha256
from freqbias.run import stages

TESTS = Path(__file__).parent.parent


@pytest.mark.slow
def test_killed_before_every_file_operation_of_the_start_and_again(tmp_path):
    pairs = write_pairs(tmp_path / "few.jsonl", 6)
    command = ["run", "--lm", "failing:lm", "--probe", "likelihood", "--pairs", pairs]
    done = subprocess.run([sys.executable, TESTS / "early_kills.py", tmp_path, *command], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert any(re.fullmatch(r"os\.rename \.pairs\.jsonl\.\d+\.new", operation) for operation in found["operations"])
    assert len(found["operations"]) > 10
    assert found["refused"] == []


@pytest.fixture
def started(tmp_path):
    """A run folder as a start leaves it that was killed before anything was measured."""
    target = tmp_path / "run" / "pairs.jsonl"
    stages.keep_pairs(PairFile(write_pairs(tmp_path / "few.jsonl", 6)), target)
    (target.with_name("audit.json")).write_text("{}\n")
    return target


def test_pairs_of_a_start_that_measured_nothing_give_way(tmp_path, started):
    other = PairFile(write_pairs(tmp_path / "other.jsonl", 7))
    stages.keep_pairs(other, started)
    assert len(list(read_pairs(started))) == 7
    assert not started.with_name("audit.json").exists()  # it was of the pairs before
    stages.keep_pairs(PairFile(tmp_path / "few.jsonl"), started)  # and again: both starts are known
    assert len(list(read_pairs(started))) == 6


def test_pairs_on_which_rows_rest_are_kept(tmp_path, started):
    other = PairFile(write_pairs(tmp_path / "other.jsonl", 7))
    started.with_name("observations.jsonl").write_text("{}\n")
    with pytest.raises(InputError, match=r"pairs\.jsonl:7: not the pair that this command makes there"):
        stages.keep_pairs(other, started)
    started.with_name("observations.jsonl").unlink()
    stages.end_start(started)
    with pytest.raises(InputError, match="not the pair that this command makes there"):
        stages.keep_pairs(other, started)


def test_pairs_that_a_user_has_put_there_are_kept(tmp_path, started):
    own = PairFile(write_pairs(tmp_path / "own.jsonl", 8))
    shutil.copyfile(own.path, started)
    with pytest.raises(InputError, match="not the pair that this command makes there"):
        stages.keep_pairs(PairFile(tmp_path / "few.jsonl"), started)
    assert sha256(started) == own.sha256


def test_a_fresh_start_that_was_killed_takes_the_place_of_no_earlier_run(tmp_path):
    folder, previous = tmp_path / "run", tmp_path / "run.previous"
    folder.mkdir()
    (folder / "pairs.jsonl").write_text("{}\n")
    (folder / "observations.jsonl").write_text("worth hours\n")
    for _ in range(3):  # killed each time before anything was measured
        stages.prepare_folder(folder, fresh=True)
        stages.keep_pairs(PairFile(write_pairs(tmp_path / "few.jsonl", 6)), folder / "pairs.jsonl")
    assert (previous / "observations.jsonl").read_text() == "worth hours\n"
    assert [path.name for path in folder.iterdir() if not path.name.startswith(".")] == ["pairs.jsonl"]
