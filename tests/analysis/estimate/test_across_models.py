"""Across models: a joint bootstrap against formulas, planted differences and spread, and what becomes of them in a run."""

import numpy as np
import pytest
from scipy import stats
from simulation import simulate

from freqbias.analysis import estimate, frame
from freqbias.analysis.estimate.across_models import ALL_MODELS, _bca, joint_relative, spread
from freqbias.analysis.report.verdict import verdicts
from freqbias.analysis.stats.resampling import Interval, bca_ends, resampling_weights
from freqbias.records import Observation


def draw(rng, truth, items=60, own=0.04, shared=0.1):
    """Return gaps and margins (items x models) of models whose items' gaps go together; margin .4, so gap = .4 * truth."""
    common = rng.normal(0, shared, size=(items, 1))
    gap = 0.4 * np.asarray(truth) + common + rng.normal(0, own, size=(items, len(truth)))
    return gap, 0.4 + rng.normal(0, 0.05, size=(items, len(truth)))


def test_bca_is_scipys_on_the_same_replicates():
    values = np.random.default_rng(1).exponential(size=25)
    result = stats.bootstrap((values,), np.mean, method="BCa", n_resamples=4999, rng=np.random.default_rng(2))
    jackknife = np.array([np.delete(values, k).mean() for k in range(len(values))])
    ends = bca_ends(values.mean(), result.bootstrap_distribution, jackknife)
    assert ends.low == pytest.approx(result.confidence_interval.low, abs=1e-9)
    assert ends.high == pytest.approx(result.confidence_interval.high, abs=1e-9)


def test_bca_of_degenerate_replicates():
    same = bca_ends(0.3, np.full(99, 0.3), np.full(5, 0.3))
    assert (same.low, same.high) == (0.3, 0.3)
    assert bca_ends(2.0, np.linspace(0, 1, 99), np.arange(5.0)).low is None
    assert bca_ends(0.5, np.array([0.1, np.inf]), np.arange(5.0)).low is None


def test_weights_are_bootstrap_samples_in_bounded_blocks():
    blocks = list(resampling_weights(30_000, np.random.default_rng(0), resamples=150))
    assert sum(len(block) for block in blocks) == 150
    assert len(blocks) > 1
    assert all((block.sum(axis=1) == 30_000).all() and block.nbytes <= 16_800_000 for block in blocks)
    assert blocks[0].var() == pytest.approx(1.0, rel=0.02)  # Poisson-like counts


def test_joint_spread_of_a_difference_is_the_delta_methods():
    gap, margin = draw(np.random.default_rng(3), [0.2, 0.1])
    joint = joint_relative(gap, margin, np.random.default_rng(0))
    value, error, _ = _bca(joint, np.array([1.0, -1.0]))
    ratios = gap.mean(axis=0) / margin.mean(axis=0)
    influence = ((gap - ratios * margin) / margin.mean(axis=0)) @ [1, -1]
    assert value == pytest.approx(ratios[0] - ratios[1])
    assert error == pytest.approx(influence.std(ddof=1) / np.sqrt(len(gap)), rel=0.03)
    alone = [_bca(joint, weights)[1] for weights in np.eye(2)]
    assert error < 0.6 * np.hypot(*alone)  # the models share items, so most of the noise cancels
    without = np.delete(gap, 7, axis=0).sum(axis=0) / np.delete(margin, 7, axis=0).sum(axis=0)
    assert joint.jackknife[7] == pytest.approx(without)


def test_coverage_of_difference_and_mean():
    rng = np.random.default_rng(20)
    runs, truth = 300, np.array([0.2, 0.1, 0.0])
    hits = np.zeros(2)
    for _ in range(runs):
        joint = joint_relative(*draw(rng, truth), rng, resamples=999)
        for k, weights in enumerate((np.array([1.0, -1.0, 0.0]), np.full(3, 1 / 3))):
            _, _, ends = _bca(joint, weights)
            hits[k] += ends.low <= truth @ weights <= ends.high
    low, high = stats.binom.ppf([0.0005, 0.9995], runs, 0.95)
    assert ((low <= hits) & (hits <= high)).all()


def test_spread_is_found_and_reaches_zero_where_there_is_none():
    rng = np.random.default_rng(21)
    planted = np.array([0.0, 0.1, 0.2, 0.3])
    covered = at_zero = 0
    for _ in range(100):
        value, _, ends = spread(joint_relative(*draw(rng, planted), rng, resamples=499))
        covered += ends.low <= planted.std(ddof=1) <= ends.high
        assert 0 < value < 0.25
        at_zero += spread(joint_relative(*draw(rng, np.full(4, 0.1)), rng, resamples=499))[2].low == 0
    assert covered >= stats.binom.ppf(0.0005, 100, 0.95)
    assert at_zero >= stats.binom.ppf(0.0005, 100, 0.95)


def run_of(models, seed=5, items=40, margin=0.4):
    """Return pairs and rows of several models on the same pairs; `models` maps a name to what is added to the gap."""
    pairs, rows = simulate(np.random.default_rng(seed), {"frequency": 0.05, "placebo": 0.0}, items=items, margin=margin)
    rng, all_rows = np.random.default_rng(seed + 1), []
    for name, extra in models.items():
        for row in rows:
            high = row.high + extra + rng.normal(0, 0.005)
            decoys = {"high": high - margin, "low": row.decoys["low"]}
            all_rows.append(Observation.from_dict(row.to_dict() | {"model": name, "high": high, "decoys": decoys}))
    return pairs, all_rows


