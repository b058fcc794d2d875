"""Many requests to one server that speaks the OpenAI protocol: some at a time, patient, within a budget, the key never shown."""

import ipaddress
import json
import os
import secrets
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import anyio
import httpx
from anyio.from_thread import start_blocking_portal

from freqbias.errors import InputError
from freqbias.models.adapters import http_status

T = TypeVar("T")
Json = Mapping[str, Any]

JSON = {"Content-Type": "application/json"}
API_KEY_VARIABLE = "OPENAI_API_KEY"  # the variable that every client of this protocol reads
CONCURRENT = 32  # requests in flight; vLLM fills its batches with these, and hosted services throttle above
STOPPING = {401, 402}  # the key is refused, or what it stands for is spent: so is the next request
IN_A_ROW = 5  # requests given up one after the other: by then it is the server that fails, not the texts
REASON_CHARACTERS = 200  # of a server's own words that go into an error

_jitter = secrets.SystemRandom()  # waiting times change no result, so they need no seed


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a request is tried: `attempts` times in all and at most `total_s` seconds.

    It is tried `refused` times where nobody listens, and `misread` times where an answer comes that cannot be used: a server that is
    overloaded may send one such, and one that always does is not asked for long. Where there have been too many requests (429) it is
    tried `throttled` times, so that a limit per minute is over by then.

    The n-th pause is `first_pause_s` · 2^(n-1), at most `longest_pause_s`, times a random factor between 1/2 and 1 so that requests
    that failed together do not come back together. A server's Retry-After is waited for instead, where `total_s` allows it.
    """

    attempts: int = 7
    refused: int = 4
    misread: int = 3
    throttled: int = 14
    first_pause_s: float = 0.5
    longest_pause_s: float = 30.0
    answer_s: float = 90.0
    total_s: float = 240.0

    def pause_s(self, attempt: int) -> float:
        """Return how long to wait after the n-th attempt when the server does not say."""
        return min(self.longest_pause_s, self.first_pause_s * 2.0 ** (attempt - 1)) * _jitter.uniform(0.5, 1.0)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A request that has no usable answer: why, and with which HTTP status. `again` says that a repetition may help.

    `refused` says that nobody listens, `misread` that an answer came which cannot be used, `slow` that none came in time; `words` is all
    that the server said, of which `reason` holds the beginning.
    """

    reason: str
    status: int | None = None
    again: bool = False
    refused: bool = False
    misread: bool = False
    slow: bool = False
    words: str = ""
    wait_s: float | None = None


class UnusableError(ValueError):
    """An answer of the right form whose numbers cannot be used; its text is the whole reason."""


@dataclass(frozen=True, kw_only=True)
class Request(Generic[T]):
    """One request: a POST of `body`, or a GET where there is none; `read` turns the answer into a value or raises `ValueError`."""

    path: str
    read: Callable[[Any], T]
    body: Json | None = None


@dataclass(kw_only=True)
class Usage:
    """What was asked of a server so far; `requests` counts every one that was sent, repetitions (`retries`) among them."""

    requests: int = 0
    retries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Bearer(httpx.Auth):
    """Adds the key to a request as it leaves; the key is in no `repr` and in no other object."""

    def __init__(self, key: str):
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._key}"
        yield request

    def without(self, text: str) -> str:
        """Return a text in which the key, should a server repeat it, reads `***`."""
        return text.replace(self._key, "***")


def _bearer() -> _Bearer | None:
    if not _key().isascii() or not _key().isprintable():  # checked here, since the error that it would cause later shows the key
        raise InputError(f"{API_KEY_VARIABLE} contains characters that a key cannot have; set it again")
    return _Bearer(_key()) if _key() else None


def _key() -> str:
    return os.environ.get(API_KEY_VARIABLE, "").strip()


