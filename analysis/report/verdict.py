"""Plain sentences built from estimates: what was found, how sure, against which rivals, and what could not have been seen.

Three rules keep the words honest. Natural words cannot prove a cause, so an effect "goes with" frequency. Only `background`, a
pull without content, may be called preference. "No effect" is said only when an equivalence test says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from freqbias.analysis.estimate.across_models import ALL_MODELS
from freqbias.analysis.estimate.families import settled
from freqbias.analysis.report.findings import WORTH_NAMING, findings, inseparable, overlapping
from freqbias.analysis.report.formatting import (
    Lookup,
    adjusted_p,
    excludes_zero,
    favoured,
    flags_of,
    interval,
    number,
    p_text,
    same_way,
    significant,
)
from freqbias.judgement import Judgement, Judgements
from freqbias.records import Estimate
from freqbias.terms import DIFFERENCE, EQUIVALENT, FREQUENCY, IN_PHRASING, LENGTH, NO_GLOSS, PLACEBO, REVERSED

__all__ = ["Verdict", "headline_rows", "interval", "number", "p_text", "verdicts"]

NO_PLACEBO = "Without a placebo arm it cannot be distinguished from the effect of any synonym swap."
SMALL_PLACEBO = "The placebo has too few items to distinguish it from the effect of any synonym swap."
MORE_THAN_PLACEBO = (
    "It exceeds what an equally frequent synonym does (placebo), but these pairs have too few items, or frequency gaps too much alike, "
    "to adjust for length and other confounders."
)
NOT_BEYOND = "It is not shown to exceed what an equally frequent synonym does (placebo)."
#: Of pairs whose forms differ in construction: what is rare there is no word, and a kind of construction has one rate.
PHRASING_UNTOLD = (
    "Forms of these pairs differ in phrasing, which changes length and order along with how frequent the construction is: whether it "
    "goes with that frequency cannot be told from them."
)
PHRASING_PLACEBO = {
    True: "It exceeds what the placebo shows.",
    False: "It is not shown to exceed what the placebo shows.",
    None: "There is no placebo to hold it against.",
}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The sentences on one model and probe; controls come first. `title` names the measure only where the probe has `several`."""

    title: str
    several: bool
    model: str
    probe: str
    measure: str
    headline: str
    controls: list[str]
    findings: list[str]


def verdicts(
    estimates: Sequence[Estimate], floors: Mapping[tuple[str, str], float] | None = None, judgements: Judgements | None = None
) -> list[Verdict]:
    """Return one verdict per model, probe and measure that it is judged by, in the order of the estimates.

    A measure that does not hold what the probe is judged by has a verdict of its own only where no other measure of that probe does;
    otherwise its estimates are told beside the others. Rows over all models have none. `floors` maps (model, measure) to what a value
    moves by when only the batch changes: nothing smaller is called an effect.
    """
    known = settled(estimates, judgements)
    groups: dict[tuple[str, str], list[Estimate]] = {}
    for row in estimates:
        if row.model != ALL_MODELS:
            groups.setdefault((row.model, row.probe), []).append(row)
    return [
        _verdict(Lookup(rows, measure, known[probe], (floors or {}).get((model, measure))), several=len(judged) > 1)
        for (model, probe), rows in groups.items()
        for judged in [_judged(known[probe], rows)]
        for measure in judged
    ]


def _judged(own: Judgement, rows: Sequence[Estimate]) -> list[str]:
    judged = dict.fromkeys(row.measure for row in rows if own.judges(row.contrast, row.measure))
    return list(judged or dict.fromkeys(row.measure for row in rows))


def headline_rows(estimates: Sequence[Estimate], judgements: Judgements | None = None) -> list[Estimate]:
    """Return the few estimates that a screen shows: what the verdict rests on in every arm, `background` and `calibration`."""
    known = settled(estimates, judgements)
    return [
        row
        for row in estimates
        if row.term == "mean"
        and (
            known[row.probe].judges(row.contrast, row.measure) or (row.arm == FREQUENCY and row.contrast in ("background", "calibration"))
        )
    ]


