"""A remedy fitted on one half of the items and judged on the other, both ways round, in one scorer.

How the halves are made is in `freqbias.remedies.folds`. A score belongs to the item that its query asks for: both vectors are mapped as
was fitted without that item. Where the query is nobody's (neutral, or a pool of all items' glosses), the document says whose score it is.
So two forms of one document are always compared under one and the same map, and all documents that are ranked for one query are.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from freqbias.errors import InputError
from freqbias.models import ModelInfo, Role
from freqbias.models.protocols import FloatArray
from freqbias.models.relevance import DenseScorer, Pool, Scores
from freqbias.models.scoring import HandsOn
from freqbias.probes.common import documents_of, encode_all, queries_of, swapped_zipf, text_hash
from freqbias.progress import Track, silent
from freqbias.records import Pair
from freqbias.remedies import Fitted, Remedy, Training
from freqbias.remedies.folds import FOLDS, NEUTRAL, NOBODY, Folds, Halves
from freqbias.terms import COSINE, FREQUENCY

MIN_ITEMS = 8  # of a half: a mean of fewer has a third of the spread of the texts that it is taken from
MAX_TEXTS = 20_000  # of a role that a map is fitted on: a covariance of 1,024 dimensions has twenty to each


def folds_of(pairs: Iterable[Pair], remedy: Remedy) -> Folds:
    """Return the halves of the items; `InputError` where one is too small for a remedy to be fitted on."""
    folds = Folds(pairs)
    if min(folds.items) < MIN_ITEMS:
        raise InputError(
            f"remedy '{remedy.name}' is fitted on one half of the items and judged on the other, each of {MIN_ITEMS} at least; found "
            f"{' and '.join(map(str, folds.items))} (items that share a text are in one half); give more pairs"
        )
    return folds


def fitted_by_halves(model: DenseScorer, remedy: Remedy, pairs: Iterable[Pair], info: ModelInfo, track: Track = silent) -> "Halved":
    """Fit a remedy on the texts of either half and return the scorer that judges each half by what was fitted on the other."""
    folds = folds_of(pairs, remedy)
    encode_all(pairs, model, track)
    assert remedy.fit is not None  # noqa: S101  # for mypy
    fitted = [remedy.fit(training(pairs, model, folds, judged)) for judged in range(FOLDS)]
    stated = {
        "fitted_on": "the other half of the items",
        "items_of_halves": list(folds.items),
        "fits": [dict(one.stated) for one in fitted],
    }
    return Halved(model, fitted, folds, replace(info, details={**info.details, **stated}))


def training(pairs: Iterable[Pair], model: DenseScorer, folds: Folds, judged: int) -> Training:
    """Return what a remedy is fitted on that is judged on one half: all that is known of the items of the other."""
    queries: set[str] = set()
    documents: set[str] = set()
    forms: dict[tuple[str, str], float] = {}
    every: dict[tuple[str, str], float] = {}  # for pairs without a frequency arm
    for pair in pairs:
        if folds.of_item(pair.item) == judged:
            continue
        documents.update(documents_of(pair))
        queries.update(set(queries_of(pair)) - set(pair.queries.get(NEUTRAL, ())))
        gap = _zipf_gap(pair)
        if gap:
            (forms if pair.arm == FREQUENCY else every)[pair.high, pair.low] = gap
    gaps = forms or every
    sides = [_vectors(model, [couple[side] for couple in gaps], "document") for side in (0, 1)]
    known = np.isfinite(sides[0] - sides[1]).all(axis=1)
    return Training(
        queries=_finite(_vectors(model, _some(queries), "query")),
        documents=_finite(_vectors(model, _some(documents), "document")),
        forms=(sides[0] - sides[1])[known],
        zipf_gaps=np.array(list(gaps.values()), dtype=np.float64)[known],
        model=model,
    )


def _zipf_gap(pair: Pair) -> float | None:
    if pair.zipf_gap is not None:
        return pair.zipf_gap
    high, low = swapped_zipf(pair)
    return None if high is None or low is None else high - low


def _some(texts: set[str]) -> list[str]:
    """Return the texts in order, of more than are needed a part that is random and the same every time."""
    return sorted(texts) if len(texts) <= MAX_TEXTS else sorted(sorted(texts, key=text_hash)[:MAX_TEXTS])


def _finite(vectors: Scores) -> Scores:
    return vectors[np.isfinite(vectors).all(axis=1)]


def _vectors(model: DenseScorer, texts: Sequence[str], role: Role) -> Scores:
    return unit(model, model.encode(texts, role=role))


def unit(model: DenseScorer, vectors: FloatArray) -> Scores:
    """Return vectors in double precision, of length 1 where the model's scores are cosines; NaN where there is no direction."""
    found = vectors.astype(np.float64)
    if model.measure != COSINE.name:
        return found
    norms = np.linalg.norm(found, axis=1, keepdims=True)
    return found / np.where(norms > 0, norms, np.nan)


