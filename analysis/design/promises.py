"""What a simulated world promises: rules that estimates and verdicts are held to."""

from dataclasses import dataclass, replace

from freqbias.analysis.design.world import World
from freqbias.terms import EQUIVALENT, FREQUENCY

RESAMPLES = 999  # of sign flips, permutations and bootstraps that are judged: (999 + 1) * .05 is whole, so the level is exact
RESAMPLES_OF_VERDICTS = 199  # a verdict needs several tests at once, none of which is at its edge in most runs
RESAMPLES_NOT_JUDGED = 9  # of those that are not judged
COVERAGE, ALPHA = 0.95, 0.05

Key = tuple[str, str, str]
MEAN = ("gloss", FREQUENCY, "mean")
SLOPE = ("gloss", FREQUENCY, "zipf_slope")

#: What a rule can ask of an estimate, and what a reader calls it.
KINDS = {
    "bias": "bias",
    "coverage": "coverage",
    "bca": "BCa coverage",
    "rejects": "p < .05",
    "excludes": "interval excludes 0",
    EQUIVALENT: EQUIVALENT,
}
#: What a rule can ask of the verdicts of a run, and what a reader calls it.
OF_VERDICTS = {
    "credits": "goes with frequency",
    "credits_unqualified": "goes with frequency, unqualified",
    "headline": "headline is",
    "said": "headline says",
    "carrier": "headline names a confounder,",
}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What one estimate of a scenario, or its verdicts, are held to.

    `kind`: `bias` (mean error 0), `coverage` (of ci_low to ci_high), `bca` (of bca_low to bca_high), `rejects` (p_value below 5 %),
    `excludes` (the interval leaves out zero), `equivalent` (the flag says so). `truth` is the planted value, to which `dose` adds per
    Zipf unit of the run's mean frequency gap, where an adjusted mean is taken; with `in_frames` the mean effect of the frames that a run
    drew belongs to it, for the estimates that speak of items in these frames. `expected` is the rate.

    Of verdicts, any of a run: `credits` and `credits_unqualified` (as of `Verdict`), `headline` (its own row of the rule table is `row`),
    `said` (`row` made a part of it), `carrier` (it names `row` as carrying a part of the effect).

    With `between` the rate must lie there; else it must be `expected` but for chance.
    """

    kind: str
    key: Key = MEAN
    truth: float = 0.0
    dose: float = 0.0
    in_frames: bool = False
    expected: float = 0.0
    row: str = ""
    between: tuple[float, float] | None = None

    @property
    def name(self) -> str:
        """What a reader calls it."""
        if self.kind in OF_VERDICTS:
            return " ".join(["verdict:", OF_VERDICTS[self.kind], *([self.row.replace("_", " ")] if self.row else [])])
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


def recovered(key: Key, truth: float, in_frames: bool = False, dose: float = 0.0) -> tuple[Rule, Rule]:
    """Return the two rules that any estimate of a planted value obeys."""
    bias = Rule(kind="bias", key=key, truth=truth, dose=dose, in_frames=in_frames)
    return bias, replace(bias, kind="coverage", expected=COVERAGE)


def false_positive(key: Key) -> Rule:
    """Return the rule that a test of nothing obeys."""
    return Rule(kind="rejects", key=key, expected=ALPHA)


def at_most(rate: float, kind: str, row: str = "", key: Key = MEAN) -> Rule:
    """Return the rule that something happens in at most so large a share of the runs."""
    return Rule(kind=kind, key=key, row=row, expected=rate, between=(0.0, rate))


def at_least(rate: float, kind: str, row: str = "") -> Rule:
    """Return the rule that something happens in at least so large a share of the runs."""
    return Rule(kind=kind, row=row, expected=rate, between=(rate, 1.0))


def covered(key: Key, truth: float) -> Rule:
    """Return the rule that a slope's interval covers the planted one in .93 to .97 of the runs."""
    return Rule(kind="coverage", key=key, truth=truth, expected=COVERAGE, between=(0.93, 0.97))
