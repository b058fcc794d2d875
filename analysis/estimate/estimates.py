"""All estimates of a run, from observations and pairs: means per arm, controls, differences, slopes, families."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from freqbias.analysis.estimate.across_models import across_models
from freqbias.analysis.estimate.calibration import calibration_rows
from freqbias.analysis.estimate.families import adjusted
from freqbias.analysis.estimate.logistic import discordant, is_binary, logit_rows
from freqbias.analysis.estimate.rivals import Row, rival_rows
from freqbias.analysis.estimate.series import Series, item_means, level_of
from freqbias.analysis.estimate.specification import specification_effects
from freqbias.analysis.stats import resampling
from freqbias.analysis.stats.arm_difference import difference_of_arms
from freqbias.analysis.stats.mixed import THESE_FRAMES
from freqbias.analysis.stats.resampling import RESAMPLES, Interval
from freqbias.analysis.table import belonging, contrasts
from freqbias.analysis.table.judged import settled_in
from freqbias.judgement import DEFAULT_CELLS, Judgement, Judgements
from freqbias.progress import Track, silent
from freqbias.records import Estimate, Pair
from freqbias.terms import MARGIN_NOT_TOLD, NO_GLOSS, ONE_REGISTER, REVERSED

SESOI_SHARE = 0.10  # of the exact - decoy margin; smaller effects reorder next to nothing
SESOI_SHARE_RIGHT = 0.02  # two points
TOST_LEVEL = 0.90  # the interval that two one-sided tests at 5 % correspond to
#: Raw log-probabilities favour frequent words in any sound model, so they are described and not tested.
DESCRIPTIVE = ("raw",)
LEVEL_OVERLAP = 1e-9  # of a share of words that is stored with nine digits
MEAN_METHOD = f"mean of item means; sign-flip p; t interval; BCa beside it; dz with Hedges' factor; {THESE_FRAMES}"
_SERIES = ["model", "probe", "measure", "contrast"]


def sesoi(gaps: pd.DataFrame, judgements: Judgements) -> dict[tuple[str, str, str], float]:
    """Return the smallest effect of interest by (model, probe, measure), in the unit of the measure.

    What the probe declares of the measure that it is judged by; else two points for shares of right answers, and a tenth of the mean
    exact - decoy margin over items of the frequency arm, in the probe's confirmatory contrast. Absent where there are no decoys or where
    the margin is not told from zero: a tenth of what may be nothing is no size to hold an effect against.
    """
    found: dict[tuple[str, str, str], float] = {}
    for (model, probe, measure), rows in _groups(gaps, ["model", "probe", "measure"]):
        judgement = judgements[probe]
        if judgement.sesoi is not None and judgement.judges(judgement.contrast, measure):
            found[model, probe, measure] = judgement.sesoi
            continue
        if judgement.is_share(measure):
            found[model, probe, measure] = SESOI_SHARE_RIGHT
            continue
        own = rows[(rows["contrast"] == judgement.contrast) & (rows["arm"] == "frequency")]
        margin = item_means(own.dropna(subset=["margin"]), "margin")
        if resampling.above_zero(margin):
            found[model, probe, measure] = SESOI_SHARE * float(margin.mean())
    return found


def estimate(
    observations: pd.DataFrame,
    pairs: Iterable[Pair],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    given: Iterable[Estimate] = (),
    curve: bool = True,
    source: str = "observations",
    judgements: Judgements | None = None,
    track: Track = silent,
) -> list[Estimate]:
    """Return every estimate of a run, controls first; the same input and seed give the same numbers.

    `observations` is what `freqbias.analysis.frame` returns; `resamples` counts sign flips, permutations and bootstrap draws. `given`
    are what probes estimated on whole models (hubness); those with a p-value join the exploratory family. Without `curve` the
    specification curve is left out, which takes half the time of a small run.
    Raises `InputError`, as `source:line: reason`, for observations that do not belong to `pairs` (see `belonging.check`).
    """
    pair_rows = contrasts.pair_table(pairs)
    own = [dict(zip(pair_rows.index, pair_rows[name], strict=True)) for name in ("pair_arm", "pair_item")]
    known = settled_in(observations, judgements)
    belonging.check(observations, own[0], own[1], source, known)
    gaps = contrasts.pair_gaps(observations, known)
    table = contrasts.with_own_margin(contrasts.join(gaps, pair_rows, observations), known)
    bounds = sesoi(gaps, known)
    failed = contrasts.failures(observations)
    no_gloss, one_register = contrasts.asked_no_gloss(observations, known), contrasts.one_register(observations, known)
    groups = list(_groups(table, _SERIES))
    estimates = list(given)
    for key, rows in track(groups, "estimate", len(groups)):
        series = Series(
            key=dict(zip(_SERIES, key, strict=True)),
            rows=rows,
            failed=_failed_by_arm(failed, key),
            sesoi=bounds.get(key[:3]),
            seed=seed,
            resamples=resamples,
            curve=curve,
            judgement=known[key[1]],
            no_gloss=key[:2] in no_gloss,
            one_register=key[:2] in one_register,
        )
        estimates.extend(_series_estimates(series))
    estimates.extend(_all_failed(observations, estimates, known))
    ordered = sorted(adjusted(estimates, known), key=lambda row: _order(row, known[row.probe]))
    return [*ordered, *across_models(table, failed, seed, known)]


def _groups(table: pd.DataFrame, by: list[str]) -> Iterator[tuple[Any, pd.DataFrame]]:
    """Group a table; pandas types its keys as hashables, which here are tuples of texts."""
    yield from table.groupby(by)


def _failed_by_arm(failed: Mapping[tuple[str, ...], set[str]], key: tuple[str, ...]) -> dict[str, int]:
    """Return by arm how many pairs are missing from a contrast, because one of the contrasts that it is made of failed on them."""
    sources = {"gloss_specific": ("gloss", "background"), "register_match": ("gloss",), "calibration": ("raw",)}
    sources |= dict.fromkeys(("match", "match_asymmetry", "query_form"), ("crossed",))
    missing: dict[str, set[str]] = {}
    for (*own, arm), pairs in failed.items():
        if own[:3] == [*key[:3]] and own[3] in sources.get(key[3], (key[3],)):
            missing.setdefault(arm, set()).update(pairs)
    return {arm: len(pairs) for arm, pairs in missing.items()}


def _all_failed(observations: pd.DataFrame, made: list[Estimate], judgements: Judgements) -> Iterator[Estimate]:
    """Yield a row without a value for every contrast of which not one pair could be measured."""
    have = {(row.model, row.probe, row.measure, row.contrast, row.arm) for row in made}
    errors = observations[observations["error"].notna()]
    for (model, probe, measure, contrast, arm), rows in _groups(errors, [*_SERIES, "arm"]):
        if contrast == "crossed" and judgements[probe].cells != DEFAULT_CELLS:
            continue  # the probe's other rows say so
        name = "match" if contrast == "crossed" else contrast
        if (model, probe, measure, name, arm) not in have:
            yield Estimate(
                model=model,
                probe=probe,
                measure=measure,
                contrast=name,
                arm=arm,
                value=None,
                n_failed=rows["pair_id"].nunique(),
                method="none",
                flags=["all_failed"],
                details={"reason": "every pair failed"},
            )


def _series_estimates(series: Series) -> Iterator[Estimate]:
    if series.key["contrast"] in DESCRIPTIVE:
        yield from _descriptive(series)
        return
    for arm in ("placebo", "length", "frequency"):
        rows = series.arm(arm)
        if len(rows):
            yield _mean(series, arm, "mean", rows)
    yield from _placebo(series)
    yield from _difference(series)
    yield from _within_frequency(series)


def _mean(series: Series, arm: str, term: str, rows: pd.DataFrame, method: str = MEAN_METHOD) -> Estimate:
    items = item_means(rows, "gap")
    rng = series.rng(arm, term)
    interval = resampling.t_interval(items)
    bca = resampling.bca_interval(items, rng, resamples=series.resamples)
    judged = term == "mean" and series.key["contrast"] == series.judgement.contrast
    holds = {
        "one_item": len(items) == 1,
        "constant": bool(np.ptp(items) == 0),
        NO_GLOSS: series.no_gloss and term == "mean",
        ONE_REGISTER: series.one_register and judged,
        REVERSED: judged and arm == "frequency" and float(rows.groupby("item")["zipf_gap"].mean().mean()) <= 0,
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
        p_value=resampling.sign_flip_p(items, rng, series.resamples),
        effect_size=resampling.dz(items),
        high_mean=level_of(rows, "high"),
        low_mean=level_of(rows, "low"),
        share_positive=float(np.mean(items > 0)),
        share_negative=float(np.mean(items < 0)),
        bound=series.sesoi,
        method=method,
        flags=[name for name, held in holds.items() if held],
    )


def _placebo(series: Series) -> Iterator[Estimate]:
    """Yield the equivalence test of the placebo, over all and per orienting rival."""
    rows = series.arm("placebo")
    if rows.empty or series.sesoi is None:
        return
    yield _equivalence(series, "placebo", "equivalence", rows)
    for rival, own in rows.dropna(subset=["oriented_by"]).groupby("oriented_by") if series.apart else ():
        yield _equivalence(series, "placebo", f"equivalence:{rival}", own)


def _equivalence(series: Series, arm: str, term: str, rows: pd.DataFrame) -> Estimate:
    items = item_means(rows, "gap")
    interval = resampling.t_interval(items, TOST_LEVEL)
    bound = series.sesoi or 0.0
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
        flags=["equivalent" if p_value is not None and p_value < 1 - (1 + TOST_LEVEL) / 2 else "not_equivalent"],
    )


def _difference(series: Series) -> Iterator[Estimate]:
    sides = [series.arm(arm) for arm in ("frequency", "placebo")]
    if any(side.empty for side in sides):
        return
    means = [side.groupby("item", sort=True)["gap"].mean() for side in sides]
    result, items, method = difference_of_arms(means[0], means[1], series.rng("frequency-placebo", "mean"), series.resamples)
    yield series.make(
        "frequency-placebo",
        "mean",
        pd.concat([side[side["item"].isin(own)] for side, own in zip(sides, items, strict=True)]),
        value=result.value,
        std_error=result.std_error,
        ci_low=result.low,
        ci_high=result.high,
        p_value=result.p_value,
        bound=series.sesoi,
        method=method,
    )


def _within_frequency(series: Series) -> Iterator[Estimate]:
    rows = series.arm("frequency")
    if rows.empty:
        return
    if series.sesoi is not None:
        yield _equivalence(series, "frequency", "equivalence", rows)
    yield from _relative(series, rows)
    if series.key["contrast"] in series.judgement.other_words:
        return
    if "subwords_gap" in rows.columns:
        equal = rows[rows["subwords_gap"] == 0]
        if len(equal):
            method = f"{MEAN_METHOD}; only pairs whose forms split into equally many subwords"
            yield _mean(series, "frequency", "equal_subwords", equal, method)
    if "own_overlap_gap" in rows.columns and rows["own_overlap_gap"].notna().any():
        yield from _equal_overlap(series, rows)
    binary = series.key["measure"] == "accuracy" and is_binary(rows)
    if binary:
        yield _discordant(series, rows)
    if not series.apart:
        return
    known = rows[rows["zipf_gap"].notna()]  # a pair of unknown words has no dose, and would take the others' slopes with it
    made = [*rival_rows(known), *(logit_rows(known) if binary else ())] if len(known) else []
    yield from map(series.of, made)
    yield from (estimate for row in made if row.term == "adjusted" for estimate in _adjusted_difference(series, row))
    if series.curve and series.judgement.judges(series.key["contrast"], series.key["measure"]):
        yield from _specifications(series, rows)


def _adjusted_difference(series: Series, adjusted: Row) -> Iterator[Estimate]:
    """Yield by how much the adjusted mean exceeds the placebo's: what a frame does to either form is in both.

    Interval by MOVER: difference ± root of the sum of both half-widths squared, each with its own degrees of freedom; wider than need
    be where the arms share items. Reference: Zou & Donner (2008), doi:10.1002/sim.3095.
    """
    rows = series.arm("placebo")
    items = item_means(rows, "gap") if len(rows) else np.empty(0)
    if len(items) < 2 or adjusted.value is None or adjusted.low is None:
        return
    half = math.hypot(adjusted.value - adjusted.low, items.mean() - (resampling.t_interval(items).low or 0.0))
    value = adjusted.value - float(items.mean())
    yield series.make(
        "frequency-placebo",
        "adjusted",
        rows,
        n_pairs=len(rows) + adjusted.n_pairs,
        n_items=len(items) + adjusted.n_items,
        value=value,
        ci_low=value - half,
        ci_high=value + half,
        method="adjusted mean of the frequency arm - mean of the placebo, MOVER interval; no test of its own",
    )


def _equal_overlap(series: Series, rows: pd.DataFrame) -> Iterator[Estimate]:
    """Yield the gap where the user's own queries share as many words with either form, so that no word matching is in it.

    `overlap_difference` is by how much the gap of the other pairs exceeds it; it is no test of its own.
    """
    asked = rows[rows["own_overlap_gap"].notna()]  # the other pairs were asked glosses, which share nothing with either form
    level = asked["own_overlap_gap"].abs() < LEVEL_OVERLAP
    equal, other = asked[level], asked[~level]
    method = "only pairs whose queries share equally many words with both forms"
    if equal.empty:
        reason = {"reason": "in every pair the queries share more words with one form"}
        yield series.make("frequency", "equal_overlap", equal, value=None, method="none", flags=["empty"], details=reason)
        return
    yield _mean(series, "frequency", "equal_overlap", equal, f"{MEAN_METHOD}; {method}")
    if len(other):
        means = [side.groupby("item", sort=True)["gap"].mean() for side in (other, equal)]
        result, _, method = difference_of_arms(means[0], means[1], series.rng("frequency", "overlap_difference"), series.resamples)
        yield series.make(
            "frequency",
            "overlap_difference",
            asked,
            value=result.value,
            std_error=result.std_error,
            ci_low=result.low,
            ci_high=result.high,
            method=f"pairs whose queries share more words with one form, minus the others; {method}",
        )


def _specifications(series: Series, rows: pd.DataFrame) -> Iterator[Estimate]:
    """Yield the specification curve; without p-values, so that one question does not fill the exploratory family."""
    for effect in specification_effects(rows):
        yield series.make(
            "frequency",
            f"spec:{effect.specification.number}",
            rows,
            n_pairs=effect.n_pairs,
            n_items=effect.n_items,
            value=effect.value,
            std_error=effect.std_error,
            ci_low=effect.low,
            ci_high=effect.high,
            method=effect.method,
            details=effect.specification.choices,
        )


def _discordant(series: Series, rows: pd.DataFrame) -> Estimate:
    """Return both discordant counts of a binary outcome; a McNemar p only where every item has one pair (others depend)."""
    counts = discordant(rows)
    single = rows["item"].nunique() == len(rows)
    test = "exact McNemar" if single else "no McNemar test: items have several pairs, see the sign-flip p of the mean"
    return series.make(
        "frequency",
        "discordant",
        rows,
        value=float(rows["gap"].mean()),
        p_value=resampling.mcnemar_p(*counts.values()) if single else None,
        method=test,
        details=counts,
    )


def _relative(series: Series, rows: pd.DataFrame) -> Iterator[Estimate]:
    """Yield the gap in units of the model's margin; nothing where there is none, or where exact does not stand above decoy."""
    complete = rows.dropna(subset=["gap", "margin"])
    gap, margin = item_means(complete, "gap"), item_means(complete, "margin")
    if not len(margin) or margin.mean() <= 0:
        return
    told = resampling.above_zero(margin)
    rng = series.rng("frequency", "relative")
    interval = resampling.ratio_interval(gap, margin, rng, resamples=series.resamples) if told else Interval()
    yield series.make(
        "frequency",
        "relative",
        complete,
        value=float(gap.mean() / margin.mean()),
        ci_low=interval.low,
        ci_high=interval.high,
        bound=SESOI_SHARE,
        method=f"mean gap / mean (exact - decoy) margin of the confirmatory contrast; ratio bootstrapped over items, BCa; {THESE_FRAMES}",
        flags=[] if told else [MARGIN_NOT_TOLD],
    )


def _descriptive(series: Series) -> Iterator[Estimate]:
    """Yield the raw gaps without a test and, from the frequency arm, the calibration slope against 1, also with length held level."""
    for arm in ("placebo", "length", "frequency"):
        rows = series.arm(arm)
        if len(rows):
            tested = _mean(series, arm, "mean", rows, "mean of item means, t interval; descriptive, zero is no null here")
            yield tested.replace(p_value=None, effect_size=None, bound=None)
    own = replace(series, key=series.key | {"contrast": "calibration"})
    for row in calibration_rows(series.arm("frequency")):
        yield own.of(row)


def _order(row: Estimate, own: Judgement) -> tuple[Any, ...]:
    arms = ("placebo", "frequency-placebo", "length", "frequency")
    series = (row.model, row.probe, row.measure != own.measure, row.measure, row.contrast != own.contrast, row.contrast)
    return (*series, arms.index(row.arm) if row.arm in arms else len(arms), row.term != "mean", row.term)
