"""Is a text in the language that it is said to be in? By the most frequent words of each language, from wordfreq's lists.

A text's words are as likely under a language as its list of frequent words says; a word that is not on it has the same small probability
under every language. A text is a stranger where another language makes it far likelier than the stated one, or where most of its letters
are of another script. Short texts and names seldom say enough, and then nothing is said: this finds wrong files and mixed collections,
it does not tell Danish from Norwegian.
"""

import math
import re
from functools import cache

from freqbias.frequency.words import check_language

FREQUENT_WORDS = 4000  # of each language; 1,000 and 2,000 find fewer strangers and take as little English for them
UNLISTED = 1e-5  # about the probability of the 5,000th word: what any word has that is on no list
#: Likelier by a factor of 3,000. Of 6,000 English messages of programs 5 reach it, of 20,000 sentences and pieces of code in licences,
#: manuals and sources 4, of 3,000 bundled sentences none; of such messages in German, French, Spanish, Italian, Dutch, Portuguese or
#: Swedish 79 to 94 in a hundred do, in Czech, Finnish or Turkish half. Margins of 6 and 10 differ little.
MARGIN_NATS = 8.0
NOTABLE_SHARE = 0.01  # ten times what is taken for another language by mistake
LATIN_END = 0x250  # code points below are Latin letters with their accents
SCRIPT_SHARE = 0.5
MIN_WORDS = 3  # different frequent words of the other language; names and loans ("déjà vu") come in twos
#: What a text's words would gain in other languages, beside what they have in their own: 0.1 in English, above 1 in strangers.
OWN_WEIGHT = 0.5
ANOTHER_SCRIPT = "another script"

_LETTERS = re.compile(r"[^\W\d_]+")
_PLAIN = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_APOSTROPHES = re.compile(r"['’-]")
_MARKS = ".,;:!?…\"'“”„«»‘’‹›()[]¿¡-–—*_"


@cache
def _frequent(language: str) -> dict[str, float]:
    """Return how many nats likelier each frequent word of a language is than a word on no list."""
    from wordfreq import get_frequency_list

    found: dict[str, float] = {}
    for centibels, words in enumerate(get_frequency_list(language, "small")):  # below a probability of 1
        for word in words:
            if word.isalpha():
                found[word] = -centibels / 100 * math.log(10) - math.log(UNLISTED)
        if len(found) >= FREQUENT_WORDS:
            break
    return found


@cache
def _latin(language: str) -> bool:
    return sum(ord(word[0]) < LATIN_END for word in _frequent(language)) > FREQUENT_WORDS / 2


@cache
def _languages() -> list[str]:
    from wordfreq import available_languages

    return sorted(available_languages("small"))


@cache
def _gains(language: str) -> dict[str, float]:
    """Return how many nats likelier than under a language each word is where it is likeliest; words that gain nothing are left out."""
    own, found = _frequent(language), dict[str, float]()
    for name in _languages():
        for word, nats in _frequent(name).items():
            gain = nats - own.get(word, 0.0)
            if gain > found.get(word, 0.0):
                found[word] = gain
    return found


def _nats(words: list[str], listed: dict[str, float]) -> float:
    return math.fsum(filter(None, map(listed.get, words)))


def other_language(text: str, language: str = "en") -> str | None:
    """Return the language that a text seems to be in where it is not `language`: a code of wordfreq, or `another script`.

    None where it is in `language`, or too short to tell. Raises `InputError` for a language that wordfreq has no list for.
    """
    check_language(language)
    words = text.lower().split()
    if _nats(words, _gains(language)) < OWN_WEIGHT * _nats(words, _frequent(language)):  # plainly its own: this is fast
        return None
    if _latin(language) and _foreign(_LETTERS.findall(text)):
        return ANOTHER_SCRIPT
    whole = sorted({part for word in words for part in _whole(word)})  # each once: code and addresses repeat theirs
    if _nats(whole, _gains(language)) < MARGIN_NATS:
        return None
    nats = {name: _nats(whole, _frequent(name)) for name in _languages()}
    best = max(nats, key=lambda name: nats[name])
    known = sum(word in _frequent(best) for word in whole)
    return best if known >= MIN_WORDS and nats[best] - nats[language] >= MARGIN_NATS else None


def _whole(word: str) -> list[str]:
    """Return what stands between white space as words: none of addresses, paths and code, no single letters."""
    inner = word.strip(_MARKS)
    return [part for part in _APOSTROPHES.split(inner) if len(part) > 1] if _PLAIN.fullmatch(inner) else []


def _foreign(runs: list[str]) -> bool:
    letters = "".join(runs)
    return sum(ord(letter) >= LATIN_END for letter in letters) > SCRIPT_SHARE * len(letters)


class Strangers:
    """How many texts of a source seem to be in another language than the stated one, and the first of them."""

    def __init__(self, language: str):
        check_language(language)
        self.language = language
        self.texts = 0
        self.count = 0
        self.first = ""

    def includes(self, text: str, place: str) -> bool:
        """Tell whether a text is one, and count it; `place` is where it stands, for the sentence."""
        self.texts += 1
        found = other_language(text, self.language)
        if found is None:
            return False
        self.count += 1
        self.first = self.first or f"{place}: {text[:40]!r} looks like {found}"
        return True

    @property
    def notable(self) -> bool:
        """Whether they are more than a share that may be mistaken."""
        return self.count > NOTABLE_SHARE * self.texts

    def __str__(self) -> str:
        return f"{self.count} of {self.texts} texts are not in language '{self.language}' (first: {self.first})"
