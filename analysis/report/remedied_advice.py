"""What remedies do to a model that a run measured beside it: bias removed and quality lost, in sentences and rows of a table."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from freqbias.analysis.estimate.remedies import NONE, Remedy, Size, remedies
from freqbias.analysis.estimate.side_by_side import rows_of
from freqbias.analysis.report.advice import Advice, clause, cost, effect_of, lead, named, names, sized
from freqbias.analysis.report.formatting import capital, entries, number
from freqbias.analysis.report.sentences import said
from freqbias.analysis.table import contrasts
from freqbias.analysis.table.frame import frame
from freqbias.analysis.table.judged import judgements_of
from freqbias.judgement import words_of_remedy
from freqbias.terms import DOCUMENT_SIDE

SIDE_COLUMNS = ("gap", "places", "relative")
OWN_COLUMNS = ("removed", "quality")
RIGHT_COLUMNS = ("right", "right_cost")


def advice_in(folder: Path) -> list[Advice]:
    """Return what the remedies of a run do, by model."""
    return advice_of_table(contrasts.pair_gaps(frame(folder), judgements_of(folder)))


def advice_of_table(table: pd.DataFrame) -> list[Advice]:
    """Return what remedies do, by model, from one row per pair and contrast; nothing where no model has any."""
    by_model: dict[str, list[Remedy]] = {}
    for remedy in remedies(rows_of(table)):
        by_model.setdefault(remedy.model, []).append(remedy)
    return [
        Advice(
            model=model,
            losses=[],
            lead=[*lead(own), removing(own)],
            details=told(own),
            columns=columns(),
            table=[_cells(remedy) for remedy in own],
            remedies=own,
        )
        for model, own in by_model.items()
    ]


def removing(own: Sequence[Remedy]) -> str:
    """Return which remedies remove a part of the gap that is told from none, with the scale taken out."""
    found = [remedy for remedy in own[1:] if (size := remedy.sides[DOCUMENT_SIDE].removed) and (size.low or 0) > 0]
    return said("remedied_removes", names=names(found)) if found else said("remedied_removes_none")


def told(own: Sequence[Remedy]) -> list[str]:
    """Return what each remedy does and costs, behind how to read it."""
    known = [words for remedy in own if (words := words_of_remedy(remedy.name)[1])]
    found = [said("remedied_reading"), said("remedied_fitted"), *known]
    base = own[0].sides[DOCUMENT_SIDE]
    for remedy in own[1:]:
        side = remedy.sides[DOCUMENT_SIDE]
        clauses = [clause(DOCUMENT_SIDE, side, base), _margin(base.relative, side.relative, side.removed), cost(remedy, DOCUMENT_SIDE)]
        if remedy.right_cost is not None:
            clauses.append(said(f"remedied_right_{effect_of(remedy.right_cost)}", size=sized(remedy.right_cost)))
        if side.score_gap is not None and side.margin is not None:
            clauses.append(said("remedied_scores", gap=number(side.score_gap.value), margin=number(side.margin.value)))
        found.append(said("remedy_line", remedy=_in_words(remedy), clauses=entries(clauses, after_colon=True)))
    return found


def _in_words(remedy: Remedy) -> str:
    words, _ = words_of_remedy(remedy.name)
    return said("remedied_in_words", name=named(remedy), words=words) if words else named(remedy)


def _margin(before: Size | None, after: Size | None, removed: Size | None) -> str:
    if before is None or after is None:
        return said("remedied_unknown")
    margin = said("remedied_margin", before=number(before.value), after=number(after.value))
    return said("remedied_no_share", margin=margin) if removed is None else said("remedied_share", margin=margin, size=sized(removed))


def columns() -> list[str]:
    """Return the heads of the table."""
    side = said(f"remedy_side_{DOCUMENT_SIDE}")
    own = [said(f"remedied_column_{name}") for name in (*OWN_COLUMNS, *RIGHT_COLUMNS)]
    own.insert(2, said("remedy_column_cost"))
    return [said("remedy_column"), *(said(f"remedy_column_{name}", side=side) for name in SIDE_COLUMNS), *own]


def _cells(remedy: Remedy) -> list[str]:
    side = remedy.sides[DOCUMENT_SIDE]
    sizes = [side.gap, side.places, side.relative, side.removed]
    quality = [number(remedy.quality.value, signed=False), sized(remedy.cost)]
    right = [number(remedy.right.value, signed=False) if remedy.right else number(None), sized(remedy.right_cost)]
    name = capital(named(remedy)) if remedy.name == NONE else _in_words(remedy)
    return [name, *map(sized, sizes), *quality, *right]
