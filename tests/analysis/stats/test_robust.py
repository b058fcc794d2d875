"""CR2, CR3 and Satterthwaite's degrees of freedom against clubSandwich and the textbook, and where a cluster leaves nothing."""

import numpy as np
import pytest
from golden_tables import R, noise, uneven_table

from freqbias.analysis.stats.robust import CR2, CR3, cluster_robust


def golden():
    table = uneven_table()
    table = table[noise(table["item"] * 23 + table["frame"] * 7, 911) > -0.2].reset_index(drop=True)
    design = np.column_stack([np.ones(len(table)), table["zipf_gap"], table["characters_gap"]])
    return table, table["gap"].to_numpy(), design


@pytest.mark.parametrize("way", ["item", "frame", "row"])
@pytest.mark.parametrize(("power", "kind"), [(CR2, "cr2"), (CR3, "cr3")])
def test_against_clubsandwich(way, power, kind):
    table, y, design = golden()
    expected = R[kind]
    assert len(y) == expected["n_pairs"]
    codes = np.arange(len(y)) if way == "row" else table[way].to_numpy()
    fit = cluster_robust(y, design, [codes], power=power)
    np.testing.assert_allclose(fit.values, expected["values"], rtol=1e-8)
    np.testing.assert_allclose(fit.errors, expected[way][0], rtol=1e-8)
    np.testing.assert_allclose(fit.df, expected[way][1], rtol=1e-8)


def textbook(y, design, codes):
    """Return CR2 by its definition: matrices as large as the clusters."""
    inverse = np.linalg.inv(design.T @ design)
    hat = design @ inverse @ design.T
    rest = y - hat @ y
    total = np.zeros((design.shape[1], design.shape[1]))
    for level in np.unique(codes):
        rows = np.flatnonzero(codes == level)
        share, axes = np.linalg.eigh(np.eye(len(rows)) - hat[np.ix_(rows, rows)])
        root = axes @ np.diag([value**-0.5 if value > 1e-10 else 0.0 for value in share]) @ axes.T
        score = design[rows].T @ root @ rest[rows]
        total += np.outer(score, score)
    return inverse @ total @ inverse


def test_both_ways_are_each_way_minus_their_cells():
    table, y, design = golden()
    item, frame = table["item"].to_numpy(), table["frame"].to_numpy()
    each = [np.diag(textbook(y, design, codes)) for codes in (item, frame, np.arange(len(y)))]
    expected = np.maximum(each[0] + each[1] - each[2], np.maximum(each[0], each[1]))
    fit = cluster_robust(y, design, [item, frame], power=CR2)
    np.testing.assert_allclose(fit.errors, np.sqrt(expected), rtol=1e-8)
    alone = [cluster_robust(y, design, [codes], power=CR2).df for codes in (item, frame)]
    assert np.all(fit.df >= np.minimum(*alone))
    assert np.all(fit.df <= np.maximum(*alone))


def test_sums_are_sums_of_coefficients():
    table, y, design = golden()
    item = table["item"].to_numpy()
    shifted = np.column_stack([design[:, 0], design[:, 1] - 2.0, design[:, 2]])
    wanted = cluster_robust(y, design, [item], np.array([[1.0, 2.0, 0.0]]))
    direct = cluster_robust(y, shifted, [item])
    assert (wanted.values[0], wanted.errors[0], wanted.df[0]) == pytest.approx((direct.values[0], direct.errors[0], direct.df[0]))


def test_a_cluster_that_alone_determines_a_coefficient_adds_nothing_to_it():
    """One item has a value of a predictor that no other has: its own residual is zero, and no division by zero may say otherwise."""
    table, y, design = golden()
    item = table["item"].to_numpy()
    alone = np.column_stack([design, item == 3])
    rest = item != 3
    fit = cluster_robust(y, alone, [item])
    without = cluster_robust(y[rest], design[rest], [np.unique(item[rest], return_inverse=True)[1]])
    np.testing.assert_allclose(fit.errors[:3], without.errors, rtol=1e-8)
    np.testing.assert_allclose(fit.df[:3], without.df, rtol=1e-6)


def test_two_stage_least_squares_by_its_formula():
    table, y, design = golden()
    instrument = design.copy()
    instrument[:, 1] += 0.3 * np.sin(np.arange(len(y)))
    predicted = instrument @ np.linalg.lstsq(instrument, design, rcond=None)[0]
    fit = cluster_robust(y, design, [table["item"].to_numpy()], instrumented=predicted)
    np.testing.assert_allclose(fit.values, np.linalg.solve(instrument.T @ design, instrument.T @ y), rtol=1e-8)


@pytest.mark.parametrize("change", ["dependent", "perfect", "few"])
def test_refusals(change):
    _, y, design = golden()
    if change == "dependent":
        design = np.column_stack([design, 2 * design[:, 1]])
    if change == "perfect":
        y = design @ np.array([1.0, 2.0, 3.0])
    rows = slice(0, 3 if change == "few" else None)
    assert cluster_robust(y[rows], design[rows], [np.arange(len(y))[rows]]) is None
