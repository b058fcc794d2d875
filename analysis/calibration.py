"""Does a language model follow the corpus's odds? The slope of its log-odds of the two forms on the corpus's; 1 where it does."""

import math
from collections.abc import Iterator

import pandas as pd

from freqbias.analysis.mixed import INSEPARABLE_VIF, inflation
from freqbias.analysis.regression import clustered_ols
from freqbias.analysis.rivals import FREQUENCY, NAMES, Row, predictors, row_of

METHOD = "slope of model log-odds on corpus log-odds, null 1; OLS on pairs, CR1 on items, t; items in these frames"
ODDS = "corpus_log_odds"


def calibration_rows(rows: pd.DataFrame) -> Iterator[Row]:
    """Yield the slope by itself (`mean`) and with length held level (`adjusted`), where length can be told from frequency.

    `rows` are the pairs of contrast `raw`, frequency arm, from `contrasts.join`; `gap` in nats. The corpus's log-odds of two forms are
    those of their swapped words under independence, ln(10) times the mean Zipf gap times the number of words swapped, so a model that
    follows the corpus has slope 1 however many words a pair swaps. Pairs that do not swap one for one, or swap unknown words, are left
    out: what a word more costs is no question of frequency.
    """
    known = rows.assign(**{ODDS: math.log(10) * rows[FREQUENCY] * rows["swapped_words"]}).dropna(subset=["gap", ODDS])
    alone = clustered_ols(known, "gap", [ODDS], null=1.0)
    if ODDS not in alone:
        return
    lengths = [name for name in predictors(known) if NAMES.get(name) == "length"]
    if lengths and inflation(known, [ODDS, *lengths])[ODDS] < INSEPARABLE_VIF:
        level = clustered_ols(known, "gap", [ODDS, *lengths], null=1.0)
        if ODDS in level:
            yield row_of("adjusted", level[ODDS], f"{METHOD}; length held level")
    yield row_of("mean", alone[ODDS], METHOD)
