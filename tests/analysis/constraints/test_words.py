"""Words from intervals: by hand, and in simulated worlds in which a word has to appear, and in which it must not."""

import numpy as np
import pytest
from scipy import stats

from freqbias.analysis.constraints.claims import BM25, DENSE, LANGUAGE_MODEL, PAIR, Limits, claims
from freqbias.analysis.constraints.words import ABSENT, PRESENT, RELAXED, ROUTED, UNTOLD, blocked, word_of

GAP = Limits(present=0.1, absent=0.02, why="")
AUC = Limits(present=0.6, absent=0.9, why="")
ABOUT = ("dense", "bm25")
DRAWS, SPREAD = 400, 0.4  # runs of a world; standard deviation of an item's gap, as win rates have
LEVEL = 0.025  # of a 95 % interval on one side
MOST_FALSE = stats.binom.ppf(0.999, DRAWS, LEVEL) / DRAWS
OFTEN = 0.95


@pytest.mark.parametrize(
    ("low", "high", "limits", "architecture", "word", "left"),
    [
        (0.12, 0.3, GAP, DENSE, PRESENT, ()),
        (0.03, 0.09, GAP, DENSE, RELAXED, ()),
        (-0.3, 0.01, GAP, DENSE, ABSENT, ()),
        (-0.3, 0.01, GAP, PAIR, ROUTED, ()),
        (0.05, 0.3, GAP, DENSE, UNTOLD, (PRESENT, RELAXED)),
        (0.0, 0.09, GAP, DENSE, UNTOLD, (RELAXED, ABSENT)),
        (-1, 1, GAP, PAIR, UNTOLD, (PRESENT, RELAXED, ROUTED)),
        (0.03, 0.3, GAP, BM25, PRESENT, ()),  # no training has made it, so nothing is relaxed
        (0.0, 0.09, GAP, BM25, UNTOLD, (PRESENT, ABSENT)),
        (0.4, 0.55, AUC, DENSE, PRESENT, ()),
        (0.65, 0.8, AUC, DENSE, RELAXED, ()),
        (0.92, 0.99, AUC, DENSE, ABSENT, ()),
        (0.92, 0.99, AUC, LANGUAGE_MODEL, ROUTED, ()),
        (0.55, 0.7, AUC, DENSE, UNTOLD, (PRESENT, RELAXED)),
        (0.1, 0.1, GAP, DENSE, PRESENT, ()),  # a limit belongs to the outer part
        (0.02, 0.02, GAP, DENSE, ABSENT, ()),
    ],
)
def test_by_hand(low, high, limits, architecture, word, left):
    found = word_of(low, high, limits, architecture, ABOUT)
    assert (found.word, found.left) == (word, left)


def test_every_interval_has_a_word_and_the_two_directions_are_one_rule():
    for low in np.linspace(-0.3, 0.3, 25):
        for high in np.linspace(low, 0.3, 25):
            up = word_of(low, high, GAP, DENSE, ABOUT)
            down = word_of(-high, -low, Limits(present=-0.1, absent=-0.02, why=""), DENSE, ABOUT)
            assert up == down
            assert (up.word == UNTOLD) == (len(up.left) > 1)


def shares(true, n, architecture=DENSE):
    """Return how often each word is said of runs of `n` items with a true gap, by their t intervals."""
    rng = np.random.default_rng(19)
    gaps = rng.normal(true, SPREAD, (DRAWS, n))
    half = stats.t.ppf(0.975, n - 1) * gaps.std(axis=1, ddof=1) / np.sqrt(n)
    means = gaps.mean(axis=1)
    words = [word_of(mean - h, mean + h, GAP, architecture, ABOUT).word for mean, h in zip(means, half, strict=True)]
    return {word: words.count(word) / DRAWS for word in (PRESENT, RELAXED, ROUTED, ABSENT, UNTOLD)}


@pytest.mark.parametrize(
    ("word", "true", "n", "architecture"),
    [
        (PRESENT, 0.25, 200, DENSE),
        (PRESENT, 0.06, 2000, BM25),
        (RELAXED, 0.06, 2000, DENSE),
        (ABSENT, -0.02, 2000, DENSE),
        (ROUTED, -0.02, 2000, PAIR),
        (UNTOLD, 0.06, 60, DENSE),
    ],
)
def test_a_word_appears_in_its_world(word, true, n, architecture):
    assert shares(true, n, architecture)[word] >= OFTEN


@pytest.mark.parametrize(
    ("word", "true", "architecture"),
    [
        (PRESENT, 0.0999, DENSE),  # at the limit, where a wrong word is likeliest
        (PRESENT, 0.0, DENSE),
        (RELAXED, 0.1001, DENSE),
        (RELAXED, 0.0199, DENSE),
        (RELAXED, 0.06, BM25),
        (ABSENT, 0.0201, DENSE),
        (ABSENT, -0.02, PAIR),
        (ROUTED, 0.0201, PAIR),
        (ROUTED, -0.02, DENSE),
    ],
)
@pytest.mark.parametrize("n", [50, 1000])
def test_a_word_stays_away_from_another_world(word, true, architecture, n):
    assert shares(true, n, architecture)[word] <= MOST_FALSE


@pytest.mark.parametrize(("true", "architecture"), [(0.25, DENSE), (-0.2, PAIR)])
def test_what_is_plain_is_told(true, architecture):
    assert shares(true, 2000, architecture)[UNTOLD] == 0


def claim(name):
    return next(own for own in claims() if own.name == name)


@pytest.mark.parametrize(
    ("name", "levels", "reason"),
    [
        ("exact-loses", (0.5, 0.5), "at_floor"),  # ties everywhere, as counts of words give
        ("exact-loses", (0.6, 0.4), None),
        ("exact-loses", (1.0, 0.99), "at_ceiling"),
        ("exact-loses", (0.8, 0.7), None),
        ("frequent-wins", (0.5, 0.5), "at_floor"),
        ("frequent-wins", (0.01, 0.0), "at_ceiling"),
        ("frequent-wins", (0.3, 0.2), None),
        ("rank", (0.01, 0.01), "at_floor"),
        ("role", (0.5, 0.5), None),  # of a level itself there is nothing to block
        ("exact-loses", None, None),
    ],
)
def test_where_nothing_can_move_no_word_is_said(name, levels, reason):
    assert blocked(claim(name), levels) == reason
