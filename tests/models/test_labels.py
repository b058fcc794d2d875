"""Labels of a message: by which of the two ways, in which measure, for every kind of language model."""

import numpy as np
import pytest
from conftest import needed

from freqbias import models
from freqbias.errors import BackendError, InputError
from freqbias.models import ModelInfo, objects
from freqbias.models.labels import answer_context, by_first_token, label_log_probs, label_text, label_texts, labels_measure
from freqbias.models.log_probs import checked
from freqbias.testing import check_language_model
from freqbias.testing.planted import PlantedLanguageModel

LABELS = ("A", "B")
NAN = float("nan")


class Chat:
    """An object of somebody else's that tells first tokens and scores no text."""

    info = ModelInfo(name="chatting", kind="language_model", source="plugin", revision="1")
    path = None
    has_continuations = False

    def __init__(self, rows=(-0.5, -1.5)):
        self.rows, self.errors = rows, {}

    def label_log_probs(self, messages, labels):
        return [list(self.rows)] * len(messages)

    def continuation_log_probs(self, contexts, continuations):
        raise AssertionError("asked for what it says that it has not")

    log_probs = choices = continuation_log_probs

    def generate(self, prompts, *, max_tokens, stop=()):
        return ["A"] * len(prompts)

    def format_prompt(self, prompt):
        return prompt

    def token_counts(self, texts):
        return None


class Both(Chat):
    """One that has both, of which only continuations are asked for."""

    has_continuations = True

    def label_log_probs(self, messages, labels):
        raise AssertionError("never both")

    def continuation_log_probs(self, contexts, continuations):
        return [-float(len(continuation)) for continuation in continuations]


chatting, saying_maybe, speechless = Chat(), Chat(), Chat()
saying_maybe.has_continuations = "maybe"
speechless.label_log_probs = None


def by_length(texts):
    return [-float(len(text)) for text in texts]


def test_what_a_model_says_decides_and_nothing_else():
    assert label_log_probs(Chat(), ["x", "y"], LABELS).tolist() == [[-0.5, -1.5]] * 2
    assert label_log_probs(Both(), ["x"], LABELS).tolist() == [[-2.0, -2.0]]
    assert [labels_measure(model) for model in (Chat(), Both())] == ["first_token_log_prob_nats", "log_prob_nats"]
    assert label_texts(Chat(), "x", LABELS) == ["x\nAnswer:", "x\nAnswer: A", "x\nAnswer: B"]
    assert label_texts(Chat(), "x", LABELS, start="") == ["x", "x A", "x B"]
    assert label_texts(Both(), "x", LABELS) == ["x\nAnswer: A", "x\nAnswer: B"]
    assert label_log_probs(Chat(), [], LABELS).shape == label_log_probs(Both(), [], LABELS).shape == (0, 2)


def test_a_wrapped_model_is_asked_in_the_same_way():
    for model in (Chat(), Both(), PlantedLanguageModel()):
        assert by_first_token(checked(model)) == by_first_token(model)
        assert labels_measure(checked(model)) == labels_measure(model)
        assert label_log_probs(checked(model), ["x"], LABELS).tolist() == label_log_probs(model, ["x"], LABELS).tolist()


def test_functions_and_models_of_this_process_have_continuations(monkeypatch):
    monkeypatch.setattr(models.registry if hasattr(models, "registry") else objects.registry, "load", lambda kind, name: by_length)
    model = models.language_model("mine:by_length")
    assert labels_measure(checked(model)) == "log_prob_nats"
    assert label_log_probs(checked(model), ["x"], ("A", "other")).tolist() == [[-2.0, -6.0]]
    for adapter in ("transformers:TransformersLanguageModel", "vllm:VllmLanguageModel"):
        module, name = adapter.split(":")
        found = getattr(needed(f"freqbias.models.adapters.{module}"), name)
        assert not hasattr(found, "has_continuations"), adapter
        assert hasattr(found, "continuation_log_probs"), adapter


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (0.7, "a log-probability of +0.7, above 0"),
        (-9999.0, "a log-probability of -9999, which stands for an unknown one"),
        (-100.0, "a log-probability of -100, which stands for an unknown one"),
        (-np.inf, "a log-probability of minus infinity: masked or cut off, not measured"),
        (NAN, "a log-probability that is not a number"),
        (None, "a log-probability that is not a number"),
    ],
)
def test_what_no_log_probability_can_be_has_a_reason(value, reason):
    model = checked(Chat((-0.5, value)))
    found = label_log_probs(model, ["x"], LABELS)
    assert np.isfinite(found).tolist() == [[True, False]]
    assert model.errors == {label_text("x\nAnswer:", "B"): reason}


