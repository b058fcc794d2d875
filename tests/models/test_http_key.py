"""The key of a server is sent to it and shown nowhere; addresses and backends that do not fit are refused."""

import logging
import traceback

import httpx
import pytest
from misbehaving import MODEL, Reply, Server, failing
from served import TEXTS, language_model

from freqbias import models
from freqbias.errors import BackendError, InputError
from freqbias.models.adapters.http_client import Client

SECRET = "sk-very-secret-0123456789"


@pytest.fixture
def key(monkeypatch, caplog):
    """Set a key and, at the end, look for it in everything that was logged."""
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    caplog.set_level(logging.DEBUG)
    yield SECRET
    records = caplog.get_records("call")
    assert records
    for record in records:
        assert SECRET not in repr(vars(record))
        assert SECRET not in record.getMessage()


def shown(error):
    """Return a traceback as the tools show it that print local variables; the test's own frame knows the key."""
    error.with_traceback(error.__traceback__.tb_next)
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def test_key_is_sent_and_shown_nowhere(key):
    with Server() as server:
        model = language_model(server)
        model.log_probs(TEXTS)
        assert {headers["Authorization"] for _, _, headers in server.asked} == {f"Bearer {key}"}
    for value in (model, model.info, model.info.to_dict(), vars(model), vars(model._client), model.errors):
        assert key not in repr(value)


def test_server_that_repeats_the_key_does_not_get_it_into_an_error(key):
    reply = Reply(400, {"error": {"message": f"wrong key {SECRET} in your header"}})
    with Server(completions=failing(reply)) as server:
        model = language_model(server)
        model.log_probs(TEXTS)
    assert model.errors == {TEXTS[1]: "HTTP 400: wrong key *** in your header"}


@pytest.mark.parametrize("status", [401, 403])
def test_refused_key_ends_it_without_showing_it(key, status):
    def refuse(body):
        raise Reply(status, {"error": {"message": f"no access with {SECRET}"}})

    with (
        Server(models=refuse, completions=refuse) as server,
        pytest.raises(BackendError, match=rf"HTTP {status}: no access with \*\*\* \(the key is read from") as caught,
    ):
        language_model(server)
    assert key not in shown(caught.value)
    assert len(server.asked) == 2  # who may not list models may still use them


def test_no_exception_shows_the_key(key, monkeypatch):
    with Server() as server:
        model = language_model(server)
    with pytest.raises(BackendError) as caught:
        language_model(server)  # nobody listens any more
    assert key not in shown(caught.value)

    async def bug(*arguments, **options):
        raise RuntimeError("a bug in the client")

    monkeypatch.setattr(httpx.AsyncClient, "send", bug)
    with pytest.raises(ExceptionGroup) as caught:
        model.log_probs(TEXTS)
    assert key not in shown(caught.value)


@pytest.mark.parametrize("odd", ["sk-with a\nline", "sk-schlüssel-0123"])
def test_key_that_no_header_can_hold_is_not_shown_either(monkeypatch, odd):
    monkeypatch.setenv("OPENAI_API_KEY", odd)
    with pytest.raises(InputError, match="OPENAI_API_KEY contains characters that a key cannot have") as caught:
        Client("http://127.0.0.1:1")
    assert odd not in shown(caught.value)


def test_white_space_around_the_key_is_not_part_of_it(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", f" {SECRET}\n")
    with Server() as server:
        language_model(server)
    assert server.asked[0][2]["Authorization"] == f"Bearer {SECRET}"


def test_a_redirect_is_not_followed_with_the_key(key):
    with Server() as other, Server() as server:
        server.behaviours["completions"] = redirecting(other)
        with pytest.raises(BackendError, match="can only generate"):
            language_model(server).log_probs(TEXTS)
    assert other.asked == []


def redirecting(other):
    def behave(body):
        raise Reply(307, {}, headers={"Location": f"{other.url}/completions"})

    return behave


@pytest.mark.parametrize(
    "address",
    ["http://me:pass-0123@host/v1", "http://host/v1?key=pass-0123", "ftp://host", "host:80", "http://host:pass-0123/v1", "http://["],
)
def test_address_with_more_than_an_address_is_refused_without_repeating_it(address):
    with pytest.raises(InputError, match="--base-url") as caught:
        Client(f"http{address}")
    assert "pass-0123" not in str(caught.value)


def test_bare_address_means_version_1():
    assert Client("http://127.0.0.1:8000").base_url == "http://127.0.0.1:8000/v1"
    assert Client("https://example.org/api/v2/").base_url == "https://example.org/api/v2"


def test_backend_is_chosen_by_name_or_by_an_address():
    with Server() as server:
        assert models.language_model(MODEL, base_url=server.url).info.details["backend"] == "http"
        assert models.embedder(MODEL, base_url=server.url, backend="http").info.details["backend"] == "http"
    for options, message in (
        ({"backend": "htp"}, "unknown backend 'htp'; did you mean 'http'"),
        ({"backend": "http"}, "give --base-url"),
        ({"backend": "vllm", "base_url": "http://127.0.0.1"}, "leave out --base-url"),
    ):
        with pytest.raises(InputError, match=message):
            models.language_model("small", **options)
