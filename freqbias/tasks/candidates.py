"""Answers to score: the gold ones of a task item as a model would write them, and wrong ones of the same kind."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from freqbias.tasks.answers import letter_of
from freqbias.tasks.calls import equal
from freqbias.tasks.items import TaskItem
from freqbias.tasks.numbers import Number, number, same
from freqbias.terms import MATH, TRANSLATION

NEAR = (1, -1, 2, 10, -10)  # from the gold number: slips of counting and of a carry
MAX_WRONG = 6
MAX_PLACES = 6  # decimals of a number that is written in digits


def gold_texts(item: TaskItem) -> list[str]:
    """Return the right answers as texts: a letter, a number without its unit, the reference translations, or the right calls as JSON."""
    if item.options:
        return [letter_of(item.answer)]
    if item.family == MATH:
        return [_bare(item.answer)]
    if item.family == TRANSLATION:
        return list(item.answer)
    return [_written(item, item.answer)]


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
        return [] if other is None else [text for text in other.answer if text not in item.answer]
    return _other_calls(item)


def _other_numbers(item: TaskItem) -> list[str]:
    gold = number(item.answer)
    if gold.value is None or gold.pair or _decimal(gold.value) is None:
        return []
    found = [gold.value + step for step in NEAR if gold.value + step >= min(Fraction(0), gold.value)]
    stated = [number(word.strip(".,?!()$")) for word in item.question.split()]
    found += [each.value for each in stated if each.value is not None and not each.pair]
    texts = [_decimal(each) for each in dict.fromkeys(found) if not same(Number(value=each), gold)[0]]
    return [text for text in texts if text is not None][:MAX_WRONG]


def _bare(answer: str) -> str:
    """Return a gold number as wrong ones are written, without unit and separators; a time, a ratio or a third stays as it is."""
    gold = number(answer)
    text = None if gold.value is None or gold.pair else _decimal(gold.value)
    return answer if text is None else text


def _decimal(value: Fraction) -> str | None:
    """Return a number in digits; None where they would not end."""
    for places in range(MAX_PLACES + 1):
        if (value * 10**places).denominator == 1:
            return f"{Decimal(int(value * 10**places)).scaleb(-places):f}"
    return None


Calls = Sequence[Mapping[str, Mapping[str, Sequence[Any]]]]


def _written(item: TaskItem, calls: Calls, changed: Mapping[str, Any] | None = None) -> str:
    """Return calls as a line of JSON, several as a list: arguments that cannot be left out, with the first accepted value of each.

    `changed` are other arguments of the first call.
    """
    rows: list[dict[str, Any]] = []
    for call in calls:
        ((name, accepted),) = call.items()
        required = _parameters(item, name).get("required", ())
        kept = {
            key: [value for value in values if value != ""] for key, values in accepted.items() if "" not in values or key in required
        }
        arguments = {key: _value(values[0]) for key, values in kept.items() if values}
        rows.append({"name": name, "arguments": arguments | (dict(changed or {}) if not rows else {})})
    return json.dumps(rows[0] if len(rows) == 1 else rows, ensure_ascii=False)


def _value(accepted: Any) -> Any:
    """Return an accepted value as a call holds it: each field of an object has a list of accepted values of its own."""
    if isinstance(accepted, list):
        return [_value(each) for each in accepted]
    if not isinstance(accepted, dict):
        return accepted
    fields = {key: each if isinstance(each, list) else [each] for key, each in accepted.items()}
    return {key: _value(values[0]) for key, values in fields.items() if values and "" not in values}


def _parameters(item: TaskItem, name: str) -> Mapping[str, Any]:
    """Return the schema of a function's arguments; empty where it states none."""
    found = next((tool.get("parameters") for tool in item.meta.get("tools", ()) if tool.get("name") == name), None)
    return found if isinstance(found, Mapping) else {}


def _other_calls(item: TaskItem) -> list[str]:
    """Return wrong calls: an argument of the first one changed, or another function with its arguments."""
    found = []
    first, *rest = item.answer
    ((name, accepted),) = first.items()
    schemas = _parameters(item, name).get("properties", {})
    texts = [values[0] for values in accepted.values() if isinstance(values[0], str) and values[0]]
    for key, values in accepted.items():
        if "" in values:
            continue
        listed = schemas.get(key, {}).get("enum", ())  # what else the function takes; else a near value, or the text of another argument
        others = [*listed, _other_value(values[0]), *(texts if isinstance(values[0], str) else ())]
        other = next((each for each in others if each not in (None, "") and not any(equal(each, value) for value in values)), None)
        if other is not None:
            found.append(_written(item, item.answer, {key: other}))
    tools = [tool["name"] for tool in item.meta.get("tools", ()) if tool["name"] != name]
    return [*found, *(_written(item, [{tool: accepted}, *rest]) for tool in tools)][:MAX_WRONG]


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
