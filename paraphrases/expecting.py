"""What `substitute` says before it has done its work: how many texts will change, what would raise that, and whether it is too little."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from freqbias.frequency import content_words
from freqbias.terms import FREQUENCY, PLACEBO

SAMPLE = 200  # texts; a share of them has a standard error of 3.5 points at most
MIN_CHANGED = 50  # items of an arm; with fewer, a run sees only what anybody would see without it
MIN_PLACEBO_SHARE = 0.5  # of the frequency arm: showing that nothing is there takes about as many items as showing something
NAMED = 5  # words


def expectation(texts: int, changed: Mapping[str, int], *, whole: bool) -> str:
    """Return the sentence on how many texts change; `whole` says that these are all texts, else they are the first ones."""
    if whole:
        arms = ", ".join(f"{changed[arm]} in arm {arm}" for arm in (FREQUENCY, PLACEBO))
        return f"expected: of {texts} texts, {arms} can be changed"
    arms = ", ".join(f"{changed[arm] / texts:.0%} in arm {arm}" for arm in (FREQUENCY, PLACEBO))
    return f"expected, by the first {texts} texts: {arms} can be changed"


def ways_to_raise(*, synonyms: bool, rules: bool, capped: bool, rewrite: bool, words: Collection[str]) -> list[str]:
    """Return the sentence on what would change more texts: options that are not in use, and words of most texts that have no couple.

    `rewrite` says that a language model could be asked; empty where nothing is left to try.
    """
    table = f" for words of yours such as {', '.join(words)}" if words else ""
    ways = [
        *([] if synonyms else [f"--synonyms FILE (rows of word, word, part of speech){table}"]),
        *(["--tagger hanta (extra `text`)"] if rules else []),
        *(["-o max_share=1, which lets one word pair be most of an arm"] if capped else []),
        *(["--rewrite --lm MODEL, by which a language model writes what stays as it is"] if rewrite else []),
    ]
    return ["more: " + "; ".join(ways)] if ways else []


def at_most(texts: int, model: str, drafts: int, most: Mapping[str, int]) -> list[str]:
    """Return what rewriting some texts can add, `drafts` rewrites each, and what is too little however many of them make a pair."""
    arms = ", ".join(f"{most[arm]} in arm {arm}" for arm in (FREQUENCY, PLACEBO))
    told = f"--rewrite: {texts} texts go to {model}, {drafts} rewrites each; with all that could pass, {arms}"
    return [told, *(f"even so, {line}" for line in shortfalls(most))]


def shortfalls(changed: Mapping[str, int]) -> list[str]:
    """Return what the items of the arms are too few for; empty where they suffice."""
    frequency, placebo = changed[FREQUENCY], changed[PLACEBO]
    found = []
    if frequency < MIN_CHANGED:
        found.append(f"arm frequency has {frequency} changed texts: with fewer than {MIN_CHANGED} only a very large effect can be seen")
    needed = max(MIN_CHANGED, math.ceil(MIN_PLACEBO_SHARE * frequency))
    if placebo < needed:
        found.append(
            f"arm placebo has {placebo} changed texts and cannot pass: it takes {needed} or more "
            "to show that swapping words does nothing by itself"
        )
    return found


def without_couple(texts: Iterable[str], forms: Collection[str]) -> list[str]:
    """Return the content words that stand in most texts and are in no word pair, the commonest first."""
    counts = Counter(word for text in texts for word in dict.fromkeys(content_words(text)) if word.isalpha() and word not in forms)
    return [word for word, count in sorted(counts.items(), key=lambda row: (-row[1], row[0]))[:NAMED] if count > 1]
