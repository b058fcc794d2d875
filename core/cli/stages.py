"""The stages as functions on files; the commands and `run` call these."""

import inspect
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from freqbias import registry
from freqbias.errors import InputError
from freqbias.jsonl import read_observations, read_pairs, write_json, write_records
from freqbias.models import check_name
from freqbias.progress import Track, chunks, silent
from freqbias.records import Estimate, Observation, Pair

if TYPE_CHECKING:
    from freqbias.matching import Balance

PAIRS_AT_ONCE = 256  # pairs that a probe measures in one call
RUN_FILES = ("pairs.jsonl", "observations.jsonl", "estimates.jsonl", "manifest.json")


def file_in(path: Path, name: str) -> Path:
    """Return `path`, or the file called `name` in it when it is a folder."""
    return path / name if path.is_dir() else path


def make_pairs(generator: str, sources: Sequence[Path], options: Mapping[str, Any], out: Path) -> list[Pair]:
    """Run a generator with the options that were given and write its pairs; `InputError` for an option that it does not take."""
    function = registry.load("generators", generator)
    parameters = inspect.signature(function).parameters
    given = {name: value for name, value in options.items() if value is not None and value is not False}
    if "sources" in parameters:
        if not sources:
            raise InputError(f"generator '{generator}' needs an input; see: freqbias pairs --help")
        given["sources"] = sources
    elif sources:
        raise InputError(f"generator '{generator}' takes no input file")
    for name in given:
        if name not in parameters and name != "seed":
            raise InputError(f"generator '{generator}' takes no --{name.replace('_', '-')}")
    pairs: list[Pair] = function(**{name: value for name, value in given.items() if name in parameters})
    write_records(out, pairs)
    return pairs


def audit_pairs(
    pairs: Path, out: Path, *, tokenizer: str | None = None, similarity: str | None = None, track: Track = silent
) -> dict[str, Any]:
    """Audit a pair file and write the result; `tokenizer` and `similarity` name embedding models."""
    from freqbias.models import dense_embedder, embedder
    from freqbias.paraphrases.audit import audit

    counting = None if tokenizer is None else embedder(tokenizer).token_counts
    likeness = None if similarity is None else _likeness(dense_embedder(similarity))
    result = audit(read_pairs(pairs), count_tokens=counting, similarity=likeness, track=track)
    write_json(out, result)
    return result


def _likeness(model: Any) -> Any:
    """Return a function that gives the cosine of the two forms of each pair."""
    import numpy as np

    def cosines(pairs: Sequence[Pair]) -> Any:
        sides = [model.encode([getattr(pair, side) for pair in pairs], role="document").astype(np.float64) for side in ("high", "low")]
        norms = [np.linalg.norm(side, axis=1) for side in sides]
        with np.errstate(invalid="ignore", divide="ignore"):
            return (sides[0] * sides[1]).sum(axis=1) / (norms[0] * norms[1])

    return cosines


def check_pairs(pairs: Path, out: Path, similarity: str | None) -> list[Pair]:
    """Run every check on a pair file and write the pairs with their verdicts."""
    from freqbias.models import dense_embedder
    from freqbias.paraphrases.checks import checked

    records = list(read_pairs(pairs))
    cosines = None if similarity is None else _likeness(dense_embedder(similarity))(records)
    rows = checked(records, cosines)
    write_records(out, rows)
    return rows


def match_pairs(pairs: Path, names: Sequence[str], out: Path, *, track: Track) -> "tuple[int, list[Balance]]":
    """Write the largest subset of the frequency arm that is level in the named covariates, the other arms whole.

    Returns how many frequency pairs there were and the balance table.
    """
    import numpy as np

    from freqbias.covariates import TEXT_MEASURES, covariates
    from freqbias.matching import match

    records = list(read_pairs(pairs))
    own = [pair for pair in records if pair.arm == "frequency"]
    if not own:
        raise InputError(f"{pairs}: no pairs of arm frequency")
    values = [covariates(pair) for pair in track(own, "covariates", len(own))]
    known = sorted({name for row in values for name in row} | set(TEXT_MEASURES))
    for name in names:
        if name not in known:
            raise InputError(f"unknown covariate '{name}'{registry.suggestion(name, known)}")
    missing = (None, None)
    sides = {name: np.array([row.get(name, missing) for row in values], dtype=float) for name in {*names, "content_zipf"}}
    gaps = {name: side[:, 0] - side[:, 1] for name, side in sides.items()}
    given = np.array([np.nan if pair.zipf_gap is None else pair.zipf_gap for pair in own])
    keep, balance = match({name: gaps[name] for name in names}, np.where(np.isfinite(given), given, gaps["content_zipf"]))
    chosen = {pair.id for pair, kept in zip(own, keep, strict=True) if kept}
    write_records(out, (pair for pair in records if pair.arm != "frequency" or pair.id in chosen))
    return len(own), balance


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which models and probes to run."""

    embedders: Sequence[str] = ()
    language_models: Sequence[str] = ()
    probes: Sequence[str] = ()
    dtype: str = "float32"

    def steps(self) -> list[tuple[Any, str]]:
        """Return (probe, model name) in order; raise `InputError` for a probe without a model and a model that is not there."""
        embedders = list(self.embedders)
        models = {"scorer": embedders, "embedder": embedders, "language_model": list(self.language_models)}
        names = self.probes or registry.names("probes")
        found = [registry.load("probes", name) for name in names]
        names_of_models = [*embedders, *self.language_models]
        steps = [(probe, model) for model in dict.fromkeys(names_of_models) for probe in found if model in models[probe.needs]]
        for probe in found:
            if self.probes and not models[probe.needs]:
                option = "--lm" if probe.needs == "language_model" else "--embedder"
                raise InputError(f"probe '{probe.name}' needs a model: give {option}")
        for probe, name in steps:
            check_name(name, "language_model" if probe.needs == "language_model" else "embedder")
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
        common = None if probe.prepare is None else probe.prepare(records, loaded[1], track)
        parts = list(chunks(records, PAIRS_AT_ONCE))
        for part in track(parts, f"{loaded[1].info.name}: {probe.name}", len(parts)):
            rows.extend(probe.run(part, loaded[1], common))
    write_records(out, rows)
    return list(models.values()), {probe.name: dict(probe.settings) for probe, _ in steps}


def _load(kind: str, name: str, dtype: str) -> Any:
    from freqbias.models import embedder, language_model
    from freqbias.models.relevance import as_scorer

    return language_model(name, dtype=dtype) if kind == "language_model" else as_scorer(embedder(name))


def _noise(kind: str, model: Any, pairs: list[Pair]) -> dict[str, Any]:
    from freqbias.probes.noise import language_model_noise, scorer_noise

    texts = [pair.high for pair in pairs]
    if kind == "language_model":
        return {"measure": "log_prob_nats", "value": language_model_noise(model, texts)}
    return {"measure": model.measure, "value": scorer_noise(model, texts)}


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
