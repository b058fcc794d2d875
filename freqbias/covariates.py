"""What else differs between two forms: length, readability, variety, overlap, lost numbers.

A measure of one text maps (text, language) to a number, a measure of a pair maps a `Pair` to `[high, low]`. None means that the text
does not allow the measure.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping

from freqbias.frequency import content_words, content_zipf, mean_zipf, tokens
from freqbias.frequency.measures import geo_mean_prob, min_zipf
from freqbias.readability import fkgl
from freqbias.records import Pair

TextMeasure = Callable[[str, str], float | None]

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def words(text: str, language: str = "en") -> int:
    """Return the number of white-space separated words."""
    return len(text.split())


def characters(text: str, language: str = "en") -> int:
    """Return the number of characters, spaces included."""
    return len(text)


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

    return float(Levenshtein.normalized_distance(first, second))


def numbers_dropped(pair: Pair) -> tuple[float, float]:
    """Return how many numbers of the original (of the other form, where no original is given) each form lacks."""
    sides = [Counter(_NUMBER.findall(text)) for text in (pair.high, pair.low)]
    original = pair.meta.get("original")
    reference = [Counter(_NUMBER.findall(original))] * 2 if isinstance(original, str) else sides[::-1]
    return ((reference[0] - sides[0]).total(), (reference[1] - sides[1]).total())


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


def covariates(pair: Pair) -> dict[str, tuple[float | None, float | None]]:
    """Return every covariate of a pair as `(high, low)`: the measures of this module and what the pair brings along."""
    found: dict[str, tuple[float | None, float | None]] = {
        name: (measure(pair.high, pair.language), measure(pair.low, pair.language)) for name, measure in TEXT_MEASURES.items()
    }
    found["numbers_dropped"] = numbers_dropped(pair)
    found |= distances_to_original(pair)
    found |= {name: (sides[0], sides[1]) for name, sides in pair.covariates.items() if name not in found}
    return found
