"""How many items a run needs: minimum detectable effects and sample sizes, simulated from the run's own variance components."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from freqbias.analysis.estimate.estimates import sesoi
from freqbias.analysis.estimate.means import SESOI_SHARE
from freqbias.analysis.stats.resampling import Values
from freqbias.analysis.table import contrasts
from freqbias.analysis.table.judged import settled_in
from freqbias.errors import InputError
from freqbias.judgement import Judgement, Judgements
from freqbias.progress import Track, silent
from freqbias.terms import FREQUENCY, PLACEBO

log = logging.getLogger(__name__)

ALPHA = 0.05  # of the two-sided test, and of each of the two one-sided tests of equivalence
POWER = 0.8  # the convention of Cohen (1988)
SIMULATIONS = 4000  # Monte Carlo error of a power of .8: .006
MAX_ITEMS = 20_000  # more synonym sets than any lexicon of English holds; beyond it the answer is "more"
RELIABLE = 1.96  # standard errors that a range of items or effects spans, 95 %
_BLOCK = 1 << 21  # simulated values held at once, 16 MB an array


@dataclass(frozen=True, kw_only=True)
class Components:
    """Variances of pair gaps between items and, within an item, over its frames; `sizes` are the pairs of each item."""

    between: float
    within: float
    sizes: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Needed:
    """A number of items (None: more than `MAX_ITEMS`) with the range that the Monte Carlo error leaves."""

    items: int | None
    low: int | None
    high: int | None


def components(gaps: pd.DataFrame) -> Components:
    """Return the variance components of `gap` by `item`, one-way random effects.

    within = MSW; between = max(0, (MSB - MSW) / n0), n0 = (N - sum(n_i²) / N) / (k - 1). With one pair an item everything is between.
    Reference: Searle, Casella & McCulloch (1992), Variance Components, sec. 3.6. Raises `InputError` for fewer than two items and where
    all item means are equal.
    """
    groups = [values.to_numpy(dtype=float) for _, values in gaps.groupby("item")["gap"]]
    sizes = np.array([len(values) for values in groups])
    if len(groups) < 2:
        raise InputError("power needs at least two measured items to see how much items vary; give a run with more items")
    means = np.array([values.mean() for values in groups])
    if np.ptp(means) <= 1e-12 * np.abs(means).max():
        raise InputError("all items have the same gap, so there is no variance to compute power from; give a run whose items vary")
    total, k = int(sizes.sum()), len(groups)
    residual = sum(float(((values - values.mean()) ** 2).sum()) for values in groups)
    within = residual / (total - k) if total > k else 0.0
    grand = float((sizes * means).sum() / total)
    among = float((sizes * (means - grand) ** 2).sum()) / (k - 1)
    balance = (total - float((sizes**2).sum()) / total) / (k - 1)
    return Components(between=max(0.0, (among - within) / balance), within=within, sizes=tuple(int(n) for n in sizes))


def t_power(effect: float, spread: float, items: int, alpha: float = ALPHA) -> float:
    """Return the power of the two-sided one-sample t test by the noncentral t distribution, for normal item means.

    Reference: Johnson, Kotz & Balakrishnan (1995), Continuous Univariate Distributions 2, ch. 31. The sign-flip test has the same power
    in large samples (Hoeffding 1952, doi:10.1214/aoms/1177729436).
    """
    from statsmodels.stats.power import ttest_power

    size = abs(effect) / spread
    right, wrong = (float(ttest_power(side, items, alpha / 2, alternative="larger")) for side in (size, -size))
    # nan far out, where the right side is certain and the wrong one impossible
    return (1.0 if np.isnan(right) and size > 0 else right) + (0.0 if np.isnan(wrong) else wrong)


def standardised(found: Components, rng: np.random.Generator, items: int, simulations: int) -> tuple[NDArray[np.float64], ...]:
    """Return mean and standard error, each (simulations, items - 1), of null runs that grow from two items to `items`.

    Column j is a run of its first j + 2 items, so neighbouring sizes share their draws and a power curve over sizes is smooth. An item
    has as many pairs as an item drawn from the run.
    """
    sizes = rng.choice(np.array(found.sizes), size=(simulations, items))
    values = rng.standard_normal((simulations, items)) * np.sqrt(found.between + found.within / sizes)
    n = np.arange(1, items + 1)
    sums, squares = np.cumsum(values, axis=1), np.cumsum(values**2, axis=1)
    means = sums / n
    spread = np.maximum(squares - n * means**2, 0.0)[:, 1:] / (n[1:] - 1)
    return means[:, 1:], np.sqrt(spread / n[1:])


def _detected(means: Values, errors: Values, effect: float, items: NDArray[np.int64] | int) -> Values:
    """Return where the two-sided t test rejects zero."""
    return np.asarray(np.abs(means + effect) > stats.t.ppf(1 - ALPHA / 2, np.asarray(items) - 1) * errors)


def _equivalent(means: Values, errors: Values, bound: float, items: NDArray[np.int64] | int) -> Values:
    """Return where both one-sided t tests place the mean within ± `bound` (a true effect of zero)."""
    return np.asarray(np.abs(means) + stats.t.ppf(1 - ALPHA, np.asarray(items) - 1) * errors < bound)


def items_needed(
    found: Components, target: float, rng: np.random.Generator, *, power: float = POWER, equivalence: bool = False, simulations: int
) -> Needed:
    """Return the smallest number of items at which simulated power reaches `power`.

    For the two-sided t test at a true effect of `target`; with `equivalence`, for TOST at ± `target` and a true effect of zero.
    """
    spread = float(np.sqrt(found.between + found.within * np.mean(1 / np.array(found.sizes))))
    quantile = stats.norm.ppf(1 - ALPHA) + stats.norm.ppf((1 + power) / 2) if equivalence else stats.norm.ppf(1 - ALPHA / 2)
    quantile += 0.0 if equivalence else stats.norm.ppf(power)
    about = float((max(quantile, 1.0) * spread / target) ** 2)
    if about > MAX_ITEMS:
        return Needed(items=None, low=None, high=None)
    margin = RELIABLE * np.sqrt(power * (1 - power) / simulations)
    most = min(MAX_ITEMS, int(1.3 * about) + 20)
    curve = _curve(found, target, rng, most, equivalence, simulations)
    first = [_first(curve, power + shift) for shift in (0.0, -margin, margin)]
    return Needed(items=first[0], low=first[1], high=first[2])


def _curve(found: Components, target: float, rng: np.random.Generator, most: int, equivalence: bool, simulations: int) -> Values:
    """Return simulated power for 2, 3, … `most` items, in blocks that fit into memory."""
    judge = _equivalent if equivalence else _detected
    n, hits = np.arange(2, most + 1), np.zeros(most - 1)
    block = max(1, _BLOCK // most)
    for start in range(0, simulations, block):
        means, errors = standardised(found, rng, most, min(block, simulations - start))
        hits += judge(means, errors, target, n).sum(axis=0)
    return hits / simulations


def _first(curve: Values, power: float) -> int | None:
    reached = np.flatnonzero(curve >= power)
    return int(reached[0]) + 2 if len(reached) else None


def detectable(
    found: Components, items: int, rng: np.random.Generator, *, power: float = POWER, equivalence: bool = False, simulations: int
) -> tuple[float, float]:
    """Return the smallest effect (with `equivalence`: the smallest bound) that `items` items reach `power` for, and its error.

    The error is half the range of effects whose simulated power is within a Monte Carlo standard error of `power`.
    """
    means, errors = _run(found, items, rng, simulations)
    critical = stats.t.ppf(1 - ALPHA, items - 1) if equivalence else stats.t.ppf(1 - ALPHA / 2, items - 1)
    # the effect at which each simulated run tips: sorted, the effect for any power is a quantile
    tips = np.abs(means) + critical * errors if equivalence else critical * errors - means
    half = np.sqrt(power * (1 - power) / simulations)
    low, value, high = np.quantile(tips, np.clip([power - half, power, power + half], 0, 1))
    return float(value), float((high - low) / 2)


def _run(found: Components, items: int, rng: np.random.Generator, simulations: int) -> tuple[Values, Values]:
    """Return means and standard errors, each (simulations,), of null runs of `items` items."""
    means, errors = [], []
    block = max(1, _BLOCK // items)
    for start in range(0, simulations, block):
        shape = (min(block, simulations - start), items)
        sizes = rng.choice(np.array(found.sizes), size=shape)
        values = rng.standard_normal(shape) * np.sqrt(found.between + found.within / sizes)
        means.append(values.mean(axis=1))
        errors.append(values.std(axis=1, ddof=1) / np.sqrt(items))
    return np.concatenate(means), np.concatenate(errors)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One series and arm: the test, the items it has, what they can find and what the target needs, in the unit of the measure.

    `detectable` is the smallest effect found with `power`, for `tost` the smallest bound within which a true zero is found equivalent.
    `at_target` is the power that `items` items have for `target`; errors are Monte Carlo standard errors, `needed_low` and `needed_high`
    the range at 95 %. None where there is no target, or where more than `MAX_ITEMS` items would be needed.
    """

    model: str
    probe: str
    measure: str
    contrast: str
    arm: str
    test: str
    items: int
    sd_between: float
    sd_within: float
    power: float
    target: float | None
    detectable: float
    detectable_error: float
    at_target: float | None
    at_target_error: float | None
    needed: int | None
    needed_low: int | None
    needed_high: int | None

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as one JSON-ready dictionary."""
        return asdict(self)


def power_of(
    observations: pd.DataFrame,
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

    `observations` is what `freqbias.analysis.frame` returns. Target: `effect` in the unit of the measure, or `relative` as a share of the
    exact - decoy margin, or the smallest effect of interest; the placebo's equivalence is always judged at the target as its bound.
    `items` asks about another number of items than the run has. Raises `InputError` where there is nothing to compute power from.
    """
    _check(effect, relative, items, power)
    known = settled_in(observations, judgements)
    gaps = contrasts.pair_gaps(observations, known)
    bounds = sesoi(gaps, known)
    series = list(_series(gaps, known))
    if not series:
        raise InputError("no confirmatory contrast was measured in the frequency arm; run a probe on frequency pairs first")
    answers: list[Answer] = []
    reasons: list[str] = []
    for key, arm, rows in track(series, "power", len(series)):
        target = _target(key, known[key[1]], bounds, effect, relative)
        try:
            found = components(rows)
        except InputError as error:
            if arm == PLACEBO:
                continue  # an arm that is absent or constant has no equivalence to plan; the frequency arm is what the run is for
            reasons.append(f"{' / '.join(key)}: {error}")
            continue
        rng = np.random.default_rng(np.random.SeedSequence([seed, len(answers)]))
        answers.append(_answer((*key, arm), known[key[1]].contrast, found, target, items or len(found.sizes), power, rng, simulations))
    if not answers:
        raise InputError(reasons[0])
    for reason in reasons:
        log.warning("%s", reason)
    return answers


