"""What servers say of their errors, keys and addresses, as in public bug reports of each."""

import numpy as np
import pytest
from misbehaving import Reply, Server, completion, raising
from served import TEXTS, embedder, language_model, sums

from freqbias.errors import BackendError, InputError
from freqbias.models.adapters import http_client, http_exchange, http_status


@pytest.mark.parametrize(
    ("data", "status", "busy", "words"),
    [
        ({"error": {"code": 429, "message": "slow"}}, 429, True, "slow"),
        ({"error": {"code": "429", "message": "slow"}}, 429, True, "slow"),
        ({"error": {"code": "rate_limit_exceeded", "message": "slow"}}, None, True, "slow"),
        ({"error": {"message": "Overloaded", "type": "overloaded_error"}, "type": "error"}, None, True, "Overloaded"),
        (
            {"error": {"message": "Provider returned error", "code": 502, "metadata": {"raw": "boom"}}, "choices": []},
            502,
            True,
            "Provider returned error: boom",
        ),
        ({"choices": [{"error": {"code": 400, "message": "no"}, "text": ""}]}, 400, False, "no"),
        ([{"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT"}}], 400, False, "no"),
        ({"object": "error", "message": "too long", "code": 400}, 400, False, "too long"),
        ({"code": 50503, "message": "busy", "data": None}, None, False, "busy"),
        ({"error": "upstream"}, None, False, "upstream"),
        ({"detail": "Not Found"}, None, False, "Not Found"),
        ({"error": {"code": "400", "message": "litellm.RateLimitError: slow"}}, 400, True, "litellm.RateLimitError: slow"),
        ({"error": {"code": "ThrottlingException", "message": "slow"}}, None, True, "slow"),
        ({"error": {"code": 400, "type": "too_many_inputs", "message": "Too many inputs, split"}}, 400, False, "Too many inputs, split"),
        ({"error": {"code": 400, "message": "too many tokens in this batch"}}, 400, False, "too many tokens in this batch"),
        ({"error": {"code": 501, "message": "not here"}}, 501, False, "not here"),
    ],
)
def test_errors_in_bodies(data, status, busy, words):
    assert http_status.error_in(data) == http_status.Said(words=words, status=status, busy=busy)


@pytest.mark.parametrize(
    "data", [{"error": None, "choices": [{"text": "a"}]}, {"data": [], "message": "ok"}, [], [[1.0]], "a", None, {"models": []}]
)
def test_what_is_no_error(data):
    assert http_status.error_in(data) is None


def test_the_words_of_an_error_in_a_body_are_shown_and_its_status_counts():
    replies = [{"error": {"code": 429, "message": "slow down"}}, {"error": {"code": 400, "message": "no such text"}}]

    def behave(body):
        if "TARGET" in body["prompt"]:
            return replies.pop(0) if len(replies) > 1 else replies[0]
        return completion(body)

    with Server(completions=behave) as server:
        model = language_model(server)
        model.log_probs(TEXTS)
    assert model.errors == {TEXTS[1]: "HTTP 200 with error 400: no such text"}
    assert model.usage.retries == 1


@pytest.mark.parametrize("status", [401, 402])
def test_a_key_without_access_or_money_ends_it_wherever_it_is_said(status):
    with Server(completions=lambda body: {"error": {"code": status, "message": "Insufficient credits"}}) as server:
        with pytest.raises(BackendError, match=f"HTTP 200 with error {status}: Insufficient credits"):
            language_model(server)
        assert len(server.asked) == 2


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_may_not_list_models_may_use_them(status):
    words = {"error": {"message": "You have insufficient permissions for this operation. Missing scopes: api.model.read."}}
    with Server(models=raising(status, words)) as server:
        assert embedder(server).encode(TEXTS, role="query").shape == (3, 3)
        assert np.isfinite(sums(language_model(server).log_probs(TEXTS))).all()


@pytest.mark.parametrize("code", ["insufficient_quota", "billing_hard_limit_reached", "InsufficientBalance"])
def test_money_that_is_spent_is_not_waited_for(code):
    with Server(embeddings=raising(429, {"error": {"code": code, "message": "You exceeded your current quota"}})) as server:
        with pytest.raises(BackendError, match=r"HTTP 429: You exceeded your current quota \(the key"):
            embedder(server)
        assert len(server.asked) == 2


@pytest.mark.parametrize("status", [301, 307, 308])
def test_an_address_that_has_moved_is_named(status):
    def moved(body):
        raise Reply(status, {}, headers={"Location": "https://elsewhere.invalid/v1/embeddings"})

    address = f"HTTP {status}: moved to https://elsewhere.invalid/v1/embeddings; give that address as --base-url"
    with Server(embeddings=moved) as server, pytest.raises(BackendError, match=address):
        embedder(server)


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY", "SSL_CERT_FILE"])
def test_an_environment_that_cannot_be_used_is_one_line(variable, monkeypatch, tmp_path):
    broken = tmp_path / "broken.pem"  # one that is missing is passed over by older versions of httpx
    broken.write_text("no certificate")
    monkeypatch.setenv(variable, {"SSL_CERT_FILE": str(broken)}.get(variable, "http://127.0.0.1:1:2"))
    client = http_client.Client("http://example.invalid/v1")
    with pytest.raises(InputError, match="what the environment says of proxies or certificates cannot be used: "):
        client.ask([http_exchange.Request(path="models", read=bool)])


def test_a_server_that_cannot_do_something_is_not_asked_again():
    words = {"error": {"code": 501, "message": "This server does not support embeddings. Start it with `--embeddings`"}}
    with Server(embeddings=raising(501, words)) as server:
        with pytest.raises(BackendError, match=r"HTTP 501: This server does not support embeddings\. Start it with"):
            embedder(server)
        assert len(server.asked) <= 3
