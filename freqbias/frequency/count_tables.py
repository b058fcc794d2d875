"""Count tables of others: which column holds the words and which the counts, and what a row adds.

Columns are split by tabs, commas, semicolons or spaces; there may be a header and more columns. Counts are whole numbers, as `23135`,
`23,135` or `23135.0`. A row of one word as the texts are split (`e-mail` is two) adds its count to each of its words, as running text
would; a row of several (`New York`), whose words have rows of their own, or of none, is not used, counted and said.
"""

import csv
import logging
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from freqbias.errors import InputError
from freqbias.frequency.words import tokens
from freqbias.rows import CSV, TSV, known_kind

log = logging.getLogger(__name__)

SAMPLE_LINES = 200  # of a file that are looked at to tell what it is
MOST = 0.8  # share of a sample's rows that must look alike; the rest are then faults, with their lines
MIN_ROWS_OF_MANY = 5  # of more than two columns split by spaces, which prose may be by chance
MIN_RANKS = 6  # rows of numbers in sequence; six counts in sequence, from the rarest word on, are hardly ever one
MIN_WORD_LIST = 20  # lines of one word, no two alike: a list of words; in running text words come again
MIN_LETTERS = 0.6  # share of letters in running text; 0.75 and more in every language of wordfreq

TAB, COMMA, SEMICOLON, SPACE = "\t", ",", ";", " "
SEPARATORS = {TAB: "tabs", COMMA: "commas", SEMICOLON: "semicolons", SPACE: "spaces"}
#: What others call the columns, in lower case without signs, the likeliest first.
WORD_NAMES = (
    *("word", "words", "wordform", "form", "spelling", "token", "lemma", "lexeme", "term", "wort", "mot", "type"),
    *("tokens", "item", "string"),
)
COUNT_NAMES = (
    *("count", "counts", "wordcount", "rawcount", "freqcount", "wffreqcount", "rawfreq", "rawfrequency", "absfreq", "frequency", "freq"),
    *("occurrences", "matchcount", "total", "n", "anzahl", "f"),
)

_COUNT = re.compile(r"(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.0+)?")
_POWER = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]{1,2}")
_SIGNS = re.compile(r"[^a-z0-9]")

Line = tuple[int, str]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a table is split and where its words and counts stand; `header` tells whether its first row names the columns."""

    separator: str
    width: int
    word: int
    count: int
    header: bool


def layout_of(path: Path, sample: Sequence[Line]) -> Layout | None:
    """Return the layout of a table from its first lines, None for running text; `InputError` for what is neither."""
    if not sample:
        return None
    for separator in SEPARATORS:
        found = _layout(path, sample, separator)
        if found is not None:
            return found
    if known_kind(path) in (CSV, TSV):
        raise InputError(f"{path}:{sample[0][0]}: a table without counts; each row must have a word and a whole number")
    what = _no_prose([line.strip() for _, line in sample])
    if what:
        where = f"{path}:{sample[0][0]}: neither running text nor a count table"
        raise InputError(f"{where}, but {what}; each row of a table must have a word and a whole number")
    return None


def add_table(path: Path, lines: Iterable[Line], layout: Layout, words: Counter[str], language: str) -> None:
    """Add the counts of a table's rows to `words`; `InputError` names the line of a row that is not like the others."""
    unused = _Unused()
    rows = iter(lines)
    if layout.header:
        next(rows, None)
    first = not layout.header
    for number, line in rows:
        cells = _cells(line, layout.separator, layout.width)
        if len(cells) != layout.width:
            what = f"{len(cells)} cells split by {SEPARATORS[layout.separator]} where other rows have {layout.width}"
            raise InputError(f"{path}:{number}: {what}; each row must have a word and a whole number")
        word, cell = cells[layout.word].strip(), cells[layout.count].strip()
        count = count_of(cell)
        if count is None:
            fix = "call the columns of a header 'word' and 'count'" if first else "give counts, not shares"
            raise InputError(f"{path}:{number}: count: '{cell:.40}' is not a whole number; {fix}")
        if not word:
            raise InputError(f"{path}:{number}: word: is empty; write one, or delete the row")
        first = False
        found = tokens(word, language)
        if found and (len(found) == 1 or len(word.split()) == 1):
            for token in found:
                words[token] += count
        else:
            unused.add(number, word, count)
    unused.warn(path)


@dataclass
class _Unused:
    rows: int = 0
    counts: int = 0
    first: str = ""

    def add(self, number: int, word: str, count: int) -> None:
        self.rows += 1
        self.counts += count
        self.first = self.first or f"line {number}, '{word:.40}'"

    def warn(self, path: Path) -> None:
        if self.rows:
            log.warning(
                "%s: %d rows are no single word (first: %s), their %d counts are not used", path, self.rows, self.first, self.counts
            )


