"""Remedies on a collection of a few documents, in which it is known by hand what each does."""

from pathlib import Path

import numpy as np
import pytest

from freqbias.collection.folder import open_collection
from freqbias.collection.ranking import Case, rank
from freqbias.collection.remedies import FIRST, fused, reranked, rows_of
from freqbias.collection.twins import twins_of
from freqbias.collection.wording import Plainer
from freqbias.models.adapters.bm25 import BM25Scorer, bm25_info
from freqbias.models.protocols import ModelInfo
from freqbias.models.relevance import as_scorer
from freqbias.records import Pair

TEXTS = {"d1": "a file that is big", "d2": "big cats that sleep", "d3": "small files of code", "d4": "cats and dogs"}
QUERIES = {"q1": "big file", "q2": "sleeping cats"}
GRADES = [("q1", "d1", 2), ("q1", "d3", 1), ("q2", "d2", 1)]
RARE = ("dossier", "dossiers")


class Words:
    """Counts of words; a rare one counts for nothing."""

    similarity = "dot"
    max_tokens = None
    info = ModelInfo(name="words", kind="embedder", source="memory")
    vocabulary = ("file", "big", "cats", "sleep", "sleeping", "small", "files", "code", "dogs")

    def encode(self, texts, *, role):
        words = [text.replace("(", " ").replace(")", " ").lower().split() for text in texts]
        return np.array([[row.count(word) for word in self.vocabulary] for row in words], dtype=np.float32)

    def token_counts(self, texts):
        return [len(text.split()) for text in texts]


@pytest.fixture
def collection(tmp_path):
    import json

    (tmp_path / "qrels").mkdir()
    for name, texts in (("corpus", TEXTS), ("queries", QUERIES)):
        rows = "".join(json.dumps({"_id": key, "text": text}) + "\n" for key, text in texts.items())
        (tmp_path / f"{name}.jsonl").write_text(rows)
    lines = ["query-id\tcorpus-id\tscore", *("\t".join(map(str, row)) for row in GRADES)]
    (tmp_path / "qrels" / "test.tsv").write_text("\n".join(lines) + "\n")
    return open_collection(Path(tmp_path))


def document_pair():
    meta = {"side": "document", "document_id": "d1", "query_ids": ["q1", "q2"]}
    return Pair(id="p1", item="q1", high="a file that is big", low="a dossier that is big", meta=meta)


def query_pair():
    return Pair(id="p2", item="q1", high="big file", low="big dossier", meta={"side": "query", "query_id": "q1"})


def placebo():
    return Pair(id="p3", item="q1", arm="placebo", high="large file", low="big file", meta={"side": "query", "query_id": "q1"})


@pytest.fixture
def twins(collection):
    return list(twins_of(collection, [document_pair(), query_pair(), placebo()]))


def test_twins_are_of_judged_couples_in_the_frequency_arm(twins):
    assert [(twin.side, twin.document, twin.high.query_id, twin.words) for twin in twins] == [
        ("document", 0, "q1", (("file", "dossier"),)),
        ("query", None, "q1", (("file", "dossier"),)),
    ]
    assert (twins[0].high.replacement, twins[0].low.replacement) == ("a file that is big", "a dossier that is big")
    assert (twins[1].high.query, twins[1].low.query) == ("big file", "big dossier")


def test_plainer_words(twins, collection):
    plainer = Plainer(words for twin in twins for words in twin.words)
    assert plainer.expanded("The Dossier, and a dossier") == "The Dossier (file), and a dossier"
    assert plainer.expanded("dossier of a file") == "dossier of a file"
    assert plainer.rewritten("Dossier or dossier?") == "File or file?"
    changed = plainer.expanded_collection(collection)
    assert changed.texts.part(slice(0, 4)) == list(TEXTS.values())
    assert list(changed.ids) == list(TEXTS)


def test_a_word_that_is_frequent_in_one_couple_and_rare_in_another_is_left_alone(twins):
    other = Pair(id="p4", item="q1", high="a datum is big", low="a file is big", meta={"side": "query", "query_id": "q1"})
    from freqbias.collection.twins import Twin

    made = Twin(pair=other, document=None, high=twins[1].high, low=twins[1].low, words=(("datum", "file"),))
    couples = [*(words for twin in twins for words in twin.words), *made.words]
    assert Plainer(couples).rewritten("a file and a dossier") == "a file and a file"


