"""What the sentences of the headline fill in: numbers, intervals and clauses by the names that `rules` uses."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from freqbias.analysis.estimate.placebo import MIN_ORIENTED
from freqbias.analysis.report.facts import Facts, carried, needed_slopes
from freqbias.analysis.report.formatting import (
    Lookup,
    adjusted_p,
    capital,
    entries,
    excludes_zero,
    favoured,
    inner_interval,
    interval,
    listed,
    much_wider,
    number,
    p_text,
    percent,
    sized,
    tested,
)
from freqbias.analysis.report.natural import natural
from freqbias.analysis.report.sentences import SENTENCES, said
from freqbias.analysis.stats.resampling import minimum_detectable
from freqbias.records import Estimate
from freqbias.terms import (
    ACCURACY,
    ANSWER_SHARE,
    AT_LIMIT,
    BEYOND_PARAPHRASE,
    CEILING_SHARE,
    CHANCE,
    DIFFERENCE,
    FAILED_BY_DOSE,
    FLOOR_SHARE,
    HIGH,
    LOW,
    PARAPHRASE,
    PLACEBO,
    PROMPT,
    QUERY_SIDE,
    SAME_SHARE,
    SPLIT_EFFECT,
    SPLIT_SLOPE,
    rival_label,
)

MAX_LISTED = 3  # confounders that a headline names; of more it says how many, and the findings name them


def values_of(have: Lookup, facts: Facts, twins: Sequence[Lookup] = ()) -> dict[str, str]:
    """Return every value whose estimates were made; a rule holds only where those that it names were."""
    main = have.main("mean")
    if main is None or main.value is None:
        failed = main is not None and main.n_failed > 0
        return {"contrast": have.confirmatory, "missing": said("failed_throughout" if failed else "not_measured")}
    level = natural(have, main, twins, found=False)
    common = {
        "natural": natural(have, main, twins, found=True) or "",
        "level": f"{capital(level)}. " if level else "",
        "value": f"{number(main.value)} {have.unit}",
        "size": said("size", value=number(main.value), unit=have.unit, interval=interval(main)),
        "p": tested(main),
        "form": favoured(main),
        "other": "rare" if favoured(main) == "frequent" else "frequent",
        "bound": number(main.bound, signed=False),
        "floor": number(have.floor, signed=False),
        "unit": have.unit,
        "same_share": percent(float(main.details.get(SAME_SHARE) or 0.0)),
        **_limits(main),
        **_answers(main),
    }
    parts = (_items, _groups, _placebo, _dose, _splitting, _integrity)
    return common | {name: text for part in parts for name, text in part(have, main, facts).items()}


def _limits(main: Estimate) -> dict[str, str]:
    """Return in which share of the pairs both forms are at the top of the scale, or at its bottom, and what to ask instead."""
    top, bottom = (float(main.details.get(name) or 0.0) for name in (CEILING_SHARE, FLOOR_SHARE))
    limits = said("limits", top=percent(top), bottom=percent(bottom))
    harder = "harder_problems" if main.measure == ACCURACY.name else "harder"
    instead = said(harder if top >= bottom else "easier")
    return {"limit_share": percent(top + bottom), "limits": limits, "instead": instead}


def _answers(main: Estimate) -> dict[str, str]:
    """Return how many answers a model gave, how many are right, what guessing gives, and the share of the letter that it gives most."""
    known = {name: float(main.details.get(name) or 0.0) for name in (CHANCE, ANSWER_SHARE, "right", "answers")}
    some = known[CHANCE] > 0
    return {
        "no_better": said("no_better" if some else "next_to_nothing"),
        "guessing": beside_right(main.details),
        ANSWER_SHARE: percent(known[ANSWER_SHARE]),
        **{name: f"{known[name]:.0f}" for name in ("right", "answers")},
    }


def beside_right(details: Mapping[str, Any]) -> str:
    """Return what belongs behind the number of right answers: what guessing gives, and how many could not be read."""
    told = [said("guessing", chance=percent(details[CHANCE]))] if details.get(CHANCE) else []
    if details.get("unread"):
        told.append(said("unread", unread=f"{details['unread']:.0f}", pairs=f"{details['pairs']:.0f}"))
    return "".join(told)


def at_limit(row: Estimate) -> dict[str, str]:
    """Return what a sentence on a mean that has no room fills in; empty where it has."""
    return _limits(row) if AT_LIMIT in row.flags else {}


def count(n: int) -> str:
    """Return `1 item` or `30 items`."""
    return said("items_one" if n == 1 else "items_many", n=str(n))


def about(n: int | None) -> str:
    """Return a number of items with two significant digits, upwards: what an estimate of it can bear."""
    if n is None:
        return ""
    step = 10 ** max(0, len(str(n)) - 2)
    return str(math.ceil(n / step) * step)


def _inner(row: Estimate | None) -> str:
    ends = None if row is None else inner_interval(row)
    return said("no_interval") if ends is None else f"[{number(ends[0])}, {number(ends[1])}]"


def _items(have: Lookup, main: Estimate, facts: Facts) -> dict[str, str]:
    untold = [said(name) for name, known in (("untold_items", facts.even), ("untold_gaps", facts.flat)) if not known]
    values = {"inner": _inner(have.main("equivalence") or main), "needed": _needed(main), "untold": said("or").join(untold)}
    row = have.main("heterogeneity")
    if row is not None and facts.uneven:
        shares = {name: percent(row.details.get(f"share_{name}") or 0.0) for name in ("above", "below")}
        values["uneven"] = said("uneven", bound=number(main.bound, signed=False), unit=have.unit, **shares)
    return values


def _groups(have: Lookup, main: Estimate, facts: Facts) -> dict[str, str]:
    """Name what items differ by, and the lowest and highest mean of frames."""
    known, adjusted = dict(have.groups()), have.main("adjusted")
    values = {"groups": listed([group_label(name) for name in facts.groups])}
    values |= {} if adjusted is None else {"adjusted": sized(adjusted)}
    crossed = next((name for name in ("frame", PROMPT) if name in facts.groups), None)
    means = None if crossed is None else known[crossed].details.get("means")
    if isinstance(means, dict) and means:
        ends = [number(end(map(mean_of, means.values()))) for end in (min, max)]
        values |= {"frame_low": ends[0], "frame_high": ends[1]}
    return values


def group_label(name: str) -> str:
    """Return what a reader calls that by which items are grouped."""
    return said(f"by_{name}") if f"by_{name}" in SENTENCES else name


def mean_of(value: Any) -> float:
    """Return a group's mean, whether it stands alone or first of several numbers."""
    return float(value[0] if isinstance(value, list | tuple) else value)


