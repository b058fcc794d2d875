"""Servers with chats alone: labels by the first token of an answer, over real HTTP, and one line for what they lack."""

import math

import labelling
import numpy as np
import pytest
from chatting import answer, chat_server, choosing, first, spoiling
from misbehaving import MODEL, Reply, Server
from served import CodePoints, language_model

from freqbias.errors import BackendError, UnsupportedError
from freqbias.models.adapters.http_labels import TOP, first_tokens, of_labels
from freqbias.models.labels import label_log_probs, label_texts, labels_measure
from freqbias.models.log_probs import checked
from freqbias.probes.likelihood import probe as likelihood
from freqbias.records import Pair

LABELS = ("A", "B", "C")
MESSAGES = ["one small step", "TARGET of a step", "and a third"]


A, B = math.log(0.4 + 0.2 + 0.02), math.log(0.1)


def test_variants_of_a_label_are_added_up_and_one_outside_the_likeliest_has_no_number():
    with chat_server() as server:
        model = language_model(server)
        probing = len(server.asked)
        found = label_log_probs(model, MESSAGES, LABELS)
        sent = server.asked[probing:]
    np.testing.assert_allclose(found[:, :2], [[A, B]] * 3, atol=1e-12)
    assert np.isnan(found[:, 2]).all()
    assert model.errors == {f"{message}\nAnswer: C": "C is not among the 20 likeliest first tokens of the answer" for message in MESSAGES}
    assert [path for path, _, _ in sent] == ["chat/completions"] * 3  # all labels of a message by one request
    body = sent[0][1]
    asked = {name: body[name] for name in ("temperature", "max_tokens", "logprobs", "top_logprobs", "model")}
    assert asked == {"temperature": 0, "max_tokens": 1, "logprobs": True, "top_logprobs": 20, "model": MODEL}
    assert sorted(body["messages"][0]["content"] for _, body, _ in sent) == sorted(f"{message}\nAnswer:" for message in MESSAGES)
    assert model.info.details["labels"] == "first answer token, 20 likeliest"
    assert model.info.details["scoring"] is None
    assert labels_measure(checked(model)) == "first_token_log_prob_nats"


def test_a_server_that_scores_prompts_is_not_asked_for_first_tokens():
    with Server(chat__completions=choosing(first)) as server:
        model = language_model(server)
        label_log_probs(model, MESSAGES, LABELS)
        assert {path for path, _, _ in server.asked} == {"models", "completions"}
        with pytest.raises(UnsupportedError, match="can only score labels as continuations there"):
            model.label_log_probs(MESSAGES, LABELS)
    assert labels_measure(model) == "log_prob_nats"
    assert model.info.details["labels"] == "continuations"


def test_completions_that_score_nothing_beside_chats_will_do():
    """So llama.cpp's server is: it completes, and tells first tokens in chats."""
    with Server(completions=lambda body: {"choices": [{"text": "x", "logprobs": None}]}, chat__completions=choosing(first)) as server:
        model = language_model(server)
        np.testing.assert_allclose(label_log_probs(model, MESSAGES, LABELS)[:, :2], [[A, B]] * 3, atol=1e-12)
        assert model.info.details["generating"] == "completions"
        with pytest.raises(UnsupportedError, match="so that model can only generate and choose among labels there"):
            model.log_probs(MESSAGES)


@pytest.mark.parametrize("tokens", [None, CodePoints()])
def test_what_it_lacks_is_one_line_and_the_rest_works(tokens):
    line = "the server returns no log-probabilities of prompts for 'small', so that model can only generate and choose among labels there"
    with chat_server() as server:
        model = checked(language_model(server, tokens))
        for ask in (
            lambda: model.log_probs(MESSAGES),
            lambda: model.continuation_log_probs(["a"], ["b"]),
            lambda: model.choices("a", ["b"]),
        ):
            with pytest.raises(UnsupportedError, match=line) as caught:
                ask()
            assert "\n" not in str(caught.value)
        with pytest.raises(UnsupportedError, match=line):
            list(likelihood([Pair(id="1", item="x", arm="frequency", high="a b", low="a c")], model))
        assert model.generate(["hello"], max_tokens=3) == ["you said hello"]
        assert model.write(["hello"], n=2, max_tokens=3, temperature=1.0, seed=1) == [["you said hello"] * 2]


# Limits and lacks


def test_a_lower_limit_is_taken_and_stated():
    with chat_server(choosing(first, most=5)) as server:
        model = language_model(server)
        found = label_log_probs(model, MESSAGES[:1], LABELS)
        assert [body["top_logprobs"] for _, body, _ in server.asked if "top_logprobs" in body] == [20, 5, 5]
    np.testing.assert_allclose(found[0, :2], [A, B], atol=1e-12)
    assert model.errors == {"one small step\nAnswer: C": "C is not among the 5 likeliest first tokens of the answer"}
    assert model.info.details["labels"] == "first answer token, 5 likeliest"


