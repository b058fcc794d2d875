"""Word pairs of everyday texts: rows that hold what they say, places that suit both words, and how many plain texts they change."""

from dataclasses import fields
from itertools import chain
from pathlib import Path

import pytest

from freqbias.paraphrases import slots, swapping
from freqbias.paraphrases.everyday import FUNCTION, EverydaySet, everyday_rows, everyday_sets
from freqbias.paraphrases.lexicon import sets_by_id
from freqbias.paraphrases.slots import Rule, rules
from freqbias.paraphrases.substitute import Coverage, generate
from freqbias.paraphrases.swapping import TAGS, both_forms, substitutions
from freqbias.paraphrases.tagging import by_rules
from freqbias.paraphrases.words import shared_words
from freqbias.terms import FREQUENCY, PLACEBO

ARMS = (FREQUENCY, PLACEBO)
HELD_OUT = sorted((Path(__file__).parents[1] / "data" / "held_out").glob("*.txt"))
DOMAINS = sorted((Path(__file__).parents[1] / "data" / "domains").glob("*.txt"))


@pytest.mark.parametrize("arm", ARMS)
def test_rows_are_sound(arm):
    own = everyday_sets(arm)
    assert len({row["id"] for row in everyday_rows()}) == len(everyday_rows())
    assert not set(own) & set(sets_by_id(arm))
    for name, item in own.items():
        assert item.pos in TAGS
        assert set(item.register) <= {"neutral", "formal", "informal"}
        assert all(0 < share <= 1 for share in item.sense_share)
        glosses = [*item.gloss_plain, *item.gloss_elevated]
        assert not shared_words(glosses, [item.high, item.low]), name
        assert bool(item.gloss_plain) == bool(item.gloss_elevated)
        assert item.gloss_plain or item.pos == FUNCTION, name
        if arm == PLACEBO:
            assert len(item.high) < len(item.low), name  # the side of fewer characters is `high`, never drawn


@pytest.mark.parametrize("arm", ARMS)
def test_every_row_has_a_form_that_can_be_swapped(arm):
    used = {name for _, _, name in chain.from_iterable(substitutions(arm).values())}
    assert set(everyday_sets(arm)) == used & set(everyday_sets(arm))


def test_a_word_of_several_rows_gets_the_partner_of_its_place(monkeypatch):
    rule = {"pos": "function", "register": ["neutral", "neutral"], "sense_share": [1.0, 1.0], "arm": FREQUENCY}
    rows = [
        {"id": "one", "high": "begin", "low": "commence", "only_next": ["work"], **rule},
        {"id": "two", "high": "begin", "low": "embark", "only_next": ["on"], **rule},
    ]
    names = [field.name for field in fields(EverydaySet)]
    sets = {row["id"]: EverydaySet(**{key: value for key, value in row.items() if key in names}) for row in rows}
    told = {row["id"]: Rule(id=row["id"], only_next=row["only_next"]) for row in rows}
    for module in (swapping, slots):
        monkeypatch.setattr(module, "everyday_sets" if module is swapping else "running_sets", lambda arm: sets)
        monkeypatch.setattr(module, "rules", lambda: told)
    monkeypatch.setattr(swapping, "substitutions", swapping.substitutions.__wrapped__)
    for text, low in [
        ("They begin work.", "They commence work."),
        ("They begin on it.", "They embark on it."),
        ("They begin.", "They begin."),
    ]:
        assert both_forms(text, FREQUENCY)[1] == low


@pytest.mark.parametrize("arm", ARMS)
def test_meant_senses_are_as_far_apart_as_the_arm_asks(arm):
    for high, low, name in chain.from_iterable(substitutions(arm).values()):
        if name in everyday_sets(arm):
            assert everyday_sets(arm)[name].keeps_meant_gap(high, low)


@pytest.mark.parametrize(
    ("text", "low"),
    [
        ("We need a new cable.", "We require a new cable."),
        ("He was unhappy because they ignored my email.", "He was unhappy because they disregarded my email."),
        ("Unfortunately, it broke.", "Regrettably, it broke."),
        ("It took about five minutes.", "It took approximately five minutes."),
        ("He has enough money for it.", "He has sufficient money for it."),
        ("It was small, but the view was lovely.", "It was small, yet the view was lovely."),
        ("The tenant shall pay.", "The lessee shall pay."),
        ("This is the wrong address.", "This is the incorrect address."),
        ("They answered it in the same way.", "They answered it in the same manner."),
    ],
)
def test_swapped_in_its_place(text, low):
    assert both_forms(text, FREQUENCY)[1] == low


@pytest.mark.parametrize(
    "text",
    [
        "You need to pay.",
        "He did not do it, but the other one did.",
        "What is wrong with it?",
        "Tell me about five of them.",
        "It is about the dog.",
        "This is big enough to see.",
        "How many people came?",
        "He slept for a while.",
        "By the way it rained.",
        "He used to swim.",
        "She is not that good an idea.",
    ],
)
def test_left_alone(text):
    assert both_forms(text, FREQUENCY)[2] == []


def test_a_text_that_holds_both_words_is_left_alone():
    assert both_forms("Each page and every line.", PLACEBO)[2] == []
    assert [couple[2] for couple in both_forms("He read each page twice.", PLACEBO)[2]] == ["each-every-x-everyday"]


@pytest.mark.parametrize(
    ("words", "at", "classes"),
    [
        ("we need the key", 1, "V"),
        ("the use is there", 1, "N"),
        ("you do n't use it", 3, "V"),
        ("they ignored my email", 1, "V"),
        ("my kids love this game", 2, "V"),
        ("by phone and post", 1, "N"),
    ],
)
def test_what_stands_before_tells_nouns_from_verbs(words, at, classes):
    assert by_rules(words.split())[at] == classes


@pytest.mark.parametrize(("texts", "changed", "sets"), [(DOMAINS, 80, 60), (HELD_OUT, 50, 35)], ids=["domains", "held_out"])
def test_plain_texts_are_changed_without_a_table(texts, changed, sets):
    assert [len(path.read_text(encoding="utf-8").splitlines()) for path in texts] == [50] * 4
    coverage = Coverage()
    generate(texts, coverage=coverage)
    assert coverage.texts == 200
    assert coverage.changed[FREQUENCY] >= changed
    assert len(coverage.by_set[FREQUENCY]) >= sets
    assert max(coverage.by_set[FREQUENCY].values()) <= 0.1 * coverage.swapped[FREQUENCY]
    assert rules().keys() >= coverage.by_set[FREQUENCY].keys()
