"""Which words differ between two forms, and by how much their frequency differs: one definition for every generator."""

import difflib
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from freqbias.frequency.measures import content_zipf
from freqbias.frequency.words import stop_words, tokens, word_zipf
from freqbias.terms import SWAPPED_WORDS, WHOLE_TEXT

_ARTICLES = {"an": "a"}
MAX_ALIGNED = 2_000  # words a side; an alignment takes the square of their number, and texts that long are rewritten, not swapped
MIN_KEPT = 0.5  # of the words: where so many stay in their places, the others face each other too


@dataclass(frozen=True, kw_only=True)
class Swap:
    """What differs between two forms: the words of each side, whether they face each other one by one, and the gap between them."""

    high: tuple[str, ...]
    low: tuple[str, ...]
    aligned: bool
    zipf_gap: float | None
    unknown: tuple[str, ...]

    @property
    def words(self) -> int | None:
        """How many words were swapped, one for one; None where the sides have different numbers of them."""
        return len(self.high) if len(self.high) == len(self.low) else None


class Gap(NamedTuple):
    """By how much the high form is more frequent, in Zipf units, and what that was measured on.

    `of` is `swap` (the mean over the words that face each other) or `text` (the mean over all content words of either text, which
    shrinks as texts grow); the two are not to be mixed. None where it is somebody's own number.
    """

    value: float | None
    of: str | None


def zipf_gap(high: str, low: str, language: str = "en") -> Gap:
    """Return the frequency gap of two forms: over their swapped words, or over all content words where a rewrite has no alignment.

    The value is None where no swapped couple is known, or a text has no known content word; 0 where no word differs.
    """
    found = swap(high, low, language)
    if found.aligned:
        return Gap(found.zipf_gap, SWAPPED_WORDS)
    first, second = content_zipf(high, language), content_zipf(low, language)
    return Gap(None if first is None or second is None else first - second, WHOLE_TEXT)


def mean_zipf_gap(couples: Iterable[tuple[str, str]], language: str = "en") -> float | None:
    """Return the mean over (high, low) words of Zipf(high) - Zipf(low); couples with an unknown word are left out, None without any.

    A difference of Zipf values is a difference of log10 probabilities.
    """
    gaps = [
        first - second
        for high, low in couples
        if (first := word_zipf(high, language)) is not None and (second := word_zipf(low, language)) is not None
    ]
    return math.fsum(gaps) / len(gaps) if gaps else None


def swap(high: str, low: str, language: str = "en") -> Swap:
    """Align two forms word by word and return the words that differ.

    They are `aligned` where the forms have equally many words, and those that differ face each other: most words are kept in their
    places, or a content word always faces a content word. Then `zipf_gap` is `mean_zipf_gap` of the couples, positive where `high` is
    more frequent, 0 where none differs; else None. `an` counts as `a`, since an article only follows its noun. `unknown` names words
    that have no frequency. Of texts beyond `MAX_ALIGNED` words in which words have moved, those that either has more of are returned.
    """
    return swap_of_tokens(tokens(high, language), tokens(low, language), language)


def swap_of_tokens(high: Sequence[str], low: Sequence[str], language: str = "en") -> Swap:
    """Do the work of `swap` on token lists."""
    articles = _ARTICLES if language == "en" else {}
    sides = [[articles.get(word, word) for word in side] for side in (high, low)]
    couples = [(a, b) for a, b in zip(*sides, strict=False) if a != b]
    aligned = len(sides[0]) == len(sides[1]) and _face_each_other(sides, couples, language)
    if aligned:
        swapped = ([a for a, _ in couples], [b for _, b in couples])
        gap = mean_zipf_gap(couples, language) if couples else 0.0 if sides[0] else None
    else:
        swapped, gap = _unmatched(sides) if _is_long(sides) else ([], []), None
        for tag, i, j, k, m in _opcodes(sides):
            if tag != "equal":
                swapped[0].extend(sides[0][i:j])
                swapped[1].extend(sides[1][k:m])
    unknown = [word for words in swapped for word in words if word_zipf(word, language) is None]
    return Swap(high=tuple(swapped[0]), low=tuple(swapped[1]), aligned=aligned, zipf_gap=gap, unknown=tuple(unknown))


def _opcodes(sides: Sequence[Sequence[str]]) -> Sequence[tuple[str, int, int, int, int]]:
    if _is_long(sides):
        return []
    return difflib.SequenceMatcher(None, sides[0], sides[1], autojunk=False).get_opcodes()


def _is_long(sides: Sequence[Sequence[str]]) -> bool:
    return max(map(len, sides)) > MAX_ALIGNED


def _unmatched(sides: Sequence[Sequence[str]]) -> tuple[list[str], list[str]]:
    """Return the words of each of two long texts that the other has fewer of, wherever they stand."""
    counts = [Counter(side) for side in sides]
    return list((counts[0] - counts[1]).elements()), list((counts[1] - counts[0]).elements())


def _face_each_other(sides: Sequence[Sequence[str]], couples: Sequence[tuple[str, str]], language: str) -> bool:
    """Tell whether the words that differ, place by place, are swaps: nothing moved, and they are few or of the same class."""
    total, kept = len(sides[0]), len(sides[0]) - len(couples)
    moved = not {a for a, _ in couples}.isdisjoint(b for _, b in couples)
    if moved and _is_long(sides):
        return False
    if moved and any(tag in ("insert", "delete") for tag, *_ in _opcodes(sides)):
        return False
    if kept >= MIN_KEPT * total or total == 1:
        return True
    stop = stop_words(language)
    return bool(stop) and all((a in stop) == (b in stop) for a, b in couples)
