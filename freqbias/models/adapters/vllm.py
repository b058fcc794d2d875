"""Causal and embedding models through vLLM: the batch backend on a GPU box; a vLLM built for CPUs gives the same numbers slowly."""

import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from freqbias.errors import BackendError, InputError
from freqbias.models.adapters.transformers import cut, hub_commit
from freqbias.models.adapters.transformers_tokens import CausalTokens, TextTokens
from freqbias.models.protocols import FloatArray, Loading, ModelInfo, Role
from freqbias.models.writing import seed_of

Values = NDArray[np.float64]

DTYPES = ("float32", "bfloat16", "float16")
CPU_CACHE_BYTES = 1 << 30  # of keys and values: 20,000 tokens of a 135 M model in float32, and vLLM fits its window to it
SCORED_AT_ONCE = 2048  # tokens: the log-probabilities of a prompt take 4 bytes × vocabulary each, which vLLM does not plan for
GPU_SHARE = 0.8  # of the memory; the rest holds those log-probabilities
QUIET = {  # vLLM prints to standard output, and reports its use to its makers, unless it is told before its import
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",
    "VLLM_NO_USAGE_STATS": "1",
}

_held: list[Any] = []  # engines on a CPU run in this process, and when one of them is collected the others die

log = logging.getLogger(__name__)


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the engine's own, about its own code
        yield


def _engine(path: str, name: str, loading: Loading, **options: Any) -> Any:
    """Return an engine; `InputError` where vLLM cannot run or not load the model."""
    for variable, value in QUIET.items():
        os.environ.setdefault(variable, value)
    with _quiet():
        from vllm import LLM
        from vllm.platforms import current_platform

        on_cpu = current_platform.device_type == "cpu"
        if not current_platform.device_type:  # the package for GPUs can be imported anywhere
            raise InputError("vLLM finds no usable device here; use --backend transformers")
        if on_cpu:
            os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
            options |= {"enforce_eager": True, "kv_cache_memory_bytes": CPU_CACHE_BYTES}
        else:
            options |= {"gpu_memory_utilization": GPU_SHARE}
        try:
            engine = LLM(
                model=path,
                revision=loading.revision,
                tokenizer_revision=loading.revision,
                dtype=loading.dtype,  # left to itself vLLM makes float16 of float32
                load_format="auto" if loading.allow_pickle else "safetensors",
                trust_remote_code=loading.trust_remote_code,
                tensor_parallel_size=loading.tensor_parallel,
                use_tqdm_on_load=False,
                enable_prefix_caching=False,  # log-probabilities of a prompt need all of it computed
                **options,
            )
        except (ValueError, OSError, RuntimeError, ImportError) as error:
            reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise InputError(f"vLLM cannot load '{name}': {reason}") from error
    if on_cpu:
        _held.append(engine)
    return engine


def _stated(loading: Loading) -> dict[str, Any]:
    from importlib.metadata import packages_distributions, version

    package = packages_distributions().get("vllm", ["vllm"])[0]
    return {"backend": "vllm", "vllm": f"{package} {version(package)}", "tensor_parallel": loading.tensor_parallel}


