"""What models behind a server share: the server, the name there, what it does not take, and why rows failed."""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from freqbias.errors import BackendError, InputError
from freqbias.models.adapters import http_models
from freqbias.models.adapters.http_client import Client, Patience
from freqbias.models.adapters.http_exchange import Address, Failure, Request, Usage, printable
from freqbias.models.adapters.http_same import Test
from freqbias.models.protocols import ModelInfo
from freqbias.progress import Track, silent, ticks
from freqbias.registry import suggestion

log = logging.getLogger(__name__)

T = TypeVar("T")

#: What a server may refuse to be told, and under which other name it may take it; None: it is left out.
OPTIONAL: dict[str, str | None] = {
    "encoding_format": None,  # Voyage knows no "float"
    "truncate_prompt_tokens": None,
    "max_tokens": "max_completion_tokens",  # OpenAI's newer models, Azure
    "temperature": None,
    "top_p": None,
    "seed": None,
    "stop": None,  # answers are cut here too
    "repetition_penalty": None,
}
AT_RANDOM = {"temperature", "seed"}  # without these an answer is one of several
_REFUSAL = re.compile(
    r"support|recogni[sz]ed|unknown|permitted|unexpected|extra|valid\b|not allowed|not accept|only the default|deprecated", re.IGNORECASE
)
#: What a list of models says of one (vLLM): the weights, and the window beyond which texts are cut. Equal at all addresses.
STATED = ("root", "max_model_len")
REFUSING = {400, 404, 405, 422, 500, 501}  # statuses under which servers say that they do not take a parameter


