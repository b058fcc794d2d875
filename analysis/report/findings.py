"""The sentences of a verdict that follow its headline: size, what could not be seen, rivals, parts, and what a probe adds of its own."""

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
    sized,
)
from freqbias.analysis.stats.resampling import minimum_detectable
from freqbias.judgement import Finding
from freqbias.records import Estimate
from freqbias.terms import (
    DIFFERENCE,
    FEW_PAIRS,
    HIGH,
    INSEPARABLE,
    LOW,
    MARGIN_NOT_TOLD,
    NO_GLOSS,
    NOT_HELD,
    ONE_REGISTER,
    WHOLE_TEXT,
    ZIPF_GAP_OF,
    rival_label,
)

WORTH_NAMING = 0.25  # of the effect; a smaller part does not change what the effect goes with


def findings(have: Lookup, main: Estimate | None) -> list[str]:
    """Return every sentence that these estimates allow, in the order of the report."""
    parts = [
        _queries,
        _size,
        _declared,
        _equal_overlap,
        _limit,
        _parts,
        _not_held,
        _dose,
        _logit,
        _adjusted,
        _equal_subwords,
        _direct,
    ]
    parts += [_background, _specific, _crossed, _calibration, _failed]
    return [sentence for part in parts for sentence in part(have, main)]


def inseparable(have: Lookup) -> bool:
    """Tell whether frequency cannot be told from a rival in these pairs."""
    return INSEPARABLE in flags_of(have.main("zipf_slope"))


def _size(have: Lookup, main: Estimate | None) -> list[str]:
    row = have.main("relative")
    said = [] if row is None else [f"That is {sized(row)} times this model's margin between right and wrong documents (exact − decoy)."]
    if MARGIN_NOT_TOLD in flags_of(row):
        said = [f"{said[0][:-1]}; the interval of that margin includes zero."]
    if main is not None and main.high_mean is not None:
        said.append(f"Levels: {_plain(main.high_mean)} {have.unit} for the frequent form, {_plain(main.low_mean)} for the rare one.")
    if main is None or main.share_positive is None or main.n_items < 2:
        return said
    shares = f"The gap favours the frequent form in {main.share_positive:.0%} of the items"
    if main.share_negative is None:
        return [*said, f"{shares}."]
    rest = 1 - main.share_positive - main.share_negative
    zero = f"; in {rest:.0%} it is zero" if rest > 1e-9 else ""
    return [*said, f"{shares}, the rare form in {main.share_negative:.0%}{zero}."]


def _plain(value: float | None) -> str:
    return number(value, signed=False)


def _queries(have: Lookup, main: Estimate | None) -> list[str]:
    if ONE_REGISTER in flags_of(main):
        return [
            "Some or all glosses come in one register only; a plain gloss is closer in style to the frequent form, an elevated "
            "one to the rare form."
        ]
    if NO_GLOSS not in flags_of(main) or have.main("equal_overlap") is not None:
        return []
    return ["The queries are not glosses and may share words with the documents: nothing here removes word overlap as a confounder."]


def _limit(have: Lookup, main: Estimate | None) -> list[str]:
    if main is None or not main.std_error:
        return []
    least = minimum_detectable(main.std_error, main.n_items - 1)
    return [
        f"With {main.n_items} items an effect under {number(least, signed=False)} {have.unit} would have been missed more often "
        "than one time in five."
    ]


def _equal_subwords(have: Lookup, main: Estimate | None) -> list[str]:
    row = have.main("equal_subwords")
    if row is None:
        return []
    return [f"Where both forms split into the same number of subwords ({row.n_items} items): {sized(row)}{_left(row, main)}."]


def _dose(have: Lookup, main: Estimate | None) -> list[str]:
    row = have.main("zipf_slope")
    if row is None:
        return []
    if inseparable(have):
        return [f"Dose: no slope is given{_why(row)}."]
    clear = "" if excludes_zero(row) else " (interval includes zero)"
    sense = have.main("sense_zipf_slope")
    by_sense = "" if sense is None else f"; by the frequency of the intended sense {sized(sense)}"
    by_sense += "".join(f"; by the frequency in {source} {sized(slope)}" for source, slope in have.slopes_by_source())
    of = ", of all content words of the texts" if row.details.get(ZIPF_GAP_OF) == WHOLE_TEXT else ""
    return [f"Per Zipf unit of frequency gap (a factor of ten{of}), confounders held constant: {sized(row)}{clear}{by_sense}."]


def _why(row: Estimate) -> str:
    reason = row.details.get("reason")
    return f", {reason}" if reason else ""


