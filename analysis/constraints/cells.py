"""The cells of the table: a word, a number in natural units with its interval, and the same by wording, from the estimates of a run."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freqbias.analysis.constraints.claims import Claim, Place, say
from freqbias.analysis.constraints.words import UNMEASURED, UNTOLD, Word, blocked, word_of
from freqbias.analysis.report.formatting import number
from freqbias.files import read_estimates
from freqbias.records import Estimate
from freqbias.terms import CONSTANT, UNMOVED


@dataclass(frozen=True, kw_only=True)
class Model:
    """A column: the name that a user gave, how rows call it, and what it does with two texts."""

    given: str
    kind: str
    name: str
    architecture: str


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What became of one probe on one model: the folder of its run, or why there is none."""

    model: Model
    probe: str
    folder: Path | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A number in the unit of its claim, with its interval where it has one, and the word for that."""

    value: float
    low: float | None
    high: float | None
    word: Word | None

    def text(self, claim: Claim, *, level: bool = False) -> str:
        """Return the number with its interval, without its unit, or as a level with it."""
        signed = claim.number.signed and not level
        ends = "" if self.low is None or self.high is None else f" [{number(self.low, signed)}, {number(self.high, signed)}]"
        unit = f" {claim.number.level}" if level and claim.number.level else ""
        return f"{number(self.value, signed)}{ends}{unit}"

    def document(self) -> dict[str, Any]:
        """Return what the JSON report holds of it."""
        word = None if self.word is None else say("words", self.word.word)
        return {"value": self.value, "ci_low": self.low, "ci_high": self.high, "word": word}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What one model shows of one claim. `frequent` and `rare` are the number by wording, where it was measured so."""

    claim: Claim
    model: Model
    word: Word
    reason: str | None = None
    shown: Shown | None = None
    frequent: Shown | None = None
    rare: Shown | None = None
    items: int = 0
    failed: int = 0
    folder: Path | None = None

    @property
    def short(self) -> str:
        """The word alone."""
        return say("words", self.word.word)

    @property
    def why(self) -> str:
        """The reason why there is no other word, or the words that are left; empty where one was said."""
        return self.reason or " or ".join(say("words", word) for word in self.word.left)

    @property
    def said(self) -> str:
        """The word, with the words that are left or the reason behind it."""
        return say("report", "reason", word=self.short, reason=self.why) if self.why else self.short

    @property
    def number(self) -> str:
        """The number with its interval and unit; empty where there is none."""
        return "" if self.shown is None else f"{self.shown.text(self.claim)} {self.claim.number.unit}"

    @property
    def notes(self) -> list[str]:
        """The number by wording, and how many items it rests on."""
        if self.shown is None:
            return []
        explicit = self.claim.rare is not None
        lines = []
        for name, own in (("frequent", self.frequent), ("rare", self.rare)):
            if own is None or (explicit and name == "frequent"):
                continue
            text = own.text(self.claim, level=not explicit)
            worded = own.word is not None and own.word.word != self.word.word
            words = say("words", own.word.word) if own.word is not None else ""
            lines.append(say("report", "rare_word" if worded else name, number=text, word=words))
        lines.append(say("report", "items", count=self.items))
        return [*lines, say("report", "failed", count=self.failed)] if self.failed else lines

    def document(self, out: Path) -> dict[str, Any]:
        """Return what the JSON report holds of it; the run's folder relative to the report's."""
        return {
            "model": self.model.name,
            "word": say("words", self.word.word),
            "words_left": [say("words", word) for word in self.word.left],
            "reason": self.reason,
            "value": None if self.shown is None else self.shown.value,
            "ci_low": None if self.shown is None else self.shown.low,
            "ci_high": None if self.shown is None else self.shown.high,
            "unit": self.claim.number.unit,
            "frequent_wording": None if self.frequent is None else self.frequent.document(),
            "rare_wording": None if self.rare is None else self.rare.document(),
            "items": self.items,
            "failed_rows": self.failed,
            "run": None if self.folder is None else self.folder.relative_to(out).as_posix(),
        }


def cell_of(claim: Claim, measured: Measured, estimates: Iterable[Estimate] | None = None) -> Cell:
    """Return the cell of a claim for a model; `estimates` are those of its run, by default read from its folder."""
    model = measured.model
    if claim.only and model.architecture not in claim.only:
        return Cell(claim=claim, model=model, word=Word(word=UNMEASURED), reason=say("reasons", "not_asked"))
    if measured.reason is not None or measured.folder is None or claim.headline is None:
        return Cell(claim=claim, model=model, word=Word(word=UNMEASURED), reason=measured.reason or say("reasons", "no_estimate"))
    rows = list(read_estimates(measured.folder) if estimates is None else estimates)
    row = _at(rows, claim, claim.headline, model)
    if row is None or row.value is None:
        reason = (row.details.get("reason") if row is not None else None) or say("reasons", "no_estimate")
        return Cell(claim=claim, model=model, word=Word(word=UNMEASURED), reason=reason, folder=measured.folder)
    return _measured_cell(claim, model, row, rows, measured.folder)


def _measured_cell(claim: Claim, model: Model, row: Estimate, rows: list[Estimate], folder: Path) -> Cell:
    levels = None if row.high_mean is None or row.low_mean is None else (row.high_mean, row.low_mean)
    shown = _shown(claim, row, model)
    frequent, rare = (None, None) if levels is None else [_level(claim, value) for value in levels]
    if claim.rare is not None:
        other = _at(rows, claim, claim.rare, model)
        frequent, rare = shown, None if other is None or other.value is None else _shown(claim, other, model)
    reason = blocked(claim, levels) or (
        "no_interval" if shown.word is None else "no_spread" if {CONSTANT, UNMOVED} & {*row.flags} else None
    )
    return Cell(
        claim=claim,
        model=model,
        word=Word(word=UNTOLD) if reason or shown.word is None else shown.word,
        reason=None if reason is None else say("reasons", reason),
        shown=shown,
        frequent=frequent,
        rare=rare,
        items=row.n_items,
        failed=row.n_failed,
        folder=folder,
    )


def _at(rows: list[Estimate], claim: Claim, place: Place, model: Model) -> Estimate | None:
    key = (model.name, claim.probe, place.measure, place.contrast, place.arm, place.term)
    return next((row for row in rows if row.key == key), None)


def _shown(claim: Claim, row: Estimate, model: Model) -> Shown:
    """Return an estimate as it is shown, and the word for it; the word is found with the sign of the claim."""
    scale, ends = claim.number.scale, (row.ci_low, row.ci_high)
    word = None
    if ends[0] is not None and ends[1] is not None:
        low, high = sorted((claim.sign * ends[0], claim.sign * ends[1]))
        word = word_of(low, high, claim.limits, model.architecture, claim.about)
    low_shown, high_shown = (None if end is None else scale * end for end in ends)
    return Shown(value=scale * float(row.value or 0.0), low=low_shown, high=high_shown, word=word)


def _level(claim: Claim, value: float) -> Shown:
    return Shown(value=claim.number.scale * value, low=None, high=None, word=None)
