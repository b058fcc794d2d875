"""The sentences on a model that was asked for answers: in which prompts, how many answers differ between the forms, and by what odds."""

from collections.abc import Sequence

from freqbias.analysis.report.formatting import Lookup, excludes_zero, flags_of, percent, sized, tested
from freqbias.analysis.report.sentences import said
from freqbias.analysis.report.values import beside_right
from freqbias.records import Estimate
from freqbias.terms import ACCURACY, AT_CHANCE, FEW_PAIRS, ONE_ANSWER


def clear(row: Estimate) -> str:
    """Say that an interval includes zero, where it does."""
    return "" if excludes_zero(row) else said("includes_zero")


def why(row: Estimate) -> str:
    """Say why an estimate has no value, where that is known."""
    reason = row.details.get("reason")
    return said("why", reason=reason) if reason else ""


def prompts(have: Lookup, main: Estimate | None) -> list[str]:
    """Say in which prompt the gap is least and in which most, in what the verdict rests on and in accuracy."""
    told = _of_prompts("prompts", have.prompts())
    if have.measure != ACCURACY.name:
        told += _of_prompts("prompts_accuracy", have.prompts(ACCURACY.name))
    return [" ".join(told)] if told else []


def _of_prompts(name: str, rows: Sequence[tuple[str, Estimate]]) -> list[str]:
    ordered = sorted(((prompt, row) for prompt, row in rows if row.value is not None), key=lambda named: named[1].value or 0.0)
    if not ordered or ordered[0][1].value == ordered[-1][1].value:  # no prompt has more than another
        return []
    ends = {
        f"prompt_{end}": said("prompt_in", prompt=prompt, size=sized(row))
        for end, (prompt, row) in zip(("least", "most"), (ordered[0], ordered[-1]), strict=True)
    }
    return [said(name, n=str(len(ordered)), **ends)]


def answers(have: Lookup, main: Estimate | None) -> list[str]:
    """Say how many answers are right in one form only, with the test that fits, and by what odds they go with frequency."""
    counts, slope = have.get(have.confirmatory, term="discordant", measure=ACCURACY.name), have.main("zipf_slope_logit")
    told = [*_level(have, main), *([] if counts is None else [" ".join([said("discordant", **_sides(counts)), *_tested(have, counts)])])]
    if slope is None:
        return told
    if slope.value is None:
        return [*told, said("logit_none", why=why(slope))]
    few = said("logit_few") if FEW_PAIRS in flags_of(slope) else ""
    return [*told, said("logit", size=sized(slope), clear=clear(slope), few=few)]


def _level(have: Lookup, main: Estimate | None) -> list[str]:
    """Say how many answers are right at all; nothing of a model whose headline says so, since they are why it is refused."""
    facts = {} if main is None else main.details
    if "right" not in facts or {AT_CHANCE, ONE_ANSWER} & set(flags_of(main)):
        return []
    values = {"right": f"{facts['right']:.0f}", "answers": f"{facts['answers']:.0f}", "share": percent(facts[ACCURACY.name])}
    return [said("answered", guessing=beside_right(facts), **values)]


def _sides(counts: Estimate) -> dict[str, str]:
    return {name: str(counts.details.get(name)) for name in ("high_only", "low_only")}


def _tested(have: Lookup, counts: Estimate) -> list[str]:
    """Say McNemar's test, which takes every pair for an item of its own; where items have several, the test on their means."""
    if counts.p_value is not None:
        return [said("discordant_mcnemar", p=tested(counts))]
    mean = have.measured(have.confirmatory, measure=ACCURACY.name)
    return [] if mean is None or mean.p_value is None else [said("discordant_items", p=tested(mean))]
