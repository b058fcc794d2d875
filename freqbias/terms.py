"""One vocabulary: a value that two modules must agree on stands here once."""

ARMS = ("frequency", "placebo", "length")
DIFFERENCE = "frequency-placebo"  # the arm of estimates that hold the two against each other
SIDES = ("high", "low")
CELLS = ("hh", "hl", "lh", "ll")  # query form first, document form second
REGISTERS = ("plain", "elevated")
CROSSED = "crossed"
#: The contrast that alone may be called preference.
PREFERENCE = "background"

#: Measures that are a share of right answers.
SHARES = ("accuracy", "win_rate")
#: How a measure is called in sentences and on axes; one that is not here goes by its own name.
UNITS = {
    "cosine": "cosine",
    "log_prob_nats": "nats",
    "ndcg_at_10": "nDCG@10",
    "mrr_at_10": "MRR@10",
    "win_rate": "of comparisons",
    "k_occurrence": "lists",
}
#: What a probe's own sentence may name of an estimate.
SIZE_FIELDS = ("value", "interval", "size", "unit", "p", "items", "high", "low", "form")

# flags of estimates
MARGIN_NOT_TOLD = "margin_not_told"  # of a `relative` without interval: what it divides by is not told from zero
REVERSED = "reversed"  # of a mean in whose pairs the high form is, on average, not the more frequent one
ONE_REGISTER = "one_register"  # of a mean whose rows, or some of them, asked in one register only
NO_GLOSS = "no_gloss"  # of a mean whose rows, or some of them, asked other queries than glosses

#: Rivals of frequency as the analysis names them, and in words; the order is that of the sentences.
RIVALS = {
    "words": "length",
    "characters": "length",
    "fkgl": "readability",
    "formality": "register",
    "gloss_fit": "the fit of the gloss",
    "overlap_with_original": "overlap with the original",
    "numbers_dropped": "dropped numbers",
}

# files of a run folder
PAIRS_FILE = "pairs.jsonl"
AUDIT_FILE = "audit.json"
OBSERVATIONS_FILE = "observations.jsonl"
MODEL_ESTIMATES_FILE = "model_estimates.jsonl"
ESTIMATES_FILE = "estimates.jsonl"
MANIFEST_FILE = "manifest.json"
