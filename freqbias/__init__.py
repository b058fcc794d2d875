"""freqbias measures whether models treat frequent and rare wording of the same content differently."""

from freqbias.files import read_observations, read_pairs

__all__ = ["__version__", "read_observations", "read_pairs"]
__version__ = "0.1.0"
