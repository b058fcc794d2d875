"""Generator `substitute`: high and low forms of a user's own texts, by vetted one-word substitutions.

Every word of a text that belongs to a bundled set is put into its frequent form for `high` and its rare form for `low`, with its
inflection, its case and the article before it; arm `placebo` does the same with the equally frequent sets. Only sets whose words carry
the meant sense in at least four of five of their uses take part, since nothing here reads the context; words inside names, compounds
with a hyphen, and inflections that could be two things are left alone. A collection's own queries come along as they are (`relevant`),
and in both forms (`naming_high`, `naming_low`) where one asks for a word that is swapped in its document.
"""

import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from freqbias.characters import is_blank, visible
from freqbias.errors import InputError
from freqbias.files import read_lines, read_rows
from freqbias.frequency import mean_zipf_gap
from freqbias.paraphrases.checks import checked
from freqbias.paraphrases.lexicon import keeps_gap, sets_by_id, synonym_sets, word_covariates
from freqbias.paraphrases.making import drafted
from freqbias.paraphrases.words import article
from freqbias.records import Pair
from freqbias.terms import FREQUENCY, PLACEBO, SWAPPED_WORDS, ZIPF_GAP_OF

log = logging.getLogger(__name__)

MIN_SENSE_SHARE = 0.8
TAGS = {"noun": ("NN", "NNS"), "verb": ("VB", "VBZ", "VBD", "VBG", "VBN"), "adjective": ("JJ",), "adverb": ("RB",)}

_WORD = re.compile(r"(?<![\w'’-])[A-Za-z]+(?![\w’-]|'\w)")
_ARTICLE_BEFORE = re.compile(r"\b([Aa]n?)(\s+)$")
_STARTS_SENTENCE = re.compile(r"(?:^|[.!?][\"'”’)]*\s+|[\n\"“(])$")


#: High form, low form, set id.
Couple = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class Document:
    """One of the user's texts; `place` is file and line for messages, `queries` those that a collection calls relevant."""

    id: str
    text: str
    place: str
    query_ids: Sequence[str] = ()
    queries: Sequence[str] = ()


@dataclass
class Coverage:
    """How many texts and words could be substituted, by arm."""

    texts: int = 0
    words: int = 0
    changed: Counter[str] = field(default_factory=Counter)
    swapped: Counter[str] = field(default_factory=Counter)

    def lines(self) -> list[str]:
        """Return one sentence an arm."""
        return [
            f"{arm}: {self.changed[arm]} of {self.texts} texts changed, {self.swapped[arm]} of {self.words} words swapped"
            for arm in (FREQUENCY, PLACEBO)
        ]


@cache
def inflected(word: str, tag: str) -> str | None:
    """Return one inflected form of a base word, None where English has two."""
    if tag in ("NN", "VB", "JJ", "RB"):
        return word
    import lemminflect

    found: tuple[str, ...] = lemminflect.getInflection(word, tag=tag)
    return found[0] if len(found) == 1 else None


@cache
def substitutions(arm: str) -> Mapping[str, Couple]:
    """Return (high form, low form, set id) of every word form that stands for exactly one couple of forms."""
    found: dict[str, set[Couple]] = {}
    for item in synonym_sets(arm):
        if min(item.sense_share) < MIN_SENSE_SHARE or any(item.region):
            continue
        for tag in TAGS[item.pos]:
            forms = [inflected(word, tag) for word in (item.high, item.low)]
            high, low = map(str, forms)
            # an inflection that the word list does not know is as likely an error of the inflector (funnymans)
            if None in forms or (tag == "NNS" and not item.countable) or not keeps_gap(arm, high, low):
                continue
            for form in (high, low):
                found.setdefault(form, set()).add((high, low, item.id))
    return {form: next(iter(couples)) for form, couples in found.items() if len(couples) == 1}


