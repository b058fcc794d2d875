"""One or more run folders as a report reads them: what stands in their files, checked against one another."""

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from freqbias.analysis.estimate.across_models import ALL_MODELS
from freqbias.analysis.report.advice import Advice, advice_of
from freqbias.analysis.report.formatting import number
from freqbias.analysis.report.limitations import Limit, limits_of
from freqbias.analysis.report.notes import notes
from freqbias.analysis.report.remedied_advice import advice_of_table
from freqbias.analysis.report.sentences import said
from freqbias.analysis.report.verdicts_of_run import manifest_of
from freqbias.analysis.table import belonging, contrasts
from freqbias.analysis.table.frame import frame
from freqbias.analysis.table.judged import judgements_of
from freqbias.compression import in_folder
from freqbias.covariates import frequency_gaps
from freqbias.errors import InputError
from freqbias.files import read_estimates, read_json, read_pairs
from freqbias.holdout import arms_of, holdout_in, holdout_of, told
from freqbias.judgement import Judgement, Judgements
from freqbias.records import Estimate, Pair
from freqbias.shapes import Audit, check
from freqbias.terms import (
    AUDIT_FILE,
    ESTIMATES_FILE,
    HIGH,
    LOW,
    MANIFEST_FILE,
    OBSERVATIONS_FILE,
    PAIRS_FILE,
    unit_of,
)


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one run folder holds; parts whose files are absent are None or empty."""

    label: str
    estimates: list[Estimate]
    pairs: Mapping[str, Pair]
    observations: pd.DataFrame | None
    table: pd.DataFrame | None
    audit: dict[str, Any] | None
    manifest: dict[str, Any] | None
    judgements: Judgements
    advice: list[Advice]

    @property
    def limits(self) -> list[Limit]:
        """What the run cannot show, whatever its numbers are."""
        return limits_of(self.pairs, self.manifest, self.audit, self.estimates)

    @property
    def notes(self) -> list[str]:
        """Which half of the items is shown, and what could not be measured, or only in part."""
        return [*told(holdout_in(self.manifest)), *notes(self.manifest, self.observations, self.estimates)]

    @property
    def noise(self) -> list[str]:
        """One sentence per model on its numerical noise floor."""
        models = [] if self.manifest is None else self.manifest.get("models", [])
        return [_noise(model["name"], model["noise_floor"]) for model in models if model.get("noise_floor")]


def read_run(folder: Path, label: str) -> Run:
    """Read one run folder; raise `InputError` where it holds no estimates, or those of other observations than it has."""
    path = folder / ESTIMATES_FILE
    estimates = list(read_estimates(path)) if path.exists() or not folder.is_dir() else []
    if not estimates:
        raise InputError(f"{path}: no estimates; run: freqbias analyze {folder}")
    pairs: dict[str, Pair] = {}
    judgements, held = judgements_of(folder), holdout_of(folder)
    observations = table = None
    if all(in_folder(folder, name).is_file() for name in (PAIRS_FILE, OBSERVATIONS_FILE)):
        pairs = {pair.id: pair for pair in read_pairs(folder)}
        observations = frame(folder)
        belonging.check_records(observations, pairs, str(in_folder(folder, OBSERVATIONS_FILE)), judgements)
        if held is not None:
            items = held.items(held.shown, arms_of(pairs.values()))
            pairs = {key: pair for key, pair in pairs.items() if pair.item in items}
            observations = observations[observations["item"].isin(items)].reset_index(drop=True)
        table = contrasts.pair_gaps(observations, judgements)
        _refuse_old(estimates, table, folder)
        table["zipf_gap"] = table["pair_id"].map(dict(zip(pairs, frequency_gaps(list(pairs.values()))[0], strict=True))).astype(float)
    audit = _optional(folder / AUDIT_FILE, read_json)
    if audit is not None:
        try:
            check(audit, Audit)
        except InputError as error:
            raise InputError(f"{folder / AUDIT_FILE}: not an audit of pairs: {error}; run: freqbias audit {folder}") from error
    return Run(
        label=label,
        estimates=estimates,
        pairs=pairs,
        observations=observations,
        table=table,
        audit=audit,
        manifest=_optional(folder / MANIFEST_FILE, manifest_of),
        judgements=judgements,
        advice=[*advice_of(folder), *([] if table is None else advice_of_table(table))],
    )


def _refuse_old(estimates: Sequence[Estimate], table: pd.DataFrame, folder: Path) -> None:
    """Refuse estimates of other observations than the figures would show."""
    means = table.groupby([*contrasts.SERIES, "item"])["gap"].mean().groupby(contrasts.SERIES).mean()
    levels = table[[HIGH, LOW]].abs().groupby([table["model"], table["measure"]]).max().max(axis=1).fillna(0.0)
    for row in estimates:
        key = (row.model, row.probe, row.measure, row.contrast, row.arm)
        if row.term != "mean" or key not in means.index:
            continue
        rounding = 1e-8 * max(1.0, float(levels[row.model, row.measure]))  # files hold nine digits of the levels, not of the gap
        if not math.isclose(means[key], row.value or 0.0, rel_tol=1e-6, abs_tol=rounding):
            raise InputError(
                f"{folder / ESTIMATES_FILE}: {' / '.join(key)} is not the mean of observations.jsonl, which has changed; "
                f"run: freqbias analyze {folder}"
            )


def _optional(path: Path, read: Any) -> Any:
    return read(path) if path.is_file() else None


def labels_of(folders: Sequence[Path]) -> list[str]:
    """Return the folders' own names, numbered where two have the same; one run alone is `run`, so that a copy of it repeats."""
    if len(folders) == 1:
        return ["run"]
    names = [folder.resolve().name or "run" for folder in folders]
    return [name if names.count(name) == 1 else f"{name} ({place})" for place, name in enumerate(names, start=1)]


def refuse_repeats(runs: Sequence[Run], folders: Sequence[Path]) -> None:
    """Raise `InputError` where two runs hold the same model and probe."""
    seen: dict[tuple[str, str], str] = {}
    for run in runs:
        for model, probe in dict.fromkeys((row.model, row.probe) for row in run.estimates if row.model != ALL_MODELS):
            if (model, probe) in seen:
                command = shlex.join(map(str, folders)) if len(runs) == 2 else None
                raise InputError(
                    f"runs '{seen[model, probe]}' and '{run.label}' both contain model '{model}' and probe '{probe}'; leave one out"
                    + ("" if command is None else f"; to hold one against the other: freqbias compare {command}")
                )
            seen[model, probe] = run.label


def one_judgement_each(runs: Sequence[Run]) -> Judgements:
    """Return what the probes of all runs are judged by; two runs that say different things of one probe are refused."""
    found: dict[str, tuple[Judgement, str]] = {}
    for run in runs:
        for probe in dict.fromkeys(row.probe for row in run.estimates):
            own = run.judgements[probe]
            if found.setdefault(probe, (own, run.label))[0] != own:
                raise InputError(
                    f"runs '{found[probe][1]}' and '{run.label}' judge probe '{probe}' by different things; report them apart, "
                    "or measure both with one version of the probe"
                )
    return Judgements({probe: own for probe, (own, _) in found.items()})


def _noise(model: str, floor: Mapping[str, Any]) -> str:
    if floor.get("value") is None:
        return said("noise_unmeasured", model=model)
    if floor["value"] == 0:
        return said("noise_none", model=model)
    return said("noise", model=model, size=number(floor["value"], signed=False), unit=unit_of(floor["measure"]))
