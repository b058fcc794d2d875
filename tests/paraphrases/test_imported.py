"""Importing other people's pairs, and everything that can be wrong with a file."""

import json

import pytest
from wordfreq import zipf_frequency

from freqbias.errors import InputError
from freqbias.paraphrases.imported import generate


@pytest.fixture
def files(tmp_path):
    def write(high, low):
        for name, content in (("high.txt", high), ("low.txt", low)):
            (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return [tmp_path / "high.txt", tmp_path / "low.txt"]

    return write


def test_lines_pair_by_number(files):
    pairs = generate(files("The car stopped there.\nA big dog\n", "The jalopy stopped there.\nA sizeable hound\n"))
    assert [(pair.high, pair.low) for pair in pairs] == [
        ("The car stopped there.", "The jalopy stopped there."),
        ("A big dog", "A sizeable hound"),
    ]
    assert pairs[0].zipf_gap == pytest.approx(zipf_frequency("car", "en") - zipf_frequency("jalopy", "en"))
    assert {pair.arm for pair in pairs} == {"frequency"}
    assert pairs[0].item == "high.txt:1"
    assert pairs[0].checks["numbers_equal"] is True


def test_free_rewrites_take_the_content_gap_and_sides_stay_as_given(files):
    (pair,) = generate(files("The rare jalopy conked out for good.", "The car stopped."))
    assert pair.zipf_gap < 0
    assert pair.high.startswith("The rare")


def test_bom_and_crlf_are_no_part_of_a_text(files):
    (pair, _) = generate(files(b"\xef\xbb\xbfThe car\r\nx y\r\n", b"The jalopy\r\nx z\r\n"))
    assert (pair.high, pair.low) == ("The car", "The jalopy")


@pytest.mark.parametrize(
    ("high", "low", "reason"),
    [
        ("a\nb\nc\n", "x\ny\n", r"high\.txt:3: .* has 3 lines and .* has 2"),
        ("a\nb\n", "x\ny\nz\n", r"low\.txt:3: "),
        ("a\n\n", "x\ny\n", r"high\.txt:2: high: the line is empty; write a text"),
        ("a\nb\n", "x\n  \n", r"low\.txt:2: low: the line is empty; write a text"),
        ("a\nsame\n", "x\nsame\n", r"high\.txt:2: high, low: both sides hold the same text; change one"),
        (b"a\n\xff\n", "x\ny\n", r"high\.txt:2: not UTF-8"),
        ("a\n" + "b" * 10_000_000, "x\ny\n", r"high\.txt:2: line of 10,000,000 bytes"),
        ("", "", "no pairs"),
    ],
)
def test_faults_name_file_and_line(files, high, low, reason):
    with pytest.raises(InputError, match=reason):
        generate(files(high, low))


def test_unknown_language(files):
    with pytest.raises(InputError, match="unknown language 'xx'"):
        generate(files("a", "b"), language="xx")


def test_skipping_counts_and_lists(files):
    skipped = []
    pairs = generate(files("a\n\nc\n", "x\ny\nc\n"), skipped=skipped)
    assert len(pairs) == 1
    assert [line.partition(".txt:")[2] for line in skipped] == [
        "2: high: the line is empty; write a text, or delete this line of both files",
        "3: high, low: both sides hold the same text; change one, or delete the row",
    ]


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl"])
def test_columns_by_name(tmp_path, suffix):
    path = tmp_path / f"pairs{suffix}"
    if suffix == ".jsonl":
        path.write_text(json.dumps({"common": "the car", "rare": "the jalopy", "set": 7}) + "\n")
    else:
        cells = {".csv": ",", ".tsv": "\t"}[suffix]
        path.write_text(cells.join(["set", "rare", "common"]) + "\n" + cells.join(["7", "the jalopy", "the car"]) + "\n")
    (pair,) = generate([path], high="common", low="rare", item="set")
    assert (pair.high, pair.low, pair.item) == ("the car", "the jalopy", "7")
    with pytest.raises(InputError, match=r":1: no column 'high'; found: "):
        generate([path])


def test_unknown_kinds_of_file(tmp_path):
    (tmp_path / "pairs.xlsx").write_text("x")
    with pytest.raises(InputError, match=r"name it \.jsonl, \.json, \.csv, \.tsv or"):
        generate([tmp_path / "pairs.xlsx"])


def test_command_line_leaves_no_partial_output(cli, tmp_path, files):
    high, low = files("a\nb\n", "x\nb\n")
    out = tmp_path / "pairs.jsonl"
    result = cli("pairs", "import", high, low, "--out", out)
    assert result.exit_code == 2
    assert result.stderr.strip().endswith("high.txt:2: high, low: both sides hold the same text; change one, or delete the row")
    assert not out.exists()
    result = cli("pairs", "import", high, low, "--out", out, "--skip-invalid")
    assert result.exit_code == 0
    assert "1 lines skipped" in result.stderr
    assert len(out.read_text().splitlines()) == 1
    assert cli("pairs", "import", high, low, "--out", out, "--sets", "all").exit_code == 2
    assert cli("pairs", "import", "--out", out).exit_code == 2
    assert cli("pairs", "lexicon", high, "--out", out).exit_code == 2
