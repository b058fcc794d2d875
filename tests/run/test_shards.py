"""Several processes measure one run: whoever measured what, and in how many, the bytes are those of one process."""

import importlib
import json
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from conftest import missing, needed
from runs import write_pairs

from freqbias.errors import InputError
from freqbias.files import PairFile, held, read_manifest, write_json, write_records
from freqbias.models import scoring
from freqbias.models.names.aliases import find_alias
from freqbias.paraphrases.generators import generate
from freqbias.run import parts
from freqbias.run.parts import Parts, Share, share_of, vectors_bytes, vectors_of

FILES = ("pairs.jsonl", "observations.jsonl", "model_estimates.jsonl", "estimates.jsonl")
MODELS = ("--embedder", "synthetic:embed_gloss", "--lm", "failing:lm")
PAIRS = 700  # three parts


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    write_records(folder / "pairs.jsonl", generate("lexicon", [], {"n": 300, "sets": "all", "seed": 1})[:PAIRS])
    return folder / "pairs.jsonl"


@pytest.fixture(autouse=True)
def known(monkeypatch, pairs):
    monkeypatch.setenv("FREQBIAS_TEST_PAIRS", str(pairs))


@pytest.fixture
def one(cli, pairs, tmp_path):
    return ran(cli, "run", "--pairs", pairs, *MODELS, "--out", tmp_path / "one")


def ran(cli, *words):
    """Run a command and return what its folder holds of a run."""
    result = cli(*words)
    assert result.exit_code == 0, result.output
    out = words[words.index("--out") + 1] if "--out" in words else words[1]
    return {name: (out / name).read_bytes() for name in FILES if (out / name).exists()}


def share(cli, pairs, out, index, of, *models):
    result = cli("run", "--pairs", pairs, *(models or MODELS), "--out", out, "--shard", f"{index}/{of}")
    assert result.exit_code == 0, result.output


def test_any_number_of_processes_gives_the_bytes_of_one(cli, pairs, one, tmp_path):
    for of in (1, 2, 3, 7):
        out = tmp_path / f"of-{of}"
        for index in reversed(range(of)):
            share(cli, pairs, out, index, of)
        assert ran(cli, "merge", out) == one
        merged = read_manifest(out / "manifest.json")["probing"]["merged"]
        assert sum(machine["parts"] for machine in merged) == len(Parts(out).names())


def test_folders_of_several_machines_are_joined(cli, pairs, one, tmp_path):
    for index in range(2):
        share(cli, pairs, tmp_path / f"node-{index}", index, 2)
    assert ran(cli, "merge", tmp_path / "all", tmp_path / "node-0", tmp_path / "node-1") == one


def test_more_processes_go_on_with_what_fewer_have_left(cli, pairs, one, tmp_path):
    out = tmp_path / "run"
    share(cli, pairs, out, 1, 2)
    before = {name: Parts(out).path(name).stat().st_mtime_ns for name in Parts(out).names()}
    for index in range(5):
        share(cli, pairs, out, index, 5)
    after = {name: Parts(out).path(name).stat().st_mtime_ns for name in Parts(out).names()}
    assert before.items() <= after.items()
    assert ran(cli, "merge", out) == one
    again = cli("merge", out)
    assert (again.exit_code, "is complete; nothing to do" in again.stderr) == (0, True)


def test_a_share_is_measured_once(cli, pairs, tmp_path):
    share(cli, pairs, tmp_path / "run", 0, 2)
    again = cli("run", "--pairs", pairs, *MODELS, "--out", tmp_path / "run", "--shard", "0/2")
    assert "share 0/2 is complete; nothing to do" in again.stderr


def test_stages_before_and_after_refuse_what_is_not_merged(cli, pairs, tmp_path):
    out = tmp_path / "run"
    share(cli, pairs, out, 0, 2)
    result = cli("run", "--pairs", pairs, *MODELS, "--out", out)
    assert (result.exit_code, f"run: freqbias merge {out}" in result.stderr) == (2, True)
    told = cli("status", out, "--json")
    found = json.loads(told.stdout)
    assert found["state"] == "parts"
    assert [step["pairs_done"] for step in found["steps"]] == [None] * 4 + [256 + 188]
    assert found["shares"][0]["parts"] == len(Parts(out).names())
    assert cli("merge", tmp_path / "nothing").exit_code == 2


