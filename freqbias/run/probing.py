"""Models on pairs: which steps there are, what of them is done, and doing the rest."""

import gc
import logging
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from freqbias.errors import BackendError, InputError, UnsupportedError, in_one_line
from freqbias.files import PairFile, read_estimates, read_manifest, write_json, write_records
from freqbias.models import Loading, ModelInfo
from freqbias.models.protocols import CountsUsage, offers
from freqbias.probes.runner import Measurement
from freqbias.progress import Track, chunks
from freqbias.records import Estimate, Observation, Pair
from freqbias.remedies import with_remedy
from freqbias.remedies.halves import folds_of
from freqbias.run import manifest
from freqbias.run import resume as continuing
from freqbias.run.interrupt import Interrupt
from freqbias.run.journal import Journal, Retried, marked, side_file
from freqbias.run.steps import Plan, Step
from freqbias.terms import MODEL_ESTIMATES_FILE, PAIRS_FILE

if TYPE_CHECKING:
    from freqbias.run.merging import Given

log = logging.getLogger(__name__)

OBJECTS_BETWEEN_COLLECTIONS = 20_000  # some parts' worth; Python's own 700 is a tenth of a part


class Probing:
    """What one command adds to an observation file: everything that its plan asks for and the file lacks."""

    def __init__(
        self,
        pairs: PairFile,
        plan: Plan,
        out: Path,
        config: Mapping[str, Any],
        track: Track,
        *,
        keep_vectors: bool = False,
        given: "Given | None" = None,
    ):
        if not pairs.count:
            raise InputError(f"{pairs.path}: contains no pairs")
        self._pairs = pairs
        self._plan = plan
        self._out = out
        self._config = dict(config)
        self._track = track
        self._keep_vectors = keep_vectors
        self._given = given
        self._manifest_file = manifest.path_of(out)
        self._started = datetime.now(UTC).isoformat(timespec="seconds")
        self._clock = time.monotonic()
        self._size, self._parts = plan.pairs_at_once, -(-pairs.count // plan.pairs_at_once)
        self._retried = Retried(out)
        self._interrupt = Interrupt()
        self._loaded: tuple[tuple[str, str], Any] = (("", ""), None)
        self._infos = {step.place: step.info.to_dict() for step in plan.steps}
        self._before: dict[str, Any] | None = None

    def check(self) -> None:
        """Raise `InputError` where what other processes have measured does not fit together, or is not all there."""
        if self._given is not None:
            self._given.check(self._manifest(complete=False), self._parts)

    def run(self) -> bool:
        """Measure what is missing; return whether there was anything."""
        steps = self._plan.steps
        if fitted := next((step.remedy for step in steps if step.remedy is not None and step.remedy.fit is not None), None):
            folds_of(self._pairs, fitted)  # says what is missing before anything is measured
        parts, length = self._position()
        failed = self._retried.failed(length)
        redo = {key for key, pairs in failed.items() if pairs} | self._retried.steps()
        if self._given is not None:  # what other processes measured is joined as it is
            failed, redo = {}, set()
        if self._complete and parts == self._units * len(steps) and not redo:
            return False
        refused = False
        with self._interrupt.watched(), Journal(self._out, parts, length) as journal:
            try:
                self._write_manifest(complete=False)
                for index, step in enumerate(steps):
                    self._step(step, journal, index, failed.get(step.key, set()), redo=step.key in redo)
            except InputError:
                refused = not journal.length
                raise
            finally:
                self._write_manifest(complete=False)
                self._loaded = (("", ""), None)
                if refused:  # before there was a row, so nothing is left
                    self._manifest_file.unlink(missing_ok=True)
        if not self._out.exists():
            raise InputError(
                f"{self._pairs.path}: nothing to measure: these pairs have none of the queries that the probes need (see above)"
            )
        self._finish()
        return True

    @property
    def _units(self) -> int:
        """Parts of one step: its pairs, and what it says of the model as a whole."""
        return self._parts + 1

    @property
    def _complete(self) -> bool:
        return self._before is not None and bool(self._before["probing"]["complete"])

    def _position(self) -> tuple[int, int]:
        """Return (parts, bytes) that are done; `InputError` when the file was made in another way than this plan's."""
        before = manifest.read(self._out)
        if not self._out.exists() or not self._out.stat().st_size:
            self._config = self._config_with((before or {}).get("config", {}))
            for left in (self._retried.path, manifest.beside(self._out, MODEL_ESTIMATES_FILE)):
                left.unlink(missing_ok=True)  # of rows that are no more
            return 0, 0
        steps = continuing.refuse_changes(before, self._manifest(complete=False), self._out)
        self._before = before
        if self._complete:
            return self._units * steps, self._out.stat().st_size
        found = marked(self._out)
        if found is None:
            raise InputError(f"{side_file(self._out, 'marks')}: missing, so the run cannot be continued; give --fresh to start over")
        return found

    def _step(self, step: Step, journal: Journal, index: int, failed: set[str], *, redo: bool) -> None:
        done = min(max(journal.parts - index * self._units, 0), self._units)
        if done == self._units and not redo:
            return
        if self._given is not None and self._given.is_by_pairs(step.kind, step.info.name):
            self._join(step, journal, index, done)
            return
        model = self._model(step)
        if self._given is not None:
            own = [other for other in self._plan.steps[: index + 1] if other.place == step.place]
            self._given.hand_to(model, own, self._pairs)
        measurement = Measurement(step.probe, self._pairs, model, self._track)
        if failed:
            log.info("%s: %s: %d pairs with an error are tried again", step.info.name, step.probe.name, len(failed))
            again = chunks((pair for pair in self._pairs if pair.id in failed), self._size)
            self._measure(measurement, again, self._retried.append)
        left = self._parts - min(done, self._parts)
        if left:
            before, behind = journal.length, min(done, self._parts) * self._size
            rest = islice(chunks(self._pairs.after(behind), self._size), left)
            what, count = f"{step.info.name}: {step.probe.name}", self._pairs.count - behind
            self._measure(measurement, self._track(rest, what, count, unit="pairs", size=len), journal.append)
            if not done:
                measurement.warn_unless_judged()
            if step.probe.wants and not done and journal.length == before:
                log.warning("%s: %s produced no rows: no pair has %s", step.info.name, step.probe.name, step.probe.wants)
        if done < self._units or redo:
            self._estimates(step, measurement)
        if done < self._units:
            journal.append([])

    def _join(self, step: Step, journal: Journal, index: int, done: int) -> None:
        """Take over the rows that other processes have measured, and estimate on the whole model, where the probe does, here."""
        assert self._given is not None  # noqa: S101  # for mypy
        self._infos[step.place] = self._given.model(step.kind, step.info.name)
        behind = min(done, self._parts)
        what = f"{step.info.name}: {step.probe.name}: join"
        with self._interrupt.held():
            for part in self._track(range(behind, self._parts), what, self._parts - behind, unit="parts"):
                journal.append_lines(self._given.rows(index, part))
                self._interrupt.check()
        if step.probe.estimates is not None:
            self._estimates(step, Measurement(step.probe, self._pairs, self._model(step), self._track))
        journal.append([])

    def _measure(self, measurement: Measurement, parts: Iterable[list[Pair]], write: Callable[[list[Observation]], None]) -> None:
        """Measure and write part by part; Ctrl-C and a model that has gone stop it behind the part in hand."""
        with self._interrupt.held(), seldom_collected():
            for part in parts:
                write(measurement.rows(part))
                self._interrupt.check()
                if measurement.stopped is not None:
                    break
            if measurement.gone is not None:
                raise BackendError(f"{measurement.gone}; what was measured is kept; run the same command again for the rest")

    def _estimates(self, step: Step, measurement: Measurement) -> None:
        """Write what the probe says of the model as a whole, in the order of the steps."""
        if step.probe.estimates is None:
            return
        target = manifest.beside(self._out, MODEL_ESTIMATES_FILE)
        rows = {key: [row for row in _known(target) if (row.model, row.probe) == key] for key in (s.key for s in self._plan.steps)}
        rows[step.key] = measurement.estimates()
        write_records(target, (row for own in rows.values() for row in own))

    def _model(self, step: Step) -> Any:
        place = step.place
        if self._loaded[0] != place:
            self._describe()
            self._loaded = (("", ""), None)  # frees the model before the next one loads
            model = load(step, self._plan.loading, side_file(self._out, "vectors"))
            if step.remedy is not None:
                model = with_remedy(model, step.remedy, self._pairs, self._track)
            known = continuing.check_model(self._before, model.info)
            if self._given is not None:
                known = continuing.check_model(self._given.manifest, model.info)
            self._infos[place] = {**self._stated(place, model.info), "noise_floor": known or _noise(step, model, self._pairs)}
            self._loaded = (place, model)
            self._write_manifest(complete=False)
        return self._loaded[1]

    def _describe(self) -> None:
        """Note what the loaded model says of itself by now, and what a server has been asked for in all commands together."""
        place, model = self._loaded
        if model is None:
            return
        usage = model.usage if offers(model, CountsUsage) else None
        if usage is not None:
            earlier: dict[str, int] = next((old.get("usage") or {} for old in self._known_models() if old["name"] == model.info.name), {})
            self._infos[place]["usage"] = {name: earlier.get(name, 0) + count for name, count in asdict(usage).items()}
        self._infos[place] |= self._stated(place, model.info)

    def _stated(self, place: tuple[str, str], info: ModelInfo) -> dict[str, Any]:
        """Return what a model says of itself; the hash of its source, where it says neither revision nor fingerprint, is kept."""
        stated = info.to_dict()
        return stated | {"fingerprint": self._infos[place]["fingerprint"]} if info.fingerprint is None else stated

    def _known_models(self) -> list[dict[str, Any]]:
        models: list[dict[str, Any]] = (self._before or {}).get("models", [])
        return models

    def _finish(self) -> None:
        """Say that everything is there, then put retried rows into their places, then tidy up: each can be done again."""
        self._write_manifest(complete=True)
        side_file(self._out, "marks").unlink(missing_ok=True)
        self._retried.merge()
        if not self._keep_vectors:
            shutil.rmtree(side_file(self._out, "vectors"), ignore_errors=True)
        for name in (self._out.name, manifest.path_of(self._out).name, manifest.beside(self._out, MODEL_ESTIMATES_FILE).name):
            for left in self._out.parent.glob(f".{name}.*.partial"):  # of a process that was killed while it wrote
                left.unlink(missing_ok=True)
        for pattern in (f".{PAIRS_FILE}.*new", f"..{PAIRS_FILE}.*.partial"):  # of one that was killed at its start
            for left in self._out.parent.glob(pattern):
                left.unlink(missing_ok=True)

    def add_time(self) -> None:
        """Count the time since the probing into the run's."""
        self._write_manifest(complete=True)

    def _config_with(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """Return the present options, with those of before that this command does not have; what began as a run stays one."""
        return {**before, **self._config, **{name: before[name] for name in ("command", "pairs") if name in before}}

    def _write_manifest(self, *, complete: bool) -> None:
        before = read_manifest(self._manifest_file) if self._manifest_file.exists() else {}
        kept = {name: before[name] for name in manifest.WRITTEN_LATER if name in before}
        write_json(self._manifest_file, self._manifest(complete=complete) | kept)

    def _told_beside(self) -> dict[str, Any]:
        """Return what else the manifest says of the probing: what other processes ran on, where they measured."""
        return {} if self._given is None else {"merged": self._given.machines()}

    def _manifest(self, *, complete: bool) -> dict[str, Any]:
        before = self._before or {}
        self._describe()
        old = {(model["kind"], model["name"]): model for model in self._known_models()}
        infos = [info if "noise_floor" in info else old.get((info["kind"], info["name"]), info) for info in self._infos.values()]
        return manifest.build(
            self._out.parent,
            config=self._config_with(before.get("config", {})),
            inputs={PAIRS_FILE: self._pairs.sha256},
            models=infos,
            probes=list({step.probe.name: step.probe for step in self._plan.steps}.values()),
            probing={
                "complete": complete,
                "pairs": self._pairs.count,
                "pairs_at_once": self._size,
                "steps": [{"model": step.info.name, "probe": step.probe.name} for step in self._plan.steps],
                **self._told_beside(),
            },
            start=before.get("start", self._started),
            seconds=round((before.get("seconds") or 0.0) + time.monotonic() - self._clock, 1),
        )


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Look for cycles less often: a part makes thousands of records, which have none, and looking at them takes a quarter of the time."""
    before = gc.get_threshold()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _known(path: Path) -> Iterator[Estimate]:
    return read_estimates(path) if path.exists() else iter(())


def load(step: Step, loading: Loading, vectors: Path) -> Any:
    """Load the model of a step; what an embedding model encodes is kept in `vectors` until the run is complete."""
    from freqbias.models import embedder, language_model
    from freqbias.models.log_probs import checked
    from freqbias.models.relevance import as_scorer

    options = asdict(loading)
    if step.kind == "language_model":
        return checked(language_model(step.name, **options))
    return as_scorer(embedder(step.name, **options), vectors)


def _noise(step: Step, model: Any, pairs: PairFile) -> dict[str, Any] | None:
    from freqbias.models.labels import by_first_token, labels_measure
    from freqbias.models.scoring import HandsOn
    from freqbias.probes.noise import TEXTS, label_noise, language_model_noise, scorer_noise

    texts = list(islice(dict.fromkeys(pair.high for pair in islice(pairs, 100 * TEXTS)), TEXTS))
    measure = labels_measure(model) if step.kind == "language_model" else model.measure
    of_text = label_noise if by_first_token(model) else language_model_noise
    own = model.inner if isinstance(model, HandsOn) else model  # whose code it is that may raise
    try:
        with in_one_line(BackendError, f"model '{step.info.name}'", own):
            return {"measure": measure, "value": (of_text if step.kind == "language_model" else scorer_noise)(model, texts)}
    except UnsupportedError as error:  # a probe that needs it says so, others go without
        log.debug("%s: no noise floor: %s", step.info.name, error)
        return None
    except BackendError as error:
        log.warning("%s: no noise floor: %s", step.info.name, error)  # the rows will say which texts it fails on
        return None
