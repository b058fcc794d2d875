"""Task templates: rows that hold what they say, forms that differ in slots alone, families that are level, and answers that are right."""

import re
import runpy
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from freqbias.frequency import word_zipf
from freqbias.paraphrases import task_templates
from freqbias.paraphrases.task_templates import (
    COMMONSENSE,
    FAMILIES,
    FORMS,
    LENGTH_LEAN,
    MATH,
    ORIGINAL,
    PLACEBO_LEAN,
    answer_faults,
    fill,
    length_lean,
    slot_faults,
    slot_words,
    task_items,
    template_rows,
    value,
    word_faults,
    zipf_lean,
)
from freqbias.paraphrases.words import articles, shared_words
from freqbias.terms import HIGH, LOW, PLACEBO

ROOT = Path(__file__).parents[2]
ROWS = [row for family in FAMILIES for row in template_rows(family)]
WORDS = {
    "big": {"pos": "adjective", "high": "big", "low": "enormous", "original": "large", "placebo": "big"},
    "house": {"pos": "noun", "high": "house", "low": "dwelling", "original": "home", "placebo": "house"},
    "buy": {"pos": "verb", "high": "bought", "low": "procured", "original": "purchased", "placebo": "acquired"},
}


@pytest.fixture
def words():
    return {name: task_templates.SlotWords(id=name, base=name, **row) for name, row in WORDS.items()}


@pytest.fixture
def row():
    return {
        "id": "r-1",
        "family": MATH,
        "template": "r",
        "text": "{c} by a rich man, {n} cars stand by a {a} {b}. A {a} one? {b} and {m}.",
        "slots": {"a": "big", "b": "house", "c": "buy"},
        "numbers": {"n": 4, "m": 6},
        "expression": "n*m",
        "answer": "24",
    }


def test_a_form_has_its_words_articles_and_capitals(row, words):
    assert fill(row, LOW, words) == "Procured by a rich man, 4 cars stand by an enormous dwelling. An enormous one? Dwelling and 6."
    assert fill(row, PLACEBO, words) == "Acquired by a rich man, 4 cars stand by a big house. A big one? House and 6."


@pytest.mark.parametrize(("expression", "amount"), [("n*m-k", 7), ("(n+m)*k", 35), ("2*n", 6), ("n*m/2", 6), ("n-m-k", -6)])
def test_an_expression_is_computed(expression, amount):
    assert value(expression, {"n": 3, "m": 4, "k": 5}) == amount


@pytest.mark.parametrize("expression", ["n/2", "n**2", "n+x", "__import__('os')", "n if n else n", "n+1.5", "n//2", "-n"])
def test_what_is_not_whole_arithmetic_of_known_numbers_is_refused(expression):
    with pytest.raises(ValueError, match="not"):
        value(expression, {"n": 3})


def test_a_sound_row_has_no_fault(row, words):
    assert slot_faults(row, words) == []
    assert answer_faults(row) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"slots": {"a": "big", "b": "house", "c": "big"}}, "fewer than 3 slots"),
        ({"numbers": {"n": 4}}, "names of the text"),
        ({"text": "{c} {a} {b} {n} {m} houses"}, "beside houses"),
        ({"text": "{c} {a} {b} {n} {m} purchase"}, "beside purchase"),
        ({"options": ["a house", "b"]}, "beside house"),
    ],
)
def test_a_fault_of_slots_is_found(row, words, change, told):
    assert any(told in fault for fault in slot_faults(row | change, words))


@pytest.mark.parametrize(
    "change", [{"answer": "25"}, {"expression": "n*m-18", "answer": "6"}, {"family": COMMONSENSE, "options": list("aabcd"), "answer": 0}]
)
def test_a_fault_of_the_answer_is_found(row, change):
    assert answer_faults(row | change)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"low": "huge"}, "gap under"),
        ({"original": "enormous"}, "placebo gap"),
        ({"original": "the", "placebo": "of"}, "outside"),
        ({"original": "big"}, "is the original"),
        ({"low": "qxzv"}, "no frequency of low"),
    ],
)
def test_a_fault_of_words_is_found(words, change, told):
    assert any(told in fault for fault in word_faults(replace(words["big"], **change)))
    assert word_faults(words["big"]) == []


