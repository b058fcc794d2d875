"""Observations as a table, one row each."""

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

from freqbias.files import read_observations
from freqbias.records import Observation
from freqbias.terms import ARMS, CELLS

_LINES = 20_000  # of a file that are read at once
_FIELDS = [name for name in Observation.__dataclass_fields__ if name not in ("cells", "decoys", "covariates", "extra")]
_TEXTS = ["pair_id", "item", "arm", "probe", "measure", "contrast", "model"]
_NESTED = {**{name: ("cells", name) for name in CELLS}, "decoy_high": ("decoys", "high"), "decoy_low": ("decoys", "low")}
_SIDES = {float, int, bool, type(None)}
Columns = dict[str, list[Any]]


def frame(source: str | os.PathLike[str] | Iterable[Observation]) -> pd.DataFrame:
    """Return observations as a table, one row each: `cells`, `decoys` and `covariates` become columns.

    Takes the path of an `observations.jsonl`, a run folder, or records. Columns `hh`, `hl`, `lh`, `ll`, `decoy_high`,
    `decoy_low` and `NAME_high`, `NAME_low` per covariate are NaN where a row has none. Raises `InputError` as `read_observations` does.
    """
    if not isinstance(source, str | os.PathLike):
        return _table(_batches(vars(record) for record in source))
    path = Path(source)
    path = path / "observations.jsonl" if path.is_dir() else path
    try:
        return _table(_plain(path))
    except (OSError, _NotPlainError, orjson.JSONDecodeError):
        return _table(_batches(vars(record) for record in read_observations(path)))  # says what is wrong, and where


class _NotPlainError(ValueError):
    """Rows that need a closer look: wrong, or only unusual."""


def _batches(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    rows = iter(rows)
    while part := list(islice(rows, _LINES)):
        yield part


def _plain(path: Path) -> Iterator[list[Mapping[str, Any]]]:
    """Yield the rows of a file many at a time, checked column by column for all that `Observation.check` asks."""
    with path.open("rb") as stream:
        while lines := list(islice(stream, _LINES)):
            rows = [orjson.loads(line) for line in lines]
            if set(map(type, rows)) != {dict} or not _sound(rows):
                raise _NotPlainError
            yield rows


def _sound(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether all rows are beyond doubt what `Observation.from_dict` accepts."""
    for name in _TEXTS:
        values = {row.get(name, "frequency" if name == "arm" else None) for row in rows}
        if not all(type(value) is str and value.strip() for value in values) or (name == "arm" and not values <= set(ARMS)):
            return False
    if not all(_are_numbers([row.get(name) for row in rows], allow_none=True) for name in ("high", "low")):
        return False
    return all(_sound_parts(row) for row in rows)


def _sound_parts(row: Mapping[str, Any]) -> bool:
    covariates = row.get("covariates", {})
    if type(covariates) is not dict or not all(type(sides) is list and len(sides) == 2 for sides in covariates.values()):
        return False
    if not {type(side) for sides in covariates.values() for side in sides} <= _SIDES:
        return False
    cells, decoys = row.get("cells"), row.get("decoys")
    for part in (cells, decoys):
        if part is not None and not (type(part) is dict and _are_numbers(part.values())):
            return False
    if row.get("error") is not None:
        return True
    if row["contrast"] == "crossed":
        return cells is not None and set(cells) == set(CELLS)
    return row.get("high") is not None and row.get("low") is not None


def _are_numbers(values: Iterable[Any], allow_none: bool = False) -> bool:
    return all((type(value) in (float, int) and math.isfinite(value)) or (allow_none and value is None) for value in values)


def _table(batches: Iterable[Sequence[Mapping[str, Any]]]) -> pd.DataFrame:
    """Put rows into columns, a batch at a time, so that only the columns stay in memory."""
    columns: Columns = {name: [] for name in [*_FIELDS, *_NESTED]}
    covariates: dict[str, dict[int, float]] = {}
    known: dict[Any, Any] = {}  # one copy of every text
    numbers = {"high", "low", *_NESTED}
    count = 0
    for rows in batches:
        for name in _FIELDS:
            values = [row.get(name, "frequency" if name == "arm" else None) for row in rows]
            columns[name] += values if name in numbers else [known.setdefault(value, value) for value in values]
        for name, (part, key) in _NESTED.items():
            columns[name] += [None if row.get(part) is None else row[part].get(key) for row in rows]
        for place, row in enumerate(rows, start=count):
            for name, (high, low) in (row.get("covariates") or {}).items():
                covariates.setdefault(f"{name}_high", {})[place] = high
                covariates.setdefault(f"{name}_low", {})[place] = low
        count += len(rows)
    table = {name: pd.Series(values, dtype=float if name in numbers else object) for name, values in columns.items()}
    return pd.DataFrame(table | {name: _sparse(values, count) for name, values in covariates.items()})


def _sparse(values: Mapping[int, float], count: int) -> "pd.Series[float]":
    column = np.full(count, np.nan)
    column[list(values)] = np.array(list(values.values()), dtype=float)
    return pd.Series(column)
