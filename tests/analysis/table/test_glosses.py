"""How near in frequency glosses lie to either form, per row that asked them, and counts of senses in doublings."""

import numpy as np
import pytest

from freqbias.analysis import frame
from freqbias.analysis.table.contrasts import join, pair_gaps, pair_table
from freqbias.analysis.table.glosses import levels, nearness
from freqbias.frequency import content_zipf, word_zipf
from freqbias.records import Observation, Pair

CAR = Pair(
    id="1",
    item="car",
    high="The car stopped.",
    low="The jalopy stopped.",
    queries={"gloss_plain": ["a thing people drive"], "gloss_elevated": ["a motorised conveyance"]},
    covariates={"n_senses": [8, 1]},
)
HIGH, LOW = word_zipf("car", "en"), word_zipf("jalopy", "en")


def rows(*registers):
    key = {"pair_id": "1", "item": "car", "probe": "similarity", "measure": "cosine", "model": "m", "low": 0.0}
    return [Observation(contrast="gloss", register=name, high=0.1, **key) for name in registers] + [
        Observation(contrast="background", high=0.1, **key)
    ]


def near(text):
    return abs(LOW - content_zipf(text)) - abs(HIGH - content_zipf(text))


def test_levels_are_those_of_the_swapped_words_and_a_makers_own_gap_has_none():
    assert levels(CAR, HIGH - LOW) == (HIGH, LOW)
    assert np.isnan(levels(CAR, HIGH - LOW + 1)).all()
    assert np.isnan(levels(CAR, np.nan)).all()


def test_a_gloss_in_everyday_words_lies_nearer_to_the_frequent_form():
    found = nearness(CAR, HIGH, LOW)
    assert found == {
        "gloss_zipf_plain": pytest.approx(near("a thing people drive")),
        "gloss_zipf_elevated": near("a motorised conveyance"),
    }
    assert found["gloss_zipf_plain"] > found["gloss_zipf_elevated"]
    assert np.isnan(nearness(CAR.replace(queries={}), HIGH, LOW)["gloss_zipf_plain"])


@pytest.mark.parametrize("registers", [("plain",), ("elevated",), ("plain", "elevated")])
def test_it_is_the_mean_over_the_registers_that_were_asked(registers):
    observations = frame(rows(*registers))
    table = join(pair_gaps(observations), pair_table([CAR]), observations).set_index("contrast")
    asked = {"plain": "a thing people drive", "elevated": "a motorised conveyance"}
    assert table.loc["gloss", "gloss_zipf_gap"] == pytest.approx(np.mean([near(asked[name]) for name in registers]))
    assert np.isnan(table.loc["background", "gloss_zipf_gap"])
    assert not {"gloss_zipf_plain", "gloss_zipf_elevated"} & set(table.columns)


@pytest.mark.parametrize(("senses", "gap"), [([8, 1], 3.0), ([2, 4], -1.0), ([5, 5], 0.0)])
def test_senses_count_in_doublings(senses, gap):
    assert pair_table([CAR.replace(covariates={"n_senses": senses})]).loc["1", "n_senses_gap"] == pytest.approx(gap)


@pytest.mark.parametrize("senses", [[0, 1], [None, 1]])
def test_words_without_senses_are_not_known(senses):
    assert np.isnan(pair_table([CAR.replace(covariates={"n_senses": senses})]).loc["1", "n_senses_gap"])
