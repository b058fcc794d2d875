"""Embedding probe `similarity`: how near a document lies to queries when its wording is frequent or rare.

Rows written, all with measure `cosine`:

* `gloss` (one row a register): mean cosine with the item's glosses, which share no word with either form, so that word matching
  cannot produce a gap; `decoys` holds the same for the pair's wrong documents, which gives the model's own scale;
* `background`: mean cosine with the glosses of all other items, a pull without content;
* `neutral`: mean cosine with queries that ask for nothing in particular;
* `crossed`: queries that name the item in either word against documents in either word. The four cells give matching and its
  asymmetry; they cannot give a preference, since (hh+lh)-(hl+ll) = (hh-hl)-(ll-lh).

What could fake a result, and what is done about it: word overlap (glosses without shared stems), register (two gloss registers,
averaged with equal weight), length and position (both forms share the sentence; arm `length` is the yardstick), fragmentation
(`subwords` is recorded), truncation (`truncated` is recorded), scale differences between models (decoys).
The background of different items shares one pool of glosses, so its interval generalises to items, not to other pools.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from freqbias.models import Embedder, Role
from freqbias.probes import Probe
from freqbias.progress import Track, chunks, silent
from freqbias.records import REGISTERS, Observation, Pair

CHUNK = 256  # texts between two moves of the progress bar
SIDES = ("high", "low")


class UnusableVectorError(ValueError):
    """A text's vector has no direction."""


