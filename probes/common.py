"""What several probes need: rows, errors, texts of a pair, scores by text, and covariates of a document that depend on the model."""

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from freqbias.covariates import in_phrasing
from freqbias.errors import BackendError
from freqbias.frequency import content_zipf, swap, word_zipf
from freqbias.models.protocols import KnowsReasons, LanguageModel, offers
from freqbias.models.relevance import Scorer
from freqbias.probes.whole_word import whole_words
from freqbias.progress import Track
from freqbias.records import Observation, Pair
from freqbias.redact import redact
from freqbias.terms import EMPTY, FEW_ITEMS, GLOSS_RARE, HIGH, LOW, REGISTERS, SIDES

LETTERS = {"h": HIGH, "l": LOW}
TIE = 1e-9  # scores nearer than this are tied: vectors are float32, so a smaller difference is rounding

MIN_ITEMS = 6  # a t interval of fewer is wider than anything that could be seen in it


def prompt(name: str) -> str:
    """Return the text of `prompts/NAME.txt` without its last line end; a changed prompt is a new file, so that runs stay comparable."""
    return files("freqbias.probes").joinpath("prompts", f"{name}.txt").read_text(encoding="utf-8").removesuffix("\n")


def observation(
    probe: str,
    measure: str,
    pair: Pair,
    model: Any,
    contrast: str,
    values: Mapping[str, Any],
    covariates: Mapping[str, Any],
    register: str | None = None,
    asked: Sequence[str] | None = None,
    prompt: str | None = None,
) -> Observation:
    """Return one row; `values` holds `high` and `low`, or `cells`, or `error`, and where there are some `decoys`.

    To an `error` is added what the model knows of the texts that it was asked for, which are the pair's own unless `asked` names them.
    """
    if "error" in values:
        values = {**values, "error": values["error"] + _reason(model, asked or [*documents_of(pair), *queries_of(pair)])}
    return Observation(
        pair_id=pair.id,
        item=pair.item,
        arm=pair.arm,
        probe=probe,
        measure=measure,
        contrast=contrast,
        register=register,
        prompt=prompt,
        model=model.info.name,
        revision=model.info.revision or model.info.fingerprint,
        covariates=covariates,
        **values,
    )


def unscorable(values: Mapping[str, float]) -> dict[str, str]:
    """Return the `error` field of a row when a value, named by its text or cell, is not a number; else nothing."""
    for name, value in values.items():
        if not math.isfinite(value):
            return {"error": f"the model gives no finite score for {name[:60]!r}"}
    return {}


def _reason(model: Any, texts: Sequence[str]) -> str:
    """Return ` ('TEXT': REASON)` of the first of the texts that the model knows a reason for (its `errors`); empty without one."""
    errors = model.errors if offers(model, KnowsReasons) else {}
    return next((f" ({text[:60]!r}: {redact(errors[text])})" for text in texts if text in errors), "")


def document_covariates(pairs: Sequence[Pair], model: Scorer) -> dict[str, dict[str, list[int]]]:
    """Return `subwords`, `truncated` and `whole_word` of both forms by pair id; empty where the model has no tokenizer to ask."""
    counts = model.token_counts([getattr(pair, side) for pair in pairs for side in SIDES])
    if counts is None:
        return {pair.id: {} for pair in pairs}
    if len(counts) != len(SIDES) * len(pairs):
        raise BackendError(f"{model.info.name}: token_counts returned {len(counts)} numbers for {len(SIDES) * len(pairs)} texts")
    limit = model.max_tokens
    cut = [int(limit is not None and count > limit) for count in counts]
    whole = whole_words(pairs, model.token_counts, model.info.name)
    return {
        pair.id: {"subwords": counts[2 * k : 2 * k + 2], "truncated": cut[2 * k : 2 * k + 2], **whole[pair.id]}
        for k, pair in enumerate(pairs)
    }


def form_covariates(pairs: Sequence[Pair], model: LanguageModel) -> dict[str, dict[str, list[int]]]:
    """Return `subwords` and `whole_word` of both forms by pair id, of a language model; empty where it has no tokenizer to ask."""
    counts = model.token_counts([getattr(pair, side) for pair in pairs for side in SIDES])
    if counts is None:
        return {pair.id: {} for pair in pairs}
    whole = whole_words(pairs, model.token_counts, model.info.name)
    return {pair.id: {"subwords": counts[2 * k : 2 * k + 2], **whole[pair.id]} for k, pair in enumerate(pairs)}


