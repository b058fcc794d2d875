"""Observations as a table, one row each."""

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, repeat
from operator import attrgetter
from typing import Any

import numpy as np
import pandas as pd

from freqbias.files import read_observations
from freqbias.records import Observation
from freqbias.terms import CELLS, HIGH, LOW, SIDES

_ROWS = 5_000  # that are put into columns at once
_FIELDS = {name: attrgetter(name) for name in Observation.__struct_fields__ if name not in ("cells", "decoys", "covariates", "extra")}
_NESTED = {
    **{name: (attrgetter("cells"), name) for name in CELLS},
    "decoy_high": (attrgetter("decoys"), HIGH),
    "decoy_low": (attrgetter("decoys"), LOW),
}
_NUMBERS = {HIGH, LOW, *_NESTED}
_NAN = float("nan")


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


def columns_of(covariates: Iterable[str]) -> dict[str, bool]:
    """Return the columns of a table whose rows have these covariates, in order, and whether each holds numbers."""
    sided = [f"{name}_{side}" for name in covariates for side in SIDES]
    return {name: name in _NUMBERS for name in (*_FIELDS, *_NESTED)} | dict.fromkeys(sided, True)


def _table(batches: Iterable[Sequence[Observation]]) -> pd.DataFrame:
    """Put rows into columns, a batch at a time, so that only the columns stay in memory: eight bytes a number, four a text."""
    numbers: dict[str, array[float]] = {name: array("d") for name in (*_FIELDS, *_NESTED) if name in _NUMBERS}
    texts = {name: _Texts() for name in _FIELDS if name not in _NUMBERS}
    covariates: dict[str, array[float]] = {}
    count = 0
    for rows in batches:
        for name, column in texts.items():
            column.extend(map(_FIELDS[name], rows))
        for name in (HIGH, LOW):
            numbers[name].extend(map(_number, map(_FIELDS[name], rows)))
        for name, (part_of, key) in _NESTED.items():
            numbers[name].extend([_NAN if (part := part_of(row)) is None else _number(part.get(key)) for row in rows])
        _add_covariates(covariates, rows, count)
        count += len(rows)
    for own in covariates.values():
        _fill(own, count)
    table: dict[str, Any] = {name: texts.pop(name).values() if name in texts else _taken(numbers, name) for name in (*_FIELDS, *_NESTED)}
    return pd.DataFrame(table | {name: _taken(covariates, name) for name in list(covariates)}, copy=False)


def _add_covariates(columns: "dict[str, array[float]]", rows: Sequence[Observation], count: int) -> None:
    """Add the covariates of rows, of which the first is the one behind `count` others."""
    for place, row in enumerate(rows, start=count):
        for name, sides in row.covariates.items():
            for side, value in zip(SIDES, sides, strict=True):
                column = columns.setdefault(f"{name}_{side}", array("d"))
                _fill(column, place)
                column.append(_number(value))


def _fill(column: "array[float]", count: int) -> None:
    """Make a column as long as there are rows so far, with nan where none had a value."""
    column.extend(repeat(_NAN, count - len(column)))


def _number(value: float | None) -> float:
    return _NAN if value is None else value


def _taken(columns: "dict[str, array[float]]", name: str) -> "pd.Series[float]":
    return pd.Series(np.frombuffer(columns.pop(name), dtype=float), copy=False)


class _Texts:
    """A column of texts: one copy of each, and its number in every row."""

    def __init__(self) -> None:
        self._numbers: dict[str | None, int] = {}
        self._rows = array("i")

    def extend(self, values: Iterable[str | None]) -> None:
        """Add rows."""
        known = self._numbers
        self._rows.extend([known.setdefault(value, len(known)) for value in values])

    def values(self) -> "pd.Series[Any]":
        """Return the column."""
        distinct = np.array([*self._numbers, None], dtype=object)  # with one more, since an empty column has none to take
        return pd.Series(distinct[np.frombuffer(self._rows, dtype=np.intc)], dtype=object, copy=False)
