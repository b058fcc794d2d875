"""Reading and writing of records: strict, line-numbered, nothing half-written."""

import json
import math

import pandas as pd
import pytest

from freqbias import read_observations, read_pairs
from freqbias.analysis.table.frame import frame
from freqbias.errors import InputError
from freqbias.files import read_estimates, read_manifest, write_json, write_records
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
        ({"low": "a car"}, "fields 'high' and 'low' have the same text"),
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


ESTIMATE = {
    "model": "m",
    "probe": "p",
    "measure": "cosine",
    "contrast": "gap",
    "arm": "frequency",
    "term": "mean",
    "value": 0.5,
    "method": "t",
}
MINIMAL = ((Pair, PAIR), (Observation, OBSERVATION), (Estimate, ESTIMATE))
FULL = {
    Pair: {
        "arm": "placebo",
        "language": "de",
        "queries": {"neutral": ["what?"]},
        "decoys": {"high": "a bus", "low": "a coach"},
        "context": "c",
        "zipf_high": 5.5,
        "zipf_low": 2.5,
        "zipf_gap": 3.0,
        "generator": "g",
        "checks": {"grammatical": True},
        "covariates": {"words": [2, 2]},
        "meta": {"frame": "f"},
    },
    Observation: {
        "arm": "placebo",
        "register": "plain",
        "prompt": "choice-1",
        "revision": "r",
        "cells": {"hh": 1.5, "hl": 2.5, "lh": 3.5, "ll": 4.5},
        "decoys": {"high": 0.5, "low": 0.25},
        "covariates": {"words": [2, 2]},
        "error": "zero vector",
        "high": 0.5,
        "low": 0.25,
    },
    Estimate: {
        **dict.fromkeys(("std_error", "ci_low", "ci_high", "level", "p_value", "p_adjusted", "effect_size"), 0.5),
        **dict.fromkeys(("high_mean", "low_mean", "share_positive", "share_negative", "bca_low", "bca_high", "bound"), 0.5),
        **dict.fromkeys(("n_pairs", "n_items", "n_failed"), 7),
        "term": "zipf_slope",
        "value": 0.25,
        "flags": ["few"],
        "family": "confirmatory",
        "details": {"reason": "all norms are equal"},
    },
}
READ = {Pair: read_pairs, Observation: read_observations, Estimate: read_estimates}
NAME = {Pair: "id", Observation: "pair_id", Estimate: "model"}


def optional(kind, minimal):
    return [name for name in kind.__struct_fields__ if name not in minimal and name != "extra"]


@pytest.mark.parametrize(("kind", "minimal"), MINIMAL)
def test_null_in_an_optional_field_means_absent(kind, minimal):
    names = optional(kind, minimal)
    assert set(names) <= set(FULL[kind])
    for name in names:
        assert kind.from_dict(minimal | {name: None}) == kind.from_dict(minimal), name
    assert kind.from_dict(minimal | dict.fromkeys(names)) == kind.from_dict(minimal)


@pytest.mark.parametrize(("kind", "minimal"), MINIMAL)
def test_null_in_a_required_field_names_it(kind, minimal):
    for name in minimal.keys() - {"term", "value"}:
        if (kind, name) not in ((Observation, "high"), (Observation, "low")):
            with pytest.raises(InputError, match=f"field '{name}' must be a text, found NoneType"):
                kind.from_dict(minimal | {name: None})


@pytest.mark.parametrize(("kind", "minimal"), MINIMAL)
def test_what_pandas_exports_is_read_again(kind, minimal, tmp_path):
    """A table has a column for every field that any row has, and null where a row has none; whole numbers become 7.0."""
    records = [kind.from_dict(minimal | FULL[kind] | {"mine": "x"}), kind.from_dict(minimal | {NAME[kind]: "2", "mine": "y"})]
    rows = [minimal | FULL[kind] | {"mine": "x"}, minimal | {NAME[kind]: "2", "mine": "y"}]
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    pd.DataFrame(rows).to_json(first, orient="records", lines=True)
    assert ":null" in first.read_text()
    assert list(READ[kind](first)) == records
    pd.read_json(first, lines=True, dtype=False).to_json(second, orient="records", lines=True)
    assert list(READ[kind](second)) == records


def test_null_for_one_entry_means_that_it_is_absent():
    """Arrow tables give every row the entries that any row has."""
    pair = Pair.from_dict(
        PAIR | {"queries": {"neutral": ["x"], "naming_high": None}, "decoys": {"high": None}, "covariates": {"w": None}}
    )
    assert (pair.queries, pair.decoys, pair.covariates) == ({"neutral": ["x"]}, {}, {})
    assert Observation.from_dict(OBSERVATION | {"decoys": {"high": None, "low": 1}}).decoys == {"low": 1}


@pytest.mark.parametrize(
    ("kind", "change", "reason"),
    [
        (Estimate, {"n_pairs": 1.5}, "field 'n_pairs' must be a whole number, found float"),
        (Estimate, {"flags": "few"}, "field 'flags' must be a list, found str"),
        (Estimate, {"flags": [1]}, "field 'flags' must be a list of texts"),
        (Estimate, {"value": "x"}, "field 'value' must be a number or null, found str"),
        (Estimate, {"value": math.nan}, "field 'value' must be finite"),
        (Estimate, {"family": 1}, "field 'family' must be a text or null, found int"),
        (Pair, {"meta": 3}, "field 'meta' must be an object, found int"),
        (Pair, {"language": " "}, "field 'language' is empty"),
        (Observation, {"covariates": {"a": [1, 2], "b": [1]}}, "field 'covariates.b' must be a list [high, low]"),
        (Observation, {"decoys": []}, "field 'decoys' must be an object or null, found list"),
    ],
)
def test_wrong_types_are_said_in_our_words(kind, change, reason):
    with pytest.raises(InputError) as caught:
        kind.from_dict(dict(MINIMAL)[kind] | change)
    assert str(caught.value) == reason


def test_whole_numbers_and_unknown_fields_are_written_back_as_they_came():
    row = OBSERVATION | {"extra": 1, "mine": None, "covariates": {"words": [3, None]}}
    written = Observation.from_dict(row).to_dict()
    assert list(written)[-2:] == ["extra", "mine"]
    assert json.dumps({name: written[name] for name in row}) == json.dumps(row)


def test_a_changed_copy():
    pair = Pair.from_dict(PAIR | {"mine": 1})
    assert pair.replace(low="a banger").to_dict() == pair.to_dict() | {"low": "a banger"}


def test_the_table_says_what_the_reader_of_records_says(tmp_path):
    path = lines(tmp_path / "observations.jsonl", OBSERVATION, OBSERVATION | {"high": "x"})
    for read in (frame, lambda given: list(read_observations(given))):
        with pytest.raises(InputError, match=r"observations.jsonl:2: field 'high' must be a number or null, found str"):
            read(path)
    assert len(frame(lines(path, OBSERVATION, OBSERVATION | {"covariates": None, "arm": None}))) == 2


def test_a_mark_at_the_start_of_a_line_is_refused(tmp_path):
    for mark in ("\ufeff", "\x1e"):
        with pytest.raises(InputError, match=r"p.jsonl:1: not strict JSON"):
            list(read_pairs(lines(tmp_path / "p.jsonl", mark + json.dumps(PAIR))))
