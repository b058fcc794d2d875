"""Ranks and measures in a whole collection against brute force and ir-measures."""

import json
import math

import ir_measures
import numpy as np
import pytest

from freqbias.collection import index as indexing
from freqbias.collection.folder import open_collection
from freqbias.collection.index import index_of
from freqbias.collection.ranking import Case, rank
from freqbias.errors import InputError
from freqbias.models import ModelInfo
from freqbias.models.adapters.bm25 import BM25Scorer, bm25_info
from freqbias.models.relevance import as_scorer
from freqbias.testing.planted import noise_of, unit

NAMES = {
    "ndcg_at_10": ir_measures.nDCG @ 10,
    "recall_at_1": ir_measures.R @ 1,
    "recall_at_10": ir_measures.R @ 10,
    "recall_at_100": ir_measures.R @ 100,
    "mrr_at_10": ir_measures.RR @ 10,
}
WORDS = ["stone", "river", "lamp", "chair", "cloud", "engine", "bread", "ship", "tower", "glass", "field", "horse", "mirror", "song"]
WORDS += ["winter", "hammer"]


class Hashing:
    """Vectors that depend on the words of a text."""

    info = ModelInfo(name="hashing", kind="embedder", source="memory")
    max_tokens = None

    def __init__(self):
        self.encoded = []

    def encode(self, texts, *, role):
        self.encoded += texts
        return np.array([sum((noise_of(word, 24) for word in text.split()), np.zeros(24)) for text in texts], dtype=np.float32)

    def token_counts(self, texts):
        return None


class Tokens(Hashing):
    """A vector for every word of a text."""

    measure = "maxsim"
    encode = None

    def encode_tokens(self, texts, *, role):
        return [np.array([unit(noise_of(word, 24)) for word in text.split()], dtype=np.float32) for text in texts]


def write(folder, texts, queries, grades, split="test"):
    """Write a collection: texts and queries by id, and (query, document, grade)."""
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    for name, own in (("corpus", texts), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps({"_id": i, "text": t}) + "\n" for i, t in own.items()))
    rows = "".join(f"{q}\t{d}\t{g}\n" for q, d, g in grades)
    (folder / "qrels" / f"{split}.tsv").write_text("query-id\tcorpus-id\tscore\n" + rows)
    return folder


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    texts = {f"d{i}": " ".join(rng.choice(WORDS, 6)) for i in range(60)}
    queries = {f"q{i}": " ".join(rng.choice(WORDS, 3)) for i in range(8)}
    grades = [(f"q{i}", f"d{j}", int(rng.integers(0, 4))) for i in range(8) for j in rng.choice(60, 5, replace=False)]
    return write(tmp_path / "c", texts, queries, grades)


def cases_of(collection):
    cases = [Case(query=text, query_id=name) for name, text in collection.queries.items()]
    cases += [Case(query=f"{text} winter", query_id=name) for name, text in collection.queries.items()]
    for name, own in collection.grades.items():
        for number in own:
            text = collection.texts[number]
            cases += [
                Case(query=collection.queries[name], query_id=name, replaced=number, replacement=f"{text} {word}") for word in WORDS[:2]
            ]
    return cases


def brute_force(collection, scorer, case):
    texts = {number: collection.texts[number] for number in range(len(collection))}
    if case.replacement is not None:
        texts[case.replaced] = case.replacement
    scores = scorer.scores([case.query] * len(texts), list(texts.values()))
    return sorted(texts, key=lambda number: (-round(scores[number], 9), collection.order[number]))


@pytest.mark.parametrize("model", [lambda: as_scorer(Hashing()), lambda: BM25Scorer(bm25_info("bm25")), lambda: as_scorer(Tokens())])
def test_rankings_are_those_of_brute_force_and_measures_those_of_ir_measures(folder, model, monkeypatch):
    monkeypatch.setattr(indexing, "CELLS_AT_ONCE", 700)  # several blocks
    monkeypatch.setattr(indexing, "DOCUMENTS_AT_ONCE", 7)
    collection = open_collection(folder)
    scorer = model()
    cases = cases_of(collection)
    index = index_of(collection, scorer)
    for case, found in zip(cases, rank(collection, index, cases), strict=True):
        order = brute_force(collection, scorer, case)
        grades = collection.grades[case.query_id]
        assert found.ranks == {number: order.index(number) + 1 for number in grades}
        assert [number for number, _ in found.top] == order
        run = {"q": {str(number): -float(place) for place, number in enumerate(order)}}
        qrels = {"q": {str(number): int(grade) for number, grade in grades.items()}}
        expected = ir_measures.calc_aggregate(list(NAMES.values()), qrels, run)
        assert found.measures == pytest.approx({name: expected[measure] for name, measure in NAMES.items()})
        assert found.rank == (min(found.ranks.values()) if case.replaced is None else found.ranks[case.replaced])


