"""Restricted maximum likelihood against the textbook matrices and lme4; more of lme4's numbers are in test_mixed."""

import sys
from itertools import product

import numpy as np
import pytest
from golden_tables import R, uneven_table

from freqbias.analysis.stats.reml import Slope, _Products, reml


def unbalanced(seed, items=12, frames=7):
    """Return y, design and both factors of a design in which items stand in different numbers of frames."""
    rng = np.random.default_rng(seed)
    item = np.repeat(np.arange(items), rng.integers(1, 6, items))
    frame = rng.integers(0, frames, len(item))
    frame[:frames] = np.arange(frames)
    design = np.column_stack([np.ones(len(item)), rng.normal(size=len(item))])
    y = 0.5 * design[:, 1] + rng.normal(size=items)[item] + 0.7 * rng.normal(size=frames)[frame] + 0.5 * rng.normal(size=len(item))
    return y, design, item, frame


@pytest.mark.parametrize("swap", [False, True])
def test_it_solves_the_normal_equations_of_its_own_variances(swap):
    y, design, item, frame = unbalanced(0)
    factors = [frame, item] if swap else [item, frame]
    fit = reml(y, design, factors)
    covariance = fit.variances[0] * np.eye(len(y))
    for factor, variance in zip(factors, fit.variances[1:], strict=True):
        covariance += variance * (factor[:, None] == factor[None, :])
    weights = np.linalg.inv(covariance)
    information = design.T @ weights @ design
    assert fit.values == pytest.approx(np.linalg.solve(information, design.T @ weights @ y), rel=1e-6)
    assert fit.errors == pytest.approx(np.sqrt(np.diag(np.linalg.inv(information))), rel=1e-6)


def test_no_variances_nearby_are_more_likely():
    y, design, item, frame = unbalanced(1)
    fit = reml(y, design, [item, frame])

    def deviance(variances):
        covariance = variances[0] * np.eye(len(y))
        for factor, variance in zip((item, frame), variances[1:], strict=True):
            covariance += variance * (factor[:, None] == factor[None, :])
        weights = np.linalg.inv(covariance)
        information = design.T @ weights @ design
        rest = y - design @ np.linalg.solve(information, design.T @ weights @ y)
        return np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(information)[1] + rest @ weights @ rest

    least = deviance(fit.variances)
    for k in range(3):
        for factor in (0.95, 1.05):
            moved = fit.variances.copy()
            moved[k] *= factor
            assert deviance(moved) > least


def test_balanced_one_way_has_the_classical_degrees_of_freedom():
    """The mean of k balanced levels: standard error from the level means, k - 1 degrees of freedom."""
    rng = np.random.default_rng(2)
    level = np.repeat(np.arange(9), 4)
    y = rng.normal(size=9)[level] + 0.5 * rng.normal(size=36)
    fit = reml(y, np.ones((36, 1)), [level])
    means = y.reshape(9, 4).mean(axis=1)
    assert fit.errors[0] == pytest.approx(means.std(ddof=1) / 3, rel=1e-5)
    assert fit.df[0] == pytest.approx(8, rel=1e-3)


def test_without_a_random_factor_it_is_least_squares():
    rng = np.random.default_rng(3)
    y = rng.normal(size=30)
    fit = reml(y, np.ones((30, 1)), [])
    assert (fit.values[0], fit.errors[0]) == (pytest.approx(y.mean()), pytest.approx(y.std(ddof=1) / np.sqrt(30)))
    assert fit.df[0] == pytest.approx(29, rel=1e-3)


def test_factors_that_are_nothing_or_everything():
    rng = np.random.default_rng(4)
    level = np.repeat(np.arange(6), 5)
    noise = rng.normal(size=30)
    noise -= np.repeat(noise.reshape(6, 5).mean(axis=1), 5)
    assert reml(noise, np.ones((30, 1)), [level]).variances[1] == 0.0
    assert reml(level.astype(float), np.ones((30, 1)), [level]) is None
    assert reml(level + 1e-5 * noise, np.ones((30, 1)), [level]) is None
    assert reml(np.arange(30.0), np.column_stack([np.ones(30), np.arange(30.0)]), [level]) is None


def test_a_sum_of_no_coefficients_has_every_degree_of_freedom():
    """A part of several predictors in which no pair differs is 0 without variance; nothing is divided by it."""
    y, design, item, frame = unbalanced(1)
    fit = reml(y, design, [item, frame], np.array([[1.0, 0.0], [0.0, 0.0]]))
    assert (fit.values[1], fit.errors[1], fit.df[1]) == (0, 0, len(y) - 2)
    assert 1 <= fit.df[0] < len(y) - 2


@pytest.mark.parametrize("factors", [1, 2])
def test_the_deviance_is_the_lowest_of_all_where_it_has_several_minima(factors):
    """A likelihood may have one minimum with no variance of a factor and one with some; which is found must not hang on rounding."""
    grid = np.concatenate([[0.0], np.geomspace(0.01, 8, 60 if factors == 1 else 14)])
    for seed in range(120):
        rng = np.random.default_rng(seed)
        codes = [np.unique(rng.integers(0, size, 40), return_inverse=True)[1] for size in (7, 5)[:factors]]
        design = np.column_stack([np.ones(40), rng.normal(size=(40, 2))])
        y = rng.normal(size=40) + 0.15 * rng.normal(size=7)[codes[0]]
        model = _Products.of(y / np.std(y), design, codes, np.eye(3))
        variances = reml(y, design, codes).variances
        found = model.deviance(np.sqrt(variances[1:] / variances[0]))
        assert found <= min(model.deviance(np.array(point)) for point in product(grid, repeat=factors)) + 1e-4, seed


