"""Models of sentence-transformers that give a text one vector, prompts honoured; and what its other kinds of model share with them."""

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

import numpy as np

from freqbias.errors import BackendError, InputError
from freqbias.models.adapters.opening import opened, options
from freqbias.models.adapters.tasks import encoded, tasks_of
from freqbias.models.adapters.transformers import hub_commit
from freqbias.models.names.families import family_at
from freqbias.models.names.prompts import Prompts, decide, settings_of
from freqbias.models.protocols import FloatArray, Loading, ModelInfo, Role

BATCH_SIZE = 64  # throughput on a CPU is flat between 32 and 128 for sentences of this length
POOLING = {"mean": "mean", "cls": "cls", "last": "lasttoken"}  # our names and those of sentence-transformers

PROMPT_NOT_POOLED = ("Instructor",)  # families whose mean leaves the prompt out, which sentence-transformers knows of hub ids alone


class SentenceTransformerEmbedder:
    """A sentence-transformers model, or a plain transformers directory with a named pooling, as an `Embedder`.

    `similarity` is the model's own: `cosine` or `dot`. Pooling and prompts are stated in `info.details`. In place of a path every adapter
    of sentence-transformers takes the loaded model too.
    """

    def __init__(self, path: Any, info: ModelInfo, loading: Loading, pooling: str | None = None):
        self._model: Any = opened(path, info.name, loading, lambda: _loaded(path, loading, pooling))
        self.similarity = own_similarity(self._model, info.name)
        self._prompts = own_prompts(self._model, path, info.name, loading)
        if (family := family_at(info.name, path)) is not None and family.name in PROMPT_NOT_POOLED:
            self._model.set_pooling_include_prompt(False)
        self._tasks = tasks_of(self._model, self._prompts, info.name, path)
        self.info = described(self._model, info, loading, pooling, self._prompts)
        if isinstance(path, str):
            self._try()
        if self._tasks:
            self.info = replace(self.info, details={**self.info.details, "tasks": dict(self._tasks)})

    def _try(self) -> None:
        """Raise `InputError` where two texts cannot be encoded: modules that do not go together show when they are used."""
        try:
            self.encode(["a", "a a a"], role="document")
        except BackendError as error:
            raise InputError(
                f"{error}; its parts do not go together: fetch the model again, or save it again as it was trained"
            ) from error

    def encode(self, texts: Sequence[str], *, role: Role) -> FloatArray:
        """Encode with the model's query or document prompt; float32 of shape (n, d)."""
        texts = list(texts)
        if not texts:
            return np.empty((0, self._model.get_embedding_dimension() or 0), np.float32)
        how: dict[str, Any] = {"batch_size": BATCH_SIZE, "show_progress_bar": False, "convert_to_numpy": True}
        return np.asarray(encoded(self._model, self.info.name, texts, role, self._prompts, self._tasks, **how), dtype=np.float32)

    @property
    def max_tokens(self) -> int | None:
        """What the model's `max_seq_length` leaves beside its special tokens and the document prompt."""
        return window(self._model, self._prompts.document)

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Count the tokenizer's subwords, special tokens left out, nothing truncated."""
        return count_tokens(self._model, texts)


def _loaded(path: str, loading: Loading, pooling: str | None) -> Any:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    if pooling is None:
        return SentenceTransformer(path, **options(loading))
    trust = {"trust_remote_code": loading.trust_remote_code}
    kwargs = {**options(loading)["model_kwargs"], **trust}
    transformer = Transformer(path, model_kwargs=kwargs, processor_kwargs=trust, config_kwargs=trust)
    modules = [transformer, Pooling(transformer.get_embedding_dimension(), pooling_mode=POOLING[pooling])]
    return SentenceTransformer(modules=modules, device=loading.device)


def own_similarity(model: Any, name: str) -> str:
    """Return `cosine` or `dot`; `InputError` for a model that compares its vectors in another way."""
    found = str(model.similarity_fn_name)
    if found not in ("cosine", "dot"):
        raise InputError(f"model '{name}' compares vectors by {found}; only cosine and dot are supported")
    return found


def own_prompts(model: Any, path: Any, name: str, loading: Loading, use: str | None = None) -> Prompts:
    """Return what stands before the texts of a role; for a model in memory only what it says of itself, since nobody knows what it is."""
    inside = not isinstance(path, str)
    read: dict[str, Any] = {} if inside else settings_of(path) or {}
    prompts = {**(read.get("prompts") or {}), **{key: text for key, text in (getattr(model, "prompts", None) or {}).items() if text}}
    default = getattr(model, "default_prompt_name", None) or read.get("default_prompt_name")
    return decide(
        name, {"prompts": prompts, "default_prompt_name": default}, loading, path="" if inside else path, table=not inside, use=use
    )


def described(model: Any, info: ModelInfo, loading: Loading, pooling: str | None = None, prompts: Prompts | None = None) -> ModelInfo:
    """Return `info` with the commit, the number format, and what a reader has to know: pooling and prompts."""
    stated: dict[str, Any] = {**info.details, **(prompts or Prompts()).stated()}
    pooled = pooling or next((module.pooling_mode for module in model if hasattr(module, "pooling_mode")), None)
    if pooled is not None:
        stated["pooling"] = pooled if isinstance(pooled, str) else list(pooled)
    if isinstance(getattr(model, "similarity_fn_name", None), str):
        stated["similarity"] = model.similarity_fn_name
    inner = getattr(model[0], "auto_model", None)  # static models have none
    commit = hub_commit(getattr(inner, "config", None))
    return replace(info, dtype=loading.dtype, revision=info.revision or commit, details=stated)


def window(model: Any, prompt: str = "", special_tokens_of: int = 1) -> int | None:
    """Return the subwords that `max_seq_length` leaves to a document beside special tokens and `prompt`; None without a limit.

    There is none either where the tokenizer counts no subwords. `special_tokens_of` is 2 for a model that reads two texts at once.
    """
    limit, tokenizer = model.max_seq_length, _tokenizer(model)
    if hasattr(tokenizer, "encode_batch"):  # a bare one is given no special tokens, and cuts by itself or not at all
        return int(tokenizer.truncation["max_length"]) if tokenizer.truncation else None
    if limit is None or not isfinite(limit) or tokenizer is None:
        return None
    whole, alone = count_tokens(model, [f"{prompt}a", "a"]) or (0, 0)
    return int(limit) - int(tokenizer.num_special_tokens_to_add(pair=special_tokens_of == 2)) - (whole - alone)


def count_tokens(model: Any, texts: Sequence[str]) -> list[int] | None:
    """Return the number of subwords of each text, special tokens left out, nothing truncated; None without a tokenizer that counts."""
    tokenizer = _tokenizer(model)
    if tokenizer is None:
        return None
    texts = list(texts)
    if not texts:
        return []
    if hasattr(tokenizer, "encode_batch"):  # a bare `tokenizers.Tokenizer`, as static models have
        cut = tokenizer.truncation
        tokenizer.no_truncation()
        try:
            return [len(row.ids) for row in tokenizer.encode_batch(texts, add_special_tokens=False)]
        finally:
            if cut:
                tokenizer.enable_truncation(**cut)
    return [len(row) for row in tokenizer(texts, add_special_tokens=False, truncation=False, verbose=False)["input_ids"]]


def _tokenizer(model: Any) -> Any:
    """Return a tokenizer that splits every text into subwords; None where there is none.

    Those of word vectors and bags of words leave out the words that they do not know, so what they count is not what a text has.
    """
    found = getattr(model, "tokenizer", None)
    return found if callable(found) or hasattr(found, "encode_batch") else None
