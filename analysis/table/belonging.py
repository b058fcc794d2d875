"""Do observations belong to their pairs? Rows that do not would be counted in another arm, or twice, and no number would show it."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from freqbias.errors import InputError
from freqbias.judgement import Judgements
from freqbias.records import Pair
from freqbias.terms import HIGH, LOW

ROW_KEY = ["model", "probe", "measure", "contrast", "register", "pair_id"]


def check(
    observations: pd.DataFrame, arms: Mapping[str, str], items: Mapping[str, str], source: str, judgements: Judgements | None = None
) -> None:
    """Raise `InputError`, as `source:line: reason`, for the first row that cannot be right.

    `arms` and `items` map the id of every pair to its own; rows of `observations` are in the order of the file, and their index is the
    number of each in it, from 0. Refused: a pair that is not there, another arm or item than the pair's (a row without an arm is one of
    `frequency`), a second row of one measurement, a share above 1.
    """
    for wrong, reason in _faults(observations, arms, items, Judgements() if judgements is None else judgements):
        if wrong.any():
            place = int(wrong.to_numpy().argmax())
            count = int(wrong.sum())
            more = f" ({count} rows like this)" if count > 1 else ""
            line = int(observations.index[place]) + 1
            raise InputError(f"{source}:{line}: {reason.format_map(dict(observations.iloc[place]))}{more}")


def check_records(observations: pd.DataFrame, pairs: Mapping[str, Pair], source: str, judgements: Judgements | None = None) -> None:
    """Do the same with the pairs themselves, by id."""
    arms, items = ({key: getattr(pair, name) for key, pair in pairs.items()} for name in ("arm", "item"))
    check(observations, arms, items, source, judgements)


def _faults(
    observations: pd.DataFrame, arms: Mapping[str, str], items: Mapping[str, str], judgements: Judgements
) -> Iterator[tuple["pd.Series[bool]", Any]]:
    """Yield which rows are wrong and why, with the row's fields to fill in."""
    pairs = observations["pair_id"]
    yield ~pairs.isin(list(arms)), "field 'pair_id': the pair file holds no pair '{pair_id}'; use the pairs of this run"
    for name, known in (("arm", arms), ("item", items)):
        wrong = observations[name] != pairs.map(known)
        yield wrong, f"field '{name}' is '{{{name}}}', which is not that of pair '{{pair_id}}'; write the pair's own into the row"
    repeated = (
        "pair '{pair_id}' has a row with the same "
        + ", ".join(ROW_KEY[:-1])
        + " before; delete the copy, or average repeated samples into one row"
    )
    yield observations.duplicated(ROW_KEY), repeated
    sides = observations[[HIGH, LOW]]
    shares = {key: judgements[key[0]].is_share(key[1]) for key in set(zip(observations["probe"], observations["measure"], strict=True))}
    keys = zip(observations["probe"], observations["measure"], strict=True)
    is_share = pd.Series([shares[key] for key in keys], index=observations.index, dtype=bool)
    outside = is_share & (sides.abs() > 1).any(axis=1)
    yield outside, "'{measure}' is a share of 1, found {high} and {low}; divide percentages by 100"
