"""Planning and checking: power, simulated runs, the self-check of the statistics."""

from freqbias.analysis.design.power import power_of
from freqbias.analysis.design.selfcheck import selfcheck
from freqbias.analysis.design.simulate import simulate

__all__ = ["power_of", "selfcheck", "simulate"]
