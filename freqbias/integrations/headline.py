"""What a run comes down to, for a model that another tool holds: pairs, probes and estimates to a dictionary of numbers.

The modules for other tools (`freqbias.integrations.sentence_transformers`, `….mteb`) are entry points over all stages, as the
command line is; they reach the other stages through this module only. It goes the way of `freqbias run`, so the numbers are the ones
in `estimates.jsonl`. What resampling moves (p-values, bootstrap intervals) is left out: it depends on a model's name, which other tools
choose.

Names of numbers: `CONTRAST_gap` with `CONTRAST_gap_ci_low` and `CONTRAST_gap_ci_high` (95 %), in the frequency arm; the same behind
`placebo_`, `length_` and `frequency_minus_placebo_`. A measure that is not the model's own stands behind the contrast
(`exact_form_win_rate_gap`). Beside these, in the frequency arm:

* `relative_gap`: the gap of `gloss` in units of the model's own exact - decoy margin;
* `evenness` = 1 / (1 + |relative_gap|) = margin / (margin + |gap|): 1 where wording makes no difference, .5 where it makes as much as
  being right does, 0 for a model that does not tell right from wrong. Higher is better, and no collapse of the space can raise it. An
  absolute value never averages out, so small samples keep it below 1 in an even model;
* `win_rate_EXACT_DECOY` (`high` or `low`): share of glosses for which the exact document in that form stands above its decoy in that
  form; the inversion rate is 1 - `win_rate`;
* `document_form_ndcg_at_10_high`, `…_low`, and so on: what the gaps of `retrieval` are differences of;
* `n_items`, `n_failed`: items behind the first gap, pairs that could not be measured.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from freqbias.analysis import estimate, frame
from freqbias.errors import InputError
from freqbias.models.relevance import as_scorer
from freqbias.probes.common import LETTERS, gloss_queries
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
    scorer = as_scorer(model)
    rows = [row for name in probes for row in load("probes", name)(pairs, scorer)]
    wanted = [row for row in rows if (row.contrast, row.measure if row.measure != scorer.measure else OWN) in REPORTED[row.probe]]
    estimates = estimate(frame(wanted), pairs, resamples=RESAMPLES)
    measured = frame(row for row in rows if row.error is None and row.arm == FREQUENCY)
    arms = {pair.arm for pair in pairs}
    numbers: dict[str, float] = {}
    for probe in probes:
        for contrast, measure in REPORTED[probe]:
            name = contrast if measure is OWN else f"{contrast}_{measure}"
            key = (probe, measure or scorer.measure, contrast)
            numbers |= _gaps(name, key, estimates, arms)
            if probe == "retrieval":
                numbers |= _sides(name, key, measured)
    if "similarity" in probes:
        numbers |= _relative(estimates)
    if "inversion" in probes:
        numbers |= _win_rates(measured)
    failed = {row.pair_id for row in rows if row.error is not None}
    sizes = [row.n_items for row in estimates if row.probe == probes[0] and row.arm == FREQUENCY and row.term == "mean"]
    return numbers | {"n_items": float(max(sizes, default=0)), "n_failed": float(len(failed))}


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
            for suffix, value in zip(("gap", "gap_ci_low", "gap_ci_high"), ends, strict=True):
                numbers[f"{prefix}{name}_{suffix}"] = math.nan if value is None else value
    return numbers


def _sides(name: str, key: Key, measured: pd.DataFrame) -> dict[str, float]:
    means = _item_means(key, measured, [HIGH, LOW])
    return {f"{name}_{side}": float(means[side]) for side in (HIGH, LOW)}


def _item_means(key: Key, measured: pd.DataFrame, columns: list[str]) -> "pd.Series[float]":
    """Return the means of columns over items, each item's over its pairs first, each pair's over its registers."""
    probe, measure, contrast = key
    rows = measured[(measured["probe"] == probe) & (measured["measure"] == measure) & (measured["contrast"] == contrast)]
    means: pd.Series[float] = rows.groupby(["item", "pair_id"])[columns].mean().groupby("item").mean().mean()
    return means


def _relative(estimates: Sequence[Estimate]) -> dict[str, float]:
    found = [row.value for row in estimates if (row.probe, row.contrast, row.term) == ("similarity", "gloss", "relative")]
    if not found or found[0] is None or not math.isfinite(found[0]):
        return {"relative_gap": math.nan, "evenness": 0.0}
    return {"relative_gap": found[0], "evenness": 1 / (1 + abs(found[0]))}


def _win_rates(measured: pd.DataFrame) -> dict[str, float]:
    means = _item_means(("inversion", WIN_RATE.name, CROSSED), measured, [*CELLS])
    return {f"win_rate_{LETTERS[cell[0]]}_{LETTERS[cell[1]]}": float(means[cell]) for cell in CELLS}
