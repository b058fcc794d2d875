"""Servers that say nothing, or nothing of use: how long they are waited for, and what is said meanwhile."""

import logging
import re
import time

import numpy as np
import pytest
from misbehaving import Reply, Server, failing, raising
from served import TEXTS, VALUES, embedder, language_model, sums

from freqbias.errors import BackendError
from freqbias.models.adapters import http_exchange
from freqbias.models.adapters.http_client import Patience

LONG = 60.0  # seconds; what these servers would take is longer
HASTY = Patience(first_pause_s=0.01, longest_pause_s=0.02, answer_s=1.5, total_s=40.0, silent_s=3.0, alive_s=1.0, said_s=0.5)
DRIP = Reply(payload={"choices": [0] * 500}, how="drip")


@pytest.mark.parametrize("reply", [Reply(how="hang"), DRIP], ids=["hang", "drip"])
def test_a_server_that_hangs_or_drips_is_given_up_and_waiting_is_said(reply, caplog):
    with Server() as server:
        model = language_model(server, patience=HASTY)
        server.behaviours["completions"] = raising(reply.status, reply.payload, how=reply.how)
        started = time.monotonic()
        assert np.isnan(sums(model.log_probs(TEXTS))).all()
        assert time.monotonic() - started < LONG / 2
        assert model.stopped == "no answer of any kind within 3 s"
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    line = rf"{re.escape(server.url)}: no usable answer for \d+ s \(no reply of any kind\); asking on until 3 s have passed"
    assert any(re.fullmatch(line, message) for message in said), said


@pytest.mark.parametrize("path", ["models", "embeddings"])
def test_a_server_that_hangs_at_the_start_is_one_line(path):
    with Server(**{path: raising(how="hang")}) as server:
        started = time.monotonic()
        with pytest.raises(BackendError, match=r"^http://127.0.0.1:\d+/v1: no answer of any kind within 3 s$"):
            embedder(server, patience=HASTY)
        assert time.monotonic() - started < LONG / 2


def test_a_text_that_hangs_costs_its_own_row():
    with Server() as server:
        model = language_model(server, patience=HASTY)
        server.behaviours["completions"] = failing(Reply(how="hang"))
        assert np.isfinite(sums(model.log_probs(TEXTS))).tolist() == [True, False, True]
    assert model.stopped is None
    assert model.errors[TEXTS[1]].startswith("no answer within ")


def test_a_pause_that_a_server_asks_for_is_no_silence():
    reply = Reply(429, {"error": {"message": "slow down"}}, headers={"Retry-After": "4"})
    with Server(completions=failing(reply, times=1)) as server:
        model = language_model(server, patience=HASTY)
        assert sums(model.log_probs(TEXTS)) == VALUES


def test_failures_without_an_end_are_said_with_the_servers_words(caplog):
    patience = Patience(attempts=10**6, first_pause_s=0.05, longest_pause_s=0.1, total_s=4.0, said_s=0.5)
    with Server() as server:
        model = language_model(server, patience=patience)
        server.behaviours["completions"] = raising(503, {"detail": "loading\x1b[2J"})
        started = time.monotonic()
        model.log_probs(TEXTS[:1])
        assert time.monotonic() - started < LONG / 2
    assert re.fullmatch(r"nothing but failures for \d+ s: HTTP 503: loading\\x1b\[2J", model.stopped)
    assert "s (HTTP 503: loading\\x1b[2J); asking on until 4 s have passed" in caplog.text


def test_a_body_without_an_end_is_not_kept_in_memory(monkeypatch):
    monkeypatch.setattr(http_exchange, "MOST_BYTES", 100_000)
    with Server(completions=failing(Reply(how="endless"))) as server:
        model = language_model(server, patience=HASTY)
        assert np.isfinite(sums(model.log_probs(TEXTS))).tolist() == [True, False, True]
    assert model.errors == {TEXTS[1]: "an answer of more than 100,000 bytes"}


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(307, {}, headers={"Location": "/v1/completions"}), "HTTP 307: moved to /v1/completions"),
        (Reply(raw=b"\x00\x01 no words", headers={"Content-Type": "audio/mpeg"}), "the answer is not JSON"),
        (Reply(payload={"choices": []}, how="half a body"), "RemoteProtocolError"),
    ],
    ids=["redirect loop", "wrong content type", "closed in the middle"],
)
def test_what_no_text_can_be_blamed_for_ends_it(reply, words):
    with Server() as server:
        model = language_model(server, patience=HASTY)
        server.behaviours["completions"] = failing(reply, target="")
        assert np.isnan(sums(model.log_probs([f"text {n}" for n in range(40)]))).all()
    assert words in model.stopped
