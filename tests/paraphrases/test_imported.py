"""Importing other people's pairs, and everything that can be wrong with a file."""

import gzip
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
        ("a\nsame\n", "x\nsame\n", r"high\.txt:2: high, low: both sides have the same text; change one"),
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
        "3: high, low: both sides have the same text; change one, or delete the row",
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
    assert result.stderr.strip().endswith("high.txt:2: high, low: both sides have the same text; change one, or delete the row")
    assert not out.exists()
    result = cli("pairs", "import", high, low, "--out", out, "--skip-invalid")
    assert result.exit_code == 0
    assert "1 lines skipped" in result.stderr
    assert len(out.read_text().splitlines()) == 1
    assert cli("pairs", "import", high, low, "--out", out, "--sets", "all").exit_code == 2
    assert cli("pairs", "import", "--out", out).exit_code == 2
    assert cli("pairs", "lexicon", high, "--out", out).exit_code == 2


def written(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def sides(pairs):
    return [(pair.high, pair.low) for pair in pairs]


def test_quotes_in_tsv_are_text_and_no_row_is_lost(tmp_path):
    rows = [(f'a "car {n}', f"a jalopy {n}") for n in range(3)] + [(f'"car {n}', f'jalopy" {n}') for n in range(3)]
    path = written(tmp_path / "p.tsv", "high\tlow\n" + "".join(f"{high}\t{low}\n" for high, low in rows))
    assert sides(generate([path])) == rows


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.csv", "high;low\na car;a jalopy\nthe car;the jalopy\n"),
        ("p.csv", "sep=;\r\nhigh;low\r\na car;a jalopy\r\nthe car;the jalopy\r\n"),
        ("p.csv", "\ufeffhigh,low\ra car,a jalopy\rthe car,the jalopy\r"),
        ("p.tsv", "high\tlow\ra car\ta jalopy\rthe car\tthe jalopy\r"),
        ("p.jsonl", '\ufeff{"high": "a car", "low": "a jalopy"}\n{"high": "the car", "low": "the jalopy"}\n\n'),
        ("p.ndjson", '{"high": "a car", "low": "a jalopy"}\r{"high": "the car", "low": "the jalopy"}\r'),
        ("p.json", '[{"high": "a car", "low": "a jalopy"}, {"high": "the car", "low": "the jalopy"}]'),
        ("p.csv.gz", gzip.compress(b"high,low\na car,a jalopy\nthe car,the jalopy\n", mtime=0)),
    ],
)
def test_every_kind_of_file_gives_the_same_pairs(tmp_path, name, content):
    assert sides(generate([written(tmp_path / name, content)])) == [("a car", "a jalopy"), ("the car", "the jalopy")]


def test_parquet_gives_the_same_pairs(tmp_path):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table({"low": ["a jalopy"], "high": ["a car"], "item": [7]}), tmp_path / "p.parquet")
    (pair,) = generate([tmp_path / "p.parquet"])
    assert (pair.high, pair.low, pair.item) == ("a car", "a jalopy", "7")


def test_old_line_ends_and_empty_last_lines_of_aligned_files(files):
    pairs = generate(files("a car\rthe car\r\r", "a jalopy\r\nthe jalopy\r\n\r\n\r\n"))
    assert sides(pairs) == [("a car", "a jalopy"), ("the car", "the jalopy")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("high,low\na,b,c\n", r"p\.csv:2: 3 cells where the header has 2; quote a cell that holds ','"),
        ("high,low,x\na,b,1\na,b\n", r"p\.csv:3: 2 cells where the header has 3"),
        ("high,low,low\na,b,c\n", r"p\.csv:1: column 'low' is named twice; rename one"),
        ('high,low\n"a,b\nc,d\n', r"p\.csv:2: a quote is opened and not closed"),
        ("high,low\na,\u200b\n", r"p\.csv:2: low: is empty; write a text, or delete the row"),
        ("high,low\na,a\n", r"p\.csv:2: high, low: both sides have the same text"),
    ],
)
def test_faults_of_tables(tmp_path, content, reason):
    with pytest.raises(InputError, match=reason):
        generate([written(tmp_path / "p.csv", content)])


