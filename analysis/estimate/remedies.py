"""What each remedy changes, from the rows of `remedies.jsonl`: the gap on either side, and quality, each against the model as it is.

The item (the document or the query that was put in other words) is the unit of a gap, the judged query that of quality. Changes are
paired. p-values of the changes of gaps are adjusted together over all remedies of a model (Benjamini–Hochberg), those of quality too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from freqbias.analysis.estimate.across_models import joint_relative
from freqbias.analysis.stats.resampling import (
    Values,
    above_zero,
    bca_ends,
    benjamini_hochberg,
    named_rng,
    ratio_interval,
    sign_flip_p,
    t_interval,
)
from freqbias.terms import NDCG_AT_10

NONE, QUALITY = "none", "quality"  # a remedy and a side in the rows

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Size:
    """A mean over units with its 95 % interval; `p_value` where it was tested against zero, adjusted where it has a family."""

    value: float
    low: float | None
    high: float | None
    n: int
    p_value: float | None = None


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side of a remedy: gaps are frequent minus rare; `relative` is the score gap by the margin, None where there is no margin.

    `change` and `gain` are against the model as it is: of the gap, and of nDCG@10 in rare wording; None for the model itself.
    `removed` is the share of `relative` that is gone, None where there was none to remove. `score_gap` and `margin` are what `relative`
    is made of, in the unit of the scores: they do not compare between remedies.
    """

    gap: Size
    frequent: float
    rare: float
    places: Size
    relative: Size | None
    change: Size | None
    gain: Size | None
    removed: Size | None = None
    score_gap: Size | None = None
    margin: Size | None = None


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """What one remedy does to one model; `by` is another model where it needs one.

    `sides` has `document` and `query` where there are pairs of them; `quality` is nDCG@10 of all judged queries, `cost` its change.
    `right` is the share of right documents that outscore a wrong one given with them, `right_cost` its change; None without such.
    """

    model: str
    name: str
    by: str | None
    sides: Mapping[str, Side]
    quality: Size
    cost: Size | None
    right: Size | None = None
    right_cost: Size | None = None


def remedies(rows: Iterable[Row], seed: int = 0) -> list[Remedy]:
    """Return every remedy of every model in the order of the rows, the model as it is first; see the module's docstring.

    A case that has no rank by one remedy is left out of all, so that they are of the same cases.
    """
    known = list(rows)
    failed = {_case(row) for row in known if None in row.get("rank", ())}
    grouped: dict[str, dict[str, dict[str, list[Row]]]] = {}
    for row in known:
        if _case(row) in failed:
            continue
        grouped.setdefault(row["model"], {}).setdefault(row["remedy"], {}).setdefault(row["side"], []).append(row)
    return [remedy for model, by_name in grouped.items() for remedy in _adjusted(_of_model(model, by_name, seed))]


def _case(row: Row) -> tuple[Any, ...]:
    return (row["model"], row["side"], row.get("pair_id"), row["query_id"])


def _of_model(model: str, by_name: Mapping[str, Mapping[str, list[Row]]], seed: int) -> list[Remedy]:
    base = by_name[NONE]
    found = []
    for name, by_side in by_name.items():
        rng = named_rng(seed, model, name)
        before = None if name == NONE else base
        sides = {side: _side(rows, None if before is None else before[side], rng) for side, rows in by_side.items() if side != QUALITY}
        quality = _quality(by_side[QUALITY])
        cost = None if before is None else _tested(quality - _quality(before[QUALITY]), rng)
        right, right_cost = _right(by_side[QUALITY], None if before is None else before[QUALITY], rng)
        by = by_side[QUALITY][0].get("by")
        found.append(
            Remedy(
                model=model,
                name=name,
                by=by,
                sides=sides,
                quality=_size(quality),
                cost=cost,
                right=right,
                right_cost=right_cost,
            )
        )
    return found


def _right(rows: Sequence[Row], before: Sequence[Row] | None, rng: np.random.Generator) -> tuple[Size | None, Size | None]:
    """Return the share of right documents that outscore a wrong one, over the queries that know it, and its change."""
    places = [place for place, row in enumerate(rows) if row.get("right") is not None]
    if not places:
        return None, None
    values, first = (
        np.array([found[place]["right"] for place in places], dtype=np.float64) if found is not None else None for found in (rows, before)
    )
    assert values is not None  # noqa: S101  # for mypy
    return _size(values), None if first is None else _tested(values - first, rng)


