"""Plain sentences built from estimates: what was found, how sure, against which rivals, and what could not have been seen.

Three rules keep the words honest. Natural words cannot prove a cause, so an effect "goes with" frequency. Only `background`, a
pull without content, may be called preference. "No effect" is said only when an equivalence test says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from freqbias.analysis.across import ALL_MODELS
from freqbias.analysis.contrasts import CONFIRMATORY
from freqbias.analysis.resampling import minimum_detectable
from freqbias.records import Estimate

ALPHA = 0.05
UNITS = {"cosine": "cosine", "log_prob_nats": "nats"}
#: What a positive gap of a contrast means, as "a document in frequent wording …".
MEANING = {
    "gloss": "lies nearer to a third wording of its own content",
    "downstream": "makes a gloss of its own content more likely to follow",
    "gap": "scores higher",
}


#: Rivals as the analysis names them, and in words.
RIVALS = {"words": "length", "characters": "length", "fkgl": "readability", "formality": "register", "gloss_fit": "the fit of the gloss"}
WORTH_NAMING = 0.25  # of the effect; a smaller part does not change what the effect goes with


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The sentences on one model and probe; controls come first."""

    model: str
    probe: str
    headline: str
    controls: list[str]
    findings: list[str]


class Lookup:
    """Estimates by contrast, arm and term for one model, probe and measure."""

    def __init__(self, estimates: Sequence[Estimate]):
        self._rows = {(row.contrast, row.arm, row.term): row for row in estimates}
        first = estimates[0]
        self.model, self.probe, self.measure = first.model, first.probe, first.measure
        self.confirmatory = CONFIRMATORY.get(first.probe, "gap")
        self.unit = UNITS.get(first.measure, first.measure)

    def get(self, contrast: str, arm: str = "frequency", term: str = "mean") -> Estimate | None:
        """Return an estimate, None where it was not made."""
        return self._rows.get((contrast, arm, term))

    def rivals(self) -> list[Estimate]:
        """Return the placebo's equivalence tests per orienting rival."""
        return [
            row
            for (contrast, arm, term), row in sorted(self._rows.items())
            if contrast == self.confirmatory and arm == "placebo" and term.startswith("equivalence:")
        ]


def verdicts(estimates: Sequence[Estimate]) -> list[Verdict]:
    """Return one verdict per model, probe and measure, in the order of the estimates; rows over all models have none."""
    groups: dict[tuple[str, str, str], list[Estimate]] = {}
    for row in estimates:
        if row.model == ALL_MODELS:
            continue
        groups.setdefault((row.model, row.probe, row.measure), []).append(row)
    return [_verdict(Lookup(rows)) for rows in groups.values()]


def headline_rows(estimates: Sequence[Estimate]) -> list[Estimate]:
    """Return the few estimates that a screen shows: the confirmatory contrast in every arm, `background` and `calibration`."""
    return [
        row
        for row in estimates
        if row.term == "mean"
        and (
            row.contrast == CONFIRMATORY.get(row.probe, "gap")
            or (row.arm == "frequency" and row.contrast in ("background", "calibration"))
        )
    ]


