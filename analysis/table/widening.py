"""What the analysis knows of pairs, put beside the gaps of one series at a time: beside all of them it would be most of the memory."""

from dataclasses import dataclass

import pandas as pd

from freqbias.analysis.table.contrasts import NOT_JOINED
from freqbias.terms import GLOSS_ZIPF, REGISTERS

_LEVELS = [f"{GLOSS_ZIPF}_{register}" for register in REGISTERS]
_USED = ("zipf_gap", "frame", *_LEVELS)  # by `contrasts.join` itself


def narrow(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of `contrasts.pair_table` that `contrasts.join` computes with."""
    return pairs[[name for name in _USED if name in pairs.columns]]


@dataclass(frozen=True)
class Widening:
    """Gives rows of a table that was joined with `narrow(pairs)` the columns that a join with all of `pairs` has, in its order."""

    pairs: pd.DataFrame
    gaps: list[str]

    def __call__(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return these rows with every column."""
        new = [name for name in self.pairs.columns if name not in rows.columns and name not in (*NOT_JOINED, *_LEVELS)]
        wide = rows.merge(self.pairs[new], left_on="pair_id", right_index=True, how="left", validate="many_to_one")
        of_pairs = [name for name in self.pairs.columns if name in new or name in _USED]
        first = [name for name in self.gaps if name in rows.columns[: len(self.gaps) - 1]]
        order = dict.fromkeys([*first, *of_pairs, *rows.columns])
        return wide[[name for name in order if name in wide.columns]]
