"""Where a word may be swapped: part of speech, number, and what stands around it must suit both words of a set.

`data/running_text.jsonl` lists the sets whose two words stand for each other in most texts; a set that is not listed is never used in a
user's text. A row may say more: `takes`, the words that may follow as both words' complement (`*` for any); `only_next` and `only_prev`,
one of which must follow or stand before, since the sense is another without; `not_next` and `not_prev`, with which it is another thing;
`slot`, the one place that an adjective or adverb may have; `forms`, `NN` or `NNS`; `only_words`, one of which the text must hold, since
the other word of the set has a further sense (film). What may follow or stand before is a word, several (`in the same`), an ending
(`*ing`) or `K`, a mark or the end. `next_class` and `prev_class` name the classes that a neighbour may have; `plural_next` and
`singular_next` ask for a noun in that number. A word of a closed class is swapped inside a sentence, with `start` at its beginning, with
`anywhere` at either place; with `no_negation` nothing before it may negate (`not big, but small`). `data/everyday.jsonl` holds such rules
beside its sets. What is asked is the same for both words, so that neither form of a set has an advantage.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import NamedTuple, Protocol

from freqbias.paraphrases.everyday import FUNCTION, everyday_rows, running_sets
from freqbias.paraphrases.tagging import Token, by_rules

ATTRIBUTIVE, PREDICATIVE, BY_VERB, AFTER_VERB = "attributive", "predicative", "verb", "after_verb"
BEFORE, AFTER = -1, 1
MAX_BETWEEN = 6  # words between a determiner and its noun


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Words that begin a complement where the word before can have one.
_COMPLEMENTS = _words("to that for about toward towards against over between among into than as how if when because whether")
#: Prepositions after an adjective are nearly always its complement.
_AFTER_ADJECTIVE = _COMPLEMENTS | _words("of at in on by with from under enough")
_AFTER_VERB = _words("to that for of into from how if whether")
_STATES = _words("seem seems seemed feel feels felt look looks looked appear appears appeared")
_AUXILIARIES = _words("do does did is are was were am be has have had will would can could should may might must")
_COUNTING = _words("a an another each every these those one many few several")
_NEGATIONS = _words("not n't n’t no never neither nor nobody nothing none hardly only without cannot")
_ENDS = frozenset(".!?;:")
_IN_NOUN_PHRASE = frozenset({",", '"', "“", "‘", "''", "'", "and"})
_EDGE = Token("", -1, -1, "K")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What running text must offer for a set, beyond what its part of speech asks."""

    id: str
    takes: Sequence[str] = ()
    only_next: Sequence[str] = ()
    only_prev: Sequence[str] = ()
    not_next: Sequence[str] = ()
    not_prev: Sequence[str] = ()
    slot: str | None = None
    forms: Sequence[str] = ()  # any
    only_words: Sequence[str] = ()
    next_class: str = ""
    prev_class: str = ""
    plural_next: bool = False
    singular_next: bool = False
    start: bool = False
    anywhere: bool = False
    no_negation: bool = False

    def allows(self, word: str) -> bool:
        """Tell whether a word may follow as complement."""
        return "*" in self.takes or word in self.takes


class Place(NamedTuple):
    """A word in its sentence."""

    tokens: Sequence[Token]
    at: int

    @property
    def own(self) -> Token:
        """The word itself."""
        return self.tokens[self.at]

    @property
    def before(self) -> Token:
        """The word or mark before it; an empty mark at the start."""
        return self.tokens[self.at - 1] if self.at else _EDGE

    @property
    def after(self) -> Token:
        """The word or mark after it; an empty mark at the end."""
        return self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else _EDGE

    @property
    def following(self) -> str:
        """The word after it, in lower case."""
        return self.after.text.lower()


class Words(Protocol):
    """The two words of a set, as far as their place goes."""

    @property
    def high(self) -> str:
        """The frequent word."""

    @property
    def low(self) -> str:
        """The rare word."""

    @property
    def pos(self) -> str:
        """Their part of speech."""

    @property
    def countable(self) -> bool | None:
        """Whether nouns can be counted; None where nobody says."""


