"""Does the analysis keep its promises? Simulated runs with planted effects through `estimate`, counted against binomial limits.

Every scenario is a world in which the truth is known. Over many runs of it, an estimator has to be unbiased (mean error within limits of
its Monte Carlo error), an interval has to cover the truth as often as its level says, and a test has to reject as often as it should:
5 % where nothing is there, its predicted power where something is. Such limits are at 99.9 %, so that one check in a thousand fails by
chance. What a verdict says is held to rates that stand in the rules themselves (`Rule.between`): as they are from `RUNS` runs on, below
that with the room that chance needs. The seed is fixed, so that the answer repeats.
"""

import math
import multiprocessing
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats

from freqbias.analysis.design.promises import ALPHA, OF_VERDICTS, Rule, Scenario
from freqbias.analysis.design.scenarios import scenarios
from freqbias.analysis.design.simulate import Simulated, simulate
from freqbias.analysis.estimate.estimates import estimate
from freqbias.analysis.report.verdict import Verdict, verdicts
from freqbias.analysis.table.frame import frame
from freqbias.errors import InputError
from freqbias.progress import Track, silent
from freqbias.records import Estimate

SEED = 0  # fixed before the first run
RUNS = 1000
MIN_RUNS = 20  # with fewer the limits of a 5 % rate hold almost any count
LEVEL = 0.999  # of the limits; about one check in a thousand leaves them by chance
_NAMING = {"confounder", "confounder_only"}  # rows of the rule table that name what carries the effect


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
    outcomes = list(track(_mapped(jobs, workers), "simulate", len(jobs), unit="runs"))
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
    told = verdicts(found)
    return [_says(rule, told) if rule.kind in OF_VERDICTS else _value(rule, rows.get(rule.key), run) for rule in scenario.rules]


def _says(rule: Rule, told: Sequence[Verdict]) -> float:
    """Tell whether any verdict of a run says what a rule asks."""
    holds: dict[str, Callable[[Verdict], bool]] = {
        "credits": lambda verdict: verdict.credits,
        "credits_unqualified": lambda verdict: verdict.credits_unqualified,
        "headline": lambda verdict: verdict.rules[0] == rule.row,
        "said": lambda verdict: rule.row in verdict.rules,
        "carrier": lambda verdict: bool(_NAMING & set(verdict.rules)) and rule.row in verdict.headline,
    }
    return float(any(holds[rule.kind](verdict) for verdict in told))


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

    Rates: `Rule.between`, or the central `LEVEL` interval of the binomial distribution with the expected rate. Bias: 0 ± t * sd /
    sqrt(runs).
    """
    runs = len(found)
    if rule.kind == "bias":
        half = float(stats.t.ppf((1 + LEVEL) / 2, runs - 1) * found.std(ddof=1) / math.sqrt(runs))
        low, high = -half, half
    elif rule.between is not None:
        low, high = rule.between if runs >= RUNS else _with_room(rule.between, runs)
    else:
        low, high = _room(rule.expected, runs)
    return Check(scenario=scenario, check=rule.name, expected=rule.expected, found=float(found.mean()), low=low, high=high, runs=runs)


def _room(rate: float, runs: int) -> tuple[float, float]:
    low, high = (float(count) / runs for count in stats.binom.interval(LEVEL, runs, rate))
    return low, high


def _with_room(between: tuple[float, float], runs: int) -> tuple[float, float]:
    ends = [rate if rate in (0.0, 1.0) else _room(rate, runs)[k] for k, rate in enumerate(between)]
    return ends[0], ends[1]


def all_ok(checks: Iterable[Check]) -> bool:
    """Tell whether every check is within its limits."""
    return all(check.ok for check in checks)
