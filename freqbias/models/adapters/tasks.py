"""What a model's own code calls the two roles: jina-v3 knows `retrieval.query`, not `query`."""

from collections.abc import Mapping
from typing import Any

from freqbias.errors import BackendError, InputError, in_one_line
from freqbias.models.names.families import family_at
from freqbias.models.names.prompts import ROLES, Prompts
from freqbias.models.protocols import Role

LIBRARY = "sentence_transformers."
#: Names of a role in models' own code, tried where neither the table nor the repository's prompts name one.
COMMON: dict[Role, tuple[str, ...]] = {
    "query": ("retrieval.query", "retrieval", "search_query"),
    "document": ("passage", "retrieval.passage", "retrieval.document", "retrieval", "search_document"),
}


def encoded(
    model: Any, name: str, texts: list[str], role: Role, prompts: Prompts, tasks: Mapping[Role, str] | None = None, **options: Any
) -> Any:
    """Encode texts in a role of sentence-transformers, with exactly the prompt that is stated: an empty one keeps a default away.

    `BackendError` for whatever the library raises, such as for a token that the weights lack.
    """
    prompt = prompts.by_role()[role]
    with in_one_line(BackendError, f"model '{name}'", model):
        if tasks:
            return model.encode(texts, prompt=prompt, task=tasks[role], **options)
        return (model.encode_query if role == "query" else model.encode_document)(texts, prompt=prompt, **options)


def tasks_of(model: Any, prompts: Prompts, name: str, path: Any = "") -> dict[Role, str]:
    """Return the names that a model's own code has for the roles; nothing for models that take `query` and `document`.

    The documented name of the family comes first, then the role, the repository's name for its prompt, and `COMMON`; which one the code
    takes is found by encoding one letter. `InputError` where it takes none.
    """
    if not _names_tasks(model):
        return {}
    family = family_at(name, path)
    found: dict[Role, str] = {}
    for role in ROLES:
        documented = [family.tasks[role]] if family is not None and family.tasks is not None else []
        names = [*documented, role, *([prompts.names[role]] if role in prompts.names else []), *COMMON[role]]
        found[role] = _accepted(model, list(dict.fromkeys(names)), name)
    return {} if all(task == role for role, task in found.items()) else found


def _names_tasks(model: Any) -> bool:
    """Tell whether code that is not the library's is handed the task."""
    keys = getattr(model, "module_kwargs", None) or {}
    own = {key: part for key, part in getattr(model, "_modules", {}).items() if not type(part).__module__.startswith(LIBRARY)}
    return any("task" in (keys.get(key) or ()) or "task" in getattr(part, "forward_kwargs", ()) for key, part in own.items())


def _accepted(model: Any, names: list[str], model_name: str) -> str:
    reason = ""
    for task in names:
        try:
            model.encode(["a"], prompt="", task=task, show_progress_bar=False)
        except (ValueError, KeyError, AssertionError) as error:
            reason = reason or next(iter(str(error).strip().splitlines()), type(error).__name__)
        else:
            return task
    raise InputError(f"model '{model_name}' takes names of tasks that are not known here (tried: {', '.join(names)}): {reason}")
