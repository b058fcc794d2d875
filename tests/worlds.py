"""Worlds made by hand: estimates in which each row of the tables of headlines, trust and limits is said, and what of them to change."""

from hand_made import GRADED, LEVEL, NOTHING, equivalence, heterogeneity, mean, placebo, row, slopes, stratum

from freqbias.records import Pair

FEW = {"flags": ["few_frames"], "details": {"frames": 3}}
SPLIT_COSTS = row("split_effect", 0.09)
CEILING = mean(0.001, 0.008, flags=["at_limit"], details={"ceiling_share": 0.9, "floor_share": 0.05})
FLOOR = mean(0.0, flags=["at_limit"], details={"ceiling_share": 0.05, "floor_share": 0.9})
GUESSES = mean(0.05, flags=["at_chance"], details={"accuracy": 0.2, "chance": 0.25, "right": 12.0, "answers": 60.0})
WRONG = mean(0.05, flags=["at_chance"], details={"accuracy": 0.01, "chance": 0.0, "right": 1.0, "answers": 160.0})
LETTER = mean(0.05, flags=["at_chance", "one_answer"], details={"accuracy": 0.2, "chance": 0.2, "answer_share": 0.97})
UNMOVED = mean(0.0, 0.001, flags=["unmoved"], details={"same_share": 0.97})
FRAMES = row("by:frame", 0.1, p_value=0.001, p_adjusted=0.01, details={"means": {"a": 0.09, "b": -0.02, "c": 0.05}})
PROMPTS = FRAMES.replace(term="by:prompt")
ASKED = {"flags": ["few_frames"], "details": {"frames": 3, "prompts": 3}}
WHOLE = [stratum("whole_whole", 0.04), stratum("whole_split", 0.09), row("split_slope", 0.03)]
SPLIT = [
    SPLIT_COSTS,
    stratum("whole_whole", 0.005, 0.004),
    stratum("whole_split", 0.104, 0.004, n_items=435),
    equivalence(0.005, 0.003, term="equivalence:whole_whole"),
]
WHOLE_EQUIVALENT = SPLIT[-1].term
UNCLEAR = stratum("whole_whole", 0.02, 0.05)
NO_SLOPE = row("zipf_slope", None, flags=["inseparable"])
LENGTH = row("part:words", 0.02)  # .4 of the effect


def reworded(cost, beyond=-0.01):
    """Return what rewording in equally frequent words changes, and the gap minus what that costs."""
    return [row("paraphrase", cost, arm="placebo"), row("beyond_paraphrase", beyond, arm="frequency-placebo")]


