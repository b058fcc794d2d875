"""The bundled pairs that two readers judged blind, `paraphrases/data/blind_read.jsonl`, as they were shown them.

    python benchmarks/pair_sample.py > sample.tsv

One line a pair: number, A, B; sides and order are random. Drawn are sentences of the sets that both readers of the sets called the same:
the default pairs, `headline` and `gap_matched` hold no others. The first draw is of pairs as `--sets all` gives them; the second, made so
that intervals can exclude one wrong pair in a hundred, is of the sentences that the first left.
"""

import sys
from collections.abc import Iterator

import numpy as np

from freqbias.paraphrases.lexicon import fitting_frames, generate, sets_by_id, synonym_sets
from freqbias.terms import FREQUENCY, PLACEBO

FIRST, FIRST_SEED = {FREQUENCY: 150, PLACEBO: 60}, 2606
SECOND, SECOND_SEED = {FREQUENCY: 240, PLACEBO: 330}, 2607
Shown = tuple[str, str, str, str]  # arm, set, A, B


def first() -> list[Shown]:
    """Return the pairs of the first draw in the order that readers saw."""
    rng = np.random.default_rng(FIRST_SEED)
    pairs = sorted(generate(sets="all"), key=lambda pair: pair.id)
    drawn = []
    for arm, size in FIRST.items():
        own = [pair for pair in pairs if pair.arm == arm and sets_by_id(arm)[pair.item].surely_same]
        drawn += [own[k] for k in rng.permutation(len(own))[:size]]
    shown = [(pair, pair.high, pair.low) if rng.integers(2) else (pair, pair.low, pair.high) for pair in drawn]
    return [(pair.arm, pair.item, a, b) for pair, a, b in (shown[k] for k in rng.permutation(len(shown)))]


def second(seen: list[Shown]) -> list[Shown]:
    """Return the pairs of the second draw in the order that readers saw."""
    rng = np.random.default_rng(SECOND_SEED)
    known = {frozenset(row[2:]) for row in seen}
    drawn: list[Shown] = []
    for arm, size in SECOND.items():
        own = [row for row in _every(arm) if frozenset(row[2:]) not in known]
        drawn += [own[k] for k in rng.permutation(len(own))[:size]]
    mixed = [drawn[k] for k in rng.permutation(len(drawn))]
    return [(arm, item, b, a) if rng.integers(2) else (arm, item, a, b) for arm, item, a, b in mixed]


def _every(arm: str) -> Iterator[Shown]:
    for item in synonym_sets(arm):
        for frame in fitting_frames(item.id, arm) if item.surely_same else ():
            yield arm, item.id, frame.fill(item.high), frame.fill(item.low)


if __name__ == "__main__":
    rows = first()
    for number, (_, _, a, b) in enumerate([*rows, *second(rows)], start=1):
        sys.stdout.write(f"{number}\tA: {a}\tB: {b}\n")
