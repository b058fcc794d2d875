"""What a run can find and how many items it needs: for the mean, the slope, the credit of frequency and the placebo's equivalence."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from freqbias.analysis.design.claim_power import Claim, Draws, Error, Judge, detected, needed, nothing, slope_error
from freqbias.analysis.design.power import ALPHA, MAX_ITEMS, POWER, SIMULATIONS, Components, Needed, components, detectable, items_needed
from freqbias.analysis.design.power import power_at as power_of_mean
from freqbias.analysis.estimate.estimates import sesoi
from freqbias.analysis.estimate.means import SESOI_SHARE
from freqbias.analysis.estimate.placebo import MIN_ORIENTED
from freqbias.analysis.estimate.predictors import OWN, ZIPF_GAP
from freqbias.analysis.estimate.rivals import arms_of
from freqbias.analysis.estimate.series import item_means
from freqbias.analysis.stats.mixed import INSEPARABLE_VIF, inflation, robust
from freqbias.analysis.stats.resampling import std_error
from freqbias.analysis.table import contrasts
from freqbias.analysis.table.judged import settled_in
from freqbias.errors import InputError
from freqbias.judgement import Judgement, Judgements
from freqbias.progress import Track, silent
from freqbias.records import Pair
from freqbias.terms import CREDIT, FREQUENCY, PLACEBO

log = logging.getLogger(__name__)

MEAN, SLOPE = "mean", "slope"
TESTS = (MEAN, SLOPE, CREDIT, PLACEBO)


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What one test can find with the items there are, and what the target needs.

    `detectable` is the smallest effect found with the power asked for (of the placebo: the smallest bound within which a true zero is
    found equivalent), None where frames limit what items can show; `at_target` is the power for the target. Errors are Monte Carlo
    standard errors, `needed_low` and `needed_high` the range at 95 %. None where there is no target, or where more than `MAX_ITEMS`
    items would be needed.
    """

    detectable: float | None
    detectable_error: float | None
    at_target: float | None = None
    at_target_error: float | None = None
    needed: int | None = None
    needed_low: int | None = None
    needed_high: int | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One model and probe, in the unit of the measure: the items it has in either arm, the target, and the reach of every test.

    A target is the mean gap; for `slope` and `credit` the effect has it at the mean frequency gap and grows in proportion to that gap.
    `mean` is the two-sided test of the mean; `slope` asks whether the effect is graded within the frequency arm, by the model-based and
    the robust test; `credit` needs both, and where there is a placebo more than the placebo shows, both arms growing in proportion; of
    several claims of a run that are corrected together each needs more. None where the run lacks what a test is made of.
    """

    model: str
    probe: str
    measure: str
    contrast: str
    items: int
    placebo_items: int
    sd_between: float
    sd_within: float
    power: float
    target: float | None
    mean: Reach
    slope: Reach | None = None
    credit: Reach | None = None
    placebo: Reach | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as one JSON-ready dictionary."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What is asked of every series: target, power, and how many items for each that there is."""

    target: float | None
    power: float
    growth: float
    simulations: int


