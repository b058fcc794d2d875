"""Generator `rewrite`: a language model writes your texts in common and in uncommon words, and what still says the same is paired.

The procedure of Adam's Law (Lu et al. 2026, arXiv:2604.02176) in our own prompts (`prompts/`): `k` rewrites of either kind are drawn for
each text and checked against it (`judging`): no copy, same language, numbers, negation, names, quotations, and a meaning near enough by
an embedding model or by entailment. Of what remains, the common and the uncommon rewrite that lie farthest apart in frequency *at one
length* are the pair of arm `frequency`, two that are equally frequent one of `placebo` (`coupling`). Both arms choose among the same
rewrites. All that was written is kept beside the pairs with what became of it (`candidates`), so that work that was interrupted goes on.
Models that wrote or judged the pairs should not be measured with them. See `docs/rewrite.md`.
"""

import logging
import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from freqbias.characters import is_blank
from freqbias.covariates import frequency_gaps
from freqbias.errors import InputError
from freqbias.frequency.language import Strangers
from freqbias.models import Loading, check_name, identity, language_model
from freqbias.models.protocols import LanguageModel
from freqbias.models.scoring import show_progress
from freqbias.models.writing import reason, written
from freqbias.paraphrases.candidates import KINDS, PROMPTS, Candidate, Journal, only_writer, prompt
from freqbias.paraphrases.checks import checked
from freqbias.paraphrases.coupling import MAX_WORDS_RATIO, MIN_GAP, Couple, Limits, frequency_couple, placebo_couple
from freqbias.paraphrases.documents import Document, documents
from freqbias.paraphrases.judging import REASONS, Meaning, judged
from freqbias.paraphrases.making import drafted, drawn
from freqbias.progress import Track, chunks, silent
from freqbias.records import Pair
from freqbias.terms import FREQUENCY, PLACEBO, WHOLE_TEXT

log = logging.getLogger(__name__)

DEFAULT_K = 5  # rewrites of either kind
DEFAULT_EMBEDDER = "minilm"
TEMPERATURE = 0.7  # most draws differ, and small models still answer what they are asked
MAX_TOKENS = 256  # of a rewrite: a passage of some 180 words
TEXTS_AT_ONCE = 4  # between two entries in the file of candidates; 40 requests, which keep a server busy


@dataclass(frozen=True, kw_only=True)
class Asking:
    """What a model is asked for: `k` rewrites of either kind of each text, drawn at a temperature from a seed."""

    lm: str | None
    k: int = DEFAULT_K
    seed: int = 0
    temperature: float = TEMPERATURE
    max_tokens: int = MAX_TOKENS
    loading: Loading = field(default_factory=Loading)

    def __post_init__(self) -> None:
        if not self.lm:
            raise InputError("rewrite needs a language model that writes; name one with --lm")
        for name in ("k", "max_tokens"):
            if getattr(self, name) < 1:
                raise InputError(f"-o {name}={getattr(self, name)}: must be at least 1")
        if self.seed < 0:
            raise InputError(f"-o seed={self.seed}: must be at least 0")
        if not 0 < self.temperature < math.inf:
            raise InputError(f"-o temperature={self.temperature:g}: must be above 0, or all rewrites of a text are one")

    def stated(self) -> dict[str, Any]:
        """Return what answers depend on, as each line of the file of candidates has it; `InputError` for what is no language model."""
        served = self.loading.base_url is not None
        if not served:
            check_name(str(self.lm), "language_model")
        info = identity(str(self.lm), "language_model", served=served)
        own = {name: getattr(self, name) for name in ("seed", "k", "temperature", "max_tokens")}
        return {"model": info.name, "fingerprint": info.fingerprint, **own}


@dataclass
class Coverage:
    """How many texts were rewritten and paired, and what each filter took from rewrites of either kind and from couples of either arm."""

    strangers: Strangers = field(default_factory=lambda: Strangers("en"))  # texts left alone for their language
    texts: int = 0
    model: str = ""
    meaning: str = ""
    written: Counter[str] = field(default_factory=Counter)
    rejected: dict[str, Counter[str]] = field(default_factory=lambda: {kind: Counter() for kind in KINDS})
    couples: dict[str, Counter[str]] = field(default_factory=lambda: {arm: Counter() for arm in (FREQUENCY, PLACEBO)})
    asked: Counter[str] = field(default_factory=Counter)  # texts of which a pair of the arm was wanted
    pairs: dict[str, list[Pair]] = field(default_factory=lambda: {FREQUENCY: [], PLACEBO: []})
    why: str | None = None  # of a rewrite without answer

    def lines(self) -> list[str]:
        """Return what a user reads when the pairs are made."""
        found = [f"left alone: {self.strangers}"] if self.strangers.count else []
        found += [f"{self.texts} texts, rewritten by {self.model}; {self.meaning}"]
        for kind, taken in self.rejected.items():
            kept = self.written[kind] - taken.total()
            found.append(f"{kind} words ({PROMPTS[kind]}): {kept} of {self.written[kind]} rewrites kept{_taken(taken, REASONS)}")
        for arm, own in self.pairs.items():
            couples = _taken(self.couples[arm], {}, "couples ")
            found.append(f"{arm}: {len(own)} of {self.asked[arm]} texts give a pair{_mean_gap(own)}{couples}")
        return found + ([f"first reason for a missing answer: {self.why}"] if self.why else [])


