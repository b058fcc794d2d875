"""Requests to a server that speaks the OpenAI protocol, at one address or several: some at a time, patient, within a budget.

With several addresses each request goes to the one where the fewest are in flight. One that came to nothing there goes to another.
An address that fails, or refuses, everything is left out for the rest of the command, with a line that says so.
"""

import logging
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import anyio
import httpx
from anyio.from_thread import start_blocking_portal

from freqbias.errors import InputError
from freqbias.models.adapters.http_exchange import Address, Failure, Request, Usage, bearer

T = TypeVar("T")
Sessions = dict[bool, httpx.AsyncClient]  # by whether an address is this machine's own

CONCURRENT = 32  # requests in flight at an address; vLLM fills its batches with these, and hosted services throttle above
IN_A_ROW = 5  # requests that came to nothing one after the other: by then it is the server that fails, not the texts
LEAST_S = 0.1  # seconds of an attempt, where patience is about to end
ASKED_WHERE_REFUSED = 2  # addresses: what two servers refuse is refused for what it says

_jitter = secrets.SystemRandom()  # waiting times change no result, so they need no seed

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a request is tried: `attempts` times in all and at most `total_s` seconds, the last attempt among them.

    It is tried `refused` times where nobody listens, and `misread` times where an answer comes that cannot be used: a server that is
    overloaded may send one such, and one that always does is not asked for long. Where there have been too many requests (429) it is
    tried `throttled` times, so that a limit per minute is over by then.

    One attempt lasts `answer_s` at most, first byte to last. After `silent_s` without a reply of any kind (two attempts: one may fall
    into a burst of load), and after `total_s` of failures alone, what was answered before is asked once more, for `alive_s`: an idle
    server answers that in a second or two. Waiting is said every `said_s`, as often as progress where there is no terminal.

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
    silent_s: float = 180.0
    alive_s: float = 30.0
    said_s: float = 30.0

    @property
    def failing_s(self) -> float:
        """Seconds of failures alone after which a server is doubted: all that a request is tried for, but for a pause."""
        return 0.875 * self.total_s

    def pause_s(self, attempt: int) -> float:
        """Return how long to wait after the n-th attempt when the server does not say."""
        return min(self.longest_pause_s, self.first_pause_s * 2.0 ** (attempt - 1)) * _jitter.uniform(0.5, 1.0)


