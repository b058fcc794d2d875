"""What the frequency arm is asked beyond its mean: share of the margin, equal subwords, equal overlap, rivals, specification curve."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from freqbias.analysis.estimate.logistic import discordant, is_binary, logit_rows
from freqbias.analysis.estimate.means import MEAN_METHOD, SESOI_SHARE, equivalence, mean
from freqbias.analysis.estimate.rivals import rival_rows
from freqbias.analysis.estimate.series import Series, item_means
from freqbias.analysis.estimate.specification import specification_curve
from freqbias.analysis.stats import resampling
from freqbias.analysis.stats.arm_difference import difference_of_arms
from freqbias.analysis.stats.joint_curve import DRAWS, joint_test
from freqbias.analysis.stats.mixed import BEYOND, THESE_FRAMES
from freqbias.analysis.stats.resampling import Interval
from freqbias.records import Estimate
from freqbias.terms import ACCURACY, DIFFERENCE, EMPTY, FREQUENCY, MARGIN_NOT_TOLD, PLACEBO

LEVEL_OVERLAP = 1e-9  # of a share of words that is stored with nine digits


def within_frequency(series: Series) -> Iterator[Estimate]:
    """Yield the estimates of one series' frequency arm that are no mean of the whole arm; nothing where the arm is empty."""
    rows = series.arm(FREQUENCY)
    if rows.empty:
        return
    if series.sesoi is not None:
        yield equivalence(series, FREQUENCY, "equivalence", rows)
    yield from _relative(series, rows)
    if series.key["contrast"] in series.judgement.other_words:
        return
    if "subwords_gap" in rows.columns:
        equal = rows[rows["subwords_gap"] == 0]
        if len(equal):
            method = f"{MEAN_METHOD}; only pairs whose forms split into equally many subwords"
            yield mean(series, FREQUENCY, "equal_subwords", equal, method)
    if "own_overlap_gap" in rows.columns and rows["own_overlap_gap"].notna().any():
        yield from _equal_overlap(series, rows)
    binary = series.key["measure"] == ACCURACY.name and is_binary(rows)
    if binary:
        yield _discordant(series, rows)
    if not series.apart:
        return
    known = rows[rows["zipf_gap"].notna()]  # a pair of unknown words has no dose, and would take the others' slopes with it
    made = [*rival_rows(known, series.arm(PLACEBO)), *(logit_rows(known) if binary else ())] if len(known) else []
    yield from (series.of(row) for row in made if row.term != BEYOND)
    yield from (series.of(replace(row, term="adjusted"), DIFFERENCE) for row in made if row.term == BEYOND)
    if series.curve and series.judgement.judges(series.key["contrast"], series.key["measure"]):
        yield from _specifications(series, rows)


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
        yield series.make(FREQUENCY, "equal_overlap", equal, value=None, method="none", flags=[EMPTY], details=reason)
        return
    yield mean(series, FREQUENCY, "equal_overlap", equal, f"{MEAN_METHOD}; {method}")
    if len(other):
        means = [side.groupby("item", sort=True)["gap"].mean() for side in (other, equal)]
        result, _, method = difference_of_arms(means[0], means[1], series.rng(FREQUENCY, "overlap_difference"), series.resamples)
        yield series.make(
            FREQUENCY,
            "overlap_difference",
            asked,
            value=result.value,
            std_error=result.std_error,
            ci_low=result.low,
            ci_high=result.high,
            method=f"pairs whose queries share more words with one form, minus the others; {method}",
        )


def _specifications(series: Series, rows: pd.DataFrame) -> Iterator[Estimate]:
    """Yield the specification curve of means and that of slopes, without p-values, and the joint test of either (in no family)."""
    curve = specification_curve(rows)
    for effects, samples, term, joint, coefficient in (
        (curve.means, curve.mean_samples, "spec", "spec_joint", 0),
        (curve.slopes, curve.slope_samples, "spec_slope", "spec_slope_joint", 1),
    ):
        for effect in effects:
            yield series.make(
                FREQUENCY,
                f"{term}:{effect.specification.number}",
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
        if samples:
            test = joint_test(samples, coefficient, series.rng(FREQUENCY, joint), min(DRAWS, series.resamples))
            yield series.make(
                FREQUENCY,
                joint,
                rows,
                value=test.median,
                p_value=test.p_mean_t,
                method=f"median over {len(samples)} specifications of item means; p of their mean t, signs of the null's residuals "
                "flipped by item (Simonsohn, Simmons & Nelson 2020)",
                details={"p_median": test.p_median, "p_share": test.p_share},
            )


def _discordant(series: Series, rows: pd.DataFrame) -> Estimate:
    """Return both discordant counts of a binary outcome; a McNemar p only where every item has one pair (others depend)."""
    counts = discordant(rows)
    single = rows["item"].nunique() == len(rows)
    test = "exact McNemar" if single else "no McNemar test: items have several pairs, see the sign-flip p of the mean"
    return series.make(
        FREQUENCY,
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
    rng = series.rng(FREQUENCY, "relative")
    interval = resampling.ratio_interval(gap, margin, rng, resamples=series.resamples) if told else Interval()
    yield series.make(
        FREQUENCY,
        "relative",
        complete,
        value=float(gap.mean() / margin.mean()),
        ci_low=interval.low,
        ci_high=interval.high,
        bound=SESOI_SHARE,
        method=f"mean gap / mean (exact - decoy) margin of the confirmatory contrast; ratio bootstrapped over items, BCa; {THESE_FRAMES}",
        flags=[] if told else [MARGIN_NOT_TOLD],
    )