def across(pairs, rows):
    return {row.term: row for row in estimate(frame(rows), pairs) if row.model == ALL_MODELS}


def test_rows_of_a_run_and_no_verdict_on_them():
    pairs, rows = run_of({"a": 0.0, "b": 0.04, "c": 0.0})
    estimates = estimate(frame(rows), pairs)
    found = {row.term: row for row in estimates if row.model == ALL_MODELS}
    assert set(found) == {
        *("relative:a", "relative:b", "relative:c", "relative_mean", "relative_spread"),
        *("relative_difference:a-b", "relative_difference:a-c", "relative_difference:b-c"),
    }
    difference = found["relative_difference:a-b"]
    assert difference.ci_low <= -0.1 <= difference.ci_high < 0
    assert found["relative_difference:a-c"].ci_low <= 0 <= found["relative_difference:a-c"].ci_high
    assert found["relative_mean"].ci_low <= (0.05 + 0.04 / 3) / 0.4 <= found["relative_mean"].ci_high
    alone = {row.model: row.value for row in estimates if (row.contrast, row.term) == ("gloss", "relative")}
    assert found["relative:b"].value == pytest.approx(alone["b"])
    for row in found.values():
        row.check()
        assert (row.flags, row.n_items, row.n_pairs, row.p_value, row.family) == (["descriptive"], 40, 80, None, None)
    assert {verdict.model for verdict in verdicts(estimates)} == {"a", "b", "c"}


def test_same_seed_same_numbers_whatever_the_order():
    pairs, rows = run_of({"a": 0.0, "b": 0.04})
    first, second = across(pairs, rows), across(pairs, rows[::-1])
    assert first.keys() == second.keys()
    assert all(second[term].ci_low == pytest.approx(row.ci_low, abs=1e-9) for term, row in first.items())


def test_one_model_has_nothing_to_be_compared_with():
    assert across(*run_of({"a": 0.0})) == {}


def test_ten_models_are_no_longer_descriptive():
    found = across(*run_of({f"m{k}": 0.0 for k in range(10)}, items=12))
    assert found["relative_mean"].flags == []
    assert len(found) == 10 + 2 + 45


def test_only_shared_items_count_and_failures_are_named():
    pairs, rows = run_of({"a": 0.0, "b": 0.0})
    failed = {"high": None, "low": None, "decoys": None, "error": "x"}
    gone = {"frequency-0", "frequency-1"}
    broken = [Observation.from_dict(row.to_dict() | failed) if row.model == "b" and row.item in gone else row for row in rows]
    row = across(pairs, broken)["relative_mean"]
    assert (row.n_items, row.n_pairs, row.n_failed) == (38, 76, 4)
    kept = [row for row in rows if row.item not in gone]
    assert row.value == pytest.approx(across(pairs, kept)["relative_mean"].value)


def test_a_model_that_does_not_tell_exact_from_decoy_is_left_out():
    pairs, rows = run_of({"a": 0.0, "b": 0.0, "blind": 0.0})
    blind = [
        Observation.from_dict(row.to_dict() | {"decoys": {"high": row.high + 0.1, "low": row.low + 0.1}}) if row.model == "blind" else row
        for row in rows
    ]
    assert set(across(pairs, blind)) == {"relative:a", "relative:b", "relative_mean", "relative_spread", "relative_difference:a-b"}


def test_few_items_that_tell_exact_from_decoy_leave_an_interval_undefined():
    gap, margin = draw(np.random.default_rng(3), [0.2, 0.1])
    margin[:, 1] = 0.0
    margin[:2, 1] = 1.0  # about one draw in eight holds neither item
    joint = joint_relative(gap, margin, np.random.default_rng(0))
    assert not np.isfinite(joint.replicates[:, 1]).all()
    value, error, interval = _bca(joint, np.array([1.0, 0.0]))
    assert None not in (value, error, interval.low, interval.high)
    for result in (_bca(joint, np.array([0.0, 1.0])), _bca(joint, np.array([0.5, 0.5]))):
        assert result[0] is not None
        assert result[1:] == (None, Interval())
    assert spread(joint) == (None, None, Interval())


def test_a_model_whose_margin_may_be_zero_is_left_out_and_named():
    rng = np.random.default_rng(30)
    pairs, _ = simulate(rng, {"frequency": 0.0}, items=40, frames=1)
    rows = []
    for model, mean, spread_of in (("a", 0.4, 0.1), ("b", 0.4, 0.1), ("c", 0.005, 0.05)):
        for pair in pairs:
            gap, margin = rng.normal(0.06, 0.02), rng.normal(mean, spread_of)
            decoys = {"high": 0.5 + gap - margin, "low": 0.5 - margin}
            key = {"probe": "similarity", "measure": "cosine", "contrast": "gloss", "model": model}
            rows.append(Observation(pair_id=pair.id, item=pair.item, high=0.5 + gap, low=0.5, decoys=decoys, **key))
    own = [row for row in estimate(frame(rows), pairs, curve=False) if row.model == ALL_MODELS]
    assert {row.term for row in own} == {"relative:a", "relative:b", "relative_mean", "relative_spread", "relative_difference:a-b"}
    assert all(row.method.endswith("without c, whose margin's interval includes zero") for row in own)
