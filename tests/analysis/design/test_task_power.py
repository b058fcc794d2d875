"""Power of McNemar's exact test: against every table that can come, against simulated answers, against statsmodels, and by hand."""

import json
import math

import numpy as np
import pytest
from scipy.stats import multinomial
from statsmodels.stats.power import normal_sample_size_one_tail

from freqbias.analysis.design.power import MAX_ITEMS
from freqbias.analysis.design.task_power import (
    connor_items,
    critical_counts,
    mcnemar_detectable,
    mcnemar_items,
    mcnemar_power,
    power_of_task,
)
from freqbias.analysis.stats.resampling import mcnemar_p, sign_flip_p
from freqbias.errors import InputError


def test_a_table_is_rejected_where_the_p_of_the_analysis_is_at_most_five_percent():
    for discordant, critical in enumerate(critical_counts(np.arange(130))):
        assert all((mcnemar_p(k, discordant - k) <= 0.05) == (min(k, discordant - k) <= critical) for k in range(discordant + 1))
    assert critical_counts(np.arange(7)).tolist() == [-1] * 6 + [0]  # six on one side, none on the other: p = 2 / 64


@pytest.mark.parametrize(("high", "low", "same"), [(6, 0, 4), (5, 2, 8), (9, 1, 10), (0, 0, 3), (7, 7, 2)])
def test_flipping_the_signs_of_one_pair_an_item_is_the_exact_test(high, low, same):
    gaps = np.array([1.0] * high + [-1.0] * low + [0.0] * same)
    assert sign_flip_p(gaps, np.random.default_rng(0)) == pytest.approx(mcnemar_p(high, low), rel=1e-12)


@pytest.mark.parametrize(
    ("effect", "discordance", "items"), [(0.3, 0.4, 20), (0.1, 0.1, 30), (-0.2, 0.25, 25), (0.0, 0.5, 18), (0.4, 1.0, 15)]
)
def test_power_is_the_sum_over_all_tables(effect, discordance, items):
    shares = [(discordance + effect) / 2, (discordance - effect) / 2, 1 - discordance]
    tables = [(high, low, items - high - low) for high in range(items + 1) for low in range(items + 1 - high)]
    expected = sum(multinomial.pmf(table, items, shares) for table in tables if mcnemar_p(*table[:2]) <= 0.05)
    assert mcnemar_power(effect, discordance, items) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("effect", "discordance", "items"), [(0.05, 0.1, 337), (0.03, 0.05, 400), (0.06, 0.2, 250), (0.0, 0.2, 500)])
def test_power_against_simulated_answers(effect, discordance, items):
    rng, runs = np.random.default_rng(1), 20_000
    shares = [(discordance + effect) / 2, (discordance - effect) / 2, 1 - discordance]
    tables, counts = np.unique(rng.multinomial(items, shares, size=runs)[:, :2], axis=0, return_counts=True)
    found = sum(count for table, count in zip(tables.tolist(), counts.tolist(), strict=True) if mcnemar_p(*table) <= 0.05) / runs
    power = mcnemar_power(effect, discordance, items)
    assert found == pytest.approx(power, abs=3.3 * math.sqrt(power * (1 - power) / runs))  # 99.9 %
    assert power <= 0.05 or effect  # exact: never more false positives than stated


def test_the_rule_of_thumb_promises_too_much():
    """80 % at 151 items: 5.1, 7.2 and 10.2 points by 2.8 √(psi / n); the exact test finds none of 5 %, 7.3 and 10.5."""
    z = 1.959964 + 0.841621
    assert [round(100 * z * math.sqrt(share / 151), 1) for share in (0.05, 0.1, 0.2)] == [5.1, 7.2, 10.2]
    answers = power_of_task(items=[151])
    assert [answer.discordance for answer in answers] == [0.05, 0.1, 0.2]
    assert answers[0].detectable_points is None
    assert answers[0].most_power == pytest.approx(0.771, abs=5e-4)  # all of the 5 % on one side, 5 points, are found this often
    assert [round(answer.detectable_points, 1) for answer in answers[1:]] == [7.3, 10.5]
    for answer, promised in zip(answers[1:], (0.072, 0.102), strict=True):
        assert mcnemar_power(promised, answer.discordance, 151) < 0.8


