"""What can be swapped in a text, and the text with it swapped: a word of a bundled set for the other word of the set.

The other word takes the inflection and the case of the one that stood there, and the article before it is made to fit. Words in names,
addresses, code and fixed phrases, compounds with a hyphen, inflections that could be two things, and places that do not suit both words
are left alone.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from freqbias.paraphrases.everyday import FUNCTION, everyday_sets
from freqbias.paraphrases.lexicon import keeps_gap, synonym_sets
from freqbias.paraphrases.slots import Rule, Words, fits, rules, suits
from freqbias.paraphrases.tagging import Tagger, Token, by_rules, tokens_of
from freqbias.paraphrases.untouched import in_name, spans, starts_sentence
from freqbias.paraphrases.words import article

MIN_SENSE_SHARE = 0.8
TAGS = {"noun": ("NN", "NNS"), "verb": ("VB", "VBZ", "VBD", "VBG", "VBN"), "adjective": ("JJ",), "adverb": ("RB",), FUNCTION: ("FW",)}

WORD = re.compile(r"(?<![\w'’-])[A-Za-z]+(?![\w’-]|'\w)")
_ARTICLE_BEFORE = re.compile(r"\b([Aa]n?)(\s+[\"'“‘(]*)$")

#: High form, low form, set id.
Couple = tuple[str, str, str]
#: Every word form with its couples, of which the first whose place suits both words is taken.
Table = Mapping[str, tuple[Couple, ...]]


class NamedWords(Words, Protocol):
    """The two words of a set that has an id."""

    @property
    def id(self) -> str:
        """The set's id."""


@cache
def inflected(word: str, tag: str) -> str | None:
    """Return one inflected form of a base word, None where English has two."""
    if tag in ("NN", "VB", "JJ", "RB", "FW"):
        return word
    import lemminflect

    found: tuple[str, ...] = lemminflect.getInflection(word, tag=tag)
    return found[0] if len(found) == 1 else None


@cache
def substitutions(arm: str) -> Table:
    """Return the couples of every word form: those of everyday rows in file order, each with its own places, then that of its one set.

    A form of two sets of the lexicon stands for neither: their places do not tell them apart.
    """
    found: dict[str, set[Couple]] = {}
    for item in synonym_sets(arm):
        if item.id not in rules() or min(item.sense_share) < MIN_SENSE_SHARE:
            continue
        for couple in couples_of(arm, item):
            for form in couple[:2]:
                found.setdefault(form, set()).add(couple)
    everyday: dict[str, list[Couple]] = {}
    for own in everyday_sets(arm).values():
        for couple in dict.fromkeys(couples_of(arm, own)):
            if own.keeps_meant_gap(*couple[:2]):
                for form in rules()[own.id].only_words or couple[:2]:
                    if form in couple[:2]:
                        everyday.setdefault(form, []).append(couple)
    single = {form: couples for form, couples in found.items() if len(couples) == 1}
    return {form: (*everyday.get(form, ()), *single.get(form, ())) for form in {**everyday, **single}}


def couples_of(arm: str, item: NamedWords) -> Iterator[Couple]:
    """Yield the inflections of a set in which both words are known and as far apart, or as near, as their arm asks."""
    rule = rules().get(item.id)
    for tag in TAGS[item.pos]:
        if rule is not None and rule.forms and tag not in rule.forms:
            continue
        forms = [inflected(word, tag) for word in (item.high, item.low)]
        high, low = map(str, forms)
        # an inflection that the word list does not know is as likely an error of the inflector (funnymans)
        if None not in forms and not (tag == "NNS" and item.countable is False) and keeps_gap(arm, high, low):
            yield high, low, item.id


@dataclass(frozen=True, kw_only=True)
class Own:
    """What can be swapped in one arm with a user's synonym table: all word forms with their couples, and the table's own sets by id."""

    couples: Table
    sets: Mapping[str, tuple[Rule, NamedWords]]


@dataclass(frozen=True)
class Swap:
    """A word of a text that can be swapped: where it stands, and its couple."""

    start: int
    end: int
    couple: Couple


def swaps_of(text: str, arm: str, tag: Tagger = by_rules, own: Own | None = None) -> list[Swap]:
    """Return what can be swapped in a text, in order of appearance: words of sets that fit their place, outside of names and code.

    `own` is what a user's table gives the arm; without it, the bundled sets are used.
    """
    table = substitutions(arm) if own is None else own.couples
    found = [match for match in WORD.finditer(text) if match[0].lower() in table]
    if not found:
        return []
    words = {match[0].lower() for match in WORD.finditer(text)}
    untouched = spans(text)
    found = [
        match for match in found if not in_name(text, match) and not any(a < match.end() and match.start() < b for a, b in untouched)
    ]
    if not found:
        return []
    tokens = tokens_of(text, tag, {match.start() for match in found})
    places = {token.start: place for place, token in enumerate(tokens)}
    swaps = []
    for match in found:
        for couple in table[match[0].lower()] if match.start() in places else ():
            # with both words in the text, one word would stand twice where there were two
            if not words.issuperset(couple[:2]) and _fits(arm, couple[2], tokens, places[match.start()], own):
                swaps.append(Swap(match.start(), match.end(), couple))
                break
    return swaps


def _fits(arm: str, name: str, tokens: Sequence[Token], at: int, own: Own | None) -> bool:
    if own is not None and name in own.sets:
        return suits(*own.sets[name], tokens, at)
    return fits(arm, name, tokens, at)


def both_forms(text: str, arm: str, tag: Tagger = by_rules, own: Own | None = None) -> tuple[str, str, list[Couple]]:
    """Return the high form, the low form and what was swapped, in order of appearance; `own` as in `swaps_of`."""
    found = swaps_of(text, arm, tag, own)
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
