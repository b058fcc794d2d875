r"""Judge what a model wrote against the gold answer of a task: right, wrong, or not readable, with the reason.

What cannot be read is never wrong and never right. An answer is looked for where a mark says that it stands: `####`, `Answer:`,
`\boxed{}`, or, where there is none of these, a sentence "the answer is". What follows a prompt that ends in such a mark is read from its
start, `marked=False`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from freqbias.errors import InputError
from freqbias.tasks.calls import matches, read_calls
from freqbias.tasks.items import TaskItem
from freqbias.tasks.numbers import UNITS, Number, number, same
from freqbias.terms import MATH, TOOLS

EMPTY = "no text"
NO_MARK = "no marked final answer"
SEVERAL_MARKS = "marked final answers that differ"
OPEN_BOX = "a box that is not closed"
NO_LETTER = "no letter of an option"
SEVERAL_LETTERS = "letters of several options"
NO_SUCH_OPTION = "a letter that no option has"
TWO_OPTIONS = "the letter of one option with the text of another"

#: A line that begins with it, and GSM8K's own mark; where there is none, a sentence that says so.
_MARK = re.compile(r"####|^[\s*_#>-]*(?:final\s+)?answer\s*(?:\*\*|__)?\s*:", re.IGNORECASE | re.MULTILINE)
_SENTENCE = re.compile(r"\banswer\s+is\b|\banswer\s*:", re.IGNORECASE)
_BESIDE = re.compile(r"\d|\b[A-Z]\b")
_UNIT = re.compile(r"[$\s]*(?:\\text\s*\{)?\s*(\\?%|[^\W\d_]+)")  # behind a box
_FILLER = re.compile(r"[\W_]*(?:(?:so|the|my|final|correct|therefore)[\W_]*)*", re.IGNORECASE)
_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_CHOICE = re.compile(
    r"(?:\((?P<a>[A-Z])\)|(?P<b>[A-Z])(?=[).:]|$)|(?:option|choice)\s+\(?(?P<c>[A-Z])\b)[).:]*\s*(?P<rest>.*)", re.DOTALL | re.IGNORECASE
)
_LETTER = re.compile(r"(?<![\w'])(?:\(([A-Za-z])\)|([A-Z])(?![\w']))")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What an answer is: `right` or not, None where it cannot be read, with the reason.

    `read` is what was read, for a person to look at. `arguments` are those of tool calls, each with whether it is right.
    """

    right: bool | None
    read: str | None = None
    reason: str | None = None
    arguments: dict[str, bool] = field(default_factory=dict)


def judged(item: TaskItem, text: str | None, *, marked: bool = True) -> Outcome:
    """Return whether a text answers an item; `InputError` for an item that is graded and not right or wrong, such as a translation."""
    if text is None or not text.strip():
        return Outcome(right=None, reason=EMPTY)
    if item.family == TOOLS and not item.options:
        return _called(item, text)
    if not item.options and item.family != MATH:
        raise InputError(f"item '{item.id}': a {item.family} is graded, not right or wrong")
    found, reason = marked_answers(text) if marked else ([_first_line(text)], None)
    outcomes = [_chosen(item, each) if item.options else _counted(item, each) for each in found]
    reason = reason or next((one.reason for one in outcomes if one.reason), None)
    if reason is not None:
        return Outcome(right=None, reason=reason)
    if len({(one.right, one.read) for one in outcomes}) > 1 and not all(one.right for one in outcomes):
        return Outcome(right=None, reason=SEVERAL_MARKS)
    return outcomes[0]


