"""What every fact that the rules ask is called, the estimates that it is read from, and the words in which a verdict is retraced.

A fact is read from its `rows` and the mean of the frequency arm, and from nothing else (a test holds every fact against them).
"""

from dataclasses import dataclass

from freqbias.terms import (
    AT_CHANCE,
    AT_LIMIT,
    BEYOND_PARAPHRASE,
    CREDIT,
    DIFFERENCE,
    DUPLICATES,
    EQUIVALENT,
    FAILED_BY_DOSE,
    FAILED_MATTER,
    FEW_FRAMES,
    FREQUENCY,
    HETEROGENEITY,
    IN_PHRASING,
    INSEPARABLE,
    ONE_ANSWER,
    PARAPHRASE,
    PLACEBO,
    SPLIT_EFFECT,
    SPLIT_SLOPE,
    STRATA,
    UNMOVED,
    WHOLE_DIFFERENCE,
)

MEAN = (FREQUENCY, "mean")
PLACEBO_MEAN, PLACEBO_WHOLE = (PLACEBO, "mean"), (PLACEBO, "equivalence")
ADJUSTED = (FREQUENCY, "adjusted")
OVER_BOTH = ((FREQUENCY, "zipf_slope"), (FREQUENCY, "zipf_slope_robust"), (FREQUENCY, "zipf_slope_ols"))
#: With a placebo, the slopes within the arm are needed too.
SLOPES = (*OVER_BOTH, (FREQUENCY, "within_slope"), (FREQUENCY, "within_slope_robust"), PLACEBO_MEAN)
WHOLE, *SPLIT = ((FREQUENCY, name) for name in STRATA)
#: Where there is a robust slope and a placebo, the slope within the arm counts, else the one over both.
GRADIENT = (*OVER_BOTH[:2], (FREQUENCY, "within_slope"), PLACEBO_MEAN)
OVERLAP = ((FREQUENCY, "equal_overlap"), (FREQUENCY, "overlap_difference"))
ITEMS = (FREQUENCY, HETEROGENEITY)


@dataclass(frozen=True)
class FactWords:
    """A fact as a statement that holds or not, and the estimates (arm and term, `*` for any ending) that it is read from."""

    said: str
    rows: tuple[tuple[str, str], ...] = (MEAN,)


