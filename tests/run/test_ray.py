"""A run on a Ray cluster: the bytes of one process, in whatever order parts come, how often, and whoever dies."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import pytest
from conftest import missing, needed
from runs import write_pairs

from freqbias.errors import BackendError, InputError
from freqbias.files import PairFile, read_manifest, read_observations
from freqbias.models.names import contents
from freqbias.models.names.aliases import find_alias
from freqbias.paraphrases.generators import generate
from freqbias.progress import silent
from freqbias.run import pipeline, stages
from freqbias.run.devices import MAX_DEATHS
from freqbias.run.parts import Parts
from freqbias.run.ray_actor import PART, ROWS, STEP, TOLD, Ledger
from freqbias.run.ray_executor import KEPT, OnRay, check_ray, resources_of
from freqbias.run.settings import settings
from freqbias.run.shards import Measuring

TESTS = Path(__file__).parents[1]
PAIRS = 2000  # eight parts
SECONDS = 900  # on a machine that does much else: an actor is a process that imports Ray, which takes it half a minute then
FILES = ("pairs.jsonl", "observations.jsonl", "model_estimates.jsonl", "estimates.jsonl")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ray")
    write_pairs(folder / "pairs.jsonl", PAIRS)
    return folder


@pytest.fixture(scope="module")
def environment(folder):
    path = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "FREQBIAS_TEST_SWITCH": str(folder / "switch"), "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def joined(environment):
    """The environment of a process that joins a cluster of two nodes, whose actors have that of this module."""
    needed("ray")
    words = [sys.executable, str(TESTS / "ray_cluster.py")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(words, env=environment, text=True, **pipes) as process:
        address = process.stdout.readline().strip()
        assert address, "the cluster has not started"
        yield {**environment, "RAY_ADDRESS": address}
        process.stdin.close()
        process.wait(timeout=60)


def command(folder, out, model, *more):
    words = ["run", "--pairs", folder / "pairs.jsonl", "--lm", f"failing:{model}", "--probe", "likelihood", "--out", folder / out, *more]
    return [sys.executable, "-m", "freqbias", *map(str, words)]


def run(words, environment):
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS)


def on_ray(folder, model, environment):
    return run(command(folder, f"ray-{model}", model, "--executor", "ray", "--actors", "2"), environment)


def rows_of_one(cli, folder, model):
    """Return what one process measures."""
    out = folder / f"one-{model}"
    words = ("run", "--pairs", folder / "pairs.jsonl", "--lm", f"failing:{model}", "--probe", "likelihood", "--out", out)
    assert cli(*words).exit_code == 0
    return (out / "observations.jsonl").read_bytes()


def test_two_nodes_give_the_bytes_of_one_process_though_an_actor_dies(cli, folder, joined, monkeypatch):
    switch = folder / "switch"
    switch.unlink(missing_ok=True)
    done = on_ray(folder, "lm_kills_once", joined)
    assert (done.returncode, switch.exists()) == (0, True), done.stderr
    assert "rows-000-0000001.jsonl: 1 process died on this part; measured again" in done.stderr
    out = folder / "ray-lm_kills_once"
    monkeypatch.setenv("FREQBIAS_TEST_SWITCH", str(switch))
    assert (out / "observations.jsonl").read_bytes() == rows_of_one(cli, folder, "lm_kills_once")
    assert [machine["parts"] for machine in read_manifest(out / "manifest.json")["probing"]["merged"]] == [8]
    shares = {str(share) for share in Parts(out).manifests()}
    assert shares == {"0/2", "1/2"}
    again = on_ray(folder, "lm_kills_once", joined)
    assert (again.returncode, "nothing to do" in again.stderr, "Ray:" in again.stderr) == (0, True, False), again.stderr


def test_a_part_that_kills_its_actors_becomes_rows_that_say_so(folder, joined):
    done = on_ray(folder, "lm_kills", joined)
    assert done.returncode == 3, done.stderr
    rows = list(read_observations(folder / "ray-lm_kills"))
    assert {row.pair_id for row in rows if row.error is not None} == {f"p{n}" for n in range(256, 512)}
    assert {row.pair_id for row in rows} == {f"p{n}" for n in range(PAIRS)}
    assert {row.error for row in rows if row.error is not None} == {f"{MAX_DEATHS} processes died while they measured this part"}
    assert list(Parts(folder / "ray-lm_kills").given_up()) == ["rows-000-0000001.jsonl"]


def test_interrupt_keeps_what_is_measured_and_the_same_command_goes_on(cli, folder, joined):
    parts = Parts(folder / "ray-lm_slower")
    words = command(folder, "ray-lm_slower", "lm_slower", "--executor", "ray", "--actors", "2")
    with subprocess.Popen(words, env=joined, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        end = time.monotonic() + SECONDS
        while not parts.names() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=SECONDS)
    assert (process.returncode, "run the same command again" in told) == (130, True), told
    before = {name: parts.path(name).stat().st_mtime_ns for name in parts.names()}
    assert 0 < len(before) < 8
    done = on_ray(folder, "lm_slower", joined)
    assert done.returncode == 0, done.stderr
    assert before.items() <= {name: parts.path(name).stat().st_mtime_ns for name in parts.names()}.items()
    assert (folder / "ray-lm_slower" / "observations.jsonl").read_bytes() == rows_of_one(cli, folder, "lm_slower")
    merged = read_manifest(folder / "ray-lm_slower" / "manifest.json")["probing"]["merged"]
    assert sum(machine["parts"] for machine in merged) == 8


@pytest.mark.parametrize(
    ("model", "line"),
    [("lm_never", "connection refused"), ("lm_ends", f"its process ended {MAX_DEATHS} times before it measured anything")],
)
def test_a_model_that_does_not_work_ends_the_run_in_a_line(folder, joined, model, line):
    done = on_ray(folder, model, joined)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    last = done.stderr.splitlines()[-1]
    assert line in last
    assert KEPT in last
    assert not (folder / f"ray-{model}" / "observations.jsonl").exists()


def test_real_models_on_a_cluster_of_this_machine_give_the_bytes_of_one_process(folder, environment):
    needed("ray")
    needed("sentence_transformers")
    for name in ("minilm", "smollm2-135m"):
        if find_alias(name).ready_directory() is None:
            missing(f"model {name}")
    from freqbias.files import write_records

    few, switch = folder / "few.jsonl", folder / "switch"
    write_records(few, generate("lexicon", [], {"n": 20, "sets": "all", "seed": 1})[:25])
    switch.unlink(missing_ok=True)
    models = ("--embedder", "minilm", "--lm", "smollm2-135m", "--probe", "similarity", "--probe", "likelihood")
    found = []
    for out, more in ((folder / "real-one", ()), (folder / "real-ray", ("--executor", "ray", "--actors", "2"))):
        words = [sys.executable, str(TESTS / "ray_small.py"), "run", "--pairs", few, *models, "--out", out, *more]
        done = run(list(map(str, words)), environment)
        assert done.returncode == 0, done.stderr
        found.append({name: (out / name).read_bytes() for name in FILES if (out / name).exists()})
    assert switch.exists()  # an actor has died
    assert len(Parts(folder / "real-ray").names()) > 6
    assert found[0] == found[1]


def answers_of(pairs, chosen, out):
    """Return the answers that actors give, made by this process, and the parts they are of."""
    measuring = Measuring(pairs, chosen.plan(), out, chosen.recorded("run"), silent)
    units = measuring.units(0)
    data = [measuring.measured(0, unit) for unit in units]
    found = measuring._manifest(complete=False)
    machine = {name: found[name] for name in ("platform", "cpu", "gpu", "threads", "models")}
    common = {"reason": None, "died": 0, "by": {}, **machine}
    told = [{"node": f"node {unit.number % 2}", "name": unit.name, "of": asdict(measuring.origin(0, unit)), **common} for unit in units]
    return units, [{STEP: 0, PART: unit.number, ROWS: data[n], TOLD: json.dumps(told[n])} for n, unit in enumerate(units)]


def test_answers_come_in_any_order_and_twice(cli, folder, tmp_path):
    pairs = write_pairs(tmp_path / "pairs.jsonl", 1100)
    chosen = settings({"lm": ["failing:lm"], "probe": ["likelihood"], "pairs": str(pairs), "out": str(tmp_path / "run")}, None)
    target = tmp_path / "run" / "observations.jsonl"
    (tmp_path / "run").mkdir()
    stages.keep_pairs(PairFile(pairs), tmp_path / "run" / "pairs.jsonl")
    pairs = tmp_path / "run" / "pairs.jsonl"
    units, answers = answers_of(PairFile(pairs), chosen, tmp_path / "scratch" / "observations.jsonl")
    on_ray = OnRay(PairFile(pairs), chosen, target, silent)
    random.Random(1).shuffle(twice := [*answers, *answers])
    kept = [int(answer[PART]) for answer in twice if on_ray._keep(units[answer[PART]], answer)]
    assert sorted(kept) == list(range(5)) != kept
    on_ray._locks.close()
    pipeline.merge(tmp_path / "run", [tmp_path / "run"])
    words = ("run", "--pairs", pairs, "--lm", "failing:lm", "--probe", "likelihood", "--out", tmp_path / "one")
    assert cli(*words).exit_code == 0
    assert target.read_bytes() == (tmp_path / "one" / "observations.jsonl").read_bytes()


def test_an_answer_to_another_question_is_refused(tmp_path):
    pairs = write_pairs(tmp_path / "pairs.jsonl", 600)
    chosen = settings({"lm": ["failing:lm"], "probe": ["likelihood"], "out": str(tmp_path / "run")}, None)
    units, answers = answers_of(PairFile(pairs), chosen, tmp_path / "scratch" / "observations.jsonl")
    with pytest.raises(BackendError, match="its model is another one than elsewhere"):
        OnRay(PairFile(pairs), chosen, tmp_path / "run" / "observations.jsonl", silent)._keep(units[1], answers[0])
    assert not Parts(tmp_path / "run").names()


def test_the_ledger_counts_what_was_begun_and_not_ended():
    ledger = Ledger()
    assert [ledger.begin("a"), ledger.begin("a"), ledger.begin("b")] == [0, 1, 0]
    ledger.end("a")
    assert [ledger.begin("a"), ledger.begin("b")] == [0, 1]
    ledger.stop()
    assert ledger.begin("a") < 0


@pytest.mark.parametrize(
    ("nodes", "given", "found"),
    [
        ([{"CPU": 16, "GPU": 8}, {"CPU": 16, "GPU": 8}], {}, (16, {"num_gpus": 1})),
        ([{"CPU": 16, "GPU": 8}, {"CPU": 16, "GPU": 3}], {"backend": "vllm", "tensor_parallel": 4}, (2, {"num_gpus": 4})),
        ([{"CPU": 16, "GPU": 8}], {"actors": 2}, (2, {"num_gpus": 1})),
        ([{"CPU": 16, "GPU": 8}], {"base_url": "http://localhost:1/v1"}, (1, {"num_cpus": 16})),
        ([{"CPU": 8}, {"CPU": 4}, {"memory": 1}], {}, (2, {"num_cpus": 4})),
        ([{"CPU": 8}, {"CPU": 4}], {"actors": 5}, (5, {"num_cpus": 2})),
        ([{"CPU": 8}, {"CPU": 4}], {"actors": 13}, "room for 12 actors, one a core"),
        ([{"CPU": 8, "GPU": 2}], {"actors": 3}, "--actors 3: this Ray cluster has room for 2 actors of 1 GPU"),
        ([{"CPU": 0}], {}, "room for 0"),
    ],
)
def test_actors_share_what_the_cluster_has(nodes, given, found):
    chosen = settings({"lm": ["m"], "executor": "ray", **given}, None)
    if isinstance(found, str):
        with pytest.raises(InputError, match=found):
            resources_of(nodes, chosen)
    else:
        assert resources_of(nodes, chosen) == found


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"executor": "ray", "devices": "0,1"}, "none of --shard, --devices and --device beside it"),
        ({"executor": "ray", "device": "cpu"}, "none of --shard, --devices and --device beside it"),
        ({"executor": "ray", "base_url": "http://localhost:1/v1", "max_requests": 3}, "counts in one process"),
        ({"actors": 2}, "--actors is for --executor ray"),
        ({"executor": "dask"}, "'local' or 'ray'"),
    ],
)
def test_options_that_do_not_go_together(given, line):
    with pytest.raises(InputError, match=line):
        settings({"lm": ["m"], **given}, None)


def test_what_is_missing_is_said_in_a_line(monkeypatch):
    monkeypatch.setattr(contents, "is_installed", lambda module: False)
    with pytest.raises(InputError, match=r"--executor ray needs 'ray'; run: python -m pip install '\.\[ray\]'"):
        check_ray()
