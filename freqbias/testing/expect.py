"""What a check raises."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from freqbias.errors import FreqbiasError


def require(condition: bool, text: str) -> None:
    """Raise `AssertionError` with `text` unless `condition` holds; it does so under `python -O` too."""
    if not condition:
        raise AssertionError(text)


@contextmanager
def as_assertion(what: str) -> Iterator[None]:
    """Turn an error of freqbias in the block into an `AssertionError` that says what it came from."""
    try:
        yield
    except FreqbiasError as error:
        said = str(error)
        raise AssertionError(said if said.startswith(what) else f"{what}: {said}") from error


def close(first: object, second: object, tolerance: float = 1e-5) -> bool:
    """Tell whether two values, or arrays of one shape, are the same within a tolerance."""
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True))


def finite(value: float | None) -> bool:
    """Tell whether a value is there and a number."""
    return value is not None and math.isfinite(value)
