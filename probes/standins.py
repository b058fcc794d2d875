"""A model that answers nothing: it tells which rows a probe would write and which texts it would ask a real one for."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from freqbias.models import ModelInfo, Role
from freqbias.models.relevance import Pool
from freqbias.progress import Track, silent
from freqbias.terms import COSINE

Note = Callable[[str, Iterable[str]], None]


def _forget(role: str, texts: Iterable[str]) -> None:
    pass


class StandIn:
    """Has the methods of `Scorer`, `Embedder` and `LanguageModel`; every number is NaN and every text empty.

    `note(role, texts)` is told what was asked for: role `query`, `document`, `text` (a language model's), or `prompt`.
    """

    pairwise = False
    max_tokens = None
    path = None

    def __init__(self, info: ModelInfo, measure: str = COSINE.name, note: Note = _forget, *, has_continuations: bool = True):
        self.info = info
        self.has_continuations = has_continuations
        self.measure = measure
        self._note = note

    def prepare(self, queries: Iterable[str], documents: Iterable[str], track: Track = silent) -> None:
        """Note the texts of both roles."""
        self._note("query", queries)
        self._note("document", documents)

    def encode(self, texts: Sequence[str], *, role: Role) -> NDArray[np.float32]:
        """Return NaN, shape (n, 1)."""
        self._note(role, texts)
        return np.full((len(texts), 1), np.nan, dtype=np.float32)

    def scores(self, queries: Sequence[str], documents: Sequence[str]) -> NDArray[np.float64]:
        """Return NaN, shape (n,)."""
        self.prepare(queries, documents)
        return np.full(len(queries), np.nan)

    def matrix(self, queries: Sequence[str], documents: Sequence[str]) -> NDArray[np.float64]:
        """Return NaN, shape (n queries, n documents)."""
        self.prepare(queries, documents)
        return np.full((len(queries), len(documents)), np.nan)

    def pooled(self, queries: Sequence[str], weights: Sequence[float]) -> Pool:
        """Return a pool that gives every document NaN."""
        self._note("query", queries)
        return Pool(float(np.sum(weights)), lambda documents: np.full(len(documents), np.nan))

    def uncached(self) -> "StandIn":
        """Return itself."""
        return self

    def log_probs(self, texts: Sequence[str]) -> list[NDArray[np.float64]]:
        """Return one NaN a text."""
        self._note("text", texts)
        return [np.array([np.nan])] * len(texts)

    def continuation_log_probs(self, contexts: Sequence[str], continuations: Sequence[str]) -> NDArray[np.float64]:
        """Return NaN, shape (n,)."""
        self._note("text", [a + b for a, b in zip(contexts, continuations, strict=True)])
        return np.full(len(contexts), np.nan)

    def choices(self, context: str, options: Sequence[str]) -> NDArray[np.float64]:
        """Return NaN, shape (k,)."""
        return self.continuation_log_probs([context] * len(options), options)

    def label_log_probs(self, messages: Sequence[str], labels: Sequence[str]) -> NDArray[np.float64]:
        """Return NaN, shape (n, k)."""
        self._note("prompt", messages)
        return np.full((len(messages), len(labels)), np.nan)

    def generate(self, prompts: Sequence[str], **options: Any) -> list[str]:
        """Return empty texts."""
        self._note("prompt", prompts)
        return [""] * len(prompts)

    def format_prompt(self, prompt: str) -> str:
        """Return the plain prompt."""
        return prompt

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Return None."""
        return None