def test_a_models_own_reason_comes_first():
    model = Chat((-0.5, NAN))
    model.errors = {"x\nAnswer: B": "not among five"}
    found = checked(model)
    assert np.isnan(label_log_probs(found, ["x"], LABELS)[0, 1])
    assert found.errors["x\nAnswer: B"] == "not among five"


@pytest.mark.parametrize("rows", [(-1.0,), (-1.0, -2.0, -3.0), ()])
def test_another_number_of_labels_is_one_line(rows):
    for model in (Chat(rows), checked(Chat(rows))):
        with pytest.raises(BackendError, match=r"^model 'chatting': label_log_probs gave shape .* for 2 messages and 2 labels"):
            label_log_probs(model, ["x", "y"], LABELS)


def test_what_it_raises_is_one_line():
    model = Chat()
    model.label_log_probs = lambda messages: None
    for found in (model, checked(model)):
        with pytest.raises(BackendError, match=r"^model 'chatting': TypeError: "):
            label_log_probs(found, ["x"], LABELS)


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (("1", "2", "10"), "label '1' is how '10' begins"),
        (("yes", "not sure"), "label 'not sure' is not one word"),
        (("A", " B"), "label ' B' is not one word"),
        (("A", ""), "label '' is not one word"),
    ],
)
def test_labels_that_one_token_cannot_tell_apart_are_refused(labels, reason):
    with pytest.raises(InputError, match=reason):
        label_log_probs(Chat([-1.0] * len(labels)), ["x"], labels)
    assert np.isfinite(label_log_probs(Both(), ["x"], labels)).all()  # continuations can


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("saying_maybe", "`has_continuations` must be True or False, found 'maybe'"),
        ("speechless", "says that it has no continuations, and has no `label_log_probs`"),
    ],
)
def test_an_object_that_cannot_be_is_refused(name, reason, monkeypatch):
    monkeypatch.setattr(objects.registry, "load", lambda kind, reference: globals()[reference.partition(":")[2]])
    with pytest.raises(InputError, match=reason):
        models.language_model(f"mine:{name}")
    assert models.language_model("mine:chatting") is chatting


def test_an_object_that_tells_first_tokens_passes_its_check():
    check_language_model(Chat())
    check_language_model(Chat((-0.5, NAN)))
    with pytest.raises(AssertionError, match="no label has a log-probability"):
        check_language_model(Chat((NAN, NAN)))
    with pytest.raises(AssertionError, match="above 0"):
        check_language_model(Chat((-0.5, 1.0)))
    drifting = Chat()
    drifting.label_log_probs = lambda messages, labels: [[-0.5, -float(len(messages))]] * len(messages)
    with pytest.raises(AssertionError, match="another log-probability alone"):
        check_language_model(drifting)


class Own(Chat):
    """One whose chat template is applied elsewhere, as a server's is."""

    info = ModelInfo(name="own", kind="language_model", source="plugin", details={"prompt_format": "chat template"})


def test_a_start_never_sticks_to_a_message():
    assert answer_context(Own(), "Name it.", "It is") == "Name it.\nIt is"
    assert answer_context(Chat(), "Name it.", "It is") == "Name it.\nIt is"
    own = Own()
    own.format_prompt = lambda prompt: f"<user>{prompt}</user>"
    assert answer_context(own, "Name it.", "It is") == "<user>Name it.</user>It is"
