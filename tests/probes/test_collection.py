"""Probes `collection` and `collection_queries`: planted harm, none, a ceiling, and what a changed or lost folder does."""

import json

import numpy as np
import pytest
from hand_made import words

from freqbias.analysis import estimate, frame
from freqbias.analysis.report.verdict import verdicts
from freqbias.collection.folder import open_collection
from freqbias.errors import BackendError, InputError
from freqbias.models import ModelInfo
from freqbias.models.relevance import DenseScorer
from freqbias.probes import collection as module
from freqbias.probes.collection import documents, queries
from freqbias.progress import silent
from freqbias.records import Pair
from freqbias.testing import check_probe
from freqbias.testing.planted import noise_of, unit

QUERIES, OTHERS, WIDTH = 40, 120, 12
FORMS = {"high": "frequent", "low": "rare", None: "own"}


def folder_in(path, *, second=False):
    """Write a collection in which every query has a relevant document; with `second` one more, that is never changed."""
    (path / "qrels").mkdir(parents=True, exist_ok=True)
    texts = [f"about {k} own" for k in range(QUERIES)] + [f"other {k}" for k in range(OTHERS)]
    grades = [(f"q{k}", f"d{k}", 2) for k in range(QUERIES)]
    if second:
        texts += [f"about {k} again" for k in range(QUERIES)]
        grades += [(f"q{k}", f"d{QUERIES + OTHERS + k}", 1) for k in range(QUERIES)]
    asked = [f"asks {k} own" for k in range(QUERIES)]
    for name, rows, letter in (("corpus", texts, "d"), ("queries", asked, "q")):
        (path / f"{name}.jsonl").write_text("".join(json.dumps({"_id": f"{letter}{k}", "text": t}) + "\n" for k, t in enumerate(rows)))
    (path / "qrels" / "test.tsv").write_text("".join(f"{q}\t{d}\t{g}\n" for q, d, g in grades))
    return path


def pairs_of(path, sides=("document", "query")):
    sha256 = open_collection(path).sha256
    where = {"collection": str(path), "collection_sha256": sha256}
    ids = {"document": lambda k: {"document_id": f"d{k}", "query_ids": [f"q{k}"]}, "query": lambda k: {"query_id": f"q{k}"}}
    verbs = {"document": "about", "query": "asks"}
    return [
        Pair(
            id=f"{side} {k}",
            item=f"query:q{k}",
            arm="frequency",
            high=f"{verbs[side]} {k} frequent",
            low=f"{verbs[side]} {k} rare",
            zipf_gap=1.0 + k % 3,
            meta={**where, "side": side, **ids[side](k)},
        )
        for side in sides
        for k in range(QUERIES)
    ]


class Planted:
    """Texts of a number lie near its direction, rare ones less so by `harm` on the named side; others lie anywhere."""

    max_tokens = None

    def __init__(self, *, harm=(), near=0.9, name="planted"):
        self.info = ModelInfo(name=name, kind="embedder", source="memory", fingerprint="planted")
        self.harm, self.near, self.encoded = harm, near, []

    def encode(self, texts, *, role):
        self.encoded += texts
        return np.array([self._vector(text, role) for text in texts], dtype=np.float32)

    def _vector(self, text, role):
        kind, number, *form = text.split()
        noise = unit(noise_of(f"{kind} {number} {form == ['again']}" if kind != "other" else text, WIDTH))
        if kind == "other":
            return noise
        near = self.near - 0.5 * (form == ["rare"] and role in self.harm)
        return near * unit(noise_of(f"axis {number}", WIDTH)) + (1 - near) * noise

    def token_counts(self, texts):
        return None


def rows_of(pairs, model):
    return [row for probe in (documents, queries) for row in probe(pairs, model)]


def verdicts_of(pairs, model):
    rows = rows_of(pairs, model)
    scorer = DenseScorer(model)
    given = [row for probe in (documents, queries) for row in probe.estimates(pairs, scorer, probe.prepare(pairs, scorer, silent))]
    made = estimate(frame(rows), pairs, given=given, curve=False, resamples=199)
    return {verdict.probe: verdict for verdict in verdicts(made)}, {row.key: row for row in made if row.term == "mean"}


@pytest.mark.parametrize(("harm", "found"), [(("document",), "collection"), (("query",), "collection_queries"), ((), None)])
def test_planted_harm_is_found_on_its_own_side_and_only_there(tmp_path, harm, found):
    pairs = pairs_of(folder_in(tmp_path))
    gaps = {}
    for row in rows_of(pairs, Planted(harm=harm, near=0.6)):
        gaps.setdefault((row.probe, row.contrast, row.measure), []).append(row.high - row.low)
    assert {key[:2] for key in gaps} == {("collection", "document_form"), ("collection_queries", "query_form")}
    for (probe, _, measure), own in gaps.items():
        assert len(own) == QUERIES
        if probe == found:
            assert np.mean(own) > (0.2 if measure != "recall_at_100" else 0), (probe, measure)
        else:
            assert np.allclose(own, 0), (probe, measure)


@pytest.mark.parametrize(("probe", "side"), [(documents, "document"), (queries, "query")])
def test_the_probes_keep_what_a_probe_promises(tmp_path, probe, side):
    pairs = pairs_of(folder_in(tmp_path), [side])
    check_probe(probe, pairs, planted=Planted(harm=(side,), near=0.6), null=Planted(near=0.6))


