"""Observations as a table, one row each."""

import math
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
    columns = _Columns({})
    for rows in _batches(read_observations(source) if isinstance(source, str | os.PathLike) else source):
        columns.extend(rows)
    return columns.table()


class Split:
    """Observations by model and probe, in columns until the table of one is asked for: a table is several times as large.

    `series` holds every (model, probe, contrast, measure) in the order of the file. A table has the columns that `frame` would have given
    the whole file, and as index the number of each row in it.
    """

    def __init__(self, rows: Iterable[Observation]):
        texts: dict[str, dict[str | None, int]] = {}  # one copy of a text for all parts
        parts: dict[tuple[str, str], _Columns] = {}
        numbers: dict[tuple[str, str], array[int]] = {}
        series: dict[tuple[str, str, str, str], None] = {}
        for number, row in enumerate(rows):
            key = row.model, row.probe
            if key not in parts:
                parts[key], numbers[key] = _Columns(texts), array("q")
            series[*key, row.contrast, row.measure] = None
            parts[key].add(row)
            numbers[key].append(number)
        self.series = list(series)
        self._parts = {key: (parts[key], numbers[key]) for key in sorted(parts)}
        self._covariates = list(dict.fromkeys(name for columns in parts.values() for name in columns.covariates()))

    def __len__(self) -> int:
        return sum(len(numbers) for _, numbers in self._parts.values())

    def tables(self) -> Iterator[pd.DataFrame]:
        """Yield the table of each model and probe, in order of their names."""
        for columns, numbers in self._parts.values():
            table = columns.table(self._covariates)
            yield table.set_axis(np.frombuffer(numbers, dtype=np.int64), axis=0)


def _batches(rows: Iterable[Observation]) -> Iterator[list[Observation]]:
    rows = iter(rows)
    while part := list(islice(rows, _ROWS)):
        yield part


def columns_of(covariates: Iterable[str]) -> dict[str, bool]:
    """Return the columns of a table whose rows have these covariates, in order, and whether each holds numbers."""
    sided = [f"{name}_{side}" for name in covariates for side in SIDES]
    return {name: name in _NUMBERS for name in (*_FIELDS, *_NESTED)} | dict.fromkeys(sided, True)


class _Columns:
    """Rows put into columns, a batch at a time, so that only the columns stay in memory: eight bytes a number, four a text.

    A column of numbers that no row has is not kept. `texts` are the known ones of each column, which several may share.
    """

    def __init__(self, texts: dict[str, dict[str | None, int]]):
        self._numbers: dict[str, array[float]] = {}
        self._texts = {name: _Texts(texts.setdefault(name, {})) for name in _FIELDS if name not in _NUMBERS}
        self._covariates: dict[str, array[float]] = {}
        self._batch: list[Observation] = []
        self._count = 0

    def add(self, row: Observation) -> None:
        """Add a row."""
        self._batch.append(row)
        if len(self._batch) == _ROWS:
            self._settle()

    def extend(self, rows: Sequence[Observation]) -> None:
        """Add a batch of rows."""
        for name, column in self._texts.items():
            column.extend(map(_FIELDS[name], rows))
        for name in (HIGH, LOW):
            self._add_numbers(name, [_number(value) for value in map(_FIELDS[name], rows)])
        for name, (part_of, key) in _NESTED.items():
            self._add_numbers(name, [_NAN if (part := part_of(row)) is None else _number(part.get(key)) for row in rows])
        _add_covariates(self._covariates, rows, self._count)
        self._count += len(rows)

    def _add_numbers(self, name: str, values: list[float]) -> None:
        if name in self._numbers or not all(map(math.isnan, values)):
            column = self._numbers.setdefault(name, array("d"))
            _fill(column, self._count)
            column.extend(values)

    def _settle(self) -> None:
        if self._batch:  # a column that a table shows is as long as it is
            batch, self._batch = self._batch, []
            self.extend(batch)

    def covariates(self) -> list[str]:
        """Return the columns of covariates so far, in the order in which they came."""
        self._settle()
        return list(self._covariates)

    def table(self, covariates: Sequence[str] | None = None) -> pd.DataFrame:
        """Return the table, with its own covariates or with those that are named."""
        names = self.covariates() if covariates is None else covariates
        table: dict[str, Any] = {name: self._column(name) for name in (*_FIELDS, *_NESTED, *names)}
        return pd.DataFrame(table, copy=False)

    def _column(self, name: str) -> "pd.Series[Any]":
        if name in self._texts:
            return self._texts[name].values()
        column = self._numbers.get(name, self._covariates.get(name))
        if column is None:
            return pd.Series(np.full(self._count, _NAN), copy=False)
        _fill(column, self._count)
        return pd.Series(np.frombuffer(column, dtype=float), copy=False)


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
    if len(column) < count:
        column.extend(repeat(_NAN, count - len(column)))


def _number(value: float | None) -> float:
    return _NAN if value is None else value


class _Texts:
    """A column of texts: one copy of each, and its number in every row."""

    def __init__(self, numbers: dict[str | None, int]) -> None:
        self._numbers = numbers
        self._rows = array("i")

    def extend(self, values: Iterable[str | None]) -> None:
        """Add rows."""
        known = self._numbers
        self._rows.extend([known.setdefault(value, len(known)) for value in values])

    def values(self) -> "pd.Series[Any]":
        """Return the column."""
        distinct = np.array([*self._numbers, None], dtype=object)  # with one more, since an empty column has none to take
        return pd.Series(distinct[np.frombuffer(self._rows, dtype=np.intc)], dtype=object, copy=False)