def _mean_gap(pairs: Sequence[Pair]) -> str:
    """Return the mean frequency gap in words, by one definition for all pairs, as the audit takes it."""
    values, of, _ = frequency_gaps(pairs)
    known = [value for value in values if value is not None]
    what = "whole texts" if of == WHOLE_TEXT else "swapped words"
    return f", mean gap {sum(known) / len(known):+.2f} Zipf ({what})" if known else ""


def _taken(counts: Counter[str], names: dict[str, str], what: str = "") -> str:
    listed = [f"{count} {names.get(key, key)}" for key, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if count]
    return f"; {what}left out: {', '.join(listed)}" if listed else ""


def generate(
    sources: Sequence[str | Path],
    *,
    lm: str | None = None,
    embedder: str = DEFAULT_EMBEDDER,
    field: str | None = None,
    split: str | None = None,
    language: str = "en",
    n: int | None = None,
    seed: int = 0,
    k: int = DEFAULT_K,
    temperature: float = TEMPERATURE,
    max_tokens: int = MAX_TOKENS,
    similarity: float | None = None,
    ratio: float = MAX_WORDS_RATIO,
    gap: float = MIN_GAP,
    backend: str = "auto",
    base_url: str | None = None,
    max_requests: int | None = None,
    dtype: str = "float32",
    device: str | None = None,
    journal: Path | None = None,
    coverage: Coverage | None = None,
    skipped: list[str] | None = None,
    track: Track = silent,
    **_: Any,
) -> list[Pair]:
    """Return the pairs of arms `frequency` and `placebo` that a language model's rewrites give, at most one of either a text.

    `sources` is what `substitute` reads, `field`, `split` and `skipped` as there. `lm` writes (`backend` to `device` say how it is
    loaded): `k` rewrites of either kind, each of at most `max_tokens` tokens, drawn at `temperature`. `embedder` says whether they mean
    the same, from a `similarity` on (None: see `judging.Meaning`); `ratio` is what the words of two rewrites may differ by, `gap` the
    least difference in Zipf units of arm `frequency`. `n` limits each arm to a random part. `journal` is the file of candidates, from
    which the work goes on. `InputError` for what cannot be used; a model that writes nothing of use gives no pairs, and a warning.
    """
    if len(sources) != 1:
        raise InputError(f"rewrite takes one text file, file of rows or folder; found {len(sources)}")
    loading = Loading(backend=backend, base_url=base_url, max_requests=max_requests, dtype=dtype, device=device)
    asking = Asking(lm=lm, k=k, seed=seed, temperature=temperature, max_tokens=max_tokens, loading=loading)
    work = Work(asking=asking, limits=limits(language, ratio, gap), embedder=embedder, similarity=similarity, journal=journal, n=n)
    return pairs_of(documents(Path(sources[0]), field, split, skipped), str(sources[0]), work, coverage, track)


def limits(language: str, ratio: float, gap: float) -> Limits:
    """Return what two rewrites must have in common; `InputError` for numbers out of range."""
    if not ratio >= 1:
        raise InputError(f"-o ratio={ratio:g}: must be at least 1, the words of the longer rewrite over those of the shorter")
    if not gap > 0:
        raise InputError(f"-o gap={gap:g}: must be above 0")
    return Limits(language=language, ratio=ratio, gap=gap)


@dataclass(frozen=True, kw_only=True)
class Work:
    """All that is to be done with some texts; `wanted` names the arms to make of each, by its id, where that is not both."""

    asking: Asking
    limits: Limits = field(default_factory=Limits)
    embedder: str = DEFAULT_EMBEDDER
    similarity: float | None = None
    journal: Path | None = None
    n: int | None = None
    wanted: Mapping[str, Collection[str]] | None = None

    def __post_init__(self) -> None:
        if self.similarity is not None and math.isnan(self.similarity):
            raise InputError(f"-o similarity={self.similarity}: must be a number")


def pairs_of_texts(texts: Iterable[str], work: Work, coverage: Coverage | None = None, track: Track = silent) -> list[Pair]:
    """Return the pairs of texts in memory, each an item `text:NUMBER`; blank ones are left out. `InputError` where none is left."""
    found = []
    for number, text in enumerate(texts, start=1):
        if not isinstance(text, str):
            raise InputError(f"texts[{number - 1}]: expected a text, found {type(text).__name__}")
        if not is_blank(text):
            found.append(Document(id=f"text:{number}", text=text.strip(), place=f"text:{number}"))
    return pairs_of(found, "texts", work, coverage, track)