class Client:
    """Asks one server. `stopped` says why nothing more is asked: the budget is spent, the key is refused, the server is gone."""

    def __init__(self, base_url: str, *, max_requests: int | None = None, patience: Patience | None = None):
        self.base_url, loopback = _checked(base_url)
        self._auth = _bearer()
        self._direct = loopback  # a proxy named in the environment cannot reach this machine's own addresses
        self._max_requests = max_requests
        self._patience = patience or Patience()
        self._given_up = 0
        self._answered: set[str] = set()  # paths
        self._sure: Request[Any] | None = None  # has had a usable answer once
        self.usage = Usage()
        self.stopped: str | None = None

    def ask(self, requests: Iterable[Request[T]], passed: Callable[[], object] = lambda: None) -> list[T | Failure]:
        """Send all requests, `CONCURRENT` at a time, and return value or failure of each; never raises for what a server does.

        `passed` is called when one of them is done with.
        """
        todo = list(requests)
        if not todo:
            return []
        with start_blocking_portal() as portal:  # a thread and event loop of its own, so that it also works inside a running loop
            return portal.call(self._all, todo, passed)

    async def _all(self, requests: Sequence[Request[T]], passed: Callable[[], object]) -> list[T | Failure]:
        results: list[T | Failure] = [Failure(reason="not asked")] * len(requests)
        queue = iter(enumerate(requests))
        limits = httpx.Limits(max_connections=CONCURRENT, max_keepalive_connections=CONCURRENT)
        try:
            session = httpx.AsyncClient(auth=self._auth, limits=limits, timeout=self._patience.answer_s, trust_env=not self._direct)
        except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:  # of HTTP_PROXY, ALL_PROXY, SSL_CERT_FILE and their like
            raise InputError(f"what the environment says of proxies or certificates cannot be used: {error}") from error

        async def worker() -> None:
            for index, request in queue:
                results[index] = await self._one(session, request)
                passed()

        async with session, anyio.create_task_group() as group:
            for _ in range(min(CONCURRENT, len(requests))):
                group.start_soon(worker)
        return results

    async def _one(self, session: httpx.AsyncClient, request: Request[T]) -> T | Failure:
        """Try until there is an answer, a failure that repetition cannot cure, or no patience left."""
        patience, started = self._patience, time.monotonic()
        attempt = misread = refused = 0
        while True:
            if self.stopped is None and self._max_requests is not None and self.usage.requests >= self._max_requests:
                self.stopped = f"stopped after {self._max_requests} requests, as --max-requests says"
            if self.stopped is not None:
                return Failure(reason=self.stopped)
            self.usage.requests += 1
            self.usage.retries += attempt > 0
            attempt += 1
            answer = await self._send(session, request)
            if not isinstance(answer, Failure) or not (answer.again or answer.misread):
                self._given_up = 0
                return answer
            wait = patience.pause_s(attempt) if answer.wait_s is None else answer.wait_s
            left = patience.total_s - (time.monotonic() - started)
            misread += answer.misread
            refused += answer.refused
            most = patience.throttled if answer.status == httpx.codes.TOO_MANY_REQUESTS else patience.attempts
            spent = attempt >= most or misread >= patience.misread or refused >= patience.refused
            if spent or wait > left:
                return answer if answer.misread else await self._give_up(session, answer, attempt)
            await anyio.sleep(wait)

    async def _give_up(self, session: httpx.AsyncClient, failure: Failure, attempts: int) -> Failure:
        """Return a failure for good; where several follow one another, ask what was answered before, lest it be their texts."""
        self._given_up += 1
        if self._given_up >= IN_A_ROW and self.stopped is None and not await self._alive(session) and self.stopped is None:
            self.stopped = f"the server has failed {IN_A_ROW} requests in a row: {failure.reason}"
        return replace(failure, reason=f"{failure.reason} ({attempts} attempts)", again=True)

    async def _alive(self, session: httpx.AsyncClient) -> bool:
        if self._sure is None or (self._max_requests is not None and self.usage.requests >= self._max_requests):
            return False
        self._given_up = 0  # one such question at a time
        self.usage.requests += 1
        alive = not isinstance(await self._send(session, self._sure), Failure)
        self._given_up = 0 if alive else IN_A_ROW
        return alive

    async def _send(self, session: httpx.AsyncClient, request: Request[T]) -> T | Failure:
        url = f"{self.base_url}/{request.path}"
        body = None if request.body is None else _json(request.body)
        try:
            with anyio.fail_after(self._patience.answer_s):  # httpx limits each read, which a slow drip of bytes never exceeds
                response = await (session.get(url) if body is None else session.post(url, content=body, headers=JSON))
        except (TimeoutError, httpx.TimeoutException):
            return Failure(reason=f"no answer within {self._patience.answer_s:g} s", again=True, slow=True)
        except httpx.HTTPError as error:
            refused = isinstance(error, httpx.ConnectError)
            return Failure(reason=self._clean(f"{type(error).__name__}: {error}"), again=True, refused=refused)
        return self._read(request, response)

    def _read(self, request: Request[T], response: httpx.Response) -> T | Failure:
        """Return what a reply holds, or what is wrong with it."""
        status = response.status_code
        if not response.is_success:
            otherwise = http_status.moved(response.headers) or response.reason_phrase
            return self._declined(request, status, http_status.said_by(response.content, otherwise), response.headers)
        try:
            data = http_status.parsed(response.content)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            page = http_status.is_page(response.content)
            return Failure(reason="the answer is not JSON", status=status, again=not page, misread=page)
        said = http_status.error_in(data)
        if said is not None:
            return self._declined(request, status, said, response.headers)
        self._count(data)
        self._answered.add(request.path)
        try:
            value = request.read(data)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            reason = str(error) if isinstance(error, UnusableError) else f"an answer of the wrong form: {error}"
            return Failure(reason=self._clean(reason), status=status, misread=True)
        if self._sure is None and request.body is not None:
            self._sure = request
        return value

    def _declined(self, request: Request[Any], http: int, said: http_status.Said, headers: Mapping[str, str]) -> Failure:
        """Return the failure that a reply states by its HTTP status or in its body; one in the body counts like one of its own."""
        by_body = httpx.codes.is_success(http)
        status = http if not by_body or said.status is None else said.status
        where = (
            f"HTTP {http}" if not by_body else f"HTTP {http} with error {said.status}" if said.status else f"HTTP {http} with an error"
        )
        words = self._clean(said.words, None)
        reason = self._clean(f"{where}: {words}")
        # later a 403 is about a text; the list of models may be kept from a key that may use them
        if request.body is not None and (said.spent or status in STOPPING or (status == httpx.codes.FORBIDDEN and not self._answered)):
            self.stopped = f"{reason} (the key is read from {API_KEY_VARIABLE})"
        again = said.busy or http_status.asks_again(status)
        astray = status in http_status.ASTRAY and request.path in self._answered
        unclear = (astray or (by_body and said.status is None)) and not again
        return Failure(reason=reason, status=status, again=again, misread=unclear, words=words, wait_s=http_status.wait_s(headers))

    def _clean(self, reason: str, most: int | None = REASON_CHARACTERS) -> str:
        line = " ".join(reason.split())
        return (self._auth.without(line) if self._auth else line)[:most]

    def _count(self, data: Any) -> None:
        usage = data.get("usage") if isinstance(data, dict) else None
        for name in ("prompt_tokens", "completion_tokens"):
            found = usage.get(name) if isinstance(usage, dict) else None
            if isinstance(found, int):
                setattr(self.usage, name, getattr(self.usage, name) + found)


def _json(body: Json) -> bytes:
    return json.dumps(body).encode("ascii")  # with escapes, so that a lone surrogate in a text is the server's to refuse


def _checked(base_url: str) -> tuple[str, bool]:
    """Return an address to which paths can be added, and whether it is this machine; `InputError` never repeats what may be a key."""
    try:
        parts = urlsplit(base_url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise InputError("--base-url is not a URL; give it as in http://127.0.0.1:8000/v1") from None
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InputError(
            f"--base-url must have no user, password, query or fragment; put the key in the environment variable {API_KEY_VARIABLE}"
        )
    if parts.scheme not in ("http", "https") or not host:
        raise InputError("--base-url is not an http URL; give it as in http://127.0.0.1:8000/v1")
    path = parts.path.rstrip("/") or "/v1"
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    return f"{parts.scheme}://{parts.netloc}{path}", loopback
