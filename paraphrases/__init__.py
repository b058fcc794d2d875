"""Pairs: generators, checks and the audit.

A generator is a function that returns pairs, or an object with the few things that `Generator` names; built-ins are rows of
`freqbias.registry`, others are plugins of the entry-point group `freqbias.generators`, or are named as `module:attr`.
"""

from freqbias.paraphrases.generators import Generator, load_generator
from freqbias.paraphrases.making import make_pair

__all__ = ["Generator", "load_generator", "make_pair"]
