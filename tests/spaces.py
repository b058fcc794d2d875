"""Spaces in which it is known what a remedy can do: a pull that all frequent documents share, and one that is each item's own.

Named on the command line as `spaces:FUNCTION`; what a text is stands in the pair file that `FREQBIAS_TEST_PAIRS` names.
"""

import os
from functools import cache

import numpy as np

from freqbias import read_pairs
from freqbias.models.protocols import ModelInfo
from freqbias.remedies import Remedy
from freqbias.testing.planted import KnownTexts, noise_of, unit

WIDTH = 64
ASKED = 0.5  # of a query, along the direction that frequent documents are pulled to
NEAR, WRONG, TIED = 1.0, 0.4, 0.6  # of a document, along its item's direction: the right one, a decoy, a rare one that is tied less
PULL = 0.8
NOISE = 0.5  # length of what is each text's own
COMMON = unit(noise_of("what frequent documents share", WIDTH))


class Space:
    """An embedder: `pull` moves frequent documents in one direction, `tied` is how much of its item a rare right document holds.

    `loud` multiplies a direction that says nothing, which then has the largest variance of all.
    """

    max_tokens = None

    def __init__(self, pairs, *, pull=0.0, tied=NEAR, loud=0.0, noise=NOISE, similarity="cosine", name="space"):
        self.known, self.pull, self.tied, self.loud, self.noise = KnownTexts(pairs), pull, tied, loud, noise
        self.similarity = similarity
        self.info = ModelInfo(name=name, kind="embedder", source="memory")

    def encode(self, texts, *, role):
        return np.array([self.vector(text, role) for text in texts], dtype=np.float32).reshape(len(texts), WIDTH)

    def vector(self, text, role):
        own = self.noise * unit(noise_of(text, WIDTH))
        own[0] += self.loud * noise_of(f"{text} loud")[0]
        if role == "query":
            return own + unit(noise_of(self.known.glosses.get(text, text), WIDTH)) + ASKED * COMMON
        for item, (arm, side, kind) in self.known.documents.get(text, {}).items():
            near = WRONG if kind == "decoy" else self.tied if (arm, side) == ("frequency", "low") else NEAR
            own += near * unit(noise_of(item, WIDTH))
        return own + self.known.is_frequent(text) * self.pull * COMMON

    def token_counts(self, texts):
        return None


@cache
def _space(path, **effects):
    return Space(read_pairs(path), **effects)


def shared(texts, role):
    """Every frequent document is pulled in one direction, along which queries lie too."""
    return _space(os.environ["FREQBIAS_TEST_PAIRS"], pull=PULL).encode(texts, role=role)


def tied(texts, role):
    """Rare right documents hold less of their own item."""
    return _space(os.environ["FREQBIAS_TEST_PAIRS"], tied=TIED).encode(texts, role=role)


class Quiet:
    """A scorer whose scores are half of another's."""

    pairwise = False
    max_tokens = None

    def __init__(self, model, info):
        self.model, self.info, self.measure = model, info, model.measure

    def prepare(self, *texts):
        self.model.prepare(*texts)

    def scores(self, queries, documents):
        return self.model.scores(queries, documents) / 2

    def matrix(self, queries, documents):
        return self.model.matrix(queries, documents) / 2

    def pooled(self, queries, weights):
        pool = self.model.pooled(queries, weights)
        return type(pool)(pool.weight, lambda documents: pool(documents) / 2)

    def uncached(self):
        return Quiet(self.model.uncached(), self.info)

    def token_counts(self, texts):
        return None


quiet = Remedy(name="quiet", summary="all scores halved", wrap=lambda model, pairs, info: Quiet(model, info))