@cache
def rules() -> Mapping[str, Rule]:
    """Return the rule of every set that is fit for running text, by its id."""
    text = files("freqbias.paraphrases").joinpath("data", "running_text.jsonl").read_text(encoding="utf-8")
    names = {field.name for field in fields(Rule)}
    everyday = ({key: value for key, value in row.items() if key in names} for row in everyday_rows())
    return {row["id"]: Rule(**row) for row in [*map(json.loads, text.splitlines()), *everyday]}


def fits(arm: str, name: str, tokens: Sequence[Token], at: int) -> bool:
    """Tell whether both words of set `name` can stand where token number `at` stands."""
    rule = rules().get(name)
    return rule is not None and suits(rule, running_sets(arm)[name], tokens, at)


def suits(rule: Rule, item: Words, tokens: Sequence[Token], at: int) -> bool:
    """Tell whether token number `at` stands where both words can stand, by the rule of their set."""
    place = Place(tokens, at)
    if _after_letter(place):
        return False
    if rule.only_words and place.own.text.lower() not in rule.only_words:
        return False
    if (rule.only_next and not _stands(rule.only_next, place, AFTER)) or (rule.only_prev and not _stands(rule.only_prev, place, BEFORE)):
        return False
    if _stands(rule.not_prev, place, BEFORE) or _stands(rule.not_next, place, AFTER):
        return False
    if (rule.next_class and not place.after.may(rule.next_class)) or (rule.prev_class and not place.before.may(rule.prev_class)):
        return False
    return _BY_POS[item.pos](rule, item, place)


def _stands(entries: Sequence[str], place: Place, side: int) -> bool:
    """Tell whether one of the entries of a rule stands before or after a word."""
    return any(_is_entry(entry.split(), place, side) for entry in entries)


def _is_entry(words: Sequence[str], place: Place, side: int) -> bool:
    beside = place.before if side == BEFORE else place.after
    if words == ["K"]:
        return beside.must("K")
    if len(words) == 1 and words[0].startswith("*"):
        return beside.text.lower().endswith(words[0][1:])
    first = place.at + 1 if side == AFTER else place.at - len(words)
    return first >= 0 and [token.text.lower() for token in place.tokens[first : first + len(words)]] == list(words)


def _after_letter(place: Place) -> bool:
    """Tell whether a letter that is no word stands before: `plan B`, and the `A` of `type A` inside a sentence, which is no article."""
    before = place.before.text
    if before == "A":
        return place.at >= 2 and not place.tokens[place.at - 2].must("K")
    return len(before) == 1 and before.isupper() and before != "I"


def _noun(rule: Rule, item: Words, place: Place) -> bool:
    own, before = place.own, place.before
    plural = own.text.lower() not in (item.high, item.low)
    if (rule.forms and ("NNS" if plural else "NN") not in rule.forms) or (
        place.following in _COMPLEMENTS and not rule.allows(place.following)
    ):
        return False
    sure = own.must("N") or (own.may("N") and before.must("DA"))
    if not plural and _may_be_head(place.after):
        return False  # `car washes`: only a parser could tell
    return sure and not _in_compound(place) and (plural or _has_right_determiner(item, place))


def _may_be_head(after: Token) -> bool:
    """Tell whether what a tagger calls a verb after a singular noun could be its head: a plural in `s` that is a noun elsewhere."""
    return after.must("V") and after.text.endswith("s") and "N" in by_rules([after.text])[0]


def _in_compound(place: Place) -> bool:
    """Tell whether a noun may belong to the word before or after it, or to a name or number."""
    before, after = place.before, place.after
    if after.must("C") or (before.text[:1].isupper() and place.at > 1 and not before.may("DOP")):
        return True
    if before.text in {")", "]"}:
        return True  # a formula and what it measures: `O(n) complexity`
    if before.text.isdigit() and place.at > 1 and place.tokens[place.at - 2].text[:1].isupper():
        return True  # `Theater 3000`
    return (after.may("NM") and not after.may("PJDO")) or (before.may("NM") and not before.may("ADCPO"))


