"""Answers to score: the gold ones of a task item as a model would write them, and wrong ones of the same kind."""

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from freqbias.tasks.answers import letter_of
from freqbias.tasks.items import TaskItem
from freqbias.tasks.numbers import number
from freqbias.terms import MATH, TRANSLATION

NEAR = (1, -1, 2, 10, -10)  # from the gold number: slips of counting and of a carry
MAX_WRONG = 6


def gold_texts(item: TaskItem) -> list[str]:
    """Return the right answers as texts: a letter, a number, the reference translations, or each right call as a line of JSON."""
    if item.options:
        return [letter_of(item.answer)]
    if item.family == MATH:
        return [str(item.answer)]
    if item.family == TRANSLATION:
        return list(item.answer)
    return [_written(call) for call in item.answer]


def wrong_texts(item: TaskItem, other: TaskItem | None = None) -> list[str]:
    """Return wrong answers of the kind of the right ones; empty where none can be made.

    Of options, the other letters; of a number, its neighbours and the numbers of the question; of a translation, the references of
    `other`, an item of another content; of a call, the same with one argument changed, and another function that can be called.
    """
    if item.options:
        return [letter_of(place) for place in range(len(item.options)) if place != item.answer]
    if item.family == MATH:
        return _other_numbers(item)
    if item.family == TRANSLATION:
        return [] if other is None else list(other.answer)
    return _other_calls(item)


def _other_numbers(item: TaskItem) -> list[str]:
    gold = number(item.answer)
    if gold.value is None or gold.pair or gold.value.denominator != 1:
        return []
    whole = int(gold.value)
    found = [whole + step for step in NEAR if whole + step >= 0]
    stated = [number(word.strip(".,?!()$")) for word in item.question.split()]
    found += [int(each.value) for each in stated if each.value is not None and not each.pair and Fraction(each.value).denominator == 1]
    return [str(each) for each in dict.fromkeys(found) if each != whole][:MAX_WRONG]


def _written(call: Mapping[str, Mapping[str, Sequence[Any]]], changed: Mapping[str, Any] | None = None) -> str:
    """Return a call as a line of JSON with the first accepted value of every argument that cannot be left out."""
    ((name, accepted),) = call.items()
    arguments = {key: values[0] for key, values in accepted.items() if "" not in values} | dict(changed or {})
    return json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)


def _other_calls(item: TaskItem) -> list[str]:
    call, tools = item.answer[0], {tool["name"]: tool for tool in item.meta.get("tools", ())}
    ((name, accepted),) = call.items()
    properties = tools.get(name, {}).get("parameters", {}).get("properties", {})
    texts = [values[0] for values in accepted.values() if isinstance(values[0], str)]
    found = []
    for key, values in accepted.items():
        others = [*properties.get(key, {}).get("enum", ()), _other_value(values[0]), *(texts if isinstance(values[0], str) else ())]
        wrong = next((other for other in others if other not in (None, "", *values)), None)
        if "" not in values and wrong is not None:
            found.append(_written(call, {key: wrong}))
    found += [_written({other: accepted}) for other in tools if other != name]
    return found[:MAX_WRONG]


def _other_value(value: Any) -> Any:
    """Return a value of the same type that is near; None where there is none that is surely wrong."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str) and value:
        digits = [place for place, sign in enumerate(value) if sign.isdigit()]
        if digits:
            last = digits[-1]
            return value[:last] + str((int(value[last]) + 1) % 10) + value[last + 1 :]
        return " ".join(reversed(value.split())) if len(value.split()) > 1 else None
    return None
