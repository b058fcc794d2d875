"""The command line with parts of few pairs, here and in the actors that it starts, one of which dies in its second part.

`FREQBIAS_TEST_SWITCH` names a file that is made then: it dies once.
"""

import os
import signal
import sys
from pathlib import Path

from freqbias.models import scoring
from freqbias.run import parts, settings, shards


def small():
    settings.PAIRS_AT_ONCE = 10
    for place in (parts, scoring):
        place.CHUNK = 16


def small_and_mortal():
    small()
    measured = shards.Measuring.measured

    def measured_or_dead(self, index, unit, reason=None):
        found = measured(self, index, unit, reason)
        switch = Path(os.environ["FREQBIAS_TEST_SWITCH"])
        if unit.number == 1 and not switch.exists():
            switch.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    shards.Measuring.measured = measured_or_dead


if __name__ == "__main__":
    small()
    if "--executor" in sys.argv:
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        import ray

        ray.init("local", num_cpus=2, include_dashboard=False, runtime_env={"worker_process_setup_hook": "ray_small.small_and_mortal"})
    from freqbias.cli import main

    main()