#: Name of the row, words that only it says, estimates in which it appears, and what of them to change so that it does not.
CASES = [
    ("unknown", "was not measured in", [row("equal_subwords")], [mean()]),
    ("unknown", "a single item gives", [mean(half=None, n_items=1)], [mean()]),
    (
        "at_limit",
        "It is at the top in 90 %, at the bottom in 5 %; the gap is",
        [CEILING, equivalence(0.001, 0.006)],
        [mean(0.001, 0.008)],
    ),
    ("at_limit", "take harder queries", [CEILING], [mean(0.05, flags=["at_limit"])]),  # an effect that is found is told
    ("at_limit", "take queries that the model can answer", [FLOOR, equivalence(0.0)], [mean(0.0)]),
    (
        "incapable",
        "it answers no better than by guessing. It got 12 of 60 answers right. Guessing alone gives 25 %.",
        [*GRADED, GUESSES],
        [mean(details={"accuracy": 0.9, "chance": 0.25})],
    ),
    ("incapable", "it gets next to nothing right. It got 1 of 160 answers right. Such answers", [*NOTHING, WRONG], [GUESSES]),
    ("incapable", "one and the same letter in 97 % of its answers", [*GRADED, LETTER], [GUESSES]),
    ("unmoved", "in 97 % of the pairs both wordings score exactly the same", [UNMOVED, equivalence(0.0)], [mean(0.001, 0.008)]),
    ("unmoved", "Queries that hold one of the two words", [UNMOVED], [mean(0.05, flags=["unmoved"])]),  # an effect that is found is told
    ("reversed_sides", "is not the more frequent one", [mean(flags=["reversed"])], [mean()]),
    ("cannot_tell", "for some items cannot be told", [mean(0.001, 0.008), equivalence(0.001, 0.006)], [heterogeneity(-0.01, 0.01)]),
    ("cannot_tell", "one for larger frequency gaps cannot", [*NOTHING, *slopes(0.0, 0.04)], slopes(0.001, 0.005)),
    ("cannot_tell", "items or for larger", [mean(0.001, 0.008), equivalence(0.001, 0.006), *slopes(0.0, 0.04)], slopes(0.001, 0.005)),
    ("cannot_tell", "but it depends on the frequency gap", [mean(0.03, 0.05), *slopes(0.05)], [*slopes(0.05, within_robust=0.005)]),
    (
        "cannot_tell",
        "interval and test do not agree on zero, so no effect is claimed. The gap is +0.011",
        [mean(0.011, 0.01, p_value=0.08)],
        [mean(0.02, 0.01, p_value=0.01)],
    ),
    (
        "cannot_tell",
        "Inconclusive: no effect is detected, nor is one that would matter ruled out. The gap is +0.01",
        [mean(0.01, 0.05)],
        [mean(0.06, 0.05)],
    ),
    ("no_difference", "No difference that matters", NOTHING, [heterogeneity(-0.05, 0.05, 0.02, 0.02)]),
    ("cancels", "is not the same for all", [*NOTHING, heterogeneity(-0.05, 0.05, 0.2, 0.2), *slopes(0.03)], slopes(0.0)),
    (
        "cancels",
        "that matters, but items differ. The gap is +0.001",
        [*NOTHING, heterogeneity(-0.02, 0.05, 0.01, 0.2)],
        [heterogeneity(-0.01, 0.01)],
    ),
    (
        "cancels",
        "that matters, but it depends on the frequency gap. The gap is +0.001",
        [*NOTHING, *slopes(-0.03)],
        [*slopes(-0.03, within_robust=-0.005)],
    ),
    ("cancels", "but it is not the same by frame.", [*NOTHING, FRAMES], [FRAMES.replace(p_adjusted=0.2)]),
    ("cancels", "something else may hide one", [*NOTHING, *placebo(0.03, difference=-0.03)], placebo(0.0)),
    ("cancels", "It cancels out", [mean(0.01, 0.03), heterogeneity(-0.2, 0.2, 0.4, 0.4)], [heterogeneity(-0.02, 0.2, 0.01, 0.4)]),
    ("phrasing", "differ in phrasing", [*GRADED, mean(flags=["in_phrasing"])], [mean()]),
    ("overlap", "in every pair queries share", [mean(), row("equal_overlap", None)], [row("equal_overlap", 0.05)]),
    (
        "overlap",
        "It goes with word overlap",
        [mean(), row("equal_overlap", 0.0), row("overlap_difference", 0.05)],
        [row("overlap_difference", 0.0)],
    ),
    (
        "overlap",
        "cannot be distinguished from word matching",
        [mean(), row("equal_overlap", 0.0), row("overlap_difference", 0.0)],
        [row("equal_overlap", 0.05)],
    ),
    ("not_beyond_placebo", "not shown to exceed", [*GRADED, *placebo(0.04)], placebo(0.0)),
    (
        "paraphrase",
        "changes it by −0.06 [−0.07, −0.05], and the gap is not shown to exceed that: −0.01 [−0.02, 0] beyond it.",
        [*LEVEL, *reworded(-0.06)],
        reworded(-0.01, 0.04),
    ),
    ("paraphrase", "So any rewording may do as much", [*LEVEL, *reworded(-0.06)], slopes()),
    ("beside_rewording", "The gap is not shown to exceed that: −0.01", [*GRADED, *reworded(-0.06)], reworded(0.06, 0.11)),
    ("inseparable", "a confounder moves with frequency", [mean(), *placebo(), NO_SLOPE], slopes()),
    ("not_graded", "corrected together", [*GRADED, row("credit", 0.03, p_adjusted=0.07)], [row("credit", 0.03, p_adjusted=0.04)]),
    ("not_graded", "but less for larger", [*LEVEL, *slopes(0.03, within=-0.02)], slopes(0.03, within=0.002)),
    ("not_graded", "by extrapolation already at no frequency gap", [*LEVEL, row("intercept", 0.04)], [row("intercept", 0.005)]),
    ("not_graded", "but it is not shown to be favoured more", LEVEL, [row("adjusted", 0.005)]),
    (
        "splitting",
        "no difference that matters is seen",
        [*GRADED, *SPLIT],
        [*WHOLE, equivalence(0.04, held=False, term=WHOLE_EQUIVALENT)],
    ),
    ("splitting", "no difference that matters is seen", [*GRADED, *SPLIT], [row("split_effect", 0.005)]),
    (
        "splitting",
        "at an equal frequency gap. Where both words are whole it is +0.02 [−0.03, +0.07] in 30 items, unadjusted.",
        [*GRADED, UNCLEAR, row("whole_difference", 0.09), SPLIT_COSTS],
        [row("whole_difference", 0.01, 0.05)],
    ),
    (
        "splitting",
        "equally many it is not there",
        [*GRADED, SPLIT_COSTS, stratum("equal_subwords", -0.03)],
        [stratum("equal_subwords", 0.03)],
    ),
    ("frequency", "not through word splitting alone", [*GRADED, *WHOLE], [UNCLEAR]),
    ("frequency", "strata of splitting held constant (+0.03", [*GRADED, *WHOLE], [row("split_slope", 0.005)]),
    ("frequency", "strata of splitting held constant (no word is split)", [*GRADED, WHOLE[0]], WHOLE),
    ("frequency_splitting_untold", "cannot be told. Where both words are whole it is +0.02", [*GRADED, UNCLEAR], WHOLE),
    ("frequency_splitting_untold", "through rare words being split cannot be told.", GRADED, WHOLE),
    ("confounder_only", "in the opposite direction", [mean(), *slopes(-0.02), LENGTH], slopes(0.0)),
    ("confounder_only", "part that goes with frequency includes", [mean(), *slopes(0.0), LENGTH], [row("part:words", 0.01)]),
    ("confounder_only", "by every test that", [mean(), *slopes(0.0), LENGTH, row("part:frequency", 0.02)], [row("part:words", 0.01)]),
    ("favoured_unexplained", "What it goes with cannot be told", [mean(), *placebo()], slopes(0.0)),
    ("favoured_unexplained", "Whether it goes with frequency cannot", [mean(), *placebo(), *slopes(0.0)], [row("adjusted", 0.05)]),
    ("reversed_whole", "are whole the rare form is favoured", [*GRADED, SPLIT_COSTS, stratum("whole_whole", -0.03)], [UNCLEAR]),
    (
        "reversed_whole",
        "are whole the rare form is favoured",
        [*GRADED, SPLIT_COSTS, stratum("whole_whole", -0.012, 0.005)],
        [equivalence(-0.012, 0.004, term=WHOLE_EQUIVALENT)],
    ),
    ("reversed_whole", "whole the rare form is favoured", [mean(0.01, 0.05), stratum("whole_whole", -0.03)], [UNCLEAR]),
    (
        "reversed_equal_subwords",
        "pieces, whole words included, the rare form is favoured",
        [*LEVEL, stratum("equal_subwords", -0.03)],
        [stratum("equal_subwords", 0.0)],
    ),
    (
        "reversed_equal_subwords",
        "pieces, whole words included, the rare form is favoured",
        [mean(0.01, 0.05), stratum("equal_subwords", -0.03)],
        [stratum("equal_subwords", 0.03)],
    ),
    ("confounder", "By regression 40 % [20, 60] of it goes with length", [*GRADED, LENGTH], [row("part:words", 0.012)]),
    ("placebo_differs", "differs from zero: +0.02 [+0.01, +0.03]; +0.03 [", [*GRADED, *placebo(0.02, difference=0.03)], placebo(0.0)),
    (
        "placebo_differs",
        "by what distinguishes its two words (joint test p = .010).",
        [*GRADED, row("placebo_joint", None, arm="placebo", p_value=0.01)],
        [row("placebo_joint", None, arm="placebo", p_value=0.2)],
    ),
    (
        "placebo_differs",
        "two words (joint test no test)",
        [*GRADED, equivalence(0.001, arm="placebo", held=True).replace(flags=["equivalent", "differs"])],
        [equivalence(0.001, arm="placebo", held=True)],
    ),
    ("no_placebo", "The placebo has too few items", [mean(), mean(0.0, None, arm="placebo", n_items=1)], placebo()),
    ("no_placebo", "Without a placebo arm", [mean(), *slopes(0.0)], placebo()),
    ("no_placebo", "The placebo has too few items", [mean(), *slopes(), mean(0.0, None, arm="placebo", n_items=1)], placebo()),
    ("no_placebo", "Without a placebo arm", [mean(), *slopes(), *WHOLE], placebo()),
    ("small", "It is smaller than the smallest", [*GRADED, equivalence(0.012, 0.005)], [equivalence(0.012, held=False)]),
    (
        "dose_nonlinear",
        "does not grow evenly",
        [*GRADED, row("lack_of_fit", 0.01, p_value=0.01)],
        [row("lack_of_fit", 0.01, p_value=0.2)],
    ),
    (
        "split_alike",
        "fewer pieces are not shown to help: +0.003 [−0.007, +0.013] in 30 items (90 % interval)",
        [*GRADED, *SPLIT, row("equivalence:subwords", 0.003, arm="placebo")],
        [row("equivalence:subwords", 0.03, arm="placebo")],
    ),
    (
        "beside_splitting",
        "within the strata of splitting it still grows with the frequency gap, +0.02",
        [*GRADED, *SPLIT, row("split_slope", 0.02)],
        [row("split_slope", 0.0)],
    ),
    (
        "confounder",
        "of it goes with length, 60 % [40, 80] with frequency, splitting included.",
        [*GRADED, LENGTH, row("part:frequency", 0.03)],
        [row("part:frequency", -0.03)],
    ),
    (
        "confounder",
        ", 90 % [70, 110] with frequency, splitting included. Some other parts are negative, so these add up to more than the whole.",
        [*GRADED, LENGTH],
        [row("part:frequency", 0.03)],
    ),
    ("from_the_start", "at no frequency gap (+0.04", [*GRADED, *WHOLE, row("intercept", 0.04)], [row("intercept", 0.005)]),
    (
        "not_held",
        "Register and number of senses could not be held constant",
        [*GRADED, row("zipf_slope", 0.03, flags=["not_held:informal", "not_held:formal", "not_held:n_senses"])],
        slopes(),
    ),
    ("adjusted_away", "With confounders held constant it is +0.05", [*NOTHING, row("adjusted", 0.05)], [row("adjusted", 0.005)]),
    ("frames_differ", "(means from −0.02 to +0.09)", [*GRADED, FRAMES], [FRAMES.replace(p_adjusted=0.2)]),
    ("frames_differ", "by prompt (means from −0.02 to +0.09)", [*GRADED, PROMPTS], [PROMPTS.replace(p_adjusted=0.2)]),
    ("placebo_differs", "differs from zero: +0.03", [*NOTHING, *placebo(0.03, difference=-0.03)], placebo(0.0)),
    ("failures", "What failed of the placebo", [*GRADED, *placebo(flags=["failed_matter"])], placebo()),
    ("few_frames", "over these 3 frames", [*GRADED, mean(**FEW)], [mean()]),
    ("few_frames", "over these 3 prompts", [*GRADED, mean(**ASKED)], [mean(**FEW)]),
    ("duplicates", "12 of 30 items stand", [*GRADED, mean(flags=["duplicates"], details={"duplicate_items": 12})], [mean()]),
    ("duplicates", "29 % of the items stand", [*GRADED, mean(flags=["duplicates"], details={"duplicate_items": 0.29})], [mean()]),
    (
        "failures",
        "the mean lies between +0.02 and +0.08",
        [
            *GRADED,
            mean(flags=["failed_by_dose"], n_failed=9),
            row("failed_by_dose", 0.1, details={"bound_low": 0.02, "bound_high": 0.08}),
        ],
        [mean(n_failed=9)],
    ),
    (
        "cannot_tell",
        "do not agree on zero, so no effect is claimed. The gap is +0.01",
        [mean(0.01, 0.011, p_value=0.03)],
        [mean(0.01, 0.011, p_value=0.3)],
    ),
    (
        "duplicates",
        "Counted once, they give +0.03",
        [*GRADED, mean(flags=["duplicates"], details={"duplicate_items": 12}), row("distinct_items", 0.03)],
        [row("distinct_items", 0.05)],
    ),
    (
        "failures",
        "What failed could change it: whatever they would have shown",
        [
            *GRADED,
            mean(flags=["failed_matter"], n_failed=9),
            row("failed_by_dose", 0.1, p_value=0.4, details={"bound_low": 0.0, "bound_high": 0.09}),
        ],
        [mean(n_failed=9)],
    ),
]

