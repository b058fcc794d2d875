"""Write `freqbias/data/syllables-en.txt`, the words of the CMU Pronouncing Dictionary whose syllables `freqbias.readability` gets wrong.

    python tools/make_syllables.py cmudict.dict

`cmudict.dict` is the dictionary's own file (https://github.com/cmusphinx/cmudict, BSD licence; see NOTICE). Run it again when the rule
has changed. The dictionary's package on PyPI is under the GPL, its data are not; so the data are taken and the package is not.
"""

import re
import statistics
import sys
from collections import defaultdict
from pathlib import Path

from freqbias.readability import syllables_by_rule

TARGET = Path(__file__).resolve().parents[1] / "freqbias" / "data" / "syllables-en.txt"
WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")
TITLES = {"dr": 2}  # which the dictionary reads as `drive`
#: A consonant that carries a syllable: the n of `didn't` in the pronunciation that writes no vowel there.
SYLLABIC = re.compile(r"(?<=[DTSZV] )[NML](?= [^AEIOU]|$)")
WIDTH = 138
HEAD = """\
# Syllables, then the words that have so many and for which the rule of freqbias/readability.py gives another number.
# Derived by tools/make_syllables.py from the CMU Pronouncing Dictionary, Copyright (C) 1993-2015 Carnegie Mellon University; see NOTICE.
"""


def dictionary(path: Path) -> dict[str, int]:
    """Return the syllables of every plain word: the middle of its pronunciations, the lower of two."""
    found: dict[str, list[int]] = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        name, _, phones = line.partition("#")[0].strip().partition(" ")
        found[re.sub(r"\(\d+\)$", "", name)].append(sum(map(str.isdigit, phones)) + len(SYLLABIC.findall(phones)))
    middle = {word: statistics.median_low(counts) for word, counts in found.items() if WORD.fullmatch(word)}
    return {word: count for word, count in middle.items() if count} | TITLES


def main(path: str) -> None:
    """Write the file and say how many words it holds."""
    wrong: dict[int, list[str]] = defaultdict(list)
    known = dictionary(Path(path))
    for word, count in sorted(known.items()):
        if syllables_by_rule(word) != count:
            wrong[count].append(word)
    lines = [line for count in sorted(wrong) for line in _lines(count, wrong[count])]
    TARGET.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(known)} words, {sum(map(len, wrong.values()))} of them exceptions\n")


def _lines(count: int, words: list[str]) -> list[str]:
    lines = [str(count)]
    for word in words:
        if len(lines[-1]) + 1 + len(word) > WIDTH:
            lines.append(str(count))
        lines[-1] += f" {word}"
    return lines


if __name__ == "__main__":
    main(sys.argv[1])
