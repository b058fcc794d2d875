"""Generator `substitute`: high and low forms of a user's own texts, by vetted one-word substitutions.

Every word of a text that belongs to a bundled set is put into its frequent form for `high` and its rare form for `low`, with its
inflection, its case and the article before it; arm `placebo` does the same with the equally frequent sets. Only sets whose words carry
the meant sense in at least four of five of their uses, and that are listed as fit for running text, take part, each only where its place
suits both words (`swapping`, `slots`); no word pair is more than a tenth of an arm. Both forms are edited alike in one more place, so
that neither is the author's text (`editing`), and texts without queries get questions (`questions`). A collection's own queries come
along as they are (`relevant`), and in both forms (`naming_high`, `naming_low`) where one asks for a word that is swapped in its document.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from freqbias.characters import is_blank
from freqbias.errors import InputError
from freqbias.frequency import mean_zipf_gap
from freqbias.frequency.language import Strangers
from freqbias.paraphrases.capping import MAX_SHARE, capped
from freqbias.paraphrases.checks import checked
from freqbias.paraphrases.documents import Document, documents_of
from freqbias.paraphrases.editing import Edit, edit_lines, edits_of, elsewhere
from freqbias.paraphrases.everyday import AnySet, running_sets
from freqbias.paraphrases.expecting import SAMPLE, expectation, shortfalls, ways_to_raise, without_couple
from freqbias.paraphrases.fit import both_fit
from freqbias.paraphrases.lexicon import word_covariates
from freqbias.paraphrases.local import Local, read_local
from freqbias.paraphrases.making import drafted, drawn
from freqbias.paraphrases.questions import asked_with, questions
from freqbias.paraphrases.swapping import WORD, Couple, Own, Swap, Table, both_forms, forms_with, substitutions, swaps_of
from freqbias.paraphrases.synonyms import BY_LENGTH, OWN_PREFIX, Synonyms, read_synonyms
from freqbias.paraphrases.tagging import RULES, Tagger, by_rules
from freqbias.paraphrases.tagging import tagger as tagger_of
from freqbias.progress import Track, silent
from freqbias.records import Pair
from freqbias.terms import EDITED, FREQUENCY, PLACEBO, SWAPPED_WORDS, ZIPF_GAP_OF

LANGUAGE = "en"  # of the bundled sets
NAME = "substitute"
log = logging.getLogger(__name__)

#: Documents with what can be swapped in them.
Found = list[tuple[Document, list[Swap]]]


class Make(Protocol):
    """What makes the pairs of some texts, as `pairs_of` does."""

    def __call__(
        self, documents: Iterable[Document], n: int | None, choice: "Choice", coverage: "Coverage", tell: Callable[[str], None], /
    ) -> list[Pair]:
        """Return the pairs."""
        ...


@dataclass
class Coverage:
    """How many texts and words could be substituted, by arm, and what was left out of what could."""

    texts: int = 0
    words: int = 0
    changed: Counter[str] = field(default_factory=Counter)
    swapped: Counter[str] = field(default_factory=Counter)
    unfit: Counter[str] = field(default_factory=Counter)  # taken by the language model
    beyond_cap: Counter[str] = field(default_factory=Counter)
    strangers: Strangers = field(default_factory=lambda: Strangers(LANGUAGE))  # texts left alone for their language
    by_set: dict[str, Counter[str]] = field(default_factory=dict)  # arm -> swaps of each set
    max_share: float = 1.0
    model: str | None = None
    made: list[Pair] = field(default_factory=list)
    more: list[str] = field(default_factory=list)  # what is said of pairs that another generator added

    def lines(self) -> list[str]:
        """Return one sentence an arm, and one on what the filter and the cap took from it."""
        alone = [f"left alone: {self.strangers}"] if self.strangers.count else []
        told = [line for arm in (FREQUENCY, PLACEBO) for line in self._lines(arm)]
        return [*alone, *told, *edit_lines(self.made), *asked_with(self.made), *self.more]

    def _lines(self, arm: str) -> Iterator[str]:
        yield f"{arm}: {self.changed[arm]} of {self.texts} texts changed, {self.swapped[arm]} of {self.words} words swapped"
        if self.model is not None:
            found = self.swapped[arm] + self.beyond_cap[arm] + self.unfit[arm]
            yield f"{arm}: {self.unfit[arm]} of {found} swaps left out since a word does not fit its text by {self.model}"
        if self.beyond_cap[arm]:
            yield f"{arm}: {self.beyond_cap[arm]} left out: no word pair may be over {self.max_share:.0%} (-o max_share=1 keeps all)"
        own = self.by_set.get(arm)
        if own:
            name, count = own.most_common(1)[0]
            yield f"{arm}: {len(own)} word pairs; the commonest, {name}, is {count / own.total():.0%} of the swaps"


def generate(
    sources: Sequence[str | Path],
    *,
    field: str | None = None,
    split: str | None = None,
    n: int | None = None,
    seed: int = 0,
    tagger: str = RULES,
    fit: str | None = None,
    max_share: float = MAX_SHARE,
    synonyms: str | Synonyms | None = None,
    corpus: str | None = None,
    edit_both: bool = True,
    side: str | None = None,
    coverage: Coverage | None = None,
    skipped: list[str] | None = None,
    track: Track = silent,
    make: "Make | None" = None,
    **_: Any,
) -> list[Pair]:
    """Return the pairs of arms `frequency` and `placebo` that a user's texts allow; `n` limits each arm to a random part.

    `sources` are text files (a text a line), files of rows (see `freqbias.rows`) whose column `field` (default `text`) holds the text, or
    folders: of text files (one text each), of files of rows, a dataset that `datasets` has saved, or a collection in the layout of BEIR
    and MTEB; `split` names the part of a folder to read, of a collection its judgements (default: all). `synonyms` is a table of your own
    words, or names one (`freqbias.paraphrases.synonyms`), `corpus` texts or counts of yours that say which words are rare
    (`freqbias.paraphrases.local`). What is expected, and what would raise it, is logged first. A text that is
    not in English is left alone and counted; where all are, that is an error. `InputError` names file and line; with `skipped`, faulty
    lines are collected there and left out. `tagger` is `rules`, or `hanta` (extra `text`), which finds more; `fit` names a
    causal language model that leaves out swaps of which a word does not fit its text; no word pair is more than `max_share` of an arm.
    `edit_both` changes both forms alike in a second place. `coverage`, where given, is filled in. `side` (`document`, `query` or `both`)
    asks for what probe `collection` searches with, of one collection (`freqbias.paraphrases.collection_pairs`). `make`, by default
    `pairs_of`, makes the pairs of the texts.
    """
    if not sources:
        raise InputError("substitute takes text files, files of rows or folders; found none")
    coverage = Coverage() if coverage is None else coverage
    table = read_synonyms(Path(synonyms), skipped) if isinstance(synonyms, str) else synonyms
    if table is not None:
        log.info("%s", table)
    choice = Choice(
        tag=tagger_of(tagger),
        fit=fit,
        max_share=max_share,
        seed=seed,
        synonyms=table,
        local=None if corpus is None else read_local(Path(corpus), field, table),
        rules=tagger == RULES,
        edit_both=edit_both,
        track=track,
    )
    for line in [] if choice.local is None else choice.local.lines():
        log.info("%s", line)
    if side is not None:
        from freqbias.paraphrases.collection_pairs import pairs_of_collection

        found = pairs_of_collection(sources, side, n, choice, coverage, field=field, split=split)
        _check_any(coverage, ", ".join(map(str, sources)))
        return found
    found = (make or pairs_of)(documents_of(sources, field, split, skipped), n, choice, coverage, log.info)
    _check_any(coverage, ", ".join(map(str, sources)))
    return found


def _check_any(coverage: Coverage, source: str) -> None:
    if not coverage.texts:
        raise InputError(f"{source}: contains no texts")
    if coverage.strangers.count == coverage.texts:
        raise InputError(f"{source}: {coverage.strangers}; only English can be substituted")


def pairs_of_texts(
    texts: Iterable[str],
    *,
    n: int | None = None,
    seed: int = 0,
    tagger: str = RULES,
    fit: str | None = None,
    max_share: float = MAX_SHARE,
    synonyms: Synonyms | None = None,
) -> list[Pair]:
    """Return the pairs that texts in memory allow, each text an item `text:NUMBER`; the options are those of `generate`.

    Blank texts are left out. Raises `InputError` where none is left, or for anything that is not a text.
    """
    if synonyms is not None:
        log.info("%s", synonyms)
    coverage, choice = Coverage(), Choice(tag=tagger_of(tagger), fit=fit, max_share=max_share, seed=seed, synonyms=synonyms)
    found = pairs_of(_given(texts), n, choice, coverage)
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


@dataclass(frozen=True, kw_only=True)
class Choice:
    """How swaps are chosen: tagger, language model of the fit filter, the cap on a set, and the seed of what is drawn."""

    tag: Tagger = by_rules
    fit: str | None = None
    max_share: float = MAX_SHARE
    seed: int = 0
    synonyms: Synonyms | None = None
    local: Local | None = None
    rules: bool = True
    edit_both: bool = True
    ask: bool = True  # texts without queries of their own get questions
    track: Track = silent
    rewrite: bool = False  # what no couple changes is rewritten, so that whether there is too little is not known yet

    def own(self, arm: str) -> Own | None:
        """Return what the user's table and corpus give an arm."""
        if self.local is not None:
            return self.local.arms[arm]
        return None if self.synonyms is None else self.synonyms.arms[arm]

    def gap(self, used: Sequence[Couple]) -> float | None:
        """Return the mean frequency gap of some couples, by the user's corpus where there is one."""
        return mean_zipf_gap((high, low) for high, low, _ in used) if self.local is None else self.local.mean_gap(used)

    def couples(self, arm: str) -> Table:
        """Return every word form that can be swapped in an arm."""
        own = self.own(arm)
        return substitutions(arm) if own is None else own.couples

    def __post_init__(self) -> None:
        if not 0 < self.max_share <= 1:
            raise InputError(f"max_share must be above 0 and at most 1, found {self.max_share}")