def test_every_row_of_words_keeps_the_rules():
    assert [fault for own in slot_words().values() for fault in word_faults(own)] == []
    gaps = [(word_zipf(own.high) or 0) - (word_zipf(own.low) or 0) for own in slot_words().values()]
    assert min(gaps) >= 1.0 - 1e-9
    assert len({own.base for own in slot_words().values()}) >= 60
    assert {own.pos for own in slot_words().values()} == {"noun", "verb", "adjective", "adverb"}
    fours = Counter((own.high, own.low, own.original, own.placebo) for own in slot_words().values() if own.id.startswith(("m-", "c-")))
    assert set(fours.values()) == {1}


def test_every_row_of_words_is_used():
    assert {id_ for row in ROWS for id_ in row["slots"].values()} == {id_ for id_ in slot_words() if id_.startswith(("m-", "c-"))}


def test_every_item_keeps_the_rules():
    assert [fault for row in ROWS for fault in (*slot_faults(row), *answer_faults(row))] == []
    assert len({row["id"] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_large_and_its_texts_differ(family):
    rows, items = template_rows(family), task_items(family)
    assert len(items) == len(rows) >= 250
    assert len({item.meta["template"] for item in items}) >= 50
    assert {item.family for item in items} == {family}
    for form in FORMS:
        assert len({item.forms[form] for item in items}) == len(items)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_level(family):
    items, rows = task_items(family), template_rows(family)
    assert abs(length_lean(items, HIGH, LOW)) <= LENGTH_LEAN
    assert abs(length_lean(items, PLACEBO, ORIGINAL)) <= LENGTH_LEAN
    assert abs(zipf_lean(rows, PLACEBO, ORIGINAL)) <= PLACEBO_LEAN
    assert zipf_lean(rows, HIGH, LOW) >= 1.0


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_forms_differ_in_slots_and_their_articles_alone(row):
    item = task_templates.task_item(row)
    assert set(item.forms) == set(FORMS)
    assert item.question == item.forms[ORIGINAL]
    pieces = re.split(r"((?:\b[Aa]n? )?\{\w+\})", row["text"])
    for form, text in item.forms.items():
        where = 0
        for piece in pieces:
            if not piece.endswith("}"):
                assert text.startswith(piece, where)
                where += len(piece)
                continue
            name = piece[piece.index("{") + 1 : -1]
            word = slot_words()[row["slots"][name]].word(form) if name in row["slots"] else str(row["numbers"][name])
            if piece[0] in "aA":
                article = text[where:].split(" ", maxsplit=1)[0]
                assert article.lower() in articles(word)
                assert article[0] == piece[0]
                where += len(article) + 1
            assert text[where : where + len(word)].lower() == word
            where += len(word)
        assert where == len(text)
        assert re.findall(r"\d+", text) == re.findall(r"\d+", item.question)
        assert not re.search(r"[{}]|  |\b[Aa] [aeio]|\b[Aa]n (?!hour)[^aeiou]", text)
        assert all(sentence[0].isupper() or sentence[0].isdigit() for sentence in re.split(r"(?<=[.?]) ", text))


def test_math_answers_are_computed_and_stand_in_no_form():
    for item in task_items(MATH):
        assert int(item.answer) >= 2
        assert not item.options
        for text in item.forms.values():
            assert item.answer not in re.findall(r"\d+", text)


def test_the_right_letter_is_balanced_within_every_template():
    letters = Counter((item.meta["template"], item.answer) for item in task_items(COMMONSENSE))
    assert set(letters.values()) == {1}
    assert len(letters) == len(task_items(COMMONSENSE))


def test_options_are_the_template_s_in_every_filling_and_share_no_word_with_a_slot():
    options = {}
    for item in task_items(COMMONSENSE):
        right = item.options[item.answer]
        assert options.setdefault(item.meta["template"], (right, frozenset(item.options))) == (right, frozenset(item.options))
        words = [slot_words()[id_].word(form) for id_ in item.meta["slots"].values() for form in FORMS]
        assert not shared_words(words, item.options)


def test_files_are_what_the_templates_give(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["draw_tasks.py", "--check"])
    assert runpy.run_path(str(ROOT / "tools/draw_tasks.py"))["main"]() == 0, capsys.readouterr().out
