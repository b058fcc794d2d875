"""Word counts of a model's own texts merged with a corpus's, as the authors of Adam's Law do it in their repository.

The paper's own merge, Eq. 5, is `freqbias.frequency.measures.tfd`.
"""

import math
from collections.abc import Sequence

import numpy as np

from freqbias.frequency.counts import BILLION_LOG10, Counts
from freqbias.frequency.words import Source

#: Both of `align_and_merge` in newfrequency.py, https://github.com/HongyuanLuke/frequencylaw, commit 22f4577.
EPSILON = 1e-8  # probability of a word that one of the two sources does not hold
MIN_COMMON_WORDS = 10  # more are needed to bring the two onto one scale


def alignment(source: Source, completions: Counts) -> float:
    """Return the factor that brings the probabilities of completions onto the scale of a corpus.

    It is the median of (p + epsilon) / (q + epsilon) over the words that both hold, 1 where they have ten in common or fewer.
    """
    words = [(zipf, word) for word in completions.words if completions.words[word] > 0 and (zipf := source.zipf(word)) is not None]
    if len(words) <= MIN_COMMON_WORDS:
        return 1.0
    first = 10 ** (np.array([zipf for zipf, _ in words]) - BILLION_LOG10)
    second = np.array([completions.probability(word) for _, word in words])
    return float(np.median((first + EPSILON) / (second + EPSILON)))


def tfd_product(words: Sequence[str], source: Source, completions: Counts, factor: float) -> float | None:
    """Return log10 of the geometric mean over words of p(corpus) x factor x p(completions); None without a word.

    The repository merges by this product, where a weighted sum as in Eq. 5 is commented out. A word that a source lacks has probability
    epsilon there, which `factor` (`alignment`) does not change. The repository divides all products by their sum; that is left out here,
    since it is one number for all words and no gap depends on it.
    """
    if not words:
        return None
    logs = []
    for word in words:
        zipf, own = source.zipf(word), completions.probability(word)
        first = math.log10(EPSILON) if zipf is None else zipf - BILLION_LOG10
        logs.append(first + math.log10(factor * own if own > 0 else EPSILON))
    return math.fsum(logs) / len(logs)
