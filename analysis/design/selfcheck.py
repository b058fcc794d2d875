"""Does the analysis keep its promises? Simulated runs with planted effects through `estimate`, counted against binomial limits.

Every scenario is a world in which the truth is known. Over many runs of it, an estimator has to be unbiased (mean error within limits of
its Monte Carlo error), an interval has to cover the truth as often as its level says, and a test has to reject as often as it should:
5 % where nothing is there, its predicted power where something is. Limits are at 99.9 %, so that one check in a thousand fails by
chance; the seed is fixed, so that the answer repeats.
"""

import math
import multiprocessing
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy import stats

from freqbias.analysis.design.power import t_power
from freqbias.analysis.design.simulate import Simulated, World, simulate
from freqbias.analysis.estimate.estimates import estimate
from freqbias.analysis.estimate.means import SESOI_SHARE
from freqbias.analysis.report.verdict import verdicts
from freqbias.analysis.table.frame import frame
from freqbias.errors import InputError
from freqbias.progress import Track, silent
from freqbias.records import Estimate
from freqbias.terms import DIFFERENCE, EQUIVALENT, FREQUENCY, LENGTH, PLACEBO

SEED = 0  # fixed before the first run
RUNS = 1000
MIN_RUNS = 20  # with fewer the limits of a 5 % rate hold almost any count
LEVEL = 0.999  # of the limits; about one check in a thousand leaves them by chance
RESAMPLES = 999  # of sign flips, permutations and bootstraps that are judged: (999 + 1) * .05 is whole, so the level is exact
RESAMPLES_NOT_JUDGED = 9  # of those that are not judged
COVERAGE, ALPHA = 0.95, 0.05

#: What a rule can ask, and what a reader calls it.
KINDS = {
    "bias": "bias",
    "coverage": "coverage",
    "bca": "BCa coverage",
    "rejects": "p < .05",
    "excludes": "interval excludes 0",
    EQUIVALENT: EQUIVALENT,
    "credits": "credited by the verdict",
}

_FREQUENCY = ("gloss", FREQUENCY, "mean")
_SLOPE = ("gloss", FREQUENCY, "zipf_slope")
_ADJUSTED = ("gloss", FREQUENCY, "adjusted")
_LOGIT = ("gloss", FREQUENCY, "zipf_slope_logit")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What one estimate of a scenario is held to.

    `kind`: `bias` (mean error 0), `coverage` (of ci_low to ci_high), `bca` (of bca_low to bca_high), `rejects` (p_value below 5 %),
    `excludes` (the interval leaves out zero), `equivalent` (TOST says so), `credits` (the headline says that the effect goes with
    frequency, which it may at most as often as `expected`). `truth` is the planted value, to which `dose` adds per Zipf unit of the
    run's mean frequency gap, where an adjusted mean is taken; with `in_frames` the mean effect of the frames that a run drew belongs to
    it, for the estimates that speak of items in these frames. `expected` is the rate.
    """

    kind: str
    key: tuple[str, str, str]
    truth: float = 0.0
    dose: float = 0.0
    in_frames: bool = False
    expected: float = 0.0

    @property
    def name(self) -> str:
        """What a reader calls it."""
        contrast, arm, term = self.key
        parts = [*([] if contrast == "gloss" else [contrast]), arm, *([] if term == "mean" else [term])]
        return f"{' '.join(parts)}: {KINDS[self.kind]}"


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A world, the rules that hold in it, and how many resamples they need."""

    name: str
    world: World
    rules: tuple[Rule, ...]
    resamples: int = RESAMPLES_NOT_JUDGED


@dataclass(frozen=True, kw_only=True)
class Check:
    """One rule over all runs: what was expected, found, and the limits of the found value."""

    scenario: str
    check: str
    expected: float
    found: float
    low: float
    high: float
    runs: int

    @property
    def ok(self) -> bool:
        """Tell whether the found value is within the limits."""
        return self.low <= self.found <= self.high

    def to_dict(self) -> dict[str, Any]:
        """Return the check as one JSON-ready dictionary; a value that could not be computed is null."""
        row = asdict(self) | {"ok": self.ok}
        return {name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in row.items()}


