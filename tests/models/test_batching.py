"""Rows of tokens in trees and in batches, and what happens when memory runs out."""

import numpy as np
import pytest
from conftest import needed

from freqbias.errors import BackendError
from freqbias.models import batching

torch = needed("torch")


@pytest.mark.parametrize(
    "error", [MemoryError(), torch.OutOfMemoryError("x out of memory"), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
)
def test_halving_ends_at_one(error):
    calls = []

    def run(batch):
        calls.append(len(batch))
        if len(batch) > 2:
            raise error
        return [10 * i for i in batch]

    assert batching.halving(run, list(range(7)), lambda: None) == [10 * i for i in range(7)]
    assert calls == [7, 3, 1, 2, 4, 2, 2]

    def never(batch):
        raise error

    with pytest.raises(BackendError, match="memory ran out on a single text"):
        batching.halving(never, [1, 2], lambda: None)


def test_other_errors_are_not_taken_for_missing_memory():
    def broken(batch):
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes"):
        batching.halving(broken, [1, 2], lambda: None)


def test_trees_share_and_stay_within_their_size():
    rows = [[1, 2, 3], [1, 2, 4], [5], [1, 2, 3], [], [1]]
    assert list(batching.trees(rows, lambda: 100)) == [[5, 0, 3, 1, 2]]
    merged = batching.tree([rows[i] for i in (5, 0, 3, 1, 2)], 9)
    assert merged.tokens.tolist() == [9, 1, 2, 3, 4, 5]
    assert merged.depths.tolist() == [0, 1, 2, 3, 3, 1]
    assert merged.parents.tolist() == [0, 0, 1, 2, 2, 0]
    assert [path.tolist() for path in merged.paths] == [[1], [1, 2, 3], [1, 2, 3], [1, 2, 4], [5]]
    assert merged.sees()[4].tolist() == [True, True, True, False, True, False]
    assert merged.branches
    assert not batching.tree([[1, 2, 3]], 9).branches
    rng = np.random.default_rng(0)
    many = [rng.integers(0, 3, size=rng.integers(1, 9)).tolist() for _ in range(200)]
    parts = list(batching.trees(many, lambda: 30))
    assert sorted(i for part in parts for i in part) == list(range(200))
    assert max(len(batching.tree([many[i] for i in part], 9).tokens) for part in parts) <= 30
    assert all(len(part) == 1 for part in batching.trees(many, lambda: 30, 0))


def test_batches_are_of_one_length_or_alone_where_they_must_be():
    rows = [[1] * size for size in (3, 9, 3, 4, 0, 9, 3)]
    assert list(batching.padded(rows, lambda: 100)) == [[1, 5, 3, 0, 2, 6, 4]]
    assert list(batching.padded(rows, lambda: 100, alike=True)) == [[1, 5], [3], [0, 2, 6], [4]]
    assert list(batching.padded(rows, lambda: 8, alike=True)) == [[1], [5], [3], [0, 2], [6], [4]]
    assert list(batching.padded(rows, lambda: 100, alone=3)) == [[1], [5], [3], [0, 2, 6, 4]]
