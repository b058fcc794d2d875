"""Task items from bundled templates: problems with gold answers whose slots are filled in four wordings.

A row of `data/tasks/words.jsonl` has four words that say the same in the slots that use it; a row of `data/tasks/<family>.jsonl` is a
sentence with slots, its numbers and its answer. Numbers, options and answer are the same in every form. See `data/tasks/DATASHEET.md`.
"""

import ast
import json
import operator
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from freqbias.frequency import tokens, word_zipf
from freqbias.paraphrases.task_slots import SLOT, filled
from freqbias.paraphrases.words import shared_words
from freqbias.tasks.items import TaskItem
from freqbias.terms import COMMONSENSE, FORMS, HIGH, LOW, MATH, ORIGINAL, PLACEBO

FAMILIES = (MATH, COMMONSENSE)  # whose items are problems; those of the others are in `task_rows`
MIN_GAP, MAX_PLACEBO_GAP = 1.0, 0.3  # Zipf, of the two words of a slot
MINSLOTS = 3
OPTIONS = 5
LENGTH_LEAN, PLACEBO_LEAN = 0.1, 0.03  # characters an item; Zipf a slot: means over a family, either side of zero
SOURCE, LICENCE = "freqbias", "CC BY 4.0"
Row = Mapping[str, Any]

_OPERATIONS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}


@dataclass(frozen=True, kw_only=True)
class SlotWords:
    """Four words of one meaning and inflection; `base` is the lemma of `high`, by which inflected rows belong together."""

    id: str
    pos: str
    base: str
    high: str
    low: str
    original: str
    placebo: str

    def word(self, form: str) -> str:
        """Return the word that stands in a form."""
        return str(getattr(self, form))


@cache
def slot_words() -> Mapping[str, SlotWords]:
    """Return the bundled words of slots by id."""
    return {row["id"]: SlotWords(**row) for row in _rows("words")}


@cache
def template_rows(family: str) -> tuple[Row, ...]:
    """Return the rows of a family as they stand in its file."""
    return _rows(family)


def _rows(name: str) -> tuple[Row, ...]:
    text = files("freqbias.paraphrases").joinpath("data", "tasks", f"{name}.jsonl").read_text(encoding="utf-8")
    return tuple(map(json.loads, text.splitlines()))


def task_items(family: str) -> list[TaskItem]:
    """Return the items of a family in all forms, in the order of its file."""
    return [task_item(row) for row in template_rows(family)]


def task_item(row: Row) -> TaskItem:
    """Return a template row as an item with all four forms."""
    forms = {form: fill(row, form) for form in FORMS}
    return TaskItem(
        id=row["id"],
        family=row["family"],
        source=SOURCE,
        licence=LICENCE,
        question=forms[ORIGINAL],
        options=row.get("options", []),
        answer=row["answer"],
        forms=forms,
        meta={"template": row["template"], "slots": row["slots"], "numbers": row["numbers"]},
    )


def fill(row: Row, form: str, words: Mapping[str, SlotWords] | None = None) -> str:
    """Return the text of a row in a form, with its slots and numbers filled in."""
    known = slot_words() if words is None else words
    values = {name: known[id_].word(form) for name, id_ in row["slots"].items()}
    return filled(row["text"], values | {name: str(number) for name, number in row["numbers"].items()})


def value(expression: str, numbers: Mapping[str, int]) -> int:
    """Return what whole numbers and names joined by `+ - * /` and brackets amount to; `ValueError` on anything else or a remainder."""

    def amount(node: ast.AST) -> int:
        match node:
            case ast.Expression(body=body):
                return amount(body)
            case ast.Constant(value=int(number)):
                return number
            case ast.Name(id=name) if name in numbers:
                return numbers[name]
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                whole, rest = divmod(amount(left), amount(right))
                if rest:
                    raise ValueError(f"{expression}: not a whole number with {dict(numbers)}")
                return whole
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
                return _OPERATIONS[type(op)](amount(left), amount(right))
        raise ValueError(f"{expression}: {ast.unparse(node)} is not arithmetic of known numbers")

    return amount(ast.parse(expression, mode="eval"))


