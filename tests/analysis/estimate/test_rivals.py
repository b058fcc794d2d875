"""Length against frequency: planted alone, together, and inseparable, through estimates and verdict."""

import numpy as np
import pytest

from freqbias.analysis import estimate, frame
from freqbias.analysis.report.verdict import verdicts
from freqbias.records import Observation, Pair

ITEMS, FRAMES = 240, 3
FREQUENCY_SLOPE, LENGTH_SLOPE = 0.02, -0.006


def planted(seed, frequency=0.0, length=0.0, correlation=-0.8, noise=0.03):
    """Return pairs whose length gap (in words) goes with their Zipf gap, and gaps made from either."""
    rng = np.random.default_rng(seed)
    first = rng.normal(size=ITEMS)
    second = correlation * first + np.sqrt(1 - correlation**2) * rng.normal(size=ITEMS)
    zipf = 1.8 + 0.6 * first
    words = np.round(-4 + 4 * second).astype(int) if correlation > -1 else np.round(-4 - 4 * first).astype(int)
    if correlation == -1:
        zipf = 1.8 - 0.15 * (words + 4)
    pairs, rows = [], []
    frames = rng.normal(0, 0.01, FRAMES * 3)
    for item in range(ITEMS):
        own = rng.normal(0, noise)
        for k in range(FRAMES):
            frame_id = (item + k * 3) % (FRAMES * 3)
            high = " ".join(["on"] * (30 + max(words[item], 0)) + [f"{item}h{k}"])
            low = " ".join(["on"] * (30 - min(words[item], 0)) + [f"{item}l{k}"])
            pair = Pair(id=f"{item}-{k}", item=str(item), high=high, low=low, zipf_gap=float(zipf[item]), meta={"frame": str(frame_id)})
            gap = frequency * zipf[item] + length * words[item] + own + frames[frame_id] + rng.normal(0, noise / 2)
            pairs.append(pair)
            rows.append(
                Observation(pair_id=pair.id, item=pair.item, probe="p", measure="cosine", contrast="gap", model="m", high=gap, low=0.0)
            )
    return pairs, rows


def analysed(seed, **effects):
    pairs, rows = planted(seed, **effects)
    estimates = estimate(frame(rows), pairs)
    (found,) = verdicts(estimates)
    return {row.term: row for row in estimates if row.arm == "frequency"}, found


def covers(row, value):
    return row.ci_low <= value <= row.ci_high


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_length_only_is_named_and_the_adjusted_slope_covers_zero(seed):
    rows, found = analysed(seed, length=LENGTH_SLOPE)
    assert rows["mean"].p_value < 0.001
    assert covers(rows["zipf_slope"], 0.0)
    assert covers(rows["words_slope"], LENGTH_SLOPE)
    assert " of it goes with length" in found.headline
    assert " The interval of the part that goes with frequency includes zero" in found.headline


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_frequency_only_is_named_and_length_is_not(seed):
    rows, found = analysed(seed, frequency=FREQUENCY_SLOPE)
    assert covers(rows["zipf_slope"], FREQUENCY_SLOPE)
    assert covers(rows["words_slope"], 0.0)
    assert found.credits
    assert "per factor of ten in frequency within the frequency arm, with length held constant" in found.headline


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_both_are_split_within_their_intervals(seed):
    rows, found = analysed(seed, frequency=FREQUENCY_SLOPE, length=LENGTH_SLOPE)
    assert covers(rows["zipf_slope"], FREQUENCY_SLOPE)
    assert covers(rows["words_slope"], LENGTH_SLOPE)
    pairs, _ = planted(seed, frequency=FREQUENCY_SLOPE, length=LENGTH_SLOPE)
    assert covers(rows["part:frequency"], FREQUENCY_SLOPE * np.mean([pair.zipf_gap for pair in pairs]))
    assert found.credits
    assert " of it goes with length" in found.headline
    assert rows["zipf_slope_robust"].value == pytest.approx(rows["zipf_slope"].value, abs=0.01)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_cannot_be_separated_is_said_so(seed):
    rows, found = analysed(seed, frequency=FREQUENCY_SLOPE, correlation=-1)
    assert rows["zipf_slope"].value is None
    assert rows["zipf_slope"].flags == ["inseparable"]
    assert "cannot be told from these pairs" in found.headline
    assert any("no slope is given" in sentence for sentence in found.findings)
    assert "adjusted" not in rows


def test_nothing_planted_names_nothing():
    rows, found = analysed(4)
    assert covers(rows["zipf_slope"], 0.0)
    assert "goes with" not in found.headline


def test_mediator_stands_apart():
    """All of the effect by subwords: a total effect, nothing left in the direct one, and the slope is not adjusted for subwords."""
    rng = np.random.default_rng(8)
    pairs, rows = planted(8)
    split = {}
    changed = []
    for row in rows:
        pieces = split.setdefault(row.item, int(rng.integers(0, 4)))
        fields = row.to_dict() | {"high": row.high + 0.03 * pieces, "covariates": {"subwords": [1, 1 + pieces]}}
        changed.append(Observation.from_dict(fields))
    terms = {row.term: row for row in estimate(frame(changed), pairs) if row.arm == "frequency"}
    assert terms["mean"].ci_low > 0.03
    assert covers(terms["net_of_subwords"], 0.0)
    assert covers(terms["equal_subwords"], 0.0)
