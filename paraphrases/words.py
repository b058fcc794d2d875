"""Word forms, articles and shared stems: what the generators need to know about English words."""

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any

from freqbias.frequency import content_words

SAME_BEGINNING = 5  # letters; 'drive' and 'driver' have different Snowball stems and are one word family

_FEATURES = {"words": ("noun", "NNS"), "past": ("verb", "VBD")}


@cache
def inflect_word(word: str, form: str) -> str:
    """Return `word` in a frame's form: `word` (as it is), `words` (plural of a noun) or `past` (of a verb); by lemminflect."""
    if form == "word":
        return word
    import lemminflect

    found: tuple[str, ...] = lemminflect.getInflection(word, tag=_FEATURES[form][1])
    return found[0]


@cache
def article(word: str) -> str:
    """Return 'a' or 'an' as the sound of the word wants it; by inflect."""
    import inflect

    return str(inflect.engine().a(word)).split()[0]


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """Return the Snowball (Porter 2) stem of a word."""
    return str(_stemmer().stemWord(word))


@cache
def _stemmer() -> Any:  # snowballstemmer has no types
    import snowballstemmer

    return snowballstemmer.stemmer("english")


@lru_cache(maxsize=1 << 16)
def _family(word: str) -> frozenset[str]:
    """Return what a word shares with its relatives: its stem and, from five letters on, its beginning."""
    return frozenset({stem(word), f"{word[:SAME_BEGINNING]}…"} if len(word) >= SAME_BEGINNING else {stem(word)})


def related(first: str, second: str) -> bool:
    """Tell whether two words share a stem or their first five letters."""
    return not _family(first).isdisjoint(_family(second))


@lru_cache(maxsize=1 << 16)
def _content(text: str) -> frozenset[str]:
    return frozenset(content_words(text))


def shared_words(first: Iterable[str], second: Iterable[str]) -> list[tuple[str, str]]:
    """Return the couples of related content words that two groups of texts share, sorted."""
    words = [sorted({word for text in texts for word in _content(text)}) for texts in (first, second)]
    families = frozenset().union(*map(_family, words[1]))
    return [(a, b) for a in words[0] if not _family(a).isdisjoint(families) for b in words[1] if related(a, b)]
