"""Kill `freqbias probe` at random moments and start it again: `python killing.py FOLDER KILLS SECONDS ARGUMENT…`.

The children are forked from a process that has everything loaded, so that the moments fall into the work and not into the start-up. How
long they have follows how far they get: SECONDS is a first guess, which a busy machine makes too short.
Prints, as JSON, how many parts were whole at each kill, and in how many runs the work came to its end before the kill.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

import failing  # noqa: F401  # loaded before the children need it

import freqbias.probes.noise  # noqa: F401
from freqbias.cli.main import app
from freqbias.run.journal import marked


def main() -> None:
    """Kill, look, go on; a run that ends by itself is set aside and the next one starts over."""
    folder, kills, seconds, arguments = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]
    rng = random.Random(20260101)
    parts, ended, last = [], 0, 0
    while len(parts) < kills:
        child = os.fork()
        if not child:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.dup2(null, 2)
            app(arguments)
        time.sleep(rng.uniform(0, seconds))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            found = marked(folder / "observations.jsonl")
            parts.append(0 if found is None else found[0])
            seconds *= 1.25 if parts[-1] == last else 1
            last = parts[-1]
        else:
            ended += 1
            seconds, last = seconds / 1.25, 0
            shutil.copytree(folder, folder.with_name(f"ended{ended}"))
            (folder / "observations.jsonl").unlink()
    sys.stdout.write(json.dumps({"parts": parts, "ended": ended}))


if __name__ == "__main__":
    main()
