"""What a run could not measure, or measured on less than the whole text, in sentences for the report."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from freqbias.analysis.report.sentences import said
from freqbias.records import Estimate


def notes(manifest: Mapping[str, Any] | None, observations: pd.DataFrame | None, estimates: Sequence[Estimate]) -> list[str]:
    """Return one sentence per probe that measured nothing, per probe with failed pairs, and per model that cut texts."""
    return [*_empty(manifest, estimates), *_failed(observations), *_cut(observations)]


def _empty(manifest: Mapping[str, Any] | None, estimates: Sequence[Estimate]) -> Iterator[str]:
    have = {(row.model, row.probe) for row in estimates}
    for step in (manifest or {}).get("probing", {}).get("steps", []):
        if (step["model"], step["probe"]) not in have:
            yield said("note_empty", probe=step["probe"], model=step["model"])


def _failed(observations: pd.DataFrame | None) -> Iterator[str]:
    if observations is None:
        return
    pairs: dict[Any, int] = observations.groupby(["model", "probe"])["pair_id"].nunique().to_dict()
    errors = observations[observations["error"].notna()]
    for (model, probe), rows in errors.groupby(["model", "probe"]):
        reason = rows["error"].mode().iloc[0]
        n = rows["pair_id"].nunique()
        yield said("note_failed", probe=str(probe), model=str(model), n=str(n), all=str(pairs[model, probe]), reason=str(reason))


def _cut(observations: pd.DataFrame | None) -> Iterator[str]:
    if observations is None or "truncated_high" not in observations.columns:
        return
    pairs = observations.groupby("model")["pair_id"].nunique()
    cut = observations[(observations["truncated_high"] > 0) | (observations["truncated_low"] > 0)]
    for model, rows in cut.groupby("model"):
        yield said("note_cut", model=str(model), n=str(rows["pair_id"].nunique()), all=str(pairs[model]))
