"""Generator `annotate`: norms of words joined to the swapped words of pairs that are there already.

A norm is any table of words and numbers: age of acquisition, concreteness, prevalence, another frequency list. Each becomes a covariate
of the pairs under the user's own name: the audit shows it, `match` can level it, and the regression holds it beside frequency as one more
confounder. A second *frequency* source is named as such, since it would be held against itself there: its own slope is given instead.
"""

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path

from freqbias.characters import is_blank, visible
from freqbias.covariates import TEXT_MEASURES
from freqbias.errors import InputError
from freqbias.files import read_pairs
from freqbias.frequency import stop_words, swap, tokens
from freqbias.lines import read_lines
from freqbias.records import Pair
from freqbias.terms import FREQUENCY, NORM_FREQUENCIES, NORMS, RIVALS, SPECIFICITY

KNOWN_SHARE = 0.5  # of several words swapped one for one; below it a mean speaks of other words than the pair's
MAX_LOG = 20.0  # a frequency above it is a count: Zipf values end at 8, log10 counts of the largest corpora at 12
WORDNET = "wordnet"  # in the place of a file: hypernymy depth, a measure of how specific a word is
SHOWN = 5  # words without a value that a message names
_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_WORD_COLUMNS = ("word", "words", "lemma", "term", "token", "spelling", "wort", "mot", "palabra")
_ABSENT = ("", "na", "n/a", "#n/a", "nan", "null", "none", ".", "-")
_COMMA = re.compile(r"[-+]?\d+(?:,\d+)+(?:\.\d+)?")
#: Names that the analysis or the audit uses for something of its own.
_TAKEN_TOO = ("zipf", "sense_zipf", "rest", "subwords", "own_overlap", "adjusted", "similarity")
#: `specificity` is joined as a norm by that name.
TAKEN = frozenset({*TEXT_MEASURES, *RIVALS, FREQUENCY, *_TAKEN_TOO}) - {SPECIFICITY}

Sides = tuple[float | None, float | None]


@dataclass(frozen=True, kw_only=True)
class Norm:
    """Numbers of words; `frequency` says that they are another source of frequency, `source` where they come from.

    `pos` is the part of speech that they are of, where they are of one; then forms of words of another have none. A norm of several such
    tables has them as its `parts` and no numbers of its own.
    """

    name: str
    values: Mapping[str, float]
    source: str
    frequency: bool = False
    pos: str | None = None
    parts: Sequence["Norm"] = ()
    _indexes: dict[str, dict[str, float]] = field(default_factory=dict, repr=False, compare=False)

    def value(self, words: Sequence[str], language: str) -> float | None:
        """Return the number of a word, or of several as one entry; None where the table holds none."""
        if language not in self._indexes:
            self._indexes[language] = _index(self.values, language)
        return self._indexes[language].get(" ".join(words))

    def of_word(self, word: str, language: str) -> tuple[float | None, bool]:
        """Return the number of a word, and whether it is that of its base form, which no frequency is looked up by."""
        found = self.value([word], language)
        if found is not None or language != "en" or self.frequency:
            return found, False
        values = {lemma: value for lemma in _lemmas(word, self.pos) if (value := self.value([lemma], language)) is not None}
        return (next(iter(values.values())), True) if len(values) == 1 else (None, False)


@dataclass
class Coverage:
    """Which swapped words and pairs have a value, by norm and arm."""

    pairs: Counter[str] = field(default_factory=Counter)
    covered: Counter[tuple[str, str]] = field(default_factory=Counter)
    words: dict[str, set[str]] = field(default_factory=dict)
    by_base: dict[str, set[str]] = field(default_factory=dict)
    without: dict[str, dict[str, None]] = field(default_factory=dict)

    @classmethod
    def of(cls, norms: Iterable[Norm]) -> "Coverage":
        """Return one in which nothing is counted yet."""
        coverage = cls()
        coverage.start(norms)
        return coverage

    def start(self, norms: Iterable[Norm]) -> None:
        """Make room for some norms."""
        for norm in norms:
            for kept in (self.words, self.by_base):
                kept.setdefault(norm.name, set())
            self.without.setdefault(norm.name, {})

    def lines(self) -> list[str]:
        """Return one sentence a norm."""
        return [self._line(name) for name in self.words]

    def _line(self, name: str) -> str:
        by_arm = ", ".join(f"{self.covered[name, arm]} of {count} {arm} pairs" for arm, count in self.pairs.items())
        known, missing = len(self.words[name]), list(self.without[name])
        base = f" ({len(self.by_base[name])} by their base form)" if self.by_base[name] else ""
        rest = f"; without: {', '.join(missing[:SHOWN])}{', …' if len(missing) > SHOWN else ''}" if missing else ""
        return f"{name}: {by_arm} covered; {known} of {known + len(missing)} swapped words have a value{base}{rest}"