def _recovered(key: tuple[str, str, str], truth: float, in_frames: bool = False, dose: float = 0.0) -> tuple[Rule, Rule]:
    """Return the two rules that any estimate of a planted value obeys."""
    bias = Rule(kind="bias", key=key, truth=truth, dose=dose, in_frames=in_frames)
    return bias, replace(bias, kind="coverage", expected=COVERAGE)


def _false_positive(key: tuple[str, str, str]) -> Rule:
    return Rule(kind="rejects", key=key, expected=ALPHA)


def scenarios() -> list[Scenario]:
    """Return what `freqbias selfcheck` checks, in the order of its table."""
    return [*_means(), *_regressions(), *_factors()]


def _means() -> Iterator[Scenario]:
    """Yield worlds without dose, for means, differences, equivalence and power."""
    difference = ("gloss", DIFFERENCE, "mean")
    null = World(frame_spread=0.0, placebo_items=30, placebo_noise=1.5)
    rules: tuple[Rule, ...] = (_false_positive(_FREQUENCY), _false_positive(difference))
    yield Scenario(name="nothing planted", world=null, rules=rules, resamples=RESAMPLES)

    arms = World(effect=0.03, placebo_items=25, placebo=0.01, placebo_noise=1.5, length_items=25, length_effect=0.05)
    rules = (
        *_recovered(_FREQUENCY, 0.03, in_frames=True),
        *_recovered(("gloss", PLACEBO, "mean"), 0.01, in_frames=True),
        *_recovered(("gloss", LENGTH, "mean"), 0.05, in_frames=True),
        *_recovered(difference, 0.02),
    )
    yield Scenario(name="all arms", world=arms, rules=rules)

    # BCa is an asymptotic interval: below 100 items it is known to be short (Efron & Tibshirani 1993, ch. 14), so it is judged from there
    many = World(items=100, frames=1, effect=0.03, frame_spread=0.0, margin_spread=0.1)
    relative = ("gloss", FREQUENCY, "relative")
    rules = (Rule(kind="bca", key=_FREQUENCY, truth=0.03, expected=COVERAGE), *_recovered(relative, 0.03 / many.margin))
    yield Scenario(name="100 items", world=many, rules=rules, resamples=RESAMPLES)

    bound = SESOI_SHARE * World().margin
    edge = World(items=3, placebo_items=40, placebo=bound, frame_spread=0.0)
    rules = (Rule(kind=EQUIVALENT, key=("gloss", PLACEBO, "equivalence"), expected=ALPHA),)
    yield Scenario(name="placebo at the bound", world=edge, rules=rules)

    weak = World(effect=0.011, frame_spread=0.0)
    spread = math.sqrt(weak.item_spread**2 + weak.pair_spread**2 / weak.frames)
    power = t_power(weak.effect, spread, weak.items)
    rules = (Rule(kind="excludes", key=_FREQUENCY, expected=power), Rule(kind="rejects", key=_FREQUENCY, expected=power))
    yield Scenario(name="weak effect", world=weak, rules=rules, resamples=RESAMPLES)

    pull = World(background=0.03, frame_spread=0.0, registers=True)
    specific = ("gloss_specific", FREQUENCY, "mean")
    rules = (
        *_recovered(("background", FREQUENCY, "mean"), 0.03),
        *_recovered(_FREQUENCY, 0.03),
        Rule(kind="bias", key=specific),
        _false_positive(specific),
    )
    yield Scenario(name="background pull only", world=pull, rules=rules, resamples=RESAMPLES)

    position = World(position=0.04, frames=4, placebo_items=30, placebo_noise=1.5)
    rules = (*_recovered(_FREQUENCY, 0.04 / 2, in_frames=True), _false_positive(difference))
    yield Scenario(name="position only", world=position, rules=rules, resamples=RESAMPLES)