def count_of(cell: str) -> int | None:
    """Return a whole number of at least 0, with commas or a zero fraction as spreadsheets write them; None for anything else."""
    cell = cell.strip()
    if _COUNT.fullmatch(cell):
        return int(cell.partition(".")[0].replace(",", ""))
    if _POWER.fullmatch(cell) and float(cell).is_integer():
        return int(float(cell))
    return None


def _cells(line: str, separator: str, width: int) -> list[str]:
    if separator == SPACE:
        # in two columns a word of several parts may stand before its count
        return line.rsplit(None, 1) if width == 2 and count_of(line.rsplit(maxsplit=1)[-1]) is not None else line.split()
    line = line.rstrip("\r\n")
    if separator == TAB or '"' not in line:
        return line.split(separator)
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True, strict=True), [])
    except csv.Error:
        return []


def _layout(path: Path, sample: Sequence[Line], separator: str) -> Layout | None:
    """Return the layout of a sample split one way; None where that gives no columns of words and counts."""
    split = [_cells(line, separator, 0) for _, line in sample]
    width = _usual(split)
    if separator == SPACE and width == 2:
        split = [_cells(line, separator, width) for _, line in sample]
    rows = [cells for cells in split if len(cells) == width]
    if width < 2 or len(rows) < _enough(len(split), separator) or (separator == SPACE and width > 2 and len(rows) < MIN_ROWS_OF_MANY):
        return None
    header = len(split[0]) == width and _is_header(split[0])
    body = rows[header:]
    names = [_SIGNS.sub("", name.lower()) for name in split[0]] if header else [""] * width
    enough = max(1.0, _enough(len(body), separator))
    numeric = [k for k in range(width) if sum(count_of(row[k]) is not None for row in body) >= enough]
    named = next((names.index(name) for name in COUNT_NAMES if name in names), None)
    texts = [k for k in range(width) if k not in (*numeric, named)]
    if not texts or (named is None and not numeric):
        return None
    word = next((k for name in WORD_NAMES for k in texts if names[k] == name), texts[0])
    if _share(len(row[word].split()) == 1 for row in body) < MOST / 2:
        if separator != TAB and not header:
            return None  # sentences that end in a number
        raise InputError(f"{path}:{sample[0][0]}: most rows hold several words; give a table with one word and its count in each row")
    count = _count_column(path, sample[0], numeric, body) if named is None else named
    return Layout(separator=separator, width=width, word=word, count=count, header=header)


def _usual(split: Sequence[Sequence[str]]) -> int:
    return Counter(map(len, split)).most_common(1)[0][0]


def _enough(rows: int, separator: str) -> float:
    """Return how many of a sample's rows must look alike for a table: most, and of a few all but one, where the separator is no space."""
    return min(MOST * rows, rows - 1) if separator != SPACE and rows > 1 else MOST * rows


def _is_header(cells: Sequence[str]) -> bool:
    names = {_SIGNS.sub("", cell.lower()) for cell in cells}
    return not any(count_of(cell) is not None for cell in cells) and not names.isdisjoint((*WORD_NAMES, *COUNT_NAMES))


def _count_column(path: Path, first: Line, numeric: list[int], body: Sequence[Sequence[str]]) -> int:
    ranks = [k for k in numeric if _is_rank([row[k] for row in body])]
    if ranks == numeric and len(body) >= MIN_RANKS:
        raise InputError(f"{path}:{first[0]}: the numbers go up by one from row to row; give counts, not ranks or numbers of words")
    left = [k for k in numeric if k not in ranks] if len(numeric) > 1 else numeric
    if len(left) != 1:
        raise InputError(f"{path}:{first[0]}: {len(numeric)} columns hold whole numbers; add a header that calls one 'count'")
    return left[0]


def _is_rank(cells: Sequence[str]) -> bool:
    values = [count_of(cell) for cell in cells]
    return len(values) > 1 and values[0] in (0, 1) and values == list(range(values[0] or 0, (values[0] or 0) + len(values)))


def _share(values: Iterable[bool]) -> float:
    found = list(values)
    return sum(found) / len(found) if found else 0.0


def _no_prose(lines: Sequence[str]) -> str:
    """Return what a sample is that is no running text."""
    signs = [sign for line in lines for sign in line if not sign.isspace()]
    if _share(line.startswith(("{", "[{", "<")) for line in lines) >= MOST:
        return "JSON or markup"
    if _share(TAB in line for line in lines) >= MOST:
        return "columns without counts"
    if _share(sign.isalpha() or not sign.isascii() for sign in signs) < MIN_LETTERS:
        return "few letters"
    if len(lines) >= MIN_WORD_LIST and len(set(lines)) == len(lines) and all(len(line.split()) == 1 for line in lines):
        return "a list of words without counts"
    return ""
