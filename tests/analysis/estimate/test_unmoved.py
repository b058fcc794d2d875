"""A model that scores both wordings exactly the same in most pairs sees nothing that differs: no effect, and no evidence of none."""

import numpy as np
import pytest

from freqbias.analysis import estimate, frame
from freqbias.analysis.design.simulate import simulate
from freqbias.analysis.design.world import World
from freqbias.analysis.report.verdict import verdicts

RUN = simulate(World(items=60, placebo_items=30, pair_spread=0.05), np.random.default_rng(0))


def of(moved, *, probe="similarity", measure="cosine", contrast="gloss"):
    """Return the mean and the verdict of a run in whose frequency arm so large a share of the pairs differs at all."""
    rng = np.random.default_rng(1)
    same = {pair.id for pair in RUN.pairs if rng.random() >= moved}
    rows = [row.replace(low=row.high if row.pair_id in same else row.low, probe=probe, measure=measure) for row in RUN.observations]
    rows = [row.replace(contrast=contrast) for row in rows]
    found = estimate(frame(rows), RUN.pairs, curve=False, resamples=199)
    (verdict,) = verdicts(found)
    mean = next(row for row in found if (row.term, row.arm, row.contrast) == ("mean", "frequency", contrast))
    return mean, verdict


def test_most_pairs_the_same_cannot_be_measured():
    mean, verdict = of(0.02)
    assert "unmoved" in mean.flags
    assert mean.details["same_share"] == pytest.approx(0.98, abs=0.03)
    assert verdict.rules[0] == "unmoved"
    assert verdict.told.answers[0].said == "cannot be measured"


@pytest.mark.parametrize("moved", [0.3, 1.0])
def test_a_model_that_moves_is_measured(moved):
    mean, verdict = of(moved)
    assert "unmoved" not in mean.flags
    assert verdict.rules[0] != "unmoved"


def test_ranks_and_shares_that_are_the_same_are_a_finding():
    mean, _ = of(0.02, probe="retrieval", measure="negative_rank", contrast="document_form")
    assert "unmoved" not in mean.flags
