"""Models without weights, with effects planted on purpose. Named on the command line as `synthetic:FUNCTION`.

The embedders are those of `freqbias.testing`, and look up what a text is in the pair file that `FREQBIAS_TEST_PAIRS` names.
"""

import hashlib
import math
import os
from functools import cache

import numpy as np

from freqbias import read_pairs
from freqbias.frequency import content_words, tokens, word_zipf
from freqbias.testing import CrowdedEmbedder, PlantedEmbedder, planted
from freqbias.testing.planted import AFTER, CROWD_HIGH, CROWD_LOW, EXACT, WRONG, KnownTexts, ln_p, noise_of, unit, zipf_sum

COMMON, OWN, CROWD = planted.COMMON, planted.OWN, planted.CROWD
GLOSS_EFFECT, BACKGROUND_EFFECT = 0.05, 0.04
CLOSE, WIDE = 0.47, 0.05  # decoys and noise where the right document does lose at times
RARE_NOISE = 0.5  # length of what is added to rare documents, whose own length is 1
CONE = 0.14  # how much nearer to a common direction a Zipf unit brings a text
SLOPE, AFTER_EFFECT = 1.5, AFTER
POSITION_EFFECT, LENGTH_EFFECT = 0.05, -0.05


@cache
def _known(path):
    return KnownTexts(read_pairs(path))


@cache
def _planted(path, **effects):
    return PlantedEmbedder(read_pairs(path), **effects)


@cache
def _crowded(path, high):
    return CrowdedEmbedder(read_pairs(path), high=high)


def _embed(texts, role, **effects):
    return _planted(os.environ["FREQBIAS_TEST_PAIRS"], **effects).vectors(texts, role)


def embed_null(texts, role):
    """Every form alike."""
    return _embed(texts, role)


def embed_gloss(texts, role):
    """Frequent documents lie nearer to their own glosses: moves `gloss` and `gloss_specific`."""
    return _embed(texts, role, exact=GLOSS_EFFECT)


def embed_background(texts, role):
    """Frequent documents lie nearer to every query: moves `background`, and `gloss` as much."""
    return _embed(texts, role, background=BACKGROUND_EFFECT)


def embed_close(texts, role):
    """Decoys nearly as near as the right document, whatever the form: many inversions, none of them from frequency."""
    return _embed(texts, role, wrong=CLOSE, noise=WIDE, draw=1)


def embed_close_exact(texts, role):
    """The same, and the right document lies nearer in frequent form: moves `exact_form` only."""
    return _embed(texts, role, wrong=CLOSE, noise=WIDE, draw=1, exact=GLOSS_EFFECT)


def embed_close_decoy(texts, role):
    """The same, and the decoy lies nearer in frequent form: moves `decoy_form` only."""
    return _embed(texts, role, wrong=CLOSE, noise=WIDE, draw=1, decoy=GLOSS_EFFECT)


def embed_rare_noise(texts, role):
    """Rare documents with something added in a random direction: tied less to their meaning, in no direction more or less."""
    known_texts = _known(os.environ["FREQBIAS_TEST_PAIRS"])
    documents, glosses, items = known_texts.documents, known_texts.glosses, known_texts.items
    width = len(items) + 64
    vectors = np.zeros((len(texts), width))
    for row, text in zip(vectors, texts, strict=True):
        if role == "query":
            row[items[glosses[text]] if text in glosses else -1] = 1.0
            continue
        known = documents.get(text, {})
        for item, (_, _, kind) in known.items():
            row[items[item]] = {"exact": EXACT, "decoy": WRONG}[kind]
        row[-2] = math.sqrt(max(0.0, 1 - row @ row))
        if any(arm == "frequency" and side == "low" for arm, side, _ in known.values()):
            row[:] += RARE_NOISE * noise_of(text, width) / math.sqrt(width)
    return vectors


def _crowd(texts, role, high):
    return _crowded(os.environ["FREQBIAS_TEST_PAIRS"], high).vectors(texts, role)


def embed_crowd(texts, role):
    """Documents crowd around every gloss, whatever the form: the right one has many ranks, none of them from frequency."""
    return _crowd(texts, role, CROWD_LOW)


def embed_crowd_frequent(texts, role):
    """The same, and frequent documents lie nearer to their gloss: moves every measure of retrieval."""
    return _crowd(texts, role, CROWD_HIGH)


