"""Frequency against its rivals: slopes at once, what part of the mean gap goes with each, adjusted and matched effects.

The part of a predictor is its slope times its mean, that of register the sum over its two indicators; the parts and `part:rest`, what
is left with no difference in any of them, add up to the mean gap that the regression gives these pairs, and all are in the unit of the
measure. Length is words where most forms differ in words (free rewrites), else characters. A rival that a few pairs do not have costs
these pairs; one that many do not have is left out and named. Norms that a user joined to the swapped words are further rivals, after
these and in the order of the pairs. Subwords come apart: rarity *causes* fragmentation, so they are a mediator, and the direct effect
given subwords stands beside the total one.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from freqbias.analysis.estimate.dose import Arms, dose_rows
from freqbias.analysis.estimate.predictors import (
    NAMES,
    OWN,
    ZIPF_GAP,
    Row,
    complete,
    method_of,
    never_level,
    predictors,
    rivals_in,
    row_of,
)
from freqbias.analysis.stats.mixed import BEYOND, INSEPARABLE_VIF, THESE_FRAMES, Coefficient, Fit, crossed, inflation, usable
from freqbias.analysis.stats.resampling import std_error, t_interval
from freqbias.errors import InputError
from freqbias.matching import match
from freqbias.terms import DIRECT_LARGER, EXTRAPOLATED, GLOSS_ZIPF, INSEPARABLE, JOINT_PARTS, NOT_HELD, rival_label

#: Predictors whose parts are told as one.
JOINT = {part: [f"{name}_gap" for name in names] for part, names in JOINT_PARTS.items()}
MEDIATOR = "subwords_gap"
MIN_PLACEBO = 5  # items; from fewer nothing can be learnt of their noise


def rival_rows(rows: pd.DataFrame, placebo: pd.DataFrame | None = None) -> Iterator[Row]:
    """Yield slopes, parts, the adjusted, matched and direct effects for one series' pairs of the frequency arm and those of its placebo.

    `BEYOND` is by how much the adjusted mean exceeds the placebo's, adjusted alike. Nothing where the pairs of the frequency arm do not
    allow it.
    """
    arms = arms_of(rows, placebo)
    if arms is None:
        return
    told, names = arms.rows[arms.rows[OWN]], arms.names
    factor = inflation(arms.rows, names, arms.own)[ZIPF_GAP]
    if factor >= INSEPARABLE_VIF:
        yield _inseparable(told, names, factor, arms.flags)
        return
    fit = crossed(arms.rows, "gap", names, JOINT, arms.own)
    yield from dose_rows(arms, fit)
    if fit is not None:
        yield from _slopes(fit, names)
        adjusted = f"mean gap at the mean frequency gap with no rival; {method_of(fit, names)}"
        own = [row_of("adjusted", fit.adjusted, adjusted)]
        if fit.beyond is not None:
            beyond = f"minus the placebo's mean gap with no rival and no frequency gap; {adjusted}"
            own.append(row_of(BEYOND, fit.beyond, beyond, p_value=False))
        far = [name.removesuffix("_gap") for name in never_level(told, names)]
        yield from (replace(row, flags=(EXTRAPOLATED,), details={"never_level": far}) if far else row for row in own)
    yield from _direct(arms, fit)
    yield from _matched(told, names)


def arms_of(rows: pd.DataFrame, placebo: pd.DataFrame | None = None) -> Arms | None:
    """Return what slopes are fitted to, with the predictors that these pairs have; None where they do not allow it."""
    rows = complete(rows.drop(columns=[name for name in (f"{GLOSS_ZIPF}_gap",) if name in rows and rows[name].isna().all()]))
    unknown = tuple(
        f"{NOT_HELD}{name.removesuffix('_gap')}" for name in rivals_in(rows) if name in rows.columns and rows[name].isna().any()
    )
    names = predictors(rows)
    if not names or names[0] != ZIPF_GAP or not usable(rows, "gap", names)[1]:
        return None
    return Arms(rows=_together(rows, placebo, names), names=names, flags=unknown)


def _together(rows: pd.DataFrame, placebo: pd.DataFrame | None, names: list[str]) -> pd.DataFrame:
    """Return the pairs of both arms; of the placebo those of which every predictor is known, none where these are of too few items."""
    told = rows.assign(**{OWN: True})
    if placebo is None or not set(names) <= set(placebo.columns):
        return told
    known = placebo.dropna(subset=["gap", *names])
    if known["item"].nunique() < MIN_PLACEBO:
        return told
    return pd.concat([told, known.assign(**{OWN: False})], ignore_index=True)


def _inseparable(rows: pd.DataFrame, names: list[str], factor: float, unknown: tuple[str, ...]) -> Row:
    others = ", ".join(dict.fromkeys(_label(name) for name in names[1:]))
    shown = "infinite" if np.isinf(factor) else f"{factor:.1f}"
    return Row(
        term="zipf_slope",
        value=None,
        method="none",
        n_pairs=len(rows),
        n_items=rows["item"].nunique(),
        flags=(INSEPARABLE, *unknown),
        details={"reason": f"frequency cannot be separated from {others} in these pairs (VIF {shown})"},
    )


def _label(name: str) -> str:
    return rival_label(name.removesuffix("_gap"))


def _slopes(fit: Fit, names: list[str]) -> Iterator[Row]:
    method = method_of(fit, names)
    for name in names[1:]:
        yield row_of(f"{name.removesuffix('_gap')}_slope", fit.slopes[name], method)
    part = f"slope times the mean difference of the forms; {fit.population}"
    for name in names:
        short = "frequency" if name == ZIPF_GAP else name.removesuffix("_gap")
        if not any(name in joint for joint in JOINT.values()):
            yield row_of(f"part:{short}", fit.slopes[name], part, fit.means[name], p_value=False)
    for name, joint in fit.parts.items():
        yield row_of(f"part:{name}", joint, f"sum of each {part}", p_value=False)
    yield row_of("part:rest", fit.rest, f"mean gap with no difference in any predictor; {fit.population}", p_value=False)


def _direct(arms: Arms, total: Fit | None) -> Iterator[Row]:
    """Yield the direct effect given subwords, with what an unmeasured cause of splitting and gap would have to explain to undo it."""
    known = arms.rows if MEDIATOR not in arms.rows.columns else arms.rows[arms.rows[OWN] | arms.rows[MEDIATOR].notna()]
    told = known[known[OWN]]
    if MEDIATOR not in known.columns or told[MEDIATOR].isna().any() or float(np.ptp(told[MEDIATOR])) == 0:
        return
    names = [*arms.names, MEDIATOR]
    fit = crossed(known, "gap", names, own=arms.own)
    if fit is None:
        return
    method = "direct effect: mean gap at the mean frequency gap, equally many subwords, no rival; subwords are a mediator, and nothing "
    method += "unmeasured may move both them and the gap; "
    larger = total is not None and abs(fit.adjusted.value) > abs(total.adjusted.value)
    yield replace(
        row_of("net_of_subwords", fit.adjusted, method + method_of(fit, names)),
        flags=(DIRECT_LARGER,) if larger else (),
        details={"robustness_value": robustness(fit.adjusted), "robustness_value_05": robustness(fit.adjusted, alpha=0.05)},
    )


def robustness(effect: Coefficient, alpha: float | None = None) -> float:
    """Return the share of the residual variance of both that a confounder would have to explain to bring an effect to zero.

    With `alpha`, to bring its test to that level. Reference: Cinelli & Hazlett (2020), doi:10.1111/rssb.12348, robustness value.
    """
    if effect.std_error == 0:
        return float(effect.value != 0)
    size = abs(effect.value) / effect.std_error / np.sqrt(effect.df)
    if alpha is not None:
        less = max(effect.df - 1, 1.0)
        size -= float(stats.t.ppf(1 - alpha / 2, less)) / np.sqrt(less)
    return float((np.sqrt(size**4 + 4 * size**2) - size**2) / 2) if size > 0 else 0.0


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