def gloss_queries(pair: Pair) -> dict[str, list[str]]:
    """Return the gloss queries of a pair by register; registers without one are absent."""
    return {register: texts for register in REGISTERS if (texts := pair.queries.get(f"gloss_{register}"))}


def documents_of(pair: Pair) -> list[str]:
    """Return both forms and the decoys of a pair."""
    return [pair.high, pair.low, *pair.decoys.values()]


def naming_queries(pair: Pair) -> dict[str, str]:
    """Return the queries that name the item, by side; empty unless there are both."""
    names = {side: pair.queries.get(f"naming_{side}") for side in SIDES}
    return {side: text for side, text in names.items() if text} if all(names.values()) else {}


def queries_of(pair: Pair) -> list[str]:
    """Return every query of a pair, whatever it is for."""
    glosses = [text for texts in gloss_queries(pair).values() for text in texts]
    listed = [text for name in ("neutral", GLOSS_RARE, "relevant") for text in pair.queries.get(name, [])]
    return [*glosses, *listed, *naming_queries(pair).values()]


def encode_all(pairs: Iterable[Pair], model: Scorer, track: Track) -> None:
    """Prepare the model for every text of the pairs; the same texts for every probe, so that corpus statistics (IDF) agree."""
    model.prepare(_each(pairs, queries_of), _each(pairs, documents_of), track)


def _each(pairs: Iterable[Pair], texts: Callable[[Pair], list[str]]) -> Iterator[str]:
    return (text for pair in pairs for text in texts(pair))


def couple_scores(model: Scorer, couples: Iterable[tuple[str, str]]) -> dict[tuple[str, str], float]:
    """Return the relevance of every distinct (query, document), from one call of the model."""
    distinct = sorted(set(couples))
    values = model.scores([query for query, _ in distinct], [document for _, document in distinct])
    return dict(zip(distinct, values.tolist(), strict=True))


def mean_of(values: Sequence[float]) -> float:
    """Return the mean of some numbers as numpy gives it; of one or two, as most are, without its cost."""
    if len(values) == 1:
        return values[0]
    return (values[0] + values[1]) / 2 if len(values) == 2 else float(np.mean(values))


def swapped_zipf(pair: Pair) -> tuple[float | None, float | None]:
    """Return the mean Zipf value of the words that differ, high side first; of all content words where no known word differs.

    None twice where the forms differ in construction: what moved there is not what makes one of them rare.
    """
    if in_phrasing(pair):
        return None, None
    found = swap(pair.high, pair.low, pair.language)
    means = [_mean_zipf(words, pair.language) for words in (found.high, found.low)]
    if None in means:
        means = [content_zipf(text, pair.language) for text in (pair.high, pair.low)]
    return means[0], means[1]


def _mean_zipf(words: Sequence[str], language: str) -> float | None:
    known = [value for word in words if (value := word_zipf(word, language)) is not None]
    return float(np.mean(known)) if known else None


def text_hash(*texts: str) -> int:
    """Return a number below 2**63 that depends on the texts alone: an order that is random and the same every time."""
    return int.from_bytes(hashlib.sha256("\0".join(texts).encode()).digest()[:8], "big") >> 1


def mean_over_items(values: NDArray[np.float64], items: NDArray[Any]) -> dict[str, Any]:
    """Return the fields of an `Estimate` for the mean of item means with its t interval; no value without items, no interval of a few."""
    names, where = np.unique(items, return_inverse=True)
    if not len(names):
        return {"value": None, "flags": [EMPTY]}
    means = np.bincount(where, values) / np.bincount(where)
    found: dict[str, Any] = {"value": float(means.mean()), "n_items": len(names)}
    if len(names) < MIN_ITEMS:
        found["flags"] = [FEW_ITEMS]
    else:
        from scipy import stats

        error = float(means.std(ddof=1)) / math.sqrt(len(names))
        half = float(stats.t.ppf(0.975, len(names) - 1)) * error
        found |= {"std_error": error, "ci_low": found["value"] - half, "ci_high": found["value"] + half}
    return found
