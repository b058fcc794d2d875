"""What `power` answers of a run: one row a model and probe, the items for each test, and refusals."""

import json
from pathlib import Path

import numpy as np
import pytest

from freqbias.analysis import frame
from freqbias.analysis.design.plan import power_of
from freqbias.analysis.design.simulate import simulate
from freqbias.analysis.design.verdict_scenarios import GRADED
from freqbias.analysis.design.world import ZIPF_MEAN, World
from freqbias.errors import InputError
from freqbias.files import write_records

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def run():
    return simulate(World(items=60, placebo_items=40, effect=0.01, zipf_spread=0.6), np.random.default_rng(5))


def test_answers_of_a_run(run):
    table = frame(run.observations)
    (answer,) = power_of(table, run.pairs, seed=1, simulations=1000)
    assert (answer.probe, answer.items, answer.placebo_items) == ("similarity", 60, 40)
    assert answer.target == pytest.approx(0.1 * 0.4, rel=0.01)  # a tenth of the margin
    assert answer.mean.at_target > 0.999
    assert answer.mean.needed < 15
    assert answer.placebo.needed < 15
    assert answer.mean.needed < answer.slope.needed <= answer.credit.needed
    assert power_of(table, run.pairs, seed=1, simulations=1000) == [answer]


def test_the_smallest_effect_of_a_run_needs_the_items_that_it_has(run):
    table = frame(run.observations)
    (first,) = power_of(table, run.pairs, seed=1, simulations=4000)
    for test in ("mean", "slope", "credit", "placebo"):
        (answer,) = power_of(table, run.pairs, effect=getattr(first, test).detectable, seed=2, simulations=4000)
        own, items = getattr(answer, test), 40 if test == "placebo" else 60
        assert own.at_target == pytest.approx(0.8, abs=0.06)
        assert own.needed_low - 6 <= items <= own.needed_high + 6
    half = power_of(table, run.pairs, relative=0.05, items=200, simulations=4000)[0]
    assert half.target == pytest.approx(0.02, rel=0.01)
    for test in ("mean", "slope", "placebo"):
        assert getattr(half, test).detectable == pytest.approx(getattr(first, test).detectable * np.sqrt(60 / 200), rel=0.15)


def test_without_dose_nothing_is_said_of_slope_and_credit(run):
    table = frame(run.observations)
    (answer,) = power_of(table, simulations=200)
    assert (answer.slope, answer.credit) == (None, None)
    assert answer.mean.needed > 1
    level = simulate(World(items=40), np.random.default_rng(0))  # every pair has one frequency gap
    (answer,) = power_of(frame(level.observations), level.pairs, simulations=200)
    assert (answer.slope, answer.credit, answer.placebo) == (None, None, None)


def test_a_placebo_of_several_parts_needs_more_items():
    whole, parts = (
        power_of(frame(made.observations), made.pairs, effect=0.01, simulations=4000)[0].placebo.needed
        for made in (simulate(World(items=20, placebo_items=40, placebo_parts=size), np.random.default_rng(6)) for size in (0.0, 1e-9))
    )
    assert parts > 1.5 * whole


@pytest.mark.simulation
def test_the_graded_world_of_the_self_check_is_at_the_power_of_80_percent():
    """Runs of its size name its effect as about the smallest that they credit with 80 %, and its size as about what that needs."""
    pieces = GRADED.per_piece * GRADED.split_per_zipf * (1.5 - GRADED.split_both)
    effect = ZIPF_MEAN * (GRADED.per_zipf + pieces)
    found = []
    for seed in range(16):
        made = simulate(GRADED, np.random.default_rng(100 + seed))
        (answer,) = power_of(frame(made.observations), made.pairs, effect=effect, simulations=1000)
        found.append((answer.credit.detectable / effect, answer.credit.at_target))
    least, power = np.mean(found, axis=0)
    assert least == pytest.approx(1.0, abs=0.1)
    assert power == pytest.approx(0.8, abs=0.08)


@pytest.mark.parametrize(
    ("world", "options", "line"),
    [
        (World(items=1), {}, "m.* / similarity / cosine: power needs at least two measured items"),
        (World(item_spread=0.0, pair_spread=0.0), {}, "no variance to compute power from"),
        (World(items=0, placebo_items=5), {}, "no confirmatory contrast was measured in the frequency arm"),
        (World(), {"effect": 0.1, "relative": 0.1}, "give one of the two"),
        (World(), {"effect": -0.1}, "--effect must be above 0"),
        (World(), {"relative": 0.0}, "--relative must be above 0"),
        (World(), {"items": 1}, "--items must be between 2"),
        (World(), {"power": 1.0}, "--power must lie between"),
        (World(margin=0.0), {"relative": 0.1}, "no exact - decoy margin"),
    ],
)
def test_refusals(world, options, line):
    made = simulate(world, np.random.default_rng(0))
    with pytest.raises(InputError, match=line):
        power_of(frame(made.observations), simulations=100, **options)


def test_without_a_margin_there_is_an_effect_but_no_target():
    made = simulate(World(margin=-0.1), np.random.default_rng(0))
    (answer,) = power_of(frame(made.observations), simulations=100)
    assert answer.mean.detectable > 0
    assert (answer.target, answer.mean.at_target, answer.mean.needed) == (None, None, None)


def test_command(cli, tmp_path, run):
    write_records(tmp_path / "observations.jsonl", run.observations)
    (row,) = json.loads(cli("power", tmp_path, "--json").stdout)
    assert row["credit"] is None  # the pairs, which hold the frequency gaps, are not there
    write_records(tmp_path / "pairs.jsonl", run.pairs)
    (row,) = json.loads(cli("power", tmp_path, "--json").stdout)
    assert row["probe"] == "similarity"
    assert row["mean"]["needed"] < row["credit"]["needed"]
    shown = " ".join(cli("power", tmp_path).stdout.split())  # told row by row: too narrow for its columns
    assert all(f"for {name} {row[name]['needed']}" in shown for name in ("mean", "slope", "credit", "placebo"))
    shown = cli("power", tmp_path, "--effect", "0.00001")
    assert shown.exit_code == 0
    assert "more than 20000" in " ".join(shown.stdout.split())
    assert cli("power", tmp_path / "nosuch").exit_code == 2
    assert cli("power", tmp_path, "--effect", "0").exit_code == 2


def test_a_model_without_variance_does_not_take_the_others_answers(caplog):
    made = simulate(World(items=12), np.random.default_rng(0))
    flat = [row.replace(model="flat", high=0.5, low=0.5) for row in made.observations]
    answers = power_of(frame([*made.observations, *flat]), simulations=200)
    assert [answer.model for answer in answers] == ["simulated"]
    assert any(message.startswith("flat / similarity / cosine: all items have the same gap") for message in caplog.messages)


@pytest.mark.slow
def test_a_share_of_the_margin_leaves_out_what_has_no_margin(cli):
    """The example of `freqbias power --help`: a default run holds geometry, which compares no right text with a wrong one."""
    result = cli("power", ROOT / "results" / "example", "--relative", ".05", "--json")
    assert result.exit_code == 0
    assert {"similarity", "likelihood"} <= {answer["probe"] for answer in json.loads(result.stdout)}
    assert "minilm / geometry / cosine: has no exact - decoy margin" in result.stderr
