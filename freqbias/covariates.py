"""What else differs between two forms: length, readability, variety, overlap, lost numbers.

A measure of one text maps (text, language) to a number, a measure of a pair maps a `Pair` to `[high, low]`. None means that the text
does not allow the measure.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from freqbias.characters import normalised
from freqbias.frequency import Gap, Swap, content_words, content_zipf, mean_zipf, swap, tokens
from freqbias.frequency.measures import geo_mean_prob, min_zipf
from freqbias.quantities import numbers_lost
from freqbias.readability import fkgl
from freqbias.records import Pair
from freqbias.terms import FORMAL, INFORMAL, LENGTH, PHRASING, REGISTER, SWAPPED_WORDS, WHOLE_TEXT, ZIPF_GAP_OF

TextMeasure = Callable[[str, str], float | None]

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def words(text: str, language: str = "en") -> int:
    """Return the number of white-space separated words."""
    return len(normalised(text).split())


def characters(text: str, language: str = "en") -> int:
    """Return the number of characters, spaces included."""
    return len(normalised(text))


def content_word_count(text: str, language: str = "en") -> int:
    """Return the number of content words."""
    return len(content_words(text, language))


def type_token_ratio(text: str, language: str = "en") -> float | None:
    """Return distinct tokens / tokens; None for a text without tokens."""
    found = tokens(text, language)
    return len(set(found)) / len(found) if found else None


def numbers(text: str, language: str = "en") -> int:
    """Return how many numbers in digits the text holds."""
    return len(_NUMBER.findall(text))


#: Measures of one text, in the order of the audit's table.
TEXT_MEASURES: Mapping[str, TextMeasure] = {
    "words": words,
    "characters": characters,
    "content_words": content_word_count,
    "mean_zipf": mean_zipf,
    "content_zipf": content_zipf,
    "min_zipf": min_zipf,
    "geo_mean_prob": geo_mean_prob,
    "fkgl": fkgl,
    "type_token_ratio": type_token_ratio,
}


def token_overlap(first: str, second: str, language: str = "en") -> float | None:
    """Return the share of tokens that two texts have in common, 2 |A ∩ B| / (|A| + |B|) as multisets (Dice)."""
    sides = [Counter(tokens(text, language)) for text in (first, second)]
    total = sum(map(Counter.total, sides))
    return 2 * (sides[0] & sides[1]).total() / total if total else None


def edit_distance(first: str, second: str) -> float:
    """Return the Levenshtein distance over characters, divided by the longer length; 0 for equal texts, 1 for nothing shared."""
    from rapidfuzz.distance import Levenshtein

    return float(Levenshtein.normalized_distance(normalised(first), normalised(second)))


def numbers_dropped(pair: Pair) -> tuple[float, float]:
    """Return how many numbers of the original (of the other form, where no original is given) each form lacks, however it writes them."""
    original = pair.meta.get("original")
    references = (original, original) if isinstance(original, str) else (pair.low, pair.high)
    high, low = (
        len(numbers_lost(text, reference, pair.language)) for text, reference in zip((pair.high, pair.low), references, strict=True)
    )
    return (high, low)


def distances_to_original(pair: Pair) -> dict[str, tuple[float | None, float | None]]:
    """Return token overlap and edit distance of both forms to `meta.original`; empty where none is given."""
    original = pair.meta.get("original")
    if not isinstance(original, str):
        return {}
    return {
        "overlap_with_original": (
            token_overlap(pair.high, original, pair.language),
            token_overlap(pair.low, original, pair.language),
        ),
        "edit_distance_to_original": (edit_distance(pair.high, original), edit_distance(pair.low, original)),
    }


ROUNDING = 1e-6  # Zipf units; gaps nearer than this are one number that was written and read
MOST = 0.9  # of the pairs; the others then go without a frequency gap rather than all pairs with another one


@lru_cache(maxsize=1 << 10)
def _compared(high: str, low: str, language: str) -> tuple[Swap, float | None]:
    """Return what differs between two texts and by how much their `content_zipf` does; kept, since several measures of a pair ask."""
    first, second = (content_zipf(text, language) for text in (high, low))
    return swap(high, low, language), None if first is None or second is None else first - second


def swap_of(pair: Pair) -> Swap:
    """Return which words of a pair differ."""
    return _compared(pair.high, pair.low, pair.language)[0]


def content_gap(pair: Pair) -> float | None:
    """Return the difference in `content_zipf` of the two forms; None where one has no known content word."""
    return _compared(pair.high, pair.low, pair.language)[1]


def frequency_gap(pair: Pair) -> Gap:
    """Return the frequency gap of a pair and what it is of; computed from the texts where the pair has none.

    There is none in arm `length`, nor between two phrasings of the same words (`in_phrasing`).

    Where the pair does not say of what (`meta.zipf_gap_of`), its value does: a number that neither definition gives is its maker's own.
    """
    said = pair.meta.get(ZIPF_GAP_OF)
    if pair.zipf_gap is not None and said in (SWAPPED_WORDS, WHOLE_TEXT):
        return Gap(pair.zipf_gap, said)
    if pair.zipf_gap is None and (pair.arm == LENGTH or in_phrasing(pair)):
        return Gap(None, None)
    swapped, content = _compared(pair.high, pair.low, pair.language)
    own = Gap(swapped.zipf_gap, SWAPPED_WORDS) if swapped.aligned else Gap(content, WHOLE_TEXT)
    if pair.zipf_gap is None:
        return own
    for value, of in (own, (content, WHOLE_TEXT)):
        if value is not None and abs(value - pair.zipf_gap) < ROUNDING:
            return Gap(pair.zipf_gap, of)
    return Gap(pair.zipf_gap, None)


def in_phrasing(pair: Pair) -> bool:
    """Tell whether the forms of a pair differ in construction, so that word frequency is not what makes one of them rare."""
    return pair.meta.get(ZIPF_GAP_OF) == PHRASING


def common_definition(gaps: Iterable[Gap]) -> str | None:
    """Return what the frequency gaps of several pairs are to be gaps of, since two definitions are never mixed.

    The one that nine pairs in ten have; whole texts, which every pair has, where there is none. None: their maker's own numbers.
    """
    counts = Counter(gap.of for gap in gaps if gap.value is not None)
    if not counts:
        return None
    of, count = counts.most_common(1)[0]
    return of if count >= MOST * counts.total() else WHOLE_TEXT


def by_definition(gap: Gap, content: float | None, of: str | None) -> float | None:
    """Return a pair's frequency gap by the common definition `of`; `content` is its gap by whole texts."""
    if gap.of == of:
        return gap.value
    return content if of == WHOLE_TEXT and gap.value is not None else None


