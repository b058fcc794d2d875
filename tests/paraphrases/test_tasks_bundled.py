"""Generator `tasks` on the bundled families: pairs of each arm in each prompt, the item of the analysis, gold and wrong answers."""

from collections import Counter

import pytest

from freqbias.errors import InputError
from freqbias.paraphrases import task_rows, task_templates
from freqbias.paraphrases.task_sources import bundled_items
from freqbias.paraphrases.tasks import RIVALS, generate
from freqbias.tasks.answers import judged
from freqbias.tasks.asked import asked_of
from freqbias.terms import FREQUENCY, PLACEBO, SIDES

FAMILIES = {"math": 1, "commonsense": 1, "translation": 3, "tools": 1}  # with how many languages each item is asked in
ITEMS = {
    family: len(task_templates.template_rows(family) if family in task_templates.FAMILIES else task_rows.read_rows(family))
    for family in FAMILIES
}


@pytest.fixture(scope="module")
def made():
    """Return the pairs of a bundled family, made once."""
    return {family: generate(data=family) for family in FAMILIES}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_bundled_item_has_a_pair_of_each_arm_in_each_prompt(family, made):
    pairs = made[family]
    times = 3 * FAMILIES[family]
    assert ITEMS[family] > 80
    assert len(pairs) == ITEMS[family] * times * 2
    assert len({pair.id for pair in pairs}) == len(pairs)
    assert set(Counter((pair.meta["task_item"], pair.arm) for pair in pairs).values()) == {times}
    frames = {pair.meta["frame"] for pair in pairs}
    assert len(frames) == times
    assert set(Counter((pair.meta["task_item"], pair.arm, pair.meta["frame"]) for pair in pairs).values()) == {1}
    for pair in pairs:
        pair.check()
        assert all(pair.checks.values()), (pair.item, pair.checks)
        asked = asked_of(pair)
        assert asked.item.family == family
        assert asked.name == pair.meta["frame"]
        assert asked.gold
        assert asked.wrong
        assert not set(asked.gold) & set(asked.wrong)


@pytest.mark.parametrize("family", FAMILIES)
def test_gaps_of_the_arms(family, made):
    of_arm = {arm: [pair.zipf_gap for pair in made[family] if pair.arm == arm] for arm in (FREQUENCY, PLACEBO)}
    assert min(of_arm[FREQUENCY]) > 0.9
    assert max(map(abs, of_arm[PLACEBO])) <= 0.3
    assert abs(sum(of_arm[PLACEBO]) / len(of_arm[PLACEBO])) <= 0.03


@pytest.mark.parametrize("family", FAMILIES)
def test_the_placebo_is_oriented_by_rivals_in_turn(family, made):
    pairs = {pair.meta["task_item"]: pair for pair in made[family] if pair.arm == PLACEBO}.values()
    originals = {item.id: item.question for item in bundled_items(family)}
    measures = dict(RIVALS)
    for pair in pairs:
        rival, side = pair.meta["oriented_by"], pair.meta["original_side"]
        assert getattr(pair, side) == originals[pair.meta["task_item"]] == pair.meta["original"]
        assert pair.high != pair.low
        if rival is None:
            assert {measure(pair.high) - measure(pair.low) for measure in measures.values()} == {0}
        else:
            assert measures[rival](pair.high) < measures[rival](pair.low)
    counted = Counter(pair.meta["oriented_by"] for pair in pairs)
    assert set(counted) <= {None, *measures}
    assert counted[None] <= 0.05 * len(pairs)
    assert min(counted[name] for name in measures) >= 0.35 * len(pairs)
    sides = Counter(pair.meta["original_side"] for pair in pairs)
    assert min(sides[side] for side in SIDES) >= 0.4 * len(pairs)  # so that the placebo is not the cost of rewording


@pytest.mark.parametrize(("family", "items"), [("math", 59), ("commonsense", 58), ("translation", 92), ("tools", 101)])
def test_the_item_of_the_analysis_is_the_template(family, items, made):
    """Problems of one template share a sentence, and would be counted as if they were independent."""
    assert len({pair.item for pair in made[family]}) == items


def test_the_frequency_arm_has_no_side_of_the_original(made):
    assert not [pair for pair in made["math"] if pair.arm == FREQUENCY and "original_side" in pair.meta]


def test_what_is_made_twice_is_the_same_and_n_and_seed_draw(made):
    again = generate(data="math")
    assert [pair.to_dict() for pair in again] == [pair.to_dict() for pair in made["math"]]
    few, others = generate(data="math", n=20), generate(data="math", n=20, seed=1)
    items = list(dict.fromkeys(pair.meta["task_item"] for pair in few))
    assert len(items) == len({pair.meta["task_item"] for pair in others}) == 20
    assert items != list(dict.fromkeys(pair.meta["task_item"] for pair in others))
    assert [pair.to_dict() for pair in few] == [pair.to_dict() for pair in generate(data="math", n=20, seed=0)]
    ids = {pair.id for pair in made["math"]}
    assert {pair.id for pair in few} < ids  # whatever is drawn, an item's wordings and their sides are the same
    order = [item.id for item in bundled_items("math")]
    assert items == sorted(items, key=order.index)
    assert len(generate(data="math", n=10_000)) == len(made["math"])
    assert len(generate(data="translation", n=2, to="de")) == 2 * 3 * 2  # a translation counts once, whatever its languages


def test_a_wrong_translation_is_of_another_sentence_in_the_same_language(made):
    references = {(item.id, item.meta["to"]): item.answer for item in bundled_items("translation")}
    for pair in made["translation"]:
        asked = asked_of(pair)
        to = asked.item.meta["to"]
        assert list(asked.gold) == references[pair.item, to]
        assert list(asked.wrong) in [found for (item, language), found in references.items() if language == to and item != pair.item]


def test_languages_are_chosen(made):
    german = generate(data="translation", to="de")
    assert {pair.meta["frame"] for pair in german} == {f"translation-{number}-v1-de" for number in (1, 2, 3)}
    assert [pair.id for pair in german] == [pair.id for pair in made["translation"] if pair.meta["frame"].endswith("-de")]
    assert len(generate(data="translation", to="fr, fr,es", n=1)) == 2 * 3 * 2


def test_gold_numbers_and_calls_are_right_by_the_judge_and_wrong_ones_are_not(made):
    for family in ("math", "tools"):
        for pair in made[family]:
            asked = asked_of(pair)
            assert [judged(asked.item, text, marked=False).right for text in asked.gold] == [True]
            assert True not in [judged(asked.item, text, marked=False).right for text in asked.wrong]


@pytest.mark.parametrize(("write", "rooms"), [("all", {16}), ("first", {0, 16}), ("none", {0})])
def test_free_answers_are_written_where_they_are_wanted(write, rooms):
    found = {pair.meta["prompt"]["name"]: pair.meta["prompt"]["max_tokens"] for pair in generate(data="math", n=2, write=write)}
    assert set(found.values()) == rooms
    assert next(iter(found.values())) == (0 if write == "none" else 16)


def test_prompts_that_write_are_named():
    with pytest.raises(InputError, match="-o write=some: must be one of all, first, none"):
        generate(data="math", n=2, write="some")
