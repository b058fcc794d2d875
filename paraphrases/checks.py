"""Checks of one pair: does the second form still say what the first says? Each is a named function; None means it does not apply."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from freqbias.characters import normalised
from freqbias.frequency import tokens
from freqbias.paraphrases.names import names_of
from freqbias.paraphrases.words import articles
from freqbias.quantities import numbers_lost
from freqbias.records import Pair
from freqbias.terms import LENGTH

MIN_SIMILARITY = 0.5  # cosine; below it sentence embedding models see two topics
MAX_LENGTH_RATIO = 2.0  # a paraphrase twice as long adds or drops something

_QUOTED = re.compile(
    r"(?<!\d)\"([^\"]+)\"|“([^”“]+)[”“]|„([^“”]+)[“”]|«([^»]+)»|»([^«]+)«|‹([^›]+)›"
    # single marks: an opening one stands before a letter and behind no letter, a closing one the other way round
    r"|(?<![\w'’])['‘](?!(?:[Tt]is|[Tt]was|[Ee]m|[Tt]il|[Cc]ause|n)\b|\d)(\w[^\"“”‘]*?[\w.,!?])['’](?![\w'’])"
)
#: What stands before an article in its sentence (nothing at the start of one), the article, and the word after it behind quotes.
_ARTICLE = re.compile(r"((?<![.!?:\n]\s)(?<=[\w,;)] ))?\b(?<![\w.'-])(an?)\s+[\"'“‘(]*(\w[\w.&,'-]*)", re.IGNORECASE)
_AFTER_A_LETTER = frozenset({"is", "are", "was", "were", "or", "and", "of", "has", "to"})  # where `a` is a letter or a name
_NUMBER_SIGN = re.compile(r"\b[Nn]o\.?\s*(?=\d)")
_QUESTION_MARKS = ("?", "？", "؟", "⁇", "⁈")
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


def numbers_equal(high: str, low: str, language: str = "en") -> bool:
    """Tell whether both forms hold the same numbers and units, in digits or in words; the audit counts those that are lost."""
    return not numbers_lost(low, high, language) and not numbers_lost(high, low, language)


def negations(text: str) -> int:
    """Return how many English negations a text holds."""
    plain = _NUMBER_SIGN.sub(" ", text)
    return sum(word in _NEGATIONS or word.endswith("n't") for word in tokens(plain))


def negation_parity(high: str, low: str, language: str = "en") -> bool | None:
    """Tell whether both forms hold an even, or both an odd, number of negations."""
    return negations(high) % 2 == negations(low) % 2 if language == "en" else None


def names_kept(high: str, low: str, language: str = "en") -> bool | None:
    """Tell whether both forms hold the same names; None in German, which capitalises every noun. See `freqbias.paraphrases.names`."""
    sides = [names_of(text, language) for text in (high, low)]
    if sides[0] is None or sides[1] is None:
        return None
    return not sides[0].missing_in(sides[1]) and not sides[1].missing_in(sides[0])


def quoted(text: str) -> Counter[str]:
    """Return the quoted strings of a text, whatever the style of the quotation marks, without the punctuation at their ends."""
    plain = unicodedata.normalize("NFC", text)
    found = (next(filter(None, match.groups())) for match in _QUOTED.finditer(plain))
    return Counter(" ".join(content.replace("’", "'").split()).strip(" .,;:!?…").casefold() for content in found)


def quotes_kept(high: str, low: str, language: str = "en") -> bool:
    """Tell whether both forms hold the same quoted strings; words swapped in place may stand in one, as in a passage with dialogue."""
    sides = [quoted(text) for text in (high, low)]
    return sides[0] == sides[1] or (sides[0].total() == sides[1].total() and _swapped_in_place(high, low, language))


def _swapped_in_place(high: str, low: str, language: str) -> bool:
    """Tell whether two texts have equally many words, at least three quarters of them the same in their places; `an` counts as `a`."""
    words = [["a" if word == "an" else word for word in tokens(text, language)] for text in (high, low)]
    return len(words[0]) == len(words[1]) and 4 * sum(a != b for a, b in zip(*words, strict=True)) <= len(words[0])


def question_kept(high: str, low: str, language: str = "en") -> bool:
    """Tell whether a question stays a question."""
    sides = [text.rstrip(" \u00a0\u202f\"'”’»“)]") for text in (high, low)]
    return sides[0].endswith(_QUESTION_MARKS) == sides[1].endswith(_QUESTION_MARKS)


def length_ratio(high: str, low: str, language: str = "en") -> bool:
    """Tell whether no form has more than twice the characters of the other."""
    return max(len(high), len(low)) <= MAX_LENGTH_RATIO * min(len(high), len(low))


def articles_right(high: str, low: str, language: str = "en") -> bool | None:
    """Tell whether every English `a` and `an` of both forms suits the word after it; a letter A, as in `Vitamin A`, is no article."""
    if language != "en":
        return None
    return all(_fits(match) for text in (high, low) for match in _ARTICLE.finditer(text.replace("’", "'")))


def _fits(match: re.Match[str]) -> bool:
    before, found, after = match[1], match[2], match[3]
    if found == "A" and before is not None:
        return True  # a capital inside a sentence: Vitamin A, type A, Plan A
    return after.lower() in _AFTER_A_LETTER or found.lower() in articles(after)


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
