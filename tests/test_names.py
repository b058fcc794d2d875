"""Ids that repeat are found in files of any length, pairs are checked as often as they have to be, lines are what they were."""

import json
import math
import random

import orjson
import pytest

from freqbias import names
from freqbias.errors import InputError
from freqbias.files import PairFile, line, lines, read_pairs
from freqbias.records import Observation, Pair

PAIR = {"id": "1", "item": "car", "high": "a car", "low": "a jalopy"}


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(names, "FEW", 3)


def pair_file(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(("first", "again"), [(0, 2), (1, 7), (5, 9), (8, 9)])
@pytest.mark.parametrize("odd", [{}, {"mine": 1}], ids=["plain", "with a field of its own"])
def test_an_id_that_repeats_is_named_wherever_it_stands(tmp_path, few, first, again, odd):
    rows = [PAIR | odd | {"id": f"p{n if n != again else first}"} for n in range(10)]
    path = pair_file(tmp_path / "pairs.jsonl", *rows)
    for read in (lambda: list(read_pairs(path)), lambda: PairFile(path)):
        with pytest.raises(InputError, match=rf"pairs\.jsonl:{again + 1}: field 'id' repeats 'p{first}'"):
            read()


def test_many_ids_are_no_repetition(tmp_path, few):
    assert PairFile(pair_file(tmp_path / "pairs.jsonl", *(PAIR | {"id": f"p{n}"} for n in range(50)))).count == 50


def test_two_ids_of_one_hash_are_two(tmp_path, few, monkeypatch):
    path = pair_file(tmp_path / "pairs.jsonl", *(PAIR | {"id": f"p{n}"} for n in range(10)))
    monkeypatch.setattr(names.Names, "suspects", lambda self: {hash("p5"), hash("p7")})
    assert PairFile(path).count == 10


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"decoys": None},
        {"zipf_gap": 2.0},
        {"zipf_gap": None},
        {"item": "cafe\u0301"},
        {"mine": 1},
        {"covariates": {"words": [1, 2.5]}},
    ],
)
def test_pairs_that_are_read_again_are_those_that_were_checked(tmp_path, change):
    path = pair_file(tmp_path / "pairs.jsonl", PAIR, PAIR | change | {"id": "2"})
    file, checked = PairFile(path), list(read_pairs(path))
    assert list(file) == file.part(0, 2) == checked
    assert [type(pair.zipf_gap) for pair in file] == [type(pair.zipf_gap) for pair in checked]


def test_a_file_that_has_changed_is_checked_anew(tmp_path):
    file = PairFile(pair_file(tmp_path / "pairs.jsonl", PAIR))
    pair_file(file.path, PAIR | {"low": "a car"})
    with pytest.raises(InputError, match="the same text"):
        list(file)


def test_lines_are_strict_rounded_and_in_order():
    rng = random.Random(1)
    made = {"pair_id": "1", "item": "i", "probe": "p", "measure": "m", "contrast": "c", "model": "m"}
    rows = [
        Observation(**made, high=rng.gauss(0, 1) * 10 ** rng.randint(-12, 12), low=n, covariates={"x": [n / 3, None]}) for n in range(200)
    ]
    for row, raw in zip(rows, lines(rows).splitlines(), strict=True):
        found = orjson.loads(raw)
        assert (found["high"], found["covariates"]["x"][0]) == (float(f"{row.high:.9g}"), float(f"{row.low / 3:.9g}"))
        assert list(found) == [name for name in Observation.__struct_fields__ if name not in ("extra", "prompt")]
    assert orjson.loads(line(Pair(**PAIR, meta={1: 0.1 + 0.2})))["meta"] == {"1": 0.3}
    assert orjson.loads(line(Pair(**PAIR, extra={"mine": 0.1 + 0.2})))["mine"] == 0.3
    for odd in (math.nan, math.inf):
        with pytest.raises(ValueError, match="not JSON compliant"):
            line(Observation(**made, high=odd, low=1.0))
        with pytest.raises(InputError, match="field 'high' must be finite"):
            Observation(**made, high=odd, low=1.0).check()


@pytest.mark.parametrize("blank", ["", "  ", "\u200b", "\u00a0"])
def test_blank_fields_of_a_row_made_in_python_are_told(blank):
    made = {"pair_id": "1", "item": "i", "probe": "p", "measure": "m", "contrast": "c", "model": "m", "high": 1.0, "low": 0.0}
    for name in ("pair_id", "item", "probe", "measure", "contrast", "model"):
        with pytest.raises(InputError, match=f"field '{name}' is empty"):
            Observation(**made | {name: blank}).check()
    Observation(**made | {"item": "\u00e9t\u00e9"}).check()
