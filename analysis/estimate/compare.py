"""Two runs over the same pairs: what changed, paired on items.

Both runs must hold the same pairs with the same texts; otherwise a difference could come from the texts, and the comparison is refused.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from freqbias.analysis.stats import resampling
from freqbias.analysis.table import belonging
from freqbias.analysis.table.contrasts import pair_gaps
from freqbias.analysis.table.frame import frame
from freqbias.analysis.table.judged import judgements_of
from freqbias.errors import InputError
from freqbias.files import read_pairs
from freqbias.holdout import open_items
from freqbias.records import Estimate, Pair
from freqbias.terms import CONSTANT, HIGH, LOW, OBSERVATIONS_FILE, ONE_ITEM

log = logging.getLogger(__name__)

METHOD = "difference of item means, second run - first, over the pairs that both measured; t interval; sign-flip p, not adjusted"
TERM = "run_difference"
_TEXTS = ("item", "arm", "language", HIGH, LOW, "context")
_KEY = ["probe", "measure", "contrast", "arm"]


def compare(first: str | os.PathLike[str], second: str | os.PathLike[str], *, seed: int = 0) -> list[Estimate]:
    """Return second - first for every model x probe x measure x contrast x arm that both run folders hold, in the measure's unit.

    Pairs that failed in one run are left out of both and counted in `n_failed`; `extra` holds both runs' means and model names. A
    probe with exactly one model in each run is compared even if the models' names differ. Raises `InputError` where the runs' pairs
    differ, saying how, where observations do not belong to their pairs (see `belonging.check`), and where the runs share nothing.
    """
    sides = []
    pairs = [{pair.id: pair for pair in read_pairs(folder)} for folder in (first, second)]
    _refuse_other_pairs(pairs[0], pairs[1], (str(first), str(second)))
    for folder, own in zip((first, second), pairs, strict=True):
        observations = frame(folder)
        judgements = judgements_of(folder)
        belonging.check_records(observations, own, str(Path(folder) / OBSERVATIONS_FILE), judgements)
        items = open_items(folder, own.values())  # a half that is kept out is kept out of this too
        sides.append(pair_gaps(observations if items is None else observations[observations["item"].isin(items)], judgements))
    made = [
        _difference(rows, names, seed)
        for names in _same_models(sides[0], sides[1])
        for _, rows in _joined(sides[0], sides[1], names).groupby(_KEY, sort=True)
    ]
    _say_what_is_left_out(sides[0], sides[1], made, (str(first), str(second)))
    if not made:
        raise InputError(
            f"the runs have no model, probe and contrast in common: {_held(sides[0])} against {_held(sides[1])}; compare runs that do"
        )
    return made


def _say_what_is_left_out(first: pd.DataFrame, second: pd.DataFrame, made: list[Estimate], names: tuple[str, str]) -> None:
    """Name the models and probes of one run alone, and how many pairs one run alone measured."""
    compared = [{(row.extra["models"][side], row.probe) for row in made} for side in (0, 1)]
    for gaps, own, name in zip((first, second), compared, names, strict=True):
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
    if found:
        raise InputError(
            f"the runs' pairs differ: {'; '.join(found)}; run both over one file (freqbias run --pairs {names[0]}/pairs.jsonl)"
        )


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


def _same_models(first: pd.DataFrame, second: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    """Yield (probe, model in the first run, model in the second)."""
    for probe in sorted(set(first["probe"]) & set(second["probe"])):
        models = [sorted(set(side.loc[side["probe"] == probe, "model"])) for side in (first, second)]
        if [len(names) for names in models] == [1, 1]:
            yield probe, models[0][0], models[1][0]
        else:
            yield from ((probe, model, model) for model in models[0] if model in models[1])


def _joined(first: pd.DataFrame, second: pd.DataFrame, names: tuple[str, str, str]) -> pd.DataFrame:
    """Return one row per pair, series and item with `gap_a` and `gap_b`, nan where one run lacks it; only series that both hold."""
    probe, *models = names
    sides = [
        side.loc[(side["probe"] == probe) & (side["model"] == model), [*_KEY, "item", "pair_id", "gap"]].dropna(subset=["gap"])
        for side, model in zip((first, second), models, strict=True)
    ]
    both = sides[0].merge(sides[1], on=[*_KEY, "item", "pair_id"], how="outer", suffixes=("_a", "_b"))
    complete = both["gap_a"].notna() & both["gap_b"].notna()
    return both[complete.groupby([both[name] for name in _KEY]).transform("any")]


def _difference(rows: pd.DataFrame, names: tuple[str, str, str], seed: int) -> Estimate:
    both = rows.dropna(subset=["gap_a", "gap_b"])
    means = both.groupby("item", sort=True)[["gap_a", "gap_b"]].mean()
    items = (means["gap_b"] - means["gap_a"]).to_numpy(dtype=float)
    interval = resampling.t_interval(items)
    probe, *models = names
    series = {name: str(rows[name].iloc[0]) for name in _KEY}
    flags = [name for name, holds in ((ONE_ITEM, len(items) == 1), (CONSTANT, bool(np.ptp(items) == 0))) if holds]
    model = models[0] if models[0] == models[1] else f"{models[0]} → {models[1]}"
    return Estimate(
        model=model,
        probe=probe,
        measure=series["measure"],
        contrast=series["contrast"],
        arm=series["arm"],
        term=TERM,
        value=float(items.mean()),
        std_error=resampling.std_error(items),
        ci_low=interval.low,
        ci_high=interval.high,
        p_value=resampling.sign_flip_p(items, resampling.named_rng(seed, *models, *series.values(), TERM)),
        effect_size=resampling.dz(items),
        n_pairs=len(both),
        n_items=len(items),
        n_failed=len(rows) - len(both),
        method=METHOD,
        flags=flags,
        extra={"models": list(models), "values": [float(means["gap_a"].mean()), float(means["gap_b"].mean())]},
    )


def _held(gaps: pd.DataFrame) -> str:
    """Return the models and probes of a run in words."""
    found = sorted({f"{model} ({probe})" for model, probe in zip(gaps["model"], gaps["probe"], strict=True)})
    return ", ".join(found) if found else "nothing measured"
