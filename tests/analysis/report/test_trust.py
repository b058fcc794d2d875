"""How far to trust a verdict, what to do about it, what a run cannot show: each row of the tables is said in its world only."""

import math
import re

import numpy as np
import pytest
from hand_made import GRADED, NOTHING, equivalence, mean, placebo, row, slopes, told
from scipy import stats
from worlds import GUESSES, LETTER, LIMITS, PASSES, PLAIN, WORLDS, pair, whole

from freqbias.analysis.report import limitations, steps, trust
from freqbias.analysis.report.facts import Facts
from freqbias.analysis.report.limitations import limits_of, limits_of_runs
from freqbias.analysis.report.page_words import PAGE_WORDS
from freqbias.analysis.report.rules import HEADLINE_NAMES
from freqbias.analysis.report.sentences import said
from freqbias.analysis.report.trust import TABLE, distrusted
from freqbias.analysis.report.values import about
from freqbias.analysis.stats.resampling import equivalence_items, tost_p


def line(found, what):
    """Return mark and sentence of one line; None where the verdict has none."""
    own = [(own.mark, own.sentence) for own in found.trust if own.what == said(f"what_{what}")]
    return own[0] if own else None


def test_every_row_has_a_world():
    assert sorted(WORLDS) == sorted(own.sentence for own in TABLE)
    known = {name.removesuffix("_short") for name in PAGE_WORDS if name.startswith("trust_")}
    assert known == set(WORLDS)


@pytest.mark.parametrize("name", WORLDS)
def test_a_row_is_said_in_its_world_and_in_no_other_of_its_line(name):
    what = name.split("_")[1]
    mark = next(own.mark for own in TABLE if own.sentence == name)
    opening = max(re.split(r"\{\w+\}", PAGE_WORDS[name]), key=len)

    def is_said(world):
        found = line(told(*world[0], floor=world[1]), what)
        return found is not None and opening in found[1]

    assert is_said(WORLDS[name])
    assert line(told(*WORLDS[name][0], floor=WORLDS[name][1]), what)[0] == mark
    assert not any(is_said(world) for other, world in WORLDS.items() if other.startswith(f"trust_{what}_") and other != name)


def test_a_first_screen_names_what_is_wrong_before_what_is_open():
    found = told(mean(), *placebo(0.04), equivalence(0.04, arm="placebo", held=False), whole(0.01, 0.03))
    assert distrusted(found.trust) == [said("trust_placebo_differs_short"), said("trust_whole_unclear_short")]
    assert distrusted(told(*GRADED, *PASSES, whole(0.05)).trust) == []


def test_lines_open_to_their_numbers():
    found = {own.what: own.numbers for own in told(*GRADED, *PASSES, whole(0.05), floor=1e-6).trust}
    assert found["Placebo"][0].startswith("Placebo: equivalent to zero")
    assert found["Other differences"] == ["Adjusted for other differences: +0.05 [+0.04, +0.06]."]
    assert found["Whole words"] == ["Both words whole: +0.05 [+0.04, +0.06] in 30 items."]
    assert found["Number of items"][0].startswith("Found four times in five with 30 items: 0.01")
    assert found["Numerical noise"] == ["With the batch, numbers move by up to 1e-06 cosine."]


def test_one_number_is_to_be_cited_with_its_raw_and_its_corrected_p():
    assert told(mean(p_adjusted=0.004)).cite == (
        "+0.05 cosine, 95 % interval [+0.04, +0.06], p = .001 (p = .004 corrected for all claims of this report); 30 items."
    )
    assert told(mean()).cite == "+0.05 cosine, 95 % interval [+0.04, +0.06], p = .001; 30 items."
    assert told(mean(None, None, n_items=0, n_failed=3)).cite == ""


@pytest.mark.parametrize(("n", "shown"), [(None, ""), (7, "7"), (99, "99"), (101, "110"), (873, "880"), (4282, "4300")])
def test_a_number_of_items_is_given_with_two_digits_upwards(n, shown):
    assert about(n) == shown


def test_as_many_items_as_it_says_make_a_true_placebo_pass():
    """Two one-sided tests of a placebo that is zero pass four times in five with the number that is asked for."""
    rng = np.random.default_rng(4)
    spread, bound = 1.0, 0.25
    n = equivalence_items(spread / math.sqrt(50), 50, bound)
    assert n == math.ceil((stats.norm.ppf(0.95) + stats.norm.ppf(0.9)) ** 2 * spread**2 / bound**2) == 138
    passed = [tost_p(rng.normal(0, spread, n), bound) < 0.05 for _ in range(2000)]
    assert np.mean(passed) == pytest.approx(0.8, abs=3 * math.sqrt(0.16 / 2000) + 0.01)


