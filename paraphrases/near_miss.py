"""Sentences with a true paraphrase and a near-miss: who did what to whom, whether at all, which had which property, what is where.

Four categories: `role` (agent and patient exchanged), `negation`, `binding` (two attributes exchanged) and `spatial` (the relation
turned round). A *content* is one choice of words in one template, in two worlds that contradict each other: each world has an anchor
sentence, and of two candidate sentences the one that is true in it is the paraphrase, the other the near-miss. So every candidate is
the paraphrase of one anchor and the near-miss of the other, and whatever prefers a candidate by itself gains nothing.

What could make the result an artefact, and what is done about it:

* Word overlap. In `role` and `binding` paraphrase and near-miss hold the same words, each as often. In `negation` they differ in one
  word at one place. In `spatial` the near-miss repeats the anchor's relation and the paraphrase has its opposite, an antonym: overlap
  speaks against the paraphrase there, so that category is kept apart and never averaged with the others.
* Word order. In `role` both name the same participant first, in half of the contents the one that the anchor names first; anchors are
  active in half and passive in half, so that over a template the words of paraphrase and near-miss are moved equally far (as many
  pairs of content words out of the anchor's order). In `binding` the same holds over attributive and predicative candidates. Other
  categories have one order for both. `design="unmatched"` gives the design that is often used instead, as a baseline to hold against
  this one: the near-miss is the anchor with two words exchanged, and the paraphrase alone has another order and often other words: then
  a model of nothing but words and order looks as if it were drawn to near-misses.
* Length and position: candidates of a content have equally many words; neither is in a fixed place.
* Templates and words learned by heart: the parts `train` and `held-out` share no template and no content word.
* Wording. One word of a content is swapped for a rarer synonym, in all of its sentences. The item is that synonym set: a set stands in
  many contents, so sentences of one set are no independent evidence. In placebo contents the two words are equally frequent, and
  `high` is the shorter one.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product
from typing import Any, Literal

import numpy as np

from freqbias.errors import InputError
from freqbias.paraphrases.checks import checked
from freqbias.paraphrases.making import content_id, drafted
from freqbias.paraphrases.words import article
from freqbias.records import Pair
from freqbias.registry import suggestion
from freqbias.terms import FREQUENCY, HIGH, LOW, PLACEBO

NAME = "near-miss"
CATEGORIES = ROLE, NEGATION, BINDING, SPATIAL = ("role", "negation", "binding", "spatial")
PARTS = TRAIN, HELD_OUT, ALL = ("train", "held-out", "all")
DESIGNS = MATCHED, UNMATCHED = ("matched", "unmatched")
CONTENTS = 256  # of a category: 16 templates with each combination of anchor and order four times
PLACEBO_SHARE = 4  # one placebo content to so many others
FILLER = "filler"  # the arm of words that stand in sentences and are never swapped

#: What may stand in a slot. A slot in lower case or `N`, `M` is a bare word; `A` and `B` bring their article.
KINDS = {
    "A": "person",
    "B": "person",
    "V": "verb",
    "N": "thing",
    "M": "thing",
    "a": "quality",
    "b": "quality",
    "t": "trait",
    "u": "trait",
}
VERB_FORMS = {"D": 0, "V": 1, "P": 2}  # base, past, participle
EXCHANGED = {ROLE: (("A", "B"),), BINDING: (("a", "b"), ("t", "u"))}  # slots that change places in the other world
_SLOT = re.compile(r"\{(\w)0?\}")
_CHOICE = re.compile(r"\[([^|\]]*)\|([^\]]*)\]")  # what one world says, and what the other
_ARTICLE = re.compile(r"\b([Aa]) (?=(\w+))")


@dataclass(frozen=True, kw_only=True)
class Word:
    """A row of `data/near_miss_words.jsonl`; a verb has three forms, everything else one; `low` is empty where it is never swapped."""

    id: str
    kind: str
    part: str
    arm: str
    high: Sequence[str]
    low: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Template:
    """A row of `data/near_miss_templates.jsonl`: anchors and candidates with slots, `[x|y]` where the two worlds differ in words."""

    id: str
    category: str
    part: str
    anchors: Sequence[str]
    candidates: Sequence[str]

    @property
    def slots(self) -> list[str]:
        """The slots that are filled with words."""
        found = {"V" if slot in VERB_FORMS else slot for text in (*self.anchors, *self.candidates) for slot in _SLOT.findall(text)}
        return sorted(found)

    def variants(self, design: str) -> list[tuple[str, str, str]]:
        """Return anchor, paraphrase and near-miss as patterns, of which the last is filled with the words of the other world."""
        first, *rest = self.candidates
        if design == UNMATCHED and self.category in (ROLE, BINDING):
            return [(self.anchors[0], rest[0], self.anchors[0])]
        if self.category == ROLE:  # whoever is named first is the same in both
            return [(anchor, one, other) for anchor in self.anchors for one, other in ((first, rest[0]), (rest[0], first))]
        return [(anchor, one, one) for anchor, one in product(self.anchors, self.candidates)]


@dataclass(frozen=True, kw_only=True)
class NearMiss:
    """An anchor with its paraphrase and its near-miss, each in two wordings.

    `item` is the synonym set that is swapped; `content` names the sentence content, whose two records (`mirror` 0 and 1) hold the same
    candidates with paraphrase and near-miss exchanged. `variant` numbers the combination of anchor and word order in the template.
    """

    category: str
    template: str
    part: str
    arm: str
    item: str
    content: str
    mirror: int
    variant: int
    anchor_high: str
    anchor_low: str
    paraphrase_high: str
    paraphrase_low: str
    near_miss_high: str
    near_miss_low: str


def _rows(name: str) -> list[dict[str, Any]]:
    text = files("freqbias.paraphrases").joinpath("data", f"near_miss_{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@cache
def words() -> tuple[Word, ...]:
    """Return the bundled words, in file order."""
    return tuple(Word(**row) for row in _rows("words"))


@cache
def _words(part: str, kind: str, *arms: str) -> tuple[Word, ...]:
    return tuple(word for word in words() if (word.part, word.kind) == (part, kind) and word.arm in arms)


@cache
def templates() -> tuple[Template, ...]:
    """Return the bundled templates, in file order."""
    return tuple(Template(**row) for row in _rows("templates"))


def items(
    n: int = CONTENTS,
    seed: int = 0,
    part: Literal["train", "held-out", "all"] = "all",
    *,
    design: str = MATCHED,
    arm: str = FREQUENCY,
    categories: Sequence[str] = CATEGORIES,
) -> list[NearMiss]:
    """Return two records for each of `n` contents a category; the same arguments give the same records in the same order.

    `InputError` for a part or a design that there is not, or when `n` is below 1 or beyond what words and templates give.
    """
    for value, known, what in ((part, PARTS, "part"), (design, DESIGNS, "design"), *((c, CATEGORIES, "category") for c in categories)):
        if value not in known:
            raise InputError(f"unknown {what} '{value}'{suggestion(value, known)}")
    if n < 1:
        raise InputError(f"n must be at least 1, found {n}")
    rng = np.random.default_rng(seed)
    return [record for category in categories for record in _of_category(category, n, part, design, arm, rng)]


def _of_category(category: str, n: int, part: str, design: str, arm: str, rng: np.random.Generator) -> Iterator[NearMiss]:
    """Yield the records of one category: templates in turn, in each its variants in turn, synonym sets as evenly as can be."""
    chosen = [template for template in templates() if template.category == category and part in (ALL, template.part)]
    drawing = _Drawing(arm, rng)
    seen: set[str] = set()
    for number in range(n):
        template = chosen[number % len(chosen)]
        variants = template.variants(design)
        variant = (number // len(chosen) + number % len(chosen)) % len(variants)  # so that few contents have all of them too
        for _ in range(MAX_DRAWS):
            item, filled = drawing.filled(template)
            content = content_id(template.id, str(variant), *_same_either_way(category, filled))
            if content not in seen:
                break
        else:
            raise InputError(f"n is {n}, but the words give fewer contents of category '{category}'; ask for fewer")
        seen.add(content)
        for mirror in (0, 1):
            patterns = variants[variant]
            if mirror and category == ROLE and design == MATCHED:  # the same two sentences again, of which the other one is right
                patterns = (patterns[0], patterns[2], patterns[1])
            texts = {side: _texts(category, patterns, _forms(filled, side), mirror) for side in (HIGH, LOW)}
            yield NearMiss(
                category=category, template=template.id, part=template.part, arm=arm, item=item, content=content, mirror=mirror,
                variant=variant, **{f"{name}_{side}": text for side, found in texts.items() for name, text in found.items()},
            )  # fmt: skip


MAX_DRAWS = 1000  # of words for one content, before the lists count as used up


def _same_either_way(category: str, filled: Mapping[str, Word]) -> list[str]:
    """Return the words of a content, those that change places in its other world in alphabetical order."""
    ids = {slot: word.id for slot, word in filled.items() if slot}
    for one, other in EXCHANGED.get(category, ()):
        if one in ids:
            ids[one], ids[other] = sorted((ids[one], ids[other]))
    return [f"{slot}={name}" for slot, name in sorted(ids.items())]


class _Drawing:
    """Which words have been swapped how often, so that every synonym set of a kind comes equally often."""

    def __init__(self, arm: str, rng: np.random.Generator):
        self._arm = arm
        self._rng = rng
        self._used: dict[str, int] = {}

    def filled(self, template: Template) -> tuple[str, dict[str, Word]]:
        """Return the synonym set that is swapped and the words by slot."""
        sets = {slot: _words(template.part, KINDS[slot], self._arm) for slot in template.slots}
        free = list({word.id: word for found in sets.values() for word in found}.values())
        least = min(self._used.get(word.id, 0) for word in free)
        free = [word for word in free if self._used.get(word.id, 0) == least]
        word = free[int(self._rng.integers(len(free)))]
        self._used[word.id] = least + 1
        slots = [slot for slot, found in sets.items() if word in found]
        place = slots[int(self._rng.integers(len(slots)))]
        filled = {place: word}
        for slot in template.slots:
            if slot not in filled:
                taken = {other.id for other in filled.values()}
                fit = [other for other in _words(template.part, KINDS[slot], FREQUENCY, FILLER) if other.id not in taken]
                filled[slot] = fit[int(self._rng.integers(len(fit)))]
        return word.id, {**filled, "": word}


def _forms(filled: Mapping[str, Word], side: str) -> dict[str, Sequence[str]]:
    """Return the forms of every slot's word; the swapped one in the wording of a side."""
    swapped = filled[""]
    return {slot: word.low if side == LOW and word is swapped else word.high for slot, word in filled.items() if slot}