def frequency_gaps(pairs: Sequence[Pair]) -> tuple[list[float | None], str | None, list[Gap]]:
    """Return the frequency gap of every pair by one definition, which (`common_definition`), and the gaps as the pairs have them."""
    gaps = [frequency_gap(pair) for pair in pairs]
    of = common_definition(gaps)
    values = [gap.value if gap.of == of else by_definition(gap, content_gap(pair), of) for gap, pair in zip(gaps, pairs, strict=True)]
    return values, of, gaps


SIGNED_REGISTER = "formality"  # -1 informal, 0 neutral, 1 formal: register in bundled pairs that were made before it was two indicators


def given(pair: Pair) -> Mapping[str, Sequence[float | None]]:
    """Return the covariates that a pair brings along; register on the one scale of older files as two indicators."""
    old = pair.covariates.get(SIGNED_REGISTER)
    if old is None or pair.generator != "lexicon":
        return pair.covariates
    rest = {name: sides for name, sides in pair.covariates.items() if name != SIGNED_REGISTER}
    return {name: [None if side is None else int(side == sign) for side in old] for name, sign in ((INFORMAL, -1), (FORMAL, 1))} | rest


def oriented_by(pair: Pair) -> str | None:
    """Return the rival that makes the high side of a placebo pair; for register, which of its two indicators differs."""
    rival = pair.meta.get("oriented_by")
    if rival != SIGNED_REGISTER:
        return None if rival is None else str(rival)
    own = given(pair)
    return next((name for name in (FORMAL, INFORMAL) if name in own and own[name][0] != own[name][1]), REGISTER)


def covariates(pair: Pair) -> dict[str, tuple[float | None, float | None]]:
    """Return every covariate of a pair as `(high, low)`: the measures of this module and what the pair brings along."""
    found: dict[str, tuple[float | None, float | None]] = {
        name: (measure(pair.high, pair.language), measure(pair.low, pair.language)) for name, measure in TEXT_MEASURES.items()
    }
    found["numbers_dropped"] = numbers_dropped(pair)
    found |= distances_to_original(pair)
    found |= {name: (sides[0], sides[1]) for name, sides in given(pair).items() if name not in found}
    return found
