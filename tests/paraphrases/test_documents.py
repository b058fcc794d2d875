"""What `substitute` and `score` read: every kind of file by its column, collections in their layouts, texts in other languages."""

import gzip
import json
import logging

import pytest

import freqbias
from freqbias.errors import InputError
from freqbias.paraphrases.documents import documents
from freqbias.paraphrases.substitute import Coverage, generate

TEXT = "He was stocky and cautious."
FRENCH = "Il est resté car il pleuvait."


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def jsonl(path, *rows):
    return write(path, "".join(json.dumps(row) + "\n" for row in rows))


KINDS = {
    "t.txt": f"{TEXT}\n\n",
    "t.txt.gz": gzip.compress(TEXT.encode(), mtime=0),
    "t.jsonl": json.dumps({"text": TEXT}),
    "t.ndjson": "\ufeff" + json.dumps({"text": TEXT}) + "\n\n",
    "t.jsonl.gz": gzip.compress(json.dumps({"text": TEXT}).encode(), mtime=0),
    "t.json": json.dumps([{"text": TEXT}]),
    "t.csv": f'n,text\n1,"{TEXT}"\n',
    "t.tsv": f"n\ttext\n1\t{TEXT}\n",
}


@pytest.mark.parametrize("name", KINDS)
def test_substitute_and_score_read_by_kind(cli, tmp_path, name):
    path = write(tmp_path / name, KINDS[name])
    assert [document.text for document in documents(path)] == [TEXT]
    assert {pair.meta["original"] for pair in generate([path])} == {TEXT}
    rows = json.loads(cli("score", "--file", path, "--json").stdout)
    assert [row["text"] for row in rows if row["text"]] == [TEXT]
    assert rows[0]["mean_zipf"] == freqbias.score(TEXT)[0]["mean_zipf"]


def test_parquet_is_read_by_column(cli, tmp_path):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table({"body": [TEXT], "id": [7]}), tmp_path / "t.parquet")
    (document,) = documents(tmp_path / "t.parquet", "body")
    assert (document.id, document.text) == ("7", TEXT)
    assert json.loads(cli("score", "--file", tmp_path / "t.parquet", "--field", "body", "--json").stdout)[0]["text"] == TEXT
    assert cli("score", "--file", tmp_path / "t.parquet").exit_code == 2


@pytest.mark.parametrize("name", ["t", "t.xlsx", "t.html", "t.jsonl.zip", "t.md"])
def test_an_unknown_kind_is_never_prose(cli, tmp_path, name):
    path = write(tmp_path / name, TEXT)
    for command in (("score", "--file", path), ("pairs", "substitute", path, "--out", tmp_path / "pairs.jsonl")):
        result = cli(*command)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "unknown kind of file; name it .txt" in result.stderr


def test_a_field_is_used_or_refused(cli, tmp_path):
    path = jsonl(tmp_path / "t.jsonl", {"text": "No.", "body": TEXT})
    assert [document.text for document in documents(path, "body")] == [TEXT]
    plain = write(tmp_path / "t.txt", TEXT)
    for command in (("score", "--file", plain), ("pairs", "substitute", plain, "--out", tmp_path / "pairs.jsonl")):
        result = cli(*command, "--field", "body")
        assert (result.exit_code, "a text file has no field 'body'; leave --field out" in result.stderr) == (2, True)
    assert cli("score", "a text", "--field", "body").exit_code == 2
    assert cli("pairs", "substitute", plain, "--split", "test", "--out", tmp_path / "pairs.jsonl").exit_code == 2
    assert cli("pairs", "lexicon", "--field", "body", "--out", tmp_path / "pairs.jsonl").exit_code == 2


