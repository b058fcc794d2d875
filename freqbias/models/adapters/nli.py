"""A pair scorer in ONNX that was trained for natural language inference: whether the document contradicts the query, its premise.

Trained for inference, so it is asked for just what sets a near-miss from a paraphrase; a reranker is trained for relevance, which a
near-miss does not lack. A couple is one forward pass of its own: eight-bit weights with dynamic scales would give a couple another score
in another batch.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from freqbias.errors import InputError, install_hint
from freqbias.models.adapters.pair_scorers import PairScorer
from freqbias.models.protocols import ModelInfo
from freqbias.models.relevance import Scores
from freqbias.progress import Track, silent

LABELS = ("not contradicted", "contradicted")  # in the order of the two logits
THREADS = "OMP_NUM_THREADS"  # which torch and numpy read, and onnxruntime does not


class NliScorer(PairScorer):
    """The log-odds that a document is not contradicted by the query, by a model with two logits; its `measure` is `logit`.

    `folder` holds the model `onnx` and one `tokenizer.json`, which says how long a couple may be. `InputError` where the extra `onnx` is
    not installed, or a folder holds something else.
    """

    measure = "logit"

    def __init__(self, folder: Path, onnx: str, info: ModelInfo):
        try:
            from onnxruntime import InferenceSession, SessionOptions
            from tokenizers import Tokenizer
        except ModuleNotFoundError as error:
            raise InputError(f"model '{info.name}' needs '{error.name}'; run: {install_hint('onnx')}") from error
        tokenizers = sorted(folder.rglob("tokenizer.json"))
        if not tokenizers:
            raise InputError(f"model '{info.name}': {folder} has no tokenizer.json; install its package again")
        options = SessionOptions()
        options.intra_op_num_threads = int(os.environ.get(THREADS) or 0)  # 0: as many as there are cores
        self._session = InferenceSession(str(folder / onnx), options, providers=["CPUExecutionProvider"])
        self._inputs = [row.name for row in self._session.get_inputs()]
        self._cut: Any = Tokenizer.from_file(str(tokenizers[0]))
        self._whole: Any = Tokenizer.from_file(str(tokenizers[0]))
        self._whole.no_truncation()
        self._whole.no_padding()
        self._longest_query = 0
        stated = {"labels": list(LABELS), "premise": "query", "trained_for": "natural language inference", "batch_size": 1}
        self.info = replace(info, details={**info.details, **stated})

    def prepare(self, queries: Iterable[str], documents: Iterable[str], track: Track = silent) -> None:
        """Note the longest query, which shares the window with a document."""
        self._longest_query = max([self._longest_query, *self.token_counts(list(dict.fromkeys(queries)))])

    def score(self, couples: list[tuple[str, str]]) -> Scores:
        """Return the log-odds, one forward pass a couple."""
        return np.array([self._one(query, document) for query, document in couples], dtype=np.float64)

    def _one(self, query: str, document: str) -> float:
        encoded = self._cut.encode(query, document)
        known = {"input_ids": encoded.ids, "attention_mask": encoded.attention_mask, "token_type_ids": encoded.type_ids}
        given = {name: np.array([known[name]], dtype=np.int64) for name in self._inputs}
        logits = np.asarray(self._session.run(None, given)[0], dtype=np.float64)[0]
        return float(logits[0] - logits[1])

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Count the tokenizer's subwords, special tokens left out, nothing truncated."""
        return [len(encoded.ids) for encoded in self._whole.encode_batch(list(texts), add_special_tokens=False)]

    @property
    def max_tokens(self) -> int | None:
        """What the window leaves a document beside special tokens and the longest query that was prepared."""
        cut = self._cut.truncation
        return None if cut is None else int(cut["max_length"]) - self._whole.num_special_tokens_to_add(True) - self._longest_query
