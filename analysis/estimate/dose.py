"""How the gap goes with the frequency gap: the two-arm regression, its robust twin, and what could be wrong with either.

`zipf_slope` is the slope of gap on frequency gap and confounders over the pairs of both arms, without intercept: without any difference
of the forms there is no gap, and the placebo's pairs teach what confounders do. `within_slope` gives either arm an intercept of
its own, and so asks whether the effect is graded within it: a constant advantage of whatever is called high passes the first and not
the second. Without a placebo both are one regression with intercept. Every slope has a robust one beside it; a claim needs both.
Rarity brings splitting about, so neither holds it constant; `split_slope` does, with a level of its own for every stratum of splitting,
and asks whether the effect is graded within them; `split_effect` is what a split word costs at an equal frequency gap.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from freqbias.analysis.estimate.predictors import KNOWN, OWN, SENSE, ZIPF_GAP, Row, method_of, row_of
from freqbias.analysis.stats.mixed import INSEPARABLE_VIF, Fit, Slopes, crossed, inflation, robust, through_zero
from freqbias.terms import GLOSS_ZIPF, NORM_FREQUENCY, SPLIT_EFFECT, SPLIT_SLOPE, WHOLE_TEXT, ZIPF_GAP_OF

SQUARE = "zipf_squared_gap"
SPLIT = "split_gap"  # 1 where only the low word is split, -1 where only the high one is
BOTH_SPLIT = "both_split"  # 1 in the frequency arm's pairs of which both words are split; these may differ in level from whole ones
LEVELS = ("level_high", "level_low")
FIRST, SECOND = "first_frequency", "second_frequency"  # columns of two measures of one frequency gap
WITHIN = "with an intercept of the arm's own"


@dataclass(frozen=True, kw_only=True)
class Arms:
    """The pairs that slopes are fitted to: the frequency arm (`OWN` is True), those of a placebo, and the predictors, dose first."""

    rows: pd.DataFrame
    names: list[str]
    flags: tuple[str, ...] = ()

    @property
    def own(self) -> str | None:
        """The column that marks the frequency arm, None where there is no other."""
        return None if self.rows[OWN].all() else OWN

    def within(self) -> Fit | None:
        """Return the regression with an intercept of the frequency arm's own."""
        return crossed(self.rows, "gap", self.names, own=self.own)

    def alone(self, column: str) -> "Arms | None":
        """Return the frequency arm with another measure of frequency; None where too few of its pairs have it.

        Without the placebo, whose pairs were chosen to be level in the first measure: what they differ by in another is error of either.
        """
        told = self.rows[self.rows[OWN]]
        if column not in told.columns or told[column].notna().mean() < KNOWN:
            return None
        rows = told.assign(**{ZIPF_GAP: told[column], FIRST: told[ZIPF_GAP]}).dropna(subset=[column])
        names = [name for name in self.names if float(np.ptp(rows[name])) > 0]
        separable = names[:1] == [ZIPF_GAP] and inflation(rows, names)[ZIPF_GAP] < INSEPARABLE_VIF
        return replace(self, rows=rows, names=names) if separable else None


def lead(arms: Arms, fit: Fit | None) -> tuple[Slopes | None, str]:
    """Return the regression that `zipf_slope` is of, and what it is fitted to; `fit` is the one with intercept."""
    if arms.own is None:
        return fit, "frequency arm, with intercept"
    return through_zero(arms.rows, "gap", arms.names, arms.own), f"{_both(arms)}, without intercept"


def _both(arms: Arms) -> str:
    return f"frequency arm and {int((~arms.rows[OWN]).sum())} placebo pairs"


