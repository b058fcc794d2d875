"""Progress as an argument: library code takes a `Track` and the command line passes one that shows what has passed."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


def one(item: object) -> int:
    """Return 1: an item is what is counted."""
    return 1


class Track(Protocol):
    """Wraps an iterable and shows how far it has come."""

    def __call__(self, items: Iterable[T], what: str, total: int, *, unit: str = "", size: Callable[[Any], int] = one) -> Iterable[T]:
        """Yield the items unchanged; `what` names the step, `total` is how many there are in all.

        They are counted in `unit` (texts, pairs) where it is given; `size` says how many of these an item is, such as `len` for parts.
        An item has passed when the next one is asked for. Within an item there may be further steps, which are over before it has passed.
        """
        ...


def silent(items: Iterable[T], what: str, total: int, *, unit: str = "", size: Callable[[Any], int] = one) -> Iterable[T]:
    """Show nothing."""
    return items


def noted(track: Track, *, failures: int = 0, tokens: int = 0) -> None:
    """Tell what shows progress, if it has a use for it, what came of the items beside their number: failures so far, tokens."""
    note = getattr(track, "note", None)
    if note is not None:
        note(failures=failures, tokens=tokens)


def ticks(track: Track, what: str, total: int, unit: str) -> Callable[[], None]:
    """Return what to call each time that one of `total` has passed, for work that is done in no order."""
    passing = iter(track(range(total), what, total, unit=unit))
    next(passing, None)  # the first is under way

    def passed() -> None:
        next(passing, None)

    return passed


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield consecutive parts of at most `size` items."""
    source = iter(items)
    while part := list(islice(source, size)):
        yield part
