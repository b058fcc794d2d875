"""Estimates on observations with known effects, families, and hard cases."""

import math
import re

import numpy as np
import pytest
from simulation import simulate

from freqbias.analysis import estimate, frame
from freqbias.analysis.estimate.families import repeated
from freqbias.analysis.report.verdict import verdicts
from freqbias.errors import InputError
from freqbias.judgement import Judgements
from freqbias.records import Observation, Pair


def find(estimates, **key):
    (found,) = [row for row in estimates if all(getattr(row, name) == value for name, value in key.items())]
    return found


@pytest.fixture(scope="module")
def planted():
    pairs, rows = simulate(np.random.default_rng(3), {"frequency": 0.05, "placebo": 0.0, "length": 0.1})
    return pairs, rows, estimate(frame(rows), pairs, seed=0)


def test_planted_effect_and_controls(planted):
    _, _, estimates = planted
    for arm, truth in (("frequency", 0.05), ("placebo", 0.0), ("length", 0.1), ("frequency-placebo", 0.05)):
        row = find(estimates, contrast="gloss", arm=arm, term="mean")
        assert row.ci_low <= truth <= row.ci_high
        row.check()
    main = find(estimates, contrast="gloss", arm="frequency", term="mean")
    assert (main.n_pairs, main.n_items, main.n_failed) == (80, 40, 0)
    assert main.p_value < 0.001
    gaps = (
        frame(planted[1]).query("arm == 'frequency'").assign(gap=lambda table: table["high"] - table["low"]).groupby("item")["gap"].mean()
    )
    assert main.share_positive == (gaps > 0).mean()
    assert main.bca_low == pytest.approx(main.ci_low, abs=0.002)
    relative = find(estimates, contrast="gloss", term="relative")
    assert relative.ci_low <= 0.05 / 0.4 <= relative.ci_high
    assert find(estimates, contrast="gloss", arm="placebo", term="equivalence").flags == ["equivalent"]
    assert {row.term for row in estimates if row.term.startswith("equivalence:")} == {
        "equivalence:subwords",
        "equivalence:characters",
    }
    assert find(estimates, contrast="gloss", arm="frequency", term="equivalence").bound == pytest.approx(0.04, rel=0.05)
    assert find(estimates, contrast="gloss", term="equal_subwords").n_items == 20


def test_exactly_one_mean_per_series(planted):
    _, _, estimates = planted
    keys = [row.key for row in estimates]
    assert len(keys) == len(set(keys))


def test_families_and_adjustment(planted):
    _, _, estimates = planted
    confirmatory = [row for row in estimates if row.family == "confirmatory"]
    assert [(row.contrast, row.arm, row.term) for row in confirmatory] == [("gloss", "frequency", "mean")]
    for row in estimates:
        if row.arm in ("placebo", "length") or row.term.startswith("equivalence"):
            assert row.family is None
            assert row.p_adjusted is None
        elif row.family is not None:
            assert row.p_adjusted >= row.p_value


def test_the_difference_from_the_placebo_is_a_control_only_where_the_verdict_rests():
    pairs, rows = simulate(np.random.default_rng(3), {"frequency": 0.05, "placebo": 0.0}, contrasts=("gloss", "background"))
    estimates = estimate(frame(rows), pairs, curve=False)
    found = {row.contrast: row.family for row in estimates if (row.arm, row.term) == ("frequency-placebo", "mean")}
    assert found == {"gloss": None, "background": "exploratory", "gloss_specific": "exploratory", "register_match": "exploratory"}


def test_two_models_are_adjusted_together():
    rng = np.random.default_rng(4)
    pairs, rows = simulate(rng, {"frequency": 0.004}, model="one")
    more = [Observation.from_dict(row.to_dict() | {"model": "two"}) for row in rows]
    estimates = estimate(frame([*rows, *more]), pairs)
    one, two = (find(estimates, model=name, contrast="gloss", term="mean") for name in ("one", "two"))
    assert one.p_adjusted == pytest.approx(max(one.p_value, two.p_value), rel=0.2)


def test_order_of_rows_and_other_models_change_nothing(planted):
    pairs, rows, estimates = planted
    more = [Observation.from_dict(row.to_dict() | {"model": "other"}) for row in rows]
    again = [row for row in estimate(frame(rows[::-1] + more), pairs, seed=0) if row.model == "m"]
    for first, second in zip(estimates, again, strict=True):
        assert first.key == second.key
        assert first.value == pytest.approx(second.value, abs=1e-12)
        assert first.bca_low == pytest.approx(second.bca_low, abs=1e-9)


