"""Pairs of a judged collection: its documents, its queries, and where they come from."""

import json

import pytest
from swappable import real_texts

from freqbias.errors import InputError
from freqbias.paraphrases.generators import generate
from freqbias.paraphrases.substitute import Coverage


@pytest.fixture
def folder(tmp_path):
    texts = real_texts()[:12]
    (tmp_path / "qrels").mkdir()
    rows = [{"_id": f"d{k}", "text": text} for k, text in enumerate([*texts, "Nothing of it.", texts[0].replace("Yesterday", "Today")])]
    asked = [{"_id": f"q{k}", "text": text.replace("Yesterday they", "Who")} for k, text in enumerate(texts[:10])]
    for name, own in (("corpus", rows), ("queries", asked)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in own))
    grades = [(f"q{k}", f"d{k}") for k in range(10)] + [("q1", "d0"), ("q1", "d2"), ("q2", "d12"), ("q0", "d13")]
    (tmp_path / "qrels" / "test.tsv").write_text("".join(f"{q}\t{d}\t1\n" for q, d in grades))
    return tmp_path


def made(folder, *words, **options):
    return generate("substitute", [folder], options, ["max_share=1", *words])


def test_both_sides_know_where_they_come_from(folder):
    pairs = made(folder, "side=both")
    assert {(pair.meta["side"], pair.arm) for pair in pairs} == {(s, a) for s in ("document", "query") for a in ("frequency", "placebo")}
    assert {pair.meta["collection"] for pair in pairs} == {str(folder)}
    assert len({pair.meta["collection_sha256"] for pair in pairs}) == 1
    assert len({pair.id for pair in pairs}) == len(pairs)
    by_id = {pair.meta.get("document_id") or pair.meta["query_id"]: pair for pair in pairs if pair.arm == "frequency"}
    alone = next(pair for pair in made(folder, "side=document", "edit_both=false") if pair.meta["document_id"] == "d3")
    assert by_id["d3"].meta["original"] == alone.meta["original"]
    assert alone.meta["original"] in (alone.high, alone.low)
    assert by_id["q3"].item == by_id["d3"].item == "query:q3"
    assert not by_id["q3"].queries
    assert {f"d{k}" for k in (10, 11, 12)}.isdisjoint(by_id)  # not judged, or nothing to change


def test_documents_that_a_query_asks_for_are_one_item(folder):
    items = {pair.meta["document_id"]: pair.item for pair in made(folder, "side=document") if pair.arm == "frequency"}
    assert items["d0"] == items["d1"] == items["d2"] == "query:q1"
    assert items["d13"] == "query:q0"
    assert items["d5"] == "query:q5"


def test_one_side_alone_is_what_it_is_of_both(folder):
    both = {pair.id: pair for pair in made(folder, "side=both")}
    sides = [made(folder, f"side={side}") for side in ("document", "query")]
    assert {pair.id: pair for own in sides for pair in own} == both


def test_without_a_side_nothing_of_it_is_written(folder):
    assert not any({"collection", "side", "query_id"} & pair.meta.keys() for pair in made(folder))
    assert {pair.item[0] for pair in made(folder)} == {"d"}


def test_what_was_found_is_told_for_either_side(folder, caplog):
    caplog.set_level("INFO")
    coverage = Coverage()
    made(folder, "side=both", coverage=coverage)
    assert coverage.texts == 12
    assert "queries: frequency: 10 of 10 texts changed" in caplog.text
    assert "documents: expected: of 12 texts" in caplog.text


def test_a_side_that_is_none_and_anything_but_one_folder_are_refused(folder):
    with pytest.raises(InputError, match="-o side=left: must be one of document, query, both"):
        made(folder, "side=left")
    with pytest.raises(InputError, match="is no folder; a folder must have the layout of BEIR"):
        made(folder / "corpus.jsonl", "side=both")
    with pytest.raises(InputError, match="takes one folder in the layout of BEIR, found 2 inputs"):
        generate("substitute", [folder, folder], {}, ["side=both"])
