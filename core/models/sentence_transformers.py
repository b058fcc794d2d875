"""Dense embedding models through sentence-transformers, prompts honoured."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from freqbias.models.protocols import FloatArray, ModelInfo, Role
from freqbias.models.transformers import hub_commit, quiet_loading

BATCH_SIZE = 64  # throughput on a CPU is flat between 32 and 128 for sentences of this length


class SentenceTransformerEmbedder:
    """A sentence-transformers model as an `Embedder`."""

    def __init__(self, path: str, info: ModelInfo, device: str | None = None):
        from sentence_transformers import SentenceTransformer

        with quiet_loading():
            self._model = SentenceTransformer(path, device=device)
        inner = getattr(self._model[0], "auto_model", None)  # static models have none
        self.info = replace(info, revision=info.revision or hub_commit(getattr(inner, "config", None)))

    def encode(self, texts: Sequence[str], *, role: Role) -> FloatArray:
        """Encode with the model's own query or document prompt; float32 of shape (n, d)."""
        encode = self._model.encode_query if role == "query" else self._model.encode_document
        vectors = encode(list(texts), batch_size=BATCH_SIZE, show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(vectors, dtype=np.float32)

    @property
    def max_tokens(self) -> int | None:
        """What the model's `max_seq_length` leaves beside its special tokens."""
        limit = self._model.max_seq_length
        return None if limit is None else int(limit) - self._model.tokenizer.num_special_tokens_to_add()

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Count the tokenizer's subwords, special tokens left out, nothing truncated."""
        tokenizer = getattr(self._model, "tokenizer", None)
        if tokenizer is None:
            return None
        ids = tokenizer(list(texts), add_special_tokens=False, truncation=False, verbose=False)["input_ids"]
        return [len(row) for row in ids]
