"""Ctrl-C, SIGTERM and SIGHUP while a batch is being measured: finish it, then stop; a second one stops at once."""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

log = logging.getLogger(__name__)

#: How schedulers, containers and closed terminals end a process; Windows has no SIGHUP.
ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
_UNTAKEN = (signal.SIG_DFL, signal.default_int_handler)


def stop_on_signals() -> None:
    """Let the signals that end a process raise `KeyboardInterrupt`, so that locks are released and files closed.

    What is ignored stays so: SIGHUP under `nohup`.
    """
    for number in ENDING:
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


class Interrupt:
    """Inside `held` the first signal is kept until the next `check`; anywhere else it raises `KeyboardInterrupt` at once."""

    def __init__(self) -> None:
        self._holding = False
        self._asked = False

    @contextmanager
    def watched(self) -> Iterator["Interrupt"]:
        """Take over the signals for the time of the block; in other threads than the main one nothing is taken over.

        SIGTERM and SIGHUP are left to what a program has set for them, or ignores.
        """
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        taken = [signal.SIGINT, *(number for number in ENDING if signal.getsignal(number) in _UNTAKEN)]
        before = {number: signal.signal(number, self._handle) for number in taken}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the signals back in the block, which calls `check` after every batch."""
        self._holding = True
        try:
            yield
        finally:
            self._holding = False
        self.check()

    @property
    def asked(self) -> bool:
        """Whether Ctrl-C has come, and is held back."""
        return self._asked

    def check(self) -> None:
        """Raise `KeyboardInterrupt` when a signal has come."""
        if self._asked:
            raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self._holding or self._asked:
            raise KeyboardInterrupt
        self._asked = True
        again = "press Ctrl-C again" if number == signal.SIGINT else f"{signal.Signals(number).name} again, or Ctrl-C,"
        log.warning("finishing the current batch; %s to stop at once", again)
