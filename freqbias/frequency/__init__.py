"""How frequent words and texts are, and what differs between two forms."""

from freqbias.frequency.counts import Counts, read_counts
from freqbias.frequency.measures import Measure, content_zipf, mean_zipf, score_texts
from freqbias.frequency.swaps import Gap, Swap, mean_zipf_gap, swap, swap_of_tokens, zipf_gap
from freqbias.frequency.words import Source, content_words, stop_words, tokens, unknown_words, word_zipf

__all__ = [
    "Counts",
    "Gap",
    "Measure",
    "Source",
    "Swap",
    "content_words",
    "content_zipf",
    "mean_zipf",
    "mean_zipf_gap",
    "read_counts",
    "score_texts",
    "stop_words",
    "swap",
    "swap_of_tokens",
    "tokens",
    "unknown_words",
    "word_zipf",
    "zipf_gap",
]