def word_faults(words: SlotWords) -> list[str]:
    """Return what is wrong with a row of words: gaps outside their bounds, words that wordfreq lacks, a placebo that is the original."""
    zipf = {form: word_zipf(words.word(form), "en") for form in FORMS}
    unknown = [form for form in FORMS if zipf[form] is None]
    if unknown:
        return [f"{words.id}: no frequency of {', '.join(unknown)}"]
    level = {form: round(found, 2) for form, found in zipf.items() if found is not None}  # wordfreq gives two decimals
    faults = []
    if round(level[HIGH] - level[LOW], 2) < MIN_GAP:
        faults.append(f"{words.id}: gap under {MIN_GAP}")
    if round(abs(level[ORIGINAL] - level[PLACEBO]), 2) > MAX_PLACEBO_GAP:
        faults.append(f"{words.id}: placebo gap over {MAX_PLACEBO_GAP}")
    if not all(level[LOW] <= level[form] <= level[HIGH] for form in (ORIGINAL, PLACEBO)):
        faults.append(f"{words.id}: original or placebo outside high and low")
    if words.original == words.placebo:
        faults.append(f"{words.id}: the placebo is the original")
    return faults


def slot_faults(row: Row, words: Mapping[str, SlotWords] | None = None) -> list[str]:
    """Return what is wrong with the slots of a row: too few, unused, or a word that is also in another slot, the text or the options."""
    known = slot_words() if words is None else words
    names = {found["name"] for found in SLOT.finditer(row["text"])}
    faults = [] if len(set(row["slots"].values())) >= MINSLOTS else [f"{row['id']}: fewer than {MINSLOTS} slots"]
    if names != {*row["slots"], *row["numbers"]}:
        faults.append(f"{row['id']}: names of the text are not those of slots and numbers")
    own = {name: [known[id_].word(form) for form in FORMS] for name, id_ in row["slots"].items()}
    rest = [SLOT.sub(" ", row["text"]), *row.get("options", [])]
    for name, forms in own.items():
        others = [word for other, found in own.items() if other != name for word in found]
        shared = shared_words(forms, [*others, *rest]) + _same(forms, [*others, *rest])
        faults += [f"{row['id']}: {first} of slot {name} beside {second}" for first, second in shared]
    return faults


def _same(forms: Iterable[str], texts: Iterable[str]) -> list[tuple[str, str]]:
    """Return the words that stand in both as they are, function words too, which `shared_words` leaves out."""
    return [(word, word) for word in sorted({*forms} & {token for text in texts for token in tokens(text)})]


def answer_faults(row: Row) -> list[str]:
    """Return what is wrong with the answer of a row: not what its expression gives, or no one of five different options."""
    if row["family"] == MATH:
        right = str(value(row["expression"], row["numbers"]))
        faults = [] if row["answer"] == right else [f"{row['id']}: the answer is {right}"]
        if row["answer"] in map(str, row["numbers"].values()):
            faults.append(f"{row['id']}: the answer stands in the text")
        return faults
    options = row["options"]
    fair = len(set(options)) == len(options) == OPTIONS and row["answer"] in range(OPTIONS)
    return [] if fair else [f"{row['id']}: not one answer of {OPTIONS} options"]


def length_lean(items: Iterable[TaskItem], more: str, less: str) -> float:
    """Return by how many characters one form is longer than another, the mean over items."""
    return statistics.mean(len(item.forms[more]) - len(item.forms[less]) for item in items)


def zipf_lean(rows: Iterable[Row], more: str, less: str) -> float:
    """Return by how many Zipf the words of one form are more frequent than those of another, the mean over slots."""
    known = slot_words()
    used = [known[id_] for row in rows for id_ in row["slots"].values()]
    return statistics.mean((word_zipf(own.word(more), "en") or 0) - (word_zipf(own.word(less), "en") or 0) for own in used)
