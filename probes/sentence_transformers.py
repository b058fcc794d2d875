"""The former place of `freqbias.integrations.sentence_transformers`."""

import sys
from importlib import import_module

sys.modules[__name__] = import_module("freqbias.integrations.sentence_transformers")
