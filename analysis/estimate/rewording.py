"""What rewording alone does: the placebo wording of a problem against the original, and whether the gap exceeds that.

A rare wording is also another wording. A model that knows a problem as it was published loses by every change to it, in equally frequent
words too, and where the frequent form is the original that loss is the whole gap. The placebo arm does not show it, since either of its
sides may be the original; contrast `paraphrase` does, on the same pairs.

Where both forms are as far from the original, its loss is on both sides and explains no gap between them. So the gap is held against it
only where the frequent form is the nearer one, by a quarter or more of what lies between original and placebo, or where nobody knows.
"""

from collections.abc import Iterator

import pandas as pd

from freqbias.analysis.estimate.means import MEAN_METHOD, difference, mean
from freqbias.analysis.estimate.series import Series
from freqbias.records import Estimate
from freqbias.terms import BEYOND_PARAPHRASE, DIFFERENCE, FREQUENCY, PARAPHRASE, PLACEBO

OVERLAP = "overlap_with_original_gap"
LEAST_SHARE = 0.25  # of the way from original to placebo: less explains less than a part that is worth naming


def rewording(series: Series) -> Iterator[Estimate]:
    """Yield the mean of placebo wording minus original, and the frequency arm's gap minus that loss; nothing where it was not asked."""
    rows = series.reworded
    if rows is None or rows.empty or not series.judgement.judges(series.key["contrast"], series.key["measure"]):
        return
    method = f"{MEAN_METHOD}; value of the placebo's wording minus that of the original"
    yield mean(series, PLACEBO, PARAPHRASE, rows, method)
    if not _may_explain(series.arm(FREQUENCY), rows):
        return
    groups = series.arm(FREQUENCY), rows.assign(gap=-rows["gap"])
    yield from difference(series, DIFFERENCE, BEYOND_PARAPHRASE, groups, "gap minus what rewording costs; ")


def _may_explain(forms: pd.DataFrame, placebo: pd.DataFrame) -> bool:
    """Tell whether the frequent form is so much nearer to the original that what rewording costs could be the gap."""
    if not all(OVERLAP in rows.columns and rows[OVERLAP].notna().any() for rows in (forms, placebo)):
        return True
    nearer = float(forms[OVERLAP].groupby(forms["item"]).mean().mean())
    whole = float(placebo[OVERLAP].abs().groupby(placebo["item"]).mean().mean())
    return nearer >= LEAST_SHARE * whole