@pytest.mark.parametrize(("effect", "discordance", "power"), [(0.05, 0.1, 0.8), (0.02, 0.05, 0.9), (0.1, 0.2, 0.5)])
def test_connor_against_statsmodels(effect, discordance, power):
    spreads = {"std_null": math.sqrt(discordance), "std_alternative": math.sqrt(discordance - effect**2)}
    theirs = normal_sample_size_one_tail(effect, power, 0.025, **spreads)
    assert connor_items(effect, discordance, power) == pytest.approx(float(theirs), rel=1e-9)


@pytest.mark.parametrize(
    ("effect", "discordance"), [(0.05, 0.05), (0.05, 0.1), (0.1, 0.2), (0.3, 1.0), (0.5, 0.5), (0.02, 0.1), (1.0, 1.0)]
)
@pytest.mark.parametrize("power", [0.1, 0.8, 0.95])
def test_items_are_the_first_from_which_on_the_power_is_reached(effect, discordance, power):
    found = mcnemar_items(effect, discordance, power)
    assert all(mcnemar_power(effect, discordance, items) >= power for items in range(found, found + 30))
    assert found == 1 or mcnemar_power(effect, discordance, found - 1) < power


def test_detectable_and_needed_agree():
    for discordance in (0.05, 0.1, 0.2, 0.6):
        effect = mcnemar_detectable(discordance, 400)
        assert mcnemar_power(effect, discordance, 400) == pytest.approx(0.8, abs=1e-4)
        assert mcnemar_items(effect, discordance) == pytest.approx(400, abs=2)
    assert mcnemar_items(0.001, 0.2) is None  # more than MAX_ITEMS


def test_what_cannot_be_asked():
    for options, line in (
        ({"discordance": [5.0]}, "--discordance is a share of 1, such as .1 for 10 %, found 5"),
        ({"discordance": [0.0]}, "--discordance is a share of 1"),
        ({"effect_points": 0.0}, "--effect must be above 0"),
        ({"effect_points": 21.0}, "where 20 % of the answers differ, accuracies differ by 20 points at most"),
        ({"items": [MAX_ITEMS + 1]}, "--items must be between 2 and"),
        ({"power": 0.04}, "--power must lie between"),
    ):
        with pytest.raises(InputError, match=line):
            power_of_task(**options)


def test_command(cli):
    """Read word by word: in a narrow window values are told row by row, each after its column's name."""
    names = ("discordant", "items", "found with power 0.8", "power for 5 points", "items for 5 points")

    def values(*options):
        shown = " ".join(cli("power", "--task", *options).stdout.split())
        for name in sorted(names, key=len, reverse=True):
            shown = shown.replace(name, " ")
        return " ".join(shown.split())

    assert "0.05 80 none: power 0.21 at most 0.05 150 none: power 0.77 at most 0.05 250 4.0 points" in values()
    asked = ("--items", "250", "--discordance", ".1", "--discordance", ".03", "--effect", "5")
    assert "exact McNemar test" in cli("power", "--task", *asked).stderr
    first = f"0.1 250 {100 * mcnemar_detectable(0.1, 250):.1f} points {mcnemar_power(0.05, 0.1, 250):.2f} 337"
    second = f"0.03 250 none: power {mcnemar_power(0.03, 0.03, 250):.2f} at most more than can differ –"
    assert values(*asked) == f"{first} {second}"
    (row,) = json.loads(
        cli("power", "--task", "--items", "151", "--discordance", ".2", "--effect", "5", "--power", ".9", "--json").stdout
    )
    assert row["test"] == "exact McNemar"
    assert row["detectable_points"] == pytest.approx(100 * mcnemar_detectable(0.2, 151, 0.9), rel=1e-6)
    assert row["needed"] == mcnemar_items(0.05, 0.2, 0.9)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "give either a run folder or --task"),
        (["results/demo", "--task"], "give either a run folder or --task"),
        (["--task", "--relative", ".1"], "with --task give --effect in points of accuracy"),
        (["results/demo", "--discordance", ".1"], "--discordance belongs to --task"),
        (["--task", "--discordance", "10"], "such as .1 for 10 %"),
    ],
)
def test_bad_input_is_one_line(cli, arguments, line):
    done = cli("power", *arguments)
    assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)
    assert line in done.stderr
