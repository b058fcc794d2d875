"""The mean gap in each prompt that a language model was asked in: described, so that nobody has to trust an average over prompts.

One prompt is one set of words out of many, and the best of a few is the best by luck too. So these means are in no family and have no
test; whether prompts differ is the joint test `by:prompt`, and what holds over prompts the mean, with prompts crossed with items.
"""

from collections.abc import Iterator

from freqbias.analysis.estimate.series import Series, item_means, level_of
from freqbias.analysis.stats.resampling import std_error, t_interval
from freqbias.records import Estimate
from freqbias.terms import ACCURACY, FREQUENCY, HIGH, LOW, OF_PROMPT, PROMPT

FEWEST_PROMPTS, MOST_PROMPTS = 2, 12  # that are told apart; one is the mean itself, of more the list says nothing to a reader


def by_prompt(series: Series) -> Iterator[Estimate]:
    """Yield the frequency arm's mean over items in every prompt, of what the verdict rests on and of its accuracy."""
    rows, own = series.arm(FREQUENCY), series.judgement
    contrast, measure = series.key["contrast"], series.key["measure"]
    if PROMPT not in rows.columns or contrast != own.contrast or not (own.judges(contrast, measure) or measure == ACCURACY.name):
        return
    known = rows.dropna(subset=[PROMPT])
    if not FEWEST_PROMPTS <= known[PROMPT].nunique() <= MOST_PROMPTS:
        return
    for name, asked in known.groupby(PROMPT, sort=True):
        items = item_means(asked, "gap")
        interval = t_interval(items)
        yield series.make(
            FREQUENCY,
            f"{OF_PROMPT}{name}",
            asked,
            value=float(items.mean()),
            std_error=std_error(items),
            ci_low=interval.low,
            ci_high=interval.high,
            high_mean=level_of(asked, HIGH),
            low_mean=level_of(asked, LOW),
            method="mean of item means in one prompt; t interval; described and not tested",
        )
