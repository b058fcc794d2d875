"""How hard a text is to read: syllables, sentences, and the Flesch-Kincaid grade level. English only; other languages have no value.

Syllables come from the CMU Pronouncing Dictionary: `data/syllables-en.txt` holds those of its words that the rule of this module gets
wrong, so that every word of the dictionary has the dictionary's count and every other word that of the rule. A word with several
pronunciations has the count in their middle, the lower of two (`different`: 2). `tools/make_syllables.py` writes the file, and
`benchmarks/syllables.py` holds the rule against words that it was not written by (97.8 % of running text).
"""

import re
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files

from freqbias.frequency import tokens

SPELLED = 4  # letters; a word without a vowel that is no longer is read out letter by letter (`http`), a longer one is a noise

_VOWELS = re.compile(r"[aeiouy]+")
_ENDING = re.compile(r"'(?:s|d|ll|re|m|ve)$|'")
#: An `e` (or `o`, `a`) that is written and not spoken.
_SILENT = re.compile(
    r"(?:[^aeiouylr]|(?<![^aeiouylr])[lr]|[gq]u)e$"  # make, rule; not table, acre
    r"|(?:[^aeiouytdlr]|(?<![^aeiouylr])[lr]|[gq]u|[aeiou]y)ed$"  # called; not wanted, settled, hundred
    r"|(?:[^aeiouylrcsxzg]|(?<![^aeiouylr])[lr]|[gq]u)(?<![cs]h)es$"  # makes; not boxes, tables
    r"|(?<=[aeiouy][^aeiouyw])e(?=ly|ment(?!a)|ful|less|ness|ty$|thing|times?$|where|body|book|fore|how|what|house|line|m[ae]n$|land"
    r"|some|wood|side|way|work|town|hood|paper|maker|holder|shire|ville|ball|board|bird|room|power|ship|worthy|stone|guard|field)"
    r"|(?<=[aeiouy][lst][ltsv])e(?=ly|ment(?!a)|ful|less|ness)"
    r"|(?<=[aeiouy][vnfptc])e(?=r(?:y|ally?|ences?|ies)$)"  # every, general
    r"|(?<=[aeiouy][^aeiouy][tf])o(?=r(?:y|ies)$)"  # history; not story
    r"|(?<=ic)a(?=lly)|(?<=u)a(?=lly)"  # basically, usually
)
#: A vowel that begins a syllable of its own inside a row of vowels, or a syllable without a vowel.
_MORE = re.compile(
    r"(?<=[aeiou])y(?=[aeiou])|[^aeiou]y(?=i)"  # play-er, try-ing
    r"|(?<![cstgx])i(?=[ao](?!us|ns?$|ge|n[ace]))|(?<![cstgxn])i(?=ous|um|us$)"  # pi-ano, ser-ious; not so-cial, na-tion
    r"|(?<=[^cstgx]i)(?=ans?$)|(?<=[bdrpvm]i)(?=ons?$)"  # ind-ian, cham-pion
    r"|(?<![aegct])i(?=et|en[ct]|er$|ers$|est$)|(?<=sc)i(?=en)"  # qui-et, sci-ence
    r"|(?<![qg])u(?=a(?!r[ds]|de)|ou|i(?:ty|ng|n$|d$))|(?<=[lnr]u)(?=el)"  # act-ual, flu-id, cru-el
    r"|(?<!g)e(?=o(?![ufp])(?!r?g))|(?<=[aeiouy][^aeiouy]e)(?=a(?:$|s$|ns?$))"  # vid-eo, id-ea
    r"|(?<=cr)e(?=at)|(?<=re)(?=a(?:ct|l[iz]))|(?<=the)(?=at)|(?<=ine)(?=ar)"  # cre-ate, re-act, re-ality, the-ater, lin-ear
    r"|[eou](?=ing)|(?<=[^s]a)(?=ing)(?<![aeiouy]a)|(?<=ci)(?=ety)|(?<=[tc]i)(?=at[ei])|(?<=nu)(?=ous)"  # see-ing, soci-ety
    r"|(?<=[ui])(?=re[sd]?$)(?<=[qps][ui])"  # requi-re, inspi-red
    r"|(?<=[aeiou][st])(?=ms?$)|(?<=th)(?=ms?$)|(?<=[ds])n't|(?:[sxz]|[cs]h|ce|ge)'s$|(?<=[tdh])'(?:d|ll|ve)$"  # pris-m, did-n't
)


@cache
def _exceptions() -> dict[str, int]:
    """Return the dictionary's count of the words that the rule gets wrong."""
    lines = files("freqbias").joinpath("data", "syllables-en.txt").read_text(encoding="utf-8").splitlines()
    rows = (line.split() for line in lines if not line.startswith("#"))
    return {word: int(count) for count, *words in rows for word in words}


def syllables_by_rule(word: str) -> int:
    """Return the number of syllables of a lower-case English word by its letters alone (at least 1)."""
    plain = _ENDING.sub("", word)
    if not _VOWELS.search(plain):
        return len(plain) + 2 * plain.count("w") if 1 < len(plain) <= SPELLED and plain.isalpha() else 1
    return max(1, len(_VOWELS.findall(plain)) - len(_SILENT.findall(plain)) + len(_MORE.findall(word)))


@lru_cache(maxsize=1 << 17)
def syllables(word: str) -> int:
    """Return the number of spoken syllables of an English word (at least 1); a number in digits counts as one.

    `u.s` is read letter by letter. By the pronouncing dictionary, else by rule; see the module's docstring.
    """
    word = word.lower().replace("’", "'").strip("'.")
    if not word.isascii():
        word = "".join(letter for letter in unicodedata.normalize("NFD", word) if not unicodedata.combining(letter))
    known = _exceptions().get(word)
    if known is not None or any(map(str.isdigit, word)):
        return known or 1
    if "." in word:
        return sum(2 * (part == "w") + 1 if len(part) == 1 else syllables(part) for part in word.split(".") if part) or 1
    return syllables_by_rule(word)


_BREAK = re.compile(r"[.!?][^\w\s]*\s|\n")


def sentences(text: str) -> int:
    """Return how many sentences an English text has (at least 1), by `sentencex`; abbreviations end none."""
    if not _BREAK.search(text.strip()):
        return 1
    import sentencex

    return max(1, sum(any(map(str.isalnum, part)) for part in sentencex.segment("en", text)))


def fkgl(text: str, language: str = "en") -> float | None:
    """Return the Flesch-Kincaid grade level of an English text; None for other languages and for texts without words.

    0.39 words / sentences + 11.8 syllables / words - 15.59. Reference: Kincaid et al. (1975), Research Branch Report 8-75. The weights
    are of American English prose, so no other language is given a number.
    """
    found = tokens(text, language) if language == "en" else []
    if not found:
        return None
    return 0.39 * len(found) / sentences(text) + 11.8 * sum(map(syllables, found)) / len(found) - 15.59