def _verdict(have: Lookup, *, several: bool) -> Verdict:
    main = have.main("mean")
    reversed_ = REVERSED in flags_of(main)  # every sentence on the frequent form would speak of the rare one
    return Verdict(
        title=" · ".join([have.model, have.probe, *([have.measure] if several else [])]),
        several=several,
        model=have.model,
        probe=have.probe,
        measure=have.measure,
        headline=_headline(have, main),
        controls=[*_placebo(have), *([] if reversed_ else _difference(have)), *_length(have)],
        findings=[] if reversed_ else findings(have, main),
    )


def _unknown(have: Lookup, main: Estimate | None) -> str | None:
    """Return why there is nothing to judge, None where there is."""
    if main is None or main.value is None:
        failed = main is not None and main.n_failed > 0
        return f"Cannot tell: {have.confirmatory} {'failed on every pair of' if failed else 'was not measured in'} the frequency arm."
    size = f"{number(main.value)} {have.unit}"
    if main.std_error is None:
        return f"Cannot tell: a single item gives {size} but no interval."
    if REVERSED in flags_of(main):
        why = "on average the high form of these pairs is not the more frequent one"
        return f"Cannot tell: {why}; swap the sides, or correct `zipf_gap` (gap as given: {size} {interval(main)})."
    return None


def _headline(have: Lookup, main: Estimate | None) -> str:
    unknown = _unknown(have, main)
    if unknown is not None or main is None:
        return unknown or ""
    size = f"{number(main.value)} {have.unit} {interval(main)}"
    equivalent = EQUIVALENT in flags_of(have.main("equivalence"))
    if not significant(main):
        if equivalent:
            return f"No difference that matters: {size}, equivalent to zero at ± {number(main.bound, signed=False)}."
        return f"Inconclusive: no effect detected, none ruled out: {size}, {p_text(adjusted_p(main))}."
    if have.within_noise(main):
        floor = number(have.floor, signed=False)
        return (
            f"No effect is claimed: {size} is below this model's noise floor, the {floor} that its numbers move by when only the batch "
            "changes."
        )
    form = favoured(main)
    own = have.judgement.without_gloss if NO_GLOSS in flags_of(main) else have.judgement.meaning
    meaning = own or have.judgement.meaning or f"has the higher {have.unit}"
    goes = f"A document in {form} wording {meaning}: {size}, {p_text(adjusted_p(main))}"
    if equivalent:
        goes += f", yet smaller than the smallest effect of interest, ± {number(main.bound, signed=False)}"
    return f"{goes}. {_attribution(have, main)}"


def _attribution(have: Lookup, main: Estimate) -> str:
    """Say what the effect goes with: frequency, a rival, both, or what cannot be told.

    More than the placebo is not yet frequency: the placebo is level in length, which the frequency arm need not be. So frequency has
    either to carry a part by its slope, or to leave something where no rival differs.
    """
    if IN_PHRASING in flags_of(main):
        return f"{PHRASING_UNTOLD} {PHRASING_PLACEBO[_beyond_placebo(have, main)]}"
    if inseparable(have):
        return "Whether it goes with frequency cannot be told from these pairs: a confounder moves with frequency."
    matching = overlapping(have, main)
    if matching is not None:
        return matching
    part, placebo = have.main("part:frequency"), _beyond_placebo(have, main)
    if part is None:
        return MORE_THAN_PLACEBO if placebo else _unlike_placebo(have, placebo)
    return _by_parts(have, main, part, placebo)


def _by_parts(have: Lookup, main: Estimate, part: Estimate, placebo: bool | None) -> str:
    rivals, level = " and ".join(_rival_parts(have, main)), _listed(_level(have))
    own, left = same_way(part, main), _left(have, main)
    against = excludes_zero(part) and not own
    if placebo is False and not rivals:
        return NOT_BEYOND
    if not (own or left):
        return _uncredited(rivals, level, against=against)
    form, doubt = favoured(main), "" if placebo else f" {_unlike_placebo(have, placebo)}"
    if against:
        return f"{f'At equal {level} it' if level else 'It'} goes with the {form} form, yet shrinks as the frequency gap grows.{doubt}"
    if rivals:
        rest = f"; what is left at equal {level} goes with the {form} form, though it is not shown to grow with the frequency gap"
        return f"It goes with {'frequency and with ' if own else ''}{rivals}{'' if own else rest}.{doubt}"
    if placebo is None:
        return f"{f'It goes with frequency at equal {level}.' if own and level else ''}{doubt}".strip()
    return "It goes with frequency, beyond what an equally frequent synonym does (placebo)."


