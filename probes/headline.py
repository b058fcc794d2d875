"""The former place of `freqbias.integrations.headline`."""

import sys
from importlib import import_module

sys.modules[__name__] = import_module("freqbias.integrations.headline")
