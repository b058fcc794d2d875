"""Kill `freqbias run` before each of its first file operations, and its retry before another: `python early_kills.py FOLDER ARGUMENT…`.

The children are forked from a process that has everything loaded. In each, a hook on Python's audit events counts what touches the run
folder, and the process kills itself (SIGKILL) before the operation of its turn. `--out` is added to the arguments.
Prints, as JSON, the operations of the start in their order, and for every (first kill, second kill) that did not go on what was said.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

import failing  # noqa: F401  # loaded before the children need it

import freqbias.paraphrases.audit
import freqbias.paraphrases.lexicon
import freqbias.probes.likelihood
import freqbias.run.failures
import freqbias.run.pipeline  # noqa: F401
from freqbias.cli.main import app

OPERATIONS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate")
MEASURING = "observations.jsonl"  # the start is over when this is opened: from here on tests/run/test_resume.py kills
REACHED = 77  # exit status of a child that came so far
STRIDE = 7  # from one second kill to the next: prime to the number of operations, so that they lie all over the start


def child(folder: Path, arguments: list[str], kill_before: int | None, notes: Path | None = None) -> int:
    """Run the command in a fork that dies before its n-th operation; return its exit status, below 0 for a signal."""
    said = folder.parent / "said"
    process = os.fork()
    if not process:
        descriptor = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        sys.addaudithook(_hook(folder, kill_before, notes))
        app([*arguments, "--out", str(folder)])
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status)


def _hook(folder: Path, kill_before, notes):
    beside, count = str(folder), 0

    def hook(event, arguments):
        nonlocal count
        if event not in OPERATIONS or not isinstance(arguments[0], str | Path):
            return
        if event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR):
            return
        path = os.path.abspath(arguments[0])  # noqa: PTH100
        if not path.startswith(beside):
            return
        if event == "open" and Path(path).name == MEASURING:
            os._exit(REACHED)
        if count == kill_before:
            os.kill(os.getpid(), signal.SIGKILL)
        count += 1
        if notes is not None:
            descriptor = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.write(descriptor, f"{event} {Path(path).name}\n".encode())
            os.close(descriptor)

    return hook


def main() -> None:
    """Count the operations of the start, then kill before each, and the retry before another."""
    work, arguments = Path(tempfile.mkdtemp(dir=sys.argv[1])), sys.argv[2:]
    folder, notes = work / "run", work / "notes"
    start = child(folder, arguments, None, notes)
    found = {"start": start, "operations": notes.read_text().splitlines(), "refused": []}
    pairs = (folder / "pairs.jsonl").read_bytes()
    shutil.rmtree(folder)
    count = len(found["operations"])
    for first in range(count):
        second = STRIDE * first % count
        statuses = [child(folder, arguments, place) for place in (first, second, None)]
        same = (folder / "pairs.jsonl").exists() and (folder / "pairs.jsonl").read_bytes() == pairs
        if statuses[0] != -signal.SIGKILL or statuses[-1] != REACHED or not same:
            found["refused"].append([first, second, statuses, (work / "said").read_text()[-500:]])
        shutil.rmtree(folder)
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
