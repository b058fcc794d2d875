"""One vocabulary: a value that two modules must agree on stands here once."""

from typing import NamedTuple

ARMS = FREQUENCY, PLACEBO, LENGTH = ("frequency", "placebo", "length")
DIFFERENCE = "frequency-placebo"  # the arm of estimates that hold the two against each other
SIDES = HIGH, LOW = ("high", "low")
#: Texts of a task item: as it was given, in other words that are as frequent, in frequent words, in rare words.
ORIGINAL = "original"
FORMS = (ORIGINAL, PLACEBO, HIGH, LOW)
#: What a task asks for: a number, one of several answers, a text in another language, calls of functions.
FAMILIES = MATH, COMMONSENSE, TRANSLATION, TOOLS = ("math", "commonsense", "translation", "tools")
CELLS = HH, HL, LH, LL = ("hh", "hl", "lh", "ll")  # query form first, document form second
REGISTERS = PLAIN, ELEVATED = ("plain", "elevated")
GLOSS_RARE = "gloss_rare"  # glosses in words as rare as the rare form: queries of a pair, and the contrast that they give
CROSSED = "crossed"
#: Field of a pair's `meta`: what its `zipf_gap` is the gap of, the swapped words or all content words of the texts.
ZIPF_GAP_OF = "zipf_gap_of"
SWAPPED_WORDS, WHOLE_TEXT = ("swap", "text")
#: Fields of the `meta` of pairs with which a judged collection is searched: its folder, and which side of the search the forms are of.
COLLECTION, SIDE = "collection", "side"
DOCUMENT_SIDE, QUERY_SIDE = "document", "query"
#: Fields of the `meta` of pairs whose forms are wordings of a task: the task, the prompt that it is put in, which side is as given.
TASK, PROMPT, ORIGINAL_SIDE = "task", "prompt", "original_side"
PHRASING = "phrasing"  # of nothing: the forms differ in construction, whose rate is no frequency of words, and `zipf_gap` is null
#: Contrast on pairs of the placebo: value of their wording minus that of the original, so what any rewording costs.
PARAPHRASE = "paraphrase"
BEYOND_PARAPHRASE = "beyond_paraphrase"  # the gap minus what rewording costs
#: The contrast that alone may be called preference.
PREFERENCE = "background"


class Measure(NamedTuple):
    """A measure that probes record: its name in files, how sentences and axes call it, and whether it is a share of 1.

    Every measure points up, so that a gap of high - low above zero favours the frequent form; one that counts the other way, such as a
    rank, is recorded negated and says so in its name.
    """

    name: str
    unit: str
    share: bool = False
    between: tuple[float, float] | None = None  # what its values are by definition


