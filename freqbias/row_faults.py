"""What msgspec finds wrong with a row of a file, said in our words."""

import math
import re
from collections.abc import Mapping
from typing import Any, get_type_hints

from msgspec import Struct, ValidationError, convert

from freqbias.shapes import MAX_NUMBER, WORDS, shown

_BEYOND = ("Expected `float` >=", "Expected `float` <=")


def reason_of(cls: type[Struct], row: Mapping[str, Any], message: str) -> str:
    """Say in our words what msgspec found wrong with a row."""
    if found := re.fullmatch(r"Object missing required field `(\w+)`", message):
        return f"field '{found[1]}' is missing"
    what, _, place = message.partition(" - at `$.")
    name = place.partition("[")[0].rstrip("`")
    if "[...]" in place:
        key = _wrong_key(cls, name, row[name])
        return f"field '{name}.{shown(key)}' {_wrong_entry(name, place, what, row[name].get(key))}"
    return f"field '{name}' must be a list of texts" if "[" in place else _wrong_value(name, row.get(name), what)


def _wrong_value(name: str, value: Any, what: str) -> str:
    if "of length" in what and isinstance(value, str):
        return f"field '{name}' has {len(value):,} characters; at most {int(what.rpartition(' ')[2]):,} are read"
    if what.startswith(_BEYOND):
        return f"field '{name}' {_beyond(value)}"
    kind, null, _ = what.removeprefix("Expected `").partition("`")[0].partition(" | null")
    return f"field '{name}' must be {WORDS.get(kind, kind)}{' or null' if null else ''}, found {type(value).__name__}"


def _wrong_key(cls: type[Struct], name: str, values: Mapping[str, Any]) -> str:
    kind = get_type_hints(cls, include_extras=True)[name]
    for key, value in values.items():
        try:
            convert({key: value}, kind)
        except ValidationError:
            return key
    return "…"


def _beyond(value: Any) -> str:
    """Say of a number that it is none, or too large for any sum of its powers."""
    if isinstance(value, int | float) and math.isfinite(value):
        return f"is {value:g}; numbers from -{MAX_NUMBER:g} to {MAX_NUMBER:g} are read"
    return "must be finite"


def _wrong_entry(name: str, place: str, what: str, value: Any) -> str:
    if what.startswith(_BEYOND):
        sides = value if isinstance(value, list | tuple) else [value]
        return _beyond(max((side for side in sides if isinstance(side, int | float)), key=abs, default=None))
    if name != "covariates":
        return "must be a finite number"
    whole = place.endswith("[...]`")  # and not one of its sides
    return "must be a list [high, low]" if whole else "must hold numbers or null"
