"""How the analysis grows: seconds and peak memory at 10^4, 10^5 and 10^6 observations, and their growth exponents; and the report.

    python benchmarks/analysis.py [LARGEST]

A run of 5 models x 4 measures; two frames an item, one third of the pairs placebo; three covariates in every row, as embedding models
with a tokenizer give them. Each size runs in a process of its own, so that peak memory is its own; an exponent is the slope of the log of
CPU seconds, or of megabytes, on log observations. Beside it stands what each further million observations takes. The page that a reader
opens does not grow with the pairs: it shows a sample of them.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from freqbias.files import write_records
from freqbias.records import Observation, Pair

MODELS, MEASURES, FRAMES = 5, 4, 12

CHILD = """
import resource, sys, time
from freqbias.run import stages
from freqbias.progress import silent
from pathlib import Path
folder = Path(sys.argv[1])
start = time.perf_counter()
rows = stages.analyze(folder / "observations.jsonl", folder / "pairs.jsonl", folder / "estimates.jsonl", 0, silent)
print(time.perf_counter() - start, time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, len(rows))
"""

REPORT = """
import resource, sys, time
from pathlib import Path
from freqbias.analysis.report.report import write_report
start = time.process_time()
write_report(sys.argv[1])
page = Path(sys.argv[1], "report.html").stat().st_size
print(time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, page / 1e6)
"""


def make(folder: Path, observations: int) -> None:
    """Write a run of about `observations` rows."""
    rng = np.random.default_rng(0)
    count = observations // (MODELS * MEASURES)
    pairs = [_pair(i, rng) for i in range(count)]
    write_records(folder / "pairs.jsonl", pairs)
    write_records(folder / "observations.jsonl", _observations(pairs, rng))


def _pair(i: int, rng: np.random.Generator) -> Pair:
    arm = "placebo" if i % 6 in (4, 5) else "frequency"
    extra = " x" * int(rng.integers(0, 3))
    return Pair(
        id=str(i),
        item=str(i // 2),
        arm=arm,
        high=f"text {i} in its high form",
        low=f"text {i} in its low form{extra}",
        zipf_gap=float(rng.uniform(0.7, 3)) if arm == "frequency" else 0.0,
        meta={"frame": str(i % FRAMES), "oriented_by": "characters" if arm == "placebo" else None},
    )


def _observations(pairs, rng):
    for model in range(MODELS):
        for measure in range(MEASURES):
            for pair in pairs:
                gap = 0.01 * (pair.zipf_gap or 0) + rng.normal(0, 0.05)
                yield Observation(
                    pair_id=pair.id,
                    item=pair.item,
                    arm=pair.arm,
                    probe="bench",
                    measure=f"measure{measure}",
                    contrast="gap",
                    model=f"model{model}",
                    high=0.5 + gap,
                    low=0.5,
                    decoys={"high": 0.3, "low": 0.3},
                    covariates={"subwords": [8, 8 + int(gap * 20) % 3], "truncated": [0, 0], "whole_word": [1, int(gap > 0)]},
                )


def _numbers(code: str, folder: str) -> list[float]:
    """Return the numbers that a process of its own prints."""
    done = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=True)  # noqa: S603
    return list(map(float, done.stdout.split()))


def main() -> None:
    """Print one line a size and the exponent."""
    largest = int(float(sys.argv[1])) if len(sys.argv) > 1 else 10**6
    points = []
    for size in (largest // 100, largest // 10, largest):
        with tempfile.TemporaryDirectory() as name:
            make(Path(name), size)
            wall, busy, peak, estimates = _numbers(CHILD, name)
            seconds, memory, page = _numbers(REPORT, name)
        points.append((size, busy, peak))
        sys.stdout.write(
            f"{size:>10,} observations: {wall:6.1f} s wall, {busy:6.1f} s of CPU, peak {peak:,.0f} MB, {estimates:.0f} estimates; "
            f"report: {seconds:5.1f} s of CPU, peak {memory:,.0f} MB, page {page:.1f} MB\n"
        )
        sys.stdout.flush()
    sizes, seconds, peaks = (np.array(column) for column in zip(*points, strict=True))
    slopes = [np.polyfit(np.log(sizes), np.log(values), 1)[0] for values in (seconds, peaks)]
    more = [(values[-1] - values[-2]) / (sizes[-1] - sizes[-2]) * 1e6 for values in (seconds, peaks)]
    sys.stdout.write(
        f"growth exponent: CPU seconds {slopes[0]:.2f}, peak memory {slopes[1]:.2f}; "
        f"each further million observations: {more[0]:.0f} s of CPU, {more[1]:,.0f} MB\n"
    )


if __name__ == "__main__":
    main()
