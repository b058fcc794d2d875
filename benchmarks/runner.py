"""Bookkeeping of the runner: pairs a second of CPU time, memory, what two processes gain over one, how soon a run goes on.

    python benchmarks/runner.py [PAIRS]

* A probe that costs nothing runs through the real stage: pairs are read and checked, rows built, checked as those of a plugin are,
  written, synced and marked; then the same command runs again and finds everything done; then once more over the first half, as after an
  interruption. Every size has a process of its own, so that its peak memory is its own. CPU time is user plus system, of that process.
* A model that costs CPU time measures the same pairs in one process, then in two side by side, `--shard 0/2` and `1/2`. Efficiency is
  what one process takes, over twice what the longer of the two takes: by the clock, which needs two idle cores, and in CPU time.
* The command goes on with a run of which all but one part is measured: seconds until there is more in the observation file.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from freqbias.files import PairFile, read_manifest, sha256, write_json
from freqbias.probes import Probe
from freqbias.progress import silent
from freqbias.records import Observation
from freqbias.run.journal import only_writer, side_file
from freqbias.run.probing import Probing
from freqbias.run.steps import Plan

SMALL, LARGE = 10_000, 1_000_000
MIN_RATE, MAX_GROWTH_MB, MIN_EFFICIENCY, MAX_RESUME_SECONDS = 100_000, 50, 0.9, 10  # the goals
SHARED_PAIRS, PAIR_SECONDS = 5120, 0.002  # of the run that two processes share: what the model costs is most of it
FOLDER = str(Path(__file__).parent)


def model(texts):
    """Give every text the same log-probability."""
    return [np.zeros(1)] * len(texts)


def costly(texts):
    """Return the same, for CPU time."""
    end = time.process_time() + PAIR_SECONDS * len(texts)
    while time.process_time() < end:
        pass
    return model(texts)


def asking(pairs, model, common):
    """Yield the same rows, the model asked once a pair."""
    model.log_probs([pair.high for pair in pairs])
    yield from rows(pairs, model, common)


def rows(pairs, model, common):
    """Yield one row a pair without asking the model."""
    for pair in pairs:
        yield Observation(
            pair_id=pair.id,
            item=pair.item,
            arm=pair.arm,
            probe="nothing",
            measure="log_prob_nats",
            contrast="gap",
            model=model.info.name,
            revision=model.info.fingerprint,
            high=len(pair.high) / 7,
            low=len(pair.low) / 7,
        )


probe = Probe(name="nothing", needs="language_model", summary="one row a pair, for nothing", run=rows)
asked = Probe(name="nothing", needs="language_model", summary="one row a pair, for CPU time", run=asking)


def write_pairs(path: Path, count: int) -> None:
    """Write pairs with what a probe needs: texts, a gloss, frequencies."""
    with path.open("w", encoding="utf-8") as stream:
        for n in range(count):
            row = {
                "id": f"{n:016x}",
                "item": f"item {n // 5}",
                "arm": "frequency",
                "high": f"The car number {n} broke down on the way home.",
                "low": f"The jalopy number {n} broke down on the way home.",
                "queries": {"gloss_plain": ["an old machine on wheels"]},
                "zipf_high": 5.123456,
                "zipf_low": 4.654321,
                "zipf_gap": 2.25,
            }
            stream.write(json.dumps(row) + "\n")


def measure(folder: Path) -> dict[str, float]:
    """Run the stage three times; return CPU seconds and the peak memory in MB."""
    plan = Plan(language_models=["runner:model"], probes=["runner:probe"])
    out = folder / "observations.jsonl"
    seconds = {}

    def once(name: str) -> None:
        started = time.process_time()
        with only_writer(out):
            Probing(PairFile(folder / "pairs.jsonl"), plan, out, {"command": "probe"}, silent).run()
        seconds[name] = time.process_time() - started

    _ = plan.steps  # loads numpy and the model's libraries, which are no bookkeeping
    once("whole")
    whole = sha256(out)
    once("nothing to do")
    half = _interrupt(folder, out)
    once("second half")
    if sha256(out) != whole:
        raise SystemExit("the continued run differs")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**seconds, "half": half, "peak": peak}


def _interrupt(folder: Path, out: Path, parts: int | None = None) -> int:
    """Take the folder back to some of its parts, by default half; return how many pairs are missing then."""
    manifest = read_manifest(folder / "manifest.json")
    probing = manifest["probing"]
    parts = probing["pairs"] // probing["pairs_at_once"] // 2 if parts is None else parts
    with out.open("rb+") as stream:
        for _ in range(parts * probing["pairs_at_once"]):
            stream.readline()
        side_file(out, "marks").write_text(f"{parts} {stream.tell()}\n", encoding="ascii")
        stream.write(b"{torn")
        stream.truncate()
    write_json(folder / "manifest.json", {**manifest, "probing": {**probing, "complete": False}})
    return int(probing["pairs"] - parts * probing["pairs_at_once"])


def command(*words: str) -> "subprocess.Popen[bytes]":
    """Start the program, which finds the model and the probes in this file."""
    path = os.pathsep.join([FOLDER, *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, "-m", "freqbias", "-q", *words], env=environment)  # noqa: S603


def took(processes: "list[subprocess.Popen[bytes]]") -> tuple[float, float]:
    """Wait for processes that were just started; return seconds by the clock, and CPU seconds of the one that took most."""
    started, most = time.monotonic(), 0.0
    for process in processes:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"a command ended with {process.returncode}")
        most = max(most, used.ru_utime + used.ru_stime)
    return time.monotonic() - started, most


def efficiency() -> tuple[float, float]:
    """Return what two processes gain over one, as a share of twice as much: by the clock, and in CPU time."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pairs(folder / "pairs.jsonl", SHARED_PAIRS)
        asked = ("probe", str(folder / "pairs.jsonl"), "--lm", "runner:costly", "--probe", "runner:asked")
        one = took([command(*asked, "--out", str(folder / "one" / "observations.jsonl"))])
        shares = [(*asked, "--out", str(folder / "two" / "observations.jsonl"), "--shard", f"{k}/2") for k in range(2)]
        two = took([command(*words) for words in shares])
        took([command("merge", str(folder / "two"))])
        if sha256(folder / "one" / "observations.jsonl") != sha256(folder / "two" / "observations.jsonl"):
            raise SystemExit("two processes measure something else than one")
    return one[0] / two[0] / 2, one[1] / two[1] / 2


