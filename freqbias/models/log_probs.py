"""What no log-probability can be, whoever says it: the one check of every language model's numbers.

Servers and functions say that they do not know with a number: 0, -9999, None. Each would be taken for a measurement.

* above 0: no probability is above 1 (`ROUNDING` is left to single precision);
* 0 throughout, over several tokens or words: nobody is sure of every word of a text;
* a number that stands for "unknown" or "none": -9999 (vLLM and others write it for minus infinity), powers of ten, the least number of a
  type; among single tokens also -100, at which OpenAI and others cut off;
* minus infinity: a softmax leaves every token some probability, so it means that the token was masked or cut off (top-k), not measured.
  A text of probability zero is possible in theory, and has no place on a scale of nats either;
* NaN and None.

A total of -100 is not among them, since a text can have it.
"""

from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from freqbias.errors import BackendError
from freqbias.models.labels import label_text, labels_of
from freqbias.models.protocols import LanguageModel, ModelInfo
from freqbias.models.scoring import HandsOn

Values = NDArray[np.float64]

ROUNDING = 1e-4  # nats: what adding up a text's log-probabilities in single precision can be wrong by
SEVERAL = 3  # tokens or words of which all are certain: one or two, after a beginning that tells them, may be
LEAST_OF_A_TOKEN = -1000.0  # nats: a logit of single or half precision lies a few hundred below the highest at most
UNKNOWN = {-999.0, -9999.0, -99999.0, -999999.0, *(-(10.0**k) for k in range(4, 39)), -65504.0, float(np.finfo(np.float32).min)}
UNKNOWN_TOKEN = {-100.0, -1000.0}  # besides


def fault_of_tokens(values: Sequence[float] | Values) -> str | None:
    """Return why numbers cannot be the log-probabilities of tokens, in nats; None where nothing speaks against it."""
    row = np.asarray(values, dtype=np.float64)
    for value in row:
        if value < LEAST_OF_A_TOKEN or value in UNKNOWN_TOKEN or not value <= ROUNDING:
            return fault_of_total(float(value), "") or f"a log-probability of {value:g}, which stands for an unknown one"
    return "log-probabilities that are all 0" if len(row) >= SEVERAL and not row.any() else None


def fault_of_total(value: float, text: str) -> str | None:
    """Return why a number cannot be the log-probability of a text, in nats; None where nothing speaks against it."""
    if np.isnan(value):
        return "a log-probability that is not a number"
    if value == -np.inf:
        return "a log-probability of minus infinity: masked or cut off, not measured"
    if value > ROUNDING:
        return f"a log-probability of +{value:g}, above 0"
    if value in UNKNOWN:
        return f"a log-probability of {value:g}, which stands for an unknown one"
    return "a log-probability of 0 for several words" if value == 0 and len(text.split()) >= SEVERAL else None


def fault_of_row(values: Values, text: str) -> str | None:
    """Return why a row cannot be the log-probabilities of a text: of its tokens, or of all of it in one number."""
    if not len(values):
        return "no log-probability" if text else None
    return fault_of_tokens(values) if len(values) > 1 else fault_of_total(float(values[0]), text)


def without_faults(values: Values, text: str, errors: dict[str, str]) -> Values:
    """Return a row as it is, or NaN for one that cannot be, and put the reason into `errors`."""
    fault = fault_of_row(values, text)
    if fault is None:
        return values
    errors[text] = fault
    return np.full(len(values) or 1, np.nan)


