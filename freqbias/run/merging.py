"""What several processes have measured of one run, checked and handed to the process that joins it.

Rows of language models and of models that read query and document together are taken over byte by byte. Of a model that encodes texts
beforehand the vectors are taken over, and rows follow from them as they do in one process.
"""

import shlex
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from freqbias.errors import InputError
from freqbias.files import PairFile
from freqbias.models import Role
from freqbias.models.protocols import FloatArray
from freqbias.run import resume
from freqbias.run.manifest import tells_how
from freqbias.run.parts import BY_PAIRS, Origin, Parts, Share, TextParts, rows_name, texts_name, vectors_of
from freqbias.run.steps import LANGUAGE_MODEL, Step

NAMED = 3  # missing parts in a line
MACHINE = ("platform", "cpu", "gpu")  # of a manifest: what a process ran on
MEASURE = "name the folders that hold them, or measure them: run the command with --shard again, with any number of processes"

ELSEWHERE = "leave this folder out, or measure it again"


class Given:
    """The parts in one or more run folders; `InputError` where a folder has none, or two have the same part.

    `manifest` has what all processes agree on, with the largest noise floor of every model; `first` is the first folder.
    """

    def __init__(self, runs: Sequence[Path]):
        self._paths: dict[str, Path] = {}
        self._manifests: list[tuple[Path, Share, dict[str, Any]]] = []
        for run in {run.resolve(): run for run in runs}.values():
            parts = Parts(run)
            own = [(parts.manifest_path(share), share, found) for share, found in parts.manifests().items()]
            if not own:
                raise InputError(f"{run}: holds no parts of a run; measure some: freqbias run --shard 0/4 --out {shlex.quote(str(run))}")
            self._manifests += own
            for name in sorted(parts.names()):
                path = parts.path(name)
                if name in self._paths:
                    raise InputError(f"{path}: this part lies in {self._paths[name]} too; delete one of the two, or leave out one folder")
                self._paths[name] = path
        self._given_up = {name: reason for run in runs for name, reason in Parts(run).given_up().items()}
        for path, _, found in self._manifests:
            probing = found.get("probing", {})
            if not (tells_how(found) and isinstance(probing.get("measured"), int) and isinstance(probing.get("by"), dict)):
                raise InputError(f"{path}: does not describe a share of a run; delete it, and measure its share again")
        self._manifests.sort(key=lambda one: one[2]["config"]["command"] != "run")  # where one was to go on to a report, all do
        self.first = self._manifests[0][0].parent.parent

    def check(self, now: Mapping[str, Any], parts: int) -> None:
        """Raise `InputError` in one line where processes differ in what decides a number, or a part of rows is missing.

        `now` is the manifest that the joined run would have, `parts` how many parts a step has.
        """
        for path, _, found in self._manifests:
            changes = resume.changes(found, now)
            models = {(model["kind"], model["name"]): model for model in self.manifest["models"]}
            for model in found["models"]:
                if "noise_floor" in model:
                    changes += resume.model_changes(models[model["kind"], model["name"]], model)
            if changes:
                raise InputError(f"{path.parent.parent}: {'; '.join(changes)}; {ELSEWHERE}")
        kinds = {model["name"]: model["kind"] for model in now["models"]}
        steps = [n for n, step in enumerate(now["probing"]["steps"]) if self.is_by_pairs(kinds[step["model"]], step["model"])]
        wanted = [rows_name(step, part) for step in steps for part in range(parts)]
        missing = [name for name in wanted if name not in self._paths]
        if missing:
            named = ", ".join(missing[:NAMED]) + (", …" if len(missing) > NAMED else "")
            raise InputError(f"{self.first}: {len(missing)} of {len(wanted)} parts are missing ({named}); {MEASURE}")
        for step in steps:
            told = now["probing"]["steps"][step]
            origin = Origin.of(self.model(kinds[told["model"]], told["model"]), told["probe"])
            for part in range(parts):
                self._store(name := rows_name(step, part)).check_origin([name], origin, ELSEWHERE)

    def is_by_pairs(self, kind: str, model: str) -> bool:
        """Tell whether rows of a model were measured in parts; else its texts were encoded in parts."""
        return kind == LANGUAGE_MODEL or any(found["probing"]["by"].get(model) == BY_PAIRS for _, _, found in self._manifests)

    def rows(self, step: int, part: int) -> bytes:
        """Return the lines of one part as they were written; `InputError` where its file has changed since."""
        return self._read(rows_name(step, part))

    def _read(self, name: str) -> bytes:
        return self._store(name).read(name)

    def _store(self, name: str) -> Parts:
        return Parts(self._paths[name].parent.parent)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The first process's manifest, with every model that any has loaded and its largest noise floor."""
        models: dict[tuple[str, str], dict[str, Any]] = {}
        for _, _, found in self._manifests:
            for model in found["models"]:
                place = (model["kind"], model["name"])
                if place not in models or "noise_floor" not in models[place]:
                    models[place] = model
                elif model.get("noise_floor"):
                    models[place] = {**models[place], "noise_floor": _larger(models[place]["noise_floor"], model["noise_floor"])}
        return {**self._manifests[0][2], "models": list(models.values())}

    def model(self, kind: str, name: str) -> dict[str, Any]:
        """Return what the processes say of a model."""
        return next(model for model in self.manifest["models"] if (model["kind"], model["name"]) == (kind, name))

    def machines(self) -> list[dict[str, Any]]:
        """Return what the processes ran on, each kind once, with how many parts it measured."""
        found: dict[tuple[Any, ...], int] = {}
        for _, _, told in self._manifests:
            kind = tuple(told.get(name) for name in MACHINE)
            found[kind] = found.get(kind, 0) + told["probing"]["measured"]
        return [{**dict(zip(MACHINE, kind, strict=True)), "parts": parts} for kind, parts in found.items()]

    def hand_to(self, model: Any, steps: Sequence[Step], pairs: PairFile) -> None:
        """Let a model take the vectors that other processes have encoded; `InputError` for a part of the last step that is missing.

        `steps` are all of the model's so far: what a probe adds depends on those before it, measured now or by an earlier command.
        """
        texts = TextParts(model.info, model.measure)
        for step in steps[:-1]:
            list(texts.of(step.probe, pairs))
        for role, part in texts.of(steps[-1].probe, pairs):
            name = texts_name(model.info, role, part)
            if name not in self._paths:
                raise InputError(f"{self.first}: the vectors of {len(part)} texts of {model.info.name} are missing ({name}); {MEASURE}")
            self._store(name).check_origin([name], Origin.of(model.info.to_dict()), ELSEWHERE)

        def encoded(role: Role, part: Sequence[str]) -> list[FloatArray] | None:
            name = texts_name(model.info, role, part)
            if name in self._given_up:
                model.failures.reasons.update(dict.fromkeys(part, self._given_up[name]))
            return vectors_of(self._read(name)) or None if name in self._paths else None

        model.encoded = encoded


def _larger(a: dict[str, Any] | None, b: dict[str, Any]) -> dict[str, Any]:
    return b if a is None or a["value"] is None or (b["value"] is not None and b["value"] > a["value"]) else a
