"""The sentences of a verdict that follow its headline: size, what could not be seen, confounders, and what a probe adds of its own."""

from collections.abc import Sequence

from freqbias.analysis.estimate.means import SESOI_SHARE
from freqbias.analysis.report.asked import equal_overlap, queries
from freqbias.analysis.report.facts import mostly_one_value
from freqbias.analysis.report.findings_answers import answers, clear, prompts, why
from freqbias.analysis.report.formatting import (
    Lookup,
    adjusted_p,
    capital,
    entries,
    excludes_zero,
    favoured,
    flags_of,
    interval,
    much_wider,
    number,
    percent,
    same_way,
    significant,
    sized,
    tested,
)
from freqbias.analysis.report.sentences import said
from freqbias.analysis.report.values import count, group_label, mean_of
from freqbias.analysis.stats.resampling import minimum_detectable
from freqbias.judgement import Finding
from freqbias.records import Estimate
from freqbias.terms import (
    AT_CHANCE,
    AT_LIMIT,
    DIFFERENCE,
    FORMAL,
    HIGH,
    INFORMAL,
    INSEPARABLE,
    LOW,
    MARGIN,
    MARGIN_NOT_TOLD,
    NOT_HELD,
    ONE_ANSWER,
    PREFERENCE,
    SPLIT_EFFECT,
    SPLIT_SLOPE,
    WHOLE_TEXT,
    ZIPF_GAP_OF,
    rival_label,
)

#: Strata by whether the swapped word is one token, and the sentences on them.
STRATA = {name: f"stratum_{name}" for name in ("whole_whole", "whole_split", "split_split")}


def findings(have: Lookup, main: Estimate | None, twins: Sequence[Lookup] = ()) -> list[str]:
    """Return every sentence that these estimates allow, in the order of the report; those of `twins` are what they say beside."""
    if {AT_CHANCE, ONE_ANSWER} & set(flags_of(main)):  # what a model that cannot answer shows is no finding
        return [sentence for part in (_size, answers, prompts, _failed) for sentence in part(have, main)]
    parts = [queries, _size, _declared]
    after = [
        equal_overlap,
        _limit,
        _items,
        _groups,
        prompts,
        _strata,
        _equal_subwords,
        _direct,
        _dose,
        _sides,
        _parts,
        _not_held,
        answers,
    ]
    after += [_adjusted, _without, _background, _specific, _crossed, _calibration, _failed]
    beside = [sentence for twin in twins for sentence in _of_twin(twin)]
    first = [sentence for part in parts for sentence in part(have, main)]
    return [*first, *beside, *(sentence for part in after for sentence in part(have, main))]


def _of_twin(twin: Lookup) -> list[str]:
    """Return what another probe that measured the same number says of its other estimates."""
    main = twin.main("mean")
    return [said("twin", contrast=twin.confirmatory, probe=twin.probe), *_declared(twin, main), *_crossed(twin, main)]


def _size(have: Lookup, main: Estimate | None) -> list[str]:
    if main is None or main.high_mean is None:
        return [*_margin(have, main), *_shares(main)]
    levels = said("levels", high=_plain(main.high_mean), low=_plain(main.low_mean), unit=have.unit)
    return [*_margin(have, main), levels, *_shares(main)]


def _margin(have: Lookup, main: Estimate | None) -> list[str]:
    """Say which share of the better form's margin the other loses; of what is not found only the ratio, with its interval."""
    row = have.main("relative")
    if row is None:
        return []
    texts = said("right_answers" if MARGIN.name in have.judgement.secondary else "right_documents")
    if MARGIN_NOT_TOLD in flags_of(row):
        return [said("margin_untold", size=sized(row), texts=texts)]
    if main is None or not have.found(main) or not main.bound or not have.judgement.sesoi_in_margins(have.measure):
        return [said("margin_share", size=sized(row), texts=texts)]
    gap, margin = main.value or 0.0, main.bound / SESOI_SHARE  # of the frequent form
    lost = abs(gap) / (margin if gap > 0 else margin - gap)
    worse = "Rare" if gap > 0 else "Frequent"
    difference = have.main("mean", DIFFERENCE)
    beside = "" if difference is None or same_way(difference, main) else said("margin_placebo")
    return [said("margin_lost", worse=worse, form=favoured(main), share=percent(lost), size=sized(row), beside=beside)]


