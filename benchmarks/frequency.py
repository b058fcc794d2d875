"""Sentence frequencies in bulk: seconds per million sentences, the ratio to a naive per-word loop, and peak memory.

    python benchmarks/frequency.py [SENTENCES]

Sentences are 20 words drawn from wordfreq's list by frequency, one in ten with an apostrophe or a digit, which takes the slow path.
"""

import resource
import sys
import time

import numpy as np
import wordfreq

from freqbias.frequency import mean_zipf, score_texts

NAIVE_SENTENCES = 20_000


def sentences(count: int, seed: int = 0):
    """Yield `count` random sentences in bounded memory."""
    rng = np.random.default_rng(seed)
    words = np.array([word for word in wordfreq.top_n_list("en", 50_000) if word.isascii() and word.isalpha()])
    weights = np.array([wordfreq.word_frequency(word, "en") for word in words])
    for start in range(0, count, 10_000):
        block = rng.choice(words, size=(min(10_000, count - start), 20), p=weights / weights.sum())
        for i, row in enumerate(block):
            text = " ".join(row).capitalize() + "."
            yield text.replace(" the ", " the dog's 3 ", 1) if i % 10 == 0 else text


def naive(text: str) -> float:
    """Return the mean Zipf value the obvious way."""
    values = [wordfreq.zipf_frequency(word, "en") for word in wordfreq.tokenize(text, "en")]
    return sum(values) / len(values)


def main() -> None:
    """Print the three figures, measured in one run."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    sample = list(sentences(NAIVE_SENTENCES, seed=1))
    start = time.perf_counter()
    slow = [naive(text) for text in sample]
    naive_each = (time.perf_counter() - start) / len(sample)
    fast = list(score_texts(sample, mean_zipf))
    if not np.allclose(slow, fast):
        raise SystemExit("the two ways disagree")
    start = time.perf_counter()
    making = sum(1 for _ in sentences(count))
    making_seconds = time.perf_counter() - start
    start = time.perf_counter()
    scored = sum(value is not None for value in score_texts(sentences(count), mean_zipf))
    seconds = time.perf_counter() - start - making_seconds
    ratio = naive_each * count / seconds
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{scored:,} of {making:,} sentences in {seconds:.1f} s; naive loop {ratio:.1f} times slower; peak {peak:.0f} MB\n")


if __name__ == "__main__":
    main()
