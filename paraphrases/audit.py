"""The audit: what differs between the two forms of anyone's pairs besides frequency."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from freqbias.frequency import content_words, content_zipf, mean_zipf
from freqbias.records import ARMS, Pair
from numpy.typing import NDArray
from scipy import stats

PRESENT_DZ = 0.2  # a small effect in Cohen's terms; below it a rival cannot carry much

Measure = Callable[[str, str], float | None]

COVARIATES: dict[str, Measure] = {
    "words": lambda text, language: len(text.split()),
    "characters": lambda text, language: len(text),
    "content_words": lambda text, language: len(content_words(text, language)),
    "mean_zipf": mean_zipf,
    "content_zipf": content_zipf,
}


def audit(pairs: Iterable[Pair]) -> dict[str, Any]:
    """Return the audit as a JSON-ready dictionary: `n_pairs`, `covariates`, `verdicts`, and the same per arm under `arms`.

    Per covariate: mean of both sides, paired dz = mean(high - low) / sd(high - low) with its 95 % interval (normal approximation
    with variance 1/n + dz²/2n, Goulet-Pelletier & Cousineau 2018), and the AUC for telling high from low (.5: cannot be told).
    Verdicts judge the frequency arm and, where they say so, the controls.
    """
    by_arm: dict[str, list[Pair]] = {}
    for pair in pairs:
        by_arm.setdefault(pair.arm, []).append(pair)
    arms = {arm: _arm(by_arm[arm]) for arm in ARMS if arm in by_arm}
    top = arms.get("frequency", {"n_pairs": 0, "covariates": {}})
    return {**top, "verdicts": _verdicts(top), "arms": arms}


def _arm(pairs: list[Pair]) -> dict[str, Any]:
    names = [*COVARIATES, *sorted({name for pair in pairs for name in pair.covariates} - set(COVARIATES))]
    rows = {name: _covariate([_sides(pair, name) for pair in pairs]) for name in names}
    return {"n_pairs": len(pairs), "covariates": {name: row for name, row in rows.items() if row is not None}}


def _sides(pair: Pair, name: str) -> tuple[float | None, float | None]:
    if name in COVARIATES:
        measure = COVARIATES[name]
        return measure(pair.high, pair.language), measure(pair.low, pair.language)
    high, low = pair.covariates.get(name, (None, None))
    return high, low


def _covariate(sides: list[tuple[float | None, float | None]]) -> dict[str, float | None] | None:
    known = np.array([row for row in sides if None not in row], dtype=float)
    if not len(known):
        return None
    high, low = known[:, 0], known[:, 1]
    effect = paired_dz(high - low)
    half = 1.96 * float(np.sqrt(1 / len(known) + effect**2 / (2 * len(known)))) if effect is not None else None
    return {
        "high_mean": float(high.mean()),
        "low_mean": float(low.mean()),
        "dz": effect,
        "dz_low": None if effect is None or half is None else effect - half,
        "dz_high": None if effect is None or half is None else effect + half,
        "auc": float(stats.mannwhitneyu(high, low).statistic / (len(high) * len(low))),
    }


def paired_dz(differences: NDArray[np.float64]) -> float | None:
    """Return mean / standard deviation of paired differences; 0 when all are zero, None when all are equal otherwise or n < 2."""
    if not differences.any():
        return 0.0
    spread = float(np.std(differences, ddof=1)) if len(differences) > 1 else 0.0
    return float(differences.mean() / spread) if spread > 0 else None


def _verdicts(arm: Mapping[str, Any]) -> list[dict[str, str]]:
    covariates = arm["covariates"]
    if not covariates:
        return [{"code": "frequency_gap", "level": "absent", "message": "no pairs in arm frequency"}]
    found = [_frequency_gap(covariates["content_zipf"])] if "content_zipf" in covariates else []
    frequency = covariates.get("content_zipf", {}).get("dz")
    for name in ("words", "characters"):
        found += _length(name, covariates[name]["dz"], frequency)
    return found


def _frequency_gap(row: Mapping[str, float | None]) -> dict[str, str]:
    size = row["dz"]
    text = f"content words of the high forms are {row['high_mean']:.2f}, of the low forms {row['low_mean']:.2f} Zipf"
    if size is None or abs(size) >= PRESENT_DZ:
        level = "backwards" if (row["high_mean"] or 0) < (row["low_mean"] or 0) else "present"
        return {"code": "frequency_gap", "level": level, "message": text}
    return {"code": "frequency_gap", "level": "negligible", "message": f"{text}: too near each other to learn from"}


def _length(name: str, size: float | None, frequency: float | None) -> list[dict[str, str]]:
    if size is None or abs(size) < PRESENT_DZ:
        return []
    longer = "longer" if size > 0 else "shorter"
    level = "dominant" if frequency is not None and abs(size) > abs(frequency) else "present"
    message = f"high forms are {longer} in {name} (dz {size:+.2f}); an effect may go with length"
    return [{"code": "length_confound", "level": level, "message": message}]
