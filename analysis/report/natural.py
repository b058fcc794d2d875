"""What an effect means in a unit that needs no explanation: comparisons lost, places in a ranking, a factor of probability, percent."""

import math
from collections.abc import Sequence

from freqbias.analysis.report.formatting import Lookup, favoured, flags_of, levels, number, percent, precise, same_way
from freqbias.analysis.report.sentences import said
from freqbias.records import Estimate
from freqbias.terms import IN_NATS, NEGATIVE_RANK, NO_GLOSS, WIN_RATE

MAX_LOG_FACTOR = 700.0  # exp of more is no float, of less zero
LARGEST_FACTOR = 1e6  # beyond, its digits say nothing


def natural(have: Lookup, main: Estimate, twins: Sequence[Lookup], *, found: bool) -> str | None:
    """Return a clause that opens the headline, without the gap itself, which comes after it.

    `twins` are other probes that measured the same number: `inversion` counts the comparisons behind the gap of `similarity`. A unit
    in which the effect is not shown the same way is not used: one sentence would say two things. None where nothing was found and there
    is no such unit.
    """
    form = favoured(main)
    values = {
        "form": form,
        "worse": "rare" if form == "frequent" else "frequent",
        "meaning": _meaning(have, main),
        "unit": have.unit,
        "subject": have.judgement.subject,
    }
    for make in (_loses, _places, _factor, _levels):
        clause = make(have, main, twins, values, found)
        if clause is not None:
            return clause
    return said("natural_plain", **values) if found else None


def _meaning(have: Lookup, main: Estimate) -> str:
    own = have.judgement.without_gloss if NO_GLOSS in flags_of(main) else have.judgement.meaning
    return own or have.judgement.meaning or said("meaning_default", unit=have.unit)


def _loses(have: Lookup, main: Estimate, twins: Sequence[Lookup], values: dict[str, str], found: bool) -> str | None:
    for other in (have, *twins):
        row = other.measured(other.confirmatory, measure=WIN_RATE.name)
        if row is None or row.high_mean is None or row.low_mean is None:
            continue
        losses = 1 - row.high_mean, 1 - row.low_mean
        if not found:
            return said("natural_loses_level", high_loss=percent(losses[0]), low_loss=percent(losses[1]))
        if same_way(row, main):
            return said("natural_loses", more=percent(max(losses)), fewer=percent(min(losses)), **values)
    return None


def _places(have: Lookup, main: Estimate, twins: Sequence[Lookup], values: dict[str, str], found: bool) -> str | None:
    row = have.measured(have.confirmatory, measure=NEGATIVE_RANK.name)
    levels = _sides(have, main)
    if row is None or levels is None or not found or not same_way(row, main):
        return None
    return said("natural_places", places=_whole(abs(row.value or 0)), **levels, **values)


def _whole(places: float) -> str:
    return f"{places:.0f}" if places >= 10 else number(places, signed=False)


def _factor(have: Lookup, main: Estimate, twins: Sequence[Lookup], values: dict[str, str], found: bool) -> str | None:
    if main.measure not in IN_NATS:
        return None
    if found:
        return said("natural_factor", factor=_exp(abs(main.value or 0)), **values)
    if main.ci_low is None or main.ci_high is None:
        return None
    ends = {"factor_low": _exp(main.ci_low), "factor_high": _exp(main.ci_high)}
    return said("natural_factor_level", factor=_exp(main.value or 0), **ends)


def _exp(value: float) -> str:
    if value > math.log(LARGEST_FACTOR):
        return said("factor_beyond")
    # with two digits 1.01, an end of an interval, would be 1
    return precise(math.exp(max(-MAX_LOG_FACTOR, value)), signed=False)


def _levels(have: Lookup, main: Estimate, twins: Sequence[Lookup], values: dict[str, str], found: bool) -> str | None:
    levels = _sides(have, main)
    if levels is None:
        return None
    if found:
        return said("natural_levels", **levels, **values)
    high, low = _levels_apart(have, main.high_mean or 0.0, main.low_mean or 0.0)
    return said("natural_levels_level", high=high, low=low, unit=have.unit)


def _sides(have: Lookup, main: Estimate) -> dict[str, str] | None:
    """Return the levels of the favoured and of the other form, None where a gap is no difference of two levels."""
    if main.high_mean is None or main.low_mean is None:
        return None
    better, worse = (main.high_mean, main.low_mean) if (main.value or 0) > 0 else (main.low_mean, main.high_mean)
    ends = _levels_apart(have, better, worse)
    return {"better_level": ends[0], "worse_level": ends[1]}


def _levels_apart(have: Lookup, first: float, second: float) -> tuple[str, str]:
    return (percent(first), percent(second)) if have.judgement.is_share(have.measure) else levels(first, second)
