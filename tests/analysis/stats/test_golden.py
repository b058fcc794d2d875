"""Statistics against R's numbers in tests/golden/r.json, made by make.R beside it, to the digits stated here."""

import json
from pathlib import Path

import numpy as np
import pytest

from freqbias.analysis.stats import resampling

R = json.loads((Path(__file__).parents[2] / "golden" / "r.json").read_text())
VALUES, OTHER = np.array(R["values"]), np.array(R["other"])


def test_t_interval():
    found = resampling.t_interval(VALUES)
    assert (found.low, found.high) == (pytest.approx(R["t"]["low"], rel=1e-9), pytest.approx(R["t"]["high"], rel=1e-9))


def test_tost():
    assert resampling.tost_p(VALUES, R["tost"]["bound"]) == pytest.approx(R["tost"]["p"], rel=1e-9)


def test_welch():
    found = resampling.welch(VALUES, OTHER, np.random.default_rng(0))
    assert (found.low, found.high) == (pytest.approx(R["welch"]["low"], rel=1e-9), pytest.approx(R["welch"]["high"], rel=1e-9))
    assert found.p_value == pytest.approx(R["welch"]["p"], abs=0.01)  # ours permutes, R's assumes normal values


def test_bca():
    """R drew 200,000 bootstrap samples; the ends agree to the Monte Carlo error of ours, under a hundredth of the width."""
    found = resampling.bca_interval(VALUES, np.random.default_rng(0), resamples=100_000)
    width = R["bca"]["high"] - R["bca"]["low"]
    assert found.low == pytest.approx(R["bca"]["low"], abs=0.01 * width)
    assert found.high == pytest.approx(R["bca"]["high"], abs=0.01 * width)


def test_mcnemar():
    assert resampling.mcnemar_p(R["mcnemar"]["b"], R["mcnemar"]["c"]) == pytest.approx(R["mcnemar"]["exact_p"], rel=1e-9)
    assert resampling.mcnemar_p(0, 0) == 1.0


def test_mcnemar_of_adam_s_law():
    """Table 2 of arXiv:2604.02176: of 575 questions 64 are right in frequent wording only, 51 in rare wording only."""
    assert round(resampling.mcnemar_p(64, 51), 3) == 0.263


def test_abc():
    """R differentiates numerically; ours are the derivatives themselves."""
    margins = np.array(R["margins"])
    found = [resampling.abc_interval(VALUES), resampling.abc_interval(VALUES, margins)]
    for interval, name in zip(found, ("mean", "ratio"), strict=True):
        assert (interval.low, interval.high) == pytest.approx(tuple(R["abc"][name]), rel=1e-6)
