"""A run with a process a device: watched, started again, and a part that kills its workers given up with a reason."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from filelock import FileLock
from runs import write_pairs

from freqbias.files import line, read_observations, read_pairs
from freqbias.run import shards
from freqbias.run.devices import MAX_DEATHS, Devices, devices_of
from freqbias.run.parts import Parts, Share
from freqbias.run.settings import settings

TESTS = Path(__file__).parents[1]
LATE = {"FREQBIAS_TEST_SECONDS": "1"}  # of a batch, so that busy cores do not end a run before it is disturbed
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


def test_a_complete_run_holds_what_is_asked_for_whoever_measured_it(cli, tmp_path, pairs, environment):
    out = tmp_path / "two"
    assert run(command(pairs, out, "lm"), environment).returncode == 0
    other = run(command(pairs, out, "lm_slow"), environment)
    assert (other.returncode, "it holds likelihood of failing:lm, which this command leaves out" in other.stderr) == (2, True)
    odd = run(command(pairs, out, "lm", "--part", "16"), environment)
    assert (odd.returncode, "--part" in odd.stderr.splitlines()[-1]) == (2, True), odd.stderr
    more = run(command(pairs, out, "lm", "--lm", "failing:lm_slow"), environment)
    assert more.returncode == 0, more.stderr
    assert {row.model for row in read_observations(out)} == {"failing:lm", "failing:lm_slow"}


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
    process = subprocess.Popen(words, env=environment | LATE, stderr=subprocess.PIPE, text=True)
    _until(lambda: len(Parts(tmp_path / "two").names()) > 0)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=120)
    assert (process.returncode, "run the same command again" in told) == (130, True), told
    assert len(Parts(tmp_path / "two").names()) < 5
    assert run(words, environment).returncode == 0
    assert (tmp_path / "two" / "observations.jsonl").read_bytes() == one(cli, pairs, tmp_path / "one", "lm_slower")


def test_workers_do_not_outlive_the_process_that_watches_them(tmp_path, pairs, environment):
    process = subprocess.Popen(command(pairs, tmp_path / "two", "lm_slower"), env=environment | LATE, stderr=subprocess.DEVNULL)
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


def line_by_line(pairs):
    """Return a pair file as a run keeps it."""
    return b"".join(map(line, read_pairs(pairs)))


@pytest.fixture
def devices(tmp_path):
    """Return the watcher of two workers that are not started."""
    found = Devices(settings({"lm": "failing:lm", "out": str(tmp_path)}, None), tmp_path, ["cpu", "cpu"])
    found.started = []
    found._start = found.started.append
    found._store.folder.mkdir()
    for worker in found.workers:
        worker.log_path.write_text("freqbias: so it was\n", encoding="utf-8")
    return found


def test_a_death_behind_the_last_look_is_not_overlooked(devices):
    """One worker is over and the other is killed before anybody looks again: it is started, and nothing is joined without its parts."""
    first, second = devices.workers
    first.process, second.process = (subprocess.Popen(["sh", "-c", command]) for command in ("exit 0", "kill -9 $$"))
    for worker in devices.workers:
        worker.process.wait()
    assert list(devices._until_over(0)) == []
    assert devices.started == [second]


def test_only_deaths_one_after_the_other_before_a_part_end_a_worker(devices):
    (worker, _), store = devices.workers, devices._store
    for _ in range(MAX_DEATHS):
        for _ in range(MAX_DEATHS - 1):
            devices._ended(worker, -9)
        store.claim_path(worker.share).write_text("rows-000-0000000.jsonl", encoding="utf-8")
        store.path("rows-000-0000000.jsonl").touch()  # it was written: the worker died behind it
        devices._ended(worker, -9)
    assert worker.failed is None
    assert store.given_up() == {}
    for _ in range(MAX_DEATHS):
        devices._ended(worker, -9)
    assert "3 times before it measured anything (killed by signal 9): so it was" in worker.failed


def test_a_worker_waits_for_one_of_a_command_that_was_killed(cli, tmp_path, pairs, monkeypatch):
    monkeypatch.setenv("FREQBIAS_DEVICE", "cpu")
    monkeypatch.setattr(shards, "WAIT_SECONDS", 30)
    out = tmp_path / "run"
    Parts(out).folder.mkdir(parents=True)
    (out / "pairs.jsonl").write_bytes(line_by_line(pairs))
    lock = FileLock(Parts(out).lock_path(Share(0, 1)), thread_local=False)
    lock.acquire()
    timer = threading.Timer(1, lock.release)
    timer.start()
    done = cli("run", "--pairs", pairs, "--lm", "failing:lm", "--probe", "likelihood", "--out", out, "--shard", "0/1")
    timer.join()
    assert done.exit_code == 0, done.stderr


@pytest.mark.slow
def test_soaked_in_kills_a_full_disk_and_damage_nothing_is_lost_or_doubled():
    script = Path(__file__).parents[2] / "benchmarks" / "soak.py"
    done = subprocess.run([sys.executable, script, "4000", "--kills", "2"], capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8,000 of 8,000 rows: 0 lost, 0 doubled, 0 failed; bytes equal to" in done.stdout
    for fault in ("2 full disks", "1 malformed lines", "1 parts cut off", "2 watching processes killed", "2 workers killed"):
        assert fault in done.stdout
