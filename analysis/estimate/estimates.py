"""All estimates of a run, from observations and pairs: means per arm, controls, differences, slopes, families."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from freqbias.analysis.estimate.across_models import across_models, judged_of
from freqbias.analysis.estimate.calibration import calibration_rows
from freqbias.analysis.estimate.capability import Capability, capabilities
from freqbias.analysis.estimate.credit import credit
from freqbias.analysis.estimate.families import adjusted
from freqbias.analysis.estimate.heterogeneity import heterogeneity
from freqbias.analysis.estimate.integrity import integrity, shared_texts
from freqbias.analysis.estimate.means import SESOI_SHARE, SESOI_SHARE_RIGHT, difference, mean
from freqbias.analysis.estimate.placebo import placebo
from freqbias.analysis.estimate.prompts import by_prompt
from freqbias.analysis.estimate.rewording import rewording
from freqbias.analysis.estimate.series import Series, item_means
from freqbias.analysis.estimate.strata import strata
from freqbias.analysis.estimate.within_frequency import within_frequency
from freqbias.analysis.stats import resampling
from freqbias.analysis.stats.resampling import RESAMPLES
from freqbias.analysis.table import belonging, contrasts
from freqbias.analysis.table.frame import Split
from freqbias.analysis.table.judged import settled, settled_in
from freqbias.analysis.table.widening import Widening, narrow
from freqbias.judgement import DEFAULT_CELLS, Judgement, Judgements
from freqbias.progress import Track, silent
from freqbias.records import Estimate, Pair
from freqbias.terms import ALL_FAILED, CROSSED, DIFFERENCE, FREQUENCY, GLOSS_RARE, LENGTH, PARAPHRASE, PLACEBO

#: Raw log-probabilities favour frequent words in any sound model, and distilled frequencies hold the corpus's own: neither is tested.
RAW = "raw"
DESCRIBED = (RAW, "distilled")
_SERIES = ["model", "probe", "measure", "contrast"]


def sesoi(gaps: pd.DataFrame, judgements: Judgements) -> dict[tuple[str, str, str], float]:
    """Return the smallest effect of interest by (model, probe, measure), in the unit of the measure.

    What the probe declares of the measure that it is judged by; else two points for shares of right answers, and a tenth of the frequent
    form's mean exact - decoy margin over items of the frequency arm, in the probe's confirmatory contrast: that form's alone, since the
    rare one's has the effect in it, and a bound that shrinks with the effect would call none small. Absent where there are no decoys or
    where the margin is not told from zero: a tenth of what may be nothing is no size to hold an effect against.
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
        own = rows[(rows["contrast"] == judgement.contrast) & (rows["arm"] == FREQUENCY)]
        margin = item_means(own.dropna(subset=["margin_high"]), "margin_high")
        if resampling.above_zero(margin):
            found[model, probe, measure] = SESOI_SHARE * float(margin.mean())
    return found


