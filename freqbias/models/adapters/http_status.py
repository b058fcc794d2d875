"""What a server's reply says of itself: that something is wrong, in whose words, and whether to come again.

Errors come with an HTTP status, or with 200 and the error in the body (gateways such as OpenRouter and LiteLLM hand on a status of the
service behind them that way), as objects, texts, lists, plain text or a page of HTML.
"""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from math import isfinite
from typing import Any

#: Statuses that ask to come again, besides those of 500 and above. 424: text-embeddings-inference failed by itself; 498: Groq has no room
#: just now; 499: a gateway's own client went away.
BUSY = {408, 409, 421, 424, 425, 429, 449, 498, 499}
ASTRAY = {403, 404, 405}  # where the same path has answered before: something between here and the server, or a filter of texts
NEVER = {501, 505}  # of 500 and above: the server cannot do it, and will not a minute later
#: Codes and types, in words, that ask to come again.
_BUSY_WORDS = re.compile(
    r"rate.?limit|too.?many.?requests|throttl|overload|resource.?exhausted|unavailable|time.?out|timed.?out|server.?error|internal|capacity|try.?again",
    re.IGNORECASE,
)
_SPENT = re.compile(r"insufficient.?(quota|balance|credit|fund)|billing", re.IGNORECASE)
#: In an error's own words, whatever its status: gateways hand on what the service behind them says as 400.
_BUSY_MESSAGE = re.compile(r"rate.?limit|too many requests|throttl", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_EVENT = b"data:"


@dataclass(frozen=True, kw_only=True)
class Said:
    """An error in a server's words; `status` is what it says itself, None where that is nothing known; `busy` that it asks to wait.

    `spent` says that there is no money left, which some servers say with 429.
    """

    words: str
    status: int | None = None
    busy: bool = False
    spent: bool = False


def asks_again(status: int) -> bool:
    """Tell whether a status is one of those that pass."""
    return status in BUSY or (status >= HTTPStatus.INTERNAL_SERVER_ERROR and status not in NEVER)


def is_page(content: bytes) -> bool:
    """Tell whether an answer is HTML: the page of something else that listens there."""
    return content.lstrip()[:1] == b"<"


def parsed(content: bytes) -> Any:
    """Return what an answer holds; a stream of events, which nobody asked for, as the one answer that it spells. Else `ValueError`."""
    text = content.strip()
    events = [line[len(_EVENT) :].strip() for line in text.splitlines() if line.startswith(_EVENT)]
    if not events or text[:1] in (b"{", b"["):
        return json.loads(content)
    whole = events[-1] == b"[DONE]"
    return _joined([json.loads(event) for event in events if event != b"[DONE]"], whole)


def _joined(parts: list[Any], whole: bool) -> Any:
    """Return the answer that parts of a stream spell; `ValueError` where its end is missing."""
    last: dict[str, Any] = {}
    text, spoken, finished = "", False, whole
    logprobs: dict[str, list[Any]] = {}
    for part in parts:
        if "error" in part:
            return part
        last = {**last, **{key: value for key, value in part.items() if value is not None}}
        for choice in (part.get("choices") or [])[:1]:
            spoken = spoken or "delta" in choice
            text += (choice.get("delta") or {}).get("content") or choice.get("text") or ""
            finished = finished or choice.get("finish_reason") is not None
            for name, values in (choice.get("logprobs") or {}).items():
                if isinstance(values, list):
                    logprobs.setdefault(name, []).extend(values)
    if not finished:
        raise ValueError("a stream that was cut")
    content: dict[str, Any] = {"message": {"content": text}} if spoken else {"text": text}
    return {**last, "choices": [{**content, "logprobs": logprobs or None}]}


def error_in(data: Any) -> Said | None:
    """Return the error that the body of a reply states, whatever its HTTP status; None where it states none."""
    if isinstance(data, list) and len(data) == 1:  # Gemini puts its errors into a list
        data = data[0]
    if not isinstance(data, Mapping):
        return None
    error = data.get("error") or data.get("errors") or _of_choice(data)
    if error and not _is_empty(error):
        return _said(error, data)
    payload = any(data.get(name) is not None for name in ("choices", "data", "embeddings", "models", "prompt", "object", "embedding"))
    if data.get("object") == "error" or (not payload and any(data.get(name) for name in ("detail", "message", "msg", "error_msg"))):
        return _said(data, data)
    return None


def _is_empty(error: Any) -> bool:
    """Tell whether an error says nothing at all, as some servers have one in every answer."""
    return isinstance(error, Mapping) and not any(error.values())


def _of_choice(data: Mapping[str, Any]) -> Any:
    choices = data.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first.get("error") if isinstance(first, Mapping) else None


def _said(error: Any, around: Mapping[str, Any]) -> Said:
    if isinstance(error, list):
        error = error[0] if error else {}
    if not isinstance(error, Mapping):
        error = {"message": error}
    words = next((error[name] for name in ("message", "detail", "msg", "error_msg", "error", "title") if error.get(name)), "")
    raw = error["metadata"].get("raw") if isinstance(error.get("metadata"), Mapping) else None  # what the service behind it said
    named = [error.get("code"), error.get("status"), error.get("type"), around.get("code"), around.get("status")]
    codes = [code for code in map(_code, named) if code is not None]
    kinds = " ".join(kind for kind in named if isinstance(kind, str))
    status = codes[0] if codes else None
    told = ": ".join(str(part) for part in (words, raw) if part) or kinds
    busy = (status is not None and asks_again(status)) or bool(_BUSY_WORDS.search(kinds) or _BUSY_MESSAGE.search(told))
    return Said(words=told, status=status, busy=busy, spent=bool(_SPENT.search(kinds)))


def _code(value: Any) -> int | None:
    """Return an HTTP status that stands as a number or as a text; None for other codes."""
    text = "" if isinstance(value, bool) or value is None else str(value)
    return int(text) if re.fullmatch(r"[1-5]\d\d", text) else None


def said_by(content: bytes, otherwise: str) -> Said:
    """Return the error of a reply whose HTTP status says that it is one, from the places where servers put their words."""
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return Said(words=_plain(content) or otherwise)
    found = error_in(data)
    if found is None:
        found = _said(data, {}) if isinstance(data, Mapping) else Said(words=str(data or ""))
    return found if found.words else replace(found, words=otherwise)


def _plain(content: bytes) -> str:
    """Return the words of a plain text, or the title of a page."""
    text = content.decode("utf-8", errors="replace").strip()
    if not is_page(content):
        return text
    title = _TITLE.search(text)
    return " ".join(title.group(1).split()) if title else ""


def moved(headers: Mapping[str, str]) -> str:
    """Return in words where a reply sends one, which is not followed with the key; empty where it sends one nowhere."""
    place = headers.get("Location")
    return f"moved to {place}; give that address as --base-url, without what follows its version" if place else ""


def wait_s(headers: Mapping[str, str]) -> float | None:
    """Return for how many seconds a reply asks to wait; None where it does not say."""
    milliseconds = _seconds(headers.get("Retry-After-Ms"))  # OpenAI and Azure
    return retry_after_s(headers.get("Retry-After")) if milliseconds is None else milliseconds / 1000


def retry_after_s(value: str | None) -> float | None:
    """Return the seconds of a Retry-After header, which holds seconds or a date (RFC 9110, section 10.2.3); None without one."""
    if value is None:
        return None
    with suppress(ValueError):
        float(value)
        return _seconds(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):  # no date either, or one without a time zone
        return None


def _seconds(value: str | None) -> float | None:
    try:
        seconds = float(value or "nan")
    except ValueError:
        return None
    return max(0.0, seconds) if isfinite(seconds) else None
