"""The numerical noise floor: how far a model's numbers move when only the composition of the batch changes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from freqbias.models import Embedder, LanguageModel

TEXTS = 32  # enough for several lengths in one batch


def embedder_noise(model: Embedder, texts: Sequence[str]) -> float:
    """Return the largest change of a cosine between neighbouring texts when each text is encoded alone; 0 for no texts."""
    chosen = list(dict.fromkeys(texts))[:TEXTS]
    if len(chosen) < 2:
        return 0.0
    together = model.encode(chosen, role="document")
    alone = np.concatenate([model.encode([text], role="document") for text in chosen])
    return float(np.nanmax(np.abs(_neighbours(together) - _neighbours(alone)), initial=0.0))


def _neighbours(vectors: NDArray[Any]) -> NDArray[np.float64]:
    vectors = vectors.astype(np.float64)
    norms = np.linalg.norm(vectors, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((vectors[1:] * vectors[:-1]).sum(axis=1) / (norms[1:] * norms[:-1]))


def language_model_noise(model: LanguageModel, texts: Sequence[str]) -> float:
    """Return the largest change of a text's log-probability, in nats, when each text is scored alone; 0 for no texts."""
    chosen = list(dict.fromkeys(texts))[:TEXTS]
    together = [row.sum() for row in model.log_probs(chosen)]
    alone = [model.log_probs([text])[0].sum() for text in chosen]
    return float(max((abs(a - b) for a, b in zip(together, alone, strict=True)), default=0.0))
