"""`freqbias order`: a stable sort of rows that stay as they are, in bounded memory, whole or not at all."""

import errno
import gzip
import json
import tracemalloc

import numpy as np
import pytest

import freqbias
from freqbias.errors import InputError
from freqbias.frequency import content_zipf
from freqbias.run import external_sort, ordering
from freqbias.run.external_sort import sorted_records
from freqbias.run.ordering import write_ordered

WORDS = ["doctor", "physician", "car", "jalopy", "house", "abode", "zzqxv", "the", "7"]


def texts_of(n, seed=3):
    """Return short texts of few words, so that many have one mean, and some no known content word."""
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, size=rng.integers(0, 4))) for _ in range(n)]


def expected(texts, by, seed=0):
    measures = {
        "low-to-high": [content_zipf(text) for text in texts],
        "high-to-low": [None if (zipf := content_zipf(text)) is None else -zipf for text in texts],
        "random": np.random.default_rng(seed).random(len(texts)).tolist(),
        "length": [len(text.split()) or None for text in texts],
    }
    keys = [np.inf if value is None else value for value in measures[by]]
    return np.argsort(keys, kind="stable").tolist(), int(np.isinf(keys).sum())


def write_rows(path, texts):
    path.write_text("".join(json.dumps({"n": n, "text": text}) + "\n" for n, text in enumerate(texts)))
    return path


def places(path):
    return [json.loads(line)["n"] for line in path.read_text().splitlines()]


@pytest.mark.parametrize("part_bytes", [1, 5_000, 1 << 26])
@pytest.mark.parametrize("by", ordering.ORDERS)
def test_the_order_is_a_stable_argsort(tmp_path, by, part_bytes):
    texts = texts_of(400)
    file, out = write_rows(tmp_path / "in.jsonl", texts), tmp_path / "out.jsonl"
    found = write_ordered(file, out, by=by, seed=5, part_bytes=part_bytes)
    order, unplaced = expected(texts, by, seed=5)
    assert places(out) == order
    assert (found.rows, found.unplaced) == (400, unplaced)
    assert unplaced > 10 or by == "random"
    assert sorted(out.read_bytes().splitlines()) == sorted(file.read_bytes().splitlines())
    assert {path.name for path in tmp_path.iterdir()} == {"in.jsonl", "out.jsonl"}


def test_more_parts_than_are_merged_at_once(tmp_path):
    rng = np.random.default_rng(0)
    keys = rng.integers(0, 20, size=1000).astype(float).tolist()
    records = [(key, place, str(place).encode()) for place, key in enumerate(keys)]
    found = list(sorted_records(iter(records), tmp_path, part_bytes=1, at_once=3))
    assert found == sorted(records)
    assert len(list(tmp_path.iterdir())) <= 3


def test_the_two_directions_differ_in_ties_as_a_stable_sort_does(tmp_path):
    file = write_rows(tmp_path / "in.jsonl", ["car", "abode", "car", "zzqxv", "abode"])
    for by, order in (("low-to-high", [1, 4, 0, 2, 3]), ("high-to-low", [0, 2, 1, 4, 3])):
        freqbias.order(file, tmp_path / "out.jsonl", by=by)
        assert places(tmp_path / "out.jsonl") == order


def test_memory_stays_within_the_budget_whatever_the_size(tmp_path):
    filler = "x" * 400
    with (tmp_path / "in.jsonl").open("w") as stream:
        for n, text in enumerate(texts_of(12_000)):
            stream.write(json.dumps({"n": n, "text": text, "filler": filler}) + "\n")
    file, budget = tmp_path / "in.jsonl", 500_000
    assert file.stat().st_size > 10 * budget
    write_ordered(write_rows(tmp_path / "small.jsonl", texts_of(50)), tmp_path / "warm.jsonl", by="low-to-high")  # word lists are kept
    tracemalloc.start()
    try:
        write_ordered(file, tmp_path / "out.jsonl", by="low-to-high", part_bytes=budget)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    parts = file.stat().st_size // budget
    buffers = parts * (1 << 16) * 2  # of the parts that are merged
    assert peak < 2 * budget + buffers
    assert peak < file.stat().st_size / 1.5
    assert len(places(tmp_path / "out.jsonl")) == 12_000


TABLES = {
    "a.csv": ('sep=;\r\nid;body\r\n1;"the abode; here\r\nand there"\r\n2;the car\r\n3;"a ""jalopy"""', "body"),
    "b.csv": ("id,text\n1,a car\n2,abode\n\n\n", None),
    "c.tsv": ('id\ttext\n1\tthe "car\n2\tabode', None),
    "d.txt": ("\ufeffthe car\r\n\r\nthe abode", None),
    "e.jsonl": ('\ufeff{"text":  "car", "n": 1.50}\n{"text": "ab\\u006fde", "n": 12345678901234567890}', None),
    "f.txt.gz": ("the car\nthe abode\n", None),
    "g.txt": ("the car\rthe abode\r", None),
}


