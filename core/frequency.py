"""How frequent words and texts are, from wordfreq's word counts.

Every value is computed when it is asked for; none is stored with the package. The scale is Zipf: log10 of a word's
occurrences per billion words. wordfreq 3.1.1 (Speer 2022, doi:10.5281/zenodo.7199437) builds its English list from eight
kinds of source, so one Zipf unit is a factor of ten in pooled text.
"""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from freqbias.errors import InputError

CACHE_WORDS = 1 << 17  # distinct words of a large batch; about 20 MB


@dataclass(frozen=True, kw_only=True)
class Swap:
    """What differs between two forms: aligned words of each side and the gap between their frequencies."""

    high: tuple[str, ...]
    low: tuple[str, ...]
    zipf_gap: float | None
    unknown: tuple[str, ...]


def tokens(text: str, language: str = "en") -> list[str]:
    """Return wordfreq's word tokens of a text: lower case, punctuation dropped; `InputError` for an unknown language."""
    from wordfreq.tokens import tokenize

    _check_language(language)
    try:
        return tokenize(text, language)
    except ModuleNotFoundError as error:
        raise InputError(f"language '{language}' needs more packages: pip install 'wordfreq[cjk]'") from error


@cache
def _check_language(language: str) -> None:
    from wordfreq import available_languages

    if language not in available_languages():
        known = ", ".join(sorted(available_languages()))
        raise InputError(f"unknown language '{language}'; wordfreq knows {known}")


@lru_cache(maxsize=CACHE_WORDS)
def word_zipf(word: str, language: str = "en") -> float | None:
    """Return the Zipf value of one token; None when wordfreq's list does not hold it."""
    from wordfreq import zipf_frequency

    return zipf_frequency(word, language) or None


@cache
def stop_words(language: str = "en") -> frozenset[str]:
    """Return the committed stop list of a language; languages without one have none."""
    path = files("freqbias").joinpath("data", f"stopwords-{language}.txt")
    if not path.is_file():
        return frozenset()
    lines = path.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def content_words(text: str, language: str = "en") -> list[str]:
    """Return the tokens that are neither stop words nor contain a digit, in order, repeats kept."""
    stop = stop_words(language)
    return [word for word in tokens(text, language) if word not in stop and not any(map(str.isdigit, word))]


def unknown_words(text: str, language: str = "en") -> list[str]:
    """Return the tokens of a text that wordfreq does not know."""
    return [word for word in tokens(text, language) if word_zipf(word, language) is None]


def mean_zipf(text: str, language: str = "en") -> float | None:
    """Return the mean Zipf value over all tokens; higher is more frequent.

    Unknown words are left out (see `unknown_words`); None when no token is known.
    """
    return _mean_known(tokens(text, language), language)


def content_zipf(text: str, language: str = "en") -> float | None:
    """Return the mean Zipf value over content words; higher is more frequent.

    Unknown words are left out (see `unknown_words`); None when no content word is known.
    """
    return _mean_known(content_words(text, language), language)


def swap(high: str, low: str, language: str = "en") -> Swap:
    """Align two forms word by word and return the words that differ and their `zipf_gap`.

    The gap is the mean Zipf value of the swapped words of `high` minus that of `low`, in Zipf units (positive: `high` is
    more frequent); a difference of Zipf values is a difference of log10 probabilities. `an` counts as `a`, since an article
    only follows its noun. Unknown words are left out and named in `unknown`; the gap is None when a side has no known word.
    """
    return swap_of_tokens(tokens(high, language), tokens(low, language), language)


def swap_of_tokens(high: Sequence[str], low: Sequence[str], language: str = "en") -> Swap:
    """Do the work of `swap` on token lists."""
    articles = {"an": "a"} if language == "en" else {}
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
    return sum(known) / len(known) if known else None
