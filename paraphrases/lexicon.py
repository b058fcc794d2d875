"""The bundled synonym sets put into the bundled frames: arms `frequency`, `placebo` and `length`.

A set is one item. Every pair of a set holds the same sentence twice, with one word swapped (`frequency`, `placebo`), or once as
it is and once with empty material around it (`length`). How the sets were written and checked is in `data/DATASHEET.md`.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from freqbias.errors import InputError
from freqbias.frequency import mean_zipf_gap, swap
from freqbias.paraphrases.checks import checked
from freqbias.paraphrases.making import drafted
from freqbias.paraphrases.words import article, base_forms, inflect_word, shared_words
from freqbias.records import Pair
from freqbias.registry import suggestion
from freqbias.terms import (
    FREQUENCY,
    GLOSS_LEAN,
    GLOSS_RARE,
    HIGH,
    LENGTH,
    LOW,
    MARKED,
    PLACEBO,
    REGISTERS,
    SWAPPED_WORDS,
    ZIPF_GAP_OF,
)

SAME = "same"  # of a rare word against the frequent one, by a reader
NEUTRAL_QUERIES = 5
LONGER = 1.25  # the least ratio of lengths in the length arm
PLACEBO_SHARE = 1.0  # of the frequency arm's pairs: showing that nothing is there takes as many items as showing something
LENGTH_SHARE = 0.5  # a yardstick; its effects are large
RARE_MARKING = 0.05  # of the sets: a difference in register that fewer have does not say how many placebo sets are drawn
MIN_GAP = 0.7  # Zipf; a factor of five in frequency
MAX_PLACEBO_GAP = 0.1  # Zipf; a quarter more often


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A carrier of one to three sentences; `{word}`, `{words}`, `{past}` and `{a word}` are filled with a word in that form.

    `position` is the third of the text that the word stands in: `early`, `middle` or `late`. A frame without `slots` was written for the
    set that lists it.
    """

    id: str
    domain: str
    pos: str
    slots: Sequence[str]
    countable: bool | None
    position: str
    text: str

    @property
    def bare(self) -> str:
        """The sentence without its slot."""
        return re.sub(r"\{[^}]*\}", "", self.text)

    def fill(self, word: str) -> str:
        """Return the text with `word` in place."""
        shown = f"{article(word)} {word}" if "{a word}" in self.text else self.swapped(word)
        filled = re.sub(r"\{[^}]*\}", shown, self.text)
        return filled[0].upper() + filled[1:]

    def swapped(self, word: str) -> str:
        """Return `word` in the form that this frame shows."""
        return inflect_word(word, self.form)

    @property
    def form(self) -> str:
        """What this frame shows: `words`, `past`, or `word` for the word as it is."""
        return next((form for form in ("words", "past") if f"{{{form}}}" in self.text), "word")

    def is_inflected(self, word: str) -> bool:
        """Tell whether the form that this frame shows leads back to `word`; the plural of `sawbones` does not."""
        return self.form == "word" or word in base_forms(self.swapped(word), self.form)


@dataclass(frozen=True, kw_only=True)
class SynonymSet:
    """One row of the lexicon; two-element lists are [high, low].

    `frames` are those in which readers found both words right. `equivalence` is what two readers called the rare word against the
    frequent one (`same` or another `nuance`), `region` where a word is chiefly used, `tags` whether it is `archaic` or `technical`.
    `sense_share` is the judged share of a word's occurrences that carry the meant sense, `n_senses` WordNet's count for the part of
    speech, `subwords` the pieces in three tokenizers, `gloss_fit` the mean blind 1-5 rating of the plain and elevated glosses against
    each form, `gloss_lean` by register which of the two words the glosses define better by two readers: 1 always `high`, -1 always
    `low`. The words of `gloss_rare` are about as rare as the rare form.
    `headline` marks sets whose two words nearly always carry the meant sense, `balanced` the largest part of the
    frequency arm that is level in characters, readability and register, `gap_matched` a part of which one half splits into equally
    many WordPiece subwords and the other does not, at the same frequency gaps. `oriented_by` names the rival of which the `high` side of
    a placebo set has less.
    """

    id: str
    arm: str
    pos: str
    slot: str
    group: str
    countable: bool | None
    frames: Sequence[str]
    high: str
    low: str
    register: Sequence[str]
    region: Sequence[str | None]
    tags: Sequence[Sequence[str]]
    equivalence: Sequence[str]
    relatives: bool
    n_senses: Sequence[int | None]
    sense_share: Sequence[float]
    subwords: dict[str, Sequence[int]]
    gloss_plain: Sequence[str]
    gloss_elevated: Sequence[str]
    gloss_rare: Sequence[str]
    gloss_fit: Sequence[float]
    gloss_lean: Mapping[str, float]
    decoy: str
    headline: bool
    balanced: bool
    gap_matched: bool
    oriented_by: str | None

    @property
    def glosses(self) -> list[str]:
        """All glosses, plain ones first, those in rare words last."""
        return [*self.gloss_plain, *self.gloss_elevated, *self.gloss_rare]

    @property
    def surely_same(self) -> bool:
        """Tell whether both readers called the words the same."""
        return set(self.equivalence) == {SAME}

    @property
    def lean(self) -> float:
        """The lean of the plain and elevated glosses, each register with equal weight: those that ask in the contrast `gloss`."""
        return sum(self.gloss_lean[register] for register in REGISTERS) / len(REGISTERS)


