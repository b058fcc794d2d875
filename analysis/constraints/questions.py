"""The two open questions: whether verifiers inherit the recall stage's gap, and whether training shrinks the gap or only the margin.

Both hold two runs over the same pairs against each other, item by item (`estimate.compare`). The gap is what rare wording of the right
text costs in probe `inversion`. The first is about models that read both texts together, beside those that read them apart; the second
about two checkpoints that a user names. What cannot be asked of the models at hand stays open, with the command that would answer it.
"""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from freqbias.analysis.constraints.cells import Cell
from freqbias.analysis.constraints.claims import PAIR, Limits, say
from freqbias.analysis.constraints.words import UNMEASURED
from freqbias.analysis.estimate.compare import compare
from freqbias.analysis.report.formatting import number
from freqbias.errors import InputError
from freqbias.records import Estimate
from freqbias.terms import FREQUENCY, OF_MARGIN, QUALITY, RUN_DIFFERENCE, RUN_QUALITY, RUN_RELATIVE, WIN_RATE

GAP_CLAIM = "exact-loses"  # whose cells hold the gap that both questions are about
PROBE, CONTRAST = "inversion", "exact_form"
PERCENT = 100

Ends = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer: a word of the group `questions`, and what it rests on."""

    word: str
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question with an answer for each two models that could be asked; without one it is open, and `command` would answer it."""

    name: str
    answers: tuple[Answer, ...]
    command: tuple[str, ...]

    @property
    def title(self) -> str:
        """The question."""
        return say("questions", self.name)

    @property
    def limit(self) -> str:
        """What an answer does not say."""
        return say("questions", f"{self.name}_limit")

    @property
    def lines(self) -> list[tuple[str, list[str]]]:
        """Each answer as its word and sentences."""
        if self.answers:
            return [(say("questions", own.word), list(own.lines)) for own in self.answers]
        command = say("report", "command", command=f"`{shlex.join(self.command)}`")
        return [(say("questions", "open"), [say("questions", f"{self.name}_open"), command])]

    def document(self) -> dict[str, Any]:
        """Return what the JSON report holds of it."""
        answers = [{"answer": word, "sentences": lines} for word, lines in self.lines]
        return {"question": self.title, "answers": answers, "limit": self.limit, "command": None if self.answers else list(self.command)}


def questions(cells: Sequence[Cell], before: str | None, after: str | None) -> list[Question]:
    """Return both questions, answered where the cells of the gap allow; `before` and `after` are how the user named two checkpoints."""
    own = [cell for cell in cells if cell.claim.name == GAP_CLAIM and cell.folder is not None and cell.word.word != UNMEASURED]
    apart = [cell for cell in own if cell.model.architecture in cell.claim.about]
    together = [cell for cell in own if cell.model.architecture == PAIR]
    found = {cell.model.given: cell for cell in own}
    couples = [(found[before], found[after])] if before in found and after in found and before != after else []
    base = ("freqbias", "constraints")
    return [
        Question(
            name="verifiers",
            answers=tuple(_inherited(first, second) for first in apart for second in together),
            command=(*base, "--embedder", "minilm", "--embedder", "cross:YOUR/RERANKER", "--out", "OUT"),
        ),
        Question(
            name="training",
            answers=tuple(_trained(*couple) for couple in couples),
            command=(*base, "--before", "BASE", "--after", "TUNED", "--out", "OUT"),
        ),
    ]


def inherits(first: Ends, second: Ends, difference: Ends, limits: Limits) -> str:
    """Return whether a second model has the gap of a first one, from three intervals of gaps and of second - first."""
    if first[0] <= 0:
        return "untold"
    if second[1] < limits.absent:
        return "no"
    if second[0] <= 0:
        return "untold"
    return "part" if difference[1] < 0 else "yes"


def shrinks(before: Ends, gap: Ends, margin: Ends, relative: Ends) -> str:
    """Return what training shrank, from the interval of the gap before, and of the changes of gap, margin and gap ÷ margin.

    `gap`: it is smaller also as a share of the margin. `margin`: gap and margin are smaller, the share is not shown to be. `neither`: the
    gap is not smaller, or is larger as a share of the margin.
    """
    if before[0] <= 0:
        return "untold"
    if relative[0] > 0 or gap[0] > 0:
        return "neither"
    if gap[1] < 0 and relative[1] < 0:
        return "gap"
    if gap[1] < 0 and margin[1] < 0:
        return "margin"
    return "untold"


