"""The worlds of the self-check in which single estimates are judged, and all worlds in the order of its table."""

import math
from collections.abc import Iterator
from dataclasses import replace

from freqbias.analysis.design.power import t_power
from freqbias.analysis.design.promises import ALPHA, COVERAGE, MEAN, RESAMPLES, SLOPE, Rule, Scenario, at_most, false_positive, recovered
from freqbias.analysis.design.verdict_scenarios import verdict_scenarios
from freqbias.analysis.design.world import World
from freqbias.analysis.estimate.means import SESOI_SHARE
from freqbias.terms import DIFFERENCE, EQUIVALENT, FREQUENCY, LENGTH, PLACEBO

_ADJUSTED = ("gloss", FREQUENCY, "adjusted")
_LOGIT = ("gloss", FREQUENCY, "zipf_slope_logit")


def scenarios() -> list[Scenario]:
    """Return what `freqbias selfcheck` checks, in the order of its table."""
    return [*_means(), *_regressions(), *verdict_scenarios()]


def _means() -> Iterator[Scenario]:
    """Yield worlds without dose, for means, differences, equivalence and power."""
    difference = ("gloss", DIFFERENCE, "mean")
    null = World(frame_spread=0.0, placebo_items=30, placebo_noise=1.5)
    rules: tuple[Rule, ...] = (false_positive(MEAN), false_positive(difference))
    yield Scenario(name="nothing planted", world=null, rules=rules, resamples=RESAMPLES)

    arms = World(effect=0.03, placebo_items=25, placebo=0.01, placebo_noise=1.5, length_items=25, length_effect=0.05)
    rules = (
        *recovered(MEAN, 0.03, in_frames=True),
        *recovered(("gloss", PLACEBO, "mean"), 0.01, in_frames=True),
        *recovered(("gloss", LENGTH, "mean"), 0.05, in_frames=True),
        *recovered(difference, 0.02),
    )
    yield Scenario(name="all arms", world=arms, rules=rules)

    # BCa is an asymptotic interval: below 100 items it is known to be short (Efron & Tibshirani 1993, ch. 14), so it is judged from there
    many = World(items=100, frames=1, effect=0.03, frame_spread=0.0, margin_spread=0.1)
    relative = ("gloss", FREQUENCY, "relative")
    rules = (Rule(kind="bca", key=MEAN, truth=0.03, expected=COVERAGE), *recovered(relative, 0.03 / many.margin))
    yield Scenario(name="100 items", world=many, rules=rules, resamples=RESAMPLES)

    bound = SESOI_SHARE * World().margin
    edge = World(items=3, placebo_items=40, placebo=bound, frame_spread=0.0)
    rules = (Rule(kind=EQUIVALENT, key=("gloss", PLACEBO, "equivalence"), expected=ALPHA),)
    yield Scenario(name="placebo at the bound", world=edge, rules=rules)

    weak = World(effect=0.011, frame_spread=0.0)
    spread = math.sqrt(weak.item_spread**2 + weak.pair_spread**2 / weak.frames)
    power = t_power(weak.effect, spread, weak.items)
    rules = (Rule(kind="excludes", key=MEAN, expected=power), Rule(kind="rejects", key=MEAN, expected=power))
    yield Scenario(name="weak effect", world=weak, rules=rules, resamples=RESAMPLES)

    pull = World(background=0.03, frame_spread=0.0, registers=True)
    specific = ("gloss_specific", FREQUENCY, "mean")
    rules = (
        *recovered(("background", FREQUENCY, "mean"), 0.03),
        *recovered(MEAN, 0.03),
        Rule(kind="bias", key=specific),
        false_positive(specific),
    )
    yield Scenario(name="background pull only", world=pull, rules=rules, resamples=RESAMPLES)

    position = World(position=0.04, frames=4, placebo_items=30, placebo_noise=1.5)
    rules = (*recovered(MEAN, 0.04 / 2, in_frames=True), false_positive(difference))
    yield Scenario(name="position only", world=position, rules=rules, resamples=RESAMPLES)


