"""The numerical noise floor: how far a model's numbers move when only the composition of the batch changes, or nothing at all."""

from collections.abc import Sequence

import numpy as np

from freqbias.models import LanguageModel
from freqbias.models.labels import label_log_probs
from freqbias.models.relevance import Scorer
from freqbias.probes.common import prompt

TEXTS = 32  # enough for several lengths in one batch
LABEL_TEXTS = 6  # each asked twice, by requests that somebody may have to pay for
LABELS = ("A", "B")  # of the question about them
SCORER_TEXTS = 5  # texts alone cost a call each: with their batch they stay below a twentieth of what 200 pairs have encoded


def scorer_noise(model: Scorer, texts: Sequence[str]) -> float | None:
    """Return the largest change of a relevance between neighbouring texts when each couple is scored alone.

    `SCORER_TEXTS` texts are taken, from the shortest to one of median length, so that a batch pads most of them and none is dear.
    None where nothing could be compared: fewer than two texts, or no finite score.
    """
    chosen = _short_ones(texts)
    if len(chosen) < 2:
        return None
    together = model.uncached().scores(chosen[1:], chosen[:-1])
    alone = [model.uncached().scores([query], [document])[0] for query, document in zip(chosen[1:], chosen[:-1], strict=True)]
    change = np.abs(together - alone)
    change = change[np.isfinite(change)]
    return float(change.max()) if len(change) else None


def _short_ones(texts: Sequence[str]) -> list[str]:
    """Return a few distinct texts, evenly spread by length over the shorter half."""
    ranked = sorted(dict.fromkeys(texts), key=lambda text: (len(text), text))
    if len(ranked) <= SCORER_TEXTS:
        return ranked
    last = max(SCORER_TEXTS - 1, (len(ranked) - 1) // 2)
    return [ranked[round(k * last / (SCORER_TEXTS - 1))] for k in range(SCORER_TEXTS)]


def language_model_noise(model: LanguageModel, texts: Sequence[str]) -> float | None:
    """Return the largest difference, in nats, between log-probabilities of one text in different batches.

    None where nothing could be compared: no text, or none with a finite log-probability.
    The batches are: all texts together, every second one in reverse order, each text alone.
    """
    chosen = list(dict.fromkeys(texts))[:TEXTS]
    batches = [chosen, chosen[::-2], *([text] for text in chosen)]
    found: dict[str, list[float]] = {text: [] for text in chosen}
    for batch in batches:
        for text, row in zip(batch, model.log_probs(batch), strict=True):
            found[text].append(float(row.sum()))
    ranges = [max(values) - min(values) for values in found.values() if np.isfinite(values).all()]
    return max(ranges, default=None)


def label_noise(model: LanguageModel, texts: Sequence[str]) -> float | None:
    """Return the largest difference, in nats, between the log-probability of a label, asked beside others and asked alone.

    For a model that tells the first token of an answer only (`freqbias.models.labels`); hosted ones answer one request in many batches.
    None where nothing could be compared: no text, or no label among the likeliest tokens twice.
    """
    question = prompt("noise-labels-v1")
    messages = [question.format(text=text) for text in dict.fromkeys(texts)][:LABEL_TEXTS]
    together = label_log_probs(model, messages, LABELS)
    alone = [label_log_probs(model, [message], LABELS)[0] for message in messages]
    change = np.abs(together - np.reshape(alone, together.shape))
    change = change[np.isfinite(change)]
    return float(change.max()) if len(change) else None
