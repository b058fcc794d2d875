"""What a gap is regressed on, frequency first, and how a coefficient becomes a row of the table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from freqbias.analysis.stats.mixed import INSEPARABLE_VIF, Coefficient, Slopes, inflation
from freqbias.terms import EDITED, NORM, RIVALS, rival_label

ZIPF_GAP = "zipf_gap"
#: Rivals in the order of the report, and what a reader calls each.
NAMES = {f"{name}_gap": label for name, label in RIVALS.items()}
SENSE = "sense_zipf_gap"
OWN = "of_frequency_arm"  # column of a table of two arms
KNOWN = 0.9  # of the pairs: a rival is held level from here on, at the cost of the others
LEVEL_SEEN = 0.1  # of the pairs on either side of level in a rival, those at level on both: fewer do not show what is there
DIFFER_IN_WORDS = 0.5  # of the pairs, from which on length is counted in words


@dataclass(frozen=True, kw_only=True)
class Row:
    """What becomes one estimate; `value` is None where frequency and a rival cannot be separated."""

    term: str
    value: float | None
    method: str
    std_error: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    n_pairs: int = 0
    n_items: int = 0
    flags: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)


def rivals_in(rows: pd.DataFrame) -> dict[str, str]:
    """Return the columns of rivals and what a reader calls each: `NAMES`, and the norms of these rows."""
    norms = [name for name in map(str, rows.columns) if name.startswith(NORM)]
    return NAMES | {name: rival_label(name.removesuffix("_gap")) for name in norms}


def predictors(rows: pd.DataFrame) -> list[str]:
    """Return frequency and the rivals that vary in these rows, each only where the rivals before it do not nearly determine it."""
    names = [ZIPF_GAP, *rivals_in(rows)]
    varying = [name for name in names if name in rows.columns and rows[name].notna().all() and float(np.ptp(rows[name])) > 0]
    if "words_gap" in varying and "characters_gap" in varying:  # one measure of length
        in_words = float((rows["words_gap"] != 0).mean()) >= DIFFER_IN_WORDS
        varying.remove("characters_gap" if in_words else "words_gap")
    if f"{EDITED}_gap" in varying and "overlap_with_original_gap" in varying:  # one measure of what is not the author's
        varying.remove("overlap_with_original_gap")
    kept = [name for name in varying if name == ZIPF_GAP]
    for name in varying[len(kept) :]:
        rivals = [*kept[1:], name] if kept[:1] == [ZIPF_GAP] else [*kept, name]
        if inflation(rows, rivals)[name] < INSEPARABLE_VIF:
            kept.append(name)
    return kept


def never_level(rows: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Return the rivals in which hardly a pair is level or lies beyond level: what the gap would be there is read off a line alone."""
    return [name for name in names if name != ZIPF_GAP and min((rows[name] <= 0).mean(), (rows[name] >= 0).mean()) < LEVEL_SEEN]


def complete(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of which every rival is known that `KNOWN` of them or more have; each in turn, so that few are lost."""
    own = rows
    for name in rivals_in(rows):
        if name in own.columns and own[name].isna().any() and own[name].notna().sum() >= KNOWN * len(rows):
            own = own[own[name].notna()]
    return own


def method_of(fit: Slopes, names: list[str]) -> str:
    """Return how a model was fitted: what is random, variance inflation, and whom its intervals speak of."""
    shown = ", ".join(f"{name.removesuffix('_gap')} {fit.vif[name]:.1f}" for name in names)
    return (
        f"linear mixed model, random {' and '.join(name for name in fit.variances if name != 'residual')}; VIF {shown}; {fit.population}"
    )


def row_of(term: str, c: Coefficient, method: str, factor: float = 1.0, p_value: bool = True) -> Row:
    """Return a coefficient, `factor` times, as what becomes an estimate."""
    ends = sorted((factor * c.low, factor * c.high))
    return Row(
        term=term,
        value=factor * c.value,
        std_error=abs(factor) * c.std_error,
        low=ends[0],
        high=ends[1],
        p_value=c.p_value if p_value else None,
        method=method,
        n_pairs=c.n_pairs,
        n_items=c.n_items,
    )
