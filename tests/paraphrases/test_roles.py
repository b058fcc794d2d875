"""Generator `roles`: what both documents share with the queries, row by row, and what is in equal numbers."""

import re
from collections import Counter

import pytest

from freqbias.errors import InputError
from freqbias.paraphrases.lexicon import keeps_gap, sets_by_id
from freqbias.paraphrases.roles import categories, generate
from freqbias.paraphrases.words import shared_words
from freqbias.terms import FREQUENCY, PLACEBO

PAIRS = generate()
OF_QUESTIONS = "question_answer"


def words(text):
    return re.findall(r"[A-Za-z]+", text)


def couples(text, size):
    own = words(text)
    return Counter(tuple(own[i : i + size]) for i in range(len(own) - size + 1))


def asked(pair):
    return pair.queries["relevant"][0], pair.queries["other_role"][0]


def test_two_hundred_of_each_couple_of_roles_in_each_arm_from_ten_templates():
    counts = Counter((pair.arm, pair.meta["domain"]) for pair in PAIRS)
    assert counts == {(arm, name): 200 for arm in (FREQUENCY, PLACEBO) for name in categories()}
    for name in categories():
        for arm in (FREQUENCY, PLACEBO):
            frames = Counter(pair.meta["frame"] for pair in PAIRS if (pair.arm, pair.meta["domain"]) == (arm, name))
            assert len(frames) == 10
            assert min(frames.values()) >= 15
    assert len({pair.item for pair in PAIRS if pair.arm == FREQUENCY}) > 190
    assert len({pair.id for pair in PAIRS}) == len(PAIRS)


@pytest.mark.parametrize("arm", [FREQUENCY, PLACEBO])
def test_both_documents_share_the_same_words_and_couples_with_either_query(arm):
    for pair in (pair for pair in PAIRS if pair.arm == arm):
        for side in ("high", "low"):
            right, wrong = getattr(pair, side), pair.decoys[side]
            assert sorted(words(right)) == sorted(words(wrong))  # letter by letter
            assert right != wrong
            for query in asked(pair):
                assert set(words(query)) & set(words(right)) == {"the", pair.meta["anchor"]}
                for size in (1, 2, 3, 4):
                    shared = [couples(query, size) & couples(text, size) for text in (right, wrong)]
                    assert shared[0] == shared[1]
                assert ("the", pair.meta["anchor"]) in couples(right, 2) & couples(query, 2)


def test_the_swapped_word_and_its_relatives_are_in_no_query_and_nowhere_else():
    for pair in PAIRS:
        assert not shared_words(pair.meta["swap"], [*asked(pair), pair.meta["anchor"]])
        assert all(pair.checks[name] is True for name in ("one_swap", "known_words"))
        assert all(passed is not False for passed in pair.checks.values()), pair.checks
        assert re.sub(rf"\b{pair.meta['swap'][0]}\b", pair.meta["swap"][1], pair.decoys["high"]) == pair.decoys["low"]
        assert keeps_gap(pair.arm, *pair.meta["swap"])


def test_each_place_of_the_thing_is_right_for_one_query():
    for pair in PAIRS:
        if pair.meta["domain"] != OF_QUESTIONS:
            texts = [words(text) for text in (pair.high, pair.decoys["high"])]
            places = [own.index(pair.meta["anchor"]) < own.index(pair.meta["swap"][0]) for own in texts]
            assert sorted(places) == [False, True]
    for name, category in categories().items():
        if name != OF_QUESTIONS:
            before = [row["text"].index("{0}") < row["text"].index("{1}") for row in category["templates"]]
            assert sum(before) == len(before) / 2


@pytest.mark.parametrize("arm", [FREQUENCY, PLACEBO])
def test_roles_and_things_are_asked_about_as_often(arm):
    for name, category in categories().items():
        own = [pair for pair in PAIRS if (pair.arm, pair.meta["domain"]) == (arm, name)]
        share = sum(pair.meta["asked_role"] == category["roles"][0] for pair in own) / len(own)
        assert 0.4 < share < 0.6
        assert max(Counter(pair.meta["anchor"] for pair in own).values()) < 0.3 * len(own)


def test_queries_of_a_template_are_about_as_long_and_hold_no_sign():
    for category in categories().values():
        assert len(category["templates"]) >= 8
        for row in category["templates"]:
            first, second = row["asked_0"], row["asked_1"]
            assert abs(len(first.split()) - len(second.split())) <= 1
            assert first != second
            for query in (first, second):
                assert re.fullmatch(r"[a-z ]+\{a\}[a-z ]*", query)
        couples_of_queries = Counter((row["asked_0"], row["asked_1"]) for row in category["templates"])
        assert max(couples_of_queries.values()) == 1


def test_documents_are_sentences():
    for pair in PAIRS:
        for text in (pair.high, pair.low, *pair.decoys.values()):
            assert re.fullmatch(r"[A-Z][a-z ]*,? [a-zA-Z ]+[.?]", text), text
            assert not re.search(r"\b(\w+) \1\b", text)
    endings = {(pair.meta["asked_role"], pair.high[-1]) for pair in PAIRS if pair.meta["domain"] == OF_QUESTIONS}
    assert endings == {("answer", "."), ("question", "?")}


@pytest.mark.parametrize("arm", [FREQUENCY, PLACEBO])
def test_no_content_comes_twice(arm):
    own = [pair for pair in PAIRS if pair.arm == arm]
    assert len({(pair.item, pair.meta["frame"]) for pair in own}) == len(own)
    assert len({text for pair in own for text in (pair.high, pair.decoys["high"])}) == 2 * len(own)


def test_the_sets_are_those_of_the_lexicon_and_none_twice_in_a_family():
    for category in categories().values():
        for family in category["families"]:
            assert len(set(family["anchors"])) == len(family["anchors"]) >= 8
            for arm in (FREQUENCY, PLACEBO):
                assert len(set(family[arm])) == len(family[arm])
                assert all(name in sets_by_id(arm) for name in family[arm])


def test_the_same_arguments_give_the_same_pairs_and_wrong_ones_a_line():
    assert [pair.id for pair in generate(n=40, seed=3)] == [pair.id for pair in generate(n=40, seed=3)]
    assert [pair.id for pair in generate(n=40, seed=3)] != [pair.id for pair in generate(n=40, seed=4)]
    only = generate(roles="part_whole, cause_effect")
    assert Counter(pair.meta["domain"] for pair in only if pair.arm == FREQUENCY) == {"part_whole": 200, "cause_effect": 200}
    assert len(generate(n=1)) == 2
    with pytest.raises(InputError, match=r"unknown roles 'part_hole'; did you mean 'part_whole'\?"):
        generate(roles="part_hole")
    with pytest.raises(InputError, match=r"roles= is empty; known: cause_effect, .*all"):
        generate(roles=" ,")
    for n in (0, 10_000):
        with pytest.raises(InputError, match="--n must be between 1 and"):
            generate(n=n)
