"""Tool calls: read from JSON, validated by their schema, compared argument by argument."""

import json
from collections import Counter
from itertools import permutations

import pytest

from freqbias.errors import InputError
from freqbias.tasks import answers, calls
from freqbias.tasks.answers import judged
from freqbias.tasks.installed import installed
from freqbias.tasks.items import TaskItem

jsonschema = pytest.importorskip("jsonschema", reason="needs the extra: pip install '.[tasks]'")
TOOL = {
    "name": "shop.order",
    "description": "Order goods.",
    "parameters": {
        "type": "object",
        "properties": {
            "what": {"type": "string"},
            "count": {"type": "integer"},
            "size": {"type": "string", "enum": ["small", "large"]},
            "gift": {"type": "boolean"},
            "price": {"type": "number"},
        },
        "required": ["what", "count"],
    },
}
GOLD = [{"shop.order": {"what": ["red tea", "tea"], "count": [2], "gift": [True, ""], "size": ["", "small"]}}]
ITEM = TaskItem(id="t", family="tools", source="own", question="Order two red teas.", answer=GOLD, meta={"tools": [TOOL]})


def written(**arguments):
    return json.dumps({"name": "shop.order", "arguments": {"what": "red tea", "count": 2} | arguments})


@pytest.mark.parametrize(
    "text",
    [
        written(),
        written(gift=True, size="small"),
        written(what="Red-Tea"),
        f"Sure:\n```json\n{written()}\n```",
        f"<tool_call>\n{written()}\n</tool_call>",
        f"[{written()}]",
        json.dumps({"name": "shop_order", "parameters": {"what": "tea", "count": 2}}),
        json.dumps({"type": "function", "function": {"name": "shop.order", "arguments": '{"what": "tea", "count": 2}'}}),
    ],
)
def test_a_right_call_in_every_layout(text):
    found = judged(ITEM, text)
    assert (found.right, found.reason) == (True, None)
    assert all(found.arguments.values())


def test_a_wrong_argument_is_named():
    found = judged(ITEM, written(count=3, gift=False))
    assert (found.right, found.reason) == (False, None)
    assert found.arguments == {"shop.order.what": True, "shop.order.count": False, "shop.order.gift": False, "shop.order.size": True}
    assert judged(ITEM, written(price=3)).right is False  # nothing was asked of the price
    assert judged(ITEM, f"[{written()}, {written()}]").right is False


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("I order two teas.", calls.NOT_JSON),
        (written()[:-3], calls.NOT_JSON),
        (f"{written()} Done.", calls.NOT_JSON),
        (f"{written()}\n```json\n{written()}\n```", calls.TEXT_AROUND),
        ('{"name": "shop.order", "name": "b", "arguments": {}}', calls.NOT_JSON),
        (written(price=float("nan")), calls.NOT_JSON),
        ("[]", calls.NOT_A_CALL),
        ("12", calls.NOT_A_CALL),
        ('{"name": "shop.order"}', calls.NOT_A_CALL),
        ('{"name": "shop.order", "arguments": "tea"}', calls.NOT_A_CALL),
        ('{"name": "shop.pay", "arguments": {}}', calls.NO_SUCH_FUNCTION),
        ('{"name": "shop.order", "arguments": {"what": "tea"}}', calls.NOT_BY_SCHEMA),
        (written(count="2"), calls.NOT_BY_SCHEMA),
        (written(count=True), calls.NOT_BY_SCHEMA),
        (written(size="huge"), calls.NOT_BY_SCHEMA),
        (written(colour="red"), calls.NOT_BY_SCHEMA),
        (" ", answers.EMPTY),
    ],
)
def test_what_is_no_call_says_why(text, reason):
    found = judged(ITEM, text)
    assert (found.right, found.reason) == (None, reason)


def test_several_calls_in_any_order():
    item = ITEM.replace(answer=[{"shop.order": {"what": ["tea"], "count": [count]}} for count in (1, 2, 3)])
    each = [written(what="tea", count=count) for count in (1, 2, 3)]
    for order in permutations(each):
        assert judged(item, f"[{', '.join(order)}]").right is True
    found = judged(item, f"[{each[2]}, {each[0]}]")
    assert found.right is False
    assert sum(found.arguments.values()) == 4