class Vectors:
    """Unit vectors of the distinct texts of one role, encoded once, longest first."""

    def __init__(self, texts: Iterable[str], model: Embedder, role: Role, track: Track):
        distinct = sorted(set(texts), key=lambda text: (-len(text), text))
        self._index = {text: i for i, text in enumerate(distinct)}
        slices = list(chunks(distinct, CHUNK))
        parts = [model.encode(part, role=role) for part in track(slices, f"{model.info.name}: encode {role} texts", len(slices))]
        vectors = np.concatenate(parts) if parts else np.empty((0, 1), dtype=np.float32)
        norms = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
        self._usable = (np.isfinite(norms) & (norms > 0))[:, 0]
        self._unit = vectors / np.where(self._usable[:, None], norms, 1)

    def __getitem__(self, text: str) -> NDArray[np.float64]:
        """Return one unit vector; `UnusableVectorError` when the model gave zeros or non-finite numbers."""
        i = self._index[text]
        if not self._usable[i]:
            raise UnusableVectorError(f"the model's vector of a text is zero or not finite: {text[:60]!r}")
        return np.asarray(self._unit[i], dtype=np.float64)

    def mean(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the mean of unit vectors; its dot product with a unit vector is the mean cosine."""
        return np.asarray(np.mean([self[text] for text in texts], axis=0))


@dataclass(frozen=True)
class Background:
    """Sum of all items' mean gloss vectors, from which one item's own part can be taken out."""

    total: NDArray[np.float64]
    own: dict[str, NDArray[np.float64]]

    def without(self, item: str) -> NDArray[np.float64]:
        """Return the mean gloss vector of the other items."""
        others = len(self.own) - (item in self.own)
        return (self.total - self.own.get(item, 0.0)) / others


def glosses(pair: Pair) -> list[str]:
    """Return all gloss queries of a pair."""
    return [text for register in REGISTERS for text in pair.queries.get(f"gloss_{register}", [])]


def run(pairs: Sequence[Pair], model: Embedder, *, track: Track = silent) -> Iterator[Observation]:
    """Yield the rows of every pair; see the module's docstring."""
    documents = Vectors((text for pair in pairs for text in _documents(pair)), model, "document", track)
    queries = Vectors((text for pair in pairs for text in _queries(pair)), model, "query", track)
    background = _background(pairs, queries)
    counts = _token_covariates(pairs, model)
    for pair in pairs:
        for contrast, register, values in _rows(pair, documents, queries, background):
            yield Observation(
                pair_id=pair.id,
                item=pair.item,
                arm=pair.arm,
                probe="similarity",
                measure="cosine",
                contrast=contrast,
                register=register,
                model=model.info.name,
                revision=model.info.revision or model.info.fingerprint,
                covariates=counts[pair.id],
                **values,
            )


Values = dict[str, Any]
Row = tuple[str, str | None, Values]


def _rows(pair: Pair, documents: Vectors, queries: Vectors, background: Background | None) -> Iterator[Row]:
    """Yield (contrast, register, fields of the row) for what this pair allows."""
    wanted: list[tuple[str, str | None, list[str]]] = [
        ("gloss", register, pair.queries[f"gloss_{register}"]) for register in REGISTERS if pair.queries.get(f"gloss_{register}")
    ]
    if pair.queries.get("neutral"):
        wanted.append(("neutral", None, pair.queries["neutral"]))
    for contrast, register, texts in wanted:
        yield contrast, register, _attempt(partial(_against, pair, documents, queries, texts))
    if background is not None and set(background.own) != {pair.item}:
        yield "background", None, _attempt(partial(_both_sides, pair, documents, background.without(pair.item)))
    if {"naming_high", "naming_low"} <= pair.queries.keys():
        yield "crossed", None, _attempt(partial(_cells, pair, documents, queries))


def _attempt(measure: Callable[[], Values]) -> Values:
    """Return what `measure` gives, or the `error` field that says why it could not."""
    try:
        return measure()
    except UnusableVectorError as error:
        return {"error": str(error)}


def _both_sides(pair: Pair, documents: Vectors, query: NDArray[np.float64]) -> Values:
    values: Values = {side: float(documents[getattr(pair, side)] @ query) for side in SIDES}
    if pair.decoys:
        values["decoys"] = {side: float(documents[text] @ query) for side, text in pair.decoys.items()}
    return values


def _against(pair: Pair, documents: Vectors, queries: Vectors, texts: list[str]) -> Values:
    return _both_sides(pair, documents, queries.mean(texts))


def _cells(pair: Pair, documents: Vectors, queries: Vectors) -> Values:
    cells = {
        f"{asked[0]}{shown[0]}": float(queries[pair.queries[f"naming_{asked}"]] @ documents[getattr(pair, shown)])
        for asked in SIDES
        for shown in SIDES
    }
    return {"cells": cells}


def _documents(pair: Pair) -> list[str]:
    return [pair.high, pair.low, *pair.decoys.values()]


def _queries(pair: Pair) -> list[str]:
    naming = [pair.queries[name] for name in ("naming_high", "naming_low") if name in pair.queries]
    return [*glosses(pair), *pair.queries.get("neutral", []), *naming]


def _background(pairs: Sequence[Pair], queries: Vectors) -> Background | None:
    texts = {pair.item: glosses(pair) for pair in pairs if glosses(pair)}
    own = {}
    for item, own_texts in texts.items():
        try:
            own[item] = queries.mean(own_texts)
        except UnusableVectorError:  # this item's own gloss rows carry the error
            continue
    return Background(np.sum(list(own.values()), axis=0), own) if own else None


def _token_covariates(pairs: Sequence[Pair], model: Embedder) -> dict[str, dict[str, list[int]]]:
    texts = [getattr(pair, side) for pair in pairs for side in SIDES]
    counts = model.token_counts(texts)
    if counts is None:
        return {pair.id: {} for pair in pairs}
    limit = model.max_tokens
    special = 2  # CLS and SEP; a text is cut when its subwords and these exceed the window
    cut = [int(limit is not None and count + special > limit) for count in counts]
    return {pair.id: {"subwords": counts[2 * k : 2 * k + 2], "truncated": cut[2 * k : 2 * k + 2]} for k, pair in enumerate(pairs)}


probe = Probe(
    name="similarity",
    needs="embedder",
    summary="cosine of the high and the low document with glosses, other items' glosses, neutral and naming queries",
    run=run,
)
