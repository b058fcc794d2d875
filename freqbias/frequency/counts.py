"""Frequencies from a user's own text or count table."""

import gzip
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from freqbias.errors import InputError
from freqbias.frequency.words import tokens

BILLION_LOG10 = 9.0


class Counts:
    """Word (and, from running text, word pair) counts as a `Source`.

    A word that was never counted is unknown, not infinitely rare.
    """

    def __init__(self, words: Counter[str], bigrams: Counter[tuple[str, str]] | None = None, language: str = "en"):
        self.language = language
        self.words = words
        self.bigrams = bigrams
        self._total = sum(words.values())
        self._pairs = sum(bigrams.values()) if bigrams else 0
        if not self._total:
            raise InputError("the corpus contains no words; give running text or a table of counts")

    def zipf(self, word: str) -> float | None:
        """Return log10 of the word's occurrences per billion words of this corpus; None when it has none."""
        count = self.words.get(word, 0)
        return math.log10(count / self._total) + BILLION_LOG10 if count else None

    def probability(self, word: str) -> float:
        """Return the word's relative frequency, 0 when it has none."""
        return self.words.get(word, 0) / self._total

    def bigram_probability(self, first: str, second: str) -> float:
        """Return the relative frequency of two words in a row, 0 when they never stood so; `InputError` without running text."""
        if self.bigrams is None:
            raise InputError("a count table has no word pairs; give running text as the corpus")
        return self.bigrams.get((first, second), 0) / self._pairs if self._pairs else 0.0


def read_counts(paths: Iterable[str | Path], language: str = "en") -> Counts:
    """Read a corpus from text files or `word<TAB>count` tables, plain or gzipped; errors name file and line.

    A file is a table when its first line is a word, a tab and a whole number; then every line must be one.
    """
    words: Counter[str] = Counter()
    bigrams: Counter[tuple[str, str]] = Counter()
    tables = 0
    files = [Path(path) for path in paths]
    for path in files:
        lines = _lines(path)
        first = next(lines, (0, ""))
        every = _chain(first, lines)
        if _row(first[1]) is None:
            for _, line in every:
                row = tokens(line, language)
                words.update(row)
                bigrams.update(pairwise(row))
        else:
            tables += 1
            for number, line in every:
                row_count = _row(line)
                if row_count is None:
                    raise InputError(f"{path}:{number}: expected a word, a tab and a whole number")
                words[row_count[0]] += row_count[1]
    if not words:
        raise InputError(f"{', '.join(map(str, files))}: contains no words; give running text or a table of counts")
    return Counts(words, None if tables else bigrams, language)


def _chain(first: tuple[int, str], rest: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    yield first
    yield from rest


def _row(line: str) -> tuple[str, int] | None:
    word, tab, count = line.strip().partition("\t")
    return (word.lower(), int(count)) if tab and word and count.isdecimal() else None


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as raw:
            for number, line in enumerate(raw, start=1):  # named in the error below
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                if text.strip():
                    yield number, text
    except UnicodeDecodeError as error:
        raise InputError(f"{path}:{number}: not UTF-8; convert the file") from error
    except (OSError, EOFError) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
