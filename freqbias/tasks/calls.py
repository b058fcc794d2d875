"""Tool calls as models write them: JSON, validated by the schema of the function, compared with accepted values argument by argument."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from typing import Any, NoReturn

from freqbias.errors import InputError, install_hint

NOT_JSON = "no JSON"
TEXT_AROUND = "text beside the JSON"
NOT_A_CALL = "JSON that calls no function"
NO_SUCH_FUNCTION = "a function that is not there"
NOT_BY_SCHEMA = "arguments that the function does not take"

MAX_CALLS = 6  # of one answer, whose orders are all tried; more are taken as they come
LEFT_OUT = ""  # the accepted value that stands for an argument that is left out
#: Types of BFCL's functions, which are Python's, in those of JSON schema; `any` is no restriction.
TYPES = {"dict": "object", "float": "number", "tuple": "array", "any": None}
_FENCE = re.compile(r"```(?:json|python|tool_call)?\s*\n(.*?)```", re.DOTALL)
_TAG = re.compile(r"<(tool_call|function_call)>(.*?)</\1>", re.DOTALL)
_SPELLING = re.compile(r"[ ,./\-_*^]")  # what BFCL's own checker does not compare in texts


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call of one function."""

    name: str
    arguments: Mapping[str, Any]


def read_calls(text: str, tools: Sequence[Mapping[str, Any]]) -> tuple[list[Call], str | None]:
    """Return the calls that an answer consists of, or the reason why they cannot be read.

    Read are JSON objects `{"name": …, "arguments": {…}}` (or `parameters`, or OpenAI's `{"function": {…}}`, whose arguments are a text of
    JSON), one or a list of them, bare, in a code fence or in `<tool_call>` tags. Arguments are validated by the schema of the function;
    those that it does not name are refused. Needs the extra `tasks`.
    """
    bodies, reason = _bodies(text)
    calls: list[Call] = []
    for body in bodies:
        try:
            value = _DECODER.decode(body.strip())
        except (ValueError, RecursionError):
            return [], NOT_JSON
        for row in value if isinstance(value, list) else [value]:
            call = _call(row)
            if call is None:
                return [], NOT_A_CALL
            calls.append(call)
    reason = reason or (None if calls else NOT_A_CALL)
    named = {_name(tool["name"]): tool for tool in tools}
    for place, call in enumerate(calls):
        tool = named.get(_name(call.name))
        if tool is None:
            return [], NO_SUCH_FUNCTION
        if not _valid(call.arguments, tool.get("parameters", {})):
            return [], NOT_BY_SCHEMA
        calls[place] = Call(name=tool["name"], arguments=call.arguments)
    return ([], reason) if reason else (calls, None)


def check_tools(tools: Any) -> None:
    """Raise `InputError` unless these are functions that can be called: each with a name and, if it has parameters, their JSON schema.

    Needs the extra `tasks`.
    """
    if not isinstance(tools, list | tuple) or not tools:
        raise InputError("field 'meta.tools' must be a list of the functions that may be called")
    for tool in tools:
        if not isinstance(tool, Mapping) or not isinstance(tool.get("name"), str) or not tool["name"].strip():
            raise InputError("field 'meta.tools': each function must be an object with a 'name'")
        parameters = tool.get("parameters", {})
        properties = parameters.get("properties", {}) if isinstance(parameters, Mapping) else None
        if not isinstance(properties, Mapping):
            raise InputError(f"field 'meta.tools': the parameters of '{tool['name']}' must be a JSON schema")
        _valid({}, parameters)


def _bodies(text: str) -> tuple[list[str], str | None]:
    """Return the texts that should be JSON; with a reason where other text stands beside them that is JSON as well."""
    for pattern, group in ((_TAG, 2), (_FENCE, 1)):
        if found := [match[group] for match in pattern.finditer(text)]:
            rest = pattern.sub("", text)
            return found, TEXT_AROUND if "{" in rest else None
    return [text], None


def _name(name: str) -> str:
    return name.replace(".", "_")  # servers that speak OpenAI's protocol allow no dot in the name of a function


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _once(cells: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(cells)
    if len(found) < len(cells):
        raise ValueError("a name twice")
    return found


_DECODER = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_once)


def _call(row: Any) -> Call | None:
    """Return the call that an object stands for; None where it is none."""
    if isinstance(row, dict) and isinstance(row.get("function"), dict):
        row = row["function"]
    if not isinstance(row, dict) or not isinstance(row.get("name"), str):
        return None
    given = [row[key] for key in ("arguments", "parameters") if key in row]
    if len(given) != 1:
        return None
    arguments = given[0]
    if isinstance(arguments, str):
        try:
            arguments = _DECODER.decode(arguments)
        except (ValueError, RecursionError):
            return None
    return Call(name=row["name"], arguments=arguments) if isinstance(arguments, dict) else None


