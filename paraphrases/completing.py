"""Generator `substitute` as the command has it: with `rewrite`, what no couple of words changes is given to a language model.

One file then holds pairs of both generators, each named as what it is (`generator`), with the checks of either. A text without a
frequency pair is given to `rewrite`, for what it lacks: the arms are then made of the same kinds of pairs in about the same proportions.
Where the placebo of substitution has less than half as many texts as its frequency arm, so that it could hardly pass by itself, texts
with a frequency pair alone are given to `rewrite` too, for the placebo that they lack.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from freqbias.errors import InputError
from freqbias.frequency.language import Strangers
from freqbias.models import Loading, check_name
from freqbias.paraphrases import rewrite as rewriting
from freqbias.paraphrases import substitute
from freqbias.paraphrases.candidates import KINDS
from freqbias.paraphrases.capping import MAX_SHARE
from freqbias.paraphrases.checks import checked
from freqbias.paraphrases.coupling import MAX_WORDS_RATIO, MIN_GAP
from freqbias.paraphrases.documents import Document
from freqbias.paraphrases.expecting import MIN_PLACEBO_SHARE, at_most, shortfalls
from freqbias.paraphrases.making import drawn
from freqbias.paraphrases.tagging import RULES
from freqbias.progress import Track, silent
from freqbias.records import Pair
from freqbias.terms import FREQUENCY, PLACEBO

ARMS = (FREQUENCY, PLACEBO)
MODELS = ("lm", "embedder")  # that have an option of the command; the others are given with -o


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
    synonyms: str | None = None,
    corpus: str | None = None,
    edit_both: bool = True,
    side: str | None = None,
    rewrite: bool = False,
    lm: str | None = None,
    embedder: str | None = None,
    k: int | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    similarity: float | None = None,
    ratio: float | None = None,
    gap: float | None = None,
    backend: str | None = None,
    base_url: str | None = None,
    max_requests: int | None = None,
    dtype: str | None = None,
    device: str | None = None,
    journal: Path | None = None,
    coverage: substitute.Coverage | None = None,
    skipped: list[str] | None = None,
    track: Track = silent,
) -> list[Pair]:
    """Return the pairs of arms `frequency` and `placebo` that a user's texts allow, by substitution and, with `rewrite`, by rewriting.

    `field` to `side`, `coverage` and `skipped` are those of `freqbias.paraphrases.substitute.generate`; `lm` to `device`, `journal` and
    `track` those of `freqbias.paraphrases.rewrite.generate`, None for what it does by itself. `n` limits each arm as a whole. Raises
    `InputError` for `rewrite` without a model, for what is only for `rewrite` without it, and for `rewrite` of one side of a collection.
    """
    asking = {"k": k, "temperature": temperature, "max_tokens": max_tokens}
    limits = {"similarity": similarity, "ratio": ratio, "gap": gap}
    loading = {"backend": backend, "base_url": base_url, "max_requests": max_requests, "dtype": dtype, "device": device}
    named = _given({"lm": lm, "embedder": embedder, **asking, **limits, **loading})
    make = None
    if rewrite:
        if side is not None:
            raise InputError(f"-o side={side}: judged documents and queries are changed by a word, not rewritten; leave --rewrite out")
        work = work_of(named, seed, journal)
        make = Rest(work=work, source=", ".join(map(str, sources)), track=track).pairs_of
    elif named:
        first = next(iter(named))
        raise InputError(f"{f'--{first}' if first in MODELS else f'-o {first}='} is for --rewrite; add that, or leave it out")
    return substitute.generate(
        sources,
        field=field,
        split=split,
        n=n,
        seed=seed,
        tagger=tagger,
        fit=fit,
        max_share=max_share,
        synonyms=synonyms,
        corpus=corpus,
        edit_both=edit_both,
        side=side,
        coverage=coverage,
        skipped=skipped,
        make=make,
    )


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def work_of(named: dict[str, Any], seed: int, journal: Path | None) -> rewriting.Work:
    """Return what rewriting is to be by the options given, before texts are read, so that what is missing is told first."""
    if "lm" not in named:
        raise InputError("--rewrite needs a language model that writes; name one with --lm")
    loading = Loading(**{name: named[name] for name in ("backend", "base_url", "max_requests", "dtype", "device") if name in named})
    own = {name: named[name] for name in ("lm", "k", "temperature", "max_tokens") if name in named}
    limits = rewriting.limits(substitute.LANGUAGE, named.get("ratio", MAX_WORDS_RATIO), named.get("gap", MIN_GAP))
    work = rewriting.Work(
        asking=rewriting.Asking(seed=seed, loading=loading, **own),
        limits=limits,
        embedder=named.get("embedder", rewriting.DEFAULT_EMBEDDER),
        similarity=named.get("similarity"),
        journal=journal,
    )
    work.asking.stated()
    check_name(work.embedder, "embedder")
    return work


@dataclass(frozen=True, kw_only=True)
class Rest:
    """The rewriting of what substitution leaves as it is; `source` names the texts in messages."""

    work: rewriting.Work
    source: str
    track: Track

    def pairs_of(
        self,
        documents: Iterable[Document],
        n: int | None,
        choice: substitute.Choice,
        coverage: substitute.Coverage,
        tell: Callable[[str], None],
    ) -> list[Pair]:
        """Return the pairs of both generators in the order of the texts, arm by arm; see the module's docstring."""
        held = list(documents)
        found = substitute.pairs_of(held, None, replace(choice, rewrite=True), coverage, tell)
        strangers = Strangers(substitute.LANGUAGE)
        known = [document for document in held if not strangers.includes(document.text, document.place)]
        changed = {arm: {pair.item for pair in found if pair.arm == arm} for arm in ARMS}
        wanted = lacking([document.id for document in known], changed[FREQUENCY], changed[PLACEBO])
        if wanted:
            most = {arm: len(changed[arm]) + sum(arm in arms for arms in wanted.values()) for arm in ARMS}
            each = len(KINDS) * self.work.asking.k
            for line in at_most(len(wanted), str(self.work.asking.lm), each, most):
                tell(line)
            rewritten = rewriting.Coverage()
            left = [document for document in known if document.id in wanted]
            found += rewriting.pairs_of(left, self.source, replace(self.work, wanted=wanted), rewritten, self.track)
            coverage.more = rewritten.lines()
        place = {document.id: number for number, document in enumerate(held)}
        rng = np.random.default_rng(choice.seed)
        ordered = sorted(found, key=lambda pair: place[pair.item])
        made = checked([pair for arm in ARMS for pair in drawn([pair for pair in ordered if pair.arm == arm], n, rng)])
        coverage.made = [pair for pair in made if pair.generator == substitute.NAME]
        coverage.more += [*_sums(made, coverage.texts), *shortfalls(Counter(pair.arm for pair in made))]
        return made


def lacking(ids: Sequence[str], frequency: set[str], placebo: set[str]) -> dict[str, tuple[str, ...]]:
    """Return the arms that each text is to be rewritten for, by id; `frequency` and `placebo` are the texts that have a pair there."""
    also = len(placebo) < MIN_PLACEBO_SHARE * len(frequency)
    found = {}
    for name in ids:
        rest = () if name in placebo else (PLACEBO,)
        found[name] = (FREQUENCY, *rest) if name not in frequency else rest if also else ()
    return {name: arms for name, arms in found.items() if arms}


def _sums(made: Sequence[Pair], texts: int) -> list[str]:
    counts = Counter((pair.arm, pair.generator == substitute.NAME) for pair in made)
    return [
        f"{arm}, in all: {counts[arm, True] + counts[arm, False]} pairs of {texts} texts, "
        f"{counts[arm, True]} by substitution and {counts[arm, False]} by rewriting"
        for arm in ARMS
    ]