def _has_right_determiner(item: Words, place: Place) -> bool:
    """Tell whether a singular noun has a determiner if it can be counted, and none that counts if it cannot.

    A singular that can be counted has no determiner only in fixed phrases: `in hospital`, `by car`.
    """
    for token in place.tokens[max(0, place.at - 1 - MAX_BETWEEN) : place.at][::-1]:
        if token.may("DCS"):
            return item.countable is not False or not (token.text.lower() in _COUNTING or token.may("C"))
        if not (token.may("AR") or token.text in _IN_NOUN_PHRASE):
            break
    return not item.countable


def _adjective(rule: Rule, item: Words, place: Place) -> bool:
    own, before, after, following = place.own, place.before, place.after, place.following
    attributive = after.may("N") and not after.may("POTJ") and following not in _AFTER_ADJECTIVE
    sure = item.pos == "adjective" and (own.must("A") or (own.may("A") and bool(rule.only_next) and attributive))
    if not sure and not (own.may("A") and attributive and before.must("DRA")):
        return False
    if following in _AFTER_ADJECTIVE and not rule.allows(following):
        return False
    if before.text.lower() == "as" and any(token.text.lower() == "as" for token in place.tokens[place.at + 1 : place.at + 6]):
        return False
    if attributive or after.may("A"):
        return rule.slot != PREDICATIVE
    noun = before.may("D") and following not in {",", "and", "but", "yet", "or"}  # `the obvious`
    return not noun and rule.slot != ATTRIBUTIVE and (after.may("K") or after.must("J") or after.must("P") or rule.allows(following))


def _adverb(rule: Rule, item: Words, place: Place) -> bool:
    before, after, following = place.before, place.after, place.following
    if item.pos != "adverb" or not place.own.may("R") or before.text.lower() in {"as", "no"}:
        return False
    if before is _EDGE or place.own.text[0].isupper():
        return False
    if following in _STATES | _AUXILIARIES | {"as", "enough"}:
        return False  # `rarely does a film`: only some adverbs turn a clause round
    if after.must("KPJT"):
        return before.may("VNOQR" if rule.slot == AFTER_VERB else "VNOQRA")
    if rule.slot == AFTER_VERB:
        return False
    return after.must("V") or following.endswith(("ing", "ed")) or (rule.slot != BY_VERB and after.may("A"))


def _verb(rule: Rule, item: Words, place: Place) -> bool:
    own, after = place.own, place.after
    if item.pos != "verb" or not own.must("V") or after.may("Q"):
        return False
    if rule.only_next:
        return True  # what must follow is told
    if place.following in _AFTER_VERB:
        return rule.allows(place.following)
    if after.may("DOANMC") and not after.must("T"):
        return not place.before.may("D")  # it has its object
    return own.text.endswith(("ed", "en", "t")) and after.must("KPJ")  # passive


def _function(rule: Rule, item: Words, place: Place) -> bool:
    own, after = place.own, place.after
    starts = place.before.must("K") and place.before.text != ","
    if (rule.start != starts and not rule.anywhere) or (own.text[0].isupper() and not starts):
        return False
    if rule.plural_next and not (after.text.islower() and (after.must("NA") or (after.may("N") and after.text.endswith("s")))):
        return False
    if rule.singular_next and not (after.text.islower() and after.may("NA") and not after.may("PJDOTC") and not _plural(after.text)):
        return False
    return not (rule.no_negation and any(token.text.lower() in _NEGATIONS for token in _before_in_sentence(place)))


def _plural(word: str) -> bool:
    return word.endswith("s") and not word.endswith("ss")


def _before_in_sentence(place: Place) -> Sequence[Token]:
    ends = [k for k in range(place.at) if place.tokens[k].text in _ENDS]
    return place.tokens[ends[-1] + 1 if ends else 0 : place.at]


_BY_POS: Mapping[str, Callable[[Rule, Words, Place], bool]] = {
    "noun": _noun,
    "adjective": _adjective,
    "adverb": _adverb,
    "verb": _verb,
    FUNCTION: _function,
}
