"""What a world says is planted is in the rows of its runs."""

import numpy as np
import pytest

from freqbias.analysis import frame
from freqbias.analysis.design.simulate import simulate
from freqbias.analysis.design.world import ZIPF_MEAN, World
from freqbias.analysis.estimate.integrity import shared_texts
from freqbias.analysis.table.contrasts import join, pair_gaps, pair_table


def table_of(world, seed=0, arm="frequency"):
    run = simulate(world, np.random.default_rng(seed))
    observations = frame(run.observations)
    table = join(pair_gaps(observations), pair_table(run.pairs), observations)
    return table[table["arm"] == arm]


def test_no_pair_shares_a_text_with_another_and_all_are_equally_long():
    run = simulate(World(items=50, placebo_items=40, length_items=10, frames=3), np.random.default_rng(0))
    pairs = pair_table(run.pairs)
    texts = {text for pair in run.pairs for text in (pair.high, pair.low)}
    assert len(texts) == 2 * len(run.pairs)
    assert shared_texts(pairs.rename(columns={"pair_arm": "arm", "pair_item": "item"})) == {}
    for name in ("characters_gap", "fkgl_gap", "numbers_dropped_gap", "content_zipf_gap"):
        assert pairs[name].nunique() == 1


def test_splitting_grows_with_the_dose_and_pieces_alone_count():
    world = World(items=3000, frames=1, zipf_spread=0.6, split=0.5, split_per_zipf=0.2, split_both=0.2, per_piece=0.04)
    table = table_of(world)
    shares = table["stratum"].value_counts(normalize=True)
    assert shares.to_dict() == pytest.approx({"whole_whole": 0.5, "whole_split": 0.4, "split_split": 0.1}, abs=0.03)
    rare = table["stratum"] != "whole_whole"
    assert np.polyfit(table["zipf_gap"], rare, 1)[0] == pytest.approx(0.2, abs=0.04)
    means = table.groupby("stratum")["gap"].mean()
    assert means.to_dict() == pytest.approx({"whole_whole": 0.0, "whole_split": 0.06, "split_split": 0.02}, abs=0.012)
    assert np.polyfit(-table["subwords_gap"], table["gap"], 1)[0] == pytest.approx(0.04, abs=0.003)
    assert (table.loc[~rare, "subwords_gap"] == 0).all()
    placebo = table_of(World(items=1, placebo_items=20, split=0.5), arm="placebo")
    assert set(placebo["stratum"]) == {"whole_whole"}


def test_steps_halves_and_noise_that_grows():
    quiet = {"frames": 1, "item_spread": 0.0, "pair_spread": 0.001, "frame_spread": 0.0, "zipf_spread": 0.6}
    table = table_of(World(items=400, step=0.08, step_at=ZIPF_MEAN + 0.6, **quiet))
    beyond = table["zipf_gap"] > ZIPF_MEAN + 0.6
    assert table.groupby(beyond)["gap"].mean().tolist() == pytest.approx([0.0, 0.08], abs=0.001)
    assert beyond.mean() == pytest.approx(0.16, abs=0.05)
    table = table_of(World(items=100, halves=0.1, **quiet))
    assert sorted(table["gap"].round(2)) == [-0.1] * 50 + [0.1] * 50
    table = table_of(World(items=4000, louder=1.0, **quiet | {"item_spread": 0.02, "pair_spread": 0.02}))
    far = (table["zipf_gap"] - ZIPF_MEAN).abs() / 0.6
    for low, high in ((0.0, 0.2), (0.9, 1.1), (1.8, 2.2)):
        own = table[far.between(low, high)]
        assert own["gap"].std() == pytest.approx(0.02 * np.sqrt(2) * (1 + (low + high) / 2), rel=0.1)


def test_what_frames_do_is_in_the_frequency_arm_alone_and_can_average_zero():
    world = World(items=4, placebo_items=4, frames=400, zipf_spread=0.6, frame_effect=0.03, frame_dose=0.05, item_spread=0, pair_spread=0)
    table, placebo = table_of(world), table_of(world, arm="placebo")
    item = table.pivot_table(index="frame", columns="item", values="gap")
    doses = table.groupby("item")["zipf_gap"].first()
    slopes = (item["frequency-0"] - item["frequency-1"]) / (doses["frequency-0"] - doses["frequency-1"])
    assert slopes.std() == pytest.approx(0.05, rel=0.1)
    assert placebo["gap"].std() == pytest.approx(0.01, rel=0.15)  # what every frame adds to any pair
    three = World(
        items=2, frames=3, zipf_spread=0.6, frame_dose=0.05, frame_dose_centred=True, frame_spread=0, item_spread=0, pair_spread=0
    )
    assert table_of(three).groupby("item")["gap"].mean().to_numpy() == pytest.approx(0.0, abs=1e-9)


def test_placebo_parts_cancel_and_are_named():
    world = World(items=1, placebo_items=40, placebo_parts=0.04, item_spread=0, pair_spread=0, frame_spread=0)
    means = table_of(world, arm="placebo").groupby("oriented_by")["gap"].mean()
    assert sorted(means) == pytest.approx([-0.04, 0.04])


def test_what_fails_is_what_was_planted_to():
    run = simulate(
        World(items=500, placebo_items=50, per_zipf=0.03, zipf_spread=0.6, failing=0.8, failing_gap=0.05), np.random.default_rng(0)
    )
    failed = [row for row in run.observations if row.error]
    assert {row.arm for row in failed} == {"frequency"}
    large = [row for row in run.observations if row.error is None and row.arm == "frequency" and row.high - row.low > 0.05]
    assert len(failed) / (len(failed) + len(large)) == pytest.approx(0.8, abs=0.05)
    doses = {pair.id: pair.zipf_gap for pair in run.pairs}
    run = simulate(World(items=500, zipf_spread=0.6, failing=0.8, failing_zipf=2.1), np.random.default_rng(0))
    doses = {pair.id: pair.zipf_gap for pair in run.pairs}
    assert min(doses[row.pair_id] for row in run.observations if row.error) > 2.1


def test_models_measure_the_same_pairs_and_share_the_effects_of_items():
    run = simulate(World(items=200, frames=1, models=3), np.random.default_rng(0))
    table = frame(run.observations)
    assert table["model"].unique().tolist() == ["simulated-0", "simulated-1", "simulated-2"]
    wide = table.assign(gap=table["high"] - table["low"]).pivot_table(index="pair_id", columns="model", values="gap")
    assert wide.shape == (200, 3)
    assert wide.corr().iloc[0, 1] == pytest.approx(0.5, abs=0.15)  # item and residual are as large
