"""Arrays in, numbers out: resampling, mixed models, differences of two arms. Imports nothing else of freqbias."""
