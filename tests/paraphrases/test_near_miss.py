"""Generator `near-miss`: what is level by construction, what the two parts share (nothing), and that sentences are sound."""

import json
import re
from collections import Counter, defaultdict

import numpy as np
import pytest

from freqbias.errors import InputError
from freqbias.frequency import content_words, tokens, zipf_gap
from freqbias.paraphrases.near_miss import (
    ALL,
    BINDING,
    CATEGORIES,
    CONTENTS,
    HELD_OUT,
    NEGATION,
    ROLE,
    SPATIAL,
    TRAIN,
    UNMATCHED,
    generate,
    items,
    templates,
    words,
)
from freqbias.paraphrases.words import articles
from freqbias.probes.near_miss_auc import auc, same_order
from freqbias.records import Pair
from freqbias.terms import FREQUENCY, HIGH, PLACEBO, SIDES

RECORDS = items()
TEXTS = ("anchor", "paraphrase", "near_miss")
NEGATIONS = {"not", "no", "never", "nobody"}


def text(record, name, side=HIGH):
    return getattr(record, f"{name}_{side}")


def bag(sentence):
    return Counter(tokens(sentence, "en"))


def test_size_of_every_category():
    for category in CATEGORIES:
        own = [record for record in RECORDS if record.category == category]
        assert len({record.content for record in own}) == CONTENTS >= 200
        for part in (TRAIN, HELD_OUT):
            assert len({record.template for record in own if record.part == part}) >= 8


@pytest.mark.parametrize("side", SIDES)
def test_same_words_on_both_sides(side):
    for record in RECORDS:
        right, wrong = bag(text(record, "paraphrase", side)), bag(text(record, "near_miss", side))
        if record.category in (ROLE, BINDING):
            assert right == wrong, record
        else:
            assert right.total() == wrong.total(), record
        if record.category == NEGATION:
            assert (right - wrong).total() == 1, record
            assert bool(NEGATIONS & set(right - wrong)) != bool(NEGATIONS & set(wrong - right)), record
        assert len({text(record, name, side) for name in TEXTS}) == 3


def test_same_order_on_both_sides():
    """Over the variants of a template content words of both candidates are moved equally far; the first noun is one in a role swap."""
    by_template = defaultdict(list)
    for record in RECORDS:
        by_template[record.category, record.template].append(record)
    for (category, template), own in by_template.items():
        if category in (ROLE, BINDING):
            assert len(set(Counter(record.variant for record in own).values())) == 1, template
            right, wrong = (np.array([same_order(text(r, "anchor"), text(r, name)) for r in own]) for name in TEXTS[1:])
            near = (
                1e-9 if category == ROLE else 0.02
            )  # frames of a binding template have other words beside, so that shares differ a little
            assert auc(right, wrong) == pytest.approx(0.5, abs=near), template
            assert right.mean() == pytest.approx(wrong.mean(), abs=near), template
    for record in RECORDS:
        if record.category == ROLE:
            anchor = set(content_words(text(record, "anchor"), "en"))
            firsts = [next(w for w in content_words(text(record, name), "en") if w in anchor and w in PEOPLE) for name in TEXTS[1:]]
            assert firsts[0] == firsts[1], record


PEOPLE = {form for word in words() if word.kind == "person" for form in word.high}


def test_unmatched_moves_the_paraphrase_alone():
    for record in items(32, design=UNMATCHED, categories=(ROLE, BINDING)):
        anchor = bag(text(record, "anchor"))
        assert bag(text(record, "near_miss")) == anchor
        assert record.category == BINDING or bag(text(record, "paraphrase")) != anchor
        assert same_order(text(record, "anchor"), text(record, "paraphrase")) < 1


def test_each_candidate_is_right_once_and_wrong_once():
    contents = defaultdict(list)
    for record in RECORDS:
        contents[record.content].append(record)
    for own in contents.values():
        one, other = own
        assert (one.mirror, other.mirror) == (0, 1)
        assert (one.item, one.template, one.variant) == (other.item, other.template, other.variant)
        for side in SIDES:
            assert text(one, "anchor", side) != text(other, "anchor", side)
            assert {text(one, name, side) for name in TEXTS[1:]} == {text(other, name, side) for name in TEXTS[1:]}
            if one.category != SPATIAL:
                assert text(one, "paraphrase", side) == text(other, "near_miss", side)


