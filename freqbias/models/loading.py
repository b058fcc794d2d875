"""From a resolved name to the adapter that scores with it: fetched from the hub where needed, checked, then loaded."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from freqbias.errors import BackendError, InputError
from freqbias.models.names.aliases import ModelRef, fingerprint
from freqbias.models.names.contents import SAFE, check_whole, config_of, has_pickles, no_weights, quantisation
from freqbias.models.names.kinds import MODEL_TYPES, POOLINGS, use_of
from freqbias.models.names.prompts import refuse_options
from freqbias.models.names.trust import check_files
from freqbias.models.protocols import Embedder, Loading, ModelInfo, TokenEmbedder
from freqbias.models.relevance import Scorer

#: Uses for which a prompt cannot be chosen, and why.
WITHOUT_PROMPTS = {
    "static": "averages the vectors of words and takes no prompts",
    "late": "puts markers of its own before a text",
    "cross": "reads query and document together and takes no prompts",
    "nli": "reads query and document together and takes no prompts",
}
UNUSED_FILES = ("*.onnx", "onnx/*", "openvino/*", "*.h5", "*.msgpack", "*.ot", "*.gguf", "*.tflite")


def load(ref: ModelRef, info: ModelInfo, loading: Loading) -> Embedder | TokenEmbedder | Scorer:
    """Return the adapter of one model."""
    use, loading = ref.use or (ref.alias.use if ref.alias else None), replace(loading, revision=ref.revision)
    if use == "bm25":
        refuse_options(ref.name, loading, "counts words and takes no prompts")
        from freqbias.models.adapters.bm25 import BM25Scorer

        return BM25Scorer(info)
    folder = _local(ref, loading)
    if use == "nli" and ref.alias is not None and ref.alias.onnx:
        refuse_options(ref.name, loading, WITHOUT_PROMPTS[use])
        from freqbias.models.adapters.nli import NliScorer

        return NliScorer(folder, ref.alias.onnx, info)
    use = use or use_of(folder)
    check_files(folder, ref.name, loading)
    check_whole(folder, ref.name)
    if info.fingerprint is None:  # a hub model has its files only now
        commit = folder.name if folder.parent.name == "snapshots" else None
        how = quantisation(config_of(folder))
        info = replace(info, fingerprint=fingerprint(folder), revision=info.revision or commit, quantisation=how)
    return _adapter(use, str(folder), info, replace(loading, revision=None))  # a local folder has one revision


def loaded(model: Any, name: str) -> Embedder | TokenEmbedder | Scorer:
    """Return the adapter of a sentence-transformers model that is in memory already; `InputError` for anything else."""
    use = next((MODEL_TYPES[base.__name__] for base in type(model).__mro__ if base.__name__ in MODEL_TYPES), None)
    if use is None:
        raise InputError(f"{type(model).__name__} is not a model of sentence-transformers; known: {', '.join(MODEL_TYPES)}")
    dtype = str(getattr(model, "dtype", "float32")).removeprefix("torch.")
    return _adapter(use, model, ModelInfo(name=name, kind="embedder", source="memory"), Loading(dtype=dtype))


def _adapter(use: str, path: Any, info: ModelInfo, loading: Loading) -> Embedder | TokenEmbedder | Scorer:
    if use in WITHOUT_PROMPTS:
        refuse_options(info.name, loading, WITHOUT_PROMPTS[use])
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


def _local(ref: ModelRef, loading: Loading) -> Path:
    """Return the model's directory, fetched from the hub where the name is a hub id."""
    if Path(ref.path).is_dir():
        return Path(ref.path)
    unused = [*UNUSED_FILES, *([] if loading.allow_pickle else ["*.bin", "*.pt", "*.pth"])]
    folder = from_hub(ref, loading.revision, without=unused)
    if not loading.allow_pickle and not any(folder.rglob(f"*{SAFE[0]}")):
        _explain(ref, loading)
    return folder


def from_hub(ref: ModelRef, revision: str | None, only: list[str] | None = None, without: list[str] | None = None) -> Path:
    """Return the directory of a hub model, fetched where it is not here; `only` and `without` are patterns of file names.

    `BackendError` where that fails.
    """
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(ref.path, revision=revision, allow_patterns=only, ignore_patterns=without))
    except Exception as error:  # the hub client has no common base for its network errors
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise BackendError(f"model '{ref.name}' is not a directory here and could not be fetched from the hub: {reason}") from error


def _explain(ref: ModelRef, loading: Loading) -> None:
    """Raise `InputError` for a hub model whose weights, as the hub lists them, were not fetched since they are not read."""
    from huggingface_hub import list_repo_files

    try:
        files = list_repo_files(ref.path, revision=loading.revision)
    except Exception:  # no list, no reason: what loads the model will say what it lacks
        return
    if has_pickles(files):
        raise InputError(
            f"model '{ref.name}' has its weights as pickles only, which can run code when loaded; give --allow-pickle to load them"
        )
    if (reason := no_weights(files)) is not None:
        raise InputError(f"model '{ref.name}' {reason}")
