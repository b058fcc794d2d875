"""Reading observations by column: the same table and the same errors as reading them one by one."""

import json
from itertools import product

import pandas as pd
import pytest

from freqbias import read_observations
from freqbias.analysis import frame
from freqbias.analysis.table import Split
from freqbias.errors import InputError

BASE = {"pair_id": "1", "item": "a", "probe": "p", "measure": "m", "contrast": "gap", "model": "x", "high": 1, "low": 0.5}
GOOD = [
    BASE,
    BASE | {"arm": "placebo", "covariates": {"subwords": [1, 3]}, "decoys": {"high": 0.25, "low": 0}, "note": "kept by none"},
    BASE | {"contrast": "crossed", "high": None, "low": None, "cells": {"hh": 1, "hl": 2, "lh": 3, "ll": 4}},
    BASE | {"high": None, "low": None, "error": "zero vector"},
]


def written(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_by_column_and_one_by_one_give_the_same_table(tmp_path):
    path = written(tmp_path / "observations.jsonl", GOOD)
    pd.testing.assert_frame_equal(frame(path), frame(read_observations(path)))
    pd.testing.assert_frame_equal(frame(tmp_path), frame(path))
    assert frame(path).loc[1, ["arm", "subwords_low", "decoy_high"]].tolist() == ["placebo", 3, 0.25]


def test_split_by_model_and_probe_the_rows_are_those_of_the_whole_table(tmp_path):
    rows = [row | {"model": model, "probe": probe} for probe in ("q", "p") for row in GOOD for model in ("y", "x")]
    rows += [BASE | {"pair_id": str(number), "model": "z"} for number in range(5_001)]  # more than are put into columns at once
    path = written(tmp_path / "observations.jsonl", rows)
    whole, split = frame(path), Split(read_observations(path))
    assert len(split) == len(rows)
    assert split.series[:3] == [("y", "q", "gap", "m"), ("x", "q", "gap", "m"), ("y", "q", "crossed", "m")]
    for _ in range(2):  # they are there as often as they are asked for
        tables = list(split.tables())
        assert [tuple(table.iloc[0][["model", "probe"]]) for table in tables] == [*product("xy", "pq"), ("z", "p")]
        pd.testing.assert_frame_equal(pd.concat(tables).sort_index(), whole, check_index_type=False)
    assert list(Split([]).tables()) == []


@pytest.mark.parametrize(
    "change",
    [
        {"pair_id": None},
        {"item": " "},
        {"model": 3},
        {"arm": "frequent"},
        {"high": True},
        {"high": "0.4"},
        {"low": None},
        {"covariates": {"subwords": [1]}},
        {"covariates": []},
        {"covariates": {"domain": ["law", "sport"]}},
        {"decoys": {"high": True, "low": 0}},
        {"contrast": "crossed"},
        {"contrast": "crossed", "cells": {"hh": 1, "hl": 2, "lh": 3}},
        {"contrast": "crossed", "cells": {"hh": 1, "hl": 2, "lh": 3, "ll": "4"}},
    ],
)
def test_faults_are_named_as_by_the_strict_reader(tmp_path, change):
    path = written(tmp_path / "observations.jsonl", [BASE, BASE | change])
    with pytest.raises(InputError) as expected:
        list(read_observations(path))
    with pytest.raises(InputError) as found:
        frame(path)
    assert str(found.value) == str(expected.value)
    assert f"{path}:2: field" in str(found.value)


@pytest.mark.parametrize("line", ["[1]", "{", "", '{"high": NaN}', '{"high": 1e999}'])
def test_lines_that_are_no_observations(tmp_path, line):
    path = tmp_path / "observations.jsonl"
    path.write_text(json.dumps(BASE) + "\n" + line + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"observations.jsonl:2: "):
        frame(path)


def test_no_file(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        frame(tmp_path / "observations.jsonl")
