"""From observations to estimates and a report: contrasts, resampling, regression, verdicts, figures."""

from freqbias.analysis.estimates import estimate
from freqbias.analysis.observed import frame

__all__ = ["estimate", "frame"]
