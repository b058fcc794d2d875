"""What runs on a Ray cluster: actors that hold a model and measure parts, and the ledger that knows what is in whose hands.

Ray starts an actor that died again, and asks it again for the part in hand, without end. So every actor names its part in the ledger
first, and whoever is asked for a part that three have died on gives it up instead.
"""

import json
import shutil
import tempfile
import traceback
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import freqbias
from freqbias.errors import BackendError, FreqbiasError, InputError
from freqbias.files import PairFile, atomic, sha256
from freqbias.progress import silent
from freqbias.run.devices import MAX_DEATHS
from freqbias.run.merging import MACHINE
from freqbias.run.settings import Settings
from freqbias.run.shards import Measuring, Unit
from freqbias.terms import OBSERVATIONS_FILE, PAIRS_FILE

STOPPED = -1  # what the ledger answers when nothing is to be begun any more
STEP, PART, ROWS, TOLD = "step", "part", "rows", "told"  # columns of the dataset; an actor adds the last two


@dataclass(frozen=True, kw_only=True)
class Job:
    """What all actors of one model are told."""

    chosen: Settings
    steps: tuple[int, ...]  # of the plan, all on one model
    models: Sequence[Mapping[str, Any]]  # what earlier processes said of theirs
    given_up: Mapping[str, str]
    sha256: str  # of the pairs
    scratch: str  # name of a folder that each node makes among its temporary files
    version: str = freqbias.__version__


class Ledger:
    """Counts, in a process of its own, how often a part or an actor was begun and not finished."""

    def __init__(self) -> None:
        self._begun: Counter[str] = Counter()
        self._stopped = False

    def begin(self, name: str) -> int:
        """Note a beginning; return how many before it came to no end, or `STOPPED`."""
        if self._stopped:
            return STOPPED
        self._begun[name] += 1
        return self._begun[name] - 1

    def end(self, name: str) -> None:
        """Note an end: what was begun before it is forgotten."""
        self._begun.pop(name, None)

    def stop(self) -> None:
        """Let nothing be begun any more."""
        self._stopped = True


class _Loaded(Measuring):
    """Measures parts on an actor, with the model of its steps loaded beforehand."""

    def open(self, steps: Sequence[int], models: Sequence[Mapping[str, Any]]) -> dict[int, list[Unit]]:
        """Load the model, which must be the one that `models` tell of; return the parts of its steps."""
        self._before = {"models": [{name: value for name, value in model.items() if name != "usage"} for model in models]}
        found = {index: self.units(index) for index in steps}
        self._model(self._plan.steps[steps[0]])
        return found

    def told(self) -> dict[str, Any]:
        """Return what the manifest is to say of this process."""
        found = self._manifest(complete=False)
        models = [model for model in found["models"] if "noise_floor" in model]
        return {"models": models, "by": self._by, **{name: found[name] for name in (*MACHINE, "threads")}}


class _StoppedError(Exception):
    """Nothing is to be begun any more."""


class Actor:
    """Measures the parts that it is asked for; what goes wrong is an answer too, never an exception: Ray drops rows for some of these."""

    def __init__(self, job: Job, pairs: Sequence[Any], ledger: Any):
        self._job = job
        self._pairs = pairs  # references to the bytes of the pair file, piece by piece
        self._ledger = ledger
        self._measuring: _Loaded | None = None
        self._units: dict[int, list[Unit]] = {}

    def __call__(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the bytes of a part's file, and in JSON what is to be said of them."""
        step, part = int(row[STEP]), int(row[PART])
        data = b""
        try:
            data, told = self._measured(step, part)
        except _StoppedError:
            told = {}
        except FreqbiasError as error:
            told = {"failure": str(error), "status": error.exit_status}
        except Exception:
            told = {"failure": traceback.format_exc(), "status": FreqbiasError.exit_status}
        return {STEP: step, PART: part, ROWS: data, TOLD: json.dumps({"node": _context().get_node_id(), **told})}

    def parts(self) -> dict[str, Any]:
        """Return number, name and size of the parts of each step; why not, where the model cannot be loaded."""
        try:
            self._open()
        except FreqbiasError as error:
            return {"failure": str(error), "status": error.exit_status}
        found = {step: [(unit.number, unit.name, unit.size) for unit in units] for step, units in self._units.items()}
        return {"parts": found}

    def _measured(self, step: int, part: int) -> tuple[bytes, dict[str, Any]]:
        measuring = self._open()
        unit = self._units[step][part]
        died = self._begin(unit.name)
        reason = self._job.given_up.get(unit.name)
        if died >= MAX_DEATHS:
            reason = f"{MAX_DEATHS} processes died while they measured this part"
        data = measuring.measured(step, unit, reason)
        self._ledger.end.remote(unit.name)
        of = asdict(measuring.origin(step, unit))
        return data, {"name": unit.name, "of": of, "reason": reason, "died": died, **measuring.told()}

    def _open(self) -> _Loaded:
        if self._measuring is None:
            name = f"actor {_context().get_actor_id()}"  # an actor that is started again keeps it
            if self._begin(name) >= MAX_DEATHS:
                raise BackendError(f"its process ended {MAX_DEATHS} times before it measured anything")
            if freqbias.__version__ != self._job.version:
                raise InputError(f"a node has freqbias {freqbias.__version__}, and this one {self._job.version}; install the same on all")
            place = scratch_folder(self._job.scratch)
            config, plan = self._job.chosen.recorded("run"), self._job.chosen.plan()
            out = place / name.replace(" ", "-") / OBSERVATIONS_FILE
            measuring = _Loaded(self._pair_file(place), plan, out, config, silent)
            self._units = measuring.open(self._job.steps, self._job.models)
            self._measuring = measuring
            self._ledger.end.remote(name)
        return self._measuring

    def _begin(self, name: str) -> int:
        import ray

        found: int = ray.get(self._ledger.begin.remote(name))
        if found == STOPPED:
            raise _StoppedError
        return found

    def _pair_file(self, place: Path) -> PairFile:
        """Return the pairs, which the first actor on a node writes to its disk: they are read again and again."""
        import ray

        path = place / PAIRS_FILE
        if not path.exists():
            with atomic(path) as stream:
                for piece in self._pairs:
                    stream.write(ray.get(piece))
        if sha256(path) != self._job.sha256:
            raise BackendError("the pairs reached a node in other bytes than they had; run the same command again")
        return PairFile(path)


def scratch_folder(name: str) -> Path:
    """Return the folder of a run among the temporary files of the machine that asks."""
    return Path(tempfile.gettempdir()) / name


def remove_scratch(name: str) -> None:
    """Remove that folder."""
    shutil.rmtree(scratch_folder(name), ignore_errors=True)


def _context() -> Any:
    import ray

    return ray.get_runtime_context()
