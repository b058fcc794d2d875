"""Models without weights, with effects planted on purpose. Named on the command line as `synthetic:FUNCTION`.

The embedders look up what a text is in the pair file that `FREQBIAS_TEST_PAIRS` names. Each item has a direction of its own; its
glosses lie on it and its documents lie near it, closer or farther as planted.
"""

import hashlib
import math
import os
from functools import cache

import numpy as np

from freqbias import read_pairs
from freqbias.frequency import content_words, tokens, word_zipf

EXACT, WRONG, NOISE = 0.5, 0.25, 0.02
GLOSS_EFFECT, BACKGROUND_EFFECT = 0.05, 0.04
SLOPE, AFTER_EFFECT = 1.5, 0.4
POSITION_EFFECT, LENGTH_EFFECT = 0.3, -0.05


@cache
def _known(path):
    """Map every document to (item, arm, side, exact or decoy) and every gloss to its item; number the items."""
    documents, glosses, items = {}, {}, {}
    for pair in read_pairs(path):
        items.setdefault(pair.item, len(items))
        for side in ("high", "low"):
            if pair.decoys:
                documents.setdefault(pair.decoys[side], (pair.item, pair.arm, side, WRONG))
        for register in ("gloss_plain", "gloss_elevated"):
            glosses.update(dict.fromkeys(pair.queries.get(register, []), pair.item))
    # the length arm shows the frequency arm's frequent documents again, so the frequency arm has the last word
    for pair in sorted(read_pairs(path), key=lambda pair: pair.arm == "frequency"):
        for side in ("high", "low"):
            documents[getattr(pair, side)] = (pair.item, pair.arm, side, EXACT)
    return documents, glosses, items


def _noise(text):
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).normal(size=2)


def _embed(texts, role, gloss_effect=0.0, background_effect=0.0):
    """Return unit vectors over one axis per item, a common axis that all queries share, and private axes for the rest."""
    documents, glosses, items = _known(os.environ["FREQBIAS_TEST_PAIRS"])
    vectors = np.zeros((len(texts), len(items) + 4))
    for row, text in zip(vectors, texts, strict=True):
        noise = _noise(text)
        if role == "query":
            row[-1] = 0.3
            if text in glosses:
                row[items[glosses[text]]] = math.sqrt(1 - 0.3**2)
            else:
                row[-3] = math.sqrt(1 - 0.3**2)
            continue
        item, arm, side, near = documents.get(text, (None, None, None, 0.0))
        planted = arm == "frequency" and side == "high"
        if item is not None:
            row[items[item]] = near + planted * gloss_effect + NOISE * noise[0]
        row[-1] = 0.2 + planted * background_effect + NOISE * noise[1]
        row[-2] = math.sqrt(1 - row @ row)
    return vectors


def embed_null(texts, role):
    """Every form alike."""
    return _embed(texts, role)


def embed_gloss(texts, role):
    """Frequent documents lie nearer to their own glosses: moves `gloss` and `gloss_specific`."""
    return _embed(texts, role, gloss_effect=GLOSS_EFFECT)


def embed_background(texts, role):
    """Frequent documents lie nearer to every query: moves `background`, and `gloss` as much."""
    return _embed(texts, role, background_effect=BACKGROUND_EFFECT)


def embed_words(texts):
    """Count shared content words: all effect in `match`, none in `gloss`."""
    vectors = np.zeros((len(texts), 4096))
    for row, text in zip(vectors, texts, strict=True):
        row[-1] = 1e-3  # a text without content words still has a direction
        for word in content_words(text):
            row[int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big") % 4095] += 1
    return vectors


def embed_zero(texts):
    """No direction at all."""
    return np.zeros((len(texts), 3))


def embed_flat(texts):
    """One number a text, which is no embedding."""
    return np.ones(len(texts))


def _ln_p(word):
    zipf = word_zipf(word)
    return math.log(10) * ((1.0 if zipf is None else zipf) - 9)


def lm_corpus(texts):
    """Independent words at corpus frequency: slope 1, nothing downstream."""
    return [np.array([_ln_p(word) for word in tokens(text)]) for text in texts]


def lm_amplified(texts):
    """The same with log-probabilities half as steep again: slope 1.5, nothing downstream."""
    return [SLOPE * row for row in lm_corpus(texts)]


def lm_after(texts):
    """The same, and a text is likelier by 0.4 nats for every Zipf unit of the content words before the bridge."""
    rows = []
    for text, row in zip(texts, lm_corpus(texts), strict=True):
        before, _, gloss = text.partition(" In other words:")
        frequent = sum((word_zipf(word) or 1.0) for word in content_words(before))
        bonus = AFTER_EFFECT * frequent + 0.05 * _noise(text)[0] if gloss else 0.0
        rows.append(np.append(row, bonus))
    return rows


def lm_position(texts):
    """The same, and a word is likelier by 0.3 nats for every word before it, whatever it is."""
    return [row + POSITION_EFFECT * np.arange(len(row)) for row in lm_corpus(texts)]


def lm_length(texts):
    """The same, less 0.05 nats for every character; a gloss loses as much for every character of the text before the bridge."""
    rows = []
    for text, row in zip(texts, lm_corpus(texts), strict=True):
        before, _, gloss = text.partition(" In other words:")
        after = LENGTH_EFFECT * len(before) + 0.05 * _noise(text)[0] if gloss else 0.0
        rows.append(np.append(row, [LENGTH_EFFECT * len(text), after]))
    return rows


def lm_after_and_length(texts):
    """Both at once: 0.4 nats for every Zipf unit before the bridge, and -0.05 for every character."""
    return [np.concatenate([a, [b[-1]]]) for a, b in zip(lm_after(texts), lm_length(texts), strict=True)]


def lm_broken(texts):
    """Not a number."""
    return [np.array([np.nan]) for _ in texts]
