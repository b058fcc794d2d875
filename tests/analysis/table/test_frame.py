"""Reading observations by column: the same table and the same errors as reading them one by one."""

import json

import pandas as pd
import pytest

from freqbias import read_observations
from freqbias.analysis import frame
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
