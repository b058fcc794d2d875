"""Keys out of everything that is written: addresses with a password or key in them, and the values of secret environment variables."""

import os
import re
from collections.abc import Mapping
from typing import Any

API_KEY_VARIABLE = "OPENAI_API_KEY"  # of a server: the variable that every client of its protocol reads
HIDDEN = "***"
MIN_SECRET = 4  # characters; a shorter value is no key, and replacing it would garble ordinary text

_VARIABLE = re.compile(r"(?:.*_)?(?:API_KEY|TOKEN|SECRET|PASSWORD)(?:_.*)?", re.IGNORECASE)
_USER = re.compile(r"(\w[\w+.-]*://)[^/\s?#'\"@]*(?:@[^/\s?#'\"@]*)*@")
_QUERY = re.compile(r"([?&#;](?:[\w-]*(?:key|token|secret|password|passwd|auth|signature|sig)[\w-]*)=)[^&#\s'\"]+", re.IGNORECASE)
_BEARER = re.compile(r"(\b(?:Bearer|Basic)\s+)[\w.~+/=-]{4,}", re.IGNORECASE)


def redact(text: str) -> str:
    """Return a text in which user names and keys of addresses, authorisation headers and secret environment values read `***`."""
    for name, value in os.environ.items():
        if len(value) >= MIN_SECRET and _VARIABLE.fullmatch(name):
            text = text.replace(value, HIDDEN)
    text = _USER.sub(rf"\1{HIDDEN}@", text)
    text = _QUERY.sub(rf"\1{HIDDEN}", text)
    return _BEARER.sub(rf"\1{HIDDEN}", text)


def redacted(value: Any) -> Any:
    """Return a JSON-ready value with every text in it redacted, keys of objects left as they are."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {key: redacted(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(item) for item in value]
    return value
