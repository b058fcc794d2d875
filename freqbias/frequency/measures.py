"""Sentence frequencies by name: what several papers mean by "a frequent sentence", from one tokenisation.

Each is called as `measure(text, language)` and returns None when no word of the text is known. Unknown words are left out, never
averaged in as zero; `freqbias.frequency.unknown_words` names them.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from freqbias.errors import InputError
from freqbias.frequency.counts import BILLION_LOG10, Counts
from freqbias.frequency.words import Source, content_of, tokens, wordfreq_source


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A sentence frequency: `of_words` maps tokens and a source to a number, `direction` says which way is frequent."""

    name: str
    summary: str
    direction: int
    of_words: Callable[[Sequence[str], Source], float | None]

    def __call__(self, text: str, language: str = "en", source: Source | None = None) -> float | None:
        """Return the measure of one text, from `source` or from wordfreq."""
        return self.of_words(tokens(text, language), source or wordfreq_source(language))


def score_texts(texts: Iterable[str], measure: Measure, language: str = "en", source: Source | None = None) -> Iterator[float | None]:
    """Yield the measure of each text, in order and in bounded memory."""
    source = source or wordfreq_source(language)
    for text in texts:
        yield measure.of_words(tokens(text, language), source)


def _known(words: Sequence[str], source: Source) -> list[float]:
    values = list(map(source.zipf, words))
    return [value for value in values if value is not None] if None in values else values  # type: ignore[return-value]


def _mean(words: Sequence[str], source: Source) -> float | None:
    known = _known(words, source)
    return math.fsum(known) / len(known) if known else None  # `sum` depends on the order and on the version of Python


def _content(words: Sequence[str], source: Source) -> float | None:
    return _mean(content_of(list(words), source.language), source)


def _least(words: Sequence[str], source: Source) -> float | None:
    return min(_known(words, source), default=None)


def _geometric(words: Sequence[str], source: Source) -> float | None:
    mean = _mean(words, source)
    return None if mean is None else 10 ** (mean - BILLION_LOG10)


def _eq3(words: Sequence[str], source: Source) -> float | None:
    mean = _mean(words, source)
    return None if mean is None else 10 ** (BILLION_LOG10 - mean)


UNIGRAM_WEIGHT, BIGRAM_WEIGHT = 0.6, 0.4


def _uni_bi(words: Sequence[str], source: Source) -> float | None:
    if not isinstance(source, Counts):
        raise InputError("frequency 'uni_bi' counts word pairs, which wordfreq does not; give running text with --corpus")
    single = _geometric(words, source)
    seen = [p for first, second in pairwise(words) if (p := source.bigram_probability(first, second)) > 0]
    if single is None or not seen:
        return None
    double = math.exp(math.fsum(map(math.log, seen)) / len(seen))
    return float(single**UNIGRAM_WEIGHT * double**BIGRAM_WEIGHT)


def _corpus(words: Sequence[str], source: Source) -> float | None:
    if not isinstance(source, Counts):
        raise InputError("frequency 'corpus' needs your own counts; give --corpus FILE")
    return _mean(words, source)


def tfd(
    words: Sequence[str],
    source: Source,
    *,
    completions: Counts | None = None,
    alpha: float = 0.5,
    beta: float = 0.5,
    zeta: float = 1.0,
) -> float | None:
    """Return the geometric mean of alpha F1 + (1 + zeta [F1 = 0]) beta F2 over words (Lu et al. 2026, Eq. 5).

    F1 is the word's probability in `source`, F2 its relative frequency in a model's story completions. Words with neither are left
    out. The paper prints no values for the weights; equal weights and zeta = 1 are ours.
    """
    if completions is None:
        raise InputError("frequency 'tfd' needs a model's story completions; give --completions FILE")
    logs = []
    for word in words:
        zipf = source.zipf(word)
        first = 0.0 if zipf is None else 10 ** (zipf - BILLION_LOG10)
        mixed = alpha * first + (1 + zeta * (first == 0.0)) * beta * completions.probability(word)
        if mixed > 0:
            logs.append(math.log(mixed))
    return math.exp(math.fsum(logs) / len(logs)) if logs else None


def with_completions(completions: Counts) -> Measure:
    """Return `tfd` with F2 counted from these completions."""
    return Measure(name="tfd", summary=TFD.summary, direction=1, of_words=partial(tfd, completions=completions))


#: Zipf units, higher is more frequent. van Heuven et al. (2014), doi:10.1080/17470218.2013.850521, for the scale.
mean_zipf = Measure(name="mean_zipf", summary="mean Zipf value over all words; higher is more frequent", direction=1, of_words=_mean)

#: Zipf units, higher is more frequent; words of the stop list and words with a digit are left out.
content_zipf = Measure(
    name="content_zipf", summary="mean Zipf value over content words; higher is more frequent", direction=1, of_words=_content
)

#: Zipf units, higher is more frequent.
min_zipf = Measure(name="min_zipf", summary="Zipf value of the rarest word; higher is more frequent", direction=1, of_words=_least)

#: Probability; exp of the mean log P, which is what the proof in Lu et al. (2026), arXiv:2604.02176, is about.
geo_mean_prob = Measure(
    name="geo_mean_prob",
    summary="geometric mean of word probabilities, exp(mean log P); higher is more frequent",
    direction=1,
    of_words=_geometric,
)

#: Reciprocal probability as printed in Eq. 3 of Lu et al. (2026); it runs the other way round. Reproduces the literature only.
adam_eq3 = Measure(
    name="adam_eq3",
    summary="Eq. 3 of Adam's Law as printed, the reciprocal of geo_mean_prob; higher is RARER",
    direction=-1,
    of_words=_eq3,
)

#: Probability; needs `Counts` from running text. Unseen word pairs are left out. Reproduces the literature only.
uni_bi = Measure(
    name="uni_bi",
    summary="unigram^.6 x bigram^.4, geometric means over your own corpus; higher is more frequent",
    direction=1,
    of_words=_uni_bi,
)

#: Zipf units over the user's own counts.
corpus = Measure(
    name="corpus",
    summary="mean Zipf value over your own counts (--corpus); higher is more frequent",
    direction=1,
    of_words=_corpus,
)

TFD = Measure(
    name="tfd",
    summary="Eq. 5 of Adam's Law: word probability mixed with counts from a model's completions; higher is more frequent",
    direction=1,
    of_words=tfd,
)
