"""Models that are slow, break or vanish on purpose, and a probe that sums over a run. Named on the command line as `failing:NAME`.

`FREQBIAS_TEST_SWITCH` names a file: while it exists, the failing models fail. `FREQBIAS_TEST_ASKED` names one that collects
the texts that a model was asked for.
"""

import hashlib
import os
import signal
import time
from pathlib import Path

import numpy as np

from freqbias.errors import BackendError
from freqbias.probes import Probe
from freqbias.probes.likelihood import run as run_likelihood
from freqbias.records import Estimate

BATCH = 100  # texts from which on a call is one of the long ones
SECONDS = 0.004


def _values(texts):
    """A nat for every character and less than one by chance, so that no text is likelier than its beginning."""
    return [np.array([-len(text) - int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32]) for text in texts]


def _on():
    return Path(os.environ["FREQBIAS_TEST_SWITCH"]).exists()


def _note(texts):
    if "FREQBIAS_TEST_ASKED" in os.environ:
        with Path(os.environ["FREQBIAS_TEST_ASKED"]).open("a", encoding="utf-8") as stream:
            stream.writelines(f"{text}\n" for text in texts)


def lm(texts):
    """Numbers that depend on the text alone."""
    _note(texts)
    return _values(texts)


def lm_slow(texts):
    """The same, a little later."""
    time.sleep(SECONDS if len(texts) > BATCH else 0)
    return _values(texts)


def lm_slower(texts):
    """The same, so late that a signal always meets a batch in hand; on busy cores with the seconds of FREQBIAS_TEST_SECONDS."""
    time.sleep(float(os.environ.get("FREQBIAS_TEST_SECONDS", "0.12")) if len(texts) > BATCH else 0)
    return _values(texts)


def lm_stuck(texts):
    """Never comes back from a batch."""
    time.sleep(600 if len(texts) > BATCH else 0)
    return _values(texts)


def lm_waits(texts):
    """Never comes back from anything, the noise floor among it."""
    time.sleep(600)


def lm_held(texts):
    """Waits for the switch, then answers; by itself after a minute."""
    _note(texts)
    end = time.monotonic() + 60
    while not _on() and time.monotonic() < end:
        time.sleep(0.01)
    return _values(texts)


def lm_refuses(texts):
    """A server that answers every request but those for one word, while the switch is on."""
    _note(texts)
    if _on() and any("word7x" in text for text in texts):
        raise BackendError("the server at http://user:hunter2@localhost/v1 sent 500")
    return _values(texts)


def lm_off(texts):
    """Nothing at all is answered while the switch is on."""
    if _on():
        raise BackendError("switched off")
    return _values(texts)


def lm_gone(texts):
    """A server that vanishes in the middle: everything from one item on fails while the switch is on."""
    _note(texts)
    if _on() and any(f"word{n}x" in text for text in texts for n in range(600, 1000)):
        raise BackendError("connection refused")
    return _values(texts)


def lm_never(texts):
    """No answer at all; the short calls of the noise floor succeed."""
    if len(texts) > 32 or any("glossed" in text for text in texts):
        raise BackendError("connection refused")
    return _values(texts)


def lm_kills(texts):
    """Kills the process that asks for one word, as a driver does that runs out of memory."""
    if any("word300x" in text for text in texts):
        os.kill(os.getpid(), signal.SIGKILL)
    return _values(texts)


def lm_kills_once(texts):
    """The same, the first time only: then the switch is on."""
    if not _on() and any("word300x" in text for text in texts):
        Path(os.environ["FREQBIAS_TEST_SWITCH"]).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return _values(texts)


def lm_ends(texts):
    """Ends the process at the first call."""
    os._exit(7)


def _estimates(pairs, model, common):
    count = sum(len(pair.high) for pair in pairs)
    row = {"model": model.info.name, "probe": "summing", "measure": "characters", "contrast": "sum", "arm": "frequency"}
    yield Estimate(**row, value=float(count), method="a sum")


def _run(pairs, model, common):
    for row in run_likelihood(pairs, model):
        yield row.replace(probe="summing")


summing = Probe(
    name="summing", needs="language_model", summary="rows of likelihood, and one number for all pairs", run=_run, estimates=_estimates
)
