"""A run on two devices, killed, starved of disk and damaged at random until it is complete: what is lost and what is doubled.

    python benchmarks/soak.py [PAIRS] [--seed N] [--kills N]

Pairs are measured by `freqbias run --devices cpu,cpu` with a model that costs little. Meanwhile, at moments drawn with the seed: workers
and the process that watches them are killed (SIGKILL); the disk is full, while parts are measured and while they are joined; a line of a
part's file is made malformed, and a part is cut off. Whatever ends the command, the same command is given again; before that the disk is
made wide again, and a file that the command refused is deleted, as its line says.

The disk is a file system of its own where this machine allows one: a tmpfs in a mount namespace (`unshare --mount`, without being root:
`unshare --map-root-user --mount`), made smaller while it is in use. Elsewhere a limit on the size of files stands in for it.

At the end the observation file itself is read: every pair and contrast once, or it counts as lost or doubled; its bytes are held against
those of one process that nobody disturbed. The audit of the pairs, which nothing here depends on, is left out, and so are the estimates.
"""

import argparse
import hashlib
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from freqbias.files import read_manifest, read_observations, sha256, write_json

PAIRS, KILLS, SEED = 200_000, 12, 1
DEVICES = "cpu,cpu"
PART = 256
INSIDE = "FREQBIAS_SOAK_INSIDE"  # set for the process in a mount namespace of its own
SECONDS = "FREQBIAS_SOAK_SECONDS"  # that the model takes for a part, so that a kill meets one in hand
ROOM = 64 << 10  # bytes that a full disk has left: less than a part
WIDE = 4 << 30  # bytes of a disk that is large enough
STUCK_SECONDS = 1800
ROWS = (("raw", None), ("downstream", "plain"))  # of every pair: contrast and register
REFUSED = re.compile(r"(\S*rows-\d+-\d+\.jsonl): is damaged")
NO_ROOM = ("No space left on device", "File too large")
WORKER, WATCHER, DISK, LINE, CUT = "workers killed", "watching processes killed", "full disks", "malformed lines", "parts cut off"


def lm(texts: list[str]) -> list[Any]:
    """Return a number for every text that depends on it alone."""
    time.sleep(float(os.environ.get(SECONDS, "0")) if len(texts) > PART else 0)
    return [np.array([-len(text) - int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32]) for text in texts]


def write_pairs(path: Path, count: int) -> None:
    """Write pairs of which each gives two rows."""
    with path.open("w", encoding="utf-8") as stream:
        for n in range(count):
            row = {"id": f"p{n}", "item": f"i{n}", "high": f"car {n}", "low": f"jalopy {n}", "queries": {"gloss_plain": [f"machine {n}"]}}
            stream.write(json.dumps(row) + "\n")