@pytest.mark.parametrize("side", ["high", "low"])
@pytest.mark.parametrize(
    ("value", "found"), [(["a"], "list"), (5, "number"), ({"a": 1}, "object"), (None, "null"), (True, "bool"), (1.5, "number")]
)
def test_a_side_must_be_text(tmp_path, side, value, found):
    row = {"high": "a car", "low": "a jalopy"} | {side: value}
    with pytest.raises(InputError, match=rf"p\.jsonl:1: {side}: must be text, found {found}$"):
        generate([written(tmp_path / "p.jsonl", json.dumps(row) + "\n")])


def test_null_names_are_absent_and_whole_numbers_exact(tmp_path):
    names = [None, 123456789012345678901, 123456789012345678902, 12345678901234567890123, "", 7, "x"]
    lines = [json.dumps({"item": name, "id": name, "high": f"car {n}", "low": f"jalopy {n}"}) for n, name in enumerate(names)]
    pairs = generate([written(tmp_path / "p.jsonl", "\n".join(lines))])
    exact = ["123456789012345678901", "123456789012345678902", "12345678901234567890123"]
    assert [pair.item for pair in pairs] == ["p.jsonl:1", *exact, "p.jsonl:5", "7", "x"]
    assert [pair.id for pair in pairs if pair.item not in ("p.jsonl:1", "p.jsonl:5")] == [*exact, "7", "x"]
    assert len({pair.id for pair in pairs}) == 7


@pytest.mark.parametrize("value", ["[1]", "1.5", "true", '{"a": 1}', "1e25"])
def test_a_name_is_text_or_a_whole_number(tmp_path, value):
    path = written(tmp_path / "p.jsonl", f'{{"high": "car", "low": "jalopy", "set": {value}}}\n')
    with pytest.raises(InputError, match=r"p\.jsonl:1: set: must be text or a whole number, found (list|number|bool|object); "):
        generate([path], item="set")


def test_equal_rows_are_one_pair_and_equal_ids_with_other_text_are_an_error(tmp_path, caplog):
    row, other = {"id": "q", "high": "a car", "low": "a jalopy"}, {"id": "q", "high": "the car", "low": "the jalopy"}
    path = written(tmp_path / "p.jsonl", "\n".join(map(json.dumps, [row, row | {"id": "r"}, row, row])))
    assert [pair.id for pair in generate([path])] == ["q", "r"]
    assert "p.jsonl: 2 rows repeat another and are left out" in caplog.text
    written(path, "\n".join(map(json.dumps, [row, other])))
    with pytest.raises(InputError, match=r"p\.jsonl:2: id: 'q' names another pair in line 1; give each pair its own"):
        generate([path])
    skipped = []
    assert [pair.high for pair in generate([path], skipped=skipped)] == ["a car"]
    assert len(skipped) == 1
    assert [pair.item for pair in generate([path], item="id")] == ["q", "q"]  # two pairs of one item are sound
    assert [pair.id for pair in generate([path], id="low")] == ["a jalopy", "the jalopy"]
    csv = written(tmp_path / "p.csv", "item,high,low\n1,car,jalopy\n1,car,jalopy\n2,car,jalopy\n")
    assert [pair.item for pair in generate([csv])] == ["1", "2"]


def test_equal_lines_of_aligned_files_are_one_pair(files):
    assert len(generate(files("car\ncar\nbus\n", "jalopy\njalopy\ncoach\n"))) == 2


def test_every_kind_of_faulty_row_is_skipped_counted_and_listed(cli, tmp_path):
    sound = [json.dumps({"high": f"car {n}", "low": f"jalopy {n}"}).encode() for n in range(3)]
    faulty = [
        b'{"high": "car"',
        b'{"high": ["car"], "low": "jalopy"}',
        b'{"high": "car"}',
        b'{"high": "\xff", "low": "jalopy"}',
        b"",
        b"[1]",
        b'{"high": "", "low": "jalopy"}',
        b'{"high": "same", "low": "same"}',
        b'{"high": "car", "low": "jalopy", "item": []}',
        b'{"high": "car", "high": "bus", "low": "jalopy"}',
        b'{"high": "' + b"x" * 1_000_000 + b'"}',
    ]
    path = written(tmp_path / "p.jsonl", b"\n".join([sound[0], *faulty, *sound[1:]]) + b"\n")
    for line, row in enumerate(faulty, start=2):
        one = written(tmp_path / "one.jsonl", b"\n".join([sound[0], row, sound[1]]))
        with pytest.raises(InputError, match=r"one\.jsonl:2: "):
            generate([one])
        assert line
    result = cli("pairs", "import", path, "--out", tmp_path / "pairs.jsonl", "--skip-invalid")
    assert result.exit_code == 0
    named = [line for line in result.stderr.splitlines() if "p.jsonl:" in line]
    assert sorted(int(line.split("p.jsonl:")[1].partition(":")[0]) for line in named) == list(range(2, 13))
    assert "11 lines skipped" in result.stderr
    assert len((tmp_path / "pairs.jsonl").read_text().splitlines()) == 3
    table = written(tmp_path / "p.csv", b'high,low\ncar,jalopy\n"bus,coach\na,b,c\n\n\xff,d\n"x" y,z\nman,bloke\n')
    result = cli("pairs", "import", table, "--out", tmp_path / "pairs.jsonl", "--skip-invalid")
    assert (result.exit_code, "5 lines skipped" in result.stderr) == (0, True)
    assert cli("pairs", "import", table, "--out", tmp_path / "none.jsonl").exit_code == 2
    assert not (tmp_path / "none.jsonl").exists()


