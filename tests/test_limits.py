"""What no file of ours holds: wrong types inside, numbers that overflow, texts and lines without end. One line says so, and soon."""

import json

import pytest
from fuzzing import called, deadline

from freqbias.collection.worst import read_worst
from freqbias.covariates import numbers_dropped
from freqbias.errors import InputError
from freqbias.files import read_estimates, read_json, read_manifest, read_observations, read_pairs
from freqbias.frequency.swaps import swap
from freqbias.holdout import holdout_in
from freqbias.judgement import Finding
from freqbias.records import Pair
from freqbias.run.journal import marked, rows_of, side_file
from freqbias.run.settings import settings
from freqbias.run.status import status_of
from freqbias.shapes import MAX_NAME, MAX_ROW_BYTES, MAX_TEXT

PAIR = {"id": "1", "item": "car", "high": "a car", "low": "a jalopy"}
MEASURED = {"probe": "p", "measure": "cosine", "contrast": "gap", "model": "m"}
OBSERVATION = {"pair_id": "1", "item": "car", **MEASURED, "high": 1, "low": 0}
ESTIMATE = {**MEASURED, "arm": "frequency", "value": 0.1, "method": "t"}
MANIFEST = {"schema": 1, "models": [{"kind": "embedder", "name": "m", "details": {}}]}
SECONDS = 20  # of CPU, for what takes a second


def write(path, value):
    path.write_text(value if isinstance(value, str) else json.dumps(value) + "\n", encoding="utf-8")
    return path


def nested(levels):
    return json.dumps(PAIR)[:-1] + ', "meta": ' + '{"a": ' * levels + "1" + "}" * levels + "}\n"


@pytest.mark.parametrize("levels", [100, 1_000, 100_000])
@pytest.mark.parametrize("read", [read_pairs, read_observations, read_estimates])
def test_a_row_nested_too_deeply_is_told(tmp_path, read, levels):
    path = write(tmp_path / "rows.jsonl", nested(levels))
    with pytest.raises(InputError, match=r"rows\.jsonl:1: .*(nested (deeper|too deeply)|recursion limit)"):
        list(read(path))


@pytest.mark.parametrize("levels", [100, 100_000])
def test_a_document_nested_too_deeply_is_told(tmp_path, levels):
    with pytest.raises(InputError, match=r"x\.json: .*nested"):
        read_json(write(tmp_path / "x.json", "[" * levels + "]" * levels))


def test_depth_and_width_that_occur_are_read(tmp_path):
    deep = {"a": [{"b": [{"c": [[1]]}]}], "wide": [[k] for k in range(500)]}
    assert next(read_pairs(write(tmp_path / "p.jsonl", PAIR | {"meta": deep}))).meta == deep


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"models": [3]}, "field 'models.0' must be an object, found int"),
        ({"models": [{}]}, "field 'models.0.name' is missing"),
        ({"models": [{"name": "m", "noise_floor": 0.5}]}, "field 'models.0.noise_floor' must be an object or null, found float"),
        (
            {"models": [{"name": "m", "noise_floor": {"measure": "x", "value": "1"}}]},
            "noise_floor.value' must be a number or null, found str",
        ),
        ({"models": [{"name": "m", "quantisation": 4}]}, "field 'models.0.quantisation' must be a text or null, found int"),
        ({"probing": {"steps": [3]}}, "field 'probing.steps.0' must be an object, found int"),
        ({"probing": {"pairs": "12"}}, "field 'probing.pairs' must be a whole number, found str"),
        ({"probing": {"pairs_at_once": 0}}, "field 'probing.pairs_at_once' must be a whole number of at least 1"),
        ({"versions": {"numpy": 2}}, "must be a text or null, found int"),
        ({"argv": "freqbias run"}, "field 'argv' must be a list or null, found str"),
        ({"seconds": 1e308}, "field 'seconds' must be a number"),
        ({"source": {"dirty": "no"}}, "field 'source.dirty' must be true or false or null, found str"),
    ],
)
def test_a_manifest_with_a_wrong_type_inside_is_told(tmp_path, change, reason):
    path = write(tmp_path / "manifest.json", MANIFEST | change)
    with pytest.raises(InputError) as caught:
        read_manifest(path)
    assert reason in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).endswith("put the file back as the run wrote it, or start over with --fresh")


