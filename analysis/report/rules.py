"""What a headline may say, as a table: name, the condition under which it is said, and the sentence.

A headline is the first row of `HEADLINES` whose condition holds, then every row of `QUALIFIERS` that holds and may stand beside it. Rows
of one name differ in what they have to show. The words keep three promises: natural words cannot prove a cause, so an effect "goes with"
frequency; it is credited only where it is graded; and "no difference" is said only where an equivalence test says so. Nothing but this
table makes a headline, and each row has a test.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from freqbias.analysis.report.facts import Facts
from freqbias.analysis.report.formatting import capital
from freqbias.terms import AT_LIMIT, DUPLICATES, FEW_FRAMES, FREQUENCY, INSEPARABLE, PROMPT, UNMOVED


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One row: `holds` may ask the facts and nothing else; `sentence` names what `values` fills in.

    `beside` are the headline rows that a qualifier may follow.
    """

    name: str
    holds: Callable[[Facts], bool]
    sentence: str
    beside: frozenset[str] = frozenset()

    def said(self, values: Mapping[str, str]) -> str:
        """Return the sentence, filled in."""
        return capital(self.sentence.format_map(values).strip())


#: How every headline of an effect begins: the natural unit, then gap, interval and test.
LEAD = "{natural}: {size}, {p}. "
#: What stands behind a headline of no effect: the natural unit, then gap and test.
GAP, GAP_INSIDE = "{level}The gap is {size}, {p}.", "{level}The gap is {size}, 90 % interval {inner} within ± {bound}"
NEAR_ZERO, NO_EFFECT = "On average no difference that matters", "no effect is detected, nor is one that would matter ruled out"
SHARED = "Something else that these forms share may be at work."
IN_PIECES = LEAD + "It goes with rare words being split into pieces. {cost} "
SPLITTING_UNTOLD = "frequency_splitting_untold"
#: Headline rows that say that the effect goes with frequency.
CREDITING = frozenset({FREQUENCY, SPLITTING_UNTOLD})

