"""How far one verdict can be trusted: a line a control, with a mark, each opening to its numbers.

What each line says is a table of conditions and sentences, read from the top: the first row of a line whose condition holds.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from freqbias.analysis.estimate.placebo import MIN_ORIENTED
from freqbias.analysis.report.controls import difference_sentences, length_sentences, placebo_sentences, rewording_sentences
from freqbias.analysis.report.facts import Facts, carried
from freqbias.analysis.report.formatting import ALPHA, Lookup, excludes_zero, interval, listed, number, p_text, percent, sized
from freqbias.analysis.report.sentences import SENTENCES, said
from freqbias.analysis.report.values import about, count, items_needed
from freqbias.analysis.stats.resampling import equivalence_items, minimum_detectable
from freqbias.records import Estimate
from freqbias.terms import AT_CHANCE, CONSTANT, DIFFERS, EQUIVALENT, INSEPARABLE, LENGTH, ONE_ANSWER, PLACEBO

GOOD, UNSURE, BAD, NONE = MARKS = ("good", "unsure", "bad", "none")
SIGNS = {GOOD: "✓", UNSURE: "?", BAD: "✗", NONE: "–"}
LEAST = math.floor(math.log2(2 / ALPHA)) + 1  # items with which the smallest p of flipping their signs, 2 / 2^n, is below it
FAR = 10  # times the noise floor that a mean is at least, to be called far beyond it


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What the lines may ask: the facts of the headline, and what stands beside the mean."""

    facts: Facts
    items: int = 0
    placebo: str = "none"  # none, passes, small, differs or untold
    placebo_needs: int | None = None  # items that would show it to do nothing, where it has too few
    length: str = "none"  # none, higher, lower or unclear
    adjusted: bool = False
    bounded: bool = False  # there is a smallest effect of interest
    needs: int | None = None  # items that would find it, where these would not
    floor: float | None = None
    size: float = 0.0
    failed: int = 0
    failed_beside: int = 0  # in another measure of the same contrast
    frames: int | None = None
    prompts: bool = False  # what the items are crossed with is how the model was asked


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the table; `sentence` is an id."""

    what: str
    mark: str
    sentence: str
    holds: Callable[[Ground], bool]


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line as readers meet it, and its numbers; `short` is what a first screen calls it, empty where it does not name it."""

    what: str
    mark: str
    sentence: str
    short: str = ""
    numbers: list[str] = field(default_factory=list)

    @property
    def sign(self) -> str:
        """The mark as a sign."""
        return SIGNS[self.mark]

    @property
    def label(self) -> str:
        """The mark in words."""
        return said(f"mark_{self.mark}")


def _row(what: str, mark: str, sentence: str, holds: Callable[[Ground], bool]) -> Row:
    return Row(what=what, mark=mark, sentence=f"trust_{what}_{sentence}", holds=holds)