def test_failed_pairs_are_counted_and_left_out(planted):
    pairs, rows, _ = planted
    broken = [Observation.from_dict(rows[0].to_dict() | {"high": None, "low": None, "decoys": None, "error": "x"}), *rows[1:]]
    row = find(estimate(frame(broken), pairs), contrast="gloss", arm="frequency", term="mean")
    assert (row.n_pairs, row.n_failed) == (79, 1)


def test_everything_failed():
    pairs, rows = simulate(np.random.default_rng(1), {"frequency": 0.0}, items=2)
    broken = [Observation.from_dict(r.to_dict() | {"high": None, "low": None, "decoys": None, "error": "x"}) for r in rows]
    (row,) = estimate(frame(broken), pairs)
    assert (row.value, row.n_failed, row.flags) == (None, 4, ["all_failed"])


@pytest.mark.parametrize(("items", "noise"), [(1, 0.02), (3, 0.0), (2, 0.02)])
def test_tiny_and_constant_data_are_defined(items, noise):
    pairs, rows = simulate(np.random.default_rng(2), {"frequency": 0.0, "placebo": 0.0}, items=items, frames=1, noise=noise)
    for row in estimate(frame(rows), pairs):
        row.check()
        assert row.value is not None


def test_pairs_of_another_file_are_refused(planted):
    pairs, rows, _ = planted
    line = "observations:1: field 'pair_id': the pair file holds no pair 'frequency-0-0'; use the pairs of this run (2 rows like this)"
    with pytest.raises(InputError, match=re.escape(line)):
        estimate(frame(rows), pairs[1:])


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"arm": "frequency"}, "run/o.jsonl:9: field 'arm' is 'frequency', which is not that of pair 'placebo-0-0'"),
        ({"item": "elsewhere"}, "run/o.jsonl:9: field 'item' is 'elsewhere', which is not that of pair 'placebo-0-0'"),
        (
            {"register": "elevated"},
            "run/o.jsonl:10: pair 'placebo-0-0' has a row with the same model, probe, measure, ",
        ),
        ({"measure": "accuracy", "high": 71.0}, "run/o.jsonl:9: 'accuracy' is a share of 1, found 71.0 and 0.5; divide"),
    ],
)
def test_rows_that_do_not_belong_to_their_pair_are_refused(change, line):
    """Silently they would be counted in another arm, or twice."""
    pairs, rows = simulate(np.random.default_rng(9), {"frequency": 0.0, "placebo": 0.0}, items=2)
    changed = [row.replace(**change) if k == 8 else row for k, row in enumerate(rows)]
    with pytest.raises(InputError, match=re.escape(line)):
        estimate(frame(changed), pairs, source="run/o.jsonl")


def test_pairs_the_wrong_way_round_give_no_verdict():
    pairs, rows = simulate(np.random.default_rng(9), {"frequency": 0.05})
    turned = [pair.replace(zipf_gap=-pair.zipf_gap) for pair in pairs]
    estimates = estimate(frame(rows), turned, curve=False)
    assert "reversed" in find(estimates, contrast="gloss", arm="frequency", term="mean").flags
    assert verdicts(estimates)[0].headline.startswith(
        "Cannot tell: on average the high form of these pairs is not the more frequent one. Swap the sides"
    )


def test_one_register_is_said():
    pairs, rows = simulate(np.random.default_rng(9), {"frequency": 0.05})
    for kept in ({"plain"}, {"plain", "elevated"}):
        estimates = estimate(frame([row for row in rows if row.register in kept]), pairs, curve=False)
        alone = len(kept) == 1
        assert ("one_register" in find(estimates, contrast="gloss", arm="frequency", term="mean").flags) is alone
        assert any("in one register only" in text for text in verdicts(estimates)[0].findings) is alone


def test_what_is_missing_from_a_difference_is_what_either_side_lacks():
    pairs, rows = simulate(np.random.default_rng(9), {"frequency": 0.05}, items=10, contrasts=("gloss", "background"))
    gone = {"gloss": {pair.id for pair in pairs[:3]}, "background": {pair.id for pair in pairs[3:5]}}
    failed = [r.replace(high=None, low=None, decoys=None, error="no") if r.pair_id in gone[r.contrast] else r for r in rows]
    row = find(estimate(frame(failed), pairs, curve=False), contrast="gloss_specific", arm="frequency", term="mean")
    assert (row.n_pairs, row.n_failed) == (15, 5)


