"""Which words differ between two forms, and by how much their frequency differs."""

import difflib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from freqbias.frequency.words import tokens, word_zipf

_ARTICLES = {"an": "a"}


@dataclass(frozen=True, kw_only=True)
class Swap:
    """What differs between two forms: aligned words of each side and the gap between their frequencies."""

    high: tuple[str, ...]
    low: tuple[str, ...]
    zipf_gap: float | None
    unknown: tuple[str, ...]

    @property
    def words(self) -> int | None:
        """How many words were swapped, one for one; None where the sides have different numbers of them."""
        return len(self.high) if len(self.high) == len(self.low) else None


def swap(high: str, low: str, language: str = "en") -> Swap:
    """Align two forms word by word and return the words that differ and their `zipf_gap`.

    The gap is the mean Zipf value of the swapped words of `high` minus that of `low`, in Zipf units (positive: `high` is more
    frequent); a difference of Zipf values is a difference of log10 probabilities. `an` counts as `a`, since an article only follows
    its noun. Unknown words are left out and named in `unknown`; the gap is None when a side has no known word.
    """
    return swap_of_tokens(tokens(high, language), tokens(low, language), language)


def swap_of_tokens(high: Sequence[str], low: Sequence[str], language: str = "en") -> Swap:
    """Do the work of `swap` on token lists."""
    articles = _ARTICLES if language == "en" else {}
    sides = [[articles.get(word, word) for word in side] for side in (high, low)]
    swapped: tuple[list[str], list[str]] = ([], [])
    for tag, i, j, k, m in difflib.SequenceMatcher(None, sides[0], sides[1], autojunk=False).get_opcodes():
        if tag != "equal":
            swapped[0].extend(sides[0][i:j])
            swapped[1].extend(sides[1][k:m])
    means = [_mean_known(words, language) for words in swapped]
    gap = None if means[0] is None or means[1] is None else means[0] - means[1]
    unknown = [word for words in swapped for word in words if word_zipf(word, language) is None]
    return Swap(high=tuple(swapped[0]), low=tuple(swapped[1]), zipf_gap=gap, unknown=tuple(unknown))


def _mean_known(words: Iterable[str], language: str) -> float | None:
    known = [value for word in words if (value := word_zipf(word, language)) is not None]
    return math.fsum(known) / len(known) if known else None