#: In the order of `Facts`.
FACTS = {
    "measured": FactWords("the gap has a value"),
    "single": FactWords("it rests on a single item"),
    AT_CHANCE: FactWords("the model answers no better than by guessing"),
    ONE_ANSWER: FactWords("the model gives one letter in nearly every answer"),
    "reversed_sides": FactWords("the form called high is, on average, the rarer one"),
    AT_LIMIT: FactWords("in nine of ten pairs both forms are at the same end of the scale"),
    UNMOVED: FactWords("in nine of ten pairs both forms score exactly the same"),
    "in_noise": FactWords("the gap is smaller than the noise floor"),
    "found": FactWords("the gap differs from zero, by the adjusted test and the interval, of a model that can answer"),
    "contradicted": FactWords("the interval and the test do not agree on zero"),
    EQUIVALENT: FactWords("the gap is shown to be too small to matter", ((FREQUENCY, "equivalence"),)),
    "even": FactWords("hardly an item lies beyond the smallest effect of interest", (ITEMS, MEAN)),
    "uneven": FactWords("one item in twenty or more lies beyond the smallest effect of interest on one side", (ITEMS, MEAN)),
    "both_ways": FactWords("one item in twenty or more lies beyond the smallest effect of interest on either side", (ITEMS, MEAN)),
    "groups": FactWords("groups of items differ", ((FREQUENCY, "by:*"),)),
    "adjusted_away": FactWords("with confounders held constant the gap differs from zero, though it does not without", (ADJUSTED, MEAN)),
    "hidden": FactWords(
        "the placebo, or the gap with confounders held constant, may hide an effect", (PLACEBO_MEAN, PLACEBO_WHOLE, ADJUSTED)
    ),
    "flat": FactWords("a larger frequency gap changes nothing that matters", GRADIENT),
    "changes": FactWords("a larger frequency gap changes the gap, whichever way", SLOPES),
    IN_PHRASING: FactWords("the forms differ in construction, not in words"),
    "overlap_everywhere": FactWords("in every pair the queries share more words with one form", OVERLAP[:1]),
    "overlap_alone": FactWords("the effect is there only where queries share more words with one form", OVERLAP),
    "overlap_unclear": FactWords("the effect cannot be told from word matching", OVERLAP),
    INSEPARABLE: FactWords("a confounder moves with frequency", OVER_BOTH[:1]),
    "beyond_placebo": FactWords("the effect exceeds the placebo", ((DIFFERENCE, "mean"),)),
    "has_placebo": FactWords("there is a placebo", (PLACEBO_MEAN,)),
    "placebo_differs": FactWords("the placebo differs from zero", (PLACEBO_MEAN,)),
    "placebo_differs_jointly": FactWords(
        "the placebo differs from zero by what distinguishes its two words", ((PLACEBO, "placebo_joint"), PLACEBO_WHOLE, PLACEBO_MEAN)
    ),
    "reworded": FactWords(
        "rewording in equally frequent words moves it too, and it is not shown to exceed that",
        ((PLACEBO, PARAPHRASE), (DIFFERENCE, BEYOND_PARAPHRASE), MEAN),
    ),
    "has_slope": FactWords("there is a slope on the frequency gap", OVER_BOTH[:1]),
    "graded": FactWords(
        "the effect is graded: larger for larger frequency gaps, by every test that credit needs", (*SLOPES, (FREQUENCY, CREDIT))
    ),
    "not_held": FactWords("confounders could not be held constant", OVER_BOTH[:1]),
    "graded_but_corrected": FactWords(
        "the effect is graded, but not once all claims of the run are corrected together", (*SLOPES, (FREQUENCY, CREDIT))
    ),
    "shrinks": FactWords("the effect is smaller for larger frequency gaps", GRADIENT),
    "from_the_start": FactWords("the effect seems to be there already at no frequency gap", ((FREQUENCY, "intercept"), *OVER_BOTH[:1])),
    "nonlinear": FactWords("the effect does not grow evenly with the frequency gap", ((FREQUENCY, "lack_of_fit"), *OVER_BOTH[:1])),
    "beyond_confounders": FactWords("the effect is there with confounders held constant", (ADJUSTED, (DIFFERENCE, "adjusted"))),
    "carriers": FactWords("confounders carry a quarter of the effect or more", ((FREQUENCY, "part:*"), MEAN)),
    "frequency_part": FactWords("the part that goes with frequency differs from zero", ((FREQUENCY, "part:frequency"),)),
    "whole_known": FactWords("there is an interval where both words are whole", (WHOLE,)),
    "whole_there": FactWords("the effect is there where both words are whole", (WHOLE,)),
    "whole_equivalent": FactWords(
        "where both words are whole it is shown to be too small to matter", ((FREQUENCY, "equivalence:whole_whole"),)
    ),
    "whole_reversed": FactWords("where both words are whole the other form is favoured", (WHOLE,)),
    "whole_smaller": FactWords(
        "where both words are whole it is smaller than where the rare word is split", ((FREQUENCY, WHOLE_DIFFERENCE),)
    ),
    "split_unseen": FactWords("between equally frequent words, fewer pieces are not shown to help", ((PLACEBO, "equivalence:subwords"),)),
    "split_adds": FactWords("a split rare word costs more than a whole one that is equally rare", ((FREQUENCY, SPLIT_EFFECT),)),
    "graded_beside_split": FactWords(
        "the effect is graded among pairs that are split alike", ((FREQUENCY, SPLIT_SLOPE), *SPLIT, *OVER_BOTH[:1])
    ),
    "equal_reversed": FactWords("where both forms have equally many pieces the other form is favoured", ((FREQUENCY, "equal_subwords"),)),
    FEW_FRAMES: FactWords("the mean is one of a few sentence frames"),
    DUPLICATES: FactWords("many items share a text with another item"),
    FAILED_BY_DOSE: FactWords("which pairs failed depends on frequency, length or the arm"),
    FAILED_MATTER: FactWords("the pairs that failed could move the mean out of its interval"),
    "placebo_failed": FactWords("the pairs of the placebo that failed could move its mean out of its interval", (PLACEBO_MEAN,)),
}

#: How a verdict is retraced; names in braces are filled in.
WALK = {
    "answer": "{question} {word}.",
    "asked": "{number}. {fact}: {answer}{again}",
    "again": " ({rows})",
    "names": "{answer} ({names})",
    "share": "{label} {share}",
    "row": "{contrast} / {arm} / {term}",
    "known": "{arm} / {term}",
    "cited": "{row}: {size}{level}, {p}{flags}",
    "level": " ({level} interval)",
    "flags": "; {flags}",
    "floor": "noise floor: {floor} {unit}",
    "no_row": "no such estimate was made",
    "no_floor": "the noise floor was not measured",
    "one_of": "{rule} ({number} of {all})",
    "passed": "so it is not: {rules}",
    "holds": "so the verdict is {rule}:",
    "not_beside": "so nothing is added by: {rules}",
    "beside": "so this is added by {rule}:",
}
