"""Of probes `routing` and `routing_lm`: flips between two wordings of a query, beyond what any change of a word does, and accuracies."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

from freqbias.probes.common import MIN_ITEMS, TIE, mean_over_items
from freqbias.probes.vector_geometry import Floats
from freqbias.records import Estimate, Pair
from freqbias.terms import ACCURACY, DIFFERENCE, EMPTY, FEW_ITEMS, FREQUENCY, PLACEBO, SIDES

ROUTES = ("table", "graph", "algorithm", "catalogue", "chunk")
ROUTE, KEYWORD_ROUTE = "route", "keyword_route"  # fields of a pair's `meta`, as the generator writes them
FLIP_RATE = "flip_rate"
PART = 32  # pairs that are asked at once: enough to fill batches

Found = dict[str, Floats]  # by pair id: scores of the forms for both wordings, shape (2, 5)
Scoring = Callable[[Sequence[Pair], Any], Found]


def route_of(pair: Pair) -> str | None:
    """Return the right form for a pair's query; None where the pair does not say."""
    route = pair.meta.get(ROUTE)
    return route if route in ROUTES else None


def right(scores: Floats, gold: int) -> float:
    """Return 1 where the right form has the highest of five scores, 1/k where k tie, else 0; NaN without scores."""
    if not np.isfinite(scores).all():
        return math.nan
    best = scores >= scores.max() - TIE
    return float(best[gold] / best.sum())


def model_estimates(name: str, scoring: Scoring, pairs: Iterable[Pair], model: Any, common: Found | None) -> Iterator[Estimate]:
    """Yield the estimates; pairs that an interrupted run had measured before are asked again."""
    found = {} if common is None else common
    wanted = [pair for pair in pairs if route_of(pair) and pair.arm in (FREQUENCY, PLACEBO)]
    missing = [pair for pair in wanted if pair.id not in found]
    for start in range(0, len(missing), PART):
        found.update(scoring(missing[start : start + PART], model))
    fixed: dict[str, Any] = {"model": model.info.name, "probe": name}
    means = {}
    for arm in (FREQUENCY, PLACEBO):
        own = [pair for pair in wanted if pair.arm == arm]
        sound = [pair for pair in own if np.isfinite(found[pair.id]).all()]
        items = np.array([pair.item for pair in sound], dtype=str)
        flips = np.array([len(set(found[pair.id].argmax(axis=1))) - 1 for pair in sound], dtype=float)
        counted = fixed | {"arm": arm, "n_pairs": len(sound), "n_failed": len(own) - len(sound)}
        method = "queries whose two wordings go to different forms; mean of item means, t interval"
        yield Estimate(**counted, contrast="flips", measure=FLIP_RATE, term="share", method=method, **mean_over_items(flips, items))
        means[arm] = np.array([flips[items == item].mean() for item in np.unique(items)])
        words = np.array([len(set(pair.meta.get(KEYWORD_ROUTE, ()))) > 1 for pair in sound], dtype=float)
        fields = mean_over_items(words, items)
        yield Estimate(**counted, contrast="flips", measure=FLIP_RATE, term="keywords", method=f"keyword router: {method}", **fields)
    method = "flips of the frequency arm minus flips of the placebo; means of items, Welch's interval"
    yield Estimate(
        **fixed, arm=DIFFERENCE, contrast="flips", measure=FLIP_RATE, term="share", method=method, **_difference(*means.values())
    )
    yield from _by_route([pair for pair in wanted if pair.arm == FREQUENCY], found, fixed | {"arm": FREQUENCY})


def _difference(first: Floats, second: Floats) -> dict[str, Any]:
    """Return the fields of a difference of two independent means with Welch's interval; no interval of a few items."""
    if not len(first) or not len(second):
        return {"value": None, "flags": [EMPTY]}
    fields: dict[str, Any] = {"value": float(first.mean() - second.mean()), "n_items": len(first) + len(second)}
    if min(len(first), len(second)) < MIN_ITEMS:
        return fields | {"flags": [FEW_ITEMS]}
    error = math.sqrt(first.var(ddof=1) / len(first) + second.var(ddof=1) / len(second))
    half = 0.0
    if error:
        low, high = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
        half = float(high - low) / 2
    return fields | {"std_error": error, "ci_low": fields["value"] - half, "ci_high": fields["value"] + half}


def _by_route(pairs: Sequence[Pair], found: Found, fixed: Mapping[str, Any]) -> Iterator[Estimate]:
    """Yield accuracy by route and wording, and that of a keyword router."""
    for route in ROUTES:
        own = [pair for pair in pairs if route_of(pair) == route]
        sound = [pair for pair in own if np.isfinite(found[pair.id]).all()]
        items = np.array([pair.item for pair in sound], dtype=str)
        values = {side: [right(found[pair.id][k], ROUTES.index(route)) for pair in sound] for k, side in enumerate(SIDES)} | {
            "keywords": [float(pair.meta.get(KEYWORD_ROUTE, [""])[0] == route) for pair in sound]
        }
        for name, numbers in values.items():
            yield Estimate(
                **fixed,
                contrast="accuracy_by_route",
                measure=ACCURACY.name,
                term=f"{route}:{name}",
                n_pairs=len(sound),
                n_failed=len(own) - len(sound),
                method=f"sent right, by chance {1 / len(ROUTES):g}; mean of item means, t interval",
                **mean_over_items(np.array(numbers, dtype=float), items),
            )
