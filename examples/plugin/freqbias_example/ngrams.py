"""Model `ngrams`: hashed character trigrams, an object that needs no download."""

import zlib

import numpy as np

from freqbias.models import ModelInfo

SIZE, N = 1024, 3


class Encoder:
    """Counts of character trigrams, each in one of `SIZE` places; what is asked of it is `freqbias.models.Embedder`."""

    api = 1
    max_tokens = None
    info = ModelInfo(name="ngrams", kind="embedder", source="plugin", revision="1", details={"title": "Hashed character trigrams"})

    def encode(self, texts, *, role):
        """Return one vector a text, float32 of shape (n, SIZE)."""
        vectors = np.zeros((len(texts), SIZE), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            padded = f" {text.lower()} "
            for start in range(len(padded) - N + 1):
                row[zlib.crc32(padded[start : start + N].encode()) % SIZE] += 1
        return vectors

    def token_counts(self, texts):
        """Return the number of trigrams of each text."""
        return [len(text) + 3 - N for text in texts]


encoder = Encoder()
