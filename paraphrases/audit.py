"""The audit: what differs between the two forms of anyone's pairs besides frequency, in numbers and in words."""

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from freqbias.covariates import covariates, edit_distance, frequency_gaps, in_phrasing, token_overlap
from freqbias.errors import InputError
from freqbias.frequency import stop_words
from freqbias.matching import constant, match, paired_dz
from freqbias.paraphrases.editing import authors_own, mostly_own
from freqbias.paraphrases.questions import asked_with
from freqbias.progress import Track, silent
from freqbias.records import Pair
from freqbias.terms import ARMS, FREQUENCY, HIGH, IN_EVERY_PAIR, LOW, PHRASING, SWAPPED_WORDS, WHOLE_TEXT

PRESENT_DZ = 0.2  # a small effect in Cohen's terms; below it a rival cannot carry much
RANKED_DIGITS = 9  # significant; what differs in later ones is rounding, and tied
FREQUENCIES = ("mean_zipf", "content_zipf", "min_zipf", "geo_mean_prob")  # what the pairs are about, and so no confound
LENGTHS = ("words", "characters")
NAMED = 3  # of what a verdict counts
SHOWN_CHARACTERS = 60  # of a text
OUTLIER_SDS = 5  # of the words gap; beyond it one pair can move a mean
Covariates = Mapping[str, tuple[float | None, float | None]]
Columns = Mapping[str, NDArray[np.float64]]
#: Counts subwords of texts; None where a model has no tokenizer.
CountTokens = Callable[[Sequence[str]], list[int] | None]
#: Similarity of the two forms of each pair, 1 for the same meaning.
Similarity = Callable[[Sequence[Pair]], NDArray[np.float64]]


def audit(
    pairs: Iterable[Pair], *, count_tokens: CountTokens | None = None, similarity: Similarity | None = None, track: Track = silent
) -> dict[str, Any]:
    """Return the audit as a JSON-ready dictionary.

    `n_pairs`, `covariates`, `between` and `matched` describe arm `frequency`; `arms` holds the same for every arm. Per covariate: the
    means of both sides, the paired dz = mean(high - low) / sd(high - low) with its 95 % interval (normal approximation with variance
    1/n + dz²/2n, Goulet-Pelletier & Cousineau 2018), and the AUC for telling high from low (.5: cannot be told). Where every pair has one
    and the same difference, that is `in_every_pair`, and dz is null for being infinite: the strongest confound of all. `between` holds
    means of what two forms have in common. `matched` is what remains in the largest subset that is level in `words` and `characters`.
    `zipf_gap` holds what the dose is measured on (`of`: the swapped words or the whole texts, never both; null: the numbers that the
    pairs brought), its mean and how many pairs say what (`covariates.common_definition`). `count_tokens` adds `subwords`, `similarity`
    adds `similarity`.
    """
    by_arm: dict[str, list[Pair]] = {}
    rows: dict[str, list[Covariates]] = {}
    known = list(pairs)
    for pair in track(known, "audit", len(known), unit="pairs"):
        by_arm.setdefault(pair.arm, []).append(pair)
        rows.setdefault(pair.arm, []).append(covariates(pair))
    arms = {arm: _arm(by_arm[arm], rows[arm], count_tokens, similarity) for arm in ARMS if arm in by_arm}
    top = arms.get(FREQUENCY, {"n_pairs": 0, "covariates": {}, "between": {}, "matched": None})
    verdicts = _verdicts(top, by_arm.get(FREQUENCY, []))
    return {**top, "verdicts": verdicts, "arms": arms}


def _arm(pairs: list[Pair], rows: list[Covariates], count_tokens: CountTokens | None, similarity: Similarity | None) -> dict[str, Any]:
    columns = _columns(rows)
    counts = None if count_tokens is None else count_tokens([text for pair in pairs for text in (pair.high, pair.low)])
    if counts is not None:
        columns["subwords"] = np.array(counts, dtype=float).reshape(-1, 2)
    overlap = np.array([token_overlap(pair.high, pair.low, pair.language) for pair in pairs], dtype=float)
    between = {
        "token_overlap": _mean(overlap),
        "edit_distance": _mean(np.array([edit_distance(pair.high, pair.low) for pair in pairs])),
    }
    if similarity is not None:
        between["similarity"] = _mean(similarity(pairs))
    summaries = {name: _covariate(sides) for name, sides in columns.items()}
    return {
        "n_pairs": len(pairs),
        "covariates": {name: row for name, row in summaries.items() if row is not None},
        "between": between,
        "zipf_gap": _dose(pairs),
        "matched": _matched(columns),
    }


