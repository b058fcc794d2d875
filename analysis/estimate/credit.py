"""The claim that an effect goes with frequency: one row a model and probe, whose p-value is the largest that the claim needs.

It needs the mean gap, more gap where the frequency gap is larger within the frequency arm, model-based and robust, and where a placebo
tests it more than the placebo shows, all in one direction. A test of all at 5 % each is one at 5 % (intersection-union; Berger 1982,
Technometrics 24, 295-300), so that nothing in it is adjusted for the rest; what is corrected for their number are the claims of a run.
"""

from collections.abc import Iterable, Iterator

from freqbias.analysis.estimate.series import Series
from freqbias.records import Estimate
from freqbias.terms import CREDIT, DIFFERENCE, FREQUENCY

NEEDS = {
    "mean": (FREQUENCY, "mean"),
    "within_slope": (FREQUENCY, "within_slope"),
    "within_slope_robust": (FREQUENCY, "within_slope_robust"),
    "beyond_placebo": (DIFFERENCE, "mean"),
}


def credit(series: Series, made: Iterable[Estimate]) -> Iterator[Estimate]:
    """Yield the claim of a series whose estimates are `made`; nothing where no slope was made, or where the probe is not judged by it.

    The p-value is 1 where a part is missing, has no test, or points the other way than the mean; `details` holds every part's.
    """
    if not series.judgement.judges(series.key["contrast"], series.key["measure"]):
        return
    rows = {(row.arm, row.term): row for row in made}
    mean, slope = rows.get((FREQUENCY, "mean")), rows.get((FREQUENCY, "zipf_slope"))
    if mean is None or slope is None or slope.value is None:
        return
    # a placebo of one item tests nothing, and is told beside the claim as a missing one is
    tested = (beyond := rows.get(NEEDS["beyond_placebo"])) is not None and beyond.p_value is not None
    needed = [name for name in NEEDS if name != "beyond_placebo" or tested]
    parts = {name: _p_value(rows.get(NEEDS[name]), mean) for name in needed}
    yield slope.replace(
        term=CREDIT,
        p_value=max(parts.values()),
        flags=[],
        details={f"p_{name}": value for name, value in parts.items()},
        method=f"slope as zipf_slope; p the largest of {', '.join(needed)}, in the direction of the mean",
    )


def _p_value(row: Estimate | None, mean: Estimate) -> float:
    if row is None or row.p_value is None or row.value is None or (row.value > 0) != ((mean.value or 0.0) > 0):
        return 1.0
    return row.p_value
