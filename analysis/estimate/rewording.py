"""What rewording alone does: the placebo wording of a problem against the original, and whether the gap exceeds that.

A rare wording is also another wording. A model that knows a problem as it was published loses by every change to it, in equally frequent
words too, and where the frequent form is the original that loss is the whole gap. The placebo arm does not show it, since either of its
sides may be the original; contrast `paraphrase` does, on the same pairs.
"""

from collections.abc import Iterator

from freqbias.analysis.estimate.means import MEAN_METHOD, difference, mean
from freqbias.analysis.estimate.series import Series
from freqbias.records import Estimate
from freqbias.terms import BEYOND_PARAPHRASE, DIFFERENCE, FREQUENCY, PARAPHRASE, PLACEBO


def rewording(series: Series) -> Iterator[Estimate]:
    """Yield the mean of placebo wording minus original, and the frequency arm's gap minus that loss; nothing where it was not asked."""
    rows = series.reworded
    if rows is None or rows.empty or not series.judgement.judges(series.key["contrast"], series.key["measure"]):
        return
    method = f"{MEAN_METHOD}; value of the placebo's wording minus that of the original"
    yield mean(series, PLACEBO, PARAPHRASE, rows, method)
    groups = series.arm(FREQUENCY), rows.assign(gap=-rows["gap"])
    yield from difference(series, DIFFERENCE, BEYOND_PARAPHRASE, groups, "gap minus what rewording costs; ")
