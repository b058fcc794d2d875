"""Sentences on remedies that a run has measured beside a model."""

REMEDIED_WORDS = {
    "remedied_name": "`{name}`",
    "remedied_in_words": "{name} ({words})",
    "remedied_removes": "Beyond what shrinks all scores, a part of the gap goes with: {names}.",
    "remedied_removes_none": "None of what was tried removes any of the gap beyond what shrinks all scores.",
    "remedied_unknown": "Gap ÷ margin cannot be told",
    "remedied_margin": "Gap ÷ margin goes from {before} to {after}",
    "remedied_share": "{margin}; share of it removed {size}",
    "remedied_no_share": "{margin}; no gap in scores was detected, so there is no share to remove",
    "remedied_right_costs": "Right documents outscore wrong ones less often, by {size}",
    "remedied_right_gains": "Right documents outscore wrong ones more often, by {size}",
    "remedied_right_none": "Right documents outscore wrong ones about as often as before, change {size}",
    "remedied_right_same": "Right documents outscore wrong ones as often as before",
    "remedied_scores": "In scores the gap is {gap} and the margin {margin}, which does not compare between rows",
    "remedied_reading": "All remedies were judged on the same pairs, by two measures that do not move when all scores are multiplied. "
    "One is the gap in scores divided by the margin, right document less wrong one, both of the remedy's own scores. The other is ranks: "
    "nDCG@10 and places of the right document in a corpus of the other items' documents. It helps where the gap in nDCG@10 gets smaller "
    "and rare wording ranks higher than before. Intervals are of 95 % over items. Tests of changes are adjusted together "
    "(Benjamini–Hochberg).",
    "remedied_fitted": "What is fitted is fitted on one half of the items and judged on the other, both ways round. Items that share a "
    "text or a wrong document are in one half.",
    "remedied_column_removed": "share of it removed",
    "remedied_column_quality": "nDCG@10, both wordings",
    "remedied_column_right": "right above wrong",
    "remedied_column_right_cost": "change in that",
}
