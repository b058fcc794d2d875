"""Which adapter scores with a model: by what its directory says of itself, or by a prefix where it says nothing.

| prefix | how the model is used | seen without a prefix where |
|---|---|---|
| `dense:` | sentence-transformers, one vector a text | `modules.json` (model type `SentenceTransformer` or none) |
| `mean:` `cls:` `last:` | plain transformers with that pooling | `config.json` alone means `mean:` |
| `static:` | model2vec | `config.json` of model2vec |
| `sparse:` | sentence-transformers `SparseEncoder` | model type `SparseEncoder` |
| `late:` | sentence-transformers `MultiVectorEncoder` | model type `MultiVectorEncoder`, architecture `HF_ColBERT` or `…ForRetrieval` |
| `cross:` | sentence-transformers `CrossEncoder` | model type `CrossEncoder`, architecture `…ForSequenceClassification` |
| `ql:` | query likelihood by a causal language model | never: `ql:smollm2-135m` |

So `cls:./my-bert` is a directory with the vector of the first token. `bm25` is a name of its own. A prefix wins over what is seen.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from freqbias.errors import BackendError, InputError
from freqbias.models.names.aliases import Place, fingerprint
from freqbias.models.names.trust import check_files
from freqbias.models.protocols import Embedder, Loading, ModelInfo, TokenEmbedder
from freqbias.models.relevance import Scorer

USES = ("dense", "mean", "cls", "last", "static", "sparse", "late", "cross", "ql")
POOLINGS = ("mean", "cls", "last")
MODEL_TYPES = {"SentenceTransformer": "dense", "SparseEncoder": "sparse", "MultiVectorEncoder": "late", "CrossEncoder": "cross"}
UNUSED_FILES = ("*.onnx", "onnx/*", "openvino/*", "*.h5", "*.msgpack", "*.ot", "*.gguf", "*.tflite")


def split(name: str) -> tuple[str | None, str]:
    """Return the prefix of a model name, if it has one of `USES`, and the rest."""
    use, colon, rest = name.partition(":")
    return (use, rest) if colon and rest and use in USES else (None, name)


def use_of(folder: Path) -> str:
    """Return how a model directory wants to be used; `InputError` when nothing in it says so."""
    settings, config = _settings(folder / "config_sentence_transformers.json"), _settings(folder / "config.json")
    if (folder / "modules.json").is_file():
        kind = str(settings.get("model_type", "SentenceTransformer"))
        if kind not in MODEL_TYPES:
            raise InputError(f"{folder}: unknown model type '{kind}' of sentence-transformers; known: {', '.join(MODEL_TYPES)}")
        return MODEL_TYPES[kind]
    architectures = [str(name) for name in config.get("architectures") or []]
    if any(name.endswith("ForSequenceClassification") for name in architectures):
        return "cross"
    if any(name == "HF_ColBERT" or name.endswith("ForRetrieval") for name in architectures):
        return "late"
    if config.get("model_type") == "model2vec" or ("model_type" not in config and "normalize" in config):
        return "static"
    if "model_type" in config:
        return "mean"
    raise InputError(f"{folder}: neither modules.json nor a config.json of a model in it; give the directory of a model")


def load(place: Place, use: str | None, info: ModelInfo, loading: Loading) -> Embedder | TokenEmbedder | Scorer:
    """Return the adapter of one model; `use` is the prefix that it was given with."""
    use = use or (place.alias.use if place.alias else None)
    if use == "bm25":
        from freqbias.models.adapters.bm25 import BM25Scorer

        return BM25Scorer(info)
    folder = _local(place, loading)
    use = use or use_of(folder)
    check_files(folder, place.name, loading)
    if info.fingerprint is None:  # a hub model has its files only now
        commit = folder.name if folder.parent.name == "snapshots" else None
        info = replace(info, fingerprint=fingerprint(folder), revision=info.revision or commit)
    return _adapter(use, str(folder), info, loading)


def loaded(model: Any, name: str) -> Embedder | TokenEmbedder | Scorer:
    """Return the adapter of a sentence-transformers model that is in memory already; `InputError` for anything else."""
    use = next((MODEL_TYPES[base.__name__] for base in type(model).__mro__ if base.__name__ in MODEL_TYPES), None)
    if use is None:
        raise InputError(f"{type(model).__name__} is no model of sentence-transformers; known: {', '.join(MODEL_TYPES)}")
    dtype = str(getattr(model, "dtype", "float32")).removeprefix("torch.")
    return _adapter(use, model, ModelInfo(name=name, kind="embedder", source="memory"), Loading(dtype=dtype))


def _adapter(use: str, path: Any, info: ModelInfo, loading: Loading) -> Embedder | TokenEmbedder | Scorer:
    if use == "static":
        from freqbias.models.adapters.model2vec import StaticEmbedder

        return StaticEmbedder(path, info)
    if use == "sparse":
        from freqbias.models.adapters.sparse import SparseScorer

        return SparseScorer(path, info, loading)
    if use == "late":
        from freqbias.models.adapters.late_interaction import MultiVectorModel

        return MultiVectorModel(path, info, loading)
    if use == "cross":
        from freqbias.models.adapters.pair_scorers import CrossEncoderScorer

        return CrossEncoderScorer(path, info, loading)
    from freqbias.models.adapters.sentence_transformers import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(path, info, loading, use if use in POOLINGS else None)


def _local(place: Place, loading: Loading) -> Path:
    """Return the model's directory, fetched from the hub where the name is a hub id."""
    if Path(place.path).is_dir():
        return Path(place.path)
    from huggingface_hub import snapshot_download

    unused = [*UNUSED_FILES, *([] if loading.allow_pickle else ["*.bin", "*.pt", "*.pth"])]
    try:
        return Path(snapshot_download(place.path, ignore_patterns=unused))
    except Exception as error:  # the hub client has no common base for its network errors
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise BackendError(f"model '{place.name}' is no directory here and could not be fetched from the hub: {reason}") from error


def _settings(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    return found if isinstance(found, dict) else {}
