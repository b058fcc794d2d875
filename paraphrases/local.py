"""What is rare *here*: frequencies of word pairs in a user's own texts, which decide their sides, their gap and their arm.

Counts are smoothed by general frequency: to the corpus is added what `PRIOR_WORDS` words of wordfreq's corpora would hold of each word
(a Dirichlet prior), so that a small corpus changes little and a large one decides. A frequency pair that is the other way round here is
turned, where its own counts tell the two apart; one that is level here, and an equal pair that is not, are left out.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from freqbias.errors import InputError
from freqbias.frequency import read_counts
from freqbias.frequency.words import tokens, word_zipf
from freqbias.paraphrases.documents import documents_of
from freqbias.paraphrases.lexicon import MAX_PLACEBO_GAP, MIN_GAP
from freqbias.paraphrases.swapping import Couple, Own, Table, substitutions
from freqbias.paraphrases.synonyms import Synonyms
from freqbias.rows import CSV, TEXT, TSV, kind_of
from freqbias.terms import FREQUENCY, PLACEBO

PRIOR_WORDS = 100_000  # where a word of Zipf 4 stands once: with fewer words a corpus has next to no counts of rare words
TOLD = 1.96  # standard errors of a log ratio, two-sided 5 %
BILLION = 1e9


@dataclass
class Local:
    """A corpus's word counts, and what they did to word pairs."""

    source: str
    counts: Mapping[str, int]
    total: int
    turned: dict[str, None] = field(default_factory=dict)
    left_out: dict[str, None] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    pairs: set[str] = field(default_factory=set)
    arms: Mapping[str, Own] = field(default_factory=dict)

    def gap(self, high: str, low: str) -> float | None:
        """Return log10 of how much more frequent `high` is here; None for a word that general frequency does not know either."""
        shares = [self._smoothed(word) for word in (high, low)]
        return None if shares[0] is None or shares[1] is None else math.log10(shares[0] / shares[1])

    def _smoothed(self, word: str) -> float | None:
        general = word_zipf(word)
        return None if general is None else self.counts.get(word, 0) + PRIOR_WORDS * 10**general / BILLION

    def _tells(self, high: str, low: str) -> bool:
        """Tell whether the corpus's own counts say by themselves which word is more frequent."""
        counts = [self.counts.get(word, 0) + 0.5 for word in (high, low)]
        return abs(math.log10(counts[0] / counts[1])) * math.log(10) > TOLD * math.sqrt(sum(1 / count for count in counts))

    def couples(self, arm: str, table: Table) -> Table:
        """Return the word forms of an arm with their couples as they are here; those that are not of the arm here are left out."""
        found = {form: tuple(here for couple in couples if (here := self._here(arm, couple))) for form, couples in table.items()}
        return {form: couples for form, couples in found.items() if couples}

    def _here(self, arm: str, couple: Couple) -> Couple | None:
        """Return a couple with the more frequent word here as `high`, None where it is not of the arm here; note what is told of it."""
        high, low, name = couple
        gap = self.gap(high, low)
        self.pairs.add(name)
        if self.counts.get(high) or self.counts.get(low):
            self.seen.add(name)
        if gap is None or not self._keeps(arm, high, low, gap):
            self.left_out[name] = None
            return None
        if arm == FREQUENCY and gap < 0:
            self.turned[name] = None
            return low, high, name
        return couple

    def _keeps(self, arm: str, high: str, low: str, gap: float) -> bool:
        if arm != FREQUENCY:
            return abs(gap) <= MAX_PLACEBO_GAP or not self._tells(high, low)
        return abs(gap) >= MIN_GAP and (gap > 0 or self._tells(high, low))

    def mean_gap(self, couples: Iterable[Couple]) -> float | None:
        """Return the mean gap of some couples here."""
        gaps = [gap for high, low, _ in couples if (gap := self.gap(high, low)) is not None]
        return math.fsum(gaps) / len(gaps) if gaps else None

    def lines(self) -> list[str]:
        """Return what a user reads: the corpus's size, what it changed, and where it is too small to tell."""
        told = f"{self.source}: {self.total:,} words; {len(self.seen)} of {len(self.pairs)} word pairs stand there"
        named = [(self.turned, "are the other way round here"), (self.left_out, "are of neither arm here and left out")]
        found = [told + "".join(f"; {len(names)} {what} (first: {next(iter(names))})" for names, what in named if names)]
        if self.total < PRIOR_WORDS:
            weight = PRIOR_WORDS / (PRIOR_WORDS + self.total)
            found.append(
                f"{self.source}: too small to tell what is rare here: with {self.total:,} words general frequency (wordfreq) weighs "
                f"{weight:.0%}; give {PRIOR_WORDS:,} words or more"
            )
        return found


def read_local(path: Path, field: str | None = None, synonyms: Synonyms | None = None) -> Local:
    """Return what a corpus says of the bundled word pairs, or of those and a user's table.

    It is running text, a count table, a file of rows (column `field`, default `text`), or a folder of these. `InputError` where there is
    nothing to count.
    """
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder")
    if path.is_file() and field is None and kind_of(path) in (TEXT, CSV, TSV):
        words = read_counts([path]).words
    else:
        words = Counter(word for document in documents_of([path], field) for word in tokens(document.text))
    if not words.total():
        raise InputError(f"{path}: contains no words; give running text, a count table, or a folder of texts")
    found = Local(source=path.name, counts=words, total=words.total())
    given = {arm: Own(couples=substitutions(arm), sets={}) if synonyms is None else synonyms.arms[arm] for arm in (FREQUENCY, PLACEBO)}
    found.arms = {arm: Own(couples=found.couples(arm, own.couples), sets=own.sets) for arm, own in given.items()}
    return found
