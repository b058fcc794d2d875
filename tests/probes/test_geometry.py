"""Probe `geometry` by hand, on spaces with a planted slope, and on models without vectors."""

import logging

import numpy as np
import pytest
import synthetic
from tables import Reranker, Table, named_pairs, random_table, texts_of

from freqbias.models import embedder
from freqbias.models.relevance import as_scorer
from freqbias.probes import geometry
from freqbias.probes.geometry import probe
from freqbias.progress import silent


def rows(pairs, model):
    return {(row.pair_id, row.contrast): row for row in probe(pairs, model)}


def estimates(pairs, model):
    model = as_scorer(model)
    return {(row.contrast, row.term): row for row in probe.estimates(pairs, model, probe.prepare(pairs, model, silent))}


def test_rows_by_brute_force():
    pairs = named_pairs(30, frames=2)
    table = random_table(pairs, seed=1)
    found = rows(pairs, table)
    texts = [text for pair in pairs for text in (pair.high, pair.low)]
    items = np.array([pair.item for pair in pairs for _ in range(2)])
    vectors = np.array([table.vectors[text] for text in texts])
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = np.where(items[:, None] == items, -np.inf, unit @ unit.T)
    last = np.sort(cosines, axis=1)[:, -10]
    for k in (0, 7, 41):
        pair, others = pairs[k], items != pairs[k].item
        centre = unit[others].mean(axis=0)
        sides = [2 * k, 2 * k + 1]
        row = found[pair.id, "centroid"]
        assert [row.high, row.low] == pytest.approx((unit[sides] @ centre / np.linalg.norm(centre)).tolist())
        row = found[pair.id, "norm"]
        assert [row.high, row.low] == pytest.approx(np.linalg.norm(vectors[sides], axis=1).tolist())
        row = found[pair.id, "hubness"]
        assert [row.high, row.low] == [(cosines[others, side] >= last[others]).sum() for side in sides]


def test_pairs_of_other_arms_are_held_against_the_frequency_arm():
    pairs = named_pairs(20)
    other = named_pairs(3, arm="length")
    renamed = [type(pair).from_dict(pair.to_dict() | {"high": f"x {pair.high}", "low": f"x {pair.low}"}) for pair in other]
    table = random_table([*pairs, *renamed], seed=2)
    assert {key: row for key, row in rows([*pairs, *renamed], table).items() if key[0].startswith("frequency")} == rows(pairs, table)
    assert all(row.error is None for row in rows([*pairs, *renamed], table).values())


def test_a_model_that_normalises_has_no_norm_rows():
    pairs = named_pairs(12)
    table = random_table(pairs, seed=3)
    table.vectors = {text: vector / np.linalg.norm(vector) for text, vector in table.vectors.items()}
    assert {contrast for _, contrast in rows(pairs, table)} == {"centroid", "hubness"}


@pytest.mark.parametrize("broken", [np.zeros(6), np.full(6, np.nan)])
def test_vectors_without_direction_are_errors_in_their_pair_only(broken):
    pairs = named_pairs(15)
    table = random_table(pairs, seed=4)
    table.vectors[pairs[3].low] = broken
    found = rows(pairs, table)
    assert len(found) == 15 * 3
    for (name, _), row in found.items():
        assert (row.error is not None) == (name == pairs[3].id)


def test_one_item_has_no_centre_of_others():
    pairs = named_pairs(1, frames=3)
    assert all(row.error for (_, contrast), row in rows(pairs, random_table(pairs, 0)).items() if contrast != "norm")


def test_models_without_vectors_are_left_out_with_a_warning(caplog):
    with caplog.at_level(logging.WARNING, "freqbias"):
        assert rows(named_pairs(3), Reranker(lambda query, document: 1.0)) == {}
    assert "reranker has no dense vectors" in caplog.text


def test_a_pool_is_a_part_of_many_pairs(monkeypatch):
    monkeypatch.setattr(geometry, "MAX_PAIRS", 10)
    pairs = named_pairs(40)
    model = as_scorer(random_table(pairs, 5))
    pool = probe.prepare(pairs, model, silent)
    assert len(pool.pairs) == 10
    assert probe.prepare(pairs[::-1], model, silent).pairs == pool.pairs
    assert len(list(probe.run(pairs, model, pool))) == 40 * 3


@pytest.fixture(scope="module")
def cone(lexicon_pairs):
    return estimates(lexicon_pairs, embedder("synthetic:embed_cone"))


def test_a_planted_cone_has_its_slope_in_the_raw_space_only(cone):
    # a word's part on the common direction is CONE x Zipf, that of the others CONE x their mean Zipf
    slope = cone["freq_cos_slope", "words:raw"]
    assert slope.ci_low > 0
    mean_zipf = 4.5
    assert slope.value == pytest.approx(synthetic.CONE**2 * mean_zipf / np.log2(10), rel=0.3)
    for term in ("words:centred", "words:all_but_the_top"):
        assert abs(cone["freq_cos_slope", term].value) < 0.2 * slope.value  # the lengths grow with frequency too, which leaves a rest
    assert cone["freq_cos_slope", "documents:raw"].ci_low > 0


def test_planted_norms_and_hubs(cone):
    assert cone["norm_freq_corr", "words:raw"].value > 0.95
    assert cone["norm_freq_corr", "forms:raw"].ci_low > 0.9
    assert cone["hubness_freq_corr", "words:raw"].ci_low > 0.2
    assert cone["hubness_skewness", "words:raw"].value > cone["hubness_skewness", "words:centred"].value


def test_a_random_space_has_no_slope(lexicon_pairs):
    found = estimates(lexicon_pairs, embedder("synthetic:embed_random"))
    about = [row for (contrast, _), row in found.items() if contrast != "hubness_skewness"]
    assert len(about) == 3 * 3 * 3 + 3  # three numbers of three units in three spaces, and the synonyms' slope
    missed = [row.term for row in about if not row.ci_low <= 0 <= row.ci_high]
    assert len(missed) <= 5, missed  # of 30 intervals at 95 %, at 99.9 %
    for row in found.values():
        row.check()
        assert (row.p_value, row.term == "mean") == (None, False)


def test_numbers_that_cannot_be_given_say_so():
    pairs = named_pairs(4)
    table = Table(dict.fromkeys(texts_of(pairs), np.ones(4)))
    table.encode = lambda texts, *, role: np.ones((len(texts), 4), dtype=np.float32)
    found = estimates(pairs, table)
    assert found["norm_freq_corr", "documents:raw"].flags == ["undefined"]
    assert found["norm_freq_corr", "documents:raw"].value is None
    assert {row.term.split(":")[1] for row in found.values()} == {"raw", "centred", "all_but_the_top"}
    for row in found.values():
        row.check()
