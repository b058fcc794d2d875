"""Models that are objects of somebody else's: plugins of the entry-point group `freqbias.models`, and `module:object`.

Such an object has what `freqbias.models.protocols` says of an `Embedder`, `TokenEmbedder` or `LanguageModel`, or of a `Scorer`
(`freqbias.models.relevance`), and is used as it is. A function is no object here: it is wrapped by `adapters.callables`.
"""

import hashlib
import inspect
import re
import sys
from collections.abc import Callable
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Any

from freqbias import registry
from freqbias.errors import InputError
from freqbias.files import dumps
from freqbias.models.names.aliases import aliases, resolve
from freqbias.models.names.kinds import split, use_of
from freqbias.models.protocols import AnswersLabels, CountsUsage, HasInfo, ModelInfo, offers
from freqbias.models.scoring import similarity_of

REFERENCE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
A_KIND = {"embedder": "an embedder", "language_model": "a language model"}  # in sentences
ANY_OF = {"embedder": ("encode", "encode_tokens", "scores"), "language_model": ("log_probs",)}
#: What probes ask of every model of a kind, beside one of `ANY_OF`.
NEEDED = {
    "embedder": ("token_counts", "max_tokens"),
    "language_model": ("continuation_log_probs", "choices", "generate", "format_prompt", "token_counts", "path"),
}
SCORERS = ("measure", "pairwise", "prepare", "matrix", "pooled", "uncached")  # what a model with `scores` has beside it
VALUES = ("max_tokens", "path", "measure", "pairwise")  # all else is called


def is_plugin(name: str) -> bool:
    """Tell whether a name is that of a model plugin; directories and aliases of that name come first, with a warning."""
    if name not in registry.plugins("models"):
        return False
    warn_of_hidden(name)
    return name not in aliases() and not Path(name).is_dir()


def warn_of_hidden(name: str) -> None:
    """Warn once of model plugins that something else of their name hides."""
    ours = f"the model that freqbias calls '{name}'" if name in aliases() else None
    registry.warn_of_hidden("models", name, "the folder of that name here" if Path(name).is_dir() else ours)


def is_given(name: str) -> bool:
    """Tell whether a name is a plugin's or `module:attr`, so that nothing has to be found or installed for it."""
    return bool(REFERENCE.fullmatch(name)) or is_plugin(name)


def known_use(name: str) -> str | None:
    """Return how a model is used, as its name or its folder says, without loading it; None where neither does."""
    use, rest = split(name)
    if use is not None or is_given(rest):
        return use
    place = resolve(rest)
    folder = Path(place.path)
    return place.alias.use if place.alias else use_of(folder) if folder.is_dir() else None


def model_object(name: str, kind: str) -> Any:
    """Return the model object called `name`; None where the name leads elsewhere, or to a function.

    Raises `InputError` for an object that is no `kind` (`embedder` or `language_model`), naming what it lacks.
    """
    if not is_given(name):
        return None
    found = registry.load("models", name)
    if not _is_object(found):
        return None
    _check(found, name, kind)
    return found


def plugin_model(name: str) -> Any:
    """Return a plugin, checked as a model of the kind that it says it is; a function as it is."""
    found = registry.load("models", name)
    if _is_object(found):
        said = found.info.kind if offers(found, HasInfo) and isinstance(found.info, ModelInfo) else None
        _check(found, name, said if said in ANY_OF else "embedder")
    elif isinstance(found, type) or not callable(found):
        raise InputError(f"model '{name}' is neither a model object nor a function, found {found!r:.60}")
    return found


def with_source(found: Any, name: str) -> ModelInfo:
    """Return what a model object says of itself; where that is neither revision nor fingerprint, with a hash of its source.

    That is the SHA-256 of the files of the module that the object is named in and of its class; None where there is no file. What it
    reads beside them, such as weights, is not in it.
    """
    info: ModelInfo = found.info
    if info.revision is not None or info.fingerprint is not None:
        return info
    module = sys.modules.get(registry.reference("models", name).partition(":")[0])
    return replace(info, fingerprint=source_hash(module, type(found)))


