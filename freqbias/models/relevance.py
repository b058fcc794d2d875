"""How relevant documents are to queries: the one thing that retrieval probes ask of a model, whatever its kind."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from freqbias.errors import BackendError
from freqbias.models.protocols import Embedder, FloatArray, ModelInfo, Role
from freqbias.models.store import VectorStore, store_key
from freqbias.progress import Track, chunks, silent

CHUNK = 256  # texts between two moves of the progress bar
CELLS_AT_ONCE = 1 << 22  # numbers of vectors that are taken from the store in one go: 32 MB in double precision
ROLES: tuple[Role, ...] = ("query", "document")

Scores = NDArray[np.float64]


class Scorer(Protocol):
    """A model that gives a document a relevance to a query.

    `measure` names what a score is (`cosine`, `dot`, `bm25`, `maxsim`, `logit`, `log_prob_nats`), in the direction "higher is more
    relevant". `pairwise` is true where every score costs a forward pass of its own, so that probes sample instead of crossing
    everything. A score that cannot be given (a zero vector, output that is not finite, a failed request) is NaN.
    """

    info: ModelInfo
    measure: str
    pairwise: bool

    def prepare(self, queries: Iterable[str], documents: Iterable[str], track: Track = silent) -> None:
        """Encode the distinct texts of each role that are not encoded yet, longest first; nothing to do for pair scorers."""
        ...

    def scores(self, queries: Sequence[str], documents: Sequence[str]) -> Scores:
        """Return the relevance of each document to the query at the same place; shape (n,)."""
        ...

    def matrix(self, queries: Sequence[str], documents: Sequence[str]) -> Scores:
        """Return the relevance of every document to every query; shape (n queries, n documents)."""
        ...

    def pooled(self, queries: Sequence[str], weights: Sequence[float]) -> "Pool":
        """Return a function that gives documents their weighted sum of relevances over `queries`; unusable queries are left out."""
        ...

    def uncached(self) -> "Scorer":
        """Return the same model with nothing encoded yet, for measuring its numerical noise."""
        ...

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Return the number of subwords of each text without special tokens; None when the model has no tokenizer."""
        ...

    @property
    def max_tokens(self) -> int | None:
        """Subwords of a text, special tokens and prompt not counted, beyond which it is cut; None when there is no limit."""
        ...


class Pool:
    """The weighted sum of relevances over a fixed set of queries; `weight` is the sum of the weights that could be used."""

    def __init__(self, weight: float, function: Callable[[Sequence[str]], Scores]):
        self.weight = weight
        self._function = function

    def __call__(self, documents: Sequence[str]) -> Scores:
        """Return one sum per document, shape (n,); NaN for a document that has no score."""
        return self._function(documents)


def as_scorer(model: Any, store: Path | None = None) -> Scorer:
    """Return `model` when it scores already, else a scorer over what it encodes.

    `store` is a folder for the vectors, so that an interrupted run does not encode again; without one they are kept as long as the
    scorer is. Only models whose identity is known (see `store_key`) are kept there.
    """
    if hasattr(model, "scores"):
        scorer: Scorer = model
        return scorer
    if hasattr(model, "encode_tokens"):
        from freqbias.models.adapters.late_interaction import LateInteractionScorer

        return LateInteractionScorer(model, store)
    return DenseScorer(model, store)


def open_store(info: ModelInfo, role: Role, folder: Path | None) -> VectorStore:
    """Return the store of one model and role, in `folder` where the model's identity allows it."""
    key = None if folder is None else store_key(info, role)
    return VectorStore(owner=info.name) if key is None else VectorStore(folder, key, info.name)


def encode_missing(
    store: VectorStore, texts: Iterable[str], name: str, encode: Callable[[list[str]], Sequence[FloatArray] | FloatArray], track: Track
) -> None:
    """Encode what a store does not hold, longest first, and put it there part by part."""
    new = store.missing(texts)
    if new:
        parts = list(chunks(new, CHUNK))
        for part in track(parts, f"{name}: encode texts", len(parts)):
            store.add(part, encode(part))


class DenseScorer:
    """Cosine or dot product of an `Embedder`'s vectors; every distinct text of a role is encoded once.

    It is an `Embedder` itself, whose `encode` takes vectors from what is encoded already.
    """

    pairwise = False

    def __init__(self, embedder: Embedder, store: Path | None = None):
        self._embedder = embedder
        self.info = embedder.info
        self.measure: str = getattr(embedder, "similarity", "cosine")
        self._stores: dict[Role, VectorStore] = {role: open_store(self.info, role, store) for role in ROLES}

    def prepare(self, queries: Iterable[str], documents: Iterable[str], track: Track = silent) -> None:
        """Encode what is new, longest first."""
        self._add(queries, "query", track)
        self._add(documents, "document", track)
        widths = {store.width for store in self._stores.values() if len(store)}
        if len(widths) > 1:
            raise BackendError(f"{self.info.name} gives queries and documents vectors of different lengths; they cannot be compared")

    def _add(self, texts: Iterable[str], role: Role, track: Track = silent) -> None:
        encode_missing(self._stores[role], texts, f"{self.info.name} ({role})", lambda part: self._vectors(part, role), track)

    def _vectors(self, texts: list[str], role: Role) -> FloatArray:
        vectors = np.asarray(self._embedder.encode(texts, role=role))
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
        vectors = self.encode(texts, role=role).astype(np.float64)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        usable = np.isfinite(norms) if self.measure != "cosine" else np.isfinite(norms) & (norms > 0)
        return vectors / np.where(usable, norms if self.measure == "cosine" else 1.0, np.nan)

    def scores(self, queries: Sequence[str], documents: Sequence[str]) -> Scores:
        """Return one product per couple."""
        queries, documents = list(queries), list(documents)
        self.prepare(queries, documents)
        parts = [
            np.einsum("ij,ij->i", self._unit(queries[s], "query"), self._unit(documents[s], "document"))
            for s in slices(len(queries), self._rows_at_once())
        ]
        return np.concatenate(parts) if parts else np.empty(0)

    def matrix(self, queries: Sequence[str], documents: Sequence[str]) -> Scores:
        """Return all products."""
        queries, documents = list(queries), list(documents)
        self.prepare(queries, documents)
        left = self._unit(queries, "query")
        result = np.empty((len(queries), len(documents)))
        for part in slices(len(documents), self._rows_at_once()):
            result[:, part] = left @ self._unit(documents[part], "document").T
        return result

    def _rows_at_once(self) -> int:
        return max(1, CELLS_AT_ONCE // max(1, *(store.width for store in self._stores.values())))

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

    @property
    def errors(self) -> Mapping[str, str]:
        """Why texts have no vector, where the model knows."""
        return getattr(self._embedder, "errors", {})

    @property
    def stopped(self) -> str | None:
        """Why the model will answer nothing more; None while it does."""
        return getattr(self._embedder, "stopped", None)

    @property
    def usage(self) -> Any:
        """What was asked of a server; None where there is none."""
        return getattr(self._embedder, "usage", None)


def slices(total: int, size: int) -> Iterator[slice]:
    """Yield consecutive slices of at most `size` that cover `range(total)`."""
    for start in range(0, total, size):
        yield slice(start, start + size)
