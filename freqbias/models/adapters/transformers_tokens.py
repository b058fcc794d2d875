"""A model's tokenizer by itself, for backends that run the model elsewhere but must read texts as transformers does."""

from collections.abc import Sequence
from typing import Any

from freqbias.errors import BackendError, InputError, in_one_line
from freqbias.models.adapters.borders import continued
from freqbias.models.adapters.opening import quiet_loading


class CausalTokens:
    """Token ids of texts and of continuations, exactly as `TransformersLanguageModel` takes them.

    `first` is the id that stands before every text: the tokenizer's BOS token, or its EOS token where it has no BOS.
    """

    def __init__(self, path: str, name: str, trust_remote_code: bool = False, revision: str | None = None):
        from transformers import AutoTokenizer

        self._name = name
        with quiet_loading():
            self._tokenizer: Any = AutoTokenizer.from_pretrained(path, revision=revision, trust_remote_code=trust_remote_code)
        first = self._tokenizer.bos_token_id
        first = self._tokenizer.eos_token_id if first is None else first
        if first is None:
            raise BackendError(f"{name} has neither a BOS nor an EOS token; log-probabilities need a first context")
        self.first = int(first)

    @property
    def details(self) -> dict[str, str]:
        """What a manifest states: the context of the first token, and how prompts are made."""
        chat = self._tokenizer.chat_template is not None
        return {
            "first_token_context": str(self._tokenizer.convert_ids_to_tokens(self.first)),
            "prompt_format": "chat template" if chat else "plain",
        }

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text, without `first` or any other special token."""
        rows: list[list[int]] = self._tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"] if texts else []
        return rows

    def continued(self, contexts: Sequence[str], continuations: Sequence[str]) -> tuple[list[list[int]], list[int]]:
        """Return the ids of each context with its continuation, without `first`, and how many, at the end, are the continuation's."""
        return continued(self._tokenizer, self.first, contexts, continuations)

    def prompts(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of prompts to be continued, with the special tokens that the tokenizer puts there, `first` once at most."""
        rows: list[list[int]] = self._tokenizer(list(texts), verbose=False)["input_ids"] if texts else []
        return [(row[1:] if row[:2] == [self.first] * 2 else row) or [self.first] for row in rows]

    def format_prompt(self, prompt: str) -> str:
        """Return a user's message in the tokenizer's chat template, with the start of the answer; the plain prompt without one."""
        if self._tokenizer.chat_template is None:
            return prompt
        return in_template(self._tokenizer, prompt, self._name)


def in_template(tokenizer: Any, prompt: str, name: str) -> str:
    """Return a user's message in a tokenizer's chat template; `InputError` for one that is broken, or that refuses such a message."""
    messages = [{"role": "user", "content": prompt}]
    with in_one_line(InputError, f"model '{name}', its chat template", tokenizer):
        return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))


class TextTokens:
    """Subword counts of an embedding model."""

    def __init__(self, path: str, trust_remote_code: bool = False, revision: str | None = None):
        from transformers import AutoTokenizer

        with quiet_loading():
            self._tokenizer: Any = AutoTokenizer.from_pretrained(path, revision=revision, trust_remote_code=trust_remote_code)

    def counts(self, texts: Sequence[str]) -> list[int]:
        """Return the number of subwords of each text, special tokens left out, nothing truncated."""
        rows = self._tokenizer(list(texts), add_special_tokens=False, truncation=False, verbose=False)["input_ids"] if texts else []
        return [len(row) for row in rows]

    def room(self, limit: int, prompt: str) -> int:
        """Return the subwords that a window of `limit` tokens leaves to a text beside special tokens and its prompt."""
        whole, alone = self.counts([f"{prompt}a", "a"])
        return limit - int(self._tokenizer.num_special_tokens_to_add()) - (whole - alone)
