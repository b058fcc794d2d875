"""The pairs as a page shows them: both texts with the words that differ marked, both values and ranks, by model and probe."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from freqbias.analysis.figures.svg import Subject
from freqbias.analysis.report.embedded import rounded
from freqbias.analysis.report.sentences import SENTENCES, said
from freqbias.analysis.report.top_pairs import differing
from freqbias.records import Pair
from freqbias.terms import FORMAL, FREQUENCY, HIGH, INFORMAL, LOW, NEGATIVE_RANK, SIDES, SPLIT_SPLIT, WHOLE_SPLIT, WHOLE_WHOLE

EXAMPLES = 10  # pairs of a kind
#: Pairs in one page, whatever the size of the run, and values of pairs of all its models and probes together; the extremes of each are
#: among them.
MAX_PAIRS, MAX_VALUES = 2500, 20_000
LONGEST = 2000  # characters of a text that is offered whole as a JSON line
SHOWN_FIELDS = ("id", "item", "arm", "language", *SIDES, "context", "zipf_high", "zipf_low", "zipf_gap", "generator")
DIGITS = 3


@dataclass(frozen=True, kw_only=True)
class Source:
    """What one verdict shows of the pairs of its run."""

    subject: Subject
    run: str
    table: pd.DataFrame
    observations: pd.DataFrame
    pairs: Mapping[str, Pair]
    favours_frequent: bool


@dataclass
class _Page:
    """Pairs of a page in the order in which they were met."""

    places: dict[tuple[str, str], int] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def place(self, source: Source, pair_id: str) -> int:
        key = source.run, pair_id
        if key not in self.places:
            self.places[key] = len(self.rows)
            self.rows.append(_row(source.pairs[pair_id]))
        return self.places[key]


def pairs_of_page(sources: Sequence[Source]) -> dict[str, Any]:
    """Return the pairs and, by verdict, the values of each, with the places of its examples; JSON-ready."""
    page = _Page()
    tables = [_own(source) for source in sources]
    kept = _kept(sources, tables)
    series = []
    for source, rows in zip(sources, tables, strict=True):
        known = rows[np.array([(source.run, pair_id) in kept for pair_id in rows["pair_id"]], dtype=bool)]
        ranks, strata = _ranks(source), _strata(source)
        values = [
            [page.place(source, pair_id), *numbers, strata.get(pair_id), *ranks.get(pair_id, (None, None))]
            for pair_id, *numbers in _values(known, DIGITS, HIGH, LOW, "gap")
        ]
        series.append(
            {
                "title": source.subject.title,
                "unit": source.subject.unit,
                "values": values,
                "examples": [[page.place(source, pair_id) for pair_id in ids] for ids in _examples(source, rows)],
            }
        )
    total = sum(len(pairs) for _, pairs in {source.run: source.pairs for source in sources}.items())
    return {"pairs": page.rows, "series": series, "note": _note(len(page.rows), total)}


def _note(shown: int, total: int) -> str:
    return "" if shown >= total else said("pairs_sampled", shown=str(shown), all=str(total))


def _own(source: Source) -> pd.DataFrame:
    rows = source.subject.rows(source.table)
    return rows[rows["contrast"] == source.subject.contrast].dropna(subset="gap").sort_values("pair_id")


def _examples(source: Source, rows: pd.DataFrame) -> list[list[str]]:
    """Return the pairs of the frequency arm that show the effect most, those nearest its median, and those that go the other way most."""
    own = rows[rows["arm"] == FREQUENCY]
    gaps = own["gap"].to_numpy() * (1 if source.favours_frequent else -1)
    ids = own["pair_id"].to_numpy()
    if not len(ids):
        return [[], [], []]
    falling = np.argsort(-gaps, kind="stable")
    most = [place for place in falling[:EXAMPLES] if gaps[place] > 0]
    against = [place for place in falling[::-1][:EXAMPLES] if gaps[place] < 0]
    typical = np.argsort(np.abs(gaps - np.median(gaps)), kind="stable")[:EXAMPLES]
    return [[str(ids[place]) for place in places] for places in (most, typical, against)]


def _kept(sources: Sequence[Source], tables: Sequence[pd.DataFrame]) -> set[tuple[str, str]]:
    """Return the pairs that a page holds: examples first, then a fixed sample of the others."""
    every = list(
        dict.fromkeys((source.run, pair_id) for source, rows in zip(sources, tables, strict=True) for pair_id in rows["pair_id"])
    )
    most = min(MAX_PAIRS, MAX_VALUES // max(1, len(sources)))
    if len(every) <= most:
        return set(every)
    shown = {(s.run, own) for s, rows in zip(sources, tables, strict=True) for ids in _examples(s, rows) for own in ids}
    rest = [key for key in every if key not in shown]
    room = max(0, most - len(shown))
    drawn = np.random.default_rng(0).choice(len(rest), size=min(room, len(rest)), replace=False)
    return shown | {rest[place] for place in drawn}


def _row(pair: Pair) -> dict[str, Any]:
    high, low = differing(pair.high, pair.low, pair.language)
    whole = {name: value for name, value in pair.to_dict().items() if name in SHOWN_FIELDS}
    return {
        "item": pair.item,
        "arm": pair.arm,
        "language": pair.language,
        "frame": str(pair.meta.get("frame") or ""),
        "register": said(_register(pair)),
        "zipf": rounded(pair.zipf_gap),
        HIGH: high,
        LOW: low,
        "line": whole if max(len(pair.high), len(pair.low)) <= LONGEST else None,
    }


def _register(pair: Pair) -> str:
    """Return the id of what the two words differ by in register."""
    marks = [bool(side) for name in (INFORMAL, FORMAL) for side in pair.covariates.get(name, (0, 0))]
    known = {(): "none", (1,): "rare_informal", (3,): "rare_formal"}  # which of frequent and rare informal, frequent and rare formal
    return f"register_{known.get(tuple(place for place, mark in enumerate(marks) if mark), 'other')}"


def _values(rows: pd.DataFrame, digits: int, *columns: str) -> Iterator[tuple[Any, ...]]:
    """Yield the id of each pair and its values; None for a missing one."""
    numbers = [[None if np.isnan(value) else rounded(float(value), digits) for value in rows[name].to_numpy(float)] for name in columns]
    yield from zip(map(str, rows["pair_id"]), *numbers, strict=True)


def _ranks(source: Source) -> dict[str, list[Any]]:
    """Return the places of either form in a ranking, 1 the first, where the model was asked for one."""
    own = source.table
    rows = own[(own["model"] == source.subject.model) & (own["measure"] == NEGATIVE_RANK.name)].dropna(subset=[HIGH, LOW])
    known = rows.drop_duplicates("pair_id").assign(high=lambda table: -table[HIGH], low=lambda table: -table[LOW])
    return {pair_id: ranks for pair_id, *ranks in _values(known, 3, HIGH, LOW)}


def _strata(source: Source) -> dict[str, str]:
    """Return in words whether the model splits the swapped words, by pair."""
    own = source.observations
    if "whole_word_high" not in own.columns:
        return {}
    rows = own[own["model"] == source.subject.model].dropna(subset=["whole_word_high", "whole_word_low"]).drop_duplicates("pair_id")
    return dict(zip(rows["pair_id"], _named(rows["whole_word_high"], rows["whole_word_low"]), strict=True))


def _named(high: Iterable[Any], low: Iterable[Any]) -> Iterator[str]:
    names = {(True, True): WHOLE_WHOLE, (True, False): WHOLE_SPLIT, (False, False): SPLIT_SPLIT}
    for sides in zip(high, low, strict=True):
        name = f"stratum_of_{names.get((bool(sides[0]), bool(sides[1])), 'other')}"
        yield said(name if name in SENTENCES else "stratum_of_other")
