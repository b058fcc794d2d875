"""What else could explain a document's relevance: rare words of the collection, words shared with the query, forms far apart."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from freqbias.covariates import token_overlap
from freqbias.frequency import tokens
from freqbias.models.relevance import Scorer
from freqbias.probes.common import gloss_queries
from freqbias.records import Pair
from freqbias.terms import SIDES


class Idf:
    """Mean inverse document frequency of a text's words among both forms of all pairs; bounded by the number of distinct words.

    ln(1 + (N - n + .5) / (n + .5)) for a word in n of N documents. Reference: Robertson & Zaragoza (2009), doi:10.1561/1500000019.
    """

    def __init__(self, pairs: Iterable[Pair]):
        self._holding: Counter[str] = Counter()
        self._documents = 0
        for pair in pairs:
            for side in SIDES:
                self._holding.update(set(tokens(getattr(pair, side), pair.language)))
                self._documents += 1

    def __call__(self, text: str, language: str = "en") -> float | None:
        """Return the mean over a text's tokens; None for a text without any."""
        found = [self._holding[word] for word in tokens(text, language)]
        if not found:
            return None
        return sum(math.log1p((self._documents - n + 0.5) / (n + 0.5)) for n in found) / len(found)


def gloss_overlap(pair: Pair, register: str) -> list[float | None]:
    """Return the mean share of tokens (Dice) that each form has in common with its glosses of a register."""
    texts = gloss_queries(pair).get(register, [])
    sides = [[token_overlap(text, getattr(pair, side), pair.language) for text in texts] for side in SIDES]
    return [None if None in side or not side else float(np.mean([value for value in side if value is not None])) for side in sides]


def form_cosines(pairs: Sequence[Pair], model: Scorer) -> dict[str, dict[str, list[float | None]]]:
    """Return the cosine of each pair's two documents by pair id, the same on both sides; empty for models without dense vectors."""
    encode = getattr(model, "encode", None)
    if encode is None or not pairs:
        return {pair.id: {} for pair in pairs}
    high, low = (encode([getattr(pair, side) for pair in pairs], role="document").astype(np.float64) for side in SIDES)
    lengths = np.linalg.norm(high, axis=1) * np.linalg.norm(low, axis=1)
    cosines = np.einsum("ij,ij->i", high, low) / np.where(lengths > 0, lengths, np.nan)
    values = [value if math.isfinite(value) else None for value in cosines.tolist()]
    return {pair.id: {"form_cosine": [value, value]} for pair, value in zip(pairs, values, strict=True)}
