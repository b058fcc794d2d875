"""Scorers that read query and document together, one forward pass a couple: cross-encoders and query likelihood."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any, Self

import numpy as np

from freqbias.errors import BackendError, InputError, in_one_line
from freqbias.models.log_probs import checked
from freqbias.models.names.prompts import Prompts
from freqbias.models.protocols import KnowsReasons, LanguageModel, Loading, ModelInfo, offers
from freqbias.models.relevance import Pool, Scores
from freqbias.models.scoring import HandsOn
from freqbias.progress import Track, chunks, silent
from freqbias.terms import ENTAILMENT, LOG_PROB

BATCH_SIZE = 32  # couples in one forward pass of a cross-encoder
COUPLES_AT_ONCE = 512  # couples that a model is given in one call, and between two moves of the progress; it sorts them by length
PROMPT = "query-likelihood-v1"  # a changed template is a new file, so that runs stay comparable
TEMPLATE = files("freqbias.models.adapters").joinpath("prompts", f"{PROMPT}.txt").read_text(encoding="utf-8").removesuffix("\n")


class PairScorer(ABC):
    """What pair scorers share: nothing is encoded beforehand, equal couples are scored once a call."""

    pairwise = True
    measure: str
    info: ModelInfo
    inner_progress: Track = staticmethod(silent)

    @abstractmethod
    def score(self, couples: list[tuple[str, str]]) -> Scores:
        """Return the relevance of distinct (query, document) couples, shape (n,); NaN where there is none."""

    def prepare(self, queries: Iterable[str], documents: Iterable[str], track: Track = silent) -> None:  # noqa: B027  # no part of a hook
        """Do nothing."""

    def scores(self, queries: Sequence[str], documents: Sequence[str]) -> Scores:
        """Return one score per couple, shape (n,)."""
        couples = list(zip(queries, documents, strict=True))
        place = {couple: i for i, couple in enumerate(dict.fromkeys(couples))}
        distinct = list(place)
        asked = self.inner_progress(
            chunks(distinct, COUPLES_AT_ONCE), f"{self.info.name}: score couples", len(distinct), unit="couples", size=len
        )
        parts = [self.score(part) for part in asked]
        values = np.concatenate(parts).astype(np.float64) if parts else np.empty(0)
        found = values[[place[couple] for couple in couples]] if couples else values
        return np.where(np.isfinite(found), found, np.nan)

    def matrix(self, queries: Sequence[str], documents: Sequence[str]) -> Scores:
        """Return every couple's score, shape (n queries, n documents); as many forward passes."""
        queries, documents = list(queries), list(documents)
        flat = self.scores([query for query in queries for _ in documents], documents * len(queries))
        return flat.reshape(len(queries), len(documents))

    def pooled(self, queries: Sequence[str], weights: Sequence[float]) -> Pool:
        """Return the weighted sum of scores; a document with a score that is missing has none."""
        queries, own = list(queries), np.asarray(weights, dtype=np.float64)
        return Pool(float(own.sum()), lambda documents: np.asarray(own @ self.matrix(queries, documents)))

    def uncached(self) -> Self:
        """Return itself: nothing is kept."""
        return self


