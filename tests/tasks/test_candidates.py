"""Answers to score: every right one is judged right, no wrong one is, and both are written alike."""

import json
import re

import pytest

from freqbias.errors import InputError
from freqbias.paraphrases.task_sources import bundled_items
from freqbias.tasks.answers import judged
from freqbias.tasks.candidates import MAX_WRONG, gold_texts, wrong_texts
from freqbias.tasks.installed import installed
from freqbias.tasks.items import TaskItem
from freqbias.terms import FAMILIES


def item(**fields):
    return TaskItem.from_dict({"id": "1", "source": "own", "question": "How many of 7 are left?", **fields})


def sound(items):
    """Assert that right answers are right and wrong ones are not, and return how many items have a wrong one."""
    for each in items:
        gold, wrong = gold_texts(each), wrong_texts(each)
        assert gold
        assert len(set(wrong)) == len(wrong) <= max(MAX_WRONG, len(each.options))
        assert not set(gold) & set(wrong)
        assert [judged(each, text, marked=False).right for text in gold] == [True] * len(gold), (each.id, gold)
        assert True not in [judged(each, text, marked=False).right for text in wrong], (each.id, wrong)
    return sum(bool(wrong_texts(each)) for each in items)


@pytest.mark.parametrize("family", [name for name in FAMILIES if name != "translation"])
def test_bundled_answers(family):
    items = list(bundled_items(family))
    assert sound(items) == len(items)


@pytest.mark.parametrize(("name", "least"), [("bfcl", 0.9), ("asdiv", 0.95), ("commonsenseqa", 0.97), ("siqa", 0.99)])
def test_answers_of_packages(name, least, shipped):
    shipped(name)
    items = list(installed(name))
    fair = [each for each in items if not each.options or each.options.count(each.options[each.answer]) == 1]
    assert sound(fair) >= least * len(items)


@pytest.mark.parametrize(
    ("answer", "gold", "wrong"),
    [
        ("9 apples", "9", ["10", "8", "11", "19", "7"]),
        ("$1,200", "1200", ["1201", "1199", "1202", "1210", "1190", "7"]),
        ("2.5", "2.5", ["3.5", "1.5", "4.5", "12.5", "7"]),
        ("-3", "-3", ["-2", "-1", "7"]),
        ("25%", "25", ["26", "24", "27", "35", "15", "7"]),
        ("2 million", "2000000", ["2000001", "1999999", "2000002", "2000010", "1999990", "7"]),
        ("1/3", "1/3", []),
        ("1:30", "1:30", []),
    ],
)
def test_numbers_are_written_alike_whatever_the_unit(answer, gold, wrong):
    asked = item(family="math", answer=answer)
    assert (gold_texts(asked), wrong_texts(asked)) == ([gold], wrong)
    assert judged(asked, gold, marked=False).right is True


def test_a_wrong_number_is_never_the_gold_one_in_another_form():
    asked = item(family="math", answer="50%", question="Of 0.5 and 50 and 1/2, which?")
    assert not {"0.5", "50"} & set(wrong_texts(asked))


def test_a_wrong_translation_is_no_right_one():
    one = item(family="translation", answer=["Guten Tag", "Tag"], meta={"to": "de"})
    assert wrong_texts(one, item(family="translation", answer=["Tag", "Hallo"], meta={"to": "de"})) == ["Hallo"]
    assert wrong_texts(one) == []


def tool(name="find", required=("place",), **properties):
    schema = {key: kind if isinstance(kind, dict) else {"type": kind} for key, kind in properties.items()}
    return {"name": name, "description": name, "parameters": {"type": "object", "properties": schema, "required": list(required)}}


def called(calls, *tools):
    return item(family="tools", answer=calls, meta={"tools": list(tools)})


@pytest.mark.parametrize(
    ("accepted", "own", "gold"),
    [
        ({"place": ["Rome", "Roma"]}, tool(place="string"), {"place": "Rome"}),
        ({"place": ["Rome"], "days": ["", 3]}, tool(place="string", days="integer"), {"place": "Rome"}),
        # required by the schema, so that the accepted omission cannot be written
        (
            {"place": ["Rome"], "days": ["", 3]},
            tool(required=["place", "days"], place="string", days="integer"),
            {"place": "Rome", "days": 3},
        ),
        ({"place": [{"city": ["Rome"], "zip": ["", "1"]}]}, tool(place="object"), {"place": {"city": "Rome"}}),
        ({"place": [[{"city": ["Rome"]}, {"city": ["Bari"]}]]}, tool(place="array"), {"place": [{"city": "Rome"}, {"city": "Bari"}]}),
        ({}, tool(required=()), {}),
    ],
)
def test_a_call_holds_what_its_function_takes(accepted, own, gold):
    asked = called([{"find": accepted}], own)
    assert [json.loads(text)["arguments"] for text in gold_texts(asked)] == [gold]
    sound([asked])


def test_another_value_is_taken_from_the_list_of_the_schema():
    asked = called([{"find": {"place": ["on", "ON"]}}], tool(place={"type": "string", "enum": ["on", "off"]}))
    assert [json.loads(text)["arguments"] for text in wrong_texts(asked)] == [{"place": "off"}]


def test_no_wrong_value_is_the_right_one_in_another_spelling():
    asked = called([{"find": {"place": ["AA"], "also": ["Aa"]}}], tool(place="string", also="string"))
    assert wrong_texts(asked) == []
    asked = called([{"find": {"place": ["a a"]}}], tool(place="string"), tool("wake", required=()))
    assert [json.loads(text)["name"] for text in wrong_texts(asked)] == ["wake"]


def test_several_calls_are_one_answer():
    calls = [{"find": {"place": ["Rome"]}}, {"find": {"place": ["Bari"]}}]
    asked = called(calls, tool(place="string"), tool("wake", place="string"))
    (gold,) = gold_texts(asked)
    assert [row["arguments"]["place"] for row in json.loads(gold)] == ["Rome", "Bari"]
    assert sound([asked]) == 1


@pytest.mark.parametrize("count", [1, 27, 30])
def test_options_are_as_many_as_letters(count):
    with pytest.raises(InputError, match=re.escape(f"cannot be chosen of {count} options; give 2 to 26")):
        item(family="commonsense", options=[f"option {n}" for n in range(count)], answer=0)


def test_every_letter_is_read():
    asked = item(family="commonsense", options=[f"thing {n}" for n in range(26)], answer=25)
    assert gold_texts(asked) == ["Z"]
    sound([asked])
