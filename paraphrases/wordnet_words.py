"""What a wordnet does not say of its words: names, spellings, base forms, what can be counted, and which slots of a frame they fit."""

import re
from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

from freqbias.frequency.words import word_zipf
from freqbias.paraphrases.inflection import MAX_PLURAL_DROP
from freqbias.paraphrases.lexsub import respelled
from freqbias.paraphrases.wordnet_files import Synset, WordNet
from freqbias.paraphrases.words import inflect_word, related

#: What WordNet's lexicographer files hold, as slots of the bundled frames; counts, groups and tops fit none.
SLOTS = {
    "person": ("person",),
    "thing": ("animal", "artifact", "body", "food", "object", "plant", "possession"),
    "place": ("location",),
    "substance": ("substance",),
    "event": ("act", "event", "phenomenon", "process", "time"),
    "idea": ("cognition", "communication", "motive", "relation"),
    "quality": ("attribute", "feeling", "shape", "state"),
}
MASS = ("substance", "event", "idea", "quality")  # slots whose nouns have no plural where none is used
_SLOT_OF = {f"noun.{topic}": slot for slot, topics in SLOTS.items() for topic in topics}
#: Slots by WordNet's sentence frames: somebody does it to something, to somebody, or just so. A verb that may have an object gets one,
#: and of two kinds the one that its lexicographer file is mostly about.
VERB_SLOTS = {8: "act_on_thing", 9: "act_on_person", 2: "intransitive"}
OF_THINGS = ("verb.change", "verb.contact", "verb.creation", "verb.stative", "verb.weather")  # without an object, mostly so: it fused
TO_PERSONS = ("verb.body", "verb.competition", "verb.emotion", "verb.social")
RUDE = re.compile(
    r"\b(?:offensive|disparag\w*|derogatory|obscen\w*|vulgar\w*|slang|insult\w*|contempt\w*|despi[sc]\w*|stupid|foolish|fool|idiot\w*|slur"
    r"|sex\w*|genital\w*|prostitut\w*|buttocks|breasts?|penis|vulva|vagina|testi\w+|anus|urin\w+|feces|fecal|excre\w+|defecat\w*|copulat\w*"
    r"|semen|obnoxious|low opinion|subnormal|you sit on)\b",
    re.IGNORECASE,
)
#: Glosses of what is said by some people only, and those that speak of a word and not of what it means.
OF_WORDS = re.compile(r"\b(?:informal|archaic|obsolete|dialect\w*|terms?|used as)\b", re.IGNORECASE)
_DOMAIN = re.compile(r"^(?:\([^)]*\)\s*)+|\s*\((?:usually |often |especially )?(?:plural|followed|used)[^)]*\)")
_PLURAL = re.compile(r"(?<![sui])s$")


def zipf_of(word: str) -> float:
    """Return the frequency of a word on the Zipf scale, 0 of one that wordfreq does not have."""
    return word_zipf(word) or 0.0


def cleaned(gloss: str) -> str:
    """Return a definition without the field before it and remarks on usage."""
    return _DOMAIN.sub("", gloss).strip()


def alike(first: str, second: str) -> bool:
    """Tell whether two words are spellings or relatives of one: cabala and kabala, sin and sinfulness."""
    return first in second or second in first or related(first, second) or Levenshtein.distance(first, second) <= 2


def is_base(word: str, pos: str) -> bool:
    """Tell whether a dictionary has a word as the base form of this part of speech, and as no form of another word.

    `leaving`, `rafts` and `men` are forms of others, `belongings` is a plural, `kylie` and `emptor` are in no dictionary of words.
    """
    import lemminflect

    known = lemminflect.getAllLemmas(word)
    forms = {lemma for lemmas in known.values() for lemma in lemmas}
    return pos.upper() in known and forms == {word} and not (pos == "noun" and _PLURAL.search(word))


def two_spellings(first: str, second: str) -> bool:
    """Tell whether two words of one synset are one word as it is spelled here and there: kail and kale, backup and back-up."""
    joined = [re.sub(r"[-' ]", "", word.lower()) for word in (first, second)]
    return respelled(*joined) or (joined[0][:1] == joined[1][:1] and Levenshtein.distance(*joined) <= 2)


def names_in(wordnet: WordNet) -> frozenset[str]:
    """Return the words that are names in the wordnet too: lemmas with a capital, and the parts of persons' names."""
    capital = (lemma for synset in wordnet.synsets.values() for lemma in synset.lemmas if not lemma.islower())
    persons = (
        lemma for synset in wordnet.synsets.values() if synset.instance and synset.topic == "noun.person" for lemma in synset.lemmas
    )
    return frozenset({lemma.lower() for lemma in capital} | {part.lower() for lemma in persons for part in lemma.split()})


def countable(synset: Synset, nouns: Sequence[str]) -> bool | None:
    """Tell by the frequency of their plurals whether nouns can be counted; None where it cannot be told, and of verbs."""
    if synset.pos != "noun":
        return None
    used = [has_plural(noun) for noun in nouns]
    if all(used):
        return True
    return None if any(used) or _SLOT_OF.get(str(synset.topic)) not in MASS else False


def has_plural(noun: str) -> bool:
    """Tell whether the plural of a noun is used, by its frequency."""
    plural = inflect_word(noun, "words")
    return plural != noun and zipf_of(plural) >= zipf_of(noun) - MAX_PLURAL_DROP


def slots_of(synset: Synset, words: Sequence[str]) -> frozenset[str]:
    """Return the slots of the bundled frames that all of these words of a synset can stand in."""
    if synset.pos == "noun":
        return frozenset({_SLOT_OF[synset.topic]} if synset.topic in _SLOT_OF else ())
    shared = frozenset.intersection(*(synset.frames.get(word, frozenset()) for word in words))
    if {8, 9} <= shared:
        return frozenset({"act_on_person" if synset.topic in TO_PERSONS else "act_on_thing"})
    slot = next((slot for number, slot in VERB_SLOTS.items() if number in shared), None)
    return frozenset() if slot is None or (slot == "intransitive" and synset.topic in OF_THINGS) else frozenset({slot})