def _regressions() -> Iterator[Scenario]:
    """Yield worlds in which the frequency gap differs from item to item, for slopes and what they are adjusted for."""
    dose = World(zipf_spread=0.6, words_spread=4.0, correlation=-0.7)
    both = replace(dose, effect=0.01, per_zipf=0.02, per_word=-0.004)
    rules: tuple[Rule, ...] = (
        *recovered(SLOPE, 0.02),
        *recovered(("gloss", FREQUENCY, "words_slope"), -0.004),
        *recovered(_ADJUSTED, 0.01, in_frames=True, dose=0.02),
    )
    yield Scenario(name="frequency and length", world=both, rules=rules)

    length = replace(dose, per_word=-0.004)
    rules = (
        Rule(kind="bias", key=SLOPE),
        false_positive(SLOPE),
        *recovered(_ADJUSTED, 0.0, in_frames=True),
    )
    yield Scenario(name="length only", world=length, rules=rules)

    # beyond the placebo, which is level in length, and yet nothing of it is frequency
    beside = replace(dose, per_word=-0.02, placebo_items=40)
    rules = (at_most(ALPHA, "credits"),)
    yield Scenario(name="length only, beside a placebo", world=beside, rules=rules, resamples=RESAMPLES)

    yield Scenario(
        name="frequency and position, 8 frames",
        world=World(frames=8, per_zipf=0.02, position=0.04, zipf_spread=0.6),
        rules=recovered(SLOPE, 0.02),
    )
    # from six frames on they are random, and the adjusted mean speaks of frames like these, whatever the drawn ones came to
    many = World(frames=8, effect=0.01, per_zipf=0.02, zipf_spread=0.6, frame_spread=0.02)
    yield Scenario(name="8 random frames", world=many, rules=recovered(_ADJUSTED, 0.01, dose=0.02))

    split = World(per_piece=0.02, pieces_per_zipf=0.8, zipf_spread=0.6)
    direct = ("gloss", FREQUENCY, "net_of_subwords")
    rules = (*recovered(SLOPE, 0.02 * 0.8), *recovered(direct, 0.0, in_frames=True))
    yield Scenario(name="subwords only", world=split, rules=rules)

    even = World(items=60, effect=0.03, pieces_per_zipf=0.4, zipf_spread=0.6)
    equal = ("gloss", FREQUENCY, "equal_subwords")
    yield Scenario(name="equal subwords", world=even, rules=recovered(equal, 0.03, in_frames=True))

    level = World(items=120, effect=0.03, zipf_spread=0.6, words_spread=4.0)
    matched = ("gloss", FREQUENCY, "matched")
    yield Scenario(name="matched in length", world=level, rules=recovered(matched, 0.03, in_frames=True))

    answers = World(items=200, effect=-0.9, per_zipf=0.5, zipf_spread=0.6, discordant=0.5)
    yield Scenario(name="right or wrong", world=answers, rules=recovered(_LOGIT, 0.5))
    blind = replace(answers, effect=0.0, per_zipf=0.0)
    yield Scenario(name="right or wrong, nothing planted", world=blind, rules=(false_positive(_LOGIT),))

    # in nats, gap = slope * ln(10) * zipf_gap: 1 is a model whose odds are the corpus's own
    odds = World(per_zipf=1.2 * math.log(10), zipf_spread=0.6, item_spread=1.0, pair_spread=1.0, frame_spread=0.3, raw=True)
    calibration = ("calibration", FREQUENCY, "mean")
    yield Scenario(name="odds steeper than the corpus's", world=odds, rules=recovered(calibration, 1.2))
    calibrated = replace(odds, per_zipf=math.log(10))
    yield Scenario(name="odds of the corpus", world=calibrated, rules=(false_positive(calibration),))
