"""One of several processes that measure a run together: its share of every step, part by part, into files of their own."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from freqbias.errors import BackendError
from freqbias.files import PairFile, held, line
from freqbias.models.maxsim import LateInteractionScorer
from freqbias.models.relevance import DenseScorer
from freqbias.probes.runner import Measurement
from freqbias.progress import Track
from freqbias.run import resume as continuing
from freqbias.run.parts import BY_PAIRS, BY_TEXTS, Parts, Share, TextParts, rows_name, texts_name, vectors_bytes
from freqbias.run.probing import LANGUAGE_MODEL, PAIRS_AT_ONCE, Plan, Probing, Step, seldom_collected

log = logging.getLogger(__name__)


class Sharing(Probing):
    """What one process adds to the parts of a run: those of its share that nobody has measured."""

    def __init__(self, pairs: PairFile, plan: Plan, out: Path, config: Mapping[str, Any], track: Track, share: Share):
        super().__init__(pairs, plan, out, config, track)
        self._share = share
        self._store = Parts(out.parent)
        self._manifest_file = self._store.manifest_path(share)
        self._by: dict[str, str] = {}
        self._texts: dict[tuple[str, str], TextParts] = {}
        self._measured = 0

    def run(self) -> bool:
        """Measure what is missing of this share; return whether there was anything.

        `InputError` where the folder's parts were measured from other pairs, models, prompts or settings, or where another process
        measures this share now.
        """
        lock = self._store.folder / f".lock-{self._share.index}-of-{self._share.of}"
        with held(lock, f"{self._out.parent}: another process measures share {self._share}", self._out.parent):
            for share, found in self._store.manifests().items():
                continuing.refuse_changes(found, self._manifest(complete=False), self._out)
                if share == self._share:
                    self._before = found
            self._write_manifest(complete=False)
            complete = False
            try:
                with self._interrupt.watched(), seldom_collected():
                    for index, step in enumerate(self._plan.steps):
                        self._of_step(step, index)
                complete = True
            finally:
                self._write_manifest(complete=complete)
                self._loaded = (("", ""), None)
        return bool(self._measured)

    def _of_step(self, step: Step, index: int) -> None:
        there = self._store.names()
        if self._is_by_pairs(step):
            own = {part: rows_name(index, part) for part in range(self._parts) if self._share.has(part)}
            missing = {part: name for part, name in own.items() if name not in there}
            if missing:
                self._rows(step, missing)
            return
        model = self._model(step)
        parts = self._texts.setdefault((step.kind, step.name), TextParts(model.info, model.measure)).of(step.probe, self._pairs)
        named = [(role, texts, texts_name(model.info, role, texts)) for n, (role, texts) in enumerate(parts) if self._share.has(n)]
        missing_texts = [part for part in named if part[2] not in there]
        total = sum(len(texts) for _, texts, _ in missing_texts)
        what = f"{step.info.name}: {step.probe.name}: encode"
        for role, texts, name in self._track(missing_texts, what, total, unit="texts", size=lambda part: len(part[1])):
            with self._interrupt.held():
                self._keep(name, self._vectors(model, role, texts))

    def _rows(self, step: Step, missing: Mapping[int, str]) -> None:
        measurement = Measurement(step.probe, self._pairs, self._model(step), self._track)
        last = self._pairs.count - (self._parts - 1) * PAIRS_AT_ONCE
        total = sum(last if part == self._parts - 1 else PAIRS_AT_ONCE for part in missing)
        parts = self._pairs.parts(PAIRS_AT_ONCE, missing)
        what = f"{step.info.name}: {step.probe.name}"
        for number, part in self._track(parts, what, total, unit="pairs", size=lambda found: len(found[1])):
            with self._interrupt.held():
                rows = measurement.rows(part)
                if measurement.gone is not None:
                    raise BackendError(f"{measurement.gone}; what was measured is kept; run the same command again for the rest")
                self._keep(missing[number], b"".join(map(line, rows)))

    def _vectors(self, model: Any, role: Any, texts: list[str]) -> bytes:
        """Return the vectors of some texts; of none where the model fails on one of them: the process that joins asks one by one."""
        try:
            return vectors_bytes(model.encode_part(role, texts))
        except BackendError as error:
            log.warning("%s; these %d texts are encoded one by one when the parts are merged", error, len(texts))
            return vectors_bytes([])

    def _keep(self, name: str, data: bytes) -> None:
        self._store.write(name, data)
        self._measured += 1

    def _is_by_pairs(self, step: Step) -> bool:
        """Tell whether a step's rows can be measured in parts; else its texts are, all of which are encoded before the first row."""
        if step.kind == LANGUAGE_MODEL:
            return True
        by_texts = isinstance(self._model(step), DenseScorer | LateInteractionScorer)
        self._by[step.info.name] = BY_TEXTS if by_texts else BY_PAIRS
        return not by_texts

    def _told_beside(self) -> dict[str, Any]:
        before = (self._before or {}).get("probing", {}).get("measured", 0)
        return {"share": [self._share.index, self._share.of], "measured": before + self._measured, "by": self._by}