def _shares(main: Estimate | None) -> list[str]:
    if main is None or main.share_positive is None or main.n_items < 2:
        return []
    high = percent(main.share_positive)
    if main.share_negative is None:
        return [said("share_alone", high=high)]
    rest = 1 - main.share_positive - main.share_negative
    low = percent(main.share_negative)
    return [said("shares_zero", high=high, low=low, zero=percent(rest)) if rest > 1e-9 else said("shares", high=high, low=low)]


def _plain(value: float | None) -> str:
    return number(value, signed=False)


def _limit(have: Lookup, main: Estimate | None) -> list[str]:
    if main is None or not main.std_error or AT_LIMIT in main.flags:
        return []
    least = minimum_detectable(main.std_error, main.n_items - 1)
    told = [said("detectable", items=count(main.n_items), least=_plain(least), unit=have.unit)]
    flipped = _flipped(have, main)
    if flipped is None or main.bound is None:
        return told
    return [said("flipped", bound=_plain(main.bound), unit=have.unit, share=percent(flipped)), *told]


def _flipped(have: Lookup, main: Estimate) -> float | None:
    """Return which share of comparisons an effect of the smallest size that matters would turn around."""
    test = have.main("equivalence")
    found = main.details.get("flipped") if test is None or "flipped" not in test.details else test.details["flipped"]
    return None if found is None else float(found)


def _items(have: Lookup, main: Estimate | None) -> list[str]:
    row = have.main("heterogeneity")
    if row is None or row.value is None or row.details.get("prediction_low") is None or (main is not None and mostly_one_value(main)):
        return []
    ends = {name: number(row.details[f"prediction_{name}"]) for name in (LOW, HIGH)}
    shown = row.ci_low is not None and row.ci_low > 0
    return [said("spread" if shown else "spread_unclear", value=_plain(row.value), **ends)]


def _groups(have: Lookup, main: Estimate | None) -> list[str]:
    """Say by what items differ, where the joint test, adjusted, says that they do."""
    sentences = []
    for by, row in have.groups():
        p_value, means = adjusted_p(row), row.details.get("means")
        if p_value is not None and p_value < 0.05 and isinstance(means, dict):
            shown = [f"{name} {number(mean_of(value))}" for name, value in means.items()]
            sentences.append(said("groups", by=group_label(by), p=tested(row), list=entries(shown, after_colon=True)))
    return sentences


def _strata(have: Lookup, main: Estimate | None) -> list[str]:
    rows = [(name, row) for term, name in STRATA.items() if (row := have.main(term)) is not None and row.value is not None]
    told = [said(name, size=sized(row), items=count(row.n_items)) for name, row in rows]
    told += [] if (effect := have.main(SPLIT_EFFECT)) is None else [said("split_cost", size=sized(effect))]
    return [said("strata", list=entries(told))] if rows else []


def _equal_subwords(have: Lookup, main: Estimate | None) -> list[str]:
    row = have.main("equal_subwords")
    if row is None:
        return []
    return [said("equal_subwords", items=count(row.n_items), size=sized(row), left=_left(row, main))]


def _dose(have: Lookup, main: Estimate | None) -> list[str]:
    row = have.main("zipf_slope")
    if row is None:
        return []
    if INSEPARABLE in flags_of(row):
        return [said("dose_none", why=why(row))]
    within, robust = have.main("within_slope"), have.main("within_slope_robust")
    beside = [("dose_robust", have.main("zipf_slope_robust")), ("dose_within", within)]
    beside += [("dose_robust", robust)] if much_wider(robust, within) else []
    sense, split = have.main("sense_zipf_slope"), have.main(SPLIT_SLOPE)
    same = sense is not None and within is not None and sized(sense) == sized(within)
    beside += [("dose_sense_same" if same else "dose_sense", sense), ("dose_beside_split", split)]
    more = [said(name, size=sized(slope)) for name, slope in beside if slope is not None]
    more += [said("dose_source", source=source, size=sized(slope)) for source, slope in have.slopes_by_source()]
    more += [said("dose_instrument", source=source, size=sized(slope)) for source, slope in have.slopes_by_instrument()]
    of = said("dose_of_text") if row.details.get(ZIPF_GAP_OF) == WHOLE_TEXT else ""
    return [said("dose", of=of, size=sized(row), clear=clear(row), more="".join(more))]


def _sides(have: Lookup, main: Estimate | None) -> list[str]:
    rows = have.main("zipf_high_slope"), have.main("zipf_low_slope")
    if rows[0] is None or rows[1] is None:
        return []
    return [said("dose_sides", high=sized(rows[0]), low=sized(rows[1]))]