def _uncredited(rivals: str, level: str, *, against: bool) -> str:
    """Say what an effect goes with of which nothing is frequency's: no part by its slope, and nothing left at equal rivals."""
    if against and rivals:
        return f"It goes with {rivals}; frequency itself works in the opposite direction."
    if rivals:
        return f"It goes with {rivals}; the interval of the part that goes with frequency includes zero."
    return f"Whether it goes with frequency{f' or with {level}' if level else ''} cannot be told from these pairs."


def _left(have: Lookup, main: Estimate) -> bool:
    """Tell whether something is left at equal rivals that the placebo, in the same frames, does not show as well."""
    beyond = have.main("adjusted", DIFFERENCE)
    return same_way(have.main("adjusted"), main) and (beyond is None or same_way(beyond, main))


def _unlike_placebo(have: Lookup, beyond: bool | None) -> str:
    """Say why an effect is not told from the placebo's."""
    if beyond is not None:
        return NOT_BEYOND
    return NO_PLACEBO if have.main("mean", PLACEBO) is None else SMALL_PLACEBO


def _beyond_placebo(have: Lookup, main: Estimate) -> bool | None:
    """Tell whether the frequency arm exceeds the placebo in the effect's direction; None without a placebo."""
    difference = have.main("mean", DIFFERENCE)
    if difference is None or difference.ci_low is None or difference.ci_high is None:
        return None
    return same_way(difference, main)


def _listed(names: Sequence[str]) -> str:
    """Return `length, register and readability`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _level(have: Lookup) -> list[str]:
    """Return the rivals that the part of frequency was estimated with, each once."""
    return list(dict.fromkeys(label for name, label in have.held().items() if have.main(f"part:{name}") is not None))


def _rival_parts(have: Lookup, main: Estimate) -> list[str]:
    """Return the rivals that carry a part of the effect in its direction that differs from zero and is a quarter of it or more."""
    found = []
    for name, label in have.held().items():
        row = have.main(f"part:{name}")
        if row is not None and same_way(row, main) and abs(row.value or 0) >= WORTH_NAMING * abs(main.value or 0):
            found.append(label)
    return found


def _placebo(have: Lookup) -> list[str]:
    row = have.main("equivalence", PLACEBO)
    if row is None:
        mean = have.main("mean", PLACEBO)
        if mean is None:
            return ["Placebo: these pairs have none."]
        if mean.value is None:
            return [f"Placebo: none of its {mean.n_failed} pairs could be measured."]
        return [f"Placebo: {number(mean.value)} {have.unit} {interval(mean)}; no smallest effect of interest to test it against."]
    bound = number(row.bound, signed=False)
    where = f"{number(row.value)} {have.unit}, 90 % interval {interval(row)}, bound ± {bound}"
    if EQUIVALENT in row.flags:
        sentences = [f"Placebo: equivalent to zero ({where}; {row.n_items} items)."]
    else:
        width = "" if row.ci_high is None or row.ci_low is None else f", interval width {number(row.ci_high - row.ci_low, signed=False)}"
        # by the test of its own, since the 90 % interval leaves out zero in a tenth of the placebos that are zero
        shown = "differs from zero" if significant(have.main("mean", PLACEBO)) else "not shown to be equivalent to zero"
        sentences = [f"Placebo: {shown} ({where}{width}; {row.n_items} item{'s' if row.n_items > 1 else ''})."]
    off = [rival for rival in have.rivals() if EQUIVALENT not in rival.flags]
    if off:
        parts = [f"{rival.term.partition(':')[2]} {number(rival.value)} {interval(rival)}" for rival in off]
        sentences.append(f"Placebo by what distinguishes its two words, where not shown to be equivalent to zero: {'; '.join(parts)}.")
    return sentences


def _difference(have: Lookup) -> list[str]:
    row = have.main("mean", DIFFERENCE)
    if row is None:
        return []
    return [f"Frequency minus placebo: {number(row.value)} {have.unit} {interval(row)}, {p_text(row.p_value)}."]


def _length(have: Lookup) -> list[str]:
    row = have.measured(have.confirmatory, LENGTH)
    if row is None:
        return []
    way = "lower" if (row.value or 0) < 0 else "higher"
    return [
        f"Length control (expected to be positive): the shorter wording scores {way}, {number(row.value)} {have.unit} {interval(row)}."
    ]