def test_null_in_a_manifest_is_absent(tmp_path):
    found = read_manifest(write(tmp_path / "manifest.json", MANIFEST | {"models": None, "probing": None, "gpu": None}))
    assert found == {"schema": 1, "gpu": None}


def test_a_holdout_is_told_by_its_field():
    with pytest.raises(InputError, match=r"manifest.json: field 'holdout.looks' must be a list, found str"):
        holdout_in({"holdout": {"salt": "a", "looks": "today"}})


def test_a_finding_that_names_an_attribute_is_told():
    with pytest.raises(InputError, match="a finding's sentence names"):
        Finding(contrast="gap", sentence="it is {value.size}")


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        ({"means": ["law"]}, "field 'details.means' must be an object, found array"),
        ({"means": {"law": "high"}}, "must be a number or null, found str"),
        ({"prediction_low": [1]}, "field 'details.prediction_low' must be a number or null, found array"),
        ({"never_level": "words"}, "field 'details.never_level' must be a list, found str"),
        ({"reason": {}}, "field 'details.reason' must be a text or null, found object"),
    ],
)
def test_facts_of_an_estimate_are_checked(tmp_path, details, reason):
    path = write(tmp_path / "estimates.jsonl", ESTIMATE | {"details": details})
    with pytest.raises(InputError) as caught:
        list(read_estimates(path))
    assert str(caught.value).startswith(f"{path}:1: ")
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("read", "row", "field"),
    [
        (read_pairs, PAIR | {"covariates": {"aoa": [1e308, -1e308]}}, "covariates.aoa"),
        (read_pairs, PAIR | {"zipf_gap": -1e308}, "zipf_gap"),
        (read_observations, OBSERVATION | {"covariates": {"subwords": [1e308, 1]}}, "covariates.subwords"),
        (read_observations, OBSERVATION | {"high": 1e200, "measure": "mine"}, "high"),
        (read_observations, OBSERVATION | {"decoys": {"high": 1e308}, "measure": "mine"}, "decoys.high"),
        (read_estimates, ESTIMATE | {"value": 1e308}, "value"),
    ],
)
def test_a_number_whose_sums_would_overflow_is_refused(tmp_path, read, row, field):
    with pytest.raises(InputError, match=rf"rows\.jsonl:1: field '{field}' is -?1e\+\d+; numbers from -1e\+60 to 1e\+60 are read"):
        list(read(write(tmp_path / "rows.jsonl", row)))


def test_large_numbers_that_occur_are_read(tmp_path):
    (pair,) = read_pairs(write(tmp_path / "p.jsonl", PAIR | {"covariates": {"counts": [23_135_851_162, 1e18]}, "zipf_gap": 1e-300}))
    assert pair.covariates["counts"] == [23_135_851_162, 1e18]


def test_whatever_a_decoy_is_called_it_is_a_text(tmp_path):
    with pytest.raises(InputError, match=r"p\.jsonl:1: field 'decoys.other' must be a non-empty text"):
        list(read_pairs(write(tmp_path / "p.jsonl", PAIR | {"decoys": {"other": [1]}})))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"high": "many words " * 1_000_000}, "field 'high' has 11,000,000 characters; at most 1,000,000 are read"),
        ({"context": "x" * (MAX_TEXT + 1)}, "field 'context' has 1,000,001 characters"),
        ({"queries": {"neutral": ["x" * (MAX_TEXT + 1)]}}, "field 'queries.neutral' must be a list of non-empty texts"),
        ({"language": "e" * 100_000}, "field 'language' has 100,000 characters; at most 1,000 are read"),
        ({"id": "i" * (MAX_NAME + 1)}, "field 'id' has 1,001 characters; at most 1,000 are read"),
        ({"arm": "a" * 100_000}, f"found '{'a' * 60}…'"),
    ],
)
def test_a_text_without_end_is_refused_at_once(tmp_path, change, reason):
    path = write(tmp_path / "pairs.jsonl", PAIR | change)
    with deadline(SECONDS):
        done = called(("audit", path))
    assert done.exit_code == 2
    assert reason in done.stderr
    assert len(done.stderr) < 1_000


def test_the_longest_names_and_a_long_text_are_read(tmp_path):
    row = PAIR | {"id": "i" * MAX_NAME, "high": "x" * MAX_TEXT}
    assert len(next(read_pairs(write(tmp_path / "p.jsonl", row))).high) == MAX_TEXT


