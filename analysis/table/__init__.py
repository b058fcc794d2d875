"""Rows to gaps: observations as a table, one gap per pair and contrast, checked against their pairs."""

from freqbias.analysis.table.contrasts import join, pair_gaps, pair_table
from freqbias.analysis.table.frame import Split, frame
from freqbias.analysis.table.judged import judgements_of

__all__ = ["Split", "frame", "join", "judgements_of", "pair_gaps", "pair_table"]
