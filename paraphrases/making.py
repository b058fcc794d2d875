"""Pairs made from two texts: identity, frequencies and checks, for the generators here and for those of others."""

import hashlib
from typing import Any

from freqbias.frequency import mean_zipf, swap_of_tokens, tokens
from freqbias.frequency.measures import content_zipf
from freqbias.paraphrases.checks import checked
from freqbias.records import Pair
from freqbias.terms import FREQUENCY

ID_DIGITS = 16  # hexadecimal; two of a million pairs share an id once in ten million files


def make_pair(*, item: str, high: str, low: str, key: tuple[str, ...] | None = None, **fields: Any) -> Pair:
    """Return a checked pair from its frequent and its rare wording.

    Its id is a hash of arm, item and both texts (or of `key`), so that the same content has the same id everywhere; its frequencies are
    on the Zipf scale, and `checks` holds the verdicts of `freqbias.paraphrases.checks`. `fields` are any others of `Pair`, in the place
    of what is computed where they have its name. Raises `InputError` for a field that does not fit, such as two texts that are the same.
    """
    pair = drafted(item=item, high=high, low=low, key=key, **fields)
    pair.check()
    return checked([pair])[0]


def drafted(*, item: str, high: str, low: str, key: tuple[str, ...] | None = None, **fields: Any) -> Pair:
    """Return the same without checks, for a generator that checks all of its pairs together."""
    arm, language = fields.get("arm", FREQUENCY), fields.get("language", "en")
    computed: dict[str, Any] = {
        "id": hashlib.sha256("\0".join(key or (arm, item, high, low)).encode()).hexdigest()[:ID_DIGITS],
        "zipf_high": mean_zipf(high, language),
        "zipf_low": mean_zipf(low, language),
    }
    if "zipf_gap" not in fields:
        computed["zipf_gap"] = zipf_gap(high, low, language)
    return Pair(item=item, high=high, low=low, **(computed | fields))


def zipf_gap(high: str, low: str, language: str = "en") -> float | None:
    """Return how much more frequent the high wording is: of the swapped words, or in a free rewrite of all content words."""
    words = [tokens(side, language) for side in (high, low)]
    if len(words[0]) == len(words[1]) and _is_swap(words[0], words[1]):  # a swap keeps the number of words
        return swap_of_tokens(words[0], words[1], language).zipf_gap
    first, second = content_zipf(high, language), content_zipf(low, language)
    return None if first is None or second is None else first - second


def _is_swap(high: list[str], low: list[str]) -> bool:
    """Tell whether two texts of equal length differ in few words, each in its place: at most a quarter of them."""
    return 4 * sum(a != b for a, b in zip(high, low, strict=True)) <= len(high)