def estimate(
    observations: pd.DataFrame | Split,
    pairs: Iterable[Pair],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    given: Iterable[Estimate] = (),
    curve: bool = True,
    source: str = "observations",
    judgements: Judgements | None = None,
    items: Collection[str] | None = None,
    claims_only: bool = False,
    track: Track = silent,
) -> list[Estimate]:
    """Return every estimate of a run, controls first; the same input and seed give the same numbers.

    `observations` is what `freqbias.analysis.frame` returns, or a `Split` of many, which takes less memory; one model and probe is
    estimated at a time. `resamples` counts sign flips, permutations and bootstrap draws. `given` are what probes estimated on whole
    models (hubness); those with a p-value join the exploratory family. Without `curve` the specification curve is left out, which takes
    half the time of a small run. Only `items` are estimated where they are named, and with `claims_only` only what the verdicts rest on.
    Raises `InputError`, as `source:line: reason`, for observations that do not belong to `pairs` (see `belonging.check`).
    """
    pair_rows = contrasts.pair_table(pairs)
    own = [dict(zip(pair_rows.index, pair_rows[name], strict=True)) for name in ("pair_arm", "pair_item")]
    known = settled_in(observations, judgements) if isinstance(observations, pd.DataFrame) else settled(observations.series, judgements)
    for rows in _tables(observations):
        belonging.check(rows, own[0], own[1], source, known)
    if items is not None:
        pair_rows = pair_rows[pair_rows["pair_item"].isin(items)]
    analysis = _Analysis(pair_rows, known, claims_only, {"seed": seed, "resamples": resamples, "curve": curve})
    estimates = list(given)
    for rows in _tables(observations):
        kept = rows if items is None else rows[rows["item"].isin(items)]
        if len(kept):
            estimates.extend(analysis.of(kept, track))
    estimates.extend(_all_failed(pd.concat(analysis.errors), estimates, known) if analysis.errors else ())
    ordered = sorted(adjusted(estimates, known), key=lambda row: _order(row, known[row.probe]))
    made = [*ordered, *analysis.across_models(seed)]
    return [row for row in made if not claims_only or known[row.probe].judges(row.contrast, row.measure)]


def _tables(observations: pd.DataFrame | Split) -> Iterator[pd.DataFrame]:
    """Yield the observations of each model and probe."""
    yield from (
        (rows for _, rows in _groups(observations, _SERIES[:2])) if isinstance(observations, pd.DataFrame) else observations.tables()
    )


class _Analysis:
    """Estimates one model and probe after another, and keeps of each what all of them need at the end."""

    def __init__(self, pairs: pd.DataFrame, known: Judgements, claims_only: bool, options: dict[str, Any]):
        self._pairs, self._known, self._claims_only, self._options = pairs, known, claims_only, options
        self._described = pairs.rename(columns={"pair_arm": "arm", "pair_item": "item"})
        self._tied = shared_texts(self._described)
        self._judged: list[pd.DataFrame] = []
        self._failed: dict[tuple[str, ...], set[str]] = {}
        self.errors: list[pd.DataFrame] = []

    def of(self, observations: pd.DataFrame, track: Track) -> Iterator[Estimate]:
        """Yield the estimates from the observations of one model and probe."""
        known, key = self._known, tuple(observations.iloc[0][_SERIES[:2]])
        failed = contrasts.failures(observations)
        self._failed |= failed
        self.errors.append(observations[observations["error"].notna()])
        gaps = contrasts.pair_gaps(observations, known)
        table = contrasts.with_own_margin(contrasts.join(gaps, narrow(self._pairs), observations), known)
        widened = Widening(self._pairs, list(gaps.columns))
        of_placebo = table[(table["contrast"] == PARAPHRASE) & (table["arm"] == PLACEBO)]
        reworded = {measure: widened(rows) for measure, rows in _groups(of_placebo, "measure")}
        if self._claims_only:
            table = table[
                [known[probe].judges(*of) for probe, *of in zip(table["probe"], table["contrast"], table["measure"], strict=True)]
            ]
        self._judged.append(judged_of(table, known))
        bounds = sesoi(gaps, known)
        no_gloss, one_register = contrasts.asked_no_gloss(observations, known), contrasts.one_register(observations, known)
        capable = capabilities(observations, known)
        series = table.groupby(_SERIES)
        for of, rows in track(_groups(table, _SERIES), "{}, {}: estimate".format(*key), series.ngroups, unit="series"):
            missing = _failed_by_arm(failed, of)
            one = Series(
                key=dict(zip(_SERIES, of, strict=True)),
                rows=widened(rows),
                failed={arm: len(ids) for arm, ids in missing.items()},
                missing_rows={arm: lost for arm, ids in missing.items() if len(lost := self._described[self._described.index.isin(ids)])},
                tied=self._tied,
                sesoi=bounds.get(of[:3]),
                judgement=known[of[1]],
                no_gloss=key in no_gloss,
                one_register=key in one_register,
                capability=capable.get(key, Capability()),
                reworded=reworded.get(of[2]),
                **self._options,
            )
            made = list(_series_estimates(one))
            yield from (*made, *credit(one, made))

    def across_models(self, seed: int) -> Iterator[Estimate]:
        """Yield what compares the models so far."""
        if self._judged:
            yield from across_models(pd.concat(self._judged, ignore_index=True), self._failed, seed, self._known)


