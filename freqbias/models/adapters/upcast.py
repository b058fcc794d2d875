"""Run a model of half-precision weights in float32 without a copy of them. Needs torch."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

HALF = (torch.float16, torch.bfloat16)
BLOCK = 1 << 24  # float32 weights of a matrix that exist at a time: 64 MiB
# What only looks at a part of a tensor, or at it from another side: it is converted where something is computed from it.
PARTS = frozenset(("__getitem__", "__setitem__", "chunk", "split", "unbind", "narrow", "select", "detach"))
SHAPES = frozenset(("view", "reshape", "flatten", "transpose", "permute", "t", "expand", "unsqueeze", "squeeze", "is_contiguous"))
ASKED = frozenset(
    ("dim", "size", "numel", "stride", "is_floating_point", "data_ptr", "element_size", "get_device", "__hash__", "__len__")
)
VIEWS = PARTS | SHAPES | ASKED
LOOKUPS = frozenset(("embedding", "index_select"))  # their result is converted: a whole vocabulary need not be
GETTER = "__get__"


class InFloat32(TorchFunctionMode):
    """A context in which every operation converts its half-precision tensors to float32 first, and makes none.

    Weights stay as they are; each is converted where an operation takes it, the large ones of linear layers block by block. A model
    computes in it what a float32 copy of it would, in the memory of one layer.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Call one function of torch in float32."""
        name, given = getattr(func, "__name__", ""), dict(kwargs or {})
        if name == GETTER or name in LOOKUPS:
            return _float32(func(*args, **given))
        if name in ("half", "bfloat16"):
            return args[0].float()
        if name in VIEWS:
            return func(*args, **given)
        if name == "linear" and not given and len(args[1]) * args[1].shape[-1] > BLOCK and args[1].dtype in HALF:
            return _linear(*args)
        if name.endswith("_") and not name.endswith("__"):
            return func(*args[:1], *_float32(args[1:]), **_float32(given))
        return func(*_float32(args), **_float32(given))


def _float32(value: Any) -> Any:
    """Return a value with float32 in the place of half precision, in sequences and dictionaries too."""
    if isinstance(value, torch.Tensor):
        return value.float() if value.dtype in HALF else value
    if isinstance(value, torch.dtype):
        return torch.float32 if value in HALF else value
    if type(value) in (tuple, list):
        return type(value)(_float32(part) for part in value)
    if type(value) is dict:
        return {key: _float32(part) for key, part in value.items()}
    return value


def _linear(values: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    """Return a linear layer's output in float32, from some rows of its weights at a time."""
    step = max(1, BLOCK // weight.shape[-1])
    parts = [torch.nn.functional.linear(values.float(), rows.float()) for rows in torch.split(weight, step)]
    whole = torch.cat(parts, dim=-1)
    return whole if bias is None else whole + bias.float()
