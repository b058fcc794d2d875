"""What is said of remedies, in worlds in which it is known what each does."""

import csv

import numpy as np
import pytest

from freqbias.analysis.estimate.remedies import remedies
from freqbias.analysis.report.advice import advice_of, details, effect, lead
from freqbias.analysis.report.sentences import SENTENCES
from freqbias.collection import remedies as made
from freqbias.collection.synonym_list import Rule, write_lists
from freqbias.collection.worst import Worst, write_worst
from freqbias.files import dumps

ITEMS = 80


def rows(remedy, gap, *, rare=0.5, quality=0.6, side="document", spread=0.02, scale=1.0, margin=1.0, items=ITEMS, by=None, seed=0):
    """Return rows in which every item loses `gap` on average, scores by `scale` times that."""
    rng = np.random.default_rng(seed)
    own = {"model": "m", "remedy": remedy, "by": by}
    for item in range(items):
        noise = spread * rng.standard_normal()
        low, high = rare + noise, rare + noise + gap + spread * rng.standard_normal() * bool(gap)
        places = [1 + 20 * (1 - value) for value in (high, low)]
        yield own | {
            "side": side,
            "item": f"i{item}",
            "pair_id": f"p{item}",
            "query_id": f"q{item}",
            "ndcg_at_10": [high, low],
            "rank": places,
            "score_gap": scale * gap,
            "margin": margin,
        }
        yield own | {"side": "quality", "query_id": f"q{item}", "ndcg_at_10": quality + noise}


def said_of(*worlds):
    found = remedies([row for world in worlds for row in world])
    return [*lead(found), *details(found)]


LOSS = {"gap": 0.2}


@pytest.mark.parametrize(
    ("world", "expected"),
    [
        ({"gap": 0.02, "rare": 0.68}, "helps"),
        ({"gap": 0.02, "rare": 0.5}, "levels"),
        ({"gap": 0.02, "rare": 0.3}, "levels"),
        ({"gap": -0.3, "rare": 0.9}, "reverses"),
        ({"gap": 0.4, "rare": 0.3}, "widens"),
        ({"gap": 0.2, "seed": 1}, "unclear"),
        ({"gap": 0.2}, "same"),
    ],
)
def test_what_a_remedy_does_is_told_by_ranks(world, expected):
    base, cured = remedies([*rows("none", **LOSS), *rows("bm25", **world)])
    assert effect(cured.sides["document"], base.sides["document"]) == expected
    found = said_of(rows("none", **LOSS), rows("bm25", **world))
    line = next(line for line in found if line.startswith("With BM25 instead of the model: "))
    others = {
        "helps": "rare words in documents lose less",
        "levels": "they rank no higher",
        "reverses": "turns round",
        "widens": "lose more",
        "unclear": "o change detected for",
        "same": "nothing changes for",
    }
    assert [name for name, words in others.items() if words in line] == [expected]
    helps = "What helps with rare words in documents: BM25 instead of the model."
    assert found[0] == (helps if expected == "helps" else "None of what was tried helps with rare words in documents.")


def test_a_cure_that_only_shrinks_scores_is_none():
    real = list(rows("none", **LOSS))
    sham = [row | {"remedy": "sham"} | {name: row[name] / 10 for name in ("score_gap", "margin") if name in row} for row in real]
    base, cured = remedies([*real, *sham])
    assert effect(cured.sides["document"], base.sides["document"]) == "same"
    assert cured.sides["document"].relative.value == pytest.approx(base.sides["document"].relative.value)


def test_where_nothing_is_lost_nothing_is_repaired():
    found = said_of(rows("none", 0.0), rows("bm25", 0.1))
    assert found[0].startswith("Rare words in documents: no loss detected (gap 0 ")
    assert not [line for line in found if "helps" in line or "lose" in line]
    favoured = said_of(rows("none", -0.2), rows("bm25", 0.0))
    assert favoured[0].startswith("Rare words in documents: no loss detected (gap −0.2 ")
    assert not [line for line in said_of(rows("none", **LOSS), rows("bm25", **LOSS)) if "no loss detected" in line]


@pytest.mark.parametrize(
    ("quality", "expected"),
    [(0.5, "Quality falls, −0.1 "), (0.7, "Quality rises, +0.1 "), (0.6, "Quality stays as it is.")],
)
def test_quality_is_the_price(quality, expected):
    found = said_of(rows("none", **LOSS), rows("bm25", 0.02, rare=0.68, quality=quality))
    (line,) = [line for line in found if line.startswith("With ")]
    assert expected in line
    assert ("What costs quality: BM25 instead of the model." in found) == (quality < 0.6)


def test_a_change_of_quality_that_may_be_chance_is_none():
    noisy = [row | {"ndcg_at_10": float(np.random.default_rng(k).random())} if row["side"] == "quality" else row
             for k, row in enumerate(rows("bm25", **LOSS))]  # fmt: skip
    base = [row | {"ndcg_at_10": 0.5} if row["side"] == "quality" else row for row in rows("none", **LOSS)]
    found = said_of(base, noisy)
    assert any("No change of quality detected" in line for line in found)
    assert not any("What costs" in line for line in found)


def test_both_sides_have_their_clause_and_the_reranker_its_name():
    base = [*rows("none", **LOSS), *rows("none", 0.3, side="query")]
    cured = [*rows("rerank", 0.02, rare=0.68, by="judge"), *rows("rerank", 0.3, side="query")]
    found = said_of(base, cured)
    assert found[:2] == [
        "What helps with rare words in documents: the first 50 re-ranked by judge.",
        "None of what was tried helps with rare words in queries.",
    ]
    (line,) = [line for line in found if line.startswith("With the first 50 re-ranked by judge: rare words in documents lose less")]
    assert ". Nothing changes for rare words in queries" in line