def pairs_of(
    documents: Iterable[Document], n: int | None, choice: Choice, coverage: Coverage, tell: Callable[[str], None] | None = None
) -> list[Pair]:
    """Return the pairs of some texts; `tell` is given what is expected after the first ones, and what is too little before the pairs."""
    coverage.model, coverage.max_share = choice.fit, choice.max_share
    found: dict[str, Found] = {FREQUENCY: [], PLACEBO: []}
    first: list[str] = []
    for document in documents:
        if tell is not None and coverage.texts == SAMPLE:
            _foretell(found, first, choice, tell, whole=False)
        if coverage.texts < SAMPLE:
            first.append(document.text)
        coverage.texts += 1
        coverage.words += len(WORD.findall(document.text))
        if coverage.strangers.includes(document.text, document.place):
            continue
        for arm, own in found.items():
            swaps = swaps_of(document.text, arm, choice.tag, choice.own(arm))
            if swaps:
                own.append((document, swaps))
    known = coverage.texts - coverage.strangers.count
    if tell is not None and known and coverage.texts <= SAMPLE:
        _foretell(found, first, choice, tell, whole=True)
    rng = np.random.default_rng(choice.seed)
    parts: dict[str, Found] = {}
    for arm, own in found.items():
        kept = _kept(own, arm, choice, coverage)
        coverage.by_set[arm] = Counter(swap.couple[2] for _, swaps in kept for swap in swaps)
        coverage.swapped[arm], coverage.changed[arm] = coverage.by_set[arm].total(), len(kept)
        parts[arm] = drawn(kept, n, rng)
    if tell is not None and known and not choice.rewrite:
        for line in shortfalls({arm: len(part) for arm, part in parts.items()}):
            tell(line)
    judged = any(document.queries for part in parts.values() for document, _ in part)
    pool = None if judged or not choice.ask else first  # a collection's own queries are what it is asked with
    coverage.made = checked([_pair(document, arm, swaps, choice, pool) for arm, part in parts.items() for document, swaps in part])
    return coverage.made


