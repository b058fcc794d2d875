"""What a headline may say, as a table: name, the condition under which it is said, and the sentence.

A headline is the first row of `HEADLINES` whose condition holds, then what may stand beside it (see `qualifiers`). Rows of one name
differ in what they have to show. The words keep three promises: natural words cannot prove a cause, so an effect "goes with"
frequency; it is credited only where it is graded; and "no difference" is said only where an equivalence test says so. Nothing but this
table makes a headline, and each row has a test.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from freqbias.analysis.report.facts import Facts
from freqbias.analysis.report.formatting import capital
from freqbias.terms import AT_LIMIT, FREQUENCY, INCAPABLE, INSEPARABLE, PARAPHRASE, UNMOVED


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
        name=INCAPABLE,
        holds=lambda f: f.one_answer,
        sentence="This model cannot show it: it gives one and the same letter in {answer_share} of its answers, whatever is "
        "asked. Such answers cannot show an effect of wording.",
    ),
    Rule(
        name=INCAPABLE,
        holds=lambda f: f.at_chance,
        sentence="This model cannot show it: {no_better}. It got {right} of {answers} answers right.{guessing} Such answers "
        "cannot show an effect of wording.",
    ),
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
        name=PARAPHRASE,
        holds=lambda f: f.reworded and not f.graded,
        sentence=LEAD
        + "Rewording the original in equally frequent words changes it by {paraphrase}, and the gap is not shown to exceed that: "
        "{beyond_paraphrase} beyond it. So any rewording may do as much, and it is not shown to go with frequency.",
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