class CheckedLanguageModel(HandsOn):
    """A language model of anybody's, of which numbers that cannot be are NaN, with the reason in `errors`, by the whole text.

    All else is the model's own.
    """

    def __init__(self, model: LanguageModel):
        super().__init__(model)
        self._model = model
        self._faults: dict[str, str] = {}

    def __getattr__(self, name: str) -> Any:
        """Return what the model has beside what is checked."""
        if name in ("inner", "_model", "_faults"):  # not set yet, as while it is copied
            raise AttributeError(name)
        return getattr(self._model, name)

    if not TYPE_CHECKING:  # where the protocol has a variable

        @property
        def info(self) -> ModelInfo:
            """The model's own; said here since every row asks for it twice."""
            return self._model.info

    @property
    def errors(self) -> Mapping[str, str]:
        """Why texts have no number: what the model says, then what was found."""
        return ChainMap(dict(super().errors), self._faults) if self._faults else super().errors

    def log_probs(self, texts: Sequence[str]) -> list[Values]:
        """Return the model's rows."""
        rows = [np.asarray(row, dtype=np.float64) for row in self._model.log_probs(texts)]
        if len(rows) != len(texts):
            raise BackendError(f"{self._called}: log_probs gave {len(rows)} rows for {len(texts)} texts")
        return [without_faults(row, text, self._faults) for text, row in zip(texts, rows, strict=True)]

    def continuation_log_probs(self, contexts: Sequence[str], continuations: Sequence[str]) -> Values:
        """Return the model's numbers."""
        found = self._numbers("continuation_log_probs", len(contexts), contexts, continuations)
        for k, (context, text) in enumerate(zip(contexts, continuations, strict=True)):
            if self._note(context + text, fault_of_total(float(found[k]), text)):
                found[k] = np.nan
        return found

    def choices(self, context: str, options: Sequence[str]) -> Values:
        """Return the model's numbers."""
        found = self._numbers("choices", len(options), context, options)
        faults = [self._note(context + text, fault_of_total(float(value), text)) for text, value in zip(options, found, strict=True)]
        return np.where(faults, np.nan, found)

    def label_log_probs(self, messages: Sequence[str], labels: Sequence[str]) -> Values:
        """Return the model's numbers; asked for only where it has no others (`freqbias.models.protocols.AnswersLabels`)."""
        found = labels_of(self._model, messages, labels)
        for row, message in zip(found, messages, strict=True):
            for k, label in enumerate(labels):
                if self._note(label_text(message, label), fault_of_tokens([row[k]])):
                    row[k] = np.nan
        return found

    def generate(self, prompts: Sequence[str], *, max_tokens: int, stop: Sequence[str] = ()) -> list[str | None]:
        """Return the model's texts; `BackendError` unless there is one, or None, for each prompt."""
        found = self._model.generate(prompts, max_tokens=max_tokens, stop=stop)
        texts = list(found) if isinstance(found, Iterable) and not isinstance(found, str) else []
        if len(texts) != len(prompts) or not all(text is None or isinstance(text, str) for text in texts):
            raise BackendError(f"{self._called}: generate did not return a list with one text for each of {len(prompts)} prompts")
        return texts

    def format_prompt(self, prompt: str) -> str:
        """Return the model's form of a message; `BackendError` for what is no text, which would be asked in place of every message."""
        found = self._model.format_prompt(prompt)
        if not isinstance(found, str):
            raise BackendError(f"{self._called}: format_prompt returned {type(found).__name__}, not a text")
        return found

    @property
    def _called(self) -> str:
        return f"model '{self._model.info.name}'"

    def _numbers(self, name: str, count: int, *given: Any) -> Values:
        """Return numbers of the model, shape (count,); `BackendError` for another shape, or for what is no number."""
        found = np.array(getattr(self._model, name)(*given), dtype=np.float64)
        if found.shape != (count,) and (found.size or count):
            raise BackendError(f"{self._called}: {name} gave shape {found.shape} for {count} texts; expected ({count},)")
        return found.reshape(count)

    def _note(self, text: str, fault: str | None) -> bool:
        if fault is None:
            return False
        self._faults[text] = fault
        return True


def checked(model: LanguageModel) -> LanguageModel:
    """Return a language model whose numbers are checked."""
    if isinstance(model, CheckedLanguageModel):
        return model
    found: LanguageModel = CheckedLanguageModel(model)
    return found
