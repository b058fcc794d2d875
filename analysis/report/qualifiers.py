"""What may stand beside a headline, as a table: every row of `QUALIFIERS` that holds and may follow the headline's own row is said."""

from collections.abc import Mapping

from freqbias.analysis.report.facts import Facts
from freqbias.analysis.report.rules import CREDITING, HEADLINE_NAMES, HEADLINES, Rule
from freqbias.terms import DUPLICATES, FEW_FRAMES, INCAPABLE, INSEPARABLE, PROMPT

_ATTRIBUTED = frozenset(HEADLINE_NAMES[HEADLINE_NAMES.index("phrasing") :])
_TAKEN_APART = _ATTRIBUTED - {"phrasing", "overlap", INSEPARABLE}
_NOT_FOUND = frozenset({"cannot_tell", "no_difference", "cancels"})
_SEEN = frozenset(HEADLINE_NAMES) - {"unknown", INCAPABLE, "reversed_sides"}
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
        name="beside_rewording",
        holds=lambda f: f.reworded,
        sentence="Rewording the original in equally frequent words changes it by {paraphrase}. The gap is not shown to exceed that: "
        "{beyond_paraphrase} beyond it.",
        beside=CREDITING | {"splitting"},
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
QUALIFYING_CREDIT = frozenset(
    {"reversed_whole", "reversed_equal_subwords", "confounder", "beside_rewording", "from_the_start", "not_held"}
)


def headline_of(facts: Facts, values: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Return the headline and the names of the rows that made it, the headline's own first."""
    lead = next(rule for rule in HEADLINES if rule.holds(facts))
    said = [lead, *(rule for rule in QUALIFIERS if lead.name in rule.beside and rule.holds(facts))]
    return " ".join(rule.said(values) for rule in said), tuple(dict.fromkeys(rule.name for rule in said))
