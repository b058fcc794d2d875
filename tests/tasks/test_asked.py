"""A task goes into a pair and comes out of it as it was, and a pair that is not one says where."""

import json
import re

import pytest

from freqbias.errors import InputError
from freqbias.records import Pair
from freqbias.tasks.asked import asked_of, asking
from freqbias.tasks.candidates import gold_texts, wrong_texts
from freqbias.tasks.items import TaskItem
from freqbias.tasks.prompts import bundled

ITEM = TaskItem(
    id="sum-1",
    family="math",
    source="own",
    licence="CC0-1.0",
    question="How many of 7 apples?",
    answer="4 apples",
    forms={"original": "How many of 7 apples?"},
    meta={"template": "sum", "package": "p 1"},
)
PROMPT = bundled("math")[0]


def pair(meta, **fields):
    given = {"id": "p1", "item": ITEM.id, "high": "How many of 7?", "low": "How numerous of 7?"} | fields
    return Pair.from_dict(json.loads(json.dumps(Pair(meta=meta, **given).to_dict())))


def test_there_and_back():
    meta = asking(ITEM, PROMPT, None, "low")
    asked = asked_of(pair(meta))
    assert (asked.prompt, asked.original_side, asked.chance) == (PROMPT, "low", 0.0)
    assert (asked.item.family, asked.item.answer, asked.item.licence, asked.item.id) == ("math", "4 apples", "CC0-1.0", "sum-1")
    assert asked.item.question == "How many of 7?"
    assert asked.item.meta == {"package": "p 1"}  # what a template was made of is not asked
    assert (list(asked.gold), list(asked.wrong)) == (gold_texts(ITEM), wrong_texts(ITEM))
    assert asked.written("4") == " 4."  # 4 is not the beginning of 42
    assert "original_side" not in asking(ITEM, PROMPT)


def test_chance_and_answers_of_a_choice_and_a_translation():
    choice = TaskItem(id="c", family="commonsense", source="own", question="Where?", options=["a", "b", "c", "d"], answer=2)
    asked = asked_of(pair(asking(choice, bundled("commonsense")[0])))
    assert (asked.chance, asked.written("C"), asked.gold, asked.wrong) == (0.25, " C", ["C"], ["A", "B", "D"])
    text = TaskItem(id="t", family="translation", source="own", question="Bye", answer=["Tschüss", "Ade"], meta={"to": "de"})
    other = text.replace(id="u", answer=["Hallo"])
    asked = asked_of(pair(asking(text, bundled("translation")[0], other)))
    assert (asked.gold, asked.wrong, asked.name) == (["Tschüss", "Ade"], ["Hallo"], "translation-1-v1-de")


def test_a_pair_that_is_no_task():
    assert asked_of(pair({"frame": "x"})) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": 3}, r"pair 'p1': meta\.task: must be an object"),
        ({"task": {"answer": "many"}}, r"pair 'p1': meta\.task: field 'answer' must be a number, as text \(no number in digits\)"),
        ({"task": {"family": "sums"}}, r"pair 'p1': meta\.task: field 'family' must be one of math, commonsense, translation, tools"),
        ({"task": {"gold": "4"}}, r"pair 'p1': meta\.task: gold must be a list of texts"),
        ({"task": {"wrong": ["5", " "]}}, r"pair 'p1': meta\.task: wrong must be a list of texts"),
        ({"prompt": None}, r"pair 'p1': meta\.prompt: Expected `object`"),
        ({"task": {"wrong": ["5", "4"]}}, r"pair 'p1': meta\.task: wrong: '4' is among the right answers"),
        ({"task": {"meta": {"to": 5}}}, r"pair 'p1': meta\.task: meta\.to must be a language code, found 5"),
        (
            {"prompt": {"name": "x", "text": "{question} {options}"}},
            r"pair 'p1': meta\.prompt: prompt 'x': holds \{options\}, and the task",
        ),
        ({"prompt": {"name": "x", "text": "Solve it."}}, r"pair 'p1': meta\.prompt: text: must hold \{question\}"),
    ],
)
def test_what_does_not_fit_names_the_pair_and_the_field(change, message):
    meta = asking(ITEM, PROMPT)
    for key, value in change.items():
        meta[key] = {**meta[key], **value} if isinstance(value, dict) and key == "task" else value
    with pytest.raises(InputError, match=message):
        asked_of(pair(meta))


def test_a_choice_with_two_right_letters_or_another_gold_is_refused():
    choice = TaskItem(id="c", family="commonsense", source="own", question="Where?", options=["a", "b", "c"], answer=1)
    for change, message in (
        ({"options": ["a", "b", " B"]}, r"meta\.task: options: the right one, 'b', stands there twice"),
        ({"gold": ["A"]}, r"meta\.task: gold: 'A' is not the letter of 'answer', B"),
    ):
        meta = asking(choice, bundled("commonsense")[0])
        meta["task"] |= change
        with pytest.raises(InputError, match=message):
            asked_of(pair(meta))
    with pytest.raises(InputError, match=r"meta\.original_side must be one of high, low, found 'left'"):
        asked_of(pair(asking(ITEM, PROMPT, None, "low") | {"original_side": "left"}))


def test_gold_is_made_where_a_pair_has_none():
    meta = asking(ITEM, PROMPT)
    del meta["task"]["gold"], meta["task"]["wrong"]
    asked = asked_of(pair(meta, high="Of 9, how many?"))
    assert (asked.gold, asked.wrong) == (["4"], [])


@pytest.mark.parametrize(
    ("tools", "message"),
    [
        (None, "must be a list of the functions"),
        ([], "must be a list of the functions"),
        (["f"], "each function must be an object with a 'name'"),
        ([{"name": 5}], "each function must be an object with a 'name'"),
        ([{"name": "f", "parameters": None}], "the parameters of 'f' must be a JSON schema"),
        ([{"name": "f", "parameters": {"properties": 5}}], "the parameters of 'f' must be a JSON schema"),
        ([{"name": "f", "parameters": {"type": "banana"}}], "has no JSON schema: 'banana'"),
        ([{"name": "f", "parameters": {"$ref": "#"}}], "has a JSON schema that refers to itself without end"),
    ],
)
def test_functions_that_cannot_be_called_are_found_before_anything_is_asked(tools, message):
    meta = {"tools": [{"name": "f", "parameters": {"type": "object", "properties": {"x": {"type": "integer"}}}}]}
    item = TaskItem(id="t", family="tools", source="own", question="Do it", answer=[{"f": {"x": [1]}}], meta=meta)
    task = asking(item, bundled("tools")[0])
    assert asked_of(pair(task)).item.meta == meta
    task["task"]["meta"] = {"tools": tools}
    with pytest.raises(InputError, match=rf"pair 'p1': meta\.task: field 'meta\.tools':? {re.escape(message)}"):
        asked_of(pair(task))


def test_a_translation_into_no_language_does_not_fit_a_prompt_that_names_one():
    text = TaskItem(id="t", family="translation", source="own", question="Bye", answer=["Ade"], meta={"to": "de"})
    meta = asking(text, bundled("translation")[0])
    meta["task"]["meta"] = {"to": None}
    with pytest.raises(InputError, match=r"holds \{language\}, and the task"):
        asked_of(pair(meta))
