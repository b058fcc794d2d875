"""Files of lexical substitution: words of natural passages, and what people accepted or offered in their place.

Two layouts. SWORDS (Lee et al. 2021, doi:10.18653/v1/2021.naacl-main.345) is one JSON document in which people judged every substitute,
given as a lemma; `.json` or `.json.gz`. The tab layout of LexMTurk (Horn et al. 2014), BenchLS (Paetzold & Specia 2016) and TSAR-2022
(Saggion et al. 2022) has a line a word: sentence, word, and what each person offered, as it stands in the sentence.
"""

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from freqbias.errors import InputError
from freqbias.lines import read_lines

RANKED = re.compile(r"\d+:(.+)")
SWORDS_PARTS = ("contexts", "targets", "substitutes", "substitute_labels")
#: Universal parts of speech as SWORDS writes them, and ours.
PARTS_OF_SPEECH = {"NOUN": "noun", "VERB": "verb", "ADJ": "adjective", "ADV": "adverb"}


@dataclass(frozen=True, kw_only=True)
class Substitute:
    """A word for a slot, the share of the annotators that accepted or offered it (None: the file does not say), and their number."""

    word: str
    share: float | None
    annotators: int


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A word in its passage: `before` + `word` + `after`; `lemma` and `pos` where the file gives them, then substitutes are lemmas."""

    id: str
    place: str
    before: str
    word: str
    after: str
    lemma: str | None = None
    pos: str | None = None
    substitutes: Sequence[Substitute] = ()

    @property
    def text(self) -> str:
        """The passage as it is."""
        return self.before + self.word + self.after


def read_slots(path: Path, skipped: list[str] | None = None) -> list[Slot]:
    """Return the slots of a file; `InputError` names the place of the first fault, unless `skipped` collects faulty rows."""
    name = path.name.lower()
    rows = _swords(path) if name.endswith((".json", ".json.gz")) else _tab(path)
    slots = []
    try:
        for found in rows:
            if isinstance(found, Slot):
                slots.append(found)
            elif skipped is None:
                raise InputError(found)
            else:
                skipped.append(found)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    if not slots:
        raise InputError(
            f"{path}: no words with substitutes; expected the JSON of SWORDS, or lines of sentence, word and substitutes by tabs"
        )
    return slots


def _one_line(text: str) -> str:
    """Return a text with every run of white space as one space, those at its ends kept as one."""
    return re.sub(r"\s+", " ", text)


def _document(path: Path) -> Any:
    raw = path.read_bytes()
    try:
        return orjson.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: not a whole gzip file: {error}") from error
    except ValueError as error:
        raise InputError(f"{path}: not strict JSON: {error}") from error


def _swords(path: Path) -> Iterator[Slot | str]:
    document = _document(path)
    for part in SWORDS_PARTS:
        if not isinstance(document, dict) or not isinstance(document.get(part), dict):
            raise InputError(f"{path}: no object '{part}'; the JSON of SWORDS holds {', '.join(SWORDS_PARTS)}")
    judged: dict[str, list[Substitute]] = {}
    try:
        for key, row in document["substitutes"].items():
            votes = [label == "TRUE" for label in document["substitute_labels"][key]]
            if votes:
                found = Substitute(word=str(row["substitute"]), share=sum(votes) / len(votes), annotators=len(votes))
                judged.setdefault(row["target_id"], []).append(found)
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: 'substitutes' is not laid out as in SWORDS: {type(error).__name__} {error}") from error
    for key, target in document["targets"].items():
        yield _swords_slot(f"{path.name}:{key}", key, target, document["contexts"], judged.get(key, []))


def _swords_slot(place: str, key: str, target: Any, contexts: Mapping[str, Any], judged: Sequence[Substitute]) -> Slot | str:
    try:
        text, word, start = str(contexts[target["context_id"]]["context"]), str(target["target"]), int(target["offset"])
        pos, lemma = str(target["pos"]), target.get("extra", {}).get("coinco_lemma")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return f"{place}: not laid out as in SWORDS: {type(error).__name__} {error}"
    if not word or text[start : start + len(word)] != word:
        return f"{place}: '{word}' does not stand at offset {start} of its context"
    before, after = _one_line(text[:start]).lstrip(), _one_line(text[start + len(word) :]).rstrip()
    return Slot(
        id=key,
        place=place,
        before=before,
        word=word,
        after=after,
        lemma=lemma or word.lower(),
        pos=PARTS_OF_SPEECH.get(pos),
        substitutes=judged,
    )


def _tab(path: Path) -> Iterator[Slot | str]:
    for number, line in read_lines(path):
        cells = [cell.strip() for cell in line.split("\t")]
        place = f"{path}:{number}"
        if not any(cells):
            continue
        if len(cells) < 3:
            yield f"{place}: expected sentence, word and substitutes, split by tabs; found {len(cells)} cells"
            continue
        spans = list(re.finditer(rf"(?<!\w){re.escape(cells[1])}(?!\w)", cells[0])) if cells[1] else []
        if not spans:
            if number > 1:  # else a header
                yield f"{place}: the word '{cells[1]}' does not stand in its sentence"
            continue
        rest, position = cells[2:], None
        if rest[0].isdecimal():
            position, rest = int(rest[0]), rest[1:]
        span = _at(spans, cells[0], position)
        if span is None:
            yield f"{place}: the word '{cells[1]}' stands {len(spans)} times in its sentence, and nothing says which is meant"
            continue
        before, after = _one_line(cells[0][: span.start()]), _one_line(cells[0][span.end() :])
        yield Slot(
            id=f"{path.name}:{number}",
            place=f"{path.name}:{number}",
            before=before,
            word=span[0],
            after=after,
            substitutes=_offered([cell for cell in rest if cell]),
        )


def _at(spans: Sequence[re.Match[str]], text: str, position: int | None) -> re.Match[str] | None:
    """Return the occurrence at a token position, or the only one; None where several fit."""
    if len(spans) == 1:
        return spans[0]
    fitting = [span for span in spans if position is not None and len(text[: span.start()].split()) == position]
    return fitting[0] if len(fitting) == 1 else None


def _offered(cells: Sequence[str]) -> list[Substitute]:
    """Return each word once with the share of people that offered it; a simplicity rank, as in BenchLS, says nothing of people."""
    ranked = [RANKED.fullmatch(cell) for cell in cells]
    if cells and all(ranked):
        return [Substitute(word=match[1].strip(), share=None, annotators=0) for match in ranked if match]
    counts = Counter(cell.lower() for cell in cells)
    return [Substitute(word=word, share=count / len(cells), annotators=len(cells)) for word, count in counts.items()]
