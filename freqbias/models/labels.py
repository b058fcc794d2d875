"""How likely a language model finds each of a few labels, such as `A` and `B`, as the answer to a message.

There are two ways, and which one it is the model says, never the caller: as continuations of the message and the start of an answer, or,
of a server that scores no text, by the first token of the answer (`AnswersLabels`). What would make one a fault of the other:

* the two are other numbers. Where the answer is begun for the model a label is its next word; where the start can only be asked for, as
  the last line of the message, it may also begin with "The". So they are two measures (`labels_measure`), and no estimate mixes them;
* a server tells of its likeliest tokens only. A label that is not among them has no number; it is not unlikely by some default;
* a label is all the tokens that are it but for white space ("A", " A"): their probabilities are added up. "A." is none of them, since
  nobody knows what other labels with a stop would have. A rare variant beyond the likeliest tokens is missing from the sum;
* a first token cannot tell `1` from the beginning of `10`, nor read two words: such labels are refused.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from freqbias.errors import BackendError, InputError, in_one_line
from freqbias.models.protocols import AnswersLabels, LanguageModel, offers
from freqbias.terms import LOG_PROB

BY_FIRST = "first_token_"  # before the name of a measure of labels
ANSWER_START = "Answer:"  # of the model's turn: what follows is a label, and not the beginning of a sentence


def label_log_probs(
    model: LanguageModel, messages: Sequence[str], labels: Sequence[str], *, start: str = ANSWER_START
) -> NDArray[np.float64]:
    """Return log p(label | message, start of the answer) of every label, in nats; shape (n messages, k labels).

    A message is put as the model wants to be asked (its chat template); a label stands behind `start` and a space, or alone where
    `start` is empty. Of a model without
    continuations it is log p(the first token of the answer is the label | message), and `start` is the message's last line, since
    nothing can be put into its mouth: the message must ask for the label alone.

    NaN where there is no number; the model's `errors` say why, under one of `label_texts`.
    """
    if by_first_token(model):
        check_first_tokens(labels)
        return labels_of(model, [_with_start(message, start) for message in messages], labels)
    contexts = [answer_context(model, message, start) for message in messages]
    asked = [context for context in contexts for _ in labels]
    scores = model.continuation_log_probs(asked, [behind(start, label) for _ in messages for label in labels])
    return np.asarray(scores, dtype=np.float64).reshape(len(messages), len(labels))


def answer_context(model: LanguageModel, message: str, start: str = ANSWER_START) -> str:
    """Return what a model goes on from: a message as it wants to be asked, and the start of its answer; a chat template ends its turn.

    Where the template is the server's own the start is the last line of the message.
    """
    put = model.format_prompt(message)
    between = "" if put != message and model.info.details.get("prompt_format") == "chat template" else "\n"
    return f"{put}{between}{start}"


def behind(start: str, answer: str) -> str:
    """Return an answer as it goes on from its start: behind a space, or, where nothing is begun, as the first word."""
    return f" {answer}" if start else answer


def labels_measure(model: LanguageModel, measure: str = LOG_PROB.name) -> str:
    """Return what a measure of labels is called, of a model: as it is, or, of one that tells first tokens, `first_token_…`."""
    return BY_FIRST + measure if by_first_token(model) else measure


def label_texts(model: LanguageModel, message: str, labels: Sequence[str], *, start: str = ANSWER_START) -> list[str]:
    """Return the texts by which a model may know why labels of a message have no number: what `observation` takes as `asked`."""
    if by_first_token(model):
        put = _with_start(message, start)
        return [put, *(label_text(put, label) for label in labels)]
    return [answer_context(model, message, start) + behind(start, label) for label in labels]


def _with_start(message: str, start: str) -> str:
    return f"{message}\n{start}" if start else message


def label_text(message: str, label: str) -> str:
    """Return the text by which a model that is asked for first tokens says why a label has no number."""
    return f"{message} {label}"


def by_first_token(model: object) -> bool:
    """Tell whether labels of a model are scored by the first token of its answer: it says that it has no continuations."""
    return offers(model, AnswersLabels) and not model.has_continuations


def labels_of(model: object, messages: Sequence[str], labels: Sequence[str]) -> NDArray[np.float64]:
    """Return what a model says of first tokens, shape (n, k); `BackendError` for another shape, or for what is no number."""
    name = f"model '{getattr(getattr(model, 'info', None), 'name', type(model).__name__)}'"
    with in_one_line(BackendError, name, model):
        found = np.array(cast("AnswersLabels", model).label_log_probs(messages, labels), dtype=np.float64)
    shape = len(messages), len(labels)
    if found.shape != shape and (found.size or 0 not in shape):
        raise BackendError(
            f"{name}: label_log_probs gave shape {found.shape} for {len(messages)} messages and {len(labels)} labels; expected (n, k)"
        )
    return found.reshape(shape)


def check_first_tokens(labels: Sequence[str]) -> None:
    """Raise `InputError` for labels that the first token of an answer cannot tell apart."""
    for label in labels:
        if len(label.split()) != 1 or label != label.strip():
            raise InputError(
                f"label {label!r} is not one word, and this model tells the first token of an answer only; use labels such as A"
            )
    for label in labels:
        longer = next((other for other in labels if other != label and other.startswith(label)), None)
        if longer is not None:
            raise InputError(
                f"label {label!r} is how {longer!r} begins, and this model tells the first token of an answer only; use labels such as A"
            )