def _inherited(first: Cell, second: Cell) -> Answer:
    names = {"first": first.model.name, "second": second.model.name}
    if first.reason or second.reason:
        return Answer(word="untold", lines=tuple(_blocked(first, second)))
    rows, fault = _compared(first, second, names)
    row = next((row for row in rows if (row.measure, row.term) == (WIN_RATE.name, RUN_DIFFERENCE)), None)
    gaps = [_ends(cell.shown.low, cell.shown.high) for cell in (first, second) if cell.shown is not None]
    if row is None or fault or None in gaps or _of(row) is None:
        return Answer(word="untold", lines=(fault or say("questions", "not_compared", **names, reason=say("reasons", "no_interval")),))
    limits = first.claim.limits
    own = [(low / PERCENT, high / PERCENT) for low, high in (ends for ends in gaps if ends is not None)]
    word = inherits(own[0], own[1], _of(row) or (0.0, 0.0), limits)
    texts = [cell.shown.text(cell.claim) for cell in (first, second) if cell.shown is not None]
    line = say("questions", "pair", **names, first_gap=texts[0], second_gap=texts[1], difference=_size(row, PERCENT))
    more = (say("questions", "no_gap", **names),) if own[0][0] <= 0 else ()
    return Answer(word=word, lines=(line, *more))


def _trained(first: Cell, second: Cell) -> Answer:
    names = {"first": first.model.name, "second": second.model.name}
    rows, fault = _compared(first, second, names)
    gap = _row(rows, RUN_DIFFERENCE)
    relative, margin = (_row(rows, term, None if gap is None else gap.measure) for term in (RUN_RELATIVE, RUN_QUALITY))
    found = [None if row is None else _of(row) for row in (gap, margin, relative)]
    if fault or gap is None or margin is None or relative is None or None in found or first.shown is None:
        return Answer(word="untold", lines=(fault or say("questions", "not_compared", **names, reason=say("reasons", "no_estimate")),))
    before = _ends(first.shown.low, first.shown.high) or (0.0, 0.0)
    changes = [ends for ends in found if ends is not None]
    word = shrinks(before, changes[0], changes[1], changes[2])
    sizes = {"gap": _size(gap), "margin": _size(margin), "relative": _size(relative)}
    more = (say("questions", "no_gap_before", **names),) if before[0] <= 0 else ()
    return Answer(word=word, lines=(say("questions", "change", **names, **sizes), *more))


def _blocked(*cells: Cell) -> Iterator[str]:
    for cell in cells:
        if cell.reason:
            yield say("questions", "no_word", second=cell.model.name, reason=cell.reason)


def _compared(first: Cell, second: Cell, names: dict[str, str]) -> tuple[list[Estimate], str | None]:
    """Return what the frequency arm of two runs differs by in the contrast of the gap, or why they cannot be compared."""
    try:
        rows = compare(str(first.folder), str(second.folder), a=[first.model.name], b=[second.model.name])
    except InputError as error:
        return [], say("questions", "not_compared", **names, reason=error)
    return [row for row in rows if (row.probe, row.contrast, row.arm) == (PROBE, CONTRAST, FREQUENCY)], None


def _row(rows: Sequence[Estimate], term: str, measure: str | None = None) -> Estimate | None:
    """Return a change in the model's own measure; of quality the margin."""
    own = (row for row in rows if row.term == term and row.measure != WIN_RATE.name and measure in (None, row.measure))
    return next((row for row in own if term != RUN_QUALITY or row.details.get(QUALITY) == OF_MARGIN), None)


def _ends(low: float | None, high: float | None) -> Ends | None:
    return None if low is None or high is None else (low, high)


def _of(row: Estimate) -> Ends | None:
    return _ends(row.ci_low, row.ci_high)


def _size(row: Estimate, scale: float = 1) -> str:
    value, low, high = (None if part is None else scale * part for part in (row.value, row.ci_low, row.ci_high))
    return f"{number(value)} [{number(low)}, {number(high)}]"
