"""Models by name: an alias, a local directory, a hub id, or any Python function as `module:function`."""

import re
from pathlib import Path
from typing import Any

from freqbias.errors import InputError
from freqbias.models import backends
from freqbias.models.aliases import Place, fingerprint, resolve
from freqbias.models.protocols import Embedder, LanguageModel, Loading, ModelInfo, Role
from freqbias.registry import import_object

__all__ = ["Embedder", "LanguageModel", "Loading", "ModelInfo", "Role", "check_name", "embedder", "language_model"]

_FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def embedder(name: str, **options: Any) -> Embedder:
    """Return the embedding model called `name`; `options` are the fields of `Loading`.

    `InputError` or `ModelNotReadyError` say what to do when it cannot load.
    """
    loading = Loading(**options)
    backend = backends.chosen(loading)
    if _FUNCTION.fullmatch(name):
        from freqbias.models.callables import CallableEmbedder

        return CallableEmbedder(name)
    if backend == "http":
        return backends.http_embedder(name, loading)
    place = resolve(name)
    _check_kind(place, "embedder", "--embedder")
    if backend == "vllm":
        return backends.vllm_embedder(place.path, _info(place, "embedder"), loading)
    try:
        from freqbias.models.sentence_transformers import SentenceTransformerEmbedder

        return SentenceTransformerEmbedder(place.path, _info(place, "embedder"), loading.device)
    except ModuleNotFoundError as error:
        raise InputError(f"embedding models need '{error.name}'; run: pip install 'freqbias[embed]'") from error


def language_model(name: str, **options: Any) -> LanguageModel:
    """Return the causal language model called `name`; options and errors as in `embedder`."""
    loading = Loading(**options)
    backend = backends.chosen(loading)
    if _FUNCTION.fullmatch(name):
        from freqbias.models.callables import CallableLanguageModel

        return CallableLanguageModel(name)
    if backend == "http":
        return backends.http_language_model(name, loading)
    place = resolve(name)
    _check_kind(place, "language_model", "--lm")
    if backend == "vllm":
        return backends.vllm_language_model(place.path, _info(place, "language_model"), loading)
    try:
        from freqbias.models.transformers import TransformersLanguageModel

        return TransformersLanguageModel(place.path, _info(place, "language_model"), loading.dtype, loading.device)
    except ModuleNotFoundError as error:
        raise InputError(f"language models need '{error.name}'; run: pip install 'freqbias[lm]'") from error


def check_name(name: str, kind: str) -> None:
    """Raise the error that loading `name` as a `kind` would meet first, without loading weights."""
    if _FUNCTION.fullmatch(name):
        import_object(name)
    else:
        _check_kind(resolve(name), kind, "--embedder" if kind == "embedder" else "--lm")


def _check_kind(place: Place, kind: str, option: str) -> None:
    if place.alias is not None and place.alias.kind != kind:
        other = "--lm" if option == "--embedder" else "--embedder"
        raise InputError(f"model '{place.name}' is no {kind.replace('_', ' ')}; give it to {other}, not {option}")


def _info(place: Place, kind: str) -> ModelInfo:
    alias = place.alias
    folder = Path(place.path)
    return ModelInfo(
        name=place.name,
        kind=kind,
        source=place.source,
        revision=alias.packages[0] if alias and place.source == "package" else _commit(folder),
        fingerprint=fingerprint(folder) if folder.is_dir() else None,
        dtype="float32",
        quantisation=alias.quantisation if alias and place.source == "package" else None,
        licence=alias.licence if alias else None,
        details={"title": alias.title} if alias else {},
    )


def _commit(folder: Path) -> str | None:
    """Return the commit of a hub snapshot folder; None elsewhere."""
    return folder.name if folder.parent.name == "snapshots" else None
