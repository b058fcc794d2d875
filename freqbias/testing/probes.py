"""Check of a probe: its rows, what it makes of a model that fails, and whether it finds an effect where one was planted."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from freqbias.analysis import estimate, frame
from freqbias.judgement import Judgements
from freqbias.models.relevance import as_scorer
from freqbias.probes import Probe
from freqbias.probes.runner import Measurement
from freqbias.progress import silent
from freqbias.records import Estimate, Observation, Pair
from freqbias.terms import FREQUENCY
from freqbias.testing.expect import as_assertion, finite, require
from freqbias.testing.planted import AFTER, FREQUENT, PULL, CrowdedEmbedder, PlantedLanguageModel

N_PAIRS = 40  # of the frequency arm: enough to see what is planted, in seconds
HIGH = 1.0  # of a gloss's direction in a frequent document of the planted model: more than chance could bring
PARTS = (1, 7)  # pairs at a time, beside all at once
ALPHA_PLANTED, ALPHA_NULL = 0.01, 0.001  # p below the first is an effect found, above the second none where there is none
RESAMPLES = 1999
DIGITS = 6  # of a number that may depend on the order of summation

Key = tuple[str, str, str, str | None]


def made_up_pairs() -> list[Pair]:
    """Return pairs of all arms with queries and decoys, the same every time."""
    from freqbias.paraphrases.lexicon import generate

    return generate(n=N_PAIRS, seed=0)


def check_probe(
    probe: Probe, pairs: Sequence[Pair] | None = None, *, sign: int = 1, planted: Any | None = None, null: Any | None = None
) -> None:
    """Raise `AssertionError` unless a probe keeps what `Probe` promises, on `pairs` (made-up ones else).

    Rows bear its name, hold a value or an error, and come once for each pair, measure, contrast and register; they are the same whatever
    pairs are measured with them and in whatever order; what a model cannot answer is an error in a row. What the probe is judged by is an
    effect of `sign` in the model `planted`, and none in `null`; these are models of `freqbias.testing` unless others are given, such as
    ones with an effect that only this probe can see.
    """
    pairs = list(made_up_pairs() if pairs is None else pairs)
    require(isinstance(probe, Probe), f"a {type(probe).__name__} is not a freqbias.probes.Probe")
    strong, flat = _models(probe, pairs)
    strong, flat = (strong if planted is None else planted), (flat if null is None else null)
    rows = _rows(probe, pairs, strong, len(pairs))
    _check_rows(probe, pairs, rows)
    _check_independence(probe, pairs, strong, rows)
    _check_errors(probe, pairs, strong, rows)
    found = _judged(probe, pairs, rows)
    told = finite(found.p_value) and float(found.p_value or 0) < ALPHA_PLANTED
    require(told, f"probe '{probe.name}' does not find what is planted: {_said(found)}")
    right = float(found.value or 0) * sign > 0
    require(right, f"probe '{probe.name}' finds what is planted with the wrong sign: {_said(found)}, expected {'+' if sign > 0 else '-'}")
    none = _judged(probe, pairs, _rows(probe, pairs, flat, len(pairs)))
    quiet = not finite(none.p_value) or float(none.p_value or 0) > ALPHA_NULL
    require(quiet, f"probe '{probe.name}' finds an effect in a model that has none: {_said(none)}")


def _models(probe: Probe, pairs: Sequence[Pair]) -> tuple[Any, Any]:
    """Return a model in which frequency matters to all that one can be asked, and the same without."""
    if probe.needs == "language_model":
        return PlantedLanguageModel(slope=FREQUENT, after=AFTER), PlantedLanguageModel()
    return CrowdedEmbedder(pairs, high=HIGH, pull=PULL), CrowdedEmbedder(pairs)


def _rows(probe: Probe, pairs: Sequence[Pair], model: Any, size: int) -> list[Observation]:
    ready = model if probe.needs == "language_model" else as_scorer(model)
    with as_assertion(f"probe '{probe.name}'"):
        measurement = Measurement(probe, pairs, ready, silent)
        return [row for start in range(0, len(pairs), size) for row in measurement.rows(pairs[start : start + size])]


def _key(row: Observation) -> Key:
    return (row.pair_id, row.measure, row.contrast, row.register)


def _check_rows(probe: Probe, pairs: Sequence[Pair], rows: Sequence[Observation]) -> None:
    require(
        bool(rows), f"probe '{probe.name}' wrote no row for {len(pairs)} pairs" + (f"; it wants {probe.wants}" if probe.wants else "")
    )
    known = {pair.id: pair for pair in pairs}
    for row in rows:
        what = f"probe '{probe.name}': row {row.contrast} of pair '{row.pair_id}'"
        require(row.probe == probe.name, f"{what} is of probe '{row.probe}'")
        require(row.pair_id in known, f"{what} is of no pair that it was given")
        pair = known[row.pair_id]
        require((row.item, row.arm) == (pair.item, pair.arm), f"{what} has item or arm of another pair; copy pair.item and pair.arm")
        with as_assertion(what):
            row.check()


def _check_independence(probe: Probe, pairs: Sequence[Pair], model: Any, rows: Sequence[Observation]) -> None:
    expected = _numbers(rows)
    for size in PARTS:
        same = _numbers(_rows(probe, pairs, model, size)) == expected
        require(same, f"probe '{probe.name}': rows of a pair depend on how many are measured at once ({size} or {len(pairs)})")
    same = _numbers(_rows(probe, pairs[::-1], model, len(pairs))) == expected
    require(same, f"probe '{probe.name}': rows of a pair depend on the order of pairs")


def _numbers(rows: Iterable[Observation]) -> dict[Key, Any]:
    """Return what rows say by what they are of, without the last digits."""
    return {_key(row): _rounded([row.high, row.low, row.cells, row.decoys, row.error, row.covariates]) for row in rows}


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(part) for part in value]
    return round(float(value), DIGITS) + 0.0 if isinstance(value, float) else value


class _Silent:
    """A model that has no number for one text, and is another one else."""

    def __init__(self, model: Any, text: str):
        self._model = model
        self._text = text

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def encode(self, texts: Sequence[str], *, role: str) -> Any:
        vectors = np.array(self._model.encode(texts, role=role))
        vectors[[text == self._text for text in texts]] = np.nan
        return vectors

    def log_probs(self, texts: Sequence[str]) -> Any:
        return [row * np.nan if self._text in text else row for row, text in zip(self._model.log_probs(texts), texts, strict=True)]

    def continuation_log_probs(self, contexts: Sequence[str], continuations: Sequence[str]) -> Any:
        values = np.array(self._model.continuation_log_probs(contexts, continuations))
        values[[self._text in a + b for a, b in zip(contexts, continuations, strict=True)]] = np.nan
        return values

    def choices(self, context: str, options: Sequence[str]) -> Any:
        return self.continuation_log_probs([context] * len(options), options)


def _check_errors(probe: Probe, pairs: Sequence[Pair], model: Any, rows: Sequence[Observation]) -> None:
    """Check what becomes of a text that the model has no number for."""
    if not hasattr(model, "encode" if probe.needs != "language_model" else "log_probs"):
        return  # a scorer of somebody's own, which cannot be made to fail from outside
    measured = {row.pair_id for row in rows}
    pair = next(pair for pair in pairs if pair.id in measured)
    failed = _rows(probe, pairs, _Silent(model, pair.high), len(pairs))
    _check_rows(probe, pairs, failed)
    require(
        set(map(_key, failed)) == set(map(_key, rows)), f"probe '{probe.name}' leaves rows out where the model has no number for a text"
    )
    told = any(row.error is not None for row in failed if row.pair_id == pair.id)
    require(told, f"probe '{probe.name}': no row of a pair has an error, though the model had no number for its high form")


def _judged(probe: Probe, pairs: Sequence[Pair], rows: Sequence[Observation]) -> Estimate:
    """Return the estimate that the verdict rests on."""
    judgements = Judgements({probe.name: probe.judgement})
    with as_assertion(f"probe '{probe.name}'"):
        estimates = estimate(frame(rows), pairs, resamples=RESAMPLES, curve=False, judgements=judgements)
    own = probe.judgement
    found = [row for row in estimates if (row.arm, row.term) == (FREQUENCY, "mean") and own.judges(row.contrast, row.measure)]
    known = ", ".join(sorted({f"{row.contrast} in {row.measure}" for row in rows}))
    wanted = f"contrast '{own.contrast}'" + (f" in '{own.measure}'" if own.measure else "")
    require(bool(found), f"probe '{probe.name}' is judged by {wanted}, which none of its rows has; they have: {known}")
    return found[0]


def _said(row: Estimate) -> str:
    p = "none" if row.p_value is None else f"{row.p_value:.2g}"
    value = "none" if row.value is None else f"{row.value:+.3g}"
    return f"{row.contrast} {value}, p {p}, {row.n_items} items"
