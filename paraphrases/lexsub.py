"""Generator `lexsub`: words that people accepted in each other's place, in natural passages, from files of lexical substitution.

The forms of a slot are its own word and every substitute that reached a stated share of the annotators, in the slot's inflection. Two
forms at least a factor of three apart in frequency are a pair of arm `frequency`, two within a quarter of each other one of `placebo`;
both texts are the whole passage. Annotators judged a substitute against the passage's own word: two substitutes need not mean the same
as surely, and `own_word` keeps to couples of which one is the passage's word (`meta.own_word` says which side it is). The share of
either form is the covariate `accepted_share` (1 for the passage's own word, which nobody judged), and a placebo pair is oriented by it:
there the form that more people accept is `high`. Left out are phrases, since the frequency of their words is not theirs, respellings of
one word, words of another part of speech, slots in names and compounds, and what exceeds `MAX_PER_ITEM` couples of one slot. The files
are read where they lie; nothing of them comes with this package. See `docs/lexical-substitution.md`.
"""

import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from freqbias.errors import InputError
from freqbias.frequency import swap_of_tokens, tokens
from freqbias.frequency.words import stop_words
from freqbias.paraphrases.checks import checked
from freqbias.paraphrases.inflection import may_be, slot_tags, to_slot
from freqbias.paraphrases.lexicon import MAX_PLACEBO_GAP, query_texts
from freqbias.paraphrases.lexsub_files import Slot, Substitute, read_slots
from freqbias.paraphrases.making import drafted
from freqbias.paraphrases.names import names_of
from freqbias.paraphrases.words import articles
from freqbias.records import Pair
from freqbias.terms import ACCEPTED_SHARE, FREQUENCY, HIGH, LOW, PLACEBO

log = logging.getLogger(__name__)

MIN_SHARE = 0.8
#: Zipf; a factor of three. What people accept in one place lies nearer together than sets that were chosen for their gap.
MIN_ACCEPTED_GAP = 0.5
#: Couples of one slot in either arm, those that most people accept: one passage of SWORDS alone gives 34 of 420.
MAX_PER_ITEM = 10
_ARTICLE_BEFORE = re.compile(r"\b([Aa]n?)(\s+[\"'“‘(]*)$")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, kw_only=True)
class Form:
    """A word as it stands in its slot, its lemma, and the share of the annotators that accept it."""

    word: str
    lemma: str
    share: float | None
    own: bool


def generate(
    sources: Sequence[str | Path],
    *,
    share: float = MIN_SHARE,
    own_word: bool = False,
    n: int | None = None,
    seed: int = 0,
    skipped: list[str] | None = None,
    **_: Any,
) -> list[Pair]:
    """Return the pairs of arms `frequency` and `placebo` that one file of lexical substitution allows; `n` limits each arm at random.

    `share` is what both forms must reach of the annotators, from 0 to 1; with `own_word` one of them is the passage's own. `InputError`
    for a file that cannot be used; with `skipped`, faulty rows are collected there and left out.
    """
    if len(sources) != 1:
        raise InputError(f"lexsub takes one file: the JSON of SWORDS, or a table split by tabs; found {len(sources)}")
    if not 0 <= share <= 1:
        raise InputError(f"-o share={share:g}: must be a share from 0 to 1")
    slots = read_slots(Path(sources[0]), skipped)
    if share > 0 and not any(found.share is not None for slot in slots for found in slot.substitutes):
        raise InputError(f"{sources[0]}: ranks its substitutes and counts no annotators; take all of them with -o share=0")
    left_out: Counter[str] = Counter()
    pairs = [pair for slot in slots for pair in pairs_of_slot(slot, share, left_out, own_word=own_word)]
    _tell(slots, pairs, left_out)
    if not pairs:
        raise InputError(f"{sources[0]}: no two forms of a slot reach {share:.0%} of the annotators; give a lower -o share=")
    rng = np.random.default_rng(seed)
    return checked([pair for arm in (FREQUENCY, PLACEBO) for pair in _part([row for row in pairs if row.arm == arm], n, rng)])


def _tell(slots: Sequence[Slot], pairs: Sequence[Pair], left_out: Mapping[str, int]) -> None:
    arms = Counter(pair.arm for pair in pairs)
    items = len({pair.item for pair in pairs})
    log.info("%d slots; %d of them give %d frequency and %d placebo pairs", len(slots), items, arms[FREQUENCY], arms[PLACEBO])
    if left_out:
        log.info("left out: %s", ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items())))


def _part(pairs: list[Pair], n: int | None, rng: np.random.Generator) -> list[Pair]:
    if n is None or n >= len(pairs):
        return pairs
    return [pairs[i] for i in sorted(rng.choice(len(pairs), n, replace=False))]


