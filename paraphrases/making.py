"""Pairs made from two texts: identity, frequencies and checks, for the generators here and for those of others."""

import hashlib
from typing import Any, TypeVar

import numpy as np

from freqbias.characters import visible
from freqbias.frequency import mean_zipf, zipf_gap
from freqbias.paraphrases.checks import checked
from freqbias.records import Pair
from freqbias.terms import FREQUENCY, ZIPF_GAP_OF

T = TypeVar("T")
ID_DIGITS = 16  # hexadecimal; two of a million pairs share an id once in ten million files


def make_pair(*, item: str, high: str, low: str, key: tuple[str, ...] | None = None, **fields: Any) -> Pair:
    """Return a checked pair from its frequent and its rare wording.

    Its id is a hash of arm, item and both texts (or of `key`), so that the same content has the same id everywhere; its frequencies are
    on the Zipf scale, `meta.zipf_gap_of` says what its `zipf_gap` was measured on (`freqbias.frequency.zipf_gap`), and `checks` holds
    the verdicts of `freqbias.paraphrases.checks`. `fields` are any others of `Pair`, in the place of what is computed where they have its
    name. Raises `InputError` for a field that does not fit, such as two texts that are the same.
    """
    pair = drafted(item=item, high=high, low=low, key=key, **fields)
    pair.check()
    return checked([pair])[0]


def drafted(*, item: str, high: str, low: str, key: tuple[str, ...] | None = None, **fields: Any) -> Pair:
    """Return the same without checks, for a generator that checks all of its pairs together."""
    arm, language = fields.get("arm", FREQUENCY), fields.get("language", "en")
    computed: dict[str, Any] = {
        "id": content_id(*(key or (arm, item, high, low))),
        "zipf_high": mean_zipf(high, language),
        "zipf_low": mean_zipf(low, language),
    }
    if "zipf_gap" not in fields:
        gap = zipf_gap(high, low, language)
        computed["zipf_gap"] = gap.value
        fields["meta"] = {**fields.get("meta", {}), ZIPF_GAP_OF: gap.of}
    return Pair(item=item, high=high, low=low, **(computed | fields))


def content_id(*key: str) -> str:
    """Return the id that stands for these texts everywhere."""
    return hashlib.sha256(visible("\0".join(key)).encode()).hexdigest()[:ID_DIGITS]


def drawn(rows: list[T], n: int | None, rng: np.random.Generator) -> list[T]:
    """Return a random part of `n` rows in their order, or all where there are no more; None: all."""
    if n is None or n >= len(rows):
        return rows
    return [rows[i] for i in sorted(rng.choice(len(rows), n, replace=False))]