def _foretell(found: dict[str, Found], texts: Sequence[str], choice: Choice, tell: Callable[[str], None], *, whole: bool) -> None:
    """Tell how many of the first texts can be changed, and what would raise that."""
    within = {arm: len(_within_cap(own, choice)[0]) for arm, own in found.items()}
    tell(expectation(len(texts), within, whole=whole))
    forms = {form for arm in found for form in choice.couples(arm)}
    for line in ways_to_raise(
        synonyms=choice.synonyms is not None,
        rules=choice.rules,
        capped=any(within[arm] < len(own) for arm, own in found.items()),
        rewrite=choice.ask and not choice.rewrite,
        words=without_couple(texts, forms),
    ):
        tell(line)


def _kept(found: Found, arm: str, choice: Choice, coverage: Coverage) -> Found:
    """Return an arm's documents with the swaps that fit and are within the cap; those that have none left are left out."""
    if choice.fit is not None:
        stays = both_fit(
            choice.fit,
            [(document.text[: swap.start], *swap.couple[:2], document.text[swap.end :]) for document, swaps in found for swap in swaps],
            choice.track,
        )
        coverage.unfit[arm] = stays.count(False)
        found = _with_those(found, stays)
    kept, coverage.beyond_cap[arm] = _within_cap(found, choice)
    return kept


