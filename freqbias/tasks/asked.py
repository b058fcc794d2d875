"""A task as a pair holds it: the item, the prompt that its two wordings are put in, and the answers that are scored."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from freqbias.errors import InputError
from freqbias.models.labels import behind
from freqbias.records import Pair
from freqbias.tasks.calls import check_tools
from freqbias.tasks.candidates import gold_texts, wrong_texts
from freqbias.tasks.items import TaskItem
from freqbias.tasks.prompts import TaskPrompt
from freqbias.terms import MATH, ORIGINAL_SIDE, PROMPT, SIDES, TASK, TOOLS

_KEPT = ("family", "source", "licence", "options", "answer", "meta")  # fields of an item that are the same in every wording


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked with a pair: `item` (its question is the frequent form), `prompt`, and the texts of right and wrong answers."""

    item: TaskItem
    prompt: TaskPrompt
    gold: Sequence[str]
    wrong: Sequence[str]
    original_side: str | None = None

    @property
    def chance(self) -> float:
        """How often guessing is right: 0 where an answer is free."""
        return 1 / len(self.item.options) if self.item.options else 0.0

    @property
    def name(self) -> str:
        """What the prompt is called in rows: a target language is part of what is asked."""
        to = self.item.meta.get("to")
        return f"{self.prompt.name}-{to}" if to else self.prompt.name

    def written(self, answer: str) -> str:
        """Return an answer as it goes on behind the start; a number ends with a full stop, so that 4 is not the beginning of 42."""
        stop = "." if self.item.family == MATH and not self.item.options else ""
        return behind(self.prompt.start, f"{answer}{stop}")


def asking(item: TaskItem, prompt: TaskPrompt, other: TaskItem | None = None, original_side: str | None = None) -> dict[str, Any]:
    """Return the fields of `meta` that make a pair a task; `other` is an item of another content, for wrong translations."""
    row = {name: value for name, value in item.to_dict().items() if name in _KEPT}
    meta = {key: value for key, value in item.meta.items() if key in ("to", "tools", "package")}
    fields = {**row, "meta": meta, "gold": gold_texts(item), "wrong": wrong_texts(item, other)}
    return {TASK: fields, PROMPT: msgspec.structs.asdict(prompt), **({ORIGINAL_SIDE: original_side} if original_side else {})}


def asked_of(pair: Pair) -> Asked | None:
    """Return the task of a pair; None for one that is none. `InputError` names the pair and the field that does not fit."""
    task, prompt = pair.meta.get(TASK), pair.meta.get(PROMPT)
    if task is None:
        return None
    try:
        if not isinstance(task, Mapping):
            raise InputError("must be an object")
        item = TaskItem.from_dict({"id": pair.item, "question": pair.high, **{name: task[name] for name in _KEPT if name in task}})
        _check_meta(item)
        gold, wrong = (_texts(task.get(name), name) for name in ("gold", "wrong"))
        _check_gold(item, gold)
        gold = gold or gold_texts(item)
        if both := [text for text in wrong if text.strip() in {right.strip() for right in gold}]:
            raise InputError(f"wrong: {both[0]!r} is among the right answers")
    except InputError as error:
        raise InputError(f"pair '{pair.id}': meta.{TASK}: {error}") from error
    try:
        asked = TaskPrompt.from_dict(prompt)
        asked.check_fits(item)
    except InputError as error:
        raise InputError(f"pair '{pair.id}': meta.{PROMPT}: {error}") from error
    side = pair.meta.get(ORIGINAL_SIDE)
    if side is not None and side not in SIDES:
        raise InputError(f"pair '{pair.id}': meta.{ORIGINAL_SIDE} must be one of {', '.join(SIDES)}, found {side!r:.60}")
    return Asked(item=item, prompt=asked, gold=gold, wrong=wrong, original_side=side)


def _check_gold(item: TaskItem, gold: Sequence[str]) -> None:
    """Raise `InputError` where another option is the right one too, or the right texts that are given are another letter's."""
    if not item.options:
        return
    if item.is_right_twice:
        raise InputError(f"options: the right one, {item.options[item.answer]!r:.60}, stands there twice; leave one out")
    if gold and list(gold) != gold_texts(item):
        raise InputError(f"gold: {gold[0]!r:.60} is not the letter of 'answer', {gold_texts(item)[0]}; leave it out")


def _check_meta(item: TaskItem) -> None:
    """Raise `InputError` for a target language or for functions that cannot be asked with."""
    to = item.meta.get("to")
    if to is not None and not (isinstance(to, str) and to.strip()):
        raise InputError(f"meta.to must be a language code, found {to!r:.60}")
    if (item.family == TOOLS and not item.options) or item.meta.get("tools") is not None:
        check_tools(item.meta.get("tools"))


def _texts(value: Any, name: str) -> list[str]:
    if value is not None and not (isinstance(value, list) and all(isinstance(each, str) and each.strip() for each in value)):
        raise InputError(f"{name} must be a list of texts")
    return value or []
