"""What one model makes of entailment as a whole: AUC by direction and by relative frequency, and the gap beyond the paper's margin.

McKenna et al. 2023 (arXiv:2305.14552) compare the corpus frequencies of premise and hypothesis, and call one the more frequent where it
is so by more than a factor of five (`freq_margin` of the code released with the paper, github.com/Teddy-Li/LLM-NLI-Analysis, in the
experiments on random premises and on frequency-controlled subsets). What follows and has the more frequent hypothesis, and what does not
follow and has the less frequent one, is *consistent* with the bias; the opposite two are *adversarial* to it; the rest, within the
margin, is neither. Frequency is here that of the words that differ between premise and hypothesis (wordfreq), where the paper takes
predicates in Google's n-grams.

Both measures are 0 by chance and 1 without error. `auc_norm` is the paper's: the area under the precision-recall curve above its base
rate. It counts precision below the base rate as the base rate, so that chance gives more than 0, and it rests on the few highest answers:
in simulations of 80 items, percentile intervals over items held the true value in 22 to 95 % of draws, so it is described without one.
`auc_above_chance` is 2 AUC - 1 of the ROC curve, whose intervals held it in 91 to 94 %: what is said of a model rests on that.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from freqbias.frequency import swap
from freqbias.models import LanguageModel
from freqbias.probes.common import MIN_ITEMS, mean_over_items, text_hash
from freqbias.records import Estimate, Pair
from freqbias.terms import FEW_ITEMS, FREQUENCY, UNDEFINED

AUC_NORM, ABOVE_CHANCE = "auc_norm", "auc_above_chance"
MARGIN = math.log10(5)  # Zipf; a factor of five: McKenna et al.'s `freq_margin`
RESAMPLES = 999  # of items
LEAST_RESAMPLES = 0.5  # share of them that must have a value for an interval
METHODS = {
    AUC_NORM: "area under the precision-recall curve above its base rate, as a share of 1 - base rate; described, no interval",
    ABOVE_CHANCE: f"2 AUC - 1 of the ROC curve; percentile interval from {RESAMPLES} resamples of items",
}

Floats = NDArray[np.float64]
Case = tuple[str, str, bool, float]  # premise, hypothesis, whether it follows, log-odds of yes

GLOSSARY = {
    ABOVE_CHANCE: "How well the answers tell what follows from what does not: 0 is chance, 1 is without error. It is 2 AUC − 1.",
    AUC_NORM: "The same by the area under the precision-recall curve above its base rate (McKenna et al. 2023). Chance alone gives a "
    "little more than 0, so it has no interval.",
    "toward_frequent": "How well the model tells what follows for hypotheses in frequent wording after a premise in rare wording.",
    "toward_rare": "How well the model tells what follows for hypotheses in rare wording after a premise in frequent wording.",
    "consistent": "How well the model tells what follows where relative frequency points the right way. What follows is the more "
    "frequent text there, and what does not is the rarer one.",
    "adversarial": "How well the model tells what follows where relative frequency misleads. What follows is the rarer text there, and "
    "what does not is the more frequent one.",
    "consistent_lead": "How much better the model is where relative frequency points the right way than where it misleads.",
    "beyond_margin": "The difference between the two directions in pairs whose words differ in frequency by more than a factor of five, "
    "the margin of McKenna et al. (2023). The more frequent text counts as the frequent form, whatever the pair says.",
}


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A pair with its cases: both directions with the right hypothesis, then both with the wrong one, frequent hypothesis first."""

    pair: Pair
    cases: Sequence[Case]


def auc_norm(scores: Floats, follows: NDArray[np.bool_]) -> float:
    """Return the area under the precision-recall curve above the base rate, over 1 - base rate; NaN without both classes.

    Precision below the base rate counts as the base rate, so chance in few cases gives a little more than zero; one step a distinct
    score, area by trapezoids from (recall 0, precision 1). Source: `get_auc_norm_from_prec_recs` of McKenna et al.'s released code.
    """
    base = float(follows.mean()) if len(follows) else 0.0
    if not 0 < base < 1:
        return math.nan
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    right = np.cumsum(follows[order])[ends]
    precision = np.concatenate([[1.0], right / (ends + 1)])
    recall = np.concatenate([[0.0], right / right[-1]])
    above = np.maximum(precision - base, 0)
    return float((np.diff(recall) * (above[1:] + above[:-1]) / 2).sum() / (1 - base))


def auc_above_chance(scores: Floats, follows: NDArray[np.bool_]) -> float:
    """Return 2 AUC - 1 of the ROC curve, ties counting one half (Mann-Whitney); NaN without both classes."""
    right, wrong = int(follows.sum()), int((~follows).sum())
    if not right or not wrong:
        return math.nan
    wins = stats.rankdata(scores)[follows].sum() - right * (right + 1) / 2
    return float(2 * wins / (right * wrong) - 1)


def relative_frequency(premise: str, hypothesis: str, language: str) -> int | None:
    """Return 1 where the hypothesis is more frequent than the premise by more than the margin, -1 where less, 0 within it.

    None where their words do not face each other or have no known frequency.
    """
    gap = swap(hypothesis, premise, language).zipf_gap
    return None if gap is None else int(gap > MARGIN) - int(gap < -MARGIN)


