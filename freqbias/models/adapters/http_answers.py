"""What servers that speak the OpenAI protocol answer, read without trust: a `ValueError` says what is wrong with an answer."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

Answer = Mapping[str, Any]


def numbers(values: Sequence[Any], what: str) -> list[float]:
    """Return finite numbers; `what` names them in the error."""
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise ValueError(f"{what} hold {value!r}, which is not a finite number")
    return [float(value) for value in values]


def text(data: Answer) -> str:
    """Return the text of a completion or of a chat answer."""
    choice = data["choices"][0]
    found = choice["message"]["content"] if "message" in choice else choice["text"]
    if not isinstance(found, str):
        raise ValueError("no text")
    return found


def by_id(data: Answer, ids: Sequence[int], start: int, how: str) -> list[float]:
    """Return the log-probabilities, in nats, of `ids[start:]`; `how` is `prompt_logprobs` or `echo`."""
    choice = data["choices"][0]
    if how == "prompt_logprobs":
        found = choice["prompt_logprobs"]
        values = [entry[str(token)]["logprob"] for token, entry in zip(ids[start:], found[start:], strict=True)]
    else:
        found = choice["logprobs"]["token_logprobs"]
        if len(found) - len(ids) not in (0, 1):  # the one token that was generated may follow
            raise ValueError(f"{len(found)} log-probabilities for {len(ids)} tokens")
        values = found[start : len(ids)]
    return numbers(values, "log-probabilities")


def by_text(data: Answer, prompt: str, start: int, own_start: bool) -> list[float]:
    """Return the log-probabilities, in nats, of the tokens that end beyond character `start`.

    `own_start` says that the first token is one that the server put there itself. The others must spell the prompt.
    """
    found = data["choices"][0]["logprobs"]
    return numbers(list(_spelled(found["tokens"][own_start:], found["token_logprobs"][own_start:], prompt, start)), "log-probabilities")


def _spelled(tokens: Sequence[str], values: Sequence[Any], prompt: str, start: int) -> Iterator[Any]:
    position = 0
    for token, value in zip(tokens, values, strict=True):
        if position == len(prompt):
            return
        if not token or not prompt.startswith(token, position):
            break
        position += len(token)
        if position > start:
            yield value
    if position != len(prompt):
        raise ValueError("tokens that do not spell the text")


def tokens(data: Answer) -> list[str]:
    """Return the texts of a prompt's tokens, the first one empty where the server leaves it out.

    `ValueError` or `LookupError` unless every token but the first has a log-probability.
    """
    choice = data["choices"][0]
    if choice.get("prompt_logprobs"):
        entries = [next(iter(entry.values())) if entry else {} for entry in choice["prompt_logprobs"]]
        values = [entry.get("logprob") for entry in entries]
        found = [str(entry.get("decoded_token", "")) for entry in entries]
    else:
        values, found = choice["logprobs"]["token_logprobs"], choice["logprobs"]["tokens"]
    if len(values) < 3:
        raise ValueError("no log-probabilities of the prompt")
    numbers(values[1:], "log-probabilities")
    return list(found)


def letters(text: str) -> str:
    """Return a text without white space and the marks that tokenizers write for it."""
    return "".join(text.replace("\u2581", " ").replace("\u0120", " ").split())


def vectors(data: Answer, count: int, width: int | None = None) -> list[list[float] | str]:
    """Return one vector per text, in the order of the texts, or what is wrong with it; `width` is the length that it must have."""
    rows = {int(row["index"]): row["embedding"] for row in data["data"]}
    if len(data["data"]) != count or sorted(rows) != list(range(count)):
        raise ValueError(f"{len(data['data'])} embeddings for {count} texts")
    return [_vector(rows[index], width) for index in range(count)]


def _vector(row: Any, width: int | None) -> list[float] | str:
    if not isinstance(row, list) or not row or len(row) != (width or len(row)):
        return f"an embedding of {len(row) if isinstance(row, list) else 'no'} numbers where {width} are expected"
    try:
        return numbers(row, "embeddings")
    except ValueError as error:
        return str(error)
