"""Derived contrasts by hand."""

import numpy as np
import pytest

from freqbias.analysis import frame
from freqbias.analysis.table import contrasts
from freqbias.records import Observation, Pair

BASE = {"pair_id": "1", "item": "a", "probe": "similarity", "measure": "cosine", "model": "m"}


def row(contrast, high=None, low=None, **fields):
    return Observation.from_dict(BASE | {"contrast": contrast, "high": high, "low": low} | fields)


ROWS = [
    row("gloss", 0.6, 0.4, register="plain", decoys={"high": 0.1, "low": 0.2}),
    row("gloss", 0.5, 0.45, register="elevated", decoys={"high": 0.2, "low": 0.15}),
    row("background", 0.11, 0.10),
    row("crossed", cells={"hh": 0.9, "hl": 0.5, "lh": 0.4, "ll": 0.7}),
]


def gaps(rows=ROWS):
    table = contrasts.pair_gaps(frame(rows))
    return table.set_index("contrast")["gap"].to_dict(), table.set_index("contrast")["margin"].to_dict()


def test_formulas():
    gap, margin = gaps()
    assert gap["gloss"] == pytest.approx((0.2 + 0.05) / 2)
    assert gap["register_match"] == pytest.approx((0.2 - 0.05) / 2)
    assert gap["background"] == pytest.approx(0.01)
    assert gap["gloss_specific"] == pytest.approx(0.125 - 0.01)
    assert gap["match"] == pytest.approx(((0.9 + 0.7) - (0.5 + 0.4)) / 2)
    assert gap["match_asymmetry"] == pytest.approx((0.9 + 0.4) - (0.5 + 0.7)) == pytest.approx((0.9 - 0.5) - (0.7 - 0.4))
    assert gap["query_form"] == pytest.approx(((0.9 + 0.5) - (0.4 + 0.7)) / 2)
    assert margin["gloss"] == pytest.approx(((0.5 + 0.2) / 2 + (0.3 + 0.3) / 2) / 2)
    assert np.isnan(margin["match"])


def test_matching_in_frequency_is_what_everyday_glosses_add_to_rare_ones():
    gap, _ = gaps([*ROWS, row("gloss_rare", 0.3, 0.35)])
    assert gap["frequency_match"] == pytest.approx(0.2 - (0.3 - 0.35))
    assert gap["gloss"] == pytest.approx((0.2 + 0.05) / 2)  # the rare glosses are no third register of it
    assert "frequency_match" not in gaps([*ROWS[1:], row("gloss_rare", 0.3, 0.35)])[0]
    failed = [*ROWS, row("gloss_rare", error="zero vector")]
    assert "frequency_match" not in gaps(failed)[0]


def test_a_failed_register_takes_the_pair_out_of_the_contrast():
    failed = row("gloss", register="elevated", error="zero vector")
    gap, _ = gaps([ROWS[0], failed, ROWS[2]])
    assert "gloss" not in gap
    assert "gloss_specific" not in gap
    assert [len(ids) for ids in contrasts.failures(frame([ROWS[0], failed])).values()] == [1]


def test_frame_unfolds_cells_decoys_and_covariates():
    table = frame([*ROWS, row("neutral", 1, 0, covariates={"subwords": [1, 3]})])
    assert table.loc[3, "hl"] == 0.5
    assert table.loc[0, "decoy_low"] == 0.2
    assert (table.loc[4, "subwords_high"], table.loc[4, "subwords_low"]) == (1, 3)


def test_pair_columns_are_computed_from_the_texts():
    pair = Pair(id="1", item="a", high="the car stopped", low="the old jalopy stopped", covariates={"fkgl": [3, None]})
    table = contrasts.pair_table([pair])
    assert (table.loc["1", "words_gap"], table.loc["1", "characters_gap"]) == (-1, len("car") - len("old jalopy"))
    assert table.loc["1", "zipf_gap"] > 0
    assert np.isnan(table.loc["1", "fkgl_gap"])


def test_cells_of_exact_text_and_decoy_are_no_query_and_document():
    cells = {"hh": 0.9, "hl": 0.5, "lh": 0.4, "ll": 0.7}
    rows = [row("crossed", cells=cells, probe="inversion"), row("exact_form", 0.3, 0.1, probe="inversion")]
    assert set(gaps(rows)[0]) == {"exact_form"}
    assert "match" in gaps([row("crossed", cells=cells, probe="yours")])[0]


def test_no_pairs_give_an_empty_table():
    assert contrasts.pair_table([]).empty


def test_the_frequency_gap_is_the_pairs_own_whatever_a_covariate_is_called():
    pair = Pair(id="1", item="a", high="car", low="jalopy", zipf_gap=2.0, covariates={"zipf": [1.0, 9.0], "words": [3, 1]})
    table = contrasts.pair_table([pair])
    assert table.loc["1", ["zipf_gap", "words_gap"]].tolist() == [2.0, 2.0]


def test_subwords_come_from_any_row_of_the_pair():
    rows = [row("background", 0.2, 0.1), row("gloss", 0.6, 0.4, register="plain", covariates={"subwords": [1, 3]})]
    pair = Pair(id="1", item="a", high="car", low="jalopy")
    observations = frame(rows)
    table = contrasts.join(contrasts.pair_gaps(observations), contrasts.pair_table([pair]), observations)
    assert table.set_index("contrast")["subwords_gap"].to_dict() == {"background": -2.0, "gloss": -2.0, "gloss_specific": -2.0}
