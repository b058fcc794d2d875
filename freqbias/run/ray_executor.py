"""A run on a Ray cluster: actors measure parts, in any order and at times twice, and this process alone writes them.

The rows of a dataset name the parts of one model that are missing; a pool of actors holds the model and answers with the bytes of each
part. Every part has a file of its own name, so neither order nor doubles matter, and joining them is what `freqbias merge` does. Nobody
needs a shared file system: the pairs go through Ray's object store.
"""

import json
import logging
import os
import signal
import sys
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from freqbias.errors import BackendError, FreqbiasError, InputError, in_one_line, install_hint
from freqbias.files import PairFile, held, write_json
from freqbias.progress import Track
from freqbias.run import resume as continuing
from freqbias.run.merging import MACHINE
from freqbias.run.parts import TEXTS, Origin, Parts, Share
from freqbias.run.ray_actor import PART, ROWS, STEP, TOLD, Actor, Job, Ledger, remove_scratch
from freqbias.run.settings import Settings
from freqbias.run.shards import Measuring, Unit
from freqbias.run.steps import LANGUAGE_MODEL

RAY = "ray"  # the extra, and the module
PIECE_BYTES = 64 << 20  # of the pair file in one object: this process never has the whole file in memory
POLL_SECONDS = 0.2
KEPT = "what was measured is kept; run the same command again for the rest"
CLEAN_SECONDS = 30  # for nodes to remove what they kept of the pairs
#: Nothing is sent to Ray's developers. Its C++ parts log errors that are none (of the pool's own making) into the terminal.
ENVIRONMENT = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}

log = logging.getLogger(__name__)


def check_ray() -> None:
    """Raise `InputError` where Ray is not installed."""
    from freqbias.models.names.contents import is_installed

    if not (is_installed(RAY) and is_installed("pyarrow")):
        raise InputError(f"--executor ray needs 'ray'; run: {install_hint(RAY)}")


@contextmanager
def _cluster() -> Iterator[Any]:
    """Give the module, connected: to the cluster of RAY_ADDRESS or of this machine, else to a new one that ends with the block.

    A connection that the calling program has made already is used, and left. What Ray prints goes to standard error.
    """
    os.environ.update({name: value for name, value in ENVIRONMENT.items() if name == "RAY_USAGE_STATS_ENABLED" or name not in os.environ})
    with redirect_stdout(sys.stderr), ExitStack() as stack:
        import ray
        import ray.data

        logging.getLogger("ray.data").setLevel(logging.ERROR)
        if not ray.is_initialized():
            with in_one_line(BackendError, "Ray cannot be started or joined", ray), _sigterm_kept():
                ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
            stack.callback(ray.shutdown)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = context.print_on_execution_start = False
        context.execution_no_progress_timeout_s = -1  # a part may take as long as it takes
        yield ray


