"""From an interval to a word: whether a constraint is still there, and what that means in a model of its kind.

What could make a word wrong, and what is done about it: a number beside a limit (a word is said only where the whole interval lies in
one part; else `cannot tell`, with the words that are left); a small run (the same); a model that does no better than chance, of which
wording can take nothing, or one that is always right (told apart before: see `blocked`); limits that follow the numbers (they stand in
the table, with a date); a model without training that would be said to be relaxed by it (between the limits it has what the claim says,
in part, so it is `still present`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from freqbias.analysis.constraints.claims import UNTRAINED, Claim, Limits

WORDS = PRESENT, RELAXED, ROUTED, ABSENT, UNTOLD, UNMEASURED = ("present", "relaxed", "routed", "absent", "untold", "unmeasured")


@dataclass(frozen=True, kw_only=True)
class Word:
    """A word of `WORDS`, and where it is `untold` the words that the interval leaves."""

    word: str
    left: tuple[str, ...] = ()


def word_of(low: float, high: float, limits: Limits, architecture: str, about: Sequence[str]) -> Word:
    """Return the word for an interval, in the unit of the limits and with the sign of the claim.

    The number line has three parts: where the constraint is there (from `present` on), where it is gone (from `absent` on), and what lies
    between. Each part has one word in a model of this `architecture`; the interval must lie in parts of one word.
    """
    present, absent = limits.present, limits.absent
    if not limits.rises:
        low, high, present, absent = -high, -low, -present, -absent
    found = []
    if high >= present:
        found.append(PRESENT)
    if low < present and high > absent:
        found.append(PRESENT if architecture in UNTRAINED else RELAXED)
    if low <= absent:
        found.append(ABSENT if architecture in about else ROUTED)
    left = tuple(dict.fromkeys(found))
    return Word(word=left[0]) if len(left) == 1 else Word(word=UNTOLD, left=left)


def blocked(claim: Claim, levels: tuple[float, float] | None) -> str | None:
    """Return why nothing could have moved a gap, as a key of the reasons; None where it could.

    `levels` are those of the two wordings. A model that does no better than chance has nothing that rare wording could take.
    """
    limits = claim.limits
    if levels is None:
        return None
    if limits.floor is not None and max(levels) < limits.floor:
        return "at_floor"
    if limits.most is not None and sum(levels) / 2 > limits.most:
        return "at_floor"
    if limits.ceiling is not None and min(levels) > limits.ceiling:
        return "at_ceiling"
    if limits.least is not None and max(levels) < limits.least:
        return "at_ceiling"
    return None
