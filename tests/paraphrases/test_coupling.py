"""Which two rewrites are a pair: against a search through all couples with formulas of its own."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
import wordfreq

from freqbias.frequency import content_zipf, zipf_gap
from freqbias.paraphrases.candidates import Candidate
from freqbias.paraphrases.coupling import Limits, frequency_couple, placebo_couple

COMMON = ["car", "house", "start", "help", "big", "water", "money", "street", "friend", "work"]
RARE = ["jalopy", "abode", "commence", "succour", "capacious", "brine", "lucre", "boulevard", "confidant", "toil"]
MIDDLE = ["vehicle", "cabin", "launch", "assist", "vast", "fluid", "cash", "avenue", "buddy", "labour"]


def made(*texts, kind="common"):
    return [Candidate(original="x", kind=kind, number=k, answer=text, text=text) for k, text in enumerate(texts)]


def drawn(rng, kind):
    """Return a rewrite of 3 to 8 words, each from one of three lists."""
    lists = (COMMON, MIDDLE) if kind == "common" else (RARE, MIDDLE, COMMON)
    words = [str(rng.choice(lists[rng.integers(len(lists))])) for _ in range(rng.integers(3, 9))]
    return " ".join(words)


def mean(text):
    return np.mean([wordfreq.zipf_frequency(word, "en") for word in text.split()])


def dice(first, second):
    shared = sum((Counter(first.split()) & Counter(second.split())).values())
    return 2 * shared / (len(first.split()) + len(second.split()))


def one_length(first, second, ratio):
    sizes = sorted((len(first.split()), len(second.split())))
    return sizes[1] / sizes[0] <= ratio + 1e-9


@pytest.mark.parametrize("seed", range(60))
def test_the_couple_is_the_one_that_a_full_search_finds(seed):
    rng = np.random.default_rng(seed)
    ratio = float(rng.choice([1.0, 1.1, 1.25, 1.5]))
    rows = [row for kind in ("common", "uncommon") for row in made(*(drawn(rng, kind) for _ in range(6)), kind=kind)]
    best, equal = None, None
    for first, second in combinations(rows, 2):
        if not one_length(first.text, second.text, ratio) or dice(first.text, second.text) > 0.9 + 1e-9:
            continue
        gap, own = mean(first.text) - mean(second.text), zipf_gap(first.text, second.text).value
        if first.kind != second.kind and own >= 0.3 and gap > 0 and (best is None or gap > best[0] + 1e-12):
            best = (gap, first.text, second.text)
        key = (first.kind == second.kind, dice(first.text, second.text))
        if max(abs(own), abs(gap)) <= 0.1 and (equal is None or key < equal[0]):
            equal = (key, {first.text, second.text})
    limits = Limits(ratio=ratio)
    found = frequency_couple(rows, limits, Counter())
    assert (found and (found.high.text, found.low.text)) == (best and best[1:])
    if best:
        assert found.content_gap == pytest.approx(best[0], abs=1e-9)
    placebo = placebo_couple(rows, limits, Counter())
    assert (placebo and {placebo.high.text, placebo.low.text}) == (equal and equal[1])


def test_the_widest_gap_waits_for_its_length():
    common = made("The car stood by the house.", "The car stood there by the big old house.")
    rare = made("The jalopy stood by the abode.", "The jalopy was standing there by the capacious old abode of succour.", kind="uncommon")
    left = Counter()
    found = frequency_couple([*common, *rare], Limits(), left)
    assert (found.high, found.low) == (common[0], rare[0])
    assert left == {"of unequal length": 3}
    wide = frequency_couple([*common, *rare], Limits(ratio=2.0), Counter())
    assert wide.content_gap >= found.content_gap
    words = [len(row.text.split()) for row in (found.high, found.low)]
    assert max(words) <= 1.1 * min(words)


@pytest.mark.parametrize(
    ("common", "rare", "reason"),
    [
        ("The car stood by the house.", "The jalopy stood right there by the abode.", "of unequal length"),
        ("He saw the car by the big house on the hill.", "He saw the jalopy by the big house on the hill.", "too alike"),
        ("The car stood by the house.", "The house stood by the car.", "too alike"),
        ("The car of Tom stood there.", "The jalopy of Ann stood there.", "of unequal content"),
        ("The car did not stand there.", "The jalopy indeed tarried yonder there.", "of unequal content"),
        ("He bought 3 cars in town.", "He acquired 4 jalopies in town.", "of unequal content"),
        ("The car stood there.", "The qwzxj zzqyx vvkkq.", "of unknown frequency"),
        ("The jalopy by the abode.", "The car by the house.", "too near in frequency"),  # the wrong way round
        ("The big car stood there.", "The large auto stood there.", "too near in frequency"),
        ("It is what it is.", "That was all there was.", "of unknown frequency"),
    ],
)
def test_what_a_couple_of_either_arm_is_left_out_for(common, rare, reason):
    rows = [*made(common), *made(rare, kind="uncommon")]
    limits, left = Limits(gap=2.0 if "large" in rare else 0.3), Counter()
    assert frequency_couple(rows, limits, left) is None
    assert left == {reason: 1}
    if reason != "too near in frequency":  # the placebo is left the same couples
        again = Counter()
        assert placebo_couple(rows, limits, again) is None
        assert again == left


@pytest.mark.parametrize(
    ("first", "second", "kinds", "oriented_by", "turned"),
    [
        ("The big house stood in the street.", "The large home stood in the road.", ("common", "uncommon"), "prompt", False),
        ("The big house stood in the very street.", "The large home was in the street.", ("common", "common"), "words", True),
        ("The big house stood there.", "The big home stood there.", ("uncommon", "uncommon"), "characters", True),
        ("The boat is there.", "The ship is there.", ("common", "common"), None, False),
    ],
)
def test_a_placebo_is_oriented_by_what_distinguishes_it(first, second, kinds, oriented_by, turned, monkeypatch):
    monkeypatch.setattr("freqbias.paraphrases.coupling.MAX_PLACEBO_GAP", 2.0)  # so that any words will do
    rows = [*made(first, kind=kinds[0]), *made(second, kind=kinds[1])]
    found = placebo_couple(rows, Limits(ratio=1.3), Counter())
    assert found.oriented_by == oriented_by
    assert (found.high.text, found.low.text) == ((second, first) if turned else (first, second))
    assert found.zipf_gap == pytest.approx(zipf_gap(found.high.text, found.low.text).value)
    assert found.content_gap == pytest.approx(content_zipf(found.high.text) - content_zipf(found.low.text))


def test_a_placebo_of_both_kinds_comes_first_and_then_the_most_different(monkeypatch):
    monkeypatch.setattr("freqbias.paraphrases.coupling.MAX_PLACEBO_GAP", 2.0)
    rows = made("The movie was on in the street.", "A film could run at that road.")
    assert placebo_couple(rows, Limits(), Counter()).high.kind == "common"
    found = placebo_couple([*rows, *made("The film was on in the street.", kind="uncommon")], Limits(), Counter())
    assert [found.high.kind, found.low.kind] == ["common", "uncommon"]
    assert found.high is rows[1]


def test_limits_are_reached_by_what_lies_on_them():
    rows = [*made("car " * 10), *made("jalopy " * 11, kind="uncommon")]
    assert frequency_couple(rows, Limits(ratio=1.1), Counter()) is not None
    assert frequency_couple(rows, Limits(ratio=1.09), Counter()) is None
    gap = frequency_couple(rows, Limits(), Counter()).zipf_gap
    assert frequency_couple(rows, Limits(gap=gap), Counter()) is not None
    assert frequency_couple(rows, Limits(gap=gap + 1e-6), Counter()) is None
    nothing = Counter()
    assert frequency_couple([], Limits(), nothing) is None
    assert placebo_couple(rows[:1], Limits(), nothing) is None
    assert not nothing
