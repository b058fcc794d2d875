"""A user's own synonym table: rows of word, word, part of speech, whose words are swapped wherever their place suits.

Which word is the frequent one, and which arm a row joins, is told by wordfreq as for the bundled sets: far apart is arm `frequency`,
level is arm `placebo`, whose `high` side is the shorter word. What stands between is left out, as is a word that no list knows.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freqbias.errors import InputError
from freqbias.frequency import mean_zipf_gap
from freqbias.lines import Faults, read_lines
from freqbias.paraphrases.lexicon import MAX_PLACEBO_GAP, MIN_GAP, keeps_gap
from freqbias.paraphrases.slots import Rule
from freqbias.paraphrases.swapping import Couple, Own, couples_of, substitutions
from freqbias.terms import FREQUENCY, PLACEBO

PARTS_OF_SPEECH = {
    **dict.fromkeys(("noun", "n", "nn"), "noun"),
    **dict.fromkeys(("verb", "v", "vb"), "verb"),
    **dict.fromkeys(("adjective", "adj", "a", "jj"), "adjective"),
    **dict.fromkeys(("adverb", "adv", "r", "rb"), "adverb"),
}
HEADINGS = (
    "part of speech",
    "part_of_speech",
    "partofspeech",
    "pos",
    "word class",
    "tag",
)  # of the third column, where there is a header
OWN_PREFIX = "own:"  # of a set's id; no bundled set has a colon in it
NAME = "synonyms"  # of a table in memory
BY_LENGTH = "characters"  # what orients a level row

_ONE_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True, kw_only=True)
class OwnSet:
    """One row of the table, its two words in order; whether a noun can be counted is not said."""

    high: str
    low: str
    pos: str
    arm: str
    countable: bool | None = None

    @property
    def id(self) -> str:
        """The set's id."""
        return f"{OWN_PREFIX}{self.high}-{self.low}-{self.pos}"

    @property
    def oriented_by(self) -> str | None:
        """The rival of which the high side of a placebo set has less."""
        return BY_LENGTH if self.arm == PLACEBO else None


@dataclass(frozen=True, kw_only=True)
class Synonyms:
    """What a table adds to each arm, how many rows each arm has got, and why others are left out."""

    source: str
    arms: Mapping[str, Own]
    rows: Counter[str]
    left_out: Counter[str]

    def __str__(self) -> str:
        used = ", ".join(f"{self.rows[arm]} in arm {arm}" for arm in (FREQUENCY, PLACEBO))
        lost = ", ".join(f"{count} {why}" for why, count in self.left_out.most_common())
        return f"{self.source}: word pairs: {used}" + (f"; left out: {lost}" if lost else "")


def read_synonyms(path: Path, listed: list[str] | None = None) -> Synonyms:
    """Return the rows of a table in CSV or TSV, with or without a header, beside the bundled sets.

    Of several rows with one word, the first is that word's; it goes before a bundled set with the word. Raises `InputError` for a row
    that is none, which with `listed` is put there and left out, and for a table of which no row can be used.
    """
    return _synonyms(_rows(path, listed), str(path), path.name)


def synonyms_of(rows: Iterable[Any]) -> Synonyms:
    """Return the rows (word, word, part of speech) of a table in memory, as `read_synonyms` does those of a file."""
    return _synonyms(_given(rows), NAME, NAME)


def _given(rows: Iterable[Any]) -> Iterator[tuple[str, str, str]]:
    for place, row in enumerate(rows):
        whole = isinstance(row, Sequence) and not isinstance(row, str | bytes) and all(isinstance(cell, str) for cell in row)
        found = _row([cell.strip().lower() for cell in row]) if whole else f"expected word, word, part of speech; found {row!r}"
        if isinstance(found, str):
            raise InputError(f"{NAME}[{place}]: {found}")
        yield found


def _synonyms(given: Iterable[tuple[str, str, str]], source: str, name: str) -> Synonyms:
    rows, left_out = Counter[str](), Counter[str]()
    couples: dict[str, dict[str, tuple[Couple, ...]]] = {FREQUENCY: {}, PLACEBO: {}}
    sets: dict[str, dict[str, OwnSet]] = {FREQUENCY: {}, PLACEBO: {}}
    for first, second, pos in given:
        found = _set(first, second, pos)
        if isinstance(found, str):
            left_out[found] += 1
            continue
        own = couples[found.arm]
        new = {form: (couple,) for couple in couples_of(found.arm, found) for form in couple[:2] if form not in own}
        if not new:
            left_out["whose words other rows have, or without a form to swap"] += 1
            continue
        own.update(new)
        sets[found.arm][found.id] = found
        rows[found.arm] += 1
    if not rows:
        why = ", ".join(f"{count} {why}" for why, count in left_out.most_common()) or "it is empty"
        raise InputError(f"{source}: no row can be used: {why}; give rows of word, word, part of speech: car,automobile,noun")
    arms = {
        arm: Own(couples={**substitutions(arm), **own}, sets={name: (_rule(item), item) for name, item in sets[arm].items()})
        for arm, own in couples.items()
    }
    return Synonyms(source=name, arms=arms, rows=rows, left_out=left_out)


def _rule(item: OwnSet) -> Rule:
    """Return what running text must offer; what follows a noun is as often no part of it, and its user vouches for both words."""
    return Rule(id=item.id, takes=("*",) if item.pos == "noun" else ())


def _set(first: str, second: str, pos: str) -> OwnSet | str:
    """Return the set of a row, or why it is left out."""
    if not all(map(_ONE_WORD.fullmatch, (first, second))):
        return "not of two single words in plain letters"
    gap = mean_zipf_gap([(first, second)])
    if gap is None:
        return "with a word of unknown frequency"
    if abs(gap) >= MIN_GAP:
        high, low = (first, second) if gap > 0 else (second, first)
        return OwnSet(high=high, low=low, pos=pos, arm=FREQUENCY)
    if not keeps_gap(PLACEBO, first, second):
        return f"neither far apart (from {MIN_GAP} Zipf) nor level (up to {MAX_PLACEBO_GAP})"
    if len(first) == len(second):
        return "equally frequent and equally long, so that nothing tells their sides apart"
    high, low = sorted((first, second), key=len)
    return OwnSet(high=high, low=low, pos=pos, arm=PLACEBO)


def _rows(path: Path, listed: list[str] | None) -> Iterator[tuple[str, str, str]]:
    """Yield both words in lower case and the part of speech by its whole name."""
    faults, separator = Faults(path, listed), ""
    for number, line in read_lines(path, listed):
        if not line.strip():
            continue
        separator = separator or max("\t;,", key=line.count)
        cells = [cell.strip().lower() for cell in next(csv.reader([line], delimiter=separator))]
        while len(cells) > 3 and not cells[-1]:
            cells.pop()
        if number == 1 and len(cells) == 3 and cells[2] in HEADINGS:
            continue
        found = _row(cells)
        if isinstance(found, str):
            faults(number, found)
        else:
            yield found


def _row(cells: Sequence[str]) -> tuple[str, str, str] | str:
    """Return both words and the part of speech by its whole name, or what is wrong."""
    if len(cells) != 3:
        return f"expected word, word, part of speech; found {len(cells)} cells"
    if cells[2] not in PARTS_OF_SPEECH:
        known = ", ".join(dict.fromkeys(PARTS_OF_SPEECH.values()))
        return f"part of speech: '{cells[2]}' is not one of {known}"
    if cells[0] == cells[1] or not all(cells):
        return "needs two different words"
    return cells[0], cells[1], PARTS_OF_SPEECH[cells[2]]
