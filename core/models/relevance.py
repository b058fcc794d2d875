"""How relevant documents are to queries: the one thing that retrieval probes ask of a model, whatever its kind."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from freqbias.models.protocols import Embedder, FloatArray, ModelInfo, Role
from freqbias.progress import Track, chunks, silent

CHUNK = 256  # texts between two moves of the progress bar
CELLS_AT_ONCE = 1 << 22  # couples whose vectors are multiplied in one go; bounds memory at about 100 MB for 384 dimensions

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


def as_scorer(model: Any) -> Scorer:
    """Return `model` when it scores already, else a dense scorer over its `encode`."""
    scorer: Scorer = model if hasattr(model, "scores") else DenseScorer(model)
    return scorer


class DenseScorer:
    """Cosine or dot product of an `Embedder`'s vectors; every distinct text of a role is encoded once.

    It is an `Embedder` itself, whose `encode` takes vectors from what is encoded already.
    """

    pairwise = False

    def __init__(self, embedder: Embedder):
        self._embedder = embedder
        self.info = embedder.info
        self.measure: str = getattr(embedder, "similarity", "cosine")
        self._rows: dict[Role, dict[str, int]] = {"query": {}, "document": {}}
        self._vectors: dict[Role, FloatArray] = {}

    def prepare(self, queries: Iterable[str], documents: Iterable[str], track: Track = silent) -> None:
        """Encode what is new, longest first."""
        self._add(queries, "query", track)
        self._add(documents, "document", track)

    def _add(self, texts: Iterable[str], role: Role, track: Track = silent) -> None:
        known = self._rows[role]
        new = sorted({text for text in texts if text not in known}, key=lambda text: (-len(text), text))
        if not new:
            return
        slices = list(chunks(new, CHUNK))
        what = f"{self.info.name}: encode {role} texts"
        parts = [self._embedder.encode(part, role=role) for part in track(slices, what, len(slices))]
        before = [self._vectors[role]] if role in self._vectors else []
        self._vectors[role] = np.concatenate([*before, *parts])
        known.update({text: len(known) + i for i, text in enumerate(new)})

    def encode(self, texts: Sequence[str], *, role: Role) -> FloatArray:
        """Return the vectors as the model gave them, float32 of shape (n, d)."""
        self._add(texts, role)
        return self._vectors[role][[self._rows[role][text] for text in texts]]

    def _unit(self, texts: Sequence[str], role: Role) -> Scores:
        """Return the vectors that scores are products of: of length 1 for cosine; NaN rows where there is no direction."""
        vectors = self.encode(texts, role=role).astype(np.float64)
        if self.measure != "cosine":
            return vectors
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.where(np.isfinite(norms) & (norms > 0), norms, np.nan)

    def scores(self, queries: Sequence[str], documents: Sequence[str]) -> Scores:
        """Return one product per couple."""
        self._add(queries, "query")
        self._add(documents, "document")
        width = self._vectors["query"].shape[1] if queries else 1
        parts = [
            np.einsum("ij,ij->i", self._unit(queries[s], "query"), self._unit(documents[s], "document"))
            for s in slices(len(queries), max(1, CELLS_AT_ONCE // width))
        ]
        return np.concatenate(parts) if parts else np.empty(0)

    def matrix(self, queries: Sequence[str], documents: Sequence[str]) -> Scores:
        """Return all products."""
        return np.asarray(self._unit(queries, "query") @ self._unit(documents, "document").T)

    def pooled(self, queries: Sequence[str], weights: Sequence[float]) -> Pool:
        """Return the product with the weighted sum of query vectors, which is the weighted sum of products."""
        vectors = self._unit(queries, "query")
        usable = np.isfinite(vectors).all(axis=1)
        own = np.asarray(weights, dtype=np.float64)[usable]
        total = own @ vectors[usable]
        return Pool(float(own.sum()), lambda documents: np.asarray(self._unit(documents, "document") @ total))

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


def slices(total: int, size: int) -> Iterator[slice]:
    """Yield consecutive slices of at most `size` that cover `range(total)`."""
    for start in range(0, total, size):
        yield slice(start, start + size)