class Client:
    """Asks one server. `stopped` says why nothing more is asked: the budget is spent, the key is refused, the server is gone.

    While it is `measuring`, texts are asked for that the server should take: what it refuses counts as a failure, and `refusing` says
    what it said where it has taken none of the last ones. Before, refusals tell what a server cannot do.
    """

    def __init__(self, base_url: str | Sequence[str], *, max_requests: int | None = None, patience: Patience | None = None):
        self.usage = Usage()
        self._auth = bearer()
        given = [base_url] if isinstance(base_url, str) else list(base_url)
        addresses = [Address(url, self._auth, self.usage) for url in given]
        self.addresses = list({address.base_url: address for address in addresses}.values())
        self._max_requests = max_requests
        self._patience = patience or Patience()
        self._sure: Request[Any] | None = None  # has had a usable answer once
        self._told: set[str] = set()  # addresses of which the log says that they are left out
        self._left: list[str] = []  # why addresses were left out, in that order
        self._spent: str | None = None
        self._refused: list[str] = []  # reasons since a text was answered
        self.measuring = False

    @property
    def base_url(self) -> str:
        """The address, or all of them, as errors name them."""
        return ", ".join(address.base_url for address in self.addresses)

    @property
    def live(self) -> list[Address]:
        """The addresses that are still asked."""
        return [address for address in self.addresses if address.stopped is None]

    @property
    def stopped(self) -> str | None:
        """Why nothing more is asked; None while something is."""
        if self._spent or self.live:
            return self._spent
        many = len(self.addresses)
        last = self._left[-1] if self._left else str(self.addresses[-1].stopped)
        return last if many == 1 else f"none of {many} addresses is left, and of the last one: {last}"

    @property
    def refusing(self) -> str | None:
        """What became of the last texts where not one of several was answered; None otherwise."""
        count = len(self._refused)
        return f"the server has answered none of the last {count} requests: {self._refused[-1]}" if count >= IN_A_ROW else None

    def leave_out(self, address: Address, reason: str) -> None:
        """Ask an address no more, and say so where others are left."""
        address.stopped = address.stopped or reason
        if address.base_url in self._told:
            return
        self._told.add(address.base_url)
        self._left.append(address.stopped)
        if others := len(self.live):
            go = f"its requests go to the {others} other {'addresses' if others > 1 else 'address'}"
            log.warning("%s is left out: %s; %s", address.base_url, address.stopped, go)

    def ask(
        self, requests: Iterable[Request[T]], passed: Callable[[], object] = lambda: None, at: Sequence[Address] = ()
    ) -> list[T | Failure]:
        """Send all requests, some at a time, and return value or failure of each; never raises for what a server does.

        `passed` is called when one of them is done with. `at` names the address of each; without it any that is live will do.
        """
        todo = list(requests)
        if not todo:
            return []
        with start_blocking_portal() as portal:  # a thread and event loop of its own, so that it also works inside a running loop
            return portal.call(self._all, todo, passed, at)

    async def _all(self, requests: Sequence[Request[T]], passed: Callable[[], object], at: Sequence[Address]) -> list[T | Failure]:
        results: list[T | Failure] = [Failure(reason="not asked")] * len(requests)
        queue = iter(enumerate(requests))
        for address in self.addresses:
            address.begin()

        async def worker() -> None:
            for index, request in queue:
                results[index] = await self._one(sessions, request, at[index] if at else None)
                passed()

        async with AsyncExitStack() as stack:
            sessions = {direct: await stack.enter_async_context(self._session(direct)) for direct in self._kinds}
            async with anyio.create_task_group() as watching:
                watching.start_soon(self._say_what_is_waited_for)
                async with anyio.create_task_group() as group:
                    for _ in range(min(CONCURRENT * max(1, len(self.live)), len(requests))):
                        group.start_soon(worker)
                watching.cancel_scope.cancel()
        return results

    @property
    def _kinds(self) -> set[bool]:
        return {address.loopback for address in self.addresses}

    def _session(self, direct: bool) -> httpx.AsyncClient:
        """Return connections; a proxy named in the environment cannot reach this machine's own addresses, so these go without."""
        most = CONCURRENT * len(self.addresses)
        limits = httpx.Limits(max_connections=most, max_keepalive_connections=most)
        try:
            return httpx.AsyncClient(auth=self._auth, limits=limits, timeout=self._patience.answer_s, trust_env=not direct)
        except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:  # of HTTP_PROXY, ALL_PROXY, SSL_CERT_FILE and their like
            raise InputError(f"what the environment says of proxies or certificates cannot be used: {error}") from error

    async def _one(self, sessions: Sessions, request: Request[T], only: Address | None) -> T | Failure:
        """Try one address after the other until there is an answer, two refusals, or none left."""
        tried: list[Address] = []
        found: Failure | None = None
        while free := [address for address in ([only] if only else self.live) if address not in tried]:
            address = min(free, key=lambda address: (address.in_flight, address.sent))
            tried.append(address)
            if not address.in_flight:
                address.begin()
            address.in_flight += 1
            try:
                answer = await self._at(address, sessions[address.loopback], request)
            finally:
                address.in_flight -= 1
            if not isinstance(answer, Failure):
                if self.measuring:
                    self._refused.clear()
                return answer
            found = answer if found is None or found.again else found  # what a server says of the request tells more than its absence
            if self._spent or (not answer.again and len(tried) >= ASKED_WHERE_REFUSED):
                break
        if found is None:
            return Failure(reason=str(self.stopped))
        if self.measuring and self._spent is None:
            self._refused.append(found.reason)
        return found

    async def _at(self, address: Address, session: httpx.AsyncClient, request: Request[T]) -> T | Failure:
        """Try an address until there is an answer, a failure that repetition cannot cure, or no patience left."""
        patience, started = self._patience, time.monotonic()
        attempt = misread = refused = 0
        while True:
            if (why := self._why_not(address)) is not None:
                return Failure(reason=why, again=True)
            left = patience.total_s - (time.monotonic() - started)
            self.usage.requests += 1
            self.usage.retries += attempt > 0
            attempt += 1
            within_s = min(patience.answer_s, left, self._silence_left(address))
            answer = await address.send(session, request, max(within_s, LEAST_S))
            if address.stopped is not None:  # the key is refused
                self.leave_out(address, address.stopped)
                return replace(answer, again=True) if isinstance(answer, Failure) else answer
            if not isinstance(answer, Failure):
                address.failed = 0
                if self._sure is None and request.body is not None:
                    self._sure = request
                return answer
            if not (answer.again or answer.misread):
                return await self._declined(address, session, answer)
            wait = patience.pause_s(attempt) if answer.wait_s is None else answer.wait_s
            left = patience.total_s - (time.monotonic() - started)
            misread += answer.misread
            refused += answer.refused
            most = patience.throttled if answer.status == httpx.codes.TOO_MANY_REQUESTS else patience.attempts
            spent = attempt >= most or misread >= patience.misread or refused >= patience.refused
            if spent or wait > left or (answer.slow and self._silence_left(address) <= 0):
                if answer.misread:
                    return await self._declined(address, session, answer)
                return await self._give_up(address, session, answer, attempt)
            await self._pause(address, wait)

    def _why_not(self, address: Address) -> str | None:
        """Return why an address is asked no more; None where it is."""
        if self._spent is None and self._max_requests is not None and self.usage.requests >= self._max_requests:
            self._spent = f"stopped after {self._max_requests} requests, as --max-requests says"
        return self._spent or address.stopped

    def _silence_left(self, address: Address) -> float:
        """Return for how many more seconds an address may send no reply of any kind."""
        return self._patience.silent_s - (time.monotonic() - address.silent_since)

    async def _pause(self, address: Address, wait_s: float) -> None:
        """Wait, unless it turns out meanwhile that the address is asked no more."""
        until = time.monotonic() + wait_s
        while address.stopped is None and (left := until - time.monotonic()) > 0:
            await anyio.sleep(min(left, 1.0))

    async def _declined(self, address: Address, session: httpx.AsyncClient, failure: Failure) -> Failure:
        """Return a refusal, or an answer that cannot be used; while texts are measured it counts as a failure."""
        if self.measuring:
            address.failed += 1
            await self._doubt(address, session, failure, "failed" if failure.misread else "refused")
        elif not failure.misread:
            address.failed = 0
        return failure

    async def _give_up(self, address: Address, session: httpx.AsyncClient, failure: Failure, attempts: int) -> Failure:
        """Return a failure for good."""
        address.failed += 1
        await self._doubt(address, session, failure, "failed")
        return replace(failure, reason=f"{failure.reason} ({attempts} attempts)", again=True)

    async def _doubt(self, address: Address, session: httpx.AsyncClient, failure: Failure, verb: str) -> None:
        """Where requests come to nothing, ask what was answered before, lest it be their texts; without an answer the server is gone."""
        silent = failure.slow and self._silence_left(address) <= 0
        idle_s = time.monotonic() - address.idle_since
        if address.stopped is not None or not (silent or address.failed >= IN_A_ROW or idle_s >= self._patience.failing_s):
            return
        if await self._alive(address, session):
            return
        if silent:
            why = f"no answer of any kind within {self._patience.silent_s:g} s"
        elif address.failed < IN_A_ROW:
            why = f"nothing but failures for {idle_s:.0f} s: {failure.reason}"
        else:
            why = f"the server has {verb} {IN_A_ROW} requests in a row: {failure.reason}"
        self.leave_out(address, why)

    async def _alive(self, address: Address, session: httpx.AsyncClient) -> bool:
        if self._sure is None or (self._max_requests is not None and self.usage.requests >= self._max_requests):
            return False
        failed, address.failed = address.failed, 0  # one such question at a time
        self.usage.requests += 1
        alive = not isinstance(await address.send(session, self._sure, min(self._patience.answer_s, self._patience.alive_s)), Failure)
        address.failed = 0 if alive else failed
        return alive

    async def _say_what_is_waited_for(self) -> None:
        """Say every now and then at which address there has been no usable answer for how long, and how it goes on."""
        patience, said = self._patience, {address.base_url: 0.0 for address in self.addresses}
        while True:
            await anyio.sleep(min(1.0, patience.said_s / 4))
            now = time.monotonic()
            for address in self.live:
                if not address.in_flight or now - max(address.idle_since, said[address.base_url]) < patience.said_s:
                    continue
                said[address.base_url] = now
                replied = address.last is not None and not address.last.slow
                why = address.last.reason if address.last is not None and replied else "no reply of any kind"
                until = patience.total_s if replied else patience.silent_s
                line = "%s: no usable answer for %.0f s (%s); asking on until %.0f s have passed"
                log.warning(line, address.base_url, now - address.idle_since, why, until)