class Disk:
    """What a run is written to; `fill` leaves it no room, `widen` gives it enough."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.is_mounted = INSIDE in os.environ and self._mount(f"size={WIDE}")
        self.kind = "a tmpfs of its own" if self.is_mounted else "a limit on the size of files in its place"
        self.is_full = False

    def _mount(self, options: str) -> bool:
        words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.folder)]
        return subprocess.run(words, capture_output=True, check=False).returncode == 0  # noqa: S603

    def fill(self, processes: list[int]) -> None:
        """Leave no room for a part."""
        self.is_full = True
        if not self.is_mounted:
            for process in processes:
                resource.prlimit(process, resource.RLIMIT_FSIZE, (ROOM, ROOM))
            return
        while True:
            found = os.statvfs(self.folder)
            used = (found.f_blocks - found.f_bfree) * found.f_frsize
            if self._mount(f"remount,size={used + ROOM}"):
                return

    def widen(self) -> None:
        """Make room."""
        if self.is_mounted and not self._mount(f"remount,size={WIDE}"):
            raise SystemExit("the disk cannot be made wide again")
        self.is_full = False

    def give_back(self) -> None:
        """Let nothing of it stay."""
        if self.is_mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=False)  # noqa: S603, S607


class Soak:
    """One run and what is done to it."""

    def __init__(self, work: Path, count: int, kills: int, seed: int):
        self.pairs, self.log = work / "pairs.jsonl", work / "stderr"
        (work / "disk").mkdir()
        self.disk = Disk(work / "disk")
        self.out = self.disk.folder / "run"
        self.observations = self.out / "observations.jsonl"
        self.rng = random.Random(seed)  # noqa: S311
        self.parts = -(-count // PART)
        self.size = 0  # of the whole observation file
        kinds = [WORKER] * kills + [WATCHER] * max(kills // 4, 1) + [DISK, LINE, CUT]
        moments = self.rng.sample(range(1, self.parts - 1), len(kinds))
        self.rng.shuffle(kinds)
        self.faults = sorted(zip(moments, kinds, strict=True), reverse=True)  # the next one last
        self.joining = [(0.6, DISK), (0.3, WATCHER)]
        self.injected: Counter[str] = Counter()
        self.ends: Counter[str] = Counter()
        self.damaged: set[str] = set()

    def start(self) -> "subprocess.Popen[bytes]":
        """Give the command, the same every time."""
        words = [sys.executable, "-m", "freqbias", "run", "--pairs", str(self.pairs), "--lm", "soak:lm", "--probe", "likelihood"]
        with self.log.open("wb") as stream:
            return subprocess.Popen([*words, "--out", str(self.out), "--devices", DEVICES], stderr=stream, env=environment())  # noqa: S603

    def go(self) -> None:
        """Disturb the run until it is complete."""
        started = time.monotonic()
        while not self.is_complete():
            if time.monotonic() - started > STUCK_SECONDS:
                raise SystemExit("the run does not come to its end")
            process = self.start()
            try:
                while process.poll() is None and not self.is_complete():
                    time.sleep(0.05)
                    self.disturb(process)
            finally:
                process.kill()
                process.wait()
            if not self.is_complete():
                self.mend(process.returncode)

    def disturb(self, process: "subprocess.Popen[bytes]") -> None:
        """Do what is due."""
        if (self.out / "pairs.jsonl").exists() and not (self.out / "audit.json").exists():
            write_json(self.out / "audit.json", {})
        names = list((self.out / "parts").glob("rows-*.jsonl"))
        if self.faults and len(names) >= self.faults[-1][0] and not self.disk.is_full:
            done = self.inject(self.faults[-1][1], process, sorted(names))
            self.faults = self.faults[:-1] if done else self.faults
        elif self.joining and not self.disk.is_full and self.joined() > self.joining[-1][0]:
            self.inject(self.joining.pop()[1], process, [])

    def joined(self) -> float:
        """Return how much of the observation file is there, as a share of it."""
        return self.observations.stat().st_size / self.size if self.observations.exists() else 0.0

    def inject(self, kind: str, process: "subprocess.Popen[bytes]", parts: list[Path]) -> bool:
        """Do one thing to the run; return whether it could be done."""
        workers = children(process.pid)
        if kind == WORKER:
            if not workers:
                return False
            os.kill(self.rng.choice(workers), signal.SIGKILL)
        elif kind == WATCHER:
            process.kill()
            process.wait()
        elif kind == DISK:
            self.disk.fill([process.pid, *workers])
        else:
            part = self.rng.choice([path for path in parts if path.name not in self.damaged])
            data = part.read_bytes()
            rows = data.splitlines(keepends=True)
            rows[self.rng.randrange(len(rows))] = b'{"pair_id": "p1", "item": \n'
            part.write_bytes(b"".join(rows) if kind == LINE else data[: -self.rng.randrange(1, 40)])
            self.damaged.add(part.name)
        self.injected[kind] += kind != DISK  # which counts when the command has met it
        return True

    def mend(self, status: int) -> None:
        """Do what the last line of the command says; what it says of nothing that was done to it ends the soak."""
        told = self.log.read_text(encoding="utf-8", errors="replace")
        refused = REFUSED.search(told)
        if self.disk.is_full and any(words in told for words in NO_ROOM):
            self.injected[DISK] += 1
            self.ends["ended by a full disk"] += 1
        elif refused is not None and Path(refused[1]).name in self.damaged:
            self.ends["refused a damaged part"] += 1
            Path(refused[1]).unlink()
        elif status == -signal.SIGKILL:
            self.ends["killed"] += 1
        else:
            raise SystemExit(f"the command ended with {status} after {dict(self.injected)}, {dict(self.ends)}: {told[-2000:]}")
        self.disk.widen()

    def is_complete(self) -> bool:
        """Tell whether every row is said to be there."""
        manifest = self.out / "manifest.json"
        return manifest.exists() and bool(read_manifest(manifest)["probing"]["complete"])


def environment() -> dict[str, str]:
    """Return the variables of a command that knows the model in this file."""
    path = [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), "OMP_NUM_THREADS": "1", SECONDS: os.environ.get(SECONDS, "0.03")}


def children(process: int) -> list[int]:
    """Return the processes that one has started."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return sorted(map(int, found.stdout.split()))


