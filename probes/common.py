"""What several probes need: rows, errors, and the covariates of a document that depend on the model."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from freqbias.models import ModelInfo
from freqbias.models.relevance import Scorer
from freqbias.records import Observation, Pair

SIDES = ("high", "low")


def observation(
    probe: str,
    measure: str,
    pair: Pair,
    info: ModelInfo,
    contrast: str,
    values: Mapping[str, Any],
    covariates: Mapping[str, Any],
    register: str | None = None,
) -> Observation:
    """Return one row; `values` holds `high` and `low`, or `cells`, or `error`, and where there are some `decoys`."""
    return Observation(
        pair_id=pair.id,
        item=pair.item,
        arm=pair.arm,
        probe=probe,
        measure=measure,
        contrast=contrast,
        register=register,
        model=info.name,
        revision=info.revision or info.fingerprint,
        covariates=covariates,
        **values,
    )


def unscorable(values: Mapping[str, float]) -> dict[str, str]:
    """Return the `error` field of a row when a value, named by its text or cell, is not a number; else nothing."""
    for name, value in values.items():
        if not math.isfinite(value):
            return {"error": f"the model gives no finite score for {name[:60]!r}"}
    return {}


def reason(model: Any, texts: Sequence[str]) -> str:
    """Return ` ('TEXT': REASON)` of the first of the texts that the model knows a reason for (its `errors`); empty without one."""
    errors: Mapping[str, str] = getattr(model, "errors", {})
    return next((f" ({text[:60]!r}: {errors[text]})" for text in texts if text in errors), "")


def document_covariates(pairs: Sequence[Pair], model: Scorer) -> dict[str, dict[str, list[int]]]:
    """Return `subwords` and `truncated` of both forms by pair id; empty where the model has no tokenizer that could be asked."""
    counts = model.token_counts([getattr(pair, side) for pair in pairs for side in SIDES])
    if counts is None:
        return {pair.id: {} for pair in pairs}
    limit = model.max_tokens
    cut = [int(limit is not None and count > limit) for count in counts]
    return {pair.id: {"subwords": counts[2 * k : 2 * k + 2], "truncated": cut[2 * k : 2 * k + 2]} for k, pair in enumerate(pairs)}
