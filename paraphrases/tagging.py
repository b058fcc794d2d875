"""Words of a text with their parts of speech: by the HanTa tagger, or by what a word may be at all.

A class is one letter: N noun, M name, A adjective, R adverb, V verb, D determiner, C number, O pronoun, P preposition, T infinitive
`to`, Q particle, J conjunction or question word, S possessive ending, X negation, K punctuation. The tagger gives each word one class by
its sentence; without it a word has every class that it could have, and who asks for certainty leaves more alone.
"""

import re
from collections.abc import Callable, Collection, Sequence
from functools import cache
from typing import Any, NamedTuple

from freqbias.errors import InputError, install_hint

RULES, HANTA = "rules", "hanta"
TAGGERS = (RULES, HANTA)
ANYTHING = "NMAVR"  # what an unknown word may be

_TOKEN = re.compile(r"[A-Za-z]+(?=n['’]t\b)|n['’]t\b|['’](?:s|re|ve|ll|d|m)\b|[^\W_]+(?:[-_]\w+)*|\S")
_ENDS = frozenset(".!?;:")

#: Tags of the CLAWS C5 set, by their beginning.
_C5 = {
    "NP": "M", "NN": "N", "AJ": "A", "ORD": "A", "AVP": "Q", "AV": "R", "V": "V", "AT": "D", "DPS": "D", "DT0": "D", "DTQ": "J",
    "PNQ": "J", "PN": "O", "EX": "O", "PR": "P", "TO": "T", "CJ": "J", "XX": "X", "POS": "S", "PU": "K", "CRD": "C", "ZZ": "M",
}  # fmt: skip

#: Words of closed classes, for the rules.
_CLOSED = {
    "D": "a an the this that these those my your his her its our their some any no every each either neither both all another such "
    "what which whose much many more most few several enough",
    "C": "one two three four five six seven eight nine ten eleven twelve twenty thirty hundred thousand million",
    "O": "i you he she it we they me him us them myself yourself himself herself itself ourselves themselves there someone somebody "
    "something anyone anybody anything everyone everybody everything nobody nothing none",
    "P": "of in on at by with from for about into onto over under between among through during before after against without within "
    "toward towards upon near despite besides beyond along across behind per via like than as",
    "T": "to",
    "J": "and or but nor yet so if because while when where who whom how why although though unless until since whether whereas",
    "V": "am is are was were be been being have has had having do does did will would can could may might must shall should "
    "'re 've 'll 'd 'm ’re ’ve ’ll ’d ’m",
    "X": "not n't n’t",
    "S": "'s ’s",
    "R": "very too quite rather really also just even still never always often now then here there not only so",
    "Q": "up out off down away back",
}
_OF_LEMMINFLECT = {"NOUN": "N", "PROPN": "M", "VERB": "V", "AUX": "V", "ADJ": "A", "ADV": "R"}


class Token(NamedTuple):
    """A word or mark of a text, where it stands, and the classes that it may have."""

    text: str
    start: int
    end: int
    classes: str

    def may(self, classes: str) -> bool:
        """Tell whether the word could be of one of these classes."""
        return not set(classes).isdisjoint(self.classes)

    def must(self, classes: str) -> bool:
        """Tell whether it can be of no other."""
        return set(self.classes) <= set(classes)


#: The classes of each word of one sentence.
Tagger = Callable[[Sequence[str]], Sequence[str]]


def tagger(name: str) -> Tagger:
    """Return a tagger by name: `rules` or `hanta`; `InputError` for another name, or where HanTa is not installed."""
    if name == RULES:
        return by_rules
    if name != HANTA:
        raise InputError(f"unknown tagger '{name}'; known: {', '.join(TAGGERS)}")
    model = _hanta()
    return lambda words: [_of_c5(tag) for _, _, tag in model.tag_sent(list(words), taglevel=1)]


@cache
def _hanta() -> Any:  # HanTa has no types
    try:
        from HanTa import HanoverTagger
    except ModuleNotFoundError as error:
        raise InputError(f"tagger 'hanta' needs the package HanTa{install_hint('text')}") from error
    return HanoverTagger.HanoverTagger("morphmodel_en.pgz")


