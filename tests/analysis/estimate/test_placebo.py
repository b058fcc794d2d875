"""The placebo by what orients it: parts that cancel are not nothing, and a small difference is said beside equivalence."""

import numpy as np
import pytest
from handmade import centred, couple, estimates_of


def run(rng, effects, sd=0.01):
    """Return estimates; `effects` maps what orients the placebo to its mean gap and number of items."""
    made = [couple(gap, f"f{k}", name=f"f{k}") for k, gap in enumerate(centred(rng, 20, 0.0, 0.05))]
    for name, (effect, count) in effects.items():
        own = enumerate(centred(rng, count, effect, sd))
        made += [couple(gap, f"{name} {k}", name=f"{name} {k}", arm="placebo", dose=0.0, oriented_by=name) for k, gap in own]
    return estimates_of(made)


def test_parts_that_cancel_are_not_equivalent():
    found = run(np.random.default_rng(0), {"subwords": (-0.025, 40), "characters": (0.025, 40)})
    whole = found["placebo", "equivalence"]
    assert whole.value == pytest.approx(0.0, abs=1e-9)
    assert whole.flags == ["not_equivalent", "differs"]
    assert whole.p_value > 0.05
    assert found["placebo", "placebo_joint"].p_value == pytest.approx(0.001)
    assert found["placebo", "placebo_joint"].value == pytest.approx(0.025)
    assert found["placebo", "placebo_joint"].details["means"] == pytest.approx({"subwords": -0.025, "characters": 0.025})
    assert found["placebo", "placebo_joint"].family is None


def test_small_parts_that_cancel_are_equivalent_and_differ():
    found = run(np.random.default_rng(1), {"subwords": (-0.012, 40), "characters": (0.012, 40)})
    assert found["placebo", "equivalence"].flags == ["equivalent", "differs"]
    assert found["placebo", "equivalence:subwords"].flags == ["equivalent", "differs"]


def test_nothing_in_any_part_is_equivalent_and_does_not_differ():
    found = run(np.random.default_rng(2), {"subwords": (0.0005, 40), "characters": (-0.0005, 40)})
    assert found["placebo", "equivalence"].flags == ["equivalent"]
    assert found["placebo", "placebo_joint"].p_value > 0.2


def test_a_part_of_fewer_than_five_items_decides_nothing():
    found = run(np.random.default_rng(3), {"subwords": (0.0, 40), "formal": (0.03, 4)})
    assert found["placebo", "equivalence:formal"].flags == ["not_equivalent", "differs"]
    assert "equivalent" in found["placebo", "equivalence"].flags
    five = run(np.random.default_rng(3), {"subwords": (0.0, 40), "formal": (0.03, 5)})
    assert "not_equivalent" in five["placebo", "equivalence"].flags


def test_a_placebo_that_differs_within_the_bound_says_both():
    found = run(np.random.default_rng(4), {"subwords": (0.008, 60)})
    assert found["placebo", "equivalence"].flags == ["equivalent", "differs"]
    assert found["placebo", "mean"].p_value < 0.01


def test_a_placebo_without_orientation_has_no_joint_test():
    made = [couple(gap, f"f{k}", name=f"f{k}") for k, gap in enumerate(np.linspace(-0.1, 0.1, 12))]
    made += [couple(gap, f"p{k}", name=f"p{k}", arm="placebo", dose=0.0) for k, gap in enumerate(np.linspace(-0.01, 0.01, 12))]
    found = estimates_of(made)
    assert ("placebo", "placebo_joint") not in found
    assert found["placebo", "equivalence"].flags == ["equivalent"]
