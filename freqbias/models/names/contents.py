"""What a model directory holds, read without a library: its configuration, modules and weights, and what is wrong with them."""

import importlib.util
import json
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from freqbias.errors import InputError

CONFIG, ADAPTER, MODULES = "config.json", "adapter_config.json", "modules.json"
SAFE = (".safetensors",)
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")
TRAINING = ("training_args", "optimizer", "scheduler", "rng_state", "scaler")  # what trainers leave beside weights; no loader reads it
#: Weights that no library reads here, and what to give instead.
FOREIGN = {
    ".gguf": "give the model that they were made from, or serve them (llama-server, Ollama) and give --base-url",
    ".onnx": "give the model that they were exported from",
    ".xml": "give the model that they were exported from",
    ".h5": "save them from TensorFlow as safetensors, or give a model that has these",
    ".msgpack": "save them from Flax as safetensors, or give a model that has these",
    ".npz": "give a model with safetensors",
}
#: Modules that cannot be made without one of these files in their folder.
MODULE_FILES = {"Pooling": (CONFIG,), "Dense": ("model.safetensors", "pytorch_model.bin")}
LFS = b"version https://git-lfs"
TOKENIZERS = {
    ".model": ("sentencepiece", "google.protobuf"),
    ".tiktoken": ("tiktoken",),
}  # by file, what reads it without a tokenizer.json
PIP = {"google.protobuf": "protobuf"}  # what pip calls a module
#: What a quantisation needs that its library does not name in its message.
QUANTISERS = {"hqq": "hqq", "torchao": "torchao", "gptq": "gptqmodel optimum", "awq": "gptqmodel", "quark": "amd-quark"}


def settings(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file; empty where there is no file or something else in it, `InputError` for what cannot be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    return found if isinstance(found, dict) else {}


def config_of(folder: Path) -> dict[str, Any]:
    """Return the configuration of the transformer in a directory: `config.json`, or that of its first module where it is kept there."""
    first = folder / CONFIG
    return settings(first if first.is_file() else folder / "0_Transformer" / CONFIG)


def modules(folder: Path) -> list[tuple[str, str]] | None:
    """Return (type, folder) of sentence-transformers' modules, None where there is no list; `InputError` for a broken one."""
    path = folder / MODULES
    if not path.is_file():
        return None
    try:
        return [(str(row["type"]), str(row.get("path", ""))) for row in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{path}: not a sentence-transformers list of modules: {error!r}") from error


def module_types(folder: Path) -> list[str] | None:
    """Return the types of sentence-transformers' modules in a directory, in order; None where there is no list."""
    found = modules(folder)
    return None if found is None else [kind for kind, _ in found]


def quantisation(config: Mapping[str, Any]) -> str | None:
    """Return how the weights are quantised that a configuration describes, such as `gptq 4 bit` or `fp8`; None where they are not."""
    found = next((value for key in ("quantization_config", "compression_config") if isinstance(value := config.get(key), dict)), None)
    if found is None:
        inner = config.get("text_config")
        return quantisation(inner) if isinstance(inner, dict) else None
    loaded = {8: found.get("load_in_8bit"), 4: found.get("load_in_4bit")}
    method = str(found.get("quant_method") or ("bitsandbytes" if any(loaded.values()) else "unknown method"))
    bits = next((bits for bits, here in loaded.items() if here), None) or _bits(found)
    return method if bits is None or str(bits) in method else f"{method} {bits} bit"


def _bits(found: Mapping[str, Any]) -> int | None:
    """Return the bits of a weight by whichever name a method gives them."""
    groups = found.get("config_groups")
    parts = [group.get("weights") or {} for group in groups.values() if isinstance(group, dict)] if isinstance(groups, dict) else []
    values = [row.get(name) for row in (found, *parts) for name in ("bits", "w_bit", "nbits", "num_bits", "in_group_size_bits")]
    weights = found.get("weights")  # quanto: int8, float8
    digits = "".join(filter(str.isdigit, weights)) if isinstance(weights, str) else ""
    return next((value for value in values if isinstance(value, int)), int(digits) if digits else None)


def check_whole(folder: Path, name: str) -> None:
    """Raise `InputError` for weights that are not all there: pointers without content, missing shards, an adapter without its base."""
    for path in sorted(path for path in folder.rglob("*") if path.suffix in (*SAFE, *PICKLES)):
        with path.open("rb") as stream:
            if stream.read(len(LFS)) == LFS:
                where = path.relative_to(folder).as_posix()
                raise InputError(f"model '{name}': {where} is a pointer of Git LFS, not the weights; run: git lfs pull")
    for index in sorted(folder.rglob("*.index.json")):
        listed = settings(index).get("weight_map")
        shards = sorted(set(map(str, listed.values()))) if isinstance(listed, dict) else []
        missing = [shard for shard in shards if not (index.parent / shard).is_file()]
        if missing and not any((index.parent / f"model{suffix}").is_file() for suffix in SAFE):
            raise InputError(f"model '{name}': {missing[0]} is missing, {len(missing)} of {len(shards)} shards; fetch the model again")
    for kind, place in modules(folder) or []:
        wanted = MODULE_FILES.get(kind.rpartition(".")[2], ())
        if wanted and not any((folder / place / file).is_file() for file in wanted):
            again = "fetch the model again, with --allow-pickle if it has the latter" if len(wanted) > 1 else "fetch the model again"
            raise InputError(f"model '{name}': {place or kind} has no {' or '.join(wanted)}, which modules.json asks for; {again}")
    reason = no_weights(files_in(folder))
    if reason is not None:
        base = settings(folder / ADAPTER).get("base_model_name_or_path")
        of_base = f"its model '{base}'" if base else "its model"
        raise InputError(f"model '{name}' {reason.replace('its model', of_base)}")


def files_in(folder: Path) -> list[str]:
    """Return the files of a directory, as a hub lists those of a repository."""
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def no_weights(files: Iterable[str]) -> str | None:
    """Return why nothing in a list of files can be read as weights, where it is known, as the rest of a sentence; else None."""
    paths = [path for path in map(PurePosixPath, files) if not path.stem.startswith(TRAINING)]
    names, suffixes = {path.name for path in paths}, {path.suffix for path in paths if not path.stem.startswith("adapter_model")}
    if suffixes & {*SAFE, *PICKLES}:
        return None
    if ADAPTER in names:
        return "is an adapter without its model; merge the two with peft (merge_and_unload), save the result, and give that folder"
    foreign = next((suffix for suffix in FOREIGN if suffix in suffixes), None)
    return None if foreign is None else f"has only {foreign} weights, which are not read here; {FOREIGN[foreign]}"


def has_pickles(files: Iterable[str]) -> bool:
    """Tell whether a list of files holds weights as pickles."""
    paths = map(PurePosixPath, files)
    return any(path.suffix in PICKLES and not path.stem.startswith(TRAINING) for path in paths)


def missing_packages(folder: Path) -> list[str]:
    """Return what pip has to install before the tokenizer of a directory can be read."""
    if (folder / "tokenizer.json").is_file():
        return []
    wanted = [module for suffix, modules in TOKENIZERS.items() if any(folder.glob(f"*{suffix}")) for module in modules]
    return [PIP.get(module, module) for module in wanted if not is_installed(module)]


def is_installed(module: str) -> bool:
    """Return whether a module can be found, without importing it."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the package that it would be in
        return False
    except ValueError:  # it is loaded, and says nothing of where it came from
        return True
