"""The table of model families that people use most: how each is used, and the prompts that its documentation asks for.

`families.json` states facts, each with the page that it was read from; see `Family` for the columns.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from freqbias.models.names.kinds import split

ROUTERS = (
    "ollama",
    "huggingface",
    "hosted_vllm",
    "openai",
    "infinity",
    "lm_studio",
    "xinference",
)  # of LiteLLM, before a model's own name


@dataclass(frozen=True, kw_only=True)
class Family:
    """One row of `families.json`; earlier rows win.

    `match` holds patterns (`fnmatch`, no difference of case): `owner/name` for a hub id, whose last part also matches a folder here or a
    server's name without an owner, and `name` for the short names of servers. `prompts` is what is put before the texts of a role where
    the repository registers nothing; `prompts_from` says whether it does (`repository`) or not (`table`). `tasks` is what a model's own
    code calls the roles. `pooling`, `normalised` and `similarity` are null where the family's models differ or nothing is documented;
    `trust` says that the repository ships code. `checked` is `real weights`, `tiny copy` or `read` (from `source`).
    """

    name: str
    kind: str
    match: tuple[str, ...]
    example: str
    use: str
    pooling: str | None = None
    normalised: bool | None = None
    similarity: str | None = None
    prompts: dict[str, str] | None = None
    prompts_from: str | None = None
    tasks: dict[str, str] | None = None
    trust: bool = False
    dtype: str = "float32"
    checked: str = "read"
    source: tuple[str, ...] = ()
    note: str | None = None


@cache
def families() -> tuple[Family, ...]:
    """Return the table, in file order."""
    rows: list[dict[str, Any]] = json.loads(files("freqbias.models.names").joinpath("families.json").read_text(encoding="utf-8"))
    return tuple(Family(**row | {"match": tuple(row["match"]), "source": tuple(row["source"])}) for row in rows)


def family_of(name: str) -> Family | None:
    """Return the family of a hub id, an alias, a folder or a name that a server uses; None for others.

    Prefixes (`cls:`), revisions (`@main`), a server's tags (`:latest`) and what a router puts before an id (`huggingface/`) are left out.
    """
    *owners, last = _parts(name)
    name = "/".join([*owners, last])
    return _first(lambda pattern: fnmatchcase(name, pattern if owners else pattern.rpartition("/")[2]))


def family_at(name: str, path: Any = "") -> Family | None:
    """Return the family of a model by its name, else by where it lies: a snapshot of the hub is called by its commit."""
    return family_of(name) or (family_of(path) if path and isinstance(path, str) else None)


def resembling(name: str) -> Family | None:
    """Return the family whose model somebody else's hub id repeats in its last part (`acme/e5-base-v2`); None for others."""
    if family_of(name) is not None:
        return None
    last = _parts(name)[-1]
    return _first(lambda pattern: fnmatchcase(last, pattern.rpartition("/")[2]))


def _first(fits: Callable[[str], bool]) -> Family | None:
    return next((family for family in families() if any(fits(pattern.lower()) for pattern in family.match)), None)


def _parts(name: str) -> list[str]:
    """Return owner and name in small letters; of a path its last part, or what the cache of the hub makes of an id."""
    _, name = split(name)
    path = Path(name)
    if path.parent.name == "snapshots" and path.parent.parent.name.startswith("models--"):
        name = path.parent.parent.name.removeprefix("models--").replace("--", "/")
    elif name.startswith((".", "/", "~")) or path.is_dir():
        name = path.absolute().name  # a link keeps its own name
    name = name.partition("@")[0]
    *owners, last = name.lower().split("/")
    if owners and owners[0] in ROUTERS:
        owners = owners[1:]
    return [*owners, last.partition(":")[0]]
