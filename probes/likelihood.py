"""Language-model probe `likelihood`: what a causal model expects of frequent and rare wording.

Rows written, all with measure `log_prob_nats`:

* `raw`: log p(high), log p(low) of the whole forms. Zero is the wrong null here, since a model *should* give frequent words more
  mass; from these rows the analysis takes `calibration`, the slope on the corpus log-odds, whose null is 1;
* `downstream` (one row a register): log p of the *same* continuation, a gloss of the item, after the high and after the low
  form. `decoys` holds the same after the pair's wrong documents, which gives the model's own scale.

What could fake a result, and what is done about it: the continuation's own frequency (the same text on both sides), word
repetition (glosses share no stem with the forms), register (two, averaged with equal weight), the first token (conditioned on a
stated BOS by the backend), tokens that straddle form and continuation (the bridge keeps them apart), fragmentation (log p of a
form sums over its subwords, so the chain rule holds; `subwords` is recorded).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from freqbias.models import LanguageModel
from freqbias.probes import Probe
from freqbias.progress import Track, chunks, silent
from freqbias.records import REGISTERS, Observation, Pair

BRIDGE = " In other words:"  # leads from a sentence to any phrase, and repeats no content word
CHUNK = 64  # texts between two moves of the progress bar
SIDES = ("high", "low")


def run(pairs: Sequence[Pair], model: LanguageModel, *, track: Track = silent) -> Iterator[Observation]:
    """Yield the rows of every pair; see the module's docstring."""
    whole = _whole(pairs, model, track)
    after = _after(pairs, model, track)
    texts = [getattr(pair, side) for pair in pairs for side in SIDES]
    counts = model.token_counts(texts)
    for k, pair in enumerate(pairs):
        covariates = {} if counts is None else {"subwords": counts[2 * k : 2 * k + 2]}
        yield _row(pair, model, "raw", None, {side: whole[getattr(pair, side)] for side in SIDES}, covariates)
        for register in REGISTERS:
            gloss = _gloss(pair, register)
            if gloss is None:
                continue
            values: dict[str, Any] = {side: after[getattr(pair, side), gloss] for side in SIDES}
            if _decoys(pair):
                values["decoys"] = {side: after[text, gloss] for side, text in _decoys(pair).items()}
            yield _row(pair, model, "downstream", register, values, covariates)


def _gloss(pair: Pair, register: str) -> str | None:
    """Return the first gloss of a register: the continuation; further ones would double the cost for the same item."""
    texts = pair.queries.get(f"gloss_{register}") or [None]
    first: str | None = texts[0]
    return first


def _decoys(pair: Pair) -> Mapping[str, str]:
    """Return the decoys to score: those of the frequency arm, which give the scale; the controls would only cost time."""
    return pair.decoys if pair.arm == "frequency" else {}


def _whole(pairs: Sequence[Pair], model: LanguageModel, track: Track) -> dict[str, float]:
    texts = sorted({getattr(pair, side) for pair in pairs for side in SIDES}, key=lambda text: (-len(text), text))
    parts = list(chunks(texts, CHUNK))
    values = [row.sum() for part in track(parts, f"{model.info.name}: score forms", len(parts)) for row in model.log_probs(part)]
    return dict(zip(texts, map(float, values), strict=True))


def _after(pairs: Sequence[Pair], model: LanguageModel, track: Track) -> dict[tuple[str, str], float]:
    """Return log p(gloss | document, bridge) of every distinct couple that the pairs ask for."""
    couples = {
        (document, gloss)
        for pair in pairs
        for register in REGISTERS
        if (gloss := _gloss(pair, register)) is not None
        for document in (pair.high, pair.low, *_decoys(pair).values())
    }
    ordered = sorted(couples, key=lambda couple: (-len(couple[0]) - len(couple[1]), couple))
    values: list[float] = []
    parts = list(chunks(ordered, CHUNK))
    for part in track(parts, f"{model.info.name}: score continuations", len(parts)):
        scores = model.continuation_log_probs([document + BRIDGE for document, _ in part], [f" {gloss}" for _, gloss in part])
        values.extend(map(float, scores))
    return dict(zip(ordered, values, strict=True))


def _row(
    pair: Pair, model: LanguageModel, contrast: str, register: str | None, values: dict[str, Any], covariates: dict[str, Any]
) -> Observation:
    numbers = [values["high"], values["low"], *values.get("decoys", {}).values()]
    error = None if np.isfinite(numbers).all() else f"{model.info.name} gave a log-probability that is not finite"
    return Observation(
        pair_id=pair.id,
        item=pair.item,
        arm=pair.arm,
        probe="likelihood",
        measure="log_prob_nats",
        contrast=contrast,
        register=register,
        model=model.info.name,
        revision=model.info.revision or model.info.fingerprint,
        covariates=covariates,
        error=error,
        **({} if error else values),
    )


probe = Probe(
    name="likelihood",
    needs="language_model",
    summary="log-probability of both forms, and of the same gloss after either",
    run=run,
    settings={"bridge": BRIDGE},
)
