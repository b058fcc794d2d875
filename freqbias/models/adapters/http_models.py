"""What servers list of their models, in whatever form, and whether the one that is meant is among them."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

Card = Mapping[str, Any]

#: Asks LiteLLM's proxy for its patterns, too: with a `*` it lists the models that it knows, and serves others. No other server minds.
WITH_PATTERNS = "models?return_wildcard_routes=true"
LATEST = ":latest"  # Ollama's models are listed with it and called without
PREFIXES = ("models/",)  # Gemini's
AZURE = ".azure.com"  # lists the models that it could serve, and serves deployments, whose names are their owners'


def listed(data: Any) -> dict[str, Card]:
    """Return what is said of each model, by the names that it goes by; empty where it is no list of models."""
    rows = data
    while isinstance(rows, Mapping):
        rows = next((rows[name] for name in ("data", "models") if rows.get(name)), None)
    found: dict[str, Card] = {}
    for row in rows if isinstance(rows, list) else []:
        card: Card = {"id": row} if isinstance(row, str) else row if isinstance(row, Mapping) else {}
        for name in _names(card):
            found.setdefault(name, card)
    return found


def _names(card: Card) -> Iterator[str]:
    own = next((card[part] for part in ("id", "model", "name") if isinstance(card.get(part), str) and card[part]), None)
    aliases = card.get("aliases")
    for name in (own, *(aliases if isinstance(aliases, list) else ())):  # llama.cpp
        if isinstance(name, str) and name:
            yield name


def as_listed(name: str, names: Mapping[str, Card]) -> str | None:
    """Return the name under which a server lists a model; None where none of them can be meant.

    The server's way of writing it counts: `llama3` is `llama3:latest`, and the other way round.
    """
    other = name.removesuffix(LATEST) if name.endswith(LATEST) else name + LATEST
    for candidate in (name, other, *(prefix + name for prefix in PREFIXES), *(name.removeprefix(prefix) for prefix in PREFIXES)):
        if candidate in names:
            return candidate
    return None


def may_serve_others(base_url: str, name: str, names: Mapping[str, Card]) -> bool:
    """Tell whether a server may serve a model that it does not list.

    It may where it lists nothing, a pattern that the name fits (LiteLLM's `*` and `openai/*`), another variety of the model (OpenRouter's
    `:nitro`), or what it could serve, on Azure.
    """
    host = urlsplit(base_url).hostname or ""
    pattern = any("*" in other and fnmatchcase(name, other) for other in names)
    variety = ":" in name and name.rpartition(":")[0] in names and not name.endswith(LATEST)
    return not names or pattern or variety or host.endswith(AZURE)
