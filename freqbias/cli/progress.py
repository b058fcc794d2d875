"""How far a command is: bars on a terminal, and a line at least every half minute where there is none.

Steps may lie within steps (the texts of one call of a model within the pairs of a probe). A step is over at the latest when the one that
it lies in goes on: an error that somebody keeps, keeps the loop that it left.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Event, Thread
from typing import Any, Protocol, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Column
from rich.text import Text

from freqbias.characters import escaped
from freqbias.progress import one

T = TypeVar("T")
Passed = Callable[[int], None]

EVERY = 30.0  # seconds between two lines where there is no terminal
SOON = 1.0  # seconds before a step within a step is worth a bar, and any step a rate
MEMORY = 600.0  # seconds over which a rate is taken: a part may take minutes
BAR_FROM = 100  # columns; a narrower terminal has room for the numbers only


class Display(ABC):
    """A `Track`, and what shows that a step without countable parts is under way."""

    def __call__(self, items: Iterable[T], what: str, total: int, *, unit: str = "", size: Callable[[Any], int] = one) -> Iterator[T]:
        """Yield the items; see `freqbias.progress.Track`."""
        with self.step(what, total, unit) as passed:
            for item in items:
                yield item
                passed(size(item))

    @abstractmethod
    def step(self, what: str, total: int | None, unit: str = "") -> AbstractContextManager[Passed]:
        """Show a step while the block runs; call what it gives with how many have passed. No `total`: nothing is counted."""

    @abstractmethod
    def note(self, *, failures: int = 0, tokens: int = 0) -> None:
        """Count failures for the outermost step, and tokens for the innermost one."""

    @abstractmethod
    def close(self) -> None:
        """Show nothing any more, whatever an error has left open."""


@dataclass(eq=False)
class _Step:
    what: str
    total: int | None
    unit: str
    started: float
    done: int = 0
    failures: int = 0
    tokens: int = 0

    def facts(self, now: float) -> dict[str, Any]:
        """Return what `so_far` says as fields of a JSON object; None for what is not known."""
        seconds = now - self.started
        speed = self.done / seconds if self.done and seconds > 0 else None
        left = None if speed is None or self.total is None else round(max(0, self.total - self.done) / speed, 1)
        return {
            "what": self.what,
            "done": self.done,
            "total": self.total,
            "unit": self.unit,
            "seconds": round(seconds, 1),
            "rate": speed,
            "seconds_left": left,
            "failures": self.failures,
            "tokens_per_second": self.tokens / seconds if self.tokens and seconds > 0 else None,
        }


class Say(Protocol):
    """Says a line; `steps` are the facts that it was made of, one mapping a step."""

    def __call__(self, line: str, steps: list[dict[str, Any]]) -> object:
        """Say it."""
        ...


class Lines(Display):
    """A line every `EVERY` seconds, also while an item takes longer, and one at the end of each step that lies in no other."""

    def __init__(self, say: Say, clock: Callable[[], float] = time.monotonic, pause: Callable[[Event, float], bool] = Event.wait):
        self._say, self._clock, self._pause = say, clock, pause
        self._steps: list[_Step] = []
        self._said = 0.0
        self._over = Event()

    @contextmanager
    def step(self, what: str, total: int | None, unit: str = "") -> Iterator[Passed]:
        """Count a step; the outermost one starts the clock."""
        own = _Step(what, total, unit, self._clock())
        self._steps.append(own)
        if self._steps[0] is own:
            self._said, self._over = own.started, Event()
            Thread(target=self._beat, args=(self._over,), daemon=True).start()
        try:
            yield partial(self._pass, own)
            if self._steps[:1] == [own] and total is not None:
                now = self._clock()
                self._tell(at_end(own, now), [own.facts(now)])
        finally:
            self._end(own)

    def close(self) -> None:
        """End every step."""
        self._steps.clear()
        self._over.set()

    def note(self, *, failures: int = 0, tokens: int = 0) -> None:
        """Count for the steps that are open; outside of all there is nothing to count for."""
        for step in self._steps[:1]:
            step.failures += failures
        for step in self._steps[-1:]:
            step.tokens += tokens

    def _pass(self, step: _Step, count: int) -> None:
        if step in self._steps:
            del self._steps[self._steps.index(step) + 1 :]
        step.done += count
        self._tell_if_due()

    def _end(self, step: _Step) -> None:
        if step in self._steps:
            del self._steps[self._steps.index(step) :]
        if not self._steps:
            self._over.set()

    def _beat(self, over: Event) -> None:
        """Speak while an item takes long, from a thread of its own."""
        while not self._pause(over, max(0.0, self._said + EVERY - self._clock())):
            self._tell_if_due()

    def _tell_if_due(self) -> None:
        now, steps = self._clock(), list(self._steps)
        if steps and now - self._said >= EVERY:
            self._tell("; ".join(so_far(step, now) for step in steps), [step.facts(now) for step in steps])

    def _tell(self, line: str, steps: list[dict[str, Any]]) -> None:
        self._said = self._clock()
        self._say(line, steps)


def so_far(step: _Step, now: float) -> str:
    """Return what has passed of a step, at what rate, and how long the rest will take."""
    seconds = now - step.started
    if step.total is None:
        return f"{step.what}: {duration(seconds)} so far"
    share = "" if not step.total else f" ({step.done / step.total:.0%})"
    counted = f"{step.what}: {of_total(step.done, step.total, step.unit)}{share}"
    if not step.done or seconds <= 0:
        return f"{counted}, {duration(seconds)} so far{_beside(step, seconds)}"
    left = max(0, step.total - step.done) * seconds / step.done
    return f"{counted}, {rate(step.done / seconds, step.unit)}{_beside(step, seconds)}, {duration(left)} left"


def _beside(step: _Step, seconds: float) -> str:
    """Return what was noted beside the count: tokens a second, rows that failed."""
    tokens = f", {rate(step.tokens / seconds, 'tokens')}" if step.tokens and seconds > 0 else ""
    return tokens + (f", {step.failures:,} failed" if step.failures else "")


def at_end(step: _Step, now: float) -> str:
    """Return what has passed of a step that is over, how long it took, and at what rate."""
    seconds = now - step.started
    speed = f", {rate(step.done / seconds, step.unit)}" if step.done and seconds >= SOON else ""
    return f"{step.what}: {of_total(step.done, step.total or 0, step.unit)}, {duration(seconds)}{speed}{_beside(step, seconds)}"


def of_total(done: float, total: float, unit: str) -> str:
    """Return `512 of 4,120 texts`."""
    return f"{done:,.0f} of {total:,.0f} {unit}".rstrip()


def rate(per_second: float, unit: str) -> str:
    """Return a rate a second, minute or hour, so that it is at least 1 where it can be: `17 texts/s`, `2.5 pairs/min`."""
    found, period = next(((per_second * n, name) for n, name in ((1, "s"), (60, "min")) if per_second * n >= 1), (per_second * 3600, "h"))
    return f"{found:,.0f}{f' {unit}' if unit else ''}/{period}" if found >= 10 else f"{found:.1f}{f' {unit}' if unit else ''}/{period}"


def duration(seconds: float) -> str:
    """Return `12 s`, `3 min` or `2 h 5 min`."""
    if round(seconds) < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


class _Rate(ProgressColumn):
    """What passes a second, a minute or an hour; empty until something has."""

    max_refresh = 0.5

    def render(self, task: Task) -> Text:
        """Return the rate of the last minutes."""
        speed = task.finished_speed or task.speed
        return Text(rate(speed, task.fields["unit"]) if speed else "", style="progress.data.speed", no_wrap=True)


class _Count(ProgressColumn):
    """How many have passed; empty where nothing is counted."""

    def render(self, task: Task) -> Text:
        """Return done and total with their unit."""
        text = "" if task.total is None else of_total(task.completed, task.total, task.fields["unit"])
        return Text(text, style="progress.download", no_wrap=True)


class _Beside(ProgressColumn):
    """Tokens a second, and rows that failed; empty where there are none."""

    max_refresh = 0.5

    def render(self, task: Task) -> Text:
        """Return both in a few characters."""
        tokens, failures, seconds = task.fields["tokens"], task.fields["failures"], task.elapsed
        parts = [f"{tokens / seconds:,.0f} tokens/s"] if tokens and seconds else []
        return Text(", ".join([*parts, *([f"{failures:,} failed"] if failures else [])]), style="red" if failures else "", no_wrap=True)


class Bars(Display):
    """A bar a step; that of a step within a step goes when the step is over."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic):
        self._console, self._clock = console, clock
        self._progress: Progress | None = None
        self._open: list[TaskID] = []

    @contextmanager
    def step(self, what: str, total: int | None, unit: str = "") -> Iterator[Passed]:
        """Draw a step; one within another is drawn when its first part has taken a second."""
        progress = self._begun()
        task = progress.add_task(escaped(what, lines=False), total=total, unit=unit, failures=0, tokens=0, visible=not self._open)
        self._open.append(task)
        progress.advance(task, 0)  # from where the first rate is taken
        try:
            yield partial(self._pass, progress, task)
        finally:
            self._end(progress, task)

    def note(self, *, failures: int = 0, tokens: int = 0) -> None:
        """Count for the bars that are open."""
        if self._progress is None:
            return
        for place, name, count in ((self._open[:1], "failures", failures), (self._open[-1:], "tokens", tokens)):
            for own in self._progress.tasks:
                if count and [own.id] == place:
                    self._progress.update(own.id, **{name: own.fields[name] + count})

    def close(self) -> None:
        """Take down what is drawn."""
        if self._progress is not None:
            self._progress.stop()
        self._progress, self._open = None, []

    def _begun(self) -> Progress:
        if self._progress is None:
            bar = (BarColumn(bar_width=16),) if self._console.width >= BAR_FROM else ()
            what = TextColumn("{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"))
            left = TimeRemainingColumn(compact=True, elapsed_when_finished=True)
            columns = (what, *bar, _Count(), TaskProgressColumn(), _Rate(), _Beside(), left)
            self._progress = Progress(*columns, console=self._console, expand=True, speed_estimate_period=MEMORY, get_time=self._clock)
            self._progress.start()
        return self._progress

    def _pass(self, progress: Progress, task: TaskID, count: int) -> None:
        if progress is not self._progress or task not in self._open:
            return
        self._drop_within(task)
        progress.advance(task, count)
        shown = next(own for own in progress.tasks if own.id == task)
        if not shown.visible and (shown.elapsed or 0.0) >= SOON:
            progress.update(task, visible=True)

    def _end(self, progress: Progress, task: TaskID) -> None:
        if progress is not self._progress or task not in self._open:
            return
        self._drop_within(task)
        self._open.remove(task)
        if self._open:
            progress.remove_task(task)
        else:
            counted = next(own for own in progress.tasks if own.id == task).total is not None
            if not counted:  # it has nothing to say when it is over
                progress.update(task, visible=False)
            self.close()

    def _drop_within(self, task: TaskID) -> None:
        place = self._open.index(task) + 1
        for within in self._open[place:]:
            if self._progress is not None:
                self._progress.remove_task(within)
        del self._open[place:]