class _Mapped:
    """The `Embedder` whose vectors are another's, mapped."""

    def __init__(self, model: DenseScorer, fitted: Fitted, info: ModelInfo):
        self._model, self._fitted = model, fitted
        self.info, self.similarity = info, model.measure

    def encode(self, texts: Sequence[str], *, role: Role) -> FloatArray:
        """Return float32 of shape (n, k)."""
        return self._fitted.apply(unit(self._model, self._model.encode(texts, role=role)), role).astype(np.float32)

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Ask the model's tokenizer."""
        return self._model.token_counts(texts)

    @property
    def max_tokens(self) -> int | None:
        """The model's window."""
        return self._model.max_tokens


class Halved(HandsOn):
    """A `Scorer` that maps the vectors of a model as was fitted without the item that a score belongs to; see the module's docstring."""

    pairwise = False

    def __init__(self, model: DenseScorer, fitted: Sequence[Fitted], folds: Folds, info: ModelInfo):
        super().__init__(model)
        self._model, self._fitted, self._folds = model, fitted, folds
        self.info, self.measure = info, model.measure
        self._halves = [DenseScorer(_Mapped(model, one, info)) for one in fitted]

    def prepare(self, queries: Iterable[str], documents: Iterable[str], track: Track = silent) -> None:
        """Encode what is new; maps are applied when scores are asked for."""
        self._model.prepare(queries, documents, track)

    def scores(self, queries: Sequence[str], documents: Sequence[str]) -> Scores:
        """Return one score per couple."""
        queries, documents = list(queries), list(documents)
        asked, found = self._folds.among(queries), self._folds.among(documents)
        own = np.where(asked == NOBODY, found, asked)
        result = np.full(len(queries), np.nan)
        for rows, half in self._parts(own):
            result[rows] = half.scores([queries[row] for row in rows], [documents[row] for row in rows])
        return result

    def matrix(self, queries: Sequence[str], documents: Sequence[str]) -> Scores:
        """Return all scores, those of one query that is some item's under one map."""
        queries, documents = list(queries), list(documents)
        asked = self._folds.among(queries)
        result = np.full((len(queries), len(documents)), np.nan)
        nobodys = np.flatnonzero(asked == NOBODY)
        for rows, half in self._parts(asked, among=range(FOLDS)):
            result[rows] = half.matrix([queries[row] for row in rows], documents)
        for columns, half in self._parts(self._folds.among(documents) if len(nobodys) else np.empty(0, dtype=np.int64)):
            result[np.ix_(nobodys, columns)] = half.matrix([queries[row] for row in nobodys], [documents[column] for column in columns])
        return result

    def _parts(self, own: Halves, among: Iterable[int] = (NOBODY, *range(FOLDS))) -> Iterator[tuple[NDArray[np.int64], DenseScorer]]:
        """Yield the places that each half's map is for; what is nobody's was in no fit, so either will do."""
        for fold in among:
            places = np.flatnonzero(own == fold)
            if len(places):
                yield places, self._halves[max(fold, 0)]

    def pooled(self, queries: Sequence[str], weights: Sequence[float]) -> Pool:
        """Return the weighted sum of scores, each document's under its own item's map."""
        pools = [half.pooled(queries, weights) for half in self._halves]

        def weighted(documents: Sequence[str]) -> Scores:
            documents = list(documents)
            own, result = self._folds.among(documents), np.full(len(documents), np.nan)
            for fold in (NOBODY, *range(FOLDS)):
                places = np.flatnonzero(own == fold)
                if len(places):
                    result[places] = pools[max(fold, 0)]([documents[place] for place in places])
            return result

        return Pool(pools[0].weight, weighted)

    def uncached(self) -> "Halved":
        """Return a scorer over the same maps and a model with an empty memory."""
        return Halved(self._model.uncached(), self._fitted, self._folds, self.info)

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Ask the model's tokenizer."""
        return self._model.token_counts(texts)

    @property
    def max_tokens(self) -> int | None:
        """The model's window."""
        return self._model.max_tokens
