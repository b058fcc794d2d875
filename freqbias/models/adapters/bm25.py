"""BM25: word counts with an explicit frequency prior, the baseline of every learned model.

A document's score is the sum over query words of IDF(word) · tf / (tf + k1 · (1 − b + b · length / mean length)), with Lucene's
IDF(word) = log(1 + (N − df + ½) / (df + ½)) (Kamphuis et al. 2020). The IDF is a prior against frequent words that the formula states,
where a learned model hides its own: a query word that is rare among the documents counts for more, whatever it means.

N, df and the mean length come from the distinct documents of the last `prepare`. A document that was not among them is scored by the
same numbers; a word that none of them has gets df = 0. Words are runs of two or more letters or digits, lower case, no stemming and no
stop list: the IDF is the only thing that treats words by their frequency.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from freqbias.characters import normalised
from freqbias.models.protocols import ModelInfo
from freqbias.models.relevance import Pool, Scores, slices
from freqbias.progress import Track, silent

METHOD, K1, B = "lucene", 1.5, 0.75  # the defaults of bm25s, against which this is tested
WORD = re.compile(r"\b\w\w+\b")
DOCUMENTS_AT_ONCE = 1 << 14


def bm25_info(name: str) -> ModelInfo:
    """Return the identity of BM25 as computed here: the parameters."""
    stated = {"method": METHOD, "k1": K1, "b": B, "stop_words": "none", "stemming": "none", "idf_from": "the documents of the run"}
    return ModelInfo(
        name=name,
        kind="embedder",
        source="package",
        fingerprint=f"bm25-{METHOD}-{K1}-{B}",
        licence="Apache-2.0",
        details=stated,
    )


class BM25Scorer:
    """BM25 as a scorer; a query or document without words scores 0. See the module's docstring for what it is fitted on.

    Every document met stays in memory as one compressed row, a dozen bytes a word.
    """

    measure = "bm25"
    pairwise = False
    max_tokens = None

    def __init__(self, info: ModelInfo):
        self.info = info
        self._vocabulary: dict[str, int] = {}  # which only grows, so that a word keeps its column
        self._rows: dict[str, int] = {}  # of every document met since the last `prepare`
        self._index: Any = None  # what each word adds to the score of each document
        self._frequency: NDArray[np.float64] = np.empty(0)  # documents of the fit that have a word, by its place in the vocabulary
        self._count = 0
        self._mean_length = 1.0

    def prepare(self, queries: Iterable[str], documents: Iterable[str], track: Track = silent) -> None:
        """Fit on the distinct documents; scores that are asked before any `prepare` fit on the documents that they are given."""
        self._fit(documents)

    def _fit(self, documents: Iterable[str]) -> None:
        texts = sorted(set(documents))
        counts = self._counts(texts)
        self._frequency = np.bincount(counts.indices, minlength=len(self._vocabulary)).astype(np.float64)
        self._count = len(texts)
        self._mean_length = float(counts.sum()) / len(texts) if counts.nnz else 1.0
        self._index = self._weighed(counts)
        self._rows = {text: row for row, text in enumerate(texts)}

    def _counts(self, texts: Sequence[str]) -> Any:
        """Return how often each word is in each text, as sparse rows over the vocabulary, which grows."""
        from scipy.sparse import csr_array

        columns: list[int] = []
        starts = [0]
        for text in texts:
            columns += (self._vocabulary.setdefault(word, len(self._vocabulary)) for word in _words(text))
            starts.append(len(columns))
        found = csr_array((np.ones(len(columns)), columns, starts), shape=(len(texts), len(self._vocabulary)))
        found.sum_duplicates()
        return found

    def _weighed(self, counts: Any) -> Any:
        """Return what each word adds to the score of each document that has it."""
        norms = K1 * (1 - B + B * counts.sum(axis=1) / self._mean_length)
        idf = self._idf()[counts.indices]
        weighed = counts.copy()
        weighed.data = idf * counts.data / (counts.data + np.repeat(norms, np.diff(counts.indptr)))
        return weighed

    def _idf(self) -> NDArray[np.float64]:
        frequency = np.zeros(len(self._vocabulary))
        frequency[: len(self._frequency)] = self._frequency
        return np.asarray(np.log1p((self._count - frequency + 0.5) / (frequency + 0.5)))

    def _documents(self, texts: Sequence[str]) -> Any:
        """Return the sparse rows of documents, those that are new weighed by the numbers of the fit."""
        from scipy.sparse import vstack

        if self._index is None:
            self._fit(texts)
        new = [text for text in dict.fromkeys(texts) if text not in self._rows]
        added = self._weighed(self._counts(new))
        self._index.resize(len(self._rows), len(self._vocabulary))
        if new:
            self._index = vstack([self._index, added], format="csr")
            self._rows |= {text: len(self._rows) + i for i, text in enumerate(new)}
        return self._index[[self._rows[text] for text in texts]]

    def _sides(self, queries: Sequence[str], documents: Sequence[str]) -> tuple[Any, Any]:
        """Return the sparse rows of both, over the same words."""
        left, right = self._counts(queries), self._documents(documents)
        left.resize(left.shape[0], right.shape[1])
        return left, right

    def scores(self, queries: Sequence[str], documents: Sequence[str]) -> Scores:
        """Return one score per couple, shape (n,)."""
        queries, documents = list(queries), list(documents)
        if not queries:
            return np.empty(0)
        left, right = self._sides(queries, documents)
        return np.asarray(left.multiply(right).sum(axis=1), dtype=np.float64).ravel()

    def matrix(self, queries: Sequence[str], documents: Sequence[str]) -> Scores:
        """Return every score, shape (n queries, n documents)."""
        queries, documents = list(queries), list(documents)
        if not queries or not documents:
            return np.empty((len(queries), len(documents)))
        left, right = self._sides(queries, documents)
        result = np.empty((len(queries), len(documents)))
        for part in slices(len(documents), DOCUMENTS_AT_ONCE):
            result[:, part] = (left @ right[part].T).toarray()
        return result

    def pooled(self, queries: Sequence[str], weights: Sequence[float]) -> Pool:
        """Return the score of all queries joined, each of their words weighted."""
        total = np.asarray(weights, dtype=np.float64) @ self._counts(list(queries))

        def weighted(documents: Sequence[str]) -> Scores:
            documents = list(documents)
            if not documents:
                return np.empty(0)
            return np.asarray(self._documents(documents)[:, : len(total)] @ total, dtype=np.float64)

        return Pool(float(sum(weights)), weighted)

    def uncached(self) -> "BM25Scorer":
        """Return itself: another fit would be another model."""
        return self

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Count words."""
        return [len(_words(text)) for text in texts]


def _words(text: str) -> list[str]:
    return WORD.findall(normalised(text).lower())
