"""How frequent the wording of texts is: what `freqbias score` prints and `freqbias.score` returns."""

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from freqbias import registry
from freqbias.errors import InputError, in_one_line
from freqbias.frequency import read_counts, unknown_words
from freqbias.frequency.language import Strangers
from freqbias.frequency.measures import with_completions
from freqbias.rows import read_texts

log = logging.getLogger(__name__)


def texts_of(path: Path, field: str | None = None) -> Iterator[str]:
    """Return the texts of a file, by its kind: its lines, or column `field` (default `text`).

    Raises `InputError` for any fault, before the first text.
    """
    for _ in read_texts(path, field) if path.is_file() else ():  # a pipe can be read once
        pass
    return (text for _, text in read_texts(path, field))


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
    word of a text is known. Raises `InputError` for an unknown frequency or a file that cannot be read, before the first text. Texts that
    seem to be in another language are scored and, once all are, counted in a warning.
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

    return _scored(texts, row, Strangers(language))


def _scored(texts: Iterable[str], row: Callable[[str], dict[str, Any]], strangers: Strangers) -> Iterator[dict[str, Any]]:
    for number, text in enumerate(texts, start=1):
        strangers.includes(text, f"text {number}")
        yield row(text)
    if strangers.notable:
        log.warning("%s; --language says which they are in", strangers)
