"""What a task can show before any run: the power of the exact McNemar test on right and wrong answers to two wordings.

Only items that are answered right in one wording and wrong in the other, the discordant ones, say anything. Their share is what has to
be guessed beforehand; the effect, a difference of accuracies, cannot exceed it.

The test is the one that `analyze` makes: McNemar's exact p (`mcnemar_p`), which with one answer an item and form is the sign-flip test of
item means too, since flipping the sign of a gap of 0 changes nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from freqbias.analysis.design.plan import check_asked
from freqbias.analysis.design.power import ALPHA, MAX_ITEMS, POWER
from freqbias.errors import InputError

POINTS = 100.0  # of accuracy, in 1
#: Shares of discordant items to tell of without a guess. Of 575 questions that were rewritten as a whole, .2 were (64 + 51, Adam's Law);
#: of 70 in which one word was swapped, .07 (1 + 4, a model of 1.5 B parameters).
DISCORDANCE = (0.05, 0.1, 0.2)
ITEMS = (80, 150, 250, 500, 1000, 2000)  # from a small family of tasks to a whole test set
TEST = "exact McNemar"
_REACH = 10  # standard deviations of the number of discordant items beyond which nothing is added up: 1e-23
_WINDOW = 32  # items around the first enough: power is a little jagged in their number, since counts are whole

Counts = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class TaskPower:
    """What so many items show at one share of discordant ones; effects are differences of accuracies in points.

    `detectable_points` is the smallest effect that is found with the power asked for; None where not even `most_power` reaches that, the
    power where every discordant item favours one form. `at_effect` is the power for the effect asked for, `needed` the items that it
    takes: None where no effect was asked for, where it exceeds the share, and `needed` where it is more than `MAX_ITEMS`.
    """

    test: str
    discordance: float
    items: int
    power: float
    detectable_points: float | None
    most_power: float
    effect_points: float | None
    at_effect: float | None
    needed: int | None

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as one JSON-ready dictionary."""
        return asdict(self)


def mcnemar_power(effect: float, discordance: float, items: int, alpha: float = ALPHA) -> float:
    """Return the power of the exact two-sided McNemar test for a difference of accuracies `effect`, a share of 1.

    Of n items D ~ Binomial(n, psi) are discordant, psi = `discordance`; of these B ~ Binomial(D, (1 + effect / psi) / 2) are right in the
    frequent form only. power = sum over d of P(D = d) P(p(B, d - B) <= alpha), p of `mcnemar_p`. Reference: Miettinen (1968),
    doi:10.2307/2528039, for power unconditional on D; the sum is exact and no approximation by a normal distribution.
    """
    mean, spread = items * discordance, math.sqrt(items * discordance * (1 - discordance))
    low, high = (mean + side * (_REACH * spread + _REACH) for side in (-1, 1))
    counts = np.arange(max(0, math.floor(low)), min(items, math.ceil(high)) + 1)
    critical, share = critical_counts(counts, alpha), (1 + abs(effect) / discordance) / 2
    rejected = stats.binom.cdf(critical, counts, share) + stats.binom.cdf(critical, counts, 1 - share)
    return min(1.0, float(stats.binom.pmf(counts, items, discordance) @ rejected))


def critical_counts(discordant: Counts, alpha: float = ALPHA) -> Counts:
    """Return the largest count on the lesser side that the exact two-sided McNemar test rejects, for each number of discordant items.

    -1 where it rejects none: at 5 % it takes six items on one side and none on the other.
    """
    found = stats.binom.ppf(alpha / 2, discordant, 0.5)
    return np.asarray(np.where(stats.binom.cdf(found, discordant, 0.5) > alpha / 2, found - 1, found), dtype=np.int64)


def mcnemar_detectable(discordance: float, items: int, power: float = POWER) -> float | None:
    """Return the smallest difference of accuracies that so many items show with `power`; None where none does, however one-sided."""
    if mcnemar_power(discordance, discordance, items) < power:
        return None
    low, high = 0.0, discordance
    for _ in range(30):  # to a billionth
        middle = (low + high) / 2
        low, high = (low, middle) if mcnemar_power(middle, discordance, items) >= power else (middle, high)
    return high


def connor_items(effect: float, discordance: float, power: float = POWER, alpha: float = ALPHA) -> float:
    """Return about how many items McNemar's test without continuity correction needs, by a normal approximation.

    n = (z(1 - alpha/2) sqrt(psi) + z(power) sqrt(psi - effect²))² / effect², psi = `discordance`. Reference: Connor (1987),
    doi:10.2307/2531961. The exact test mostly needs more. With psi under the second root too it is the rule (2.8)² psi / effect², which
    does not know that no effect exceeds psi: of 151 items of which .05 are discordant it promises .051.
    """
    z = [float(stats.norm.ppf(level)) for level in (1 - alpha / 2, power)]
    return (z[0] * math.sqrt(discordance) + z[1] * math.sqrt(max(discordance - effect**2, 0.0))) ** 2 / effect**2


def mcnemar_items(effect: float, discordance: float, power: float = POWER) -> int | None:
    """Return the smallest number of items from which on the exact test has `power`; None where that is more than `MAX_ITEMS`.

    "From which on" is looked at in the next `_WINDOW` numbers.
    """

    def enough(items: int) -> bool:
        return mcnemar_power(effect, discordance, items) >= power

    low = high = max(1, min(MAX_ITEMS, int(connor_items(effect, discordance, power))))
    while not enough(high) and high < MAX_ITEMS:
        low, high = high, min(MAX_ITEMS, high + max(1, high // 4))
    if not enough(high):
        return None
    low = 0 if low == high else low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    short = [items for items in range(max(1, high - _WINDOW), min(MAX_ITEMS, high + _WINDOW)) if not enough(items)]
    return max(short, default=high - _WINDOW - 1) + 1


def power_of_task(
    *,
    discordance: Sequence[float] = DISCORDANCE,
    items: Sequence[int] = ITEMS,
    effect_points: float | None = None,
    power: float = POWER,
) -> list[TaskPower]:
    """Return what each number of items shows at each share of discordant ones; `InputError` for what cannot be."""
    for share in discordance:
        if not 0 < share <= 1:
            raise InputError(f"--discordance is a share of 1, such as .1 for 10 %, found {share:g}")
    for number in items:
        check_asked(effect_points, None, number, power)
    if effect_points is not None and effect_points > POINTS * max(discordance):
        most = POINTS * max(discordance)
        raise InputError(
            f"--effect {effect_points:g}: where {most:g} % of the answers differ, accuracies differ by {most:g} points at most"
        )
    return [answer for share in discordance for answer in _answers(share, items, effect_points, power)]


def _answers(discordance: float, items: Sequence[int], effect_points: float | None, power: float) -> list[TaskPower]:
    effect = None if effect_points is None or effect_points > POINTS * discordance else effect_points / POINTS
    needed = None if effect is None else mcnemar_items(effect, discordance, power)
    found = []
    for number in items:
        detectable = mcnemar_detectable(discordance, number, power)
        found.append(
            TaskPower(
                test=TEST,
                discordance=discordance,
                items=number,
                power=power,
                detectable_points=None if detectable is None else POINTS * detectable,
                most_power=mcnemar_power(discordance, discordance, number),
                effect_points=effect_points,
                at_effect=None if effect is None else mcnemar_power(effect, discordance, number),
                needed=needed,
            )
        )
    return found
