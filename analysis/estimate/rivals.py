"""Frequency against its rivals: slopes at once, what part of the mean gap goes with each, adjusted and matched effects.

The part of a predictor is its slope times its mean, that of register the sum over its two indicators; the parts and `part:rest`, what
is left with no difference in any of them, add up to the mean gap that the regression gives these pairs, and all are in the unit of the
measure. Length is words where most forms differ in words (free rewrites), else characters. A rival that a few pairs do not have costs
these pairs; one that many do not have is left out and named. Norms that a user joined to the swapped words are further rivals, after
these and in the order of the pairs. Subwords come apart: rarity *causes* fragmentation, so they are a mediator, and the direct effect
given subwords stands beside the total one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from freqbias.analysis.stats.mixed import INSEPARABLE_VIF, THESE_FRAMES, Coefficient, Fit, crossed, inflation, robust, usable
from freqbias.analysis.stats.resampling import std_error, t_interval
from freqbias.errors import InputError
from freqbias.matching import match
from freqbias.terms import INSEPARABLE, JOINT_PARTS, NORM, NORM_FREQUENCY, NOT_HELD, RIVALS, WHOLE_TEXT, ZIPF_GAP_OF, rival_label

ZIPF_GAP = "zipf_gap"
#: Rivals in the order of the report, and what a reader calls each.
NAMES = {f"{name}_gap": label for name, label in RIVALS.items()}
#: Predictors whose parts are told as one.
JOINT = {part: [f"{name}_gap" for name in names] for part, names in JOINT_PARTS.items()}
SENSE = "sense_zipf_gap"
KNOWN = 0.9  # of the pairs: a rival is held level from here on, at the cost of the others
DIFFER_IN_WORDS = 0.5  # of the pairs, from which on length is counted in words
MEDIATOR = "subwords_gap"


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
    kept = [name for name in varying if name == ZIPF_GAP]
    for name in varying[len(kept) :]:
        rivals = [*kept[1:], name] if kept[:1] == [ZIPF_GAP] else [*kept, name]
        if inflation(rows, rivals)[name] < INSEPARABLE_VIF:
            kept.append(name)
    return kept


def complete(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of which every rival is known that `KNOWN` of them or more have; each in turn, so that few are lost."""
    own = rows
    for name in rivals_in(rows):
        if name in own.columns and own[name].isna().any() and own[name].notna().sum() >= KNOWN * len(rows):
            own = own[own[name].notna()]
    return own


def rival_rows(rows: pd.DataFrame) -> Iterator[Row]:
    """Yield slopes, parts, the adjusted, matched and direct effects for the pairs of one series; nothing where they do not allow it."""
    rows = complete(rows)
    unknown = tuple(
        f"{NOT_HELD}{name.removesuffix('_gap')}" for name in rivals_in(rows) if name in rows.columns and rows[name].isna().any()
    )
    names = predictors(rows)
    if not names or names[0] != ZIPF_GAP or not usable(rows, "gap", names)[1]:
        return
    factor = inflation(rows, names)[ZIPF_GAP]
    if factor >= INSEPARABLE_VIF:
        others = ", ".join(dict.fromkeys(_label(name) for name in names[1:]))
        shown = "infinite" if np.isinf(factor) else f"{factor:.1f}"
        yield Row(
            term="zipf_slope",
            value=None,
            method="none",
            n_pairs=len(rows),
            n_items=rows["item"].nunique(),
            flags=(INSEPARABLE, *unknown),
            details={"reason": f"frequency cannot be separated from {others} in these pairs (VIF {shown})"},
        )
        return
    fit = crossed(rows, "gap", names, JOINT)
    if fit is not None:
        yield from (
            replace(row, flags=unknown, details=_dose_of(rows)) if row.term == "zipf_slope" else row for row in _slopes(fit, names)
        )
        yield row_of("adjusted", fit.adjusted, f"mean gap at the mean frequency gap with no rival; {method_of(fit, names)}")
    check = robust(rows, "gap", names)
    if check is not None:
        yield row_of("zipf_slope_robust", check[0], f"the same predictors, {check[1]}")
    yield from _by_other_frequencies(rows, names)
    yield from _direct(rows, names)
    yield from _matched(rows, names)


def _dose_of(rows: pd.DataFrame) -> dict[str, Any]:
    """Return what the frequency gaps are of, where that is not the swapped words."""
    whole = ZIPF_GAP_OF in rows.columns and (rows[ZIPF_GAP_OF] == WHOLE_TEXT).any()
    return {ZIPF_GAP_OF: WHOLE_TEXT} if whole else {}


