"""The power of what needs several tests at once: a slope by two tests, the credit of frequency, a placebo that is nothing in each part.

Normal estimates with the standard errors that the run's own regressions have are drawn once, and each size and effect is judged on the
same draws, so that power grows evenly in both and is searched by halving. Both arms grow in proportion.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from freqbias.analysis.design.power import ALPHA, MAX_ITEMS, RELIABLE, Needed
from freqbias.analysis.stats.mixed import FRAME_SLOPE, Coefficient, Slopes
from freqbias.analysis.stats.resampling import Values
from freqbias.terms import PLACEBO

FEWEST = 10  # items; no slope is estimated from fewer

#: Whether each simulated run of so many items shows an effect (for equivalence: that a true zero is within it).
Judge = Callable[[float, float], NDArray[np.bool_]]


@dataclass(frozen=True, kw_only=True)
class Error:
    """A standard error at `items` items, its degrees of freedom, and the part of its square that frames add, however many the items."""

    value: float
    df: float
    items: int
    frames: int = 0
    floor: float = 0.0

    def at(self, items: float) -> tuple[float, float]:
        """Return standard error and degrees of freedom at another number of items (Satterthwaite where frames add to it)."""
        own = max(self.value**2 - self.floor, 0.0) * self.items / items
        df = max(self.df * items / self.items, 1.0)
        if self.floor:
            df = (own + self.floor) ** 2 / (own**2 / df + self.floor**2 / max(self.frames - 1, 1))
        return float(np.sqrt(own + self.floor)), df


def slope_error(slope: Coefficient, fit: Slopes, frames: int) -> Error:
    """Return the error of a slope; `fit` is the mixed model of the same pairs, and says what frames add."""
    floor = min(fit.variances.get(FRAME_SLOPE, 0.0) / max(frames, 1), slope.std_error**2)
    return Error(value=slope.std_error, df=slope.df, items=slope.n_items, frames=frames, floor=floor)


class Draws:
    """Standard normal draws and uniform ones for spreads, the same for every size and effect; all arrays are (simulations,)."""

    def __init__(self, rng: np.random.Generator, simulations: int):
        self._rng, self.simulations = rng, simulations
        self._normal: dict[str, Values] = {}
        self._uniform: dict[str, Values] = {}

    def normal(self, name: str) -> Values:
        """Return the errors of one estimate in standard errors."""
        return self._normal.setdefault(name, self._rng.standard_normal(self.simulations))

    def spread(self, name: str, df: float) -> Values:
        """Return estimated over true standard error."""
        uniform = self._uniform.setdefault(name, self._rng.uniform(size=self.simulations))
        return np.asarray(np.sqrt(stats.chi2.ppf(uniform, df) / df), dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The errors of what a claim needs; `dose` is the mean frequency gap, `placebo` is None where a run has none.

    An effect is that at the mean dose, and grows in proportion to it.
    """

    mean: Error
    model: Error
    robust: Error
    placebo: Error | None
    dose: float

    def slope(self, draws: Draws) -> Judge:
        """Return the judge of the slope by the model-based and the robust test."""

        def shown(items: float, effect: float) -> NDArray[np.bool_]:
            (model, model_df), (robust, robust_df) = self.model.at(items), self.robust.at(items)
            # of one spread: the one knows nothing of noise that goes with the dose, the other errs on the safe side
            found = effect / self.dose + (model + robust) / 2 * draws.normal("slope")
            critical = max(_critical(df) * error for df, error in ((model_df, model), (robust_df, robust)))
            return np.asarray(found > critical * draws.spread("slope", min(model_df, robust_df)))

        return shown

    def credit(self, draws: Draws) -> Judge:
        """Return the judge of all tests that a credit needs."""
        slope = self.slope(draws)

        def shown(items: float, effect: float) -> NDArray[np.bool_]:
            error, df = self.mean.at(items)
            mean, estimated = effect + error * draws.normal("mean"), error * draws.spread("mean", df)
            held = slope(items, effect) & (mean > _critical(df) * estimated)
            if self.placebo is not None:
                other, other_df = self.placebo.at(items * self.placebo.items / self.mean.items)
                beyond, other_estimated = mean - other * draws.normal(PLACEBO), other * draws.spread(PLACEBO, other_df)
                variance = estimated**2 + other_estimated**2
                welch = variance**2 / (estimated**4 / df + other_estimated**4 / other_df)
                held &= beyond > stats.t.ppf(1 - ALPHA / 2, welch) * np.sqrt(variance)
            return held

        return shown


def nothing(sd: float, shares: list[float], draws: Draws) -> Judge:
    """Return the judge of a placebo that is equivalent as a whole and in each part.

    `shares` are the parts' of the items, `sd` is the standard deviation of item means.
    """
    rest = 1 - sum(shares)
    counted = [(f"part {k}", share) for k, share in enumerate(shares)]
    every = [*counted, *([("rest", rest)] if rest > 1e-9 else [])]

    def shown(items: float, bound: float) -> NDArray[np.bool_]:
        held = np.ones(draws.simulations, dtype=bool)
        mean, squares = np.zeros((2, draws.simulations))
        for name, share in every:
            n = max(items * share, 2.0)
            own, spread = sd / np.sqrt(n) * draws.normal(name), draws.spread(name, n - 1)
            mean, squares = mean + share * own, squares + (n - 1) * spread**2
            if (name, share) in counted:
                held &= np.abs(own) + stats.t.ppf(1 - ALPHA, n - 1) * sd / np.sqrt(n) * spread < bound
        error = sd * np.sqrt(squares / max(items - len(every), 1.0) / items)
        return np.asarray(held & (np.abs(mean) + stats.t.ppf(1 - ALPHA, max(items - 1, 1.0)) * error < bound))

    return shown


def needed(judge: Judge, effect: float, power: float, simulations: int, fewest: int = FEWEST) -> Needed:
    """Return the smallest number of items at which the simulated power for `effect` reaches `power`, with its range at 95 %."""
    margin = RELIABLE * np.sqrt(power * (1 - power) / simulations)
    found = [_smallest(judge, effect, min(level, 1.0), fewest) for level in (power, power - margin, power + margin)]
    return Needed(items=found[0], low=found[1], high=found[2])


def _smallest(judge: Judge, effect: float, power: float, fewest: int) -> int | None:
    if judge(MAX_ITEMS, effect).mean() < power:
        return None
    low, high = fewest - 1, MAX_ITEMS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if judge(middle, effect).mean() >= power else (middle, high)
    return high


def detected(judge: Judge, items: float, power: float, scale: float, simulations: int) -> tuple[float | None, float | None]:
    """Return the smallest effect (or bound) that so many items reach `power` for, and half its range within a standard error of it.

    `scale` is an effect to start from. None where none is large enough: frames may limit what items can show.
    """
    half = np.sqrt(power * (1 - power) / simulations)
    found = [_least(judge, items, min(power + shift, 1.0), scale) for shift in (0.0, -half, half)]
    low, high = found[1:]
    return found[0], None if low is None or high is None else (high - low) / 2


def _least(judge: Judge, items: float, power: float, scale: float) -> float | None:
    high = scale
    while judge(items, high).mean() < power:
        high *= 2
        if high > 1e6 * scale:
            return None
    low = 0.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (low, middle) if judge(items, middle).mean() >= power else (middle, high)
    return high


def _critical(df: float) -> float:
    return float(stats.t.ppf(1 - ALPHA / 2, df))
