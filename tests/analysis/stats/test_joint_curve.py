"""The joint test of a specification curve: five in a hundred where nothing is there, and more where something is."""

import numpy as np
import pytest
from scipy import stats

from freqbias.analysis.stats.joint_curve import Sample, joint_test


def curve(rng, effect, slope, items=60):
    """Return four specifications of one data set: two measures of dose, with and without a covariate."""
    dose, other = rng.normal(size=items), rng.normal(size=items)
    y = effect + slope * dose + 0.5 * other + rng.normal(size=items) * (1 + np.abs(dose))
    measures = [dose, dose + 0.5 * rng.normal(size=items)]
    designs = [np.column_stack([np.ones(items), one, *more]) for one in measures for more in ([], [other])]
    return [Sample(items=np.arange(items), y=y, design=design) for design in designs]


@pytest.mark.parametrize("coefficient", [0, 1])
def test_it_rejects_five_in_a_hundred_without_effect(coefficient):
    runs = 300
    found = [joint_test(curve(rng, 0.0, 0.0), coefficient, rng, 199) for rng in map(np.random.default_rng, range(runs))]
    most = stats.binom.ppf(0.999, runs, 0.05)
    for name in ("p_median", "p_mean_t", "p_share"):
        assert sum(getattr(one, name) < 0.05 for one in found) <= most, name
    assert sum(one.p_mean_t < 0.05 for one in found) >= stats.binom.ppf(0.001, runs, 0.05)


@pytest.mark.parametrize(("coefficient", "planted"), [(0, {"effect": 1.0, "slope": 0.0}), (1, {"effect": 0.0, "slope": 1.0})])
def test_it_finds_the_effect_asked_for_and_not_the_other(coefficient, planted):
    rng = np.random.default_rng(1)
    samples = curve(rng, **planted)
    assert joint_test(samples, coefficient, rng).p_mean_t < 0.05
    assert joint_test(samples, 1 - coefficient, rng).p_mean_t > 0.05
    assert joint_test(samples, coefficient, rng).median == pytest.approx(1.0, abs=0.5)
