"""Rows of the task templates for translation and tool calls: every rule holds for every row, and a row that breaks one is told so."""

import copy
import re
from datetime import date

import pytest

from freqbias.paraphrases.task_rows import (
    LANGUAGES,
    REFERENCES,
    family_faults,
    fill,
    forms,
    language_of,
    length_lean,
    read_rows,
    row_faults,
    slot_words,
    word_faults,
)
from freqbias.terms import FORMS, HIGH, LOW, ORIGINAL, PLACEBO, TOOLS, TRANSLATION

OWN = (TRANSLATION, TOOLS)
QUIET = {"id": "t-quiet", "high": "quiet", "original": "calm", "placebo": "peaceful", "low": "serene"}
ODD = {"id": "t-odd", "high": "weird", "original": "strange", "placebo": "odd", "low": "peculiar"}
HUGE = {"id": "t-huge", "high": "huge", "original": "massive", "placebo": "giant", "low": "immense"}
SOME = {row["id"]: row for row in (QUIET, ODD, HUGE)}


def a_translation(**changes):
    row = {
        "id": "x",
        "family": TRANSLATION,
        "text": "{quiet} people saw an {odd} dog and a {huge} cat.",
        "slots": {"quiet": "t-quiet", "odd": "t-odd", "huge": "t-huge"},
        "references": {
            "de": ["Die ruhigen Leute sahen den Hund.", "Den Hund sahen die stillen Leute."],
            "fr": ["Les gens tranquilles ont vu le chien.", "Le chien a été vu par les gens."],
            "es": ["La gente tranquila vio al perro.", "El perro fue visto por la gente."],
        },
    }
    return {**row, **changes}


def a_call(**changes):
    parameters = {
        "type": "object",
        "properties": {"minutes": {"type": "integer"}},
        "required": ["minutes"],
        "additionalProperties": False,
    }
    row = a_translation(family=TOOLS, tools=[{"name": "start", "description": "Start.", "parameters": parameters}])
    del row["references"]
    return {**row, "calls": [{"start": {"minutes": [5]}}], **changes}


def test_every_quadruple_keeps_the_rules_of_zipf_and_is_used():
    assert len(slot_words()) == len(read_rows("words-tt")) >= 30
    assert {row["id"]: faults for row in read_rows("words-tt") if (faults := word_faults(row))} == {}
    assert {id_ for family in OWN for row in read_rows(family) for id_ in row["slots"].values()} == set(slot_words())
    assert all(id_.startswith("t-") for id_ in slot_words())


@pytest.mark.parametrize("family", OWN)
def test_every_row_keeps_the_rules(family):
    rows = read_rows(family)
    assert len(rows) >= 80
    assert {row["family"] for row in rows} == {family}
    assert {row["id"]: faults for row in rows if (faults := row_faults(row, slot_words()))} == {}
    assert family_faults(rows, slot_words()) == []


@pytest.mark.parametrize("family", OWN)
def test_texts_are_whole_sentences_of_their_own(family):
    texts = [text for row in read_rows(family) for text in set(forms(row, slot_words()).values())]
    assert len(set(texts)) == len(texts)
    for text in texts:
        assert text[0].isupper()
        assert text[-1] in ".?"
        assert re.search(r"[{}]|  ", text) is None


def test_references_stand_once_and_end_as_sentences():
    every = [text for row in read_rows(TRANSLATION) for texts in row["references"].values() for text in texts]
    assert len(set(every)) == len(every) == len(read_rows(TRANSLATION)) * len(LANGUAGES) * REFERENCES
    assert all(text[0] in "¿¡" or text[0].isupper() for text in every)
    assert all(text[-1] in ".?" for text in every)


def spelled(value):
    """Return how a request says the value of an argument."""
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        return str(value)
    return f"{day.day} {day:%B %Y}"


def test_requests_state_every_argument():
    for row in read_rows(TOOLS):
        ((_, accepted),) = row["calls"][0].items()
        text = row["text"].casefold()
        for name, values in accepted.items():
            assert any(spelled(value).casefold() in text for value in values), (row["id"], name)


def test_the_right_function_is_not_always_in_one_place():
    places = {[tool["name"] for tool in row["tools"]].index(*row["calls"][0]) for row in read_rows(TOOLS)}
    assert places == {0, 1, 2}


