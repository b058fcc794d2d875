"""The collection in `examples/helpdesk`: whole, and what README says to do with it gives an answer."""

import json
import re
import shlex
from collections import Counter
from pathlib import Path

import pytest
from conftest import missing

from freqbias.collection.folder import open_collection
from freqbias.models.names.aliases import find_alias
from freqbias.paraphrases.substitute import generate
from freqbias.terms import FREQUENCY

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "examples" / "helpdesk"
TABLES = ("corpus.jsonl", "queries.jsonl")


def rows(name):
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]


def judgements():
    lines = (FOLDER / "qrels" / "test.tsv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "query-id\tcorpus-id\tscore"
    return [tuple(line.split("\t")) for line in lines[1:]]


@pytest.mark.parametrize("name", TABLES)
def test_ids_and_texts_are_unique(name):
    for key in ("_id", "text"):
        found = [row[key].casefold() for row in rows(name)]
        assert len(set(found)) == len(found)


def test_every_judgement_names_a_query_and_a_document_once():
    found = judgements()
    assert {query for query, _, _ in found} == {row["_id"] for row in rows("queries.jsonl")}
    assert {document for _, document, _ in found} <= {row["_id"] for row in rows("corpus.jsonl")}
    assert len({(query, document) for query, document, _ in found}) == len(found)
    assert {grade for _, _, grade in found} == {"1", "2"}
    assert {query for query, _, grade in found if grade == "2"} == {query for query, _, _ in found}, "each has an answer"


def test_documents_are_one_to_three_sentences_of_plain_characters():
    for path in (path for path in FOLDER.rglob("*") if path.suffix in {".jsonl", ".tsv", ".csv"}):
        assert path.read_text(encoding="utf-8").isascii(), path.name
    for row in rows("corpus.jsonl"):
        assert 1 <= len(re.findall(r"[.!?](?= |$)", row["text"])) <= 3, row["text"]
        assert row["text"] == " ".join(row["text"].split())


def test_its_data_sheet_counts_right():
    told = (FOLDER / "README.md").read_text(encoding="utf-8")
    topics = Counter(row["_id"].rpartition("-")[0] for row in rows("corpus.jsonl"))
    pairs = (FOLDER / "synonyms.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert f"{topics.total()} documents" in told
    assert f"({len(topics)} of them)" in told
    assert f"{len(rows('queries.jsonl'))} queries" in told
    assert f"{len(judgements())} judgements" in told
    assert f"{len(pairs)} word pairs" in told
    assert open_collection(FOLDER).queries.keys() == {row["_id"] for row in rows("queries.jsonl")}


def test_fifty_documents_can_be_changed():
    pairs = list(generate([str(FOLDER)], synonyms=str(FOLDER / "synonyms.csv"), side="document"))
    assert sum(pair.arm == FREQUENCY for pair in pairs) >= 50


def commands():
    """Return the commands that README's section on one's own texts begins with."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("## On your own texts\n")[2].partition("\n## ")[0]
    lines = section.partition("```\n")[2].partition("\n```")[0].replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True)[1:] for line in lines]


@pytest.mark.slow
def test_the_four_commands_of_readme_answer(cli, tmp_path, monkeypatch):
    """As they stand, but for the model: static vectors in place of MiniLM, which the example of the report measures."""
    if find_alias("static-multilingual").ready_directory() is None:
        missing("model static-multilingual; run: freqbias models fetch static-multilingual")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    answers = []
    for command in commands():
        done = cli(*("static-multilingual" if word == "minilm" else word for word in command))
        assert done.exit_code == 0, done.output
        answers.append(" ".join(done.stdout.split()))
    assert len(answers) == 4
    assert "what does it cost a document to be written in rare words?" in answers[0]
    assert "over 162 judged queries, in all of its 190 documents" in answers[0]
    assert "quality (nDCG@10, mean of both wordings)" in answers[1]
    assert (tmp_path / "runs" / "texts.jsonl").stat().st_size > 0
    for run in ("helpdesk", "texts"):
        assert (tmp_path / "runs" / run / "report.html").exists()
