"""The numerical noise floor: how far a model's numbers move when only the composition of the batch changes."""

from collections.abc import Sequence

import numpy as np

from freqbias.models import LanguageModel
from freqbias.models.relevance import Scorer

TEXTS = 32  # enough for several lengths in one batch


def scorer_noise(model: Scorer, texts: Sequence[str]) -> float | None:
    """Return the largest change of a relevance between neighbouring texts when each couple is scored alone.

    None where nothing could be compared: fewer than two texts, or no finite score.
    """
    chosen = list(dict.fromkeys(texts))[:TEXTS]
    if len(chosen) < 2:
        return None
    together = model.uncached().scores(chosen[1:], chosen[:-1])
    alone = [model.uncached().scores([query], [document])[0] for query, document in zip(chosen[1:], chosen[:-1], strict=True)]
    change = np.abs(together - alone)
    change = change[np.isfinite(change)]
    return float(change.max()) if len(change) else None


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
