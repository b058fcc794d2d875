"""Where a model runs: in this process (`transformers`), in vLLM's engine, or behind a server."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from freqbias.errors import FreqbiasError, InputError, install_hint
from freqbias.models.names.aliases import ModelRef, resolve
from freqbias.models.names.contents import check_whole
from freqbias.models.names.kinds import use_of
from freqbias.models.names.prompts import decide, settings_of
from freqbias.models.names.trust import check_files
from freqbias.models.protocols import Embedder, LanguageModel, Loading, ModelInfo
from freqbias.registry import suggestion

BACKENDS = ("auto", "transformers", "vllm", "http")

log = logging.getLogger(__name__)


def chosen(loading: Loading) -> str:
    """Return `transformers`, `vllm` or `http`; an address alone means `http`. `InputError` for what does not go together."""
    if loading.backend not in BACKENDS:
        raise InputError(f"unknown backend '{loading.backend}'{suggestion(loading.backend, BACKENDS)}")
    if loading.backend == "http" and loading.base_url is None:
        raise InputError("backend 'http' needs the address of a server: give --base-url")
    if loading.base_url is not None and loading.backend not in ("auto", "http"):
        raise InputError(f"backend '{loading.backend}' does not use a server; leave out --base-url, or use --backend http")
    if loading.base_url is not None:
        return "http"
    return "transformers" if loading.backend == "auto" else loading.backend


def vllm_language_model(place: ModelRef, info: ModelInfo, loading: Loading) -> LanguageModel:
    """Return a causal model in vLLM's engine."""
    _check(place, loading)
    loading = replace(loading, revision=place.revision)
    with _extra("vllm"):
        from freqbias.models.adapters.vllm import VllmLanguageModel

        return VllmLanguageModel(place.path, info, loading)


def vllm_embedder(place: ModelRef, info: ModelInfo, loading: Loading) -> Embedder:
    """Return a model of sentence-transformers in vLLM's engine, with the prompts that it wants (see `freqbias.models.names.prompts`).

    `InputError` for models that are used in another way (see `freqbias.models.names.kinds`), which vLLM would read differently.
    """
    _check(place, loading)
    use = place.use or (place.alias.use if place.alias else None) or (use_of(Path(place.path)) if Path(place.path).is_dir() else "dense")
    if use != "dense":
        raise InputError(f"model '{place.name}' is used as '{use}', which only --backend transformers supports")
    with _extra("vllm"):
        from freqbias.models.adapters.vllm import VllmEmbedder

        prompts = decide(place.name, settings_of(place.path, place.revision), loading, path=place.path)
        info = replace(info, details={**info.details, **prompts.stated()})
        return VllmEmbedder(place.path, info, replace(loading, revision=place.revision), prompts.by_role())


def _check(place: ModelRef, loading: Loading) -> None:
    if Path(place.path).is_dir():
        check_files(Path(place.path), place.name, loading)
        check_whole(Path(place.path), place.name)


def http_language_model(name: str, loading: Loading) -> LanguageModel:
    """Return the causal model that a server calls `name`, read with its tokenizer where that is on this machine."""
    with _extra("http"):
        from freqbias.models.adapters.http import HttpLanguageModel

        tokens = _tokens(name, loading, "causal")
        return HttpLanguageModel(loading.base_url or (), name, served(name, "language_model"), tokens, loading.max_requests)


def http_embedder(name: str, loading: Loading) -> Embedder:
    """Return the embedding model that a server calls `name`, with the prompts that it wants, and its tokenizer where that is here."""
    with _extra("http"):
        from freqbias.models.adapters.http import HttpEmbedder

        tokens, ref, info = _tokens(name, loading, "text"), _ref(name), served(name, "embedder")
        prompts = decide(name, settings_of(ref.path, ref.revision) if ref else {}, loading)
        info = replace(info, details={**info.details, **prompts.stated()})
        return HttpEmbedder(loading.base_url or (), name, info, tokens, prompts.by_role(), loading.max_requests)


def served(name: str, kind: str) -> ModelInfo:
    """Return what is known of a model that somebody else runs: no revision, no weights."""
    return ModelInfo(name=Path(name).name if Path(name).is_dir() else name, kind=kind, source="server")


def _ref(name: str) -> ModelRef | None:
    try:
        return resolve(name)
    except FreqbiasError:
        return None


def _tokens(name: str, loading: Loading, kind: str) -> Any:
    """Return the tokenizer of a model that is on this machine; None, with a message, where there is none."""
    ref = _ref(name)
    trust = loading.trust_remote_code
    try:
        from freqbias.models.adapters.transformers_tokens import CausalTokens, TextTokens

        if ref is not None:
            causal = kind == "causal"
            return CausalTokens(ref.path, name, trust, ref.revision) if causal else TextTokens(ref.path, trust, ref.revision)
    except (ImportError, OSError, ValueError) as error:
        log.debug("tokenizer of '%s': %s", name, error)
    log.info("the tokenizer of '%s' is not on this machine: texts are sent as they are", name)
    return None


@contextmanager
def _extra(extra: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise InputError(f"this backend needs '{error.name}'; run: {install_hint(extra)}") from error
