"""Numbers that somebody else's function returned, as an array of numpy: tensors of any device and kind, lists of them, sparse rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from freqbias.models.protocols import FloatArray


def as_floats(found: Any) -> FloatArray:
    """Return float32; whatever numpy raises for what is no array of numbers.

    A tensor may require gradients, lie on a GPU or be of a kind that numpy lacks, such as bfloat16; no library is imported for it.
    """
    return np.asarray(_real(_plain(found)), dtype=np.float32)


def as_doubles(found: Any) -> NDArray[np.float64]:
    """Return float64, of whatever `as_floats` takes."""
    return np.asarray(_real(_plain(found, double=True)), dtype=np.float64)


def _real(found: Any) -> Any:
    if np.iscomplexobj(found):
        raise TypeError("complex numbers")  # whose imaginary part numpy would leave out
    return found


def _plain(found: Any, double: bool = False) -> Any:
    if isinstance(found, list | tuple):
        return [_plain(row, double) for row in found]
    if hasattr(found, "detach") and hasattr(found, "cpu"):  # a tensor of torch
        tensor = found.detach().cpu()
        dense = tensor.to_dense() if tensor.is_sparse else tensor
        if not dense.is_complex():
            dense = dense.double() if double else dense.float()
        return dense.numpy()
    return found.toarray() if hasattr(found, "toarray") else found  # rows of scipy.sparse
