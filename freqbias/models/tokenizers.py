"""Token counts of a local model without loading its weights, through the `tokenizers` library."""

from collections.abc import Callable, Sequence
from pathlib import Path

Counter = Callable[[Sequence[str]], int]


def token_counter(folder: Path) -> Counter | None:
    """Return a function that gives the number of tokens of some texts together, special tokens left out; None where there is none.

    `folder` is the model's directory. None is returned when it holds no `tokenizer.json` or the library is not installed.
    """
    source = folder / "tokenizer.json"
    if not source.is_file():
        return None
    try:
        from tokenizers import Tokenizer
    except ModuleNotFoundError:
        return None
    tokenizer = Tokenizer.from_file(str(source))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda texts: sum(len(row.ids) for row in tokenizer.encode_batch(list(texts), add_special_tokens=False))