def items_needed(main: Estimate) -> int | None:
    """Return how many items find the smallest effect of interest four times in five; None where these do, or there is none."""
    if not main.std_error or not main.bound or main.n_items < 2:
        return None
    least = minimum_detectable(main.std_error, main.n_items - 1)
    items = math.ceil(main.n_items * (least / main.bound) ** 2)
    return items if items > main.n_items else None


def _needed(main: Estimate) -> str:
    items = items_needed(main)
    return "" if items is None else said("needed", bound=number(main.bound, signed=False), n=about(items))


def _placebo(have: Lookup, main: Estimate, facts: Facts) -> dict[str, str]:
    beside = {True: "beside_placebo", False: "beside_placebo_not", None: "beside_placebo_none"}
    values = {"beside_placebo": said(beside[facts.beyond_placebo])}
    difference, placebo, joint = have.main("mean", DIFFERENCE), have.main("mean", PLACEBO), have.main("placebo_joint", PLACEBO)
    values |= {} if difference is None else {"difference": sized(difference)}
    values[PLACEBO] = said("no_interval") if placebo is None else sized(placebo)
    rows = {PARAPHRASE: have.main(PARAPHRASE, PLACEBO), BEYOND_PARAPHRASE: have.main(BEYOND_PARAPHRASE, DIFFERENCE)}
    values |= {name: sized(row) for name, row in rows.items() if row is not None}
    values["beyond"] = ""
    if facts.found and difference is not None and difference.ci_low is not None:
        values["beyond"] = said("beyond", size=sized(difference))
    parts = [row for row in have.rivals() if excludes_zero(row) and row.n_items >= MIN_ORIENTED]
    values["placebo_parts"] = "".join(said("placebo_part", label=orientation(row), size=sized(row)) for row in parts)
    return values | {"placebo_p": p_text(None if joint is None else adjusted_p(joint))}


def orientation(row: Estimate) -> str:
    """Return in words what distinguishes the two words of a part of the placebo."""
    name = row.term.partition(":")[2]
    return said(f"oriented_{name}") if f"oriented_{name}" in SENTENCES else name


def _dose(have: Lookup, main: Estimate, facts: Facts) -> dict[str, str]:
    held = list(dict.fromkeys(label for name, label in have.held().items() if have.main(f"part:{name}") is not None))
    carriers = [said("carrier", label=label, share=percent(share), ends=_ends(have, main, label)) for label, share in carried(facts)]
    own = have.main("part:frequency")
    share = 0.0 if own is None or not main.value else (own.value or 0.0) / main.value
    values = {"or_with": "", "carriers": entries(carriers), "own_share": ""}
    if share > 0:
        over = share + sum(part for _, part in carried(facts)) > 1
        values["own_share"] = said("own_share_over" if over else "own_share", share=percent(share), ends=_ends_of([own], main))
    if held:
        values["or_with"] = said("or_with" if len(held) <= MAX_LISTED else "or_with_many", held=_held(held))
    fit, claim, constant = have.main("lack_of_fit"), have.main("credit"), have.main("intercept")
    values |= {} if fit is None else {"fit_p": p_text(adjusted_p(fit))}
    values |= {} if claim is None else {"credit_p": tested(claim)}
    values |= {} if constant is None else {"intercept": sized(constant)}
    if not facts.has_slope:
        return values
    needed = needed_slopes(have)
    values["within"] = _slope(needed[-2:], held)
    values["not_held"] = _held(list(dict.fromkeys(map(rival_label, facts.not_held))))
    gradient = next((row for row in (needed[-2], needed[0]) if row is not None), None)
    if gradient is not None:
        values["changes"] = said("changes", size=number(abs(gradient.value or 0.0), signed=False), form=favoured(gradient))
    return values