#: Each holds of everything before it as well, so that the earlier row has to win.
OVERTAKES = [
    ("unknown", [mean(half=None, n_items=1, flags=["reversed"])], None),
    ("incapable", [*GRADED, GUESSES.replace(flags=["at_chance", "at_limit", "unmoved", "reversed"])], 0.06),
    ("noise_floor", [*GRADED, *placebo(0.05)], 0.06),
    ("reversed_sides", [*GRADED, mean(flags=["reversed", "in_phrasing"])], None),
    ("cannot_tell", [*GRADED, mean(0.01, 0.05), row("zipf_slope", 0.0)], None),
    ("phrasing", [*GRADED, mean(flags=["in_phrasing"]), row("equal_overlap", None), *placebo(0.05)], None),
    ("overlap", [*GRADED, row("equal_overlap", None), *placebo(0.05)], None),
    ("not_beyond_placebo", [mean(), NO_SLOPE, *placebo(0.05)], None),
    ("not_beyond_placebo", [*GRADED, *WHOLE, *placebo(0.05)], None),
    ("not_beyond_placebo", [*LEVEL, *placebo(0.05), *reworded(-0.06)], None),
    ("paraphrase", [mean(), *placebo(), NO_SLOPE, LENGTH, *reworded(-0.06)], None),
    ("inseparable", [*LEVEL, NO_SLOPE, LENGTH], None),
    ("not_graded", [*LEVEL, *SPLIT, LENGTH], None),
    ("splitting", [*GRADED, *SPLIT, LENGTH], None),
    ("frequency", [*GRADED, *WHOLE, LENGTH], None),
    ("frequency_splitting_untold", [*GRADED, LENGTH], None),
    ("confounder_only", [mean(), *placebo(), *slopes(0.0), LENGTH], None),
]

