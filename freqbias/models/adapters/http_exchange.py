"""One exchange with one address of a server: a request sent, its reply read without trust, within a deadline, the key never shown."""

import ipaddress
import json
import os
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import anyio
import httpx

from freqbias.errors import InputError
from freqbias.models.adapters import http_status
from freqbias.redact import API_KEY_VARIABLE

T = TypeVar("T")
Json = Mapping[str, Any]

JSON = {"Content-Type": "application/json"}
STOPPING = {401, 402}  # the key is refused, or what it stands for is spent: so is the next request
HAS_NO_ROOM = {429, 498, 503, 529}  # statuses of a server that would have none for a part of a request either
REASON_CHARACTERS = 200  # of a server's own words that go into an error
MOST_BYTES = 2**27  # of a reply: log-probabilities of a million tokens, or 32 vectors of 100,000 numbers, stay below


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

    @property
    def may_be_its_own_fault(self) -> bool:
        """Whether a request may have failed by what was in it, or by its size: declined, broken off, taken too long over here or there.

        Not where the server has no room, or nobody listens.
        """
        return not self.refused and self.status not in HAS_NO_ROOM


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


class Bearer(httpx.Auth):
    """Adds the key to a request as it leaves; the key is in no `repr` and in no other object."""

    def __init__(self, key: str):
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Put the key into the header."""
        request.headers["Authorization"] = f"Bearer {self._key}"
        yield request

    def without(self, text: str) -> str:
        """Return a text in which the key, should a server repeat it, reads `***`."""
        return text.replace(self._key, "***")


def bearer() -> Bearer | None:
    """Return the key of the environment; `InputError` for one that no header can hold, since the error of that would show it."""
    if not _key().isascii() or not _key().isprintable():  # no variable holds it: tracebacks may show those
        raise InputError(f"{API_KEY_VARIABLE} contains characters that a key cannot have; set it again")
    return Bearer(_key()) if _key() else None


def _key() -> str:
    return os.environ.get(API_KEY_VARIABLE, "").strip()


class Address:
    """One address of a server, and how it fares there. `stopped` says why it is asked no more.

    `sent` counts requests, `failed` those that came to nothing since the last usable answer. `idle_since` is when that was, or when
    waiting began; `silent_since` is when the first request left that no reply of any kind has followed. Both are seconds of
    `time.monotonic`.
    """

    def __init__(self, base_url: str, auth: Bearer | None, usage: Usage):
        self.base_url, self.loopback = checked(base_url)
        self._auth = auth
        self._usage = usage
        self._answered: set[str] = set()  # paths
        self.in_flight = 0  # pauses between attempts included
        self._asking = 0
        self.sent = 0
        self.failed = 0
        self.stopped: str | None = None
        self.last: Failure | None = None
        self.idle_since = self.silent_since = time.monotonic()

    def begin(self) -> None:
        """Note that waiting begins now: what was before does not count."""
        self.idle_since = self.silent_since = time.monotonic()
        self.last = None

    async def send(self, session: httpx.AsyncClient, request: Request[T], within_s: float) -> T | Failure:
        """Return what a request gives within some seconds, from first byte to last, or why it gives nothing."""
        if not self._asking and not (self.last is not None and self.last.slow):  # a pause that a reply asked for is no silence
            self.silent_since = time.monotonic()
        self._asking += 1
        self.sent += 1
        try:
            with anyio.fail_after(within_s):  # httpx limits each read, which a slow drip of bytes never exceeds
                answer = await self._exchanged(session, request)
        except (TimeoutError, httpx.TimeoutException):
            answer = Failure(reason=f"no answer within {within_s:.3g} s", again=True, slow=True)
        except httpx.HTTPError as error:
            refused = isinstance(error, httpx.ConnectError)
            answer = Failure(reason=self._clean(f"{type(error).__name__}: {error}"), again=True, refused=refused)
        finally:
            self._asking -= 1
        self._note(answer)
        return answer

    def _note(self, answer: object) -> None:
        now = time.monotonic()
        self.last = answer if isinstance(answer, Failure) else None
        if self.last is None:
            self.idle_since = now
        if self.last is None or not self.last.slow:
            self.silent_since = now

    async def _exchanged(self, session: httpx.AsyncClient, request: Request[T]) -> T | Failure:
        url = f"{self.base_url}/{request.path}"
        content = bytearray()
        body = None if request.body is None else _json(request.body)
        method, headers = ("GET", None) if body is None else ("POST", JSON)
        async with session.stream(method, url, content=body, headers=headers) as response:
            async for part in response.aiter_bytes():
                content += part
                if len(content) > MOST_BYTES:
                    return Failure(reason=f"an answer of more than {MOST_BYTES:,} bytes", status=response.status_code)
        return self._read(request, response, bytes(content))

    def _read(self, request: Request[T], response: httpx.Response, content: bytes) -> T | Failure:
        """Return what a reply holds, or what is wrong with it."""
        status = response.status_code
        if not response.is_success:
            otherwise = http_status.moved(response.headers) or response.reason_phrase
            return self._declined(request, status, http_status.said_by(content, otherwise), response.headers)
        try:
            data = http_status.parsed(content)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            page = http_status.is_page(content)
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
        line = printable(" ".join(reason.split()))
        return (self._auth.without(line) if self._auth else line)[:most]

    def _count(self, data: Any) -> None:
        usage = data.get("usage") if isinstance(data, dict) else None
        for name in ("prompt_tokens", "completion_tokens"):
            found = usage.get(name) if isinstance(usage, dict) else None
            if isinstance(found, int):
                setattr(self._usage, name, getattr(self._usage, name) + found)


def _json(body: Json) -> bytes:
    return json.dumps(body).encode("ascii")  # with escapes, so that a lone surrogate in a text is the server's to refuse


def printable(text: str) -> str:
    """Return a text in which characters that steer a terminal, or show nothing, stand as escapes."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in text)


def checked(base_url: str) -> tuple[str, bool]:
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
