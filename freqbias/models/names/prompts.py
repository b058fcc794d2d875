"""What is put before the texts of a role, decided here for every backend and stated in the manifest.

The first of these that says anything: the options `--query-prompt` and `--document-prompt` (an empty one says: nothing), the model's own
repository, the table of families (`families.json`). sentence-transformers' `encode_query` and `encode_document` know the names `query`,
`document`, `passage` and `corpus`, and take the first even where it is empty; repositories use others too, which is why every backend
here is told the text itself.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from freqbias.errors import InputError
from freqbias.models.names.families import Family, family_at, resembling
from freqbias.models.protocols import Loading, Role

FILE = "config_sentence_transformers.json"
ROLES: tuple[Role, ...] = ("query", "document")
PLURAL: dict[Role, str] = {"query": "queries", "document": "documents"}
#: What repositories call the prompts of a role, in small letters; the first that is not empty counts, since saving a model with
#: sentence-transformers adds an empty `query` and `document`.
NAMES: dict[Role, tuple[str, ...]] = {
    "query": (
        "query",
        "queries",
        "retrieval.query",
        "retrieval-query",
        "retrieval_query",
        "search_query",
        "web_search_query",
        "s2p_query",
    ),
    "document": (
        "document",
        "documents",
        "passage",
        "passages",
        "corpus",
        "retrieval.passage",
        "retrieval.document",
        "retrieval-document",
        "retrieval-passage",
        "retrieval_document",
        "retrieval_passage",
        "search_document",
    ),
}
ASK_SECONDS = 5.0  # for one small file of the hub, which need not be reached

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Prompts:
    """The text before queries and before documents; `origin` is `options`, `repository`, `table` or `none`, or one of these a role.

    `names` are the names under which the repository keeps them.
    """

    query: str = ""
    document: str = ""
    origin: str = "none"
    names: Mapping[str, str] = field(default_factory=dict)

    def by_role(self) -> dict[Role, str]:
        """Return the text of each role."""
        return {"query": self.query, "document": self.document}

    def stated(self) -> dict[str, Any]:
        """Return what the manifest says."""
        return {"prompts": dict(self.by_role()), "prompts_from": self.origin}


def decide(
    name: str, own: Mapping[str, Any] | None, loading: Loading, *, path: str = "", table: bool = True, use: str | None = None
) -> Prompts:
    """Return the prompts of the model called `name`, which lies at `path`; log what the table adds and what is missing.

    `own` is what the repository's `config_sentence_transformers.json` holds (see `settings_of`), None where it could not be read. Without
    `table` a family's documentation only leads to a warning. With `use` it is of no concern to a model that is used otherwise: late
    interaction that was trained from an E5 puts markers in the place of its prompts.
    """
    names, registered = _registered(own or {})
    family, alike = family_at(name, path), resembling(name)
    if use is not None:
        family, alike = (row if row is not None and row.use == use else None for row in (family, alike))
    given = {role: text for role, text in (("query", loading.query_prompt), ("document", loading.document_prompt)) if text is not None}
    texts, origin = {"query": "", "document": ""}, "none"
    if registered:
        texts, origin = {**texts, **registered}, "repository"
    elif table and family is not None and family.prompts is not None:
        texts, origin = {**texts, **family.prompts}, "table"
    chosen = Prompts(**{**texts, **given}, origin=_origin(origin, list(given)), names=names)
    if origin == "table" and len(given) < len(ROLES):
        _say_added(name, family, chosen, list(given), known=own is not None)
    _warn_of_missing(name, family or alike, chosen, list(given), known=own is not None)
    return chosen


def settings_of(path: str, revision: str | None = None) -> dict[str, Any] | None:
    """Return what a directory or a hub id says in its `config_sentence_transformers.json`; None where the hub cannot be asked.

    A hub id is looked up in the cache first, then that one file is fetched. `InputError` for a file that is not JSON.
    """
    if not path:
        return {}
    file: Path | None = Path(path) / FILE
    if not Path(path).is_dir() and "/" in path:
        try:
            file = _hub_file(path, revision)
        except ConnectionError as error:
            log.debug("%s of '%s': %s", FILE, path, error)
            return None
    if file is None or not file.is_file():
        return {}
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: cannot be read: {error}") from error
    return read if isinstance(read, dict) else {}


def refuse_options(name: str, loading: Loading, why: str) -> None:
    """Raise `InputError` where prompts are given for a model that takes none."""
    if loading.query_prompt is not None or loading.document_prompt is not None:
        raise InputError(f"model '{name}' {why}; leave out --query-prompt and --document-prompt, or run it by itself")


def _registered(own: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the names and texts of the prompts that a repository has for either role; nothing where all of them are empty.

    The prompt called `default_prompt_name` is that of a role without its own, unless its name is the other role's.
    """
    prompts = own.get("prompts")
    texts = {name: text for name, text in prompts.items() if isinstance(text, str) and text} if isinstance(prompts, dict) else {}
    by_name = {name.lower(): name for name in texts}
    default = own.get("default_prompt_name")
    names: dict[str, str] = {}
    for role in ROLES:
        found = next((by_name[name] for name in NAMES[role] if name in by_name), None)
        taken = any(str(default).lower() in NAMES[other] for other in ROLES if other != role)
        found = default if found is None and default in texts and not taken else found
        if found is not None:
            names[role] = found
    return names, {role: texts[name] for role, name in names.items()}


