"""A judged collection: documents by number, judged queries, grades."""

import gzip
import json

import pytest

from freqbias.collection.folder import open_collection
from freqbias.errors import InputError


def collection_in(folder, rows=(), split="test"):
    corpus = [{"_id": "a", "title": "First", "text": "é one"}, {"_id": "b", "text": "two"}, {"_id": "c", "title": "Third", "text": ""}]
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    with gzip.open(folder / "corpus.jsonl.gz", "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in corpus)
    (folder / "queries.jsonl").write_text("".join(json.dumps({"_id": f"q{i}", "text": f"query {i}"}) + "\n" for i in range(3)))
    (folder / "qrels" / f"{split}.tsv").write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    return folder


def test_documents_have_numbers_and_queries_grades(tmp_path):
    rows = [("q0", "a", 2), ("q0", "b", 1), ("q1", "c", 0), ("q2", "c", 1), ("q9", "a", 1), ("q1", "z", 3)]
    found = open_collection(collection_in(tmp_path, rows))
    assert list(found.ids) == ["a", "b", "c"]
    assert found.texts.part(slice(0, 9)) == ["First é one", "two", "Third"]
    assert [found.texts[found.numbers[name]] for name in "cba"] == ["Third", "two", "First é one"]
    assert found.texts.part(slice(3, 5)) == []
    assert found.queries == {"q0": "query 0", "q2": "query 2"}
    assert found.grades == {"q0": {0: 2, 1: 1}, "q2": {2: 1}}


def test_documents_without_text_are_left_out_and_counted(tmp_path, caplog):
    folder = collection_in(tmp_path, [("q0", "a", 1), ("q1", "d", 1)])
    (folder / "corpus.jsonl.gz").unlink()
    rows = [{"_id": "a", "title": "", "text": "one"}, {"_id": "d", "title": "", "text": " "}, {"_id": "e", "text": None}]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = open_collection(folder)
    assert list(found.ids) == ["a"]
    assert set(found.queries) == {"q0"}
    assert f"{folder}: left out documents without text: 2 (first: corpus.jsonl:2)" in caplog.text


def test_a_split_and_a_field_choose_what_is_read(tmp_path):
    collection_in(tmp_path, [("q0", "a", 1)], "dev")
    collection_in(tmp_path, [("q1", "b", 1)], "test")
    assert set(open_collection(tmp_path).queries) == {"q0", "q1"}
    assert set(open_collection(tmp_path, split="dev").queries) == {"q0"}
    with pytest.raises(InputError, match="no split 'train'; found: dev, test"):
        open_collection(tmp_path, split="train")
    with pytest.raises(InputError, match="no column 'body'"):
        open_collection(tmp_path, field="body")


def test_what_is_searched_has_a_fingerprint(tmp_path):
    rows = [("q0", "a", 2), ("q1", "b", 1)]
    first = open_collection(collection_in(tmp_path, rows)).sha256
    assert open_collection(collection_in(tmp_path, rows[::-1])).sha256 == first
    assert open_collection(collection_in(tmp_path, [("q0", "a", 1), ("q1", "b", 1)])).sha256 != first


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "holds no judgement above 0; without one no query has an answer"),
        ([("q0", "a", 0)], "holds no judgement above 0; without one no query has an answer"),
        (
            [("q9", "a", 1)],
            r"no judgement above 0 names .* of this folder \(first: query 'q9', document 'a'\); check the ids",
        ),
        (
            [("q0", "z", 1)],
            r"no judgement above 0 names .* of this folder \(first: query 'q0', document 'z'\); check the ids",
        ),
    ],
)
def test_a_collection_without_judged_documents_is_refused(tmp_path, rows, said):
    with pytest.raises(InputError, match=f"qrels: {said}"):
        open_collection(collection_in(tmp_path, rows))


def test_a_file_is_no_collection(tmp_path):
    (tmp_path / "corpus.jsonl").write_text("{}\n")
    with pytest.raises(InputError, match="is no folder; a folder must have the layout of BEIR"):
        open_collection(tmp_path / "corpus.jsonl")


def test_what_is_empty_is_told_as_that(tmp_path):
    for name, said in (("corpus.jsonl.gz", "its corpus holds no documents"), ("queries.jsonl", "its queries hold none")):
        folder = collection_in(tmp_path / name, [("q0", "a", 1)])
        (folder / name).write_text("")
        with pytest.raises(InputError, match=f"{folder}: {said}"):
            open_collection(folder)
    folder = collection_in(tmp_path / "judged", [("q0", "a", 1)])
    (folder / "qrels" / "test.tsv").unlink()
    with pytest.raises(InputError, match=r"judged: has no qrels/SPLIT\.tsv; a folder must have the layout of BEIR"):
        open_collection(folder)


def test_judgements_that_lead_nowhere_are_kept_in_mind(tmp_path):
    found = open_collection(collection_in(tmp_path, [("q0", "a", 2), ("q9", "a", 1), ("q1", "z", 3), ("q2", "y", 0)]))
    assert found.unused == (
        f"{tmp_path / 'qrels'}: 1 judgements name a query that the queries do not hold, first: 'q9'",
        f"{tmp_path / 'qrels'}: 1 judgements name a document that the corpus does not hold, first: 'z'",
    )
    assert open_collection(collection_in(tmp_path, [("q0", "a", 2)])).unused == ()


def test_judgements_as_trec_writes_them_are_told(tmp_path):
    for row in ("q0\t0\ta\t1\n", "q0 0 a 1\n"):
        folder = collection_in(tmp_path, [])
        (folder / "qrels" / "test.tsv").write_text(row)
        with pytest.raises(
            InputError, match=r"test\.tsv:1: expected query id, .* split by tabs; this is a row of TREC: delete its second"
        ):
            open_collection(folder)
