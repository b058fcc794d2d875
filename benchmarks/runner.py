"""Bookkeeping of the runner: pairs a second of CPU time, and how memory grows with the number of pairs.

    python benchmarks/runner.py [PAIRS]

A probe that costs nothing runs through the real stage: pairs are read and checked, rows built, written, synced and marked; then the same
command runs again and finds everything done; then once more over the first half, as after an interruption. Every size has a process of
its own, so that its peak memory is its own. CPU time is user plus system, of the one process.
"""

import json
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
from freqbias.run.probing import Plan, Probing

SMALL, LARGE = 10_000, 1_000_000
FOLDER = str(Path(__file__).parent)


def model(texts):
    """Give every text the same log-probability."""
    return [np.zeros(1)] * len(texts)


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

    plan.steps  # noqa: B018  # loads numpy and the model's libraries, which are no bookkeeping
    once("whole")
    whole = sha256(out)
    once("nothing to do")
    half = _interrupt(folder, out)
    once("second half")
    if sha256(out) != whole:
        raise SystemExit("the continued run differs")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**seconds, "half": half, "peak": peak}


def _interrupt(folder: Path, out: Path) -> int:
    """Take the folder back to half of its parts; return how many pairs are missing then."""
    manifest = read_manifest(folder / "manifest.json")
    probing = manifest["probing"]
    parts = probing["pairs"] // probing["pairs_at_once"] // 2
    with out.open("rb+") as stream:
        for _ in range(parts * probing["pairs_at_once"]):
            stream.readline()
        side_file(out, "marks").write_text(f"{parts} {stream.tell()}\n", encoding="ascii")
        stream.write(b"{torn")
    write_json(folder / "manifest.json", {**manifest, "probing": {**probing, "complete": False}})
    return int(probing["pairs"] - parts * probing["pairs_at_once"])


def main() -> None:
    """Print the figures of both sizes and the growth between them."""
    if sys.argv[1:2] == ["--measure"]:
        sys.path.append(FOLDER)
        sys.stdout.write(json.dumps(measure(Path(sys.argv[2]))))
        return
    large = int(sys.argv[1]) if len(sys.argv) > 1 else LARGE
    peaks = []
    for count in (SMALL, large):
        with tempfile.TemporaryDirectory() as name:
            write_pairs(Path(name) / "pairs.jsonl", count)
            done = subprocess.run([sys.executable, __file__, "--measure", name], capture_output=True, text=True, check=True)  # noqa: S603
        found = json.loads(done.stdout)
        peaks.append(found["peak"])
        rates = (count / found["whole"], count / found["nothing to do"], found["half"] / found["second half"])
        sys.stdout.write(
            f"{count:,} pairs: {rates[0]:,.0f} pairs/s of CPU; where nothing is left to do {rates[1]:,.0f}; "
            f"for the second half {rates[2]:,.0f}; peak {found['peak']:.0f} MB\n"
        )
    sys.stdout.write(f"memory grows by {peaks[1] - peaks[0]:.0f} MB\n")


if __name__ == "__main__":
    main()
