"""`freqbias collection` from a folder to its answers, and what it says of folders that give none."""

import json

import pytest
from conftest import missing
from swappable import real_texts

from freqbias import read_observations, read_pairs


def write(folder, texts, asked):
    (folder / "qrels").mkdir(parents=True)
    for name, own, letter in (("corpus", texts, "d"), ("queries", asked, "q")):
        rows = "".join(json.dumps({"_id": f"{letter}{k}", "text": text}) + "\n" for k, text in enumerate(own))
        (folder / f"{name}.jsonl").write_text(rows)
    (folder / "qrels" / "test.tsv").write_text("".join(f"q{k}\td{k}\t1\n" for k in range(len(asked))))
    return folder


def test_both_questions_are_answered_and_the_run_goes_on(cli, tmp_path):
    texts = real_texts()
    folder = write(tmp_path / "mine", [*texts, *(f"Other text {k}." for k in range(20))], [text.replace("they", "you") for text in texts])
    given = ("collection", folder, "--embedder", "bm25", "--out", tmp_path / "run")
    first = cli(*given)
    assert first.exit_code == 0, first.output
    assert "bm25 · collection: what does it cost a document to be written in rare words?" in first.stdout
    assert "bm25 · collection_queries: what does it cost a user to ask in rare words?" in first.stdout
    assert "over 30 judged queries. All of its 50 documents were searched" in " ".join(first.stdout.split())
    pairs, rows = list(read_pairs(tmp_path / "run")), list(read_observations(tmp_path / "run"))
    assert {(pair.meta["side"], pair.arm) for pair in pairs} == {(s, a) for s in ("document", "query") for a in ("frequency", "placebo")}
    assert {(row.probe, row.contrast) for row in rows} == {("collection", "document_form"), ("collection_queries", "query_form")}
    assert {row.pair_id for row in rows} == {pair.id for pair in pairs}
    assert not any(row.error for row in rows)
    assert first.stderr.count("wrote ") == 1  # with the remedies, and not before them
    assert first.stdout.splitlines()[-1] == str(tmp_path / "run" / "report.html")
    assert "## What to do" in (tmp_path / "run" / "report.md").read_text(encoding="utf-8")
    again = cli(*given)
    assert again.exit_code == 0
    assert "nothing to do" in again.stderr
    assert again.stdout == first.stdout


def test_a_folder_without_a_word_to_change_is_told(cli, tmp_path):
    done = cli("collection", write(tmp_path / "c", ["Nothing of it.", "Of it."], ["of it"]), "--embedder", "bm25")
    assert done.exit_code == 2
    assert "no judged document or query holds a word that can be put in another; give --synonyms FILE" in done.stderr


def test_what_is_no_collection_is_told(cli, tmp_path):
    (tmp_path / "notes").mkdir()
    done = cli("collection", tmp_path / "notes", "--embedder", "bm25")
    assert done.exit_code == 2
    assert "has no corpus.jsonl; a folder must have the layout of BEIR" in done.stderr
    done = cli("collection", tmp_path / "nothere", "--embedder", "bm25")
    assert done.exit_code == 2
    assert "nothere: is no folder" in done.stderr


def test_options_of_the_pairs_may_be_given(cli, tmp_path):
    texts = real_texts()
    folder = write(tmp_path / "mine", texts, texts)
    done = cli(
        "collection", folder, "--embedder", "bm25", "-o", "side=document", "-o", "max_share=1", "--n", "5", "--out", tmp_path / "run"
    )
    assert done.exit_code == 0, done.output
    assert {pair.meta["side"] for pair in read_pairs(tmp_path / "run")} == {"document"}
    done = cli("collection", folder, "--embedder", "bm25", "-o", "edit_both=maybe", "--out", tmp_path / "other")
    assert (done.exit_code, done.stderr) == (2, "freqbias: -o edit_both=maybe: must be true or false\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--embedder", "nosuch"], "unknown model 'nosuch'"),
        (["--embedder", "smollm2-135m"], "model 'smollm2-135m' is not an embedder"),
        (["--reranker", "bm25"], "--reranker bm25: gives vectors"),
        (["--out", "{folder}"], "not empty, and not a run of freqbias; give another --out"),
        (["--out", "{folder}/corpus.jsonl"], "is a file; give a folder"),
    ],
)
def test_what_cannot_be_is_told_before_pairs_are_made(cli, tmp_path, words, said):
    folder = write(tmp_path / "mine", real_texts(), real_texts())
    held = sorted(folder.rglob("*"))
    words = [word.format(folder=folder) for word in words]
    done = cli("collection", folder, *([] if "--embedder" in words else ["--embedder", "bm25"]), "--out", tmp_path / "run", *words)
    if "is not ready here" in done.stderr:
        missing(" ".join(done.stderr.split()))
    assert done.exit_code == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "run").exists()
    assert sorted(folder.rglob("*")) == held


def test_judgements_that_are_left_out_are_told_once(cli, tmp_path):
    folder = write(tmp_path / "mine", real_texts(), real_texts())
    with (folder / "qrels" / "test.tsv").open("a") as stream:
        stream.write("q999\td1\t1\n")
    done = cli("collection", folder, "--embedder", "bm25", "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert done.stderr.count("1 judgements name a query that the queries do not hold, first: 'q999'") == 1