@pytest.mark.parametrize("read", [read_pairs, read_observations, read_estimates])
def test_a_line_without_end_is_not_read_to_its_end(tmp_path, read):
    path = tmp_path / "rows.jsonl"
    with path.open("wb") as stream:
        stream.write(b'{"id": "')
        stream.truncate(50 * MAX_ROW_BYTES)  # 1.6 GB of nothing, which takes no room
    with pytest.raises(InputError, match=r"rows\.jsonl:1: the line is longer than 33,554,432 bytes, and no row is"):
        list(read(path))


def test_reading_the_numbers_of_a_text_takes_time_in_proportion_to_it():
    """At 300,000 characters it took half a minute, nine times as long as for a third of them."""
    text = "It was 3 o'clock and 12 of 15 cars cost 200 dollars. " * 6_000
    with deadline(SECONDS):
        assert numbers_dropped(Pair.from_dict(PAIR | {"high": text, "low": text + " 7"})) == (1.0, 0.0)


def test_long_texts_whose_words_have_moved_are_compared_word_by_word():
    """Aligning them takes the square of their length or more; which words either has more of does not."""
    high, low = "one two three four " * 4_000, "four two three one " * 4_000
    with deadline(SECONDS):
        found = swap(high + "car", "well " + low + "jalopy jalopy")
    assert not found.aligned
    assert (found.high, found.low) == (("car",), ("well", "jalopy", "jalopy"))


@pytest.fixture
def measured(tmp_path):
    write(tmp_path / "observations.jsonl", OBSERVATION)
    probing = {"complete": True, "pairs": 1, "pairs_at_once": 256, "steps": [{"model": "m", "probe": "p"}]}
    more = {"config": {"command": "probe", "pairs": None}, "inputs": {}, "probes": {}, "probing": probing}
    write(tmp_path / "manifest.json", MANIFEST | more)
    return tmp_path / "observations.jsonl"


@pytest.mark.parametrize("row", [[1], {}, {"model": 3, "probe": "p", "pair_id": "1"}, OBSERVATION | {"error": [1]}, "[" * 100_000])
def test_rows_that_are_none_are_told_by_status(measured, row):
    assert status_of(measured)["rows"] == 1
    write(measured, row)
    with pytest.raises(InputError, match=r"observations\.jsonl:1: .*give --fresh to start over"):
        list(rows_of(measured, measured.stat().st_size))
    with pytest.raises(InputError, match=r"observations\.jsonl:1: "):
        status_of(measured)


@pytest.mark.parametrize("change", [{"config": {}}, {"models": [{"kind": "embedder", "name": "m", "details": None}]}])
def test_a_manifest_that_says_too_little_describes_no_run(measured, change):
    path = measured.with_name("manifest.json")
    write(path, json.loads(path.read_text()) | change)
    with pytest.raises(InputError, match="does not describe a run"):
        status_of(measured)


def test_marks_that_are_none_are_told(measured):
    write(side_file(measured, "marks"), "one two\n")
    with pytest.raises(InputError, match="marks: not two numbers a line; give --fresh to start over"):
        marked(measured)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 5_000, "c.yaml: not YAML: nested too deeply"),
        ("seed: 2001-99-99", "c.yaml: not YAML: month must be in 1..12"),
        ("seed: " + "9" * 10_000, "c.yaml: not YAML: Exceeds the limit"),
        ("pairs: " + "x" * 10_000, "pairs: is no path: it has 10,000 characters"),
        ('out: "a\\0b"', "out: is no path: it is empty or holds characters that cannot be seen"),
        ("out: ''", "out: is no path"),
        ("embedder: [" + "x" * 10_000 + "]", "String should have at most 1000 characters"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_told(tmp_path, text, reason):
    with pytest.raises(InputError) as caught:
        settings({}, write(tmp_path / "c.yaml", text))
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "text", ["", "model,side\nm,document\n", "\x00", '"open', "model,side,loss\n" + "x" * 200_000 + ",query,1\n"], ids=range(5)
)
def test_worst_queries_that_are_none_are_told(tmp_path, text):
    path = write(tmp_path / "worst_queries.csv", text)
    if not text:
        assert list(read_worst(path)) == []
        return
    with pytest.raises(InputError, match=r"worst_queries\.csv.*; delete it and run freqbias collection again"):
        list(read_worst(path))