def generate(
    sources: Sequence[str | Path], *, norm: Sequence[str] = (), second_frequency: Sequence[str] = (), coverage: Coverage | None = None
) -> list[Pair]:
    """Return the pairs of a file with norms as covariates.

    `norm` and `second_frequency` are texts `NAME=FILE` or `NAME=FILE:COLUMN`. `InputError` for a table or a name that cannot be used;
    `coverage`, where given, is filled in.
    """
    if len(sources) != 1:
        raise InputError(f"annotate takes one pair file; found {len(sources)}")
    wanted = [_asked(text, "--norm") for text in norm], [_asked(text, "--second-frequency") for text in second_frequency]
    if not any(wanted):
        raise InputError("annotate needs a table: --norm NAME=FILE")
    names = [name for group in wanted for name, _ in group]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"two norms are called '{name}'; give each a name of its own")
    norms = [read_norm(name, place, frequency=bool(k)) for k, group in enumerate(wanted) for name, place in group]
    return annotated(read_pairs(sources[0]), norms, coverage)


def annotated(pairs: Iterable[Pair], norms: Sequence[Norm], coverage: Coverage | None = None) -> list[Pair]:
    """Return pairs with every norm as a covariate `[high, low]`, the mean over the swapped words, nulls where these have no value.

    Of words swapped one for one, couples with two values count, if they are half of all or more; of others every content word has to
    have a value. `meta` says which covariates are norms. `InputError` for a name that a covariate of the pairs has, and for a norm of
    which no pair has a value.
    """
    coverage = Coverage() if coverage is None else coverage
    coverage.start(norms)
    made = [_annotated(pair, norms, coverage) for pair in pairs]
    for norm in norms:
        if made and not any(coverage.covered[norm.name, arm] for arm in coverage.pairs):
            missing = ", ".join(islice(coverage.without[norm.name], SHOWN))
            raise InputError(
                f"norm '{norm.name}': {norm.source} has a value for no pair's swapped words ({missing}); is it of this language?"
            )
    return made


def _annotated(pair: Pair, norms: Sequence[Norm], coverage: Coverage) -> Pair:
    coverage.pairs[pair.arm] += 1
    covariates, meta = dict(pair.covariates), dict(pair.meta)
    marks = {key: dict(meta.get(key, {})) for key in (NORMS, NORM_FREQUENCIES)}
    for norm in norms:
        if norm.name in covariates and not any(norm.name in names for names in marks.values()):
            raise InputError(f"pair '{pair.id}' has a covariate '{norm.name}' of its own; give the norm another name")
        sides = _sides(pair, _part(pair, norm) if norm.parts else norm, coverage)
        coverage.covered[norm.name, pair.arm] += None not in sides
        covariates[norm.name] = list(sides)
        for names in marks.values():
            names.pop(norm.name, None)
        marks[NORM_FREQUENCIES if norm.frequency else NORMS][norm.name] = norm.source
    return pair.replace(covariates=covariates, meta=meta | {key: names for key, names in marks.items() if names})


def _part(pair: Pair, norm: Norm) -> Norm:
    """Return the part of a norm for a pair's part of speech: `meta.pos`, else the only one in which both forms have a value."""
    pos = pair.meta.get("pos")
    found = [part for part in norm.parts if pair.language == "en" and pos in (None, part.pos)]
    if pos is None:
        found = [part for part in found if None not in _sides(pair, part, Coverage.of([part]))]
    return found[0] if len(found) == 1 else Norm(name=norm.name, values={}, source=norm.source)


