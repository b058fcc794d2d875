"""Every claim on every model: one run a probe and model, each resumable like any run, then one report over all of them.

A run of its own for each model lets one that fails cost the others nothing, and lets models be added later. They lie in
`OUT/runs/PROBE/MODEL`; `OUT/asked.json` holds what decides the pairs, so that a later command cannot mix two sets of them.
"""

import logging
import re
import shutil
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freqbias.analysis.constraints.cells import Measured, Model
from freqbias.analysis.constraints.claims import Claim, say
from freqbias.analysis.constraints.report import Table, is_testable, left_out, table_of
from freqbias.errors import FreqbiasError, InputError
from freqbias.files import read_json, write_json
from freqbias.models import check_name, identity
from freqbias.probes import Probe, load_probe
from freqbias.progress import Track, silent
from freqbias.records import Pair
from freqbias.run import stages
from freqbias.run.architecture import architecture_of
from freqbias.run.pipeline import Waiting, make_run, unseen
from freqbias.run.ready import check_ready
from freqbias.run.settings import settings

log = logging.getLogger(__name__)

ASKED_FILE = "asked.json"
RUNS_FOLDER = "runs"
LONGEST_NAME = 80  # characters of a folder's name that a model gives; file systems allow 255 bytes
KINDS = {"embedder": "embedder", "lm": "language_model"}  # option, and the kind of model that it names


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a command asks for: models by option (`embedder`, `lm`), claims, pairs, and how models are loaded."""

    out: Path
    models: dict[str, Sequence[str]]
    claims: Sequence[Claim]
    n: int | None = None
    seed: int = 0
    loading: dict[str, Any]
    before: str | None = None
    after: str | None = None


def models_of(named: dict[str, Sequence[str]]) -> list[Model]:
    """Return the columns; `InputError` for a name that leads nowhere, and for two models that rows would call the same."""
    found: list[Model] = []
    for option, names in named.items():
        for name in dict.fromkeys(names):
            check_name(name, KINDS[option])
            own = Model(
                given=name,
                kind=KINDS[option],
                name=identity(name, KINDS[option]).name,
                architecture=architecture_of(name, KINDS[option]),
            )
            twin = next((other.given for other in found if other.name == own.name), None)
            if twin is not None:
                raise InputError(f"two models are called '{own.name}': {twin} and {name}; rename one folder")
            found.append(own)
    if not found:
        raise InputError("no model to ask: give --embedder or --lm (see: freqbias models list)")
    return found


def prepare(asked: Asked, *, fresh: bool) -> None:
    """Make the folder, or see that it holds the same; `InputError` for one that holds something else, or other pairs.

    With `fresh` what was there is kept in `OUT.previous`.
    """
    folder, told = asked.out, {"n": asked.n, "seed": asked.seed}
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; give a folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / ASKED_FILE).is_file():
        raise InputError(f"{folder}: not empty, and holds no constraints; give another --out")
    if fresh and (folder / ASKED_FILE).is_file():
        previous = folder.with_name(f"{folder.name}.previous")
        shutil.rmtree(previous, ignore_errors=True)
        folder.rename(previous)
    if (folder / ASKED_FILE).is_file():
        before = read_json(folder / ASKED_FILE)
        for name, value in told.items():
            if before.get(name) != value:
                old, new = ("not given" if own is None else own for own in (before.get(name), value))
                raise InputError(f"{folder}: --{name} was {old} and is {new}; give the same, --fresh, or another --out")
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror}; give another --out") from error
    write_json(folder / ASKED_FILE, told)


def measure(
    asked: Asked, models: Sequence[Model], *, track: Track = silent, waiting: Waiting = unseen, ran: Callable[[Path], None] | None = None
) -> Table:
    """Measure what is missing, say in a line each what cannot be, write the report, and return its table.

    `ran` is called with the folder of every run that is complete.
    """
    for claim in asked.claims:
        if not is_testable(claim):
            log.warning("%s", left_out(claim))
    measured = []
    for claim in _one_a_probe(asked.claims):
        probe, pairs = load_probe(claim.probe), _Pairs(asked, claim, waiting)
        for model in models:
            reason = _unfit(probe, model, [own for own in asked.claims if own.probe == claim.probe])
            own = Measured(model=model, probe=claim.probe, reason=reason) if reason else _run(asked, claim, model, pairs, track, waiting)
            if own.folder is not None and ran is not None:
                ran(own.folder)
            measured.append(own)
    with waiting("report"):
        table = table_of(asked.claims, models, measured, asked.out, before=asked.before, after=asked.after)
        table.write()
    return table


def _one_a_probe(claims: Iterable[Claim]) -> list[Claim]:
    """Return the first claim of each probe that can be run: claims of one probe rest on one run."""
    found: dict[str, Claim] = {}
    for claim in claims:
        if is_testable(claim):
            found.setdefault(claim.probe, claim)
    return list(found.values())


class _Pairs:
    """The pairs of a claim, made when a run first needs them."""

    def __init__(self, asked: Asked, claim: Claim, waiting: Waiting):
        self._options = {"n": asked.n if asked.n is not None else claim.pairs, "seed": asked.seed}
        self._claim = claim
        self._waiting = waiting
        self._made: list[Pair] | None = None

    def get(self) -> list[Pair]:
        """Return the pairs; `InputError` for more than the generator has."""
        if self._made is None:
            with self._waiting(f"pairs for {self._claim.probe}"):
                self._made = stages.make_pairs(self._claim.generator, [], self._options, self._claim.options)
        return self._made


def _unfit(probe: Probe, model: Model, claims: Sequence[Claim]) -> str | None:
    """Return why a probe is not run on a model, from what is known without loading it; None where it can be tried."""
    if all(claim.only and model.architecture not in claim.only for claim in claims):
        return say("reasons", "no_vectors" if probe.needs == "embedder" else "not_asked")
    if (probe.needs == "language_model") != (model.kind == "language_model"):
        return say("reasons", "other_kind", needs=say("needs", probe.needs))
    return None


def _run(asked: Asked, claim: Claim, model: Model, pairs: _Pairs, track: Track, waiting: Waiting) -> Measured:
    """Run one probe on one model; what stops it is said in a line, and the others go on."""
    folder = asked.out / RUNS_FOLDER / folder_name(claim.probe) / folder_name(model.name)
    option = next(option for option, kind in KINDS.items() if kind == model.kind)
    given = {"out": folder, option: [model.given], "probe": [claim.probe], "seed": asked.seed, **asked.loading}
    try:
        chosen = settings(given, None)
        check_ready(chosen.plan())
        log.info("%s: %s", model.name, claim.probe)
        make_run(chosen, pairs.get(), track=track, waiting=waiting)
    except FreqbiasError as error:
        log.warning("%s: %s: not measured: %s", model.name, claim.probe, error)
        return Measured(model=model, probe=claim.probe, reason=str(error))
    return Measured(model=model, probe=claim.probe, folder=folder)


def folder_name(name: str) -> str:
    """Return a name as one that a folder can have; what is changed in it still tells two apart."""
    plain = re.sub(r"[^0-9A-Za-z._-]", "_", name).lstrip(".")[:LONGEST_NAME] or "model"
    return plain if plain == name else f"{plain}-{zlib.crc32(name.encode()):08x}"
