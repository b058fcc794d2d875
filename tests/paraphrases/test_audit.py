"""The audit against planted differences."""

import numpy as np
import pytest
from freqbias.paraphrases.audit import audit, paired_dz
from freqbias.records import Pair


def pair(i, high, low, arm="frequency", **fields):
    return Pair(id=f"{arm}{i}", item=str(i), arm=arm, high=high, low=low, **fields)


def test_paired_dz_by_hand():
    differences = np.array([1.0, 2.0, 3.0, 4.0])
    assert paired_dz(differences) == pytest.approx(2.5 / np.std(differences, ddof=1))
    assert paired_dz(np.zeros(3)) == 0.0
    assert paired_dz(np.ones(3)) is None
    assert paired_dz(np.array([1.0])) is None


def test_columns_arms_and_given_covariates():
    rows = [pair(i, "the car stopped", "the jalopy stopped", covariates={"formality": [0, -1 - i % 2]}) for i in range(6)]
    rows += [pair(i, "the lawyer left", "the attorney left", arm="placebo") for i in range(3)]
    result = audit(rows)
    assert result["n_pairs"] == 6
    assert set(result["arms"]) == {"frequency", "placebo"}
    words = result["covariates"]["words"]
    assert words["high_mean"] == words["low_mean"] == 3
    assert (words["dz"], words["auc"]) == (0.0, 0.5)
    assert result["covariates"]["formality"]["dz"] == pytest.approx(1.5 / np.std([1, 2, 1, 2, 1, 2], ddof=1))
    assert result["covariates"]["content_zipf"]["auc"] == 1.0


def test_length_confound_is_named():
    fill = ["", " now", " right now", " right now then"]
    rows = [pair(i, "the car stopped", "the vehicle stopped" + fill[i % 4]) for i in range(40)]
    codes = {(verdict["code"], verdict["level"]) for verdict in audit(rows)["verdicts"]}
    assert any(code == "length_confound" for code, _ in codes)


def test_frequency_gap_running_backwards_or_missing():
    backwards = [pair(i, f"the jalopy stopped at {i}", f"the car stopped at {i}") for i in range(5)]
    assert audit(backwards)["verdicts"][0]["level"] == "backwards"
    assert audit([pair(0, "a", "b", arm="length")])["verdicts"][0]["level"] == "absent"