def _sides(pair: Pair, norm: Norm, coverage: Coverage) -> Sides:
    """Return the mean of a norm over the swapped words of either form; no values where too few of them have one."""
    found = swap(pair.high, pair.low, pair.language)
    sides = found.high, found.low
    if not all(sides):
        return None, None
    phrases = [norm.value(words, pair.language) for words in sides]
    if None not in phrases:
        coverage.words[norm.name] |= {" ".join(words) for words in sides}
        return phrases[0], phrases[1]
    values = [[_value(word, pair.language, norm, coverage) for word in _content(words, pair.language)] for words in sides]
    if len(values[0]) != len(values[1]):
        return (None, None) if any(None in side for side in values) else (_mean(values[0]), _mean(values[1]))
    couples = [couple for couple in zip(*values, strict=True) if None not in couple]
    if len(couples) < KNOWN_SHARE * len(values[0]) or not couples:
        return None, None
    high, low = zip(*couples, strict=True)
    return _mean(high), _mean(low)


def _value(word: str, language: str, norm: Norm, coverage: Coverage) -> float | None:
    value, by_base = norm.of_word(word, language)
    if value is None:
        coverage.without[norm.name][word] = None
    else:
        coverage.words[norm.name].add(word)
    if by_base:
        coverage.by_base[norm.name].add(word)
    return value


def _content(words: Sequence[str], language: str) -> list[str]:
    stop = stop_words(language)
    return [word for word in words if word not in stop] or list(words)


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known)


@lru_cache(maxsize=1 << 16)
def _lemmas(word: str, pos: str | None = None) -> frozenset[str]:
    import lemminflect

    found = [lemminflect.getAllLemmas(word)]
    if not found[0]:  # the word list has none; rules, of which only what the table holds will count
        found = [lemminflect.getAllLemmasOOV(word, part) for part in ("NOUN", "VERB", "ADJ")]
    return frozenset(lemma for by_part in found for part, lemmas in by_part.items() if pos in (None, part.lower()) for lemma in lemmas)


def _index(values: Mapping[str, float], language: str) -> dict[str, float]:
    """Return values by tokens; of spellings that become one (`May`, `may`) the lower-case one, else none where they differ."""
    found: dict[str, dict[str, float]] = {}
    for word, value in values.items():
        found.setdefault(" ".join(tokens(word, language)), {})[word] = value
    chosen = {key: {own[key]} if key in own else set(own.values()) for key, own in found.items() if key}
    return {key: next(iter(own)) for key, own in chosen.items() if len(own) == 1}


def _asked(text: str, option: str) -> tuple[str, str]:
    name, equals, place = text.partition("=")
    if not equals or not name or not place:
        raise InputError(f"{option} {text}: expected NAME=FILE or NAME=FILE:COLUMN")
    return name, place


def norm_of(name: str, values: "str | Path | Mapping[str, float]", *, frequency: bool = False) -> Norm:
    """Return a norm from the path of a table (`FILE` or `FILE:COLUMN`) or from numbers by word; errors as in `read_norm`."""
    if not isinstance(values, Mapping):
        return read_norm(name, str(values), frequency=frequency)
    for word, value in values.items():
        if not isinstance(word, str) or isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise InputError(f"norm '{name}': expected finite numbers by word, found {word!r}: {value!r}")
    return _checked(
        Norm(name=name, values={visible(word): float(value) for word, value in values.items()}, source="", frequency=frequency)
    )


def read_norm(name: str, place: str, *, frequency: bool = False) -> Norm:
    """Read a norm from `FILE`, a table with a word and a number a row, or from one `COLUMN` of a table with more (`FILE:COLUMN`).

    `wordnet`, `wordnet:FOLDER` and `wordnet:LEXICON` are no files but the depth of nouns and verbs in WordNet's hypernymy.

    Separated by tabs, semicolons or commas, with or without a header; the word stands in a column `word`, else in the first. A cell that
    is empty or `NA` is no value. `InputError` names file and line: values are numbers, with a point; levels such as CEFR's are not.
    """
    if place.partition(":")[0] == WORDNET and not Path(place).is_file():
        return _checked(_specificity(name, place.partition(":")[2], frequency=frequency))
    head, _, last = place.rpartition(":")
    path, column = (Path(head), last) if head and not Path(place).is_file() and Path(head).is_file() else (Path(place), None)
    values: dict[str, float] = {}
    lines: dict[str, int] = {}
    for number, word, text in _rows(path, column):
        value = _number(text, word, f"{path}:{number}")
        if value is None:
            continue
        if values.setdefault(word, value) != value:
            raise InputError(
                f"{path}:{number}: '{word}' is {value:g} here and {values[word]:g} in line {lines[word]}; keep one row a word"
            )
        lines.setdefault(word, number)
    source = f"{path.name}:{column}" if column else path.name
    return _checked(Norm(name=name, values=values, source=source, frequency=frequency))