def test_a_lower_limit_without_a_word_counts_by_what_came():
    def three(body):
        found = choosing(first)(body)
        if body.get("logprobs"):
            del found["choices"][0]["logprobs"]["content"][0]["top_logprobs"][3:]
        return found

    with chat_server(three) as server:
        model = language_model(server)
        label_log_probs(model, MESSAGES[:1], LABELS)
    assert model.errors["one small step\nAnswer: C"] == "C is not among the 3 likeliest first tokens of the answer"


ONE_HOT = [("A", 0.0), (" A", -9999.0), ("B", -9999.0)]


@pytest.mark.parametrize(
    ("chat", "why"),
    [
        (None, "no log-probabilities"),
        (lambda body: answer([], content="hm"), "no log-probabilities of the likeliest first tokens"),
        (lambda body: answer(ONE_HOT), "a log-probability of one token only, as temperature 0 leaves it"),
        (lambda body: answer([("<think>", -0.1), ("A", -3.0)]), "begins with a thought"),
        (lambda body: answer([("A", 2.5), ("B", 1.5)]), "a log-probability of [+]2.5, above 0"),
        (choosing(first, most=1), "HTTP 400: Invalid value for 'top_logprobs': must be less than or equal to 1"),
    ],
    ids=["none", "empty", "temperature 0", "thought", "logits", "limit of 1"],
)
def test_a_server_that_tells_no_first_tokens_can_only_generate(chat, why):
    options = {} if chat is None else {"chat__completions": chat}
    with Server(completions=None, **options) as server:
        if why.startswith("HTTP"):
            model = language_model(server)
            assert model.generate(["hello"], max_tokens=3) == ["you said hello"]
        else:
            model = language_model(server)
        assert "labels" not in model.info.details
        for of, ask in {"prompts": lambda: model.log_probs(["a"]), "answers": lambda: label_log_probs(model, ["a"], LABELS)}.items():
            with pytest.raises(
                UnsupportedError, match=rf"no log-probabilities of {of} for 'small', so that model can only generate there .*{why}"
            ):
                ask()


# Answers that cannot be used


def put(**fields):
    return lambda choice: choice["message"].update(fields)


def top(change):
    return lambda choice: change(choice["logprobs"]["content"][0]["top_logprobs"])


def ending(how):
    return lambda choice: choice.update(finish_reason=how)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (put(content=None, refusal="I cannot help"), "a refusal: I cannot help"),
        (put(content=None), "no text"),
        (put(content=None, reasoning_content="hm"), "no text, only reasoning"),
        (lambda choice: choice.update(logprobs=None), "no log-probabilities"),
        (lambda choice: choice["logprobs"].update(content=[]), "no log-probabilities of the likeliest first tokens"),
        (lambda choice: choice["logprobs"]["content"][0].update(top_logprobs=[]), "no log-probabilities of the likeliest first tokens"),
        (top(lambda rows: rows[0].update(logprob=None)), "log-probabilities hold None, which is not a finite number"),
        (top(lambda rows: rows[0].update(logprob="-1")), "log-probabilities hold '-1', which is not a finite number"),
        (top(lambda rows: rows[0].update(logprob=math.nan)), "log-probabilities hold nan, which is not a finite number"),
        (top(lambda rows: rows[3].update(logprob=0.4)), "a log-probability of +0.4, above 0"),
        (top(lambda rows: rows[3].update(logprob=-0.2)), "probabilities of tokens that add up to 1.6"),
        (top(lambda rows: rows[0].pop("logprob")), "'logprob'"),
        (top(lambda rows: rows[0].update({"token": "<think>"})), "an answer that begins with a thought (<think>)"),
        (ending("content_filter"), "an answer that ended with 'content_filter'"),
        (ending("error"), "an answer that ended with 'error'"),
    ],
)
def test_a_spoilt_answer_costs_its_own_message(spoil, reason):
    with chat_server(spoiling(spoil, first)) as server:
        model = checked(language_model(server))
        found = label_log_probs(model, MESSAGES, LABELS[:2])
    assert np.isfinite(found).all(axis=1).tolist() == [True, False, True]
    assert np.isnan(found[1]).all()
    known = [model.errors[text] for text in label_texts(model, MESSAGES[1], LABELS[:2]) if text in model.errors]
    assert known[0].startswith(f"an answer of the wrong form: {reason}")


@pytest.mark.parametrize("value", [-9999.0, -100.0, -math.inf, -1e9])
def test_an_unknown_one_is_the_labels_own_fault(value):
    def spoil(rows):
        next(row for row in rows if row["token"] == "B").update(logprob=value)

    with chat_server(spoiling(top(spoil), first)) as server:
        model = checked(language_model(server))
        found = label_log_probs(model, MESSAGES, ("A", "B"))
    assert np.isfinite(found).tolist() == [[True, True], [True, False], [True, True]]
    assert model.errors["TARGET of a step\nAnswer: B"].startswith(("a log-probability of -", "a log-probability of minus infinity"))


