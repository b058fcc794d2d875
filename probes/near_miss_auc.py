"""How well one model tells paraphrases from near-misses as a whole: AUC, equal error rate and accuracy, by category and wording.

* `auc`: the probability that the paraphrase of a random anchor scores above the near-miss of a random, possibly other anchor
  (Mann-Whitney, ties one half, chance .5): is there one threshold? Templates lie at different levels, which brings it nearer to .5.
* `eer`: the error rate at the threshold where as many paraphrases are rejected as near-misses accepted, interpolated between scores
  (chance .5, the lower the better).
* `accuracy_within`: the share of anchors whose own paraphrase scores above their own near-miss (chance .5).
* `accuracy_both`: the share of contents where that holds of both anchors, the one and its contradiction (chance .25; the pairwise
  accuracy of NevIR, Weller et al. 2024, arXiv:2305.07614). A score of the candidate alone gets none right.

Sentences of one synonym set are no independent evidence, so intervals come from whole items drawn again (percentiles), which keeps both
classes and both anchors of a content together; DeLong's interval would take every sentence for an independent one (Obuchowski 1997,
Biometrics 53:567-578, for the problem). Two baselines without any model: the share of words that a candidate has in common with the
anchor (`overlap:`), and the share of couples of content words in the anchor's order (`order:`). Where the design levels them they have an
AUC of .5.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from freqbias.frequency import content_words, tokens
from freqbias.probes.common import MIN_ITEMS, TIE, text_hash
from freqbias.records import Estimate, Pair
from freqbias.terms import EMPTY, FEW_ITEMS, FREQUENCY, HIGH

CATEGORIES = ("role", "negation", "binding", "spatial")
SPATIAL = CATEGORIES[-1]
TOLD_APART = "told_apart"
AUC, EER, ACCURACY, BOTH = "auc", "eer", "accuracy_within", "accuracy_both"
RESAMPLES = 999  # of items
BY_ITEMS = f"percentile interval from {RESAMPLES} resamples of items"
METHODS = {
    AUC: f"Mann-Whitney, ties one half, chance .5; {BY_ITEMS}",
    EER: f"error rate where both kinds of error are equally frequent, chance .5; {BY_ITEMS}",
    ACCURACY: f"own paraphrase above own near-miss, ties one half, chance .5; {BY_ITEMS}",
    BOTH: f"right for an anchor and for its contradiction, chance .25; {BY_ITEMS}",
}
BASELINE = "of the texts alone, without a model"

GLOSSARY = {
    TOLD_APART: "How well a model tells paraphrases from near-misses, in one category.",
    AUC: "The probability that a paraphrase scores above a near-miss: .5 is chance, 1 is without error. Below .5 near-misses score "
    "higher.",
    EER: "The error rate at the threshold where paraphrases are rejected as often as near-misses are accepted: .5 is chance, 0 is best.",
    ACCURACY: "The share of anchors whose own paraphrase scores above their own near-miss: .5 is chance.",
    BOTH: "The share of contents that are right for a sentence and for its contradiction, with the same two candidates: .25 is chance.",
    "role": "Where the near-miss exchanges who did what to whom; the mean of both wordings.",
    "negation": "Where the near-miss has a negation more or less; the mean of both wordings.",
    "binding": "Where the near-miss exchanges the attributes of two things or people; the mean of both wordings.",
    "spatial": "Where the near-miss turns a relation in space round; the mean of both wordings. It has more of the anchor's words than "
    "the paraphrase.",
    "high:": "The same in frequent wording, category {what}.",
    "low:": "The same in rare wording, category {what}.",
    "gap:": "Frequent wording less rare wording, category {what}.",
    "overlap:": "What the share of common words alone would reach, category {what}.",
    "order:": "What the order of words alone would reach, category {what}.",
}

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """A pair with the scores of its candidates, each in frequent and in rare wording."""

    pair: Pair
    paraphrase: Sequence[float]
    near_miss: Sequence[float]


def auc(right: Floats, wrong: Floats) -> float:
    """Return the share of couples in which a right one scores above a wrong one, ties one half."""
    ranks = stats.rankdata(np.concatenate([right, wrong]))[: len(right)]
    return float((ranks.sum() - len(right) * (len(right) + 1) / 2) / (len(right) * len(wrong)))


def eer(right: Floats, wrong: Floats) -> float:
    """Return the error rate where the ROC curve, straight between distinct scores, has as many misses as false alarms."""
    thresholds = np.unique(np.concatenate([right, wrong]))[::-1]
    hits = np.searchsorted(np.sort(-right), -thresholds, side="right") / len(right)
    alarms = np.searchsorted(np.sort(-wrong), -thresholds, side="right") / len(wrong)
    hits, alarms = np.concatenate([[0.0], hits]), np.concatenate([[0.0], alarms])
    return float(np.interp(0.0, hits + alarms - 1, alarms))


def won(right: Floats, wrong: Floats) -> Floats:
    """Return 1 where the right one scores above its wrong one, 0 where below, one half for a tie."""
    lead = right - wrong
    return np.where(np.abs(lead) <= TIE, 0.5, (lead > 0).astype(float))


def model_estimates(probe: str, model: str, scored: Sequence[Candidates]) -> Iterator[Estimate]:
    """Yield every measure by category: the mean of both wordings, each, and their difference, then the two baselines' AUC."""
    for category in CATEGORIES:
        own = [row for row in scored if row.pair.meta["category"] == category]
        sound = [row for row in own if np.isfinite([*row.paraphrase, *row.near_miss]).all()]
        common: dict[str, Any] = {"model": model, "probe": probe, "contrast": TOLD_APART, "arm": FREQUENCY, "n_pairs": len(sound)}
        common |= {"n_failed": len(own) - len(sound)}
        for (measure, term), fields in _of_category(category, sound).items():
            yield Estimate(**common, measure=measure, term=term, method=METHODS[measure], **fields)
        for name, value in _baselines(sound).items():
            fields = {"value": None, "flags": [EMPTY]} if value is None else {"value": value}
            yield Estimate(**common, measure=AUC, term=f"{name}:{category}", method=f"Mann-Whitney, ties one half; {BASELINE}", **fields)


