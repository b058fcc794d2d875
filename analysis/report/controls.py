"""What stands before the headline: the placebo, frequency minus placebo and the length control."""

from freqbias.analysis.estimate.placebo import MIN_ORIENTED
from freqbias.analysis.report.formatting import (
    ALPHA,
    Lookup,
    adjusted_p,
    entries,
    excludes_zero,
    flags_of,
    interval,
    number,
    p_text,
    significant,
    sized,
    tested,
    within_bound,
)
from freqbias.analysis.report.sentences import said
from freqbias.analysis.report.values import at_limit, count, orientation
from freqbias.records import Estimate
from freqbias.terms import BEYOND_PARAPHRASE, CONSTANT, DIFFERENCE, DIFFERS, EQUIVALENT, LENGTH, PARAPHRASE, PLACEBO

#: Items without one whose forms differ, from which on under a tenth of all do, at 95 %: the rule of three (Hanley & Lippman-Hand 1983).
ALIKE = 30


def controls(have: Lookup, *, reversed_sides: bool) -> list[str]:
    """Return the sentences on the controls; of sides that are the wrong way round, none that holds frequency against the placebo."""
    beyond = [] if reversed_sides else [*difference_sentences(have), *rewording_sentences(have)]
    return [*placebo_sentences(have), *beyond, *length_sentences(have)]


def placebo_sentences(have: Lookup) -> list[str]:
    """Return what the placebo shows, as a whole and by what distinguishes its two words."""
    row = have.main("equivalence", PLACEBO)
    limited = have.main("mean", PLACEBO)
    if limited is not None and (limits := at_limit(limited)):
        return [said("placebo_at_limit", **limits, unit=have.unit)]
    if row is None:
        mean = have.main("mean", PLACEBO)
        if mean is None:
            return [said("placebo_none")]
        if mean.value is None:
            return [said("placebo_unmeasured", failed=str(mean.n_failed))]
        return [said("placebo_unbounded", size=_sized(have, mean))]
    if CONSTANT in flags_of(limited) and row.n_items < ALIKE:
        return [said("placebo_few_alike", items=count(row.n_items))]
    return [_whole(have, row), *_apart(have)]


def _whole(have: Lookup, row: Estimate) -> str:
    """Say what the placebo shows over all, with the 90 % interval that its equivalence rests on."""
    own = {"value": number(row.value), "unit": have.unit, "interval": interval(row), "items": count(row.n_items)}
    where = said("placebo_where", bound=number(row.bound, signed=False), **own)
    # by the test of its own, since the 90 % interval leaves out zero in a tenth of the placebos that are zero
    differs = significant(have.main("mean", PLACEBO))
    if EQUIVALENT in row.flags:
        name = "placebo_equivalent_differs" if differs or DIFFERS in flags_of(row) else "placebo_equivalent"
    else:
        whole = within_bound(row, row.bound)
        names = ("placebo_whole_only", "placebo_whole_only_differs") if whole else ("placebo_unclear", "placebo_differs")
        name = names[differs]
        if row.ci_high is not None and row.ci_low is not None:
            where = said("placebo_width", where=where, width=number(row.ci_high - row.ci_low, signed=False))
    return said(name, where=where)


def _apart(have: Lookup) -> list[str]:
    off = [rival for rival in have.rivals() if EQUIVALENT not in rival.flags and rival.n_items >= MIN_ORIENTED]
    parts = [said("part", label=orientation(rival), size=sized(rival)) for rival in off]
    told = [said("placebo_parts", parts=entries(parts))] if parts else []
    joint = have.main("placebo_joint", PLACEBO)
    p_value = None if joint is None else adjusted_p(joint)
    if p_value is None:
        return told
    return [*told, said("placebo_joint_differs" if p_value < ALPHA else "placebo_joint", p=p_text(p_value))]


def difference_sentences(have: Lookup) -> list[str]:
    """Return frequency minus placebo, where there is one."""
    row = have.main("mean", DIFFERENCE)
    if row is None:
        return []
    return [said("difference", size=_sized(have, row), p=tested(row))]


def rewording_sentences(have: Lookup) -> list[str]:
    """Return what rewording alone does, and what the gap is beyond that, where the original was asked too."""
    cost, beyond = have.main(PARAPHRASE, PLACEBO), have.main(BEYOND_PARAPHRASE, DIFFERENCE)
    told = [] if cost is None or cost.value is None else [said("rewording", size=_sized(have, cost), p=tested(cost))]
    return told if not told or beyond is None else [*told, said("rewording_beyond", size=_sized(have, beyond))]


def length_sentences(have: Lookup) -> list[str]:
    """Return what the length control shows, where there is one."""
    row = have.measured(have.confirmatory, LENGTH)
    if row is None:
        return []
    name = "length_unclear" if not excludes_zero(row) else "length_lower" if (row.value or 0) < 0 else "length_higher"
    return [said(name, size=_sized(have, row))]


def _sized(have: Lookup, row: Estimate) -> str:
    return said("size", value=number(row.value), unit=have.unit, interval=interval(row))