def _within_cap(found: Found, choice: Choice) -> tuple[Found, int]:
    """Return the documents with the swaps within the cap, and how many are beyond it."""
    stays = capped([swap.couple[2] for _, swaps in found for swap in swaps], choice.max_share, np.random.default_rng(choice.seed))
    return _with_those(found, stays), stays.count(False)


def _with_those(found: Found, stays: Iterable[bool]) -> Found:
    told = iter(stays)
    kept = [(document, [swap for swap in swaps if next(told)]) for document, swaps in found]
    return [(document, swaps) for document, swaps in kept if swaps]


def _queries(document: Document, arm: str, sets: Sequence[str], choice: Choice) -> dict[str, Any]:
    """Return the relevant queries as they are, and both forms of the first one that asks for a swapped word of the document."""
    found: dict[str, Any] = {"relevant": list(document.queries)} if document.queries else {}
    for query in document.queries:
        high, low, used = both_forms(query, arm, choice.tag, choice.own(arm))
        if {couple[2] for couple in used} & set(sets):
            return found | {"naming_high": high, "naming_low": low}
    return found


def _pair(document: Document, arm: str, swaps: Sequence[Swap], choice: Choice, pool: Sequence[str] | None) -> Pair:
    """Return a pair; `pool` are texts of the same source, None where queries of its own are asked."""
    edit = elsewhere(document.text, swaps, choice.tag) if choice.edit_both else None
    high, low = forms_with(document.text, swaps if edit is None else sorted([*swaps, edit.swap], key=lambda swap: swap.start))
    used = [swap.couple for swap in swaps]
    sets = [couple[2] for couple in used]
    bundled = [_as_used(running_sets(arm)[name], couple) for name, couple in zip(sets, used, strict=True) if name in running_sets(arm)]
    told: dict[str, Any] = {}
    queries = _queries(document, arm, sets, choice)
    if pool is not None:
        queries, told = questions(document.text, arm, swaps, _after(document.text, pool), edited=edit is not None)
    return drafted(
        item=document.id,
        arm=arm,
        high=high,
        low=low,
        queries=queries,
        zipf_gap=choice.gap(used),
        generator=NAME,
        covariates={
            EDITED: edits_of(document.text, swaps, edit),
            **(word_covariates(bundled) if len(bundled) == len(sets) else {}),  # of a user's own words nothing is known
        },
        meta={
            "place": document.place,
            "original": document.text,
            "swaps": sets,
            "query_ids": list(document.query_ids),
            "oriented_by": _orientation(sets) if arm == PLACEBO else None,
            "edited_elsewhere": None if edit is None else _told(document.text, edit),
            **told,
            **(
                {}
                if choice.local is None
                else {"zipf_gap_by": choice.local.source, "general_zipf_gap": mean_zipf_gap(row[:2] for row in used)}
            ),
            ZIPF_GAP_OF: SWAPPED_WORDS,
        },
    )


class AsUsed(NamedTuple):
    """What is known of the two words of a set, the side that is `high` in the user's texts first."""

    register: Sequence[str]
    sense_share: Sequence[float]
    n_senses: Sequence[int | None]


def _as_used(item: AnySet, couple: Couple) -> AsUsed:
    """Return what is known of a set's words, turned where the user's corpus has its couple the other way round."""
    sign = -1 if item.arm == FREQUENCY and (mean_zipf_gap([couple[:2]]) or 0.0) < 0 else 1
    return AsUsed(item.register[::sign], item.sense_share[::sign], item.n_senses[::sign])


def _told(text: str, edit: Edit) -> dict[str, str]:
    start, end = edit.swap.start, edit.swap.end
    return {"was": text[start:end], "is": edit.swap.couple[0], "kind": edit.kind}


def _after(text: str, pool: Sequence[str]) -> Iterator[str]:
    """Yield the texts of a pool, from the one after `text` on."""
    start = pool.index(text) + 1 if text in pool else 0
    yield from pool[start:]
    yield from pool[:start]


def _orientation(used: Sequence[str]) -> str | None:
    """Return the rival that orients a text's placebo swaps when it is one and the same."""
    rivals = {BY_LENGTH if name.startswith(OWN_PREFIX) else running_sets(PLACEBO)[name].oriented_by for name in used}
    return rivals.pop() if len(rivals) == 1 else None