def _regressions() -> Iterator[Scenario]:
    """Yield worlds in which the frequency gap differs from item to item, for slopes and what they are adjusted for."""
    dose = World(zipf_spread=0.6, words_spread=4.0, correlation=-0.7)
    both = replace(dose, effect=0.01, per_zipf=0.02, per_word=-0.004)
    rules: tuple[Rule, ...] = (
        *_recovered(_SLOPE, 0.02),
        *_recovered(("gloss", FREQUENCY, "words_slope"), -0.004),
        *_recovered(_ADJUSTED, 0.01, in_frames=True, dose=0.02),
    )
    yield Scenario(name="frequency and length", world=both, rules=rules)

    length = replace(dose, per_word=-0.004)
    rules = (
        Rule(kind="bias", key=_SLOPE),
        _false_positive(_SLOPE),
        *_recovered(_ADJUSTED, 0.0, in_frames=True),
    )
    yield Scenario(name="length only", world=length, rules=rules)

    # beyond the placebo, which is level in length, and yet nothing of it is frequency
    beside = replace(dose, per_word=-0.02, placebo_items=40)
    rules = (Rule(kind="credits", key=_FREQUENCY, expected=ALPHA),)
    yield Scenario(name="length only, beside a placebo", world=beside, rules=rules, resamples=RESAMPLES)

    yield Scenario(
        name="frequency and position, 8 frames",
        world=World(frames=8, per_zipf=0.02, position=0.04, zipf_spread=0.6),
        rules=_recovered(_SLOPE, 0.02),
    )
    # from six frames on they are random, and the adjusted mean speaks of frames like these, whatever the drawn ones came to
    many = World(frames=8, effect=0.01, per_zipf=0.02, zipf_spread=0.6, frame_spread=0.02)
    yield Scenario(name="8 random frames", world=many, rules=_recovered(_ADJUSTED, 0.01, dose=0.02))

    split = World(per_piece=0.02, pieces_per_zipf=0.8, zipf_spread=0.6)
    direct = ("gloss", FREQUENCY, "net_of_subwords")
    rules = (*_recovered(_SLOPE, 0.02 * 0.8), *_recovered(direct, 0.0, in_frames=True))
    yield Scenario(name="subwords only", world=split, rules=rules)

    even = World(items=60, effect=0.03, pieces_per_zipf=0.4, zipf_spread=0.6)
    equal = ("gloss", FREQUENCY, "equal_subwords")
    yield Scenario(name="equal subwords", world=even, rules=_recovered(equal, 0.03, in_frames=True))

    level = World(items=120, effect=0.03, zipf_spread=0.6, words_spread=4.0)
    matched = ("gloss", FREQUENCY, "matched")
    yield Scenario(name="matched in length", world=level, rules=_recovered(matched, 0.03, in_frames=True))

    answers = World(items=200, effect=-0.9, per_zipf=0.5, zipf_spread=0.6, discordant=0.5)
    yield Scenario(name="right or wrong", world=answers, rules=_recovered(_LOGIT, 0.5))
    blind = replace(answers, effect=0.0, per_zipf=0.0)
    yield Scenario(name="right or wrong, nothing planted", world=blind, rules=(_false_positive(_LOGIT),))

    # in nats, gap = slope * ln(10) * zipf_gap: 1 is a model whose odds are the corpus's own
    odds = World(per_zipf=1.2 * math.log(10), zipf_spread=0.6, item_spread=1.0, pair_spread=1.0, frame_spread=0.3, raw=True)
    calibration = ("calibration", FREQUENCY, "mean")
    yield Scenario(name="odds steeper than the corpus's", world=odds, rules=_recovered(calibration, 1.2))
    calibrated = replace(odds, per_zipf=math.log(10))
    yield Scenario(name="odds of the corpus", world=calibrated, rules=(_false_positive(calibration),))


def _factors() -> Iterator[Scenario]:
    """Yield the world in which register carries the effect."""
    # informal and formal rare words, equally many: on one scale they would cancel, and their effect would be frequency's
    marked = World(items=80, placebo_items=40, zipf_spread=0.6, marked=0.6, marked_per_zipf=0.4, per_marked=0.05)
    rules: tuple[Rule, ...] = (
        Rule(kind="credits", key=_FREQUENCY, expected=ALPHA),
        *_recovered(_SLOPE, 0.0),
        *_recovered(("gloss", FREQUENCY, "informal_slope"), -0.05),
        *_recovered(("gloss", FREQUENCY, "formal_slope"), -0.05),
    )
    yield Scenario(name="register by markedness", world=marked, rules=rules, resamples=RESAMPLES)


