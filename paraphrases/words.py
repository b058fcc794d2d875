"""Word forms, articles and shared stems: what the generators need to know about English words."""

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any

from freqbias.frequency import content_words

SAME_BEGINNING = 5  # letters; 'drive' and 'driver' have different Snowball stems and are one word family
MIN_PART = 3  # letters; 'jot' in 'jotter', 'lens' in 'lensman', 'chat' in 'backchat'

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
def base_forms(word: str, form: str) -> frozenset[str]:
    """Return the words that a form which `inflect_word` made may be of; by lemminflect."""
    import lemminflect

    return frozenset(lemminflect.getLemma(word, upos=_FEATURES[form][0].upper()))


@cache
def article(word: str) -> str:
    """Return 'a' or 'an' as the sound of the word wants it; by inflect."""
    import inflect

    return str(inflect.engine().a(word)).split()[0]


_EITHER = re.compile(
    r"herb|(?:histor|habitu|hallucin|hotel|heroic|hered|hyster|homage)", re.IGNORECASE
)  # an in one variety of English, a in another
_LETTERS = re.compile(r"[A-Z]\w*[A-Z]|[A-Z][0-9.&]")


@cache
def articles(word: str) -> frozenset[str]:
    """Return which of 'a' and 'an' may stand before a word as it is written: both where speakers differ, or where it is spelled out."""
    if word[0].isdigit():
        return _before_number(re.split(r"[^\d,]", word)[0])
    if len(word) > 1 and _LETTERS.match(word):
        return frozenset({"a", "an"})  # an FBI agent, a UN body; NASA is a word and NSA is not
    return frozenset({"a", "an"}) if _EITHER.match(word) else frozenset({article(word)})


def _before_number(digits: str) -> frozenset[str]:
    """Return the article of a number as it is read: an 8, an 80, an 11, an 18,000; 1100 is read in two ways."""
    leading = digits.split(",", maxsplit=1)[0]
    first = len(leading) % 3 or 3
    eleven = leading[:2] in ("11", "18")
    if leading[0] == "8" or (eleven and first == 2):
        return frozenset({"an"})
    return frozenset({"a", "an"} if eleven and len(leading) == 4 else {"a"})


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


@lru_cache(maxsize=1 << 16)
def _ends(word: str) -> frozenset[str]:
    """Return every beginning and end of a word of three letters or more, the word itself among them."""
    return frozenset(part for k in range(MIN_PART, len(word) + 1) for part in (word[:k], word[-k:]))


def related(first: str, second: str) -> bool:
    """Tell whether two words share a stem or their first five letters, or one begins or ends with the other."""
    return not _family(first).isdisjoint(_family(second)) or first in _ends(second) or second in _ends(first)


@lru_cache(maxsize=1 << 16)
def _content(text: str) -> frozenset[str]:
    return frozenset(content_words(text))


def shared_words(first: Iterable[str], second: Iterable[str]) -> list[tuple[str, str]]:
    """Return the couples of related content words that two groups of texts share, sorted."""
    words = [sorted({word for text in texts for word in _content(text)}) for texts in (first, second)]
    families, ends, whole = frozenset().union(*map(_family, words[1])), frozenset().union(*map(_ends, words[1])), frozenset(words[1])
    touched = [a for a in words[0] if not _family(a).isdisjoint(families) or a in ends or not _ends(a).isdisjoint(whole)]
    return [(a, b) for a in touched for b in words[1] if related(a, b)]