PASSES = [*placebo(), equivalence(0.0, arm="placebo")]


def whole(value, half=0.01):
    return row("whole_whole", value, half)


#: A world in which each row of the table is said: estimates, and the noise floor.
WORLDS = {
    "trust_placebo_none": ([mean()], None),
    "trust_placebo_passes": ([mean(), *PASSES], None),
    "trust_placebo_small": ([mean(), *placebo(0.012), equivalence(0.012, 0.006, arm="placebo")], None),
    "trust_placebo_differs": ([mean(), *placebo(0.04), equivalence(0.04, arm="placebo", held=False)], None),
    "trust_placebo_needs": ([mean(), *placebo(0.0, 0.05, bound=0.02), equivalence(0.0, 0.05, arm="placebo", held=False)], None),
    "trust_placebo_untold": ([mean(), *placebo()], None),
    "trust_length_none": ([mean()], None),
    "trust_length_higher": ([mean(), mean(0.03, arm="length")], None),
    "trust_length_lower": ([mean(), mean(-0.03, arm="length")], None),
    "trust_length_unclear": ([mean(), mean(0.003, arm="length")], None),
    "trust_confounders_inseparable": ([mean(), row("zipf_slope", None, None, flags=["inseparable"])], None),
    "trust_confounders_carried": ([mean(), row("part:words", 0.04), row("adjusted", 0.05)], None),
    "trust_confounders_held": ([mean(), row("adjusted", 0.05)], None),
    "trust_confounders_lost": ([mean(), row("adjusted", 0.005)], None),
    "trust_confounders_hidden": ([mean(0.001, 0.008), row("adjusted", 0.05)], None),
    "trust_whole_there": ([mean(), whole(0.05)], None),
    "trust_whole_absent": ([mean(), whole(0.0), equivalence(0.0, term="equivalence:whole_whole")], None),
    "trust_whole_unclear": ([mean(), whole(0.01, 0.03)], None),
    "trust_whole_unknown": ([mean()], None),
    "trust_power_letter": ([LETTER], None),
    "trust_power_chance": ([GUESSES], None),
    "trust_power_limit": ([mean(0.0, 0.001, flags=["at_limit"], details={"ceiling_share": 0.95, "floor_share": 0.0})], None),
    "trust_power_same": ([UNMOVED], None),
    "trust_power_found": ([mean()], None),
    "trust_power_enough": (NOTHING, None),
    "trust_power_needs": ([mean(0.0, 0.05)], None),
    "trust_power_no_bound": ([mean(0.0, 0.05, bound=None)], None),
    "trust_power_one": ([mean(half=None, n_items=1)], None),
    "trust_power_untestable": ([mean(0.03, 0.01, n_items=3, p_value=0.25)], None),
    "trust_power_none": ([mean(None, None, n_items=0, n_failed=3)], None),
    "trust_noise_within": ([mean()], 0.1),
    "trust_noise_near": ([mean()], 0.01),
    "trust_noise_beyond": ([mean()], 1e-6),
    "trust_noise_unknown": ([mean()], None),
    "trust_failures_matter": ([mean(n_failed=9, flags=["failed_matter"])], None),
    "trust_failures_all": ([mean(None, None, n_items=0, n_failed=3)], None),
    "trust_failures_some": ([mean(n_failed=1)], None),
    "trust_failures_beside": ([mean(), mean(measure="accuracy", n_failed=6)], None),
    "trust_failures_none": ([mean()], None),
    "trust_frames_few": ([mean(flags=["few_frames"], details={"frames": 4})], None),
    "trust_frames_prompts": ([mean(**ASKED)], None),
    "trust_frames_same": ([mean(flags=["duplicates"], details={"frames": 40})], None),
    "trust_frames_many": ([mean(details={"frames": 40})], None),
}