def test_tools_that_are_missing_or_broken_are_the_file_s_fault():
    with pytest.raises(InputError, match=r"item 't': field 'meta\.tools' is missing"):
        judged(ITEM.replace(meta={}), written())
    broken = {"name": "shop.order", "parameters": {"type": "object", "properties": {"what": {"type": "word"}}}}
    with pytest.raises(InputError, match=r"field 'meta\.tools' has no JSON schema"):
        judged(ITEM.replace(meta={"tools": [broken]}), written())


def test_a_parameter_may_be_called_like_a_keyword():
    parameters = {"type": "dict", "properties": {"type": {"type": "float"}, "default": {"type": "tuple", "items": {"type": "any"}}}}
    assert calls.json_schema(parameters) == {
        "type": "object",
        "properties": {"type": {"type": "number"}, "default": {"type": "array", "items": {}}},
    }


def plain(accepted):
    """Return one value of what BFCL accepts: of an object, the first accepted value of each field."""
    if isinstance(accepted, dict):
        return {name: plain(values[0]) for name, values in accepted.items() if values[0] != ""}
    return [plain(value) for value in accepted] if isinstance(accepted, list) else accepted


def changed(value, accepted):
    """Return a value of the same type that is not accepted; None where every one is."""
    if isinstance(value, bool):
        return None if {True, False} <= {one for one in accepted if isinstance(one, bool)} else not value
    if isinstance(value, int | float):
        return max(one for one in accepted if isinstance(one, int | float)) + 1
    if isinstance(value, str):
        return value + " or so"
    if isinstance(value, list):
        return [*value, *(value[:1] or ["more"])]
    name = next(iter(value))
    return value | {name: changed(value[name], accepted[0][name])}


#: Where BFCL accepts what its own schemas do not: lists in a list of texts, a truth value for a text, texts beyond an enumeration.
AGAINST_SCHEMA = [("simple_python_149", "company_names"), ("simple_python_307", "venue"), ("simple_python_358", "diet")]


def gold_values(item, accepted):
    """Return the accepted values of each argument that its schema allows, and the arguments that have others."""
    properties = item.meta["tools"][0]["parameters"]["properties"]
    found, others = {}, []
    for argument, values in accepted.items():
        fits = jsonschema.Draft202012Validator(calls.json_schema(properties[argument])).is_valid
        allowed = [value for value in map(plain, values) if value != "" and fits(value)]
        if len(allowed) < sum(value != "" for value in values):
            others.append((item.id, argument))
        if allowed:
            found[argument] = allowed
    return found, others


def test_the_400_calls_of_bfcl(shipped):
    shipped("bfcl")
    counted, against = Counter(), []
    for item in installed("bfcl"):
        ((name, accepted),) = item.answer[0].items()
        values, others = gold_values(item, accepted)
        against += others
        gold = {argument: each[0] for argument, each in values.items()}

        def ask(arguments, item=item, name=name, gold=gold):
            return judged(item, json.dumps({"name": name, "arguments": gold | arguments}))

        counted["gold"] += ask({}).right is True
        for argument, each in values.items():
            assert all(ask({argument: value}).right is True for value in each), (item.id, argument)
        wrong = {argument: changed(each[0], accepted[argument]) for argument, each in values.items()}
        found = {argument: ask({argument: value}) for argument, value in wrong.items() if value is not None}
        counted["one changed"] += bool(found) and all(one.right is not True for one in found.values())
        for argument, one in found.items():
            counted["not by schema" if one.reason else "wrong"] += 1
            assert one.reason in (None, calls.NOT_BY_SCHEMA)
            assert one.reason or [key for key, right in one.arguments.items() if not right] == [f"{name}.{argument}"]
    assert (counted["gold"], counted["one changed"]) == (400, 400)
    assert against == AGAINST_SCHEMA
    assert counted["wrong"] > 10 * counted["not by schema"]
