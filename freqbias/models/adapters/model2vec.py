"""Static word vectors in model2vec's format: a text is the mean of its subwords' vectors."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from freqbias.models.adapters.opening import told
from freqbias.models.names.prompts import Prompts
from freqbias.models.protocols import FloatArray, Loading, ModelInfo, Role


class StaticEmbedder:
    """A model2vec directory as an `Embedder`; a text without a known subword has the zero vector. Roles make no difference."""

    similarity = "cosine"

    def __init__(self, path: str, info: ModelInfo):
        from model2vec import StaticModel

        with told(path, info.name, Loading()):
            self._model = StaticModel.from_pretrained(path)
        self.info = replace(info, details={**info.details, "pooling": "mean", **Prompts().stated()})

    def encode(self, texts: Sequence[str], *, role: Role) -> FloatArray:
        """Return float32 of shape (n, d)."""
        texts = list(texts)
        if not texts:
            return np.empty((0, int(self._model.dim)), np.float32)
        return np.asarray(self._model.encode(texts, use_multiprocessing=False), dtype=np.float32)

    @property
    def tokens(self) -> Sequence[str]:
        """The subwords that have a vector each."""
        tokens: Sequence[str] = self._model.tokens
        return tokens

    @property
    def vectors(self) -> FloatArray:
        """The vectors that are averaged, one a subword, float32 of shape (n, d)."""
        model = self._model
        rows = model.embedding if model.token_mapping is None else model.embedding[model.token_mapping]
        return np.asarray(rows if model.weights is None else rows * model.weights[:, None], dtype=np.float32)

    def with_vectors(self, vectors: FloatArray, info: ModelInfo) -> "StaticEmbedder":
        """Return the model with other vectors of its subwords, shape (n, k)."""
        from model2vec import StaticModel

        own, found = self._model, object.__new__(StaticEmbedder)
        found._model = StaticModel(vectors, own.tokenizer, config=own.config, normalize=own.normalize, max_length=own.max_length)
        found.info = info
        return found

    @property
    def max_tokens(self) -> int | None:
        """The number of subwords that are read of a text."""
        limit: int | None = self._model.max_length
        return limit

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Count the subwords that have a vector, nothing truncated.

        model2vec also cuts a text by characters, at `max_length` times the median subword; such a text counts as longer than the window.
        """
        texts = list(texts)
        limit = self._model.max_length
        self._model.tokenizer.no_truncation()
        try:
            counts = [len(row) for row in self._model.tokenize(texts)] if texts else []
        finally:
            if limit is not None:
                self._model.tokenizer.enable_truncation(limit)
        if limit is None:
            return counts
        longest = limit * self._model.median_token_length
        return [max(count, limit + 1) if len(text) > longest else count for text, count in zip(texts, counts, strict=True)]
