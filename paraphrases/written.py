"""Generator `queries`: a language model writes a question that the text of each pair answers, without either of the swapped words.

What the model is shown must favour neither form. Where the forms differ in some words, it is their common text with a gap (`…`) for what
differs, and for kin of those words elsewhere: it is made from the two without regard to which is `high`. Where they have less than half
of their words in common, as rewrites of whole texts do, it is the unedited original (`meta.original`), the same for both; without one
nothing is asked. An answer that holds a word that differs, an inflection or a relative of it, is dropped, since it would ask for one
form; so are copies of the text and what is no question. Where the first answer is dropped, one more is drawn. What was written is kept
beside the pairs with what became of it, so that work that was interrupted goes on. The question is the pair's `relevant` query;
`meta.questions` and `meta.written_by` say whose it is. Queries that came with a text, and glosses, stay as they are.
"""

import difflib
import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from freqbias.errors import InputError
from freqbias.files import read_pairs
from freqbias.frequency import content_words, tokens
from freqbias.frequency.language import other_language
from freqbias.models import Loading, language_model
from freqbias.models.protocols import LanguageModel
from freqbias.models.scoring import show_progress
from freqbias.models.writing import reason, written
from freqbias.paraphrases.candidates import QUESTION, Candidate, Journal, only_writer, prompt
from freqbias.paraphrases.judging import cleaned
from freqbias.paraphrases.questions import ARTICLE, BY_MODEL, CONTEXT, GAP
from freqbias.paraphrases.rewrite import TEMPERATURE, Asking
from freqbias.paraphrases.words import shared_words
from freqbias.progress import Track, chunks, silent
from freqbias.records import Pair

log = logging.getLogger(__name__)

DRAWS = 2  # of a question; the second where the first is dropped
MAX_TOKENS = 64  # of a question: some 45 words
TEXTS_AT_ONCE = 16  # between two entries in the file of questions
MIN_COMMON = 0.5  # of the words of both forms; below it a text with gaps says too little
MAX_COPIED = 0.5  # of the content words of a text
#: In the words of a summary.
REASONS = {
    "no_answer": "without answer",
    "no_question": "no question",
    "word": "with a swapped word or its kin",
    "gap": "with a gap",
    "copy": "copies of the text",
    "language": "in another language",
}
OWN_QUERIES, NOTHING_TO_SHOW = ("with queries of their own", "whose forms have too little in common and no original")
_WORD = re.compile(r"\w+(?:['’-]\w+)*")
_LABEL = re.compile(r"^(?:question|query|q)\s*\d*\s*[:.]\s*", re.IGNORECASE)
_QUESTION = re.compile(r"[^?？؟]*[?？؟]")


@dataclass(frozen=True)
class Task:
    """What is shown to the model for one pair, and the words that no answer may hold."""

    shown: str
    words: tuple[str, ...]
    language: str


@dataclass
class Coverage:
    """How many pairs got a question, and why others did not."""

    pairs: int = 0
    asked: int = 0
    model: str = ""
    dropped: Counter[str] = field(default_factory=Counter)  # answers
    without: Counter[str] = field(default_factory=Counter)  # pairs, by what became of the last answer
    left_alone: Counter[str] = field(default_factory=Counter)  # pairs
    why: str | None = None  # of an answer that is missing

    def lines(self) -> list[str]:
        """Return what a user reads when the pairs are written."""
        others = ", ".join([*_listed(self.without, REASONS, "last answer "), *_listed(self.left_alone, {})])
        got = f"{self.asked} of {self.pairs} pairs got a question, written by {self.model}"
        found = [f"{got}; others: {others}" if others else got]
        if self.dropped:
            found.append(f"answers left out: {', '.join(_listed(self.dropped, REASONS))}")
        return found + ([f"first reason for a missing answer: {self.why}"] if self.why else [])