def _discordant(row: Estimate) -> str:
    return f"{row.details.get('high_only')} pairs right in the frequent form only, {row.details.get('low_only')} in the rare form only"


def _logit(have: Lookup, main: Estimate | None) -> list[str]:
    counts, slope = have.main("discordant"), have.main("zipf_slope_logit")
    said = [] if counts is None else [f"Answers that differ between the forms: {_discordant(counts)}."]
    if slope is None:
        return said
    if slope.value is None:
        return [*said, f"Among these pairs no slope is given{_why(slope)}."]
    clear = "" if excludes_zero(slope) else " (interval includes zero)"
    clear += "; with so few pairs a slope tends to be overestimated" if FEW_PAIRS in flags_of(slope) else ""
    return [*said, f"Among these pairs the log-odds that the frequent form is the right one rise by {sized(slope)} per Zipf unit{clear}."]


def overlapping(have: Lookup, main: Estimate) -> str | None:
    """Return what word matching leaves to be said of an effect of the user's own queries; None where it is found without matching."""
    level, more = have.main("equal_overlap"), have.main("overlap_difference")
    if level is None or (more is None and level.value is not None):
        return None  # no query of theirs shares more with one form
    if level.value is None:
        return "Whether it goes with frequency or with word overlap cannot be told: in every pair queries share more words with one form."
    if same_way(level, main):
        return None
    if same_way(more, main):
        return "It goes with word overlap: where queries share as many words with both forms, no such effect is shown."
    where = f"where queries share as many words with both forms ({level.n_items} item{'s' if level.n_items > 1 else ''})"
    return f"It cannot be distinguished from word matching: {where}, it is neither shown nor shown to be smaller."


def _equal_overlap(have: Lookup, main: Estimate | None) -> list[str]:
    row = have.main("equal_overlap")
    if row is None:
        return []
    own = "The queries are the collection's own; they search only those of its texts that have two forms."
    if row.value is None:
        return [own, "In every pair they share more words with one form, so the effect cannot be separated from word matching."]
    return [
        own,
        f"Where they share as many words with both forms ({row.n_items} items): {sized(row)}; elsewhere word matching plays a part too.",
    ]


def _parts(have: Lookup, main: Estimate | None) -> list[str]:
    """Split the mean gap by what it goes with, as far as the slopes tell."""
    own = have.main("part:frequency")
    if own is None:
        return []
    total = sum(row.value or 0 for name in ("frequency", *have.held(), "rest") if (row := have.main(f"part:{name}")) is not None)
    named = [f"frequency {sized(own)}"]
    for name, label in (*have.held().items(), ("rest", "unexplained")):
        row = have.main(f"part:{name}")
        if row is not None:
            named.append(f"{label} {sized(row)}")
    return [f"The mean gap split by regression, {number(total)} in all: {'; '.join(named)}."]


def _not_held(have: Lookup, main: Estimate | None) -> list[str]:
    slope = have.main("zipf_slope")
    if slope is None or main is None:
        return []
    part = f"Confounders are held constant over the {slope.n_pairs} of {main.n_pairs} pairs whose frequency and confounders are known."
    said = [part] if slope.n_pairs < main.n_pairs else []
    flags = [flag.removeprefix(NOT_HELD) for flag in flags_of(slope) if flag.startswith(NOT_HELD)]
    names = list(dict.fromkeys(map(rival_label, flags)))
    return [*said, f"Not adjusted for (more than a tenth of the pairs lack a value): {', '.join(names)}."] if names else said


def _adjusted(have: Lookup, main: Estimate | None) -> list[str]:
    rows = [have.main(term) for term in ("adjusted", "matched")]
    regression, matched = rows
    if regression is None or matched is None:
        return []
    beyond = have.main("adjusted", DIFFERENCE)
    by_regression = f"{sized(regression)} (regression" + (f", {sized(beyond)} beyond the placebo)" if beyond is not None else "")
    by_matching = f"{number(matched.value)} {interval(matched)} in {matched.n_items} matched items"
    sentence = f"Adjusted for confounders: {by_regression}, {by_matching}"
    return [f"{sentence}; the two disagree." if _disagree(regression, matched) else f"{sentence}."]


def _disagree(first: Estimate, second: Estimate) -> bool:
    """Tell whether two intervals for one effect do not even overlap, or exclude zero on opposite sides."""
    if None in (first.ci_low, first.ci_high, second.ci_low, second.ci_high):
        return False
    low, high = max(first.ci_low or 0, second.ci_low or 0), min(first.ci_high or 0, second.ci_high or 0)
    return low > high


