"""How relevant documents are to queries: the one thing that retrieval probes ask of a model, whatever its kind."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from freqbias.errors import BackendError, in_one_line
from freqbias.models.arrays import as_floats
from freqbias.models.maxsim import LateInteractionScorer
from freqbias.models.protocols import Embedder, FloatArray, Role
from freqbias.models.scoring import CHUNK, ROLES, HandsOn, Pool, Scorer, Scores, encode_missing, open_store, similarity_of, slices
from freqbias.models.store import VectorStore
from freqbias.progress import Track, silent

__all__ = [
    "CHUNK",
    "ROLES",
    "DenseScorer",
    "Pool",
    "RoughScores",
    "Scorer",
    "Scores",
    "as_scorer",
    "encode_missing",
    "open_store",
    "slices",
]

CELLS_AT_ONCE = 1 << 22  # numbers of vectors that are taken from the store in one go: 32 MB in double precision
UNIT_ROUNDOFF = 2.0**-24  # of single precision: the largest relative error of one rounding
ORDINARY = (1e-12, 1e12)  # lengths of vectors whose squares single precision can hold


@dataclass(frozen=True)
class RoughScores:
    """All scores of queries and documents in single precision, shape (n queries, n documents), and by how much each query's may be off.

    `exact(rows, columns)` gives scores of couples in double precision.
    """

    scores: FloatArray
    off: Scores
    exact: Callable[[NDArray[np.int64], NDArray[np.int64]], Scores]


def as_scorer(model: Any, store: Path | None = None) -> Scorer:
    """Return `model` when it scores already, else a scorer over what it encodes.

    `store` is a folder for the vectors, so that an interrupted run does not encode again; without one they are kept as long as the
    scorer is. Only models whose identity is known (see `store_key`) are kept there.
    """
    if hasattr(model, "scores"):
        scorer: Scorer = model
        return scorer
    if hasattr(model, "encode_tokens"):
        return LateInteractionScorer(model, store)
    return DenseScorer(model, store)


class DenseScorer(HandsOn):
    """Cosine or dot product of an `Embedder`'s vectors; every distinct text of a role is encoded once.

    It is an `Embedder` itself, whose `encode` takes vectors from what is encoded already.
    """

    pairwise = False

    def __init__(self, embedder: Embedder, store: Path | None = None):
        super().__init__(embedder)
        self._embedder = embedder
        self.info = embedder.info
        self.measure = similarity_of(embedder, f"model '{self.info.name}'")
        self._stores: dict[Role, VectorStore] = {role: open_store(self.info, role, store) for role in ROLES}

    def prepare(self, queries: Iterable[str], documents: Iterable[str], track: Track = silent) -> None:
        """Encode what is new, longest first."""
        self._add(queries, "query", track)
        self._add(documents, "document", track)
        widths = {store.width for store in self._stores.values() if len(store)}
        if len(widths) > 1:
            raise BackendError(f"{self.info.name} gives queries and documents vectors of different lengths; they cannot be compared")

    def _add(self, texts: Iterable[str], role: Role, track: Track = silent) -> None:
        name = f"{self.info.name} ({role})"
        encode_missing(
            self._stores[role], texts, name, lambda part: self.encoded(role, part) or self.encode_part(role, part), track, self.failures
        )

    def encode_part(self, role: Role, texts: Sequence[str]) -> FloatArray:
        """Return what the embedder gives, and keep nothing; shape (n, d), `BackendError` for another."""
        with in_one_line(BackendError, f"model '{self.info.name}'", self._embedder):
            vectors = as_floats(self._embedder.encode(texts, role=role))
        if vectors.ndim != 2 or len(vectors) != len(texts):
            raise BackendError(f"{self.info.name} returned shape {vectors.shape} for {len(texts)} texts; expected (n, d)")
        return vectors

    def encode(self, texts: Iterable[str], *, role: Role) -> FloatArray:
        """Return the vectors as the model gave them, float32 of shape (n, d)."""
        texts = list(texts)
        self._add(texts, role)
        return self._stores[role].rows(texts)

    def _unit(self, texts: Sequence[str], role: Role) -> Scores:
        """Return the vectors that scores are products of: of length 1 for cosine; NaN rows where there is no score."""
        return self._to_unit(self.encode(texts, role=role))

    def _to_unit(self, found: FloatArray) -> Scores:
        vectors = found.astype(np.float64)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        usable = np.isfinite(norms) if self.measure != "cosine" else np.isfinite(norms) & (norms > 0)
        return vectors / np.where(usable, norms if self.measure == "cosine" else 1.0, np.nan)

    def scores(self, queries: Sequence[str], documents: Sequence[str]) -> Scores:
        """Return one product per couple."""
        asked, sought = _numbered(queries), _numbered(documents)
        self.prepare(asked.texts, sought.texts)  # each text once, however many couples it is in
        places = self._stores["query"].places(asked.texts), self._stores["document"].places(sought.texts)
        return self._products(places[0][asked.rows], places[1][sought.rows])

    def matrix(self, queries: Sequence[str], documents: Sequence[str]) -> Scores:
        """Return all products."""
        queries, documents = list(queries), list(documents)
        self.prepare(queries, documents)
        left = self._unit(queries, "query")
        result = np.empty((len(queries), len(documents)))
        for part in slices(len(documents), self._rows_at_once()):
            result[:, part] = left @ self._unit(documents[part], "document").T
        return result

    def place_documents(self, documents: Sequence[str], track: Track = silent) -> NDArray[np.int64]:
        """Encode the documents that are new and return where each one's vector lies in the store, for `placed_scores`; shape (n,)."""
        self.prepare((), documents, track)
        return self._stores["document"].places(documents)

    def placed_scores(self, queries: Sequence[str], places: NDArray[np.int64]) -> Scores:
        """Return one product per query and document at the same place; shape (n,)."""
        asked = _numbered(queries)
        self.prepare(asked.texts, ())
        return self._products(self._stores["query"].places(asked.texts)[asked.rows], places)

    def placed_matrix(self, queries: Sequence[str], places: NDArray[np.int64]) -> Scores:
        """Return all products of queries with documents in the store; shape (n queries, n documents)."""
        queries = list(queries)
        self.prepare(queries, ())
        return self._unit(queries, "query") @ self._placed(places).T

    def placed_roughly(self, queries: Sequence[str], places: NDArray[np.int64]) -> RoughScores | None:
        """Return all products of queries with documents in the store in single precision; None where its range is too small for them.

        A dot product of d numbers is off by at most d roundings of the product of the lengths (Higham 2002, Accuracy and Stability of
        Numerical Algorithms, section 3.1), a length by half as many.
        """
        left, vectors = self._unit(list(queries), "query"), self._stores["document"].at(places)
        norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
        lengths = np.linalg.norm(left, axis=1)
        known = np.concatenate([norms[norms > 0], lengths[lengths > 0]])
        if not len(known) or not ORDINARY[0] < known.min() <= known.max() < ORDINARY[1]:
            return None
        scores = left.astype(np.float32) @ vectors.T
        roundings, reach = self.width + 8.0, float(np.nanmax(norms))
        if self.measure == "cosine":
            scores /= np.where(norms > 0, norms, np.nan)
            roundings, reach = 1.5 * self.width + 8, 1.0

        def exact(rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Scores:
            parts = slices(len(rows), self._rows_at_once())
            found = [np.einsum("ij,ij->i", left[rows[s]], self._placed(places[columns[s]])) for s in parts]
            return np.concatenate(found) if found else np.empty(0)

        return RoughScores(scores, 1.01 * roundings * UNIT_ROUNDOFF * reach * np.nan_to_num(lengths), exact)

    def _placed(self, places: NDArray[np.int64], role: Role = "document") -> Scores:
        return self._to_unit(self._stores[role].at(places))

    def _products(self, queries: NDArray[np.int64], documents: NDArray[np.int64]) -> Scores:
        """Return one product per couple of places in the two stores."""
        parts = slices(len(queries), self._rows_at_once())
        found = [np.einsum("ij,ij->i", self._placed(queries[s], "query"), self._placed(documents[s])) for s in parts]
        return np.concatenate(found) if found else np.empty(0)

    @property
    def width(self) -> int:
        """Numbers in a vector; 0 while nothing is encoded."""
        return max(store.width for store in self._stores.values())

    def _rows_at_once(self) -> int:
        return max(1, CELLS_AT_ONCE // max(1, self.width))

    def pooled(self, queries: Sequence[str], weights: Sequence[float]) -> Pool:
        """Return the product with the weighted sum of query vectors, which is the weighted sum of products."""
        vectors = self._unit(list(queries), "query")
        usable = np.isfinite(vectors).all(axis=1)
        own = np.asarray(weights, dtype=np.float64)[usable]
        total = own @ vectors[usable]  # of length 0 where there is no query at all

        def weighted(documents: Sequence[str]) -> Scores:
            documents = list(documents)
            self.prepare((), documents)
            if not total.size:
                return np.zeros(len(documents))
            parts = [self._unit(documents[s], "document") @ total for s in slices(len(documents), self._rows_at_once())]
            return np.concatenate(parts) if parts else np.empty(0)

        return Pool(float(own.sum()), weighted)

    def uncached(self) -> "DenseScorer":
        """Return a scorer over the same embedder with an empty memory."""
        return DenseScorer(self._embedder)

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Ask the model's tokenizer."""
        return self._embedder.token_counts(texts)

    @property
    def max_tokens(self) -> int | None:
        """The model's window."""
        return self._embedder.max_tokens


@dataclass(frozen=True)
class _Numbered:
    """Distinct texts in the order of their first place, and which of them stands in each place."""

    texts: list[str]
    rows: NDArray[np.int64]


def _numbered(texts: Iterable[str]) -> _Numbered:
    known: dict[str, int] = {}
    rows = np.array([known.setdefault(text, len(known)) for text in texts], dtype=np.int64)
    return _Numbered(list(known), rows)
