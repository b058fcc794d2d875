"""Substitution in bulk: seconds of CPU time per million words of Python's manual and bundled sentences, by the rules and by the tagger.

    python benchmarks/substitute.py

On one core of a small machine, with 470,000 words of reviews, editorials, tweets and the manual: 5.8 s before there were rules of place,
4.5 s with them (fewer pairs are made), 20 s with HanTa.
"""

import pydoc_data.topics
import re
import sys
import time

from freqbias.paraphrases.lexicon import generate
from freqbias.paraphrases.substitute import pairs_of_texts
from freqbias.paraphrases.tagging import TAGGERS

TIMES = 5  # the manual is small and holds few words of sets
SENTENCES = 2000  # each holds one


def main() -> None:
    """Print one line a tagger."""
    texts = [re.sub(r"\s+", " ", part) for topic in pydoc_data.topics.topics.values() for part in topic.split("\n\n")]
    texts = texts * TIMES + [pair.high for pair in generate(n=SENTENCES, sets="all")]
    words = sum(len(text.split()) for text in texts)
    for tagger in TAGGERS:
        pairs_of_texts(texts[:200], tagger=tagger)  # tables and models are read once
        start = time.process_time()
        pairs = pairs_of_texts(texts, tagger=tagger)
        seconds = time.process_time() - start
        sys.stdout.write(f"{tagger}: {len(pairs):,} pairs of {words:,} words; {seconds / words * 1e6:.1f} s a million words\n")


if __name__ == "__main__":
    main()