def _parts(have: Lookup, main: Estimate | None) -> list[str]:
    """Split the mean gap by what it goes with, as far as the slopes tell."""
    own = have.main("part:frequency")
    if own is None:
        return []
    total = sum(row.value or 0 for name in ("frequency", *have.held(), "rest") if (row := have.main(f"part:{name}")) is not None)
    rows = [(label, have.main(f"part:{name}")) for name, label in have.held().items()]
    named = [said("part_frequency", size=sized(own))]
    named += [said("part", label=label, size=sized(row)) for label, row in rows if row is not None]
    rest = have.main("part:rest")
    named += [] if rest is None else [said("part_rest", size=sized(rest))]
    return [said("parts", total=number(total), list=entries(named))]


def _not_held(have: Lookup, main: Estimate | None) -> list[str]:
    slope = have.main("zipf_slope")
    if slope is None or main is None:
        return []
    told = [said("held_over", n_slope=str(slope.n_pairs), n_main=str(main.n_pairs))] if slope.n_pairs < main.n_pairs else []
    flags = [flag.removeprefix(NOT_HELD) for flag in flags_of(slope) if flag.startswith(NOT_HELD)]
    names = list(dict.fromkeys(map(rival_label, flags)))
    return [*told, said("not_held", list=", ".join(names))] if names else told


def _adjusted(have: Lookup, main: Estimate | None) -> list[str]:
    regression, matched = (have.main(term) for term in ("adjusted", "matched"))
    if regression is None or matched is None:
        return []
    beyond = have.main("adjusted", DIFFERENCE)
    values = {
        "regression": sized(regression),
        "matched": sized(matched),
        "n": str(matched.n_items),
        "disagree": (said("disagree") if _disagree(regression, matched) else "") + _extrapolated(regression),
    }
    return [said("adjusted", **values) if beyond is None else said("adjusted_beyond", beyond=sized(beyond), **values)]


def _extrapolated(row: Estimate) -> str:
    names = row.details.get("never_level")
    return said("adjusted_far", list=", ".join(map(rival_label, names))) if names else ""


def _disagree(first: Estimate, second: Estimate) -> bool:
    """Tell whether two intervals for one effect do not even overlap."""
    if None in (first.ci_low, first.ci_high, second.ci_low, second.ci_high):
        return False
    low, high = max(first.ci_low or 0, second.ci_low or 0), min(first.ci_high or 0, second.ci_high or 0)
    return low > high


def _without(have: Lookup, main: Estimate | None) -> list[str]:
    """Say that an effect hangs on its largest items, where it is not the same without them."""
    told = []
    for name in ("without_largest", "trimmed"):
        row = have.main(name)
        if row is not None and main is not None and excludes_zero(row) != excludes_zero(main):
            told.append(said(name, size=sized(row), verb=said("verb_excludes" if excludes_zero(row) else "verb_includes")))
    return told


def _direct(have: Lookup, main: Estimate | None) -> list[str]:
    row = have.main("net_of_subwords")
    if row is None:
        return []
    robustness, whole = row.details.get("robustness_value"), have.main("whole_whole")
    shown = excludes_zero(row)
    more = said("direct_beyond") if main is not None and same_way(row, main) and _larger(row, main) else ""
    if shown and whole is not None and main is not None and not same_way(whole, main):
        more += said("direct_not_whole")
    if shown and robustness is not None:
        more += said("direct_robustness", robustness=percent(robustness))
    return [said("direct", size=sized(row), left=_left(row, main), more=more)]


def _larger(row: Estimate, main: Estimate) -> bool:
    return abs(row.value or 0.0) > abs(main.value or 0.0)


def _left(row: Estimate, main: Estimate | None) -> str:
    """Say what is left of an effect under another condition, where it is not the same effect."""
    if row.ci_low is None or main is None or not excludes_zero(main):
        return ""
    if not excludes_zero(row):
        return said("left_none")
    return said("left_reversed") if (row.value or 0) * (main.value or 0) < 0 else ""


