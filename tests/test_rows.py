"""Files of users by kind: rows and lines, what is wrong with them, and how little of them is in memory."""

import csv
import gzip
import json
import random
import tracemalloc

import pytest

from freqbias.errors import InputError
from freqbias.lines import read_lines
from freqbias.rows import kind_of, name_of, read_table, read_texts, text_of


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows(path, wanted=("high", "low"), also=(), listed=None):
    return [(number, tuple(row.values())) for number, row in read_table(path, wanted, also, listed=listed)]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.txt", "text"), ("a.NDJSON", "jsonl"), ("a.b.jsonl.gz", "jsonl"), ("a.json", "json"), ("a.csv.gz", "csv"), ("a.tab", "tsv")],
)
def test_the_name_tells_the_kind(name, kind):
    assert kind_of(name) == kind


@pytest.mark.parametrize("name", ["texts", "a.xlsx", "a.jsonl.zip", "a.md", "a.gz", "csv"])
def test_an_unknown_kind_is_refused(tmp_path, name):
    write(tmp_path / name, "The car stopped.\n")
    with pytest.raises(InputError, match=r"unknown kind of file; name it \.txt \(one text a line\), \.jsonl"):
        list(read_texts(tmp_path / name))


SOUND = {
    "a.jsonl": '{"high": "a", "low": "b"}\n{"low": "d", "high": "c"}\n',
    "bom.jsonl": '\ufeff{"high": "a", "low": "b"}\n{"high": "c", "low": "d"}\n\n\n',
    "cr.ndjson": '{"high": "a", "low": "b"}\r{"high": "c", "low": "d"}\r',
    "a.csv": "high,low\na,b\nc,d\n\n",
    "crlf.csv": "\ufeffhigh,low\r\na,b\r\nc,d\r\n",
    "cr.csv": "high,low\ra,b\rc,d",
    "semicolon.csv": 'high;low\na;"b"\nc;d\n',
    "said.csv": "sep=;\nhigh;low\na;b\nc;d\n",
    "said_bar.csv": '"sep=|"\r\nhigh|low\r\na|b\r\nc|d\r\n',
    "tab.csv": 'high\tlow\na\t"b"\nc\td\n',
    "space.csv": 'high, low\na, "b"\nc, d\n',
    "a.tsv": "high\tlow\na\tb\nc\td\n",
    "cr.tsv": "high\tlow\ra\tb\rc\td\r",
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", SOUND)
def test_rows_of_every_kind(tmp_path, name, packed):
    content = SOUND[name].encode()
    path = write(tmp_path / (name + ".gz" * packed), gzip.compress(content, mtime=0) if packed else content)
    assert [tuple(sorted(cells)) for _, cells in rows(path)] == [("a", "b"), ("c", "d")]


def test_json_and_parquet_hold_rows_too(tmp_path):
    content = [{"high": "a", "low": "b"}, {"high": "c", "low": "d", "id": 123456789012345678901}]
    path = write(tmp_path / "a.json", "\ufeff" + json.dumps(content, indent=1))
    assert rows(path, also=["id"]) == [(2, ("a", "b")), (6, ("c", "d", 123456789012345678901))]
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = pyarrow.table({"x": [1, 2], "low": ["b", "d"], "high": ["a", "c"], "id": [None, 7]})
    parquet.write_table(table, tmp_path / "a.parquet")
    assert rows(tmp_path / "a.parquet", also=["id", "none"]) == [(1, ("a", "b", None)), (2, ("c", "d", 7))]
    with pytest.raises(InputError, match=r"a\.parquet:1: no column 'text'; found: x, low, high, id"):
        rows(tmp_path / "a.parquet", ["text"])
    with pytest.raises(InputError, match=r"b\.parquet: cannot be read: "):
        rows(write(tmp_path / "b.parquet", "no such thing"))


def test_quotes_in_tsv_are_text(tmp_path):
    lines = ['"so"\tb', 'a "word\tb', '"open\tb', 'close"\tb', '""\tb', '"a\tb"']
    found = rows(write(tmp_path / "a.tsv", "high\tlow\n" + "\n".join(lines) + "\n"))
    assert [cells for _, cells in found] == [tuple(line.split("\t")) for line in lines]


def test_quotes_in_csv_hold_separators_quotes_and_line_ends(tmp_path):
    path = write(tmp_path / "a.csv", 'high,low\n"a, ""x""","b\nb"\nc,5" pipe\n')
    assert rows(path) == [(2, ('a, "x"', "b\nb")), (4, ("c", '5" pipe'))]


FAULTS = {
    ("a.csv", "high,low\na,b\na,b,c\n"): r":3: 3 cells where the header has 2; quote a cell that holds ','",
    ("b.csv", "high;low;x\na;b;1\na;b\n"): r":3: 2 cells where the header has 3; quote a cell that holds ';'",
    ("a.tsv", "high\tlow\na\tb\nonly\n"): r":3: 1 cells where the header has 2; a cell cannot hold a tab",
    ("c.csv", "high,low,high\na,b,c\n"): r":1: column 'high' is named twice; rename one",
    ("b.tsv", "high\tlow\tlow \na\tb\tc\n"): r":1: column 'low' is named twice",
    ("d.csv", "high,lo\na,b\n"): r":1: no column 'low'; found: high, lo",
    ("d.tsv", '"high"\t"low"\na\tb\n'): r":1: no column 'high'; found: \"high\", \"low\"; in TSV quotes are text: name the file \.csv",
    ("e.csv", ""): r":1: no column 'high'; found: none",
    ("f.csv", 'high,low\n"a,b\nc,d\n'): r":2: a quote is opened and not closed",
    ("g.csv", 'high,low\n"a" x,b\nc,d\n'): r":2: text follows a closing quote",
    ("h.csv", "high,low\na,b\n\nc,d\n"): r":3: the line is empty; delete it",
    ("c.tsv", b"high\tlow\na\t\xff\n"): r":2: not UTF-8; convert the file",
    ("i.csv", b"high,low\na,\xff\n"): r":2: not UTF-8; convert the file",
    ("j.csv", "high,low\na,b\n".encode("utf-16")): r":1: no text but bytes, or UTF-16; convert the file to UTF-8",
    ("a.jsonl", '{"high": "a", "low": "b"}\n{"high": "a"}\n'): r":2: no column 'low'; found: high",
    ("b.jsonl", '{"high": "a", "low": "b\n'): r":1: not strict JSON: Unterminated string starting at column 22",
    ("b.jsonl", '{"high": "a", "low"\n'): r":1: not strict JSON: Expecting ':' delimiter at column 20",
    ("c.jsonl", '{"high": NaN, "low": "b"}\n'): r":1: not strict JSON: NaN is not strict JSON; write null",
    ("d.jsonl", '{"high": "a", "high": "b", "low": "c"}\n'): r":1: not strict JSON: an object names 'high' twice; rename one",
    ("e.jsonl", '["a", "b"]\n'): r":1: expected a JSON object, found list",
    ("f.jsonl", '{"high": "a", "low": "b"}\n\n{"high": "c", "low": "d"}\n'): r":2: the line is empty; delete it",
    ("g.jsonl", b'{"high": "\xff", "low": "b"}\n'): r":1: not UTF-8",
    ("h.jsonl", "[" * 100_000 + "\n"): r":1: not strict JSON: nested too deeply",
    ("a.json", '{"high": "a", "low": "b"}\n{"high": "c", "low": "d"}\n'): r":1: expected a list of objects; .* name that file \.jsonl",
    ("b.json", '[{"high": "a", "low": "b"},\n {"high": "c"}]'): r":2: no column 'low'; found: high",
    ("c.json", '[{"high": "a", "low": "b"},\n {"high" "c"}]'): r":2: not strict JSON: Expecting ':' delimiter at column 10",
    ("d.json", '[{"high": "a", "low": "b"}\n'): r":2: not strict JSON: expected ',' or '\]'; is the file cut off\?",
    ("e.json", '[{"high": "a", "low": "b"}]\n]'): r":2: not strict JSON: text follows the end of the list",
    ("f.json", '["a"]'): r":1: expected a JSON object, found text",
    ("k.csv.gz", gzip.compress(b"high,low\na,b\n" * 9, mtime=0)[:-9]): r"k\.csv\.gz: cannot be read: ",
}


@pytest.mark.parametrize(("name", "content"), FAULTS)
def test_a_fault_names_file_and_line(tmp_path, name, content):
    with pytest.raises(InputError, match=FAULTS[name, content]) as error:
        rows(write(tmp_path / name, content))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_what_the_csv_module_writes_is_read_again(tmp_path, separator):
    rng = random.Random(separator)
    for ending in ("\n", "\r\n", "\r"):
        content = [["".join(rng.choices('ab ,;\t"\né', k=rng.randrange(1, 9))) + "." for _ in range(3)] for _ in range(300)]
        style = csv.QUOTE_ALL if ending == "\r" else csv.QUOTE_MINIMAL  # which until Python 3.13 leaves an LF bare where rows end in CR
        with (tmp_path / "a.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, delimiter=separator, lineterminator=ending, quoting=style)
            writer.writerows([["high", "x", "low"], *content])
        assert [[cell.lstrip() for cell in cells] for _, cells in rows(tmp_path / "a.csv")] == [
            [cell.lstrip() for cell in row] for row in content
        ]


def test_random_bytes_are_rows_or_one_line(tmp_path):
    rng = random.Random(0)
    sound = [content.encode() for content in SOUND.values()] + [b'[{"high": "a", "low": "b"}, {"high": "c", "low": "d"}]']
    read = faulty = 0
    for _ in range(1500):
        content = bytearray(rng.choice(sound))
        for _ in range(rng.randrange(4)):
            content[rng.randrange(len(content))] = rng.choice(b'",;\t\r\n{}[]\xff\x00a1')
        path = write(tmp_path / f"a{rng.choice(['.jsonl', '.json', '.csv', '.tsv', '.txt'])}", bytes(content))
        try:
            list(read_texts(path) if path.suffix == ".txt" else read_table(path, ["high"], ["low"], listed=rng.choice([None, []])))
            read += 1
        except InputError as error:
            assert "\n" not in str(error)  # noqa: PT017  # of either kind there must be some
            faulty += 1
    assert min(read, faulty) > 100


def test_a_list_of_faults_lets_the_sound_rows_through(tmp_path):
    listed = []
    path = write(
        tmp_path / "a.jsonl",
        b'{"high": "a", "low": "b"}\n{"high"\n\n[1]\n{"high": "\xff"}\n{"high": "x"}\n'
        + b"x" * 1_000_001
        + b'\n{"high": "c", "low": "d"}\n',
    )
    assert rows(path, listed=listed) == [(1, ("a", "b")), (8, ("c", "d"))]
    assert sorted(int(fault.removeprefix(f"{path}:").partition(":")[0]) for fault in listed) == [2, 3, 4, 5, 6, 7]


def test_a_broken_row_of_csv_costs_no_other(tmp_path):
    listed = []
    path = write(tmp_path / "a.csv", b'high,low\n"a,b\nc,d\n"e" x,f\n\ng,h,i\n\xff,j\n"k\nk",l\n')
    assert rows(path, listed=listed) == [(3, ("c", "d")), (8, ("k\nk", "l"))]
    assert sorted(int(fault.removeprefix(f"{path}:").partition(":")[0]) for fault in listed) == [2, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("value", "found"),
    [(["a"], "list"), (5, "number"), ({"a": 1}, "object"), (None, "null"), (True, "bool"), (2.5, "number"), (b"a", "bytes")],
)
def test_a_text_must_be_one(value, found):
    with pytest.raises(InputError, match=f"^high: must be text, found {found}$"):
        text_of(value, "high")


@pytest.mark.parametrize("value", ["", " \t", "\u200b", "\u00ad\ufeff", "\u00a0\u202f"])
def test_what_cannot_be_seen_is_empty(value):
    with pytest.raises(InputError, match=r"^high: is empty; write a text, or delete the row$"):
        text_of(value, "high")
    assert name_of(value, "id") is None


def test_half_a_character_is_no_text():
    with pytest.raises(InputError, match=r"^high: holds half a character"):
        text_of(json.loads('"a \\ud83d"'), "high")


def test_names_are_texts_or_whole_numbers_and_stay_exact():
    assert name_of(123456789012345678901, "id") == "123456789012345678901"
    assert [name_of(value, "id") for value in (" a ", 7, 7.0, "07", 0, None, float("nan"))] == ["a", "7", "7", "07", "0", None, None]
    for value, found in ((1e20, "number"), (1.5, "number"), (True, "bool"), (["a"], "list"), ({}, "object")):
        with pytest.raises(InputError, match=f"^id: must be text or a whole number, found {found}; "):
            name_of(value, "id")


def test_texts_are_lines_or_a_column(tmp_path):
    assert list(read_texts(write(tmp_path / "a.txt", "\ufeffone\r\n\r\ntwo\rthree"))) == [(1, "one"), (2, ""), (3, "two"), (4, "three")]
    assert list(read_texts(write(tmp_path / "a.csv", "id,text\n1,one\n"))) == [(2, "one")]
    assert list(read_texts(write(tmp_path / "a.ndjson", '{"body": "one"}'), "body")) == [(1, "one")]
    with pytest.raises(InputError, match=r"a text file has no field 'body'; leave --field out"):
        list(read_texts(tmp_path / "a.txt", "body"))
    with pytest.raises(InputError, match=r"a\.csv:2: id: is empty"):
        list(read_texts(write(tmp_path / "a.csv", 'id,text\n"",one\n'), "id"))


@pytest.mark.parametrize("content", ['{"text": "one"}\n', '\n[{"text": "one"}]\n', "[\n{}\n]\n"])
def test_json_that_is_called_text_is_no_prose(tmp_path, content):
    with pytest.raises(InputError, match=r"a\.txt:\d: this is JSON; name the file \.jsonl"):
        list(read_texts(write(tmp_path / "a.txt", content)))


def test_a_file_is_read_in_bounded_memory(tmp_path):
    line = '{"text": "' + "word " * 200 + '"}\n'
    for name, head, each in (("a.jsonl", "", line), ("a.csv", "text\n", "word " * 200 + "\n"), ("a.txt", "", "word " * 200 + "\n")):
        path = write(tmp_path / name, head + each * 20_000)
        tracemalloc.start()
        assert sum(1 for _ in read_texts(path)) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 2_000_000  # of a file of 20 MB
        tracemalloc.stop()
    path = write(tmp_path / "b.txt", "x" * 20_000_000)
    tracemalloc.start()
    with pytest.raises(InputError, match=r"b\.txt:1: line of 20,000,000 bytes; the longest allowed is 1,000,000"):
        list(read_lines(path))
    assert tracemalloc.get_traced_memory()[1] < 16_000_000
    tracemalloc.stop()