def refused(cli, *words):
    result = cli("merge", *words)
    told = [line for line in result.stderr.splitlines() if line.startswith("freqbias: ")]
    assert (result.exit_code, told) == (2, result.stderr.splitlines()[-1:]), result.output
    return told[0]


def test_what_does_not_belong_together_is_refused_in_a_line(cli, pairs, tmp_path):
    lm = ("--lm", "failing:lm")
    first, second = tmp_path / "first", tmp_path / "second"
    share(cli, pairs, first, 0, 2, *lm)
    assert "1 of 3 parts are missing (rows-000-0000001.jsonl)" in refused(cli, tmp_path / "all", first)
    share(cli, pairs, second, 1, 2, *lm)
    both = (tmp_path / "all", first, second)

    twice = tmp_path / "twice"
    shutil.copytree(first, twice)
    assert "this part lies in" in refused(cli, *both, twice)

    manifest = next(iter(Parts(second).manifests()))
    path = Parts(second).manifest_path(manifest)
    whole = read_manifest(path)

    def changed(change):
        found = json.loads(json.dumps(whole))
        change(found)
        write_json(path, found)
        told = refused(cli, *both)
        write_json(path, whole)
        return told

    assert "the pair file has changed" in changed(lambda found: found["inputs"].update({"pairs.jsonl": "0" * 64}))
    assert "model 'failing:lm' has changed: its fingerprint" in changed(lambda found: found["models"][0].update(fingerprint="0" * 64))
    assert "prompt 'bridge' of probe 'likelihood' has changed" in changed(lambda found: found["prompts"]["likelihood"].update(bridge="0"))
    assert "the settings of probe 'likelihood' have changed" in changed(lambda found: found["probes"].update(likelihood={"odd": 1}))
    assert "dtype was bfloat16 and is float32" in changed(lambda found: found["config"].update(dtype="bfloat16"))
    assert "it holds p of m, which this command leaves out" in changed(
        lambda found: found["probing"]["steps"].insert(0, {"model": "m", "probe": "p"})
    )

    part = Parts(second).path("rows-000-0000001.jsonl")
    rows = part.read_bytes()
    lines = rows.splitlines(keepends=True)
    changed_digit = rows.replace(b"1", b"2", 1) if rows.count(b"1") else rows
    for damage in (rows[:-5], rows[:-1], b"", b"".join(lines[:-1]), b"".join([*lines, lines[-1]]), lines[0], changed_digit):
        part.write_bytes(damage)
        told = refused(cli, *both)
        assert f"{part}: is damaged; delete this file and measure it again" in told
    part.write_bytes(rows)
    assert cli("merge", *both).exit_code == 0


def lose_manifests(out):
    for path in Parts(out).folder.glob("manifest-*.json"):
        path.unlink()


