"""What two runs differ by, in sentences: one a probe on what rare wording costs and on quality, then what must be said beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from freqbias.analysis.estimate.families import settled
from freqbias.analysis.estimate.run_differences import NATURAL
from freqbias.analysis.report.comparison_words import Size, quality
from freqbias.analysis.report.formatting import ALPHA, listed, same_way, significant
from freqbias.analysis.report.sentences import said
from freqbias.analysis.stats.resampling import minimum_detectable
from freqbias.judgement import Judgements
from freqbias.records import Estimate
from freqbias.terms import (
    COMPARED,
    CONSTANT,
    DIFFERENCE,
    EQUIVALENT,
    FREQUENCY,
    OF_LEVEL,
    ONE_ITEM,
    PLACEBO,
    QUALITY,
    RUN_DIFFERENCE,
    RUN_QUALITY,
    RUN_RELATIVE,
)

__all__ = ["Compared", "comparisons"]

ROUNDING = 1e-6  # of the levels: files hold nine digits, and a difference of two differences loses some

Floors = Mapping[tuple[str, str], float]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The sentences on one model of either run in one probe, with the rows that they rest on, controls last.

    `probes` are the probe and others that measured the same number. `differs` says whether one model is said to lose more to rare
    wording, `quality_differs` whether one is said to be better.
    """

    model: str
    models: tuple[str, str]
    probes: tuple[str, ...]
    sentence: str
    more: tuple[str, ...]
    differs: bool
    quality_differs: bool
    rows: tuple[Estimate, ...]

    @property
    def title(self) -> str:
        """What the sentence is about."""
        return f"{self.model} · {listed(self.probes)}"


class _Rows:
    """What a sentence rests on: the gap by the measure of the verdict, by the model's own margin, in a natural unit, and quality."""

    def __init__(self, rows: Sequence[Estimate], main: Estimate, judgements: Judgements, floors: Floors):
        self.all, self.main, self._floors = rows, main, floors
        self.judgement = judgements[main.probe]
        self.relative = self._get(RUN_RELATIVE, main)
        self.decisive = self.relative or main
        self.natural = next((row for row in rows if row.term == RUN_DIFFERENCE and _headline(row) and row.measure in NATURAL), None)
        self.quality = self._quality()

    def _get(self, term: str, like: Estimate, arm: str = FREQUENCY) -> Estimate | None:
        key = (like.probe, like.measure, like.contrast, arm, term)
        return next((row for row in self.all if (row.probe, row.measure, row.contrast, row.arm, row.term) == key), None)

    def _quality(self) -> Estimate | None:
        """Return the level of a measure that models share, the verdict's own first, else the margin."""
        own = self._get(RUN_QUALITY, self.main)
        natural = None if self.natural is None else self._get(RUN_QUALITY, self.natural)
        return own if natural is None or (own is not None and own.details.get(QUALITY) == OF_LEVEL) else natural

    def placebo(self, like: Estimate) -> Estimate | None:
        """Return by how much more the frequency arm changed than the placebo."""
        return self._get(RUN_DIFFERENCE, like if like.term == RUN_DIFFERENCE else self.main, DIFFERENCE)

    def found(self, row: Estimate | None) -> bool:
        """Tell whether test and interval both exclude zero, by more than files round and numbers move by when the batch changes."""
        if row is None or not significant(row) or abs(row.value or 0.0) <= ROUNDING * max(map(abs, row.extra["values"])):
            return False
        floor = max((self._floors.get((model, row.measure), 0.0) for model in row.extra["models"]), default=0.0)
        return row.term == RUN_RELATIVE or abs(row.value or 0.0) >= floor


def comparisons(estimates: Sequence[Estimate], judgements: Judgements | None = None, floors: Floors | None = None) -> list[Compared]:
    """Return what two runs differ by, from the rows of `compare`, in their order; nothing of a probe without what it is judged by.

    A probe whose number is another one's by construction is told there. `floors` maps (model, measure) to what a value moves by when only
    the batch changes: nothing smaller is called a difference.
    """
    known = settled(estimates, judgements)
    groups: dict[tuple[str, str], list[Estimate]] = {}
    for row in estimates:
        groups.setdefault((row.model, row.probe), []).append(row)
    mains = {key: main for key, rows in groups.items() if (main := _main(rows, known)) is not None}
    homes = {key: home for key in mains if (home := _told_at(key, mains, known)) is not None}
    found = []
    for key, main in mains.items():
        if key not in homes:
            twins = [twin for twin, home in homes.items() if home == key]
            rows = [row for own in (key, *twins) for row in groups[own]]
            found.append(_compared(_Rows(rows, main, known, floors or {}), (main.probe, *(probe for _, probe in twins))))
    return found


