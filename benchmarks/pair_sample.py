"""The sample of bundled pairs that two readers judged blind, `paraphrases/data/blind_read.jsonl`, as they were shown it.

    python benchmarks/pair_sample.py > sample.tsv

One line a pair: number, A, B; sides and order are random. Drawn are sentences of the sets that both readers of the sets called the same:
the default pairs, `headline` and `gap_matched` hold no others.
"""

import sys

import numpy as np

from freqbias.paraphrases.lexicon import generate, sets_by_id
from freqbias.records import Pair
from freqbias.terms import FREQUENCY, PLACEBO

SIZES = {FREQUENCY: 150, PLACEBO: 60}
SEED = 2606


def sample() -> list[tuple[Pair, str, str]]:
    """Return the pairs with both texts in the order that readers saw."""
    rng = np.random.default_rng(SEED)
    pairs = sorted(generate(sets="all"), key=lambda pair: pair.id)
    drawn: list[Pair] = []
    for arm, size in SIZES.items():
        own = [pair for pair in pairs if pair.arm == arm and sets_by_id(arm)[pair.item].surely_same]
        drawn += [own[k] for k in rng.permutation(len(own))[:size]]
    shown = [(pair, pair.high, pair.low) if rng.integers(2) else (pair, pair.low, pair.high) for pair in drawn]
    return [shown[k] for k in rng.permutation(len(shown))]


if __name__ == "__main__":
    for number, (_, first, second) in enumerate(sample(), start=1):
        sys.stdout.write(f"{number}\tA: {first}\tB: {second}\n")
