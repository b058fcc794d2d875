"""Runs made up in memory with known effects: the pairs and observations that a run folder would hold, for checks of the analysis.

Every effect is planted in the gap (high - low) of probe `similarity`, measure `cosine`, and nowhere else. The texts of all pairs are the
same but for a number of theirs; what the analysis computes from texts (length) comes along as a covariate, so that its size is known too.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from freqbias.analysis.design.world import ZIPF_MEAN, World
from freqbias.records import Observation, Pair
from freqbias.terms import ACCURACY, ARMS, COSINE, ELEVATED, FREQUENCY, HIGH, LENGTH, LOW, MARKED, PLACEBO, PLAIN

EXACT = 0.5  # cosine of the rare form; its level plays no part in any estimate
WORDS = 30  # of the shorter form
WORDS_MEAN = -4.0  # frequent forms are the shorter ones, as in the published GSM8K pairs
PIECES_SPREAD = 0.8  # what fragmentation owes to other things than frequency, in subwords
TWO_PIECES = 0.5  # of the split words; the others have three
PARTS = ("subwords", "characters")  # what orients the placebo, by turns, where its parts differ


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
    frames = _Frames(shifts=world.position * places + drawn, **_by_frame(world, rng))
    run = Simulated(frames=float(drawn.mean()))
    for arm, items in ((FREQUENCY, world.items), (PLACEBO, world.placebo_items), (LENGTH, world.length_items)):
        for item in range(items):
            for pair, rows in _item(world, arm, item, frames, rng):
                run.pairs.append(pair)
                run.observations.extend(rows)
    gaps = [pair.zipf_gap for pair in run.pairs if pair.arm == FREQUENCY and pair.zipf_gap is not None]
    return replace(run, zipf=float(np.mean(gaps)) if gaps else 0.0)


@dataclass(frozen=True, kw_only=True)
class _Frames:
    """What each frame adds: to every pair, to every pair of the frequency arm, and to its dose per Zipf unit."""

    shifts: NDArray[np.float64]
    effects: NDArray[np.float64]
    doses: NDArray[np.float64]


def _by_frame(world: World, rng: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    effects, doses = np.zeros((2, world.frames))
    if world.frame_effect or world.frame_dose:
        effects, doses = (rng.normal(0, spread, world.frames) for spread in (world.frame_effect, world.frame_dose))
    return {"effects": effects, "doses": doses - doses.mean() if world.frame_dose_centred else doses}


@dataclass(frozen=True, kw_only=True)
class _Item:
    """What one item differs in: frequency gap, words, pieces (low - high) and whether either word is whole, register of the rare form."""

    zipf: float
    words: int
    pieces: int
    whole: tuple[int, int] | None
    register: dict[str, int]


def _item(world: World, arm: str, item: int, frames: _Frames, rng: np.random.Generator) -> Iterator[tuple[Pair, list[Observation]]]:
    """Yield the pairs of one item, one a frame, with their rows."""
    scale = world.placebo_noise if arm == PLACEBO else 1.0
    own, pull_own, margin_own = rng.normal(0, (scale * world.item_spread, scale * world.item_spread, world.margin_spread))
    differs = _differences(world, arm, rng)
    planted = _planted(world, arm, item, differs)
    if world.louder and arm == FREQUENCY:
        scale = 1 + world.louder * abs(differs.zipf - ZIPF_MEAN) / world.zipf_spread
        own *= scale
    for k, shift in enumerate(frames.shifts):
        pair = _pair(world, arm, item, k, differs)
        by_frame = float(frames.effects[k] + frames.doses[k] * differs.zipf) if arm == FREQUENCY else 0.0
        rows: list[Observation] = []
        for model in range(world.models):
            residual, pull_residual, by_register = rng.normal(0, scale * world.pair_spread, 3)
            gap = planted + by_frame + own + float(shift) + residual
            if world.discordant is not None:
                run_of_luck = stats.norm.cdf((own + residual) / math.hypot(world.item_spread, world.pair_spread))
                rows.append(_answers(pair, planted, float(run_of_luck), world.discordant, rng))
                continue
            if world.raw:
                rows.append(_row(pair, "raw", None, gap))
                continue
            if _fails(world, arm, gap, differs, rng):
                rows.append(_row(pair, "gloss", None, gap).replace(high=None, low=None, error="the text is too long"))
                continue
            if world.background is not None:
                pull = (world.background if arm == FREQUENCY else 0.0) + pull_own
                rows.append(_row(pair, "background", None, pull + pull_residual))
                gap += pull
            for name, sign in ((PLAIN, 1), (ELEVATED, -1)) if world.registers else ((None, 0),):
                made = _row(pair, "gloss", name, gap + sign * by_register, world.margin + margin_own, _counted(world, differs))
                rows.append(made.replace(model=f"{made.model}-{model}") if world.models > 1 else made)
        yield pair, rows


def _planted(world: World, arm: str, item: int, differs: _Item) -> float:
    """Return the gap that an item has in every frame, before its own draw."""
    turn = 1 if item % 2 else -1
    if arm == LENGTH:
        return world.length_effect
    register = world.per_marked * sum(differs.register.values())
    if arm == PLACEBO:
        return world.placebo + turn * world.placebo_parts + register
    straight = world.effect + world.per_zipf * differs.zipf + world.per_word * differs.words + world.per_piece * differs.pieces
    return straight + register + turn * world.halves + world.step * (differs.zipf > world.step_at)


def _pair(world: World, arm: str, item: int, frame: int, differs: _Item) -> Pair:
    words = differs.words
    parts = {"oriented_by": PARTS[item % len(PARTS)]} if arm == PLACEBO and world.placebo_parts else {}
    return Pair(
        id=f"{arm}-{item}-{frame}",
        item=f"{arm}-{item}",
        arm=arm,
        high=_text("usual", arm, item, frame),
        low=_text("scarce", arm, item, frame),
        zipf_gap=None if arm == LENGTH else differs.zipf,
        covariates={"words": [WORDS + max(words, 0), WORDS - min(words, 0)]} | {name: [0, low] for name, low in differs.register.items()},
        meta={"frame": str(frame)} | parts,
    )


def _fails(world: World, arm: str, gap: float, differs: _Item, rng: np.random.Generator) -> bool:
    if not world.failing or arm != FREQUENCY:
        return False
    beyond = (world.failing_gap is None or gap > world.failing_gap) and (world.failing_zipf is None or differs.zipf > world.failing_zipf)
    return bool(rng.uniform() < world.failing) and beyond


def _counted(world: World, differs: _Item) -> dict[str, Any]:
    """Return the covariates of a row that count tokens of the model; nothing in worlds without pieces."""
    if differs.whole is not None:
        high = 2 - differs.whole[0]
        return {"subwords": [high, high + differs.pieces], "whole_word": list(differs.whole)}
    pieces = differs.pieces
    return {"subwords": [1 + max(-pieces, 0), 1 + max(pieces, 0)]} if world.pieces_per_zipf else {}


def _text(form: str, arm: str, item: int, frame: int) -> str:
    """Return a text that no other pair has; all are equally long, and a number keeps their words the same."""
    return f"the {form} form {100_000 * (1 + ARMS.index(arm)) + 100 * item + frame}"


def _differences(world: World, arm: str, rng: np.random.Generator) -> _Item:
    """Return what one item differs in; words and pieces are whole numbers with exactly linear expectation."""
    zipf, words, pieces = 0.0, 0, 0
    if arm == FREQUENCY:
        first, second, third = (float(value) for value in rng.normal(size=3))
        zipf = ZIPF_MEAN + world.zipf_spread * first
        if world.words_spread:
            mixed = world.correlation * first + math.sqrt(1 - world.correlation**2) * second
            words = round(WORDS_MEAN + world.words_spread * mixed)
        if world.pieces_per_zipf:  # floor(x + uniform) has the expectation x
            pieces = int(np.floor(world.pieces_per_zipf * zipf + PIECES_SPREAD * third + rng.uniform()))
    register = _register(world, arm, zipf, rng)
    whole = _whole(world, arm, zipf, rng)
    if whole is not None and not whole[1]:
        pieces = (2 if rng.uniform() < TWO_PIECES else 3) - (2 - whole[0])
    return _Item(zipf=zipf, words=words, pieces=pieces, whole=whole, register=register)


def _whole(world: World, arm: str, zipf: float, rng: np.random.Generator) -> tuple[int, int] | None:
    """Return whether the word of the high and of the low form is one token; None in worlds without splitting."""
    if not world.split:
        return None
    if arm != FREQUENCY:
        return 1, 1
    low = int(rng.uniform() >= world.split + world.split_per_zipf * (zipf - ZIPF_MEAN))
    return (1 if low else int(rng.uniform() >= world.split_both)), low


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
