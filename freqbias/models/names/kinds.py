"""Which adapter scores with a model: by what its directory says of itself, or by a prefix where it says nothing.

So `cls:./my-bert` is a directory with the vector of the first token. `bm25` is a name of its own. A prefix wins over what is seen. The
table `TABLE` is all there is to know of it: the first row that fits a directory says how it is used, and a further family is a row
more. `docs/models.md` shows the same table.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freqbias.errors import InputError
from freqbias.models.names.contents import config_of, files_in, module_types, no_weights, settings

POOLINGS = ("mean", "cls", "last")
MODEL_TYPES = {"SentenceTransformer": "dense", "SparseEncoder": "sparse", "MultiVectorEncoder": "late", "CrossEncoder": "cross"}
PYLATE = "ColBERT"  # the model type that PyLate writes; sentence-transformers loads these as `MultiVectorEncoder`
PYLATE_MARK = "query_prefix"  # in the settings of PyLate's models that say no type


@dataclass(frozen=True, kw_only=True)
class Directory:
    """What a model directory says of itself: its settings, its configuration, and the types of its modules (None without a list)."""

    said: Mapping[str, Any]
    config: Mapping[str, Any]
    modules: Sequence[str] | None

    def is_a(self, model_type: str, package: str) -> bool:
        """Tell whether it is a list of modules of a model type, by that name or by a module that only this type has."""
        named = self.said.get("model_type") == model_type
        return self.modules is not None and (named or any(f".{package}." in f".{kind}" for kind in self.modules))

    def is_architecture(self, *ends: str) -> bool:
        """Tell whether it is a plain transformers directory with an architecture whose name ends so."""
        return self.modules is None and any(str(name).endswith(ends) for name in self.config.get("architectures") or [])


@dataclass(frozen=True, kw_only=True)
class Use:
    """One way to use a model: the prefixes that ask for it, what that means, and which directories are used so without one."""

    prefixes: tuple[str, ...]
    means: str
    seen: str
    fits: Callable[[Directory], bool]


def _is_late(found: Directory) -> bool:
    pylate = found.is_a(PYLATE, "pylate") or (found.modules is not None and PYLATE_MARK in found.said)
    return pylate or found.is_a("MultiVectorEncoder", "multi_vector_encoder") or found.is_architecture("HF_ColBERT", "ForRetrieval")


def _is_static(found: Directory) -> bool:
    config = found.config
    return found.modules is None and (config.get("model_type") == "model2vec" or ("model_type" not in config and "normalize" in config))


TABLE = (
    Use(
        prefixes=("late",),
        means="sentence-transformers `MultiVectorEncoder`: one vector per token, MaxSim",
        seen="model type `MultiVectorEncoder`, PyLate's modules, architecture `HF_ColBERT` or `…ForRetrieval`",
        fits=_is_late,
    ),
    Use(
        prefixes=("sparse",),
        means="sentence-transformers `SparseEncoder`",
        seen="model type `SparseEncoder`, or modules of it",
        fits=lambda found: found.is_a("SparseEncoder", "sparse_encoder"),
    ),
    Use(
        prefixes=("cross",),
        means="sentence-transformers `CrossEncoder`: reads query and document together",
        seen="model type `CrossEncoder`, or modules of it; architecture `…ForSequenceClassification`",
        fits=lambda found: found.is_a("CrossEncoder", "cross_encoder") or found.is_architecture("ForSequenceClassification"),
    ),
    Use(
        prefixes=("dense",),
        means="sentence-transformers, one vector per text, prompts honoured",
        seen="any other `modules.json`",
        fits=lambda found: found.modules is not None,
    ),
    Use(
        prefixes=("static",),
        means="model2vec",
        seen="`config.json` of model2vec",
        fits=_is_static,
    ),
    Use(
        prefixes=POOLINGS,
        means="plain transformers with that pooling",
        seen="any other `config.json` with a `model_type` means `mean:`",
        fits=lambda found: "model_type" in found.config,
    ),
    Use(
        prefixes=("ql",),
        means="query likelihood p(query \\| document) by a causal language model: `ql:smollm2-135m`",
        seen="never",
        fits=lambda found: False,
    ),
)
USES = tuple(prefix for row in TABLE for prefix in row.prefixes)


def table() -> str:
    """Return the table for readers, in Markdown."""
    rows = [(" ".join(f"`{prefix}:`" for prefix in row.prefixes), row.means, row.seen) for row in TABLE]
    return "\n".join(f"| {' | '.join(row)} |" for row in [("prefix", "used as", "used so without a prefix"), ("---",) * 3, *rows])


def split(name: str) -> tuple[str | None, str]:
    """Return the prefix of a model name, if it has one of `USES`, and the rest."""
    use, colon, rest = name.partition(":")
    return (use, rest) if colon and rest and use in USES else (None, name)


def use_of(folder: Path) -> str:
    """Return how a model directory wants to be used; `InputError` when nothing in it says so."""
    said = settings(folder / "config_sentence_transformers.json")
    found = Directory(said=said, config=config_of(folder), modules=module_types(folder))
    kind = said.get("model_type")
    if found.modules is not None and kind not in (None, PYLATE, *MODEL_TYPES):
        raise InputError(f"{folder}: unknown model type '{kind}' of sentence-transformers; known: {', '.join(MODEL_TYPES)}")
    row = next((row for row in TABLE if row.fits(found)), None)
    if row is None:
        reason = no_weights(files_in(folder)) or "has neither modules.json nor a config.json of a model; give a model directory"
        raise InputError(f"{folder}: {reason}")
    return row.prefixes[0]


__doc__ = f"{__doc__}\n{table()}\n"