HEADLINES = (
    Rule(name="unknown", holds=lambda f: not f.measured, sentence="Cannot tell: {contrast} {missing} the frequency arm."),
    Rule(name="unknown", holds=lambda f: f.single, sentence="Cannot tell: a single item gives {value} but no interval."),
    Rule(
        name=AT_LIMIT,
        holds=lambda f: f.at_limit and not (f.found or f.reversed_sides),
        sentence="Cannot see a difference: in {limit_share} of the pairs {unit} is at the same end of its scale in either wording, "
        "where none could show. It is {limits}; the gap is {size}. This is no evidence that wording makes no difference; take {instead}.",
    ),
    Rule(
        name=UNMOVED,
        holds=lambda f: f.unmoved and not (f.found or f.reversed_sides),
        sentence="Cannot be measured with these queries: in {same_share} of the pairs both wordings score exactly the same ({size}). The "
        "model sees nothing in them that differs. Queries that hold one of the two words would show whether it tells them apart.",
    ),
    Rule(
        name="noise_floor",
        holds=lambda f: f.found and f.in_noise and not f.reversed_sides,
        sentence="No effect is claimed: {size} is below this model's noise floor, the {floor} that its numbers move by when only the "
        "batch changes.",
    ),
    Rule(
        name="reversed_sides",
        holds=lambda f: f.reversed_sides,
        sentence="Cannot tell: on average the high form of these pairs is not the more frequent one. Swap the sides, or correct "
        "`zipf_gap` (gap as given: {size}).",
    ),
    Rule(
        name="cannot_tell",
        holds=lambda f: not f.found and f.equivalent and not f.not_nothing and not (f.even and f.flat),
        sentence=f"{NEAR_ZERO}. {GAP_INSIDE}. "
        + "Whether there is one {untold} cannot be told: that takes more items, with two or more pairs each.",
    ),
    Rule(
        name="cannot_tell",
        holds=lambda f: not f.found and f.changes and not (f.equivalent or f.both_ways),
        sentence=f"Inconclusive: on average {NO_EFFECT}, but it depends on the frequency gap. {GAP} {{changes}}",
    ),
    Rule(
        name="cannot_tell",
        holds=lambda f: not f.found and f.contradicted and not (f.equivalent or f.both_ways),
        sentence=f"Inconclusive: interval and test do not agree on zero, so no effect is claimed. {GAP}{{needed}}",
    ),
    Rule(
        name="cannot_tell",
        holds=lambda f: not f.found and not (f.equivalent or f.both_ways),
        sentence=f"Inconclusive: {NO_EFFECT}. {GAP}{{needed}}",
    ),
    Rule(
        name="no_difference",
        holds=lambda f: not f.found and f.equivalent and f.even and f.flat and not f.not_nothing,
        sentence=f"No difference that matters. {GAP_INSIDE}, the smallest effect of interest. Hardly an item is expected beyond that.",
    ),
    Rule(
        name="cancels",
        holds=lambda f: not f.found and f.equivalent and f.uneven and f.changes,
        sentence=f"{NEAR_ZERO}, but it is not the same for all. {GAP_INSIDE}. {{uneven}} {{changes}}",
    ),
    Rule(
        name="cancels",
        holds=lambda f: not f.found and f.equivalent and f.uneven,
        sentence=f"{NEAR_ZERO}, but items differ. {GAP_INSIDE}. {{uneven}}",
    ),
    Rule(
        name="cancels",
        holds=lambda f: not f.found and f.equivalent and bool(f.groups) and not f.changes,
        sentence=f"{NEAR_ZERO}, but it is not the same by {{groups}}. {GAP_INSIDE}.",
    ),
    Rule(
        name="cancels",
        holds=lambda f: not f.found and f.equivalent and f.hidden and not f.changes,
        sentence=f"{NEAR_ZERO}, but something else may hide one. {GAP_INSIDE}.",
    ),
    Rule(
        name="cancels",
        holds=lambda f: not f.found and f.equivalent,
        sentence=f"{NEAR_ZERO}, but it depends on the frequency gap. {GAP_INSIDE}. {{changes}}",
    ),
    Rule(
        name="cancels",
        holds=lambda f: not f.found,
        sentence=f"It cancels out: on average no difference is detected, but items differ. {GAP} {{uneven}}",
    ),
    Rule(
        name="phrasing",
        holds=lambda f: f.in_phrasing,
        sentence=LEAD
        + "Forms of these pairs differ in phrasing, which changes length and order along with how frequent the construction is. "
        "Whether it goes with that frequency cannot be told from them. {beside_placebo}",
    ),
    Rule(
        name="overlap",
        holds=lambda f: f.overlap_everywhere,
        sentence=LEAD + "Whether it goes with frequency or with word overlap cannot be told: in every pair {sharing}.",
    ),
    Rule(
        name="overlap",
        holds=lambda f: f.overlap_alone,
        sentence=LEAD + "It goes with word overlap: where {matched}, no such effect is shown.",
    ),
    Rule(
        name="overlap",
        holds=lambda f: f.overlap_unclear,
        sentence=LEAD + "It cannot be distinguished from word matching. Where {matched} ({overlap_items}), it is neither "
        "shown nor shown to be smaller.",
    ),
    Rule(
        name="not_beyond_placebo",
        holds=lambda f: f.beyond_placebo is False,
        sentence=LEAD
        + "Swapping two equally frequent synonyms (placebo) gives {placebo}, and the gap is not shown to exceed that: {difference} "
        "beyond it. So it is not shown to go with frequency.",
    ),
    Rule(
        name=INSEPARABLE,
        holds=lambda f: f.inseparable,
        sentence=LEAD + "Whether it goes with frequency cannot be told from these pairs: a confounder moves with frequency.",
    ),
    Rule(
        name="not_graded",
        holds=lambda f: f.graded_but_corrected,
        sentence=LEAD
        + "It is larger for larger frequency gaps. {within} But the claim that it goes with frequency does not hold once all "
        "claims of the run are corrected together ({credit_p}).",
    ),
    Rule(
        name="not_graded",
        holds=lambda f: f.shrinks and f.beyond_confounders,
        sentence=LEAD + "The form called {form} is favoured, but less for larger frequency gaps. {within} " + SHARED,
    ),
    Rule(
        name="not_graded",
        holds=lambda f: f.has_slope and not f.graded and f.beyond_confounders and f.from_the_start,
        sentence=LEAD
        + "The form called {form} is favoured, by extrapolation already at no frequency gap ({intercept}). It is not shown to be "
        "favoured more for larger gaps. {within} " + SHARED,
    ),
    Rule(
        name="not_graded",
        holds=lambda f: f.has_slope and not f.graded and f.beyond_confounders,
        sentence=LEAD
        + "The form called {form} is favoured, but it is not shown to be favoured more for larger frequency gaps. {within} "
        + SHARED,
    ),
    Rule(
        name="splitting",
        holds=lambda f: f.graded and f.splitting and f.whole_equivalent,
        sentence=IN_PIECES
        + "Where both words are whole, no difference that matters is seen: {whole}, 90 % interval {whole_inner} within ± {bound}, "
        "unadjusted.{split}",
    ),
    Rule(
        name="splitting",
        holds=lambda f: f.graded and f.splitting and f.whole_known,
        sentence=IN_PIECES + "Where both words are whole it is {whole}, unadjusted.{split}",
    ),
    Rule(
        name="splitting",
        holds=lambda f: f.graded and f.splitting,
        sentence=IN_PIECES + "Where both forms split into equally many it is not there, unadjusted.",
    ),
    Rule(
        name=FREQUENCY,
        holds=lambda f: f.graded and f.not_splitting,
        sentence=LEAD
        + "It goes with frequency, and not through word splitting alone. It grows with the frequency gap, also with the strata of "
        "splitting held constant ({beside_split}). {within} It is there where both words are whole: {whole}.{split}",
    ),
    Rule(
        name=SPLITTING_UNTOLD,
        holds=lambda f: f.graded and f.whole_known,
        sentence=LEAD
        + "It goes with frequency. {within} How much of it through rare words being split cannot be told. Where both words are "
        "whole it is {whole}.{alike}",
    ),
    Rule(
        name=SPLITTING_UNTOLD,
        holds=lambda f: f.graded,
        sentence=LEAD + "It goes with frequency. {within} How much of it through rare words being split cannot be told.",
    ),
    Rule(
        name="confounder_only",
        holds=lambda f: bool(f.carriers) and f.shrinks,
        sentence=LEAD + "By regression {carriers}. Frequency itself works in the opposite direction. {within}",
    ),
    Rule(
        name="confounder_only",
        holds=lambda f: bool(f.carriers) and not f.frequency_part,
        sentence=LEAD + "By regression {carriers}. The interval of the part that goes with frequency includes zero.",
    ),
    Rule(
        name="confounder_only",
        holds=lambda f: bool(f.carriers),
        sentence=LEAD + "By regression {carriers}. A part that goes with frequency is not shown by every test that this needs.",
    ),
    Rule(
        name="favoured_unexplained",
        holds=lambda f: not f.has_slope,
        sentence=LEAD
        + "What it goes with cannot be told: these pairs have too few items, or frequency gaps too much alike, to adjust for "
        "length and other confounders.",
    ),
    Rule(
        name="favoured_unexplained",
        holds=lambda f: True,
        sentence=LEAD + "Whether it goes with frequency{or_with} cannot be told from these pairs.",
    ),
)

