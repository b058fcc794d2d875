"""The collection in `examples/helpdesk`: whole, and what README says to do with it gives an answer."""

import json
import re
import shutil
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest
from conftest import missing

from freqbias.collection.folder import open_collection
from freqbias.files import read_estimates
from freqbias.models.names.aliases import find_alias
from freqbias.paraphrases.substitute import generate
from freqbias.terms import FREQUENCY

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "examples" / "helpdesk"
RESULTS = ROOT / "results" / "helpdesk"
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


@pytest.fixture
def tools(monkeypatch):
    """Return the modules that make the committed results, and README's words on them."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return import_module("helpdesk_results"), import_module("doc_helpdesk")


def changed(folder, *, probe=None, models=(), compared=None, **values):
    """Return a copy of the committed results in which means of nDCG@10 have other values, or the comparison has."""
    shutil.copytree(RESULTS, folder)
    rows = [json.loads(line) for line in (folder / "estimates.jsonl").read_text(encoding="utf-8").splitlines()]
    for row in rows:
        mine = (row["probe"], row["measure"], row["arm"], row["term"]) == (probe, "ndcg_at_10", "frequency", "mean")
        if mine and row["model"] in models and row["contrast"].endswith("_form"):
            row.update(values)
    (folder / "estimates.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    document = json.loads((folder / "compare.json").read_text(encoding="utf-8"))
    for entry in document["compared"]:
        entry.update(compared or {})
    (folder / "compare.json").write_text(json.dumps(document), encoding="utf-8")
    return folder


def test_the_committed_results_are_of_this_folder_and_of_what_readme_runs(tools):
    manifest = json.loads((RESULTS / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["argv"] == ["freqbias", *tools[0].commands()[0]]
    assert not manifest["source"]["dirty"]
    (whole,) = (
        row
        for row in read_estimates(RESULTS)
        if (row.model, row.probe, row.contrast, row.measure) == ("bm25", "collection", "as_it_is", "ndcg_at_10")
    )
    assert (whole.n_pairs, whole.details["corpus"]) == (len(rows("queries.jsonl")), len(rows("corpus.jsonl")))


def test_readme_says_what_the_numbers_say(tools, tmp_path):
    """Other numbers give other words; the committed ones those that stand in README."""
    helpdesk = tools[1].helpdesk
    as_it_is = helpdesk()
    assert as_it_is in (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(as_it_is.splitlines()) == 3
    assert "minilm ranks better than bm25" in as_it_is
    assert as_it_is.count("cannot be told") == 3
    clear = {"value": 0.2, "std_error": 0.01, "ci_low": 0.18, "ci_high": 0.22, "p_value": 1e-4, "p_adjusted": 1e-4}
    lost = helpdesk(changed(tmp_path / "lost", probe="collection", models=("bm25", "minilm"), **clear))
    assert "Rare words in documents (71 items): they cost bm25 (+0.2 [+0.18, +0.22]) and minilm (+0.2 [+0.18, +0.22]); in queries" in lost
    assert "a cost under 0.16 in queries would" in lost
    one = helpdesk(changed(tmp_path / "one", probe="collection_queries", models=("minilm",), **clear))
    assert (
        "in queries (22 items): whether they cost bm25 (+0.1 [−0.01, +0.22]) anything cannot be told, and they cost minilm (+0.2" in one
    )
    helped = {**clear, "value": -0.2, "ci_low": -0.22, "ci_high": -0.18}
    assert "they help minilm (−0.2 " in helpdesk(changed(tmp_path / "helped", probe="collection", models=("minilm",), **helped))
    told = helpdesk(changed(tmp_path / "told", compared={"wording_differs": True, "quality_differs": False}))
    assert "Which ranks this folder better, minilm or bm25, cannot be told" in told
    assert "Of the two, minilm loses more to rare words in documents than bm25, by 0.011 [−0.052, 0.075]" in told
    assert "bm25 loses more to rare words in queries than minilm, by 0.079" in told


@pytest.mark.slow
def test_the_four_commands_of_readme_answer(cli, tmp_path, monkeypatch, tools):
    """As they stand, but for the model: static vectors in place of MiniLM, which the example of the report measures."""
    if find_alias("static-multilingual").ready_directory() is None:
        missing("model static-multilingual; run: freqbias models fetch static-multilingual")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    answers = []
    for command in tools[0].commands():
        done = cli(*("static-multilingual" if word == "minilm" else word for word in command))
        assert done.exit_code == 0, done.output
        answers.append(" ".join(done.stdout.split()))
    assert len(answers) == 4
    assert "what does it cost a document to be written in rare words?" in answers[0]
    assert "over 162 judged queries. All of its 190 documents were searched" in answers[0]
    assert "quality (nDCG@10, mean of both wordings)" in answers[1]
    assert (tmp_path / "runs" / "texts.jsonl").stat().st_size > 0
    for run in ("helpdesk", "texts"):
        assert (tmp_path / "runs" / run / "report.html").exists()
    committed = {row.key: row for row in read_estimates(RESULTS) if row.model == "bm25" and row.term == "mean"}
    own = {row.key: row for row in read_estimates(tmp_path / "runs" / "helpdesk") if row.key in committed}
    assert own.keys() == committed.keys()
    for key, row in own.items():
        assert (row.value, row.ci_low, row.n_items) == pytest.approx((committed[key].value, committed[key].ci_low, row.n_items), abs=1e-4)
