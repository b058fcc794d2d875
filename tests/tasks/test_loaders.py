"""Tasks from a user's own files: what is read, and the one line on what cannot be."""

import json

import pytest

from freqbias.errors import InputError
from freqbias.tasks import loaders
from freqbias.tasks.answers import judged
from freqbias.tasks.loaders import Fields


@pytest.fixture
def written(tmp_path):
    """Return a function that writes rows of JSON lines and returns the path."""

    def write(*rows, name="tasks.jsonl"):
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return write


def test_gsm8k_golds(shared):
    items = list(loaders.gsm8k(shared("gsm8k-test-200.jsonl")))
    assert len(items) == 200
    assert [item.answer for item in items[:4]] == ["18", "3", "70000", "540"]
    assert {(item.family, item.source, item.licence) for item in items} == {("math", "GSM8K", "MIT")}
    rows = [json.loads(line) for line in shared("gsm8k-test-200.jsonl").read_text(encoding="utf-8").splitlines()]
    for item, row in zip(items, rows, strict=True):
        assert judged(item, row["answer"]).right is True  # its own solution ends in the marked number
        assert judged(item, row["answer"].replace("#### ", "#### 1")).right is not True
        assert item.forms == {"original": item.question}


def test_gsm8k_without_its_mark_names_the_line(written):
    path = written({"question": "How many?", "answer": "#### 1,000"}, {"question": "How many?", "answer": "12"})
    with pytest.raises(InputError, match=r"tasks\.jsonl:2: answer: has no '####' before the final number"):
        list(loaders.gsm8k(path))
    listed = []
    assert [item.answer for item in loaders.gsm8k(path, listed=listed)] == ["1,000"]
    assert len(listed) == 1


CHOICES = [{"label": letter, "text": text} for letter, text in zip("AB", ["bank", "library"], strict=True)]


@pytest.mark.parametrize(
    "row",
    [
        {"id": "1afa", "question": {"stem": "Where?", "choices": CHOICES}, "answerKey": "B"},
        {"id": "1afa", "question": "Where?", "choices": {"label": ["A", "B"], "text": ["bank", "library"]}, "answerKey": "B"},
    ],
)
def test_commonsenseqa_in_both_layouts(written, row):
    (item,) = loaders.commonsenseqa(written(row))
    assert (item.id, item.question, item.options, item.answer) == ("1afa", "Where?", ["bank", "library"], 1)
    with pytest.raises(InputError, match=r"tasks\.jsonl:2: id: repeats '1afa'"):
        list(loaders.commonsenseqa(written(row, row)))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"question": "Where?", "choices": CHOICES, "answerKey": "C"}, "answerKey: is none of the options: 'C'"),
        ({"question": "Where?", "choices": CHOICES, "answerKey": ""}, "answerKey: is none of the options: ''"),
        ({"question": "Where?", "answerKey": "A"}, "choices: is missing"),
        ({"question": "Where?", "choices": CHOICES[::-1], "answerKey": "A"}, "choices: must be labelled A, B, C and so on"),
        ({"question": "Where?", "choices": {"label": ["A"], "text": ["a", "b"]}, "answerKey": "A"}, "choices: must have as many labels"),
        ({"question": "Where?", "choices": CHOICES}, "no column 'answerKey'"),
    ],
)
def test_faults_of_commonsenseqa_name_line_and_field(written, row, message):
    with pytest.raises(InputError, match=rf"tasks\.jsonl:1: {message}"):
        list(loaders.commonsenseqa(written(row)))


