"""Words of a text and how frequent each is, from wordfreq's word counts.

Every value is computed when it is asked for; none is stored with the package. The scale is Zipf: log10 of a word's occurrences
per billion words. wordfreq 3.1.1 (Speer 2022, doi:10.5281/zenodo.7199437) pools eight kinds of source for English, so one Zipf
unit is a factor of ten in pooled text.
"""

import logging
import re
from functools import cache
from importlib.resources import files
from typing import Protocol

from freqbias.characters import normalised
from freqbias.errors import InputError

log = logging.getLogger(__name__)

CACHE_WORDS = 1 << 18  # distinct words kept while a batch is scored; about 40 MB

#: English text whose splitting is beyond doubt: words with the usual contractions and whole numbers, single spaces or hyphens
#: between them, a comma or the like after a word. Tested against wordfreq's tokeniser.
_WORD = r"(?:[A-Za-z]+(?:'(?:s|d|t|m|re|ll|ve))?|[0-9]+)"
_PLAIN = re.compile(rf"{_WORD}(?:(?:[,;:]? |-){_WORD})*[.!?]?", re.ASCII)
_DROP = str.maketrans("-", " ", ",;:.!?")


class Source(Protocol):
    """Where word frequencies come from."""

    language: str

    def zipf(self, word: str) -> float | None:
        """Return the Zipf value of one lower-case token; None when the source does not hold it."""
        ...


def tokens(text: str, language: str = "en") -> list[str]:
    """Return wordfreq's word tokens of a text: lower case, punctuation dropped; `InputError` for an unknown language.

    Characters are normalised first (`freqbias.characters`), so that `it’s` and `it's` are one word.
    Plain English takes a short cut that gives the same tokens ten times faster.
    """
    if language == "en" and _PLAIN.fullmatch(text):
        return text.lower().translate(_DROP).split()
    from wordfreq.tokens import tokenize

    check_language(language)
    try:
        return list(tokenize(normalised(text), language))
    except ModuleNotFoundError as error:
        raise InputError(f"language '{language}' needs more packages: pip install 'wordfreq[cjk]'") from error


@cache
def check_language(language: str) -> None:
    """Raise `InputError` for a language that wordfreq has no list for."""
    from wordfreq import available_languages

    if language not in available_languages():
        known = ", ".join(sorted(available_languages()))
        raise InputError(f"unknown language '{language}'; wordfreq knows {known}")


class _Zipf(dict[str, float | None]):
    """Zipf values of one language, looked up once a word."""

    def __init__(self, language: str):
        super().__init__()
        check_language(language)
        self._language = language

    def __missing__(self, word: str) -> float | None:
        from wordfreq import zipf_frequency

        if len(self) >= CACHE_WORDS:
            self.clear()
        # a token is looked up as one word: wordfreq would compose a frequency for a string of several
        value = zipf_frequency(word, self._language) or None
        self[word] = value
        return value


class Wordfreq:
    """wordfreq's list of one language as a `Source`."""

    def __init__(self, language: str = "en"):
        self.language = language
        self.zipf = _Zipf(language).__getitem__


@cache
def wordfreq_source(language: str = "en") -> Wordfreq:
    """Return the shared `Wordfreq` of a language."""
    return Wordfreq(language)


def word_zipf(word: str, language: str = "en") -> float | None:
    """Return the Zipf value of one token; None when wordfreq's list does not hold it."""
    return wordfreq_source(language).zipf(word)


@cache
def stop_words(language: str = "en") -> frozenset[str]:
    """Return the committed stop list of a language; a language without one has none, and a warning says so once."""
    path = files("freqbias").joinpath("data", f"stopwords-{language}.txt")
    if not path.is_file():
        log.warning("language '%s' has no stop list here: its content words include articles and other function words", language)
        return frozenset()
    lines = path.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def content_of(words: list[str], language: str = "en") -> list[str]:
    """Return the tokens that are neither stop words nor contain a digit, in order, repeats kept."""
    stop = stop_words(language)
    return [word for word in words if word not in stop and (word.isalpha() or not any(map(str.isdigit, word)))]


def content_words(text: str, language: str = "en") -> list[str]:
    """Return the content words of a text, in order, repeats kept."""
    return content_of(tokens(text, language), language)


def unknown_words(text: str, language: str = "en", source: Source | None = None) -> list[str]:
    """Return the tokens of a text that the source (wordfreq without one) does not hold."""
    zipf = (source or wordfreq_source(language)).zipf
    return [word for word in tokens(text, language) if zipf(word) is None]
