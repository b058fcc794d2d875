"""Token rows as trees: every prefix that rows share is computed once. Needs numpy only."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from freqbias.errors import BackendError

IntArray = NDArray[np.int64]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Tree:
    """Token rows that begin with one token, merged where they begin alike; n nodes, a node before its children.

    `tokens`, `depths` and `parents` have shape (n,): the root is node 0, depth 0, its own parent. `paths` holds the nodes of each
    row's tokens, the root left out.
    """

    tokens: IntArray
    depths: IntArray
    parents: IntArray
    paths: list[IntArray]

    @property
    def branches(self) -> bool:
        """Whether it is more than one row after another token."""
        return bool((self.parents[1:] != np.arange(len(self.parents) - 1)).any())

    def sees(self) -> NDArray[np.bool_]:
        """Return which node attends to which: to itself and to what lies on its way from the root; shape (n, n)."""
        seen = np.zeros((len(self.tokens),) * 2, dtype=bool)
        for node, parent in enumerate(self.parents):
            seen[node] = seen[parent]
            seen[node, node] = True
        return seen


def tree(rows: Sequence[Sequence[int]], first: int) -> Tree:
    """Return the tree of rows that all begin with the token `first`; neighbours share what they have in common."""
    tokens, depths, parents, path = [first], [0], [0], [0]
    paths: list[IntArray] = []
    before: Sequence[int] = ()
    for row in rows:
        common = shared(before, row)
        del path[common + 1 :]
        for depth in range(common, len(row)):
            parents.append(path[-1])
            path.append(len(tokens))
            tokens.append(row[depth])
            depths.append(depth + 1)
        paths.append(np.array(path[1:], dtype=np.int64))
        before = row
    return Tree(tokens=np.array(tokens), depths=np.array(depths), parents=np.array(parents), paths=paths)


def shared(a: Sequence[int], b: Sequence[int]) -> int:
    """Return how many tokens two rows have in common at their beginning."""
    for k, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return k
    return min(len(a), len(b))


def trees(rows: Sequence[Sequence[int]], nodes: Callable[[], int], alone: int | None = None) -> Iterator[list[int]]:
    """Yield the indices of rows to merge into one tree, rows that begin alike together; empty rows are left out.

    A tree takes up to `nodes()` nodes (asked anew for each, since memory may have run out), or twice the length of its longest row,
    so that the options of a long context still share it. Rows of more than `alone` tokens get a tree each.
    """
    order = sorted((i for i, row in enumerate(rows) if row), key=lambda i: (rows[i], i))
    taken: list[int] = []
    size, longest, limit = 1, 0, nodes()
    before: Sequence[int] = ()
    for i in order:
        row = rows[i]
        single = alone is not None and max(len(row), longest) > alone
        new = len(row) - shared(before, row)
        if taken and (size + new > max(limit, 2 * max(longest, len(row))) or single):
            yield taken
            taken, size, longest, limit, new = [], 1, 0, nodes(), len(row)
        taken.append(i)
        size, longest, before = size + new, max(longest, len(row)), row
    if taken:
        yield taken


def padded(
    rows: Sequence[Sequence[int]], nodes: Callable[[], int], extra: int = 0, alone: int | None = None, alike: bool = False
) -> Iterator[list[int]]:
    """Yield the indices of rows of similar length, the longest first, that make up to `nodes()` padded tokens together.

    `extra` tokens are added to every row (those that a model will write). Empty rows are included. Rows of more than `alone` tokens
    get a batch each; with `alike` those of a batch are of one length, so that nothing is padded.
    """
    order = sorted(range(len(rows)), key=lambda i: (-len(rows[i]), i))
    while order:
        longest = len(rows[order[0]])
        size = 1 if alone is not None and longest > alone else max(1, nodes() // (longest + 1 + extra))
        batch = [i for i in order[:size] if len(rows[i]) == longest or not alike]
        yield batch
        order = order[len(batch) :]


def is_out_of_memory(error: Exception) -> bool:
    """Tell the errors that memory ran out from others: Python's, and torch's on any device."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and ("out of memory" in str(error).lower() or "can't allocate memory" in str(error).lower())
    )


def halving(run: Callable[[list[int]], list[T]], batch: list[int], shrink: Callable[[], None]) -> list[T]:
    """Return `run(batch)`; when memory runs out, call `shrink` and run both halves. `BackendError` when one row alone is too much."""
    try:
        return run(batch)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        if len(batch) == 1:
            raise BackendError("memory ran out on a single text; shorten it, or load the model with dtype bfloat16") from error
    shrink()  # outside the handler, whose error holds the batch's tensors
    half = len(batch) // 2
    return [*halving(run, batch[:half], shrink), *halving(run, batch[half:], shrink)]