def _of_c5(tag: str) -> str:
    return next((_C5[tag[:size]] for size in (3, 2, 1) if tag[:size] in _C5), ANYTHING)


def _some(words: str) -> frozenset[str]:
    return frozenset(words.split())


#: Words after which a word that could be a noun or a verb is a verb, a noun as goal of `to` excepted.
_BEFORE_VERBS = _some("to can could will would shall should may might must cannot do does did 'll ’ll i we they he she who please")
_GOALS = _some("work school bed class court town war sleep church use date action")
#: Words after which it is none.
_BEFORE_NOUNS = _some(
    "a an the my your our their its every no of in on at by with from for into onto over under between among through during against "
    "without within toward towards upon near despite via per one two three four five six seven eight nine ten twenty thirty"
)
_PARTICIPLES = ("ing", "ed")
_SUBJECTS = _some("i we they he she who")
#: Words that follow a verb with an object, and no noun or adjective.
_OBJECTS = _some("the a an my your our their his its this these me him them us")


def by_rules(words: Sequence[str]) -> list[str]:
    """Return every class that each word could have; of noun and verb the one that the word before it leaves."""
    found = [_possible(word) for word in words]
    for k in range(1, len(words)):
        if {"N", "V"} <= set(found[k]):
            found[k] = _left_by(words[max(0, k - 2) : k], words[k], found[k])
        if "V" in found[k] and found[k] != "V" and words[k].islower() and _is_verb(words, k):
            found[k] = "V"
    return found


def _is_verb(words: Sequence[str], k: int) -> bool:
    """Tell whether a word that could be a verb is one: a past after its subject, or what has an object and a noun before it."""
    before, after = words[k - 1].lower(), words[k + 1].lower() if k + 1 < len(words) else ""
    if words[k].endswith("ed"):
        return before in _SUBJECTS or after in _OBJECTS
    return after in _OBJECTS and before.endswith("s") and not before.endswith("ss") and _possible(before) in ("N", "NV")


def _left_by(before: Sequence[str], word: str, classes: str) -> str:
    previous = [text.lower() for text in before]
    if previous[-1] in ("n't", "n’t", "not") and len(previous) == 2:
        previous.pop()
    if previous[-1] in _BEFORE_VERBS and not (previous[-1] == "to" and (word.lower() in _GOALS or word.endswith(("s", *_PARTICIPLES)))):
        return "V"
    if previous[-1] in _BEFORE_NOUNS and before[-1].lower() == previous[-1] and not word.endswith(_PARTICIPLES):
        return classes.replace("V", "")
    return classes


@cache
def _closed() -> dict[str, str]:
    found: dict[str, str] = {}
    for letter, words in _CLOSED.items():
        for word in words.split():
            found[word] = found.get(word, "") + letter
    return found


@cache
def _possible(word: str) -> str:
    if not word[0].isalnum() and len(word) == 1:
        return "K"
    if word[0].isdigit():
        return "C"
    closed = _closed().get(word.lower())
    if closed:
        return closed
    import lemminflect

    found = {_OF_LEMMINFLECT[tag] for tag in lemminflect.getAllLemmas(word.lower()) if tag in _OF_LEMMINFLECT}
    if "V" in found and word.endswith(("ing", "ed")):
        found |= {"A", "N"} if word.endswith("ing") else {"A"}
    if word[0].isupper():
        found.add("M")
    return "".join(sorted(found)) or ANYTHING


def tokens_of(text: str, tag: Tagger, wanted: Collection[int]) -> list[Token]:
    """Return the words and marks of a text; sentences in which a word begins at one of `wanted` are tagged, others go by rules."""
    found = list(_TOKEN.finditer(text))
    tagged: list[Token] = []
    start = 0
    for end, match in enumerate(found, start=1):
        if match[0] in _ENDS or end == len(found):
            sentence = found[start:end]
            own = tag if any(part.start() in wanted for part in sentence) else by_rules
            classes = own([part[0] for part in sentence])
            tagged += [Token(part[0], part.start(), part.end(), letters) for part, letters in zip(sentence, classes, strict=True)]
            start = end
    return tagged