def _of_category(category: str, scored: Sequence[Candidates]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the fields of the estimates of one category by measure and term."""
    terms = (category, f"high:{category}", f"low:{category}", f"gap:{category}")
    names = [(measure, term) for measure in METHODS for term in terms]
    if not scored:
        return {name: {"value": None, "flags": [EMPTY]} for name in names}
    right, wrong = (np.array([getattr(row, kind) for row in scored], dtype=float) for kind in ("paraphrase", "near_miss"))
    items, of = np.unique([row.pair.item for row in scored], return_inverse=True)
    wins = won(right, wrong)
    both = _both(scored, wins)
    values = _measured(right, wrong, wins, both)
    fields: list[dict[str, Any]] = [{"value": None if math.isnan(value) else value, "n_items": len(items)} for value in values]
    if len(items) < MIN_ITEMS:
        return dict(zip(names, [row | {"flags": [FEW_ITEMS]} for row in fields], strict=True))
    rng = np.random.default_rng(text_hash(category, AUC))
    own = [np.flatnonzero(of == item) for item in range(len(items))]
    drawn = []
    for _ in range(RESAMPLES):
        rows = np.concatenate([own[k] for k in rng.integers(len(own), size=len(own))])
        drawn.append(_measured(right[rows], wrong[rows], wins[rows], both[rows]))
    return dict(
        zip(names, [row | _interval(np.array(draws)) for row, draws in zip(fields, zip(*drawn, strict=True), strict=True)], strict=True)
    )


def _measured(right: Floats, wrong: Floats, wins: Floats, both: Floats) -> list[float]:
    """Return each measure as mean of the wordings, in frequent and in rare wording, and frequent less rare."""
    found = []
    paired = both[np.isfinite(both).all(axis=1)]
    for high, low in (
        [auc(right[:, side], wrong[:, side]) for side in (0, 1)],
        [eer(right[:, side], wrong[:, side]) for side in (0, 1)],
        wins.mean(axis=0).tolist(),
        paired.mean(axis=0).tolist() if len(paired) else [math.nan, math.nan],
    ):
        found += [(high + low) / 2, high, low, high - low]
    return found


def _both(scored: Sequence[Candidates], wins: Floats) -> Floats:
    """Return the product of both anchors' wins for every row; NaN for a content of which only one anchor was measured."""
    places: dict[str, list[int]] = {}
    for place, row in enumerate(scored):
        places.setdefault(str(row.pair.meta.get("content", row.pair.id)), []).append(place)
    found = np.full_like(wins, math.nan)
    for rows in places.values():
        if len(rows) == 2:
            found[rows] = wins[rows].prod(axis=0)
    return found


def _interval(draws: Floats) -> dict[str, float]:
    sound = draws[np.isfinite(draws)]
    if len(sound) < len(draws):
        return {}
    low, high = np.percentile(sound, [2.5, 97.5])
    return {"ci_low": float(low), "ci_high": float(high), "std_error": float(sound.std(ddof=1))}


def _baselines(scored: Sequence[Candidates]) -> Mapping[str, float | None]:
    """Return the AUC of word overlap and of word order with the anchor, in frequent wording."""
    found: dict[str, float | None] = {}
    for name, nearness in (("overlap", overlap), ("order", same_order)):
        values = [
            [nearness(row.pair.queries["naming_high"], text, row.pair.language) for text in (row.pair.high, row.pair.decoys[HIGH])]
            for row in scored
        ]
        table = np.array(values, dtype=float).reshape(-1, 2)
        found[name] = auc(table[:, 0], table[:, 1]) if len(table) else None
    return found


def overlap(anchor: str, text: str, language: str = "en") -> float:
    """Return the share of both texts' distinct words that they have in common."""
    one, other = set(tokens(anchor, language)), set(tokens(text, language))
    return len(one & other) / len(one | other) if one | other else 0.0


def same_order(anchor: str, text: str, language: str = "en") -> float:
    """Return the share of couples of common content words that stand in the anchor's order; 1 where there is no couple."""
    order = {word: place for place, word in enumerate(content_words(anchor, language))}
    places = [order[word] for word in content_words(text, language) if word in order]
    couples = list(combinations(places, 2))
    return float(np.mean([one <= other for one, other in couples])) if couples else 1.0