def _ends(have: Lookup, main: Estimate, label: str) -> str:
    """Return the interval of a confounder's share; a label that stands for several parts has none."""
    return _ends_of(
        [row for name, other in have.held().items() if other == label and (row := have.main(f"part:{name}")) is not None], main
    )


def _ends_of(parts: Sequence[Estimate | None], main: Estimate) -> str:
    """Return the interval of one part in shares of the mean, which is taken as it is."""
    row = parts[0] if len(parts) == 1 else None
    if row is None or row.ci_low is None or row.ci_high is None or not main.value:
        return ""
    low, high = sorted(end / main.value for end in (row.ci_low, row.ci_high))
    return said("share_ends", **{name: percent(end).removesuffix(" %") for name, end in ((LOW, low), (HIGH, high))})


def _slope(pair: Sequence[Estimate | None], held: Sequence[str]) -> str:
    """Say a slope, and the robust one beside it where its interval is much the wider or the two do not agree that zero is left out."""
    first, robust = pair
    if first is None:
        return said("per_factor", size=said("no_interval"))
    own = said("per_factor_held" if held else "per_factor", size=sized(first), held=_held(held))
    if robust is None or (excludes_zero(first) == excludes_zero(robust) and not much_wider(robust, first)):
        return own
    return said("per_factor_robust", slope=own, size=sized(robust))


def _held(held: Sequence[str]) -> str:
    return listed(held) if len(held) <= MAX_LISTED else said("confounders", n=str(len(held)))


def _splitting(have: Lookup, main: Estimate, facts: Facts) -> dict[str, str]:
    rows = {name: have.main(term) for name, term in (("whole", "whole_whole"), ("equal", "equal_subwords"), ("split", "whole_split"))}
    values = {name: said("in_items", size=sized(row), items=count(row.n_items)) for name, row in rows.items() if row is not None}
    slope, effect = have.main(SPLIT_SLOPE), have.main(SPLIT_EFFECT)
    pieces = have.main("equivalence:subwords", PLACEBO)
    values["placebo_split"] = "" if pieces is None else said("in_items", size=sized(pieces), items=count(pieces.n_items))
    values["cost"] = "" if effect is None else said("cost", size=sized(effect))
    values["alike"] = said("alike", equal=values["equal"]) if "equal" in values else ""
    values["beside_split"] = said("none_split") if slope is None else sized(slope)
    values["split"] = said("split", where=values["split"]) if "split" in values else ""
    values["whole_inner"] = _inner(have.main("equivalence:whole_whole") or have.main("whole_whole"))
    asks = have.judgement.subject == QUERY_SIDE
    values |= {"sharing": said("sharing_query") if asks else said("sharing")}
    values |= {"matched": said("matched_query") if asks else said("matched")}
    overlap = have.main("equal_overlap")
    return values if overlap is None else values | {"overlap_items": count(overlap.n_items)}


def _integrity(have: Lookup, main: Estimate, facts: Facts) -> dict[str, str]:
    crossed = "crossed_prompts" if "prompts" in main.details else "crossed_frames"
    values = {"over": said(crossed, n=str(main.details.get("frames", "")))}
    same = main.details.get("duplicate_items")
    if same is not None:
        share = isinstance(same, float) and same < 1
        n = said("share_of_items", share=percent(same)) if share else said("of_items", n=str(same), all=str(main.n_items))
        values["duplicate_items"] = n
    else:
        values["duplicate_items"] = said("some_items")
    distinct = have.main("distinct_items")
    values["distinct"] = "" if distinct is None or distinct.ci_low is None else said("distinct", size=sized(distinct))
    row = have.main(FAILED_BY_DOSE)
    if row is None:
        return values | {"failures": said("items_failed", n=str(main.n_failed))}
    if row.details.get("bound_low") is None:
        return values | {"failures": p_text(row.p_value)}
    ends = {name: number(row.details[f"bound_{name}"]) for name in (LOW, HIGH)}
    return values | {"failures": said("failures_bounded", **ends)}
