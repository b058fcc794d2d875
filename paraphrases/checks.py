"""Checks of one pair: does the second form still say what the first says? Each is a named function; None means it does not apply."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from freqbias.characters import normalised
from freqbias.frequency import tokens
from freqbias.paraphrases.words import article
from freqbias.records import Pair
from freqbias.terms import LENGTH

MIN_SIMILARITY = 0.5  # cosine; below it sentence embedding models see two topics
MAX_LENGTH_RATIO = 2.0  # a paraphrase twice as long adds or drops something

_DIGITS = re.compile(r"(?<![\w.])[-+]?\d+(?:[.,]\d+)*\s?(%|°[CF]?|[$€£¥]|(?:km|cm|mm|kg|mg|ml|mph|kmh|GB|MB|lb|ft|[mgls])\b)?")
_UNIT_BEFORE = re.compile(r"([$€£¥])\s?(\d+(?:[.,]\d+)*)")
_QUOTED = re.compile(r"\"([^\"]+)\"|“([^”]+)”|«([^»]+)»")
_CAPITAL = re.compile(r"(?<![.!?:\"“(]\s)(?<!^)\b([A-Z][\w’'-]*(?:\s+[A-Z][\w’'-]*)*)")
_ARTICLE = re.compile(r"\b(an?)\s+([A-Za-z][\w-]*)", re.IGNORECASE)
_NUMBER_WORDS = dict(
    zip(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
            "thirty",
            "forty",
            "fifty",
            "sixty",
            "seventy",
            "eighty",
            "ninety",
            "hundred",
            "thousand",
            "million",
            "billion",
            "dozen",
            "half",
        ],
        [*range(20), 20, 30, 40, 50, 60, 70, 80, 90, 100, 1000, 10**6, 10**9, 12, 0.5],
        strict=True,
    )
)
_NEGATIONS = {
    "not",
    "no",
    "never",
    "none",
    "nobody",
    "nothing",
    "nowhere",
    "neither",
    "nor",
    "without",
    "cannot",
    "hardly",
    "scarcely",
}


def quantities(text: str, language: str = "en") -> Counter[str]:
    """Return the numbers of a text as a multiset, with their units; English number words count as their digits."""
    prefixed = _UNIT_BEFORE.sub(r"\2\1", text)
    found = Counter(f"{match[0].strip().rstrip('.,').replace(',', '').replace(' ', '')}" for match in _DIGITS.finditer(prefixed))
    if language == "en":
        # 'one' is a pronoun as often as a number and is left out
        found += Counter(f"{_NUMBER_WORDS[word]:g}" for word in tokens(text) if word in _NUMBER_WORDS and word != "one")
    return found


def numbers_equal(high: str, low: str, language: str = "en") -> bool:
    """Tell whether both forms hold the same numbers and units as multisets."""
    return quantities(high, language) == quantities(low, language)


def negations(text: str) -> int:
    """Return how many English negations a text holds."""
    return sum(word in _NEGATIONS or word.endswith("n't") for word in tokens(text))


def negation_parity(high: str, low: str, language: str = "en") -> bool | None:
    """Tell whether both forms hold an even, or both an odd, number of negations."""
    return negations(high) % 2 == negations(low) % 2 if language == "en" else None


def names_kept(high: str, low: str, language: str = "en") -> bool:
    """Tell whether both forms hold the same capitalised names inside their sentences."""
    sides = [{name for match in _CAPITAL.finditer(text) for name in match[1].split() if name != "I"} for text in (high, low)]
    everything = [text.casefold() for text in (high, low)]
    return all(name.casefold() in everything[1] for name in sides[0]) and all(name.casefold() in everything[0] for name in sides[1])


def quotes_kept(high: str, low: str, language: str = "en") -> bool:
    """Tell whether both forms hold the same quoted strings."""
    sides = [Counter(next(filter(None, match.groups())) for match in _QUOTED.finditer(text)) for text in (high, low)]
    return sides[0] == sides[1]


def question_kept(high: str, low: str, language: str = "en") -> bool:
    """Tell whether a question stays a question."""
    return high.rstrip(" \"”'").endswith("?") == low.rstrip(" \"”'").endswith("?")


def length_ratio(high: str, low: str, language: str = "en") -> bool:
    """Tell whether no form has more than twice the characters of the other."""
    return max(len(high), len(low)) <= MAX_LENGTH_RATIO * min(len(high), len(low))


def articles_right(high: str, low: str, language: str = "en") -> bool | None:
    """Tell whether every English `a` and `an` of both forms suits the word after it."""
    if language != "en":
        return None
    return all(match[1].lower() == article(match[2]) for text in (high, low) for match in _ARTICLE.finditer(text))


Check = Callable[[str, str, str], bool | None]

CHECKS: Mapping[str, Check] = {
    "numbers_equal": numbers_equal,
    "negation_parity": negation_parity,
    "names_kept": names_kept,
    "quotes_kept": quotes_kept,
    "question_kept": question_kept,
    "length_ratio": length_ratio,
    "articles_right": articles_right,
}


def checked(pairs: Iterable[Pair], similarities: Iterable[float] | None = None) -> list[Pair]:
    """Return the pairs with the verdict of every check, `not_a_duplicate` among them, added to `checks`.

    `similarities` gives the cosine of every pair's forms from some embedding model and adds `similar`.
    """
    rows = list(pairs)
    if similarities is not None:
        rows = [
            pair.replace(checks={**pair.checks, "similar": bool(cosine >= MIN_SIMILARITY)})
            for pair, cosine in zip(rows, similarities, strict=True)
        ]
    forms = [(normalised(pair.high), normalised(pair.low)) for pair in rows]
    seen = Counter((pair.arm, *sides) for pair, sides in zip(rows, forms, strict=True))
    return [
        pair.replace(
            checks={
                **pair.checks,
                **{
                    name: verdict
                    for name, check in CHECKS.items()
                    # padding is longer by design
                    if not (pair.arm == LENGTH and name == "length_ratio") and (verdict := check(*sides, pair.language)) is not None
                },
                "not_a_duplicate": seen[pair.arm, *sides] == 1,
            },
        )
        for pair, sides in zip(rows, forms, strict=True)
    ]