def _side(rows: Sequence[Row], before: Sequence[Row] | None, rng: np.random.Generator) -> Side:
    high, low = _by_item(rows, [row[NDCG_AT_10.name] for row in rows])
    change = gain = None
    if before is not None:
        first = _by_item(before, [row[NDCG_AT_10.name] for row in before])
        change, gain = _tested((high - low) - (first[0] - first[1]), rng), _size(low - first[1])
    scores = _scores(rows)
    places = _by_item(rows, [[-place for place in row["rank"]] for row in rows])
    return Side(
        gap=_size(high - low),
        frequent=float(high.mean()),
        rare=float(low.mean()),
        places=_size(places[0] - places[1]),
        relative=_relative(scores, rng),
        change=change,
        gain=gain,
        removed=None if before is None else _removed(_scores(before), scores, rng),
        score_gap=None if scores is None else _size(scores[0]),
        margin=None if scores is None else _size(scores[1]),
    )


def _scores(rows: Sequence[Row]) -> tuple[Values, Values] | None:
    """Return score gap and margin by item; None where no row has both."""
    known = [row for row in rows if row["score_gap"] is not None and row["margin"] is not None]
    return _by_item(known, [[row["score_gap"], row["margin"]] for row in known]) if known else None


def _relative(scores: tuple[Values, Values] | None, rng: np.random.Generator) -> Size | None:
    """Return mean score gap by mean margin; None where the margin is not above zero."""
    if scores is None or not above_zero(scores[1]):
        return None
    gap, margin = scores
    ends = ratio_interval(gap, margin, rng)
    return Size(value=float(gap.mean() / margin.mean()), low=ends.low, high=ends.high, n=len(gap))


def _removed(before: tuple[Values, Values] | None, after: tuple[Values, Values] | None, rng: np.random.Generator) -> Size | None:
    """Return 1 - |gap / margin after| / |gap / margin before|, items resampled once for all four means, BCa.

    It does not move when all scores are multiplied; a gap that turns round counts by its size. None where the gap before, or a margin,
    is not told from zero, since a share of what may be nothing has no bounded interval, and where the two are of other items.
    """
    if before is None or after is None or len(before[0]) != len(after[0]):
        return None
    if not (above_zero(np.sign(before[0].mean()) * before[0]) and above_zero(before[1]) and above_zero(after[1])):
        return None
    gap, margin = (np.stack([first, second], axis=1) for first, second in zip(before, after, strict=True))
    found = joint_relative(gap, margin, rng)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = [1 - np.abs(ratios[..., 1] / ratios[..., 0]) for ratios in (found.observed, found.replicates, found.jackknife)]
    ends = bca_ends(float(shares[0]), shares[1], shares[2])
    return Size(value=float(shares[0]), low=ends.low, high=ends.high, n=len(before[0]))


def _by_item(rows: Sequence[Row], values: Sequence[Sequence[float]]) -> tuple[Values, Values]:
    """Return the means over the rows of each item, one array a column, items in order of appearance."""
    where: dict[str, int] = {}
    places = np.array([where.setdefault(row["item"], len(where)) for row in rows], dtype=np.int64)
    table = np.array(values, dtype=np.float64).reshape(-1, 2)
    counts = np.bincount(places)
    first, second = (np.bincount(places, table[:, column]) / counts for column in (0, 1))
    return first, second


def _quality(rows: Sequence[Row]) -> Values:
    return np.array([row[NDCG_AT_10.name] for row in rows], dtype=np.float64)


def _size(values: Values) -> Size:
    ends = t_interval(values)
    return Size(value=float(values.mean()), low=ends.low, high=ends.high, n=len(values))


def _tested(values: Values, rng: np.random.Generator) -> Size:
    return replace(_size(values), p_value=sign_flip_p(values, rng))


def _adjusted(found: list[Remedy]) -> list[Remedy]:
    """Return the remedies of a model with p-values adjusted: those of gaps together, those of quality together."""
    changes = iter(_together([own.change for remedy in found for own in remedy.sides.values()]))
    costs = iter(_together([remedy.cost for remedy in found]))
    return [
        replace(remedy, sides={name: replace(own, change=next(changes)) for name, own in remedy.sides.items()}, cost=next(costs))
        for remedy in found
    ]


def _together(sizes: Sequence[Size | None]) -> list[Size | None]:
    known = [1.0 if size.p_value is None else size.p_value for size in sizes if size is not None]
    p_values = iter(benjamini_hochberg(np.array(known)).tolist() if known else ())
    return [None if size is None else replace(size, p_value=next(p_values)) for size in sizes]