def test_a_model_adopts_no_part_of_another_where_the_manifests_are_gone(cli, pairs, tmp_path, monkeypatch):
    out, lm = tmp_path / "run", ("--lm", "swapped:lm", "--probe", "likelihood")
    (tmp_path / "swapped.py").write_text("from failing import lm\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    share(cli, pairs, out, 0, 2, *lm)
    assert sorted(Parts(out).names()) == ["rows-000-0000000.jsonl", "rows-000-0000002.jsonl"]

    def refused_with(line, *words):
        lose_manifests(out)
        result = cli("run", "--pairs", pairs, *words, "--out", out, "--shard", "0/1")
        assert result.exit_code == 2, result.output
        assert f"{Parts(out).path('rows-000-0000000.jsonl')}: {line}" in result.stderr.splitlines()[-1], result.stderr
        assert "give another --out, or delete the folder" in result.stderr.splitlines()[-1]
        assert Parts(out).manifests() == {}  # which would refuse the model that they are of

    refused_with("holds likelihood of swapped:lm and not likelihood of failing:lm", "--lm", "failing:lm", "--probe", "likelihood")
    refused_with("holds likelihood of swapped:lm and not choice of swapped:lm", "--lm", "swapped:lm", "--probe", "choice")
    (tmp_path / "swapped.py").write_text("import failing\n\n\ndef lm(texts):\n    return failing.lm(texts)\n")
    monkeypatch.delitem(sys.modules, "swapped")
    importlib.invalidate_caches()
    refused_with("model 'swapped:lm' has changed: its fingerprint was ", *lm)
    share(cli, pairs, tmp_path / "other", 1, 2, *lm)
    shutil.copyfile(Parts(tmp_path / "other").manifest_path(Share(1, 2)), Parts(out).manifest_path(Share(1, 2)))
    shutil.copyfile(Parts(tmp_path / "other").path("rows-000-0000001.jsonl"), Parts(out).path("rows-000-0000001.jsonl"))
    assert "model 'swapped:lm' has changed: its fingerprint was " in refused(cli, out)


def test_parts_go_on_with_their_own_model_where_the_manifests_are_gone(cli, pairs, one, tmp_path):
    out = tmp_path / "run"
    share(cli, pairs, out, 0, 1)
    lose_manifests(out)
    share(cli, pairs, out, 0, 1)
    assert ran(cli, "merge", out) == one


def test_a_join_that_stopped_between_two_probes_of_a_model_goes_on(cli, pairs, one, tmp_path):
    out = tmp_path / "run"
    share(cli, pairs, out, 0, 1)
    texts = sorted(Parts(out).folder.glob("texts-*.npy"), key=lambda path: path.stat().st_mtime_ns)
    for path in (texts[0], texts[-1]):  # of the first probe, and of a later one
        path.write_bytes(path.read_bytes()[:-4])
        assert f"{path}: is damaged" in refused(cli, out)
        found = json.loads(cli("status", out, "--json").stdout)
        assert found["resume"] == f"freqbias merge {out}"
        path.unlink()
        assert f"are missing ({path.name})" in refused(cli, out)
        share(cli, pairs, out, 0, 1)
    assert ran(cli, "merge", out) == one


def test_what_is_joined_needs_its_parts_no_more(cli, pairs, one, tmp_path):
    out = tmp_path / "run"
    share(cli, pairs, out, 0, 1)
    assert ran(cli, "merge", out, out, tmp_path / "run" / ".." / "run") == one
    shutil.rmtree(Parts(out).folder)
    (out / "report.html").unlink()
    assert ran(cli, "merge", out) == one
    assert (out / "report.html").exists()


def test_a_manifest_that_tells_of_no_share_is_one_line(cli, pairs, tmp_path):
    out = tmp_path / "run"
    share(cli, pairs, out, 0, 1, "--lm", "failing:lm")
    path = Parts(out).manifest_path(Share(0, 1))
    found = read_manifest(path)
    del found["probing"]["measured"]
    write_json(path, found)
    assert f"{path}: does not describe a share of a run; delete it" in refused(cli, out)
    assert cli("status", out).exit_code == 0


def test_the_noise_floor_is_the_largest_and_machines_are_named(cli, pairs, tmp_path):
    out = tmp_path / "run"
    for index in range(2):
        share(cli, pairs, out, index, 2, "--lm", "failing:lm")
    path = Parts(out).manifest_path(Share(1, 2))
    found = read_manifest(path)
    found["models"][0]["noise_floor"]["value"] = 0.25
    write_json(path, {**found, "gpu": "another card"})
    ran(cli, "merge", out)
    manifest = read_manifest(out / "manifest.json")
    assert manifest["models"][0]["noise_floor"]["value"] == 0.25
    assert [machine["gpu"] for machine in manifest["probing"]["merged"]] == [None, "another card"]


def test_what_may_not_stand_beside_a_share(cli, pairs, tmp_path):
    for words, line in (
        (("--shard", "2/2"), "counted from 0: 0/2 to 1/2"),
        (("--shard", "half"), "counted from 0: 0/4 to 3/4"),
        (("--shard", "0/2", "--fresh"), "--fresh would empty the folder"),
        (("--shard", "0/2", "--holdout", "half"), "give it to freqbias merge"),
        (("--shard", "0/2", "--devices", "0"), "give none of --shard and --device beside it"),
        (("--devices", "0,0"), "a GPU is named twice"),
        (("--devices", "gpu"), "'gpu' is not a device"),
    ):
        result = cli("run", "--pairs", pairs, "--lm", "failing:lm", "--out", tmp_path / "run", *words)
        assert (result.exit_code, line in result.stderr) == (2, True), result.stderr
    assert not (tmp_path / "run").exists()
    assert share_of("3/4") == Share(3, 4)


KILLED = """
import os, signal, sys
from freqbias.files import atomic, held
from freqbias.run.parts import Parts, Share

store, share = Parts(__import__("pathlib").Path(sys.argv[1])), Share(2, 5)
with held(store.lock_path(share), "", store.folder):
    store.claim_path(share).write_text("rows-000-0000002.jsonl")
    names = [store.path(name) for name in ("rows-000-0000002.jsonl", "texts-0a.npy", "rows-000-0000002.jsonl.given-up")]
    writing = [atomic(path) for path in [*names, store.manifest_path(share), store.claim_path(share)]]
    for one in writing:
        one.__enter__().write(b"{")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_killed_processes_have_left_is_gone_when_all_is_joined(cli, pairs, tmp_path):
    out = tmp_path / "run"
    share(cli, pairs, out, 0, 1, "--lm", "failing:lm")
    store = Parts(out)
    mine = {"notes.txt", ".notes.txt.12.partial", ".lock-mine", ".rows-000-0000001.jsonl.partial", ".claim"}
    for name in mine:
        store.path(name).touch()
    whole = {path.name for path in store.folder.iterdir()}
    killed = subprocess.run([sys.executable, "-c", KILLED, out], check=False)
    assert killed.returncode == -signal.SIGKILL
    left = {path.name for path in store.folder.iterdir()} - whole
    assert len(left) == 7
    with held(store.lock_path(Share(0, 3)), "", out):  # somebody measures
        assert cli("merge", out).exit_code == 0
        assert left <= {path.name for path in store.folder.iterdir()}
    assert cli("merge", out).exit_code == 0
    assert {path.name for path in store.folder.iterdir()} == whole


def test_a_process_that_measures_a_share_keeps_others_off(cli, pairs, tmp_path):
    share(cli, pairs, tmp_path / "run", 0, 2, "--lm", "failing:lm")
    with held(Parts(tmp_path / "run").lock_path(Share(1, 2)), "", tmp_path):
        result = cli("run", "--pairs", pairs, "--lm", "failing:lm", "--out", tmp_path / "run", "--shard", "1/2")
    assert (result.exit_code, "another process measures share 1/2" in result.stderr) == (2, True)


def test_probe_takes_shares_too(cli, tmp_path):
    pairs = write_pairs(tmp_path / "pairs.jsonl", 600)
    command = ("--lm", "failing:lm", "--probe", "likelihood")
    assert cli("probe", pairs, "--out", tmp_path / "one" / "observations.jsonl", *command).exit_code == 0
    out = tmp_path / "run" / "observations.jsonl"
    for index in range(2):
        assert cli("probe", pairs, "--out", out, *command, "--shard", f"{index}/2").exit_code == 0
    assert cli("merge", out.parent).exit_code == 0
    assert out.read_bytes() == (tmp_path / "one" / "observations.jsonl").read_bytes()
    odd = cli("probe", pairs, "--out", tmp_path / "rows.jsonl", *command, "--shard", "0/2")
    assert (odd.exit_code, "a share lies in a run folder" in odd.stderr) == (2, True)


def test_parts_of_probe_and_of_run_are_told_apart_before_any_work(cli, tmp_path):
    pairs = write_pairs(tmp_path / "pairs.jsonl", 300)
    command = ("--lm", "failing:lm", "--probe", "likelihood")

    def refused_with(line, folder, *words):
        before = sorted((path.name, path.stat().st_mtime_ns) for path in folder.rglob("*"))
        result = cli(*words)
        assert result.exit_code == 2, result.output
        assert result.stderr.splitlines()[-1].startswith(f"freqbias: {folder}: holds parts that freqbias {line}"), result.stderr
        assert sorted((path.name, path.stat().st_mtime_ns) for path in folder.rglob("*")) == before

    probed, ran_ = tmp_path / "probed", tmp_path / "ran"
    assert cli("probe", pairs, "--out", probed / "observations.jsonl", *command, "--shard", "0/2").exit_code == 0
    go_on = "probe has measured: give freqbias probe the other shares too, then freqbias merge, then freqbias analyze; or give another"
    for more in (("--shard", "1/2"), (), ("--devices", "cpu,cpu")):
        refused_with(go_on, probed, "run", "--pairs", pairs, *command, "--out", probed, *more)
    share(cli, pairs, ran_, 1, 2, *command)
    other = ("probe", pairs, "--out", ran_ / "observations.jsonl", *command, "--shard", "0/2")
    refused_with("run has measured: give freqbias run the other shares too", ran_, *other)


def test_a_share_of_probe_joined_to_one_of_run_goes_on_to_the_report(cli, pairs, tmp_path):
    lm = ("--lm", "failing:lm", "--probe", "likelihood")
    share(cli, pairs, tmp_path / "ran", 1, 2, *lm)
    assert (
        cli(
            "probe", tmp_path / "ran" / "pairs.jsonl", "--out", tmp_path / "probed" / "observations.jsonl", *lm, "--shard", "0/2"
        ).exit_code
        == 0
    )
    assert cli("merge", tmp_path / "all", tmp_path / "probed", tmp_path / "ran").exit_code == 0
    assert (tmp_path / "all" / "report.html").exists()


def test_parts_of_pairs_are_the_same_however_they_are_reached(tmp_path):
    file = PairFile(write_pairs(tmp_path / "pairs.jsonl", 10))
    assert [pair.id for part in (3, 0, 2, 1) for pair in file.part(part, 3)] == [
        "p9",
        "p0",
        "p1",
        "p2",
        "p6",
        "p7",
        "p8",
        "p3",
        "p4",
        "p5",
    ]


def test_vectors_go_through_a_file_and_a_damaged_one_is_one_line(tmp_path):
    store, name = Parts(tmp_path), "texts-1.npy"
    matrices = [np.ones((2, 3), np.float32), np.zeros((1, 3), np.float32)]
    store.write(name, vectors_bytes(matrices))
    whole = store.path(name).read_bytes()
    assert all((a == b).all() for a, b in zip(vectors_of(store.read(name)), matrices, strict=True))
    for damage in (whole[:-4], whole[:50], b""):
        store.path(name).write_bytes(damage)
        with pytest.raises(InputError, match=r"texts-1\.npy: is damaged; delete this file"):
            store.read(name)
    store.path("texts-2.npy").write_bytes(whole)
    with pytest.raises(InputError, match="is damaged"):  # another part under this name
        store.read("texts-2.npy")
    store.write(name, vectors_bytes([]))
    assert vectors_of(store.read(name)) == []


def test_real_models_give_the_bytes_of_one_process(cli, pairs, tmp_path, monkeypatch):
    needed("sentence_transformers")
    for name in ("minilm", "smollm2-135m"):
        if find_alias(name).ready_directory() is None:
            missing(f"model {name}")
    for place in (parts, scoring):
        monkeypatch.setattr(place, "CHUNK", 16)
    few = tmp_path / "few.jsonl"
    few.write_bytes(b"".join(pairs.read_bytes().splitlines(keepends=True)[:25]))
    models = ("--embedder", "minilm", "--lm", "smollm2-135m", "--probe", "similarity", "--probe", "likelihood", "--part", "10")
    one = ran(cli, "run", "--pairs", few, *models, "--out", tmp_path / "one")
    for index in (1, 0):
        share(cli, few, tmp_path / "two", index, 2, *models)
    assert len(Parts(tmp_path / "two").names()) > 6
    assert ran(cli, "merge", tmp_path / "two") == one