def test_parts_share_no_template_and_no_content_word():
    found = {}
    for part in (TRAIN, HELD_OUT):
        records = [*items(600, 1, part), *items(100, 1, part, arm=PLACEBO)]
        assert {record.part for record in records} == {part}
        found[part] = {word for r in records for name in TEXTS for side in SIDES for word in content_words(text(r, name, side), "en")}
        assert {word for row in words() if row.part == part and row.kind != "verb" for word in (*row.high, *row.low)} - {
            word for r in records for name in TEXTS for side in SIDES for word in tokens(text(r, name, side), "en")
        } == set()
    assert not found[TRAIN] & found[HELD_OUT]
    ids = [template.id for template in templates()]
    assert len(set(ids)) == len(ids)


def test_one_word_is_swapped_and_its_frequency_is_what_it_says():
    for record in (*RECORDS, *items(64, arm=PLACEBO)):
        for name in TEXTS:
            high, low = (re.findall(r"[\w']+", text(record, name, side)) for side in SIDES)
            changed = [pair for pair in zip(high, low, strict=True) if pair[0] != pair[1]]
            assert {tuple(sorted(pair)) for pair in changed if pair != ("a", "an")} != set(), record
    gaps = defaultdict(list)
    for word in words():
        if word.low:
            form = 1 if word.kind == "verb" else 0
            gaps[word.arm].append(zipf_gap(f"the {word.high[form]}", f"the {word.low[form]}", "en").value)
    assert min(gaps[FREQUENCY]) >= 0.3
    assert max(map(abs, gaps[PLACEBO])) <= 0.101
    assert abs(np.mean(gaps[PLACEBO])) <= 0.03


def test_sentences_are_sound():
    for record in RECORDS:
        for name in TEXTS:
            for side in SIDES:
                said = text(record, name, side)
                assert re.fullmatch(r"[A-Z][a-z' ,]+\.", said, re.IGNORECASE), said
                assert not re.search(r"[{}\[\]|]|  | ,|\b(\w+) \1\b", said), said
                for article, following in re.findall(r"\b(an?) (\w+)", said, re.IGNORECASE):
                    assert article.lower() in articles(following), said
    contents = [tuple(text(record, name) for name in TEXTS) for record in RECORDS]
    assert len(set(contents)) == len(contents)


def test_synonym_sets_are_used_evenly():
    for category in CATEGORIES:
        counts = Counter(record.item for record in RECORDS if record.category == category)
        kinds = {word.id: word.kind for word in words()}
        assert len(counts) >= 25
        by_kind = defaultdict(list)
        for item, count in counts.items():
            by_kind[kinds[item]].append(count)
        assert max(max(own) - min(own) for own in by_kind.values()) <= 8, by_kind


def test_the_same_again_and_another_seed():
    assert items(16, 3) == items(16, 3)
    assert items(16, 3) != items(16, 4)


def test_pairs_hold_anchor_paraphrase_and_near_miss():
    pairs = generate(n=16)
    assert Counter(pair.arm for pair in pairs) == {FREQUENCY: 128, PLACEBO: 32}
    assert len({pair.id for pair in pairs}) == len(pairs)
    for pair in pairs:
        assert all(value for value in pair.checks.values() if value is not None)
        assert Pair.from_dict(json.loads(json.dumps(pair.to_dict()))) == pair
        if pair.arm == PLACEBO:
            assert abs(pair.zipf_gap) <= 0.15
            assert len(pair.high) <= len(pair.low)
    matched, unmatched = (generate(n=16, design=design, categories="role, binding") for design in ("matched", "unmatched"))
    assert not {pair.id for pair in matched} & {pair.id for pair in unmatched}
    assert {pair.meta["category"] for pair in matched} == {ROLE, BINDING}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"n": 0}, "at least 1"),
        ({"part": "trian"}, "did you mean 'train'"),
        ({"design": "matchd"}, "did you mean 'matched'"),
        ({"categories": "roles"}, "did you mean 'role'"),
        ({"categories": ","}, "categories= is empty"),
        ({"n": 100_000, "categories": "spatial"}, "ask for fewer"),
    ],
)
def test_bad_options_are_one_line(wrong, said):
    with pytest.raises(InputError, match=re.escape(said)):
        generate(**{"part": ALL, **wrong})