class CrossEncoderScorer(PairScorer):
    """A sentence-transformers `CrossEncoder`: the logit of its one label, before any sigmoid, or the probability of `entailment`.

    The latter where that is one of several labels: a model of natural language inference, whose premise the query is.
    """

    def __init__(self, path: Any, info: ModelInfo, loading: Loading):
        from sentence_transformers import CrossEncoder

        from freqbias.models.adapters.opening import opened, options
        from freqbias.models.adapters.sentence_transformers import described

        self._model = opened(path, info.name, loading, lambda: CrossEncoder(path, **options(loading)), spare=None)
        labels = [str(label).lower() for _, label in sorted(self._model.config.id2label.items())]
        self._entailment = labels.index(ENTAILMENT) if ENTAILMENT in labels else None
        if len(labels) != 1 and self._entailment is None:
            takes = f"relevance scores need a cross-encoder with one label, or with a label '{ENTAILMENT}'"
            raise InputError(f"model '{info.name}' has {len(labels)} labels; {takes}")
        self.measure = "logit" if self._entailment is None else ENTAILMENT
        applied = (getattr(self._model, "prompts", None) or {}).get(getattr(self._model, "default_prompt_name", None)) or ""
        prompts = Prompts(query=applied, origin="repository" if applied else "none")  # what `predict` puts before the first of two texts
        self.info = described(self._model, info, loading, prompts=prompts)
        self._longest_query = 0

    def prepare(self, queries: Iterable[str], documents: Iterable[str], track: Track = silent) -> None:
        """Note the longest query, which shares the window with a document."""
        self._longest_query = max([self._longest_query, *(self.token_counts(list(dict.fromkeys(queries))) or [])])

    def score(self, couples: list[tuple[str, str]]) -> Scores:
        """Return the logits, or the probabilities of entailment."""
        from torch.nn import Identity

        with in_one_line(BackendError, f"model '{self.info.name}'", self._model):
            found: Any = self._model.predict(couples, batch_size=BATCH_SIZE, show_progress_bar=False, activation_fn=Identity())
        logits = np.asarray(found, dtype=np.float64)
        if self._entailment is None:
            return logits
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(shares[:, self._entailment] / shares.sum(axis=1))

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Count the tokenizer's subwords, special tokens left out, nothing truncated."""
        from freqbias.models.adapters.sentence_transformers import count_tokens

        return count_tokens(self._model, texts)

    @property
    def max_tokens(self) -> int | None:
        """What the window leaves a document beside special tokens and the longest query that was prepared."""
        from freqbias.models.adapters.sentence_transformers import window

        limit = window(self._model, special_tokens_of=2)
        return None if limit is None else limit - self._longest_query


class QueryLikelihoodScorer(HandsOn, PairScorer):
    """log p(query | document) by a causal language model, in nats: a reranker that needs no training (Ponte & Croft 1998).

    The document stands in the template of `prompts/query-likelihood-v1.txt`, a blank and the query follow; the tokens of the query are
    summed. `info.details` states the template and its SHA-256. `errors` says why documents have no score, where the language model knows.
    """

    measure = LOG_PROB.name

    def __init__(self, model: LanguageModel, info: ModelInfo):
        super().__init__(model)
        self._reasons: dict[str, str] = {}
        self._model = checked(model)
        self.info = info

    @property
    def errors(self) -> Mapping[str, str]:
        """Why documents have no score, where the language model knows."""
        return self._reasons

    def score(self, couples: list[tuple[str, str]]) -> Scores:
        """Return the log-probabilities; couples that the model refuses, such as too long ones, are NaN, unless it refuses all."""
        try:
            return self._ask(couples)
        except BackendError:
            values = [self._alone(couple) for couple in couples]
            if np.isnan(values).all():
                raise
            return np.array(values)

    def _alone(self, couple: tuple[str, str]) -> float:
        try:
            return float(self._ask([couple])[0])
        except BackendError as error:
            self._reasons[couple[1]] = str(error)
            return float("nan")

    def _ask(self, couples: list[tuple[str, str]]) -> Scores:
        contexts = [TEMPLATE.format(document=document) for _, document in couples]
        known: Mapping[str, str] = self._model.errors if offers(self._model, KnowsReasons) else {}
        values = self._model.continuation_log_probs(contexts, [f" {query}" for query, _ in couples])
        for value, context, (query, document) in zip(values, contexts, couples, strict=True):
            if np.isnan(value) and (why := known.get(f"{context} {query}")) is not None:
                self._reasons[document] = why
        return values

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Count the language model's tokens."""
        return self._model.token_counts(texts)

    @property
    def max_tokens(self) -> int | None:
        """Return None: what does not fit has no score."""
        return None