def _rows(name: str) -> Iterator[dict[str, Any]]:
    text = files("freqbias.paraphrases").joinpath("data", name).read_text(encoding="utf-8")
    return map(json.loads, text.splitlines())


@cache
def frames() -> tuple[Frame, ...]:
    """Return the bundled frames, in file order."""
    return tuple(Frame(**row) for row in _rows("frames.jsonl"))


@cache
def synonym_sets(arm: str) -> tuple[SynonymSet, ...]:
    """Return the bundled sets of arm `frequency` or `placebo`, in file order."""
    names = {field.name for field in fields(SynonymSet)}
    name = {FREQUENCY: "lexicon.jsonl", PLACEBO: "placebo.jsonl"}[arm]
    return tuple(SynonymSet(**{key: value for key, value in row.items() if key in names}) for row in _rows(name))


@cache
def query_texts() -> dict[str, Any]:
    """Return the neutral queries, naming templates and padding."""
    text = files("freqbias.paraphrases").joinpath("data", "queries.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def decoy_of(item: SynonymSet) -> SynonymSet:
    """Return the set that serves as the on-topic wrong answer of `item`."""
    return sets_by_id(item.arm)[item.decoy]


@cache
def sets_by_id(arm: str) -> dict[str, SynonymSet]:
    """Return the bundled sets of an arm by their ids."""
    return {item.id: item for item in synonym_sets(arm)}


@cache
def fitting_frames(item_id: str, arm: str) -> tuple[Frame, ...]:
    """Return the frames of a set that fit it.

    They share no content word or stem with its forms, glosses or decoy, and the inflection that they show leads back to its words and
    keeps the arm's frequency gap: `dogs` and `hounds` may lie farther apart than `dog` and `hound`.
    """
    item = sets_by_id(arm)[item_id]
    decoy = decoy_of(item)
    own = [item.high, item.low, decoy.high, decoy.low, *item.glosses]
    return tuple(
        frame
        for frame in frames()
        if frame.id in item.frames
        and not shared_words(own, [frame.bare])
        and all(frame.is_inflected(word) for word in (item.high, item.low))
        and keeps_gap(arm, frame.swapped(item.high), frame.swapped(item.low))
    )


def keeps_gap(arm: str, high: str, low: str) -> bool:
    """Tell whether two word forms are both known and as far apart (`frequency`) or as near (`placebo`) as their arm asks."""
    gap = mean_zipf_gap([(high, low)])
    if gap is None:
        return False
    return gap >= MIN_GAP if arm == FREQUENCY else abs(gap) <= MAX_PLACEBO_GAP + 1e-9


def generate(*, n: int | None = None, seed: int = 0, sets: str = "balanced") -> list[Pair]:
    """Return `n` frequency pairs, spread evenly over the sets, as many placebo pairs and half as many length pairs.

    `sets` chooses the frequency arm's part of the lexicon: `balanced`, `headline`, `gap_matched` or `all`. Without `n`, every set
    appears in three frames. The same arguments give the same pairs in the same order; no pair comes twice. `InputError` when `n` is
    beyond what sets and frames allow.
    """
    rng = np.random.default_rng(seed)
    chosen = _part(sets)
    frequency = _drawn(chosen, rng)
    most = len(frequency)
    if n is None:
        n = min(3 * len(chosen), most)
    if not 1 <= n <= most:
        raise InputError(f"--n must be between 1 and {most}, the number of sets times the frames that fit them; found {n}")
    pairs = [_word_pair(item, frame) for item, frame in frequency[:n]]
    placebo = _drawn(_placebo_like(chosen, rng, sure=sets != "all"), rng)
    pairs += [_word_pair(item, frame) for item, frame in placebo[: round(n * PLACEBO_SHARE)]]
    # the length arm pads the sentences of the frequent words, taking sets in the same even order
    pairs += [_length_pair(item, frame, k) for k, (item, frame) in enumerate(frequency[: max(1, round(n * LENGTH_SHARE))])]
    return checked(pairs)


def _placebo_like(chosen: Sequence[SynonymSet], rng: np.random.Generator, *, sure: bool) -> list[SynonymSet]:
    """Return as many placebo sets as there can be with the marks of register in the proportions of the `chosen` ones.

    With `sure` they are of those that both readers called the same. A mark that few of the chosen sets have does not limit the others.
    """
    wanted = Counter(map(_marking, chosen))
    found: dict[tuple[int, ...], list[SynonymSet]] = {marking: [] for marking in wanted}
    placebo = [item for item in synonym_sets(PLACEBO) if item.surely_same or not sure]
    for k in rng.permutation(len(placebo)):
        found.get(_marking(placebo[k]), []).append(placebo[k])
    times = min(len(found[marking]) / count for marking, count in wanted.items() if count >= RARE_MARKING * len(chosen))
    return [item for marking, count in wanted.items() for item in found[marking][: round(times * count)]]


def _marking(item: SynonymSet) -> tuple[int, ...]:
    """Return high - low of either indicator of register."""
    high, low = item.register
    return tuple(int(high == name) - int(low == name) for name in MARKED)


PARTS = ("balanced", "headline", "gap_matched", "all")


def _part(name: str) -> tuple[SynonymSet, ...]:
    if name not in PARTS:
        raise InputError(f"unknown sets '{name}'{suggestion(name, PARTS)}")
    return tuple(item for item in synonym_sets(FREQUENCY) if name == "all" or getattr(item, name))


def _drawn(sets: Sequence[SynonymSet], rng: np.random.Generator) -> list[tuple[SynonymSet, Frame]]:
    """Return every (set, frame) in rounds: each round visits every set that has a frame left, in random order."""
    order = [sets[i] for i in rng.permutation(len(sets))]
    choices = []
    for item in order:
        fitting = fitting_frames(item.id, item.arm)
        choices.append([fitting[i] for i in rng.permutation(len(fitting))])
    longest = max(map(len, choices))
    return [(item, own[k]) for k in range(longest) for item, own in zip(order, choices, strict=True) if k < len(own)]


def _word_pair(item: SynonymSet, frame: Frame) -> Pair:
    high, low = frame.fill(item.high), frame.fill(item.low)
    difference = swap(high, low)
    checks = {
        "one_swap": (difference.high, difference.low) == ((frame.swapped(item.high),), (frame.swapped(item.low),)),
        "known_words": not difference.unknown,
    }
    decoy = decoy_of(item)
    decoys = (frame.fill(decoy.high), frame.fill(decoy.low))
    return _pair(item, frame, item.arm, (high, low), decoys, zipf_gap=difference.zipf_gap, checks=checks)


def _length_pair(item: SynonymSet, frame: Frame, k: int) -> Pair:
    exact, decoy = frame.fill(item.high), frame.fill(decoy_of(item).high)
    padding = _padding(exact, k)
    forms, decoys = (exact, _padded(exact, padding)), (decoy, _padded(decoy, padding))
    checks = {"quarter_longer": len(forms[1]) >= LONGER * len(forms[0])}
    where = padding[0]["position"] if len({row["position"] for row in padding}) == 1 else "both"
    return _pair(item, frame, LENGTH, forms, decoys, zipf_gap=None, checks=checks, padding_position=where)


def _padding(text: str, k: int) -> list[dict[str, str]]:
    """Return as many rows of padding, the k-th first, as make a text a quarter longer."""
    rows = query_texts()["padding"]
    taken = [rows[k % len(rows)]]
    while len(_padded(text, taken)) < LONGER * len(text):
        taken.append(rows[(k + len(taken)) % len(rows)])
    return taken


def _padded(text: str, padding: Sequence[dict[str, str]]) -> str:
    around = {place: [row["text"] for row in padding if row["position"] == place] for place in ("before", "after")}
    return " ".join([*around["before"], text, *around["after"]])


def _pair(
    item: SynonymSet,
    frame: Frame,
    arm: str,
    forms: tuple[str, str],
    decoys: tuple[str, str],
    *,
    zipf_gap: float | None,
    checks: dict[str, bool],
    **meta: Any,
) -> Pair:
    both = 0 if arm == LENGTH else 1  # the length arm has the frequent word on both sides
    words = (item.high, (item.high, item.low)[both])
    queries: dict[str, Any] = {
        "neutral": _neutral(item, frame),
        "gloss_plain": list(item.gloss_plain),
        "gloss_elevated": list(item.gloss_elevated),
        GLOSS_RARE: list(item.gloss_rare),
    }
    if arm != LENGTH:  # one word on both sides cannot be crossed with itself
        template = query_texts()["naming"][item.pos]
        queries |= {f"naming_{side}": template.replace("{word}", word) for side, word in zip((HIGH, LOW), words, strict=True)}
    return drafted(
        item=item.id,
        arm=arm,
        high=forms[0],
        low=forms[1],
        queries=queries,
        decoys={HIGH: decoys[0], LOW: decoys[1]},
        zipf_gap=zipf_gap,
        generator="lexicon",
        checks=checks,
        covariates={
            **{name: [sides[0], sides[both]] for name, sides in word_covariates([item]).items()},
            "gloss_fit": [item.gloss_fit[0], item.gloss_fit[both]],
            GLOSS_LEAN: [(1 + item.lean) / 2, (1 - item.lean) / 2] if both else [0.5, 0.5],
            "wordpieces": _pieces(item, frame, both),
        },
        meta={
            "frame": frame.id,
            "domain": frame.domain,
            "pos": item.pos,
            "slot": item.slot,
            "group": item.group,
            "swap": list(words),
            "headline": item.headline,
            "balanced": item.balanced,
            "position": frame.position,
            "equivalence": list(item.equivalence),
            "oriented_by": item.oriented_by if arm == PLACEBO else None,
            ZIPF_GAP_OF: None if arm == LENGTH else SWAPPED_WORDS,
            **meta,
        },
    )


def word_covariates(items: Sequence[Any]) -> dict[str, list[float | None]]:
    """Return what is known of the words of some sets as `[high, low]`, the mean where there are several; None where one is unknown.

    `informal` and `formal` are 1 for a word of that `register`, else 0; `n_senses` and `sense_share` are the sets' own.
    """
    found: dict[str, list[list[float | None]]] = {
        name: [[int(mark == name) for mark in item.register] for item in items] for name in MARKED
    }
    found |= {"n_senses": [list(item.n_senses) for item in items], "sense_share": [list(item.sense_share) for item in items]}
    return {name: [_mean([row[side] for row in rows]) for side in (0, 1)] for name, rows in found.items()}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    if len(known) < len(values) or not known:
        return None
    return known[0] if len(known) == 1 else math.fsum(known) / len(known)


def _pieces(item: SynonymSet, frame: Frame, both: int) -> list[int | None]:
    """Return the stored subword counts of the words; none where the frame shows an inflection, which may split otherwise."""
    if frame.swapped(item.high) != item.high or frame.swapped(item.low) != item.low:
        return [None, None]
    return [item.subwords["wordpiece"][0], item.subwords["wordpiece"][both]]


def _neutral(item: SynonymSet, frame: Frame) -> list[str]:
    """Return the first five neutral queries that share no content word with the document or its decoy."""
    documents = [frame.fill(word) for word in (item.high, item.low, decoy_of(item).high, decoy_of(item).low)]
    free = [query for query in query_texts()["neutral"] if not shared_words([query], documents)]
    return free[:NEUTRAL_QUERIES]
