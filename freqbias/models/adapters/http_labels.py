"""Labels by the first token of a chat's answer: what a server says of the likeliest ones, read without trust.

What could make a number here an artefact, and what is done about it:

* thoughts: the first token of a model that thinks aloud is no answer. An answer that is all reasoning fails, and so does one whose
  likeliest token opens a thought. (A chat template that opens it itself cannot be seen in one token: serve such a model without
  reasoning.)
* a refusal, a filter, an answer that was broken off: they fail as a text would, whatever numbers come along;
* numbers that are no probabilities: above 0, not a number, or adding up to more than 1 fail the answer;
* numbers that stand for "unknown" (-9999, -100): the token has none (`freqbias.models.log_probs`), the others keep theirs;
* numbers after temperature 0, where one token has all: such a server is found out when it is asked first, and lacks the ability;
* one token told twice, as what was drawn and among the likeliest, counts once.
"""

from collections.abc import Mapping, Sequence
from math import exp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from freqbias.models.adapters.http_answers import Answer, first_choice, numbers, text
from freqbias.models.adapters.http_echo import without_margins
from freqbias.models.labels import label_text
from freqbias.models.log_probs import ROUNDING, fault_of_tokens

Ranked = Sequence[tuple[str, float]]  # tokens that an answer might have begun with, and their log-probabilities in nats

#: Of `top_logprobs`, in the order of trial: the most that OpenAI's interface and vLLM's default allow, and the most of others (older
#: models of OpenAI and Azure).
TOP = (20, 5)
MOST_IN_ALL = 1.01  # that probabilities add up to: logarithms that are rounded to two decimals make .5 % of it
#: How the first token of a thought begins: Qwen, DeepSeek and others; gpt-oss; Mistral.
THOUGHTS = ("<think", "<thought", "<reason", "<|channel|>", "[THINK]")
FEWEST_KNOWN = 2  # tokens of a test answer that must have a number: one alone is what temperature 0 leaves


def first_tokens(data: Answer) -> Ranked:
    """Return the tokens that an answer might have begun with; `ValueError` for no answer, for a thought, and for no probabilities."""
    text(data)
    told = first_choice(data).get("logprobs")
    if not isinstance(told, Mapping):
        raise ValueError("no log-probabilities")
    found = _told(told)
    if not found:
        raise ValueError("no log-probabilities of the likeliest first tokens")
    numbers([value for _, value in found if value != -np.inf], "log-probabilities")  # that is a token's own fault, as -9999 is
    ranked = list(dict.fromkeys((str(token), float(value)) for token, value in found))
    highest = max(ranked, key=lambda row: row[1])
    if highest[1] > ROUNDING:
        raise ValueError(fault_of_tokens([highest[1]]))
    if without_margins(highest[0]).startswith(THOUGHTS):
        raise ValueError(f"an answer that begins with a thought ({highest[0].strip()}); serve the model without reasoning")
    if (total := sum(exp(value) for _, value in ranked)) > MOST_IN_ALL:
        raise ValueError(f"probabilities of tokens that add up to {total:.3g}")
    return ranked


def several(data: Answer) -> Ranked:
    """Return the same of a test answer; `ValueError` where only one token has a number."""
    found = first_tokens(data)
    if sum(fault_of_tokens([value]) is None for _, value in found) < FEWEST_KNOWN:
        raise ValueError("a log-probability of one token only, as temperature 0 leaves it")
    return found


def _told(told: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """Return tokens and numbers as chats have them, or as completions do (Together); the token that was drawn where it is not listed."""
    content, old = told.get("content"), told.get("top_logprobs")
    if isinstance(content, list) and content:
        rows = [(row["token"], row["logprob"]) for row in content[0].get("top_logprobs") or []]
        drawn = (content[0].get("token"), content[0].get("logprob"))
        return [*rows, *([drawn] if rows and drawn[0] not in {token for token, _ in rows} else [])]
    if isinstance(old, list) and old and isinstance(old[0], Mapping):
        return list(old[0].items())
    return []


def stated(has_continuations: bool, top: int | None) -> dict[str, str]:
    """Return what a manifest says of the way in which a server's labels are scored; nothing where they are not."""
    if has_continuations:
        return {"labels": "continuations"}
    return {} if top is None else {"labels": f"first answer token, {top} likeliest"}


def table(answers: Sequence[Ranked], messages: Sequence[str], labels: Sequence[str]) -> tuple[NDArray[np.float64], dict[str, str]]:
    """Return log p of each label after each message, shape (n, k), and why some have none, by `label_text`.

    An answer of no token is one that failed: its reason is the message's.
    """
    found = np.full((len(messages), len(labels)), np.nan)
    reasons: dict[str, str] = {}
    for row, message, ranked in zip(found, messages, answers, strict=True):
        if ranked:
            row[:], why = of_labels(ranked, labels)
            reasons |= {label_text(message, label): reason for label, reason in zip(labels, why, strict=True) if reason}
    return found, reasons


def of_labels(ranked: Ranked, labels: Sequence[str]) -> tuple[list[float], list[str | None]]:
    """Return log p of each label, in nats, NaN where there is none, and why.

    A label's probability is the sum over the tokens that are the label once the white space around them is taken away.
    """
    found = [_of_label(ranked, label) for label in labels]
    return [value for value, _ in found], [reason for _, reason in found]


def _of_label(ranked: Ranked, label: str) -> tuple[float, str | None]:
    values = [value for token, value in ranked if without_margins(token) == label]
    known = [value for value in values if fault_of_tokens([value]) is None]
    if known:
        return float(np.logaddexp.reduce(known)), None
    return np.nan, fault_of_tokens(values) if values else f"{label} is not among the {len(ranked)} likeliest first tokens of the answer"
