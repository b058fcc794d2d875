"""The worlds of the self-check in which the headline is judged: what it may say where frequency is not at work, and where it is."""

from collections.abc import Iterator
from dataclasses import replace

from freqbias.analysis.design.promises import (
    ALPHA,
    RESAMPLES,
    RESAMPLES_OF_VERDICTS,
    SLOPE,
    Rule,
    Scenario,
    at_least,
    at_most,
    covered,
    recovered,
)
from freqbias.analysis.design.world import ZIPF_MEAN, World
from freqbias.terms import EQUIVALENT, FREQUENCY, PLACEBO, REGISTER

_ROBUST = ("gloss", FREQUENCY, "zipf_slope_robust")
_WITHIN = ("gloss", FREQUENCY, "within_slope_robust")
_PLACEBO = ("gloss", PLACEBO, "equivalence")
_NO_DIFFERENCE = "no_difference"


def verdict_scenarios() -> Iterator[Scenario]:
    """Yield every world whose headline is judged."""
    yield from _something_else()
    yield from _noise_and_frames()
    yield from _not_nothing()
    yield from _many_models()
    yield from _failures()
    yield from _frequency()


def _judged(name: str, world: World, *rules: Rule) -> Scenario:
    return Scenario(name=name, world=world, rules=rules, resamples=RESAMPLES_OF_VERDICTS)


def _something_else() -> Iterator[Scenario]:
    """Yield worlds in which the frequent form is favoured by something else than frequency."""
    # a rare word is split the likelier the rarer it is, and nothing but its pieces counts
    split = World(items=160, placebo_items=40, zipf_spread=0.6, split=0.75, split_per_zipf=0.3, split_both=0.25, per_piece=0.05)
    yield _judged("through subwords only", split, at_most(ALPHA, "credits_unqualified"))

    # a constant advantage beside it: the effect is there where words are whole, and graded only through pieces
    both = World(items=160, placebo_items=40, effect=0.05, zipf_spread=0.6, split=0.6, split_per_zipf=0.3, per_piece=0.05)
    yield _judged("constant advantage, graded through subwords only", both, at_most(ALPHA, "credits_unqualified"))
    inert = World(items=160, placebo_items=40, per_zipf=0.018, zipf_spread=0.6, split=0.5)
    yield _judged("graded, and pieces do nothing", inert, at_most(ALPHA, "headline", "splitting"))

    # informal and formal rare words, equally many: on one scale they would cancel, and their effect would be frequency's
    marked = World(items=80, placebo_items=40, zipf_spread=0.6, marked=0.6, marked_per_zipf=0.4, per_marked=0.05)
    yield Scenario(
        name="register by markedness",
        world=marked,
        rules=(
            at_least(0.80, "carrier", REGISTER),
            at_most(ALPHA, "credits"),
            *recovered(SLOPE, 0.0),
            *recovered(("gloss", FREQUENCY, "informal_slope"), -0.05),
            *recovered(("gloss", FREQUENCY, "formal_slope"), -0.05),
        ),
        resamples=RESAMPLES,
    )

    few = World(items=80, placebo_items=40, effect=0.05, zipf_spread=0.6)
    yield _judged("constant advantage, 80 items", few, at_most(ALPHA, "credits"))
    many = World(items=300, placebo_items=60, effect=0.05, zipf_spread=0.6)
    yield _judged("constant advantage, 300 items", many, at_most(ALPHA, "credits"), at_least(0.80, "headline", "not_graded"))

    # whole words are told from split ones, without which no credit is unqualified
    against = World(items=80, placebo_items=40, effect=0.10, per_zipf=-0.03, zipf_spread=0.6, split=0.5)
    yield _judged("positive mean, negative dose", against, at_most(0.02, "credits_unqualified"))


def _noise_and_frames() -> Iterator[Scenario]:
    """Yield worlds in which a slope's usual interval is too short."""
    louder = World(items=80, placebo_items=40, per_zipf=0.02, zipf_spread=0.6, louder=1.0)
    slopes = (covered(_ROBUST, 0.02), covered(_WITHIN, 0.02))
    yield Scenario(name="noise grows away from the mean dose", world=louder, rules=slopes)
    for frames, items in ((8, 40), (12, 30)):
        world = World(items=items, placebo_items=15, frames=frames, per_zipf=0.02, zipf_spread=0.6, frame_dose=0.02)
        yield Scenario(name=f"dose differs by frame, {frames} frames", world=world, rules=slopes)

    three = World(items=60, placebo_items=40, frames=3, zipf_spread=0.6, frame_effect=0.03, frame_dose=0.02, frame_dose_centred=True)
    yield _judged("three frames, nothing on average", three, at_most(0.07, "credits"))


def _not_nothing() -> Iterator[Scenario]:
    """Yield worlds in which a mean, or a placebo, near zero is not nothing."""
    halves = World(items=80, placebo_items=30, zipf_spread=0.6, halves=0.10)
    yield _judged("plus and minus in two halves", halves, at_most(0.02, "headline", _NO_DIFFERENCE))
    step = World(items=100, placebo_items=30, zipf_spread=0.6, step=0.08, step_at=ZIPF_MEAN + 0.6)
    yield _judged("effect beyond a threshold", step, at_most(ALPHA, "headline", _NO_DIFFERENCE))
    parts = World(items=20, placebo_items=60, zipf_spread=0.6, placebo_parts=0.04)
    yield _judged("placebo whose parts cancel", parts, at_most(0.20, EQUIVALENT, key=_PLACEBO))


def _many_models() -> Iterator[Scenario]:
    """Yield the world in which twelve models are judged on the same items, and any synonym swap has the effect."""
    # either arm favours its high form as much, so no model has an effect of frequency
    twelve = World(items=40, placebo_items=30, frames=1, effect=0.03, placebo=0.03, zipf_spread=0.6, models=12)
    yield _judged("12 models, any swap", twelve, at_most(ALPHA, "credits"))


def _failures() -> Iterator[Scenario]:
    """Yield worlds in which what failed is not like what did not."""
    graded = World(items=80, placebo_items=40, per_zipf=0.03, zipf_spread=0.6)
    large = replace(graded, failing=0.8, failing_gap=0.05)
    yield _judged("the largest gaps fail", large, at_least(0.95, "said", "failures"))
    rare = replace(graded, failing=0.8, failing_zipf=ZIPF_MEAN + 0.3)
    yield _judged("the rarest words fail", rare, at_least(0.95, "said", "failures"))


#: Frequency at work beside what goes with it: length, register, pieces of rare words. The effect is about the smallest that a run of
#: this size credits with 80 % by `power` (held so by `tests/analysis/design/test_plan.py`).
GRADED = World(
    items=100,
    placebo_items=50,
    per_zipf=0.0174,
    zipf_spread=0.6,
    words_spread=4.0,
    correlation=-0.7,
    per_word=-0.001,
    marked=0.4,
    marked_per_zipf=0.2,
    per_marked=0.01,
    split=0.5,
    split_per_zipf=0.2,
    split_both=0.2,
    per_piece=0.004,
    margin=0.2,
)


def _frequency() -> Iterator[Scenario]:
    """Yield the world in which frequency is at work, as much as `power` says that a run of this size shows in four of five."""
    yield _judged("graded, at the power of .8", GRADED, Rule(kind="credits", expected=0.80, between=(0.75, 0.90)))