def test_one_token_told_twice_counts_once_and_spellings_of_a_vocabulary_count():
    def twice(choice):
        rows = choice["logprobs"]["content"][0]["top_logprobs"]
        rows.append(dict(rows[0]))
        choice["logprobs"]["content"][0].update({"token": "B", "logprob": 0.0})  # what was drawn, after temperature 0

    with chat_server(spoiling(twice, first)) as server:
        found = label_log_probs(language_model(server), MESSAGES, ("A", "B"))
    np.testing.assert_allclose(found, [[A, B]] * 3, atol=1e-12)
    values, reasons = of_labels([("\u2581Yes", -1.0), ("\u0120Yes", -2.0), ("Yes", -3.0), ("yes", -0.9)], ("Yes", "No"))
    assert values[0] == pytest.approx(math.log(math.exp(-1) + math.exp(-2) + math.exp(-3)))
    assert reasons == [None, "No is not among the 4 likeliest first tokens of the answer"]


def test_first_tokens_as_completions_write_them_are_read():
    told = {"tokens": ["A"], "token_logprobs": [-0.5], "top_logprobs": [{"A": -0.5, "B": -1.5}]}
    data = {"choices": [{"message": {"content": "A"}, "logprobs": told}]}
    assert first_tokens(data) == [("A", -0.5), ("B", -1.5)]
    unlisted = answer([("A", -0.7), ("B", -0.9)])
    unlisted["choices"][0]["logprobs"]["content"][0].update({"token": "C", "logprob": -2.5})
    assert first_tokens(unlisted)[-1] == ("C", -2.5)


# Failures that pass, failures that stay, budget


@pytest.mark.parametrize(
    "reply", [Reply(429, {"error": {"message": "slow down"}}), Reply(how="reset"), Reply(503, {"detail": "loading"})]
)
def test_what_passes_is_waited_for(reply):
    left = [2]

    def behave(body):
        if "TARGET" in body["messages"][0]["content"] and left[0]:
            left[0] -= 1
            raise reply
        return choosing(first)(body)

    with chat_server(behave) as server:
        model = language_model(server)
        assert np.isfinite(label_log_probs(model, MESSAGES, ("A", "B"))).all()
    assert model.errors == {}
    assert model.usage.retries == 2


def test_a_message_that_is_declined_costs_its_own_row():
    def behave(body):
        if "TARGET" in body["messages"][0]["content"]:
            raise Reply(400, {"error": {"message": "not this"}})
        return choosing(first)(body)

    with chat_server(behave) as server:
        model = checked(language_model(server))
        assert np.isnan(label_log_probs(model, MESSAGES, ("A", "B"))).any(axis=1).tolist() == [False, True, False]
        rows = list(labelling.run([Pair(id="1", item="x", arm="frequency", high="one", low="TARGET")], model))
    assert model.errors[f"{MESSAGES[1]}\nAnswer:"] == "HTTP 400: not this"
    assert rows[0].error.startswith("no label ('Is this about a thing?\\nTARGET")
    assert rows[0].error.endswith("HTTP 400: not this)")
    assert rows[0].measure == "first_token_log_prob_nats"


def test_a_budget_keeps_what_is_finished_and_asks_no_more():
    messages = [f"message {n}" for n in range(50)]
    with chat_server() as server:
        model = language_model(server, max_requests=20)
        probing = len(server.asked)
        found = label_log_probs(model, messages, ("A", "B"))
        assert len(server.asked) == model.usage.requests == 20
    assert np.isfinite(found).all(axis=1).sum() == 20 - probing
    assert model.stopped == "stopped after 20 requests, as --max-requests says"
    assert {model.errors[f"{message}\nAnswer:"] for message, row in zip(messages, found, strict=True) if np.isnan(row).any()} == {
        model.stopped
    }
    with chat_server() as server, pytest.raises(BackendError, match=f"stopped after {probing - 1} requests"):
        language_model(server, max_requests=probing - 1)


def test_a_parameter_that_is_not_taken_is_left_out_here_too():
    def behave(body):
        if "max_tokens" in body:
            words = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
            raise Reply(400, {"error": {"message": words}})
        return choosing(first)(body)

    with chat_server(behave) as server:
        model = language_model(server)
        np.testing.assert_allclose(label_log_probs(model, MESSAGES, ("A", "B")), [[A, B]] * 3, atol=1e-12)
        assert server.asked[-1][1]["max_completion_tokens"] == 1
    assert model.info.details["not_taken"] == ["max_tokens"]
    assert TOP == (20, 5)
