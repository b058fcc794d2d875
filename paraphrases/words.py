"""Word forms, articles and shared stems: what the generators need to know about English words."""

from collections.abc import Iterable
from functools import cache, lru_cache

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
def _stemmer():  # type: ignore[no-untyped-def]  # snowballstemmer has no types
    import snowballstemmer

    return snowballstemmer.stemmer("english")


def related(first: str, second: str) -> bool:
    """Tell whether two words share a stem or their first five letters."""
    if stem(first) == stem(second):
        return True
    return min(len(first), len(second)) >= SAME_BEGINNING and first[:SAME_BEGINNING] == second[:SAME_BEGINNING]


def shared_words(first: Iterable[str], second: Iterable[str]) -> list[tuple[str, str]]:
    """Return the couples of related content words that two groups of texts share, sorted."""
    words = [sorted({word for text in texts for word in content_words(text)}) for texts in (first, second)]
    return [(a, b) for a in words[0] for b in words[1] if related(a, b)]