def _by_other_frequencies(rows: pd.DataFrame, names: list[str]) -> Iterator[Row]:
    """Yield the slopes on the frequency of the intended senses and on that of a user's own sources, sensitivities and no tests."""
    yield from _by_frequency(rows, names, SENSE, "sense_zipf_slope", "Zipf unit of the intended sense's frequency")
    for column in [name for name in map(str, rows.columns) if name.startswith(NORM_FREQUENCY)]:
        source = column.removeprefix(NORM_FREQUENCY).removesuffix("_gap")
        yield from _by_frequency(rows, names, column, f"zipf_slope:{source}", f"unit of the frequency in {source}")


def _by_frequency(rows: pd.DataFrame, names: list[str], column: str, term: str, unit: str) -> Iterator[Row]:
    if column not in rows.columns or rows[column].notna().mean() < KNOWN:
        return
    own = rows.assign(**{ZIPF_GAP: rows[column]}).dropna(subset=[column])
    names = [name for name in names if float(np.ptp(own[name])) > 0]
    fit = crossed(own, "gap", names) if names[:1] == [ZIPF_GAP] else None
    if fit is not None and fit.vif[ZIPF_GAP] < INSEPARABLE_VIF:
        method = f"per {unit}; {method_of(fit, names)}"
        yield row_of(term, fit.slopes[ZIPF_GAP], method, p_value=False)


def _label(name: str) -> str:
    return rival_label(name.removesuffix("_gap"))


def method_of(fit: Fit, names: list[str]) -> str:
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


def _slopes(fit: Fit, names: list[str]) -> Iterator[Row]:
    method = method_of(fit, names)
    for name in names:
        short = "zipf" if name == ZIPF_GAP else name.removesuffix("_gap")
        yield row_of(f"{short}_slope", fit.slopes[name], method)
    part = f"slope times the mean difference of the forms; {fit.population}"
    for name in names:
        short = "frequency" if name == ZIPF_GAP else name.removesuffix("_gap")
        if not any(name in joint for joint in JOINT.values()):
            yield row_of(f"part:{short}", fit.slopes[name], part, fit.means[name], p_value=False)
    for name, joint in fit.parts.items():
        yield row_of(f"part:{name}", joint, f"sum of each {part}", p_value=False)
    yield row_of("part:rest", fit.rest, f"mean gap with no difference in any predictor; {fit.population}", p_value=False)


def _direct(rows: pd.DataFrame, names: list[str]) -> Iterator[Row]:
    if MEDIATOR not in rows.columns or rows[MEDIATOR].isna().any() or float(np.ptp(rows[MEDIATOR])) == 0:
        return
    fit = crossed(rows, "gap", [*names, MEDIATOR])
    if fit is not None:
        method = "direct effect: mean gap at the mean frequency gap, equally many subwords, no rival; subwords are a mediator; "
        yield row_of("net_of_subwords", fit.adjusted, method + method_of(fit, [*names, MEDIATOR]))


@lru_cache(maxsize=4)
def _level(names: tuple[str, ...], frequency: bytes, *gaps: bytes) -> NDArray[np.bool_] | None:
    """Return the largest level subset; models and measures of one run share their pairs, so it is found once."""
    sides = {name.removesuffix("_gap"): np.frombuffer(side) for name, side in zip(names, gaps, strict=True)}
    try:
        return match(sides, np.frombuffer(frequency))[0]
    except InputError:
        return None


def _matched(rows: pd.DataFrame, names: list[str]) -> Iterator[Row]:
    """Yield the mean gap in the largest subset of pairs that is level in length and readability."""
    level = [name for name in names if NAMES.get(name) in ("length", "readability")]
    if not level:
        return
    keep = _level(tuple(level), *(rows[name].to_numpy(dtype=float).tobytes() for name in [ZIPF_GAP, *level]))
    if keep is None:
        return
    items = rows[keep].groupby("item")["gap"].mean().to_numpy(dtype=float)
    if len(items) < 3:
        return
    interval = t_interval(items)
    yield Row(
        term="matched",
        value=float(items.mean()),
        std_error=std_error(items),
        low=interval.low,
        high=interval.high,
        method=f"mean of item means in the largest subset level in {' and '.join(name.removesuffix('_gap') for name in level)}; t; "
        f"{THESE_FRAMES}",
        n_pairs=int(keep.sum()),
        n_items=len(items),
    )