# what a run cannot show


def pair(**fields):
    return Pair(**{"id": "a", "item": "a", "high": "A car stopped.", "low": "A motorcar stopped.", "generator": "lexicon", **fields})


def marked(informal=0.0, formal=0.0):
    names = {"informal": informal, "formal": formal}
    return {"arms": {"frequency": {"covariates": {name: {"high_mean": 0.05, "low_mean": 0.05 + more} for name, more in names.items()}}}}


TWO = "A car stopped. It was red."
MODEL = {"name": "m", "quantisation": "Q4_1 (4 bit), dequantised"}
LIMITS = {
    "limit_one": ([pair()], None, None, [mean(half=None, n_items=1)]),
    "limit_few": ([pair()], None, None, [mean(n_items=49)]),
    "limit_sentences": ([pair()], None, None, []),
    "limit_informal": ([], None, marked(informal=0.1), []),
    "limit_formal": ([], None, marked(formal=0.1), []),
    "limit_lexicon": ([pair(high=TWO)], None, None, []),
    "limit_substitute": ([pair(generator="substitute")], None, None, []),
    "limit_rewrite": ([pair(generator="rewrite")], None, None, []),
    "limit_english": ([pair()], None, None, []),
    "limit_language": ([pair(language="de")], None, None, []),
    "limit_quantised": ([], {"models": [MODEL]}, None, []),
}
PLAIN = (
    [pair(generator="import", high=TWO, low=f"{TWO} So."), pair(generator="import", id="b", language="de", high=TWO)],
    None,
    marked(0.09, 0.09),
    [mean(n_items=50)],
)
