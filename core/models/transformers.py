"""Causal language models through transformers, and the one-off conversion of GGUF weights into a dense directory."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from freqbias.errors import BackendError, InputError
from freqbias.models.protocols import ModelInfo

TOKENS_PER_BATCH = 2048  # padded tokens; larger batches gain nothing on two CPU cores and cost memory for the logits


@contextmanager
def quiet_loading() -> Iterator[None]:
    """Keep the libraries' own progress bars off the terminal while a model loads; ours is there already."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def hub_commit(config: Any) -> str | None:
    """Return the commit that a model's files came from; None for local files."""
    commit = getattr(config, "_commit_hash", None)
    return None if commit is None else str(commit)


def convert_gguf(source: Path, target: Path) -> None:
    """Write the dense float32 form of one GGUF file, tokenizer included, into the existing directory `target`."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    folder, name = str(source.parent), source.name
    with warnings.catch_warnings():
        # gguf's tensors are read-only memory maps; torch warns although the conversion copies them
        warnings.filterwarnings("ignore", message=".*not writable.*")
        model = AutoModelForCausalLM.from_pretrained(
            folder, gguf_file=name, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True)
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    # a dequantised model is a plain one; some versions refuse to save it while a quantizer hangs on it
    model.hf_quantizer = None
    if getattr(model.config, "quantization_config", None) is not None:
        del model.config.quantization_config
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)


class TransformersLanguageModel:
    """A causal model as a `LanguageModel`.

    The first token is conditioned on the tokenizer's BOS token, or on its EOS token where it has no BOS; which one is stated
    in `info.details["first_token_context"]`. Texts are tokenised without further special tokens.
    """

    def __init__(self, path: str, info: ModelInfo, dtype: str = "float32", device: str | None = None):
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        if dtype not in ("float32", "bfloat16", "float16"):
            raise InputError(f"unknown dtype '{dtype}'; known: float32, bfloat16, float16")
        self._torch = torch
        self.path = path
        with quiet_loading():
            self._tokenizer = AutoTokenizer.from_pretrained(path)
            self._model = AutoModelForCausalLM.from_pretrained(path, dtype=getattr(torch, dtype))
        self._device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self._model.to(self._device).eval()
        first = self._tokenizer.bos_token_id
        self._first = self._tokenizer.eos_token_id if first is None else first
        if self._first is None:
            raise BackendError(f"{info.name} has neither a BOS nor an EOS token; log-probabilities need a first context")
        stated = {"first_token_context": self._tokenizer.convert_ids_to_tokens(self._first)}
        revision = info.revision or hub_commit(self._model.config)
        self.info = replace(info, dtype=dtype, revision=revision, details={**info.details, **stated})

    def log_probs(self, texts: Sequence[str]) -> list[NDArray[np.float64]]:
        """Return nats per token, the first token given BOS; an empty text gives an empty array."""
        ids = self._ids(texts)
        return self._score(ids, [len(row) for row in ids])

    def continuation_log_probs(self, contexts: Sequence[str], continuations: Sequence[str]) -> NDArray[np.float64]:
        """Return log p(continuation | context), in nats.

        Context and continuation are tokenised as one text; a token belongs to the continuation when it ends beyond the
        context, so a token that straddles the border counts as continuation in every form alike.
        """
        whole = [context + continuation for context, continuation in zip(contexts, continuations, strict=True)]
        encoded = self._tokenizer(whole, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        wanted = [
            sum(end > len(context) for _, end in offsets) for context, offsets in zip(contexts, encoded["offset_mapping"], strict=True)
        ]
        return np.array([row.sum() for row in self._score(encoded["input_ids"], wanted)])

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Count tokens, BOS left out."""
        return [len(row) for row in self._ids(texts)]

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        rows: list[list[int]] = self._tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]
        return rows

    def _score(self, ids: list[list[int]], wanted: list[int]) -> list[NDArray[np.float64]]:
        """Return the log-probabilities of the last `wanted` tokens of each row, the longest rows first."""
        limit = getattr(self._model.config, "max_position_embeddings", None)
        longest = max(map(len, ids), default=0) + 1
        if limit is not None and longest > limit:
            raise BackendError(f"{self.info.name} takes {limit} tokens, a text has {longest}; shorten it")
        results: list[NDArray[np.float64]] = [np.empty(0)] * len(ids)
        for batch in self._batches(ids):
            for index, row in zip(batch, self._forward([ids[i] for i in batch], [wanted[i] for i in batch]), strict=True):
                results[index] = row
        return results

    @staticmethod
    def _batches(ids: list[list[int]]) -> Iterator[list[int]]:
        order = sorted((i for i, row in enumerate(ids) if row), key=lambda i: (-len(ids[i]), i))
        while order:
            size = max(1, TOKENS_PER_BATCH // (len(ids[order[0]]) + 1))
            yield order[:size]
            order = order[size:]

    def _forward(self, rows: list[list[int]], wanted: list[int]) -> list[NDArray[np.float64]]:
        """Score one batch, padded on the left so that the wanted positions share the end and only their logits are made."""
        torch = self._torch
        width = max(map(len, rows)) + 1
        keep = max(1, *wanted) + 1
        tokens = torch.full((len(rows), width), self._first, dtype=torch.long)
        mask = torch.zeros((len(rows), width), dtype=torch.long)
        for i, row in enumerate(rows):
            tokens[i, width - len(row) :] = torch.tensor(row)
            mask[i, width - len(row) - 1 :] = 1
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        inputs: dict[str, Any] = {"input_ids": tokens, "attention_mask": mask, "position_ids": positions}
        with torch.inference_mode():
            moved = {name: tensor.to(self._device) for name, tensor in inputs.items()}
            logits = self._model(**moved, logits_to_keep=keep, use_cache=False).logits[:, :-1].float()
            targets = moved["input_ids"][:, 1 - keep :]
            picked = logits.gather(-1, targets[..., None])[..., 0] - logits.logsumexp(-1)
        values = picked.cpu().numpy().astype(np.float64)
        return [row[len(row) - count :] for row, count in zip(values, wanted, strict=True)]