def undisturbed(pairs: Path, out: Path) -> None:
    """Measure the pairs in one process."""
    words = [sys.executable, "-m", "freqbias", "-q", "probe", str(pairs), "--lm", "soak:lm", "--probe", "likelihood", "--out", str(out)]
    subprocess.run(words, check=True, env={**environment(), SECONDS: "0"})  # noqa: S603


def counted(observations: Path, count: int) -> dict[str, int]:
    """Return how many rows of an observation file are lost, doubled or carry an error."""
    times = np.zeros((count, len(ROWS)), np.uint8)
    places = {row: k for k, row in enumerate(ROWS)}
    rows = errors = 0
    for row in read_observations(observations):
        times[int(row.pair_id[1:]), places[row.contrast, row.register]] += 1
        rows += 1
        errors += row.error is not None
    return {"rows": rows, "lost": int((times == 0).sum()), "doubled": int((times > 1).sum()), "failed": errors}


def main() -> None:
    """Soak, print what was done and what came of it; exit 1 where a row is lost, doubled, failed or another."""
    parser = argparse.ArgumentParser()
    parser.add_argument("pairs", nargs="?", type=int, default=PAIRS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--kills", type=int, default=KILLS)
    given = parser.parse_args()
    if INSIDE not in os.environ:
        unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
        if shutil.which("unshare") and subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode == 0:  # noqa: S603
            os.execvpe(unshare[0], [*unshare, sys.executable, *sys.argv], {**os.environ, INSIDE: "1"})  # noqa: S606
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        write_pairs(work / "pairs.jsonl", given.pairs)
        undisturbed(work / "pairs.jsonl", work / "one" / "observations.jsonl")
        soak = Soak(work, given.pairs, given.kills, given.seed)
        soak.size = (work / "one" / "observations.jsonl").stat().st_size
        try:
            soak.go()
            found = counted(soak.observations, given.pairs)
            same = sha256(soak.observations) == sha256(work / "one" / "observations.jsonl")
        finally:
            soak.disk.give_back()
    told = ", ".join(f"{number} {what}" for what, number in sorted(soak.injected.items()))
    ends = ", ".join(f"{number} {what}" for what, number in sorted(soak.ends.items()))
    sys.stdout.write(f"{given.pairs:,} pairs on --devices {DEVICES}, seed {given.seed}; the disk is {soak.disk.kind}\n")
    sys.stdout.write(f"injected: {told}\nthe command ended and was given again: {ends}\n")
    sys.stdout.write(
        f"{found['rows']:,} of {given.pairs * len(ROWS):,} rows: "
        f"{found['lost']} lost, {found['doubled']} doubled, {found['failed']} failed; "
        f"bytes {'equal to' if same else 'DIFFER FROM'} those of one undisturbed process\n"
    )
    whole = same and not found["lost"] + found["doubled"] + found["failed"] and not soak.faults and not soak.joining
    raise SystemExit(0 if whole else 1)


if __name__ == "__main__":
    main()
