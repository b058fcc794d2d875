"""Whether a rewrite that a model wrote may stand for its text: the same checks for common and for uncommon words."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from freqbias.characters import normalised
from freqbias.errors import InputError
from freqbias.frequency import tokens
from freqbias.frequency.language import other_language
from freqbias.paraphrases.candidates import Candidate
from freqbias.paraphrases.checks import CHECKS
from freqbias.terms import ENTAILMENT, FREQUENCY

MIN_ENTAILMENT = 0.5  # probability; then it is likelier than all else together
#: Of the bundled pairs of arm `frequency`, whose forms differ in one word: as many have a lower score than a rewrite and its text may.
BELOW = 0.05
BUNDLED_PAIRS = 200  # that say what this is by an embedder: about .8 by MiniLM
#: What a model may put before its answer.
_LABEL = re.compile(
    r"^(?:(?:sure|certainly|okay|ok|of course)\b[,.!]*\s*)?"
    r"(?:here(?:'s|’s| is| are)\b[^\n:]*|(?:the )?(?:re)?(?:written|phrased)(?: text)?|rewrite|text)\s*:\s*",
    re.IGNORECASE,
)
_EMPTY_LINE = re.compile(r"\s*\n\s*\n\s*")
_QUOTES = (('"', '"'), ("“", "”"), ("'", "'"), ("‘", "’"), ("«", "»"), ("„", "“"))
_ENDS = tuple(".!?…。！？")
_CLOSING = " \"'”’»)]"
#: In the words of a summary, in the order in which they are looked for.
REASONS = {
    "no_answer": "without answer",
    "copy": "copies",
    "repeated": "repeated",
    "layout": "of other lines",
    "unfinished": "unfinished",
    "language": "in another language",
    "length_ratio": "over twice as long or short",
    "numbers_equal": "with other numbers",
    "negation_parity": "with another negation",
    "names_kept": "with other names",
    "quotes_kept": "with other quotations",
    "question_kept": "question or not",
    "articles_right": "with a wrong article",
    "meaning": "of another meaning",
}


def cleaned(answer: str | None, original: str) -> str:
    """Return an answer without the label and the quotation marks around its text, and without remarks after an empty line."""
    text = (answer or "").strip()
    if not _LABEL.match(original):
        text = _LABEL.sub("", text, count=1).strip()
    if not _EMPTY_LINE.search(original.strip()):
        text = _EMPTY_LINE.split(text, maxsplit=1)[0]
    for first, last in _QUOTES:
        around = text.startswith(first) and text.endswith(last) and len(text) > 1 and not original.strip().startswith(first)
        if around and first not in text[1:-1] and last not in text[1:-1]:
            return text[1:-1].strip()
    return text


def fault(text: str, original: str, language: str, seen: set[tuple[str, ...]]) -> str | None:
    """Return why a rewrite cannot stand for its text, by a key of `REASONS`; None where nothing speaks against it but its meaning.

    `seen` holds the words of the rewrites before it, and gets its own.
    """
    words, found = tuple(tokens(text, language)), None
    if not words:
        found = "no_answer"
    elif words == tuple(tokens(original, language)):
        found = "copy"
    elif words in seen:
        found = "repeated"
    elif "\n" in text and "\n" not in original.strip():
        found = "layout"
    elif original.rstrip(_CLOSING).endswith(_ENDS) and not text.rstrip(_CLOSING).endswith(_ENDS):
        found = "unfinished"
    elif other_language(text, language) is not None:
        found = "language"
    seen.add(words)
    return found or failed_check(text, original, language)


def failed_check(first: str, second: str, language: str) -> str | None:
    """Return the first of the pair checks (`freqbias.paraphrases.checks`) that two texts fail; of articles, those in `first`."""
    sides = normalised(first), normalised(second)
    for name, check in CHECKS.items():
        other = sides[0] if name == "articles_right" else sides[1]
        if check(sides[0], other, language) is False:
            return name
    return None


def judged(candidates: Iterable[Candidate], language: str) -> list[Candidate]:
    """Return the rewrites of one text with what the checks of words say; meaning comes after, for all texts at once."""
    seen: dict[str, set[tuple[str, ...]]] = {}
    found = []
    for row in candidates:
        text = cleaned(row.answer, row.original)
        found.append(replace(row, text=text, rejected=fault(text, row.original, language, seen.setdefault(row.kind, set()))))
    return found


class Meaning:
    """Says how alike two texts mean by a model of the suite: cosine of an embedder, else the lesser score of both directions.

    Two texts mean the same from `threshold` on: .5 of a probability of entailment, and by any other measure what all but `BELOW` of the
    bundled pairs reach, since what a cosine of .7 says differs from model to model.
    """

    def __init__(self, name: str, threshold: float | None = None):
        from freqbias.models import embedder
        from freqbias.models.relevance import as_scorer

        self._model: Any = embedder(name)
        self._scorer = as_scorer(self._model)
        self.name = name
        self.measure = "cosine" if hasattr(self._model, "encode") else self._scorer.measure
        self.threshold = self._usual() if threshold is None else threshold

    def _usual(self) -> float:
        from freqbias.paraphrases.lexicon import generate

        if self.measure == ENTAILMENT:
            return MIN_ENTAILMENT
        pairs = [pair for pair in generate(n=BUNDLED_PAIRS, seed=0) if pair.arm == FREQUENCY]
        found = float(np.quantile(self.similarities([(pair.high, pair.low) for pair in pairs]), BELOW))
        if not np.isfinite(found):
            raise InputError(f"embedder '{self.name}' has no score of bundled pairs to go by; give one with -o similarity=")
        return found

    def with_similarity(self, rows: Sequence[Candidate]) -> list[Candidate]:
        """Return the rewrites with their similarity to the original, those below the threshold rejected."""
        left = [row for row in rows if row.rejected is None]
        scores = iter(self.similarities([(row.original, row.text) for row in left]))
        return [self._told(row, next(scores)) if row.rejected is None else row for row in rows]

    def _told(self, row: Candidate, score: float) -> Candidate:
        known = score if np.isfinite(score) else None
        return replace(row, similarity=known, rejected=None if known is not None and known >= self.threshold else "meaning")

    def similarities(self, couples: Sequence[tuple[str, str]]) -> list[float]:
        """Return a number a couple; NaN where the model gives none."""
        if not couples:
            return []
        sides = [[couple[side] for couple in couples] for side in (0, 1)]
        if self.measure != "cosine":
            both = [self._scorer.scores(*sides), self._scorer.scores(*sides[::-1])]
            return [float(value) for value in np.minimum(*both)]
        vectors = [np.asarray(self._model.encode(side, role="document"), dtype=np.float64) for side in sides]
        with np.errstate(invalid="ignore", divide="ignore"):
            cosines = (vectors[0] * vectors[1]).sum(axis=1) / np.prod([np.linalg.norm(side, axis=1) for side in vectors], axis=0)
        return [float(value) for value in cosines]
