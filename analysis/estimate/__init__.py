"""Gaps to estimates: means, controls, slopes, specification curve, families of tests, comparison of runs."""

from freqbias.analysis.estimate.compare import compare
from freqbias.analysis.estimate.estimates import estimate, sesoi
from freqbias.analysis.estimate.families import adjusted

__all__ = ["adjusted", "compare", "estimate", "sesoi"]