def test_two_orders_of_one_question_give_one_answer():
    """Rows in another order are other roundings; estimates that are told as one number must not differ by them."""
    for seed in range(40):
        y, design, item, frame = unbalanced(seed)
        order = np.random.default_rng(seed).permutation(len(y))
        first, second = reml(y, design, [item, frame]), reml(y[order], design[order], [item[order], frame[order]])
        assert (first is None) == (second is None), seed
        if first is not None and second is not None:
            np.testing.assert_allclose(first.errors, second.errors, rtol=1e-7, err_msg=str(seed))


def test_random_slopes_against_lme4():
    """lme4 stops where the likelihood changes by less than its tolerance, which leaves the variances four digits."""
    expected = R["slopes"]
    table = uneven_table()
    item, frame = table["item"].to_numpy(), table["frame"].to_numpy()
    names = ["zipf_gap", "characters_gap"]
    slope = Slope(frame, table["zipf_gap"].to_numpy())
    fit = reml(table["gap"].to_numpy(), table[names].to_numpy(dtype=float), [item, frame], slope=slope)
    for k, name in enumerate(names):
        assert (fit.values[k], fit.errors[k]) == pytest.approx(tuple(expected[name][:2]), rel=1e-4)
        assert fit.df[k] == pytest.approx(expected[name][2], rel=1e-2)
    assert fit.variances == pytest.approx(expected["variances"], rel=2e-3)


def textbook(y, design, parts, variances, weights):
    """Return coefficients, errors and the restricted deviance with the whole covariance matrix written out."""
    covariance = variances[0] * np.diag(weights**-2.0)
    for (codes, loading), variance in zip(parts, variances[1:], strict=True):
        covariance += variance * (codes[:, None] == codes[None, :]) * loading[:, None] * loading[None, :]
    inverse = np.linalg.inv(covariance)
    information = design.T @ inverse @ design
    values = np.linalg.solve(information, design.T @ inverse @ y)
    rest = y - design @ values
    deviance = np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(information)[1] + rest @ inverse @ rest
    return values, np.sqrt(np.diag(np.linalg.inv(information))), deviance


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_slopes_and_weights_solve_the_normal_equations_of_their_own_variances(swap, weighted):
    """A quarter of the rows is twice as loud, items too; the frames are as large there as elsewhere."""
    y, design, item, frame = unbalanced(5, items=20)
    y += 0.6 * np.random.default_rng(6).normal(size=7)[frame] * design[:, 1]
    weights = np.where(np.arange(len(y)) % 4 == 0, 0.5, 1.0) if weighted else np.ones(len(y))
    first, second = (frame, item) if swap else (item, frame)
    fit = reml(y, design, [first, second], slope=Slope(frame, design[:, 1]), weights=weights if weighted else None)
    parts = [(first, 1 / weights), (second, np.ones(len(y))), (frame, design[:, 1])]
    values, errors, least = textbook(y, design, parts, fit.variances, weights)
    assert fit.values == pytest.approx(values, rel=1e-6)
    assert fit.errors == pytest.approx(errors, rel=1e-6)
    assert min(fit.variances) > 0
    for k in range(4):
        for factor in (0.95, 1.05):
            moved = fit.variances.copy()
            moved[k] *= factor
            assert textbook(y, design, parts, moved, weights)[2] > least


def test_the_unit_of_a_slopes_predictor_does_not_matter():
    y, design, item, frame = unbalanced(5, items=20)
    y += 0.6 * np.random.default_rng(6).normal(size=7)[frame] * design[:, 1]
    one, other = (reml(y, design, [item, frame], slope=Slope(frame, unit * design[:, 1])) for unit in (1.0, 1000.0))
    assert one.errors == pytest.approx(other.errors, rel=1e-6)
    assert one.variances[3] == pytest.approx(1e6 * other.variances[3], rel=1e-5)


@pytest.mark.parametrize("rest", [0.0, 1e-9, 1e-7])
def test_a_column_that_is_nearly_another_has_no_fit(rest):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=60)
        design = np.column_stack([np.ones(60), x, x + rest * rng.normal(size=60)])
        assert reml(rng.normal(size=60), design, [np.repeat(np.arange(20), 3)]) is None


@pytest.mark.parametrize("weighted", [False, True])
def test_levels_that_hardly_meet_are_factorised_as_a_band(monkeypatch, weighted):
    rng = np.random.default_rng(4)
    item = np.repeat(np.arange(90), 3)
    frame = np.where(np.arange(270) % 3 < 2, item * 2 + np.arange(270) % 3, 180 + item % 45)  # most are one item's own
    frame = np.unique(frame, return_inverse=True)[1]
    x = rng.normal(size=(270, 2))
    y = 0.2 * x[:, 0] + rng.normal(size=90)[item] + 0.5 * rng.normal(size=int(frame.max()) + 1)[frame] + rng.normal(size=270)
    design = np.column_stack([np.ones(270), x])
    weights = np.where(item < 30, 1.0, 0.5) if weighted else None
    banded = _Products.of(y, design, [item, frame], np.eye(3), weights=weights)
    assert banded.banded
    monkeypatch.setattr(sys.modules[_Products.__module__], "NARROW", 1000)
    whole = _Products.of(y, design, [item, frame], np.eye(3), weights=weights)
    assert not whole.banded
    for ratios in ([0.5, 0.3], [0.0, 1.0], [2.0, 0.01]):
        for one, other in zip(banded.reduced(np.array(ratios)), whole.reduced(np.array(ratios)), strict=True):
            assert one == pytest.approx(other, rel=1e-9)
