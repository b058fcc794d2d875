"""Frequencies from a user's own text or count table."""

import math
from collections import Counter
from collections.abc import Iterable
from itertools import chain, islice, pairwise
from pathlib import Path

from freqbias.errors import InputError
from freqbias.frequency.count_tables import SAMPLE_LINES, add_table, layout_of
from freqbias.frequency.words import check_language, tokens
from freqbias.lines import read_lines

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
    """Read a corpus from files of running text or count tables, plain or gzipped; errors name file and line.

    What a file is, its first lines tell: see `freqbias.frequency.count_tables`. A file that is neither is an `InputError`.
    """
    check_language(language)
    words: Counter[str] = Counter()
    bigrams: Counter[tuple[str, str]] = Counter()
    tables = 0
    files = [Path(path) for path in paths]
    for path in files:
        rows = ((number, line) for number, line in read_lines(path) if line.strip())
        sample = list(islice(rows, SAMPLE_LINES))
        layout = layout_of(path, sample)
        if layout is not None:
            tables += 1
            add_table(path, chain(sample, rows), layout, words, language)
            continue
        for _, line in chain(sample, rows):
            row = tokens(line, language)
            words.update(row)
            bigrams.update(pairwise(row))
    if not words.total():
        raise InputError(f"{', '.join(map(str, files))}: contains no words; give running text or a table of counts")
    return Counts(words, None if tables else bigrams, language)