class VllmLanguageModel:
    """A causal model as a `LanguageModel`; texts are read exactly as `TransformersLanguageModel` reads them.

    A text beyond the window is NaN (None from `generate`), and `errors` says why, by the whole text.
    """

    def __init__(self, path: str, info: ModelInfo, loading: Loading):
        if loading.dtype not in DTYPES:
            raise InputError(f"unknown dtype '{loading.dtype}'; known: {', '.join(DTYPES)}")
        self.path: str | None = path
        self.errors: dict[str, str] = {}
        self._tokens = CausalTokens(path, info.name, loading.trust_remote_code, loading.revision)
        # of a window of -1 vLLM makes the model's own, or what fits into memory
        self._engine = _engine(path, info.name, loading, max_model_len=-1, max_num_batched_tokens=SCORED_AT_ONCE)
        self._limit = int(self._engine.model_config.max_model_len)
        revision = info.revision or hub_commit(self._engine.model_config.hf_config)
        details = {**info.details, **self._tokens.details, **_stated(loading)}
        self.info = replace(info, dtype=loading.dtype, revision=revision, details=details)

    def log_probs(self, texts: Sequence[str]) -> list[Values]:
        """Return nats per token, the first token given BOS; an empty text gives an empty array."""
        ids = self._tokens.ids(texts)
        return self._score(texts, ids, [len(row) for row in ids])

    def continuation_log_probs(self, contexts: Sequence[str], continuations: Sequence[str]) -> Values:
        """Return log p(continuation | context), in nats."""
        ids, wanted = self._tokens.continued(contexts, continuations)
        whole = [context + continuation for context, continuation in zip(contexts, continuations, strict=True)]
        return np.array([row.sum() for row in self._score(whole, ids, wanted)])

    def choices(self, context: str, options: Sequence[str]) -> Values:
        """Return log p(option | context) of each option, in nats."""
        return self.continuation_log_probs([context] * len(options), options)

    def generate(self, prompts: Sequence[str], *, max_tokens: int, stop: Sequence[str] = ()) -> list[str | None]:
        """Return the greedy continuation of each prompt."""
        from vllm import SamplingParams

        rows = self._tokens.prompts(prompts)
        fitting = self._fitting(prompts, rows, max_tokens)
        found = self._run([rows[i] for i in fitting], SamplingParams(max_tokens=max_tokens, temperature=0.0, stop=list(stop)))
        texts = dict(zip(fitting, (cut(output.outputs[0].text, stop) for output in found), strict=True))
        return [texts.get(index) for index in range(len(prompts))]

    def write(self, prompts: Sequence[str], *, n: int, max_tokens: int, temperature: float, seed: int) -> list[list[str | None]]:
        """Return `n` random continuations of each prompt, drawn with a seed of its own."""
        from vllm import SamplingParams

        rows = self._tokens.prompts(prompts)
        fitting = self._fitting(prompts, rows, max_tokens)
        params = [SamplingParams(n=n, max_tokens=max_tokens, temperature=temperature, seed=seed_of(seed, prompts[i])) for i in fitting]
        texts: list[list[str | None]] = [[None] * n for _ in prompts]
        for index, output in zip(fitting, self._run([rows[i] for i in fitting], params), strict=True):
            texts[index] = [drawn.text for drawn in sorted(output.outputs, key=lambda drawn: drawn.index)]
        return texts

    def format_prompt(self, prompt: str) -> str:
        """Return the prompt in the tokenizer's chat template, or as it is."""
        return self._tokens.format_prompt(prompt)

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Count tokens, BOS left out."""
        return [len(row) for row in self._tokens.ids(texts)]

    def _score(self, texts: Sequence[str], ids: Sequence[list[int]], wanted: Sequence[int]) -> list[Values]:
        """Return the log-probabilities of the last `wanted` tokens of each row."""
        from vllm import SamplingParams

        results = [np.full(count, np.nan) for count in wanted]
        rows = [[self._tokens.first, *row] for row in ids]
        asked = [index for index in self._fitting(texts, rows, 1) if wanted[index]]
        # vLLM always generates a token; with 0 alternatives it gives the log-probabilities of the prompt's own tokens only
        params = SamplingParams(max_tokens=1, temperature=0.0, prompt_logprobs=0, detokenize=False)
        for index, output in zip(asked, self._run([rows[i] for i in asked], params), strict=True):
            start = len(rows[index]) - wanted[index]
            entries = zip(rows[index][start:], output.prompt_logprobs[start:], strict=True)
            results[index] = np.array([entry[token].logprob for token, entry in entries])
        return results

    def _fitting(self, texts: Sequence[str], rows: Sequence[list[int]], generated: int) -> list[int]:
        """Return which rows fit into the window with what is generated; vLLM would refuse all for the sake of one."""
        room = self._limit - generated
        fitting = []
        for index, (text, row) in enumerate(zip(texts, rows, strict=True)):
            if len(row) <= room:
                fitting.append(index)
            else:
                self.errors[text] = f"{len(row)} tokens are more than the {room} that {self.info.name} takes"
        return fitting

    def _run(self, rows: Sequence[list[int]], params: Any) -> list[Any]:
        from vllm.inputs import TokensPrompt

        if not rows:
            return []
        with _quiet():
            try:
                return list(self._engine.generate([TokensPrompt(prompt_token_ids=row) for row in rows], params, use_tqdm=False))
            except (ValueError, RuntimeError) as error:
                raise BackendError(f"vLLM failed on '{self.info.name}': {error}") from error


class VllmEmbedder:
    """An embedding model through vLLM's pooling runner, as an `Embedder`; texts beyond the window are cut as sentence-transformers does.

    `prompts` are put before the texts of a role.
    """

    def __init__(self, path: str, info: ModelInfo, loading: Loading, prompts: Mapping[Role, str] | None = None):
        if loading.dtype not in DTYPES:
            raise InputError(f"unknown dtype '{loading.dtype}'; known: {', '.join(DTYPES)}")
        self._tokens = TextTokens(path, loading.trust_remote_code, loading.revision)
        self._prompts: Mapping[Role, str] = prompts or {}
        self._engine = _engine(path, info.name, loading, runner="pooling")
        self._limit = int(self._engine.model_config.max_model_len)
        revision = info.revision or hub_commit(self._engine.model_config.hf_config)
        stated = {"prompts": dict(self._prompts), **_stated(loading)}
        self.info = replace(info, dtype=loading.dtype, revision=revision, details={**info.details, **stated})

    def encode(self, texts: Sequence[str], *, role: Role) -> FloatArray:
        """Return the model's own pooling of the texts, float32 of shape (n, d)."""
        sent = [self._prompts.get(role, "") + text for text in texts]
        if not sent:
            return np.empty((0, int(self._engine.model_config.get_hidden_size())), dtype=np.float32)
        with _quiet():
            try:
                found = self._engine.embed(sent, use_tqdm=False, tokenization_kwargs={"truncate_prompt_tokens": -1})
            except (ValueError, RuntimeError) as error:
                raise BackendError(f"vLLM failed on '{self.info.name}': {error}") from error
        return np.array([row.outputs.embedding for row in found], dtype=np.float32)

    @property
    def max_tokens(self) -> int | None:
        """What the model's window leaves beside special tokens and the document prompt."""
        return self._tokens.room(self._limit, self._prompts.get("document", ""))

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Count subwords, special tokens left out, nothing truncated."""
        return self._tokens.counts(texts)
