"""The door through which every adapter loads a model: quietly, whole or not at all, and with every fault told in one line."""

import json
import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from freqbias.errors import FreqbiasError, InputError
from freqbias.models.adapters.torch_device import check_device, check_dtype
from freqbias.models.names.contents import CONFIG, QUANTISERS, check_whole, config_of, missing_packages, module_types, quantisation
from freqbias.models.names.trust import check_files
from freqbias.models.protocols import Loading

OURS = ("torch", "transformers", "sentence_transformers", "model2vec", "huggingface_hub", "numpy")  # what the extras install
#: Tensors that no pooling over tokens reads: BERT's pooler and its kin.
SPARE = re.compile(r"(^|\.)pooler\.")
#: What quantised weights may lack: their scales and orders have values to begin with.
QUANTISED_SPARE = re.compile(r"(scales?|zero_points?|qzeros|g_idx|weight_shape)$")
SHOWN = 3  # names of tensors in a message
_PIP = re.compile(r"pip install (?:-U |--upgrade )?[`'\"]?((?:[\w.\-]+(?:\[[\w,]+\])?(?:[<>=!~]=?[\w.]+)?[ ,]*)+)[`'\"]")
_NO_TOKENIZER = ("Couldn't instantiate the backend tokenizer", "Unrecognized processing class")

_patched = threading.RLock()
log = logging.getLogger(__name__)


@contextmanager
def quiet_loading() -> Iterator[None]:
    """Keep the libraries' own progress bars and reports off the terminal while a model loads; ours are there already."""
    from transformers.utils import logging as own

    logs: Any = own  # some versions of transformers are typed, others are not
    shown, level = logs.is_progress_bar_enabled(), logs.get_verbosity()
    logs.disable_progress_bar()
    logs.set_verbosity_error()
    try:
        yield
    finally:
        logs.set_verbosity(level)
        if shown:
            logs.enable_progress_bar()


def options(loading: Loading) -> dict[str, Any]:
    """Return how a model is loaded in the words of sentence-transformers; `InputError` for a device or a number type that is not here."""
    check_dtype(loading.dtype)
    check_device(loading.device)
    return {
        "device": loading.device,
        "trust_remote_code": loading.trust_remote_code,
        "model_kwargs": {"dtype": loading.dtype, **({} if loading.allow_pickle else {"use_safetensors": True})},
    }


def opened(path: Any, name: str, loading: Loading, load: Callable[[], Any], spare: re.Pattern[str] | None = SPARE) -> Any:
    """Return a model of sentence-transformers: `load()`, or what was given in place of a path, as it is.

    `spare` are tensors that the adapter does not use. `InputError` for what cannot be loaded, and for what would be filled at random.
    """
    if not isinstance(path, str):
        return path
    with opening(path, name, loading, spare):
        model = load()
        _check_modules(model, Path(path), name)
        check_tokenizer(getattr(model, "tokenizer", None), name)
        _fill_padding(model)
        _fit_window(model)
    return model


def _fill_padding(model: Any) -> None:
    """Give a tokenizer without a padding token one of its others, which a mask hides: the end, if it does not end every text with it.

    A classifier of decoders tells by that token, and not by the mask, where a text ends.
    """
    tokenizer = getattr(model, "tokenizer", None)
    if tokenizer is None or not hasattr(tokenizer, "pad_token_id"):
        return
    if tokenizer.pad_token_id is None:
        last = tokenizer("a")["input_ids"][-1:]
        tokens = {name: getattr(tokenizer, f"{name}_token_id", None) for name in ("eos", "unk", "bos")}
        known = [name for name, token in tokens.items() if token is not None]
        name = next((name for name in known if [tokens[name]] != last), next(iter(known), None))
        if name is not None:
            tokenizer.pad_token = getattr(tokenizer, f"{name}_token")
    config = getattr(model, "config", None)
    if config is not None and getattr(config, "pad_token_id", None) is None:
        config.pad_token_id = tokenizer.pad_token_id


def _fit_window(model: Any) -> None:
    """Limit the window to the positions that there are: RoBERTa and its kin count from two on, and `config.json` counts all rows."""
    for name, part in model.named_modules():
        offset = getattr(part, "padding_idx", None)
        if name.endswith("position_embeddings") and offset is not None and hasattr(part, "num_embeddings"):
            room, limit = part.num_embeddings - offset - 1, model.max_seq_length
            if limit is None or limit > room:
                model.max_seq_length = room


