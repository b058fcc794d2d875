"""The pairs with the largest gaps, with the words that differ between their two forms set apart."""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from freqbias.analysis.figures.svg import Subject
from freqbias.characters import INVISIBLE, JOINERS, normalised
from freqbias.records import Pair
from freqbias.terms import FREQUENCY

SHOWN = 20  # pairs in each direction
MAX_TOKENS = 300  # between the first and the last difference are aligned; the alignment's time grows with the square
MAX_CHARACTERS = 600  # of one form are printed, around the first difference
CONTEXT = 12  # words kept on each side of a difference in a long text
UNSPACED = ("ja", "zh", "th", "km", "lo", "my")  # written without spaces between words: characters are compared

#: A stretch of text and whether it differs from the other form.
Stretch = tuple[str, bool]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One pair as the report prints it; `gap` in the unit of the measure, `zipf_gap` in Zipf units or None."""

    item: str
    language: str
    gap: float
    zipf_gap: float | None
    high: list[Stretch]
    low: list[Stretch]


@dataclass(frozen=True, kw_only=True)
class Largest:
    """The pairs that favour each form most, out of `n_pairs` in the frequency arm."""

    n_pairs: int
    frequent: list[Shown]
    rare: list[Shown]


def largest(subject: Subject, table: pd.DataFrame, pairs: Mapping[str, Pair]) -> Largest | None:
    """Return the twenty pairs of the frequency arm with the largest confirmatory gap in each direction; None without any.

    `table` is one row per pair and contrast, `pairs` maps its `pair_id` to the pair. Ties go by `pair_id`.
    """
    own = subject.rows(table)
    rows = own[(own["contrast"] == subject.contrast) & (own["arm"] == FREQUENCY)].dropna(subset="gap")
    if rows.empty:
        return None
    ordered = rows.sort_values(["gap", "pair_id"])
    low, high = ordered[ordered["gap"] < 0].head(SHOWN), ordered[ordered["gap"] > 0].iloc[::-1].head(SHOWN)
    return Largest(n_pairs=len(rows), frequent=_shown(high, pairs), rare=_shown(low, pairs))


def _shown(rows: pd.DataFrame, pairs: Mapping[str, Pair]) -> list[Shown]:
    shown = []
    for pair_id, gap, zipf_gap in zip(rows["pair_id"], rows["gap"], rows["zipf_gap"], strict=True):
        pair = pairs[pair_id]
        high, low = differing(pair.high, pair.low, pair.language)
        zipf = None if pd.isna(zipf_gap) else float(zipf_gap)
        shown.append(Shown(item=pair.item, language=pair.language, gap=float(gap), zipf_gap=zipf, high=high, low=low))
    return shown


def differing(high: str, low: str, language: str = "en") -> tuple[list[Stretch], list[Stretch]]:
    """Align two texts word by word and return each as stretches, those marked that the other does not share.

    White space before a difference stays outside the mark; a long shared stretch is shortened to an ellipsis.
    """
    sides = [_tokens(text, language) for text in (high, low)]
    found: tuple[list[Stretch], list[Stretch]] = ([], [])
    for equal, *spans in _alignment(*([normalised(token).strip() for token in side] for side in sides)):
        for own, side, (start, end) in zip(found, sides, spans, strict=True):
            if equal:
                own.append((_shortened(side, start, end), False))
            elif start < end:
                text = "".join(side[start:end])
                own.extend([(text[: len(text) - len(text.lstrip())], False), (text.lstrip(), True)])
    return _cut(found[0]), _cut(found[1])


def _alignment(high: list[str], low: list[str]) -> Iterator[tuple[bool, tuple[int, int], tuple[int, int]]]:
    """Yield (equal, span of `high`, span of `low`) in order; what lies beyond `MAX_TOKENS` counts as different."""
    shorter = min(len(high), len(low))
    before = next((k for k in range(shorter) if high[k] != low[k]), shorter)
    after = next((k for k in range(shorter - before) if high[-1 - k] != low[-1 - k]), shorter - before)
    ends = len(high) - after, len(low) - after
    middle = [side[before : min(end, before + MAX_TOKENS)] for side, end in zip((high, low), ends, strict=True)]
    yield True, (0, before), (0, before)
    for tag, i, j, k, m in difflib.SequenceMatcher(None, middle[0], middle[1], autojunk=False).get_opcodes():
        yield tag == "equal", (before + i, before + j), (before + k, before + m)
    yield False, (before + len(middle[0]), ends[0]), (before + len(middle[1]), ends[1])
    yield True, (ends[0], len(high)), (ends[1], len(low))


def _tokens(text: str, language: str) -> list[str]:
    """Split a text into words and signs, each with the white space before it; joined they give the text without its last blanks."""
    letter = rf"(?:\w[\u0300-\u036f{INVISIBLE}{JOINERS}]*)"
    word = letter if language in UNSPACED else rf"{letter}+(?:['’-]{letter}+)*"
    return re.findall(rf"\s*(?:{word}|[^\w\s])", text)


def _shortened(side: list[str], start: int, end: int) -> str:
    """Join shared tokens; leave out the middle of a long run, or the part of it that touches no difference."""
    left, right = CONTEXT * (start > 0), CONTEXT * (end < len(side))
    if end - start <= left + right + CONTEXT or not (left or right):
        return "".join(side[start:end])
    kept = "".join(side[end - right : end]).lstrip() if right else ""
    return "".join(side[start : start + left]) + " … " + kept


def _cut(stretches: list[Stretch]) -> list[Stretch]:
    kept, room = [], MAX_CHARACTERS
    for text, marked in stretches:
        if not text:
            continue
        if len(text) > room:
            kept.append((text[:room] + "…", marked))
            break
        kept.append((text, marked))
        room -= len(text)
    return kept
