"""Models by name: an alias, a local directory, a hub id, a plugin, or any Python function or model object as `module:name`."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from freqbias.errors import InputError, install_hint
from freqbias.models import backends
from freqbias.models.loading import load
from freqbias.models.names.aliases import ONNX, WEIGHTS, ModelRef, fingerprint, resolve
from freqbias.models.names.contents import config_of, quantisation
from freqbias.models.names.kinds import split
from freqbias.models.names.prompts import refuse_options
from freqbias.models.objects import A_KIND, is_given, model_object, with_source
from freqbias.models.protocols import Embedder, LanguageModel, Loading, ModelInfo, Role, TokenEmbedder
from freqbias.models.relevance import Scorer

__all__ = [
    "Embedder",
    "LanguageModel",
    "Loading",
    "ModelInfo",
    "Role",
    "check_name",
    "dense_embedder",
    "embedder",
    "identity",
    "language_model",
]


def embedder(name: str, **options: Any) -> Embedder | TokenEmbedder | Scorer:
    """Return the embedding model, or any other model that scores documents, called `name`; `options` are the fields of `Loading`.

    A prefix such as `cls:` or `ql:` says how a model is used where its directory does not (see `freqbias.models.names.kinds`). What comes
    back either gives vectors (`encode`) or scores by itself; `freqbias.models.relevance.as_scorer` makes a scorer of both.
    `InputError` or `ModelNotReadyError` say what to do when it cannot load.
    """
    loading = Loading(**options)
    backend = backends.chosen(loading)
    use, rest = split(name)
    if use == "ql":
        refuse_options(name, loading, "puts a text of its own before the query")
        return _query_likelihood(name, rest, options)
    if backend == "http":  # before functions, since servers have names such as `llama3:latest`
        return backends.http_embedder(name, loading)
    if use is None and is_given(name):
        refuse_options(name, loading, "is told the role of a text and does the rest itself")
    own = model_object(name, "embedder") if use is None else None
    if own is not None:
        model: Embedder | TokenEmbedder | Scorer = own
        return model
    if use is None and is_given(name):
        from freqbias.models.adapters.callables import CallableEmbedder

        return CallableEmbedder(name)
    place = _pinned(resolve(name, "embedder"), loading)
    _check_kind(place, "embedder", "--embedder")
    info = _info(place, "embedder")
    if backend == "vllm" and not (place.alias and place.alias.use == "bm25"):
        return backends.vllm_embedder(place, info, loading)
    try:
        return load(place, info if use is None else replace(info, name=f"{use}:{info.name}"), loading)
    except ModuleNotFoundError as error:
        raise InputError(f"embedding models need '{error.name}'; run: {install_hint('embed')}") from error


def dense_embedder(name: str, **options: Any) -> Embedder:
    """Return a model that gives a text one vector; `InputError` for one that only scores."""
    model: Any = embedder(name, **options)
    if not hasattr(model, "encode"):
        raise InputError(f"model '{name}' does not give one vector per text; name a dense embedding model")
    dense: Embedder = model
    return dense


def _query_likelihood(name: str, rest: str, options: dict[str, Any]) -> Scorer:
    from freqbias.models.adapters.pair_scorers import PROMPT, TEMPLATE, QueryLikelihoodScorer

    model = language_model(rest, **options)
    stated = {"prompt": PROMPT, "template": TEMPLATE, "template_sha256": sha256(TEMPLATE.encode()).hexdigest()}
    return QueryLikelihoodScorer(model, replace(model.info, name=f"ql:{model.info.name}", details={**model.info.details, **stated}))


def language_model(name: str, **options: Any) -> LanguageModel:
    """Return the causal language model called `name`; options and errors as in `embedder`."""
    loading = Loading(**options)
    backend = backends.chosen(loading)
    if backend == "http":
        return backends.http_language_model(name, loading)
    own = model_object(name, "language_model")
    if own is not None:
        model: LanguageModel = own
        return model
    if is_given(name):
        from freqbias.models.adapters.callables import CallableLanguageModel

        return CallableLanguageModel(name)
    place = _pinned(resolve(name), loading)
    loading = replace(loading, revision=place.revision)
    _check_kind(place, "language_model", "--lm")
    if backend == "vllm":
        return backends.vllm_language_model(place, _info(place, "language_model"), loading)
    try:
        from freqbias.models.adapters.transformers import TransformersLanguageModel

        return TransformersLanguageModel(place.path, _info(place, "language_model"), loading)
    except ModuleNotFoundError as error:
        raise InputError(f"language models need '{error.name}'; run: {install_hint('lm')}") from error


def check_name(name: str, kind: str) -> None:
    """Raise the error that loading `name` as a `kind` would meet first, without loading weights."""
    use, rest = split(name) if kind == "embedder" else (None, name)
    if use == "ql":
        kind = "language_model"
    if use in (None, "ql") and is_given(rest):
        if model_object(rest, kind) is None:
            from freqbias.models.adapters.callables import function

            function(rest)
    else:
        _check_kind(resolve(rest), kind, "--embedder" if kind == "embedder" else "--lm")


def identity(name: str, kind: str, *, served: bool = False) -> ModelInfo:
    """Return what is known of a model without loading its weights: enough to say whether it has changed, unless it is `served`."""
    use, rest = split(name) if kind == "embedder" else (None, name)
    kind = "language_model" if use == "ql" else kind
    if served:
        use, rest = ("ql", rest) if use == "ql" else (None, name)
        info = backends.served(rest, kind)
    elif use in (None, "ql") and is_given(rest):
        info = _given_info(rest, kind)
    else:
        info = _info(resolve(rest), kind)
    return info if use is None else replace(info, name=f"{use}:{info.name}")


def _given_info(name: str, kind: str) -> ModelInfo:
    own = model_object(name, kind)
    if own is not None:
        return with_source(own, name)
    from freqbias.models.adapters.callables import function, info_of

    return info_of(name, function(name), kind)


def _pinned(place: ModelRef, loading: Loading) -> ModelRef:
    """Return `place` at the revision that `Loading` names; a name's own `@revision` wins. `InputError` where there is none to choose."""
    if loading.revision is None or place.revision is not None:
        return place
    if place.source != "hub" or place.alias is not None:
        raise InputError(f"model '{place.name}' is on this machine; only a hub id such as 'org/name' takes a revision, so leave it out")
    return replace(place, revision=loading.revision)


