"""Word pairs of everyday texts, for `substitute` alone: common words whose place tells the meant sense, and function words.

The sets of the lexicon were written to stand in sentences of their own; few of their words are common in what people write. The rows of
`data/everyday.jsonl` are the other way round: common words first, each with the places in which both of its words say the same, and
nothing else. A word may have other senses: what its place must be, singles the meant one out, and `sense_share` (judged, of all its uses)
holds the gap of the meant senses to its arm. See `data/DATASHEET-everyday.md`.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any

from freqbias.frequency import mean_zipf_gap
from freqbias.paraphrases.lexicon import SynonymSet, sets_by_id
from freqbias.terms import FREQUENCY, PLACEBO

FUNCTION = "function"  # part of speech of determiners, conjunctions, pronouns and other words without inflection
MIN_MEANT_GAP, MAX_MEANT_PLACEBO_GAP = 0.5, 0.5  # Zipf; as the datasheet of the lexicon has it for the meant senses


@dataclass(frozen=True, kw_only=True)
class EverydaySet:
    """Two words that stand for each other in the places that their rule names; two-element lists are [high, low]."""

    id: str
    arm: str
    pos: str
    high: str
    low: str
    register: Sequence[str]
    sense_share: Sequence[float]
    countable: bool | None = None
    gloss_plain: Sequence[str] = ()
    gloss_elevated: Sequence[str] = ()
    n_senses: Sequence[int | None] = (None, None)

    @property
    def oriented_by(self) -> str | None:
        """The rival of which the high side of a placebo set has less."""
        return "characters" if self.arm == PLACEBO else None

    def keeps_meant_gap(self, high: str, low: str) -> bool:
        """Tell whether two forms are as far apart, or as near, as their arm asks of the meant senses alone."""
        gap = mean_zipf_gap([(high, low)])
        if gap is None:
            return False
        meant = gap + math.log10(self.sense_share[0] / self.sense_share[1])
        return meant >= MIN_MEANT_GAP if self.arm == FREQUENCY else abs(meant) <= MAX_MEANT_PLACEBO_GAP


@cache
def everyday_rows() -> tuple[Mapping[str, Any], ...]:
    """Return the rows as they stand in the file: the fields of a set, and what its rule says beyond them."""
    text = files("freqbias.paraphrases").joinpath("data", "everyday.jsonl").read_text(encoding="utf-8")
    return tuple(map(json.loads, text.splitlines()))


@cache
def everyday_sets(arm: str) -> Mapping[str, EverydaySet]:
    """Return the sets of an arm by their ids, in file order."""
    names = {field.name for field in fields(EverydaySet)}
    rows = ({key: value for key, value in row.items() if key in names} for row in everyday_rows() if row["arm"] == arm)
    return {row["id"]: EverydaySet(**row) for row in rows}


AnySet = SynonymSet | EverydaySet


@cache
def running_sets(arm: str) -> Mapping[str, AnySet]:
    """Return every bundled set of an arm that may stand in a user's text or in a lexicon's sentence, by its id."""
    return {**sets_by_id(arm), **everyday_sets(arm)}
