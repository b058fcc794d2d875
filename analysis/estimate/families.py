"""Families of tests: one confirmatory estimate and one claim per model and probe, everything else exploratory, controls in neither.

A claim that an effect goes with frequency (`credit`) has a family of its own, over all of a run. The tests that it needs are in its
p-value, so slopes within the frequency arm and robust ones are in no family beside it, nor is what checks a slope (intercept, fit).

Frequency minus placebo, in what a verdict rests on, is a control: an effect is credited only where both it and the confirmatory estimate
are told from zero, and a test of both at 5 % each is one at 5 % (intersection-union; Berger 1982, Technometrics 24, 295-300).

Two probes may bring one number under two names (`Judgement.repeats`). It is one test, not two that agree: counted twice it
would raise the threshold of its whole family (p = .03, .03, .5 adjust to .045, p = .03, .5 to .06). It counts once, under the probe
that it comes from, and the other row gets the same adjusted p-value.

Models with a remedy have families of their own, one a remedy, so that trying one changes nothing that is said of the models as they are.
"""

import math
from collections.abc import Sequence

import numpy as np

from freqbias.analysis.stats.resampling import benjamini_hochberg
from freqbias.judgement import Judgements
from freqbias.records import Estimate
from freqbias.remedied import remedied
from freqbias.terms import CREDIT, DIFFERENCE, FAILED_BY_DOSE, FREQUENCY, LENGTH, PLACEBO, SPLIT_EFFECT, SPLIT_SLOPE

CONFIRMATORY_FAMILY = "confirmatory"
EXPLORATORY_FAMILY = "exploratory"
CLAIMS_FAMILY = "claims"
#: Terms that are part of a claim, check a slope or take one apart, and answer no question of their own.
OF_A_CLAIM = (
    *("zipf_slope_robust", "within_slope", "within_slope_robust", "intercept", "lack_of_fit", "zipf_high_slope", "zipf_low_slope"),
    *(SPLIT_SLOPE, SPLIT_EFFECT),
)
OF_A_CURVE = ("spec_joint", "spec_slope_joint")


def is_confirmatory(row: Estimate, judgements: Judgements) -> bool:
    """Tell whether an estimate is the one that its model x probe is judged by."""
    own = judgements[row.probe]
    return row.arm == FREQUENCY and row.term == "mean" and own.judges(row.contrast, row.measure)


def settled(estimates: Sequence[Estimate], judgements: Judgements | None = None) -> Judgements:
    """Return judgements with one confirmatory measure a model and probe: the one that the file's families say, else the first."""
    ordered = sorted(estimates, key=lambda row: row.family != CONFIRMATORY_FAMILY)
    known = Judgements() if judgements is None else judgements
    return known.settled((row.model, row.probe, row.contrast, row.measure) for row in ordered)


def adjusted(estimates: list[Estimate], judgements: Judgements) -> list[Estimate]:
    """Return the estimates with families and Benjamini-Hochberg p-values; controls and equivalence tests stay unadjusted."""
    named = [row.replace(family=_family(row, judgements)) for row in estimates]
    same = repeated(named, judgements)
    with_remedy = remedied(row.model for row in named)
    places: dict[tuple[str, str | None], list[int]] = {}
    for i, row in enumerate(named):
        if row.family is not None and i not in same:
            places.setdefault((row.family, with_remedy.get(row.model, (None, None))[1]), []).append(i)
    for members in places.values():
        values = benjamini_hochberg(np.array([named[i].p_value for i in members], dtype=float))
        for i, value in zip(members, values, strict=True):
            named[i] = named[i].replace(p_adjusted=float(value))
    for i, k in same.items():
        # random sign flips leave a little between the two p-values of one number
        named[i] = named[i].replace(p_adjusted=max(named[i].p_value or 0.0, named[k].p_adjusted or 0.0))
    return named


def repeated(estimates: Sequence[Estimate], judgements: Judgements) -> dict[int, int]:
    """Return the place of every tested estimate that is another one under another name, mapped to the place of that one."""
    tested = {row.key: i for i, row in enumerate(estimates) if row.family is not None}
    found = {}
    for i, row in enumerate(estimates):
        repeats = judgements[row.probe].repeats
        if row.family is None or repeats is None or row.contrast != judgements[row.probe].contrast:
            continue
        twin = tested.get((row.model, repeats[0], row.measure, repeats[1], row.arm, row.term))
        if twin is not None and _same_number(row, estimates[twin]):
            found[i] = twin
    return found


def _same_number(first: Estimate, second: Estimate) -> bool:
    """Tell whether two estimates are one but for rounding; they are not where a probe left out pairs that the other could measure."""
    if (first.n_pairs, first.n_items, first.family) != (second.n_pairs, second.n_items, second.family):
        return False
    sides = ((first.value, second.value), (first.std_error, second.std_error))
    return all(math.isclose(a or 0.0, b or 0.0, rel_tol=1e-6, abs_tol=1e-12) for a, b in sides)


def _family(row: Estimate, judgements: Judgements) -> str | None:
    if row.p_value is None or row.arm in (PLACEBO, LENGTH) or row.term.startswith("equivalence") or row.term == FAILED_BY_DOSE:
        return None
    if row.arm == DIFFERENCE and judgements[row.probe].judges(row.contrast, row.measure):
        return None  # a claim needs this test beside the confirmatory one; where both must hold, neither is adjusted for the other
    if row.term in (*OF_A_CLAIM, *OF_A_CURVE):
        return None
    if row.term == CREDIT:
        return CLAIMS_FAMILY
    return CONFIRMATORY_FAMILY if is_confirmatory(row, judgements) else EXPLORATORY_FAMILY
