"""A run on several devices of one machine: a process each, watched, started again when it dies, then merged.

vLLM and torch see one device a process (`CUDA_VISIBLE_DEVICES`). What each process measures lies in the run folder's parts, so that a
death costs the part in hand, and a run that is interrupted goes on with the same command.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from freqbias.errors import BackendError, FreqbiasError, InputError
from freqbias.progress import Track
from freqbias.run.manifest import option_words
from freqbias.run.parts import Parts, Share
from freqbias.run.settings import Settings
from freqbias.run.shards import DEVICE_VARIABLE

MAX_DEATHS = 3  # of workers on one part, which is given up then, or of one worker, one after the other, before it has taken a part
POLL_SECONDS = 0.2
WORKER_VARIABLE = "FREQBIAS_WORKER"  # set for a process whose standard input ends when the one that watches it does
LAST_WORDS = 2000  # bytes of a worker's log that tell why it ended
CPU = "cpu"
OURS = "freqbias: "  # begins the line in which a command ends
ENDINGS = (FreqbiasError.exit_status, InputError.exit_status, 128 + signal.SIGINT)  # that a command says a line about

log = logging.getLogger(__name__)


def devices_of(text: str) -> list[str]:
    """Return the devices that `0,1` or `cpu,cpu` names; `InputError` for anything else."""
    found = [name.strip() for name in text.split(",")]
    found = [str(int(name)) if name.isascii() and name.isdigit() else name for name in found]
    for name in found:
        if name != CPU and not name.isdigit():
            raise InputError(f"--devices {text}: '{name}' is not a device; give numbers of GPUs, such as 0,1,2,3")
    if len({name for name in found if name != CPU}) < sum(name != CPU for name in found):
        raise InputError(f"--devices {text}: a GPU is named twice; one process uses all of it")
    return found


def check_devices(devices: Sequence[str]) -> None:
    """Raise `InputError` for a GPU that this machine does not have, where torch can tell: its process would measure on the CPU."""
    from freqbias.models.adapters.torch_device import check_device
    from freqbias.models.names.contents import is_installed

    if is_installed("torch"):
        for name in devices:
            check_device(name if name == CPU else f"cuda:{name}")


@dataclass
class Worker:
    """One process on one device."""

    share: Share
    device: str
    log_path: Path
    process: "subprocess.Popen[bytes] | None" = None
    deaths: int = 0
    failed: str | None = None
    is_refused: bool = False  # what it was given cannot be used

    @property
    def is_running(self) -> bool:
        """Whether it is under way."""
        return self.process is not None and self.process.poll() is None


class Devices:
    """The workers of a run, one a device."""

    def __init__(self, chosen: Settings, folder: Path, devices: Sequence[str]):
        self._store = Parts(folder)
        options = option_words({name: value for name, value in chosen.recorded("run").items() if name != "pairs"})
        pairs = [] if chosen.pairs is None else ["--pairs", chosen.pairs]
        self._command = [sys.executable, "-m", "freqbias", "run", "--out", str(folder), *pairs, *options]
        self._deaths: Counter[str] = Counter()
        shares = [Share(k, len(devices)) for k in range(len(devices))]
        self.workers = [
            Worker(share, device, self._store.folder / f"worker-{share.index}-of-{share.of}.log")
            for share, device in zip(shares, devices, strict=True)
        ]

    def run(self, track: Track, total: int) -> None:
        """Measure every part, `total` of them; `BackendError` with a worker's last words where it cannot go on."""
        self._store.folder.mkdir(parents=True, exist_ok=True)
        for worker in self.workers:
            self._store.claim_path(worker.share).unlink(missing_ok=True)  # of a command that was killed
        before = len(self._store.names())
        with self._forwarded():
            for worker in self.workers:
                self._start(worker)
            for _ in track(self._until_over(before), "all devices", max(total - before, 0), unit="parts", size=len):
                pass
        failed = [worker for worker in self.workers if worker.failed is not None]
        refused = next((worker for worker in failed if worker.is_refused), None)
        if refused is not None:  # all of them are, in the same words
            raise InputError(str(refused.failed))
        if failed:
            words = "; ".join(f"device {worker.device}: {worker.failed}" for worker in failed)
            raise BackendError(f"{words}; what was measured is kept; run the same command again for the rest")

    def _until_over(self, before: int) -> Iterator[range]:
        """Yield, while workers run, how many parts have come since."""
        while any(worker.process is not None for worker in self.workers):  # running, or dead and not yet looked at
            time.sleep(POLL_SECONDS)
            there = len(self._store.names())
            if there > before:
                yield range(there - before)
                before = there
            for worker in self.workers:
                if worker.process is not None and not worker.is_running:
                    self._ended(worker, worker.process.returncode)

    def _start(self, worker: Worker) -> None:
        visible = "" if worker.device == CPU else worker.device
        told = {"CUDA_VISIBLE_DEVICES": visible, WORKER_VARIABLE: "1", DEVICE_VARIABLE: worker.device}
        with worker.log_path.open("ab") as stream:
            worker.process = subprocess.Popen(  # noqa: S603
                [*self._command, "--shard", str(worker.share)],
                stdin=subprocess.PIPE,
                stdout=stream,
                stderr=stream,
                env={**os.environ, **told},
                start_new_session=True,  # Ctrl-C reaches it through this process alone, once
            )

    def _ended(self, worker: Worker, status: int) -> None:
        worker.process = None
        if status == 0:
            return
        if status in (FreqbiasError.exit_status, InputError.exit_status, 128 + signal.SIGINT) and _last_line(worker.log_path).startswith(
            OURS
        ):
            worker.failed, worker.is_refused = _told(worker.log_path), status == InputError.exit_status
            return
        claim = self._store.claim_path(worker.share)
        name = claim.read_text(encoding="utf-8") if claim.exists() else None
        claim.unlink(missing_ok=True)
        is_whole = name is not None and self._store.path(name).exists()  # it died behind it
        how = f"killed by signal {-status}" if status < 0 else f"exit status {status}"
        if name is None:
            worker.deaths += 1
            if worker.deaths >= MAX_DEATHS:
                worker.failed = f"its process ended {MAX_DEATHS} times before it measured anything ({how}): {_told(worker.log_path)}"
                return
        else:
            worker.deaths = 0  # it has come as far as measuring
            self._deaths[name] += not is_whole
            if self._deaths[name] >= MAX_DEATHS:
                log.error("%s: %d processes died on this part (%s); its rows say so", name, MAX_DEATHS, how)
                self._store.give_up(name, f"{MAX_DEATHS} processes died while they measured this part, the last one: {how}")
        log.warning("device %s: its process ended (%s) %s; started again", worker.device, how, _where(name, is_whole))
        self._start(worker)

    @contextmanager
    def _forwarded(self) -> Iterator[None]:
        """Hand Ctrl-C on to the workers, which finish what they have in hand, and leave none behind."""
        try:
            yield
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                log.warning("the processes finish the parts in hand; press Ctrl-C again to stop at once")
            self._signal(signal.SIGINT)
            for worker in self.workers:
                if worker.process is not None:
                    _wait(worker.process, lambda: self._signal(signal.SIGKILL))
            raise
        finally:
            for worker in self.workers:
                if worker.process is not None and worker.process.stdin is not None:
                    worker.process.stdin.close()

    def _signal(self, number: int) -> None:
        for worker in self.workers:
            if worker.is_running and worker.process is not None:
                worker.process.send_signal(number)


def _wait(process: "subprocess.Popen[bytes]", stop: Callable[[], None]) -> None:
    """Wait for a process; a second Ctrl-C stops it at once."""
    try:
        process.wait()
    except KeyboardInterrupt:
        stop()
        process.wait()
        raise


def _where(name: str | None, is_whole: bool) -> str:
    return "before a part" if name is None else f"{'behind' if is_whole else 'in'} {name}"


def _last_line(path: Path) -> str:
    """Return the last line of a worker's log; empty where it said nothing."""
    with path.open("rb") as stream:
        stream.seek(max(0, stream.seek(0, os.SEEK_END) - LAST_WORDS))
        lines = stream.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""


def _told(path: Path) -> str:
    return _last_line(path).removeprefix(OURS) or f"it said nothing; see {path}"


def end_with_parent(stdin: IO[str]) -> None:
    """In a worker, stop as by Ctrl-C when the process that watches it is gone: standard input ends then."""
    if os.environ.pop(WORKER_VARIABLE, None) is None:
        return

    def watch() -> None:
        stdin.read()
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=watch, daemon=True).start()
