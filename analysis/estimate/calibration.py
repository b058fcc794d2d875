"""Does a language model follow the corpus's odds? The slope of its log-odds of the two forms on the corpus's; 1 where it does."""

import math
from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from freqbias.analysis.estimate.rivals import NAMES, Row, method_of, predictors, row_of
from freqbias.analysis.stats.mixed import INSEPARABLE_VIF, crossed, inflation

METHOD = "slope of model log-odds on corpus log-odds, null 1"
ODDS = "corpus_log_odds"


def calibration_rows(rows: pd.DataFrame) -> Iterator[Row]:
    """Yield the slope by itself (`mean`) and with length held level (`adjusted`), where length can be told from frequency.

    `rows` are the pairs of contrast `raw`, frequency arm, from `contrasts.join`; `gap` in nats. The corpus's log-odds of two forms are
    those of their swapped words under independence, ln(10) times the mean Zipf gap times the number of words swapped, so a model that
    follows the corpus has slope 1 however many words a pair swaps. Pairs that do not swap one for one, or swap unknown words, are left
    out: what a word more costs is no question of frequency.
    """
    known = rows.assign(**{ODDS: math.log(10) * rows["swap_zipf_gap"] * rows["swapped_words"]}).dropna(subset=["gap", ODDS])
    lengths = [name for name in predictors(known) if NAMES.get(name) == "length"]
    if lengths and inflation(known, [ODDS, *lengths])[ODDS] < INSEPARABLE_VIF:
        yield from _row(known, "adjusted", [ODDS, *lengths])
    yield from _row(known, "mean", [ODDS])


def _row(known: pd.DataFrame, term: str, names: list[str]) -> Iterator[Row]:
    """Yield one slope; the model is fitted to what the log-odds have beyond the corpus's, so that its p-value tests 1."""
    fit = crossed(known.assign(beyond=known["gap"] - known[ODDS]), "beyond", names)
    if fit is not None:
        held = "; length held level" if len(names) > 1 else ""
        slope = fit.slopes[ODDS]
        from_one = replace(slope, value=slope.value + 1, low=slope.low + 1, high=slope.high + 1)
        yield row_of(term, from_one, f"{METHOD}{held}; {method_of(fit, names)}")
