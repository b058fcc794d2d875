"""Reading and writing of records: strict, line-numbered, nothing half-written."""

import json

import pytest

from freqbias import read_observations, read_pairs
from freqbias.errors import InputError
from freqbias.files import read_manifest, write_json, write_records
from freqbias.records import Estimate, Observation, Pair

PAIR = {"id": "1", "item": "car", "high": "a car", "low": "a jalopy"}
OBSERVATION = {
    "pair_id": "1",
    "item": "car",
    "probe": "p",
    "measure": "cosine",
    "contrast": "gap",
    "model": "m",
    "high": 1,
    "low": 0,
}


def lines(path, *rows):
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), encoding="utf-8")
    return path


def test_minimal_pair_and_extra_fields_survive(tmp_path):
    path = lines(tmp_path / "p.jsonl", PAIR | {"mine": [1]})
    (pair,) = read_pairs(path)
    assert (pair.arm, pair.language) == ("frequency", "en")
    write_records(tmp_path / "q.jsonl", [pair])
    (again,) = read_pairs(tmp_path / "q.jsonl")
    assert again == pair
    assert again.extra == {"mine": [1]}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"high": ""}, "field 'high' is empty"),
        ({"high": "  "}, "field 'high' is empty"),
        ({"high": None}, "field 'high' must be a text, found NoneType"),
        ({"low": "a car"}, "fields 'high' and 'low' hold the same text"),
        ({"arm": "treatment"}, "field 'arm' must be one of frequency, placebo, length, found 'treatment'"),
        ({"zipf_gap": True}, "field 'zipf_gap' must be a number or null, found bool"),
        ({"covariates": {"words": 3}}, "field 'covariates.words' must be a list [high, low]"),
        ({"covariates": {"domain": ["law", 1]}}, "field 'covariates.domain' must hold numbers or null"),
        ({"queries": {"neutral": "text"}}, "field 'queries.neutral' must be a list of non-empty texts"),
        ({"queries": {"relevant": "text"}}, "field 'queries.relevant' must be a list of non-empty texts"),
        ({"queries": {"naming_high": ""}}, "field 'queries.naming_high' must be a non-empty text"),
        ({"decoys": {"low": 3}}, "field 'decoys.low' must be a non-empty text"),
    ],
)
def test_bad_pairs_name_file_line_and_field(tmp_path, change, reason):
    path = lines(tmp_path / "pairs.jsonl", PAIR, PAIR | {"id": "2"} | change)
    with pytest.raises(InputError) as caught:
        list(read_pairs(path))
    assert str(caught.value) == f"{path}:2: {reason}"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not strict JSON"),
        ('{"id": NaN}', "NaN is not strict JSON"),
        ("[1]", "expected a JSON object, found list"),
        ('{"id": "1"}', "field 'item' is missing"),
        ("", "not strict JSON: the line is empty; delete it"),
        ('{"id": "1", "item"', "not strict JSON: the line is cut off"),
        ('{"id" "1"}', "not strict JSON: Expecting ':' delimiter at column 7"),
        ('\ufeff{"id": "1"}', "not strict JSON: it starts with a byte-order mark; save the file as UTF-8 without one"),
    ],
)
def test_bad_lines(tmp_path, line, reason):
    path = lines(tmp_path / "pairs.jsonl", PAIR, line)
    with pytest.raises(InputError, match=f":2: .*{reason}"):
        list(read_pairs(path))


def test_an_output_that_lies_behind_a_file_is_one_line(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match=r"file/o.jsonl: cannot be written: (File exists|Not a directory)"):
        write_records(tmp_path / "file" / "o.jsonl", [])


def test_bytes_that_are_not_utf8(tmp_path):
    path = tmp_path / "pairs.jsonl"
    path.write_bytes(json.dumps(PAIR).encode() + b'\n{"id": "\xff"}\n')
    with pytest.raises(InputError, match=r":2: not strict JSON"):
        list(read_pairs(path))


def test_repeated_ids_and_missing_files(tmp_path):
    with pytest.raises(InputError, match=r":2: field 'id' repeats '1'"):
        list(read_pairs(lines(tmp_path / "p.jsonl", PAIR, PAIR)))
    with pytest.raises(InputError, match="cannot be read"):
        list(read_pairs(tmp_path / "none.jsonl"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"high": None}, "must be numbers in a row without 'error'"),
        ({"contrast": "crossed"}, "must hold exactly hh, hl, lh and ll"),
        ({"arm": "other"}, "field 'arm' must be one of"),
        ({"decoys": {"high": "x", "low": 1}}, "field 'decoys.high' must be a finite number"),
    ],
)
def test_bad_observations(tmp_path, change, reason):
    path = lines(tmp_path / "o.jsonl", OBSERVATION | change)
    with pytest.raises(InputError, match=reason):
        list(read_observations(path))


def test_error_rows_need_no_values():
    row = Observation.from_dict(OBSERVATION | {"high": None, "low": None, "error": "zero vector"})
    assert row.error == "zero vector"


def test_estimates_refuse_infinity():
    row = Estimate(model="m", probe="p", measure="x", contrast="gap", arm="frequency", value=float("inf"), method="t")
    with pytest.raises(InputError, match="'value' must be finite"):
        row.check()


def test_failed_writing_leaves_nothing(tmp_path):
    def rows():
        yield Pair.from_dict(PAIR)
        raise RuntimeError("power cut")

    target = tmp_path / "p.jsonl"
    target.write_text("old")
    with pytest.raises(RuntimeError):
        write_records(target, rows())
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["p.jsonl"]


def test_nan_is_never_written(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "x.json", {"value": float("nan")})
    assert not list(tmp_path.iterdir())


def test_manifest_schema(tmp_path):
    write_json(tmp_path / "manifest.json", {"schema": 2})
    with pytest.raises(InputError, match="field 'schema' is 2, this version of freqbias reads 1"):
        read_manifest(tmp_path / "manifest.json")
