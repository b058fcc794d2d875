"""Progress as an argument: library code takes a `Track` and the command line passes one that draws bars."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Protocol, TypeVar

T = TypeVar("T")


class Track(Protocol):
    """Wraps an iterable and shows how far it has come."""

    def __call__(self, items: Iterable[T], what: str, total: int) -> Iterable[T]:
        """Yield the items unchanged; `what` names the step, `total` is their number."""
        ...


def silent(items: Iterable[T], what: str, total: int) -> Iterable[T]:
    """Show nothing."""
    return items


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield consecutive parts of at most `size` items."""
    source = iter(items)
    while part := list(islice(source, size)):
        yield part
