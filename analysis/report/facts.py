"""What the estimates of one model and probe say, as typed facts: computed here once, and all that the rules of the headline may ask."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from freqbias.analysis.report.formatting import (
    ALPHA,
    NORMAL_95,
    Lookup,
    adjusted_p,
    excludes_zero,
    flags_of,
    same_way,
    significant,
    within_bound,
)
from freqbias.records import Estimate
from freqbias.terms import (
    AT_CHANCE,
    AT_LIMIT,
    BEYOND_PARAPHRASE,
    DIFFERENCE,
    DIFFERS,
    DUPLICATES,
    EQUIVALENT,
    EXTRAPOLATED,
    FAILED_BY_DOSE,
    FAILED_MATTER,
    FEW_FRAMES,
    IN_PHRASING,
    INSEPARABLE,
    NOT_HELD,
    ONE_ANSWER,
    PARAPHRASE,
    PLACEBO,
    REVERSED,
    SPLIT_EFFECT,
    SPLIT_SLOPE,
    SPLIT_SPLIT,
    UNMOVED,
    WHOLE_SPLIT,
)

WORTH_NAMING = 0.25  # of the effect; a smaller part does not change what the effect goes with
MAX_ZERO = 0.1  # of items whose two forms score the same, as ranks and shares often do
UNEVEN_SHARE = 0.05  # of items whose true effect lies beyond the smallest effect of interest on one side: more than one in twenty


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What holds of the estimates; a fact whose estimate was not made is False, or None where not knowing is another thing than no.

    `same way` is an interval that leaves out zero on the side of the mean.
    """

    # the mean
    measured: bool = False  # it has a value
    single: bool = False  # one item, so no interval
    at_chance: bool = False  # the model answers no better than by guessing
    one_answer: bool = False  # it gives one letter in nearly every answer
    reversed_sides: bool = False  # the high form of these pairs is the rarer one
    at_limit: bool = False  # in nine of ten pairs both forms are at the same end of the scale
    unmoved: bool = False  # in nine of ten pairs both forms score exactly the same
    in_noise: bool = False  # smaller than what the model's numbers move by when only the batch changes
    found: bool = False  # test and interval leave out zero, and the model can answer
    contradicted: bool = False  # interval and test do not agree on zero
    equivalent: bool = False  # within the smallest effect of interest
    # items and dose
    even: bool = False  # hardly an item lies beyond the smallest effect of interest
    uneven: bool = False  # one in twenty or more do
    both_ways: bool = False  # on either side
    groups: tuple[str, ...] = ()  # what items differ by (part of speech, domain, frame), by a joint test
    adjusted_away: bool = False  # with confounders held constant it leaves out zero, though the mean is not told from it
    hidden: bool = False  # that, or a placebo that differs from zero, by more than is known to be less than what matters
    flat: bool = False  # a frequency gap of one Zipf unit more changes less than the smallest effect of interest
    changes: bool = False  # the gap changes with the frequency gap, whichever way, and not by less than that
    # what rules credit out before anything is taken apart
    in_phrasing: bool = False
    overlap_everywhere: bool = False  # in every pair the user's own queries share more words with one form
    overlap_alone: bool = False  # the effect is there where queries share more words with one form, and only there
    overlap_unclear: bool = False
    inseparable: bool = False  # a confounder moves with frequency
    # the placebo
    beyond_placebo: bool | None = None
    has_placebo: bool = False
    placebo_differs: bool = False
    placebo_differs_jointly: bool = False
    reworded: bool = False  # rewording in equally frequent words moves it too, and it is not shown to exceed that
    # dose
    has_slope: bool = False
    graded: bool = False  # in every way that credit needs
    not_held: tuple[str, ...] = ()  # confounders that too many pairs lack
    graded_but_corrected: bool = False  # by its intervals, but not once all claims of the run are corrected together
    shrinks: bool = False  # less for larger gaps
    from_the_start: bool = False  # an advantage of the frequency arm at no gap
    nonlinear: bool = False
    # confounders
    beyond_confounders: bool = False
    carriers: tuple[tuple[str, float], ...] = ()  # rivals that carry a quarter or more, with their shares
    frequency_part: bool = False  # the part that goes with frequency leaves out zero
    # word splitting
    whole_known: bool = False
    whole_there: bool = False
    whole_equivalent: bool = False
    whole_reversed: bool = False
    whole_smaller: bool = False  # than where the rare word is split, by a test
    split_unseen: bool = False  # between equally frequent words, fewer pieces are not shown to help
    split_adds: bool = False  # a split word costs more than a whole one of the same frequency
    graded_beside_split: bool = False  # the effect is graded within the strata of splitting
    equal_reversed: bool = False  # where both forms split into equally many subwords
    # what was measured on what
    few_frames: bool = False
    duplicates: bool = False
    failed_by_dose: bool = False
    failed_matter: bool = False  # failures could move the mean out of its interval
    placebo_failed: bool = False  # failures could move the placebo's mean out of its interval

    @property
    def incapable(self) -> bool:
        """Whether the model cannot answer, so that its answers show nothing of wording."""
        return self.at_chance or self.one_answer

    @property
    def not_nothing(self) -> bool:
        """Whether a mean near zero is the mean of something: items differ, or the dose, or what is held against it."""
        return self.uneven or self.changes or bool(self.groups) or self.hidden

    @property
    def splitting(self) -> bool:
        """Whether nothing of a graded effect is shown where both words are whole, or it is the reverse there, and splitting is why."""
        absent = self.whole_equivalent or self.whole_reversed or (self.whole_smaller and not self.whole_there)
        return self.split_adds and (absent or (self.equal_reversed and not self.whole_there))

    @property
    def not_splitting(self) -> bool:
        """Whether the effect is there where both words are whole, graded within the strata of splitting, and nowhere the reverse."""
        alone = self.whole_there and self.graded_beside_split
        return alone and not self.splitting and not self.equal_reversed