@pytest.mark.parametrize("name", TABLES)
def test_rows_stay_byte_by_byte(tmp_path, name):
    content, field = TABLES[name]
    file, out = tmp_path / name, tmp_path / f"out-{name}"
    file.write_bytes(gzip.compress(content.encode()) if name.endswith(".gz") else content.encode())
    assert freqbias.order(file, out, by="low-to-high", field=field).rows == {"a.csv": 3, "d.txt": 3}.get(name, 2)
    written = (gzip.decompress(out.read_bytes()) if name.endswith(".gz") else out.read_bytes()).decode()
    assert (
        written
        == {
            "a.csv": 'sep=;\r\nid;body\r\n3;"a ""jalopy"""\r\n1;"the abode; here\r\nand there"\r\n2;the car\r\n',
            "b.csv": "id,text\n2,abode\n1,a car\n",
            "c.tsv": 'id\ttext\n2\tabode\n1\tthe "car\n',
            "d.txt": "\ufeffthe abode\r\nthe car\r\n\r\n",
            "e.jsonl": '\ufeff{"text": "ab\\u006fde", "n": 12345678901234567890}\n{"text":  "car", "n": 1.50}\n',
            "f.txt.gz": "the abode\nthe car\n",
            "g.txt": "the abode\rthe car\r",
        }[name]
    )
    first = out.read_bytes()
    freqbias.order(file, out, by="low-to-high", field=field)
    assert out.read_bytes() == first  # gzip writes no time


def test_an_empty_file_has_an_empty_order(tmp_path):
    (tmp_path / "in.jsonl").write_text("")
    assert freqbias.order(tmp_path / "in.jsonl", tmp_path / "out.jsonl", by="random").rows == 0
    assert (tmp_path / "out.jsonl").read_bytes() == b""


@pytest.mark.parametrize("stop", ["order in.jsonl", "write out.jsonl"])
def test_an_interruption_leaves_what_was_there_and_the_next_call_is_whole(tmp_path, stop):
    texts = texts_of(300)
    file, out = write_rows(tmp_path / "in.jsonl", texts), tmp_path / "new" / "out.jsonl"

    def stopping(items, what, total, *, unit="", size=None):
        for place, item in enumerate(items):
            if what == stop and place == 150:
                raise KeyboardInterrupt
            yield item

    def interrupted():
        with pytest.raises(KeyboardInterrupt):
            write_ordered(file, out, by="low-to-high", part_bytes=2_000, track=stopping)

    interrupted()
    assert not out.parent.exists()
    out.parent.mkdir()
    out.write_text("before")
    interrupted()
    assert {path.name for path in out.parent.iterdir()} == {"out.jsonl"}
    assert out.read_text() == "before"
    left = out.parent / ".out.jsonl.parts"  # as a killed process leaves it
    left.mkdir()
    (left / "0").write_bytes(b"half")
    write_ordered(file, out, by="low-to-high", part_bytes=2_000)
    assert places(out) == expected(texts, "low-to-high")[0]
    assert {path.name for path in out.parent.iterdir()} == {"out.jsonl"}


def test_two_at_once_do_not_share_a_file(tmp_path):
    file, out = write_rows(tmp_path / "in.jsonl", ["car", "abode"]), tmp_path / "out.jsonl"

    def second(items, what, total, *, unit="", size=None):
        with pytest.raises(InputError, match="another process is writing it"):
            write_ordered(file, out, by="random")
        return items

    write_ordered(file, out, by="low-to-high", track=second)
    assert places(out) == [1, 0]


def test_progress_counts_every_line_and_row(tmp_path):
    passed = {}

    def counting(items, what, total, *, unit="", size=lambda item: 1):
        passed[what] = [total, unit, 0]
        for item in items:
            passed[what][2] += size(item)
            yield item

    (tmp_path / "in.csv").write_text('text,n\n"a\ncar",1\nabode,2\n\n')
    freqbias.order(tmp_path / "in.csv", tmp_path / "out.csv", by="length", track=counting)
    assert passed == {"order in.csv": [3, "lines", 3], "write out.csv": [2, "rows", 2]}


