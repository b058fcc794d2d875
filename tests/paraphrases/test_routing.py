"""Generator `routing`: queries by construction, balanced, without a hint in the topic, and grammatical where a rule can tell."""

import re
from collections import Counter

import pytest

from freqbias.errors import InputError
from freqbias.frequency import word_zipf
from freqbias.paraphrases.lexicon import MAX_PLACEBO_GAP, MIN_GAP
from freqbias.paraphrases.routing import DEFAULT, ROUTES, SLOT, by_keywords, generate, keywords, templates, topics
from freqbias.paraphrases.words import stem
from freqbias.readability import syllables
from freqbias.terms import FREQUENCY, PLACEBO, SIDES

PAIRS = generate()
WORDS = {arm: [word for topic in topics(arm) for word in (topic.high, topic.low)] for arm in (FREQUENCY, PLACEBO)}

#: How a request begins that is no question; `Plan` begins one of two sentences, the second a question.
ORDERS = {"Compare", "Give", "Of", "Trace", "List", "Walk", "Summarise", "Outline", "Make", "Boil", "Put"}


def words_of(text):
    return re.findall(r"[a-z]+", text.lower())


def test_every_route_has_200_queries_an_arm_from_eight_templates_each_with_every_topic():
    assert Counter((pair.arm, pair.meta["route"]) for pair in PAIRS) == {(arm, r): 200 for arm in (FREQUENCY, PLACEBO) for r in ROUTES}
    assert tuple(templates()) == ROUTES
    assert all(len(own) == 8 for own in templates().values())
    for arm in (FREQUENCY, PLACEBO):
        assert len({(pair.item, pair.meta["frame"]) for pair in PAIRS if pair.arm == arm}) == 25 * 40
    assert len({pair.id for pair in PAIRS}) == len({getattr(pair, side) for pair in PAIRS for side in SIDES}) / 2 == 2000


@pytest.mark.parametrize("text", [text for own in templates().values() for text in own])
def test_template(text):
    assert text.count(SLOT) == 1
    assert text[0].isupper()
    assert text[-1] in ".?"
    assert text.isascii()
    assert "  " not in text
    assert not re.search(r"\ban? \{x\}", text)  # topics are plural
    assert (text[-1] == ".") == (text.split()[0] in ORDERS)
    assert 7 <= len(text.split()) <= 20
    own = {stem(word) for word in words_of(text.replace(SLOT, ""))}
    assert not own & {stem(topic) for words in WORDS.values() for topic in words}


def test_no_template_is_nearly_another():
    flat = [(route, set(map(stem, words_of(text)))) for route, own in templates().items() for text in own]
    for k, (route, first) in enumerate(flat):
        for other, second in flat[:k]:
            assert len(first & second) / len(first | second) < 0.45, (route, other)


def test_lengths_are_alike_in_all_routes():
    means = {route: sum(len(text.split()) for text in own) / len(own) for route, own in templates().items()}
    assert max(means.values()) - min(means.values()) < 6
    places = [text.split(SLOT)[0].count(" ") / text.count(" ") for own in templates().values() for text in own]
    assert min(places) < 0.2
    assert max(places) > 0.8


def test_topics_are_as_rare_and_as_equal_as_their_arm_says():
    gaps = {arm: [word_zipf(topic.high) - word_zipf(topic.low) for topic in topics(arm)] for arm in WORDS}
    assert min(gaps[FREQUENCY]) >= MIN_GAP
    assert max(map(abs, gaps[PLACEBO])) <= MAX_PLACEBO_GAP
    assert abs(sum(gaps[PLACEBO]) / 25) <= 0.03
    assert len(set(WORDS[FREQUENCY]) | set(WORDS[PLACEBO])) == 100
    for pair in PAIRS:
        gap = word_zipf(pair.meta["swap"][0]) - word_zipf(pair.meta["swap"][1])
        assert pair.zipf_gap == pytest.approx(gap)


def test_placebo_sides_are_told_by_a_rival():
    rivals = {"characters": len, "syllables": syllables}
    for topic in topics(PLACEBO):
        if topic.oriented_by in rivals:
            assert rivals[topic.oriented_by](topic.high) < rivals[topic.oriented_by](topic.low)
        else:
            assert (topic.oriented_by, topic.register[1]) == ("formal", "formal") != ("formal", topic.register[0])
    assert {topic.oriented_by for topic in topics(FREQUENCY)} == {None}


def test_no_keyword_is_swapped_and_keywords_know_some_routes():
    known = {stem(word) for own in keywords().values() for word in own}
    assert not known & {stem(word) for own in WORDS.values() for word in own}
    for pair in PAIRS:
        assert pair.meta["keyword_route"] == [by_keywords(pair.high), by_keywords(pair.low)]
        assert len(set(pair.meta["keyword_route"])) == 1
    share = sum(pair.meta["keyword_route"][0] == pair.meta["route"] for pair in PAIRS) / len(PAIRS)
    assert 0.6 < share < 0.9  # a baseline, and no oracle
    assert by_keywords("nothing to see") == DEFAULT


def test_only_the_topic_differs_and_every_check_holds():
    for pair in PAIRS:
        assert words_of(pair.high.replace(pair.meta["swap"][0], pair.meta["swap"][1])) == words_of(pair.low)
        assert all(verdict is not False for verdict in pair.checks.values()), pair.checks


def test_a_part_is_spread_evenly_and_repeats_with_its_seed():
    part = generate(n=40, seed=3)
    assert part == generate(n=40, seed=3)
    assert Counter((pair.arm, pair.meta["frame"]) for pair in part).most_common(1)[0][1] == 1
    assert min(Counter(pair.item for pair in part).values()) >= 1
    assert len({pair.item for pair in part if pair.arm == FREQUENCY}) == 25
    assert {pair.id for pair in generate(n=40, seed=4)} != {pair.id for pair in part}


@pytest.mark.parametrize("n", [0, 1001])
def test_more_than_there_is(n):
    with pytest.raises(InputError, match="--n must be between 1 and 1000"):
        generate(n=n)
