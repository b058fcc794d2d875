"""Which two rewrites of a text are its pair: of the couples of one length, the farthest apart in frequency; for the placebo, equal ones.

Both arms choose among the same rewrites, by the same limits. What is compared is the whole text's `content_zipf`, which couples have
whether or not their words face each other; the pair's own `zipf_gap` must point the same way.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import NamedTuple

from freqbias.covariates import characters, token_overlap, words
from freqbias.frequency import content_zipf, zipf_gap
from freqbias.paraphrases.candidates import COMMON, UNCOMMON, Candidate
from freqbias.paraphrases.judging import failed_check
from freqbias.paraphrases.lexicon import MAX_PLACEBO_GAP

MAX_WORDS_RATIO = 1.1  # two rewrites of one length: a word in ten
MIN_GAP = 0.3  # Zipf units; the content words of one are twice as frequent
MAX_OVERLAP = 0.9  # Dice, of tokens; two texts of ten words that differ in one have this
ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How alike in length and how unlike in words two rewrites must be, and how far apart in frequency."""

    language: str = "en"
    ratio: float = MAX_WORDS_RATIO
    gap: float = MIN_GAP
    overlap: float = MAX_OVERLAP


class Couple(NamedTuple):
    """Two rewrites of one text, by how much the first is more frequent (as the pair says it, and by whole texts), and their overlap."""

    high: Candidate
    low: Candidate
    zipf_gap: float
    content_gap: float
    overlap: float
    oriented_by: str | None = None


def frequency_couple(rewrites: Sequence[Candidate], limits: Limits, left_out: Counter[str]) -> Couple | None:
    """Return the couple of a common and an uncommon rewrite with the largest gap, the first of equals; None where none is far enough."""
    common, uncommon = ([row for row in rewrites if row.kind == kind] for kind in (COMMON, UNCOMMON))
    found = []
    for couple in _comparable(product(common, uncommon), limits, left_out):
        if couple.zipf_gap >= limits.gap - ROUNDING and couple.content_gap > 0:
            found.append(couple)
        else:
            left_out["too near in frequency"] += 1
    return max(found, key=lambda couple: couple.content_gap, default=None)


def placebo_couple(rewrites: Sequence[Candidate], limits: Limits, left_out: Counter[str]) -> Couple | None:
    """Return the couple of equally frequent rewrites that share the fewest words, one of either kind before two of one kind."""
    found = []
    for couple in _comparable(combinations(rewrites, 2), limits, left_out):
        if max(abs(couple.zipf_gap), abs(couple.content_gap)) <= MAX_PLACEBO_GAP + ROUNDING:
            found.append(couple)
        else:
            left_out["of unequal frequency"] += 1
    best = min(found, key=lambda couple: (couple.high.kind == couple.low.kind, couple.overlap), default=None)
    return None if best is None else _oriented(best)


def _comparable(couples: Iterable[tuple[Candidate, Candidate]], limits: Limits, left_out: Counter[str]) -> Iterator[Couple]:
    """Yield the couples of one length that differ enough and agree in what they say; both arms lose the others alike."""
    for high, low in couples:
        lengths = sorted(words(row.text) for row in (high, low))
        if lengths[1] > limits.ratio * lengths[0] + ROUNDING:
            left_out["of unequal length"] += 1
            continue
        overlap = token_overlap(high.text, low.text, limits.language)
        if overlap is None or overlap > limits.overlap + ROUNDING:
            left_out["too alike"] += 1
        elif failed_check(high.text, low.text, limits.language):
            left_out["of unequal content"] += 1
        else:
            gap, sides = zipf_gap(high.text, low.text, limits.language), [content_zipf(row.text, limits.language) for row in (high, low)]
            if gap.value is None or sides[0] is None or sides[1] is None:
                left_out["of unknown frequency"] += 1
            else:
                yield Couple(high, low, gap.value, sides[0] - sides[1], overlap)


def _oriented(couple: Couple) -> Couple:
    """Return a placebo couple with the rewrite in common words first, or of two of one kind the shorter; never at random."""
    high, low = couple.high, couple.low
    if high.kind != low.kind:
        return couple._replace(oriented_by="prompt")
    for name, measure in (("words", words), ("characters", characters)):
        sides = measure(high.text), measure(low.text)
        if sides[0] != sides[1]:
            own = couple._replace(oriented_by=name)
            return own if sides[0] < sides[1] else own._replace(high=low, low=high, zipf_gap=-own.zipf_gap, content_gap=-own.content_gap)
    return couple
