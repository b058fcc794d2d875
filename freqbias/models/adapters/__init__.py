"""One library or service a module: each gives the protocols of `freqbias.models.protocols`."""
