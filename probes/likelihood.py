"""Language-model probe `likelihood`: what a causal model expects of frequent and rare wording.

Rows written, all with measure `log_prob_nats`:

* `raw`: log p(high), log p(low) of the whole forms. Zero is the wrong null here, since a model *should* give frequent words more
  mass; from these rows the analysis takes `calibration`, the slope on the corpus log-odds, whose null is 1;
* `downstream` (one row a register): log p of the *same* continuation, a gloss of the item, after the high and after the low
  form. `decoys` holds the same after the pair's wrong documents, which gives the model's own scale.

What could fake a result, and what is done about it: the continuation's own frequency (the same text on both sides), word
repetition (glosses share no stem with the forms), register (two, averaged with equal weight), the first token (conditioned on a
stated BOS by the backend), tokens that straddle form and continuation (the bridge keeps them apart), fragmentation (log p of a
form sums over its subwords, so the chain rule holds; `subwords` and `whole_word` are recorded).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from freqbias.models import LanguageModel
from freqbias.models.log_probs import checked
from freqbias.probes import Judgement, Probe
from freqbias.probes.common import form_covariates, observation, prompt
from freqbias.records import Observation, Pair
from freqbias.terms import FREQUENCY, HIGH, LOG_PROB, LOW, REGISTERS, SIDES

BRIDGE = prompt("likelihood-bridge-v1")  # leads from a sentence to any phrase, and repeats no content word


def run(pairs: Sequence[Pair], model: LanguageModel, common: None = None) -> Iterator[Observation]:
    """Yield the rows of every pair; see the module's docstring. A number that cannot be a log-probability is an error."""
    model = checked(model)
    whole = _whole(pairs, model)
    after = _after(pairs, model)
    of_forms = form_covariates(pairs, model)
    for pair in pairs:
        covariates = of_forms[pair.id]
        forms = {side: whole[getattr(pair, side)] for side in SIDES}
        yield _row(pair, model, "raw", None, forms, covariates, [getattr(pair, side) for side in SIDES])
        for register in REGISTERS:
            gloss = _gloss(pair, register)
            if gloss is None:
                continue
            values: dict[str, Any] = {side: after[getattr(pair, side), gloss] for side in SIDES}
            if _decoys(pair):
                values["decoys"] = {side: after[text, gloss] for side, text in _decoys(pair).items()}
            asked = [document + BRIDGE + f" {gloss}" for document in (pair.high, pair.low, *_decoys(pair).values())]
            yield _row(pair, model, "downstream", register, values, covariates, asked)


def _gloss(pair: Pair, register: str) -> str | None:
    """Return the first gloss of a register: the continuation; further ones would double the cost for the same item."""
    texts = pair.queries.get(f"gloss_{register}") or [None]
    first: str | None = texts[0]
    return first


def _decoys(pair: Pair) -> Mapping[str, str]:
    """Return the decoys to score: those of the frequency arm, which give the scale; the controls would only cost time."""
    return pair.decoys if pair.arm == FREQUENCY else {}


def _whole(pairs: Sequence[Pair], model: LanguageModel) -> dict[str, float]:
    texts = list(dict.fromkeys(getattr(pair, side) for pair in pairs for side in SIDES))  # pair by pair: a model may stop on its way
    return {text: float(row.sum()) for text, row in zip(texts, model.log_probs(texts), strict=True)}


def _after(pairs: Sequence[Pair], model: LanguageModel) -> dict[tuple[str, str], float]:
    """Return log p(gloss | document, bridge) of every distinct couple that the pairs ask for."""
    couples = list(
        dict.fromkeys(
            (document, gloss)
            for pair in pairs
            for register in REGISTERS
            if (gloss := _gloss(pair, register)) is not None
            for document in (pair.high, pair.low, *_decoys(pair).values())
        )
    )
    scores = model.continuation_log_probs([document + BRIDGE for document, _ in couples], [f" {gloss}" for _, gloss in couples])
    return dict(zip(couples, map(float, scores), strict=True))


def _row(
    pair: Pair,
    model: LanguageModel,
    contrast: str,
    register: str | None,
    values: dict[str, Any],
    covariates: dict[str, Any],
    asked: Sequence[str],
) -> Observation:
    numbers = [values[HIGH], values[LOW], *values.get("decoys", {}).values()]
    if not np.isfinite(numbers).all():
        values = {"error": f"{model.info.name} gave no finite log-probability"}
    return observation("likelihood", LOG_PROB.name, pair, model, contrast, values, covariates, register, asked)


probe = Probe(
    name="likelihood",
    needs="language_model",
    summary="log-probability of both forms, and of the same gloss after either",
    questions={"downstream": "Does rare wording make what follows less likely?"},
    glossary={
        "downstream": "How much likelier the model finds one and the same next text after the frequent form than after the rare form.",
        "raw": "How much likelier the model finds the frequent form itself. Any good model does, so this is described and not tested.",
    },
    judgement=Judgement(contrast="downstream", meaning="makes a description of its content more likely to follow"),
    run=run,
    prompts={"bridge": BRIDGE},
    settings={"bridge": BRIDGE},
)