def test_every_document_of_the_folder_is_in_the_way_and_grades_count(tmp_path):
    pairs = pairs_of(folder_in(tmp_path, second=True), ["document"])[:4]
    model = Planted(harm=("document",), near=0.6)
    for pair in pairs:
        rows = {row.measure: row for row in documents([pair], model)}
        number = int(pair.meta["document_id"][1:])
        texts = [row["text"] for row in map(json.loads, (tmp_path / "corpus.jsonl").read_text().splitlines())]
        for side in ("high", "low"):
            own = [getattr(pair, side) if k == number else text for k, text in enumerate(texts)]
            vectors = [vector / np.linalg.norm(vector) for vector in (model._vector(text, "document") for text in own)]
            scores = np.array(vectors) @ model._vector(f"asks {number} own", "query")
            places = {k: int((scores > scores[k]).sum()) + 1 for k in (number, QUERIES + OTHERS + number)}
            gain = sum(grade / np.log2(1 + place) for (_, place), grade in zip(places.items(), (2, 1), strict=True) if place <= 10)
            assert getattr(rows["negative_rank"], side) == -places[number]
            assert getattr(rows["ndcg_at_10"], side) == pytest.approx(gain / (2 + 1 / np.log2(3)))


def test_where_everything_is_found_the_verdict_is_that_nothing_can_be_seen(tmp_path):
    pairs = pairs_of(folder_in(tmp_path))
    found, means = verdicts_of(pairs, Planted(near=1.0))
    for probe, contrast in (("collection", "document_form"), ("collection_queries", "query_form")):
        verdict = found[probe]
        assert verdict.rules[0] == "at_limit"
        assert "Cannot see a difference: in 100 % of the pairs nDCG@10 is at the same end of its scale" in verdict.headline
        assert "would have been missed" not in words(verdict)
        assert "No difference that matters" not in words(verdict)
        assert "over 40 judged queries. All of its 160 documents were searched exactly" in words(verdict)
        assert means["planted", probe, "ndcg_at_10", contrast, "frequency", "mean"].details["ceiling_share"] == 1


def test_where_something_can_be_seen_the_verdict_is_about_documents_and_about_queries(tmp_path):
    pairs = pairs_of(folder_in(tmp_path))
    found, _ = verdicts_of(pairs, Planted(harm=("document", "query"), near=0.6))
    assert "a document in frequent wording ranks higher in the whole collection" in found["collection"].headline.replace("A doc", "a doc")
    headline = found["collection_queries"].headline
    assert "query in frequent wording finds what it is judged to ask for higher up in the whole collection" in headline
    assert "they search all of its documents as they are" in words(found["collection_queries"])
    assert "Each changed one is put in alone" in words(found["collection"])


def test_pairs_that_come_from_no_collection_are_not_asked(tmp_path):
    model = Planted()
    assert rows_of([Pair(id="1", item="1", arm="frequency", high="about 1 frequent", low="about 1 rare")], model) == []
    assert not model.encoded
    assert [row.probe for row in rows_of(pairs_of(folder_in(tmp_path), ["query"])[:1], model)] == ["collection_queries"] * 6


def test_a_folder_that_has_changed_or_is_gone_is_said_in_one_line(tmp_path):
    pairs = pairs_of(folder_in(tmp_path / "c"))
    folder_in(tmp_path / "c", second=True)
    with pytest.raises(InputError, match=r"c: the collection has changed since these pairs were made; make the pairs anew"):
        list(documents(pairs, Planted()))
    (tmp_path / "c").rename(tmp_path / "d")
    with pytest.raises(InputError, match=r"c: the collection that these pairs come from is not there; put it back, or make the pairs"):
        list(queries(pairs, Planted()))


def test_a_form_without_a_score_is_a_row_with_an_error(tmp_path):
    class Failing(Planted):
        def _vector(self, text, role):
            return np.full(WIDTH, np.nan) if text == "about 3 rare" else super()._vector(text, role)

    rows = list(documents(pairs_of(folder_in(tmp_path), ["document"]), Failing()))
    failed = {row.pair_id for row in rows if row.error is not None}
    assert failed == {"document 3"}
    assert len(rows) == QUERIES * 6


def test_an_interrupted_run_encodes_no_document_twice(tmp_path, monkeypatch):
    monkeypatch.setattr("freqbias.collection.index.DOCUMENTS_AT_ONCE", 20)
    pairs = pairs_of(folder_in(tmp_path / "c"))
    module.opened.cache_clear()

    class Killed(Planted):
        def encode(self, texts, *, role):
            if len(self.encoded) >= 60:
                raise KeyboardInterrupt
            return super().encode(texts, role=role)

    first, second = Killed(), Planted()
    with pytest.raises(KeyboardInterrupt):
        documents.prepare(pairs, DenseScorer(first, tmp_path / "vectors"), silent)
    assert len(first.encoded) == 60
    rows = list(documents(pairs, DenseScorer(second, tmp_path / "vectors")))
    assert not set(first.encoded) & set(second.encoded)
    assert [row.to_dict() for row in rows] == [row.to_dict() for row in documents(pairs, Planted())]


def test_a_model_that_raises_all_the_time_ends_the_run(tmp_path):
    class Broken(Planted):
        def encode(self, texts, *, role):
            raise BackendError("out of order")

    with pytest.raises(BackendError, match="out of order"):
        list(documents(pairs_of(folder_in(tmp_path)), Broken()))