def pairs_of_slot(
    slot: Slot, share: float = MIN_SHARE, left_out: Counter[str] | None = None, *, own_word: bool = False
) -> Iterator[Pair]:
    """Yield a pair for every two forms of a slot that lie far enough apart in frequency, or near enough; the most accepted come first."""
    left_out = Counter() if left_out is None else left_out
    made: Counter[str] = Counter()
    couples = sorted(combinations(forms_of(slot, share, left_out), 2), key=lambda couple: -sum(form.share or 0.0 for form in couple))
    for first, second in couples:
        if own_word and not (first.own or second.own):
            continue
        gap = swap_of_tokens([first.word.lower()], [second.word.lower()]).zipf_gap
        arm = None if gap is None else _arm(gap)
        if respelled(first.word, second.word):
            left_out["respellings"] += 1
        elif gap is None or arm is None:
            left_out["couples between the arms" if gap is not None else "unknown words"] += 1
        elif made[arm] >= MAX_PER_ITEM:
            left_out[f"couples beyond {MAX_PER_ITEM} of a slot"] += 1
        else:
            made[arm] += 1
            yield _oriented(slot, arm, first, second, gap)


def _arm(gap: float) -> str | None:
    if abs(gap) >= MIN_ACCEPTED_GAP:
        return FREQUENCY
    return PLACEBO if abs(gap) <= MAX_PLACEBO_GAP + 1e-9 else None


def _oriented(slot: Slot, arm: str, first: Form, second: Form, gap: float) -> Pair:
    """Return a pair whose high form is the more frequent one, or in the placebo the one that more people accept."""
    forward = gap > 0 if arm == FREQUENCY else (first.share or 0.0) >= (second.share or 0.0)
    return _pair(slot, arm, (first, second) if forward else (second, first), gap if forward else -gap)


def respelled(first: str, second: str) -> bool:
    """Tell whether two words are one in two spellings: colour and color, realise and realize, okay and ok."""
    return _spelling(first) == _spelling(second)


@cache
def _spelling(word: str) -> str:
    word = word.lower().replace("okay", "ok").replace("grey", "gray").replace("-", "")
    word = re.sub(r"is(e[drs]?|ing|ations?)$", r"iz\1", word)
    word = re.sub(r"our(s|ed|ing|ite|ful|able)?$", r"or\1", word)
    word = re.sub(r"([bt])re(s?)$", r"\1er\2", word)
    return re.sub(r"ogue(s?)$", r"og\1", re.sub(r"ll(ed|ing|er)$", r"l\1", word))


def forms_of(slot: Slot, share: float, left_out: Counter[str]) -> list[Form]:
    """Return the slot's own word and every substitute that people accept, inflected, each once."""
    if slot.before.endswith(("-", "–")) or slot.after.startswith(("-", "–")):
        left_out["slots in a compound"] += 1
        return []
    names = names_of(slot.text)
    if names is not None and slot.word in names.names and not slot.word.isupper():
        left_out["slots in a name"] += 1
        return []
    tags = slot_tags(slot)
    if not tags:
        left_out["slots of unclear inflection"] += 1
        return []
    forms = {slot.word.lower(): Form(word=slot.word, lemma=slot.lemma or slot.word.lower(), share=1.0, own=True)}
    for found in slot.substitutes:
        if (1.0 if found.share is None else found.share) < share:
            continue
        word, reason = _usable(slot, found, tags)
        if word is None:
            left_out[reason] += 1
        else:
            forms.setdefault(word, Form(word=_cased(word, slot.word), lemma=found.word, share=found.share, own=False))
    return list(forms.values())


def _usable(slot: Slot, found: Substitute, tags: Sequence[str]) -> tuple[str | None, str]:
    """Return a substitute as it stands in the slot, or None and why not."""
    lower = found.word.lower()
    if not _WORD.fullmatch(lower) or tokens(lower) != [lower]:
        return None, "phrases"
    if slot.pos == "noun" and lower in stop_words("en"):
        return None, "pronouns"  # a somebody
    if slot.pos is not None and not may_be(lower, slot.pos):
        return None, "words of another part of speech"  # the sometimes elf
    word = to_slot(lower, slot, tags)
    return (word, "") if word else (None, "words that do not inflect as the slot does")


def _cased(word: str, like: str) -> str:
    return word.capitalize() if like[:1].isupper() else word


def with_word(slot: Slot, word: str) -> str:
    """Return the passage with a word in its slot and the `a` or `an` before it made to fit."""
    found = _ARTICLE_BEFORE.search(slot.before)
    fitting = articles(word)
    if not found or found[1].lower() in fitting:
        return slot.before + word + slot.after
    right = min(fitting)
    cased = right.capitalize() if found[1][0] == "A" else right
    return slot.before[: found.start()] + cased + found[2] + word + slot.after


def _pair(slot: Slot, arm: str, forms: tuple[Form, Form], gap: float) -> Pair:
    high, low = forms
    known = high.share is not None and low.share is not None
    template = query_texts()["naming"].get(slot.pos)
    naming = zip((HIGH, LOW), forms, strict=True)
    return drafted(
        item=slot.id,
        arm=arm,
        high=with_word(slot, high.word),
        low=with_word(slot, low.word),
        queries={f"naming_{side}": template.replace("{word}", form.lemma) for side, form in naming} if template else {},
        zipf_gap=gap,
        generator="lexsub",
        covariates={ACCEPTED_SHARE: [high.share, low.share]} if known else {},
        meta={
            "place": slot.place,
            "original": slot.text,
            "pos": slot.pos,
            "swap": [high.word, low.word],
            "own_word": next((side for side, form in zip((HIGH, LOW), forms, strict=True) if form.own), None),
            "oriented_by": ACCEPTED_SHARE if arm == PLACEBO and known and high.share != low.share else None,
        },
    )
