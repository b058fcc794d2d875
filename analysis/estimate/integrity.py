"""Is the input what the tests take it for? Items that share texts, failures that go with frequency, a mean over few frames."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse, stats

from freqbias.analysis.estimate.series import Series, item_means
from freqbias.analysis.stats import resampling
from freqbias.analysis.stats.mixed import MIN_LEVELS
from freqbias.analysis.stats.resampling import Values
from freqbias.records import Estimate
from freqbias.terms import (
    ACCURACY,
    DISTINCT_ITEMS,
    DUPLICATES,
    FAILED_BY_DOSE,
    FAILED_MATTER,
    FEW_FRAMES,
    FREQUENCY,
    PLACEBO,
    PROMPT,
    SIDES,
)

DUPLICATE_SHARE = 0.05  # of the items; fewer move a standard error by less than a fortieth
#: What failures may go with: the dose, how frequent either form is, and length, by which models run out of room.
FAILURE_CAUSES = ("zipf_gap", "text_zipf_high", "text_zipf_low", "characters_gap")
ROUNDING = 1e-9  # of a share
KNOWN = 0.9  # of the pairs, from which on a cause is looked at
MIN_FAILED = 3  # pairs; fewer can go with nothing


def shared_texts(texts: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Return by arm the items that have a text with another item of that arm, each with the first of all that it is tied to.

    `texts` has a row a pair: `arm`, `item`, and `high_key` and `low_key`, equal for equal texts. A chain of shared texts ties all of its
    items.
    """
    return {str(arm): found for arm, rows in texts.groupby("arm") if (found := _tied(rows))}


def _tied(rows: pd.DataFrame) -> dict[str, str]:
    both = pd.concat([rows[["item", f"{side}_key"]].set_axis(["item", "text"], axis=1) for side in SIDES]).drop_duplicates()
    both = both[both["text"].duplicated(keep=False)]
    if both.empty:
        return {}
    items, names = pd.factorize(both["item"])
    texts = pd.factorize(both["text"])[0] + len(names)
    size = int(texts.max()) + 1
    _, group = sparse.csgraph.connected_components(sparse.csr_matrix((np.ones(len(items)), (items, texts)), shape=(size, size)), False)
    own = pd.Series(group[: len(names)], index=names.astype(str))
    first = own.reset_index().groupby(0)["index"].transform("first")
    return {str(name): str(head) for name, head, many in zip(own.index, first, own.duplicated(keep=False), strict=True) if many}


def cautions(series: Series, arm: str, rows: pd.DataFrame) -> tuple[list[str], dict[str, Any]]:
    """Return the flags and details that the mean of an arm must carry; none where the verdict does not rest on it."""
    if not series.apart:
        return [], {}
    flags: list[str] = []
    details: dict[str, Any] = {}
    tied = set(series.tied.get(arm, {})) & set(rows["item"])
    if tied:
        details["duplicate_items"] = len(tied)
        flags += [DUPLICATES] if len(tied) >= DUPLICATE_SHARE * rows["item"].nunique() else []
    frames = _shared_frames(rows)
    if 2 <= frames < MIN_LEVELS:
        flags.append(FEW_FRAMES)
        details["frames"] = frames
        details |= {"prompts": frames} if PROMPT in rows.columns and rows[PROMPT].notna().all() else {}
    missing = series.missing(arm)
    if arm in (FREQUENCY, PLACEBO) and len(missing):
        p_value, (low, high) = _failure_p(series, rows, missing) if arm == FREQUENCY else None, _bounds(series, rows, missing)
        interval = resampling.t_interval(item_means(rows, "gap"))
        flags += [FAILED_BY_DOSE] if p_value is not None and p_value < 0.05 else []
        flags += [FAILED_MATTER] if interval.low is not None and (low < interval.low or high > (interval.high or 0.0)) else []
        details |= {"bound_low": low, "bound_high": high}
    return flags, details


def _shared_frames(rows: pd.DataFrame) -> int:
    """Return in how many frames items were put; 0 where no two items share one."""
    if "frame" not in rows.columns:
        return 0
    items = rows.dropna(subset=["frame"]).groupby("frame")["item"].nunique()
    return len(items) if len(items) and int(items.max()) > 1 else 0


def integrity(series: Series) -> Iterator[Estimate]:
    """Yield what is left of the frequency arm's mean with tied items as one, and whether failures go with frequency."""
    rows = series.arm(FREQUENCY)
    if not series.apart or rows.empty:
        return
    tied = series.tied.get(FREQUENCY, {})
    if tied:
        yield _distinct(series, rows, tied)
    missing = series.missing(FREQUENCY)
    if len(missing):
        p_value, (low, high) = _failure_p(series, rows, missing), _bounds(series, rows, missing)
        yield series.make(
            FREQUENCY,
            FAILED_BY_DOSE,
            rows,
            value=len(missing) / (len(rows) + len(missing)),
            p_value=p_value,
            method="share of the pairs that failed; p that it goes with frequency, length or arm: the largest correlation over items, by "
            "permutation; details: the mean if every missing gap were as large as any measured one, either way",
            details={"bound_low": low, "bound_high": high},
        )