def dose_rows(arms: Arms, fit: Fit | None) -> Iterator[Row]:
    """Yield every slope on the frequency gap and its intercept; `fit` is `arms.within()`."""
    slopes, where = lead(arms, fit)
    if slopes is not None:
        method = f"{where}; {method_of(slopes, arms.names)}"
        yield replace(row_of("zipf_slope", slopes.slopes[ZIPF_GAP], method), flags=arms.flags, details=_of(arms.rows))
    yield from _robust(arms, "zipf_slope_robust", where, intercept=arms.own is None)
    where = f"{'frequency arm' if arms.own is None else _both(arms)}, {WITHIN}"
    if fit is not None:
        yield row_of("within_slope", fit.slopes[ZIPF_GAP], f"{where}; {method_of(fit, arms.names)}")
        yield row_of(
            "intercept", fit.rest, f"mean gap of the frequency arm at no difference in any predictor; {method_of(fit, arms.names)}"
        )
    yield from _robust(arms, "within_slope_robust", where)
    yield from _levels(arms)
    yield from _beside_splitting(arms)
    yield from _lack_of_fit(arms)
    yield from _other_frequencies(arms)


def _robust(arms: Arms, term: str, where: str, *, intercept: bool = True) -> Iterator[Row]:
    check = robust(arms.rows, "gap", arms.names, arms.own, intercept=intercept)
    if check is not None:
        yield row_of(term, check[0], f"{where}; the same predictors, {check[1]}")


def _of(rows: pd.DataFrame) -> dict[str, Any]:
    """Return what the frequency gaps are of, where that is not the swapped words."""
    whole = ZIPF_GAP_OF in rows.columns and (rows[ZIPF_GAP_OF] == WHOLE_TEXT).any()
    return {ZIPF_GAP_OF: WHOLE_TEXT} if whole else {}


def _levels(arms: Arms) -> Iterator[Row]:
    """Yield the slopes on the frequency of the high and of the low form apart; a pure difference has one, with opposite signs."""
    told = arms.rows[arms.rows[OWN]]
    if not set(LEVELS) <= set(told.columns) or told[list(LEVELS)].notna().all(axis=1).mean() < KNOWN:
        return
    rows = told.dropna(subset=list(LEVELS))
    # how near the glosses lie is itself made of both levels
    names = [*LEVELS, *(name for name in arms.names[1:] if name != f"{GLOSS_ZIPF}_gap" and float(np.ptp(rows[name])) > 0)]
    fit = crossed(rows, "gap", names)
    if fit is None or max(fit.vif[name] for name in LEVELS) >= INSEPARABLE_VIF:
        return
    for name, term in zip(LEVELS, ("zipf_high_slope", "zipf_low_slope"), strict=True):
        yield row_of(term, fit.slopes[name], f"per Zipf unit of that form's frequency, the other form's held; {method_of(fit, names)}")


def _beside_splitting(arms: Arms) -> Iterator[Row]:
    """Yield the slope on the frequency gap with splitting held constant, and that on splitting with the frequency gap held constant.

    Both by least squares with cluster-robust errors. Nothing where splitting does not vary among the frequency arm's pairs, or cannot be
    told from frequency.
    """
    if "stratum" not in arms.rows.columns or arms.rows.loc[arms.rows[OWN], "stratum"].notna().mean() < KNOWN:
        return
    known = arms.rows[arms.rows["stratum"].notna()]
    sides = known["stratum"].str.split("_", expand=True) == "split"
    both = sides[0] & sides[1] & known[OWN]
    rows = known.assign(**{SPLIT: sides[1].astype(float) - sides[0].astype(float), BOTH_SPLIT: both.astype(float)})
    names = [name for name in [*arms.names, BOTH_SPLIT] if float(np.ptp(rows[name])) > 0]
    own = None if rows[OWN].all() else OWN
    if float(np.ptp(rows.loc[rows[OWN], SPLIT])) == 0 or names[:1] != [ZIPF_GAP]:
        return
    if inflation(rows, [*names, SPLIT], own)[SPLIT] >= INSEPARABLE_VIF:
        return
    for term, order, unit in (
        (SPLIT_SLOPE, [*names, SPLIT], "per Zipf unit, within the strata of splitting"),
        (SPLIT_EFFECT, [SPLIT, *names], "only the low word split instead of none, the frequency gap held"),
    ):
        found = robust(rows, "gap", order, own)
        if found is not None:
            yield row_of(term, found[0], f"{unit}; {WITHIN}; {found[1]}")


