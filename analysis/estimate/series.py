"""One series of a run (model x probe x measure x contrast, all arms), and the estimates that are made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from freqbias.analysis.estimate.capability import Capability
from freqbias.analysis.estimate.predictors import Row
from freqbias.analysis.stats import resampling
from freqbias.analysis.stats.resampling import Values
from freqbias.judgement import Judgement
from freqbias.records import Estimate
from freqbias.terms import FREQUENCY


def level_of(rows: pd.DataFrame, side: str) -> float | None:
    """Return the mean over items of one form's own values, None where the gap is no difference of two."""
    return float(item_means(rows, side).mean()) if side in rows.columns and rows[side].notna().all() else None


def item_means(rows: pd.DataFrame, column: str) -> Values:
    """Return the means of a column over the rows of each item, items sorted."""
    return rows.groupby("item", sort=True)[column].mean().to_numpy(dtype=float)


@dataclass(frozen=True, kw_only=True)
class Series:
    """One model x probe x measure x contrast with the pair rows of all arms.

    `failed` counts the pairs that are missing from each arm, `missing_rows` holds what is known of them, `tied` maps items that share
    texts to the first of them, by arm; `capability` says whether the model can answer what the probe asks; `reworded` are rows
    of contrast `paraphrase` in the same measure.
    """

    key: dict[str, Any]
    rows: pd.DataFrame
    failed: dict[str, int]
    sesoi: float | None
    seed: int
    resamples: int
    curve: bool
    judgement: Judgement
    no_gloss: bool = False
    one_register: bool = False
    capability: Capability = field(default_factory=Capability)
    reworded: pd.DataFrame | None = None
    missing_rows: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    tied: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def apart(self) -> bool:
        """Whether rivals are held against frequency here."""
        return self.judgement.takes_apart(self.key["contrast"], self.key["measure"])

    def arm(self, arm: str) -> pd.DataFrame:
        """Return the rows of one arm."""
        return self.rows[self.rows["arm"] == arm]

    def missing(self, arm: str) -> pd.DataFrame:
        """Return what is known of the pairs of one arm that could not be measured."""
        return self.missing_rows.get(arm, pd.DataFrame(columns=["item"]))

    def rng(self, arm: str, term: str) -> np.random.Generator:
        """Return a generator of its own for every estimate, so that none depends on which others are made."""
        return resampling.named_rng(self.seed, *self.key.values(), arm, term)

    def of(self, row: Row, arm: str = FREQUENCY) -> Estimate:
        """Return the estimate that a regression's row becomes."""
        return Estimate(
            **self.key,
            arm=arm,
            term=row.term,
            value=row.value,
            std_error=row.std_error,
            ci_low=row.low,
            ci_high=row.high,
            p_value=row.p_value,
            n_pairs=row.n_pairs,
            n_items=row.n_items,
            n_failed=self.failed.get(arm, 0),
            method=row.method,
            flags=list(row.flags),
            details=row.details,
        )

    def make(self, arm: str, term: str, rows: pd.DataFrame, **values: Any) -> Estimate:
        """Return an estimate of these rows; pairs and items are counted where `values` does not say how many."""
        return Estimate(
            **self.key,
            arm=arm,
            term=term,
            n_pairs=values.pop("n_pairs", len(rows)),
            n_items=values.pop("n_items", rows["item"].nunique()),
            n_failed=self.failed.get(arm, 0),
            **values,
        )
