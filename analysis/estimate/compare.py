"""Two runs over the same pairs: what changed, paired on items.

Both runs must hold the same pairs with the same texts; otherwise a difference could come from the texts, and the comparison is refused.
"""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from freqbias.analysis.estimate.estimates import sesoi
from freqbias.analysis.estimate.families import repeated
from freqbias.analysis.estimate.model_pairing import Couple, coupled
from freqbias.analysis.estimate.run_differences import NATURAL, Both
from freqbias.analysis.stats.resampling import benjamini_hochberg
from freqbias.analysis.table import belonging
from freqbias.analysis.table.contrasts import pair_gaps
from freqbias.analysis.table.frame import frame
from freqbias.analysis.table.judged import judgements_of, settled_in
from freqbias.compression import in_folder
from freqbias.errors import InputError
from freqbias.files import read_pairs
from freqbias.holdout import open_items
from freqbias.judgement import Judgements
from freqbias.records import Estimate, Pair
from freqbias.terms import COLLECTION, COMPARED, FREQUENCY, HIGH, LOW, OBSERVATIONS_FILE, OF_LEVEL, OF_MARGIN, RUN_TERMS

log = logging.getLogger(__name__)

_TEXTS = ("item", "arm", "language", HIGH, LOW, "context")
_SERIES = ["measure", "contrast"]
_PAIR = [*_SERIES, "arm", "item", "pair_id"]
_VALUES = ["gap", OF_LEVEL, OF_MARGIN]
Folder = str | os.PathLike[str]


class OtherPairsError(InputError):
    """Two runs hold different pairs, or measured nothing that both did."""


def compare(first: Folder, second: Folder, *, a: Sequence[str] = (), b: Sequence[str] = (), seed: int = 0) -> list[Estimate]:
    """Return second - first for every model x probe x measure x contrast x arm that both run folders hold, in the measure's unit.

    `a` names models of the first run and `b`, in the same order, what each is held against in the second; without them models of one name
    are, and the only ones of a probe (see `coupled`). Term `run_difference` is the gap's change; of the contrast that a probe is judged
    by also how much more it changed than the placebo did (arm `frequency-placebo`), `run_relative` (gap ÷ margin) and `run_quality`
    (see `Both`). What the sentences of a comparison rest on is in the family `compared`, with adjusted p-values. Pairs that failed in one
    run are left out of both and counted in `n_failed`; `extra` holds both runs' means and model names. Raises `InputError` where the
    runs' pairs differ, saying how, where observations do not belong to their pairs (see `belonging.check`), and where the runs share
    nothing, or judge a probe by different things.
    """
    names = (str(first), str(second))
    pairs = [{pair.id: pair for pair in read_pairs(folder)} for folder in (first, second)]
    _refuse_other_pairs(pairs[0], pairs[1], names)
    sides, known = zip(*(_gaps(folder, own) for folder, own in zip((first, second), pairs, strict=True)), strict=True)
    couples = coupled(_models(sides[0]), _models(sides[1]), a, b, names)
    _refuse_other_judgements({probe for probe, *_ in couples}, known)
    bounds = [sesoi(side, own) for side, own in zip(sides, known, strict=True)]
    made = [row for couple in couples for both in _series(sides, couple, known[0], bounds, seed) for row in both.estimates()]
    _say_what_is_left_out(sides[0], sides[1], made, names)
    if not made:
        raise OtherPairsError(
            f"the runs have no model, probe and contrast in common: {_held(sides[0])} against {_held(sides[1])}; compare runs that do"
        )
    return _with_family(made, known[0])


def _series(
    sides: Sequence[pd.DataFrame],
    couple: Couple,
    judgements: Judgements,
    bounds: Sequence[Mapping[tuple[str, str, str], float]],
    seed: int,
) -> Iterator[Both]:
    """Yield the rows of two models in one probe, a measure and contrast at a time."""
    probe, *models = couple
    for (measure, contrast), rows in _joined(sides[0], sides[1], couple).groupby(_SERIES, sort=True):
        yield Both(
            models=(models[0], models[1]),
            probe=probe,
            measure=str(measure),
            contrast=str(contrast),
            rows=rows,
            judgement=judgements[probe],
            bound=_smaller([own.get((model, probe, str(measure))) for own, model in zip(bounds, models, strict=True)]),
            seed=seed,
        )


def _gaps(folder: Folder, pairs: Mapping[str, Pair]) -> tuple[pd.DataFrame, Judgements]:
    """Return the gaps of a run with their `level`, the mean of both forms, and what its probes are judged by."""
    observations = frame(folder)
    known = settled_in(observations, judgements_of(folder))
    belonging.check_records(observations, pairs, str(in_folder(Path(folder), OBSERVATIONS_FILE)), known)
    items = open_items(folder, pairs.values())  # a half that is kept out is kept out of this too
    gaps = pair_gaps(observations if items is None else observations[observations["item"].isin(items)], known)
    return gaps.assign(level=(gaps[HIGH] + gaps[LOW]) / 2), known


def _models(gaps: pd.DataFrame) -> dict[str, list[str]]:
    return {str(probe): sorted(map(str, set(own))) for probe, own in gaps.groupby("probe")["model"]}


