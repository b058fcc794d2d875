"""BM25 through bm25s: word counts with an explicit frequency prior, the baseline of every learned model.

A document's score is the sum over query words of IDF(word) · tf / (tf + k1 · (1 − b + b · length / mean length)), with Lucene's
IDF(word) = log(1 + (N − df + ½) / (df + ½)) (Kamphuis et al. 2020). The IDF is a prior against frequent words that the formula states,
where a learned model hides its own: a query word that is rare among the documents counts for more, whatever it means.

N, df and the mean length come from the distinct documents of the last `prepare`. A document that was not among them is scored by the
same numbers; a word that none of them has gets df = 0. Words are runs of two or more letters or digits, lower case, no stemming and no
stop list: the IDF is the only thing that treats words by their frequency.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from freqbias.models.protocols import ModelInfo
from freqbias.models.relevance import Pool, Scores, slices
from freqbias.progress import Track, silent

METHOD, K1, B = "lucene", 1.5, 0.75  # bm25s's defaults
DOCUMENTS_AT_ONCE = 1 << 14


def bm25_info(name: str) -> ModelInfo:
    """Return the identity of BM25 as computed here: the version of bm25s and the parameters."""
    release = version("bm25s")
    stated = {"method": METHOD, "k1": K1, "b": B, "stop_words": "none", "stemming": "none", "idf_from": "the documents of the run"}
    return ModelInfo(
        name=name,
        kind="embedder",
        source="package",
        revision=f"bm25s=={release}",
        fingerprint=f"bm25s-{release}-{METHOD}-{K1}-{B}",
        licence="MIT",
        details=stated,
    )


class BM25Scorer:
    """BM25 as a scorer; a query or document without words scores 0. See the module's docstring for what it is fitted on."""

    measure = "bm25"
    pairwise = False
    max_tokens = None

    def __init__(self, info: ModelInfo):
        self.info = info
        self._fitted: dict[str, int] | None = None  # row of every document that was fitted on
        self._vocabulary: dict[str, int] = {}
        self._idf: list[float] = []
        self._mean_length = 1.0
        self._index: Any = None

    def prepare(self, queries: Iterable[str], documents: Iterable[str], track: Track = silent) -> None:
        """Fit on the distinct documents; scores that are asked before any `prepare` fit on the documents that they are given."""
        self._fit(documents)

    def _fit(self, documents: Iterable[str]) -> None:
        from bm25s import BM25
        from scipy.sparse import csc_array, csr_array

        texts = sorted(set(documents))
        words = _words(texts)
        lengths = list(map(len, words))
        self._fitted, self._vocabulary, self._index = {}, {}, csr_array((0, 0))
        self._mean_length = float(np.mean(lengths)) if any(lengths) else 1.0
        self._count = len(texts)
        if any(lengths):
            index = BM25(method=METHOD, k1=K1, b=B, dtype="float64")
            index.index(words, show_progress=False)
            held = index.scores
            self._vocabulary = dict(index.vocab_dict)
            shape = (len(texts), len(held["indptr"]) - 1)
            self._index = csc_array((held["data"], held["indices"], held["indptr"]), shape=shape).tocsr()
            self._fitted = {text: row for row, text in enumerate(texts)}
        frequency = Counter(word for row in words for word in set(row))
        self._idf = [_idf(frequency[word], self._count) for word in sorted(self._vocabulary, key=self._vocabulary.__getitem__)]

    def _documents(self, texts: Sequence[str]) -> Any:
        """Return what each word adds to the score of each document, as sparse rows over the vocabulary, which may grow."""
        from scipy.sparse import csr_array, vstack

        if self._fitted is None:
            self._fit(texts)
        fitted = self._fitted or {}
        others = [text for text in dict.fromkeys(texts) if text not in fitted]
        new = csr_array(self._weighed(_words(others)), shape=(len(others), len(self._vocabulary)))
        held = self._index
        place = {text: held.shape[0] + row for row, text in enumerate(others)}
        own = csr_array((held.data, held.indices, held.indptr), shape=(held.shape[0], len(self._vocabulary)))
        return vstack([own, new], format="csr")[[fitted[text] if text in fitted else place[text] for text in texts]]

    def _weighed(self, rows: list[list[str]]) -> tuple[list[float], tuple[list[int], list[int]]]:
        """Return the entries of documents that were not fitted on, by the same formula and numbers."""
        values: list[float] = []
        places: tuple[list[int], list[int]] = ([], [])
        for i, row in enumerate(rows):
            norm = K1 * (1 - B + B * len(row) / self._mean_length)
            for word, count in Counter(row).items():
                if word not in self._vocabulary:
                    self._vocabulary[word] = len(self._idf)
                    self._idf.append(_idf(0, self._count))
                values.append(self._idf[self._vocabulary[word]] * count / (count + norm))
                places[0].append(i)
                places[1].append(self._vocabulary[word])
        return values, places

    def _queries(self, texts: Sequence[str]) -> Any:
        """Return how often each word of the vocabulary is in each query, as sparse rows."""
        from scipy.sparse import csr_array

        counted = [Counter(word for word in row if word in self._vocabulary) for row in _words(texts)]
        entries = [(count, i, self._vocabulary[word]) for i, row in enumerate(counted) for word, count in row.items()]
        values, rows, columns = zip(*entries, strict=True) if entries else ((), (), ())
        return csr_array((np.array(values, float), (rows, columns)), shape=(len(texts), len(self._vocabulary)))

    def scores(self, queries: Sequence[str], documents: Sequence[str]) -> Scores:
        """Return one score per couple, shape (n,)."""
        queries, documents = list(queries), list(documents)
        if not queries:
            return np.empty(0)
        right = self._documents(documents)
        left = self._queries(queries)
        return np.asarray(left.multiply(right).sum(axis=1), dtype=np.float64).ravel()

    def matrix(self, queries: Sequence[str], documents: Sequence[str]) -> Scores:
        """Return every score, shape (n queries, n documents)."""
        queries, documents = list(queries), list(documents)
        if not queries or not documents:
            return np.empty((len(queries), len(documents)))
        right = self._documents(documents)
        left = self._queries(queries)
        result = np.empty((len(queries), len(documents)))
        for part in slices(len(documents), DOCUMENTS_AT_ONCE):
            result[:, part] = (left @ right[part].T).toarray()
        return result

    def pooled(self, queries: Sequence[str], weights: Sequence[float]) -> Pool:
        """Return the score of all queries joined, each of their words weighted."""
        total: defaultdict[str, float] = defaultdict(float)
        for row, weight in zip(_words(list(queries)), weights, strict=True):
            for word in row:
                total[word] += weight

        def weighted(documents: Sequence[str]) -> Scores:
            documents = list(documents)
            if not documents:
                return np.empty(0)
            rows = self._documents(documents)
            vector = np.zeros(len(self._vocabulary))
            for word, weight in total.items():
                if word in self._vocabulary:
                    vector[self._vocabulary[word]] = weight
            return np.asarray(rows @ vector, dtype=np.float64)

        return Pool(float(sum(weights)), weighted)

    def uncached(self) -> "BM25Scorer":
        """Return itself: another fit would be another model."""
        return self

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Count words."""
        return list(map(len, _words(list(texts))))


def _idf(frequency: int, documents: int) -> float:
    return math.log(1 + (documents - frequency + 0.5) / (frequency + 0.5))


def _words(texts: list[str] | Sequence[str]) -> list[list[str]]:
    from bm25s import tokenize

    if not texts:
        return []
    rows: list[list[str]] = tokenize(list(texts), stopwords=None, return_ids=False, show_progress=False)
    return rows
