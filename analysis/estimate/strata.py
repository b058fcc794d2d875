"""The gap by whether the swapped words are whole tokens of the model: what rare wording costs where no word is split.

Splitting is brought about by rarity, so it is a mediator and no confounder: strata show where the effect is, and do not take it away.
"""

from collections.abc import Iterator

import pandas as pd

from freqbias.analysis.estimate.means import MEAN_METHOD, difference, equivalence, mean
from freqbias.analysis.estimate.series import Series
from freqbias.records import Estimate
from freqbias.terms import FREQUENCY, PLACEBO, STRATA, WHOLE_DIFFERENCE, WHOLE_SPLIT, WHOLE_WHOLE

_SPLIT_MINUS_WHOLE = "pairs whose low word is split - pairs of whole words, the high word whole in both; "
_WORDS = {"whole": "one token", "split": "several tokens"}


def strata(series: Series) -> Iterator[Estimate]:
    """Yield the means of the strata of both arms, equivalence where both words are whole, and the difference of split and whole.

    Nothing for models that count no tokens, and for contrasts of other words.
    """
    if not series.apart or "stratum" not in series.rows.columns or series.key["contrast"] in series.judgement.other_words:
        return
    for arm in (FREQUENCY, PLACEBO):
        rows = series.arm(arm)
        known = rows[rows["stratum"].notna()]
        for name in STRATA:
            own = known[known["stratum"] == name]
            if len(own):
                yield _mean(series, arm, name, own)
        whole = known[known["stratum"] == WHOLE_WHOLE]
        if arm == FREQUENCY and len(whole) and series.sesoi is not None:
            yield equivalence(series, arm, f"equivalence:{WHOLE_WHOLE}", whole)
        split = known[known["stratum"] == WHOLE_SPLIT]
        yield from difference(series, arm, WHOLE_DIFFERENCE, (split, whole), _SPLIT_MINUS_WHOLE)
        if arm == PLACEBO and "subwords_gap" in rows.columns and (rows["subwords_gap"] == 0).any():
            equal = rows[rows["subwords_gap"] == 0]
            yield mean(series, arm, "equal_subwords", equal, f"{MEAN_METHOD}; only pairs whose forms split into equally many subwords")


def _mean(series: Series, arm: str, name: str, rows: pd.DataFrame) -> Estimate:
    high, low = (_WORDS[part] for part in name.split("_"))
    method = f"{MEAN_METHOD}; only pairs whose swapped word is {high} in the high form and {low} in the low one"
    made = mean(series, arm, name, rows, method)
    dose = rows.groupby("item")["zipf_gap"].mean().mean()
    return made if pd.isna(dose) else made.replace(details={**made.details, "zipf_gap": float(dose)})