def power_of(
    observations: pd.DataFrame,
    pairs: Iterable[Pair] = (),
    *,
    effect: float | None = None,
    relative: float | None = None,
    items: int | None = None,
    power: float = POWER,
    seed: int = 0,
    simulations: int = SIMULATIONS,
    judgements: Judgements | None = None,
    track: Track = silent,
) -> list[Answer]:
    """Return, per model and probe, what the confirmatory contrast of a run can find and what it would need.

    `observations` is what `freqbias.analysis.frame` returns; without `pairs` there is no frequency gap, and nothing is said of slope and
    credit. Target: `effect` in the unit of the measure, or `relative` as a share of the exact - decoy margin, or the smallest effect of
    interest; the placebo's equivalence is always judged at the target as its bound. `items` asks about another number of items than the
    run has. Raises `InputError` where there is nothing to compute power from.
    """
    check_asked(effect, relative, items, power)
    known = settled_in(observations, judgements)
    gaps = contrasts.pair_gaps(observations, known)
    bounds = sesoi(gaps, known)
    own = contrasts.pair_table(pairs)
    table = contrasts.join(gaps, own, observations) if len(own) else gaps
    series = list(_series(table, known))
    if not series:
        raise InputError("no confirmatory contrast was measured in the frequency arm; run a probe on frequency pairs first")
    answers: list[Answer] = []
    reasons: list[str] = []
    for number, (key, rows) in enumerate(track(series, "power", len(series), unit="series")):
        frequency = rows[rows["arm"] == FREQUENCY]
        try:
            target = _target(key, known[key[1]], bounds, effect, relative)
            found = components(frequency)
        except InputError as error:
            reasons.append(f"{' / '.join(key)}: {error}")
            continue
        asked = _Asked(target=target, power=power, growth=(items or len(found.sizes)) / len(found.sizes), simulations=simulations)
        answers.append(_answer(key, known[key[1]].contrast, rows, found, asked, np.random.SeedSequence([seed, number])))
    if not answers:
        raise InputError(reasons[0])
    for reason in reasons:
        log.warning("%s", reason)
    return answers


def check_asked(effect: float | None, relative: float | None, items: int | None, power: float) -> None:
    """Raise `InputError` for a target, a number of items or a power that cannot be asked for."""
    if effect is not None and relative is not None:
        raise InputError("--effect and --relative both name the target; give one of the two")
    for name, value in (("--effect", effect), ("--relative", relative)):
        if value is not None and not 0 < value < np.inf:
            raise InputError(f"{name} must be above 0, found {value:g}")
    if items is not None and not 2 <= items <= MAX_ITEMS:
        raise InputError(f"--items must be between 2 and {MAX_ITEMS}, found {items}")
    if not ALPHA < power < 1:
        raise InputError(f"--power must lie between {ALPHA:g} and 1, found {power:g}")


def _series(table: pd.DataFrame, judgements: Judgements) -> Iterator[tuple[tuple[str, str, str], pd.DataFrame]]:
    """Yield (model, probe, measure) and the rows of every confirmatory contrast that was measured in the frequency arm."""
    groups: Iterable[tuple[Any, pd.DataFrame]] = table.groupby(["model", "probe", "measure"])
    for key, rows in groups:
        contrast = judgements[key[1]].contrast
        own = rows[rows["contrast"] == contrast].dropna(subset=["gap"])
        if judgements[key[1]].judges(contrast, key[2]) and (own["arm"] == FREQUENCY).any():
            yield key, own


def _target(
    key: tuple[str, str, str],
    judgement: Judgement,
    bounds: dict[tuple[str, str, str], float],
    effect: float | None,
    relative: float | None,
) -> float | None:
    if effect is not None:
        return effect
    bound = bounds.get(key)
    if relative is None:
        return bound
    if bound is None or not judgement.sesoi_in_margins(key[2]):
        raise InputError(f"{' / '.join(key)}: has no exact - decoy margin to take --relative of; give --effect in {key[2]}")
    return relative * bound / SESOI_SHARE


def _answer(
    key: tuple[str, str, str], contrast: str, rows: pd.DataFrame, found: Components, asked: _Asked, seed: np.random.SeedSequence
) -> Answer:
    rngs = [np.random.default_rng(child) for child in seed.spawn(3)]
    placebo = rows[rows["arm"] == PLACEBO]
    claim, draws = _claim(rows, found), Draws(rngs[1], asked.simulations)
    items = len(found.sizes)
    return Answer(
        model=key[0],
        probe=key[1],
        measure=key[2],
        contrast=contrast,
        items=round(items * asked.growth),
        placebo_items=round(placebo["item"].nunique() * asked.growth),
        sd_between=float(np.sqrt(found.between)),
        sd_within=float(np.sqrt(found.within)),
        power=asked.power,
        target=asked.target,
        mean=_of_mean(found, asked, rngs[0]),
        slope=None if claim is None else _reach(claim.slope(draws), items, found.spread, asked),
        credit=None if claim is None else _reach(claim.credit(draws), items, found.spread, asked),
        placebo=_of_placebo(placebo, asked, Draws(rngs[2], asked.simulations)),
    )