def causal_model(path: str, name: str, loading: Loading, dtype: Any) -> tuple[Any, Any]:
    """Return tokenizer and model; `InputError` for what a flag has to allow, and for files that are no causal model."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    shared = {"revision": loading.revision, "trust_remote_code": loading.trust_remote_code}
    folder = Path(path)
    if folder.is_dir():
        check_files(folder, name, loading)
        check_whole(folder, name)
        if not (folder / CONFIG).is_file():
            raise InputError(f"model '{name}' cannot be loaded: its folder has no {CONFIG}; give a model directory in transformers' form")
    with opening(path, name, loading):
        tokenizer = AutoTokenizer.from_pretrained(path, **shared)
        check_tokenizer(tokenizer, name)
        safe = None if loading.allow_pickle else True
        model = AutoModelForCausalLM.from_pretrained(path, dtype=dtype, use_safetensors=safe, **shared)
    return tokenizer, model


@contextmanager
def opening(path: str, name: str, loading: Loading, spare: re.Pattern[str] | None = None) -> Iterator[None]:
    """Load in the block: quietly, with faults in one line, and with a model of transformers refused that lacks some of its tensors."""
    with told(path, name, loading), quiet_loading(), _reports() as reports:
        yield
        for model, report in reports:
            _check_weights(model, report, name, loading, spare)


@contextmanager
def told(path: str, name: str, loading: Loading) -> Iterator[None]:
    """Turn what a library raises in the block into an `InputError` of one line; what an extra installs is named by the caller."""
    try:
        yield
    except FreqbiasError:
        raise
    except Exception as error:  # the libraries, and code that a model ships, raise whatever they come upon in files of others
        if isinstance(error, ModuleNotFoundError) and error.name in OURS:
            raise
        log.debug("model '%s'", name, exc_info=True)
        raise InputError(f"model '{name}' {_reason(error, path, loading)}") from error


def _reason(error: Exception, path: str, loading: Loading) -> str:
    """Return what is wrong and what mends it, as the rest of a sentence: the first that is known, else what the library says."""
    text = " ".join(str(error).split()) or type(error).__name__
    folder = _folder(path, loading.revision)
    if "trust_remote_code" in text:
        return "runs code of its own; read it, then give --trust-remote-code"
    known = (
        (None if folder is None else _broken(error, folder))
        or _kind(text, {} if folder is None else config_of(folder))
        or _package(error, text, {} if folder is None else config_of(folder))
        or _weights(error, text, path, loading)
        or (None if folder is None else _tokenizer(text, folder))
    )
    if known is None and isinstance(error, KeyError):
        known = f"cannot be loaded: its files have no {text}"
    return known or f"cannot be loaded: {text[:300]}"


def _broken(error: Exception, folder: Path) -> str | None:
    """Name the file that is no JSON; None where the fault is another."""
    if not isinstance(error, json.JSONDecodeError):
        return None
    for path in sorted(folder.rglob("*.json")):
        try:
            json.loads(path.read_bytes())
        except ValueError as fault:
            return f"has a broken {path.relative_to(folder).as_posix()} ({fault}); fetch the model again"
    return None


def _kind(text: str, config: Mapping[str, Any]) -> str | None:
    """Say that a model is of a kind that the library does not read in this way; None where the fault is another."""
    if not text.startswith("Unrecognized configuration class"):
        return None
    kind = f"of the kind '{config.get('model_type', 'unknown')}'"
    if "AutoModelForCausalLM" in text:
        return (
            f"is {kind}, for which transformers has no causal language model; give --lm a model that reads from left to right, such as "
            "smollm2-135m, or serve it and give --base-url"
        )
    return f"is {kind}, which transformers does not read as {text.partition('this kind of AutoModel: ')[2].partition('.')[0] or 'this'}"


def _package(error: Exception, text: str, config: Mapping[str, Any]) -> str | None:
    """Say which package is missing and how to install it; None where none is."""
    how = quantisation(config)
    quantised = "" if how is None else f"is quantised ({how}) and "
    if isinstance(error, ModuleNotFoundError):
        return f"{quantised}needs '{error.name}'; run: python -m pip install {error.name}"
    if (named := _PIP.search(text)) and isinstance(error, ImportError | ValueError):
        packages = [package.strip(",.") for package in named[1].split()]
        bare = [re.split(r"[<>=!~\[]", package)[0] for package in packages]
        if set(bare) & set(OURS):
            return f"needs a newer '{bare[0]}'; run: python -m pip install --upgrade {bare[0]}"
        shown = " ".join(package if package == name else f"'{package}'" for package, name in zip(packages, bare, strict=True))
        return f"{quantised}needs {' and '.join(map(repr, bare))}; run: python -m pip install {shown}"
    if how is not None and isinstance(error, ImportError):
        package = QUANTISERS.get(how.split()[0], how.split()[0])
        return f"{quantised}needs '{package}'; run: python -m pip install {package}"
    return None if how is None else f"{quantised}cannot be loaded: {text[:300]}"


def _weights(error: Exception, text: str, path: str, loading: Loading) -> str | None:
    """Say what is wrong with the weights; None where it is something else."""
    if type(error).__name__ == "SafetensorError":
        return f"has damaged weights ({text}); fetch the model again"
    if "model.safetensors" not in text and "safetensors weights" not in text:
        return None
    if loading.allow_pickle or (Path(path).is_dir() and Path(path).parent.name != "snapshots"):  # whose pickles were refused before
        return "has no weights: no model.safetensors, and nothing else that is read"
    return "has no safetensors weights; if it has pickles (.bin), which can run code when loaded, give --allow-pickle to load them"


def _tokenizer(text: str, folder: Path) -> str | None:
    """Say what a tokenizer needs; None where the fault is another."""
    if "tokenizer" not in text:
        return None
    if lacking := missing_packages(folder):
        return f"has a tokenizer that needs {' and '.join(map(repr, lacking))}; run: python -m pip install {' '.join(lacking)}"
    if text.startswith(_NO_TOKENIZER):
        return "has no tokenizer that can be read; its folder needs a tokenizer.json, or the files that its kind of tokenizer has"
    return None


def _folder(path: str, revision: str | None) -> Path | None:
    """Return the directory that holds a model's files on this machine; None where there is none."""
    if Path(path).is_dir():
        return Path(path)
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(path, "config.json", revision=revision)
    return Path(found).parent if isinstance(found, str) else None