def facts_of(have: Lookup) -> Facts:
    """Return the facts of one model and probe."""
    main = have.main("mean")
    if main is None or main.value is None:
        return Facts()
    flags = flags_of(main)
    parts = (_items, _placebo, _dose, _confounders, _splitting, _overlap)
    return Facts(
        measured=True,
        single=main.std_error is None,
        at_chance=AT_CHANCE in flags,
        one_answer=ONE_ANSWER in flags,
        reversed_sides=REVERSED in flags,
        at_limit=AT_LIMIT in flags,
        unmoved=UNMOVED in flags,
        in_noise=have.within_noise(main),
        found=significant(main) and not {AT_CHANCE, ONE_ANSWER} & set(flags),
        contradicted=excludes_zero(main) != _below(main),
        equivalent=EQUIVALENT in flags_of(have.main("equivalence")),
        in_phrasing=IN_PHRASING in flags,
        few_frames=FEW_FRAMES in flags,
        duplicates=DUPLICATES in flags,
        failed_by_dose=FAILED_BY_DOSE in flags,
        failed_matter=FAILED_MATTER in flags,
        placebo_failed=FAILED_MATTER in flags_of(have.main("mean", PLACEBO)),
        groups=tuple(name for name, row in have.groups() if _below(row)),
        adjusted_away=excludes_zero(_adjusted(have)) and not significant(main),
        hidden=_hidden(have, main),
        **{name: value for part in parts for name, value in part(have, main).items()},
    )


def _adjusted(have: Lookup) -> Estimate | None:
    """Return the adjusted mean where pairs show what it would be."""
    row = have.main("adjusted")
    return None if EXTRAPOLATED in flags_of(row) else row


def _hidden(have: Lookup, main: Estimate) -> bool:
    placebo, adjusted = have.main("mean", PLACEBO), _adjusted(have)
    by_placebo = significant(placebo) and EQUIVALENT not in flags_of(have.main("equivalence", PLACEBO))
    return by_placebo or (excludes_zero(adjusted) and not within_bound(adjusted, main.bound))


def _items(have: Lookup, main: Estimate) -> dict[str, Any]:
    """Tell whether items are alike, by the model of their true effects or, where there is none, by their spread, which bounds it."""
    bound, row = main.bound, have.main("heterogeneity")
    if bound is None:
        return {}
    if row is not None and row.details.get("prediction_low") is not None and not mostly_one_value(main):
        ends = row.details["prediction_low"], row.details["prediction_high"]
        sides = [(row.details.get(name) or 0.0) >= UNEVEN_SHARE for name in ("share_above", "share_below")]
        shown = row.ci_low is None or row.ci_low > 0
        even = -bound <= ends[0] and ends[1] <= bound
        return {"even": even, "uneven": shown and any(sides), "both_ways": shown and all(sides)}
    spread = (main.std_error or 0.0) * math.sqrt(main.n_items + 1)
    return {"even": abs(main.value or 0.0) + NORMAL_95 * spread <= bound}


def mostly_one_value(main: Estimate) -> bool:
    """Tell whether so many items have no gap at all that a normal distribution of their true effects says nothing of them."""
    shares = main.share_positive, main.share_negative
    return None not in shares and 1 - sum(share or 0.0 for share in shares) > MAX_ZERO


def _placebo(have: Lookup, main: Estimate) -> dict[str, Any]:
    difference, placebo = have.main("mean", DIFFERENCE), have.main("mean", PLACEBO)
    told = difference is not None and difference.ci_low is not None
    joint = have.main("placebo_joint", PLACEBO)
    cost, exceeds = have.main(PARAPHRASE, PLACEBO), have.main(BEYOND_PARAPHRASE, DIFFERENCE)
    loses = cost is not None and excludes_zero(cost) and not same_way(cost, main)
    alone, parts = significant(placebo), DIFFERS in flags_of(have.main("equivalence", PLACEBO))
    return {
        "has_placebo": placebo is not None,
        "beyond_placebo": same_way(difference, main) if told else None,
        "placebo_differs": alone,
        "placebo_differs_jointly": not alone and (_below(joint) or parts),
        "reworded": loses and exceeds is not None and exceeds.ci_low is not None and not same_way(exceeds, main),
    }


