"""One of several processes that measure a run together: its share of every step, part by part, into files of their own."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from freqbias.errors import BackendError, InputError
from freqbias.files import PairFile, held, lines, write_text
from freqbias.models import Role
from freqbias.models.maxsim import LateInteractionScorer
from freqbias.models.relevance import DenseScorer
from freqbias.probes.runner import Measurement
from freqbias.progress import Track
from freqbias.run import resume as continuing
from freqbias.run.parts import BY_PAIRS, BY_TEXTS, TEXTS, Origin, Parts, Share, TextParts, rows_name, texts_name, vectors_bytes
from freqbias.run.probing import Probing, seldom_collected
from freqbias.run.steps import LANGUAGE_MODEL, Plan, Step

log = logging.getLogger(__name__)

DEVICE_VARIABLE = "FREQBIAS_DEVICE"  # names, in a worker, the device that it was given
# of a worker, for one of an earlier command that was killed: it still has a part in hand, and ends with it
WAIT_SECONDS = 600.0
TRIAL = "a"  # a text that tells how many numbers a vector has


def count_parts(plan: Plan, pairs: PairFile) -> int:
    """Return how many parts a run has, for showing progress: of embedding models, as if each encoded its texts beforehand."""
    texts = {step.name: TextParts(step.info, "") for step in plan.steps if step.kind != LANGUAGE_MODEL}
    counts = (
        -(-pairs.count // plan.pairs_at_once) if step.kind == LANGUAGE_MODEL else sum(1 for _ in texts[step.name].of(step.probe, pairs))
        for step in plan.steps
    )
    return sum(counts)


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A part of a step: `size` pairs, or the texts of one role that are encoded together."""

    number: int
    name: str
    size: int
    role: Role | None = None
    texts: tuple[str, ...] = ()


class Measuring(Probing):
    """Measures single parts of a run, in any order, and writes nothing."""

    def __init__(self, pairs: PairFile, plan: Plan, out: Path, config: Mapping[str, Any], track: Track):
        super().__init__(pairs, plan, out, config, track)
        self._by: dict[str, str] = {}
        self._texts: dict[tuple[str, str], TextParts] = {}
        self._measurement: tuple[Step | None, Measurement | None] = (None, None)

    def units(self, index: int) -> list[Unit]:
        """Return the parts of a step; steps are asked in order. Loads an embedding model, to learn what it is divided by."""
        step = self._plan.steps[index]
        if self._is_by_pairs(step):
            last = self._pairs.count - (self._parts - 1) * self._size
            sizes = [self._size] * (self._parts - 1) + [last]
            return [Unit(number=part, name=rows_name(index, part), size=size) for part, size in enumerate(sizes)]
        model = self._model(step)
        parts = self._texts.setdefault((step.kind, step.name), TextParts(model.info, model.measure)).of(step.probe, self._pairs)
        return [
            Unit(number=n, name=texts_name(model.info, role, texts), size=len(texts), role=role, texts=tuple(texts))
            for n, (role, texts) in enumerate(parts)
        ]

    def origin(self, index: int, unit: Unit) -> Origin:
        """Return what measures a part here, as far as it is known by now."""
        step = self._plan.steps[index]
        return Origin.of(self._infos[step.kind, step.name], None if unit.name.startswith(TEXTS) else step.probe.name)

    def measured(self, index: int, unit: Unit, reason: str | None = None) -> bytes:
        """Return what a part's file holds; with a `reason` the part is not asked for, and its rows, or texts, have an error.

        `BackendError` when the model has stopped answering.
        """
        step = self._plan.steps[index]
        if unit.role is not None:
            return self._vectors(self._model(step), unit.role, list(unit.texts), reason)
        measurement, part = self._prepared(step), self._pairs.part(unit.number, self._size)
        rows = measurement.rows(part) if reason is None else measurement.failed(part, BackendError(reason))
        if measurement.gone is not None:
            raise BackendError(f"{measurement.gone}; what was measured is kept; run the same command again for the rest")
        return lines(rows)

    def _prepared(self, step: Step) -> Measurement:
        known, measurement = self._measurement
        if known is not step or measurement is None:
            self._measurement = (None, None)
            measurement = Measurement(step.probe, self._pairs, self._model(step), self._track)
            self._measurement = (step, measurement)
        return measurement

    def _vectors(self, model: Any, role: Role, texts: list[str], reason: str | None) -> bytes:
        """Return the vectors of some texts; of none where the model fails on one of them: the process that joins asks one by one."""
        try:
            if reason is not None:
                return vectors_bytes([np.full_like(model.encode_part(role, [TRIAL])[0], np.nan)] * len(texts))
            return vectors_bytes(model.encode_part(role, texts))
        except BackendError as error:
            log.warning("%s; these %d texts are encoded one by one when the parts are merged", error, len(texts))
            return vectors_bytes([])

    def _is_by_pairs(self, step: Step) -> bool:
        """Tell whether a step's rows can be measured in parts; else its texts are, all of which are encoded before the first row."""
        if step.kind == LANGUAGE_MODEL:
            return True
        by_texts = isinstance(self._model(step), DenseScorer | LateInteractionScorer)
        self._by[step.info.name] = BY_TEXTS if by_texts else BY_PAIRS
        return not by_texts


