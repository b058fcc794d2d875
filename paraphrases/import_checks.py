"""What is said of imported pairs: sides that run backwards, lines that do not belong together, and the checks that fail."""

from collections import Counter
from collections.abc import Iterator, Sequence

from freqbias.frequency import content_words
from freqbias.paraphrases.words import related
from freqbias.records import Pair
from freqbias.terms import HIGH, LOW

MIN_WORDS = 3  # content words of either side; two short phrases may say the same and share none
UNRELATED_SHARE = 0.25  # of the pairs; a paraphrase keeps at least one content word of three nearly always
ENGLISH = "en"  # whose stems are known


def warnings(pairs: Sequence[Pair]) -> Iterator[str]:
    """Yield one sentence on each thing that looks wrong with pairs of somebody's own."""
    yield from _backwards(pairs)
    yield from _unrelated(pairs)
    failed = Counter(name for pair in pairs for name, verdict in pair.checks.items() if verdict is False)
    if failed:
        named = ", ".join(f"{name} in {count}" for name, count in failed.most_common())
        yield f"checks that fail, of {len(pairs)} pairs: {named}; which ones: freqbias check"


def _backwards(pairs: Sequence[Pair]) -> Iterator[str]:
    gaps = [(pair.zipf_gap, pair) for pair in pairs if pair.zipf_gap is not None]
    backwards = [pair for gap, pair in gaps if gap < 0]
    if not backwards:
        return
    mean = sum(gap for gap, _ in gaps) / len(gaps)
    what = f"'{HIGH}' is not the more frequent side in {len(backwards)} of {len(gaps)} pairs (first: {_place(backwards[0])})"
    if mean <= 0 or 2 * len(backwards) > len(gaps):
        what += f"; it is rarer by {-mean:.2f} Zipf on average: are the sides the wrong way round?"
    yield what


def _unrelated(pairs: Sequence[Pair]) -> Iterator[str]:
    told = [(pair, [list(dict.fromkeys(content_words(text, pair.language))) for text in (pair.high, pair.low)]) for pair in pairs]
    told = [(pair, sides) for pair, sides in told if min(map(len, sides)) >= MIN_WORDS]
    unrelated = [pair for pair, sides in told if not _share(*sides, language=pair.language)]
    if told and len(unrelated) >= UNRELATED_SHARE * len(told):
        yield (
            f"{HIGH} and {LOW} share no content word in {len(unrelated)} of {len(told)} pairs (first: {_place(unrelated[0])}): "
            "do the lines belong together?"
        )


def _share(first: Sequence[str], second: Sequence[str], *, language: str) -> bool:
    if not set(first).isdisjoint(second):
        return True
    return language == ENGLISH and any(related(a, b) for a in first for b in second)


def _place(pair: Pair) -> str:
    return f"{pair.meta['source']}:{pair.meta['line']}"