TABLE = (
    _row(PLACEBO, BAD, "none", lambda g: g.placebo == "none"),
    _row(PLACEBO, GOOD, "passes", lambda g: g.placebo == "passes"),
    _row(PLACEBO, GOOD, "small", lambda g: g.placebo == "small"),
    _row(PLACEBO, BAD, DIFFERS, lambda g: g.placebo == DIFFERS),
    _row(PLACEBO, UNSURE, "needs", lambda g: g.placebo == "untold" and g.placebo_needs is not None),
    _row(PLACEBO, UNSURE, "untold", lambda g: g.placebo == "untold"),
    _row(LENGTH, NONE, "none", lambda g: g.length == "none"),
    _row(LENGTH, GOOD, "higher", lambda g: g.length == "higher"),
    _row(LENGTH, NONE, "lower", lambda g: g.length == "lower"),
    _row(LENGTH, NONE, "unclear", lambda g: g.length == "unclear"),
    _row("confounders", BAD, INSEPARABLE, lambda g: g.facts.found and g.facts.inseparable),
    _row("confounders", BAD, "carried", lambda g: g.facts.found and bool(g.facts.carriers)),
    _row("confounders", GOOD, "held", lambda g: g.facts.found and g.facts.beyond_confounders),
    _row("confounders", UNSURE, "lost", lambda g: g.facts.found and g.adjusted),
    _row("confounders", UNSURE, "hidden", lambda g: g.facts.adjusted_away),
    _row("whole", GOOD, "there", lambda g: g.facts.found and g.facts.whole_there),
    _row("whole", BAD, "absent", lambda g: g.facts.found and (g.facts.whole_equivalent or g.facts.whole_reversed)),
    _row("whole", UNSURE, "unclear", lambda g: g.facts.found and g.facts.whole_known),
    _row("whole", UNSURE, "unknown", lambda g: g.facts.found),
    _row("power", BAD, "none", lambda g: not g.facts.measured),
    _row("power", BAD, "one", lambda g: g.facts.single),
    _row("power", BAD, "letter", lambda g: g.facts.one_answer),
    _row("power", BAD, "chance", lambda g: g.facts.at_chance),
    _row("power", BAD, "limit", lambda g: g.facts.at_limit),
    _row("power", BAD, "same", lambda g: g.facts.unmoved and not g.facts.found),
    _row("power", GOOD, "found", lambda g: g.facts.found and not g.facts.in_noise),
    _row("power", BAD, "untestable", lambda g: g.items < LEAST),
    _row("power", NONE, "no_bound", lambda g: not g.bounded),
    _row("power", UNSURE, "needs", lambda g: g.needs is not None),
    _row("power", GOOD, "enough", lambda g: True),
    _row("noise", NONE, "unknown", lambda g: g.floor is None),
    _row("noise", BAD, "within", lambda g: g.facts.found and g.facts.in_noise),
    _row("noise", UNSURE, "near", lambda g: g.facts.found and g.size < FAR * (g.floor or 0.0)),
    _row("noise", GOOD, "beyond", lambda g: g.facts.found),
    _row("failures", BAD, "all", lambda g: not g.facts.measured and g.failed > 0),
    _row("failures", BAD, "matter", lambda g: g.facts.failed_matter or g.facts.failed_by_dose),
    _row("failures", UNSURE, "some", lambda g: g.failed > 0),
    _row("failures", UNSURE, "beside", lambda g: g.facts.measured and g.failed_beside > 0),
    _row("failures", GOOD, "none", lambda g: g.facts.measured),
    _row("frames", UNSURE, "prompts", lambda g: g.facts.few_frames and g.prompts),
    _row("frames", UNSURE, "few", lambda g: g.facts.few_frames),
    _row("frames", UNSURE, "same", lambda g: g.facts.duplicates),
    _row("frames", GOOD, "many", lambda g: g.frames is not None),
)


def trust_of(have: Lookup, facts: Facts) -> list[Line]:
    """Return the lines of one model and probe, in the order of the table; a line of which no row holds is left out."""
    ground = ground_of(have, facts)
    values = {
        "items": count(ground.items),
        "needs": about(ground.needs),
        "least": str(LEAST),
        "failed": str(ground.failed),
        "failed_beside": str(ground.failed_beside),
        "frames": str(ground.frames),
        "carriers": listed([said("carrier_share", label=label, share=percent(share)) for label, share in carried(facts)]),
    }
    numbers = _numbers(have, facts, ground)
    lines = []
    for what in dict.fromkeys(row.what for row in TABLE):
        row = next((row for row in TABLE if row.what == what and row.holds(ground)), None)
        if row is not None:
            own = values | _placebo_values(have, ground) if what == PLACEBO else values
            short = f"{row.sentence}_short"
            lines.append(
                Line(
                    what=said(f"what_{what}"),
                    mark=row.mark,
                    sentence=said(row.sentence, **own),
                    short=said(short, **own) if short in SENTENCES else "",
                    numbers=numbers.get(what, []),
                )
            )
    return lines


def distrusted(lines: Sequence[Line]) -> list[str]:
    """Return in a few words what is wrong or open, what is wrong first."""
    return [line.short for mark in (BAD, UNSURE) for line in lines if line.mark == mark and line.short]


def ground_of(have: Lookup, facts: Facts) -> Ground:
    """Return what the lines may ask."""
    main = have.main("mean")
    if main is None or main.value is None:
        return Ground(facts=facts, placebo=placebo_of(have, facts), failed=0 if main is None else main.n_failed)
    frames = main.details.get("frames")
    return Ground(
        facts=facts,
        items=main.n_items,
        placebo=placebo_of(have, facts),
        placebo_needs=_placebo_needs(have),
        length=_length(have.measured(have.confirmatory, LENGTH)),
        adjusted=have.main("adjusted") is not None,
        bounded=main.bound is not None,
        needs=items_needed(main),
        floor=have.floor,
        size=abs(main.value),
        failed=main.n_failed,
        failed_beside=max(row.n_failed for row in have.means()),
        frames=frames if isinstance(frames, int) else None,
        prompts="prompts" in main.details,
    )


