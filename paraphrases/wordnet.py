"""Generator `wordnet`: words that are one synset's in their first sense, in the bundled carrier sentences; the gloss is the query.

Two words at least `min_gap` apart in frequency are a pair of arm `frequency`, two within a quarter of each other one of `placebo`, of
which the shorter word is `high`. Synonymy is WordNet's and nobody read the couples: kinds of word that mostly spoil one are left out and
counted, and `docs/wordnet.md` says how many of the rest are bad. Nouns and verbs only: adjectives and adverbs have no hypernyms, so no
co-hyponyms for decoys, and nothing in WordNet says what they can be said of.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from freqbias.errors import InputError
from freqbias.frequency import mean_zipf_gap, swap
from freqbias.paraphrases.checks import checked
from freqbias.paraphrases.lexicon import MAX_PLACEBO_GAP, MIN_GAP, NEUTRAL_QUERIES, Frame, frames, query_texts
from freqbias.paraphrases.making import drafted
from freqbias.paraphrases.wordnet_files import Synset, WordNet, read_wordnet
from freqbias.paraphrases.wordnet_words import (
    OF_WORDS,
    RUDE,
    alike,
    cleaned,
    countable,
    has_plural,
    is_base,
    names_in,
    slots_of,
    two_spellings,
    zipf_of,
)
from freqbias.paraphrases.words import inflect_word, shared_words
from freqbias.records import Pair
from freqbias.terms import FREQUENCY, HIGH, LOW, PLACEBO, SWAPPED_WORDS, ZIPF_GAP_OF

log = logging.getLogger(__name__)

#: Of a noun; half as many of a verb, which says less without what it is said of. The first of many senses is seldom the one that a short
#: sentence calls up.
MAX_SENSES = 4
#: Below it wordfreq's counts are few.
MIN_ZIPF = 1.5
#: Between a decoy and the form that it stands beside, where no other synset offers both.
MAX_DECOY_DISTANCE = 0.5
MIN_LETTERS = 4
MAX_PLURAL_RISE = 0.5  # of a noun that is used in the singular as well: three plurals to one
MANY_SENSES, NO_ORDER = "words of too many senses", "words whose senses are in no order"
AMBIGUOUS = (MANY_SENSES, NO_ORDER)  # why a word is no form, though a decoy may be one


@dataclass(frozen=True, kw_only=True)
class Couple:
    """Two words of a synset, the frequent one first, with the slots that they can stand in.

    `countable` is told by their plurals, None where it cannot be, and for verbs.
    """

    synset: Synset
    high: str
    low: str
    gap: float
    slots: frozenset[str]
    countable: bool | None
    query: str

    @property
    def words(self) -> tuple[str, str]:
        """Both words."""
        return self.high, self.low


@dataclass(frozen=True, kw_only=True)
class Decoys:
    """Words of co-hyponyms, one to stand beside each form; `one` says that they are two words of one synset."""

    high: str
    low: str
    one: bool
    countable: bool


def generate(
    *,
    n: int | None = None,
    seed: int = 0,
    min_gap: float = MIN_GAP,
    max_senses: int = MAX_SENSES,
    min_zipf: float = MIN_ZIPF,
    data: str = "",
    **_: Any,
) -> list[Pair]:
    """Return `n` frequency pairs, spread evenly over the couples, and as many placebo pairs or all that there are.

    Without `n`, every couple appears once. `min_gap` is the least frequency gap of the arm `frequency` and `min_zipf` the least frequency
    of a word, in Zipf units; `max_senses` the most senses of a noun, of a verb half as many; `data` a folder of WordNet's files or a
    lexicon of `wn`, by default the first that is found. The same arguments and data give the same pairs. `InputError` where there is no
    WordNet, or fewer than `n` pairs.
    """
    if not min_gap > MAX_PLACEBO_GAP:
        raise InputError(f"-o min_gap={min_gap:g}: must be above {MAX_PLACEBO_GAP:g}, where the placebo ends")
    wordnet = read_wordnet(data)
    maker = Maker(wordnet, min_gap=min_gap, max_senses=max_senses, min_zipf=min_zipf)
    couples = maker.couples()
    rng = np.random.default_rng(seed)
    drawn = {arm: _drawn([(one, maker.choices(arm, one)) for one in couples[arm]], rng) for arm in (FREQUENCY, PLACEBO)}
    _tell(wordnet, {arm: len({one.synset.id for one, _ in rows}) for arm, rows in drawn.items()}, maker.left_out)
    most = len(drawn[FREQUENCY])
    if not most:
        raise InputError(f"{wordnet.name}: no couple of words is left; give a lower -o min_gap= or a higher -o max_senses=")
    if n is not None and not 1 <= n <= most:
        raise InputError(f"--n must be between 1 and {most}, the number of couples times the frames that fit them; found {n}")
    return checked(
        _pair(wordnet, arm, one, *choice)
        for arm, rows in drawn.items()
        for one, choice in rows[: len({one.synset.id for one, _ in rows}) if n is None else n]
    )


def _tell(wordnet: WordNet, synsets: Mapping[str, int], left_out: Mapping[str, int]) -> None:
    log.info("%s: %d synsets give frequency pairs, %d placebo pairs", wordnet.name, synsets[FREQUENCY], synsets[PLACEBO])
    log.info("left out: %s", ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items())))


Choice = tuple[Frame, Decoys | None]


def _drawn(choices: Sequence[tuple[Couple, Sequence[Choice]]], rng: np.random.Generator) -> list[tuple[Couple, Choice]]:
    """Return every couple in each frame, in rounds: each visits every couple that has a frame left, in random order."""
    order = [(choices[k][0], [choices[k][1][i] for i in rng.permutation(len(choices[k][1]))]) for k in rng.permutation(len(choices))]
    longest = max((len(own) for _, own in order), default=0)
    return [(one, own[k]) for k in range(longest) for one, own in order if k < len(own)]


class Maker:
    """Couples of a wordnet and what they can be put into; counts in `left_out` why words and couples are not used."""

    def __init__(self, wordnet: WordNet, *, min_gap: float, max_senses: int, min_zipf: float):
        self.wordnet = wordnet
        self.min_gap, self.max_senses, self.min_zipf = min_gap, max_senses, min_zipf
        self.left_out: Counter[str] = Counter()
        self._names = names_in(wordnet)

    def couples(self) -> dict[str, list[Couple]]:
        """Return the couples of either arm, the best one of each synset: fewest senses, then the largest gap, or the smallest."""
        found: dict[str, list[Couple]] = {FREQUENCY: [], PLACEBO: []}
        for synset in self.wordnet.synsets.values():
            own = list(self.couples_of(synset)) if len(synset.lemmas) > 1 else []
            for arm, rows in found.items():
                fitting = [one for one in own if self.in_arm(arm, one.gap)]
                if fitting:
                    sign = -1 if arm == FREQUENCY else 1
                    rows.append(min(fitting, key=lambda one: (self._senses(one), sign * one.gap, one.words)))
        return found

    def in_arm(self, arm: str, gap: float | None) -> bool:
        """Tell whether a gap is one of an arm."""
        if gap is None:
            return False
        return gap >= self.min_gap if arm == FREQUENCY else abs(gap) <= MAX_PLACEBO_GAP + 1e-9

    def _senses(self, one: Couple) -> int:
        return sum(len(self.wordnet.senses[word, one.synset.pos]) for word in one.words)

    def couples_of(self, synset: Synset) -> Iterator[Couple]:
        """Yield the couples of a synset's usable words, whatever their gap."""
        words = self.words_of(synset)
        query = cleaned(synset.gloss)
        for first, second in combinations(words, 2):
            slots = slots_of(synset, (first, second))
            if alike(first, second):
                self.left_out["couples of one word family"] += 1
            elif not slots:
                self.left_out["couples of no slot"] += 1
            elif shared_words((first, second), [query]):
                self.left_out["couples named in their gloss"] += 1
            else:
                high, low = sorted((first, second), key=lambda word: (-zipf_of(word), word))
                yield Couple(
                    synset=synset,
                    high=high,
                    low=low,
                    gap=mean_zipf_gap([(high, low)]) or 0.0,
                    slots=slots,
                    countable=countable(synset, (high, low)),
                    query=query,
                )

    def words_of(self, synset: Synset, *, strict: bool = True) -> list[str]:
        """Return the words of a synset that are single, common enough and mean it first, or for decoys as likely anything else."""
        if synset.pos not in ("noun", "verb") or synset.instance or not cleaned(synset.gloss):
            return []
        if OF_WORDS.search(synset.gloss):
            self.left_out["synsets of dialect, or about words"] += 1
            return []
        usable = []
        for lemma in synset.lemmas:
            reason = next((found for found in self._reasons(lemma, synset) if strict or found not in AMBIGUOUS), None)
            if reason:
                self.left_out[reason] += 1
            else:
                usable.append(lemma)
        return usable

    def _reasons(self, lemma: str, synset: Synset) -> Iterator[str]:
        """Yield why a word of a synset is not used; each test supposes that those before it were passed."""
        pos = synset.pos
        if not (lemma.isascii() and lemma.isalpha() and len(lemma) >= MIN_LETTERS):
            yield "words of several parts or under four letters"
        if lemma.lower() in self._names:
            yield "names"
        if self.wordnet.first(lemma, pos) is not synset:
            yield "words of another first sense"
        if zipf_of(lemma) < self.min_zipf:
            yield "rare or unknown words"
        if not is_base(lemma, pos):
            yield "inflected words, and those that lemminflect's dictionary does not have"
        if pos == "noun" and zipf_of(inflect_word(lemma, "words")) > zipf_of(lemma) + MAX_PLURAL_RISE:
            yield "nouns used mostly in the plural"
        if lemma in synset.marked:
            yield "slang, disparaging and archaic words"
        if any(two_spellings(lemma, other) for other in synset.lemmas if other != lemma):
            yield "words of two spellings"
        yield from self._reasons_of_senses(lemma, pos)

    def _reasons_of_senses(self, lemma: str, pos: str) -> Iterator[str]:
        own = len(self.wordnet.senses[lemma, pos])
        senses = [key for part in self.wordnet.parts_of(lemma) for key in self.wordnet.senses[lemma, part]]
        if 2 * own <= len(senses):
            yield "words that are mostly of another part of speech"
        if own > (self.max_senses if pos == "noun" else self.max_senses // 2):
            yield MANY_SENSES
        if own > 1 and (lemma, pos) not in self.wordnet.ranked:
            yield NO_ORDER
        if any(RUDE.search(self.wordnet.synsets[key].gloss) for key in senses):
            yield "words with a rude sense"

    def choices(self, arm: str, one: Couple) -> list[Choice]:
        """Return the frames that fit a couple, each with decoys if there are some."""
        decoys = self.decoys(arm, one)
        texts = [*one.words, one.query, *([decoys.high, decoys.low] if decoys else [])]
        return [
            (frame, decoys)
            for frame in fitting(one)
            if not (frame.countable and decoys and not decoys.countable)
            and not shared_words(texts, [frame.bare])
            and self.in_arm(arm, mean_zipf_gap([(frame.swapped(one.high), frame.swapped(one.low))]))
        ]

    def decoys(self, arm: str, one: Couple) -> Decoys | None:
        """Return two words of a co-hyponym, as far apart as the arm asks; else words of two that are about as frequent as the forms."""
        sisters = [
            self.wordnet.synsets[key]
            for parent in one.synset.parents
            for key in self.wordnet.children[parent]
            if key != one.synset.id and self.wordnet.synsets[key].pos == one.synset.pos
        ]
        counted, self.left_out = self.left_out, Counter()  # a sister's words are no loss
        couples = [own for sister in sisters for own in self.couples_of(sister) if self.in_arm(arm, own.gap)]
        words = [(word, sister) for sister in sisters for word in self.words_of(sister, strict=False)]
        self.left_out = counted
        usable = [own for own in couples if _apart(one, own.words) and own.slots >= one.slots and _same_kind(own.countable, one)]
        if usable:
            best = min(usable, key=lambda own: (abs(zipf_of(own.high) - zipf_of(one.high)), own.words))
            return Decoys(high=best.high, low=best.low, one=True, countable=bool(best.countable))
        single = [
            word
            for word, sister in words
            if _apart(one, [word]) and slots_of(sister, [word]) >= one.slots and _same_kind(countable(sister, [word]), one)
        ]
        chosen = []
        for form in one.words:
            near = min(
                (word for word in single if word not in chosen), key=lambda word: (abs(zipf_of(word) - zipf_of(form)), word), default=None
            )
            if near is None or abs(zipf_of(near) - zipf_of(form)) > MAX_DECOY_DISTANCE:
                return None
            chosen.append(near)
        return Decoys(high=chosen[0], low=chosen[1], one=False, countable=one.synset.pos == "noun" and all(map(has_plural, chosen)))


def _apart(one: Couple, words: Sequence[str]) -> bool:
    return not shared_words([*one.words, one.query], words)


def _same_kind(count: bool | None, one: Couple) -> bool:
    """Tell whether a decoy can be counted, as far as that is known, where the couple can."""
    return (count is False) == (one.countable is False)


def fitting(one: Couple) -> list[Frame]:
    """Return the frames of a couple's part of speech, slot and countability; what cannot be counted keeps to frames for such words."""
    own = [frame for frame in frames() if frame.pos == one.synset.pos and not one.slots.isdisjoint(frame.slots)]
    mass = [frame for frame in own if frame.countable is False and one.countable is False]
    return mass or [frame for frame in own if frame.countable in (None, one.countable)]


def _pair(wordnet: WordNet, arm: str, one: Couple, frame: Frame, decoys: Decoys | None) -> Pair:
    # of two words that are equally frequent, the shorter one is `high`
    words = one.words if arm == FREQUENCY or len(one.high) <= len(one.low) else (one.low, one.high)
    high, low = map(frame.fill, words)
    difference = swap(high, low)
    beside = {} if decoys is None else {HIGH: frame.fill(decoys.high), LOW: frame.fill(decoys.low)}
    template = query_texts()["naming"][one.synset.pos]
    neutral = [query for query in query_texts()["neutral"] if not shared_words([query], [high, low, *beside.values()])]
    return drafted(
        item=f"{words[0]}-{words[1]}-{one.synset.pos[0]}",
        arm=arm,
        high=high,
        low=low,
        queries={
            "neutral": neutral[:NEUTRAL_QUERIES],
            "gloss_plain": [one.query],
            **{f"naming_{side}": template.replace("{word}", word) for side, word in zip((HIGH, LOW), words, strict=True)},
        },
        decoys=beside,
        zipf_gap=difference.zipf_gap,
        generator="wordnet",
        checks={
            "one_swap": (difference.high, difference.low) == ((frame.swapped(words[0]),), (frame.swapped(words[1]),)),
            "known_words": not difference.unknown,
        },
        covariates={"n_senses": [len(wordnet.senses[word, one.synset.pos]) for word in words]},
        meta={
            "wordnet": wordnet.name,
            "synset": one.synset.id,
            "topic": one.synset.topic,
            "frame": frame.id,
            "domain": frame.domain,
            "pos": one.synset.pos,
            "slot": next(slot for slot in frame.slots if slot in one.slots),
            "swap": list(words),
            "decoys_of_one_synset": decoys.one if decoys else None,
            "oriented_by": "characters" if arm == PLACEBO and len(words[0]) != len(words[1]) else None,
            ZIPF_GAP_OF: SWAPPED_WORDS,
        },
    )
