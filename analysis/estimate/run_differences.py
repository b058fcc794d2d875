"""What changed between two runs in one series of rows: the gap, the gap over the model's own margin, and quality; paired on items.

A model that has come to spread its scores less has smaller gaps and loses as many comparisons: raw gaps in a unit of the model's own
(cosine, nats) are held against each other beside the gap ÷ margin, which no change of scale moves. Quality is the mean level of both
forms where the measure says how well a model does (nDCG, a share of wins), else the margin of right over wrong documents.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from freqbias.analysis.estimate.means import LEVEL, SESOI_SHARE, SESOI_SHARE_RIGHT, TOST_LEVEL
from freqbias.analysis.stats import resampling
from freqbias.analysis.stats.arm_difference import difference_of_arms
from freqbias.analysis.stats.resampling import RESAMPLES, Values
from freqbias.judgement import Judgement
from freqbias.records import Estimate
from freqbias.terms import (
    ACCURACY,
    CONSTANT,
    DIFFERENCE,
    EQUIVALENT,
    FREQUENCY,
    MRR_AT_10,
    NDCG_AT_10,
    NEGATIVE_RANK,
    NOT_EQUIVALENT,
    OF_LEVEL,
    OF_MARGIN,
    ONE_ITEM,
    PLACEBO,
    QUALITY,
    RECALL_AT_1,
    RECALL_AT_10,
    RECALL_AT_100,
    RUN_DIFFERENCE,
    RUN_QUALITY,
    RUN_RELATIVE,
    WIN_RATE,
)

METHOD = "difference of item means, second run - first, over the pairs that both measured; t interval; sign-flip p"
RELATIVE_METHOD = (
    "difference of mean gap ÷ mean margin, second run - first; t interval and sign-flip p over items, whose values are the ratio and "
    "their influence on it (infinitesimal jackknife)"
)
LEVEL_METHOD = f"level of both forms: {METHOD}"
MARGIN_METHOD = f"exact - decoy margin: {METHOD}"
#: Measures of how well a model does, on a scale that all models share.
LEVELS = {own.name for own in (ACCURACY, WIN_RATE, NDCG_AT_10, MRR_AT_10, RECALL_AT_1, RECALL_AT_10, RECALL_AT_100, NEGATIVE_RANK)}
#: Of these, the ones that need no explanation; told where a probe records them of what it is judged by.
NATURAL = (NEGATIVE_RANK.name, WIN_RATE.name)
SIDES = ("a", "b")


@dataclass(frozen=True, kw_only=True)
class Both:
    """The pair rows of one model x probe x measure x contrast in two runs, columns `gap`, `level` and `margin` with `_a` and `_b`."""

    models: tuple[str, str]
    probe: str
    measure: str
    contrast: str
    rows: pd.DataFrame
    judgement: Judgement
    bound: float | None
    seed: int

    @property
    def judged(self) -> bool:
        """Whether the verdict rests on this contrast, in this measure or in another."""
        return self.contrast == self.judgement.contrast

    @property
    def shared_scale(self) -> bool:
        """Whether numbers of different models mean the same here, and say how well a model does."""
        return self.measure in LEVELS or self.judgement.is_share(self.measure)

    def estimates(self) -> Iterator[Estimate]:
        """Yield every difference between the runs: per arm, frequency against placebo, gap ÷ margin and quality."""
        arms = [str(arm) for arm in sorted(self.rows["arm"].unique())]
        for arm in arms:
            means = self._means(arm, "gap")
            if len(means):
                told = self.judged and arm == FREQUENCY
                yield self._row(arm, RUN_DIFFERENCE, means, METHOD, self.bound if told else None)
        if not self.judged or FREQUENCY not in arms:
            return
        if PLACEBO in arms:
            yield from self._beyond_placebo()
        if self.shared_scale:
            yield from self._quality(OF_LEVEL, LEVEL_METHOD)
        else:
            yield from self._relative()
            yield from self._quality(OF_MARGIN, MARGIN_METHOD)

    def _quality(self, kind: str, method: str) -> Iterator[Estimate]:
        means = self._means(FREQUENCY, kind)
        if len(means):
            yield self._row(FREQUENCY, RUN_QUALITY, means, method, self.bound, **{QUALITY: kind})

    def _relative(self) -> Iterator[Estimate]:
        means = self._means(FREQUENCY, "gap", OF_MARGIN)
        sides = [(means[f"gap_{side}"].to_numpy(dtype=float), means[f"{OF_MARGIN}_{side}"].to_numpy(dtype=float)) for side in SIDES]
        if len(means) > 1 and all(resampling.above_zero(margins) for _, margins in sides):
            values = [ratio_values(gaps, margins) for gaps, margins in sides]
            own = pd.DataFrame({f"gap_{side}": value for side, value in zip(SIDES, values, strict=True)}, index=means.index)
            yield self._row(FREQUENCY, RUN_RELATIVE, own, RELATIVE_METHOD, SESOI_SHARE)

    def _beyond_placebo(self) -> Iterator[Estimate]:
        """Yield by how much more the frequency arm changed than the placebo did."""
        changes = [means["gap_b"] - means["gap_a"] for arm in (FREQUENCY, PLACEBO) if len(means := self._means(arm, "gap"))]
        if len(changes) < 2:
            return
        rng = resampling.named_rng(self.seed, *self.models, self.probe, self.measure, self.contrast, DIFFERENCE, RUN_DIFFERENCE)
        found, items, method = difference_of_arms(changes[0], changes[1], rng, RESAMPLES)
        yield Estimate(
            **self._key(DIFFERENCE, RUN_DIFFERENCE),
            value=found.value,
            std_error=found.std_error,
            ci_low=found.low,
            ci_high=found.high,
            p_value=found.p_value,
            n_pairs=sum(
                int(self._complete(arm, ("gap",))["item"].isin(own).sum()) for arm, own in zip((FREQUENCY, PLACEBO), items, strict=True)
            ),
            n_items=len(set(items[0]) | set(items[1])),
            method=f"second run - first: {method}",
            extra={"models": list(self.models), "values": None},
        )

    def _complete(self, arm: str, columns: tuple[str, ...]) -> pd.DataFrame:
        own = self.rows[self.rows["arm"] == arm]
        return own.dropna(subset=[f"{column}_{side}" for column in columns for side in SIDES])

    def _means(self, arm: str, *columns: str) -> pd.DataFrame:
        """Return the means by item of columns, over the pairs that have all of them in both runs."""
        names = [f"{column}_{side}" for column in columns for side in SIDES]
        return self._complete(arm, columns).groupby("item", sort=True)[names].mean()

    def _key(self, arm: str, term: str) -> dict[str, Any]:
        first, second = self.models
        model = first if first == second else f"{first} → {second}"
        return {"model": model, "probe": self.probe, "measure": self.measure, "contrast": self.contrast, "arm": arm, "term": term}

    def _row(self, arm: str, term: str, means: pd.DataFrame, method: str, bound: float | None, **details: Any) -> Estimate:
        column = str(means.columns[0]).removesuffix("_a")
        first, second = (means[f"{column}_{side}"].to_numpy(dtype=float) for side in SIDES)
        items = second - first
        interval = resampling.t_interval(items)
        rng = resampling.named_rng(self.seed, *self.models, self.probe, self.measure, self.contrast, arm, term)
        flags = [name for name, holds in ((ONE_ITEM, len(items) == 1), (CONSTANT, bool(np.ptp(items) == 0))) if holds]
        columns = (column, OF_MARGIN) if term == RUN_RELATIVE else (column,)
        measured, either = len(self._complete(arm, columns)), int((self.rows["arm"] == arm).sum())
        equal = {} if bound is None else self._equivalence(items, bound)
        if bound is not None:
            flags.append(EQUIVALENT if (equal["equivalence_p"] or 0.0) < LEVEL and len(items) > 1 else NOT_EQUIVALENT)
        return Estimate(
            **self._key(arm, term),
            value=float(items.mean()),
            std_error=resampling.std_error(items),
            ci_low=interval.low,
            ci_high=interval.high,
            p_value=resampling.sign_flip_p(items, rng),
            effect_size=resampling.dz(items),
            n_pairs=measured,
            n_items=len(items),
            n_failed=either - measured if column == "gap" and term == RUN_DIFFERENCE else 0,
            method=method,
            flags=flags,
            bound=bound,
            details=details | equal,
            extra={"models": list(self.models), "values": [float(first.mean()), float(second.mean())]},
        )

    def _equivalence(self, items: Values, bound: float) -> dict[str, float | None]:
        inner = resampling.t_interval(items, TOST_LEVEL)
        share = SESOI_SHARE_RIGHT if self.judgement.is_share(self.measure) else SESOI_SHARE
        return {"equivalence_p": resampling.tost_p(items, bound, share), "low_90": inner.low, "high_90": inner.high}


def ratio_values(numerator: Values, denominator: Values) -> Values:
    """Return one value an item with the mean mean(numerator) / mean(denominator) and, to first order, its standard error.

    v = r + (x - r y) / mean(y), r = mean(x) / mean(y): the ratio and each item's influence on it. The denominator's mean must not be near
    zero. Reference: Jaeckel (1972), The infinitesimal jackknife, Bell Laboratories memorandum MM 72-1215-11.

    >>> ratio_values(np.array([1.0, 3.0]), np.array([4.0, 4.0])).tolist()
    [0.25, 0.75]
    """
    ratio = float(numerator.mean() / denominator.mean())
    return np.asarray(ratio + (numerator - ratio * denominator) / denominator.mean())