def placebo_of(have: Lookup, facts: Facts) -> str:
    """Return in a word what the placebo shows, by all of its tests."""
    row, mean = have.main("equivalence", PLACEBO), have.main("mean", PLACEBO)
    if mean is None:
        return "none"
    differs = facts.placebo_differs or facts.placebo_differs_jointly
    if row is not None and EQUIVALENT in row.flags and CONSTANT not in mean.flags:
        return "small" if differs else "passes"
    return DIFFERS if differs else "untold"


def _placebo_needs(have: Lookup) -> int | None:
    """Return how many items would show a placebo that does nothing to do so four times in five; None where it has as many."""
    own, whole = have.main("equivalence", PLACEBO), have.main("mean", PLACEBO)
    if own is None or own.bound is None or whole is None or not whole.n_items:
        return None
    parts = [row for row in have.rivals() if row.n_items >= MIN_ORIENTED and row.std_error]
    # each part as large as it has to be, and together as many as the whole needs
    apart = sum(max(row.n_items, equivalence_items(row.std_error or 0.0, row.n_items, own.bound)) for row in parts)
    most = max(apart, equivalence_items(whole.std_error, whole.n_items, own.bound) if whole.std_error else 0)
    return most if most > whole.n_items else None


def _length(row: Estimate | None) -> str:
    if row is None:
        return "none"
    return "unclear" if not excludes_zero(row) else "lower" if (row.value or 0) < 0 else "higher"


def _placebo_values(have: Lookup, ground: Ground) -> dict[str, str]:
    row = have.main("mean", PLACEBO)
    return {"items": count(0 if row is None else row.n_items), "needs": about(ground.placebo_needs)}


def _numbers(have: Lookup, facts: Facts, ground: Ground) -> dict[str, list[str]]:
    """Return the sentences with numbers that a line opens to."""
    main = have.main("mean")
    placebo = [*placebo_sentences(have), *([] if facts.reversed_sides else [*difference_sentences(have), *rewording_sentences(have)])]
    found = {PLACEBO: placebo, LENGTH: length_sentences(have)}
    if main is None or main.value is None:
        return found
    adjusted = have.main("adjusted")
    found["confounders"] = [] if adjusted is None else [said("number_adjusted", size=sized(adjusted))]
    strata = {"number_whole": have.main("whole_whole"), "number_split": have.main("whole_split")}
    found["whole"] = [said(name, size=sized(row), items=count(row.n_items)) for name, row in strata.items() if row is not None]
    found["power"] = _power(have, main)
    found["noise"] = [] if not have.floor else [said("number_noise", floor=number(have.floor, signed=False), unit=have.unit)]
    total = main.n_pairs + main.n_failed
    found["failures"] = [said("number_failures", failed=str(main.n_failed), all=str(total))] if main.n_failed else []
    return found


def _power(have: Lookup, main: Estimate) -> list[str]:
    if not main.std_error or main.n_items < 2:
        return []
    least = number(minimum_detectable(main.std_error, main.n_items - 1), signed=False)
    values = {"items": count(main.n_items), "least": least, "unit": have.unit}
    if main.bound is None:
        return [said("number_power_alone", **values)]
    return [said("number_power", bound=number(main.bound, signed=False), **values)]


def cited(have: Lookup) -> str:
    """Return the one number to cite of a verdict: value, interval, raw p and, where a claim rests on it, the corrected one.

    Nothing of a model that cannot answer: its number would be taken for one on wording.
    """
    main = have.main("mean")
    if main is None or main.value is None or {AT_CHANCE, ONE_ANSWER} & set(main.flags):
        return ""
    adjusted = "" if main.p_adjusted is None else said("cite_adjusted", p=p_text(main.p_adjusted))
    values = {"value": number(main.value), "unit": have.unit, "interval": interval(main), "p": p_text(main.p_value)}
    return said("cite_number", adjusted=adjusted, items=count(main.n_items), **values)
