"""No word pair may be most of an arm: a cap on how often each set is swapped."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

MAX_SHARE = 0.1  # of an arm's swaps; ten sets are the fewest that an arm can rest on


def most_of(counts: Counter[str], share: float) -> int:
    """Return how often one set may be swapped at most, so that it is no more than `share` of what all then have together.

    At least once, even where the arm has too few sets for that.
    """
    for most in range(max(counts.values(), default=1), 1, -1):
        if most <= share * sum(min(count, most) for count in counts.values()):
            return most
    return 1


def capped(sets: Sequence[str], share: float, rng: np.random.Generator) -> list[bool]:
    """Tell which swaps of an arm stay, by their sets: those of a set beyond the cap are drawn at random. Shape (n swaps,)."""
    most = most_of(Counter(sets), share)
    places: dict[str, list[int]] = {}
    for place, name in enumerate(sets):
        places.setdefault(name, []).append(place)
    stays = [True] * len(sets)
    for own in places.values():
        if len(own) > most:
            for k in rng.permutation(len(own))[most:]:
                stays[own[k]] = False
    return stays