def test_the_command_says_what_it_did(cli, tmp_path):
    file, out = write_rows(tmp_path / "in.jsonl", ["car", "zzqxv", "abode", ""]), tmp_path / "out.jsonl"
    done = cli("order", file, "--by", "low-to-high", "--out", out)
    assert (done.exit_code, done.stdout) == (0, "")
    assert places(out) == [2, 0, 1, 3]
    assert done.stderr.splitlines() == [
        "order in.jsonl: 4 of 4 lines, 0 s",
        "write out.jsonl: 4 of 4 rows, 0 s",
        f"{out}: 4 rows, rare wording first",
        f"{out}: 2 of them hold no known content word and stand at the end, in the order that they had",
    ]
    shown = " ".join(cli("order", "--help").stdout.split())
    assert "its abstract says increasing frequency, low-to-high, while the script in its repository sorts high-to-low" in shown


def test_texts_in_another_language_are_said(cli, tmp_path):
    file = tmp_path / "in.txt"
    file.write_text("Ich habe das Buch noch nicht gelesen.\nDie Katze sitzt auf dem Tisch und schläft.\n")
    assert "2 of 2 texts are not in language 'en'" in cli("order", file, "--by", "low-to-high", "--out", tmp_path / "a.txt").stderr
    done = cli("order", file, "--by", "low-to-high", "--language", "de", "--out", tmp_path / "a.txt")
    assert "not in language" not in done.stderr


GOOD = '{"text": "car"}\n'
BAD = [
    ("a.jsonl", GOOD, ["--by", "high"], "--by: unknown order 'high'"),
    ("a.jsonl", GOOD, ["--by", "high-to-lo"], "did you mean 'high-to-low'?"),
    ("a.jsonl", GOOD, ["--language", "xx"], "unknown language 'xx'"),
    ("a.jsonl", GOOD, ["--field", "body"], "a.jsonl:1: no column 'body'; found: text"),
    ("a.jsonl", GOOD + "{\n", [], "a.jsonl:2: not strict JSON"),
    ("a.jsonl", GOOD + "\n" + GOOD, [], "a.jsonl:2: the line is empty; delete it"),
    ("a.jsonl", GOOD + "[1]\n", [], "a.jsonl:2: expected a JSON object, found list"),
    ("a.jsonl", GOOD + '{"text": 3}\n', [], "a.jsonl:2: text: must be text, found number"),
    ("a.jsonl", GOOD + '{"text": "a\\ud800"}\n', [], "a.jsonl:2: text: holds half a character"),
    ("a.csv", "text,n\ncar\n", [], "a.csv:2: 1 cells where the header has 2"),
    ("a.txt", GOOD, [], "a.txt:1: this is JSON; name the file .jsonl"),
    ("a.txt", "car\n", ["--field", "text"], "a text file has no field 'text'"),
    ("a.txt", "car\n\xff\n".encode("latin-1"), [], "a.txt:2: not UTF-8; convert the file"),
    ("a.txt.gz", gzip.compress(b"car\n" * 99, mtime=0)[:-9], [], "a.txt.gz: cannot be read"),
    ("a.json", "[]", [], "rows of this kind of file do not stand alone"),
    ("a.doc", "x", [], "unknown kind of file"),
    ("a.jsonl", None, [], "a.jsonl: cannot be read: No such file"),
]


@pytest.mark.parametrize(("name", "content", "options", "line"), BAD)
def test_bad_input_is_one_line_exit_2_and_leaves_nothing(cli, tmp_path, name, content, options, line):
    if content is not None:
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    before = set(tmp_path.iterdir())
    by = [] if "--by" in options else ["--by", "low-to-high"]
    done = cli("order", tmp_path / name, *by, *options, "--out", tmp_path / "deep" / "er" / f"out-{name}")
    assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert line in done.stderr
    assert set(tmp_path.iterdir()) == before


def test_an_output_that_cannot_be(cli, tmp_path):
    file = write_rows(tmp_path / "in.jsonl", ["car"])
    for out, line in (
        (file, "is an input of this command, which is not overwritten"),
        (tmp_path, "is a folder; give a file"),
        (tmp_path / "out.csv", "rows stay as they stand in in.jsonl; give a name of the same kind"),
        (file / "out.jsonl", "cannot be written"),
    ):
        done = cli("order", file, "--by", "random", "--out", out)
        assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1), done.stderr
        assert line in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_a_full_disk_is_one_line(cli, tmp_path, monkeypatch):
    def full(path, records):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(external_sort, "_laid_down", full)
    file = write_rows(tmp_path / "in.jsonl", ["car"])
    done = cli("order", file, "--by", "random", "--out", tmp_path / "out.jsonl")
    assert done.exit_code == 2
    assert done.stderr.splitlines()[-1].endswith("out.jsonl: cannot be written: No space left on device")
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_python_names_its_arguments(tmp_path):
    file = write_rows(tmp_path / "in.jsonl", ["car"])
    with pytest.raises(InputError, match=r"^by: unknown order 'x'"):
        freqbias.order(file, tmp_path / "out.jsonl", by="x")