def number(value: float | None, signed: bool = True) -> str:
    """Return a number with three significant digits for sentences and tables; a dash for None."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    digits = f"{abs(value):.3g}" if abs(value) < 1000 else f"{abs(value):.0f}"
    sign = "−" if value < 0 else "+" if signed else ""
    return sign + digits


def interval(row: Estimate) -> str:
    """Return `[low, high]` of an estimate."""
    if row.ci_low is None or row.ci_high is None:
        return "[no interval]"
    return f"[{number(row.ci_low)}, {number(row.ci_high)}]"


def p_text(value: float | None) -> str:
    """Return `p = .012` or `p < .001`."""
    if value is None:
        return "no test"
    return "p < .001" if value < 0.001 else f"p = {value:.3f}".replace("0.", ".")


def _verdict(have: Lookup) -> Verdict:
    main = have.get(have.confirmatory)
    return Verdict(
        model=have.model,
        probe=have.probe,
        headline=_headline(have, main),
        controls=[*_placebo(have), *_difference(have), *_length(have)],
        findings=[
            sentence
            for part in (
                _size,
                _limit,
                _parts,
                _dose,
                _adjusted,
                _equal_subwords,
                _direct,
                _background,
                _specific,
                _crossed,
                _calibration,
                _failed,
            )
            for sentence in part(have, main)
        ],
    )


def _p(row: Estimate) -> float | None:
    return row.p_value if row.p_adjusted is None else row.p_adjusted


def _found(row: Estimate | None) -> bool:
    """Tell whether test and interval both exclude zero; they can disagree in small samples, which is no finding."""
    if row is None or row.ci_low is None or row.ci_high is None:
        return False
    p_value = _p(row)
    return p_value is not None and p_value < ALPHA and not row.ci_low <= 0 <= row.ci_high


def _headline(have: Lookup, main: Estimate | None) -> str:
    if main is None or main.value is None:
        return f"Cannot tell: {have.confirmatory} was not measured in the frequency arm."
    size = f"{number(main.value)} {have.unit} {interval(main)}"
    if main.std_error is None:
        return f"Cannot tell: one item gives {number(main.value)} {have.unit} and no interval."
    equivalent = "equivalent" in (_flags(have.get(have.confirmatory, term="equivalence")))
    if not _found(main):
        if equivalent:
            return f"No difference that matters: {size}, equivalent to zero at ± {number(main.bound, signed=False)}."
        return f"Not detected, and not excluded: {size}, {p_text(_p(main))}."
    meaning = MEANING.get(have.confirmatory, MEANING["gap"])
    form = "frequent" if (main.value or 0) > 0 else "rare"
    goes = f"A document in {form} wording {meaning}: {size}, {p_text(_p(main))}"
    if equivalent:
        goes += f", yet smaller than the smallest effect of interest, ± {number(main.bound, signed=False)}"
    return f"{goes}. {_attribution(have, main)}"


def _attribution(have: Lookup, main: Estimate) -> str:
    """Say what the effect goes with: frequency, a rival, both, or what cannot be told."""
    if _inseparable(have):
        return "Whether it goes with frequency cannot be told from these pairs: a rival moves with it."
    own, rivals = _part(have, "frequency"), _rival_parts(have, main)
    carried = have.get(have.confirmatory, term="part:frequency") is not None
    if rivals and carried and not own:
        return f"It goes with {' and '.join(rivals)}, not with frequency."
    placebo = _beyond_placebo(have, main)
    if rivals and own:
        return f"It goes with frequency and with {' and '.join(rivals)}." + ("" if placebo is not False else f" {NOT_BEYOND}")
    if placebo is None:
        goes = "It goes with frequency, not with length. " if own and _has_rivals(have) else ""
        return f"{goes}Without a placebo arm it cannot be told from the effect of any synonym swap."
    return "It goes with frequency beyond what an equally frequent synonym does (placebo)." if placebo else NOT_BEYOND


NOT_BEYOND = "It cannot be told from what an equally frequent synonym does (placebo)."


def _beyond_placebo(have: Lookup, main: Estimate) -> bool | None:
    """Tell whether the frequency arm exceeds the placebo in the effect's direction; None without a placebo."""
    difference = have.get(have.confirmatory, "frequency-placebo")
    if difference is None or difference.ci_low is None or difference.ci_high is None:
        return None
    inside = difference.ci_low <= 0 <= difference.ci_high
    return not inside and (difference.value or 0) * (main.value or 0) > 0


def _inseparable(have: Lookup) -> bool:
    return "inseparable" in _flags(have.get(have.confirmatory, term="zipf_slope"))


def _excludes_zero(row: Estimate | None) -> bool:
    return row is not None and row.ci_low is not None and row.ci_high is not None and not row.ci_low <= 0 <= row.ci_high


