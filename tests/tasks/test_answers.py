"""Answers of models: right, wrong, or a reason why they cannot be read."""

import pytest

from freqbias.errors import InputError
from freqbias.tasks import answers, numbers
from freqbias.tasks.answers import judged, tally
from freqbias.tasks.items import TaskItem

MATH = TaskItem(id="m", family="math", source="own", question="How many?", answer="12 apples")
CHOICE = TaskItem(id="c", family="commonsense", source="own", question="Where?", options=["bank", "library", "vitamin C"], answer=1)


@pytest.mark.parametrize(
    "text",
    [
        "5 + 7 is 12.\n#### 12",
        "Answer: 12",
        "So we add.\n**Answer:** 12 apples",
        "Final answer: $12$",
        "Answer:\n12",
        r"Hence \boxed{12}.",
        r"Answer: $\boxed{12\text{ apples}}$",
        "First 5, then 7. The answer is 12.",
        "The answer is obvious: we had 5 and 7.\n#### 12",
        "#### 12\nAnswer: 12.0",
        "The final answer is: The answer is 12",
        "Answer: 5 + 7 = 12",
        r"Answer: \(\boxed{12}\) apples",
    ],
)
def test_a_marked_number_is_right_wherever_the_mark_is(text):
    found = judged(MATH, text)
    assert (found.right, found.reason) == (True, None)
    wrong = judged(MATH, text.replace("12", "13"))
    assert (wrong.right, wrong.reason) == (False, None)
    assert wrong.read.startswith("13")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("It is 12.", answers.NO_MARK),
        ("", answers.EMPTY),
        (None, answers.EMPTY),
        ("Answer:", answers.NO_MARK),
        ("#### 11\n#### 12", answers.SEVERAL_MARKS),
        (r"\boxed{12", answers.OPEN_BOX),
        (r"Answer: 13, not \boxed{12}", answers.SEVERAL_MARKS),
        ("#### 12 or 13", numbers.SEVERAL_NUMBERS),
        ("Answer: twelve", numbers.NO_NUMBER),
        ("Answer: 1 dozen", numbers.FRACTION_IN_WORDS),
    ],
)
def test_an_unreadable_number_is_neither_right_nor_wrong(text, reason):
    assert judged(MATH, text) == answers.Outcome(right=None, reason=reason, read=None)


def test_a_unit_may_stand_outside_the_box():
    item = MATH.replace(answer="$0.45")
    assert [judged(item, text).right for text in (r"\boxed{45} cents", r"$\boxed{45}\text{ cents}$", r"\boxed{45} of them")] == [
        True,
        True,
        False,
    ]


def test_what_follows_a_prompt_is_read_from_its_start():
    assert judged(MATH, " 12 apples.\n\nQuestion: 5 and 6?", marked=False).right is True
    assert judged(CHOICE, " B\nBecause A is not", marked=False).right is True


@pytest.mark.parametrize(
    "text", ["B", "b", "(B)", "B.", "B) library", "B: library", "**B**", r"$\boxed{B}$", "library", "Option B", "option (b) library."]
)
def test_an_option_by_letter_or_text(text):
    found = judged(CHOICE, f"Answer: {text}")
    assert (found.right, found.read, found.reason) == (True, "B", None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("A bank", answers.NO_LETTER),  # the article
        ("I think so", answers.NO_LETTER),
        ("A or B", answers.SEVERAL_LETTERS),
        ("B, not A", answers.SEVERAL_LETTERS),
        ("B. Not A", answers.SEVERAL_LETTERS),
        ("D", answers.NO_SUCH_OPTION),
        ("B. bank", answers.TWO_OPTIONS),
        ("the post office", answers.NO_LETTER),
    ],
)
def test_an_unreadable_option_says_why(text, reason):
    found = judged(CHOICE, f"Answer: {text}")
    assert (found.right, found.reason) == (None, reason)


def test_letters_inside_an_option_are_its_text():
    assert judged(CHOICE.replace(answer=2), "Answer: C. vitamin C").right is True
    assert judged(CHOICE.replace(answer=1), "Answer: C. vitamin C").right is False
    assert judged(CHOICE.replace(options=["B", "A", "C"]), "Answer: A").reason == answers.TWO_OPTIONS


def test_answers_are_counted_with_their_reasons():
    outcomes = [judged(MATH, text) for text in ("#### 12", "#### 13", "#### 1 or 2", "12", "#### 12")]
    assert tally(outcomes) == {"right": 2, "wrong": 1, numbers.SEVERAL_NUMBERS: 1, answers.NO_MARK: 1}


def test_a_translation_is_not_judged():
    item = TaskItem(id="t", family="translation", source="own", question="Good day", answer=["Guten Tag"])
    with pytest.raises(InputError, match="a translation is graded, not right or wrong"):
        judged(item, "Guten Tag")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"family": "maths"}, "field 'family' must be one of math, commonsense, translation, tools, found 'maths'"),
        ({"answer": "many"}, r"field 'answer' must be a number, as text \(no number in digits\)"),
        ({"answer": 12}, r"field 'answer' must be a number, as text \(it is not text\)"),
        ({"options": ["a", "b"], "answer": 2}, "must be the place of the right option, 0 to 1, found 2"),
        ({"options": ["a", "b"], "answer": True}, "must be the place of the right option, 0 to 1, found True"),
        ({"family": "commonsense"}, "field 'answer' needs 'options' to choose from"),
        ({"family": "translation", "answer": []}, "must be a list of reference translations"),
        ({"family": "tools", "answer": [{"f": {"x": 1}}]}, "must be a list of calls"),
        ({"forms": {"high": "How many are there?"}}, "field 'forms.original' must be the text of 'question'"),
        ({"forms": {"rare": "?"}}, "field 'forms' has 'rare'; its keys are original, placebo, high, low"),
        ({"question": " "}, "field 'question' is empty"),
        ({"options": ["a", " "], "answer": 0}, r"field 'options\.1' is empty"),
        ({"options": "AB"}, "field 'options' must be a list"),
    ],
)
def test_faulty_items_are_one_line(fields, message):
    with pytest.raises(InputError, match=message):
        TaskItem.from_dict(MATH.to_dict() | fields)


def test_an_item_is_written_as_it_is_read():
    row = CHOICE.to_dict() | {"forms": {"original": "Where?", "high": "Where is it?"}, "own": 1}
    assert TaskItem.from_dict(row).to_dict() == row