def _direct(have: Lookup, main: Estimate | None) -> list[str]:
    row = have.main("net_of_subwords")
    if row is None:
        return []
    return [f"Effect not mediated by word splitting: {sized(row)}{_left(row, main)}."]


def _left(row: Estimate, main: Estimate | None) -> str:
    """Say what is left of an effect under another condition, where it is not the same effect."""
    if row.ci_low is None or main is None or not excludes_zero(main):
        return ""
    if not excludes_zero(row):
        return ", so no effect is detected there"
    return ", so the effect is reversed there" if (row.value or 0) * (main.value or 0) < 0 else ""


def _background(have: Lookup, main: Estimate | None) -> list[str]:
    row = have.measured("background")
    if row is None:
        return []
    where = f"{number(row.value)} {have.unit} {interval(row)}, {p_text(adjusted_p(row))}"
    difference, adjusted = have.get("background", DIFFERENCE), have.get("background", term="adjusted")
    where += "" if difference is None or difference.value is None else f"; frequency minus placebo {sized(difference)}"
    if have.found(row):
        form = favoured(row)
        doubts = []
        if difference is not None and not same_way(difference, row):
            doubts.append("an equally frequent synonym (placebo) may do as much")
        if adjusted is not None and not same_way(adjusted, row):
            doubts.append(f"it is not shown after adjusting for confounders ({sized(adjusted)})")
        if doubts:
            why = f"{' and '.join(doubts)}, so no preference is claimed"
            return [f"Background: {form} wording scores higher whatever is asked, {where}; {why}."]
        return [f"Background: the model prefers {form} wording whatever is asked: {where}."]
    if significant(row):
        return [f"Background: {where}; below this model's noise floor, so no preference is claimed."]
    return [f"Background: no preference for either wording was detected when other items' glosses are asked: {where}."]


def _specific(have: Lookup, main: Estimate | None) -> list[str]:
    row = have.measured("gloss_specific")
    if row is None:
        return []
    return [f"Specific to the item's own content (gloss − background): {number(row.value)} {interval(row)}, {p_text(adjusted_p(row))}."]


def _crossed(have: Lookup, main: Estimate | None) -> list[str]:
    match, asymmetry = have.get("match"), have.get("match_asymmetry")
    if match is None or asymmetry is None:
        return []
    return [
        f"Word matching: a query with the document's own word instead of its synonym gains {sized(match)}; "
        f"the frequent word's gain minus the rare word's: {sized(asymmetry)}."
    ]


def _calibration(have: Lookup, main: Estimate | None) -> list[str]:
    row = have.get("calibration")
    if row is None or row.ci_low is None or row.ci_high is None:
        return []
    if row.ci_low <= 1 <= row.ci_high:
        word = "the interval includes the corpus's own odds (1)"
    else:
        word = f"this is {'steeper' if (row.value or 0) > 1 else 'flatter'} than the corpus's own odds (1)"
    return [f"Calibration: the model's log-odds rise by {number(row.value, signed=False)} {interval(row)} per unit of corpus "
            f"log-odds; {word}."]  # fmt: skip


def _declared(have: Lookup, main: Estimate | None) -> list[str]:
    """Say what the probe itself wants said of its other estimates, and its secondary measures where it says nothing of them."""
    own = have.judgement
    said = [sentence for finding in own.findings if (sentence := _of_finding(finding, have))]
    told = {have.measure, *(finding.measure for finding in own.findings if finding.contrast == have.confirmatory)}
    beside = [have.measured(have.confirmatory, measure=measure) for measure in own.secondary if measure not in told]
    named = [f"{own.unit_of(row.measure)} {sized(row)}, {p_text(adjusted_p(row))}" for row in beside if row is not None]
    return [*said, f"In other measures: {'; '.join(named)}."] if named else said


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
        "p": p_text(adjusted_p(row)),
        "items": str(row.n_items),
        HIGH: _level(row.high_mean, share),
        LOW: _level(row.low_mean, share),
        "form": favoured(row),
        "list": ", ".join(f"{number(row.value, signed=False)} ({row.n_pairs})" for row in there),
    }
    try:
        return finding.sentence.format_map(values | dict(row.details))
    except KeyError:  # a detail that this estimate does not have
        return None


def _level(value: float | None, share: bool) -> str:
    return f"{value:.0%}" if share and value is not None else _plain(value)


def _failed(have: Lookup, main: Estimate | None) -> list[str]:
    if main is None or not main.n_failed:
        return []
    return [f"{main.n_failed} pair{'s' if main.n_failed > 1 else ''} could not be measured."]