def _texts(category: str, patterns: tuple[str, str, str], forms: Mapping[str, Sequence[str]], world: int) -> dict[str, str]:
    """Return anchor and paraphrase of a world, and the near-miss, which is true in the other."""
    anchor, paraphrase, near_miss = patterns
    said = {"anchor": (anchor, world), "paraphrase": (paraphrase, world), "near_miss": (near_miss, 1 - world)}
    return {name: _said(pattern, forms, category, where) for name, (pattern, where) in said.items()}


def _said(pattern: str, forms: Mapping[str, Sequence[str]], category: str, world: int) -> str:
    """Return a sentence that is true in a world."""
    exchanged = dict(forms)
    for one, other in EXCHANGED.get(category, ()) if world else ():
        if one in forms:
            exchanged |= {one: forms[other], other: forms[one]}
    chosen = _CHOICE.sub(lambda found: found.group(1 + world), pattern)

    def put(found: re.Match[str]) -> str:
        slot = found.group(1)
        if slot in VERB_FORMS:
            return exchanged["V"][VERB_FORMS[slot]]
        return f"the {exchanged[slot][0]}" if found.group() in ("{A}", "{B}") else exchanged[slot][0]

    text = _ARTICLE.sub(lambda found: found.group(1) + article(found.group(2))[1:] + " ", _SLOT.sub(put, chosen))
    return text[0].upper() + text[1:]


