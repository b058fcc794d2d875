"""What no log-probability can be is an error with its reason, whoever says it: a function, an object, a server (`test_http_echo`)."""

import numpy as np
import pytest

from freqbias.errors import BackendError
from freqbias.models import ModelInfo
from freqbias.models.adapters import callables
from freqbias.models.adapters.callables import CallableLanguageModel
from freqbias.models.log_probs import CheckedLanguageModel, checked, fault_of_row, fault_of_tokens, fault_of_total
from freqbias.probes.likelihood import probe
from freqbias.records import Pair

NAN, INF = float("nan"), float("inf")
TEXT = "one small step"


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ([-1.0, -2.0, -0.5], None),
        ([-40.0], None),
        ([-100.0], None),
        ([-2500.0], None),
        ([0.0, -1.0, 0.0], None),
        ([-1.0, 5e-5], None),
        ([-1.0, 0.2], "a log-probability of +0.2, above 0"),
        ([3.0], "a log-probability of +3, above 0"),
        ([0.0, 0.0, 0.0], "log-probabilities that are all 0"),
        ([0.0], "a log-probability of 0 for several words"),
        ([-1.0, -9999.0], "a log-probability of -9999, which stands for an unknown one"),
        ([-9999.0], "a log-probability of -9999, which stands for an unknown one"),
        ([-1e9], "a log-probability of -1e+09, which stands for an unknown one"),
        ([-1.0, -100.0], "a log-probability of -100, which stands for an unknown one"),
        ([-1.0, -4321.0], "a log-probability of -4321, which stands for an unknown one"),
        ([float(np.finfo(np.float32).min)], "a log-probability of -3.40282e+38, which stands for an unknown one"),
        ([-INF], "a log-probability of minus infinity: masked or cut off, not measured"),
        ([-1.0, NAN], "a log-probability that is not a number"),
        ([], "no log-probability"),
    ],
)
def test_rows(row, fault):
    assert fault_of_row(np.array(row), TEXT) == fault


def test_what_may_be():
    assert fault_of_row(np.empty(0), "") is None
    assert fault_of_tokens([0.0, 0.0]) is None
    assert fault_of_total(0.0, " Paris") is None


def pair(low="TARGET of a step"):
    return Pair(id="1", item="x", arm="frequency", high=TEXT, low=low)


def function(value):
    def score(texts):
        return [value if "TARGET" in text else -float(len(text)) for text in texts]

    return score


CASES = [
    (0.3, "a log-probability of +0.3, above 0"),
    (0.0, "a log-probability of 0 for several words"),
    (-9999, "a log-probability of -9999, which stands for an unknown one"),
    (None, "a log-probability that is not a number"),
    ([None, -1.0, -2.0], "a log-probability that is not a number"),
    ([0.0, 0.0, 0.0, 0.0], "log-probabilities that are all 0"),
    (-INF, "a log-probability of minus infinity: masked or cut off, not measured"),
    ([], "no log-probability"),
]


@pytest.mark.parametrize(("value", "reason"), CASES)
def test_a_functions_row_is_an_error_with_its_reason(value, reason, monkeypatch):
    monkeypatch.setattr(callables, "function", lambda reference: function(value))
    model = CallableLanguageModel("mine:score")
    rows = list(probe([pair()], model))
    assert [row.error for row in rows] == [f"mine:score gave no finite log-probability ('TARGET of a step': {reason})"]
    assert [row.error for row in probe([pair("a rarer step")], model)] == [None]


def test_a_function_that_gives_means_is_found_out(monkeypatch):
    monkeypatch.setattr(callables, "function", lambda reference: lambda texts: [-3.0 / len(text) for text in texts])
    model = CallableLanguageModel("mine:score")
    assert np.isnan(model.continuation_log_probs(["a cat"], [" sat"])).all()
    assert model.errors == {"a cat sat": "a text that is likelier than its own beginning: means instead of sums?"}


def test_a_continuation_after_a_beginning_without_a_number_says_why(monkeypatch):
    monkeypatch.setattr(callables, "function", lambda reference: lambda texts: [NAN if text == "a cat" else -9.0 for text in texts])
    model = CallableLanguageModel("mine:score")
    assert np.isnan(model.continuation_log_probs(["a cat"], [" sat"])).all()
    assert model.errors["a cat sat"] == "a log-probability that is not a number"


class Model:
    """An object as somebody else writes it."""

    info = ModelInfo(name="mine", kind="language_model", source="plugin")
    path = None

    def __init__(self, value):
        self._score = function(value)

    def log_probs(self, texts):
        return [np.atleast_1d(np.asarray(row, dtype=float)) for row in self._score(texts)]

    def continuation_log_probs(self, contexts, continuations):
        return np.array(
            [np.sum(np.asarray(row, dtype=float)) for row in self._score([a + b for a, b in zip(contexts, continuations, strict=True)])]
        )

    def choices(self, context, options):
        return self.continuation_log_probs([context] * len(options), options)

    def token_counts(self, texts):
        return None


@pytest.mark.parametrize(("value", "reason"), CASES)
def test_an_objects_row_is_an_error_with_its_reason(value, reason):
    rows = list(probe([pair()], Model(value)))
    assert [row.error for row in rows] == [f"mine gave no finite log-probability ('TARGET of a step': {reason})"]


def test_every_number_of_an_object_is_looked_at():
    model = checked(Model(2.0))
    assert checked(model) is model
    assert isinstance(model, CheckedLanguageModel)
    assert np.isfinite(model.continuation_log_probs(["a", "TARGET"], [" b", " b"])).tolist() == [True, False]
    assert np.isfinite(model.choices("a", [" b", " TARGET"])).tolist() == [True, False]
    assert model.errors == {"TARGET b": "a log-probability of +2, above 0", "a TARGET": "a log-probability of +2, above 0"}
    assert model.info.name == "mine"
    assert not hasattr(model, "write")


@pytest.mark.parametrize(
    ("method", "given", "found", "message"),
    [
        ("continuation_log_probs", (["a", "b"], ["c", "d"]), [-1.0], r"continuation_log_probs gave shape \(1,\) for 2 texts"),
        ("continuation_log_probs", (["a", "b"], ["c", "d"]), -1.0, r"continuation_log_probs gave shape \(\) for 2 texts"),
        ("choices", ("a", ["c", "d"]), [[-1.0], [-2.0]], r"choices gave shape \(2, 1\) for 2 texts"),
        ("log_probs", (["a", "b"],), [[-1.0]], "log_probs gave 1 rows for 2 texts"),
        ("format_prompt", ("a",), None, "format_prompt returned NoneType, not a text"),
    ],
)
def test_what_an_object_returns_in_another_shape_is_one_line(method, given, found, message):
    model = Model(-1.0)
    setattr(model, method, lambda *given: found)
    with pytest.raises(BackendError, match=f"model 'mine': {message}"):
        getattr(checked(model), method)(*given)


@pytest.mark.parametrize("found", [None, "44", [4, 4], [b"4", b"4"], ["4"]])
def test_what_an_object_writes_is_a_text_for_each_prompt(found):
    model = Model(-1.0)
    model.generate = lambda prompts, *, max_tokens, stop: found
    with pytest.raises(BackendError, match="model 'mine': generate did not return a list with one text for each of 2 prompts"):
        checked(model).generate(["a", "b"], max_tokens=4)