embed_crowd.similarity = embed_crowd_frequent.similarity = "dot"


def _frequency(text):
    """Return the mean Zipf value of a text's content words."""
    known = [zipf for word in content_words(text) if (zipf := word_zipf(word)) is not None]
    return sum(known) / len(known) if known else 3.0


def embed_cone(texts):
    """Frequent texts lie nearer to one common direction and are longer: a slope, hubs and norms that are geometric and nothing else."""
    vectors = []
    for text in texts:
        common = CONE * _frequency(text)
        vector = math.sqrt(1 - common**2) * unit(noise_of(text, 64))
        vector[0] += common
        vectors.append((1 + _frequency(text)) * unit(vector))  # the noise has a part on the common direction, which is no length
    return np.array(vectors)


def embed_random(texts):
    """A random direction and length for every text."""
    return np.array([noise_of(text, 64) for text in texts])


def embed_idf(texts):
    """Count shared content words, each as much as it is rare (IDF on both sides): rare words match harder."""
    vectors = np.zeros((len(texts), 1 << 13))
    for row, text in zip(vectors, texts, strict=True):
        for word in content_words(text):
            row[_bucket(word, 1 << 13)] += idf(word)
    return vectors


embed_idf.similarity = "dot"


def idf(word):
    """Return how rare a word is: the natural logarithm of one in how many words of text it is, in tens."""
    zipf = word_zipf(word)
    return math.log(10) * (9 - (1.0 if zipf is None else zipf)) / 10


def _bucket(word, size):
    return int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big") % size


def embed_words(texts):
    """Count shared content words: all effect in `match`, none in `gloss`."""
    vectors = np.zeros((len(texts), 4096))
    for row, text in zip(vectors, texts, strict=True):
        row[-1] = 1e-3  # a text without content words still has a direction
        for word in content_words(text):
            row[_bucket(word, 4095)] += 1
    return vectors


def embed_zero(texts):
    """No direction at all."""
    return np.zeros((len(texts), 3))


def embed_nan(texts):
    """Not a number."""
    return np.full((len(texts), 3), np.nan)


def embed_flat(texts):
    """One number a text, which is no embedding."""
    return np.ones(len(texts))


def lm_corpus(texts):
    """Independent words at corpus frequency: slope 1, nothing downstream."""
    return [np.array([ln_p(word) for word in tokens(text)]) for text in texts]


def lm_amplified(texts):
    """The same with log-probabilities half as steep again: slope 1.5, nothing downstream."""
    return [SLOPE * row for row in lm_corpus(texts)]


BELOW_ZERO = 64.0  # nats off every gloss, so that no bonus makes a log-probability of more than 0


def lm_after(texts):
    """The same, and a text is likelier by 0.4 nats for every Zipf unit of the content words before the bridge."""
    rows = []
    for text, row in zip(texts, lm_corpus(texts), strict=True):
        before, _, gloss = text.partition(" In other words:")
        bonus = AFTER_EFFECT * zipf_sum(before) + 0.05 * noise_of(text)[0] - BELOW_ZERO if gloss else 0.0
        rows.append(np.append(row, bonus))
    return rows


def lm_position(texts):
    """The same, and a word is likelier by 0.05 nats for every word before it, whatever it is."""
    # no word is so frequent that it would be likelier than certain where it comes late
    return [row + POSITION_EFFECT * np.arange(len(row)) for row in lm_corpus(texts)]


def lm_length(texts):
    """The same, less 0.05 nats for every character; a gloss loses as much for every character of the text before the bridge."""
    rows = []
    for text, row in zip(texts, lm_corpus(texts), strict=True):
        before, _, gloss = text.partition(" In other words:")
        after = LENGTH_EFFECT * len(before) + 0.05 * noise_of(text)[0] if gloss else 0.0
        rows.append(np.append(row, [LENGTH_EFFECT * len(text), after]))
    return rows


def lm_after_and_length(texts):
    """Both at once: 0.4 nats for every Zipf unit before the bridge, and -0.05 for every character."""
    return [np.concatenate([a, [b[-1]]]) for a, b in zip(lm_after(texts), lm_length(texts), strict=True)]


def lm_broken(texts):
    """Not a number."""
    return [np.array([np.nan]) for _ in texts]
