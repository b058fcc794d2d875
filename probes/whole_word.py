"""Whether the swapped words of a pair are whole tokens of a model, in their sentences: covariate `whole_word`."""

import re
from collections.abc import Callable, Iterator, Sequence
from statistics import median_low

from freqbias.errors import BackendError
from freqbias.frequency import swap_of_tokens
from freqbias.records import Pair
from freqbias.terms import SIDES

CountTokens = Callable[[Sequence[str]], list[int] | None]
#: Words that vocabularies of Latin script hold whole; the middle of three, so that one that a vocabulary splits or drops does no harm.
WHOLE = ("time", "man", "people")

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_ARTICLES = {"a", "an"}


def whole_words(pairs: Sequence[Pair], count_tokens: CountTokens, name: str) -> dict[str, dict[str, list[int]]]:
    """Return `whole_word` of both forms by pair id: 1 where every swapped word is one token in its sentence, else 0.

    A word is one token where its sentence has as many tokens as with a word in its place that is one. Absent where the two forms do
    not swap word for word, and where the model counts no tokens. `BackendError` names the model `name` that miscounts.
    """
    spans = {pair.id: found for pair in pairs if (found := swapped_spans(pair))}
    texts = {
        (pair.id, side): [getattr(pair, side), *_with_whole_words(getattr(pair, side), places)]
        for pair in pairs
        for side, places in zip(SIDES, spans.get(pair.id, ()), strict=False)
    }
    distinct = list(dict.fromkeys(text for row in texts.values() for text in row))
    counts = count_tokens(distinct) if distinct else None
    if counts is None:
        return {pair.id: {} for pair in pairs}
    if len(counts) != len(distinct):
        raise BackendError(f"{name}: token_counts gave {len(counts)} numbers for {len(distinct)} texts")
    known = dict(zip(distinct, counts, strict=True))
    whole = {key: int(known[text] <= median_low(map(known.__getitem__, others))) for key, (text, *others) in texts.items()}
    return {pair.id: {"whole_word": [whole[pair.id, side] for side in SIDES]} if pair.id in spans else {} for pair in pairs}


Span = tuple[int, int]


def swapped_spans(pair: Pair) -> tuple[list[Span], list[Span]] | None:
    """Return where the swapped words stand in the high and in the low form; None where the forms do not swap word for word."""
    sides = [list(_WORD.finditer(getattr(pair, side))) for side in SIDES]
    words = [[found[0].lower() for found in side] for side in sides]
    if not swap_of_tokens(words[0], words[1], pair.language).aligned:
        return None
    places = [k for k, (a, b) in enumerate(zip(*words, strict=True)) if a != b and not {a, b} <= _ARTICLES]
    high, low = ([side[k].span() for k in places] for side in sides)
    return (high, low) if places else None


def _with_whole_words(text: str, places: Sequence[Span]) -> Iterator[str]:
    """Yield the text with each of `WHOLE` in these places, with a capital where the word has one."""
    for word in WHOLE:
        made, end = "", 0
        for start, stop in places:
            made += text[end:start] + (word.capitalize() if text[start].isupper() else word)
            end = stop
        yield made + text[end:]