def _smaller(bounds: Sequence[float | None]) -> float | None:
    """Return the smaller of both runs' bounds, None where one is missing: the other's might be too wide for it."""
    known = [bound for bound in bounds if bound is not None]
    return min(known) if len(known) == len(bounds) else None


def _with_family(made: Sequence[Estimate], judgements: Judgements) -> list[Estimate]:
    """Return the rows with one family of what sentences rest on, adjusted by Benjamini-Hochberg; a number of two names is one test."""
    rows = [row.replace(family=COMPARED if _is_headline(row, judgements) else None) for row in made]
    same = repeated(rows, judgements)
    rows = [row.replace(family=None) if place in same else row for place, row in enumerate(rows)]
    members = [place for place, row in enumerate(rows) if row.family is not None]
    if not members:
        return rows
    adjusted = benjamini_hochberg(np.array([rows[place].p_value for place in members], dtype=float))
    for place, p_value in zip(members, adjusted, strict=True):
        rows[place] = rows[place].replace(p_adjusted=float(p_value))
    return rows


def _is_headline(row: Estimate, judgements: Judgements) -> bool:
    own = judgements[row.probe]
    told = own.judges(row.contrast, row.measure) or (row.contrast == own.contrast and row.measure in NATURAL)
    return told and row.arm == FREQUENCY and row.term in RUN_TERMS


def _refuse_other_judgements(probes: set[str], known: Sequence[Judgements]) -> None:
    for probe in sorted(probes):
        judged = [(own[probe].contrast, own[probe].measure) for own in known]
        if judged[0] != judged[1]:
            raise InputError(f"the runs judge probe '{probe}' by different things; measure both with one version of the probe")


def _say_what_is_left_out(first: pd.DataFrame, second: pd.DataFrame, made: list[Estimate], names: tuple[str, str]) -> None:
    """Name the models and probes of one run alone, and how many pairs one run alone measured."""
    compared = [{(row.extra["models"][side], row.probe) for row in made} for side in (0, 1)]
    told = list(zip((first, second), compared, names, strict=True))
    if Path(names[0]).resolve() == Path(names[1]).resolve():  # two models of one run, of which neither is left out
        told = [(first, compared[0] | compared[1], names[0])]
    for gaps, own, name in told:
        alone = sorted(set(zip(gaps["model"], gaps["probe"], strict=True)) - own)
        if alone and made:
            log.warning("only in %s, not compared: %s", name, ", ".join(f"{model} ({probe})" for model, probe in alone))
    lost = max((row.n_failed for row in made), default=0)
    if lost:
        log.warning("up to %d pairs of a contrast were measured in one run only and are left out", lost)


def _refuse_other_pairs(first: Mapping[str, Pair], second: Mapping[str, Pair], names: tuple[str, str]) -> None:
    found = []
    for own, other, name in ((first, second, names[0]), (second, first, names[1])):
        alone = [key for key in own if key not in other]
        if alone:
            found.append(f"{len(alone)} only in {name} (first: '{alone[0]}')")
    changed = [(key, field) for key in first if key in second and (field := _changed(first[key], second[key]))]
    if changed:
        key, field = changed[0]
        found.append(f"{len(changed)} with the same id and another text (first: '{key}', field '{field}')")
    searched = [key for key in first if key in second and _searched(first[key]) != _searched(second[key])]
    if searched:
        found.append(f"{len(searched)} are of another collection, or of one that has changed (first: '{searched[0]}')")
    if found:
        raise OtherPairsError(
            f"the runs' pairs differ: {'; '.join(found)}; run both over one file (freqbias run --pairs {names[0]}/pairs.jsonl)"
        )


def _searched(pair: Pair) -> Any:
    """Return what identifies the documents, queries and judgements among which a pair is searched; None for other pairs."""
    return pair.meta.get(f"{COLLECTION}_sha256")


def _changed(first: Pair, second: Pair) -> str | None:
    """Return the first field of two pairs whose texts differ; null and absent are the same."""
    for field in _TEXTS:
        if getattr(first, field) != getattr(second, field):
            return field
    for field in ("queries", "decoys"):
        sides: list[Mapping[str, Any]] = [getattr(pair, field) for pair in (first, second)]
        for name in sorted({*sides[0], *sides[1]}):
            if sides[0].get(name) != sides[1].get(name):
                return f"{field}.{name}"
    return None


def _joined(first: pd.DataFrame, second: pd.DataFrame, couple: Couple) -> pd.DataFrame:
    """Return one row per pair and series with values `_a` and `_b`, nan where one run lacks it; only series and arms that both hold."""
    probe, *models = couple
    sides = [
        side.loc[(side["probe"] == probe) & (side["model"] == model), [*_PAIR, *_VALUES]].dropna(subset=["gap"])
        for side, model in zip((first, second), models, strict=True)
    ]
    both = sides[0].merge(sides[1], on=_PAIR, how="outer", suffixes=("_a", "_b"))
    complete = both["gap_a"].notna() & both["gap_b"].notna()
    return both[complete.groupby([both[name] for name in [*_SERIES, "arm"]]).transform("any")]


def _held(gaps: pd.DataFrame) -> str:
    """Return the models and probes of a run in words."""
    found = sorted({f"{model} ({probe})" for model, probe in zip(gaps["model"], gaps["probe"], strict=True)})
    return ", ".join(found) if found else "nothing measured"