class Sharing(Measuring):
    """What one process adds to the parts of a run: those of its share that nobody has measured."""

    def __init__(self, pairs: PairFile, plan: Plan, out: Path, config: Mapping[str, Any], track: Track, share: Share):
        super().__init__(pairs, plan, out, config, track)
        self._share = share
        self._store = Parts(out.parent)
        self._manifest_file = self._store.manifest_path(share)
        self._claim = self._store.claim_path(share)
        self._measured = 0

    def run(self) -> bool:
        """Measure what is missing of this share; return whether there was anything.

        `InputError` where the folder's parts were measured from other pairs, models, prompts or settings, or where another process
        measures this share now.
        """
        folder, is_worker = self._out.parent, DEVICE_VARIABLE in os.environ
        taken = f"{folder}: another process measures share {self._share}"
        with held(self._store.lock_path(self._share), taken, folder, WAIT_SECONDS if is_worker else 0):
            for share, found in self._store.manifests().items():
                continuing.refuse_changes(found, self._manifest(complete=False), self._out, continuing.NO_FRESH)
                if share == self._share:
                    self._before = found
            self._write_manifest(complete=False)
            complete = refused = False
            try:
                with self._interrupt.watched(), seldom_collected():
                    for index in range(len(self._plan.steps)):
                        self._step_share(index)
                complete = True
            except InputError:
                refused = self._before is None and not self._measured
                raise
            finally:
                self._claim.unlink(missing_ok=True)
                self._write_manifest(complete=complete)
                if refused:  # else the model that measured the parts would be refused by it
                    self._manifest_file.unlink(missing_ok=True)
                self._loaded = (("", ""), None)
        return bool(self._measured)

    def _step_share(self, index: int) -> None:
        step, given_up, there = self._plan.steps[index], self._store.given_up(), self._store.names()
        own = [unit for unit in self.units(index) if self._share.has(unit.number)]
        for unit in own:
            if unit.name in there:
                self._store.check_origin([unit.name], self.origin(index, unit), continuing.NO_FRESH)
        missing = [unit for unit in own if unit.name not in there]
        if not missing:
            return
        self._model(step)
        what, unit_name = f"{step.info.name}: {step.probe.name}", "texts" if missing[0].texts else "pairs"
        total = sum(unit.size for unit in missing)
        for unit in self._track(missing, what, total, unit=unit_name, size=lambda unit: unit.size):
            with self._interrupt.held():
                write_text(self._claim, unit.name)
                data = self.measured(index, unit, given_up.get(unit.name))
                self._store.write(unit.name, data, self.origin(index, unit))
                self._measured += 1

    def _told_beside(self) -> dict[str, Any]:
        before = (self._before or {}).get("probing", {}).get("measured", 0)
        return {
            "share": [self._share.index, self._share.of],
            "measured": before + self._measured,
            "by": self._by,
            "device": os.environ.get(DEVICE_VARIABLE),
        }
