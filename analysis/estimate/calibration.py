"""Does a language model follow the corpus's odds? The slope of its log-odds of the two forms on the corpus's; 1 where it does."""

import math
from collections.abc import Iterator
from dataclasses import replace

import pandas as pd
from scipy import stats

from freqbias.analysis.estimate.predictors import NAMES, Row, method_of, predictors, row_of
from freqbias.analysis.stats.mixed import INSEPARABLE_VIF, crossed, inflation

ZIPF_ERROR = 0.3  # standard deviation of the error in the Zipf gap of two words, stated and not measured: a corpus is a sample
LEAST_RELIABILITY = 0.2  # below it the correction multiplies by more than five, and says nothing
METHOD = "slope of model log-odds on corpus log-odds, null 1"
ODDS = "corpus_log_odds"


def calibration_rows(rows: pd.DataFrame) -> Iterator[Row]:
    """Yield the slope by itself (`mean`), with length held level (`adjusted`), and corrected for noise in the corpus (`corrected`).

    Length is held where it can be told from frequency.

    `rows` are the pairs of contrast `raw`, frequency arm, from `contrasts.join`; `gap` in nats. The corpus's log-odds of two forms are
    those of their swapped words under independence, ln(10) times the mean Zipf gap times the number of words swapped, so a model that
    follows the corpus has slope 1 however many words a pair swaps. Pairs that do not swap one for one, or swap unknown words, are left
    out: what a word more costs is no question of frequency.
    """
    known = rows.assign(**{ODDS: math.log(10) * rows["swap_zipf_gap"] * rows["swapped_words"]}).dropna(subset=["gap", ODDS])
    lengths = [name for name in predictors(known) if NAMES.get(name) == "length"]
    if lengths and inflation(known, [ODDS, *lengths])[ODDS] < INSEPARABLE_VIF:
        yield from _row(known, "adjusted", [ODDS, *lengths])
    for row in _row(known, "mean", [ODDS]):
        yield row
        yield from _corrected(known, row)


def _row(known: pd.DataFrame, term: str, names: list[str]) -> Iterator[Row]:
    """Yield one slope; the model is fitted to what the log-odds have beyond the corpus's, so that its p-value tests 1."""
    fit = crossed(known.assign(beyond=known["gap"] - known[ODDS]), "beyond", names)
    if fit is not None:
        held = "; length held level" if len(names) > 1 else ""
        slope = fit.slopes[ODDS]
        from_one = replace(slope, value=slope.value + 1, low=slope.low + 1, high=slope.high + 1)
        yield row_of(term, from_one, f"{METHOD}{held}; {method_of(fit, names)}")


def _corrected(known: pd.DataFrame, row: Row) -> Iterator[Row]:
    """Yield a slope divided by the reliability of the corpus's odds, with a p-value for 1; nothing where they are mostly noise.

    A corpus is a sample: odds that are off by chance flatten the slope of a perfect model by their reliability, the share of their
    variance over pairs that is not error. Every swapped word adds the squared error of its gap. Reference: Fuller (1987),
    doi:10.1002/9780470316665, chapter 1.
    """
    error = (math.log(10) * ZIPF_ERROR) ** 2 * float(known["swapped_words"].mean())
    reliability = 1 - error / float(known[ODDS].var())
    if reliability < LEAST_RELIABILITY or row.value is None or not row.std_error or row.low is None or row.high is None:
        return
    value, std_error, df = row.value / reliability, row.std_error / reliability, max(row.n_items - 2, 1)
    yield replace(
        row,
        term="corrected",
        value=value,
        std_error=std_error,
        low=row.low / reliability,
        high=row.high / reliability,
        p_value=float(2 * stats.t.sf(abs(value - 1) / std_error, df)),
        method=f"{row.method}; divided by the reliability of the corpus's odds, for an error of {ZIPF_ERROR} Zipf in a word's gap",
        details={"reliability": reliability, "zipf_error": ZIPF_ERROR},
    )
