"""What the suite adds to `SentenceTransformer.encode`, and the peak memory of the crossed design.

    python benchmarks/encoding.py [MODEL] [ITEMS]

Overhead: the same distinct texts, in the same batch size, once by `SentenceTransformer.encode` and once by the suite's scorer, store
included; the two take turns and change who is first, and the ratio of each turn is taken, so that a busy machine weighs on both. The
ratio of processor time is shown beside that of the clock, since other processes move it less. With 0 items only this is measured.
Memory: one process makes ITEMS items with two documents, two decoys, four glosses and two naming queries each and runs the probe
`similarity` on them, which asks for every cell of the crossed design.
"""

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import wordfreq

from freqbias.models import embedder
from freqbias.models.adapters.sentence_transformers import BATCH_SIZE
from freqbias.models.names.aliases import resolve
from freqbias.models.relevance import DenseScorer
from freqbias.probes.similarity import probe
from freqbias.progress import chunks, silent
from freqbias.records import Pair

TEXTS, TURNS = 512, 7
PAIRS_AT_ONCE = 256


def sentences(count: int, seed: int) -> list[str]:
    """Return distinct sentences of 6 to 18 frequent words."""
    rng = np.random.default_rng(seed)
    words = np.array([word for word in wordfreq.top_n_list("en", 20_000) if word.isascii() and word.isalpha()])
    return [f"{' '.join(rng.choice(words, size=rng.integers(6, 19)))} {i}." for i in range(count)]


def timed(function: Callable[[], Any]) -> tuple[Any, np.ndarray]:
    """Return what a function returns, and its seconds by the clock and of the processor."""
    start = np.array([time.perf_counter(), time.process_time()])
    result = function()
    return result, np.array([time.perf_counter(), time.process_time()]) - start


def overhead(name: str, texts: list[str]) -> np.ndarray:
    """Return the ratios of the suite's time to that of sentence-transformers, one row a turn: clock, processor. The first warms up."""
    from sentence_transformers import SentenceTransformer

    plain, ours = SentenceTransformer(resolve(name).path, device="cpu"), embedder(name, device="cpu")
    ratios = []
    ways = {
        "plain": lambda: plain.encode_document(texts, batch_size=BATCH_SIZE, show_progress_bar=False),
        "ours": lambda: DenseScorer(ours).encode(texts, role="document"),
    }
    for turn in range(TURNS + 1):
        order = list(ways) if turn % 2 else list(ways)[::-1]
        done = {way: timed(ways[way]) for way in order}
        if not np.allclose(done["ours"][0], done["plain"][0], atol=1e-5):
            raise SystemExit("the two ways disagree")
        if turn:
            ratios.append(done["ours"][1] / done["plain"][1])
    return np.array(ratios)


def show_overhead(name: str) -> None:
    """Print the ratios of the suite's time to that of sentence-transformers."""
    ratios = overhead(name, sentences(TEXTS, seed=0))
    sys.stdout.write(f"{name}: {TEXTS:,} texts, times SentenceTransformer.encode, median of {TURNS} turns (range):")
    for what, column in zip(("clock", "processor"), ratios.T, strict=True):
        sys.stdout.write(f" {what} {np.median(column):.3f} ({column.min():.3f} to {column.max():.3f})")
    sys.stdout.write("\n")


def items(count: int) -> list[Pair]:
    """Return one pair an item, every text of it distinct."""
    texts = iter(sentences(count * 10, seed=1))
    pairs = []
    for i in range(count):
        queries = {name: [next(texts), next(texts)] for name in ("gloss_plain", "gloss_elevated")}
        queries |= {name: next(texts) for name in ("naming_high", "naming_low")}
        decoys = {"high": next(texts), "low": next(texts)}
        pairs.append(Pair(id=str(i), item=str(i), arm="frequency", high=next(texts), low=next(texts), queries=queries, decoys=decoys))
    return pairs


def crossed(name: str, count: int) -> None:
    """Run the crossed design and print rows, peak memory in MB and seconds."""
    start = time.perf_counter()
    pairs = items(count)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    scorer = DenseScorer(embedder(name, device="cpu"))
    common = probe.prepare(pairs, scorer, silent)
    rows = sum(1 for part in chunks(pairs, PAIRS_AT_ONCE) for _ in probe.run(part, scorer, common))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{rows} {before} {peak} {time.perf_counter() - start}\n")


def main() -> None:
    """Print both figures, measured in one run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("model", nargs="?", default="minilm")
    parser.add_argument("items", nargs="?", type=int, default=5000)
    parser.add_argument("--crossed", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.crossed:
        crossed(given.model, given.items)
        return
    if (Path(resolve(given.model).path) / "modules.json").is_file():
        show_overhead(given.model)
    else:
        sys.stdout.write(f"{given.model}: no model of sentence-transformers, so there is no encode to hold its time against\n")
    sys.stdout.flush()
    if not given.items:
        return
    command = [sys.executable, __file__, given.model, str(given.items), "--crossed"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    rows, before, peak, seconds = map(float, done.stdout.split()[-4:])
    sys.stdout.write(f"{given.items:,} items, {given.items * 10:,} distinct texts: {rows:,.0f} rows in {seconds:.0f} s, ")
    sys.stdout.write(f"peak {peak:,.0f} MB ({before:,.0f} MB of it pairs and interpreter)\n")


if __name__ == "__main__":
    main()