def test_score_prints_nothing_of_a_faulty_file_and_one_line_a_text(cli, tmp_path):
    result = cli("score", "--file", write(tmp_path / "t.csv", f"text\n{TEXT}\na,b\n"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "t.csv:3: 2 cells where the header has 1" in result.stderr
    result = cli("score", "--file", write(tmp_path / "t.csv", 'text\n"two\nlines"\nthree\n'))
    assert [line.split("\t")[2] for line in result.stdout.splitlines()] == ["two lines", "three"]


def test_ids_are_exact_absent_or_refused(tmp_path):
    path = jsonl(tmp_path / "t.jsonl", {"id": None, "text": "a"}, {"id": 123456789012345678901, "text": "b"}, {"_id": 7, "text": "c"})
    assert [document.id for document in documents(path)] == ["t.jsonl:1", "123456789012345678901", "7"]
    jsonl(path, {"id": "a", "text": "one"}, {"id": "a", "text": "one"}, {"id": "b", "text": "one"})
    assert [document.id for document in documents(path)] == ["a", "b"]
    jsonl(path, {"id": "a", "text": "one"}, {"id": "b", "text": "two"}, {"id": "a", "text": "three"})
    with pytest.raises(InputError, match=r"t\.jsonl:3: id: 'a' names another text in line 1; give each text its own"):
        list(documents(path))
    skipped = []
    assert [document.text for document in documents(path, listed=skipped)] == ["one", "two"]
    assert len(skipped) == 1
    with pytest.raises(InputError, match=r"t\.jsonl:1: id: must be text or a whole number, found list"):
        list(documents(jsonl(path, {"id": [1], "text": "one"})))


def test_a_text_in_another_language_is_left_alone_and_said(cli, tmp_path):
    path = write(tmp_path / "t.txt", f"{TEXT}\n{FRENCH}\n")
    coverage = Coverage()
    assert {pair.item for pair in generate([path], coverage=coverage)} == {"t.txt:1"}
    assert coverage.lines()[0] == f"left alone: 1 of 2 texts are not in language 'en' (first: t.txt:2: {FRENCH!r} looks like fr)"
    write(path, FRENCH)
    result = cli("pairs", "substitute", path, "--out", tmp_path / "pairs.jsonl")
    assert (result.exit_code, "only English can be substituted" in result.stderr) == (2, True)
    assert not (tmp_path / "pairs.jsonl").exists()
    with pytest.raises(InputError, match="only English can be substituted"):
        freqbias.substitute([FRENCH])


def test_score_says_that_a_text_is_in_another_language(cli):
    assert "1 of 1 texts are not in language 'en'" in cli("score", FRENCH).stderr
    assert "--language says which they are in" in cli("score", FRENCH).stderr
    assert "language" not in cli("score", FRENCH, "--language", "fr").stderr
    assert "language" not in cli("score", TEXT).stderr


@pytest.fixture
def folder(tmp_path):
    jsonl(
        tmp_path / "corpus.jsonl",
        {"_id": "d1", "title": "On men", "text": TEXT},
        {"_id": "d2", "title": "", "text": "No title."},
        {"_id": "d3", "title": None, "text": "None."},
        {"_id": 4, "title": "Title only", "text": ""},
    )
    jsonl(tmp_path / "queries.jsonl", {"_id": "q1", "text": "who was stocky?"}, {"_id": 2, "text": "what else?"})
    write(tmp_path / "qrels" / "test.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t1\n2\t4\t1\n")
    return tmp_path


def asked(folder, split=None, **options):
    return {document.id: list(document.query_ids) for document in documents(folder, split=split, **options) if document.query_ids}


def test_title_and_text_are_joined_as_beir_joins_them(folder):
    texts = {document.id: document.text for document in documents(folder)}
    assert texts == {"d1": f"On men {TEXT}", "d2": "No title.", "d3": "None.", "4": "Title only"}
    assert asked(folder) == {"d1": ["q1"], "4": ["2"]}


def test_a_field_of_a_folder_is_the_text_alone(folder):
    jsonl(folder / "corpus.jsonl", {"_id": "d1", "title": "On men", "text": "no", "body": TEXT})
    assert [document.text for document in documents(folder, "body")] == [TEXT]
    assert [document.text for document in documents(folder, "title")] == ["On men"]
    with pytest.raises(InputError, match=r"corpus\.jsonl:1: no column 'content'; found: _id, title, text, body"):
        list(documents(folder, "content"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("test.tsv", "q1\td1\t1.0\n"),
        ("test.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t0.5\nq1\td2\t0.0\n\n\n"),
        ("test.tsv", "\ufeffcorpus-id\tquery-id\tscore\r\nd1\tq1\t1\r\nd2\tq1\t-1\r\n"),
        ("test.tsv", "score\tquery-id\tnote\tcorpus-id\n1e0\tq1\tx\td1\n"),
        ("test.tsv.gz", gzip.compress(b"q1\td1\t2\n", mtime=0)),
        ("test.jsonl", '{"query-id": "q1", "corpus-id": "d1", "score": 1.0}\n{"query-id": "q1", "corpus-id": "d2", "score": 0}\n\n'),
        ("test.ndjson", '{"query-id": "q1", "corpus-id": "d1", "score": "1"}\n'),
        ("test.csv", "query-id,corpus-id,score\nq1,d1,1\n"),
    ],
)
def test_judgements_of_every_kind(folder, name, content):
    (folder / "qrels" / "test.tsv").unlink()
    write(folder / "qrels" / name, content)
    assert asked(folder) == {"d1": ["q1"]}


def test_a_split_can_be_chosen(cli, folder):
    write(folder / "qrels" / "dev.jsonl", '{"query-id": "q1", "corpus-id": "d2", "score": 1}\n')
    assert asked(folder) == {"d1": ["q1"], "d2": ["q1"], "4": ["2"]}
    assert asked(folder, "dev") == {"d2": ["q1"]}
    assert asked(folder, "test") == {"d1": ["q1"], "4": ["2"]}
    with pytest.raises(InputError, match=r"qrels: no split 'train'; found: dev, test"):
        asked(folder, "train")
    out = folder / "pairs.jsonl"
    assert cli("pairs", "substitute", folder, "--split", "dev", "--out", out).exit_code == 0
    assert {pair.meta["query_ids"] == [] for pair in freqbias.read_pairs(out)} == {True}
    assert freqbias.substitute(folder, split="test")[0].queries["relevant"] == ["who was stocky?"]


FAULTY = {
    "q1\td1\t1\nq1\td1\t--1\n": r"test\.tsv:2: score: must be a number, found '--1'",
    "q1\td1\t--1\n": r"test\.tsv:1: score: must be a number, found '--1'",
    "q1\td1\tnan\nq1\td1\tinf\n": r"test\.tsv:2: score: must be a number, found 'inf'",
    "q1\td1\t1\nq1\td1\n": r"test\.tsv:2: expected query id, document id and score, split by tabs; found 2 cells",
    "q1 0 d1 1\n": r"test\.tsv:1: expected query id, document id and score, split by tabs; this is a row of TREC",
    "q1\td1\t1\n\nq1\td2\t1\n": r"test\.tsv:2: the line is empty; delete it",
    "q1\t\t1\n": r"test\.tsv:1: corpus-id: is empty; name a query and a document, or delete the row",
    b"q1\td1\t1\nq\xff\td1\t1\n": r"test\.tsv:2: not UTF-8; convert the file",
}


@pytest.mark.parametrize("content", FAULTY)
def test_garbage_in_judgements_is_one_line(cli, folder, content):
    write(folder / "qrels" / "test.tsv", content)
    with pytest.raises(InputError, match=FAULTY[content]):
        list(documents(folder))
    result = cli("pairs", "substitute", folder, "--out", folder / "pairs.jsonl")
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    skipped = []
    assert len(list(documents(folder, listed=skipped))) == 4
    assert len(skipped) >= 1


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"query-id": "q1", "corpus-id": "d1", "score": True}, "score: must be a number, found bool"),
        ({"query-id": "q1", "corpus-id": "d1", "score": None}, "score: must be a number, found null"),
        ({"query-id": ["q1"], "corpus-id": "d1", "score": 1}, "query-id: must be text or a whole number, found list"),
        ({"query-id": "q1", "score": 1}, "no column 'corpus-id'; found: query-id, score"),
    ],
)
def test_garbage_in_judgements_as_json(folder, row, reason):
    (folder / "qrels" / "test.tsv").unlink()
    path = jsonl(folder / "qrels" / "test.jsonl", row)
    with pytest.raises(InputError, match=f"{path}:1: {reason}"):
        list(documents(folder))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"_id": "d9", "title": "T"}, "no column 'text'; found: _id, title"),
        ({"_id": "d9", "title": ["T"], "text": "x"}, "title: must be text, found list"),
        ({"_id": "d9", "title": "T", "text": None}, "text: must be text, found null"),
        ({"_id": {}, "text": "x"}, "_id: must be text or a whole number, found object"),
    ],
)
def test_garbage_in_a_corpus_is_one_line_and_can_be_skipped(folder, row, reason):
    path = jsonl(folder / "corpus.jsonl", {"_id": "d1", "text": TEXT}, row)
    with pytest.raises(InputError, match=f"{path}:2: {reason}"):
        list(documents(folder))
    skipped = []
    assert [document.id for document in documents(folder, listed=skipped)] == ["d1"]
    assert len(skipped) == 1


def test_folders_of_parts_as_the_hub_has_them(folder, caplog):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    for name, table in (
        ("corpus", {"_id": ["d1"], "title": ["On men"], "text": [TEXT]}),
        ("queries", {"_id": ["q1"], "text": ["who was stocky?"]}),
        ("qrels", {"query-id": ["q1"], "corpus-id": ["d1"], "score": [1.0]}),
    ):
        (folder / "hub" / name).mkdir(parents=True)
        parquet.write_table(pyarrow.table(table), folder / "hub" / name / "test-00000-of-00001.parquet")
    (document,) = documents(folder / "hub", split="test")
    assert (document.text, document.queries) == (f"On men {TEXT}", ["who was stocky?"])
    with caplog.at_level(logging.WARNING):
        jsonl(folder / "corpus.ndjson", {"_id": "d1", "text": TEXT})
    with pytest.raises(InputError, match=r"holds both corpus\.jsonl and corpus\.ndjson; keep one"):
        list(documents(folder))
    assert caplog.text == ""