SHARE_RANGE = (0.0, 1.0)
INVERSION = "inversion"  # the probe whose values are differences of two: margins of cosine, and of shares their interaction
RANGE_ROUNDING = 1e-5  # beyond a range: a cosine of 4,096 numbers in single precision, 64 roundings of 6e-8 deep, is off by 4e-6
ACCURACY = Measure("accuracy", "accuracy", share=True, between=SHARE_RANGE)
COSINE = Measure("cosine", "cosine", between=(-1.0, 1.0))
LOG_PROB = Measure("log_prob_nats", "nats")
FIRST_TOKEN_LOG_PROB = Measure("first_token_log_prob_nats", "nats")  # of a label, where a server tells no more
MARGIN = Measure("margin_nats", "nats of margin")  # of the right answer over the best wrong one
FIRST_TOKEN_MARGIN = Measure("first_token_margin_nats", "nats of margin")
CHRF = Measure("chrf", "chrF")  # of a translation, 0 to 100
BLEU = Measure("bleu", "BLEU")  # of one sentence, smoothed, 0 to 100
AGREEMENT = Measure("agreement", "of couples of answers", share=True, between=SHARE_RANGE)
ARGUMENT_MATCH = Measure("argument_match", "of arguments", share=True, between=SHARE_RANGE)
WIN_RATE = Measure("win_rate", "of comparisons", share=True, between=SHARE_RANGE)
NDCG_AT_10 = Measure("ndcg_at_10", "nDCG@10", between=SHARE_RANGE)
MRR_AT_10 = Measure("mrr_at_10", "MRR@10", between=SHARE_RANGE)
RECALL_AT_1 = Measure("recall_at_1", "Recall@1", between=SHARE_RANGE)
RECALL_AT_10 = Measure("recall_at_10", "Recall@10", between=SHARE_RANGE)
RECALL_AT_100 = Measure("recall_at_100", "Recall@100", between=SHARE_RANGE)
NEGATIVE_RANK = Measure("negative_rank", "places")
#: Measures of a ranking that end at 1, where every relevant document stands on top, and at 0, where none is found.
OF_RANKING = frozenset(measure.name for measure in (NDCG_AT_10, MRR_AT_10, RECALL_AT_1, RECALL_AT_10, RECALL_AT_100))
IN_NATS = frozenset(measure.name for measure in (LOG_PROB, FIRST_TOKEN_LOG_PROB))  # whose gaps are logarithms of a factor
K_OCCURRENCE = Measure("k_occurrence", "lists")
#: By name; a measure that is not here goes by its own name and is no share.
MEASURES = {
    measure.name: measure
    for measure in (
        ACCURACY,
        COSINE,
        LOG_PROB,
        FIRST_TOKEN_LOG_PROB,
        MARGIN,
        FIRST_TOKEN_MARGIN,
        CHRF,
        BLEU,
        AGREEMENT,
        ARGUMENT_MATCH,
        WIN_RATE,
        NDCG_AT_10,
        MRR_AT_10,
        RECALL_AT_1,
        RECALL_AT_10,
        RECALL_AT_100,
        NEGATIVE_RANK,
        K_OCCURRENCE,
    )
}


def unit_of(measure: str) -> str:
    """Return how sentences and axes call a measure."""
    return MEASURES[measure].unit if measure in MEASURES else measure


#: What a probe's own sentence may name of an estimate.
SIZE_FIELDS = ("value", "interval", "size", "unit", "p", "items", HIGH, LOW, "form", "list", "first", "last")
#: Facts in the `details` of an estimate that such a sentence may name as well.
DETAILS = ("reason", "high_only", "low_only", "zipf_from", "zipf_to", "corpus", "search")

# flags of estimates
INSEPARABLE = "inseparable"  # of a slope without value: frequency and its rivals move together in these pairs
NOT_HELD = "not_held:"  # of a slope, before the name of a rival that too many pairs do not have
FEW_PAIRS = "few_pairs"  # of a slope of log-odds that tends to come out too far from zero
SEPARATED = "separated"  # of a slope of log-odds that has no limit: the gaps tell the outcome without error
EQUIVALENT, NOT_EQUIVALENT = "equivalent", "not_equivalent"  # of a test of equivalence
ALL_FAILED = "all_failed"  # of a contrast of which not one pair could be measured
EMPTY = "empty"  # of an estimate over no pair
FEW_ITEMS = "few_items"  # of a mean without interval
ONE_ITEM = "one_item"  # of a mean that says nothing on other items
CONSTANT = "constant"  # of a mean over equal values
UNDEFINED = "undefined"  # of a model-level number that these vectors do not have
DESCRIPTIVE = "descriptive"  # of a mean over too few models for a test
MARGIN_NOT_TOLD = "margin_not_told"  # of a `relative` without interval: what it divides by is not told from zero
REVERSED = "reversed"  # of a mean in whose pairs the high form is, on average, not the more frequent one
ONE_REGISTER = "one_register"  # of a mean whose rows, or some of them, asked in one register only
NO_GLOSS = "no_gloss"  # of a mean whose rows, or some of them, asked other queries than glosses
DIRECT_LARGER = "direct_larger"  # of a direct effect that is larger than the total one: the mediator works the other way
IN_PHRASING = "in_phrasing"  # of a mean over pairs, some or all of which differ in construction and have no frequency gap of words
DISAGREE = "test_disagrees"  # of a mean whose interval excludes zero while its test does not, or the other way round
DIFFERS = "differs"  # of a placebo's test of equivalence: it differs from zero, within the bound or not
DUPLICATES = "duplicates"  # of a mean of whose items some share a text with another item
FAILED_BY_DOSE = "failed_by_dose"  # of a mean whose missing pairs have other frequencies than the measured ones
FAILED_MATTER = "failed_matter"  # of a mean that its missing pairs could move out of its own interval
AT_LIMIT = "at_limit"  # of a mean in nine of ten pairs of which both forms are at the same end of the scale
UNMOVED = "unmoved"  # of a mean in nine of ten pairs of which both forms score exactly the same
AT_CHANCE = "at_chance"  # of a mean of a model that answers no better than by guessing
ONE_ANSWER = "one_answer"  # of a mean of a model that gives one letter in nearly every answer
#: Covariates of rows of accuracy: the probability of being right by guessing, and the place of the letter that is most likely.
CHANCE, ANSWER = "chance", "answer"
ANSWER_SHARE = "answer_share"  # detail of such a mean: the share of the letter that is given most
INCAPABLE = "incapable"  # the verdict on a model that cannot answer
SAME_SHARE = "same_share"  # detail of such a mean: the share of these pairs
CEILING_SHARE, FLOOR_SHARE = "ceiling_share", "floor_share"  # details of such a mean: the shares of the pairs at either end
EXTRAPOLATED = "extrapolated"  # of an adjusted mean: hardly a pair is level in some rival, so no pair shows what it would be there
FEW_FRAMES = "few_frames"  # of a mean over two to five frames: it speaks of these

