"""Probe `retrieval` against brute force and ir-measures, and where a corpus is small, tied or broken."""

import json

import ir_measures
import numpy as np
import pytest
from tables import Reranker, Table, named_pairs, random_table, texts_of

from freqbias.files import read_estimates
from freqbias.models.relevance import as_scorer
from freqbias.paraphrases.swapping import substitutions, swaps_of
from freqbias.probes import retrieval
from freqbias.probes.common import text_hash
from freqbias.probes.retrieval import MEASURES, SAMPLE, Question, equal_mass, measures, probe, ranked
from freqbias.progress import silent
from freqbias.records import Pair


def corpus_of(pairs, table=None):
    return retrieval.prepare(pairs, as_scorer(table or random_table(pairs, 0)), silent)


def rows(pairs, model):
    return {(row.pair_id, row.contrast, row.register, row.measure): row for row in probe(pairs, model)}


def brute_force(pairs, table, corpus, pair, query, document):
    """Return the ranking of a corpus with the gold document in it, best first."""
    own = {text for other in pairs if other.item == pair.item for text in (other.high, other.low)}
    documents = [text for text in corpus.texts if text not in own] + [document]
    return sorted(documents, key=lambda text: -(np.float32(table.vectors[query]) @ np.float32(table.vectors[text])))


def test_ranks_and_measures_are_those_of_ir_measures():
    pairs = named_pairs(40, frames=3)
    table = random_table(pairs, seed=1)
    found, corpus = rows(pairs, table), corpus_of(pairs, table)
    names = {
        "ndcg_at_10": ir_measures.nDCG @ 10,
        "recall_at_1": ir_measures.R @ 1,
        "recall_at_10": ir_measures.R @ 10,
        "recall_at_100": ir_measures.R @ 100,
        "mrr_at_10": ir_measures.RR @ 10,
    }
    for pair in pairs[::17]:
        for side in ("high", "low"):
            gold, runs, positions = getattr(pair, side), {}, []
            for query in pair.queries["gloss_plain"]:
                order = brute_force(pairs, table, corpus, pair, query, gold)
                positions.append(order.index(gold) + 1)
                runs[query] = {text: -float(place) for place, text in enumerate(order)}
            qrels = {query: {gold: 1} for query in runs}
            expected = ir_measures.calc_aggregate(list(names.values()), qrels, runs)
            for name, measure in names.items():
                assert getattr(found[pair.id, "document_form", "plain", name], side) == pytest.approx(expected[measure]), name
            assert getattr(found[pair.id, "document_form", "plain", "negative_rank"], side) == -np.mean(positions)


def test_decoys_are_ranked_in_the_place_of_the_right_document():
    pairs = named_pairs(15)
    table = random_table(pairs, seed=9)
    found, corpus = rows(pairs, table), corpus_of(pairs, table)
    for pair in pairs[:3]:
        decoys = found[pair.id, "document_form", "elevated", "negative_rank"].decoys
        for side, text in pair.decoys.items():
            order = brute_force(pairs, table, corpus, pair, pair.queries["gloss_elevated"][0], text)
            assert decoys[side] == -(order.index(text) + 1)


def test_crossed_cells_put_the_query_first():
    pairs = named_pairs(12)
    table = random_table(pairs, seed=3)
    found, corpus = rows(pairs, table), corpus_of(pairs, table)
    for pair in pairs[:3]:
        cells = found[pair.id, "crossed", None, "negative_rank"].cells
        for cell, query, document in (("hl", "naming_high", pair.low), ("lh", "naming_low", pair.high)):
            order = brute_force(pairs, table, corpus, pair, pair.queries[query], document)
            assert cells[cell] == -(order.index(document) + 1)


def test_corpus_is_half_of_each_form_and_has_one_place_an_item_and_frame():
    pairs = [*named_pairs(30, frames=3), *named_pairs(30, frames=2, arm="length")]
    again = [
        Pair.from_dict(pair.to_dict() | {"id": f"{pair.id} again", "item": pair.item.replace("length", "frequency")}) for pair in pairs
    ]
    corpus = corpus_of([*again, *pairs])
    assert len(corpus.texts) == 30 * 3 + 30 * 2
    forms = [text[0] for text in corpus.texts]
    assert (forms.count("h"), forms.count("l")) == (75, 75)
    assert corpus_of([*again, *pairs]).texts == corpus.texts


