"""Observations as a table, one row each."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from operator import attrgetter
from typing import Any

import numpy as np
import pandas as pd

from freqbias.files import read_observations
from freqbias.records import Observation
from freqbias.terms import CELLS, HIGH, LOW

_ROWS = 5_000  # that are put into columns at once
_FIELDS = {name: attrgetter(name) for name in Observation.__struct_fields__ if name not in ("cells", "decoys", "covariates", "extra")}
_NESTED = {
    **{name: (attrgetter("cells"), name) for name in CELLS},
    "decoy_high": (attrgetter("decoys"), HIGH),
    "decoy_low": (attrgetter("decoys"), LOW),
}
Columns = dict[str, list[Any]]


def frame(source: str | os.PathLike[str] | Iterable[Observation]) -> pd.DataFrame:
    """Return observations as a table, one row each: `cells`, `decoys` and `covariates` become columns.

    Takes the path of an `observations.jsonl`, a run folder, or records. Columns `hh`, `hl`, `lh`, `ll`, `decoy_high`,
    `decoy_low` and `NAME_high`, `NAME_low` per covariate are NaN where a row has none. Raises `InputError` as `read_observations` does.
    """
    return _table(_batches(read_observations(source) if isinstance(source, str | os.PathLike) else source))


def _batches(rows: Iterable[Observation]) -> Iterator[list[Observation]]:
    rows = iter(rows)
    while part := list(islice(rows, _ROWS)):
        yield part


def _table(batches: Iterable[Sequence[Observation]]) -> pd.DataFrame:
    """Put rows into columns, a batch at a time, so that only the columns stay in memory."""
    columns: Columns = {name: [] for name in [*_FIELDS, *_NESTED]}
    covariates: dict[str, dict[int, float | None]] = {}
    known: dict[Any, Any] = {}  # one copy of every text
    numbers = {HIGH, LOW, *_NESTED}
    count = 0
    for rows in batches:
        for name, value_of in _FIELDS.items():
            values = map(value_of, rows)
            columns[name] += values if name in numbers else [known.setdefault(value, value) for value in values]
        for name, (part_of, key) in _NESTED.items():
            columns[name] += [None if (part := part_of(row)) is None else part.get(key) for row in rows]
        for place, row in enumerate(rows, start=count):
            for name, (high, low) in row.covariates.items():
                covariates.setdefault(f"{name}_high", {})[place] = high
                covariates.setdefault(f"{name}_low", {})[place] = low
        count += len(rows)
    table = {name: pd.Series(values, dtype=float if name in numbers else object) for name, values in columns.items()}
    return pd.DataFrame(table | {name: _sparse(values, count) for name, values in covariates.items()})


def _sparse(values: Mapping[int, float | None], count: int) -> "pd.Series[float]":
    column = np.full(count, np.nan)
    column[list(values)] = np.array(list(values.values()), dtype=float)
    return pd.Series(column)