def generate(
    sources: Sequence[str | Path],
    *,
    field: str = "text",
    n: int | None = None,
    seed: int = 0,
    coverage: Coverage | None = None,
    skipped: list[str] | None = None,
    **_: Any,
) -> list[Pair]:
    """Return the pairs of arms `frequency` and `placebo` that a user's texts allow; `n` limits each arm to a random part.

    `sources` is one text file (a text a line), one `.jsonl` file whose column `field` holds the text, or one folder in the layout of
    BEIR and MTEB (`corpus.jsonl`, `queries.jsonl`, `qrels/*.tsv`). `InputError` names file and line; with `skipped`, faulty lines are
    collected there and left out. `coverage`, where given, is filled in.
    """
    if len(sources) != 1:
        raise InputError(f"substitute takes one text file, .jsonl file or folder; found {len(sources)}")
    coverage = Coverage() if coverage is None else coverage
    found = _pairs_of(_documents(Path(sources[0]), field, skipped), n, seed, coverage)
    if not coverage.texts:
        raise InputError(f"{sources[0]}: contains no texts")
    return found


def pairs_of_texts(texts: Iterable[str], *, n: int | None = None, seed: int = 0) -> list[Pair]:
    """Return the pairs that texts in memory allow, each text an item `text:NUMBER`; `n` and `seed` as in `generate`.

    Blank texts are left out. Raises `InputError` where none is left, or for anything that is not a text.
    """
    coverage = Coverage()
    found = _pairs_of(_given(texts), n, seed, coverage)
    if not coverage.texts:
        raise InputError("texts: none given")
    return found


def _given(texts: Iterable[str]) -> Iterator[Document]:
    for number, text in enumerate(texts, start=1):
        if not isinstance(text, str):
            raise InputError(f"texts[{number - 1}]: expected a text, found {type(text).__name__}")
        if not is_blank(text):
            yield Document(id=f"text:{number}", text=text.strip(), place=f"text:{number}")


def _pairs_of(documents: Iterable[Document], n: int | None, seed: int, coverage: Coverage) -> list[Pair]:
    pairs: dict[str, list[Pair]] = {FREQUENCY: [], PLACEBO: []}
    for document in documents:
        coverage.texts += 1
        coverage.words += len(_WORD.findall(document.text))
        for arm, made in pairs.items():
            pair = _pair(document, arm)
            if pair is not None:
                made.append(pair)
                coverage.changed[arm] += 1
                coverage.swapped[arm] += len(pair.meta["swaps"])
    rng = np.random.default_rng(seed)
    chosen = [pair for made in pairs.values() for pair in _part(made, n, rng)]
    return checked(chosen)


def _part(pairs: list[Pair], n: int | None, rng: np.random.Generator) -> list[Pair]:
    if n is None or n >= len(pairs):
        return pairs
    return [pairs[i] for i in sorted(rng.choice(len(pairs), n, replace=False))]


def both_forms(text: str, arm: str) -> tuple[str, str, list[Couple]]:
    """Return the high form, the low form and what was swapped, in order of appearance."""
    table = substitutions(arm)
    sides, end = ["", ""], 0
    used: list[Couple] = []
    for match in _WORD.finditer(text):
        couple = table.get(match[0].lower())
        if couple is None or _in_name(text, match):
            continue
        before = text[end : match.start()]
        for k in (0, 1):
            word = _cased(couple[k], match[0])
            sides[k] += _with_article(before, word) + word
        used.append(couple)
        end = match.end()
    return sides[0] + text[end:], sides[1] + text[end:], used


def _in_name(text: str, match: re.Match[str]) -> bool:
    """Tell whether a word is capitalised inside a sentence, or at its start with another capital after it."""
    if match[0].islower():
        return False
    if len(match[0]) > 1 and match[0].isupper():
        return True  # an abbreviation, or shouting
    after = text[match.end() : match.end() + 2]
    return not _STARTS_SENTENCE.search(text[: match.start()]) or (after[:1] == " " and after[1:].isupper())


def _cased(word: str, like: str) -> str:
    return word.capitalize() if like[0].isupper() else word


def _with_article(before: str, word: str) -> str:
    """Return the text before a word with its `a` or `an` made to fit."""
    found = _ARTICLE_BEFORE.search(before)
    if not found:
        return before
    right = article(word.lower())
    return before[: found.start()] + (right.capitalize() if found[1][0] == "A" else right) + found[2]


