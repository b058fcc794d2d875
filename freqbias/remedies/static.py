"""Zipfian whitening of static word vectors: Yokoi et al. (2024), arXiv:2411.00680.

The vectors of words are centred and whitened before they are averaged, each word counted as often as it is used, not once: mean
m = sum(p x), covariance sum(p (x - m)(x - m)ᵀ), p the word's share of all words. It is fitted on the model's own vocabulary and a list of
word frequencies, so on no item at all. Subwords that are no words (the insides of words, marks, words that English does not know) take no
part in the fit, and are mapped like all others.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from freqbias.errors import InputError
from freqbias.frequency import word_zipf
from freqbias.models import ModelInfo
from freqbias.models.relevance import DenseScorer, Scorer
from freqbias.records import Pair
from freqbias.remedies import Remedy
from freqbias.remedies.space import SMALLEST

BEGINS = ("▁", "Ġ")  # a word, in vocabularies of SentencePiece and of byte pairs
GOES_ON = "##"  # a word, in WordPiece's


def shares_of(tokens: Sequence[str]) -> NDArray[np.float64]:
    """Return how often each subword that is a word is used, as a share of all of them, shape (n,); 0 where it is none."""
    marked = any(token.startswith(BEGINS) for token in tokens)
    zipf = [_zipf(token, marked=marked) for token in tokens]
    shares = np.array([0.0 if value is None else 10.0**value for value in zipf])
    return shares / shares.sum() if shares.any() else shares


def _zipf(token: str, *, marked: bool) -> float | None:
    if marked != token.startswith(BEGINS) or token.startswith(GOES_ON):
        return None
    word = token[1:] if marked else token
    return word_zipf(word, "en") if word.isalpha() else None


def whitened(vectors: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return vectors of mean zero and of one variance in every direction, where each counts by its share; shape (n, k)."""
    mean = shares @ vectors
    centred = vectors - mean
    variances, directions = np.linalg.eigh((centred * shares[:, None]).T @ centred)
    sound = variances > SMALLEST * variances[-1]
    return np.asarray(centred @ (directions[:, sound] / np.sqrt(variances[sound])))


def whiten_words(model: Scorer, pairs: Iterable[Pair], info: ModelInfo) -> Scorer:
    """Return the model with whitened word vectors; `InputError` for one that has none, or no word that English knows."""
    static: Any = model.inner if isinstance(model, DenseScorer) else None
    if not hasattr(static, "with_vectors"):
        raise InputError(
            f"remedy '{zipfian_whiten.name}' is for static word vectors, and model '{model.info.name}' has none; leave one out"
        )
    shares = shares_of(static.tokens)
    if np.count_nonzero(shares) <= static.vectors.shape[1]:
        raise InputError(f"remedy '{zipfian_whiten.name}': model '{model.info.name}' has too few words that English knows")
    return DenseScorer(static.with_vectors(whitened(static.vectors.astype(np.float64), shares).astype(np.float32), info))


zipfian_whiten = Remedy(
    name="zipfian-whiten",
    summary="words whitened, each counted as often as it is used",
    wrap=whiten_words,
    only=("static",),
)
