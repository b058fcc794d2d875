"""Where torch computes, in which type of number, and from which seed it draws there."""

from collections.abc import Iterator
from contextlib import contextmanager

from freqbias.errors import InputError

DTYPES = ("float32", "float16", "bfloat16")


def check_dtype(dtype: str) -> None:
    """Raise `InputError` for a number type that models do not compute in here, or that stands for another (`auto`)."""
    if dtype not in DTYPES:
        raise InputError(f"unknown dtype '{dtype}'; known: {', '.join(DTYPES)}")


def check_device(device: str | None) -> None:
    """Raise `InputError` for a device that torch does not know, or that this machine does not have; None is left to the libraries."""
    reason = None if device is None else _fault(device)
    if reason is not None:
        raise InputError(f"device '{device}' cannot be used here: {reason}; give --device cpu, or leave it out")


def _fault(device: str) -> str | None:
    import torch

    try:
        place = torch.device(device)
    except RuntimeError:
        return "torch knows no such device; known are cpu, mps, cuda and, of several GPUs, cuda:1"
    if place.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if not count:
            return "torch finds no GPU on this machine"
        return f"this machine has {count} GPUs, cuda:0 to cuda:{count - 1}" if (place.index or 0) >= count else None
    if place.type == "mps" and not torch.backends.mps.is_available():
        return "torch finds no such GPU on this machine"
    try:
        torch.empty(0, device=place)
    except (RuntimeError, AssertionError, NotImplementedError) as error:  # what torch raises depends on the kind of device
        return next(iter(str(error).strip().splitlines()), type(error).__name__).partition(". ")[0]
    return None


@contextmanager
def seeded(device: str, seed: int) -> Iterator[None]:
    """Draw from a seed of our own in the block, and leave torch's generators as they were."""
    import torch

    own = [torch.device(device).index or 0] if device.startswith("cuda") else []
    with torch.random.fork_rng(devices=own):
        torch.manual_seed(seed)
        yield