def _specificity(name: str, data: str, *, frequency: bool) -> Norm:
    from freqbias.paraphrases.wordnet_files import depths, read_wordnet

    if frequency:
        raise InputError(f"frequencies '{name}': WordNet holds none; join its hypernymy depth with --norm")
    wordnet = read_wordnet(data)
    source = f"{wordnet.name}: hypernymy depth"
    parts = [Norm(name=name, values=depths(wordnet, pos), source=source, pos=pos) for pos in ("noun", "verb")]
    return Norm(name=name, values={}, source=source, parts=parts)


def _checked(norm: Norm) -> Norm:
    if not _NAME.fullmatch(norm.name):
        raise InputError(f"norm '{norm.name}': a name is lower-case letters, digits and underscores, such as aoa")
    if norm.name in TAKEN:
        raise InputError(f"norm '{norm.name}': freqbias uses this name itself; give another, such as my_{norm.name}")
    if norm.parts:
        return norm
    if not norm.values:
        raise InputError(f"norm '{norm.name}': {norm.source or 'the table'} holds no numbers")
    largest = max(norm.values.values())
    if norm.frequency and largest > MAX_LOG:
        raise InputError(f"frequencies '{norm.name}': {largest:g} is a count; give them on a log scale, such as Zipf or Lg10WF")
    return norm


def _rows(path: Path, column: str | None) -> Iterator[tuple[int, str, str]]:
    """Yield line number, word and value as it stands for every row below the header."""
    if path.suffix.lower() in (".xlsx", ".xls", ".ods"):
        raise InputError(f"{path}: a spreadsheet; save it as CSV")
    rows = _cells(path)
    top, first = next(rows, (1, []))
    if len(first) < 2:
        raise InputError(f"{path}:{top}: expected a word and a number, split by a comma, a semicolon or a tab")
    word_at, value_at, header = _columns(first, column, f"{path}:{top}")
    for number, cells in rows if header else chain([(top, first)], rows):
        if len(cells) != len(first):
            raise InputError(f"{path}:{number}: {len(cells)} cells where the first row has {len(first)}")
        if is_blank(cells[word_at]):
            raise InputError(f"{path}:{number}: the word is empty")
        yield number, visible(cells[word_at]).strip(), visible(cells[value_at]).strip()


def _columns(first: Sequence[str], column: str | None, place: str) -> tuple[int, int, bool]:
    """Return where the word and the value stand, and whether the first row is a header."""
    names = [visible(cell).strip() for cell in first]
    word_at = next((k for k, name in enumerate(names) if name.lower() in _WORD_COLUMNS), 0)
    if column is not None:
        if column not in names:
            raise InputError(f"{place}: no column '{column}'; found: {', '.join(names)}")
        if names.count(column) > 1:
            raise InputError(f"{place}: two columns are called '{column}'; rename one")
        if names.index(column) == word_at:
            raise InputError(f"{place}: column '{column}' holds the words; name the one with the numbers")
        return word_at, names.index(column), True
    if len(names) > 2:
        raise InputError(f"{place}: {len(names)} columns ({', '.join(names[:8])}); name the one with the numbers: NAME=FILE:COLUMN")
    value_at = 1 - word_at
    return word_at, value_at, not _is_number(names[value_at])


def _cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    lines = [line for _, line in read_lines(path)]
    first = next((line for line in lines if line.strip()), "")
    separator = next((sign for sign in "\t;" if sign in first), ",")
    stream = io.StringIO("\n".join(lines), newline="")
    tabs = separator == "\t"  # between which quotes are text
    reader = csv.reader(stream, delimiter=separator, quoting=csv.QUOTE_NONE if tabs else csv.QUOTE_MINIMAL)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num}: {error}") from error


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and "_" not in text
    except ValueError:
        return False


def _number(text: str, word: str, place: str) -> float | None:
    if text.lower() in _ABSENT:
        return None
    if _COMMA.fullmatch(text):
        raise InputError(f"{place}: value '{text}' of '{word}' has a comma; write a decimal point and no thousands marks")
    if not _is_number(text):
        raise InputError(f"{place}: value '{text}' of '{word}' is not a number; norms are numbers, so write levels (A1 to C2) as 1 to 6")
    return float(text)
