"""Which half of the items a text belongs to.

The items are divided into two halves of as equal size as can be. Items that share a text, be it a query, a document or a decoy, are in
one half, so no text of a judged item, nor its wrong documents, was in what its remedy was fitted on. (Single words may be: it is texts
that are held out.) Queries that ask for nothing, which all items share, are in neither.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from freqbias.probes.common import documents_of, queries_of, text_hash
from freqbias.records import Pair

FOLDS = 2
NOBODY = -1
NEUTRAL = "neutral"  # queries of a pair that ask for nothing

Halves = NDArray[np.int64]


class Folds:
    """Which half each text is judged in, from 0; `NOBODY` where it is of no item."""

    def __init__(self, pairs: Iterable[Pair]):
        parent: dict[int, int] = {}
        items: dict[int, None] = {}
        for pair in pairs:
            own = text_hash("item", pair.item)
            items[own] = None
            for text in texts_of(pair):
                _join(parent, own, text_hash(text))
        groups: dict[int, list[int]] = {}
        for item in items:
            groups.setdefault(_root(parent, item), []).append(item)
        counts, of_group = [0] * FOLDS, {}
        for root, own_items in sorted(groups.items(), key=lambda group: (-len(group[1]), min(group[1]))):
            of_group[root] = counts.index(min(counts))
            counts[of_group[root]] += len(own_items)
        self.items = tuple(counts)
        self._of = {key: of_group[_root(parent, key)] for key in list(parent)}

    def of(self, text: str) -> int:
        """Return the half that a text is judged in."""
        return self._of.get(text_hash(text), NOBODY)

    def of_item(self, item: str) -> int:
        """Return the half that an item is judged in."""
        return self._of[text_hash("item", item)]

    def among(self, texts: Sequence[str]) -> Halves:
        """Return the half of each text, shape (n,)."""
        return np.array([self.of(text) for text in texts], dtype=np.int64)


def texts_of(pair: Pair) -> Iterator[str]:
    """Yield the texts that are a pair's own: all but queries that ask for nothing."""
    yield from documents_of(pair)
    nothing = set(pair.queries.get(NEUTRAL, ()))
    yield from (text for text in queries_of(pair) if text not in nothing)


def _root(parent: dict[int, int], key: int) -> int:
    while parent.setdefault(key, key) != key:
        parent[key] = parent[parent[key]]
        key = parent[key]
    return key


def _join(parent: dict[int, int], one: int, other: int) -> None:
    first, second = sorted((_root(parent, one), _root(parent, other)))
    parent[second] = first