def _distinct(series: Series, rows: pd.DataFrame, tied: Mapping[str, str]) -> Estimate:
    """Return the mean over distinct items: those that share texts are one."""
    means = rows.groupby("item", sort=True)["gap"].mean()
    items = means.groupby([tied.get(str(item), str(item)) for item in means.index]).mean().to_numpy(dtype=float)
    interval = resampling.t_interval(items)
    return series.make(
        FREQUENCY,
        DISTINCT_ITEMS,
        rows,
        n_items=len(items),
        value=float(items.mean()),
        std_error=resampling.std_error(items),
        ci_low=interval.low,
        ci_high=interval.high,
        method="mean over items, those that share a text counted as one; t interval; a sensitivity, no test of its own",
        details={"p_value": resampling.sign_flip_p(items, series.rng(FREQUENCY, DISTINCT_ITEMS), series.resamples)},
    )


def _bounds(series: Series, rows: pd.DataFrame, missing: pd.DataFrame) -> tuple[float, float]:
    """Return what the mean over items could be at least and at most with the missing pairs.

    A pair that is missing is put at the largest absolute gap that was measured, of either sign (at ±1 for right answers): gaps beyond
    those that a model could cope with are not ruled out by any data. Reference: Horowitz & Manski (2000),
    doi:10.1080/01621459.2000.10473902.
    """
    share = series.judgement.is_share(series.key["measure"]) or series.key["measure"] == ACCURACY.name
    limit = 1.0 if share else float(rows["gap"].abs().max())
    sums, have = rows.groupby("item")["gap"].sum(), rows.groupby("item").size()
    lost = missing.groupby("item").size()
    counts = have.add(lost, fill_value=0.0)
    low, high = (float((sums.add(lost * sign * limit, fill_value=0.0) / counts).mean()) for sign in (-1, 1))
    return low, high


def _failure_p(series: Series, rows: pd.DataFrame, missing: pd.DataFrame) -> float | None:
    """Return the p-value of failures of the frequency arm that go with frequency, length or arm; None for too few of them."""
    if len(missing) < MIN_FAILED:
        return None
    both = pd.concat([rows.assign(lost=0.0), missing.assign(lost=1.0)])
    names = [name for name in FAILURE_CAUSES if name in both.columns and both[name].notna().mean() >= KNOWN]
    items = both.dropna(subset=names).groupby("item")[["lost", *names]].mean()
    found = [_largest_correlation_p(items, names, series), _arms_p(both, series)]
    known = [p for p in found if p is not None]
    return min(1.0, len(known) * min(known)) if known else None


def _arms_p(own: pd.DataFrame, series: Series) -> float | None:
    """Return the p-value of an item of the frequency arm losing the same share of its pairs as one of the placebo, by Welch's test."""
    placebo = pd.concat([series.arm(PLACEBO).assign(lost=0.0), series.missing(PLACEBO).assign(lost=1.0)])
    return welch_p(*(rows.groupby("item")["lost"].mean().to_numpy(dtype=float) for rows in (own, placebo)))


def welch_p(*shares: Values) -> float | None:
    """Return the p-value of Welch's test of two groups of shares; None where no share differs from another of its group."""
    if min(map(len, shares)) < 2 or max(float(np.ptp(side)) for side in shares) < ROUNDING:
        return None
    # from the moments: given the shares themselves, scipy warns of a group in which all are equal
    sides = [value for side in shares for value in (side.mean(), side.std(ddof=1), len(side))]
    return float(stats.ttest_ind_from_stats(*sides, equal_var=False).pvalue)


def _largest_correlation_p(items: pd.DataFrame, names: list[str], series: Series) -> float | None:
    """Return the p-value of the largest correlation of an item's share of failures with any cause, over permutations of the shares."""
    causes = items[names].to_numpy(dtype=float)
    causes = causes[:, np.ptp(causes, axis=0) > 0] if len(causes) else causes
    share = items["lost"].to_numpy(dtype=float)
    n = len(share)
    if not causes.shape[1] or np.ptp(share) == 0:
        return None
    causes, share = _standard(causes), _standard(share[:, None])[:, 0]
    observed = float(np.abs(causes.T @ share).max() / n)
    if n >= resampling.MANY_ITEMS:
        return float(min(1.0, causes.shape[1] * 2 * stats.norm.sf(observed * np.sqrt(n))))
    rng = series.rng(FREQUENCY, FAILED_BY_DOSE)
    drawn = rng.permuted(np.broadcast_to(share, (series.resamples, n)), axis=1)
    hits = int(np.sum(np.abs(drawn @ causes).max(axis=1) / n >= observed * (1 - 1e-12)))
    return (hits + 1) / (series.resamples + 1)


def _standard(values: Values) -> Values:
    return np.asarray((values - values.mean(axis=0)) / values.std(axis=0))
