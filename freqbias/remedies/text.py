"""Remedies on the text: a model of any kind is given other texts than it is asked for, and nothing is fitted.

* `expand-documents`: the frequent synonym in brackets behind the first of every rare word of a document, as
  `freqbias.collection.wording` does it for a collection. It knows the very words that were swapped: the best case.
* `both-queries`: a query is asked in every wording of it that the pair has (its two registers of gloss, its two names), and the scores
  are averaged. Averaging is linear: the mean gap over both registers hardly moves by it (a gloss without a counterpart stays alone),
  ranks can.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from freqbias.collection.twins import words_of
from freqbias.collection.wording import Plainer
from freqbias.models import ModelInfo
from freqbias.models.scoring import HandsOn, Pool, Scorer, Scores
from freqbias.probes.common import naming_queries
from freqbias.progress import Track, silent
from freqbias.records import Pair
from freqbias.remedies import Remedy
from freqbias.terms import ELEVATED, FREQUENCY, HIGH, LOW, PLAIN, SIDES

Forms = Callable[[str], Sequence[str]]


class Reworded(HandsOn):
    """A `Scorer` that asks another with documents reworded, and with each query in several wordings, whose scores it averages."""

    def __init__(self, model: Scorer, info: ModelInfo, *, document: Callable[[str], str] = str, queries: Forms = lambda text: (text,)):
        super().__init__(model)
        self._model, self._document, self._queries = model, document, queries
        self.info, self.measure, self.pairwise = info, model.measure, model.pairwise

    def prepare(self, queries: Iterable[str], documents: Iterable[str], track: Track = silent) -> None:
        """Encode the reworded texts that are new."""
        self._model.prepare((form for text in queries for form in self._queries(text)), map(self._document, documents), track)

    def scores(self, queries: Sequence[str], documents: Sequence[str]) -> Scores:
        """Return one score per couple, mean over the wordings of its query."""
        forms = [list(self._queries(text)) for text in queries]
        counts = np.array([len(own) for own in forms], dtype=np.int64)
        texts = [self._document(text) for text in documents]
        flat = self._model.scores(
            [form for own in forms for form in own], [text for text, own in zip(texts, forms, strict=True) for _ in own]
        )
        return np.bincount(np.repeat(np.arange(len(forms)), counts), flat, len(forms)) / counts

    def matrix(self, queries: Sequence[str], documents: Sequence[str]) -> Scores:
        """Return all scores, mean over the wordings of each query."""
        forms = [list(self._queries(text)) for text in queries]
        number = {text: place for place, text in enumerate(dict.fromkeys(form for own in forms for form in own))}
        found = self._model.matrix(list(number), [self._document(text) for text in documents])
        means = [found[[number[form] for form in own]].mean(axis=0) for own in forms]
        return np.array(means).reshape(len(forms), len(documents))

    def pooled(self, queries: Sequence[str], weights: Sequence[float]) -> Pool:
        """Return the weighted sum of scores, each query's weight shared by its wordings."""
        shares: list[tuple[str, float]] = []
        for text, weight in zip(queries, weights, strict=True):
            own = self._queries(text)
            shares += [(form, weight / len(own)) for form in own]
        pool = self._model.pooled([form for form, _ in shares], [share for _, share in shares])
        return Pool(pool.weight, lambda documents: pool([self._document(text) for text in documents]))

    def uncached(self) -> "Reworded":
        """Return the same over a model with nothing encoded yet."""
        return Reworded(self._model.uncached(), self.info, document=self._document, queries=self._queries)

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Ask the model's tokenizer about the texts as they were."""
        return self._model.token_counts(texts)

    @property
    def max_tokens(self) -> int | None:
        """The model's window."""
        return self._model.max_tokens


def expanding(model: Scorer, pairs: Iterable[Pair], info: ModelInfo) -> Scorer:
    """Return the model over documents with the frequent synonym added, decoys among them."""
    own = [pair for pair in pairs if pair.arm == FREQUENCY]
    decoys = [pair.replace(high=pair.decoys[HIGH], low=pair.decoys[LOW]) for pair in own if set(SIDES) <= pair.decoys.keys()]
    return Reworded(model, info, document=Plainer(words for pair in [*own, *decoys] for words in words_of(pair)).expanded)


def asking_both(model: Scorer, pairs: Iterable[Pair], info: ModelInfo) -> Scorer:
    """Return the model asked in every wording of a query."""
    forms: dict[str, dict[str, None]] = {}
    for pair in pairs:
        registers = [pair.queries.get(f"gloss_{register}") or [] for register in (PLAIN, ELEVATED)]
        for together in (*zip(*registers, strict=False), tuple(naming_queries(pair).values())):
            for text in together:
                forms.setdefault(text, {text: None}).update(dict.fromkeys(together))
    return Reworded(model, info, queries=lambda text: tuple(forms.get(text, (text,))))


expand_documents = Remedy(
    name="expand-documents",
    summary="the frequent synonym added to every document with the rare word",
    wrap=expanding,
    known="Expansion knows the very words that were swapped: this is the best that a synonym table could do.",
)
both_queries = Remedy(
    name="both-queries",
    summary="each query asked in both of its wordings",
    wrap=asking_both,
    known="Asking both wordings averages scores, so over both registers of queries the mean gap hardly moves; ranks can.",
)
