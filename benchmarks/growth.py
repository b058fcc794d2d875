"""Growth of probes and of the analysis with the number of pairs: seconds, peak memory, bytes of observations, and their exponents.

    python benchmarks/growth.py [LARGEST] [PROBE ...]

Every probe runs over pairs with two glosses, queries in either word and decoys, three frames an item, against an embedder that costs
nothing: its vector of 384 numbers is a hash of the text. Each probe and size has a process of its own, so that peak memory is its own.
An exponent is the slope of log CPU seconds on log pairs: 1 is proportional, 2 is every pair against every other. CPU time is user
plus system, with one thread (OMP_NUM_THREADS=1).
"""

import hashlib
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from freqbias.files import PairFile
from freqbias.progress import silent
from freqbias.run.journal import only_writer
from freqbias.run.probing import Probing
from freqbias.run.steps import Plan

PROBES = ("similarity", "inversion", "geometry", "retrieval")
LARGEST = 10_000
WIDTH = 384  # numbers in a vector, as of MiniLM
FRAMES = 3
FOLDER = str(Path(__file__).parent)
SYLLABLES = ("ba", "du", "ke", "li", "mo", "ra", "si", "tu", "wo", "ze")


def embed(texts):
    """Return a vector of every text that its SHAKE-128 digest gives, uniform in [-1, 1]."""
    size = WIDTH
    digests = b"".join(hashlib.shake_128(text.encode()).digest(size) for text in texts)
    return np.frombuffer(digests, np.int8).reshape(len(texts), size).astype(np.float32) / 128


def _name(number: int) -> str:
    """Return a made-up word for a number, of which no two are alike."""
    return "".join(SYLLABLES[int(digit)] for digit in f"{number:05d}")


def write_pairs(path: Path, count: int) -> None:
    """Write pairs with all that the probes of embeddings ask for."""
    frames = ("The {} broke down on the way home.", "We saw a {} at the end of the road.", "Nobody wanted to buy the {} last year.")
    with path.open("w", encoding="utf-8") as stream:
        for n in range(count):
            item, frame = n // FRAMES, frames[n % FRAMES]
            word = _name(item)
            row = {
                "id": f"{n:016x}",
                "item": f"item {item}",
                "arm": "placebo" if item % 3 == 2 else "frequency",
                "high": frame.format(f"car {word}"),
                "low": frame.format(f"jalopy {word}"),
                "queries": {
                    "gloss_plain": [f"an old machine on wheels called {word}"],
                    "gloss_elevated": [f"a superannuated conveyance by name of {word}"],
                    "naming_high": f"car {word}",
                    "naming_low": f"jalopy {word}",
                },
                "decoys": {"high": frame.format(f"house {word}"), "low": frame.format(f"abode {word}")},
                "zipf_high": 5.1,
                "zipf_low": 4.7,
                "zipf_gap": 0.0 if item % 3 == 2 else 2.25 + 0.01 * (item % 50),
                "meta": {"frame": str(n % FRAMES)} | ({"oriented_by": "characters"} if item % 3 == 2 else {}),
            }
            stream.write(json.dumps(row) + "\n")


def measure(folder: Path, probe: str) -> dict[str, float]:
    """Run one probe through the real stage; return wall and CPU seconds, peak memory in MB and bytes of observations."""
    plan = Plan(embedders=["growth:embed"], probes=[probe])
    out = folder / "observations.jsonl"
    _ = plan.steps  # loads numpy and the model's libraries, which do not grow
    wall, busy = time.perf_counter(), time.process_time()
    with only_writer(out):
        Probing(PairFile(folder / "pairs.jsonl"), plan, out, {"command": "probe"}, silent).run()
    seconds = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - busy}
    return {**seconds, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "bytes": out.stat().st_size}


def exponent(sizes: list[int], values: list[float]) -> float:
    """Return the slope of log values on log sizes."""
    return float(np.polyfit([math.log(size) for size in sizes], [math.log(max(value, 1e-9)) for value in values], 1)[0])


def main() -> None:
    """Print one line a probe and size, and one with the exponents."""
    if sys.argv[1:2] == ["--measure"]:
        sys.path.append(FOLDER)
        sys.stdout.write(json.dumps(measure(Path(sys.argv[2]), sys.argv[3])))
        return
    largest = int(float(sys.argv[1])) if len(sys.argv) > 1 else LARGEST
    sizes = [largest // 10, int(largest / 10**0.5), largest]
    for probe in sys.argv[2:] or PROBES:
        found = []
        for size in sizes:
            with tempfile.TemporaryDirectory() as name:
                write_pairs(Path(name) / "pairs.jsonl", size)
                command = [sys.executable, __file__, "--measure", name, probe]
                environment = {**os.environ, "OMP_NUM_THREADS": "1"}
                done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)  # noqa: S603
            found.append(json.loads(done.stdout))
            row = found[-1]
            sys.stdout.write(
                f"{probe:>10} {size:>9,} pairs: {row['wall']:7.1f} s wall, {row['cpu']:7.1f} s of CPU, peak {row['peak']:,.0f} MB, "
                f"{row['bytes'] / size:,.0f} bytes a pair\n"
            )
            sys.stdout.flush()
        of = {name: exponent(sizes, [row[name] for row in found]) for name in ("cpu", "peak")}
        sys.stdout.write(f"{probe:>10} growth exponent: CPU seconds {of['cpu']:.2f}, peak memory {of['peak']:.2f}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