def test_gaps_have_the_item_for_a_unit():
    once = list(rows("none", **LOSS))
    five = [row for row in once for _ in range(5)]
    first, second = remedies(once)[0].sides["document"].gap, remedies(five)[0].sides["document"].gap
    assert (first.n, first.low, first.high) == (second.n, pytest.approx(second.low), pytest.approx(second.high))


def test_a_case_without_a_rank_by_one_remedy_is_left_out_of_all():
    base, cured = list(rows("none", **LOSS)), list(rows("bm25", **LOSS))
    whole = remedies([*base, *cured])
    cured[0] = cured[0] | {"rank": [1, None], "ndcg_at_10": [1.0, 0.0]}
    parts = remedies([*base, *cured])
    assert [remedy.sides["document"].gap.n for remedy in (*whole, *parts)] == [ITEMS, ITEMS, ITEMS - 1, ITEMS - 1]
    assert [remedy.quality.n for remedy in parts] == [ITEMS, ITEMS]


@pytest.mark.parametrize("items", [1, 2])
def test_a_case_or_two_say_nothing(items):
    found = said_of(rows("none", **LOSS, items=items, spread=0.5), rows("bm25", 0.0, items=items))
    assert found[0].startswith("Rare words in documents: no loss detected")


def test_no_margin_no_ratio():
    assert remedies(rows("none", **LOSS, margin=-1.0))[0].sides["document"].relative is None


def test_a_remedy_without_effect_is_seldom_called_one():
    told = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        base, other = ([dict(row) for row in rows(name, **LOSS, items=30)] for name in ("none", "bm25"))
        for row in (*base, *other):
            if row["side"] == "document":
                row["ndcg_at_10"] = [value + 0.1 * rng.standard_normal() for value in row["ndcg_at_10"]]
        found = remedies([*base, *other])
        told += effect(found[1].sides["document"], found[0].sides["document"]) in ("helps", "widens", "levels", "reverses")
    assert told <= 22  # of 200 at 5 %: the 99.9 % binomial limit


def folder_with(folder, *worlds):
    (folder / "remedies.jsonl").write_text("".join(dumps(row) + "\n" for world in worlds for row in world))
    own = Worst(
        model="m",
        side="document",
        loss=0.5,
        rank_frequent=1,
        rank_rare=7,
        word_frequent="file",
        word_rare="dossier",
        zipf_frequent=4.9,
        zipf_rare=None,
        split_frequent=False,
        split_rare=True,
        query_id="q1",
        query_frequent="=asked <b>",
        query_rare="=asked <b>",
        document_id="d1",
        document_frequent="a file of text",
        document_rare="a dossier of text",
        overtaken_by="d2",
        overtaken_by_text="other",
    )
    write_worst([own] * 25, folder / "worst_queries.csv")
    return folder


def test_a_folder_gives_tables(tmp_path):
    (found,) = advice_of(folder_with(tmp_path, rows("none", **LOSS), rows("bm25", 0.02, rare=0.68)))
    (lost,) = found.losses
    assert len(lost.rows) == 20
    row = lost.rows[0]
    assert (row.ranks, row.words, row.split, row.same) == (
        "1 → 7",
        "file (4.90) → dossier (–)",
        "the rare one split by the model",
        "=asked <b>",
    )
    assert [words for words, marked in row.rare if marked] == ["dossier"]
    assert "The worst 20 of all cases" in lost.note
    assert "Over all 80 items the mean loss in nDCG@10 is +0.2" in lost.note
    assert len(found.table) == 2
    assert {len(row) for row in found.table} == {len(found.columns)} == {6}
    assert found.document()["remedies"][1]["sides"]["document"]["gap"]["n"] == ITEMS


def test_lists_without_a_rule_are_said_to_be_empty(tmp_path):
    folder = folder_with(tmp_path, rows("none", **LOSS), rows("bm25", 0.02, rare=0.68))
    rule = Rule(words=("#dossier", "file"), cases=2, loss=0.1)
    for rules, said_last in (
        ([rule], "The word pairs that lost a hundredth"),
        ([], "No word pair lost a hundredth"),
    ):
        write_lists(rules, folder)
        (found,) = advice_of(folder)
        assert found.lead[-1].startswith(said_last)
        assert sum("synonym lists" in sentence for sentence in found.lead) == 1


@pytest.mark.parametrize(("gap", "chance"), [(0.2, False), (0.0, True)])
def test_words_that_lost_by_chance_are_said_to_have(tmp_path, gap, chance):
    folder = folder_with(tmp_path, rows("none", gap), rows("bm25", gap))
    write_lists([Rule(words=("dossier", "file"), cases=2, loss=0.1)], folder)
    (found,) = advice_of(folder)
    assert any("mostly chance" in sentence for sentence in found.lead) is chance


def test_other_runs_have_no_advice(tmp_path):
    assert advice_of(tmp_path) == []
    with (tmp_path / "worst_queries.csv").open("w") as stream:
        csv.writer(stream).writerow(["model"])
    assert advice_of(tmp_path) == []


def test_every_remedy_has_a_name():
    names = {made.NONE, made.BM25, made.HYBRID, made.RERANK, made.QUERY_EXPANSION, made.QUERY_REWRITING, made.DOCUMENT_EXPANSION}
    assert {f"remedy_{name}" for name in names} <= set(SENTENCES)