#: Names of headline rows in order of precedence.
HEADLINE_NAMES = tuple(dict.fromkeys(rule.name for rule in HEADLINES))
_ATTRIBUTED = frozenset(HEADLINE_NAMES[HEADLINE_NAMES.index("phrasing") :])
_TAKEN_APART = _ATTRIBUTED - {"phrasing", "overlap", INSEPARABLE}
_NOT_FOUND = frozenset({"cannot_tell", "no_difference", "cancels"})
_SEEN = frozenset(HEADLINE_NAMES) - {"unknown", "reversed_sides"}
_NOT_CREDITED = _ATTRIBUTED - CREDITING - {"phrasing", "overlap", "splitting", "not_beyond_placebo"}

QUALIFIERS = (
    Rule(
        name="reversed_whole",
        holds=lambda f: f.whole_reversed and not f.whole_equivalent,
        sentence="Where both words are whole the {other} form is favoured: {whole}.{split}",
        beside=_ATTRIBUTED | {"cannot_tell", "cancels"},
    ),
    Rule(
        name="reversed_equal_subwords",
        holds=lambda f: f.equal_reversed,
        sentence="Where both forms have equally many pieces, whole words included, the {other} form is favoured: {equal}.",
        beside=_ATTRIBUTED | {"cannot_tell", "cancels"},
    ),
    Rule(
        name="confounder",
        holds=lambda f: bool(f.carriers),
        sentence="By regression {carriers}{own_share}.",
        beside=_TAKEN_APART - {"confounder_only"},
    ),
    Rule(
        name="beside_splitting",
        holds=lambda f: f.graded_beside_split,
        sentence="On average within the strata of splitting it still grows with the frequency gap, {beside_split} per factor of ten, "
        "confounders held constant.",
        beside=frozenset({"splitting"}),
    ),
    Rule(
        name="split_alike",
        holds=lambda f: f.split_unseen,
        sentence="Between equally frequent words (placebo) fewer pieces are not shown to help: {placebo_split} (90 % interval).",
        beside=frozenset({"splitting"}),
    ),
    Rule(
        name="from_the_start",
        holds=lambda f: f.from_the_start,
        sentence="By extrapolation a part of it is there already at no frequency gap ({intercept}): something else that these forms "
        "share may be at work beside frequency.",
        beside=CREDITING | {"splitting"},
    ),
    Rule(
        name="not_held",
        holds=lambda f: bool(f.not_held),
        sentence="{not_held} could not be held constant: too few pairs have a value.",
        beside=CREDITING | {"splitting"},
    ),
    Rule(
        name="adjusted_away",
        holds=lambda f: f.adjusted_away,
        sentence="With confounders held constant it is {adjusted}.",
        beside=_NOT_FOUND,
    ),
    Rule(
        name="frames_differ",
        holds=lambda f: "frame" in f.groups,
        sentence="It differs by frame (means from {frame_low} to {frame_high}); in other frames it may be another.",
        beside=_ATTRIBUTED,
    ),
    Rule(
        name="frames_differ",
        holds=lambda f: PROMPT in f.groups,
        sentence="It differs by prompt (means from {frame_low} to {frame_high}); in other prompts it may be another.",
        beside=_ATTRIBUTED,
    ),
    Rule(
        name="placebo_differs",
        holds=lambda f: f.placebo_differs,
        sentence="The placebo, which should show nothing, differs from zero: {placebo}{beyond}.",
        beside=_ATTRIBUTED - {"not_beyond_placebo"} | _NOT_FOUND,
    ),
    Rule(
        name="placebo_differs",
        holds=lambda f: f.placebo_differs_jointly,
        sentence="The placebo, which should show nothing, does show something by what distinguishes its two words (joint test "
        "{placebo_p}).{placebo_parts}",
        beside=_ATTRIBUTED,
    ),
    Rule(
        name="no_placebo",
        holds=lambda f: f.beyond_placebo is None and f.has_placebo,
        sentence="The placebo has too few items to distinguish it from the effect of any synonym swap.",
        beside=_NOT_CREDITED | CREDITING | {"splitting"},
    ),
    Rule(
        name="no_placebo",
        holds=lambda f: f.beyond_placebo is None and not f.has_placebo,
        sentence="Without a placebo arm it cannot be distinguished from the effect of any synonym swap.",
        beside=_NOT_CREDITED | CREDITING | {"splitting"},
    ),
    Rule(
        name="small",
        holds=lambda f: f.equivalent,
        sentence="It is smaller than the smallest effect of interest: 90 % interval {inner} within ± {bound}.",
        beside=_ATTRIBUTED,
    ),
    Rule(
        name="dose_nonlinear",
        holds=lambda f: f.nonlinear,
        sentence="It does not grow evenly with the frequency gap ({fit_p}).",
        beside=CREDITING | {"splitting"},
    ),
    Rule(
        name=FEW_FRAMES,
        holds=lambda f: f.few_frames,
        sentence="This is an average over these {over}; others may differ.",
        beside=_SEEN,
    ),
    Rule(
        name=DUPLICATES,
        holds=lambda f: f.duplicates,
        sentence="{duplicate_items} stand with the same texts under another name: they count more than once, and every interval is too "
        "narrow{distinct}.",
        beside=_SEEN,
    ),
    Rule(
        name="failures",
        holds=lambda f: f.failed_by_dose,
        sentence="Which pairs failed depends on frequency, on length or on the arm: {failures}.",
        beside=_SEEN,
    ),
    Rule(
        name="failures",
        holds=lambda f: f.failed_matter and not f.failed_by_dose,
        sentence="What failed could change it: {failures}.",
        beside=_SEEN,
    ),
    Rule(
        name="failures",
        holds=lambda f: f.placebo_failed,
        sentence="What failed of the placebo could change what it shows.",
        beside=_SEEN,
    ),
)

#: Qualifiers with which a credit is no longer plain.
QUALIFYING_CREDIT = frozenset({"reversed_whole", "reversed_equal_subwords", "confounder", "from_the_start", "not_held"})


def headline_of(facts: Facts, values: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Return the headline and the names of the rows that made it, the headline's own first."""
    lead = next(rule for rule in HEADLINES if rule.holds(facts))
    said = [lead, *(rule for rule in QUALIFIERS if lead.name in rule.beside and rule.holds(facts))]
    return " ".join(rule.said(values) for rule in said), tuple(dict.fromkeys(rule.name for rule in said))
