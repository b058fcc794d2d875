"""What a scorer is, and what the scorers over vectors share: stores, parts, pools."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from freqbias.errors import BackendError, InputError
from freqbias.models.protocols import (
    CountsUsage,
    FloatArray,
    GivesUp,
    HasSimilarity,
    KnowsReasons,
    ModelInfo,
    Refuses,
    Role,
    ShowsProgress,
    offers,
)
from freqbias.models.store import VectorStore, store_key
from freqbias.progress import Track, chunks, silent
from freqbias.redact import redact
from freqbias.registry import suggestion

CHUNK = 256  # texts between two moves of the progress bar
ROLES: tuple[Role, ...] = ("query", "document")

MAX_FAILURES_IN_A_ROW = 5  # texts, each asked for alone, as in a run
SIMILARITIES = ("cosine", "dot")  # of vectors

Scores = NDArray[np.float64]

log = logging.getLogger(__name__)


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


@dataclass
class Failures:
    """What a model raised while texts were encoded: why, by text, and why it is not asked any more."""

    reasons: dict[str, str] = field(default_factory=dict)
    stopped: str | None = None
    in_a_row: int = 0


#: Returns the vectors of some texts in a role that another process has encoded, one matrix a text; None where none has.
Encoded = Callable[[Role, Sequence[str]], "list[FloatArray] | None"]


def nobody(role: Role, texts: Sequence[str]) -> None:
    """Return None: no other process has encoded anything."""


class HandsOn:
    """What a scorer over another model hands on of it: why texts have no number, that it has given up, and what it was asked.

    `encoded` is asked first where texts are to be encoded.
    """

    def __init__(self, model: object):
        self.inner = model
        self.failures = Failures()
        self.encoded: Encoded = nobody

    @property
    def errors(self) -> Mapping[str, str]:
        """Why texts have no number, where the model knows, or raised it."""
        known = self.inner.errors if offers(self.inner, KnowsReasons) else {}
        return {**known, **self.failures.reasons} if self.failures.reasons else known

    @property
    def stopped(self) -> str | None:
        """Why the model will answer nothing more; None while it does."""
        return self.failures.stopped or (self.inner.stopped if offers(self.inner, GivesUp) else None)

    @property
    def refusing(self) -> str | None:
        """What the model's server said to the last texts, where it has answered none of them."""
        return self.inner.refusing if offers(self.inner, Refuses) else None

    @property
    def usage(self) -> Any:
        """What a server was asked; None where there is none."""
        return self.inner.usage if offers(self.inner, CountsUsage) else None


def show_progress(model: object, track: Track) -> None:
    """Let a model, or the one that it wraps, show how far it is within a call, where it can."""
    if isinstance(model, HandsOn):
        show_progress(model.inner, track)
    elif offers(model, ShowsProgress):
        model.inner_progress = track


def similarity_of(model: object, what: str) -> str:
    """Return how vectors of a model, or of a function, are compared; `InputError` for a word that is none of `SIMILARITIES`."""
    found = model.similarity if offers(model, HasSimilarity) else "cosine"
    if found not in SIMILARITIES:
        raise InputError(f"{what}: similarity is {found!r}{suggestion(str(found), SIMILARITIES)}")
    return found


def open_store(info: ModelInfo, role: Role, folder: Path | None) -> VectorStore:
    """Return the store of one model and role, in `folder` where the model's identity allows it."""
    key = None if folder is None else store_key(info, role)
    return VectorStore(owner=info.name) if key is None else VectorStore(folder, key, info.name)


Encode = Callable[[list[str]], Sequence[FloatArray] | FloatArray]


def encode_missing(
    store: VectorStore, texts: Iterable[str], name: str, encode: Encode, track: Track, failures: Failures | None = None
) -> None:
    """Encode what a store does not hold, longest first, and put it there part by part.

    With `failures`, where the model raises `BackendError`, the texts of a part are encoded one by one: what it gives is kept, and a text
    on which it raises again has NaN, with the reason there. After several in a row it is the model that fails, not the texts: it is asked
    no more. The error is raised on while there is no vector at all.
    """
    new = store.missing(texts)
    if new:
        for part in track(chunks(new, CHUNK), f"{name}: encode texts", len(new), unit="texts", size=len):
            if failures is None:
                store.add(part, encode(part))
            elif (found := _asked(part, encode, failures)) is not None:
                store.add(part, found)
            else:
                _one_by_one(store, part, encode, failures)


def _asked(part: list[str], encode: Encode, failures: Failures) -> Sequence[FloatArray] | FloatArray | None:
    """Return the vectors of some texts; None, with the reason noted, where the model raises or is asked no more."""
    if failures.stopped is not None:
        return None
    try:
        found = encode(part)
    except BackendError as error:
        failures.in_a_row += len(part) == 1
        failures.reasons.update(dict.fromkeys(part, redact(str(error))))
        return None
    failures.in_a_row = 0
    for text in part:
        failures.reasons.pop(text, None)
    return found


def _one_by_one(store: VectorStore, part: Sequence[str], encode: Encode, failures: Failures) -> None:
    """Encode some texts each alone; `BackendError` while there is no vector at all."""
    failed: list[str] = []
    if failures.stopped is None:
        log.warning("%s; encoding these %d texts one by one", failures.reasons[part[0]], len(part))
    for text in part:
        found = _asked([text], encode, failures)
        if found is not None:
            store.add([text], found)
            continue
        failed.append(text)
        failures.reasons[text] = failures.stopped or failures.reasons[text]
        if failures.in_a_row >= MAX_FAILURES_IN_A_ROW:
            if not store.width:
                break
            failures.stopped = failures.reasons[text]
    if failed and not store.width:
        raise BackendError(failures.reasons[failed[-1]])
    store.add(failed, np.full((len(failed), store.width), np.nan, np.float32))


def slices(total: int, size: int) -> Iterator[slice]:
    """Yield consecutive slices of at most `size` that cover `range(total)`."""
    for start in range(0, total, size):
        yield slice(start, start + size)