def _valid(arguments: Mapping[str, Any], parameters: Mapping[str, Any]) -> bool:
    validator = _validator(json.dumps(json_schema(parameters), sort_keys=True))
    try:
        return bool(validator.is_valid(arguments))
    except RecursionError as error:
        raise InputError("field 'meta.tools' has a JSON schema that refers to itself without end") from error


@cache
def _validator(schema: str) -> Any:
    """Return what validates the arguments of a function; `InputError` for a schema that is none."""
    try:
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import SchemaError
    except ModuleNotFoundError as error:
        raise InputError(f"tool calls need '{error.name}'; run: {install_hint('tasks')}") from error
    whole = {"type": "object", "additionalProperties": False, **json.loads(schema)}
    try:
        Draft202012Validator.check_schema(whole)
    except SchemaError as error:
        raise InputError(f"field 'meta.tools' has no JSON schema: {error.message}") from error
    return Draft202012Validator(whole)


def json_schema(parameters: Any) -> Any:
    """Return the parameters of a function as JSON schema: BFCL's names of types replaced, inside as well."""
    if isinstance(parameters, list):
        return [json_schema(each) for each in parameters]
    if not isinstance(parameters, Mapping):
        return parameters
    found: dict[str, Any] = {}
    for key, value in parameters.items():
        if key == "properties":
            found[key] = {name: json_schema(each) for name, each in value.items()}
        elif key == "type" and isinstance(value, str):
            if TYPES.get(value, value) is not None:
                found[key] = TYPES.get(value, value)
        elif key not in ("default", "enum"):
            if not (key == "optional" and isinstance(value, bool)):
                found[key] = json_schema(value)
        else:
            found[key] = value
    return found


def matches(calls: Sequence[Call], gold: Sequence[Mapping[str, Mapping[str, Sequence[Any]]]]) -> tuple[bool, dict[str, bool]]:
    """Tell whether calls are the gold ones, in any order, and which arguments are right, named `function.argument`.

    The order that makes most arguments right is taken. An argument that is left out is right where that is accepted.
    """
    wanted = [(name, accepted) for row in gold for name, accepted in row.items()]
    best: dict[str, bool] = {}
    for order in _orders(calls, len(wanted)):
        found: dict[str, bool] = {}
        for place, (call, (name, accepted)) in enumerate(zip(order, wanted, strict=False)):  # calls beyond the wanted ones count by name
            prefix = name if len(wanted) == 1 else f"{name}[{place}]"
            found |= {f"{prefix}.{argument}": right for argument, right in _compared(call, name, accepted).items()}
        if sum(found.values()) >= sum(best.values()):
            best = found
    named = Counter(call.name for call in calls) == Counter(name for name, _ in wanted)
    return named and all(best.values()), best


def _orders(calls: Sequence[Call], wanted: int) -> Iterable[Sequence[Call | None]]:
    """Return the orders in which calls may answer the `wanted` ones, None in the place of one that is missing."""
    filled = [*calls, *[None] * (wanted - len(calls))]
    return permutations(filled) if len(filled) <= MAX_CALLS else [filled]


def _compared(call: Call | None, name: str, accepted: Mapping[str, Sequence[Any]]) -> dict[str, bool]:
    if call is None or call.name != name:
        return dict.fromkeys(accepted, False)
    names = [*accepted, *(argument for argument in call.arguments if argument not in accepted)]
    return {argument: _right(call.arguments, argument, accepted.get(argument, ())) for argument in names}


def _right(arguments: Mapping[str, Any], name: str, accepted: Sequence[Any]) -> bool:
    if name not in arguments:
        return LEFT_OUT in accepted
    return any(equal(arguments[name], value) for value in accepted if value != LEFT_OUT or arguments[name] == LEFT_OUT)


def equal(value: Any, accepted: Any) -> bool:
    """Tell whether a value is an accepted one: texts as BFCL compares them, numbers exactly, `true` is not 1.

    An accepted object has a list of accepted values for each of its fields.
    """
    if isinstance(value, bool) or isinstance(accepted, bool):
        return value is accepted
    if isinstance(value, str) and isinstance(accepted, str):
        return _spelled(value) == _spelled(accepted)
    if isinstance(value, list) and isinstance(accepted, list):
        return len(value) == len(accepted) and all(map(equal, value, accepted))
    if isinstance(value, dict) and isinstance(accepted, dict):
        names = {*value, *accepted}
        return all(_right(value, name, each if isinstance(each := accepted.get(name, ()), list | tuple) else [each]) for name in names)
    return type(value) in (int, float) and type(accepted) in (int, float) and value == accepted


def _spelled(text: str) -> str:
    return _SPELLING.sub("", text).casefold().replace("'", '"')
