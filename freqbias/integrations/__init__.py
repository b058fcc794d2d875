"""freqbias inside other tools: sentence-transformers, MTEB."""
