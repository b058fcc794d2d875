"""Which sets of documents vectors can give: reference numbers, bounds by brute force, and intervals of sets that overlap."""

import numpy as np
import pytest
from scipy import optimize

from freqbias.probes import top_sets
from freqbias.probes.top_sets import best_margins, jackknife, largest_margin, moment_curve, pairs_of, set_margins, share_above

PAIRS = pairs_of(46)


def simplex(n):
    points = np.eye(n) - 1 / n
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def test_four_numbers_are_enough_for_all_pairs_in_double_precision_and_not_in_single():
    assert len(PAIRS) == 1035
    documents, queries = moment_curve(46, np.float64)
    assert documents.shape == (46, 4)
    assert share_above(set_margins(queries @ documents.T, PAIRS)) == 1.0
    documents, queries = moment_curve(46, np.float32)
    assert documents.dtype == queries.dtype == np.float32
    assert share_above(set_margins(queries @ documents.T, PAIRS)) == pytest.approx(0.984, abs=0.002)


def test_queries_are_the_polynomial_without_its_constant():
    documents, queries = moment_curve(9, np.float64)
    t = documents[:, 0]
    for (a, b), scores in zip(pairs_of(9), queries @ documents.T, strict=True):
        assert scores == pytest.approx(-((t - t[a]) ** 2) * (t - t[b]) ** 2 + t[a] ** 2 * t[b] ** 2, abs=1e-12)


def test_the_largest_margin_is_that_of_a_simplex_and_of_nothing_else():
    assert largest_margin(46, 2) == pytest.approx(0.731, abs=5e-4)
    some = PAIRS[::97]
    assert best_margins(simplex(46), some) == pytest.approx(np.full(len(some), largest_margin(46, 2)))
    rng = np.random.default_rng(0)
    for width in (3, 8, 40):
        documents = rng.normal(size=(12, width))
        documents /= np.linalg.norm(documents, axis=1, keepdims=True)
        squares = np.mean(best_margins(documents, pairs_of(12)) ** 2)
        assert squares <= largest_margin(12, 2) ** 2  # the mean of squares, so that their smallest is too


def test_best_margins_agree_with_linear_programmes_and_with_random_queries():
    rng = np.random.default_rng(1)
    documents = rng.normal(size=(14, 4))
    sets = pairs_of(14)
    margins = best_margins(documents, sets)
    assert 0 < (margins > 0).mean() < 1
    for chosen, margin in zip(sets, margins, strict=True):
        inside = np.isin(np.arange(14), chosen)
        differences = (documents[inside][:, None] - documents[~inside][None]).reshape(-1, 4)
        found = optimize.linprog(np.zeros(4), A_ub=-differences, b_ub=-np.ones(len(differences)), bounds=(None, None))
        assert (found.status == 0) == (margin > 0)
    queries = rng.normal(size=(20_000, 4))
    scores = queries / np.linalg.norm(queries, axis=1, keepdims=True) @ documents.T / np.linalg.norm(documents, axis=1).max()
    for chosen, margin in zip(sets, margins, strict=True):
        best = set_margins(scores, np.tile(chosen, (len(scores), 1))).max()
        assert best <= margin + 1e-9
        assert best > 0.8 * margin - 0.02 or margin == 0


def test_margins_do_not_depend_on_how_many_numbers_a_vector_has():
    rng = np.random.default_rng(2)
    documents = rng.normal(size=(9, 5))
    turned = documents @ np.linalg.qr(rng.normal(size=(60, 60)))[0][:5]
    assert best_margins(turned, pairs_of(9)) == pytest.approx(best_margins(documents, pairs_of(9)), abs=1e-9)
    assert best_margins(np.zeros((9, 5)), pairs_of(9)).max() == 0


def test_ties_are_no_margin_and_count_as_half():
    scores = np.array([[1.0, 1.0, 1.0], [2.0, 1.0, 0.0], [0.0, 1.0, 2.0]])
    margins = set_margins(scores, np.array([[0, 1], [0, 1], [0, 1]]))
    assert margins.tolist() == [0.0, 1.0, -2.0]
    assert share_above(margins) == 0.5


def test_what_a_plain_optimiser_manages_is_its_own_and_far_below_what_exists():
    found = {temperature: top_sets.documents_solved(4, temperature) for temperature in top_sets.TEMPERATURES}
    assert all(8 <= found[temperature][0] <= 11 for temperature in (0.1, 0.05))
    assert found[1.0][0] < found[0.05][0]
    assert all(by_all <= by_any for by_any, by_all in found.values())


def test_a_jackknife_by_hand():
    sets = pairs_of(4)
    values = np.array([1.0, 0.0, 0.5, 1.0, 1.0, 0.0])
    without = np.array([values[(sets != left).all(axis=1)].mean() for left in range(4)])
    mean, error, _ = jackknife(values, sets)
    assert mean == pytest.approx(values.mean())
    assert error == pytest.approx(np.sqrt(3 / 4 * ((without - without.mean()) ** 2).sum()))


def test_intervals_of_overlapping_sets_hold_the_truth_where_independent_ones_do_not():
    rng = np.random.default_rng(3)
    sets, draws = pairs_of(46), 400
    held = naive = 0
    for _ in range(draws):
        effect = rng.normal(size=46)  # of a document on every set that it is in
        values = effect[sets].sum(axis=1) + rng.normal(size=len(sets))
        mean, _, half = jackknife(values, sets)
        held += abs(mean) <= half
        naive += abs(mean) <= 1.96 * values.std(ddof=1) / np.sqrt(len(values))
    assert 0.95 - 3.3 * np.sqrt(0.95 * 0.05 / draws) <= held / draws <= 0.95 + 3.3 * np.sqrt(0.95 * 0.05 / draws)
    assert naive / draws < 0.7