def test_bad_bytes_in_aligned_files_are_skipped_too(files):
    skipped = []
    pairs = generate(files(b"car\n\xff\nbus\n", b"jalopy\nx\n\xfe\n"), skipped=skipped)
    assert sides(pairs) == [("car", "jalopy")]
    assert [fault.rpartition("/")[2] for fault in skipped] == [
        f"{name}: not UTF-8; convert the file" for name in ("high.txt:2", "low.txt:3")
    ]


def test_files_of_rows_are_no_aligned_texts(tmp_path):
    paths = [written(tmp_path / f"{side}.csv", "high,low\n") for side in ("high", "low")]
    with pytest.raises(InputError, match=r"high\.csv: two files are read as texts, line by line"):
        generate(paths)


def test_pairs_in_another_language_are_said(files, caplog):
    french = "Nous avons vu la voiture dans la rue.\n", "Nous avons vu la bagnole dans la rue.\n"
    generate(files(*french))
    assert "high.txt: 1 of 1 texts are not in language 'en'" in caplog.text
    assert "give --language" in caplog.text
    caplog.clear()
    generate(files(*french), language="fr")
    assert "language" not in caplog.text


HIGH_SIDE = """The doctor said that the house needs a new door.
We bought a big car near the old town.
Her answer was slow and strange.
"""
LOW_SIDE = """The physician said that the abode needs a new door.
We purchased a sizeable auto near the old town.
Her rejoinder was sluggish and strange.
"""


def test_sides_that_run_backwards_are_said(files, caplog):
    generate(files(HIGH_SIDE, LOW_SIDE))
    assert "more frequent side" not in caplog.text
    generate(files(LOW_SIDE, HIGH_SIDE))
    assert "high.txt: 'high' is not the more frequent side in 3 of 3 pairs (first: high.txt:1); it is rarer by" in caplog.text
    assert "are the sides the wrong way round?" in caplog.text
    caplog.clear()
    sides = [side.splitlines(keepends=True) for side in (HIGH_SIDE, LOW_SIDE)]
    sides[0][1], sides[1][1] = sides[1][1], sides[0][1]
    generate(files(*map("".join, sides)))
    assert "'high' is not the more frequent side in 1 of 3 pairs (first: high.txt:2)\n" in caplog.text


def test_lines_that_do_not_belong_together_are_said(files, caplog):
    low = LOW_SIDE.splitlines(keepends=True)
    generate(files(HIGH_SIDE, LOW_SIDE))
    assert "belong together" not in caplog.text
    generate(files(HIGH_SIDE, "".join([*low[1:], low[0]])))
    assert "high and low share no content word in 3 of 3 pairs (first: high.txt:1): do the lines belong together?" in caplog.text
    caplog.clear()
    generate(files("The car stopped.\n", "An auto halted.\n"))  # too short for that
    assert "belong together" not in caplog.text


def test_checks_that_fail_are_counted(files, caplog):
    generate(files("She has 3 cars, not 4.\nA car\n", "She has 3 autos.\nAn auto\n"))
    assert "high.txt: checks that fail, of 2 pairs: " in caplog.text
    assert "numbers_equal in 1" in caplog.text
    caplog.clear()
    generate(files("A car stopped.\n", "An auto stopped.\n"))
    assert "checks that fail" not in caplog.text