# what to do


def test_every_headline_has_a_step():
    for rule in HEADLINE_NAMES:
        for language_model in (False, True):
            ground = steps.Ground(rule=rule, facts=Facts(), reversed=False, language_model=language_model, needs=None)
            assert any(holds(ground) for _, holds in steps.TABLE), rule
    assert {name for name, _ in steps.TABLE} == {name for name in PAGE_WORDS if name.startswith("do_")}


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        ([mean(None, None, n_items=0, n_failed=3)], "do_measure"),
        ([mean(half=None, n_items=1)], "do_more_any"),
        ([mean(0.0, 0.001, flags=["at_limit"], details={"ceiling_share": 0.95, "floor_share": 0.0})], "do_harder"),
        ([mean(0.0, 0.001, flags=["unmoved"], details={"same_share": 0.97})], "do_other_queries"),
        ([*GRADED, GUESSES], "do_capable"),
        ([*GRADED, LETTER], "do_capable"),
        (NOTHING, "do_nothing"),
        ([mean(0.0, 0.05)], "do_more"),
        ([mean(flags=["reversed"])], "do_swap"),
        ([*GRADED, whole(0.05)], "do_frequency_embedder"),
        ([mean(-0.05), *slopes(-0.03), *placebo(difference=-0.05), row("adjusted", -0.05), row("part:words", 0.0)], "do_reversed"),
        ([mean(), *placebo(0.05, difference=0.0)], "do_untold"),
    ],
)
def test_the_step_follows_from_the_headline(rows, name):
    found = told(*rows)
    assert found.step.name == name, found.rules
    assert "{" not in found.step.said


def test_what_to_do_differs_for_a_language_model():
    rows = [own.replace(probe="likelihood", measure="log_prob_nats", contrast="downstream") for own in [*GRADED, whole(0.05)]]
    assert told(*rows).step.name == "do_frequency_language_model"


# what a run cannot show


def said_of(world):
    pairs, manifest, audit, estimates = world
    return limits_of({own.id: own for own in pairs}, manifest, audit, estimates)


def test_every_limit_has_a_world():
    always = {"limit_cause", "limit_counts"}
    assert {name for name, _ in limitations.TABLE} | {"limit_quantised"} == set(LIMITS) | always
    assert [limit.sentence for limit in said_of(PLAIN)] == [said("limit_cause"), said("limit_counts")]


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_is_said_in_its_world(name):
    end = PAGE_WORDS[name].rpartition("}")[2]
    assert any(limit.sentence.endswith(end) for limit in said_of(LIMITS[name]))
    assert not any(limit.sentence.endswith(end) for limit in said_of(PLAIN))


def test_a_run_without_its_pairs_at_hand_still_says_who_wrote_them():
    lexicon = said("limit_lexicon")
    for config, is_said in (({"command": "run", "pairs": None}, True), ({"command": "run", "pairs": "p.jsonl"}, False), ({}, False)):
        limits = limits_of({}, {"config": config}, None, [])
        assert (lexicon in [limit.sentence for limit in limits]) == is_said


def test_a_limit_of_a_models_file_names_the_model():
    (own,) = (limit for limit in said_of(LIMITS["limit_quantised"]) if limit.model)
    assert own.sentence == "The weights of m were read in quantised form (Q4_1, 4 bit); the full model may behave differently."
    assert (own.short, own.model) == ("quantised weights (Q4_1, 4 bit)", "m")


def test_of_several_runs_each_limit_is_said_of_the_run_that_it_holds_for():
    english, german = (limits_of({"p": own}, None, None, [mean(n_items=n)]) for own, n in ((pair(), 60), (pair(language="de"), 10)))
    found = [limit.sentence for limit in limits_of_runs({"one": english, "two": german})]
    assert found.count(said("limit_cause")) == found.count(said("limit_counts")) == 1
    assert f"one: {said('limit_english')}" in found
    assert f"two: {said('limit_language', languages='de')}" in found
    assert "two: only 10 items" in [limit.short for limit in limits_of_runs({"one": english, "two": german})]
    assert limits_of_runs({"one": english, "two": english}) == english


def test_marks_have_signs_and_words():
    assert set(trust.SIGNS) == set(trust.MARKS)
    assert {f"mark_{mark}" for mark in trust.MARKS} <= set(PAGE_WORDS)
