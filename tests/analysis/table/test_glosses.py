"""How frequent glosses are, per row that asked them, and counts of senses in doublings."""

import numpy as np
import pytest

from freqbias.analysis import frame
from freqbias.analysis.table.contrasts import join, pair_gaps, pair_table
from freqbias.analysis.table.glosses import gloss_levels, levels
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


def rows(*registers, pair=CAR):
    key = {"pair_id": pair.id, "item": pair.item, "probe": "similarity", "measure": "cosine", "model": "m", "low": 0.0}
    return [Observation(contrast="gloss", register=name, high=0.1, **key) for name in registers] + [
        Observation(contrast="background", high=0.1, **key)
    ]


def test_levels_are_those_of_the_swapped_words_and_a_makers_own_gap_has_none():
    assert levels(CAR, HIGH - LOW) == (HIGH, LOW)
    assert np.isnan(levels(CAR, HIGH - LOW + 1)).all()
    assert np.isnan(levels(CAR, np.nan)).all()


def test_glosses_have_the_level_of_their_content_words():
    found = gloss_levels(CAR)
    assert found == {
        "gloss_zipf_plain": pytest.approx(content_zipf("a thing people drive")),
        "gloss_zipf_elevated": content_zipf("a motorised conveyance"),
    }
    assert found["gloss_zipf_plain"] > found["gloss_zipf_elevated"]
    assert np.isnan(gloss_levels(CAR.replace(queries={}))["gloss_zipf_plain"])


def asked_in(*pairs, registers=("plain", "elevated")):
    observations = frame([row for pair in pairs for row in rows(*registers, pair=pair)])
    return join(pair_gaps(observations), pair_table(pairs), observations).set_index(["contrast", "pair_id"])


@pytest.mark.parametrize("registers", [("plain",), ("elevated",), ("plain", "elevated")])
def test_it_is_how_frequent_the_glosses_are_beside_others_times_the_frequency_gap(registers):
    queries = {"gloss_plain": ["of great size"], "gloss_elevated": ["of considerable dimensions"]}
    other = CAR.replace(id="2", item="big", high="It is big.", low="It is vast.", queries=queries)
    table = asked_in(CAR, other, registers=registers)
    asked = {"plain": ("a thing people drive", "of great size"), "elevated": ("a motorised conveyance", "of considerable dimensions")}
    own = [np.mean([content_zipf(asked[name][k]) for name in registers]) for k in range(2)]
    gaps = table.loc["gloss", "zipf_gap"]
    for k, name in enumerate("12"):
        assert table.loc[("gloss", name), "gloss_zipf_gap"] == pytest.approx((own[k] - np.mean(own)) * gaps[name])
    assert table.loc["background", "gloss_zipf_gap"].isna().all()
    assert not {"gloss_zipf_plain", "gloss_zipf_elevated", "gloss_level"} & set(table.columns)


def test_it_is_not_the_frequency_gap_where_glosses_are_more_frequent_than_either_word():
    """Nearness, |low - gloss| - |high - gloss|, is: and would take the whole effect of frequency upon itself."""
    queries = {"gloss_plain": ["people who come here"], "gloss_elevated": ["people who come here"]}
    words = [("big", "vast"), ("car", "jalopy"), ("hide", "secrete"), ("cheap", "tawdry"), ("brave", "doughty")]
    pairs = [CAR.replace(id=high, item=high, high=f"It is {high}.", low=f"It is {low}.", queries=queries) for high, low in words]
    table = asked_in(*pairs)
    assert table.loc["gloss", "zipf_gap"].std() > 0.3
    assert table.loc["gloss", "gloss_zipf_gap"].to_numpy() == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(("senses", "gap"), [([8, 1], 3.0), ([2, 4], -1.0), ([5, 5], 0.0)])
def test_senses_count_in_doublings(senses, gap):
    assert pair_table([CAR.replace(covariates={"n_senses": senses})]).loc["1", "n_senses_gap"] == pytest.approx(gap)


@pytest.mark.parametrize("senses", [[0, 1], [None, 1]])
def test_words_without_senses_are_not_known(senses):
    assert np.isnan(pair_table([CAR.replace(covariates={"n_senses": senses})]).loc["1", "n_senses_gap"])
