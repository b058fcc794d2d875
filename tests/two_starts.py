"""Start `freqbias run` twice at once on one new folder, again and again: `python two_starts.py FOLDER ROUNDS ARGUMENT…`.

The two are forked from a process that has everything loaded, and leave a barrier together. `--out` is added to the arguments; the model
`failing:lm_held` notes that it was asked (`FREQBIAS_TEST_ASKED`) and waits for the switch (`FREQBIAS_TEST_SWITCH`), so that the one that
measures is at it when the other has ended. It is killed then, but in the last round, where it goes on to its end.

Prints, as JSON, for each round: exit status and words of both, the one that ended first before the other; the folder; and the files that
lay there when one was over and the other measured.
"""

import json
import os
import signal
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

import failing  # noqa: F401  # loaded before the children need it

import freqbias.analysis.report.report
import freqbias.paraphrases.audit
import freqbias.probes.likelihood
import freqbias.run.failures
import freqbias.run.pipeline  # noqa: F401
from freqbias.cli.main import app


def child(folder: Path, arguments: list[str], number: int, barrier) -> int:
    """Run the command in a fork that waits for the other one; return its process number."""
    process = os.fork()
    if not process:
        descriptor = os.open(folder.parent / f"said{number}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        barrier.wait()
        app([*arguments, "--out", str(folder)])
    return process


def one_round(work: Path, arguments: list[str], *, is_last: bool) -> dict:
    """Start two, and say what became of both and of their folder."""
    folder = work / "run"
    switch, asked = (Path(os.environ[name]) for name in ("FREQBIAS_TEST_SWITCH", "FREQBIAS_TEST_ASKED"))
    switch.unlink(missing_ok=True)
    asked.unlink(missing_ok=True)
    barrier = get_context("fork").Barrier(2)
    running = {child(folder, arguments, number, barrier): number for number in range(2)}
    first, status = os.wait()
    ended = [(running.pop(first), status)]
    ((other, number),) = running.items()
    status = None
    while status is None and not asked.exists():
        time.sleep(0.01)
        status = os.waitpid(other, os.WNOHANG)[1] if os.waitid(os.P_PID, other, os.WEXITED | os.WNOHANG | os.WNOWAIT) else None
    there = sorted(path.name for path in folder.glob("*"))
    switch.touch()
    if status is None:
        if not is_last:
            os.kill(other, signal.SIGKILL)
        status = os.waitpid(other, 0)[1]
    ended.append((number, status))
    said = [[os.waitstatus_to_exitcode(status), (work / f"said{number}").read_text().splitlines()] for number, status in ended]
    return {"ended": said, "there": there, "folder": str(folder)}


def main() -> None:
    """Do all rounds, each in a new folder."""
    rounds = int(sys.argv[2])
    works = [Path(tempfile.mkdtemp(dir=sys.argv[1])) for _ in range(rounds)]
    found = [one_round(work, sys.argv[3:], is_last=work == works[-1]) for work in works]
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