def generate(*, n: int | None = None, seed: int = 0, part: str = ALL, design: str = MATCHED, categories: str = ALL) -> list[Pair]:
    """Return pairs of `n` contents a category (256 without it), and placebo pairs of a quarter as many.

    `high` and `low` are the paraphrase in both wordings, `decoys` the near-miss, `queries.naming_high` and `naming_low` the anchor.
    `part` is `train`, `held-out` or `all`; `design` is `matched` or, as a baseline, `unmatched`; `categories` are names with commas.
    """
    chosen = CATEGORIES if categories == ALL else tuple(name.strip() for name in categories.split(",") if name.strip())
    if not chosen:
        raise InputError(f"-o categories= is empty; known: {', '.join((*CATEGORIES, ALL))}")
    n = CONTENTS if n is None else n
    made = items(n, seed, part, design=design, categories=chosen)  # type: ignore[arg-type]
    made += items(max(1, n // PLACEBO_SHARE), seed, part, design=design, arm=PLACEBO, categories=chosen)  # type: ignore[arg-type]
    return checked([_pair(record, design) for record in made])


def _pair(record: NearMiss, design: str) -> Pair:
    return drafted(
        item=record.item,
        arm=record.arm,
        high=record.paraphrase_high,
        low=record.paraphrase_low,
        key=(NAME, design, record.arm, record.content, str(record.mirror)),
        queries={"naming_high": record.anchor_high, "naming_low": record.anchor_low},
        decoys={HIGH: record.near_miss_high, LOW: record.near_miss_low},
        generator=NAME,
        meta={
            "category": record.category,
            "frame": record.template,
            "part": record.part,
            "content": record.content,
            "mirror": record.mirror,
            "variant": record.variant,
            "design": design,
            "oriented_by": "characters" if record.arm == PLACEBO else None,
        },
    )
