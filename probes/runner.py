"""One probe on one model, part by part: a failing request costs the pairs that it was for, and a model that is gone ends the run."""

import logging
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from freqbias.errors import BackendError, InputError
from freqbias.models.protocols import GivesUp, offers
from freqbias.probes import Probe
from freqbias.probes.standins import StandIn
from freqbias.progress import Track, silent
from freqbias.records import Observation, Pair
from freqbias.redact import redact
from freqbias.terms import HIGH, LOW

MAX_CONSECUTIVE_FAILURES = 5  # pairs, each asked for alone: by then it is the model that fails, not the texts

log = logging.getLogger(__name__)


class Measurement:
    """A probe, prepared on all pairs, that measures some of them at a time.

    After `rows`, `gone` holds the error of a model that has stopped answering: what was measured before it is worth keeping.
    `stopped` holds it as soon as nothing more comes of going on. Until then a model that answered for all pairs beforehand, such as
    an embedding model, may have the numbers of later parts.
    """

    def __init__(self, probe: Probe, pairs: Iterable[Pair], model: Any, track: Track):
        self._probe = probe
        self._pairs = pairs
        self._model = model
        self.common = None if probe.prepare is None else probe.prepare(pairs, model, track)
        self.gone: BackendError | None = None
        self.stopped: BackendError | None = None
        self._succeeded = False
        self._written: set[tuple[str, str]] = set()  # (contrast, measure) of all rows so far

    def rows(self, part: Sequence[Pair]) -> list[Observation]:
        """Return the rows of some pairs.

        Where the model raises `BackendError`, each pair is measured alone, and the rows of a pair that fails again carry `error`.
        Raises `BackendError` when that is every pair and none was measured before.
        """
        try:
            rows = list(self._probe.run(part, self._model, self.common))
            self._check(rows, part)
            self._written.update((row.contrast, row.measure) for row in rows)
        except BackendError as error:
            log.warning("%s; asking for these %d pairs one by one", error, len(part))
            return self._one_by_one(part)
        reason = self._model.stopped if offers(self._model, GivesUp) else None  # a model that turns failures into NaN says so here
        if reason is not None:
            self.gone = BackendError(str(reason))
            if all(row.error is not None for row in rows):
                self.stopped = self.gone
                if not self._succeeded:
                    raise self.stopped
        self._succeeded = True
        return rows

    def _check(self, rows: Sequence[Any], part: Sequence[Pair]) -> None:
        """Raise `InputError` where the first row of a probe is not what every reader of the file takes it for."""
        if not rows or self._succeeded:
            return
        name, row = self._probe.name, rows[0]
        if not isinstance(row, Observation):
            raise InputError(f"probe '{name}' yields {type(row).__name__}; it must yield freqbias.records.Observation")
        if row.probe != name:
            raise InputError(f"probe '{name}' writes rows of probe '{row.probe}'; give the Probe and its rows one name")
        if row.model != self._model.info.name:
            raise InputError(f"probe '{name}' writes rows of model '{row.model}'; write model.info.name, here '{self._model.info.name}'")
        if row.pair_id not in {pair.id for pair in part}:
            raise InputError(f"probe '{name}' writes a row of pair '{row.pair_id}', which it was not given; write pair.id")
        try:
            row.check()
        except InputError as error:
            raise InputError(f"probe '{name}': its row of pair '{row.pair_id}': {error}") from error

    def warn_unless_judged(self) -> None:
        """Warn where there are rows, and none is of the contrast and measure that the probe says it is judged by."""
        judgement = self._probe.judgement
        if self._written and not any(judgement.judges(contrast, measure) for contrast, measure in self._written):
            wanted = f"contrast '{judgement.contrast}'" + (f" in '{judgement.measure}'" if judgement.measure else "")
            known = ", ".join(f"{contrast} in {measure}" for contrast, measure in sorted(self._written))
            log.warning("probe '%s' is judged by %s, which none of its rows has; they have: %s", self._probe.name, wanted, known)

    def _one_by_one(self, part: Sequence[Pair]) -> list[Observation]:
        rows: list[Observation] = []
        failed = in_a_row = 0
        last = BackendError("no pair to measure")
        for pair in part:
            if in_a_row < MAX_CONSECUTIVE_FAILURES:
                try:
                    rows += list(self._probe.run([pair], self._model, self.common))  # all of a pair's rows or none
                    in_a_row = 0
                    continue
                except BackendError as error:
                    last = error
            failed += 1
            in_a_row += 1
            rows += self._failed(pair, last)
        if failed == len(part) and not self._succeeded:
            raise last
        if in_a_row >= MAX_CONSECUTIVE_FAILURES or failed == len(part):
            self.gone = self.stopped = last
        self._succeeded = True
        return rows

    def _failed(self, pair: Pair, error: BackendError) -> list[Observation]:
        """Return the rows that the probe would have written for a pair, each with the error; a stand-in tells which these are."""
        model, common = self._stand_in
        empty: dict[str, Any] = {HIGH: None, LOW: None, "cells": None, "decoys": None, "error": redact(str(error))}
        return [row.replace(**empty) for row in self._probe.run([pair], model, common)]

    @cached_property
    def _stand_in(self) -> tuple[StandIn, Any]:
        measure = () if self._probe.needs == "language_model" else (self._model.measure,)
        model = StandIn(self._model.info, *measure)
        common = None if self._probe.prepare is None else self._probe.prepare(self._pairs, model, silent)
        return model, common
