"""The mean over items with its tests, its equivalence to zero, and the difference of two groups of pairs."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from freqbias.analysis.estimate.integrity import cautions
from freqbias.analysis.estimate.series import Series, item_means, level_of
from freqbias.analysis.stats import resampling
from freqbias.analysis.stats.arm_difference import difference_of_arms
from freqbias.analysis.stats.mixed import THESE_FRAMES
from freqbias.records import Estimate
from freqbias.terms import (
    ACCURACY,
    AT_LIMIT,
    CEILING_SHARE,
    CONSTANT,
    DISAGREE,
    EQUIVALENT,
    FLOOR_SHARE,
    FREQUENCY,
    HIGH,
    IN_PHRASING,
    LOW,
    NEGATIVE_RANK,
    NO_GLOSS,
    NOT_EQUIVALENT,
    OF_RANKING,
    ONE_ITEM,
    ONE_REGISTER,
    PLACEBO,
    REVERSED,
    SAME_SHARE,
    UNMOVED,
    WIN_RATE,
)

SESOI_SHARE = 0.10  # of the exact - decoy margin; smaller effects reorder next to nothing
SESOI_SHARE_RIGHT = 0.02  # two points
LEVEL = 0.05  # of every test
NEARLY_ALL = 0.9  # of the pairs; the tenth that is left would have to show ten times the effect
ROUNDING = 1e-9  # of a share
STEPPED = frozenset({NEGATIVE_RANK.name, WIN_RATE.name})  # measures of places and of comparisons
TOST_LEVEL = 0.90  # the interval that two one-sided tests at 5 % correspond to
MEAN_METHOD = f"mean of item means; sign-flip p; t interval; BCa beside it; dz with Hedges' factor; {THESE_FRAMES}"


def mean(series: Series, arm: str, term: str, rows: pd.DataFrame, method: str = MEAN_METHOD) -> Estimate:
    """Return the mean over items of one arm with interval, sign-flip p, dz, the forms' levels and what must be said of it (flags)."""
    items = item_means(rows, "gap")
    rng = series.rng(arm, term)
    interval = resampling.t_interval(items)
    bca = resampling.bca_interval(items, rng, resamples=series.resamples)
    p_value = resampling.sign_flip_p(items, rng, series.resamples)
    judged = term == "mean" and series.key["contrast"] == series.judgement.contrast
    flags, details = cautions(series, arm, rows) if term == "mean" else ([], {})
    if judged and term == "mean" and arm in (FREQUENCY, PLACEBO):
        limits = at_limits(series, rows)
        same = unmoved(series, rows)
        flags, details = [*flags, *([AT_LIMIT] if limits else []), *([UNMOVED] if same else [])], details | limits | same
    if (
        judged
        and arm == FREQUENCY
        and (series.judgement.judges(series.key["contrast"], series.key["measure"]) or series.key["measure"] == ACCURACY.name)
    ):
        more, facts = series.capability.of(series.key["measure"])
        flags, details = [*flags, *more], details | facts
    if judged and arm == FREQUENCY and (share := flipped(series, rows)) is not None:
        details["flipped"] = share
    holds = {
        ONE_ITEM: len(items) == 1,
        CONSTANT: bool(np.ptp(items) == 0),
        NO_GLOSS: series.no_gloss and term == "mean",
        ONE_REGISTER: series.one_register and judged,
        REVERSED: judged and arm == FREQUENCY and float(rows.groupby("item")["zipf_gap"].mean().mean()) <= 0,
        IN_PHRASING: judged and arm == FREQUENCY and bool(rows[IN_PHRASING].any()),
        DISAGREE: len(items) > 1 and (p_value < LEVEL) != (interval.low is None or interval.low > 0 or (interval.high or 0.0) < 0),
    }
    return series.make(
        arm,
        term,
        rows,
        value=float(items.mean()),
        std_error=resampling.std_error(items),
        ci_low=interval.low,
        ci_high=interval.high,
        bca_low=bca.low,
        bca_high=bca.high,
        p_value=p_value,
        effect_size=resampling.dz(items),
        high_mean=level_of(rows, HIGH),
        low_mean=level_of(rows, LOW),
        share_positive=float(np.mean(items > 0)),
        share_negative=float(np.mean(items < 0)),
        bound=series.sesoi,
        method=method,
        flags=[*(name for name, held in holds.items() if held), *flags],
        details=details,
    )