def _part(have: Lookup, name: str) -> bool:
    return _excludes_zero(have.get(have.confirmatory, term=f"part:{name}"))


def _has_rivals(have: Lookup) -> bool:
    return any(have.get(have.confirmatory, term=f"part:{name}") is not None for name in RIVALS)


def _rival_parts(have: Lookup, main: Estimate) -> list[str]:
    """Return the rivals that carry a part of the effect in its direction that differs from zero and is a quarter of it or more."""
    found = []
    for name, label in RIVALS.items():
        row = have.get(have.confirmatory, term=f"part:{name}")
        if row is None or not _excludes_zero(row) or (row.value or 0) * (main.value or 0) <= 0:
            continue
        if abs(row.value or 0) >= WORTH_NAMING * abs(main.value or 0):
            found.append(label)
    return found


def _flags(row: Estimate | None) -> list[str]:
    return [] if row is None else list(row.flags)


def _placebo(have: Lookup) -> list[str]:
    row = have.get(have.confirmatory, "placebo", "equivalence")
    if row is None:
        mean = have.get(have.confirmatory, "placebo")
        if mean is None:
            return ["Placebo: none in these pairs."]
        return [f"Placebo: {number(mean.value)} {have.unit} {interval(mean)}; no smallest effect of interest to hold it against."]
    bound = number(row.bound, signed=False)
    where = f"{number(row.value)} {have.unit}, 90 % interval {interval(row)}, bound ± {bound}"
    if "equivalent" in row.flags:
        sentences = [f"Placebo: equivalent to zero ({where}; {row.n_items} items)."]
    else:
        width = None if row.ci_high is None or row.ci_low is None else row.ci_high - row.ci_low
        shown = "differs from zero" if _excludes_zero(row) else "not shown to be zero"
        sentences = [f"Placebo: {shown} ({where}, {number(width, signed=False)} wide; {row.n_items} items)."]
    off = [rival for rival in have.rivals() if "equivalent" not in rival.flags]
    if off:
        parts = [f"{rival.term.partition(':')[2]} {number(rival.value)} {interval(rival)}" for rival in off]
        sentences.append(f"Placebo by orienting rival, not equivalent to zero: {'; '.join(parts)}.")
    return sentences


def _difference(have: Lookup) -> list[str]:
    row = have.get(have.confirmatory, "frequency-placebo")
    if row is None:
        return []
    return [f"Frequency minus placebo: {number(row.value)} {have.unit} {interval(row)}, {p_text(row.p_value)}."]


def _length(have: Lookup) -> list[str]:
    row = have.get(have.confirmatory, "length")
    if row is None:
        return []
    return [f"Yardstick: the shorter of two wordings with the same word gains {number(row.value)} {have.unit} {interval(row)}."]


def _size(have: Lookup, main: Estimate | None) -> list[str]:
    row = have.get(have.confirmatory, term="relative")
    if row is None:
        return []
    return [f"That is {number(row.value)} {interval(row)} of what separates right from wrong for this model (exact − decoy)."]


def _limit(have: Lookup, main: Estimate | None) -> list[str]:
    if main is None or main.std_error is None:
        return []
    least = minimum_detectable(main.std_error, main.n_items - 1)
    return [
        f"With {main.n_items} items an effect under {number(least, signed=False)} {have.unit} would have been missed more often "
        "than one time in five."
    ]


def _equal_subwords(have: Lookup, main: Estimate | None) -> list[str]:
    row = have.get(have.confirmatory, term="equal_subwords")
    if row is None:
        return []
    return [f"Where both forms split into equally many subwords ({row.n_items} items): {number(row.value)} {interval(row)}."]


def _dose(have: Lookup, main: Estimate | None) -> list[str]:
    row = have.get(have.confirmatory, term="zipf_slope")
    if row is None:
        return []
    if _inseparable(have):
        return [f"Dose: no slope is given, {row.method.removeprefix('none: ')}."]
    clear = "" if _excludes_zero(row) else " (not told from zero)"
    return [f"Per Zipf unit of frequency gap, rivals held level: {number(row.value)} {interval(row)}{clear}."]


