"""Names in a text, told by their capitals: which a paraphrase must keep."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from freqbias.frequency.words import stop_words
from freqbias.quantities import SMALL

#: Languages that capitalise every noun, so that a capital tells no name.
CAPITAL_NOUNS = frozenset({"de", "lb"})
#: Titles come and go with a name and are none: `Dr. Smith`, `Doctor Smith` and `Smith` are one man.
TITLES = frozenset({"dr", "mr", "mrs", "ms", "mx", "prof", "professor", "doctor", "mister", "sir", "madam", "miss", "st", "saint", "rev"})
#: A full stop after these ends no sentence.
_ABBREVIATIONS = frozenset(
    {"Dr", "Mr", "Mrs", "Ms", "Mx", "Prof", "St", "Rev", "Gen", "Col", "Sgt", "Capt", "Lt", "Sen", "Rep", "Gov", "Hon", "Mt", "Ft", "vs"}
)
_NAMES_TOO = frozenset({"may", "will"})  # function words that are names as often when they stand with a capital inside a sentence
#: What no dictionary of lemmas has, and no name is.
_INTERJECTIONS = frozenset(
    {"ah", "aha", "alas", "alright", "aw", "bye", "eh", "er", "goodbye", "ha", "hello", "hey", "hi", "hmm", "huh", "hooray", "nah"}
    | {"nope", "oh", "ok", "okay", "oops", "ouch", "ow", "phew", "please", "shh", "thanks", "ugh", "uh", "um", "well", "whoa", "wow"}
    | {"yeah", "yep", "yes"}
)
_HEADLINE_SHARE = 0.75  # of the words; where so many have a capital it is a headline, and capitals tell nothing
_HEADLINE_WORDS = 4
_LOOK_BACK = 40  # characters, in which a sentence's end is looked for
_MARKS = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "\u00ad": None, "\u200b": None, "\u00a0": " ", "\u202f": " "})
_TOKEN = re.compile(r"[^\W\d_](?:[\w]|['-](?=\w)|\.(?=[^\W\d_]\.))*")
_ENDINGS = re.compile(r"'(?:s|d|m|re|ve|ll|t)?$", re.IGNORECASE)
_ENDS_SENTENCE = re.compile(r"(?:^|[.!?…:;\n•]['\"”»)\]]*\s+|\n\s*|(?:^|[\s(\[—–-])['\"“„«‘(\[]+\s?|[-–—*]\s+)$")


@dataclass(frozen=True)
class Names:
    """The names of a text, and every word of it; a text without any capital can hold no name that is told."""

    names: frozenset[str]
    words: frozenset[str]
    cased: bool

    def missing_in(self, other: "Names") -> set[str]:
        """Return the names that the other text has nowhere: one letter as it is, others in any case."""
        folded = {word.casefold() for word in other.words}
        joined = folded | {part for word in folded for part in word.split("-")}
        return {name for name in self.names if not _has(name, other, joined)}


def _has(name: str, other: Names, folded: set[str]) -> bool:
    if len(name) == 1 and other.cased:
        return name in other.words
    return name.casefold() in folded or all(part in folded for part in name.casefold().split("-"))


@lru_cache(maxsize=1 << 12)
def names_of(text: str, language: str = "en") -> Names | None:
    """Return the names of a text; None for a language in which capitals tell none.

    A name is a word with a capital inside a sentence. At the start of one it is a name where it stands with a capital elsewhere in the
    text, or (English) where no dictionary has it as a word.
    """
    if language in CAPITAL_NOUNS:
        return None
    plain = unicodedata.normalize("NFC", text).translate(_MARKS)
    inside: set[str] = set()
    first: set[str] = set()
    words: list[str] = []
    for match in _TOKEN.finditer(plain):
        word = _ENDINGS.sub("", match[0]).replace(".", "")
        if not word:
            continue
        words.append(word)
        if _may_be_name(word, match[0], language):
            (first if _starts(plain, match.start()) else inside).add(word)
    if _is_headline(words):
        inside, first = set(), inside | first
    unknown = {word for word in first if word in inside or (language == "en" and not _is_word(word))}
    return Names(names=frozenset(inside | unknown), words=frozenset(words), cased=any(word[0].isupper() for word in words))


def _may_be_name(word: str, written: str, language: str) -> bool:
    if not word[0].isupper() or word == "I" or word.casefold() in TITLES:
        return False
    if len(word) > 1 and word.isupper():
        return True
    functional = stop_words(language)
    return not {word.lower(), written.lower()} & functional or len(word) == 1 or word.lower() in _NAMES_TOO


def _is_headline(words: list[str]) -> bool:
    longer = [word for word in words if len(word) > 2]
    return len(longer) >= _HEADLINE_WORDS and sum(word[0].isupper() for word in longer) >= _HEADLINE_SHARE * len(longer)


def _starts(text: str, place: int) -> bool:
    """Tell whether the word at a place is the first of a sentence: not after `Dr.`, an initial or `U.S.`."""
    before = text[:place] if place <= _LOOK_BACK else "x" + text[place - _LOOK_BACK : place]
    if not _ENDS_SENTENCE.search(before):
        return False
    word = re.search(r"([^\W\d_]+(?:\.[^\W\d_])*)\.\s+$", before)
    return word is None or not (word[1] in _ABBREVIATIONS or (word[1][-2:-1] in ("", ".") and word[1][-1].isupper()))


@lru_cache(maxsize=1 << 14)
def _is_word(word: str) -> bool:
    """Tell whether an English dictionary has a word that is no name."""
    import lemminflect

    lower = word.lower()
    parts = [part for part in re.split(r"['-]", lower) if part]
    known = stop_words("en") | _INTERJECTIONS | SMALL.keys()
    return lower in known or all(part in known or bool(lemminflect.getAllLemmas(part)) for part in parts)
