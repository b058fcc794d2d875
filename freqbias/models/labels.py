"""How likely a language model finds each of a few labels, such as `A` and `B`, as the answer to a message."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from freqbias.models.protocols import LanguageModel

ANSWER_START = "Answer:"  # of the model's turn: what follows is a label, and not the beginning of a sentence


def label_log_probs(
    model: LanguageModel, messages: Sequence[str], labels: Sequence[str], *, start: str = ANSWER_START
) -> NDArray[np.float64]:
    """Return log p(label | message, start of the answer) of every label, in nats; shape (n messages, k labels).

    A message is put as the model wants to be asked (its chat template); a label stands behind `start` and a space.
    """
    contexts = [f"{model.format_prompt(message)}{_gap(model)}{start}" for message in messages]
    asked = [context for context in contexts for _ in labels]
    scores = model.continuation_log_probs(asked, [f" {label}" for _ in messages for label in labels])
    return np.asarray(scores, dtype=np.float64).reshape(len(messages), len(labels))


def _gap(model: LanguageModel) -> str:
    """Return what stands between a message and the answer: a chat template ends its turn itself."""
    return "" if model.info.details.get("prompt_format") == "chat template" else "\n"
