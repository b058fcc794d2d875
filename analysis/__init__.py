"""From observations to estimates and a report: contrasts, resampling, regression, verdicts, figures."""

from freqbias.analysis.contrasts import frame
from freqbias.analysis.estimates import estimate

__all__ = ["estimate", "frame"]
