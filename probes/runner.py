"""One probe on one model, part by part: a failing request costs the pairs that it was for, and a model that is gone ends the run."""

import logging
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from itertools import islice
from typing import Any

from freqbias.errors import BackendError, InputError, UnsupportedError, in_one_line, is_ours
from freqbias.models.labels import by_first_token
from freqbias.models.protocols import GivesUp, Refuses, offers
from freqbias.models.scoring import HandsOn, show_progress
from freqbias.probes import Probe
from freqbias.probes.standins import StandIn
from freqbias.progress import Track, noted, silent
from freqbias.records import Estimate, Observation, Pair
from freqbias.redact import redact
from freqbias.terms import HIGH, LOW, SHARE_RANGE

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
        self._track = track
        show_progress(model, track)
        with self._told():
            self.common = None if probe.prepare is None else probe.prepare(pairs, model, track)
        self.gone: BackendError | None = None
        self.stopped: BackendError | None = None
        self._succeeded = False
        self._written: set[tuple[str, str]] = set()  # (contrast, measure) of all rows so far

    def rows(self, part: Sequence[Pair]) -> list[Observation]:
        """Return the rows of some pairs.

        Where the model raises `BackendError`, each pair is measured alone, and the rows of a pair that fails again carry `error`.
        Raises `BackendError` when that is every pair and none was measured before, and at once for what the model cannot do at all.
        """
        found = self._measured(part)
        noted(self._track, failures=sum(row.error is not None for row in found))
        return found

    def _measured(self, part: Sequence[Pair]) -> list[Observation]:
        try:
            rows = self._run(part, self._model, self.common)
            self._written.update((row.contrast, row.measure) for row in rows)
        except UnsupportedError:
            raise
        except BackendError as error:
            log.warning("%s; asking for these %d pairs one by one", error, len(part))
            return self._one_by_one(part)
        reason = self._model.stopped if offers(self._model, GivesUp) else None  # a model that turns failures into NaN says so here
        reason = reason or self._refused_all(part, rows)
        if reason is not None:
            self.gone = BackendError(str(reason))
            if all(row.error is not None for row in rows):
                self.stopped = self.gone
                if not self._succeeded:
                    raise self.stopped
        self._succeeded = True
        return rows

    def _refused_all(self, part: Sequence[Pair], rows: Sequence[Observation]) -> str | None:
        """Return what a server said that has refused every text of a file's first part; None where any was measured, or elsewhere.

        Of a later part, or one of pairs that failed before, others have been measured: there it is the texts.
        """
        if not rows or any(row.error is None for row in rows) or not offers(self._model, Refuses):
            return None
        first = islice(self._pairs, len(part))
        return self._model.refusing if [pair.id for pair in first] == [pair.id for pair in part] else None

    def estimates(self) -> list[Estimate]:
        """Return what the probe says of the model as a whole; `InputError` for what is no estimate of its own."""
        if self._probe.estimates is None:
            return []
        name, model = self._probe.name, self._model.info.name
        with self._told():
            found = _listed(self._probe.estimates(self._pairs, self._model, self.common), f"probe '{name}': estimates")
        for row in found:
            if not isinstance(row, Estimate):
                raise InputError(f"probe '{name}': estimates yields {type(row).__name__}; it must yield freqbias.records.Estimate")
            if (row.probe, row.model) != (name, model):
                raise InputError(f"probe '{name}' writes an estimate of probe '{row.probe}' and model '{row.model}', here '{model}'")
            try:
                row.check()
            except InputError as error:
                raise InputError(f"probe '{name}': its estimate {row.term}: {error}") from error
        return found

    def _run(self, part: Sequence[Pair], model: Any, common: Any) -> list[Observation]:
        """Return the rows of some pairs, checked."""
        with self._told():
            rows = _listed(self._probe.run(part, model, common), f"probe '{self._probe.name}': run")
        self._check(rows, part)
        return rows

    def _told(self) -> AbstractContextManager[None]:
        """Name what of others' code raises in a block: a probe is at fault for its own, a model that fails is asked again."""
        probe, model = self._probe, self._model.inner if isinstance(self._model, HandsOn) else self._model
        if is_ours(probe.run):
            return in_one_line(BackendError, f"model '{self._model.info.name}'", model)
        return in_one_line(InputError, f"probe '{probe.name}' on model '{self._model.info.name}'", probe.run)

    def _check(self, rows: Sequence[Any], part: Sequence[Pair]) -> None:
        """Raise `InputError` for a row that is not what every reader of the file takes it for; of built-ins only the first is read."""
        name, model, known = self._probe.name, self._model.info.name, {pair.id for pair in part}
        seen: set[tuple[str, str, str, str | None]] = set()
        shares: dict[str, bool | None] = {}  # by measure
        trusted = is_ours(self._probe.run) and is_ours(self._model)
        for row in rows[: not self._succeeded] if trusted else rows:
            if not isinstance(row, Observation):
                raise InputError(f"probe '{name}' yields {type(row).__name__}; it must yield freqbias.records.Observation")
            if row.probe != name:
                raise InputError(f"probe '{name}' writes rows of probe '{row.probe}'; give the Probe and its rows one name")
            if row.model != model:
                raise InputError(f"probe '{name}' writes rows of model '{row.model}'; write model.info.name, here '{model}'")
            if row.pair_id not in known:
                raise InputError(f"probe '{name}' writes a row of pair '{row.pair_id}', which it was not given; write pair.id")
            try:
                row.check()
                if shares.setdefault(row.measure, None) is None:
                    shares[row.measure] = self._probe.judgement.is_share(row.measure)
                if shares[row.measure]:
                    row.check_range(SHARE_RANGE)
            except InputError as error:
                raise InputError(f"probe '{name}': its row of pair '{row.pair_id}': {error}") from error
            key = (row.pair_id, row.measure, row.contrast, row.register)
            if key in seen:
                raise InputError(f"probe '{name}' writes two rows of pair, measure, contrast and register {key}; average them into one")
            seen.add(key)

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
                    rows += self._run([pair], self._model, self.common)  # all of a pair's rows or none
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

    def failed(self, part: Sequence[Pair], error: BackendError) -> list[Observation]:
        """Return the rows of pairs that are not asked for, because of an error that each row carries."""
        return [row for pair in part for row in self._failed(pair, error)]

    def _failed(self, pair: Pair, error: BackendError) -> list[Observation]:
        """Return the rows that the probe would have written for a pair, each with the error; a stand-in tells which these are."""
        model, common = self._stand_in
        empty: dict[str, Any] = {HIGH: None, LOW: None, "cells": None, "decoys": None, "error": redact(str(error))}
        return [row.replace(**empty) for row in self._run([pair], model, common)]

    @cached_property
    def _stand_in(self) -> tuple[StandIn, Any]:
        measure = () if self._probe.needs == "language_model" else (self._model.measure,)
        model = StandIn(self._model.info, *measure, has_continuations=not by_first_token(self._model))
        common = None if self._probe.prepare is None else self._probe.prepare(self._pairs, model, silent)
        return model, common


def _listed(found: Any, what: str) -> list[Any]:
    if not isinstance(found, Iterable):
        raise InputError(f"{what} returned {type(found).__name__}; it must yield records")
    return list(found)
