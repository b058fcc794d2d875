"""Syllables in running text: share of its tokens that have the pronouncing dictionary's count, and the time that readability takes.

    python benchmarks/syllables.py cmudict.dict [--golden FILE]

The running text is the long descriptions of the installed Python packages. `rule` is the rule alone on words of the dictionary that it
was not written by (every word has a half, by a hash; only the even half was looked at), `dictionary` all words of the dictionary, `all`
the share of the tokens that are in it. `--golden` writes the words of the unseen half with their counts, for the tests.
"""

import argparse
import hashlib
import sys
import time
from collections import Counter
from importlib.metadata import distributions
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "tools"))

from make_syllables import dictionary

from freqbias.frequency import tokens
from freqbias.readability import fkgl, syllables, syllables_by_rule


def unseen(word: str) -> bool:
    """Tell whether the rule was written without this word."""
    return bool(hashlib.md5(word.encode(), usedforsecurity=False).digest()[0] % 2)


def running_text() -> list[str]:
    """Return the paragraphs of prose in the descriptions of the installed packages."""
    texts = {str(one.metadata.get_payload()) for one in distributions()}
    lines = (line.strip() for text in sorted(texts) for line in text.splitlines())
    return [line for line in lines if line.count(" ") >= 7 and not set("`<>|{}[]=_\\/#*") & set(line)]


def main() -> None:
    """Print the shares and the time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dictionary", type=Path)
    parser.add_argument("--golden", type=Path)
    given = parser.parse_args()
    known, lines = dictionary(given.dictionary), running_text()
    counts = Counter(word for line in lines for word in tokens(line) if word.isascii() and any(map(str.isalpha, word)))
    covered = Counter({word: count for word, count in counts.items() if word in known})
    held_out = Counter({word: count for word, count in covered.items() if unseen(word)})
    right = {"rule": (held_out, syllables_by_rule), "dictionary": (covered, syllables)}
    for name, (words, count_of) in right.items():
        share = sum(words[word] for word in words if count_of(word) == known[word]) / words.total()
        sys.stdout.write(f"{name}: {share:.1%} of {words.total():,} tokens ({len(words):,} words)\n")
    sys.stdout.write(f"all: {covered.total() / counts.total():.1%} of {counts.total():,} tokens are in the dictionary\n")
    start = time.perf_counter()
    for line in lines:
        fkgl(line)
    sys.stdout.write(
        f"fkgl: {(time.perf_counter() - start) / len(lines) * 1e6:.1f} µs a line of {counts.total() / len(lines):.1f} words\n"
    )
    if given.golden is not None:
        rows = [f"{word}\t{known[word]}\t{count}\n" for word, count in sorted(held_out.items(), key=lambda row: (-row[1], row[0]))]
        given.golden.write_text("".join(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