def test_any_file_by_the_names_of_its_fields(written):
    rows = [
        {"stem": "Where?", "options": ["bank", "library"], "gold": "B"},
        {"stem": "Where?", "options": ["bank", "library"], "gold": "library"},
        {"stem": "Where?", "options": {"A": "bank", "B": "library"}, "gold": 1},
        {"stem": "How many?", "gold": 12},
        {"stem": "How much?", "gold": "$1,200"},
    ]
    fields = loaders.fields_of(["question=stem", "answer=gold"])
    assert fields == Fields(question="stem", answer="gold")
    items = list(loaders.task_file(written(*rows), fields, source="own", licence="CC0-1.0"))
    assert [item.answer for item in items] == [1, 1, 1, "12", "$1,200"]
    assert [item.family for item in items] == ["commonsense"] * 3 + ["math"] * 2
    assert {(item.source, item.licence) for item in items} == {("own", "CC0-1.0")}
    assert [item.licence for item in loaders.task_file(written(*rows), fields)] == ["none stated"] * 5


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"question": "", "answer": 1}, "question: is empty"),
        (
            {"question": "How many?", "answer": "many"},
            r"answer: must be a number \(no number in digits\), found 'many'; a choice needs options",
        ),
        ({"question": "How many?", "answer": None}, "answer: must be text, found null"),
        ({"question": "Which?", "answer": 1, "options": ["3", "1"]}, None),
        (
            {"question": "Which?", "answer": 1, "options": ["1", "3"]},
            "answer: may be either of two options; give the letter or the text: '1'",
        ),
        ({"question": "Which?", "answer": "A", "options": ["B", "A"]}, "answer: may be either of two options"),
        ({"question": "Which?", "answer": "A", "options": "A B"}, "options: must be a list of at least two texts"),
        ({"question": "Which?", "answer": "A", "options": ["a", None]}, "options: must be text, found null"),
        ({"answer": "A"}, "no column 'question'"),
    ],
)
def test_faults_name_line_and_field(written, row, message):
    path = written({"question": "How many?", "answer": 1}, row)
    if message is None:
        assert [item.answer for item in loaders.task_file(path)] == ["1", 1]
        return
    with pytest.raises(InputError, match=rf"tasks\.jsonl:2: {message}"):
        list(loaders.task_file(path))


def test_a_field_that_is_not_there_is_named():
    with pytest.raises(InputError, match="field 'stem=question': write FIELD=COLUMN, FIELD one of question, options, answer, id"):
        loaders.fields_of(["stem=question"])


def test_aligned_lines_with_two_references(tmp_path):
    for name, lines in {"en.txt": "Good day\nBye\n", "de.txt": "Guten Tag\nTschüss\n", "de2.txt": "Tag\nAuf Wiedersehen\n"}.items():
        (tmp_path / name).write_text(lines, encoding="utf-8")
    items = list(loaders.aligned(tmp_path / "en.txt", [tmp_path / "de.txt", tmp_path / "de2.txt"], to="de"))
    assert [item.answer for item in items] == [["Guten Tag", "Tag"], ["Tschüss", "Auf Wiedersehen"]]
    assert [(item.id, item.meta, item.licence) for item in items] == [(f"en-{n}", {"to": "de"}, "CC-BY-SA-4.0") for n in (1, 2)]
    (tmp_path / "de2.txt").write_text("Tag\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"de2\.txt:2: the file ends before the others"):
        list(loaders.aligned(tmp_path / "en.txt", [tmp_path / "de.txt", tmp_path / "de2.txt"], to="de"))
    (tmp_path / "de.txt").write_text("Guten Tag\n\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"en\.txt:2: the line is empty"):
        list(loaders.aligned(tmp_path / "en.txt", [tmp_path / "de.txt"], to="de"))


def test_forms_from_aligned_lines(tmp_path, written):
    path = written({"question": "How many?", "answer": 1}, {"question": "How much?", "answer": 2})
    (tmp_path / "high.txt").write_text("What number?\nWhat amount?\n")
    (tmp_path / "low.txt").write_text("What tally?\n")
    items = list(loaders.with_forms(loaders.task_file(path), {"high": tmp_path / "high.txt"}))
    assert [item.forms for item in items] == [
        {"original": "How many?", "high": "What number?"},
        {"original": "How much?", "high": "What amount?"},
    ]
    with pytest.raises(InputError, match=r"low\.txt:2: no line for a task; give as many lines as tasks"):
        list(loaders.with_forms(loaders.task_file(path), {"high": tmp_path / "high.txt", "low": tmp_path / "low.txt"}))
    (tmp_path / "low.txt").write_text("What tally?\nWhat sum?\nWhat?\n")
    with pytest.raises(InputError, match=r"low\.txt:3: no task for the line"):
        list(loaders.with_forms(loaders.task_file(path), {"low": tmp_path / "low.txt"}))


def test_an_answer_in_a_letter_of_another_alphabet_is_the_text_of_an_option(written):
    (item,) = loaders.task_file(written({"question": "Welche?", "options": ["s", "ß"], "answer": "ß"}))  # which has two capitals
    assert item.answer == 1
