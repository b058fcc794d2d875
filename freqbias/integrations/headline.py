"""What a run comes down to, for a model that another tool holds: pairs, probes and estimates to a dictionary of numbers.

The modules for other tools (`freqbias.integrations.sentence_transformers`, `….mteb`) are entry points over all stages, as the
command line is; they reach the other stages through this module only. It goes the way of `freqbias run`, so the numbers are the ones
in `estimates.jsonl`. What resampling moves (p-values, bootstrap intervals) is left out: it depends on a model's name, which other tools
choose.

The numbers stand in groups, in this order; docs/evaluator.md has them in one table.

What wording costs. `CONTRAST_gap` with `CONTRAST_gap_ci_low` and `CONTRAST_gap_ci_high` (95 %), in the frequency arm; the same behind
`placebo_`, `length_` and `frequency_minus_placebo_`. A measure that is not the model's own stands behind the contrast
(`exact_form_win_rate_gap`). Beside these, in the frequency arm:

* `relative_gap`: the gap of `gloss` in units of the model's own exact - decoy margin. Its interval is ABC, the BCa interval of
  `freqbias run` without resampling, so that the two are about the same; none where that has none;
* `evenness` = 1 / (1 + |relative_gap|) = margin / (margin + |gap|): 1 where wording makes no difference, .5 where it makes as much as
  being right does, 0 for a model that does not tell right from wrong. Higher is better, and no collapse of the space can raise it. An
  absolute value never averages out, so small samples keep it below 1 in an even model. Its interval holds the evenness of every
  relative gap in that of `relative_gap` (up to 1 where this includes zero), and is [0, 1] where that has none;
* `guarded_evenness` = `evenness_ci_low` × `win_rate`: for choosing a checkpoint, since a loss of quality lowers it, as few items do.

What the model can do:

* `margin`: exact - decoy, in the model's own unit, with interval;
* `win_rate`: share of comparisons, in all wordings, in which the right document stands above the wrong one, with interval;
  `win_rate_EXACT_DECOY` (`high` or `low`): of those with the exact document in that form and its decoy in that form; the inversion rate
  is 1 - `win_rate`;
* `document_form_ndcg_at_10_high`, `…_low`, and so on: what the gaps of `retrieval` are differences of.

Sizes: `n_items`, `n_failed`, items behind the first gap and pairs that could not be measured.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from freqbias.analysis import estimate, frame
from freqbias.analysis.stats.resampling import Values, abc_interval, t_interval
from freqbias.analysis.table.contrasts import pair_gaps
from freqbias.errors import InputError
from freqbias.models.relevance import as_scorer
from freqbias.probes.common import LETTERS, gloss_queries
from freqbias.progress import Track, silent
from freqbias.records import Estimate, Pair
from freqbias.registry import load
from freqbias.terms import (
    CELLS,
    CROSSED,
    DIFFERENCE,
    FREQUENCY,
    HIGH,
    LENGTH,
    LOW,
    MRR_AT_10,
    NDCG_AT_10,
    PLACEBO,
    RECALL_AT_10,
    WIN_RATE,
)

DEFAULT_PAIRS = 80  # frequency pairs: what `freqbias run` takes
RESAMPLES = 999  # the fewest: nothing that is reported is resampled
SUFFIXES = ("", "_ci_low", "_ci_high")

ARMS = {FREQUENCY: "", PLACEBO: "placebo_", LENGTH: "length_", DIFFERENCE: "frequency_minus_placebo_"}
OWN = None  # the model's own measure

#: By probe, what is reported: (contrast, measure); the first one's sizes are those of the run.
REPORTED: dict[str, tuple[tuple[str, str | None], ...]] = {
    "similarity": (("gloss", OWN), ("background", OWN)),
    "inversion": (("decoy_form", OWN), ("exact_form", WIN_RATE.name), ("decoy_form", WIN_RATE.name)),
    "retrieval": (("document_form", NDCG_AT_10.name), ("document_form", RECALL_AT_10.name), ("document_form", MRR_AT_10.name)),
}


def usable(pairs: Sequence[Pair] | None) -> list[Pair]:
    """Return the pairs, or the bundled ones that `freqbias run` takes; `InputError` unless the frequency arm has glosses and decoys."""
    found = load("generators", "lexicon")(n=DEFAULT_PAIRS) if pairs is None else list(pairs)
    if not any(pair.arm == FREQUENCY and pair.decoys and gloss_queries(pair) for pair in found):
        raise InputError(
            "no pair of arm 'frequency' has both a gloss in 'queries' and 'decoys'; `freqbias pairs lexicon` makes some that do"
        )
    return found


def content_hash(pairs: Sequence[Pair]) -> str:
    """Return eight hexadecimal digits that change with any text, item or arm, and with nothing else."""
    rows = [[pair.item, pair.arm, pair.language, pair.high, pair.low, pair.queries, pair.decoys] for pair in pairs]
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()[:8]


def headline(pairs: Sequence[Pair], model: Any, probes: Sequence[str]) -> dict[str, float]:
    """Return the numbers of the named probes for one `Embedder` or `Scorer`, in a fixed order; nan where one is undefined.

    Which names there are depends on the pairs' arms and the probes alone, so that files of several models have the same columns.
    """
    return headline_and_items(pairs, model, probes)[0]


def headline_and_items(
    pairs: Sequence[Pair], model: Any, probes: Sequence[str], track: Track = silent
) -> tuple[dict[str, float], pd.DataFrame]:
    """Return the numbers of `headline`, and columns `gap` and `margin` of `gloss` in the frequency arm, a row an item."""
    scorer = as_scorer(model)
    rows = [row for name in probes for row in load("probes", name)(pairs, scorer, track)]
    wanted = [row for row in rows if (row.contrast, row.measure if row.measure != scorer.measure else OWN) in REPORTED[row.probe]]
    table = frame(wanted)
    estimates = estimate(table, pairs, resamples=RESAMPLES)
    measured = frame(row for row in rows if row.error is None and row.arm == FREQUENCY)
    items = _items(table)
    numbers = _gaps_of(probes, scorer.measure, estimates, {pair.arm for pair in pairs})
    if "similarity" in probes:
        numbers |= _relative(estimates, items)
    known = _known(probes, measured, items)
    if "evenness" in numbers and WIN_RATE.name in known:
        numbers["guarded_evenness"] = numbers["evenness_ci_low"] * known[WIN_RATE.name]
    failed = {row.pair_id for row in rows if row.error is not None}
    sizes = [row.n_items for row in estimates if row.probe == probes[0] and row.arm == FREQUENCY and row.term == "mean"]
    return numbers | known | {"n_items": float(max(sizes, default=0)), "n_failed": float(len(failed))}, items


def _gaps_of(probes: Sequence[str], measure: str, estimates: Sequence[Estimate], arms: set[str]) -> dict[str, float]:
    """Return the gaps of every contrast that is reported."""
    numbers: dict[str, float] = {}
    for probe in probes:
        for contrast, other in REPORTED[probe]:
            numbers |= _gaps(_name(contrast, other), (probe, other or measure, contrast), estimates, arms)
    return numbers


def _known(probes: Sequence[str], measured: pd.DataFrame, items: pd.DataFrame) -> dict[str, float]:
    """Return what the model can do."""
    numbers: dict[str, float] = {}
    if "similarity" in probes:
        numbers |= _with_interval("margin", items["margin"].to_numpy(dtype=float))
    if "inversion" in probes:
        numbers |= _win_rates(measured)
    for contrast, measure in REPORTED["retrieval"] if "retrieval" in probes else ():
        numbers |= _sides(_name(contrast, measure), ("retrieval", str(measure), contrast), measured)
    return numbers


def _name(contrast: str, measure: str | None) -> str:
    return contrast if measure is OWN else f"{contrast}_{measure}"


def _items(table: pd.DataFrame) -> pd.DataFrame:
    gaps = pair_gaps(table[(table["probe"] == "similarity") & (table["contrast"] == "gloss") & (table["arm"] == FREQUENCY)])
    own = gaps[gaps["contrast"] == "gloss"].dropna(subset=["gap", "margin"])
    return own.groupby("item", sort=True)[["gap", "margin"]].mean()


Key = tuple[str, str, str]  # probe, measure, contrast


def _gaps(name: str, key: Key, estimates: Sequence[Estimate], arms: set[str]) -> dict[str, float]:
    """Return the mean gap and its interval for every arm that the pairs have, and for the difference where they have both."""
    means = {row.arm: row for row in estimates if (row.probe, row.measure, row.contrast) == key and row.term == "mean"}
    if {FREQUENCY, PLACEBO} <= arms:
        arms = arms | {DIFFERENCE}
    numbers: dict[str, float] = {}
    for arm, prefix in ARMS.items():
        if arm in arms:
            row = means.get(arm)
            ends = (None, None, None) if row is None else (row.value, row.ci_low, row.ci_high)
            for suffix, value in zip(SUFFIXES, ends, strict=True):
                numbers[f"{prefix}{name}_gap{suffix}"] = math.nan if value is None else value
    return numbers


def _sides(name: str, key: Key, measured: pd.DataFrame) -> dict[str, float]:
    means = _item_means(key, measured, [HIGH, LOW]).mean()
    return {f"{name}_{side}": float(means[side]) for side in (HIGH, LOW)}


def _item_means(key: Key, measured: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return the means of columns by item, over its pairs, each pair's over its registers."""
    probe, measure, contrast = key
    rows = measured[(measured["probe"] == probe) & (measured["measure"] == measure) & (measured["contrast"] == contrast)]
    return rows.groupby(["item", "pair_id"])[columns].mean().groupby("item").mean()


