"""Language models behind a server: every way in which a server can fail costs at most the rows that it failed on."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial

import numpy as np
import pytest
from misbehaving import MODEL, Reply, Server, answering, completion, failing, slowly
from served import LM, QUICK, TEXTS, VALUES, CodePoints, embedder, language_model, sums

from freqbias.errors import BackendError, InputError
from freqbias.models.adapters import http_status
from freqbias.models.adapters.http import HttpLanguageModel
from freqbias.models.adapters.http_client import CONCURRENT, IN_A_ROW, Patience
from freqbias.records import Pair

# What a server can do is probed


def test_a_text_stands_after_a_line_end_where_nobody_here_knows_its_tokens():
    with Server() as server:
        model = language_model(server)
        rows = model.log_probs([*TEXTS, ""])
        scores = model.continuation_log_probs(["one", "one sm"], [" small step", "all step"])
    assert [len(row) for row in rows] == [3, 4, 4, 0]
    assert sums(rows[:3]) == VALUES
    assert scores.tolist() == [-5.5, -5.5]  # the token that straddles the border counts whole
    assert model.info.details["first_token_context"] == "\n"
    assert model.token_counts(TEXTS) is None
    assert model.info.fingerprint is None


@pytest.mark.parametrize("how", ["prompt_logprobs", "echo"])
def test_token_ids_are_scored_by_what_the_server_has(how):
    with Server(completions=partial(completion, prompt_logprobs=how == "prompt_logprobs")) as server:
        model = language_model(server, CodePoints())
        rows = model.log_probs(["abc", ""])
        choices = model.choices("abc", ["de", "", "fgh"])
        assert model.generate([model.format_prompt("a")], max_tokens=2) == [" and so "]
    assert model.info.details["scoring"] == how
    assert [row.tolist() for row in rows] == [[-0.25] * 3, []]
    assert choices.tolist() == [-0.5, 0.0, -0.75]
    assert server.asked[-1][1]["prompt"] == [ord(letter) for letter in "<a>"]
    assert server.asked[-2][1]["prompt"][:4] == [0, 97, 98, 99]


@pytest.mark.parametrize("own_first", [True, False])
def test_a_prompts_own_token_is_found_among_others_that_might_have_stood_there(own_first):
    def ranked(body):
        answer = completion(body)
        entries = answer["choices"][0].get("prompt_logprobs") or []
        for place, entry in enumerate(entries[1:], start=1):
            others = {"1": {"logprob": -0.01, "rank": 1, "decoded_token": "?"}}
            entries[place] = {**entry, **others} if own_first else {**others, **entry}
        return answer

    with Server(completions=ranked) as server:
        model = language_model(server, CodePoints())
        assert model.info.details["scoring"] == "prompt_logprobs"
        assert model.log_probs(["abc"])[0].tolist() == [-0.25] * 3


def test_limits_per_minute_are_waited_out():
    with Server(completions=failing(Reply(429, {"error": {"message": "3 requests per minute"}}), times=12)) as server:
        model = language_model(server)
        assert sums(model.log_probs(TEXTS)) == VALUES
    assert model.usage.retries == 12
    waits = [Patience().pause_s(attempt) for attempt in range(1, Patience().throttled)]
    assert 90 < sum(waits) < Patience().total_s


def test_server_without_log_probabilities_can_still_generate():
    with Server(completions=partial(completion, echo=False, prompt_logprobs=False)) as server:
        model = language_model(server)
        assert model.generate(["Once"], max_tokens=3, stop=["so", "zz"]) == [" and "]
        with pytest.raises(BackendError, match="returns no log-probabilities of prompts for 'small', so that model can only generate"):
            model.log_probs(TEXTS)


def test_chat_is_taken_where_there_is_nothing_else():
    with Server(completions=None) as server:
        model = language_model(server, CodePoints())
        assert model.format_prompt("hello") == "hello"  # the server has the template
        assert model.generate(["hello"], max_tokens=3) == ["you said hello"]
    assert model.info.details["prompt_format"] == "chat template"


def test_server_without_anything_is_refused():
    with Server(completions=None, chat__completions=None, embeddings=None) as server:
        with pytest.raises(BackendError, match="neither completions nor chat"):
            language_model(server)
        with pytest.raises(BackendError, match="offers no embeddings for model 'small': HTTP 404: no such place"):
            embedder(server)


def test_name_must_be_one_that_the_server_lists_where_it_lists_any():
    with Server() as server, pytest.raises(InputError, match=r"does not serve model 'smal'; did you mean 'small'\?"):
        HttpLanguageModel(server.url, "smal", LM, patience=QUICK)
    with Server(models=None) as server:
        assert len(language_model(server).log_probs(["a b"])[0]) == 2


def test_another_tokenizer_than_the_servers_is_refused():
    class Shifted(CodePoints):
        def ids(self, texts):
            return [[ord(letter) + 1 for letter in text] for text in texts]

    with Server() as server, pytest.raises(InputError, match="has a different tokenizer from 'small' here; serve the same model"):
        language_model(server, Shifted())


def test_server_that_puts_its_own_first_token_needs_no_line_end():
    def own_start(body):
        answer = completion(body)
        found = answer["choices"][0].get("logprobs")
        if found:
            found["tokens"].insert(0, "<s>")
            found["token_logprobs"][:1] = [None, -9.0]
        return answer

    with Server(completions=own_start) as server:
        model = language_model(server)
        assert model.log_probs(["one step"])[0].tolist() == [-9.0, -2.5]
    assert model.info.details["first_token_context"] == "the server's own"


# Failures that pass


@pytest.mark.parametrize(
    "reply",
    [
        Reply(how="reset"),
        Reply(payload={"choices": []}, how="half a body"),
        Reply(payload={"choices": []}, how="half a JSON"),
        Reply(429, {"error": {"message": "slow down"}}),
        Reply(503, {"detail": "loading"}),
        Reply(payload={"choices": [0] * 20}, how="drip"),
    ],
    ids=["reset", "truncated body", "truncated JSON", "429", "503", "slow bytes"],
)
def test_what_passes_is_waited_for(reply):
    with Server(completions=failing(reply, times=2)) as server:
        model = language_model(server)
        assert sums(model.log_probs(TEXTS)) == VALUES
    assert model.errors == {}
    assert model.usage.retries == 2
    assert model.usage.requests == len(server.asked)


def test_retry_after_is_honoured():
    reply = Reply(429, {}, headers={"Retry-After": "1"})
    with Server(completions=failing(reply, times=1)) as server:
        model = language_model(server)
        started = time.monotonic()
        assert sums(model.log_probs(TEXTS)) == VALUES
    assert 1.0 <= time.monotonic() - started < 3.0


def test_retry_after_holds_seconds_or_a_date():
    read = http_status.retry_after_s
    assert read("2.5") == 2.5
    assert read("-3") == 0.0
    assert 8 < read(format_datetime(datetime.now(UTC) + timedelta(seconds=10), usegmt=True)) <= 10
    assert [read(text) for text in (None, "soon", "nan", "inf", "Thu, 01 Jan 1970")] == [None] * 5


def test_pauses_double_and_differ():
    patience = Patience(first_pause_s=1.0, longest_pause_s=5.0)
    pauses = [[patience.pause_s(attempt) for _ in range(50)] for attempt in (1, 2, 3, 4)]
    for longest, drawn in zip((1.0, 2.0, 4.0, 5.0), pauses, strict=True):
        assert longest / 2 <= min(drawn) < max(drawn) <= longest


# Failures that stay


def test_a_storm_that_lasts_too_long_fails_the_row():
    reply = Reply(429, {"error": {"message": "come back tomorrow"}}, headers={"Retry-After": "86400"})
    with Server(completions=failing(reply)) as server:
        model = language_model(server)
        rows = model.log_probs(TEXTS)
    assert np.isfinite(sums(rows)).tolist() == [True, False, True]
    assert model.errors == {TEXTS[1]: "HTTP 429: come back tomorrow (1 attempts)"}
    assert model.stopped is None


def cut_values(choice):
    choice["logprobs"]["token_logprobs"].pop()


def put_nan(choice):
    choice["logprobs"]["token_logprobs"][1] = float("nan")


def put_none(choice):
    choice["logprobs"]["token_logprobs"][1] = None


def put_text(choice):
    choice["logprobs"]["token_logprobs"][1] = "-1.0"


def other_words(choice):
    choice["logprobs"]["tokens"][1] = " something"


def no_choice(choice):
    choice.clear()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (cut_values, "an answer of the wrong form: 5 log-probabilities for 6 tokens"),
        (put_nan, "an answer of the wrong form: log-probabilities hold nan, which is not a finite number"),
        (put_none, "an answer of the wrong form: log-probabilities hold None, which is not a finite number"),
        (put_text, "an answer of the wrong form: log-probabilities hold '-1.0', which is not a finite number"),
        (other_words, "an answer of the wrong form: tokens that do not spell the text"),
        (no_choice, "an answer of the wrong form: no log-probabilities"),
    ],
)
def test_a_spoilt_answer_costs_its_own_row(spoil, reason):
    with Server(completions=answering(spoil)) as server:
        model = language_model(server)
        rows = model.log_probs(TEXTS)
    assert np.isfinite(sums(rows)).tolist() == [True, False, True]
    assert model.errors == {TEXTS[1]: reason}


@pytest.mark.parametrize("how", ["prompt_logprobs", "echo"])
def test_lengths_are_checked_against_the_ids_that_were_sent(how):
    def shorter(body):
        answer = completion(body, prompt_logprobs=how == "prompt_logprobs")
        choice = answer["choices"][0]
        if body["prompt"][1:] == [ord(letter) for letter in TEXTS[1]]:
            for values in (choice.get("prompt_logprobs"), (choice["logprobs"] or {}).get("token_logprobs")):
                if values:
                    del values[3:5]
        return answer

    with Server(completions=shorter) as server:
        model = language_model(server, CodePoints())
        assert np.isfinite(sums(model.log_probs(TEXTS))).tolist() == [True, False, True]


def test_text_beyond_the_window_is_not_sent():
    with Server(models=lambda body: {"data": [{"id": MODEL, "max_model_len": 40}]}) as server:
        model = language_model(server, CodePoints())
        before = len(server.asked)
        rows = model.log_probs(["a" * 39, "a" * 38])
        assert len(server.asked) == before + 1
    assert np.isfinite(sums(rows)).tolist() == [False, True]
    assert model.errors == {"a" * 39: "40 tokens are more than the 39 that the server takes"}


def test_a_text_that_is_no_unicode_or_forbidden_costs_its_own_row():
    texts = [TEXTS[0], "half a \ud83d TARGET", TEXTS[2]]
    with Server(completions=failing(Reply(403, {"message": "forbidden words"}))) as server:
        model = language_model(server)
        assert np.isfinite(sums(model.log_probs(texts))).tolist() == [True, False, True]
    assert model.errors == {texts[1]: "HTTP 403: forbidden words"}
    assert model.stopped is None


def test_a_prompt_without_an_answer_is_none_and_never_an_empty_text():
    with Server(completions=failing(Reply(400, {"message": "not this"}))) as server:
        model = language_model(server)
        assert model.generate(TEXTS, max_tokens=2) == [" and so ", None, " and so "]
    assert model.errors == {TEXTS[1]: "HTTP 400: not this"}


# Bounds


def test_a_bounded_number_of_requests_is_in_flight():
    with Server(completions=slowly(0.02)) as server:
        language_model(server).log_probs([f"text {n}" for n in range(4 * CONCURRENT)])
    assert 2 <= server.most_at_once <= CONCURRENT


def test_a_budget_keeps_what_is_finished_and_asks_no_more():
    texts = [f"text {n}" for n in range(50)]
    with Server() as server:
        model = language_model(server, max_requests=20)
        probing = len(server.asked)
        rows = model.log_probs(texts)
        again = model.log_probs(texts)
        assert len(server.asked) == model.usage.requests == 20
    assert np.isfinite(sums(rows)).sum() == 20 - probing
    assert np.isnan(sums(again)).all()
    assert model.stopped == "stopped after 20 requests, as --max-requests says"
    assert {model.errors[text] for text, total in zip(texts, sums(rows), strict=True) if np.isnan(total)} == {model.stopped}
    assert model.usage.prompt_tokens > 20


def test_budget_too_small_to_begin_is_an_error():
    with Server() as server, pytest.raises(BackendError, match="stopped after 1 requests"):
        language_model(server, max_requests=1)


def test_server_killed_in_the_middle_loses_nothing():
    texts = [f"text {n}" for n in range(200)]
    asked = []

    def until_killed(body):
        asked.append(body["prompt"])
        if len(asked) == 100:
            server.kill()
        return slowly(0.005)(body)

    with Server(completions=until_killed) as server:
        model = language_model(server)
        started = time.monotonic()
        rows = model.log_probs(texts)
    assert time.monotonic() - started < 20
    finished = [text for text, total in zip(texts, sums(rows), strict=True) if np.isfinite(total)]
    failed = [text for text in texts if text not in finished]
    assert 20 <= len(finished) < 120
    assert set(model.errors) == set(failed)
    assert f"failed {IN_A_ROW} requests in a row" in model.stopped
    with Server() as server:
        again = language_model(server)
        probing = len(server.asked)
        assert np.isfinite(sums(again.log_probs(failed))).all()
        assert {body["prompt"] for _, body, _ in server.asked[probing:]} == {f"\n{text}" for text in failed}


def test_a_hung_server_is_given_up():
    patience = Patience(attempts=2, first_pause_s=0.01, answer_s=0.2, total_s=20.0)
    with Server() as server:
        model = language_model(server, patience=patience)
        server.behaviours["completions"] = slowly(1.0)
        started = time.monotonic()
        assert np.isnan(sums(model.log_probs([f"text {n}" for n in range(500)]))).all()
    assert time.monotonic() - started < 20
    assert model.stopped == f"the server has failed {IN_A_ROW} requests in a row: no answer within 0.2 s"


def test_a_server_that_is_not_there_is_one_line():
    with Server() as server:
        pass
    with pytest.raises(BackendError, match=r"^http://127.0.0.1:\d+/v1: ConnectError: .*\(4 attempts\)$"):
        language_model(server)


def test_a_probe_says_in_the_row_why_it_failed():
    from freqbias.probes.likelihood import probe

    pair = Pair(id="1", item="x", arm="frequency", high="one small step", low="TARGET of a step")
    with Server(completions=failing(Reply(400, {"message": "not this"}))) as server:
        rows = list(probe([pair], language_model(server)))
    assert [row.error for row in rows] == ["small gave no finite log-probability ('TARGET of a step': HTTP 400: not this)"]


def test_it_works_inside_a_running_event_loop():
    async def notebook():
        with Server() as server:
            return sums(language_model(server).log_probs(TEXTS))

    assert asyncio.run(notebook()) == VALUES
