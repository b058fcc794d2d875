"""Substitution in a user's own texts: inflection, case, articles, what is left alone, collections."""

import json

import pytest
from swappable import real_texts

from freqbias.errors import InputError
from freqbias.paraphrases import swapping
from freqbias.paraphrases.everyday import everyday_sets, running_sets
from freqbias.paraphrases.substitute import Coverage, generate
from freqbias.paraphrases.swapping import both_forms, substitutions


@pytest.fixture
def couple(monkeypatch):
    """Replace the table by a few couples whose forms can be told by eye."""
    table = {}
    for high, low in [("car", "auto"), ("cars", "autos"), ("buy", "purchase"), ("bought", "purchased"), ("honest", "upright")]:
        table |= dict.fromkeys((high, low), ((high, low, f"{high}-{low}"),))
    monkeypatch.setattr(swapping, "substitutions", lambda arm: table)
    monkeypatch.setattr(swapping, "fits", lambda arm, name, tokens, at: True)


@pytest.mark.parametrize(
    ("text", "high", "low"),
    [
        ("She bought a car.", "She bought a car.", "She purchased an auto."),
        ("An honest man, an auto.", "An honest man, a car.", "An upright man, an auto."),
        ("A car stopped. Cars stop.", "A car stopped. Cars stop.", "An auto stopped. Autos stop."),
        ("Bought: two autos!", "Bought: two cars!", "Purchased: two autos!"),
        ("“Cars!” he said.", "“Cars!” he said.", "“Autos!” he said."),
    ],
)
def test_both_forms(couple, text, high, low):
    assert both_forms(text, "frequency")[:2] == (high, low)


@pytest.mark.parametrize(
    "text", ["the Car and Driver show", "a car-park", "CAR", "the car's wheel", "Honest Abe", "cartoon", "my_car", "nothing here"]
)
def test_left_alone(couple, text):
    assert both_forms(text, "frequency")[2] == []


@pytest.mark.parametrize("arm", ["frequency", "placebo"])
def test_table_is_unambiguous_and_vetted(arm):
    sets = running_sets(arm)
    table = substitutions(arm)
    assert len(table) > 200
    for form, couples in table.items():
        assert couples
        assert len({name for _, _, name in couples if name not in everyday_sets(arm)}) <= 1
        for high, low, name in couples:
            assert form in (high, low)
            assert high != low
            assert name in everyday_sets(arm) or min(sets[name].sense_share) >= 0.8


def test_arms_coverage_and_repeatability(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join([*real_texts(), "", "Of it."]) + "\n")
    coverage = Coverage()
    pairs = generate([path], coverage=coverage)
    assert {pair.arm for pair in pairs} == {"frequency", "placebo"}
    assert coverage.texts == 31
    assert coverage.changed["frequency"] == coverage.changed["placebo"] == 30
    assert "frequency: 30 of 31 texts changed" in coverage.lines()[0]
    for pair in pairs:
        assert pair.meta["original"] in real_texts()
        if pair.arm == "frequency":
            assert pair.zipf_gap >= 0.5
        else:
            assert abs(pair.zipf_gap) < 0.5
    assert pairs == generate([path])
    few = generate([path], n=5, seed=1)
    assert len(few) == 10
    assert few == generate([path], n=5, seed=1)


def collection(folder):
    (folder / "qrels").mkdir()
    text = real_texts()[0]
    (folder / "corpus.jsonl").write_text(json.dumps({"_id": "d1", "title": "", "text": text}) + "\n")
    (folder / "queries.jsonl").write_text(json.dumps({"_id": "q1", "text": "what was mentioned?"}) + "\n")
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td1\t0\n")
    return folder


def test_beir_folder_keeps_its_queries(tmp_path):
    pairs = generate([collection(tmp_path)])
    assert {pair.item for pair in pairs} == {"d1"}
    assert pairs[0].queries == {"relevant": ["what was mentioned?"]}
    assert pairs[0].meta["query_ids"] == ["q1"]


def test_a_query_that_asks_for_a_swapped_word_comes_in_both_forms(tmp_path):
    folder = collection(tmp_path)
    word = next(form for form in sorted(substitutions("frequency")) if f" {form} " in real_texts()[0])
    rows = [{"_id": "q1", "text": "what was mentioned?"}, {"_id": "q2", "text": f"who mentioned the {word}?"}]
    (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td1\t1\n")
    frequency, placebo = generate([folder])
    [(high, low, _)] = substitutions("frequency")[word]
    assert frequency.queries["relevant"] == [row["text"] for row in rows]
    asked = [frequency.queries[f"naming_{side}"] for side in ("high", "low")]
    assert asked == [f"who mentioned the {form}?" for form in (high, low)]
    assert placebo.queries == {"relevant": [row["text"] for row in rows]}


def test_bad_collections(tmp_path):
    folder = collection(tmp_path)
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\n")
    with pytest.raises(InputError, match=r"test\.tsv:2: expected query id, document id and score, split by tabs; found 2 cells"):
        generate([folder])
    (folder / "corpus.jsonl").write_text('{"_id": "d1"}\n')
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\n")
    with pytest.raises(InputError, match=r"corpus\.jsonl:1: no column 'text'; found: _id"):
        generate([folder])
    (folder / "queries.jsonl").unlink()
    with pytest.raises(InputError, match=r"has no queries\.jsonl; a folder must have the layout of BEIR"):
        generate([folder])


def test_judgements_that_lead_nowhere_are_counted(tmp_path, caplog):
    folder = collection(tmp_path)
    (folder / "qrels" / "test.tsv").write_text("q1\td1\t1\nq9\td1\t1\nq1\td8\t1\nq1\td9\t1\n")
    assert generate([folder])[0].queries == {"relevant": ["what was mentioned?"]}
    assert "qrels: 1 judgements name a query that the queries do not hold" in caplog.text
    assert "qrels: 2 judged documents are not in the corpus, first: 'd8'" in caplog.text
    (folder / "qrels" / "test.tsv").write_text("q1\td1\t0\n")
    generate([folder])
    assert "no judgements above 0" in caplog.text


def test_fields_and_skipping(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps({"body": real_texts()[0]}) + "\n" + json.dumps({"other": 1}) + "\n")
    with pytest.raises(InputError, match=r":2: no column 'body'; found: other"):
        generate([path], field="body")
    skipped = []
    assert generate([path], field="body", skipped=skipped)
    assert len(skipped) == 1
    with pytest.raises(InputError, match="found none"):
        generate([])


def test_command_line_reports_coverage(cli, tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(real_texts()))
    result = cli("pairs", "substitute", path, "--out", tmp_path / "pairs.jsonl")
    assert result.exit_code == 0
    assert "frequency: 30 of 30 texts changed" in result.stderr