def _below(row: Estimate | None) -> bool:
    p_value = None if row is None else adjusted_p(row)
    return p_value is not None and p_value < ALPHA


def _dose(have: Lookup, main: Estimate) -> dict[str, Any]:
    slope = have.main("zipf_slope")
    if slope is None or slope.value is None:
        return {INSEPARABLE: INSEPARABLE in flags_of(slope), "flat": True}
    needed = needed_slopes(have)
    steps = all(row is not None and same_way(row, main) for row in needed)
    claim = have.main("credit")
    kept = claim is None or _below(claim)
    gradient = needed[-2]
    flat = within_bound(gradient, main.bound)
    return {
        "has_slope": True,
        "flat": flat,
        "changes": not flat and significant(gradient) and same_way(needed[-1], gradient or main),
        "graded": steps and kept,
        "graded_but_corrected": steps and not kept,
        "not_held": tuple(flag.removeprefix(NOT_HELD) for flag in flags_of(slope) if flag.startswith(NOT_HELD)),
        "shrinks": gradient is not None and excludes_zero(gradient) and not same_way(gradient, main),
        "from_the_start": same_way(have.main("intercept"), main),
        "nonlinear": _below(have.main("lack_of_fit")),
    }


def needed_slopes(have: Lookup) -> list[Estimate | None]:
    """Return the slopes that a claim needs, the last two those within the frequency arm, by the model and by the robust test.

    Estimates that were made before there was a slope over both arms hold one with an intercept of its own and its check by least
    squares; so does a run without a placebo. These are then the slopes within the arm.
    """
    over_both = [have.main("zipf_slope"), have.main("zipf_slope_robust") or have.main("zipf_slope_ols")]
    within = [have.main("within_slope"), have.main("within_slope_robust")]
    two_arms = have.main("zipf_slope_robust") is not None and have.main("mean", PLACEBO) is not None
    return [*over_both, *within] if two_arms or within[0] is not None else over_both


def _confounders(have: Lookup, main: Estimate) -> dict[str, Any]:
    beyond = have.main("adjusted", DIFFERENCE)
    carriers = []
    for name, label in have.held().items():
        row = have.main(f"part:{name}")
        share = 0.0 if row is None or not main.value else (row.value or 0.0) / main.value
        if row is not None and same_way(row, main) and share >= WORTH_NAMING:
            carriers.append((label, share))
    return {
        "beyond_confounders": same_way(have.main("adjusted"), main) and (beyond is None or same_way(beyond, main)),
        "carriers": tuple(carriers),
        "frequency_part": excludes_zero(have.main("part:frequency")),
    }


def _splitting(have: Lookup, main: Estimate) -> dict[str, Any]:
    whole, equal = have.main("whole_whole"), have.main("equal_subwords")
    effect, beside = have.main(SPLIT_EFFECT), have.main(SPLIT_SLOPE)
    pieces = have.main("equivalence:subwords", PLACEBO)
    some_split = any(have.main(name) is not None for name in (WHOLE_SPLIT, SPLIT_SPLIT))
    return {
        "whole_known": whole is not None and whole.ci_low is not None,
        "whole_there": same_way(whole, main),
        "whole_equivalent": EQUIVALENT in flags_of(have.main("equivalence:whole_whole")),
        "whole_reversed": _reversed(whole, main),
        "whole_smaller": same_way(have.main("whole_difference"), main),
        "split_unseen": pieces is not None and pieces.ci_low is not None and not same_way(pieces, main),
        "split_adds": same_way(effect, main),
        "graded_beside_split": same_way(beside, main) if some_split else same_way(have.main("zipf_slope"), main),
        "equal_reversed": _reversed(equal, main),
    }


def _reversed(row: Estimate | None, main: Estimate) -> bool:
    return excludes_zero(row) and not same_way(row, main)


def _overlap(have: Lookup, main: Estimate) -> dict[str, Any]:
    """Tell what word matching leaves to be said of an effect of the user's own queries; nothing where it is found without matching."""
    level, more = have.main("equal_overlap"), have.main("overlap_difference")
    if level is None or (more is None and level.value is not None):
        return {}  # no query of theirs shares more with one form
    if level.value is None:
        return {"overlap_everywhere": True}
    if same_way(level, main):
        return {}
    alone = same_way(more, main)
    return {"overlap_alone": alone, "overlap_unclear": not alone}


def carried(facts: Facts) -> Sequence[tuple[str, float]]:
    """Return what carries a quarter of the effect or more, each label once with its whole share."""
    shares: dict[str, float] = {}
    for label, share in facts.carriers:
        shares[label] = shares.get(label, 0.0) + share
    return list(shares.items())
