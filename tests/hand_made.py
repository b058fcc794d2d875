"""Estimates written by hand, to hold sentences against."""

from freqbias.analysis.report.verdict import verdicts
from freqbias.records import Estimate

PROBE = {"similarity": ("cosine", "gloss"), "retrieval": ("ndcg_at_10", "document_form"), "likelihood": ("log_prob_nats", "downstream")}


def row(term="mean", value=0.05, half=0.01, *, probe="similarity", arm="frequency", **fields):
    """Return an estimate with an interval of `value` ± `half`, of what the probe is judged by unless `fields` say another thing."""
    measure, contrast = PROBE.get(probe, ("cosine", "gap"))
    ends = {} if value is None or half is None else {"ci_low": value - half, "ci_high": value + half, "std_error": half / 2}
    found = value is not None and half is not None and abs(value) > half
    given = {
        "measure": measure,
        "contrast": contrast,
        "p_value": 0.001 if found else 0.5,
        "n_items": 30,
        "n_pairs": 60,
        "method": "given",
    }
    return Estimate(**{"model": "m", "probe": probe, "arm": arm, "term": term, "value": value, **given, **ends, **fields})


def mean(value=0.05, half=0.01, **fields):
    """Return a mean gap; `bound`, the smallest effect of interest, is .02."""
    return row("mean", value, half, **{"bound": 0.02, **fields})


def placebo(value=0.0, half=0.01, difference=None, **fields):
    """Return a placebo arm and by how much the frequency arm exceeds it."""
    beyond = 0.05 - value if difference is None else difference
    return [mean(value, half, arm="placebo", **fields), mean(beyond, 0.015, arm="frequency-placebo", **fields)]


def slopes(value=0.03, half=0.01, robust=None, within=None, within_robust=None, **fields):
    """Return the four slopes that a claim needs."""
    values = {"zipf_slope": value, "zipf_slope_robust": value if robust is None else robust}
    values |= {"within_slope": value if within is None else within}
    values |= {"within_slope_robust": values["within_slope"] if within_robust is None else within_robust}
    return [row(term, own, half, **fields) for term, own in values.items()]


def stratum(term, value, half=0.01, **fields):
    """Return the mean of one stratum of word splitting."""
    return row(term, value, half, **fields)


def equivalence(value, half=0.01, *, held=True, term="equivalence", arm="frequency", **fields):
    """Return a test of equivalence at .02, with its 90 % interval."""
    flags = ["equivalent" if held else "not_equivalent"]
    return row(term, value, half, arm=arm, level=0.9, bound=0.02, flags=flags, **fields)


def heterogeneity(low, high, below=0.0, above=0.0, value=0.02):
    """Return the spread of true item effects."""
    shares = {"prediction_low": low, "prediction_high": high, "share_below": below, "share_above": above}
    return row("heterogeneity", value, 0.005, details=shares)


#: A graded effect beside a placebo that shows nothing, adjusted for length.
GRADED = [mean(), *placebo(), *slopes(), row("adjusted", 0.05), row("part:words", 0.002), row("part:frequency", 0.045)]
#: One that is there whatever the frequency gap.
LEVEL = [mean(), *placebo(), *slopes(0.03, within=0.002), row("adjusted", 0.05), row("part:words", 0.002)]
#: Nothing on average, in items that are alike.
NOTHING = [mean(0.001, 0.008), equivalence(0.001, 0.006), heterogeneity(-0.01, 0.012), *slopes(0.001, 0.005)]


def told(*rows, floor=None):
    """Return the verdict on estimates; a later row replaces an earlier one of the same name."""
    own = {estimate.key: estimate for estimate in rows}
    floors = None if floor is None else {("m", rows[0].measure): floor}
    return verdicts(list(own.values()), floors)[0]


def words(found):
    return " ".join([found.headline, *found.controls, *found.findings])