def _groups(table: pd.DataFrame, by: str | list[str]) -> Iterator[tuple[Any, pd.DataFrame]]:
    """Group a table; pandas types its keys as hashables, which here are tuples of texts."""
    yield from table.groupby(by)


def _failed_by_arm(failed: Mapping[tuple[str, ...], set[str]], key: tuple[str, ...]) -> dict[str, set[str]]:
    """Return by arm the pairs that are missing from a contrast, because one of the contrasts that it is made of failed on them."""
    sources = {
        "gloss_specific": ("gloss", "background"),
        "register_match": ("gloss",),
        "frequency_match": ("gloss", GLOSS_RARE),
        "calibration": (RAW,),
    }
    sources |= dict.fromkeys(("match", "match_asymmetry"), (CROSSED,))
    sources["query_form"] = (CROSSED, "query_form")
    missing: dict[str, set[str]] = {}
    for (*own, arm), pairs in failed.items():
        if own[:3] == [*key[:3]] and own[3] in sources.get(key[3], (key[3],)):
            missing.setdefault(arm, set()).update(pairs)
    return missing


def _all_failed(errors: pd.DataFrame, made: list[Estimate], judgements: Judgements) -> Iterator[Estimate]:
    """Yield a row without a value for every contrast of which not one pair could be measured."""
    have = {(row.model, row.probe, row.measure, row.contrast, row.arm) for row in made}
    for (model, probe, measure, contrast, arm), rows in _groups(errors, [*_SERIES, "arm"]):
        if contrast == CROSSED and judgements[probe].cells != DEFAULT_CELLS:
            continue  # the probe's other rows say so
        name = "match" if contrast == CROSSED else contrast
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
                flags=[ALL_FAILED],
                details={"reason": "every pair failed"},
            )


def _series_estimates(series: Series) -> Iterator[Estimate]:
    if series.key["contrast"] in DESCRIBED:
        yield from _descriptive(series)
        return
    for arm in (PLACEBO, LENGTH, FREQUENCY):
        rows = series.arm(arm)
        if len(rows):
            yield mean(series, arm, "mean", rows)
    yield from placebo(series)
    yield from rewording(series)
    yield from difference(series, DIFFERENCE, "mean", (series.arm(FREQUENCY), series.arm(PLACEBO)))
    yield from within_frequency(series)
    yield from strata(series)
    yield from heterogeneity(series)
    yield from by_prompt(series)
    yield from integrity(series)


def _descriptive(series: Series) -> Iterator[Estimate]:
    """Yield the gaps without a test; of raw ones also the calibration slope against 1, from the frequency arm, and with length level."""
    for arm in (PLACEBO, LENGTH, FREQUENCY):
        rows = series.arm(arm)
        if len(rows):
            tested = mean(series, arm, "mean", rows, "mean of item means, t interval; descriptive, zero is no null here")
            yield tested.replace(p_value=None, effect_size=None, bound=None)
    if series.key["contrast"] != RAW:
        return
    own = replace(series, key=series.key | {"contrast": "calibration"})
    for row in calibration_rows(series.arm(FREQUENCY)):
        yield own.of(row)


def _order(row: Estimate, own: Judgement) -> tuple[Any, ...]:
    arms = (PLACEBO, DIFFERENCE, LENGTH, FREQUENCY)
    series = (row.model, row.probe, row.measure != own.measure, row.measure, row.contrast != own.contrast, row.contrast)
    return (*series, arms.index(row.arm) if row.arm in arms else len(arms), row.term != "mean", row.term)
