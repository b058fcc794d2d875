"""A plugin for freqbias: a probe, a model and a generator."""
