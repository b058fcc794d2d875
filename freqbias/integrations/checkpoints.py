"""Several checkpoints on the same items: whether the most even one is told from the others, or noise would be picked.

Whatever number a trainer maximises, one checkpoint has the largest, also where none differs from another. So the evenness of every
checkpoint (see `freqbias.integrations.headline`) is held against that of the most even one, paired on items: to first order an item adds
evenness² × (its influence on |relative_gap|) to it (infinitesimal jackknife), and a t test asks whether the difference is zero, at 5 %
divided by the number of couples of checkpoints. Checkpoints whose margin is not told from zero take no part: they do not tell right from
wrong, and any evenness of theirs is noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from freqbias.analysis.estimate.run_differences import ratio_values
from freqbias.analysis.stats.resampling import Values, above_zero, std_error

LEVEL = 0.05  # of saying of any two checkpoints of one training, which do not differ, that they do
MOST_NAMED = 5  # checkpoints in a sentence


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """One evaluation: `items` holds the gap and the margin of every item, by its name; `quality` is its win rate."""

    steps: int
    evenness: float
    quality: float
    items: pd.DataFrame

    @property
    def name(self) -> str:
        """What a reader calls it."""
        return f"step {self.steps}"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The most even of several checkpoints, those that it is not told from, and the least difference that would have been told."""

    best: Checkpoint
    untold: tuple[Checkpoint, ...]
    n_others: int
    n_items: int
    least: float

    @property
    def is_told(self) -> bool:
        """Whether the most even checkpoint is told from every other one."""
        return not self.untold

    def __str__(self) -> str:
        best = f"{self.best.name} (evenness {self.best.evenness:.3f}, win rate {self.best.quality:.3f})"
        if self.is_told:
            return f"{best} is more even than {_all(self.n_others)}, by more than noise"
        names = [own.name for own in self.untold]
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        return (
            f"{best} is the most even, but not told from {', '.join(names[:MOST_NAMED])}{more}: with {self.n_items} items a difference "
            f"under {self.least:.3f} is noise, so choose among these by quality"
        )


def _all(count: int) -> str:
    return "the other one" if count == 1 else f"all {count} others"


def choice(checkpoints: Sequence[Checkpoint]) -> Choice | None:
    """Return the most even checkpoint and what it is not told from; None for less than two that tell right from wrong.

    Under no difference at all every other checkpoint is untold in at least 95 of 100 trainings.
    """
    able = [own for own in checkpoints if _tells(own.items)]
    if len(able) < 2:
        return None
    best = max(able, key=lambda own: own.evenness)  # the first of equals, as a trainer has it
    others = [own for own in able if own is not best]
    level = LEVEL / (len(able) * (len(able) - 1) / 2)
    tests = [(own, *_difference(best, own, level)) for own in others]
    untold = [(own, least) for own, told, least, _ in tests if not told]
    nearest = min(tests, key=lambda test: best.evenness - test[0].evenness)
    return Choice(
        best=best,
        untold=tuple(own for own, _ in untold),
        n_others=len(others),
        n_items=nearest[3],
        least=max((least for _, least in untold), default=nearest[2]),
    )


def _tells(items: pd.DataFrame) -> bool:
    return len(items) > 1 and above_zero(items["margin"].to_numpy(dtype=float))


def _difference(best: Checkpoint, other: Checkpoint, level: float) -> tuple[bool, float, int]:
    """Return whether two checkpoints are told apart, the least difference that would be, and over how many items both measured."""
    shared = best.items.index.intersection(other.items.index)
    sides = [own.items.loc[shared] for own in (best, other)]
    if not all(map(_tells, sides)):
        return False, 1.0, len(shared)
    values = evenness_values(sides[0]) - evenness_values(sides[1])
    least = float(stats.t.ppf(1 - level / 2, len(values) - 1)) * (std_error(values) or 0.0)
    return bool(float(values.mean()) > max(least, 1e-9)), least, len(values)


def evenness_values(items: pd.DataFrame) -> Values:
    """Return one value an item whose mean is the evenness and whose standard error, to first order, is the evenness's."""
    ratios = ratio_values(items["gap"].to_numpy(dtype=float), items["margin"].to_numpy(dtype=float))
    ratio = float(ratios.mean())
    evenness = 1 / (1 + abs(ratio))
    return np.asarray(evenness - evenness**2 * np.sign(ratio) * (ratios - ratio))
