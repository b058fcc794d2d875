"""Where a continuation begins among the tokens of a text, with tokenizers that say where each token ends and with those that do not."""

from collections.abc import Sequence
from typing import Any

from freqbias.models.batching import shared


def continued(tokenizer: Any, first: int, contexts: Sequence[str], continuations: Sequence[str]) -> tuple[list[list[int]], list[int]]:
    """Return the ids of each context with its continuation, without `first`, and how many, at the end, are the continuation's.

    Both are tokenised as one text. A token belongs to the continuation when it ends beyond the context, so one that straddles the
    border counts as continuation in every form alike. A context that spells `first` out, as chat templates do, is not given another.
    """
    whole = [context + continuation for context, continuation in zip(contexts, continuations, strict=True)]
    if not whole:
        return [], []
    if getattr(tokenizer, "is_fast", False):
        encoded = tokenizer(whole, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        rows = encoded["input_ids"]
        places = zip(contexts, encoded["offset_mapping"], strict=True)
        # after no context all tokens are the continuation's: a blank at the very beginning is said to end where it begins
        wanted = [sum(end > len(context) for _, end in row) if context else len(row) for context, row in places]
    else:
        rows, wanted = without_offsets(tokenizer, contexts, whole)
    return [row[1:] if row[:1] == [first] and count < len(row) else row for row, count in zip(rows, wanted, strict=True)], wanted


def without_offsets(tokenizer: Any, contexts: Sequence[str], whole: Sequence[str]) -> tuple[list[list[int]], list[int]]:
    """Return the ids of whole texts and how many of them end beyond their contexts, from a tokenizer that gives no offsets.

    Ids that a context and its whole text have in common at the beginning lie within the context. Where the text was cut up otherwise
    before its border already, further tokens do as long as they spell what the context's own spell. A token for the unknown swallows
    letters beyond the border: it is the continuation's when the context's ids stay as they are with some of these letters.
    """
    rows, distinct = _ids(tokenizer, whole), list(dict.fromkeys(contexts))
    before = dict(zip(distinct, _ids(tokenizer, distinct), strict=True))
    cases = zip(contexts, whole, rows, strict=True)
    return rows, [len(row) - _within(tokenizer, before[context], row, context, text) for context, text, row in cases]


def _ids(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    rows: list[list[int]] = tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"] if texts else []
    return rows


def _within(tokenizer: Any, before: list[int], row: list[int], context: str, text: str) -> int:
    """Return how many of a text's tokens end within its context, whose own ids are `before`."""
    common = shared(before, row)
    if common == len(before):
        return common - int(bool(before) and before[-1] == tokenizer.unk_token_id and _swallows(tokenizer, before, context, text))
    said, within = tokenizer.decode(before[common:]), common
    while within < len(row) and said.startswith(tokenizer.decode(row[common : within + 1])):
        within += 1
    return within


def _swallows(tokenizer: Any, before: list[int], context: str, text: str) -> bool:
    """Tell whether a context's last token takes letters in that follow it without a blank."""
    following = text[len(context) :].split(maxsplit=1)
    if not following or text[len(context)].isspace():
        return False
    starts = [following[0][:size] for size in range(1, len(following[0]) + 1)]
    longer = _ids(tokenizer, [context + start for start in starts])
    # letters that are nothing by themselves are left out, not swallowed
    return any(ids == before and own for ids, own in zip(longer, _ids(tokenizer, starts), strict=True))
