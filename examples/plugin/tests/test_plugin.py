"""What `freqbias.testing` checks, and an effect that only this probe can see."""

import numpy as np
from freqbias_example.misspelt import misspelt, probe
from freqbias_example.ngrams import Encoder, encoder
from freqbias_example.places import generator

from freqbias.frequency import word_zipf
from freqbias.testing import check_generator, check_probe, check_scorer

ROBUST = 4.0  # Zipf; words from here on are known by their letters in any order


class Spelling(Encoder):
    """Knows words by their letters; those that are not frequent by their order too, unless `equal`."""

    def __init__(self, *, equal):
        self._equal = equal

    def encode(self, texts, *, role):
        return super().encode([" ".join(map(self._known_as, text.lower().strip(".").split())) for text in texts], role=role)

    def _known_as(self, word):
        either = max(word_zipf(word) or 0.0, word_zipf(misspelt(word)) or 0.0)
        return "".join(sorted(word)) if self._equal or either >= ROBUST else word


def test_probe():
    check_probe(probe, planted=Spelling(equal=False), null=Spelling(equal=True))


def test_model():
    check_scorer(encoder)


def test_generator():
    assert len(check_generator(generator, count=20, verb="heard")) == 20


def test_letters_change_places():
    assert misspelt("the red jalopy") == "the red jlaopy"
    assert np.array_equal(encoder.encode(["a"], role="query"), encoder.encode(["a"], role="document"))
