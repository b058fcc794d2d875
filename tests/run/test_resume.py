"""An interrupted run goes on: killed, stopped by a signal, out of disk, refused by its model. The files end as if nothing had been."""

import json
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from runs import files, probe, write_pairs

from freqbias import read_observations
from freqbias.run.journal import side_file

TESTS = Path(__file__).parent.parent
PROGRAM = [sys.executable, "-c", "import sys; sys.path.append(sys.argv.pop(1)); from freqbias.cli import main; main()", str(TESTS)]
KILLS = 30


@pytest.fixture
def pairs(tmp_path):
    return write_pairs(tmp_path / "pairs.jsonl", 1000)


def plan(model, *more):
    return ["--lm", f"failing:{model}", "--probe", "likelihood", "--probe", "failing:summing", *more]


@pytest.mark.slow
def test_killed_at_thirty_moments(cli, tmp_path, pairs):
    write_pairs(pairs, 2600)
    expected = probe(cli, pairs, tmp_path / "whole", *plan("lm_slow"))
    out = tmp_path / "killed"
    command = ["probe", str(pairs), "--out", str(out / "observations.jsonl"), *plan("lm_slow")]
    seconds = time.perf_counter()
    probe(cli, pairs, tmp_path / "timed", *plan("lm_slow"))
    seconds = time.perf_counter() - seconds
    done = subprocess.run(
        [sys.executable, TESTS / "killing.py", out, str(KILLS), f"{seconds / 2:.3f}", *command],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert len(found["parts"]) == KILLS
    assert len(set(found["parts"])) >= 5, found  # the moments lie all over the work
    assert probe(cli, pairs, out, *plan("lm_slow")) == expected
    for k in range(1, found["ended"] + 1):
        assert files(tmp_path / f"ended{k}") == expected


def start(pairs, out, model):
    return subprocess.Popen(
        [*PROGRAM, "probe", pairs, "--out", out / "observations.jsonl", *plan(model)], stderr=subprocess.PIPE, text=True, cwd=out.parent
    )


def wait_for(path, lines, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if path.exists() and path.read_bytes().count(b"\n") >= lines:
            return
        time.sleep(0.02)
    pytest.fail(f"{path.name} has no {lines} lines after {seconds} s")


@pytest.mark.slow
def test_ctrl_c_finishes_the_batch_and_says_how_to_go_on(cli, tmp_path, pairs):
    out = tmp_path / "run"
    process = start(pairs, out, "lm_slower")
    wait_for(side_file(out / "observations.jsonl", "marks"), 2)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "finishing the current batch" in said
    assert "run the same command again to continue" in said
    assert "Traceback" not in said
    rows = list(read_observations(out))
    assert len(rows) % (256 * 2) == 0  # whole parts; two rows a pair
    assert 0 < len(rows) < 4000
    state = json.loads(cli("status", out, "--json").stdout)
    assert state["state"] == "interrupted"
    assert state["rows"] == len(rows)
    assert state["steps"][0]["pairs_done"] == len(rows) / 2
    expected = probe(cli, pairs, tmp_path / "whole", *plan("lm_slower"))
    assert probe(cli, pairs, out, *plan("lm_slower")) == expected
    assert json.loads(cli("status", out, "--json").stdout)["state"] == "complete"


def test_second_ctrl_c_stops_at_once(cli, tmp_path, pairs):
    out = tmp_path / "run"
    process = start(pairs, out, "lm_stuck")
    wait_for(out / "manifest.json", 1)
    time.sleep(1)
    other = cli("probe", pairs, "--out", out / "observations.jsonl", *plan("lm_stuck"))
    assert other.exit_code == 2
    assert "another process is writing this run" in other.stderr
    assert json.loads(cli("status", out, "--json").stdout)["state"] == "running"
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "press Ctrl-C again to stop at once" in said
    assert not (out / "observations.jsonl").exists()


def test_the_lock_of_a_dead_process_is_taken_over(cli, tmp_path, pairs):
    out = tmp_path / "run"
    process = start(pairs, out, "lm_stuck")
    wait_for(out / "manifest.json", 1)
    process.kill()
    process.communicate()
    assert side_file(out / "observations.jsonl", "lock").exists()
    assert probe(cli, pairs, out, *plan("lm")).keys() == {"observations.jsonl", "model_estimates.jsonl"}


def test_full_disk_keeps_what_is_whole(cli, tmp_path, pairs):
    out = tmp_path / "run"
    expected = probe(cli, pairs, tmp_path / "whole", *plan("lm"))
    limit = len(expected["observations.jsonl"]) // 2 + 1000

    def small_disk():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    done = subprocess.run(
        [*PROGRAM, "probe", pairs, "--out", out / "observations.jsonl", *plan("lm")],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=small_disk,
    )
    assert done.returncode == 2
    assert "cannot be written: File too large; what was finished before is kept" in done.stderr
    assert "Traceback" not in done.stderr
    before = (out / "observations.jsonl").read_bytes()
    assert 0 < len(before) <= limit
    assert expected["observations.jsonl"].startswith(before)
    assert probe(cli, pairs, out, *plan("lm")) == expected


def test_a_folder_that_cannot_be_written(cli, tmp_path, pairs):
    (tmp_path / "file").write_text("not a folder")
    result = cli("probe", pairs, "--out", tmp_path / "file" / "observations.jsonl", *plan("lm"))
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert "cannot be written" in line
    assert (tmp_path / "file").read_text() == "not a folder"


@pytest.fixture
def switch(tmp_path, monkeypatch):
    path = tmp_path / "switch"
    monkeypatch.setenv("FREQBIAS_TEST_SWITCH", str(path))
    monkeypatch.setenv("FREQBIAS_TEST_ASKED", str(tmp_path / "asked"))
    return path


def asked(tmp_path):
    found = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    (tmp_path / "asked").unlink()
    return found


def test_rows_that_fail_carry_the_error_and_only_they_are_asked_again(cli, tmp_path, pairs, switch):
    expected = probe(cli, pairs, tmp_path / "whole", *plan("lm_refuses"))
    switch.touch()
    out = tmp_path / "run"
    probe(cli, pairs, out, *plan("lm_refuses"), status=3)
    failed = [row for row in read_observations(out) if row.error]
    assert {row.pair_id for row in failed} == {"p7"}
    assert len(failed) == 4  # raw and downstream of both probes
    assert failed[0].error == "the server at http://***@localhost/v1 sent 500"
    assert b"hunter2" not in b"".join(path.read_bytes() for path in out.iterdir())
    switch.unlink()
    asked(tmp_path)
    assert probe(cli, pairs, out, *plan("lm_refuses")) == expected
    texts = [text for text in asked(tmp_path) if "high" in text or "low" in text]
    noise = {f"word{n}x high" for n in range(32)}
    assert {text for text in texts if text not in noise} <= {text for text in texts if "word7x" in text}
    assert "nothing to do" in cli("probe", pairs, "--out", out / "observations.jsonl", *plan("lm_refuses")).stderr


def test_a_server_that_vanishes_ends_the_run_and_loses_nothing(cli, tmp_path, pairs, switch):
    expected = probe(cli, pairs, tmp_path / "whole", *plan("lm_gone"))
    switch.touch()
    out = tmp_path / "run"
    result = cli("probe", pairs, "--out", out / "observations.jsonl", *plan("lm_gone"))
    assert result.exit_code == 1
    assert "connection refused; what was measured is kept" in result.stderr
    rows = list(read_observations(out))
    assert {row.pair_id for row in rows} == {f"p{n}" for n in range(768)}
    assert {row.pair_id for row in rows if row.error} == {f"p{n}" for n in range(600, 768)}
    switch.unlink()
    asked(tmp_path)
    assert probe(cli, pairs, out, *plan("lm_gone")) == expected
    again = asked(tmp_path)
    likelihood = again[: again.index("word0x high", 100)]  # the second probe starts from the first pair
    assert not [text for text in likelihood if any(f"word{n}x " in text for n in range(40, 600))]


def test_a_model_that_never_answers_is_no_run(cli, tmp_path, pairs):
    out = tmp_path / "run"
    result = cli("probe", pairs, "--out", out / "observations.jsonl", *plan("lm_never"))
    assert result.exit_code == 1
    assert "connection refused" in result.stderr
    assert [path.name for path in out.iterdir()] == ["manifest.json"]  # which says what was tried


def test_observations_that_were_removed_leave_nothing_behind(cli, tmp_path, pairs, switch):
    out = tmp_path / "run"
    switch.touch()
    probe(cli, pairs, out, *plan("lm_refuses"), status=3)
    side_file(out / "observations.jsonl", "retried").write_text("[]\n")
    (out / "observations.jsonl").unlink()
    assert probe(cli, pairs, out, "--lm", "failing:lm", "--probe", "likelihood").keys() == {"observations.jsonl"}
    with (out / "observations.jsonl").open("ab") as stream:
        stream.write(b"{torn")
    result = cli("probe", pairs, "--out", out / "observations.jsonl", "--lm", "failing:lm", "--probe", "likelihood")
    assert result.exit_code == 2
    assert "observations.jsonl:2001: not strict JSON" in result.stderr


def test_power_cut_inside_a_line(cli, tmp_path, pairs):
    """What lies behind the last mark that fits is taken off, torn or not."""
    expected = probe(cli, pairs, tmp_path / "whole", *plan("lm"))
    out = tmp_path / "run"
    probe(cli, pairs, out, *plan("lm"))
    lines = expected["observations.jsonl"].splitlines(keepends=True)
    part = b"".join(lines[:512])
    manifest = json.loads((out / "manifest.json").read_text())
    manifest["probing"]["complete"] = False
    (out / "manifest.json").write_text(json.dumps(manifest))
    (out / "observations.jsonl").write_bytes(part + lines[512][: len(lines[512]) // 2])
    side_file(out / "observations.jsonl", "marks").write_text(f"0 0\n1 {len(part)}\n2 {2 * len(part)}\n3 12")
    assert probe(cli, pairs, out, *plan("lm")) == expected
