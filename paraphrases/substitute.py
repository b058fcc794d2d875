"""Generator `substitute`: high and low forms of a user's own texts, by vetted one-word substitutions.

Every word of a text that belongs to a bundled set is put into its frequent form for `high` and its rare form for `low`, with its
inflection, its case and the article before it; arm `placebo` does the same with the equally frequent sets. Only sets whose words carry
the meant sense in at least four of five of their uses take part, since nothing here reads the context; words inside names, compounds
with a hyphen, and inflections that could be two things are left alone. A collection's own queries come along as they are (`relevant`),
and in both forms (`naming_high`, `naming_low`) where one asks for a word that is swapped in its document.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from freqbias.characters import is_blank
from freqbias.errors import InputError
from freqbias.frequency import mean_zipf_gap
from freqbias.frequency.language import Strangers
from freqbias.paraphrases.checks import checked
from freqbias.paraphrases.documents import Document, documents
from freqbias.paraphrases.lexicon import keeps_gap, sets_by_id, synonym_sets, word_covariates
from freqbias.paraphrases.making import drafted
from freqbias.paraphrases.words import article
from freqbias.records import Pair
from freqbias.terms import FREQUENCY, PLACEBO, SWAPPED_WORDS, ZIPF_GAP_OF

LANGUAGE = "en"  # of the bundled sets
MIN_SENSE_SHARE = 0.8
TAGS = {"noun": ("NN", "NNS"), "verb": ("VB", "VBZ", "VBD", "VBG", "VBN"), "adjective": ("JJ",), "adverb": ("RB",)}

_WORD = re.compile(r"(?<![\w'’-])[A-Za-z]+(?![\w’-]|'\w)")
_ARTICLE_BEFORE = re.compile(r"\b([Aa]n?)(\s+)$")
_STARTS_SENTENCE = re.compile(r"(?:^|[.!?][\"'”’)]*\s+|[\n\"“(])$")


#: High form, low form, set id.
Couple = tuple[str, str, str]


@dataclass
class Coverage:
    """How many texts and words could be substituted, by arm; `strangers` are the texts left alone for their language."""

    texts: int = 0
    words: int = 0
    changed: Counter[str] = field(default_factory=Counter)
    swapped: Counter[str] = field(default_factory=Counter)
    strangers: Strangers = field(default_factory=lambda: Strangers(LANGUAGE))

    def lines(self) -> list[str]:
        """Return one sentence an arm, and one on texts in other languages where there are some."""
        return [*([f"left alone: {self.strangers}"] if self.strangers.count else [])] + [
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
    field: str | None = None,
    split: str | None = None,
    n: int | None = None,
    seed: int = 0,
    coverage: Coverage | None = None,
    skipped: list[str] | None = None,
    **_: Any,
) -> list[Pair]:
    """Return the pairs of arms `frequency` and `placebo` that a user's texts allow; `n` limits each arm to a random part.

    `sources` is one text file (a text a line), one file of rows (see `freqbias.rows`) whose column `field` (default `text`) holds the
    text, or one folder in the layout of BEIR and MTEB, of whose judgements `split` names the part to read (default: all). A text that is
    not in English is left alone and counted; where all are, that is an error. `InputError` names file and line; with `skipped`, faulty
    lines are collected there and left out. `coverage`, where given, is filled in.
    """
    if len(sources) != 1:
        raise InputError(f"substitute takes one text file, file of rows or folder; found {len(sources)}")
    coverage = Coverage() if coverage is None else coverage
    found = _pairs_of(documents(Path(sources[0]), field, split, skipped), n, seed, coverage)
    _check_any(coverage, str(sources[0]))
    return found


def _check_any(coverage: Coverage, source: str) -> None:
    if not coverage.texts:
        raise InputError(f"{source}: no texts")
    if coverage.strangers.count == coverage.texts:
        raise InputError(f"{source}: {coverage.strangers}; only English can be substituted")


def pairs_of_texts(texts: Iterable[str], *, n: int | None = None, seed: int = 0) -> list[Pair]:
    """Return the pairs that texts in memory allow, each text an item `text:NUMBER`; `n` and `seed` as in `generate`.

    Blank texts are left out. Raises `InputError` where none is left, or for anything that is not a text.
    """
    coverage = Coverage()
    found = _pairs_of(_given(texts), n, seed, coverage)
    if not coverage.texts:
        raise InputError("texts: none given")
    _check_any(coverage, "texts")
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
        if coverage.strangers.includes(document.text, document.place):
            continue
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
