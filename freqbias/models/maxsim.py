"""MaxSim: relevance by one vector per token, whatever model gives the vectors."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from freqbias.errors import BackendError, in_one_line
from freqbias.models.arrays import as_floats
from freqbias.models.protocols import FloatArray, Role, TokenEmbedder
from freqbias.models.scoring import ROLES, HandsOn, Pool, Scores, encode_missing, open_store, slices
from freqbias.models.store import VectorStore
from freqbias.progress import Track, silent

CELLS_AT_ONCE = 1 << 22  # products of two tokens that are held at once: 32 MB in double precision


class LateInteractionScorer(HandsOn):
    """MaxSim of a `TokenEmbedder`: for every query token the best product with a document token, summed (or averaged) over them.

    Token matrices lie in a memory-mapped store; every distinct text of a role is encoded once.
    """

    pairwise = False

    def __init__(self, model: TokenEmbedder, store: Path | None = None):
        super().__init__(model)
        self._model = model
        self.info = model.info
        self.measure = model.measure
        self._stores: dict[Role, VectorStore] = {role: open_store(self.info, role, store) for role in ROLES}

    def prepare(self, queries: Iterable[str], documents: Iterable[str], track: Track = silent) -> None:
        """Encode what is new, longest first."""
        given: dict[Role, Iterable[str]] = {"query": queries, "document": documents}
        for role, texts in given.items():
            self._add(role, texts, track)

    def _add(self, role: Role, texts: Iterable[str], track: Track) -> None:
        name = f"{self.info.name} ({role})"
        encode_missing(
            self._stores[role], texts, name, lambda part: self.encoded(role, part) or self.encode_part(role, part), track, self.failures
        )

    def encode_part(self, role: Role, texts: Sequence[str]) -> list[FloatArray]:
        """Return what the model gives, one row a token, and keep nothing; `BackendError` for another shape."""
        with in_one_line(BackendError, f"model '{self.info.name}'", self._model):
            found = [as_floats(matrix) for matrix in self._model.encode_tokens(texts, role=role)]
        if any(matrix.ndim != 2 for matrix in found):
            shape = next(matrix.shape for matrix in found if matrix.ndim != 2)
            raise BackendError(f"{self.info.name} returned shape {shape} for a text; expected one row per token")
        return found

    def scores(self, queries: Sequence[str], documents: Sequence[str]) -> Scores:
        """Return one MaxSim per couple, shape (n,)."""
        queries, documents = list(queries), list(documents)
        self.prepare(queries, documents)
        left, right = self._stores["query"].matrices(queries), self._stores["document"].matrices(documents)
        return np.array([self._sums(a, [len(a)], b, [len(b)])[0, 0] for a, b in zip(left, right, strict=True)], dtype=np.float64)

    def matrix(self, queries: Sequence[str], documents: Sequence[str]) -> Scores:
        """Return all of them, shape (n queries, n documents), in parts that bound memory."""
        queries, documents = list(queries), list(documents)
        self.prepare(queries, documents)
        result = np.empty((len(queries), len(documents)))
        left, right = self._stores["query"].matrices(queries), self._stores["document"].matrices(documents)
        across, down = self._steps(left, right)
        for rows in slices(len(left), down):
            some = np.concatenate(left[rows])
            for columns in slices(len(right), across):
                others = np.concatenate(right[columns])
                result[rows, columns] = self._sums(some, [len(a) for a in left[rows]], others, [len(b) for b in right[columns]])
        return result

    @staticmethod
    def _steps(left: list[FloatArray], right: list[FloatArray]) -> tuple[int, int]:
        """Return how many documents and queries are compared in one go."""
        longest = max((len(b) for b in right), default=0) or 1
        widest = max((len(a) for a in left), default=0) or 1
        across = max(1, int(CELLS_AT_ONCE**0.5) // longest)
        return across, max(1, CELLS_AT_ONCE // (across * longest * widest))

    def _sums(self, left: FloatArray, lengths: list[int], right: FloatArray, widths: list[int]) -> Scores:
        """Return the scores of texts whose tokens are stacked in `left` and `right`; NaN where one has no token or is not finite."""
        result = np.full((len(lengths), len(widths)), np.nan)
        rows, columns = np.flatnonzero(lengths), np.flatnonzero(widths)
        if not len(rows) or not len(columns):
            return result
        with np.errstate(invalid="ignore", over="ignore"):
            products = left.astype(np.float64) @ right.T.astype(np.float64)  # in double, so that equal texts score alike in any batch
            best = np.maximum.reduceat(products, _starts(np.array(widths)[columns]), axis=1)
            sums = np.add.reduceat(best, _starts(np.array(lengths)[rows]), axis=0)
        if self.measure == "mean_maxsim":
            sums /= np.array(lengths)[rows][:, None]
        result[np.ix_(rows, columns)] = np.where(np.isfinite(sums), sums, np.nan)
        return result

    def pooled(self, queries: Sequence[str], weights: Sequence[float]) -> Pool:
        """Return the weighted sum over the queries that have a finite token matrix."""
        queries = list(queries)
        self.prepare(queries, ())
        matrices = self._stores["query"].matrices(queries)
        usable = [bool(len(matrix)) and bool(np.isfinite(matrix).all()) for matrix in matrices]
        kept = [query for query, good in zip(queries, usable, strict=True) if good]
        own = np.asarray(weights, dtype=np.float64)[np.array(usable, dtype=bool)]
        return Pool(float(own.sum()), lambda documents: np.asarray(own @ self.matrix(kept, documents)))

    def uncached(self) -> "LateInteractionScorer":
        """Return a scorer over the same model with an empty memory."""
        return LateInteractionScorer(self._model)

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Ask the model's tokenizer."""
        return self._model.token_counts(texts)

    @property
    def max_tokens(self) -> int | None:
        """The model's window."""
        return self._model.max_tokens


def _starts(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths)[:-1]])