@contextmanager
def _reports() -> Iterator[list[tuple[Any, Mapping[str, Any]]]]:
    """Collect what transformers says of every model that is loaded in the block, beneath whatever library loads it.

    `from_pretrained` has an option for that (`output_loading_info`), which libraries that call it do not hand on.
    """
    from transformers import PreTrainedModel

    kind: Any = PreTrainedModel
    found: list[tuple[Any, Mapping[str, Any]]] = []
    with _patched:
        original = kind.__dict__["from_pretrained"]

        def noted(cls: Any, /, *arguments: Any, output_loading_info: bool = False, **more: Any) -> Any:
            more = {"ignore_mismatched_sizes": True, **more}  # they are refused here, by name
            model, report = original.__func__(cls, *arguments, output_loading_info=True, **more)
            found.append((model, report))
            return (model, report) if output_loading_info else model

        kind.from_pretrained = classmethod(noted)
        try:
            yield found
        finally:
            kind.from_pretrained = original


def _check_weights(model: Any, report: Mapping[str, Any], name: str, loading: Loading, spare: re.Pattern[str] | None) -> None:
    """Raise `InputError` for tensors that the files lack, or have in another shape, and that would be filled at random."""
    config = model.config.to_dict()
    parameters = {key for key, _ in model.named_parameters()}
    # what is no parameter, such as position ids, is computed and not drawn
    missing = [key for key in report["missing_keys"] if key in parameters and not (spare and spare.search(key))]
    if quantisation(config) is not None:
        missing = [key for key in missing if not QUANTISED_SPARE.search(key)]
    if missing:
        mend = f"give a model that was saved as {type(model).__name__}"
        if not loading.trust_remote_code and config.get("auto_map"):
            mend = "its config.json names code of its own: read it, then give --trust-remote-code"
        raise InputError(f"model '{name}' lacks {_listed(missing)}, which would be filled at random; {mend}")
    other = [str(row[0]) for row in report["mismatched_keys"] if not (spare and spare.search(str(row[0])))]
    if other:
        raise InputError(f"model '{name}' has {_listed(other)} of another shape than its config.json says; fetch the model again")
    if quantisation(config) is None and (unread := [key for key in report["unexpected_keys"] if _has_its_place(model, key)]):
        log.warning(
            "model '%s' has %s that its config.json makes no use of, so they are not read; unless that is wanted, correct it or fetch "
            "the model again",
            name,
            _listed(unread),
        )


def _has_its_place(model: Any, key: str) -> bool:
    """Tell whether a tensor that is not read belongs to a layer that is: the bias of a matrix, or one more layer of a list.

    Heads and poolers that are left out, and buffers, do not.
    """
    prefix = f"{model.base_model_prefix}."
    for name in (key, key.removeprefix(prefix), prefix + key):
        path, part = name.split("."), model
        while path and (inside := getattr(part, "_modules", {}).get(path[0])) is not None:
            part, path = inside, path[1:]
        if type(part).__name__ == "ModuleList" or (len(path) == 1 and any(True for _ in part.parameters(recurse=False))):
            return True
    return False


def _check_modules(model: Any, folder: Path, name: str) -> None:
    """Raise `InputError` for a module with weights that the library has added of itself, and filled at random."""
    if "HF_ColBERT" in (config_of(folder).get("architectures") or []):
        return  # its projection is among the weights of the transformer
    listed = {kind.rpartition(".")[2] for kind in module_types(folder) or []}
    for module in model.children():
        kind = type(module).__name__
        if kind not in listed and not hasattr(module, "auto_model") and (weights := [key for key, _ in module.named_parameters()]):
            raise InputError(
                f"model '{name}' lacks {_listed([f'{kind}.{key}' for key in weights])}, which would be filled at random; "
                f"give a model that was trained as {type(model).__name__}"
            )


def _listed(tensors: list[str]) -> str:
    shown = ", ".join(sorted(tensors)[:SHOWN])
    return f"{len(tensors)} tensor{'s' if len(tensors) > 1 else ''} ({shown}{', …' if len(tensors) > SHOWN else ''})"


def check_tokenizer(tokenizer: Any, name: str) -> None:
    """Raise `InputError` for a tokenizer that knows its special tokens alone, as some are that find no file."""
    specials = getattr(tokenizer, "all_special_ids", None)
    if specials and len(tokenizer) <= len(specials):
        raise InputError(f"model '{name}' has no tokenizer: it knows no word; put tokenizer.json, or the vocabulary, beside its weights")