def test_the_rest_is_the_same_for_both_forms_and_holds_nothing_of_the_item():
    pairs = named_pairs(10, frames=2)
    asked = {}

    def score(query, document):
        asked.setdefault(query, set()).add(document)
        return float(document.startswith(("h 3", "l 3")))

    found = rows(pairs, Reranker(score))
    for pair in pairs:
        for (name, _, _, measure), row in found.items():
            if name == pair.id and measure == "recall_at_1" and row.contrast == "document_form" and pair.item == "frequency3":
                assert (row.high, row.low) == (1.0, 1.0)  # the item's other documents score as high and are not in the way
    table = random_table(pairs, 0)
    own = Question(pairs[0].queries["gloss_plain"][0], pairs[0].high, text_hash(pairs[0].item), 0)
    assert ranked([own], as_scorer(table), corpus_of(pairs, table))[1].tolist() == [19]  # ten items in two frames: its other frame is out


def test_blocks_change_nothing(monkeypatch):
    pairs = named_pairs(25)
    table = random_table(pairs, seed=4)
    whole = [row.to_dict() for row in probe(pairs, table)]
    monkeypatch.setattr(retrieval, "CELLS_AT_ONCE", 700)
    assert [row.to_dict() for row in probe(pairs, table)] == whole


def test_ties_are_broken_alike_for_both_forms():
    pairs = named_pairs(20)
    table = Table(dict.fromkeys(texts_of(pairs), np.ones(3)))
    found = rows(pairs, table)
    ranks = []
    for pair in pairs:
        row = found[pair.id, "document_form", "plain", "negative_rank"]
        assert row.high == row.low
        ranks.append(-row.high)
    assert sorted(ranks) == list(range(1, 21))
    assert rows(pairs, table) == found


def test_a_gold_document_without_score_is_an_error_and_a_distractor_is_passed_over():
    pairs = named_pairs(12)
    table = random_table(pairs, seed=5)
    gone = corpus_of(pairs, table).texts[0]
    table.vectors[gone] = np.full(6, np.nan)
    found = rows(pairs, table)
    for (name, contrast, _, _), row in found.items():
        own = next(pair for pair in pairs if pair.id == name)
        assert (row.error is not None) == (gone in (own.high, own.low)), contrast
    counts = {(row.contrast, row.register): 0 for row in found.values()}
    for row in found.values():
        counts[row.contrast, row.register] += 1
    assert set(counts.values()) == {12 * len(MEASURES)}  # no row is missing


def test_a_query_without_vector_is_an_error():
    pairs = named_pairs(5)
    table = random_table(pairs, seed=5, similarity="cosine")
    table.vectors["e 2"] = np.zeros(6)
    found = rows(pairs, table)
    assert found["frequency2.0", "document_form", "elevated", "ndcg_at_10"].error
    assert found["frequency2.0", "document_form", "plain", "ndcg_at_10"].error is None


def test_one_item_has_nothing_to_be_ranked_against():
    pairs = named_pairs(1, frames=2)
    found = rows(pairs, random_table(pairs, 0))
    assert {row.error for row in found.values()} == {"no document of another item to rank against"}


def test_k_beyond_the_corpus_is_the_whole_corpus():
    pairs = named_pairs(6)
    for (_, _, _, measure), row in rows(pairs, random_table(pairs, 7)).items():
        if measure in ("recall_at_10", "recall_at_100") and row.contrast != "crossed":
            assert (row.high, row.low) == (1.0, 1.0)


def test_pair_scorers_rerank_a_sample():
    pairs = named_pairs(60)
    model = Reranker(lambda query, document: len(document))
    assert rows(pairs, model)
    scorer = as_scorer(Reranker(lambda query, document: len(document)))
    questions = [Question(pair.queries["gloss_plain"][0], pair.high, text_hash(pair.item), 0) for pair in pairs]
    assert set(ranked(questions, scorer, retrieval.prepare(pairs, scorer, silent))[1]) == {SAMPLE + 1, SAMPLE + 2}
    assert model.asked <= 60 * 5 * (SAMPLE + 1 + 2 * 2)


def test_a_collections_own_queries_are_asked_where_there_are_no_glosses():
    pairs = [
        Pair(id=str(i), item=str(i), high=f"big dog {i}", low=f"large hound {i}", queries={"relevant": ["a big dog", f"number {i}"]})
        for i in range(8)
    ]
    found = rows(pairs, random_table(pairs, 8))
    row = found["3", "document_form", None, "ndcg_at_10"]
    assert row.covariates["query_overlap"][0] > row.covariates["query_overlap"][1] > 0
    assert len(found) == 8 * len(MEASURES)