def _main(rows: Sequence[Estimate], judgements: Judgements) -> Estimate | None:
    of_frequency = [row for row in rows if row.arm == FREQUENCY and row.term == RUN_DIFFERENCE]
    return next((row for row in of_frequency if judgements[row.probe].judges(row.contrast, row.measure)), None)


def _told_at(key: tuple[str, str], mains: Mapping[tuple[str, str], Estimate], judgements: Judgements) -> tuple[str, str] | None:
    """Return model and probe of the home of a number that has two names; it is in no family of tests there."""
    repeats = judgements[key[1]].repeats
    home = None if repeats is None else (key[0], repeats[0])
    return home if home in mains and not _headline(mains[key]) else None


def _headline(row: Estimate) -> bool:
    return row.family == COMPARED


def _compared(have: _Rows, probes: tuple[str, ...]) -> Compared:
    # the natural unit first; what the verdict rests on beside it only where the two do not say the same
    leads = [row for row in (have.natural, have.decisive) if row is not None and have.found(row)]
    leads = leads[:1] if len(leads) == 2 and same_way(leads[1], leads[0]) else leads
    better = have.found(have.quality)
    same = _identical(have)
    told = [Size(row, have.judgement).change() for row in leads] or [said("compare_same") if same else _undetected(have)]
    words = said("compare_quality_unknown") if have.quality is None else quality(have.quality, have.judgement, found=better)
    more = [*_beside(have, leads), *([] if leads or same else _blind(have))]
    if better and have.quality is not None and have.quality.bound is not None and EQUIVALENT in have.quality.flags:
        more.append(said("compare_quality_small", bound=Size(have.quality, have.judgement).amount(have.quality.bound)))
    headline = [row for row in have.all if _headline(row)]
    return Compared(
        model=have.main.model,
        models=(have.main.extra["models"][0], have.main.extra["models"][1]),
        probes=probes,
        sentence=" ".join([*told, *([] if same else [words])]),
        more=tuple(more),
        differs=bool(leads),
        quality_differs=better,
        rows=(*headline, *(row for row in have.all if _control(row, have.main))),
    )


def _control(row: Estimate, main: Estimate) -> bool:
    own = (row.probe, row.measure, row.contrast) == (main.probe, main.measure, main.contrast)
    return own and row.arm in (PLACEBO, DIFFERENCE) and row.term == RUN_DIFFERENCE


def _identical(have: _Rows) -> bool:
    return all(CONSTANT in row.flags and row.value == 0 for row in have.all if _headline(row) and row.arm == FREQUENCY)


def _undetected(have: _Rows) -> str:
    size = Size(have.decisive, have.judgement)
    return size.undetected("compare_none_matters" if EQUIVALENT in have.decisive.flags else "compare_none")


def _beside(have: _Rows, leads: Sequence[Estimate]) -> list[str]:
    """Return what must be said beside a difference: its size against what matters, the placebo, the scale."""
    told = []
    if leads and leads[0].bound is not None and EQUIVALENT in leads[0].flags:
        told.append(said("compare_small", bound=Size(leads[0], have.judgement).amount(leads[0].bound)))
    for lead in leads[:1]:
        beyond = have.placebo(lead)
        if beyond is None:
            told.append(said("beside_placebo_none"))
        else:
            shown = same_way(beyond, lead) and (beyond.p_value or 0.0) < ALPHA
            told.append(said("beside_placebo" if shown else "beside_placebo_not"))
    only_raw = have.relative is not None and have.found(have.main) and not have.found(have.relative)
    if only_raw and not any(same_way(lead, have.main) for lead in leads):
        told.append(Size(have.main, have.judgement).scale())
    return told


def _blind(have: _Rows) -> list[str]:
    """Return how large a difference had to be to be seen; nothing where none that matters is shown."""
    row = have.decisive
    if ONE_ITEM in row.flags:
        return [said("compare_one_item")]
    if EQUIVALENT in row.flags or not row.std_error:
        return []
    least = minimum_detectable(row.std_error, row.n_items - 1)
    items = said("items_many", n=str(row.n_items))
    return [said("compare_detectable", items=items, least=Size(row, have.judgement).amount(least))]
