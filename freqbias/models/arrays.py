"""Numbers that somebody else's function returned, as an array of numpy: tensors of any device and kind, lists of them, sparse rows."""

from typing import Any

import numpy as np

from freqbias.models.protocols import FloatArray


def as_floats(found: Any) -> FloatArray:
    """Return float32; whatever numpy raises for what is no array of numbers.

    A tensor may require gradients, lie on a GPU or be of a kind that numpy lacks, such as bfloat16; no library is imported for it.
    """
    return np.asarray(_plain(found), dtype=np.float32)


def _plain(found: Any) -> Any:
    if isinstance(found, list | tuple):
        return [_plain(row) for row in found]
    if hasattr(found, "detach") and hasattr(found, "cpu"):  # a tensor of torch
        tensor = found.detach().cpu()
        return (tensor.to_dense() if tensor.is_sparse else tensor).float().numpy()
    return found.toarray() if hasattr(found, "toarray") else found  # rows of scipy.sparse
