"""A run with a process a device: watched, started again, and a part that kills its workers given up with a reason."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from runs import write_pairs

from freqbias.files import read_observations
from freqbias.run.devices import MAX_DEATHS, devices_of
from freqbias.run.parts import Parts

TESTS = Path(__file__).parents[1]
ARGUMENTS = ("--probe", "likelihood", "--devices", "cpu,cpu")


def command(pairs, out, model, *more):
    return [
        sys.executable,
        "-m",
        "freqbias",
        "run",
        "--pairs",
        str(pairs),
        "--lm",
        f"failing:{model}",
        "--out",
        str(out),
        *ARGUMENTS,
        *more,
    ]


@pytest.fixture
def environment(tmp_path):
    path = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "FREQBIAS_TEST_SWITCH": str(tmp_path / "switch"), "OMP_NUM_THREADS": "1"}


@pytest.fixture
def pairs(tmp_path):
    return write_pairs(tmp_path / "pairs.jsonl", 1100)  # five parts


def run(words, environment):
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=300)


def one(cli, pairs, out, model):
    assert cli("run", "--pairs", pairs, "--lm", f"failing:{model}", "--probe", "likelihood", "--out", out).exit_code == 0
    return (out / "observations.jsonl").read_bytes()


def test_two_devices_give_the_bytes_of_one_process_and_are_named(cli, tmp_path, pairs, environment):
    done = run(command(pairs, tmp_path / "two", "lm"), environment)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "two" / "observations.jsonl").read_bytes() == one(cli, pairs, tmp_path / "one", "lm")
    parts = Parts(tmp_path / "two")
    assert [(found["probing"]["device"], found["probing"]["measured"]) for found in parts.manifests().values()] == [
        ("cpu", 3),
        ("cpu", 2),
    ]
    again = run(command(pairs, tmp_path / "two", "lm"), environment)
    assert (again.returncode, "nothing to do" in again.stderr) == (0, True)


def test_a_part_that_kills_its_workers_becomes_rows_that_say_so(cli, tmp_path, pairs, environment):
    done = run(command(pairs, tmp_path / "two", "lm_kills"), environment)
    assert done.returncode == 3, done.stderr
    rows = list(read_observations(tmp_path / "two"))
    failed = {row.pair_id for row in rows if row.error is not None}
    assert failed == {f"p{n}" for n in range(256, 512)}
    reason = f"{MAX_DEATHS} processes died while they measured this part, the last one: killed by signal {signal.SIGKILL.value}"
    assert {row.error for row in rows if row.error is not None} == {reason}
    assert done.stderr.count("started again") == MAX_DEATHS
    whole = one(cli, pairs, tmp_path / "one", "lm")  # the same numbers under another name
    kept = [line for line in (tmp_path / "two" / "observations.jsonl").read_bytes().splitlines() if json.loads(line)["error"] is None]
    same = [json.loads(line) for line in whole.splitlines()]
    assert [json.loads(line)["high"] for line in kept] == [row["high"] for row in same if row["pair_id"] not in failed]


def test_a_worker_that_never_starts_ends_the_run_in_a_line(tmp_path, pairs, environment):
    done = run(command(pairs, tmp_path / "two", "lm_ends"), environment)
    assert done.returncode == 1, done.stderr
    assert f"its process ended {MAX_DEATHS} times before it measured anything (exit status 7)" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "two" / "observations.jsonl").exists()


def test_interrupt_reaches_the_workers_and_the_same_command_goes_on(cli, tmp_path, pairs, environment):
    words = command(pairs, tmp_path / "two", "lm_slower")
    process = subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True)
    _until(lambda: len(Parts(tmp_path / "two").names()) > 0)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=120)
    assert (process.returncode, "run the same command again" in told) == (130, True), told
    assert len(Parts(tmp_path / "two").names()) < 5
    assert run(words, environment).returncode == 0
    assert (tmp_path / "two" / "observations.jsonl").read_bytes() == one(cli, pairs, tmp_path / "one", "lm_slower")


def test_workers_do_not_outlive_the_process_that_watches_them(tmp_path, pairs, environment):
    process = subprocess.Popen(command(pairs, tmp_path / "two", "lm_slower"), env=environment, stderr=subprocess.DEVNULL)
    parts = Parts(tmp_path / "two")
    _until(lambda: len(parts.names()) > 0)
    process.kill()
    process.wait()
    _until(lambda: all(not found["probing"]["complete"] for found in parts.manifests().values()))
    _until(lambda: not any(parts.folder.glob(".lock-*")))
    assert len(parts.names()) < 5


def _until(true, seconds=120):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_names_of_devices():
    assert devices_of("0, 1") == ["0", "1"]
    assert devices_of("cpu,cpu") == ["cpu", "cpu"]