def _of_mean(found: Components, asked: _Asked, rng: np.random.Generator) -> Reach:
    items = round(len(found.sizes) * asked.growth)
    least, error = detectable(found, items, rng, power=asked.power, simulations=asked.simulations)
    if asked.target is None:
        return Reach(detectable=least, detectable_error=error)
    share = power_of_mean(found, asked.target, items, rng, asked.simulations)
    return _told(least, error, share, items_needed(found, asked.target, rng, power=asked.power, simulations=asked.simulations), asked)


def _reach(judge: Judge, items: int, scale: float, asked: _Asked, fewest: int | None = None) -> Reach:
    """Return the reach of a test; `items` are those of the run, `scale` is an effect to start from."""
    now = items * asked.growth
    least, error = detected(judge, now, asked.power, scale, asked.simulations)
    if asked.target is None:
        return Reach(detectable=least, detectable_error=error)
    given = {} if fewest is None else {"fewest": fewest}
    share = float(judge(now, asked.target).mean())
    return _told(least, error, share, needed(judge, asked.target, asked.power, asked.simulations, **given), asked)


def _told(least: float | None, error: float | None, share: float, found: Needed, asked: _Asked) -> Reach:
    return Reach(
        detectable=least,
        detectable_error=error,
        at_target=share,
        at_target_error=float(np.sqrt(share * (1 - share) / asked.simulations)),
        needed=found.items,
        needed_low=found.low,
        needed_high=found.high,
    )


def _claim(rows: pd.DataFrame, found: Components) -> Claim | None:
    """Return the errors of what a credit needs; None where no slope can be fitted."""
    if "zipf_gap" not in rows.columns:
        return None
    frequency, placebo = (rows[rows["arm"] == arm] for arm in (FREQUENCY, PLACEBO))
    arms = arms_of(frequency[frequency["zipf_gap"].notna()], placebo)
    if arms is None or inflation(arms.rows, arms.names, arms.own)[ZIPF_GAP] >= INSEPARABLE_VIF:
        return None
    fit, check = arms.within(), robust(arms.rows, "gap", arms.names, arms.own)
    dose = float(arms.rows.loc[arms.rows[OWN], ZIPF_GAP].mean())
    if fit is None or check is None or dose <= 0:
        return None
    frames = arms.rows["frame"].nunique() if "frame" in arms.rows.columns else 0
    items = len(found.sizes)
    other = item_means(placebo, "gap")
    error = std_error(other) if len(other) > 1 else None
    return Claim(
        mean=Error(value=found.spread / np.sqrt(items), df=items - 1, items=items),
        model=slope_error(fit.slopes[ZIPF_GAP], fit, frames),
        robust=slope_error(check[0], fit, frames),
        placebo=None if error is None else Error(value=error, df=len(other) - 1, items=len(other)),
        dose=dose,
    )


def _of_placebo(rows: pd.DataFrame, asked: _Asked, draws: Draws) -> Reach | None:
    """Return the reach of the placebo's equivalence; an arm that is absent or constant has none to plan."""
    try:
        found = components(rows)
    except InputError:
        return None
    items = len(found.sizes)
    told = rows.dropna(subset=["oriented_by"]) if "oriented_by" in rows.columns else rows[:0]
    counts = told.groupby("oriented_by")["item"].nunique() if len(told) else pd.Series(dtype=float)
    shares = [count / items for count in counts.astype(float).tolist() if count >= MIN_ORIENTED]
    total = max(sum(shares), 1.0)  # an item may stand in several parts
    return _reach(nothing(found.spread, [share / total for share in shares], draws), items, found.spread, asked, fewest=2)