def seconds_to_go_on(folder: Path, *words: str) -> tuple[float, float]:
    """Return seconds from the start of a command until there is more in the observation file than it found: by the clock, of CPU."""
    out = folder / "observations.jsonl"
    probing = read_manifest(folder / "manifest.json")["probing"]
    _interrupt(folder, out, -(-probing["pairs"] // probing["pairs_at_once"]) - 1)
    found = int(side_file(out, "marks").read_text(encoding="ascii").split()[1])
    started = time.monotonic()
    process = command(*words, "--lm", "runner:model", "--probe", "runner:probe", "--out", str(out if words[0] == "probe" else folder))
    while (ends := process.poll()) is None and out.stat().st_size <= found + len("{torn"):
        time.sleep(0.005)
    seconds = time.monotonic() - started
    process.kill()
    _, _, used = os.wait4(process.pid, 0) if ends is None else (0, 0, resource.getrusage(resource.RUSAGE_CHILDREN))
    process.returncode = ends or 0
    if ends:
        raise SystemExit(f"the command ended with {ends}")
    return seconds, used.ru_utime + used.ru_stime


def tell(what: str, found: float, unit: str, goal: str, ok: bool) -> None:
    """Print a figure beside its goal."""
    sys.stdout.write(f"{what}: {found:,.2f} {unit} (goal: {goal}){'' if ok else ': NOT REACHED'}\n")
    sys.stdout.flush()


def main() -> None:
    """Print every figure beside its goal."""
    if sys.argv[1:2] == ["--measure"]:
        sys.path.append(FOLDER)
        sys.stdout.write(json.dumps(measure(Path(sys.argv[2]))))
        return
    large = int(sys.argv[1]) if len(sys.argv) > 1 else LARGE
    peaks, resumed = [], (0.0, 0.0)
    for count in (SMALL, large):
        with tempfile.TemporaryDirectory() as name:
            write_pairs(Path(name) / "pairs.jsonl", count)
            done = subprocess.run([sys.executable, __file__, "--measure", name], capture_output=True, text=True, check=True)  # noqa: S603
            if count == large:
                resumed = seconds_to_go_on(Path(name), "probe", f"{name}/pairs.jsonl")
        found = json.loads(done.stdout)
        peaks.append(found["peak"])
        rates = (count / found["whole"], count / found["nothing to do"], found["half"] / found["second half"])
        sys.stdout.write(
            f"{count:,} pairs: {rates[0]:,.0f} pairs/s of CPU; where nothing is left to do {rates[1]:,.0f}; "
            f"for the second half {rates[2]:,.0f}; peak {found['peak']:.0f} MB\n"
        )
    growth = peaks[1] - peaks[0]
    tell(f"CPU, {large:,} pairs in one process", rates[0], "pairs/s", f"at least {MIN_RATE:,}", rates[0] >= MIN_RATE)
    tell(f"memory, from {SMALL:,} pairs", growth, "MB more", f"under {MAX_GROWTH_MB}", growth < MAX_GROWTH_MB)
    busy = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    for kind, seconds in ((f"clock, {busy}", resumed[0]), ("CPU time", resumed[1])):
        tell(f"going on at {large:,} rows, {kind}", seconds, "s", f"under {MAX_RESUME_SECONDS}", seconds < MAX_RESUME_SECONDS)
    clock, cpu = efficiency()
    tell("two processes over one, CPU time", cpu, "of twice as fast", f"at least {MIN_EFFICIENCY}", cpu >= MIN_EFFICIENCY)
    tell(f"two processes over one, clock, {busy}", clock, "of twice as fast", f"at least {MIN_EFFICIENCY}", clock >= MIN_EFFICIENCY)


if __name__ == "__main__":
    main()