def _background(have: Lookup, main: Estimate | None) -> list[str]:
    row = have.measured(PREFERENCE)
    if row is None:
        return []
    where = f"{said('size', value=number(row.value), unit=have.unit, interval=interval(row))}, {tested(row)}"
    difference = have.get(PREFERENCE, DIFFERENCE)
    if difference is not None and difference.value is not None:
        where = said("background_difference", where=where, size=sized(difference))
    if have.found(row):
        doubts = _doubts(have, row)
        if doubts:
            return [said("background_doubt", form=favoured(row), where=where, why=capital(" and ".join(doubts)))]
        return [said("background_prefers", form=favoured(row), where=where)]
    return [said("background_noise" if significant(row) else "background_none", where=where)]


def _doubts(have: Lookup, row: Estimate) -> list[str]:
    """Return why what lies nearer to everything is not called preferred: the placebo and register have to be held against it."""
    difference, adjusted = have.get(PREFERENCE, DIFFERENCE), have.get(PREFERENCE, term="adjusted")
    doubts = []
    if difference is None or difference.value is None:
        doubts.append(said("doubt_no_placebo"))
    elif not same_way(difference, row):
        doubts.append(said("doubt_placebo"))
    if adjusted is None:
        doubts.append(said("doubt_unadjusted"))
    elif not same_way(adjusted, row):
        doubts.append(said("doubt_adjusted", size=sized(adjusted)))
    elif not any(have.get(PREFERENCE, term=f"{name}_slope") for name in (INFORMAL, FORMAL)):
        doubts.append(said("doubt_register"))
    return doubts


def _specific(have: Lookup, main: Estimate | None) -> list[str]:
    row = have.measured("gloss_specific")
    return [] if row is None else [said("specific", size=sized(row), p=tested(row))]


def _crossed(have: Lookup, main: Estimate | None) -> list[str]:
    match, asymmetry = have.get("match"), have.get("match_asymmetry")
    if match is None or asymmetry is None:
        return []
    if match.value == 0 and not match.std_error:
        return [said("word_matching_none")]
    return [said("word_matching", match=sized(match), asymmetry=sized(asymmetry))]


def _calibration(have: Lookup, main: Estimate | None) -> list[str]:
    row = have.get("calibration")
    if row is None or row.ci_low is None or row.ci_high is None:
        return []
    way = "steeper" if row.ci_low > 1 else "flatter" if row.ci_high < 1 else "even"
    return [said(f"calibration_{way}", size=f"{_plain(row.value)} {interval(row)}")]


def _declared(have: Lookup, main: Estimate | None) -> list[str]:
    """Say what the probe itself wants said of its other estimates, and its secondary measures where it says nothing of them."""
    own = have.judgement
    told_of = [sentence for finding in own.findings if (sentence := _of_finding(finding, have))]
    told = {have.measure, *(finding.measure for finding in own.findings if finding.contrast == have.confirmatory)}
    beside = [have.measured(have.confirmatory, measure=measure) for measure in own.secondary if measure not in told]
    named = [f"{own.unit_of(row.measure)} {sized(row)}, {tested(row)}" for row in beside if row is not None]
    return [*told_of, said("secondary", list=entries(named, after_colon=True))] if named else told_of


def _of_finding(finding: Finding, have: Lookup) -> str | None:
    """Return a declared sentence, filled in; None where its estimate was not made or its condition does not hold."""
    rows = [have.measured(finding.contrast, finding.arm, term, finding.measure) for term in (finding.term, *finding.more_terms)]
    there = [row for row in rows if row is not None]
    if not there or (finding.only_if is not None and have.found(there[0]) != (finding.only_if == "found")):
        return None
    row, share = there[0], have.judgement.is_share(there[0].measure)
    values = {
        "value": number(row.value),
        "interval": interval(row),
        "size": sized(row),
        "unit": have.judgement.unit_of(row.measure),
        "p": tested(row),
        "items": str(row.n_items),
        HIGH: _level(row.high_mean, share),
        LOW: _level(row.low_mean, share),
        "form": favoured(row),
        "list": ", ".join(map(_counted, there)),
        "first": _counted(there[0]),
        "last": _counted(there[-1]),
    }
    try:
        return finding.sentence.format_map(values | dict(row.details))
    except KeyError:  # a detail that this estimate does not have
        return None


def _counted(row: Estimate) -> str:
    return f"{_plain(row.value)} ({row.n_pairs})"


def _level(value: float | None, share: bool) -> str:
    return percent(value) if share and value is not None else _plain(value)


def _failed(have: Lookup, main: Estimate | None) -> list[str]:
    if main is None or not main.n_failed:
        return []
    return [said("failed_one" if main.n_failed == 1 else "failed_many", n=str(main.n_failed))]
