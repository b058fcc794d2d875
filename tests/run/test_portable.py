"""A run folder that was moved, parts of a size of one's own, and what `status` and `--dry-run` say of several processes."""

import json
import shutil

import failing
import pytest
from runs import write_pairs

from freqbias.files import read_manifest
from freqbias.run.parts import Parts

LM = ("--lm", "failing:lm", "--probe", "likelihood")


@pytest.fixture
def pairs(tmp_path):
    (tmp_path / "here").mkdir()
    return write_pairs(tmp_path / "here" / "pairs.jsonl", 120)


def run(cli, pairs, out, *more, status=0):
    result = cli("run", "--pairs", pairs, *LM, "--out", out, *more)
    assert result.exit_code == status, result.output
    return result


def measured(out):
    return (out / "observations.jsonl").read_bytes()


def told(cli, out):
    return json.loads(cli("status", out, "--json").stdout)


def test_parts_of_another_size_are_shared_and_joined_as_one_process_measures_them(cli, pairs, tmp_path):
    run(cli, pairs, tmp_path / "one", "--part", "50")
    assert read_manifest(tmp_path / "one" / "manifest.json")["probing"]["pairs_at_once"] == 50
    for index in range(2):
        run(cli, pairs, tmp_path / "two", "--part", "50", "--shard", f"{index}/2")
    assert len(Parts(tmp_path / "two").names()) == 3
    assert cli("merge", tmp_path / "two").exit_code == 0
    assert measured(tmp_path / "two") == measured(tmp_path / "one")
    assert read_manifest(tmp_path / "two" / "manifest.json")["probing"]["pairs_at_once"] == 50
    assert "nothing to do" in run(cli, pairs, tmp_path / "two", "--part", "50").stderr


def test_a_run_goes_on_with_parts_of_its_size_alone(cli, pairs, tmp_path):
    run(cli, pairs, tmp_path / "run", "--part", "50")
    refused = run(cli, pairs, tmp_path / "run", status=2)
    assert "it was measured in parts of 50 pairs and this command has 256: give --part 50" in refused.stderr
    assert "--part" in cli("run", "--pairs", pairs, *LM, "--out", tmp_path / "odd", "--part", "0").stderr


def test_an_interrupt_costs_one_part(cli, pairs, tmp_path, monkeypatch):
    values = failing._values

    def interrupted(texts):
        if any("word75x" in text for text in texts):
            raise KeyboardInterrupt
        return values(texts)

    monkeypatch.setattr(failing, "_values", interrupted)
    command = ("probe", pairs, *LM, "--part", "20", "--out", tmp_path / "run" / "observations.jsonl")
    assert cli(*command).exit_code == 130
    assert told(cli, tmp_path / "run")["steps"][0]["pairs_done"] == 60
    monkeypatch.undo()
    assert cli(*command).exit_code == 0
    run(cli, pairs, tmp_path / "one", "--part", "20")
    assert measured(tmp_path / "run") == measured(tmp_path / "one")


def test_a_run_that_was_moved_tells_reports_and_goes_on(cli, pairs, tmp_path):
    run(cli, pairs, pairs.parent / "run")
    whole = measured(pairs.parent / "run")
    there = tmp_path / "there" / "deep"
    there.parent.mkdir()
    shutil.move(pairs.parent / "run", there)
    shutil.rmtree(pairs.parent)
    assert told(cli, there)["state"] == "complete"
    assert cli("report", there).exit_code == 0
    (there / "estimates.jsonl").unlink()
    resume = told(cli, there)["resume"]
    assert f"{there.name}/pairs.jsonl" in resume
    assert cli(*resume.split()[1:]).exit_code == 0
    assert (measured(there), told(cli, there)["state"]) == (whole, "complete")


def test_parts_that_were_moved_go_on_and_are_joined(cli, pairs, tmp_path):
    run(cli, pairs, pairs.parent / "one", "--part", "50")
    whole = measured(pairs.parent / "one")
    run(cli, pairs, pairs.parent / "run", "--part", "50", "--shard", "1/2")
    there = tmp_path / "there"
    shutil.move(pairs.parent / "run", there)
    shutil.rmtree(pairs.parent)
    resume = told(cli, there)["resume"]
    assert resume.endswith("--shard 0/2")
    assert cli(*resume.split()[1:]).exit_code == 0
    assert told(cli, there)["resume"] == f"freqbias merge {there}"
    assert cli("merge", there).exit_code == 0
    assert (measured(there), told(cli, there)["state"]) == (whole, "complete")
    assert cli("report", there).exit_code == 0


def test_status_names_the_devices_of_a_run_that_is_not_all_there(cli, pairs, tmp_path, monkeypatch):
    monkeypatch.setenv("FREQBIAS_DEVICE", "cpu")
    for index in range(2):
        run(cli, pairs, tmp_path / "run", "--part", "50", "--shard", f"{index}/2")
    Parts(tmp_path / "run").path("rows-000-0000001.jsonl").unlink()
    found = told(cli, tmp_path / "run")
    assert found["resume"].endswith("--devices cpu,cpu")
    assert [share["device"] for share in found["shares"]] == ["cpu", "cpu"]


def test_a_damaged_part_is_measured_again_where_joining_has_begun(cli, pairs, tmp_path):
    run(cli, pairs, tmp_path / "one", "--part", "50")
    out = tmp_path / "run"
    run(cli, pairs, out, "--part", "50", "--shard", "0/1")
    part = Parts(out).path("rows-000-0000002.jsonl")
    part.write_bytes(part.read_bytes()[:-10])
    refused = cli("merge", out)
    assert (refused.exit_code, "delete this file and measure it again" in refused.stderr) == (2, True)
    assert (out / "observations.jsonl").exists()  # two parts of three are joined
    part.unlink()
    run(cli, pairs, out, "--part", "50", "--shard", "0/1")
    assert cli("merge", out).exit_code == 0
    assert measured(out) == measured(tmp_path / "one")


def test_status_names_a_part_that_lacks_a_row(cli, pairs, tmp_path):
    run(cli, pairs, tmp_path / "run", "--part", "50", "--shard", "0/1")
    part = Parts(tmp_path / "run").path("rows-000-0000001.jsonl")
    part.write_bytes(b"".join(part.read_bytes().splitlines(keepends=True)[:-1]))
    (line,) = told(cli, tmp_path / "run")["damaged"]
    assert line.startswith(f"{part}: is damaged; delete this file")
    assert line in cli("status", tmp_path / "run").stderr


def test_dry_run_tells_what_each_process_takes(cli, pairs, tmp_path):
    shown = run(cli, pairs, tmp_path / "run", "--dry-run", "--part", "50", "--devices", "0,1")
    assert "has 3 parts of 50 pairs; each of 2 processes takes 2 at most" in shown.stderr
    idle = run(cli, pairs, tmp_path / "run", "--dry-run", "--devices", "0,1,2")
    assert "2 of 3 processes have nothing to do" in idle.stderr
    assert "is not a device" in run(cli, pairs, tmp_path / "run", "--dry-run", "--devices", "gpu", status=2).stderr
    assert "counted from 0" in run(cli, pairs, tmp_path / "run", "--dry-run", "--shard", "2/2", status=2).stderr
    assert not (tmp_path / "run").exists()
