"""The queries that lose most: order, what overtook, marks, and the file."""

import csv
from dataclasses import asdict, fields

import pytest

from freqbias.collection.ranking import Case, Ranking
from freqbias.collection.synonym_list import rules_of
from freqbias.collection.twins import Twin
from freqbias.collection.worst import Worst, around, losses, read_worst, worst, write_worst
from freqbias.records import Pair


class Collection:
    """Documents by number."""

    texts = ("own text of the file", "=HYPERLINK(bad)", "another  one")
    ids = ("own", "bad", "other")


def ranking(case, place, top, also=()):
    ranks = {0: float(place), **{number: float(rank) for number, rank in also}}
    return Ranking(case=case, ranks=ranks, scores=dict.fromkeys(ranks, 0.0), top=[(number, 1.0) for number in top], measures={})


def twin(name, side="document", words=(("file", "dossier"),)):
    document = 0 if side == "document" else None
    pair = Pair(id=name, item=name, high="text of the file here", low="text of the dossier here", meta={"side": side})
    texts = ("file", "dossier") if side == "query" else ("asked", "asked")
    high, low = (Case(query=text, query_id=name, replaced=document, replacement=None) for text in texts)
    return Twin(pair=pair, document=document, high=high, low=low, words=words)


TWINS = [twin("small"), twin("none"), twin("large"), twin("asked", "query"), twin("unknown"), twin("gains")]
PLACES = [(100, 1000), (3, 3), (1, 12), (1, 2), (1, float("nan")), (5, 1)]
RANKINGS = [
    ranking(case, place, top)
    for own, places in zip(TWINS, PLACES, strict=True)
    for case, place, top in zip((own.high, own.low), places, ([2, 0, 1], [2, 1, 0]), strict=True)
]


def rows():
    return worst(Collection(), "model", TWINS, RANKINGS, {"large": [1, 0]})


def test_what_lost_stands_in_order_of_what_it_lost():
    assert [(row.query_id, row.rank_frequent, row.rank_rare) for row in rows()] == [
        ("large", 1, 12),
        ("asked", 1, 2),
        ("small", 100, 1000),
    ]


def test_a_row_says_what_was_swapped_and_what_overtook():
    large, asked, _ = rows()
    assert (large.word_frequent, large.word_rare) == ("file", "dossier")
    assert large.zipf_frequent > large.zipf_rare
    assert (large.split_frequent, large.split_rare, asked.split_rare) == (False, True, None)
    assert (large.document_frequent, large.document_rare) == ("text of the file here", "text of the dossier here")
    assert (asked.query_frequent, asked.query_rare, asked.document_frequent) == ("file", "dossier", Collection.texts[0])
    assert (large.overtaken_by, large.overtaken_by_text) == ("other", "another one")


def test_what_is_relevant_too_has_overtaken_nothing():
    own = twin("one")
    found = worst(Collection(), "model", [own], [ranking(own.high, 1, [0, 2, 1], [(2, 2)]), ranking(own.low, 3, [2, 1, 0], [(2, 1)])], {})
    assert found[0].overtaken_by == "bad"


def test_words_that_lose_become_rules():
    lost = losses(TWINS, RANKINGS)
    assert len(lost) == len(TWINS) - 1  # of what has no rank nothing is known
    assert [rule.words for rule in rules_of(lost)] == [("dossier", "file")]
    (both,) = losses([twin("two", words=(("file", "dossier"), ("name", "appellation")))], RANKINGS[4:6])
    assert [rule.loss for rule in rules_of([both])] == [pytest.approx(lost[2].loss / 2)] * 2


def test_a_long_text_is_shown_around_the_difference():
    long = "word " * 400
    high, low = around(f"{long}file {long}", f"{long}dossier {long}")
    assert "file" in high
    assert "dossier" in low
    assert max(len(high), len(low)) < 400
    assert high.startswith("… word")
    assert [pair for pair in zip(high.split(), low.split(), strict=True) if len(set(pair)) > 1] == [("file", "dossier")]
    assert around("a  b\nc", "a  b\nc") == ("a b c", "a b c")


def test_the_file_reads_back_and_starts_no_formula(tmp_path):
    write_worst(rows(), tmp_path / "worst.csv")
    with (tmp_path / "worst.csv").open(newline="") as stream:
        found = list(csv.DictReader(stream))
    assert list(found[0]) == [field.name for field in fields(Worst)]
    assert [row["query_id"] for row in found] == ["large", "asked", "small"]
    assert (found[0]["split_rare"], found[1]["split_rare"]) == ("yes", "")
    write_worst([Worst(**{**asdict(rows()[0]), "overtaken_by_text": Collection.texts[1]})], tmp_path / "worst.csv")
    assert "'=HYPERLINK" in (tmp_path / "worst.csv").read_text()


def test_what_is_read_back_has_no_guard_and_no_endless_cell(tmp_path):
    texts = {"overtaken_by_text": Collection.texts[1], "query_id": "-5", "query_rare": "'quoted'", "query_frequent": "a" * 200_000}
    write_worst([Worst(**{**asdict(rows()[0]), **texts})], tmp_path / "worst.csv")
    (found,) = read_worst(tmp_path / "worst.csv")
    assert (found["overtaken_by_text"], found["query_id"], found["query_rare"]) == (Collection.texts[1], "-5", "'quoted'")
    assert len(found["query_frequent"]) < 32_767  # what a spreadsheet holds
