"""The verdicts of run folders: estimates against the noise floors of their manifests, in one place for terminal, report and Python."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from freqbias.analysis.report.verdict import Verdict, verdicts
from freqbias.analysis.table.judged import judgements_of
from freqbias.files import read_estimates, read_manifest
from freqbias.judgement import Judgements
from freqbias.records import Estimate
from freqbias.shapes import SourceEntry
from freqbias.terms import MANIFEST_FILE

__all__ = ["floors_of", "folder_verdicts", "manifest_of", "verdicts_of"]


def folder_verdicts(folder: Path, estimates: Sequence[Estimate] | None = None) -> list[Verdict]:
    """Return the verdicts of one run folder; `estimates` where they are at hand already.

    A folder without a manifest has no noise floors. Errors as in `read_estimates` and `manifest_of`.
    """
    path = folder / MANIFEST_FILE
    rows = list(read_estimates(folder)) if estimates is None else estimates
    return verdicts_of(rows, [manifest_of(path) if path.is_file() else None], judgements_of(folder))


def verdicts_of(
    estimates: Sequence[Estimate], manifests: Iterable[Mapping[str, Any] | None], judgements: Judgements | None = None
) -> list[Verdict]:
    """Return the verdicts on the estimates of one or more runs, with the noise floors that their manifests state.

    What a reader asked comes before what only describes the space.
    """
    found = verdicts(estimates, {key: floor for manifest in manifests for key, floor in floors_of(manifest).items()}, judgements)
    return sorted(found, key=lambda verdict: not verdict.told.outcome)


def floors_of(manifest: Mapping[str, Any] | None) -> dict[tuple[str, str], float]:
    """Return what a value moves by when only the batch changes, by model and measure."""
    models = [] if manifest is None else manifest.get("models", [])
    floors = [(model["name"], model.get("noise_floor") or {}) for model in models]
    return {(name, floor["measure"]): floor["value"] for name, floor in floors if floor.get("value") is not None}


def manifest_of(path: Path) -> dict[str, Any]:
    """Return a manifest with all that the report prints of one, empty where a hand-written manifest leaves it out."""
    empty: dict[str, Any] = {"argv": [], "seed": None, "models": [], "versions": {}, "inputs": {}}
    given = {name: value for name, value in read_manifest(path).items() if value is not None}
    manifest = empty | given
    checkout = dict.fromkeys(SourceEntry.__annotations__)
    places = {name: checkout | manifest[name] for name in ("source", "working_directory", "git") if name in manifest}
    fields = dict.fromkeys(("source", "revision", "dtype", "quantisation", "licence"))
    models = [fields | model | {"details": model.get("details") or {}} for model in manifest["models"]]
    return manifest | places | {"models": models}
