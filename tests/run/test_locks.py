"""One process at a time holds a lock, whatever becomes of the file that stands for it; a start beside another takes nothing of it."""

import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path

import pytest
from runs import write_pairs

from freqbias.errors import InputError
from freqbias.files import held, read_observations

TESTS = Path(__file__).parents[1]
ROUNDS = 8


@pytest.fixture
def lock(tmp_path):
    return tmp_path / "run" / ".lock"


def is_free(lock):
    try:
        with held(lock, "taken", lock):
            return True
    except InputError:
        return False


def test_a_lock_leaves_no_file(lock):
    with held(lock, "taken", lock), pytest.raises(InputError, match="taken; wait for it, or give"), held(lock, "taken", lock):
        pass
    assert not lock.exists()
    assert is_free(lock)


def test_the_end_of_one_leaves_the_file_of_another(lock):
    """The file of the first vanishes with its folder, as --fresh takes it away; the second has one of its own."""
    with ExitStack() as second:
        with held(lock, "taken", lock):
            lock.unlink()
            second.enter_context(held(lock, "taken", lock))
        assert lock.exists()
        assert not is_free(lock)  # else a third would write beside the second
    assert not lock.exists()


def _opens_then_locks(lock, pipe):
    """Stop between opening the lock file and locking it, until told to go on; then tell whether the lock was there to take."""
    there = lock.stat().st_ino

    def hook(event, arguments):
        if event == "fcntl.flock" and os.fstat(arguments[0]).st_ino == there:
            pipe.send("opened")
            pipe.recv()

    sys.addaudithook(hook)
    pipe.send(is_free(lock))


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be deleted there")
def test_a_file_that_was_deleted_before_it_was_locked_is_no_lock(lock):
    """One opens the file of the first; the first ends; a third holds a new file when the one locks the old."""
    ours, theirs = get_context("fork").Pipe()
    process = get_context("fork").Process(target=_opens_then_locks, args=(lock, theirs))
    with held(lock, "taken", lock):
        process.start()
        assert ours.poll(30)
        assert ours.recv() == "opened"
    with held(lock, "taken", lock):
        ours.send("go on")
        assert ours.poll(30)
        assert ours.recv() is False
    process.join()


@pytest.mark.skipif(sys.platform == "win32", reason="no fork there")
def test_of_two_starts_on_one_new_folder_one_measures_and_the_other_says_why_not(tmp_path):
    pairs = write_pairs(tmp_path / "few.jsonl", 6)
    command = ["run", "--lm", "failing:lm_held", "--probe", "likelihood", "--pairs", pairs]
    told = {**os.environ, "FREQBIAS_TEST_SWITCH": str(tmp_path / "switch"), "FREQBIAS_TEST_ASKED": str(tmp_path / "asked")}
    done = subprocess.run(
        [sys.executable, TESTS / "two_starts.py", tmp_path, str(ROUNDS), *command], env=told, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert len(found) == ROUNDS
    for one in found:
        (refused, words), (status, said) = one["ended"]
        line = f"freqbias: {one['folder']}: another process is writing this run; wait for it, or give another --out"
        assert (refused, words) == (2, [line])
        assert status == (0 if one is found[-1] else -signal.SIGKILL), said
        assert {"pairs.jsonl", "audit.json", "manifest.json", "observations.jsonl"} <= set(one["there"]), one["there"]
    folder = Path(found[-1]["folder"])
    assert sum(row.error is None for row in read_observations(folder)) == 12  # two a pair
    assert (folder / "report.html").exists()
    assert not list(folder.glob(".*"))
