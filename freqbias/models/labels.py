"""How likely a language model finds each of a few labels, such as `A` and `B`, as the answer to a message."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from freqbias.models.protocols import LanguageModel
from freqbias.terms import LOG_PROB

ANSWER_START = "Answer:"  # of the model's turn: what follows is a label, and not the beginning of a sentence


def label_log_probs(
    model: LanguageModel, messages: Sequence[str], labels: Sequence[str], *, start: str = ANSWER_START
) -> NDArray[np.float64]:
    """Return log p(label | message, start of the answer) of every label, in nats; shape (n messages, k labels).

    A message is put as the model wants to be asked (its chat template); a label stands behind `start` and a space.
    """
    contexts = [answer_context(model, message, start) for message in messages]
    asked = [context for context in contexts for _ in labels]
    scores = model.continuation_log_probs(asked, [f" {label}" for _ in messages for label in labels])
    return np.asarray(scores, dtype=np.float64).reshape(len(messages), len(labels))


def answer_context(model: LanguageModel, message: str, start: str = ANSWER_START) -> str:
    """Return what a model goes on from: a message as it wants to be asked, and the start of its answer; a chat template ends its turn."""
    between = "" if model.info.details.get("prompt_format") == "chat template" else "\n"
    return f"{model.format_prompt(message)}{between}{start}"


def labels_measure(model: LanguageModel) -> str:
    """Return the measure that `label_log_probs` gives of a model."""
    return LOG_PROB.name