def _lack_of_fit(arms: Arms) -> Iterator[Row]:
    """Yield the quadratic term of the dose about its mean; its p-value is the larger of the model-based and the robust one."""
    own, dose = arms.rows[OWN], arms.rows[ZIPF_GAP]
    rows = arms.rows.assign(**{SQUARE: np.where(own, (dose - dose[own].mean()) ** 2, 0.0)})
    names = [SQUARE, *arms.names]
    fit, check = crossed(rows, "gap", names, own=arms.own), robust(rows, "gap", names, arms.own)
    if fit is None or check is None:
        return
    found = replace(fit.slopes[SQUARE], p_value=max(fit.slopes[SQUARE].p_value, check[0].p_value))
    yield row_of("lack_of_fit", found, f"per squared Zipf unit about the mean frequency gap, p the larger of this and a robust test; "
                 f"{method_of(fit, names)}")  # fmt: skip


def _other_frequencies(arms: Arms) -> Iterator[Row]:
    """Yield the slopes on the frequency of the intended senses and on that of a user's own sources, sensitivities and no tests.

    Each of these sources is also an instrument for the frequency of the pairs and the other way round (`zipf_slope_iv:`).
    """
    yield from _by_frequency(arms, SENSE, "sense_zipf_slope", "Zipf unit of the intended sense's frequency")
    for column in [name for name in map(str, arms.rows.columns) if name.startswith(NORM_FREQUENCY)]:
        source = column.removeprefix(NORM_FREQUENCY).removesuffix("_gap")
        yield from _by_frequency(arms, column, f"zipf_slope:{source}", f"unit of the frequency in {source}")
        yield from _instrumented(arms, column, source)


def _by_frequency(arms: Arms, column: str, term: str, unit: str) -> Iterator[Row]:
    other = arms.alone(column)
    fit = None if other is None else other.within()
    if other is not None and fit is not None:
        method = f"per {unit}; frequency arm, with intercept; {method_of(fit, other.names)}"
        yield row_of(term, fit.slopes[ZIPF_GAP], method, p_value=False)


def _instrumented(arms: Arms, column: str, source: str) -> Iterator[Row]:
    """Yield the slope by two-stage least squares, each frequency the instrument of the other.

    Both are noisy measures of what a reader met; noise that they do not share attenuates neither slope. `details.reliability` is the
    share of a measure's variance, confounders held, that is not noise: the slope that it attenuates to over the slope. Reference:
    Fuller (1987), Measurement Error Models, doi:10.1002/9780470316665.
    """
    other = arms.alone(column)
    if other is None:
        return
    rows = other.rows.assign(**{SECOND: other.rows[column]})
    for term, measure, instrument, unit, by in (
        (f"zipf_slope_iv:{source}", FIRST, SECOND, "Zipf unit", source),
        (f"zipf_slope_iv:{source}:reverse", SECOND, FIRST, f"unit of the frequency in {source}", "the pairs' own frequency"),
    ):
        own = rows.assign(**{ZIPF_GAP: rows[measure]})
        plain, found = (robust(own, "gap", other.names, instrument=name) for name in (None, instrument))
        stage = robust(own.assign(gap=own[measure], **{ZIPF_GAP: own[instrument]}), "gap", other.names)
        if plain is None or found is None or found[0].value == 0:
            continue
        details = {"reliability": plain[0].value / found[0].value}
        if stage is not None:  # else the one is the other
            details["first_stage_f"] = (stage[0].value / stage[0].std_error) ** 2
        method = f"per {unit}, instrument {by}; frequency arm, with intercept; {found[1]}"
        yield replace(row_of(term, found[0], method, p_value=False), details=details)
