"""Arrays in, numbers out: resampling, mixed models, differences of two arms. Imports nothing else of freqbias."""

from freqbias.analysis.stats.arm_difference import difference_of_arms
from freqbias.analysis.stats.mixed import crossed
from freqbias.analysis.stats.reml import reml
from freqbias.analysis.stats.resampling import bca_interval, benjamini_hochberg, mcnemar_p, sign_flip_p, t_interval, tost_p

__all__ = [
    "bca_interval",
    "benjamini_hochberg",
    "crossed",
    "difference_of_arms",
    "mcnemar_p",
    "reml",
    "sign_flip_p",
    "t_interval",
    "tost_p",
]
