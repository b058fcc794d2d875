"""Planning and checking: power, simulated runs (`simulate`), the self-check of the statistics (`selfcheck`)."""

from freqbias.analysis.design.plan import power_of

__all__ = ["power_of"]
