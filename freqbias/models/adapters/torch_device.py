"""Whether torch can compute where it is told to."""

from freqbias.errors import InputError


def check_device(device: str) -> None:
    """Raise `InputError` for a device that torch does not know, or that this machine does not have."""
    import torch

    try:
        place = torch.device(device)
    except RuntimeError as error:
        raise InputError(f"--device {device}: torch knows no such device; give cpu, mps, cuda or, of several GPUs, cuda:1") from error
    if place.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if not count:
            raise InputError(f"--device {device}: torch finds no GPU on this machine; give --device cpu, or leave it out")
        if (place.index or 0) >= count:
            raise InputError(f"--device {device}: this machine has {count} GPUs, cuda:0 to cuda:{count - 1}")
    elif place.type == "mps" and not torch.backends.mps.is_available():
        raise InputError(f"--device {device}: torch finds no such GPU on this machine; give --device cpu, or leave it out")
