"""Texts that a language model writes: several draws of each prompt, from whatever the model can do."""

import hashlib
from collections.abc import Sequence
from typing import Any, cast

from freqbias.errors import BackendError, in_one_line
from freqbias.models.protocols import KnowsReasons, LanguageModel, Writer, offers

SEED_BITS = 31  # the most that every backend takes


def seed_of(seed: int, prompt: str, draw: int = 0) -> int:
    """Return the seed of one prompt, and of one of its draws: from 0 to 2^31 - 1, the same on every machine."""
    digest = hashlib.sha256(f"{seed}\0{draw}\0{prompt}".encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") >> (64 - SEED_BITS)


def written(
    model: LanguageModel, prompts: Sequence[str], *, n: int, max_tokens: int, temperature: float, seed: int
) -> list[list[str | None]]:
    """Return what a model writes to users' messages, put into its chat template where it has one.

    A `Writer` draws `n` texts for each; another model, which has but one answer, gives that `n` times. Raises `InputError` for one that
    writes nothing, and `BackendError` for one that answers otherwise than it should.
    """
    return drawn(
        model, [model.format_prompt(prompt) for prompt in prompts], n=n, max_tokens=max_tokens, temperature=temperature, seed=seed
    )


def drawn(
    model: LanguageModel, asked: Sequence[str], *, n: int, max_tokens: int, temperature: float, seed: int
) -> list[list[str | None]]:
    """Return the same of texts that a model is to go on from as they are."""
    writer: Writer | None = cast("Writer", model) if hasattr(model, "write") else None  # as a wrapper may hand it on by `__getattr__`
    with in_one_line(BackendError, f"model '{model.info.name}'", model):
        if writer is None:
            found = [[text] * n for text in model.generate(asked, max_tokens=max_tokens)]
        else:
            found = [list(row) for row in writer.write(asked, n=n, max_tokens=max_tokens, temperature=temperature, seed=seed)]
    if len(found) != len(asked) or any(len(row) != n or not all(map(_is_answer, row)) for row in found):
        raise BackendError(f"model '{model.info.name}' did not write {n} texts for each of {len(asked)} prompts")
    return found


def _is_answer(found: Any) -> bool:
    return found is None or isinstance(found, str)


def reason(model: LanguageModel, prompt: str) -> str | None:
    """Return why a user's message got no answer, where the model knows."""
    known = model.errors if offers(model, KnowsReasons) else {}
    return known.get(model.format_prompt(prompt))
