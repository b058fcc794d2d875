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
_TAKES_BASE = re.compile(
    r"\b(?:to|will|would|can|could|shall|should|may|might|must|do|does|did|let's|cannot)(?:n't|n’t)?(?:\s+(?:not|never|also|just|\w+ly))*\s+$",
    re.IGNORECASE,
)
#: A plural that is thirty times rarer than its singular is that of a mass noun (`informations`); of countable ones 1 in 100 is.
MAX_PLURAL_DROP = 1.5
_SUBJECT = re.compile(r"\b(?:I|you|he|she|we|they|it|who)(?:\s+(?:never|also|just|always|still|then|\w+ly))*\s+$", re.IGNORECASE)


@cache
def forms(lemma: str, pos: str) -> dict[str, tuple[str, ...]]:
    """Return the inflected forms of a lemma by Penn tag."""
    import lemminflect

    found: dict[str, tuple[str, ...]] = lemminflect.getAllInflections(lemma, upos=_UPOS[pos])
    return found


def may_be(word: str, pos: str) -> bool:
    """Tell whether a dictionary has a word as this part of speech and as no form of another word, or does not have it at all.

    `fell` is left alone: whoever wrote it as a lemma as likely meant `fall`.
    """
    import lemminflect

    known = lemminflect.getAllLemmas(word)
    lemmas = known.get(_UPOS[pos], ())
    return not known or (bool(lemmas) and (word not in lemmas or len(lemmas) == 1))


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
    """Return the tags that what stands before a word leaves: a base form after `to`, a participle after `had`, a past after `she`."""
    if len({tag if tag not in ("VB", "VBP") else "VB" for tag in tags}) == 1:
        return tags
    if "VB" in tags and _TAKES_BASE.search(before):
        return ["VB"]
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
    found = {_inflected(word, slot.pos, tag) for tag in tags}
    return found.pop() if len(found) == 1 else None


def _inflected(word: str, pos: str, tag: str) -> str | None:
    """Return one form of a lemma; a word that is such a form already stays; None where there is none, or a plural that is hardly used."""
    if tag in _BASE:
        return word
    known = forms(word, pos)
    found = known.get(tag) or (known.get("VBD", ()) if tag == "VBN" else ())  # regular verbs have the two in one
    if not found:
        return word if tag in _tags_as(word, None, pos) or (tag == "VBN" and "VBD" in _tags_as(word, None, pos)) else None
    usual = max(found, key=lambda form: (form != word, word_zipf(form) or 0.0))
    zipf, base = word_zipf(usual), word_zipf(word)
    if zipf is None or (tag == "NNS" and (usual == word or zipf < (base or 0.0) - MAX_PLURAL_DROP)):
        return None
    return usual
