"""What a report says comes from fields: other words in `method`, which is for readers, change nothing."""

from pathlib import Path

import numpy as np
import pytest

from freqbias.analysis import estimate, frame
from freqbias.analysis.design.simulate import World, simulate
from freqbias.analysis.figures.specification_curve import specification_curve
from freqbias.analysis.figures.svg import Subject
from freqbias.analysis.report.verdict import verdicts
from freqbias.files import read_estimates
from freqbias.judgement import Judgements

ANSWERS = World(items=200, effect=-0.9, per_zipf=0.5, zipf_spread=0.6, discordant=0.5)
EXAMPLE = Path(__file__).parents[3] / "results" / "example"


def answers():
    """Return estimates of right and wrong answers."""
    run = simulate(ANSWERS, np.random.default_rng(0))
    return estimate(frame(run.observations), run.pairs, resamples=99, curve=False)


def without_values():
    """Return estimates among which are slopes and series that have none."""
    return [
        row.replace(value=None, ci_low=None, ci_high=None, details={"reason": "a reason"}) if "slope" in row.term else row
        for row in answers()
    ]


@pytest.mark.parametrize("made", [answers, without_values, lambda: list(read_estimates(EXAMPLE))])
def test_verdicts_read_no_method(made):
    rows = made()
    other = [row.replace(method="in other words: none; 3 pairs") for row in rows]
    assert verdicts(other) == verdicts(rows)


def test_a_missing_slope_is_explained_by_its_reason():
    (found,) = verdicts(without_values())
    assert any(sentence.endswith("no slope is given, a reason.") for sentence in found.findings)


def test_the_curve_reads_no_method():
    rows = list(read_estimates(EXAMPLE))
    subject = Subject(model="minilm", probe="similarity", measure="cosine", key="k", judgement=Judgements()["similarity"])
    other = [row.replace(method="in other words") for row in rows]
    assert specification_curve(subject, other).svg == specification_curve(subject, rows).svg
    assert "aggregation: item means" in specification_curve(subject, rows).svg