def at_limits(series: Series, rows: pd.DataFrame) -> dict[str, float]:
    """Return in which share of the pairs both forms are at the top, and at the bottom, of a measure of ranking; empty unless most are.

    A mean over such pairs has a small standard error because nothing in them could differ, not because wording makes no difference.
    """
    if series.key["measure"] not in OF_RANKING or rows.empty:
        return {}
    sides, ends = rows[[HIGH, LOW]].to_numpy(dtype=float), {CEILING_SHARE: 1.0, FLOOR_SHARE: 0.0}
    shares = {name: float(np.mean(np.abs(sides - end).max(axis=1) < ROUNDING)) for name, end in ends.items()}
    return shares if sum(shares.values()) >= NEARLY_ALL else {}


def unmoved(series: Series, rows: pd.DataFrame) -> dict[str, float]:
    """Return in which share of the pairs both forms score exactly the same on a scale without steps; empty unless in most.

    A cosine or a log-probability of two texts is hardly ever the same to the last digit: the model does not see what differs, as word
    matching does not where the query holds neither word. Shares and ranks have steps, on which equal values are a finding.
    """
    measure = series.key["measure"]
    if rows.empty or measure in OF_RANKING or measure in STEPPED or series.judgement.is_share(measure):
        return {}
    gaps = (rows[HIGH] - rows[LOW]).to_numpy(dtype=float)
    same = float(np.mean(gaps == 0)) if not np.isnan(gaps).all() else 0.0
    return {SAME_SHARE: same} if same >= NEARLY_ALL else {}


def flipped(series: Series, rows: pd.DataFrame) -> float | None:
    """Return which share of comparisons the smallest effect of interest would flip; None without decoys or such an effect.

    A comparison is one form of a pair against the decoy in the same form, averaged over registers. It flips where the right text wins by
    less than the effect, so that it would lose if it scored lower by as much.
    """
    if series.sesoi is None or not series.judgement.sesoi_in_margins(series.key["measure"]):
        return None
    margins = rows[["margin_high", "margin_low"]].to_numpy(dtype=float)
    margins = margins[~np.isnan(margins)]
    return float(np.mean((margins > 0) & (margins < series.sesoi))) if len(margins) else None


def equivalence(series: Series, arm: str, term: str, rows: pd.DataFrame) -> Estimate:
    """Return the test that the mean over items lies within ± the smallest effect of interest (TOST)."""
    items = item_means(rows, "gap")
    interval = resampling.t_interval(items, TOST_LEVEL)
    bound = series.sesoi or 0.0
    share = flipped(series, rows) if arm == FREQUENCY and term == "equivalence" else None
    p_value = resampling.tost_p(items, bound, SESOI_SHARE_RIGHT if series.judgement.is_share(series.key["measure"]) else SESOI_SHARE)
    return series.make(
        arm,
        term,
        rows,
        value=float(items.mean()),
        std_error=resampling.std_error(items),
        ci_low=interval.low,
        ci_high=interval.high,
        level=TOST_LEVEL,
        p_value=p_value,
        bound=bound,
        method="TOST on item means at the smallest effect of interest, alpha .05",
        flags=[EQUIVALENT if p_value is not None and p_value < LEVEL else NOT_EQUIVALENT],
        details={} if share is None else {"flipped": share},
    )


def difference(series: Series, arm: str, term: str, groups: tuple[pd.DataFrame, pd.DataFrame], before: str = "") -> Iterator[Estimate]:
    """Yield the mean gap of the first group's items minus that of the second's; nothing where one is empty. `before` opens the method."""
    if any(rows.empty for rows in groups):
        return
    first, second = (rows.groupby("item", sort=True)["gap"].mean() for rows in groups)
    result, items, method = difference_of_arms(first, second, series.rng(arm, term), series.resamples)
    yield series.make(
        arm,
        term,
        pd.concat([rows[rows["item"].isin(own)] for rows, own in zip(groups, items, strict=True)]),
        value=result.value,
        std_error=result.std_error,
        ci_low=result.low,
        ci_high=result.high,
        p_value=result.p_value,
        bound=series.sesoi,
        method=before + method,
    )