def test_a_substituted_collection_from_folder_to_estimates(cli, tmp_path):
    folder, run = tmp_path / "collection", tmp_path / "run"
    (folder / "qrels").mkdir(parents=True)
    run.mkdir()
    sentence = "Yesterday they mentioned the {} again.".format
    couples = substitutions("frequency").items()
    words = sorted(form for form, couple in couples if form == couple[0][0] and swaps_of(sentence(form), "frequency"))[:24]
    documents = [{"_id": f"d{i}", "text": sentence(word)} for i, word in enumerate(words)]
    asked = [{"_id": f"q{i}", "text": f"who mentioned the {word}"} for i, word in enumerate(words)]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in documents))
    (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    judged = "".join(f"q{i}\td{i}\t1\n" for i in range(len(words)))
    (folder / "qrels" / "test.tsv").write_text(f"query-id\tcorpus-id\tscore\n{judged}")
    assert cli("pairs", "substitute", folder, "--out", run / "pairs.jsonl").exit_code == 0
    assert cli("probe", run, "--embedder", "synthetic:embed_words", "--probe", "retrieval").exit_code == 0
    assert cli("analyze", run).exit_code == 0
    found = {(row.measure, row.contrast): row for row in read_estimates(run) if row.term == "mean" and row.arm == "frequency"}
    # the queries are in the frequent words, and an embedder of word counts finds no document in other words: matching, no preference
    assert found["recall_at_1", "document_form"].value == pytest.approx(1.0, abs=0.1)
    assert found["recall_at_1", "match"].value == pytest.approx(1.0, abs=0.1)
    assert found["recall_at_1", "match_asymmetry"].value == pytest.approx(0.0, abs=0.2)


@pytest.mark.parametrize("rank", [1, 2, 10, 11, 100, 101])
def test_measures_of_a_rank(rank):
    run = {"q": {f"d{i}": -float(i) for i in range(1, 200)}}
    expected = ir_measures.calc_aggregate([ir_measures.nDCG @ 10, ir_measures.RR @ 10, ir_measures.R @ 100], {"q": {f"d{rank}": 1}}, run)
    found = measures(rank)
    assert [found["ndcg_at_10"], found["mrr_at_10"], found["recall_at_100"]] == pytest.approx(
        [expected[ir_measures.nDCG @ 10], expected[ir_measures.RR @ 10], expected[ir_measures.R @ 100]]
    )


def test_buckets_hold_equal_frequency_and_equal_values_stay_together():
    zipf = np.array([3.0] * 80 + [4.0] * 8 + [4.0] * 8 + [5.0])
    bucket = equal_mass(zipf, 4)  # masses 80 000, 80 000 + 80 000, 100 000 of 340 000
    assert [sorted(set(bucket[zipf == value])) for value in (3.0, 4.0, 5.0)] == [[0], [1], [3]]
    rng = np.random.default_rng(0)
    zipf = rng.uniform(3.0, 3.1, 8000)
    mass = np.bincount(equal_mass(zipf), 10**zipf)
    assert mass == pytest.approx(np.full(8, mass.mean()), rel=0.01)


def test_estimates_by_bucket():
    words = ["time", "people", "house", "garden", "lantern", "thimble", "gazebo", "obelisk"]
    pairs = [
        Pair(id=str(i), item=str(i), high=f"the {words[i]}", low=f"the {words[i]} marquetry", queries={"gloss_plain": [f"p {i}"]})
        for i in range(8)
    ]
    model = as_scorer(random_table(pairs, 3))
    common = probe.prepare(pairs, model, silent)
    before = list(probe.estimates(pairs, model, common))
    assert {row.term for row in before} == {f"bucket:{k}" for k in range(1, 9)}
    assert {row.measure for row in before} == set(MEASURES)
    assert {row.details["corpus"] for row in before} == {8}
    assert all(row.details["zipf_from"] <= row.details["zipf_to"] for row in before if row.n_pairs)
    for measure in MEASURES:
        own = [row for row in before if row.measure == measure]
        assert sum(row.n_pairs for row in own) == 16
        assert all((row.value is None) == (row.n_pairs == 0) for row in own)
    rows_of_run = list(probe.run(pairs, model, common))
    assert list(probe.estimates(pairs, model, common)) == before
    ranks = [value for row in rows_of_run if row.measure == "negative_rank" for value in (row.high, row.low)]
    own = [row for row in before if row.measure == "negative_rank" and row.value is not None]
    assert min(ranks) <= min(row.value for row in own) <= max(row.value for row in own) <= max(ranks)


def test_a_large_corpus_needs_no_square_matrix():
    import tracemalloc

    documents = [f"d {i}" for i in range(20_000)]
    table = Table({text: np.array([np.sin(i), np.cos(i)]) for i, text in enumerate([*documents, "q"])})
    model = as_scorer(table)
    model.prepare(["q"], documents)
    corpus = retrieval.Corpus(documents, np.arange(20_000), np.arange(20_000))
    questions = [Question("q", text, i, i) for i, text in enumerate(documents[::20])]
    tracemalloc.start()
    found, size = ranked(questions, model, corpus)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert set(size) == {20_000}
    assert sorted(found)[0] < 100
    assert peak < 150e6  # the scores of all questions with all documents would be 160 MB in one piece, and twice that compared