def tally(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """Return how many answers are `right` and `wrong`, and how many cannot be read, by reason."""
    names = {True: "right", False: "wrong"}
    return dict(Counter(one.reason or "" if one.right is None else names[one.right] for one in outcomes))


def marked_answers(text: str) -> tuple[list[str], str | None]:
    """Return every marked final answer of a text, or the reason why there is none: a line each, or what a box holds."""
    boxes, plain, place = [], "", 0
    for match in _BOX.finditer(text):
        end = _closing(text, match.end())
        if end is None:
            return [], OPEN_BOX
        if match.start() >= place:
            unit = _UNIT.match(text, end + 1)
            boxes.append(text[match.end() : end] + (f" {unit[1]}" if unit and unit[1].lower().lstrip("\\") in (*UNITS, "%") else ""))
            plain, place = plain + text[place : match.start()] + "\0", end + 1
    plain += text[place:]
    found = boxes + _behind(_MARK, plain) or _behind(_SENTENCE, plain)
    return (found, None) if found else ([], NO_MARK)


def _behind(pattern: re.Pattern[str], text: str) -> list[str]:
    """Return the line behind every mark, without those that say nothing and those of a box, unless another answer stands beside it."""
    marks = list(pattern.finditer(text))
    ends = [mark.start() for mark in marks] + [len(text)]
    lines = [_first_line(text[mark.end() : end]) for mark, end in zip(marks, ends[1:], strict=True)]
    lines = [line.replace("\0", " ") for line in lines if "\0" not in line or _BESIDE.search(line)]
    return [line for line in lines if not _FILLER.fullmatch(line)]


def _closing(text: str, start: int) -> int | None:
    """Return where the brace that was opened before `start` is closed; None where it is not."""
    depth = 1
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return place
    return None


def _first_line(text: str) -> str:
    """Return the first line that says anything."""
    return next((line.strip(" :\t") for line in text.splitlines() if line.strip(" :*_\t")), "")


def _counted(item: TaskItem, text: str) -> Outcome:
    found = number(text)
    if found.reason is not None:
        return Outcome(right=None, reason=found.reason)
    right, reason = same(found, number(item.answer))
    return Outcome(right=None if reason else right, read=_shown(found), reason=reason)


def _shown(found: Number) -> str:
    """Return a number as it is compared."""
    if found.pair:
        return ":".join(map(str, found.pair))
    return f"{found.value}{'%' if found.percent else ''}"


def _chosen(item: TaskItem, text: str) -> Outcome:
    place, reason = option(text, item.options)
    return Outcome(right=None, reason=reason) if place is None else Outcome(right=place == item.answer, read=letter_of(place))


def letter_of(place: int) -> str:
    """Return the letter of an option, counted from 0."""
    return chr(ord("A") + place)


def option(text: str, options: Sequence[str]) -> tuple[int | None, str | None]:
    """Return the place of the option that an answer names, by its letter or its whole text, or the reason why there is none.

    A letter counts where it stands alone or before `)`, `.` or `:`, so that the article "A" is none.
    """
    text = re.sub(r"\\text\s*\{([^{}]*)\}|[*_$`]", lambda found: found[1] or "", text).strip()
    texts = [_bare(each) for each in options]
    named = texts.index(_bare(text)) if texts.count(_bare(text)) == 1 else None
    match = _CHOICE.fullmatch(text)
    if match is None:
        return named, None if named is not None else SEVERAL_LETTERS if len(_letters(text)) > 1 else NO_LETTER
    place = ord((match["a"] or match["b"] or match["c"]).upper()) - ord("A")
    if place >= len(options):
        return named, None if named is not None else NO_SUCH_OPTION
    rest = _bare(match["rest"])
    if (named is not None and named != place) or (rest in texts and rest != texts[place]):
        return None, TWO_OPTIONS
    if rest != texts[place] and _letters(match["rest"]) & {letter_of(other) for other in range(len(options)) if other != place}:
        return None, SEVERAL_LETTERS
    return place, None


def _bare(text: str) -> str:
    return " ".join(text.split()).casefold().rstrip(".")


def _letters(text: str) -> set[str]:
    """Return the capitals of a text that may stand for options."""
    return {(first or second).upper() for first, second in _LETTER.findall(text)}


def _called(item: TaskItem, text: str) -> Outcome:
    tools: Any = item.meta.get("tools")
    if not tools:
        raise InputError(f"item '{item.id}': field 'meta.tools' is missing; write the functions that may be called")
    calls, reason = read_calls(text, tools)
    if reason is not None:
        return Outcome(right=None, reason=reason)
    right, arguments = matches(calls, item.answer)
    return Outcome(right=right, read=", ".join(call.name for call in calls), arguments=arguments)