FLAGS = (
    INSEPARABLE,
    NOT_HELD,
    FEW_PAIRS,
    SEPARATED,
    EQUIVALENT,
    NOT_EQUIVALENT,
    ALL_FAILED,
    EMPTY,
    FEW_ITEMS,
    ONE_ITEM,
    CONSTANT,
    UNDEFINED,
    DESCRIPTIVE,
    MARGIN_NOT_TOLD,
    REVERSED,
    ONE_REGISTER,
    NO_GLOSS,
    DIRECT_LARGER,
    IN_PHRASING,
    DISAGREE,
    DIFFERS,
    DUPLICATES,
    FAILED_BY_DOSE,
    FAILED_MATTER,
    AT_LIMIT,
    UNMOVED,
    AT_CHANCE,
    ONE_ANSWER,
    EXTRAPOLATED,
    FEW_FRAMES,
)

#: Pairs by whether the swapped word of the high and of the low form is one token of the model.
STRATA = WHOLE_WHOLE, WHOLE_SPLIT, SPLIT_SPLIT = ("whole_whole", "whole_split", "split_split")
WHOLE_DIFFERENCE = "whole_difference"  # mean of whole_split - mean of whole_whole
SPLIT_EFFECT, SPLIT_SLOPE = "split_effect", "split_slope"  # of one regression: of a split word, and of frequency beside it
# what items differ by, as estimates: standard deviations of their true and of their measured effects, means without extremes
HETEROGENEITY, SPREAD, WITHOUT_LARGEST, TRIMMED = ("heterogeneity", "spread", "without_largest", "trimmed")
DISTINCT_ITEMS = "distinct_items"  # the mean with items that share a text counted as one
PLACEBO_JOINT = "placebo_joint"  # whether what orients the placebo moves it at all
HOLDOUT = "holdout"  # field of a manifest: which half of the items is kept out of every estimate
# two runs held against each other: what differs between them, and the family of those differences that the sentences rest on
RUN_TERMS = RUN_DIFFERENCE, RUN_RELATIVE, RUN_QUALITY = ("run_difference", "run_relative", "run_quality")
COMPARED = "compared"
QUALITY = "quality"  # detail of `run_quality`: what stands for it
QUALITIES = OF_LEVEL, OF_MARGIN = ("level", "margin")
BY = "by:"  # before the name of what items are grouped by
GROUPINGS = ("pos", "domain", "frame")
OF_PROMPT = "prompt:"  # before the name of a prompt: the mean of what was asked in it

