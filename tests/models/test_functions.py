"""Functions as models: what they may return, and what becomes of the vectors when they raise."""

import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import needed

from freqbias.errors import BackendError
from freqbias.models import ModelInfo, embedder, language_model
from freqbias.models.arrays import as_floats
from freqbias.models.relevance import as_scorer
from freqbias.models.scoring import MAX_FAILURES_IN_A_ROW

GIVEN: dict[str, object] = {}
TEXTS = [f"text {number}" for number in range(12)]


def encode(texts):
    return GIVEN["function"](texts)


@pytest.fixture
def given(monkeypatch):
    """Return a function that makes a model of a function."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    sys.modules.pop("test_functions", None)

    def made(function):
        import test_functions

        test_functions.GIVEN["function"] = function
        return embedder("test_functions:encode")

    yield made
    sys.modules.pop("test_functions", None)


def plain(texts):
    return np.array([[len(text), 1.0, ord(text[-1])] for text in texts], dtype=np.float32)


def test_tensors_of_every_kind_are_vectors(given):
    torch = needed("torch")
    kinds = {
        "of gradients": lambda texts: torch.tensor(plain(texts), requires_grad=True) * 1,
        "bfloat16": lambda texts: torch.tensor(plain(texts)).to(torch.bfloat16),
        "float16 of gradients": lambda texts: torch.tensor(plain(texts)).half().requires_grad_(),
        "a list": lambda texts: [torch.tensor(row, requires_grad=True) for row in plain(texts)],
        "a tuple of bfloat16": lambda texts: tuple(torch.tensor(row).bfloat16() for row in plain(texts)),
        "a list of numbers": lambda texts: plain(texts).tolist(),
        "sparse": lambda texts: torch.tensor(plain(texts)).to_sparse(),
        "whole numbers": lambda texts: torch.tensor(plain(texts)).int(),
        "double": lambda texts: torch.tensor(plain(texts)).double(),
    }
    for function in kinds.values():
        found = given(function).encode(TEXTS, role="query")
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, plain(TEXTS), rtol=0.01)


def test_a_gpus_tensor_is_fetched():
    torch = needed("torch")

    class OnGpu:
        """A tensor as numpy meets it on a GPU: it can be detached and copied, and numpy cannot read it."""

        def __init__(self, inner):
            self.inner = inner

        def detach(self):
            return self

        def cpu(self):
            return self.inner.detach()

        def __array__(self, *_, **__):
            raise TypeError("can't convert cuda:0 device type tensor to numpy")

    inner = torch.tensor(plain(TEXTS), requires_grad=True).bfloat16()
    np.testing.assert_allclose(as_floats(OnGpu(inner)), plain(TEXTS), rtol=0.01)
    np.testing.assert_allclose(as_floats([OnGpu(row) for row in inner]), plain(TEXTS), rtol=0.01)


def test_rows_of_scipy_are_vectors():
    from scipy.sparse import csr_matrix

    np.testing.assert_array_equal(as_floats(csr_matrix(plain(TEXTS))), plain(TEXTS))


@pytest.mark.parametrize("result", [["a"], [[1.0], [1.0, 2.0]], None, "text", {"a": 1}])
def test_what_is_no_array_is_one_line(given, result):
    with pytest.raises(BackendError, match=r"test_functions:encode (returned shape|did not return an array of numbers)"):
        given(lambda texts: result).encode(["x", "y"], role="query")


def test_a_compiled_function_that_says_nothing_of_its_parameters_is_called_with_texts_alone():
    with pytest.raises(BackendError, match=r"builtins:max returned shape \(\)|builtins:max did not return an array"):
        embedder("builtins:max").encode(["x", "y"], role="query")  # which has no signature


class Raising:
    """A function that raises where one of some texts is in a batch."""

    def __init__(self, *bad, after=None):
        self.bad, self.after, self.asked = bad, after, []

    def __call__(self, texts):
        self.asked.append(list(texts))
        if self.after is not None and sum(map(len, self.asked)) > self.after:
            raise ConnectionError("the service is gone")
        for text in texts:
            if text in self.bad:
                raise ValueError(f"cannot encode {text!r}")
        return plain(texts)


def test_a_text_on_which_a_function_raises_costs_no_other(given):
    function = Raising("text 3", "text 7")
    scorer = as_scorer(given(function))
    found = scorer.matrix(TEXTS[:2], TEXTS)
    assert np.flatnonzero(np.isnan(found).all(axis=0)).tolist() == [3, 7]
    assert np.isfinite(np.delete(found, [3, 7], axis=1)).all()
    assert scorer.errors.keys() == {"text 3", "text 7"}
    assert "ValueError: cannot encode 'text 3'" in scorer.errors["text 3"]
    asked = len(function.asked)
    scorer.matrix(TEXTS[:2], TEXTS)
    assert len(function.asked) == asked  # nothing is encoded again


def test_a_function_that_always_raises_is_one_line(given):
    function = Raising(*TEXTS)
    with pytest.raises(BackendError, match=r"model 'test_functions:encode': ValueError: cannot encode 'text \d+'") as caught:
        as_scorer(given(function)).prepare(TEXTS, TEXTS)
    assert "\n" not in str(caught.value)
    assert len(function.asked) == 1 + MAX_FAILURES_IN_A_ROW


def test_a_function_that_leaves_the_program_does_not(given):
    with pytest.raises(BackendError, match=r"model 'test_functions:encode': SystemExit: 4 \(test_functions.py:\d+\)"):
        as_scorer(given(lambda texts: sys.exit(4))).prepare(TEXTS, TEXTS)


def test_one_text_alone_that_raises_is_one_line(given):
    with pytest.raises(BackendError, match="cannot encode 'text 3'"):
        as_scorer(given(Raising("text 3"))).scores(["text 3"], ["text 3"])


def test_a_function_that_is_gone_keeps_what_it_gave(given, monkeypatch):
    from freqbias.models import scoring

    monkeypatch.setattr(scoring, "CHUNK", 4)
    function = Raising(after=8)
    scorer = as_scorer(given(function))
    found = scorer.scores(TEXTS[:1] * 12, TEXTS)
    assert "the service is gone" in scorer.stopped
    assert np.isfinite(found).any()
    assert all("the service is gone" in scorer.errors[text] for text, value in zip(TEXTS, found, strict=True) if np.isnan(value))
    asked = len(function.asked)
    scorer.prepare((), ["something new"])
    assert len(function.asked) == asked


def test_late_interaction_keeps_what_it_gave_too():
    class Tokens:
        info, measure, max_tokens = ModelInfo(name="tokens", kind="embedder", source="plugin"), "maxsim", None

        def encode_tokens(self, texts, *, role):
            if any("3" in text for text in texts):
                raise BackendError("no token")
            return [plain([text, text]) for text in texts]

    scorer = as_scorer(Tokens())
    found = scorer.matrix(TEXTS[:1], TEXTS)[0]
    assert np.flatnonzero(np.isnan(found)).tolist() == [3]
    assert scorer.errors == {"text 3": "no token"}


def flaky(texts):
    """Vectors of words, but none for texts with one word."""
    if any("yacht" in text or "abode" in text for text in texts):
        raise ValueError("not this one")
    import synthetic

    return synthetic.embed_words(texts)


def test_a_run_goes_on_without_the_texts_on_which_a_function_raises(cli, tmp_path, monkeypatch):
    from freqbias import read_observations
    from freqbias.files import write_records
    from freqbias.records import Pair

    monkeypatch.syspath_prepend(Path(__file__).parent)
    words = [("car", "automobile"), ("boat", "yacht"), ("house", "dwelling"), ("dog", "hound")]
    pairs = [
        Pair(id=high, item=high, high=f"The {high} is here.", low=f"The {low} is here.", queries={"neutral": ["what is here"]})
        for high, low in words
    ]
    write_records(tmp_path / "pairs.jsonl", pairs)
    out = tmp_path / "observations.jsonl"
    cli("probe", tmp_path / "pairs.jsonl", "--embedder", "test_functions:flaky", "--probe", "similarity", "--out", out)
    rows = [row for row in read_observations(out) if row.contrast == "neutral"]
    assert {row.pair_id for row in rows if row.error} == {"boat"}
    assert all("ValueError: not this one" in row.error for row in rows if row.error)
    assert {row.pair_id for row in rows if row.error is None} == {"car", "house", "dog"}


def nats(texts):
    return [[-1.5] * len(text.split()) for text in texts]


@pytest.mark.parametrize(
    "kind",
    ["one tensor", "a row a text", "bfloat16", "a tensor a token", "double", "whole numbers"],
)
def test_log_probabilities_may_be_tensors_of_every_kind(given, kind):
    torch = needed("torch")
    functions = {
        "one tensor": lambda texts: torch.tensor([sum(row) for row in nats(texts)], requires_grad=True) * 1,
        "a row a text": lambda texts: [torch.tensor(row, requires_grad=True) for row in nats(texts)],
        "bfloat16": lambda texts: [torch.tensor(row).bfloat16().requires_grad_() for row in nats(texts)],
        "a tensor a token": lambda texts: [[torch.tensor(value, requires_grad=True) for value in row] for row in nats(texts)],
        "double": lambda texts: [torch.tensor([sum(row) - 1e-9], dtype=torch.float64) for row in nats(texts)],
        "whole numbers": lambda texts: [torch.tensor([-2, -1]) for _ in texts],
    }
    given(functions[kind])
    model = language_model("test_functions:encode")
    found = [row.sum() for row in model.log_probs(TEXTS)]
    np.testing.assert_allclose(found, -3.0 - (1e-9 if kind == "double" else 0), rtol=0, atol=1e-12)
    assert not model.errors


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda texts: np.empty((len(texts), 0)), r"returned shape \(12, 0\) for 12 texts; expected \(n, d\), d at least 1"),
        (lambda texts: [[] for _ in texts], r"returned shape \(12, 0\) for 12 texts"),
        (lambda texts: plain(texts) * 1j, "did not return an array of numbers .*: complex numbers"),
        (lambda texts: [[1j, 2.0] for _ in texts], "did not return an array of numbers"),
    ],
)
def test_vectors_without_numbers_or_with_half_of_them_are_refused(given, function, reason):
    with pytest.raises(BackendError, match=reason):
        given(function).encode(TEXTS, role="query")


def test_complex_log_probabilities_are_refused(given):
    torch = needed("torch")
    given(lambda texts: [torch.tensor([-1 + 2j]) for _ in texts])
    with pytest.raises(BackendError, match="complex numbers"):
        language_model("test_functions:encode").log_probs(TEXTS)