def test_crossed_rows_alone_have_no_levels():
    pairs, _ = simulate(np.random.default_rng(9), {"frequency": 0.0}, items=12, frames=1)
    cells = {"hh": 0.9, "hl": 0.4, "lh": 0.5, "ll": 0.8}
    common = {"probe": "similarity", "measure": "cosine", "contrast": "crossed", "model": "m", "cells": cells}
    row = find(estimate(frame([Observation(pair_id=p.id, item=p.item, **common) for p in pairs]), pairs), contrast="match", term="mean")
    assert (row.high_mean, row.low_mean) == (None, None)


def likelihood_row(pair, high, low):
    return Observation(
        pair_id=pair.id,
        item=pair.item,
        probe="likelihood",
        measure="log_prob_nats",
        contrast="raw",
        model="m",
        high=high,
        low=low,
    )


@pytest.mark.parametrize("slope", [1.0, 1.5])
def test_calibration_slope(slope):
    rng = np.random.default_rng(5)
    pairs, _ = simulate(rng, {"frequency": 0.0})
    rows = [likelihood_row(p, slope * np.log(10) * p.zipf_gap + rng.normal(0, 0.3), 0.0) for p in pairs]
    estimates = estimate(frame(rows), pairs)
    row = find(estimates, contrast="calibration", term="mean")
    assert row.ci_low <= slope <= row.ci_high
    assert (row.p_value < 0.05) == (slope != 1.0)
    assert find(estimates, contrast="raw", arm="frequency").p_value is None


def test_a_corpus_model_has_slope_one_however_many_words_are_swapped():
    rng = np.random.default_rng(6)
    pairs = []
    for k in range(40):
        words = 1 + k % 3
        sides = [" ".join(["it is"] + [f"{side}{word}" for word in "abc"[:words]]) for side in ("common", "scarce")]
        pairs.append(Pair(id=str(k), item=str(k), high=sides[0], low=sides[1], zipf_gap=float(rng.uniform(0.7, 3))))
    longer = Pair(id="longer", item="longer", high="it is one", low="it is another one altogether", zipf_gap=1.0)
    swapped = {p.id: 1 + k % 3 for k, p in enumerate(pairs)} | {"longer": 9}
    rows = [likelihood_row(p, np.log(10) * swapped[p.id] * p.zipf_gap + rng.normal(0, 0.1), 0.0) for p in [*pairs, longer]]
    row = find(estimate(frame(rows), [*pairs, longer]), contrast="calibration", term="mean")
    assert row.value == pytest.approx(1, abs=0.03)  # about 1.7 where the number of words is not counted
    assert row.n_pairs == 40