#: Register is a factor and no scale: two indicators a form, since informal and formal rare words would cancel on one.
MARKED = INFORMAL, FORMAL = ("informal", "formal")
REGISTER = "register"
IN_EVERY_PAIR = "in_every_pair"  # of a covariate in the audit: the difference, where all pairs have one and the same
ENTAILMENT = "entailment"  # measure of a scorer: the probability that the second text follows from the first
EDITED = "edited"  # how many places of a form are not what the author of the text wrote
GLOSS_LEAN = "gloss_lean"  # share of two readers' choices of the word that a gloss defines better, by side
ACCEPTED_SHARE = "accepted_share"  # of the annotators that take a word in its place, by side

GLOSS_ZIPF = "gloss_zipf"  # how much more frequent the glosses that a row asked are than others, times the frequency gap
N_SENSES = "n_senses"
SPECIFICITY = "specificity"

#: Rivals of frequency as the analysis names them, and in words; the order is that of the sentences.
RIVALS = {
    "words": "length",
    "characters": "length",
    "fkgl": "readability",
    INFORMAL: REGISTER,
    FORMAL: REGISTER,
    "gloss_fit": "the fit of the gloss",
    GLOSS_LEAN: "the glosses' lean towards one word",
    "overlap_with_original": "overlap with the original",
    "numbers_dropped": "dropped numbers",
    EDITED: "edits to the author's text",
    ACCEPTED_SHARE: "acceptance by annotators",
    SPECIFICITY: "specificity",
    N_SENSES: "number of senses",
    GLOSS_ZIPF: "the glosses' own frequency",
}

#: The term of a claim that an effect goes with frequency: `p_value` is the largest that it needs, and claims are one family.
CREDIT = "credit"

#: Rivals whose parts of a mean gap are told as one, by what that is called.
JOINT_PARTS = {REGISTER: MARKED}
#: Parts of a mean gap beside frequency's, and in words.
PARTS = {(REGISTER if name in MARKED else name): label for name, label in RIVALS.items()}
# norms that a user joined to the swapped words: keys of a pair's `meta`, and what stands before their names in columns and terms
NORMS, NORM_FREQUENCIES = "norms", "norm_frequencies"
NORM, NORM_FREQUENCY = "norm:", "zipf:"


def rival_label(name: str) -> str:
    """Return what a reader calls a rival; a norm goes by the name that its user gave it."""
    return RIVALS.get(name, name.removeprefix(NORM))


# files of a run folder
PAIRS_FILE = "pairs.jsonl"
AUDIT_FILE = "audit.json"
OBSERVATIONS_FILE = "observations.jsonl"
MODEL_ESTIMATES_FILE = "model_estimates.jsonl"
ESTIMATES_FILE = "estimates.jsonl"
MANIFEST_FILE = "manifest.json"
HTML_REPORT = "report.html"
MARKDOWN_REPORT = "report.md"
JSON_REPORT = "report.json"
FINDINGS_REPORT = "findings.md"  # every sentence of the verdicts, and the tables of the audit
ESTIMATES_TABLE = "estimates.csv"
COMPARE_HTML_REPORT, COMPARE_MARKDOWN_REPORT, COMPARE_JSON_REPORT = ("compare.html", "compare.md", "compare.json")
CONSTRAINTS_HTML_REPORT, CONSTRAINTS_MARKDOWN_REPORT, CONSTRAINTS_JSON_REPORT = (
    "constraints.html",
    "constraints.md",
    "constraints.json",
)
FIGURES_FOLDER = "figures"
WORST_QUERIES_FILE = "worst_queries.csv"
REMEDIES_FILE = "remedies.jsonl"
SYNONYM_LISTS = SOLR_SYNONYMS, ELASTICSEARCH_SYNONYMS, OPENSEARCH_SYNONYMS = (
    "synonyms.txt",
    "synonyms.elasticsearch.json",
    "synonyms.opensearch.json",
)