def _check(effect: float | None, relative: float | None, items: int | None, power: float) -> None:
    if effect is not None and relative is not None:
        raise InputError("--effect and --relative both name the target; give one of the two")
    for name, value in (("--effect", effect), ("--relative", relative)):
        if value is not None and not 0 < value < np.inf:
            raise InputError(f"{name} must be above 0, found {value:g}")
    if items is not None and not 2 <= items <= MAX_ITEMS:
        raise InputError(f"--items must be between 2 and {MAX_ITEMS}, found {items}")
    if not ALPHA < power < 1:
        raise InputError(f"--power must lie between {ALPHA:g} and 1, found {power:g}")


def _series(gaps: pd.DataFrame, judgements: Judgements) -> Iterator[tuple[tuple[str, str, str], str, pd.DataFrame]]:
    """Yield (model, probe, measure), arm and rows of every confirmatory contrast, the placebo after its frequency arm."""
    groups: Iterable[tuple[Any, pd.DataFrame]] = gaps.groupby(["model", "probe", "measure"])
    for key, rows in groups:
        contrast = judgements[key[1]].contrast
        if not judgements[key[1]].judges(contrast, key[2]):
            continue
        own = rows[rows["contrast"] == contrast].dropna(subset=["gap"])
        for arm in (FREQUENCY, PLACEBO):
            part = own[own["arm"] == arm]
            if len(part) and (own["arm"] == FREQUENCY).any():
                yield key, arm, part


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
    key: tuple[str, ...],
    contrast: str,
    found: Components,
    target: float | None,
    items: int,
    power: float,
    rng: np.random.Generator,
    simulations: int,
) -> Answer:
    model, probe, measure, arm = key
    equivalence = arm == PLACEBO
    least, error = detectable(found, items, rng, power=power, equivalence=equivalence, simulations=simulations)
    needed, share = Needed(items=None, low=None, high=None), None
    if target is not None:
        judge = _equivalent if equivalence else _detected
        share = float(judge(*_run(found, items, rng, simulations), target, items).mean())
        needed = items_needed(found, target, rng, power=power, equivalence=equivalence, simulations=simulations)
    return Answer(
        model=model,
        probe=probe,
        measure=measure,
        contrast=contrast,
        arm=arm,
        test="tost" if equivalence else "two-sided",
        items=items,
        sd_between=float(np.sqrt(found.between)),
        sd_within=float(np.sqrt(found.within)),
        power=power,
        target=target,
        detectable=least,
        detectable_error=error,
        at_target=share,
        at_target_error=None if share is None else float(np.sqrt(share * (1 - share) / simulations)),
        needed=needed.items,
        needed_low=needed.low,
        needed_high=needed.high,
    )