def _check_kind(place: ModelRef, kind: str, option: str) -> None:
    if place.alias is not None and place.alias.kind != kind:
        other = "--lm" if option == "--embedder" else "--embedder"
        raise InputError(f"model '{place.name}' is not {A_KIND[kind]}; give it to {other}, not {option}")


def _info(place: ModelRef, kind: str) -> ModelInfo:
    alias = place.alias
    if alias is not None and alias.use == "bm25":
        from freqbias.models.adapters.bm25 import bm25_info

        return bm25_info(place.name)
    folder = Path(place.path)
    patterns = (*WEIGHTS, *ONNX) if alias is not None and alias.onnx else WEIGHTS
    return ModelInfo(
        name=place.name,
        kind=kind,
        source=place.source,
        revision=alias.packages[0] if alias and place.source == "package" else place.revision or _commit(folder),
        fingerprint=fingerprint(folder, patterns) if folder.is_dir() else None,
        dtype="float32",
        quantisation=alias.quantisation if alias and place.source == "package" else quantisation(config_of(folder)),
        licence=alias.licence if alias else None,
        details={"title": alias.title} if alias else {},
    )


def _commit(folder: Path) -> str | None:
    """Return the commit of a hub snapshot folder; None elsewhere."""
    return folder.name if folder.parent.name == "snapshots" else None
