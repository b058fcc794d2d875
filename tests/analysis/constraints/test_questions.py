"""The two open questions: a word for every constellation of intervals, and the command where nothing could be asked."""

import pytest

from freqbias.analysis.constraints.claims import Limits
from freqbias.analysis.constraints.questions import inherits, questions, shrinks

LIMITS = Limits(present=0.1, absent=0.02, why="")
UP, DOWN, OPEN = (0.01, 0.1), (-0.1, -0.01), (-0.1, 0.1)


@pytest.mark.parametrize(
    ("first", "second", "difference", "word"),
    [
        ((-0.01, 0.2), (0.1, 0.2), OPEN, "untold"),  # nothing to inherit
        ((0.1, 0.2), (-0.05, 0.01), DOWN, "no"),
        ((0.1, 0.2), (0.05, 0.1), DOWN, "part"),
        ((0.1, 0.2), (0.05, 0.2), OPEN, "yes"),
        ((0.1, 0.2), (0.2, 0.4), UP, "yes"),
        ((0.1, 0.2), (-0.05, 0.2), OPEN, "untold"),
    ],
)
def test_whether_a_verifier_has_the_gap(first, second, difference, word):
    assert inherits(first, second, difference, LIMITS) == word


@pytest.mark.parametrize(
    ("before", "gap", "margin", "relative", "word"),
    [
        (OPEN, DOWN, DOWN, DOWN, "untold"),  # no gap before
        (UP, DOWN, DOWN, DOWN, "gap"),
        (UP, DOWN, UP, DOWN, "gap"),
        (UP, DOWN, DOWN, OPEN, "margin"),
        (UP, DOWN, DOWN, UP, "neither"),
        (UP, UP, UP, OPEN, "neither"),
        (UP, OPEN, OPEN, OPEN, "untold"),
        (UP, DOWN, OPEN, OPEN, "untold"),
    ],
)
def test_what_training_shrank(before, gap, margin, relative, word):
    assert shrinks(before, gap, margin, relative) == word


def test_a_scale_alone_shrinks_the_margin_and_not_the_gap():
    """All scores halved: gap and margin fall, gap ÷ margin stays."""
    import numpy as np

    rng = np.random.default_rng(3)
    gap, margin = rng.normal(0.1, 0.1, 400), rng.normal(0.5, 0.1, 400)

    def ends(values):
        half = 1.96 * values.std(ddof=1) / 20
        return values.mean() - half, values.mean() + half

    halved = ends(gap / 2 - gap), ends(margin / 2 - margin), (-0.01, 0.01)
    assert shrinks(ends(gap), *halved) == "margin"


def test_open_questions_say_the_command():
    found = questions([], None, None)
    assert [own.name for own in found] == ["verifiers", "training"]
    for own in found:
        ((word, lines),) = own.lines
        assert word == "open"
        assert f"freqbias constraints {' '.join(own.command[2:])}" in lines[1]
        assert own.document()["command"] == list(own.command)