def source_hash(*things: Any) -> str | None:
    """Return the SHA-256 of the files that modules, classes and functions are written in, each once; None where there is no file."""
    found: dict[str, bytes] = {}
    for thing in things:
        try:
            path = inspect.getsourcefile(thing)
            if path is not None:
                found[path] = Path(path).read_bytes()
        except (OSError, TypeError):
            continue
    return hashlib.sha256(b"".join(found.values())).hexdigest() if found else None


def _is_object(found: Any) -> bool:
    signs = ("info", *(ability for abilities in ANY_OF.values() for ability in abilities))
    return not isinstance(found, type | str) and any(hasattr(found, sign) for sign in signs)


def _check(found: Any, name: str, kind: str) -> None:
    what, other = f"model '{name}'", "--lm" if kind == "embedder" else "--embedder"
    registry.check_api(found, what)
    if not offers(found, HasInfo) or not isinstance(found.info, ModelInfo):
        raise InputError(f"{what} has no `info` of type freqbias.models.ModelInfo")
    if not any(hasattr(found, ability) for ability in ANY_OF[kind]):
        lacking = ", ".join(f"`{ability}`" for ability in ANY_OF[kind])
        raise InputError(f"{what} is not {A_KIND[kind]}: it has none of {lacking}; give it to {other} if it is one of those")
    needed = (*NEEDED[kind], *(SCORERS if hasattr(found, "scores") and kind == "embedder" else ()))
    for part in needed:
        if not hasattr(found, part):
            raise InputError(f"{what} has no `{part}`; see freqbias.models.protocols")
    for part in (*ANY_OF[kind], *needed):
        if part not in VALUES and hasattr(found, part) and not callable(getattr(found, part)):
            raise InputError(f"{what}: `{part}` is not callable; see freqbias.models.protocols")
    for part in ("encode", "encode_tokens"):
        if kind == "embedder" and hasattr(found, part) and not _takes_role(getattr(found, part)):
            raise InputError(f"{what}: `{part}` cannot be called as {part}(texts, role=…)")
    _check_info(found.info, what, name, kind)
    similarity_of(found, what)
    _check_way_of_labels(found, what)
    usage = found.usage if offers(found, CountsUsage) else None
    if usage is not None and (isinstance(usage, type) or not is_dataclass(usage)):
        raise InputError(f"{what}: `usage` must be a dataclass of whole numbers or None, found {type(usage).__name__}")


def _check_way_of_labels(found: Any, what: str) -> None:
    if not offers(found, AnswersLabels):
        return
    if not isinstance(found.has_continuations, bool):
        raise InputError(f"{what}: `has_continuations` must be True or False, found {found.has_continuations!r:.60}")
    if not found.has_continuations and not callable(getattr(found, "label_log_probs", None)):
        raise InputError(f"{what} says that it has no continuations, and has no `label_log_probs`; see freqbias.models.protocols")


def _check_info(info: ModelInfo, what: str, name: str, kind: str) -> None:
    if not isinstance(info.name, str) or not info.name.strip():
        raise InputError(f"{what}: info.name must be a text, found {info.name!r}")
    registry.check_own_name("models", name, info.name, "its rows")
    if info.name in aliases():
        raise InputError(f"{what} calls itself '{info.name}', which is the name of another model; its rows would be taken for that one's")
    if info.kind != kind:
        raise InputError(f"{what}: info.kind is {info.kind!r}, expected '{kind}'")
    try:
        dumps(info.to_dict())
    except (TypeError, ValueError) as error:
        raise InputError(f"{what}: info cannot be written as JSON: {error}") from error


def _takes_role(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind([], role="query")
    except TypeError:
        return False
    except ValueError:  # it says nothing of its parameters
        return True
    return True
