"""One vocabulary: a value that two modules must agree on stands here once."""

#: How a measure is called in sentences and on axes; one that is not here goes by its own name.
UNITS = {
    "cosine": "cosine",
    "log_prob_nats": "nats",
    "ndcg_at_10": "nDCG@10",
    "mrr_at_10": "MRR@10",
    "win_rate": "of comparisons",
    "k_occurrence": "lists",
}