def _queries(document: Document, arm: str, sets: Sequence[str]) -> dict[str, Any]:
    """Return the relevant queries as they are, and both forms of the first one that asks for a swapped word of the document."""
    found: dict[str, Any] = {"relevant": list(document.queries)} if document.queries else {}
    for query in document.queries:
        high, low, used = both_forms(query, arm)
        if {couple[2] for couple in used} & set(sets):
            return found | {"naming_high": high, "naming_low": low}
    return found


def _pair(document: Document, arm: str) -> Pair | None:
    high, low, used = both_forms(document.text, arm)
    if not used:
        return None
    sets = [couple[2] for couple in used]
    return drafted(
        item=document.id,
        arm=arm,
        high=high,
        low=low,
        queries=_queries(document, arm, sets),
        zipf_gap=mean_zipf_gap((high, low) for high, low, _ in used),
        generator="substitute",
        covariates=word_covariates([sets_by_id(arm)[name] for name in sets]),
        meta={
            "place": document.place,
            "original": document.text,
            "swaps": sets,
            "query_ids": list(document.query_ids),
            "oriented_by": _orientation(sets) if arm == PLACEBO else None,
            ZIPF_GAP_OF: SWAPPED_WORDS,
        },
    )


def _orientation(used: Sequence[str]) -> str | None:
    """Return the rival that orients a text's placebo swaps when it is one and the same."""
    rivals = {item.oriented_by for item in synonym_sets(PLACEBO) if item.id in set(used)}
    return rivals.pop() if len(rivals) == 1 else None


def _documents(source: Path, column: str, skipped: list[str] | None) -> Iterator[Document]:
    if source.is_dir():
        yield from _collection(source, skipped)
    elif source.suffix == ".jsonl":
        yield from _rows(source, column, "id", skipped)
    else:
        for number, line in read_lines(source):
            if not is_blank(line):
                yield Document(id=f"{source.name}:{number}", text=line.strip(), place=f"{source.name}:{number}")


def _rows(path: Path, column: str, key: str, skipped: list[str] | None) -> Iterator[Document]:
    for number, row in enumerate(read_rows(path, lambda row: row), start=1):
        text = row.get(column) if isinstance(row, dict) else None
        if not isinstance(text, str) or is_blank(text):
            fault = f"{path}:{number}: field '{column}' is missing or empty"
            if skipped is None:
                raise InputError(fault)
            skipped.append(fault)
            continue
        name = visible(str(row.get(key, f"{path.name}:{number}")))
        yield Document(id=name, text=text.strip(), place=f"{path.name}:{number}")


def _collection(folder: Path, skipped: list[str] | None) -> Iterator[Document]:
    """Yield the documents of a BEIR folder with the queries that its judgements (score above 0) give each."""
    for name in ("corpus.jsonl", "queries.jsonl"):
        if not (folder / name).exists():
            raise InputError(f"{folder}: has no {name}; a folder must have the layout of BEIR: corpus.jsonl, queries.jsonl, qrels/*.tsv")
    asked = {document.id: document.text for document in _rows(folder / "queries.jsonl", "text", "_id", skipped)}
    relevant: dict[str, list[str]] = {}
    for path in sorted((folder / "qrels").glob("*.tsv")):
        for number, line in read_lines(path):
            cells = visible(line).split("\t")
            if number == 1 and cells[-1] == "score":
                continue
            if len(cells) != 3 or not cells[2].lstrip("-").isdecimal():
                raise InputError(f"{path}:{number}: expected query id, document id and whole score, separated by tabs")
            if int(cells[2]) > 0:
                relevant.setdefault(cells[1], []).append(cells[0])
    if not relevant:
        log.warning("%s: no judgements above 0 in qrels/*.tsv, so no queries are included", folder)
    strangers = sum(name not in asked for names in relevant.values() for name in names)
    if strangers:
        log.warning("%s: %d judgements name a query that is not in queries.jsonl", folder / "qrels", strangers)
    for document in _rows(folder / "corpus.jsonl", "text", "_id", skipped):
        names = relevant.pop(document.id, [])
        ids = [name for name in dict.fromkeys(names) if name in asked]
        yield Document(id=document.id, text=document.text, place=document.place, query_ids=ids, queries=[asked[name] for name in ids])
    if relevant:
        log.warning("%s: %d judged documents are not in corpus.jsonl, first: '%s'", folder / "qrels", len(relevant), next(iter(relevant)))
