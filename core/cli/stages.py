"""The stages as functions on files; the commands and `run` call these."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freqbias import registry
from freqbias.errors import InputError
from freqbias.jsonl import read_observations, read_pairs, write_json, write_records
from freqbias.models import check_name
from freqbias.progress import Track
from freqbias.records import Estimate, Observation, Pair

RUN_FILES = ("pairs.jsonl", "observations.jsonl", "estimates.jsonl", "manifest.json")


def file_in(path: Path, name: str) -> Path:
    """Return `path`, or the file called `name` in it when it is a folder."""
    return path / name if path.is_dir() else path


def make_pairs(generator: str, n: int | None, seed: int, out: Path) -> list[Pair]:
    """Run a generator and write its pairs."""
    pairs: list[Pair] = registry.load("generators", generator)(n=n, seed=seed)
    write_records(out, pairs)
    return pairs


def audit_pairs(pairs: Path, out: Path) -> dict[str, Any]:
    """Audit a pair file and write the result."""
    from freqbias.paraphrases.audit import audit

    result = audit(read_pairs(pairs))
    write_json(out, result)
    return result


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which models and probes to run."""

    embedders: Sequence[str] = ()
    language_models: Sequence[str] = ()
    probes: Sequence[str] = ()
    dtype: str = "float32"

    def steps(self) -> list[tuple[Any, str]]:
        """Return (probe, model name) in order; raise `InputError` for a probe without a model and a model that is not there."""
        models = {"embedder": list(self.embedders), "language_model": list(self.language_models)}
        names = self.probes or registry.names("probes")
        found = [registry.load("probes", name) for name in names]
        steps = [(probe, model) for kind, own in models.items() for model in own for probe in found if probe.needs == kind]
        for probe in found:
            if self.probes and not models[probe.needs]:
                option = "--embedder" if probe.needs == "embedder" else "--lm"
                raise InputError(f"probe '{probe.name}' needs a model: give {option}")
        for probe, name in steps:
            check_name(name, probe.needs)
        if not steps:
            raise InputError("nothing to probe: give --embedder or --lm (see: freqbias models list)")
        return steps


def probe_pairs(pairs: Path, plan: Plan, out: Path, track: Track) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Run every probe of a plan and write all observations at once; return the models' and probes' part of the manifest."""
    records = list(read_pairs(pairs))
    if not records:
        raise InputError(f"{file_in(pairs, 'pairs.jsonl')}: no pairs")
    steps = plan.steps()
    models: dict[str, dict[str, Any]] = {}
    rows: list[Observation] = []
    loaded: tuple[str, Any] = ("", None)
    for probe, name in steps:
        if loaded[0] != name:
            loaded = (name, None)  # frees the model before the next one loads
            loaded = (name, _load(probe.needs, name, plan.dtype))
            models[name] = {**loaded[1].info.to_dict(), "noise_floor": _noise(probe.needs, loaded[1], records)}
        rows.extend(probe(records, loaded[1], track=track))
    write_records(out, rows)
    return list(models.values()), {probe.name: dict(probe.settings) for probe, _ in steps}


def _load(kind: str, name: str, dtype: str) -> Any:
    from freqbias.models import embedder, language_model

    return embedder(name) if kind == "embedder" else language_model(name, dtype=dtype)


def _noise(kind: str, model: Any, pairs: list[Pair]) -> dict[str, Any]:
    from freqbias.probes.noise import embedder_noise, language_model_noise

    texts = [pair.high for pair in pairs]
    if kind == "embedder":
        return {"measure": "cosine", "value": embedder_noise(model, texts)}
    return {"measure": "log_prob_nats", "value": language_model_noise(model, texts)}


def analyze(observations: Path, pairs: Path, out: Path, seed: int, track: Track) -> list[Estimate]:
    """Estimate everything from an observation file and its pairs, and write it."""
    from freqbias.analysis import estimate, frame

    table = frame(_present(observations))
    estimates = estimate(table, read_pairs(pairs), seed=seed, track=track)
    write_records(out, estimates)
    return estimates


def _present(path: Path) -> Iterator[Observation]:
    """Yield the observations; raise `InputError` when there are none."""
    empty = True
    for row in read_observations(path):
        empty = False
        yield row
    if empty:
        raise InputError(f"{file_in(path, 'observations.jsonl')}: no observations")


def prepare_folder(folder: Path, fresh: bool) -> None:
    """Make an empty run folder; with `fresh`, keep what was there in `FOLDER.previous`.

    Raises `InputError` when the folder holds something and `fresh` is not given, or when what it holds is not a run.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; give a folder")
    if folder.is_dir() and any(folder.iterdir()):
        if not fresh:
            raise InputError(f"{folder}: not empty; give another --out, or --fresh to start over")
        if not any((folder / name).exists() for name in RUN_FILES):
            raise InputError(f"{folder}: holds no run of freqbias, so --fresh leaves it alone; give another --out")
        previous = folder.with_name(f"{folder.name}.previous")
        shutil.rmtree(previous, ignore_errors=True)
        folder.rename(previous)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror}") from error
