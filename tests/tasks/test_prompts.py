"""Prompts: what is filled in where, the bundled ones, and a user's own with one line on what is wrong with them."""

import json
import re

import pytest

from freqbias.errors import InputError
from freqbias.tasks.items import TaskItem
from freqbias.tasks.prompts import EACH, TaskPrompt, bundled, own_prompts
from freqbias.terms import FAMILIES

CHOICE = TaskItem(id="1", family="commonsense", source="own", question="Where?", options=["a  bank\nB. park", "{question}"], answer=0)
CALL = TaskItem(
    id="2",
    family="tools",
    source="own",
    question="When?",
    answer=[{"wake": {}}],
    meta={"tools": [{"name": "wake", "description": "Dis-moi l’heure", "parameters": {}}]},
)
TEXT = TaskItem(id="3", family="translation", source="own", question="Hello", answer=["Hallo"], meta={"to": "de"})
SUM = TaskItem(id="4", family="math", source="own", question="How many?", answer="3")
OF_FAMILY = {"commonsense": CHOICE, "tools": CALL, "translation": TEXT, "math": SUM}


@pytest.mark.parametrize("family", FAMILIES)
def test_bundled_prompts_ask_everything_in_different_words(family):
    prompts = bundled(family)
    assert [prompt.name for prompt in prompts] == [f"{family}-{number}-v1" for number in (1, 2, 3)]
    assert len(prompts) == EACH
    item = OF_FAMILY[family]
    messages = {prompt.message(item, "Why {options}?") for prompt in prompts}
    assert len(messages) == EACH
    for prompt in prompts:
        prompt.check_fits(item)
        message, start = prompt.message(item, "Why {options}?"), prompt.beginning(item)
        assert message.count("Why {options}?") == 1
        assert message == message.strip()
        assert start == start.strip() != ""
        assert bool(prompt.max_tokens) == (family != "commonsense")
        for found in ("{language}", "{tools}"):
            assert found not in message + start
        if family == "translation":
            assert "German" in message
        if family == "tools":
            assert json.dumps(CALL.meta["tools"][0], ensure_ascii=False) in message.splitlines()


def test_what_is_filled_in_stays_as_it_is():
    prompt = TaskPrompt(name="own", text="{options}\n{question} {other} {", start="{language}?")
    assert prompt.message(CHOICE, "Is {options} in {tools}?") == "A. a bank B. park\nB. {question}\nIs {options} in {tools}? {other} {"
    assert prompt.beginning(TEXT) == "German?"
    italian = TEXT.replace(meta={"to": "Klingon"})
    assert prompt.beginning(italian) == "Klingon?"


def test_own_files(tmp_path):
    (tmp_path / "plain.txt").write_text("\nProblem: {question}\n\n", encoding="utf-8")
    (tmp_path / "full.toml").write_text(
        'text = """\n{question}\nÉcris."""\nstart = "So: "\nmax_tokens = 9\nmarked = true\n', encoding="utf-8"
    )
    assert own_prompts([tmp_path / "plain.txt", str(tmp_path / "full.toml")]) == [
        TaskPrompt(name="plain", text="Problem: {question}"),
        TaskPrompt(name="full", text="{question}\nÉcris.", start="So:", max_tokens=9, marked=True),
    ]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.txt", "Solve it.", "text: must hold {question}, where the wording goes"),
        ("a.txt", "", "text: must hold {question}"),
        ("a.toml", "text = 3", r"Expected `str`, got `int` - at `$.text`"),
        ("a.toml", 'text = "{question}"\nstrat = "So"', "unknown field `strat`"),
        ("a.toml", 'text = "{question}"\nmax_tokens = -1', "max_tokens: must be at least 0, found -1"),
        ("a.toml", 'text = "{question}"\nname = " "', "name: is empty"),
        ("a.toml", 'start = "So"', "missing required field `text`"),
        ("a.toml", "text = {question}", "Expected '='"),
        ("a.txt", b"caf\xe9 {question}", "can't decode byte"),
        ("a.txt", None, "No such file or directory"),
    ],
)
def test_faults_name_the_file(tmp_path, name, text, message):
    path = tmp_path / name
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=re.escape(f"{path}: ")) as caught:
        own_prompts([path])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_prompts_of_one_name(tmp_path):
    (tmp_path / "a.txt").write_text("{question}")
    (tmp_path / "a.toml").write_text('text = "{question}?"')
    (tmp_path / "b.toml").write_text('name = "a"\ntext = "{question}!"')
    for other in ("a.toml", "b.toml"):
        with pytest.raises(InputError, match=rf"{re.escape(other)}: another prompt is called 'a'; rename one of the files"):
            own_prompts([tmp_path / "a.txt", tmp_path / other])


@pytest.mark.parametrize(
    ("item", "text", "message"),
    [
        (CHOICE, "{question}", "prompt 'own': text must hold {options}, since the task '1' has options"),
        (CALL, "{question}", "prompt 'own': text must hold {tools}, since the task '2' has tools"),
        (SUM, "{question} {options}", "prompt 'own': holds {options}, and the task '4' has no options"),
        (SUM, "{question} in {language}", "prompt 'own': holds {language}, and the task '4' has no language"),
        (TEXT, "{question}, in German", None),  # the language may be written out
        (TEXT, "{question}, in {language}", None),
    ],
)
def test_a_prompt_asks_for_what_a_task_has(item, text, message):
    prompt = TaskPrompt(name="own", text=text)
    if message is None:
        prompt.check_fits(item)
        return
    with pytest.raises(InputError, match=re.escape(message)):
        prompt.check_fits(item)