def pairs_of(found: Iterable[Document], source: str, work: Work, coverage: Coverage | None = None, track: Track = silent) -> list[Pair]:
    """Ask for what is not there yet, judge all, and pair; what was written is kept whatever happens later."""
    coverage = Coverage() if coverage is None else coverage
    coverage.strangers = Strangers(work.limits.language)
    own = [document for document in found if not coverage.strangers.includes(document.text, document.place)]
    if not own:
        strange = coverage.strangers.count
        raise InputError(f"{source}: {coverage.strangers}; give --language" if strange else f"{source}: contains no texts")
    stated = work.asking.stated()
    meaning = Meaning(work.embedder, work.similarity)  # before hours of writing, so that a model that is missing is known
    coverage.texts, coverage.model = len(own), stated["model"]
    coverage.meaning = f"meaning by {meaning.name}: {meaning.measure} of at least {meaning.threshold:g} to the text"
    with only_writer(work.journal):
        journal = Journal(work.journal, stated)
        _ask(list(dict.fromkeys(document.text for document in own)), work.asking, journal, track)
        made, rows, used = _paired(own, journal, meaning, work, coverage)
        journal.finish(rows, used)
    if not made:
        log.warning("%s: no two rewrites by %s make a pair; the counts say what was left out", source, coverage.model)
    rng = np.random.default_rng(work.asking.seed)
    return checked([pair for arm in (FREQUENCY, PLACEBO) for pair in drawn([row for row in made if row.arm == arm], work.n, rng)])


def _ask(texts: Sequence[str], asking: Asking, journal: Journal, track: Track) -> None:
    """Have the texts rewritten that the journal does not hold; no model is loaded where it holds all."""
    left = [text for text in texts if not journal.answered(text)]
    if len(left) < len(texts):
        log.info("%d of %d texts are rewritten already", len(texts) - len(left), len(texts))
    if not left:
        return
    model = language_model(str(asking.lm), **asdict(asking.loading))
    show_progress(model, track)
    for part in track(chunks(left, TEXTS_AT_ONCE), f"{model.info.name}: rewrite", len(left), unit="texts", size=len):
        journal.add_from(model, _answers(model, part, asking))


def _answers(model: LanguageModel, texts: Sequence[str], asking: Asking) -> list[Candidate]:
    """Return what a model writes for some texts, text by text."""
    asked = [(text, kind, prompt(kind, text)) for text in texts for kind in KINDS]
    messages = [message for _, _, message in asked]
    found = written(model, messages, n=asking.k, max_tokens=asking.max_tokens, temperature=asking.temperature, seed=asking.seed)
    return [
        Candidate(original=text, kind=kind, number=number, answer=answer, error=None if answer is not None else reason(model, message))
        for (text, kind, message), answers in zip(asked, found, strict=True)
        for number, answer in enumerate(answers)
    ]


Used = dict[tuple[str, str, int], list[str]]


def _paired(
    own: Sequence[Document], journal: Journal, meaning: Meaning, work: Work, coverage: Coverage
) -> tuple[list[Pair], list[Candidate], Used]:
    """Return the pairs, every rewrite with its verdict, and in which arms each is used."""
    texts = list(dict.fromkeys(document.text for document in own))
    rows = meaning.with_similarity([row for text in texts for row in judged(journal.of(text), work.limits.language)])
    kept: dict[str, list[Candidate]] = {text: [] for text in texts}
    for row in rows:
        coverage.written[row.kind] += 1
        if row.rejected is None:
            kept[row.original].append(row)
        else:
            coverage.rejected[row.kind][row.rejected] += 1
            coverage.why = coverage.why or row.error
    made, used = [], Used()
    for document in own:
        for arm, choose in ((FREQUENCY, frequency_couple), (PLACEBO, placebo_couple)):
            if work.wanted is not None and arm not in work.wanted[document.id]:
                continue
            coverage.asked[arm] += 1
            couple = choose(kept[document.text], work.limits, coverage.couples[arm])
            if couple is not None:
                made.append(_pair(document, arm, couple, coverage.model, work.limits.language))
                coverage.pairs[arm].append(made[-1])
                for row in (couple.high, couple.low):
                    arms = used.setdefault((row.original, row.kind, row.number), [])
                    arms.extend([arm] if arm not in arms else [])
    return made, rows, used


def _pair(document: Document, arm: str, couple: Couple, model: str, language: str) -> Pair:
    sides = couple.high, couple.low
    return drafted(
        item=document.id,
        arm=arm,
        high=couple.high.text,
        low=couple.low.text,
        language=language,
        queries={"relevant": list(document.queries)} if document.queries else {},
        generator="rewrite",
        covariates={"similarity_to_original": [row.similarity for row in sides]},
        meta={
            "place": document.place,
            "original": document.text,
            "model": model,
            "prompts": [PROMPTS[row.kind] for row in sides],
            "numbers": [row.number for row in sides],
            "query_ids": list(document.query_ids),
            "oriented_by": couple.oriented_by,
        },
    )
