"""Runs made up in memory with known effects: the pairs and observations that a run folder would hold, for checks of the analysis.

Every effect is planted in the gap (high - low) of probe `similarity`, measure `cosine`, and nowhere else. The texts of all pairs are the
same two; what the analysis computes from texts (length) comes along as a covariate, so that its size is known too.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from freqbias.records import Observation, Pair
from freqbias.terms import ACCURACY, COSINE, ELEVATED, FREQUENCY, HIGH, LENGTH, LOW, MARKED, PLACEBO, PLAIN

EXACT = 0.5  # cosine of the rare form; its level plays no part in any estimate
WORDS = 30  # of the shorter form
ZIPF_MEAN = 1.8  # mean Zipf gap of the bundled frequency arm, rounded
WORDS_MEAN = -4.0  # frequent forms are the shorter ones, as in the published GSM8K pairs
PIECES_SPREAD = 0.8  # what fragmentation owes to other things than frequency, in subwords


@dataclass(frozen=True, kw_only=True)
class World:
    """How many items and frames there are, what is planted where, and how loud the noise is; all gaps in cosine.

    Frequency arm: gap = `effect` + `per_zipf` * zipf_gap + `per_word` * words_gap + `per_piece` * (low - high subwords) + pull + frame
    + item + residual. `zipf_gap` is normal over items with mean `ZIPF_MEAN` and standard deviation `zipf_spread`; `words_gap` has
    standard deviation `words_spread` and correlates `correlation` with it; fragmentation grows by `pieces_per_zipf` subwords per Zipf
    unit and is a mediator. Placebo arm: gap = `placebo` + frame + item + residual, with noise `placebo_noise` times as loud; length arm:
    `length_effect` in the place of `placebo`.

    With `marked`, so large a share of the rare forms of the frequency arm is informal or formal, half of them each and the more the rarer
    (`marked_per_zipf`); that adds `per_marked` to their gap, so the scale informal - neutral - formal would see nothing of it.

    `background`, where it is not None, is the pull of the frequent form towards every query: it is the whole gap of contrast
    `background` and is added to `gloss`. A frame shifts all arms: by `position` times the place of the word in it (0 in the first
    frame, 1 in the last), and by a draw of standard deviation `frame_spread`. Items and residuals are normal with `item_spread` and
    `pair_spread`. The margin over the decoy is `margin`, with `margin_spread` over items. With `registers`, plain and elevated glosses
    are rows of their own, whose gaps differ at random and average to the gap.

    With `discordant`, outcomes are right or wrong (measure `accuracy`): in that share of the pairs one form alone is right, the high one
    with log-odds `effect` + `per_zipf` * zipf_gap + `per_word` * words_gap, and pairs of an item agree more often than by chance. With
    `raw`, gaps are log-probabilities of the words themselves (contrast `raw`, no margin).
    """

    items: int = 40
    placebo_items: int = 0
    length_items: int = 0
    frames: int = 2
    effect: float = 0.0
    per_zipf: float = 0.0
    zipf_spread: float = 0.0
    per_word: float = 0.0
    words_spread: float = 0.0
    correlation: float = 0.0
    per_piece: float = 0.0
    pieces_per_zipf: float = 0.0
    marked: float = 0.0
    marked_per_zipf: float = 0.0
    per_marked: float = 0.0
    background: float | None = None
    position: float = 0.0
    placebo: float = 0.0
    placebo_noise: float = 1.0
    length_effect: float = 0.0
    item_spread: float = 0.02
    pair_spread: float = 0.02
    frame_spread: float = 0.01
    margin: float = 0.4
    margin_spread: float = 0.0
    registers: bool = False
    discordant: float | None = None
    raw: bool = False


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """One run; `frames` is the mean draw of its frames (without `position`), part of the truth about items in these frames.

    `zipf` is the mean Zipf gap of its frequency arm, at which an adjusted mean is taken.
    """

    pairs: list[Pair] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    frames: float = 0.0
    zipf: float = 0.0


def simulate(world: World, rng: np.random.Generator) -> Simulated:
    """Return one run of a world; all items stand in all frames."""
    places = np.linspace(0, 1, world.frames) if world.frames > 1 else np.zeros(1)
    drawn = rng.normal(0, world.frame_spread, world.frames)
    frames = world.position * places + drawn
    run = Simulated(frames=float(drawn.mean()))
    for arm, items in ((FREQUENCY, world.items), (PLACEBO, world.placebo_items), (LENGTH, world.length_items)):
        for item in range(items):
            for pair, rows in _item(world, arm, item, frames, rng):
                run.pairs.append(pair)
                run.observations.extend(rows)
    gaps = [pair.zipf_gap for pair in run.pairs if pair.arm == FREQUENCY and pair.zipf_gap is not None]
    return replace(run, zipf=float(np.mean(gaps)) if gaps else 0.0)


def _item(
    world: World, arm: str, item: int, frames: NDArray[np.float64], rng: np.random.Generator
) -> Iterator[tuple[Pair, list[Observation]]]:
    """Yield the pairs of one item, one a frame, with their rows."""
    scale = world.placebo_noise if arm == PLACEBO else 1.0
    own, pull_own, margin_own = rng.normal(0, (scale * world.item_spread, scale * world.item_spread, world.margin_spread))
    zipf, words, pieces = _differences(world, arm, rng)
    planted = {PLACEBO: world.placebo, LENGTH: world.length_effect}.get(
        arm, world.effect + world.per_zipf * zipf + world.per_word * words + world.per_piece * pieces
    )
    register = _register(world, arm, zipf, rng)
    planted += world.per_marked * sum(register.values())
    for k, shift in enumerate(frames):
        pair = Pair(
            id=f"{arm}-{item}-{k}",
            item=f"{arm}-{item}",
            arm=arm,
            high="the usual form",
            low="the scarce form",
            zipf_gap=None if arm == LENGTH else zipf,
            covariates={"words": [WORDS + max(words, 0), WORDS - min(words, 0)]} | {name: [0, low] for name, low in register.items()},
            meta={"frame": str(k)},
        )
        residual, pull_residual, by_register = rng.normal(0, scale * world.pair_spread, 3)
        gap = planted + own + float(shift) + residual
        if world.discordant is not None:
            run_of_luck = stats.norm.cdf((own + residual) / math.hypot(world.item_spread, world.pair_spread))
            yield pair, [_answers(pair, planted, float(run_of_luck), world.discordant, rng)]
            continue
        if world.raw:
            yield pair, [_row(pair, "raw", None, gap)]
            continue
        rows = []
        if world.background is not None:
            pull = (world.background if arm == FREQUENCY else 0.0) + pull_own
            rows.append(_row(pair, "background", None, pull + pull_residual))
            gap += pull
        covariates = {"subwords": [1 + max(-pieces, 0), 1 + max(pieces, 0)]} if world.pieces_per_zipf else {}
        for name, sign in ((PLAIN, 1), (ELEVATED, -1)) if world.registers else ((None, 0),):
            rows.append(_row(pair, "gloss", name, gap + sign * by_register, world.margin + margin_own, covariates))
        yield pair, rows


def _differences(world: World, arm: str, rng: np.random.Generator) -> tuple[float, int, int]:
    """Return Zipf gap, words gap and low - high subwords of one item, the last two whole numbers with exactly linear expectation."""
    if arm != FREQUENCY:
        return 0.0, 0, 0
    first, second, third = rng.normal(size=3)
    zipf = ZIPF_MEAN + world.zipf_spread * first
    words = 0
    if world.words_spread:
        mixed = world.correlation * first + np.sqrt(1 - world.correlation**2) * second
        words = round(WORDS_MEAN + world.words_spread * float(mixed))
    pieces = 0
    if world.pieces_per_zipf:  # floor(x + uniform) has the expectation x
        pieces = int(np.floor(world.pieces_per_zipf * zipf + PIECES_SPREAD * third + rng.uniform()))
    return float(zipf), words, pieces


def _register(world: World, arm: str, zipf: float, rng: np.random.Generator) -> dict[str, int]:
    """Return the two indicators of the rare form; nothing in worlds without register."""
    if not world.marked:
        return {}
    share = world.marked + world.marked_per_zipf * (zipf - ZIPF_MEAN) if arm == FREQUENCY else 0.0
    which, chosen = rng.integers(len(MARKED)), rng.uniform() < share
    return {name: int(chosen and place == which) for place, name in enumerate(MARKED)}


def _answers(pair: Pair, log_odds: float, luck: float, discordant: float, rng: np.random.Generator) -> Observation:
    """Return one row of right and wrong answers; `luck` is uniform: below the high form's probability that one is right alone."""
    if rng.uniform() < discordant:
        high = float(luck < 1 / (1 + math.exp(-log_odds)))
        return _row(pair, "gloss", None, 0.0).replace(measure=ACCURACY.name, high=high, low=1 - high)
    both = float(rng.integers(0, 2))
    return _row(pair, "gloss", None, 0.0).replace(measure=ACCURACY.name, high=both, low=both)


def _row(
    pair: Pair, contrast: str, register: str | None, gap: float, margin: float | None = None, covariates: dict[str, Any] | None = None
) -> Observation:
    return Observation(
        pair_id=pair.id,
        item=pair.item,
        arm=pair.arm,
        probe="similarity",
        measure=COSINE.name,
        contrast=contrast,
        register=register,
        model="simulated",
        high=EXACT + gap,
        low=EXACT,
        decoys=None if margin is None else {HIGH: EXACT + gap - margin, LOW: EXACT - margin},
        covariates=covariates or {},
    )