@contextmanager
def _sigterm_kept() -> Iterator[None]:
    """Undo what the block sets for SIGTERM: Ray would end the process with parts in hand."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def resources_of(nodes: list[Mapping[str, float]], chosen: Settings) -> tuple[int, dict[str, float]]:
    """Return how many actors there are to be and what each gets, from the resources of each node.

    By default an actor a GPU, or as many GPUs as one model is split over; where there are none, an actor a node. They share the cores.
    """
    gpus = [int(node.get("GPU", 0)) for node in nodes]
    on_gpus = bool(sum(gpus)) and not chosen.is_served
    each = chosen.tensor_parallel if on_gpus else 1
    count = gpus if on_gpus else [int(node.get("CPU", 0)) for node in nodes]
    room = sum(number // each for number in count)
    actors = chosen.actors or (room if on_gpus else sum(number > 0 for number in count))
    if not 0 < actors <= room:
        unit = f"actors of {each} GPU{'s' * (each > 1)}" if on_gpus else "actors, one a core"
        raise InputError(f"--actors {max(actors, 1)}: this Ray cluster has room for {room} {unit}")
    if on_gpus:
        return actors, {"num_gpus": each}
    return actors, {"num_cpus": max(c for c in range(1, max(count) + 1) if sum(number // c for number in count) >= actors)}


@dataclass
class _Node:
    """What is known of the actors of one node, for their manifest."""

    share: Share
    before: int  # parts that an earlier command's manifest of this name counts
    told: dict[str, Any]
    measured: int = 0
    models: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)


class OnRay(Measuring):
    """What this process does of a run on Ray: it hands out the parts that are missing, and writes what comes back."""

    def __init__(self, pairs: PairFile, chosen: Settings, out: Path, track: Track):
        super().__init__(pairs, chosen.plan(), out, chosen.recorded("run"), track)
        self._chosen = chosen
        self._store = Parts(out.parent)
        self._nodes: dict[str, _Node] = {}
        self._locks = ExitStack()
        self._models_before: list[dict[str, Any]] = []
        self._failed: tuple[int, str] | None = None  # exit status and line
        self._of = 1  # nodes at the start

    def run(self) -> bool:
        """Measure every part that is missing; return whether there was any.

        `InputError` where the folder's parts are those of other pairs, models, prompts or settings; `BackendError` where a model or the
        cluster fails. What was measured before an error is kept.
        """
        for found in self._store.manifests().values():
            continuing.refuse_changes(found, self._manifest(complete=False), self._out, continuing.NO_FRESH)
            self._models_before += [model for model in found["models"] if "noise_floor" in model]
        complete = False
        with self._locks:
            try:
                with _cluster() as ray, self._interrupt.watched():
                    self._run(ray)
                complete = True
            finally:
                for node in self._nodes.values():
                    self._write_node(node, complete=complete)
        return bool(self._nodes)

    def _run(self, ray: Any) -> None:
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        self._of = len(nodes)
        actors, resources = resources_of(nodes, self._chosen)
        ((kind, each),) = resources.items()
        log.info("Ray: actors: %d, nodes: %d, each with %s: %d", actors, len(nodes), kind.removeprefix("num_").upper().rstrip("S"), each)
        scratch = f"freqbias-ray-{uuid.uuid4().hex}"
        with self._pairs.path.open("rb") as stream:
            pairs = [ray.put(piece) for piece in iter(partial(stream.read, PIECE_BYTES), b"")]
        steps = enumerate(self._plan.steps)
        try:
            for _, own in groupby(steps, key=lambda step: (step[1].kind, step[1].name)):
                job = Job(
                    chosen=self._chosen,
                    steps=tuple(index for index, _ in own),
                    models=self._models_before,
                    given_up=self._store.given_up(),
                    sha256=self._pairs.sha256,
                    scratch=scratch,
                )
                with in_one_line(BackendError, "Ray", ray):
                    self._measure_model(ray, job, pairs, actors, resources)
        finally:
            _clean(ray, scratch)

    def _measure_model(self, ray: Any, job: Job, pairs: list[Any], actors: int, resources: Mapping[str, float]) -> None:
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        ledger = ray.remote(num_cpus=0, scheduling_strategy=here)(Ledger).remote()
        given = {"job": job, "pairs": pairs, "ledger": ledger}
        there = self._store.names()
        units = {(index, unit.number): unit for index, own in self._parts_of(ray, given, resources) for unit in own}
        for (index, _), unit in units.items():
            if unit.name in there:
                self._store.check_origin([unit.name], self.origin(index, unit), continuing.NO_FRESH)
        units = {place: unit for place, unit in units.items() if unit.name not in there}
        if not units:
            return
        rows = [{STEP: index, PART: number} for index, number in units]
        pool = ray.data.ActorPoolStrategy(size=min(actors, len(rows)), max_tasks_in_flight_per_actor=1)
        dataset = ray.data.from_items(rows, override_num_blocks=len(rows)).map(
            Actor, fn_constructor_kwargs=given, compute=pool, **resources
        )
        name, total = self._plan.steps[job.steps[0]].info.name, sum(unit.size for unit in units.values())
        unit_name = "texts" if next(iter(units.values())).name.startswith(TEXTS) else "pairs"
        with self._interrupt.held():
            kept = self._kept(dataset, ledger, units)
            for _ in self._track(kept, f"{name}: all actors", total, unit=unit_name, size=lambda unit: unit.size):
                pass
        if self._failed is not None:
            raise _error(*self._failed)
        lost = [unit.name for unit in units.values() if not self._store.path(unit.name).exists()]
        if lost:
            raise BackendError(f"Ray lost {len(lost)} parts ({lost[0]}); {KEPT}")

    def _parts_of(self, ray: Any, given: Mapping[str, Any], resources: Mapping[str, float]) -> Iterator[tuple[int, list[Unit]]]:
        """Yield the parts of each step; an actor that has loaded the model says what an embedding model is divided by."""
        steps = given["job"].steps
        if self._plan.steps[steps[0]].kind == LANGUAGE_MODEL:
            yield from ((index, self.units(index)) for index in steps)
            return
        asked = ray.remote(**resources, max_restarts=0)(Actor).remote(**given)
        try:
            found = ray.get(asked.parts.remote())
        finally:
            ray.kill(asked)  # the pool needs its place
        if "failure" in found:
            raise _error(found["status"], found["failure"])
        for index, own in found["parts"].items():
            yield index, [Unit(number=number, name=name, size=size) for number, name, size in own]

    def _kept(self, dataset: Any, ledger: Any, units: Mapping[tuple[int, int], Unit]) -> Iterator[Unit]:
        """Yield parts as they come and are written; after Ctrl-C, or a failure, only those that were begun."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(POLL_SECONDS):
                if self._interrupt.asked or self._failed is not None:
                    ledger.stop.remote()
                    return

        threading.Thread(target=watch, daemon=True).start()
        try:
            for answer in dataset.iter_rows():
                unit = units[int(answer[STEP]), int(answer[PART])]
                if self._keep(unit, answer):
                    yield unit
        finally:
            over.set()

    def _keep(self, unit: Unit, answer: Mapping[str, Any]) -> bool:
        """Write a part that an actor has measured, once; return whether it did."""
        told = json.loads(answer[TOLD])
        if "failure" in told:
            *trace, last = told["failure"].strip().splitlines() or ["no reason given"]
            log.debug("%s", "\n".join(trace))
            self._failed = self._failed or (int(told["status"]), last)
        if "name" not in told or self._store.path(unit.name).exists():
            return False
        if told["name"] != unit.name:
            raise BackendError(
                f"an actor has measured {told['name']} and was asked for {unit.name}: its model is another one than elsewhere"
            )
        if told["died"]:
            died = "1 process" if told["died"] == 1 else f"{told['died']} processes"
            log.warning("%s: %s died on this part; %s", unit.name, died, "its rows say so" if told["reason"] else "measured again")
        if told["reason"] is not None:
            self._store.give_up(unit.name, told["reason"])
        self._note(told)  # first: parts without a manifest belong to no run
        self._store.write(unit.name, bytes(answer[ROWS]), Origin(**told["of"]))
        self._nodes[told["node"]].measured += 1
        return True

    def _note(self, told: dict[str, Any]) -> None:
        """Keep what an actor says of its model and machine in the manifest of its node."""
        node = self._nodes.get(told["node"])
        if node is None:
            node = self._nodes[told["node"]] = self._new_node(told)
        known = dict(node.models)
        node.models |= {(model["kind"], model["name"]): model for model in told["models"]}
        node.told["by"] |= told["by"]
        if node.models != known:
            self._write_node(node, complete=False)

    def _new_node(self, told: dict[str, Any]) -> _Node:
        """Return a node under the first free name, or under that of an earlier command's node of the same kind."""
        earlier = {share: found for share, found in self._store.manifests().items() if share.of == self._of}
        taken = {node.share for node in self._nodes.values()}
        for number in range(len(earlier) + len(taken) + 1):
            share = Share(number, self._of)
            found = earlier.get(share)
            if share in taken or (found is not None and any(found[name] != told[name] for name in MACHINE)):
                continue
            self._locks.enter_context(
                held(self._store.lock_path(share), f"{self._out.parent}: another process measures it", self._out.parent)
            )
            return _Node(share, 0 if found is None else found["probing"]["measured"], dict(told))
        raise AssertionError("one number is always free")

    def _write_node(self, node: _Node, *, complete: bool) -> None:
        found = self._manifest(complete=complete)
        models = [node.models.get((model["kind"], model["name"]), model) for model in found["models"]]
        share = [node.share.index, node.share.of]
        beside = {"share": share, "measured": node.before + node.measured, "by": node.told["by"], "device": None}
        machine = {name: node.told[name] for name in (*MACHINE, "threads")}
        write_json(
            self._store.manifest_path(node.share), {**found, **machine, "models": models, "probing": {**found["probing"], **beside}}
        )


def _error(status: int, line: str) -> FreqbiasError:
    kind = InputError if status == InputError.exit_status else BackendError
    return kind(line if KEPT in line else f"{line}; {KEPT}")


def _clean(ray: Any, scratch: str) -> None:
    """Remove what the nodes kept for the actors; one that is gone keeps it among its temporary files."""
    if not ray.is_initialized():
        return
    at = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
    remove = ray.remote(num_cpus=0, max_retries=0)(remove_scratch)
    nodes = [node["NodeID"] for node in ray.nodes() if node["Alive"]]
    asked = [remove.options(scheduling_strategy=at(node, soft=False)).remote(scratch) for node in nodes]
    ray.wait(asked, num_returns=len(asked), timeout=CLEAN_SECONDS)