def selfcheck(
    runs: int = RUNS,
    seed: int = SEED,
    *,
    worlds: Sequence[Scenario] | None = None,
    workers: int = 1,
    track: Track = silent,
) -> list[Check]:
    """Return every check over `runs` simulated runs of each of the `worlds` (default: `scenarios()`).

    The same seed gives the same numbers, whatever `workers`, the number of processes, is. With more than one, a script that calls this
    needs the usual `if __name__ == "__main__":`. Raises `InputError` for fewer than `MIN_RUNS` runs.
    """
    if runs < MIN_RUNS:
        raise InputError(f"--runs must be at least {MIN_RUNS}, found {runs}: fewer cannot tell a wrong rate from a right one")
    every = scenarios() if worlds is None else worlds
    jobs = [(scenario, seed, number) for scenario in every for number in range(runs)]
    outcomes = list(track(_mapped(jobs, workers), "simulated runs", len(jobs)))
    checks: list[Check] = []
    for k, scenario in enumerate(every):
        columns = np.array(outcomes[k * runs : (k + 1) * runs], dtype=float).T
        checks += [_judged(scenario.name, rule, found) for rule, found in zip(scenario.rules, columns, strict=True)]
    return checks


def _mapped(jobs: list[tuple[Scenario, int, int]], workers: int) -> Iterator[list[float]]:
    if workers == 1:
        yield from map(_outcome, jobs)
        return
    # fresh processes: linear algebra runs threads, and a forked copy of a process with threads can hang
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_outcome, jobs, chunksize=10)


def _outcome(job: tuple[Scenario, int, int]) -> list[float]:
    """Simulate and analyse one run; return the error of every `bias` rule and 1 or 0 for every other."""
    scenario, seed, number = job
    # what SeedSequence.spawn would give, without having to spawn in order
    sequence = np.random.SeedSequence(seed, spawn_key=(zlib.crc32(scenario.name.encode()), number))
    rng = np.random.default_rng(sequence)
    run = simulate(scenario.world, rng)
    found = estimate(frame(run.observations), run.pairs, seed=int(rng.integers(2**31)), resamples=scenario.resamples, curve=False)
    rows = {(row.contrast, row.arm, row.term): row for row in found}
    credited = float(any(verdict.credits for verdict in verdicts(found)))
    return [credited if rule.kind == "credits" else _value(rule, rows.get(rule.key), run) for rule in scenario.rules]


def _value(rule: Rule, row: Estimate | None, run: Simulated) -> float:
    """Return the outcome of one rule; an estimate that is missing has no error (NaN) and does not cover, reject or claim anything."""
    truth = rule.truth + rule.dose * run.zipf + (run.frames if rule.in_frames else 0.0)
    if rule.kind == "bias":
        return float("nan") if row is None or row.value is None else row.value - truth
    return float(row is not None and _holds(rule.kind, row, truth))


def _holds(kind: str, row: Estimate, truth: float) -> bool:
    match kind:
        case "coverage":
            return _covers(row.ci_low, row.ci_high, truth)
        case "bca":
            return _covers(row.bca_low, row.bca_high, truth)
        case "rejects":
            return row.p_value is not None and row.p_value <= ALPHA
        case "excludes":
            return row.ci_low is not None and not _covers(row.ci_low, row.ci_high, 0.0)
        case _:
            return kind in row.flags


def _covers(low: float | None, high: float | None, truth: float) -> bool:
    return low is not None and high is not None and low <= truth <= high


def _judged(scenario: str, rule: Rule, found: np.ndarray[Any, np.dtype[np.float64]]) -> Check:
    """Hold the mean outcome of a rule against its limits.

    Rates: the central `LEVEL` interval of the binomial distribution with the expected rate. Bias: 0 ± t * sd / sqrt(runs).
    """
    runs = len(found)
    if rule.kind == "bias":
        half = float(stats.t.ppf((1 + LEVEL) / 2, runs - 1) * found.std(ddof=1) / math.sqrt(runs))
        low, high = -half, half
    else:
        low, high = (float(count) / runs for count in stats.binom.interval(LEVEL, runs, rule.expected))
        low = 0.0 if rule.kind == "credits" else low
    return Check(scenario=scenario, check=rule.name, expected=rule.expected, found=float(found.mean()), low=low, high=high, runs=runs)


def all_ok(checks: Iterable[Check]) -> bool:
    """Tell whether every check is within its limits."""
    return all(check.ok for check in checks)
