"""The command line: `freqbias STAGE …`."""

from freqbias.cli.main import main

__all__ = ["main"]