def test_fusion_is_of_ranks():
    first, second = [(1, 9.0), (2, 1.0), (3, 0.5)], [(3, 99.0), (4, 98.0), (1, 0.0)]
    found = fused(first, second)
    assert [number for number, _ in found] == [1, 3, 2, 4]
    assert dict(found)[1] == pytest.approx(1 / 61 + 1 / 63)
    assert fused([(n, 1000 * score) for n, score in first], second) == found


class Backwards:
    """A scorer of couples that prefers short texts."""

    pairwise = True
    measure = "logit"
    max_tokens = None
    info = ModelInfo(name="backwards", kind="embedder", source="memory")

    def prepare(self, queries, documents, track=None):
        pass

    def scores(self, queries, documents):
        return np.array([float("nan") if text.startswith("small") else -float(len(text)) for text in documents])


def test_reranking_reads_the_text_that_was_put_in(collection):
    cases = [Case(query="big file", query_id="q1", replaced=0, replacement=text) for text in ("x", "a very long text that is bad")]
    short, long = reranked(collection, Backwards(), rank(collection, as_scorer(Words()), cases))
    assert [number for number, _ in short] == [0, 3, 1, 2]
    assert [number for number, _ in long] == [3, 1, 0, 2]  # what has no score stands last, with the lowest
    assert short[-1][1] == short[-2][1]


def test_every_remedy_does_what_it_does_by_hand(collection, twins):
    rankings, rows = rows_of(collection, as_scorer(Words()), twins, Backwards())
    found = {(row["remedy"], row["side"], row["query_id"]): row for row in rows}
    assert len(rankings) == 2 * len(twins)
    assert {remedy for remedy, _, _ in found} == {
        *("none", "bm25", "hybrid", "rerank", "query_expansion", "query_rewriting", "document_expansion")
    }
    none, cured = found["none", "document", "q1"], found["document_expansion", "document", "q1"]
    assert none["rank"][0] == 1
    assert none["score_gap"] == 1
    assert cured["score_gap"] == 0
    assert cured["rank"] == [1, 1]
    assert cured["ndcg_at_10"][0] == cured["ndcg_at_10"][1] == none["ndcg_at_10"][0]
    for remedy in ("query_expansion", "query_rewriting"):
        assert found[remedy, "query", "q1"]["score_gap"] == 0
        assert found[remedy, "document", "q1"]["rank"] == none["rank"]
    assert found["none", "query", "q1"]["score_gap"] == 1
    assert found["document_expansion", "query", "q1"]["score_gap"] == 1
    assert found["rerank", "quality", "q1"]["by"] == "backwards"
    quality = [row["ndcg_at_10"] for key, row in found.items() if key[:2] == ("none", "quality")]
    assert quality == [ranking.measures["ndcg_at_10"] for ranking in rank(collection, as_scorer(Words()), judged())]


def judged():
    return [Case(query=text, query_id=name) for name, text in QUERIES.items()]


def test_the_margin_is_over_the_wrong_documents_that_were_found(collection, twins):
    _, rows = rows_of(collection, as_scorer(Words()), twins)
    row = next(row for row in rows if (row["remedy"], row["side"]) == ("none", "document"))
    assert row["margin"] == pytest.approx(
        2 - np.mean([1, 0])
    )  # "big cats that sleep" shares one word with the query, "cats and dogs" none


def test_bm25_is_no_remedy_for_itself(collection, twins):
    _, rows = rows_of(collection, BM25Scorer(bm25_info("bm25")), twins)
    assert {row["remedy"] for row in rows} == {"none", "query_expansion", "query_rewriting", "document_expansion"}


def test_ranks_end_behind_what_a_fusion_knows(collection, twins):
    _, rows = rows_of(collection, as_scorer(Words()), twins)
    assert all(place <= FIRST + 1 for row in rows if row["side"] != "quality" for place in row["rank"])