def test_the_first_documents_are_cut_at_k(folder):
    collection = open_collection(folder)
    for long, short in zip(*(rank(collection, as_scorer(Hashing()), cases_of(collection), top=k) for k in (60, 3)), strict=True):
        assert short.top == long.top[:3]
        assert short.measures == long.measures


def test_ties_go_by_the_id_alone(tmp_path):
    texts = {f"d{i}": f"{word} lamp" for i, word in enumerate(WORDS)}
    collection = open_collection(write(tmp_path, texts, {"q": "lamp"}, [("q", "d3", 1)]))

    class Same(Hashing):
        def encode(self, texts, *, role):
            return np.ones((len(texts), 3), dtype=np.float32)

    cases = [Case(query="lamp", query_id="q", replaced=3, replacement=text) for text in ("lantern", "a very long text")]
    first, second = rank(collection, as_scorer(Same()), cases)
    assert first.ranks == second.ranks == {3: 1 + sum(collection.order < collection.order[3])}


def test_copies_of_a_changed_document_and_the_query_itself_are_left_out(tmp_path):
    texts = {"q": "stone river", "d1": "stone river lamp", "d2": "stone river lamp", "d3": "glass"}
    collection = open_collection(write(tmp_path, texts, {"q": "stone river"}, [("q", "d1", 1)]))
    changed = Case(query="stone river", query_id="q", replaced=1, replacement="stone river winter")
    found, plain = rank(collection, as_scorer(Hashing()), [changed, Case(query="stone river", query_id="q")])
    assert [number for number, _ in found.top] == [1, 3]
    assert {number for number, _ in plain.top} == {1, 2, 3}
    accident = {"q": "glass", "d1": "stone lamp"}  # a number that both happen to have
    collection = open_collection(write(tmp_path, accident, {"q": "stone"}, [("q", "d1", 1)]))
    assert len(rank(collection, as_scorer(Hashing()), [Case(query="stone", query_id="q")])[0].top) == 2


def test_a_document_without_a_score_has_no_rank_and_stands_in_nobodys_way(tmp_path):
    texts = {"d1": "stone", "d2": "river", "d3": "lamp"}
    collection = open_collection(write(tmp_path, texts, {"q": "stone"}, [("q", "d1", 1), ("q", "d2", 1)]))

    class Holes(Hashing):
        def encode(self, texts, *, role):
            found = super().encode(texts, role=role)
            found[[text in ("river", "hole") for text in texts]] = np.nan
            return found

    cases = [Case(query="stone", query_id="q"), Case(query="stone", query_id="q", replaced=0, replacement="hole")]
    plain, hole = rank(collection, as_scorer(Holes()), cases)
    assert (plain.ranks[0], math.isnan(plain.ranks[1])) == (1, True)
    assert [number for number, _ in plain.top] == [0, 2]
    assert plain.rank == 1
    assert math.isnan(hole.rank)
    assert hole.measures["recall_at_100"] == 0


def test_a_model_that_reads_both_texts_at_once_is_refused(folder):
    class Pairwise(BM25Scorer):
        pairwise = True

    with pytest.raises(InputError, match=r"bm25 reads every query with every document, 8 × 60 times here; give a model that has vectors"):
        index_of(open_collection(folder), Pairwise(bm25_info("bm25")))


def test_documents_are_encoded_once_and_memory_does_not_hold_the_collection(folder, monkeypatch):
    monkeypatch.setattr(indexing, "DOCUMENTS_AT_ONCE", 7)
    collection, model = open_collection(folder), Hashing()
    blocks, read = [], type(collection.texts).part
    monkeypatch.setattr(type(collection.texts), "part", lambda self, part: blocks.append(part.stop - part.start) or read(self, part))
    index = index_of(collection, as_scorer(model))
    assert max(blocks) == 7
    encoded = len(model.encoded)
    blocks.clear()
    rank(collection, index, [Case(query=text, query_id=name) for name, text in collection.queries.items()])
    assert not blocks  # vectors are taken from the memory map, whatever the texts were
    assert len(model.encoded) == encoded + len(collection.queries)