def test_forms_fill_articles_and_capitals():
    row = a_translation()
    assert forms(row, SOME) == {
        ORIGINAL: "Calm people saw a strange dog and a massive cat.",
        PLACEBO: "Peaceful people saw an odd dog and a giant cat.",
        HIGH: "Quiet people saw a weird dog and a huge cat.",
        LOW: "Serene people saw a peculiar dog and an immense cat.",
    }
    assert tuple(forms(row, SOME)) == FORMS
    assert fill(row | {"text": "It is an {odd} one? {quiet}, {huge}."}, LOW, SOME) == "It is a peculiar one? Serene, immense."
    assert row_faults(row, SOME) == row_faults(a_call(), SOME) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"low": "calm"}, "is not 1.0 Zipf above"),
        ({"placebo": "restful"}, "more than 0.3 Zipf apart"),
        ({"original": "good", "placebo": "well"}, "not between the frequent and the rare word"),
        ({"placebo": "calm"}, "are one word"),
        ({"low": "quietsomest"}, "not in wordfreq's list: quietsomest"),
    ],
)
def test_words_that_break_a_rule_are_told(changes, fault):
    assert word_faults(QUIET) == []
    assert any(fault in each for each in word_faults(QUIET | changes))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"text": "A {quiet} dog saw a {huge} cat.", "slots": {"quiet": "t-quiet", "huge": "t-huge"}}, "fewer than 3 slots"),
        ({"text": "A {quiet} dog saw a {huge} cat."}, "slots of the text and of the field differ"),
        ({"slots": {"quiet": "t-quiet", "odd": "t-odd", "huge": "t-odd"}}, "two slots share a word"),
        ({"text": "A {quiet} and calm dog saw a {huge} and {odd} cat."}, "stand beside them: calm"),
        ({"family": "poetry"}, "the family is none of"),
    ],
)
def test_rows_that_break_a_rule_are_told(changes, fault):
    assert any(fault in each for each in row_faults(a_translation(**changes), SOME))


@pytest.mark.parametrize(
    ("language", "texts", "fault"),
    [
        ("de", ["Die ruhigen Leute sahen den Hund."] * 2, "de: fewer than 2 different references"),
        ("de", ["Die ruhigen Leute sahen den Hund.", ""], "de: fewer than 2 different references"),
        ("fr", ["Die Leute sahen den Hund.", "Les gens ont vu le chien."], "fr: another language"),
        ("es", ["The people saw the dog.", "La gente vio al perro."], "es: another language"),
        ("fr", ["Un chien calm est venu.", "Les gens ont vu le chien."], "stand in the answer: calm"),
    ],
)
def test_references_that_break_a_rule_are_told(language, texts, fault):
    row = a_translation()
    row["references"] = row["references"] | {language: texts}
    assert any(fault in each for each in row_faults(row, SOME))


def test_a_language_that_is_missing_is_told():
    row = a_translation()
    del row["references"]["fr"]
    assert any("not in de, fr, es" in each for each in row_faults(row, SOME))


def test_languages_are_told_by_their_words():
    found = [language_of(text) for texts in a_translation()["references"].values() for text in texts]
    assert found == ["de", "de", "fr", "fr", "es", "es"]
    assert language_of("The people saw the dog.") == "en"


@pytest.mark.parametrize(
    ("calls", "fault"),
    [
        ([{"start": {"minutes": ["five"]}}], "'five' is not of type 'integer'"),
        ([{"start": {"minutes": [5, "5"]}}], "'5' is not of type 'integer'"),
        ([{"start": {}}], "'minutes' is a required property"),
        ([{"start": {"minutes": []}}], "'minutes' is a required property"),
        ([{"start": {"minutes": [5], "peculiar": [1]}}], "stand in the answer: peculiar"),
        ([{"start": {"minutes": [5], "hours": [1]}}], "Additional properties are not allowed"),
        ([{"stop": {"minutes": [5]}}], "not one call of one of the tools"),
        ([], "not one call of one of the tools"),
    ],
)
def test_calls_that_break_a_rule_are_told(calls, fault):
    assert any(fault in each for each in row_faults(a_call(calls=calls), SOME))


def test_tools_that_break_a_rule_are_told():
    tools = a_call()["tools"]
    assert any("one to three tools" in each for each in row_faults(a_call(tools=tools * 2), SOME))
    broken = copy.deepcopy(tools)
    broken[0]["parameters"]["type"] = "dict"
    assert any("start: no JSON schema" in each for each in row_faults(a_call(tools=broken), SOME))


def test_families_that_lean_are_told():
    level = a_translation()
    longer = {**SOME, "t-quiet": QUIET | {"low": "serenely"}}
    assert length_lean([level], SOME) == len("quiet weird huge") - len("serene peculiar immense") - len("n")
    assert any("characters longer" in each for each in family_faults([level], longer))
    assert any("an id stands twice" in each for each in family_faults([level, level], SOME))
    tilted = {**SOME, "t-odd": ODD | {"original": "weird", "placebo": "peculiar"}}
    assert any("above the placebo" in each for each in family_faults([level], tilted))
