"""Any Python function as a model, named `module:function` (hosted models, baselines, synthetic models in tests)."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from freqbias import registry
from freqbias.errors import BackendError, InputError, in_one_line
from freqbias.models.arrays import as_doubles, as_floats
from freqbias.models.log_probs import ROUNDING, without_faults
from freqbias.models.objects import source_hash
from freqbias.models.protocols import FloatArray, ModelInfo, Role
from freqbias.models.scoring import similarity_of


def function(reference: str) -> Callable[..., Any]:
    """Return the function called `module:function`, or a plugin's; `InputError` when it is not there or cannot be called."""
    found: Callable[..., Any] | object = registry.load("models", reference)
    if isinstance(found, type):
        raise InputError(f"'{reference}' is a class, not a function; name an instance of it, or a function")
    if not callable(found):
        raise InputError(f"'{reference}' is not callable, found {type(found).__name__}")
    return found


def info_of(reference: str, function: Callable[..., Any], kind: str) -> ModelInfo:
    """Return the identity of a function, or of an object that can be called: the hash of the file that it is written in."""
    written = function if inspect.isroutine(function) else type(function)
    return ModelInfo(name=reference, kind=kind, source="callable", fingerprint=source_hash(written))


def takes_role(function: Callable[..., Any]) -> bool:
    """Tell whether a function has a parameter `role`; a compiled one that says nothing of its parameters takes none."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:
        return False
    return any(p.name == "role" or p.kind is p.VAR_KEYWORD for p in parameters)


class CallableEmbedder:
    """Wrap `f(texts, role=…)`, or `f(texts)` if it takes no role, as an `Embedder`.

    Its scores are cosines unless the function has an attribute `similarity` that says `dot`.
    """

    max_tokens = None

    def __init__(self, reference: str):
        self._function = function(reference)
        self.similarity = similarity_of(self._function, f"model '{reference}'")
        self._takes_role = takes_role(self._function)
        self.info = info_of(reference, self._function, "embedder")

    def encode(self, texts: Sequence[str], *, role: Role) -> FloatArray:
        """Call the function; `BackendError` unless it returns an array of shape (n, d)."""
        texts = list(texts)
        with in_one_line(BackendError, f"model '{self.info.name}'", self._function):
            result = self._function(texts, role=role) if self._takes_role else self._function(texts)
        try:
            vectors = as_floats(result)
        except (ValueError, TypeError, RuntimeError) as error:
            raise BackendError(f"{self.info.name} did not return an array of numbers of shape (n, d): {error}") from error
        if vectors.ndim != 2 or len(vectors) != len(texts) or (texts and not vectors.shape[1]):
            raise BackendError(f"{self.info.name} returned shape {vectors.shape} for {len(texts)} texts; expected (n, d), d at least 1")
        return vectors

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Return None: a function has no tokenizer that could be asked."""
        return None


class CallableLanguageModel:
    """Wrap `f(texts)`, which returns per-token or total log-probabilities in nats, as a `LanguageModel`.

    A continuation's log-probability is taken by the chain rule: log p(context + continuation) - log p(context). What cannot be a
    log-probability (`freqbias.models.log_probs`) is NaN, and `errors` says why, by the text. A function scores texts and writes none.
    """

    path: str | None = None

    def __init__(self, reference: str):
        self.errors: dict[str, str] = {}
        self._function = function(reference)
        self.info = replace(info_of(reference, self._function, "language_model"), details={"prompt_format": "plain"})

    def log_probs(self, texts: Sequence[str]) -> list[NDArray[np.float64]]:
        """Call the function; `BackendError` unless it returns one row per text."""
        with in_one_line(BackendError, f"model '{self.info.name}'", self._function):
            rows = [np.atleast_1d(as_doubles(row)) for row in self._function(list(texts))]
        if len(rows) != len(texts):
            raise BackendError(f"{self.info.name} returned {len(rows)} rows for {len(texts)} texts")
        if any(row.ndim != 1 for row in rows):
            raise BackendError(f"{self.info.name} returned a table for a text; expected its log-probabilities in one row, or their sum")
        return [without_faults(row, text, self.errors) for row, text in zip(rows, texts, strict=True)]

    def continuation_log_probs(self, contexts: Sequence[str], continuations: Sequence[str]) -> NDArray[np.float64]:
        """Return log p(context + continuation) - log p(context); shape (n,)."""
        whole = self.log_probs([a + b for a, b in zip(contexts, continuations, strict=True)])
        distinct = list(dict.fromkeys(contexts))
        prefix = dict(zip(distinct, self.log_probs(distinct), strict=True))
        found = np.array([row.sum() - prefix[context].sum() for row, context in zip(whole, contexts, strict=True)])
        for k, (context, continuation) in enumerate(zip(contexts, continuations, strict=True)):
            if found[k] > ROUNDING:
                self.errors[context + continuation] = "a text that is likelier than its own beginning: means instead of sums?"
                found[k] = np.nan
            elif context in self.errors:
                self.errors.setdefault(context + continuation, self.errors[context])
        return found

    def choices(self, context: str, options: Sequence[str]) -> NDArray[np.float64]:
        """Return log p(option | context) of each option, in nats; shape (k,)."""
        return self.continuation_log_probs([context] * len(options), options)

    def generate(self, prompts: Sequence[str], *, max_tokens: int, stop: Sequence[str] = ()) -> list[str]:
        """Raise `InputError`: a function that gives texts their probability writes none."""
        raise InputError(f"model '{self.info.name}' is a function that only scores texts; name a model that can generate")

    def format_prompt(self, prompt: str) -> str:
        """Return the prompt as it is: a function has no chat template."""
        return prompt

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Return None: a function has no tokenizer that could be asked."""
        return None
