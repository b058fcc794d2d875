"""Ctrl-C while a batch is being measured: finish it, then stop; a second Ctrl-C stops at once."""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

log = logging.getLogger(__name__)


class Interrupt:
    """Inside `held` the first Ctrl-C is kept until the next `check`; anywhere else it raises `KeyboardInterrupt` at once."""

    def __init__(self) -> None:
        self._holding = False
        self._asked = False

    @contextmanager
    def watched(self) -> Iterator["Interrupt"]:
        """Take over the signal for the time of the block; in other threads than the main one nothing is taken over."""
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        before = signal.signal(signal.SIGINT, self._handle)
        try:
            yield self
        finally:
            signal.signal(signal.SIGINT, before)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold Ctrl-C back in the block, which calls `check` after every batch."""
        self._holding = True
        try:
            yield
        finally:
            self._holding = False
        self.check()

    def check(self) -> None:
        """Raise `KeyboardInterrupt` when Ctrl-C has come."""
        if self._asked:
            raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self._holding or self._asked:
            raise KeyboardInterrupt
        self._asked = True
        log.warning("finishing the current batch; press Ctrl-C again to stop at once")