@pytest.mark.parametrize("pairs_per_item", [1, 2])
def test_binary_outcomes_show_both_discordant_counts(pairs_per_item):
    """14 pairs right in the high form only, 4 in the low form only, 12 alike; McNemar only where each item has one pair."""
    outcomes = [(1, 0)] * 14 + [(0, 1)] * 4 + [(1, 1)] * 12
    names = [str(k // pairs_per_item) for k in range(30)]
    pairs = [Pair(id=str(k), item=name, high=f"high {k}", low=f"low {k}", zipf_gap=1.0) for k, name in enumerate(names)]
    rows = [
        Observation(pair_id=str(k), item=name, probe="p", measure="accuracy", contrast="gap", model="m", high=high, low=low)
        for k, (name, (high, low)) in enumerate(zip(names, outcomes, strict=True))
    ]
    row = find(estimate(frame(rows), pairs), term="discordant")
    assert row.details == {"high_only": 14, "low_only": 4}
    assert row.value == pytest.approx(10 / 30)
    if pairs_per_item == 1:
        assert row.p_value == pytest.approx(2 * sum(math.comb(18, k) for k in range(5)) / 2**18)
    else:
        assert row.p_value is None


def similarity_row(pair, contrast, gap, margin, measure="cosine", **fields):
    """Return a row of which the high form lies `gap` above the low one, and both `margin` above their decoys."""
    values = {"high": 0.5 + gap, "low": 0.5, "decoys": {"high": 0.5 + gap - margin, "low": 0.5 - margin}}
    own = {"probe": "similarity", "measure": measure, "model": "m"} | fields
    return Observation(pair_id=pair.id, item=pair.item, arm=pair.arm, contrast=contrast, **own, **values)


def test_every_contrast_is_relative_to_the_confirmatory_margin():
    """Against other items' glosses exact and decoy lie alike: a ratio over that difference would be noise."""
    rng = np.random.default_rng(9)
    pairs, _ = simulate(rng, {"frequency": 0.0})
    rows = [similarity_row(pair, "gloss", 0.02, 0.4) for pair in pairs]
    rows += [similarity_row(pair, "background", 0.01, rng.normal(0, 0.001)) for pair in pairs]
    estimates = estimate(frame(rows), pairs)
    for contrast, value in (("gloss", 0.05), ("background", 0.025), ("gloss_specific", 0.025)):
        row = find(estimates, contrast=contrast, term="relative")
        assert (row.value, row.n_pairs) == (pytest.approx(value), len(pairs))
        assert row.ci_low <= value + 1e-12
        assert row.ci_high >= value - 1e-12


@pytest.mark.parametrize("gap", [0.0, 0.1])
def test_a_margin_of_zero_gives_no_relative_gap(gap):
    """A model whose window ends before the words that differ gives exact and decoy the same number."""
    pairs, _ = simulate(np.random.default_rng(9), {"frequency": 0.0}, items=3)
    rows = [similarity_row(pair, "gap", gap, 0.0, measure, probe="p") for pair in pairs for measure in ("accuracy", "cosine")]
    assert not [row for row in estimate(frame(rows), pairs) if row.term == "relative"]


def test_a_margin_that_may_be_zero_gives_a_ratio_without_interval_and_no_bound():
    pairs, _ = simulate(np.random.default_rng(9), {"frequency": 0.0}, items=10, frames=1)
    rows = [similarity_row(pair, "gloss", 0.02, margin) for pair, margin in zip(pairs, [0.5, -0.4] * 5, strict=True)]
    estimates = estimate(frame(rows), pairs)
    row = find(estimates, contrast="gloss", term="relative")
    assert (row.value, row.ci_low, row.flags) == (pytest.approx(0.02 / 0.05), None, ["margin_not_told"])
    assert find(estimates, contrast="gloss", term="mean").bound is None  # a tenth of what may be nothing is no smallest effect
    assert not [row for row in estimates if row.term.startswith("equivalence")]


def test_levels_are_means_over_items_and_make_up_the_gap():
    pairs, rows = simulate(np.random.default_rng(10), {"frequency": 0.05, "placebo": 0.0}, contrasts=("gloss", "background"))
    table, estimates = frame(rows), estimate(frame(rows), pairs, curve=False)
    for contrast in ("gloss", "background"):
        row = find(estimates, contrast=contrast, arm="frequency", term="mean")
        own = table[(table["contrast"] == contrast) & (table["arm"] == "frequency")]
        levels = own.groupby("item")[["high", "low"]].mean().mean()
        assert (row.high_mean, row.low_mean) == (pytest.approx(levels["high"]), pytest.approx(levels["low"]))
        assert row.high_mean - row.low_mean == pytest.approx(row.value)
    derived = find(estimates, contrast="gloss_specific", arm="frequency", term="mean")
    assert (derived.high_mean, derived.low_mean) == (None, None)


def test_a_pair_without_a_known_frequency_costs_only_itself():
    pairs, rows = simulate(np.random.default_rng(11), {"frequency": 0.05})
    unknown = [
        Pair.from_dict(p.to_dict() | {"zipf_gap": None, "high": "qzxv wvxq", "low": "xqvz"}) if k == 0 else p for k, p in enumerate(pairs)
    ]
    estimates = estimate(frame(rows), unknown, curve=False)
    assert find(estimates, contrast="gloss", term="mean").n_pairs == len(pairs)
    assert find(estimates, term="zipf_slope").n_pairs == len(pairs) - 1


def test_no_calibration_at_equal_length_where_length_goes_with_frequency():
    rng = np.random.default_rng(12)
    terms = []
    for spread in (0.01, 3.0):
        pairs, _ = simulate(rng, {"frequency": 0.0})
        lengths = [20 + round(10 * p.zipf_gap + rng.normal(0, spread)) for p in pairs]
        pairs = [Pair.from_dict(p.to_dict() | {"low": p.high + "x" * n}) for p, n in zip(pairs, lengths, strict=True)]
        rows = [likelihood_row(p, p.zipf_gap + rng.normal(0, 0.3), 0.0) for p in pairs]
        terms.append({row.term for row in estimate(frame(rows), pairs) if row.contrast == "calibration"})
    assert terms == [{"mean", "corrected"}, {"mean", "adjusted", "corrected"}]


def twins(pairs, gap, models=("m",), left_out=0, shift=0.0):
    """Return rows of `similarity` and of `inversion`, whose margins by form of the exact text are the same number."""
    rows = []
    for model in models:
        for k, pair in enumerate(pairs):
            rows.append(similarity_row(pair, "gloss", gap(k), 0.4, model=model))
            if k >= left_out:
                rows.append(similarity_row(pair, "exact_form", gap(k) + shift, 0.4, probe="inversion", model=model))
    return rows


def test_one_number_under_two_names_is_one_test():
    rng = np.random.default_rng(13)
    pairs, _ = simulate(rng, {"frequency": 0.0}, items=30, frames=1)
    gaps = rng.normal(0.011, 0.03, 30)
    other = [similarity_row(pair, "gloss", rng.normal(0, 0.03), 0.4, model="null") for pair in pairs]
    alone = estimate(frame(twins(pairs, gaps.__getitem__, left_out=30) + other), pairs, curve=False)
    both = estimate(frame(twins(pairs, gaps.__getitem__) + other), pairs, curve=False)
    expected = find(alone, model="m", probe="similarity", contrast="gloss", term="mean", arm="frequency")
    found = [row for row in both if row.model == "m" and row.family == "confirmatory"]
    assert [row.probe for row in found] == ["inversion", "similarity"]
    assert [row.p_adjusted for row in found] == pytest.approx([expected.p_adjusted] * 2, abs=0.005)
    assert expected.p_adjusted == pytest.approx(min(1, 2 * expected.p_value), abs=0.005)
    slopes = [row.p_adjusted for row in both if (row.model, row.term) == ("m", "zipf_slope")]
    assert slopes[0] == slopes[1]


@pytest.mark.parametrize("change", [{"left_out": 1}, {"shift": 0.001}])
def test_numbers_that_differ_are_two_tests(change):
    rng = np.random.default_rng(14)
    pairs, _ = simulate(rng, {"frequency": 0.0}, items=30, frames=1)
    gaps = rng.normal(0.011, 0.03, 30)
    both = [r for r in estimate(frame(twins(pairs, gaps.__getitem__, **change)), pairs, curve=False) if r.family == "confirmatory"]
    assert len(repeated(both, Judgements())) == 0
    assert max(row.p_adjusted for row in both) == max(row.p_value for row in both)


def test_shares_of_items_on_either_side():
    pairs, _ = simulate(np.random.default_rng(9), {"frequency": 0.0}, items=4, frames=1)
    rows = [similarity_row(pair, "gap", gap, 0.4, probe="p") for pair, gap in zip(pairs, (0.25, 0.0, 0.0, -0.25), strict=True)]
    row = find(estimate(frame(rows), pairs), term="mean")
    assert (row.share_positive, row.share_negative) == (0.25, 0.25)


def test_pairs_that_the_difference_of_arms_leaves_out_are_not_counted():
    """Three of ten placebo items are frequency items too: too few to compare within, so their placebo pairs are left out."""
    rng = np.random.default_rng(15)
    pairs, rows = simulate(rng, {"frequency": 0.05, "placebo": 0.0}, items=10)
    renamed = {f"placebo-{k}": f"frequency-{k}" for k in range(3)}
    pairs, rows = (
        [type(row).from_dict(row.to_dict() | {"item": renamed.get(row.item, row.item)}) for row in own] for own in (pairs, rows)
    )
    row = find(estimate(frame(rows), pairs, curve=False), contrast="gloss", arm="frequency-placebo")
    assert (row.n_items, row.n_pairs) == (17, 34)


@pytest.mark.parametrize(
    ("measure", "items", "flag"), [("cosine", 28, False), ("cosine", 29, True), ("accuracy", 148, False), ("accuracy", 149, True)]
)
def test_a_few_equal_gaps_are_no_proof_of_equivalence(measure, items, flag):
    """Two items of gap zero have no spread; 95 % sure that under 10 % (2 %) of all items differ takes 29 (149) without one."""
    pairs, _ = simulate(np.random.default_rng(9), {"frequency": 0.0}, items=items, frames=1)
    rows = [similarity_row(pair, "gap", 0.0, 0.4, measure, probe="p") for pair in pairs]
    row = find(estimate(frame(rows), pairs, curve=False), arm="frequency", term="equivalence")
    assert row.flags == ["equivalent" if flag else "not_equivalent"]
