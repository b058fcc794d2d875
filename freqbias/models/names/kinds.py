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
from pathlib import Path
from typing import Any

from freqbias.errors import InputError

USES = ("dense", "mean", "cls", "last", "static", "sparse", "late", "cross", "ql")
POOLINGS = ("mean", "cls", "last")
MODEL_TYPES = {"SentenceTransformer": "dense", "SparseEncoder": "sparse", "MultiVectorEncoder": "late", "CrossEncoder": "cross"}


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
    raise InputError(f"{folder}: has neither modules.json nor a config.json of a model; give a model directory")


def _settings(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    return found if isinstance(found, dict) else {}
