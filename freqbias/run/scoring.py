"""How frequent the wording of texts is: what `freqbias score` prints and `freqbias.score` returns."""

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from freqbias import registry
from freqbias.errors import InputError, in_one_line
from freqbias.frequency import read_counts, unknown_words
from freqbias.frequency.measures import with_completions


def scored(
    texts: Iterable[str],
    frequency: str = "mean_zipf",
    *,
    language: str = "en",
    corpus: Sequence[Path] | None = None,
    completions: Path | None = None,
) -> Iterator[dict[str, Any]]:
    """Return one row a text: `text`, the value under the name of the frequency, and the `unknown` words.

    `corpus` are files of the user's own counts, `completions` a model's story completions for frequency `tfd`. A value is None where no
    word of a text is known. Raises `InputError` for an unknown frequency or a file that cannot be read, before the first text.
    """
    measure = registry.load("frequencies", frequency)
    source = read_counts(list(corpus), language) if corpus else None
    if completions is not None:
        measure = with_completions(read_counts([completions], language))

    def row(text: str) -> dict[str, Any]:
        with in_one_line(InputError, f"frequency '{frequency}'", measure):
            value = measure(text, language, source)
        if not (value is None or (isinstance(value, float | int) and math.isfinite(value))):
            raise InputError(f"frequency '{frequency}' gives {value!r:.60} for {text[:60]!r}; it must give a finite number or None")
        return {"text": text, frequency: value, "unknown": unknown_words(text, language, source)}

    return map(row, texts)
