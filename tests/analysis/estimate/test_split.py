"""Estimates one model and probe at a time: those of the whole table, and of a model those that it has alone."""

import numpy as np
import pytest
from simulation import simulate

from freqbias.analysis import estimate, frame
from freqbias.analysis.table import Split
from freqbias.errors import InputError


@pytest.fixture(scope="module")
def planted():
    return simulate(np.random.default_rng(3), {"frequency": 0.05, "placebo": 0.0, "length": 0.1})


def test_split_rows_give_the_same_estimates_and_each_model_those_that_it_has_alone(planted):
    pairs, rows = planted
    glosses = {"gloss_plain": "what one calls it", "gloss_elevated": "an appellation thereof"}
    words = ("thing", "perambulation", "dog", "the sesquipedalian", "of")  # glosses of any frequency
    asked = [{name: [f"{text} {words[number % 5]}"] for name, text in glosses.items()} for number in range(len(pairs))]
    pairs = [pair.replace(queries=own) for pair, own in zip(pairs, asked, strict=True)]
    some = [row for row in rows if row.arm != "length" and int(row.item.rsplit("-")[-1]) % 3]  # whose mean is another than that of all
    both = [*rows, *(row.replace(model="other", high=None if row.high is None else row.high * 0.9) for row in some)]
    whole = estimate(frame(both), pairs, curve=False, resamples=999)
    assert estimate(Split(both), pairs, curve=False, resamples=999) == whole
    assert any(row.term == "relative_mean" for row in whole)
    own = {row.key: row for row in whole if row.model == rows[0].model}
    alone = {row.key: row for row in estimate(frame(rows), pairs, curve=False, resamples=999)}
    assert own.keys() == alone.keys()
    unlike = [key for key, row in own.items() if row.replace(p_adjusted=None) != alone[key].replace(p_adjusted=None)]
    assert unlike == []  # a family counts the tests of all models


@pytest.mark.parametrize("of", [frame, Split])
def test_a_row_that_belongs_to_no_pair_is_told_by_its_line_in_the_file(planted, of):
    pairs, rows = planted
    wrong = [*rows, *(row.replace(model="a model before the others") for row in rows[:3]), rows[4].replace(model="b", pair_id="nobody's")]
    with pytest.raises(InputError, match=f"^its file:{len(wrong)}: field 'pair_id': the pair file holds no pair 'nobody's'"):
        estimate(of(wrong), pairs, source="its file")
