"""Learned sparse models (SPLADE and its kin) through sentence-transformers: a text is a weighted set of vocabulary entries."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from freqbias.errors import BackendError
from freqbias.models.adapters.opening import opened, options
from freqbias.models.adapters.sentence_transformers import count_tokens, described, own_prompts, own_similarity, window
from freqbias.models.adapters.tasks import encoded
from freqbias.models.protocols import Loading, ModelInfo, Role
from freqbias.models.relevance import CHUNK, ROLES, Pool, Scores, slices
from freqbias.progress import Track, chunks, silent

TOKENS_PER_BATCH = 1024  # padded tokens; each has a logit for the whole vocabulary, 125 MB for BERT's 30,522
TEXTS_AT_ONCE = 1 << 14  # rows of a few hundred entries that are multiplied in one go


class SparseScorer:
    """Dot product (or cosine, where the model says so) of sparse vectors; every distinct text of a role is encoded once.

    The vectors stay in memory as compressed rows, a few hundred entries of 12 bytes each a text.
    """

    pairwise = False

    def __init__(self, path: Any, info: ModelInfo, loading: Loading):
        from sentence_transformers import SparseEncoder

        self._model = opened(path, info.name, loading, lambda: SparseEncoder(path, **options(loading)))
        self.measure = own_similarity(self._model, info.name)
        self._prompts = own_prompts(self._model, path, info.name, loading)
        self.info = described(self._model, info, loading, prompts=self._prompts)
        self._forget()

    def _forget(self) -> None:
        self._rows: dict[Role, dict[str, int]] = {role: {} for role in ROLES}
        self._vectors: dict[Role, Any] = {}
        self._usable: dict[Role, Any] = {role: np.empty(0, bool) for role in ROLES}

    def prepare(self, queries: Iterable[str], documents: Iterable[str], track: Track = silent) -> None:
        """Encode what is new, longest first."""
        self._add(queries, "query", track)
        self._add(documents, "document", track)

    def _add(self, texts: Iterable[str], role: Role, track: Track) -> None:
        from scipy.sparse import vstack

        known = self._rows[role]
        new = sorted({text for text in texts if text not in known}, key=lambda text: (-len(text), text))
        if not new:
            return
        parts = track(chunks(new, CHUNK), f"{self.info.name} ({role}): encode texts", len(new), unit="texts", size=len)
        encoded = [self._encode(part, role) for part in parts]
        before = [self._vectors[role]] if role in self._vectors else []
        self._vectors[role] = vstack([*before, *(rows for rows, _ in encoded)], format="csr")
        self._usable[role] = np.concatenate([self._usable[role], *(usable for _, usable in encoded)])
        known.update({text: len(known) + i for i, text in enumerate(new)})

    def _encode(self, texts: list[str], role: Role) -> tuple[Any, Any]:
        """Return compressed sparse rows and which of them can be used; for cosine they have length 1."""
        from scipy.sparse import csr_matrix, diags_array

        longest = max(count_tokens(self._model, texts) or [0]) + 2
        size = max(1, TOKENS_PER_BATCH // min(longest, self._model.max_seq_length or longest))
        how: dict[str, Any] = {"batch_size": size, "show_progress_bar": False, "convert_to_tensor": True, "save_to_cpu": True}
        rows = encoded(self._model, self.info.name, texts, role, self._prompts, **how).coalesce()
        if rows.shape[0] != len(texts):
            raise BackendError(f"{self.info.name} returned {rows.shape[0]} vectors for {len(texts)} texts")
        matrix = csr_matrix((rows.values().float().numpy(), rows.indices().numpy()), shape=tuple(rows.shape))
        norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1), dtype=np.float64).ravel())
        if self.measure == "cosine":
            usable = np.isfinite(norms) & (norms > 0)
            return (diags_array(1 / np.where(usable, norms, 1.0)) @ matrix).tocsr(), usable
        return matrix, np.isfinite(norms)

    def _taken(self, texts: Sequence[str], role: Role) -> tuple[Any, Any]:
        rows = [self._rows[role][text] for text in texts]
        return self._vectors[role][rows].astype(np.float64), self._usable[role][rows]

    def scores(self, queries: Sequence[str], documents: Sequence[str]) -> Scores:
        """Return one product per couple, shape (n,)."""
        queries, documents = list(queries), list(documents)
        self.prepare(queries, documents)
        result = np.empty(len(queries))
        for part in slices(len(queries), TEXTS_AT_ONCE):
            (left, good), (right, fine) = self._taken(queries[part], "query"), self._taken(documents[part], "document")
            result[part] = np.where(good & fine, np.asarray(left.multiply(right).sum(axis=1)).ravel(), np.nan)
        return result

    def matrix(self, queries: Sequence[str], documents: Sequence[str]) -> Scores:
        """Return all products, shape (n queries, n documents)."""
        queries, documents = list(queries), list(documents)
        self.prepare(queries, documents)
        result = np.empty((len(queries), len(documents)))
        if not result.size:
            return result
        left, good = self._taken(queries, "query")
        for part in slices(len(documents), TEXTS_AT_ONCE):
            right, fine = self._taken(documents[part], "document")
            result[:, part] = np.where(good[:, None] & fine, (left @ right.T).toarray(), np.nan)
        return result

    def pooled(self, queries: Sequence[str], weights: Sequence[float]) -> Pool:
        """Return the product with the weighted sum of query vectors, which is the weighted sum of products."""
        queries = list(queries)
        self.prepare(queries, ())
        if not queries:
            return Pool(0.0, lambda documents: np.zeros(len(documents)))
        vectors, usable = self._taken(queries, "query")
        own = np.asarray(weights, dtype=np.float64)[usable]
        total = own @ vectors[usable]

        def weighted(documents: Sequence[str]) -> Scores:
            documents = list(documents)
            self.prepare((), documents)
            if not documents:
                return np.empty(0)
            rows, fine = self._taken(documents, "document")
            return np.where(fine, rows @ total, np.nan)

        return Pool(float(own.sum()), weighted)

    def uncached(self) -> "SparseScorer":
        """Return a scorer over the same model with nothing encoded."""
        other = object.__new__(SparseScorer)
        other._model, other.measure, other.info, other._prompts = self._model, self.measure, self.info, self._prompts
        other._forget()
        return other

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Count the tokenizer's subwords, special tokens left out, nothing truncated."""
        return count_tokens(self._model, texts)

    @property
    def max_tokens(self) -> int | None:
        """What the model's window leaves beside its special tokens and the document prompt."""
        return window(self._model, self._prompts.document)
