"""The inflection that a word has in its sentence, and other words put into it; by lemminflect."""

import re
from collections.abc import Sequence
from functools import cache

from freqbias.frequency.words import word_zipf
from freqbias.paraphrases.lexsub_files import Slot

#: Penn tags by part of speech.
TAGS = {
    "noun": ("NN", "NNS"),
    "verb": ("VB", "VBP", "VBZ", "VBD", "VBN", "VBG"),
    "adjective": ("JJ", "JJR", "JJS"),
    "adverb": ("RB", "RBR", "RBS"),
}
_UPOS = {"noun": "NOUN", "verb": "VERB", "adjective": "ADJ", "adverb": "ADV"}
_BASE = ("NN", "VB", "VBP", "JJ", "RB")
_PERFECT_OR_PASSIVE = re.compile(
    r"(?:\b(?:have|has|had|having|be|is|are|was|were|been|being|am|get|gets|got|getting)|'(?:ve|re|m))(?:n't|n’t)?"
    r"(?:\s+(?:not|never|also|already|just|ever|often|always|still|been|being|\w+ly))*\s+$",
    re.IGNORECASE,
)
_SUBJECT = re.compile(r"\b(?:I|you|he|she|we|they|it|who)(?:\s+(?:never|also|just|always|still|then|\w+ly))*\s+$", re.IGNORECASE)


@cache
def forms(lemma: str, pos: str) -> dict[str, tuple[str, ...]]:
    """Return the inflected forms of a lemma by Penn tag."""
    import lemminflect

    found: dict[str, tuple[str, ...]] = lemminflect.getAllInflections(lemma, upos=_UPOS[pos])
    return found


def slot_tags(slot: Slot) -> list[str]:
    """Return the tags that a slot's word may have; empty where that is unknown. Without a part of speech, those of all four."""
    word = slot.word.lower()
    if slot.pos is None:
        return [f"{pos}:{tag}" for pos in TAGS for tag in _tags_as(word, None, pos)]
    if slot.lemma is None:
        return []
    tags = _tags_as(word, slot.lemma.lower(), slot.pos)
    return _told_apart(tags, slot.before)


def _tags_as(word: str, lemma: str | None, pos: str) -> list[str]:
    import lemminflect

    lemmas = lemminflect.getAllLemmas(word, upos=_UPOS[pos]).get(_UPOS[pos], ()) if lemma is None else (lemma,)
    found = [tag for name in lemmas for tag, words in forms(name, pos).items() if word in words]
    if word in lemmas and pos in ("noun", "adjective", "adverb"):
        found = [tag for tag in found if tag in _BASE] or found  # `sum` is one sum, though a plural without s is on the list
        if not found and lemma == word:
            found = [TAGS[pos][0]]
    return list(dict.fromkeys(found))


def _told_apart(tags: list[str], before: str) -> list[str]:
    """Return VBD or VBN alone where what stands before a word tells which it is."""
    if "VBN" not in tags:
        return tags
    if _PERFECT_OR_PASSIVE.search(before):
        return ["VBN"]
    if "VBD" in tags and _SUBJECT.search(before):
        return [tag for tag in tags if tag != "VBN"]
    return tags


def to_slot(word: str, slot: Slot, tags: Sequence[str]) -> str | None:
    """Return a word in the inflection of a slot; None where it has none, or several that the slot does not tell apart.

    In a file that gives lemmas a word is inflected; in one that gives what people wrote it must be so inflected already.
    """
    if slot.pos is None:
        own = {f"{pos}:{tag}" for pos in TAGS for tag in _tags_as(word, None, pos)}
        return word if own & set(tags) else None
    known = forms(word, slot.pos)
    found: set[str] = set()
    for tag in tags:
        inflected = known.get(tag, ())
        if tag in _BASE:
            found.add(word)
        elif tag == "NNS" and "NN" not in known:
            return None
        elif len(inflected) >= 1:
            found.add(_usual(inflected))
        else:
            return None
    return found.pop() if len(found) == 1 else None


def _usual(inflected: Sequence[str]) -> str:
    """Return the most frequent of several forms (`learned`, `learnt`)."""
    return max(inflected, key=lambda form: word_zipf(form) or 0.0)
