"""Whether several addresses serve one model: what the first one answers to test texts, the others must answer within the noise.

What could pass for one model, and what is done about it:

* one name for two models: the vectors or log-probabilities of the test texts differ, or the lengths of the vectors, or the tokens;
* one model with other weights (a quantisation, another checkpoint): the limits below lie between what hardware and batches change and
  what weights change;
* one model in another window, which cuts texts elsewhere: the windows that servers state must be equal;
* a server whose numbers move by themselves: the first one is asked twice, and what moves there is allowed for.

A server that only generates is compared by the model's name alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

import numpy as np

from freqbias.models.adapters.http_exchange import Request
from freqbias.models.adapters.http_labels import Ranked

Apart = Callable[[Any, Any], float]

#: 1 - cosine. Half precision and other hardware leave 1e-5 to 1e-4 (numbers of 8 to 11 bits), weights of 4 bits make 1e-2 and more.
VECTORS_APART = 1e-3
#: Nats a token, on average. A logit of 16 to 32 has steps of .125 in bfloat16, so single tokens move by as much and their mean by less;
#: other weights of equal size move the mean by .3 and more.
NATS_APART = 0.15
OWN_NOISE = 4.0  # times what the first address differs from itself: one difference of a few texts is no more than a hint of the largest


@dataclass(frozen=True, kw_only=True)
class Test:
    """A request that every address must answer alike: `apart` says by how much two answers differ, `limit` by how much they may."""

    request: Request[Any]
    apart: Apart = field(default=lambda first, other: 0.0)
    limit: float = inf
    what: str = "answers"

    def differ(self, first: Any, again: Any, other: Any) -> str | None:
        """Return in words how another address differs from the first one, which was asked twice; None where it does not."""
        apart = self.apart(first, other)
        if apart <= max(self.limit, OWN_NOISE * self.apart(first, again)):
            return None
        return f"{self.what} of a test text {'are of different shapes' if apart == inf else f'differ by {apart:.2g}'}"


def of_vectors(request: Request[Any]) -> Test:
    """Return the test of an embedding model: the largest 1 - cosine of its test texts."""

    def apart(first: Sequence[Sequence[float]], other: Sequence[Sequence[float]]) -> float:
        a, b = np.array(first, dtype=np.float64), np.array(other, dtype=np.float64)
        if a.shape != b.shape:
            return inf
        lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
        return float(np.max(1 - (a * b).sum(axis=1) / lengths))

    return Test(request=request, apart=apart, limit=VECTORS_APART, what="vectors (1 - cosine)")


def of_log_probs(request: Request[Any]) -> Test:
    """Return the test of a server that scores texts: the mean absolute difference of its test text's tokens, in nats."""

    def apart(first: Sequence[float], other: Sequence[float]) -> float:
        return float(np.mean(np.abs(np.subtract(first, other)))) if len(first) == len(other) else inf

    return Test(request=request, apart=apart, limit=NATS_APART, what="log-probabilities (nats a token)")


def of_first_tokens(request: Request[Any]) -> Test:
    """Return the test of a server with chats alone: the difference of its likeliest first token, in nats; it must be told."""

    def apart(first: Ranked, other: Ranked) -> float:
        token, value = max(first, key=lambda row: row[1])
        known = dict(other)
        return abs(value - known[token]) if token in known else inf

    return Test(request=request, apart=apart, limit=NATS_APART, what="log-probabilities of first tokens (nats)")