def model_estimates(probe: str, measure: str, model: LanguageModel, scored: Sequence[Scored]) -> Iterator[Estimate]:
    """Yield AUCs by direction and by relative frequency, then the mean gap beyond the margin; pairs without a number are left out."""
    sound = [own for own in scored if np.isfinite([case[3] for case in own.cases]).all()]
    table = _table(sound)
    common: dict[str, Any] = {"model": model.info.name, "probe": probe, "contrast": "direction", "arm": FREQUENCY}
    common |= {"n_failed": len(scored) - len(sound)}
    for term, chosen in _groups(table).items():
        yield Estimate(**common, measure=ABOVE_CHANCE, term=term, **_area(table, chosen, auc_above_chance, term))
        yield Estimate(**common, measure=AUC_NORM, term=term, **_area(table, chosen, auc_norm))
    yield Estimate(**common, measure=measure, term="beyond_margin", **_beyond_margin(sound))


def _table(scored: Sequence[Scored]) -> dict[str, NDArray[Any]]:
    """Return all cases as columns."""
    rows = [
        (own.pair.item, own.pair.id, score, follows, side, relative_frequency(premise, hypothesis, own.pair.language))
        for own in scored
        for (premise, hypothesis, follows, score), side in zip(own.cases, (0, 1, 0, 1), strict=True)
    ]
    items, pairs, scores, follows, sides, signs = zip(*rows, strict=True) if rows else ((),) * 6
    return {
        "item": np.unique(np.array(items, dtype=str), return_inverse=True)[1],
        "pair": np.array(pairs, dtype=str),
        "score": np.array(scores, dtype=float),
        "follows": np.array(follows, dtype=bool),
        "side": np.array(sides, dtype=int),
        "sign": np.array([0 if sign is None else sign for sign in signs], dtype=int),
    }


def _groups(table: Mapping[str, NDArray[Any]]) -> dict[str, list[NDArray[np.bool_]]]:
    """Return by term the cases that its AUC is of; of a difference both."""
    points_right = np.where(table["follows"], 1, -1) * table["sign"]
    consistent, adversarial = points_right > 0, points_right < 0
    return {
        "toward_frequent": [table["side"] == 0],
        "toward_rare": [table["side"] == 1],
        "consistent": [consistent],
        "adversarial": [adversarial],
        "consistent_lead": [consistent, adversarial],
    }


def _area(
    table: Mapping[str, NDArray[Any]],
    chosen: Sequence[NDArray[np.bool_]],
    area: Callable[[Floats, NDArray[np.bool_]], float],
    resampled_as: str | None = None,
) -> dict[str, Any]:
    """Return the fields of an estimate: an area over some cases, or a difference of two.

    With `resampled_as`, which seeds it, the area has a percentile interval over items.
    """
    scores, follows = table["score"], table["follows"]

    def statistic(rows: NDArray[np.int64]) -> float:
        values = [area(scores[own], follows[own]) for group in chosen for own in (rows[group[rows]],)]
        return values[0] if len(values) == 1 else values[0] - values[1]

    used = np.any(chosen, axis=0)
    items = np.unique(table["item"][used])
    value = statistic(np.arange(len(scores)))
    fields: dict[str, Any] = {
        "value": value,
        "n_items": len(items),
        "n_pairs": len(np.unique(table["pair"][used])),
        "method": METHODS[area.__name__],
        "details": {"cases": int(used.sum()), "left_out": int(len(scores) - used.sum())},
    }
    if math.isnan(value):
        return fields | {
            "value": None,
            "flags": [UNDEFINED],
            "details": {**fields["details"], "reason": "cases of one kind only, or none"},
        }
    if resampled_as is None:
        return fields
    if len(items) < MIN_ITEMS:
        return fields | {"flags": [FEW_ITEMS]}
    return fields | _percentiles(statistic, table["item"], items, np.random.default_rng(text_hash(resampled_as, ABOVE_CHANCE)))


def _percentiles(
    statistic: Callable[[NDArray[np.int64]], float], of: NDArray[np.int64], items: NDArray[np.int64], rng: np.random.Generator
) -> dict[str, float]:
    """Return the interval from whole items drawn again; nothing where too many draws have no value."""
    own = [np.flatnonzero(of == item) for item in items]
    drawn = [statistic(np.concatenate([own[k] for k in rng.integers(len(own), size=len(own))])) for _ in range(RESAMPLES)]
    values = np.array(drawn)[np.isfinite(drawn)]
    if len(values) < LEAST_RESAMPLES * RESAMPLES:
        return {}
    low, high = np.percentile(values, [2.5, 97.5])
    return {"ci_low": float(low), "ci_high": float(high), "std_error": float(values.std(ddof=1))}


def _beyond_margin(scored: Sequence[Scored]) -> dict[str, Any]:
    """Return the fields of the mean gap over pairs beyond the margin, toward the text that *is* the more frequent one."""
    signs = [relative_frequency(own.pair.low, own.pair.high, own.pair.language) for own in scored]
    beyond = [(sign, own) for sign, own in zip(signs, scored, strict=True) if sign]
    gaps = np.array([sign * (own.cases[0][3] - own.cases[1][3]) for sign, own in beyond], dtype=float)
    items = np.array([own.pair.item for _, own in beyond], dtype=str)
    return {
        "n_pairs": len(beyond),
        "method": "pairs that differ in frequency by more than a factor of five; mean of item means, t interval",
        "details": {"inside_margin": signs.count(0), "unknown_frequency": signs.count(None)},
        **mean_over_items(gaps, items),
    }