def _dose(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Return mean and definition of the frequency gap, and how many pairs have a gap of each kind."""
    values, of, gaps = frequency_gaps(pairs)
    kinds = [gap.of for gap in gaps if gap.value is not None]
    counts = {f"n_{name}": kinds.count(kind) for name, kind in (("swap", SWAPPED_WORDS), ("text", WHOLE_TEXT), ("given", None))}
    return {"of": of, "mean": _mean(np.array(values, dtype=float)), **counts}


def _columns(rows: Sequence[Covariates]) -> dict[str, NDArray[np.float64]]:
    """Return an array (n, 2) of high and low per covariate, NaN where a pair has none."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: np.array([row.get(name, (None, None)) for row in rows], dtype=float) for name in names}


def _mean(values: NDArray[np.float64]) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None


def _covariate(sides: NDArray[np.float64]) -> dict[str, float | int | None] | None:
    known = sides[np.isfinite(sides).all(axis=1)]
    if not len(known):
        return None
    high, low = known[:, 0], known[:, 1]
    effect = paired_dz(high - low)
    same = {IN_EVERY_PAIR: float((high - low).mean())} if constant(high - low) else {}
    half = None if effect is None else 1.96 * float(np.sqrt(1 / len(known) + effect**2 / (2 * len(known))))
    return {
        "high_mean": float(high.mean()),
        "low_mean": float(low.mean()),
        "dz": effect,
        "dz_low": None if effect is None or half is None else effect - half,
        "dz_high": None if effect is None or half is None else effect + half,
        "auc": _auc(high, low),
        "n_missing": len(sides) - len(known),
        **same,
    }


def _auc(high: NDArray[np.float64], low: NDArray[np.float64]) -> float:
    """Return the share of couples of a high and a low form in which the high one is larger; ties, up to rounding, count one half."""
    sides = [np.array([float(f"{value:.{RANKED_DIGITS}g}") for value in side]) for side in (high, low)]
    return float(stats.mannwhitneyu(*sides).statistic / (len(high) * len(low)))


def _gaps(columns: Columns, name: str) -> NDArray[np.float64]:
    return np.asarray(columns[name][:, 0] - columns[name][:, 1])


def _matched(columns: Columns) -> dict[str, Any] | None:
    """Return size and frequency dz of the length-matched subset; None where none exists."""
    frequency = _gaps(columns, "content_zipf")
    try:
        keep, _ = match({name: _gaps(columns, name) for name in ("words", "characters")}, frequency)
    except InputError:
        return None
    return {"n_pairs": int(keep.sum()), "frequency_dz": paired_dz(frequency[keep])}


def _verdicts(arm: Mapping[str, Any], pairs: Sequence[Pair]) -> list[dict[str, str]]:
    rows = arm["covariates"]
    if "content_zipf" not in rows:
        return [_verdict("frequency_gap", "absent", "no pair of arm frequency has known content words on both sides")]
    frequency = rows["content_zipf"]
    found = [*_frequency_gap(frequency, pairs), *_mixed(arm["zipf_gap"]), *_no_stop_list(pairs)]
    for name in LENGTHS:
        found += _length(name, rows[name], frequency)
    found += _constants(rows)
    found += _numbers(rows["numbers_dropped"], arm["n_pairs"])
    found += _outliers(pairs)
    found += _duplicates(pairs)
    found += _texts_of_others(pairs)
    matched = arm["matched"]
    if matched is None:
        found.append(_verdict("matched", "none", "no subset of these pairs is level in words and characters"))
    elif matched["n_pairs"] < arm["n_pairs"]:
        share = f"{matched['n_pairs']} of {arm['n_pairs']} pairs are level in words and characters"
        size = "no spread" if matched["frequency_dz"] is None else f"a frequency gap of dz {matched['frequency_dz']:+.2f}"
        kept = "" if any(map(in_phrasing, pairs)) else f"; they keep {size}"
        found.append(_verdict("matched", "partial", share + kept))
    return found


def _verdict(code: str, level: str, message: str) -> dict[str, str]:
    return {"code": code, "level": level, "message": message}


def _frequency_gap(row: Mapping[str, float | None], pairs: Sequence[Pair]) -> list[dict[str, str]]:
    rephrased = sum(map(in_phrasing, pairs))
    message = (
        "pairs differ in construction: their dose is its rate (`dose`, where known), which no analysis takes for a frequency of words"
    )
    said = [_verdict("frequency_gap", PHRASING, f"{rephrased} of {len(pairs)} {message}")] if rephrased else []
    return said if rephrased == len(pairs) else [*said, _gap_of_words(row)]


def _gap_of_words(row: Mapping[str, float | None]) -> dict[str, str]:
    size = row["dz"]
    text = f"content words of the high forms have {row['high_mean']:.2f}, those of the low forms {row['low_mean']:.2f} Zipf"
    if size is not None and abs(size) < PRESENT_DZ:
        return _verdict("frequency_gap", "negligible", f"{text} (dz {size:+.2f}): too near each other to learn from")
    backwards = (row["high_mean"] or 0) < (row["low_mean"] or 0)
    return _verdict("frequency_gap", "backwards" if backwards else "present", text)


def _mixed(dose: Mapping[str, Any]) -> list[dict[str, str]]:
    """Say where the frequency gaps of some pairs are not of what those of others are."""
    named = {"n_swap": "swapped words", "n_text": "whole texts", "n_given": "what the file does not say"}
    counts = [f"of {what} in {dose[name]} pairs" for name, what in named.items() if dose[name]]
    if len(counts) < 2:
        return []
    of = {SWAPPED_WORDS: "swapped words", WHOLE_TEXT: "whole texts"}.get(dose["of"], "the file's own numbers")
    return [_verdict("zipf_gap", "mixed", f"the frequency gap is {' and '.join(counts)}; the dose is by {of} alone")]


def _no_stop_list(pairs: Sequence[Pair]) -> list[dict[str, str]]:
    languages = sorted({pair.language for pair in pairs if not stop_words(pair.language)})
    if not languages:
        return []
    message = f"no stop list for {', '.join(languages)}: content words include articles and other function words there"
    return [_verdict("stop_list", "absent", message)]


def _strength(row: Mapping[str, float | None]) -> float:
    """Return |dz|, infinite for a difference that is the same in every pair; 0 where there is nothing to tell."""
    return np.inf if row.get(IN_EVERY_PAIR) is not None else abs(row["dz"] or 0.0)


def _length(name: str, row: Mapping[str, float | None], frequency: Mapping[str, float | None]) -> list[dict[str, str]]:
    strength = _strength(row)
    if strength < PRESENT_DZ:
        return []
    size, same = row["dz"], row.get(IN_EVERY_PAIR)
    longer = "longer" if (row["high_mean"] or 0.0) > (row["low_mean"] or 0.0) else "shorter"
    how = f"dz {size:+.2f}" if same is None else f"by {abs(same):g} in every pair"
    dominant = strength > _strength(frequency) or same is not None
    message = f"high forms are {longer} in {name} ({how}); an effect may go with length"
    if dominant:
        message += " rather than with frequency"
    code = "length_confound" if name == "words" else f"length_confound_{name}"
    return [_verdict(code, "dominant" if dominant else "present", message)]


def _constants(rows: Mapping[str, Mapping[str, float | None]]) -> list[dict[str, str]]:
    """Name what differs by the same in every pair; length has a verdict of its own."""
    same = {name: value for name, row in rows.items() if (value := row.get(IN_EVERY_PAIR)) is not None}
    named = [f"{name} ({value:+.3g})" for name, value in same.items() if name not in (*FREQUENCIES, *LENGTHS, "numbers_dropped")]
    if not named:
        return []
    message = f"the same difference in every pair: {', '.join(named)}; no analysis can tell it from frequency"
    return [_verdict("constant_difference", "dominant", message)]


def _duplicates(pairs: Sequence[Pair]) -> list[dict[str, str]]:
    """Name the texts that stand under several items, which are then not independent."""
    items: dict[str, dict[str, None]] = {}
    shown: dict[str, str] = {}
    for pair in pairs:
        for text in (pair.high, pair.low):
            key = " ".join(unicodedata.normalize("NFC", text).split())
            items.setdefault(key, {})[pair.item] = None
            shown[key] = text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"
    shared = [key for key, own in items.items() if len(own) > 1]
    if not shared:
        return []
    named = "; ".join(f"'{shown[key]}' ({', '.join(list(items[key])[:NAMED])})" for key in shared[:NAMED])
    more = "; …" if len(shared) > NAMED else ""
    count = f"{len(shared)} texts stand" if len(shared) > 1 else "1 text stands"
    message = f"{count} under several items, which are counted as independent: {named}{more}"
    return [_verdict("duplicate_texts", "present", message)]


def _texts_of_others(pairs: Sequence[Pair]) -> list[dict[str, str]]:
    """Say where frequent forms are what their authors wrote, and what made questions ask with."""
    warning = mostly_own(*authors_own(pairs))
    found = [] if warning is None else [_verdict("authors_text", "present", warning)]
    return found + [_verdict("questions", "told", line) for line in asked_with(pairs)]


def _numbers(row: Mapping[str, float], n_pairs: int) -> list[dict[str, str]]:
    if not row["high_mean"] and not row["low_mean"]:
        return []
    lost = [round(row[f"{side}_mean"] * n_pairs) for side in (HIGH, LOW)]
    message = f"numbers are lost: {lost[0]} in the high forms, {lost[1]} in the low forms of {n_pairs} pairs"
    return [_verdict("numbers_dropped", "present", message)]


def _outliers(pairs: Sequence[Pair]) -> list[dict[str, str]]:
    """Name the pairs whose difference in words lies far from the others' (robust: median and MAD)."""
    gaps = np.array([len(pair.high.split()) - len(pair.low.split()) for pair in pairs], dtype=float)
    spread = stats.median_abs_deviation(gaps, scale="normal")
    far = np.flatnonzero(np.abs(gaps - np.median(gaps)) > OUTLIER_SDS * max(spread, 1.0))
    if not len(far):
        return []
    named = ", ".join(pairs[i].id for i in far[:NAMED]) + (", …" if len(far) > NAMED else "")
    return [_verdict("outliers", "present", f"{len(far)} pairs differ in words far more than the others: {named}")]