def _parts(have: Lookup, main: Estimate | None) -> list[str]:
    """Split the mean gap by what it goes with, as far as the slopes tell."""
    own = have.get(have.confirmatory, term="part:frequency")
    if own is None:
        return []
    named = [f"frequency {number(own.value)} {interval(own)}"]
    for name, label in RIVALS.items():
        row = have.get(have.confirmatory, term=f"part:{name}")
        if row is not None:
            named.append(f"{label} {number(row.value)} {interval(row)}")
    return [f"Of the mean gap, by slopes: {'; '.join(named)}."]


def _adjusted(have: Lookup, main: Estimate | None) -> list[str]:
    rows = [have.get(have.confirmatory, term=term) for term in ("adjusted", "matched")]
    regression, matched = rows
    if regression is None or matched is None:
        return []
    by_regression = f"{number(regression.value)} {interval(regression)} by regression"
    by_matching = f"{number(matched.value)} {interval(matched)} in the {matched.n_items} items of a level subset"
    sentence = f"Without rivals: {by_regression}, {by_matching}"
    return [f"{sentence}; the two disagree." if _disagree(regression, matched) else f"{sentence}."]


def _disagree(first: Estimate, second: Estimate) -> bool:
    """Tell whether two intervals for one effect do not even overlap, or exclude zero on opposite sides."""
    if None in (first.ci_low, first.ci_high, second.ci_low, second.ci_high):
        return False
    low, high = max(first.ci_low or 0, second.ci_low or 0), min(first.ci_high or 0, second.ci_high or 0)
    return low > high


def _direct(have: Lookup, main: Estimate | None) -> list[str]:
    row = have.get(have.confirmatory, term="net_of_subwords")
    if row is None:
        return []
    return [f"Direct effect given subwords, which rarity itself brings about: {number(row.value)} {interval(row)}."]


def _background(have: Lookup, main: Estimate | None) -> list[str]:
    row = have.get("background")
    if row is None:
        return []
    where = f"{number(row.value)} {have.unit} {interval(row)}, {p_text(_p(row))}"
    if _found(row):
        form = "frequent" if (row.value or 0) > 0 else "rare"
        return [f"Background: the model prefers {form} wording whatever is asked: {where}."]
    return [f"Background: no pull toward either wording was detected against other items' glosses: {where}."]


def _specific(have: Lookup, main: Estimate | None) -> list[str]:
    row = have.get("gloss_specific")
    if row is None:
        return []
    return [f"Tied to the meaning (gloss − background): {number(row.value)} {interval(row)}, {p_text(_p(row))}."]


def _crossed(have: Lookup, main: Estimate | None) -> list[str]:
    match, asymmetry = have.get("match"), have.get("match_asymmetry")
    if match is None or asymmetry is None:
        return []
    return [
        f"The same word on both sides is worth {number(match.value)} {interval(match)}; the frequent word's match exceeds the "
        f"rare word's by {number(asymmetry.value)} {interval(asymmetry)}, which is word matching."
    ]


def _calibration(have: Lookup, main: Estimate | None) -> list[str]:
    row = have.get("calibration")
    if row is None or row.ci_low is None or row.ci_high is None:
        return []
    if row.ci_low <= 1 <= row.ci_high:
        word = "not told from the corpus's own odds (1)"
    else:
        word = "steeper than the corpus's own odds (1)" if (row.value or 0) > 1 else "flatter than the corpus's own odds (1)"
    return [f"Calibration: the model's log-odds rise by {number(row.value, signed=False)} {interval(row)} per unit of corpus "
            f"log-odds, {word}."]  # fmt: skip


def _failed(have: Lookup, main: Estimate | None) -> list[str]:
    if main is None or not main.n_failed:
        return []
    return [f"{main.n_failed} pairs could not be measured and are left out."]
