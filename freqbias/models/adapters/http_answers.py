"""What servers that speak the OpenAI protocol answer, read without trust: a `ValueError` says what is wrong with an answer."""

import base64
import binascii
import struct
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from math import log2
from statistics import pstdev
from typing import Any

import numpy as np

from freqbias.models.adapters import http_echo
from freqbias.models.log_probs import fault_of_tokens

Answer = Mapping[str, Any]

LARGEST = float(np.finfo(np.float32).max)  # vectors are kept in single precision
SMALLEST = 1e-18  # of a vector's greatest number: in single precision its square is still a number
#: Binary orders of magnitude by which a vector's numbers differ (standard deviation): 1.6 where they are normally distributed. Other
#: numbers than float32, read as such, have 8 times as many (float16) or more (int8).
MOST_ORDERS = 6.0
FEWEST_NUMBERS = 16  # of which an order can be told


def numbers(values: Sequence[Any], what: str) -> list[float]:
    """Return numbers that are finite in single precision; `what` names them in the error."""
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST:
            raise ValueError(f"{what} hold {value!r:.40}, which is not a finite number")
    return [float(value) for value in values]


def log_probabilities(values: Sequence[Any]) -> list[float]:
    """Return log-probabilities of tokens, in nats, unless one of them cannot be."""
    found = numbers(values, "log-probabilities")
    fault = fault_of_tokens(found)
    if fault is not None:
        raise ValueError(fault)
    return found


def first_choice(data: Answer) -> Answer:
    """Return the first of the answers that a server gives; `ValueError` without one."""
    choices = data.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        raise ValueError("no choices")
    found: Answer = choices[0]
    return found


def text(data: Answer) -> str:
    """Return the text of a completion or of a chat answer, what a model thought before it left out."""
    choice = first_choice(data)
    message = choice.get("message")
    found = _spoken(message) if isinstance(message, Mapping) else choice.get("text")
    ended = choice.get("finish_reason")
    if ended in ("content_filter", "error"):
        raise ValueError(f"an answer that ended with '{ended}'")
    thought = isinstance(message, Mapping) and any(message.get(name) for name in ("reasoning_content", "reasoning"))
    if not found and thought:
        raise ValueError(f"no text, only reasoning (it ended with '{ended}'); allow more tokens, or serve the model without reasoning")
    if not isinstance(found, str):
        raise ValueError("no text")
    return found


def _spoken(message: Answer) -> Any:
    """Return the content of a message; of a list of parts the texts."""
    content = message.get("content")
    if isinstance(content, list):
        parts = [part.get("text") if isinstance(part, Mapping) else part for part in content]
        return "".join(part for part in parts if isinstance(part, str))
    if content is None and message.get("refusal"):
        raise ValueError(f"a refusal: {message['refusal']}")
    return content


def answers(data: Answer) -> bool:
    """Return True for a completion or chat answer, even an empty one: a model may spend its one token on a thought."""
    choice = first_choice(data)
    if "message" not in choice and not isinstance(choice.get("text"), str):
        raise ValueError("no text")
    return True


def by_id(data: Answer, ids: Sequence[int], start: int, how: str) -> list[float]:
    """Return the log-probabilities, in nats, of `ids[start:]`; `how` is `prompt_logprobs` or `echo`."""
    if how == "prompt_logprobs":
        found = first_choice(data).get("prompt_logprobs") or []
        if len(found) != len(ids):
            raise ValueError(f"{len(found)} log-probabilities for {len(ids)} tokens")
        missing = next((token for token, entry in zip(ids[start:], found[start:], strict=True) if str(token) not in (entry or {})), None)
        if missing is not None:
            raise ValueError(f"no log-probability of token {missing}")
        values = [entry[str(token)]["logprob"] for token, entry in zip(ids[start:], found[start:], strict=True)]
    else:
        found = echoed(data)[1]
        if len(found) - len(ids) not in (0, 1):  # the one token that was generated may follow
            raise ValueError(f"{len(found)} log-probabilities for {len(ids)} tokens")
        values = found[start : len(ids)]
    return log_probabilities(values)


def by_text(data: Answer, prompt: str, start: int, own_start: int) -> list[float]:
    """Return the log-probabilities, in nats, of the tokens that end beyond character `start`.

    `own_start` says how many tokens the server itself puts before a prompt. The others must spell the prompt.
    """
    found, values = echoed(data)
    places = http_echo.inside(found[own_start:], prompt, start)
    return log_probabilities([values[own_start + place] for place in places])


def echoed(data: Answer) -> tuple[list[str], list[Any]]:
    """Return the tokens of an echoed prompt, with what was generated after them, and their log-probabilities, as far as they go."""
    before = data.get("prompt")  # Together gives the prompt a place of its own
    own = before[0] if isinstance(before, list) and before and isinstance(before[0], Mapping) else {}
    found = own.get("logprobs") or first_choice(data).get("logprobs")
    if not isinstance(found, Mapping):
        raise ValueError("no log-probabilities")
    if "tokens" not in found and isinstance(found.get("content"), list):  # as chats have them; llama.cpp and others
        found = {"tokens": [row["token"] for row in found["content"]], "token_logprobs": [row["logprob"] for row in found["content"]]}
    tokens, values = found.get("tokens"), found.get("token_logprobs")
    if not isinstance(values, list) or not isinstance(tokens, list):
        raise ValueError("no log-probabilities")
    if len(tokens) != len(values):
        raise ValueError(f"{len(values)} log-probabilities for {len(tokens)} tokens")
    return [str(token) for token in tokens], values


