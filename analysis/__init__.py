"""From observations to estimates and a report: contrasts, resampling, regression, verdicts, figures."""

from freqbias.analysis.estimate.estimates import estimate
from freqbias.analysis.table.frame import frame

__all__ = ["estimate", "frame"]
