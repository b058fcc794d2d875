"""Checks of a model: what its protocol promises, on a few texts."""

from typing import Any

import numpy as np

from freqbias.errors import InputError
from freqbias.models import LanguageModel, ModelInfo
from freqbias.models.labels import by_first_token, label_log_probs
from freqbias.models.protocols import Embedder, HasInfo, TokenEmbedder, offers
from freqbias.models.relevance import ROLES, Scorer, as_scorer
from freqbias.testing.expect import as_assertion, close, require

QUERIES = ("a vehicle with four wheels", "an animal that barks")
LABELS = ("A", "B")
DOCUMENTS = ("The car stood in the yard.", "The jalopy stood in the yard.", "A dog ran past.", "A dog ran past the old red barn at dusk.")


def check_scorer(model: "Embedder | TokenEmbedder | Scorer") -> None:
    """Raise `AssertionError` unless a model keeps what `Embedder`, `TokenEmbedder` or `Scorer` promise.

    Shapes and types; the same text gives the same numbers alone, in other company and in another order; `matrix` and `pooled` agree with
    `scores`.
    """
    name = _check_info(model, "embedder")
    if hasattr(model, "encode"):
        _check_vectors(model, name)
    _check_counts(model, name)
    require(hasattr(model, "max_tokens"), f"{name}: `max_tokens` is missing; None where there is no limit")
    with as_assertion(name):
        scorer = as_scorer(model)
        for part in ("measure", "pairwise", "prepare", "scores", "matrix", "pooled", "uncached"):
            require(hasattr(scorer, part), f"{name}: `{part}` is missing; see freqbias.models.relevance.Scorer")
        scorer.prepare(QUERIES, DOCUMENTS)
        matrix = np.asarray(scorer.matrix(QUERIES, DOCUMENTS))
        require(matrix.shape == (len(QUERIES), len(DOCUMENTS)), f"{name}: matrix has shape {matrix.shape}, expected (queries, documents)")
        couples = [(query, document) for query in QUERIES for document in DOCUMENTS]
        scores = scorer.scores([query for query, _ in couples], [document for _, document in couples])
        require(close(scores, matrix.ravel()), f"{name}: scores and matrix differ")
        require(bool(np.isfinite(matrix).all()), f"{name}: a score of an ordinary text is not finite")
        pool = scorer.pooled(QUERIES, [1.0, 0.5])
        require(close(pool(DOCUMENTS), matrix[0] + 0.5 * matrix[1], 1e-4), f"{name}: pooled is not the weighted sum of scores")
        again = scorer.uncached().matrix(QUERIES[::-1], DOCUMENTS[::-1])
        require(close(np.asarray(again)[::-1, ::-1], matrix, 1e-4), f"{name}: scores depend on the order of texts")


def _check_info(model: Any, kind: str) -> str:
    require(
        offers(model, HasInfo) and isinstance(model.info, ModelInfo),
        f"{type(model).__name__} has no `info` of type freqbias.models.ModelInfo",
    )
    name = f"model '{model.info.name}'"
    require(bool(model.info.name.strip()), "info.name is empty")
    require(model.info.kind == kind, f"{name}: info.kind is '{model.info.kind}', expected '{kind}'")
    return name


def _check_vectors(model: Any, name: str) -> None:
    for role in ROLES:
        vectors = np.asarray(model.encode(list(DOCUMENTS), role=role))
        shape = vectors.shape
        require(vectors.ndim == 2 and shape[0] == len(DOCUMENTS), f"{name}: encode gave shape {shape} for {len(DOCUMENTS)} texts")
        require(vectors.dtype == np.float32, f"{name}: encode gave {vectors.dtype}, expected float32")
        require(bool(np.isfinite(vectors).all()), f"{name}: a vector of an ordinary text is not finite")
        alone = np.concatenate([model.encode([text], role=role) for text in DOCUMENTS])
        require(close(alone, vectors, 1e-4), f"{name}: a text has another vector alone than beside others")


def _check_counts(model: Any, name: str) -> None:
    require(hasattr(model, "token_counts"), f"{name}: `token_counts` is missing; it returns None where there is no tokenizer")
    counts = model.token_counts(list(DOCUMENTS))
    if counts is not None:
        sound = len(counts) == len(DOCUMENTS) and all(isinstance(count, int) and count > 0 for count in counts)
        require(sound, f"{name}: token_counts must be one whole number a text, found {counts}")


def check_language_model(model: LanguageModel) -> None:
    """Raise `AssertionError` unless a model keeps what `LanguageModel` promises.

    Log-probabilities are finite, not above 0, and the same alone and in company; `choices` agrees with `continuation_log_probs`. Of a
    model that says that it has no continuations, `label_log_probs` gives NaN or numbers that are the same alone and in company.
    """
    name = _check_info(model, "language_model")
    require(hasattr(model, "path"), f"{name}: `path` is missing; None where it was loaded from no directory")
    _check_counts(model, name)
    (_check_labels if by_first_token(model) else _check_log_probs)(model, name)
    require(isinstance(model.format_prompt("Hello"), str), f"{name}: format_prompt must return a text")
    try:
        answers = model.generate(["Say yes.", "Say no."], max_tokens=2)
    except InputError:  # it says that it writes nothing
        return
    sound = len(answers) == 2 and all(answer is None or isinstance(answer, str) for answer in answers)
    require(sound, f"{name}: generate must return a text or None for each prompt, found {answers!r}")


def _check_labels(model: LanguageModel, name: str) -> None:
    messages = [f"Is this about an animal?\n{text}\nA: yes\nB: no\nAnswer with the letter alone." for text in DOCUMENTS]
    with as_assertion(name):
        found = label_log_probs(model, messages, LABELS)
        alone = np.concatenate([label_log_probs(model, [message], LABELS) for message in messages])
    known = np.isfinite(found)
    require(bool((known == np.isfinite(alone)).all()), f"{name}: a label has a log-probability only beside others, or only alone")
    require(bool(known.any()), f"{name}: no label has a log-probability")
    require(bool((found[known] <= 0).all()), f"{name}: a label's log-probability is above 0")
    require(close(alone[known], found[known], 1e-4), f"{name}: a label has another log-probability alone than beside others")


def _check_log_probs(model: LanguageModel, name: str) -> None:
    rows = model.log_probs(list(DOCUMENTS))
    require(len(rows) == len(DOCUMENTS), f"{name}: log_probs gave {len(rows)} rows for {len(DOCUMENTS)} texts")
    for row, text in zip(rows, DOCUMENTS, strict=True):
        values = np.asarray(row)
        require(values.ndim == 1 and values.size > 0, f"{name}: log_probs must be one list of numbers a text, found shape {values.shape}")
        require(bool(np.isfinite(values).all() and (values <= 0).all()), f"{name}: a log-probability is above 0 or not finite")
        require(close(model.log_probs([text])[0], values, 1e-4), f"{name}: a text has other log-probabilities alone than beside others")
    contexts, continuations = [f"{text} It is" for text in DOCUMENTS], [" a car."] * len(DOCUMENTS)
    sums = np.asarray(model.continuation_log_probs(contexts, continuations))
    require(sums.shape == (len(DOCUMENTS),), f"{name}: continuation_log_probs has shape {sums.shape}, expected ({len(DOCUMENTS)},)")
    require(bool(np.isfinite(sums).all()), f"{name}: a continuation's log-probability is not finite")
    chosen = model.choices(contexts[0], [continuations[0], " a dog."])
    require(close(np.asarray(chosen)[:1], sums[:1], 1e-4), f"{name}: choices and continuation_log_probs differ")
