"""What can be swapped in a text, and the text with it swapped: a word of a bundled set for the other word of the set.

The other word takes the inflection and the case of the one that stood there, and the article before it is made to fit. Words in names,
addresses, code and fixed phrases, compounds with a hyphen, inflections that could be two things, and places that do not suit both words
are left alone.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from freqbias.paraphrases.lexicon import keeps_gap, synonym_sets
from freqbias.paraphrases.slots import fits, rules
from freqbias.paraphrases.tagging import Tagger, by_rules, tokens_of
from freqbias.paraphrases.untouched import in_name, spans, starts_sentence
from freqbias.paraphrases.words import article

MIN_SENSE_SHARE = 0.8
TAGS = {"noun": ("NN", "NNS"), "verb": ("VB", "VBZ", "VBD", "VBG", "VBN"), "adjective": ("JJ",), "adverb": ("RB",)}

WORD = re.compile(r"(?<![\w'’-])[A-Za-z]+(?![\w’-]|'\w)")
_ARTICLE_BEFORE = re.compile(r"\b([Aa]n?)(\s+[\"'“‘(]*)$")

#: High form, low form, set id.
Couple = tuple[str, str, str]


@cache
def inflected(word: str, tag: str) -> str | None:
    """Return one inflected form of a base word, None where English has two."""
    if tag in ("NN", "VB", "JJ", "RB"):
        return word
    import lemminflect

    found: tuple[str, ...] = lemminflect.getInflection(word, tag=tag)
    return found[0] if len(found) == 1 else None


@cache
def substitutions(arm: str) -> Mapping[str, Couple]:
    """Return (high form, low form, set id) of every word form that stands for exactly one couple of forms."""
    found: dict[str, set[Couple]] = {}
    for item in synonym_sets(arm):
        if item.id not in rules() or min(item.sense_share) < MIN_SENSE_SHARE:
            continue
        for tag in TAGS[item.pos]:
            forms = [inflected(word, tag) for word in (item.high, item.low)]
            high, low = map(str, forms)
            # an inflection that the word list does not know is as likely an error of the inflector (funnymans)
            if None in forms or (tag == "NNS" and not item.countable) or not keeps_gap(arm, high, low):
                continue
            for form in (high, low):
                found.setdefault(form, set()).add((high, low, item.id))
    return {form: next(iter(couples)) for form, couples in found.items() if len(couples) == 1}


@dataclass(frozen=True)
class Swap:
    """A word of a text that can be swapped: where it stands, and its couple."""

    start: int
    end: int
    couple: Couple


def swaps_of(text: str, arm: str, tag: Tagger = by_rules) -> list[Swap]:
    """Return what can be swapped in a text, in order of appearance: words of sets that fit their place, outside of names and code."""
    table = substitutions(arm)
    found = [(match, table[match[0].lower()]) for match in WORD.finditer(text) if match[0].lower() in table]
    if not found:
        return []
    untouched = spans(text)
    found = [(m, c) for m, c in found if not in_name(text, m) and not any(a < m.end() and m.start() < b for a, b in untouched)]
    if not found:
        return []
    tokens = tokens_of(text, tag, {match.start() for match, _ in found})
    places = {token.start: place for place, token in enumerate(tokens)}
    return [
        Swap(match.start(), match.end(), couple)
        for match, couple in found
        if match.start() in places and fits(arm, couple[2], tokens, places[match.start()])
    ]


def both_forms(text: str, arm: str, tag: Tagger = by_rules) -> tuple[str, str, list[Couple]]:
    """Return the high form, the low form and what was swapped, in order of appearance."""
    found = swaps_of(text, arm, tag)
    return *forms_with(text, found), [swap.couple for swap in found]


def forms_with(text: str, found: Sequence[Swap]) -> tuple[str, str]:
    """Return the high and the low form of a text."""
    sides, end = ["", ""], 0
    for swap in found:
        for k in (0, 1):
            word = _cased(swap.couple[k], text[swap.start])
            sides[k] += _with_article(text, end, swap.start, word) + word
        end = swap.end
    return sides[0] + text[end:], sides[1] + text[end:]


def _cased(word: str, like: str) -> str:
    return word.capitalize() if like[0].isupper() else word


def _with_article(text: str, start: int, end: int, word: str) -> str:
    """Return the text from `start` to a word at `end` with its `a` or `an` made to fit; the letter of `type A` is no article."""
    before = text[start:end]
    found = _ARTICLE_BEFORE.search(before)
    if not found or (found[1][0] == "A" and not starts_sentence(text, start + found.start())):
        return before
    right = article(word.lower())
    return before[: found.start()] + (right.capitalize() if found[1][0] == "A" else right) + found[2]
