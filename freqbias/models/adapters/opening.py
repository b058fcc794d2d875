"""The door through which every adapter loads a model: quietly, and with what a library raises turned into one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from freqbias.errors import InputError
from freqbias.models.adapters.torch_device import check_device
from freqbias.models.protocols import Loading


@contextmanager
def quiet_loading() -> Iterator[None]:
    """Keep the libraries' own progress bars off the terminal while a model loads; ours is there already."""
    from transformers.utils import logging as own

    logging: Any = own  # some versions of transformers are typed, others are not
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def in_memory(path: Any) -> Any:
    """Return what was given in place of a path, if it is a model; None for a path."""
    return None if isinstance(path, str) else path


@contextmanager
def loading_errors(name: str) -> Iterator[None]:
    """Keep the libraries' progress bars away, and turn what they raise on a directory that they cannot read into one line."""
    try:
        with quiet_loading():
            yield
    except (OSError, ValueError, KeyError, AttributeError, ImportError) as error:
        if isinstance(error, ModuleNotFoundError):
            raise
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        if "trust_remote_code" in str(error):
            reason = "it runs code of its own; read it, then give --trust-remote-code"
        raise InputError(f"model '{name}' cannot be loaded: {reason}") from error


def options(loading: Loading) -> dict[str, Any]:
    """Return how a model is loaded in the words of sentence-transformers; `InputError` for a device that is not here."""
    check_device(loading.device)
    return {
        "device": loading.device,
        "trust_remote_code": loading.trust_remote_code,
        "model_kwargs": {"dtype": loading.dtype, **({} if loading.allow_pickle else {"use_safetensors": True})},
    }


def causal_model(path: str, name: str, loading: Loading, dtype: Any) -> tuple[Any, Any]:
    """Return tokenizer and model; `InputError` for what a flag has to allow, and for files that are no causal model."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    trust, revision = loading.trust_remote_code, loading.revision
    try:
        with quiet_loading():
            tokenizer = AutoTokenizer.from_pretrained(path, revision=revision, trust_remote_code=trust)
            safe = None if loading.allow_pickle else True
            model = AutoModelForCausalLM.from_pretrained(
                path, revision=revision, dtype=dtype, trust_remote_code=trust, use_safetensors=safe
            )
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        if "trust_remote_code" in reason:
            raise InputError(f"model '{name}' runs code of its own; read it, then give --trust-remote-code") from error
        if "safetensors" in reason and not loading.allow_pickle:
            raise InputError(
                f"model '{name}' has no safetensors weights; pickles can run code when loaded; give --allow-pickle to load them"
            ) from error
        raise InputError(f"model '{name}' cannot be loaded: {reason[:300]}") from error
    return tokenizer, model
