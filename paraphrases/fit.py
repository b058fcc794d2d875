"""Whether both words of a swap fit their context, by a causal language model and without regard to how frequent they are.

The fit of a form, in nats, is log p(form | text before) - log p(form) by corpus counts, plus log p(words after | text before, form) -
log p(words after | text before, "it"). A rare word is not held against a text for being rare: what counts is how much likelier the text
makes it than it is anywhere, and that the text can go on after it. Both forms must reach one threshold, the same in both arms. Pairs that
were chosen by a model's probabilities should not be measured by that model.
"""

import math
from collections.abc import Sequence
from typing import Any

from freqbias.models import language_model
from freqbias.models.scoring import show_progress
from freqbias.progress import Track, silent

#: By SmolLM2 135M on 150 swaps that were read (`before` in benchmarks/swaps_read.jsonl), 39 % of the bad and 14 % of the good are below.
MIN_FIT_NATS = 0.0
MAX_BEFORE, MAX_AFTER = 300, 40  # characters

#: Text before, high form, low form, text after.
InContext = tuple[str, str, str, str]


def both_fit(name: str, swaps: Sequence[InContext], track: Track = silent) -> list[bool]:
    """Tell of each swap whether both of its words fit by model `name`; a word without number does not fit."""
    if not swaps:
        return []
    model = language_model(name)
    show_progress(model, track)
    high, low = (fit_nats(model, [(before, forms[side], after) for before, *forms, after in swaps]) for side in (0, 1))
    return [all(value >= MIN_FIT_NATS for value in pair) for pair in zip(high, low, strict=True)]  # never so for NaN


def fit_nats(model: Any, words: Sequence[tuple[str, str, str]]) -> list[float]:
    """Return the fit of each (text before, word, text after), in nats; NaN where the model or the word list has no number."""
    contexts = [before[-MAX_BEFORE:].rstrip() or "." for before, _, _ in words]
    forms = [f" {word}" if not before or before[-1].isspace() else word for before, word, _ in words]
    following = [_beginning(after) for _, _, after in words]
    alone = model.continuation_log_probs(contexts, forms)
    after_form = model.continuation_log_probs([a + b for a, b in zip(contexts, forms, strict=True)], following)
    after_it = model.continuation_log_probs([f"{context} it" for context in contexts], following)
    shares = [_log_share(word) for _, word, _ in words]
    return [float(value) for value in alone - shares + after_form - after_it]


def _beginning(after: str) -> str:
    """Return the first whole words of what follows; a full stop where nothing does."""
    return after[:MAX_AFTER].rpartition(" ")[0] or after[:MAX_AFTER] or "."


def _log_share(word: str) -> float:
    """Return the natural logarithm of a word's share of wordfreq's corpora; NaN where it is unknown."""
    import wordfreq

    share = wordfreq.word_frequency(word.lower(), "en")
    return math.log(share) if share else math.nan
