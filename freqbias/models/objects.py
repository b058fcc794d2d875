"""Models that are objects of somebody else's: plugins of the entry-point group `freqbias.models`, and `module:object`.

Such an object has what `freqbias.models.protocols` says of an `Embedder`, `TokenEmbedder` or `LanguageModel`, or of a `Scorer`
(`freqbias.models.relevance`), and is used as it is. A function is no object here: it is wrapped by `adapters.callables`.
"""

import re
from pathlib import Path
from typing import Any

from freqbias import registry
from freqbias.errors import InputError
from freqbias.models.names.aliases import aliases
from freqbias.models.protocols import ModelInfo

REFERENCE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
ANY_OF = {"embedder": ("encode", "encode_tokens", "scores"), "language_model": ("log_probs",)}
#: What probes ask of every model of a kind, beside one of `ANY_OF`.
NEEDED = {
    "embedder": ("token_counts", "max_tokens"),
    "language_model": ("continuation_log_probs", "choices", "generate", "format_prompt", "token_counts", "path"),
}
SCORERS = ("measure", "pairwise", "prepare", "matrix", "pooled", "uncached")  # what a model with `scores` has beside it


def is_plugin(name: str) -> bool:
    """Tell whether a name is that of a model plugin; directories and aliases of that name come first."""
    return name in registry.plugins("models") and name not in aliases() and not Path(name).is_dir()


def is_given(name: str) -> bool:
    """Tell whether a name is a plugin's or `module:attr`, so that nothing has to be found or installed for it."""
    return bool(REFERENCE.fullmatch(name)) or is_plugin(name)


def model_object(name: str, kind: str) -> Any:
    """Return the model object called `name`; None where the name leads elsewhere, or to a function.

    Raises `InputError` for an object that is no `kind` (`embedder` or `language_model`), naming what it lacks.
    """
    if not is_given(name):
        return None
    found = registry.load("models", name)
    signs = ("info", *(ability for abilities in ANY_OF.values() for ability in abilities))
    if isinstance(found, type | str) or not any(hasattr(found, sign) for sign in signs):
        return None
    _check(found, name, kind)
    return found


def _check(found: Any, name: str, kind: str) -> None:
    what, other = f"model '{name}'", "--lm" if kind == "embedder" else "--embedder"
    registry.check_api(found, what)
    if not isinstance(getattr(found, "info", None), ModelInfo):
        raise InputError(f"{what} has no `info` of type freqbias.models.ModelInfo")
    if not any(hasattr(found, ability) for ability in ANY_OF[kind]):
        lacking = ", ".join(f"`{ability}`" for ability in ANY_OF[kind])
        raise InputError(f"{what} is no {kind.replace('_', ' ')}: it has none of {lacking}; give it to {other} if it is one of those")
    needed = (*NEEDED[kind], *(SCORERS if hasattr(found, "scores") and kind == "embedder" else ()))
    for part in needed:
        if not hasattr(found, part):
            raise InputError(f"{what} has no `{part}`; see freqbias.models.protocols")