def tokens(data: Answer, ids: Sequence[int] = ()) -> list[str]:
    """Return the texts of a prompt's tokens, the first one empty where the server leaves it out; `ids` are those that were sent.

    `ValueError` or `LookupError` unless every token but the first has a log-probability that can be one.
    """
    entries = first_choice(data).get("prompt_logprobs")
    if entries:
        own = [_entry(entry, token) for entry, token in zip_longest(entries, ids)]
        found, values = [str(entry.get("decoded_token", "")) for entry in own], [entry.get("logprob") for entry in own]
    else:
        found, values = echoed(data)
    _check_prompt(values)
    return found


def _check_prompt(values: Sequence[Any]) -> None:
    if len(values) < 3:
        raise ValueError("no log-probabilities of the prompt")
    log_probabilities(values[1:])


def _entry(ranked: Any, token: int | None) -> Any:
    """Return what is said of a token among others that might have stood there; of the first one where it is not known."""
    return (ranked.get(str(token)) or next(iter(ranked.values()))) if ranked else {}


def spelt_tokens(data: Answer, prompt: str) -> int:
    """Return how many tokens a server puts before a prompt; `ValueError` unless the others spell it and have log-probabilities."""
    # vLLM gives `prompt_logprobs` beside its echo, in which the first token is missing
    found, values = echoed(data)
    _check_prompt(values)
    before = http_echo.spelling(found, prompt)
    if before is None:
        raise ValueError(http_echo.MISSPELT)
    return before


def vectors(data: Any, count: int, width: int | None = None) -> list[list[float] | str]:
    """Return one vector per text, in the order of the texts, or what is wrong with it.

    `width` is the length that they must have; without it, all must have one length. Rows without an index (Gemini), or with
    nothing but zeros there, are taken in their order.
    """
    listed = _rows(data)
    rows = [row if isinstance(row, Mapping) else {"embedding": row} for row in listed]
    places = [row.get("index") for row in rows]
    if all(place is None for place in places) or (count > 2 and all(str(place) == "0" for place in places)):
        places = list(range(len(rows)))
    found = {int(float(str(place))): row.get("embedding") for place, row in zip(places, rows, strict=True)}
    if len(rows) != count:
        raise ValueError(f"{len(rows)} embeddings for {count} texts")
    if sorted(found) != list(range(count)):
        raise ValueError(f"embeddings with the indices {', '.join(map(str, places))[:60]} for {count} texts")
    read = [_vector(found[index], width) for index in range(count)]
    if width is None and len({len(row) for row in read if isinstance(row, list)}) > 1:
        raise ValueError("embeddings of different lengths")
    return read


def _rows(data: Any) -> Sequence[Any]:
    """Return the rows of an answer: `data`, `embeddings` as in native interfaces, the list alone, or any of these one level deeper."""
    while isinstance(data, Mapping):
        data = next((data[name] for name in ("data", "embeddings", "result") if data.get(name) is not None), [])
    return data if isinstance(data, list) else []


def _vector(row: Any, width: int | None) -> list[float] | str:
    if isinstance(row, str):
        row = _decoded(row)
        if row is not None and _are_no_float32(row):
            return "an embedding in base64 of other numbers than float32"
    if isinstance(row, list) and len(row) == 1 and isinstance(row[0], list):
        row = row[0]
    if isinstance(row, list) and row and all(isinstance(inner, list) for inner in row):
        return f"an embedding of {len(row)} tokens each by itself; serve the model with pooling"
    if not isinstance(row, list) or not row or len(row) != (width or len(row)):
        return f"an embedding of {len(row) if isinstance(row, list) else 'no'} numbers where {width or 'some'} are expected"
    try:
        found = numbers(row, "embeddings")
    except ValueError as error:
        return str(error)
    return found if max(map(abs, found)) >= SMALLEST else "an embedding of zeros only"


def _decoded(written: str) -> list[float] | None:
    """Return the numbers of base64, in single precision, lowest byte first; None for another text."""
    try:
        raw = base64.b64decode(written, validate=True)
        return list(struct.unpack(f"<{len(raw) // 4}f", raw))
    except (binascii.Error, ValueError, struct.error):
        return None


def _are_no_float32(row: Sequence[float]) -> bool:
    """Tell whether numbers were read from bytes that hold other ones: their orders of magnitude are all over the place."""
    orders = [log2(abs(value)) for value in row if 0 < abs(value) <= LARGEST]
    return len(orders) >= FEWEST_NUMBERS and pstdev(orders) > MOST_ORDERS