def _listed(counts: Counter[str], names: dict[str, str], what: str = "") -> list[str]:
    return [f"{count} {what}{names.get(key, key)}" for key, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def generate(
    sources: Sequence[str | Path],
    *,
    lm: str | None = None,
    seed: int = 0,
    temperature: float = TEMPERATURE,
    max_tokens: int = MAX_TOKENS,
    alone: bool = False,
    backend: str = "auto",
    base_url: str | None = None,
    max_requests: int | None = None,
    dtype: str = "float32",
    device: str | None = None,
    journal: Path | None = None,
    coverage: Coverage | None = None,
    track: Track = silent,
) -> list[Pair]:
    """Return the pairs of a file, each with a question by a language model as its `relevant` query where one passes.

    `lm` writes (`backend` to `device` say how it is loaded), at most `max_tokens` tokens, drawn at `temperature` from `seed`. `alone`
    takes the glosses from pairs that got a question, since probes ask with glosses where there are some. `journal` is the file of
    answers, from which the work goes on. `InputError` for what cannot be used; no question that passes is a warning.
    """
    if len(sources) != 1:
        raise InputError(f"queries takes one pair file; found {len(sources)}")
    if not lm:
        raise InputError("queries needs a language model that writes; name one with --lm")
    loading = Loading(backend=backend, base_url=base_url, max_requests=max_requests, dtype=dtype, device=device)
    asking = Asking(lm=lm, k=DRAWS, seed=seed, temperature=temperature, max_tokens=max_tokens, loading=loading)
    coverage = Coverage() if coverage is None else coverage
    pairs, stated = list(read_pairs(sources[0])), asking.stated()
    coverage.pairs, coverage.model = len(pairs), stated["model"]
    tasks = [_task(pair, coverage) for pair in pairs]
    with only_writer(journal):
        kept = Journal(journal, stated, (QUESTION,))
        _ask([task for task in tasks if task is not None], asking, kept, track)
        made = _with_questions(pairs, tasks, kept, coverage, alone)
    if not coverage.asked:
        log.warning("%s: no pair got a question by %s; the counts say why", sources[0], coverage.model)
    return made


def _task(pair: Pair, coverage: Coverage) -> Task | None:
    """Return what to ask for a pair; None, and counted, where it has queries of its own or nothing can be shown."""
    if pair.queries.get("relevant") and _kinds(pair).get("relevant") not in (CONTEXT, BY_MODEL):
        coverage.left_alone[OWN_QUERIES] += 1
        return None
    text, share, words = common_text(pair.high, pair.low, pair.language)
    text = _WORD.sub(lambda found: GAP if _kin([found[0].casefold()], words, pair.language) else found[0], text)
    shown = text if share >= MIN_COMMON and content_words(text, pair.language) else pair.meta.get("original")
    if not isinstance(shown, str) or not content_words(shown, pair.language):
        coverage.left_alone[NOTHING_TO_SHOW] += 1
        return None
    return Task(shown, words, pair.language)


def common_text(high: str, low: str, language: str = "en") -> tuple[str, float, tuple[str, ...]]:
    """Return what two forms have in common, with a gap for each difference, the share of their words in it, and the words that differ.

    The same with the forms the other way round. Of what differs, content words count, and other words where a difference has no other.
    """
    texts = sorted((high, low))
    spans = [list(_WORD.finditer(text)) for text in texts]
    sides = [[match[0].casefold() for match in found] for found in spans]
    text, end, common = "", 0, 0
    words: set[str] = set()
    for tag, i, j, k, m in difflib.SequenceMatcher(None, sides[0], sides[1], autojunk=False).get_opcodes():
        if tag == "equal":
            common += j - i
            continue
        start = spans[0][i].start() if i < j else spans[0][i - 1].end() if i else 0
        text += ARTICLE.sub("", texts[0][end:start]) + (GAP if i < j else f" {GAP}" if i else f"{GAP} ")
        end = spans[0][j - 1].end() if i < j else start
        for side in (sides[0][i:j], sides[1][k:m]):
            whole = tokens(" ".join(side), language)
            words.update(content_words(" ".join(side), language) or set(whole) - {"a", "an"})
    return text + texts[0][end:], 2 * common / max(1, len(sides[0]) + len(sides[1])), tuple(sorted(words))


def question_of(answer: str | None, shown: str) -> str:
    """Return the first question of an answer's first line, without labels and quotation marks."""
    line = (_LABEL.sub("", cleaned(answer, "")).strip().splitlines() or [""])[0]
    found = _QUESTION.match(line)
    return cleaned(found[0] if found else line, shown).strip(" \"“”'")


def fault(text: str, task: Task) -> str | None:
    """Return why a question cannot be asked of a pair, by a key of `REASONS`; None where nothing speaks against it."""
    own, content = tokens(text, task.language), content_words(text, task.language)
    if GAP in text or "..." in text:
        return "gap"
    if not content:
        return "no_answer"
    if not _QUESTION.fullmatch(text):
        return "no_question"
    if _kin(own, task.words, task.language):
        return "word"
    if _copies(own, content, task):
        return "copy"
    return "language" if other_language(text, task.language) is not None else None


def _kin(own: Sequence[str], words: Sequence[str], language: str) -> bool:
    """Tell whether a word of an answer is one of the words, is related to one, or has a base form in common with one: `bought`, `buy`."""
    if not set(own).isdisjoint(words) or shared_words(own, words):
        return True
    return language == "en" and not _bases(own).isdisjoint(_bases(words))


def _bases(words: Sequence[str]) -> set[str]:
    return {lemma for word in words for lemma in _lemmas(word)}


@lru_cache(maxsize=1 << 16)
def _lemmas(word: str) -> frozenset[str]:
    import lemminflect

    return frozenset({word, *(lemma for found in lemminflect.getAllLemmas(word).values() for lemma in found)})


def _copies(own: Sequence[str], content: Sequence[str], task: Task) -> bool:
    text = set(content_words(task.shown, task.language))
    inside = f" {' '.join(own)} " in f" {' '.join(tokens(task.shown, task.language))} "
    return inside or len(text & set(content)) > MAX_COPIED * len(text)


def _judged(task: Task, journal: Journal) -> Iterator[Candidate]:
    """Yield the answers to what a pair shows, with the question in each and why it is dropped."""
    for row in journal.of(task.shown):
        text = question_of(row.answer, task.shown)
        yield replace(row, text=text, rejected=fault(text, task))


def _ask(tasks: Sequence[Task], asking: Asking, journal: Journal, track: Track) -> None:
    """Have questions written for what has none that passes; no model is loaded where nothing is left to ask."""
    model: LanguageModel | None = None
    for draw in range(DRAWS):
        left = list(dict.fromkeys(task.shown for task in tasks if _lacks(task, journal, draw)))
        if not left:
            continue
        model = model or language_model(str(asking.lm), **asdict(asking.loading))
        show_progress(model, track)
        for part in track(chunks(left, TEXTS_AT_ONCE), f"{model.info.name}: write questions", len(left), unit="texts", size=len):
            journal.add_from(model, _answers(model, part, asking, draw))


def _lacks(task: Task, journal: Journal, draw: int) -> bool:
    """Tell whether a draw is to be made: it is not there, and none before it passes."""
    rows = [row for row in _judged(task, journal) if row.number <= draw]
    return all(row.rejected is not None for row in rows) and not any(row.number == draw and row.answer is not None for row in rows)


def _answers(model: LanguageModel, texts: Sequence[str], asking: Asking, draw: int) -> list[Candidate]:
    messages = [prompt(QUESTION, text) for text in texts]
    found = written(model, messages, n=1, max_tokens=asking.max_tokens, temperature=asking.temperature, seed=asking.seed * DRAWS + draw)
    return [
        Candidate(original=text, kind=QUESTION, number=draw, answer=answer, error=None if answer is not None else reason(model, message))
        for text, message, (answer,) in zip(texts, messages, found, strict=True)
    ]


def _with_questions(pairs: Sequence[Pair], tasks: Sequence[Task | None], journal: Journal, coverage: Coverage, alone: bool) -> list[Pair]:
    """Return the pairs with what was written for them, and write the file of answers anew with what became of each."""
    made: list[Pair] = []
    rows: dict[tuple[str, int], Candidate] = {}
    used: dict[tuple[str, str, int], list[str]] = {}
    for pair, task in zip(pairs, tasks, strict=True):
        own = [] if task is None else list(_judged(task, journal))
        taken = next((row for row in own if row.rejected is None), None)
        for row in own:
            if rows.get((row.original, row.number), row).rejected is not None or row.rejected is None:
                rows[row.original, row.number] = row  # of several pairs that show one text, what one of them takes
        for row in own if taken is None else own[: own.index(taken)]:
            coverage.dropped[str(row.rejected)] += 1
            coverage.why = coverage.why or row.error
        if taken is not None:
            arms = used.setdefault((taken.original, QUESTION, taken.number), [])
            arms.extend([pair.arm] if pair.arm not in arms else [])
            coverage.asked += 1
        elif own:
            coverage.without[str(own[-1].rejected)] += 1
        made.append(pair if taken is None else _asked(pair, taken.text, coverage.model, alone))
    journal.finish(rows.values(), used)
    return made


def _kinds(pair: Pair) -> Mapping[str, Any]:
    found = pair.meta.get("questions")
    return found if isinstance(found, Mapping) else {}


def _asked(pair: Pair, question: str, model: str, alone: bool) -> Pair:
    def stays(name: str) -> bool:
        return not (alone and name.startswith("gloss_"))

    queries: dict[str, Any] = {name: value for name, value in pair.queries.items() if stays(name)}
    kinds = {name: kind for name, kind in _kinds(pair).items() if stays(name)}
    meta = {**pair.meta, "questions": {**kinds, "relevant": BY_MODEL}, "written_by": model}
    return pair.replace(queries={**queries, "relevant": [question]}, meta=meta)