def _origin(origin: str, given: list[str]) -> str:
    if not given:
        return origin
    if origin == "none" or len(given) == len(ROLES):
        return "options"
    return ", ".join(f"{role}: {'options' if role in given else origin}" for role in ROLES)


def _say_added(name: str, family: Family | None, chosen: Prompts, given: list[str], *, known: bool) -> None:
    """Say what the table puts, and nothing of a role whose prompt is given."""
    reason = "its repository registers no prompts" if known else "its repository could not be asked for prompts"
    texts = {PLURAL[role]: repr(text) if text else "nothing" for role, text in chosen.by_role().items() if role not in given}
    added = " and ".join(f"{text} before {place}" for place, text in texts.items()).replace(" before", " stands before", 1)
    log.info("model '%s': %s; as documented for %s, %s", name, reason, family.name if family else "it", added)


def _warn_of_missing(name: str, family: Family | None, chosen: Prompts, given: list[str], *, known: bool) -> None:
    """Say which texts stand bare although the family's documentation asks for a prompt, or nothing is known of the model."""
    if not known and family is None and chosen.origin == "none":
        log.warning("model '%s': the hub could not be asked for its prompts, so none is used; give --query-prompt if it wants one", name)
    wanted = (family.prompts if family else None) or {}
    bare = [role for role in ROLES if wanted.get(role) and not chosen.by_role()[role]]
    if not bare or family is None:
        return
    level = logging.INFO if set(bare) <= set(given) else logging.WARNING
    missing = " and ".join(f"--{role}-prompt {wanted[role]!r}" for role in bare)
    text = "model '%s': the documentation of models like it (%s) asks for %s, and no such prompt is used"
    log.log(level, text, name, family.name, missing)


def _hub_file(repo: str, revision: str | None) -> Path | None:
    """Return the file of a hub repository, None where it has none; `ConnectionError` where the hub cannot be asked."""
    try:
        from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url, try_to_load_from_cache
        from huggingface_hub.errors import GatedRepoError, HFValidationError, RemoteEntryNotFoundError, RepositoryNotFoundError
    except ModuleNotFoundError as error:
        raise ConnectionError(f"'{error.name}' is not installed") from error
    try:
        cached = try_to_load_from_cache(repo, FILE, revision=revision)
        if cached is not None:  # a path, or a sign that there is no such file
            return Path(cached) if isinstance(cached, str) else None
        # asked first, since a download tries for half a minute to reach a hub that is not there
        get_hf_file_metadata(hf_hub_url(repo, FILE, revision=revision), timeout=ASK_SECONDS)
        return Path(hf_hub_download(repo, FILE, revision=revision, etag_timeout=ASK_SECONDS))
    except (HFValidationError, RemoteEntryNotFoundError):
        return None
    except Exception as error:  # the hub client has no common base for its network errors
        if isinstance(error, RepositoryNotFoundError) and not isinstance(error, GatedRepoError):
            return None
        raise ConnectionError(str(error)) from error