class Served:
    """A model that a server calls `name`; `info` says, after the fact too, which parameters were left out since it refuses them."""

    info: ModelInfo

    def __init__(self, base_url: str | Sequence[str], name: str, max_requests: int | None, patience: Patience | None):
        self.errors: dict[str, str] = {}
        self.inner_progress: Track = silent
        self._client = Client(base_url, max_requests=max_requests, patience=patience)
        self._name = name
        self._left_out: set[str] = set()
        card = self._card()
        owner, limit = card.get("owned_by"), card.get("max_model_len")
        self._server: str | None = printable(owner) if isinstance(owner, str) else None
        self._limit: int | None = limit if isinstance(limit, int) and limit > 0 else None  # tokens; vLLM states it

    @property
    def stopped(self) -> str | None:
        """Why nothing more is asked of the server; None while it is."""
        return self._client.stopped

    @property
    def refusing(self) -> str | None:
        """What the server said to the last texts, where it has answered none of them."""
        return self._client.refusing

    @property
    def usage(self) -> Usage:
        """Requests sent and tokens used so far."""
        return self._client.usage

    def _card(self) -> Mapping[str, Any]:
        """Return what the server says of the model; `InputError` when an address lists its models and this can be none of them.

        A server need not list its models: what it says there that is no list is as good as nothing. An address that is gone is left out.
        """
        request = Request(path="models", read=http_models.listed)
        addresses = self._client.addresses
        answers = self._client.ask([request] * len(addresses), at=addresses)
        found = []
        for address, listed in zip(addresses, answers, strict=True):
            if isinstance(listed, Failure) and (address.stopped or self.stopped or listed.status is None):
                self._client.leave_out(address, listed.reason)
            else:
                found.append((address, {} if isinstance(listed, Failure) else listed))
        if not found:
            raise BackendError(f"{self._client.base_url}: {self.stopped}")
        names = [self._name_at(address, listed) for address, listed in found]
        cards = [listed.get(name, {}) for name, (_, listed) in zip(names, found, strict=True)]
        for (address, _), name, card in zip(found[1:], names[1:], cards[1:], strict=True):
            for what, first, other in (("name", names[0], name), *((key, cards[0].get(key), card.get(key)) for key in STATED)):
                if first != other and None not in (first, other):
                    raise InputError(_different(found[0][0], address, f"its {what} is {first!r} and {other!r}"))
        self._name = names[0]
        return cards[0]

    def _name_at(self, address: Address, listed: Mapping[str, http_models.Card]) -> str:
        """Return the name under which an address serves the model; `InputError` where it does not."""
        own = http_models.as_listed(self._name, listed)
        if own is None and not self._may_be_served(address, listed):
            near = suggestion(self._name, [printable(name) for name in listed])
            raise InputError(f"{address.base_url} does not serve model '{self._name}'{near}")
        return own or self._name

    def _may_be_served(self, address: Address, listed: Mapping[str, http_models.Card]) -> bool:
        if http_models.may_serve_others(address.base_url, self._name, listed):
            return True
        more = self._client.ask([Request(path=http_models.WITH_PATTERNS, read=http_models.listed)], at=[address])[0]
        known = listed if isinstance(more, Failure) else {**listed, **more}
        return http_models.may_serve_others(address.base_url, self._name, known)

    def _begin(self, tests: Sequence[Test]) -> None:
        """Check that all addresses serve one model; from here on texts are measured."""
        for test in tests if len(self._client.live) > 1 else ():
            self._compare(test)
        if self.stopped:
            raise BackendError(f"{self._client.base_url}: {self.stopped}")
        self._client.measuring = True

    def _compare(self, test: Test) -> None:
        """Ask all addresses the same; one that is gone is left out, one that answers otherwise is an `InputError`."""
        live = self._client.live
        answers = self._client.ask([self._taken(test.request)] * (len(live) + 1), at=[live[0], *live])
        own, rows = answers[0], list(zip(live, answers[1:], strict=True))
        for address, answer in rows:
            if isinstance(answer, Failure) and (address.stopped or answer.again or answer.status is None):
                self._client.leave_out(address, answer.reason)
        rows = [(address, answer) for address, answer in rows if address.stopped is None]
        answered = [(address, answer) for address, answer in rows if not isinstance(answer, Failure)]
        if not answered:
            return
        place, first = answered[0]
        again = own if place is live[0] and not isinstance(own, Failure) else first
        for address, answer in rows:
            if isinstance(answer, Failure):
                raise InputError(_different(place, address, f"one answers and the other does not ({answer.reason})"))
            if (why := test.differ(first, again, answer)) is not None:
                raise InputError(_different(place, address, why))

    def _ability(self, request: Request[T]) -> T | Failure:
        """Ask once: a server that declines lacks the ability, one that fails or that refuses the key is a `BackendError`."""
        answer = self._answers([request])[0]
        if isinstance(answer, Failure) and (self.stopped or answer.status is None or answer.again):
            raise BackendError(f"{self._client.base_url}: {self.stopped or answer.reason}")
        return answer

    def _ask(self, texts: Sequence[str], requests: Sequence[Request[T]]) -> list[T | Failure]:
        """Send one request a text, and note why some failed."""
        answers = self._answers(requests)
        self.errors.update({text: answer.reason for text, answer in zip(texts, answers, strict=True) if isinstance(answer, Failure)})
        return answers

    def _answers(self, requests: Sequence[Request[T]]) -> list[T | Failure]:
        """Ask; where the server refuses a parameter that can be left out, ask again without it, and do so from then on."""
        passed = ticks(self.inner_progress, f"{self._name}: ask the server", len(requests), "requests")
        answers = self._client.ask([self._taken(request) for request in requests], passed)
        tried: set[str] = set()
        while True:
            refused = {k: name for k, answer in enumerate(answers) if (name := self._refused(requests[k], answer, tried)) is not None}
            if not refused:
                return answers
            name = next(iter(refused.values()))
            tried.add(name)
            places = [k for k, other in refused.items() if other == name]
            self._left_out.add(name)
            again = self._client.ask([self._taken(requests[k]) for k in places])
            couples = [(answers[k], new) for k, new in zip(places, again, strict=True)]
            if all(isinstance(old, Failure) and isinstance(new, Failure) and old.words == new.words for old, new in couples):
                self._left_out.discard(name)  # it was not about the parameter
                continue
            self._note_left_out(name)
            for k, answer in zip(places, again, strict=True):
                answers[k] = answer

    def _refused(self, request: Request[Any], answer: object, tried: set[str]) -> str | None:
        """Return the parameter of a request that an answer refuses; None where it refuses none that can be left out."""
        if not isinstance(answer, Failure) or answer.status not in REFUSING or not _REFUSAL.search(answer.words):
            return None
        named = (name for name in OPTIONAL if name in (request.body or {}) and name not in tried | self._left_out)
        return next((name for name in named if re.search(rf"\b{name}\b", answer.words, re.IGNORECASE)), None)

    def _taken(self, request: Request[T]) -> Request[T]:
        """Return a request as the server takes it."""
        body = request.body
        if body is None or not self._left_out & body.keys():
            return request
        new = {OPTIONAL[name] if name in self._left_out else name: value for name, value in body.items()}
        return replace(request, body={name: value for name, value in new.items() if name is not None})

    def _note_left_out(self, name: str) -> None:
        instead = f"; it gets '{OPTIONAL[name]}' instead" if OPTIONAL[name] else ", so it is left out"
        random = "; its answers are drawn at random, and another time they are others" if name in AT_RANDOM else ""
        log.log(logging.WARNING if random else logging.INFO, "%s does not take '%s'%s%s", self._client.base_url, name, instead, random)
        if hasattr(self, "info"):
            self.info = replace(self.info, details={**self.info.details, **self._said()})

    def _said(self) -> dict[str, Any]:
        """Return what a manifest states of how many addresses there are, and of the parameters that the server does not take."""
        several = {"addresses": len(self._client.addresses)} if len(self._client.addresses) > 1 else {}
        return {**several, **({"not_taken": sorted(self._left_out)} if self._left_out else {})}


def _different(first: Address, other: Address, why: str) -> str:
    return f"{first.base_url} and {other.base_url} do not serve the same model: {why}; give addresses of one model"