def _with_interval(name: str, values: Values) -> dict[str, float]:
    """Return the mean over items with its interval, nan where there is none."""
    ends = t_interval(values)
    found = (values.mean() if len(values) else None, ends.low, ends.high)
    return {f"{name}{suffix}": math.nan if value is None else float(value) for suffix, value in zip(SUFFIXES, found, strict=True)}


def _relative(estimates: Sequence[Estimate], items: pd.DataFrame) -> dict[str, float]:
    found = [row for row in estimates if (row.probe, row.contrast, row.term) == ("similarity", "gloss", "relative")]
    row = found[0] if found and found[0].value is not None and math.isfinite(found[0].value) else None
    value = math.nan if row is None or row.value is None else row.value
    low = high = math.nan
    if row is not None and row.ci_low is not None and row.ci_high is not None:
        ends = abc_interval(items["gap"].to_numpy(dtype=float), items["margin"].to_numpy(dtype=float))
        low, high = (math.nan if end is None else end for end in (ends.low, ends.high))
    own = (0.0 if row is None else 1 / (1 + abs(value)), *evenness_interval(low, high))
    names = [f"{name}{suffix}" for name in ("relative_gap", "evenness") for suffix in SUFFIXES]
    return dict(zip(names, (value, low, high, *own), strict=True))


def evenness_interval(low: float, high: float) -> tuple[float, float]:
    """Return the least and the greatest 1 / (1 + |x|) of all x from `low` to `high`; (0, 1), nothing known, where an end is nan.

    What holds the relative gap in 95 of 100 samples holds the evenness in at least as many.

    >>> evenness_interval(-0.25, 1.0)
    (0.5, 1.0)
    >>> evenness_interval(-3.0, -1.0)
    (0.25, 0.5)
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return 0.0, 1.0
    least = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    return 1 / (1 + max(abs(low), abs(high))), 1 / (1 + least)


def _win_rates(measured: pd.DataFrame) -> dict[str, float]:
    cells = _item_means(("inversion", WIN_RATE.name, CROSSED), measured, [*CELLS])
    means = cells.mean()
    by_form = {f"win_rate_{LETTERS[cell[0]]}_{LETTERS[cell[1]]}": float(means[cell]) for cell in CELLS}
    return _with_interval(WIN_RATE.name, cells.mean(axis=1).to_numpy(dtype=float)) | by_form
