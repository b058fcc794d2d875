"""Embedding probe `inversion`: whether the right document in rare wording loses to a wrong one in frequent wording.

A gloss query asks for the item; the exact document and its decoy (on topic, same frame, wrong) both come in a high and a low form.
Queries are averaged within a register, registers with equal weight. Rows written, once as margins and once as rates:

* `exact_form`: the exact document's lead over its decoy, averaged over the decoy's two forms, with the exact document in high and in
  low form. As a margin this gap *is* the one of `gloss` in `similarity`, since the decoy's part cancels; what is new is its rate;
* `decoy_form`: the decoy's lead over the exact document, averaged over the exact document's two forms, with the decoy in high and in
  low form. This is the published claim "a frequent-but-irrelevant phrasing outranks a rare-but-exact one";
* `both_forms` (rates only): how often the exact document comes first with both in high form and with both in low form. This gap is, by
  the algebra of the four cells, the one of `exact_form` minus the one of `decoy_form`: positive where rare wording of the right document
  costs more than frequent wording of the wrong one does;
* `interaction` (rates only): what a frequent instead of a rare decoy does to the exact document's rate when that is frequent (`high`)
  and when it is rare (`low`). As margins it is zero by construction, (hh-hl)-(lh-ll) with cells that are differences of four numbers;
* `crossed`: `cells` with the form of the *exact document first, of the decoy second* (no query form: match, match_asymmetry and
  query_form mean nothing here).

Measures: the model's own (`cosine`, `dot`, `bm25`, …) for margins, and `win_rate`, the share of comparisons won by the document that
the contrast names; a tie counts one half. In cells, `both_forms` and `interaction` the winner is the exact document, so the inversion
rate is 1 - `win_rate`. Positive favours the frequent form throughout. The confirmatory estimate is `exact_form` in the
model's own measure. The words of a pair (`zipf_gap`, length, subwords) are those of the exact document: they say nothing on
`decoy_form`, and only half of it on `both_forms`.

What could fake a result, and what is done about it: an exact form and a decoy form that change together (crossed, reported apart);
word overlap (the gloss shares no stem with either, nor with the decoy); register (two, equal weight); length (arm `length`; the decoys
are padded alike); a rate at its floor or ceiling, where nothing can move (margins come first); ties, of which a model of word counts
gives nothing but (one half each); scores of a model that differ only by rounding (equal within 1e-9 is a tie).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from freqbias.models.relevance import Scorer
from freqbias.probes import Finding, Judgement, Probe
from freqbias.probes.common import (
    LETTERS,
    TIE,
    couple_scores,
    document_covariates,
    documents_of,
    encode_all,
    gloss_queries,
    mean_of,
    observation,
    unscorable,
)
from freqbias.progress import Track
from freqbias.records import Observation, Pair
from freqbias.terms import CELLS, CROSSED, HH, HIGH, HL, LH, LL, LOW, SIDES, WIN_RATE

OTHER_WORDS = ("decoy_form", "both_forms")  # contrasts in which the words of the exact document are not, or not alone, what changes
Row = tuple[str, str, dict[str, Any]]  # contrast, measure, values


def prepare(pairs: Iterable[Pair], model: Scorer, track: Track) -> None:
    """Encode every text once."""
    encode_all(pairs, model, track)


def run(pairs: Sequence[Pair], model: Scorer, common: None = None) -> Iterator[Observation]:
    """Yield the rows of every pair that has glosses and both decoys; see the module's docstring."""
    usable = [pair for pair in pairs if gloss_queries(pair) and set(SIDES) <= pair.decoys.keys()]
    scores = couple_scores(model, (couple for pair in usable for couple in _couples(pair)))
    exact = document_covariates(usable, model)
    for pair in usable:
        for contrast, measure, values in _rows(pair, scores, model.measure):
            own = {} if contrast in OTHER_WORDS else exact[pair.id]
            yield observation("inversion", measure, pair, model, contrast, values, own)


def _couples(pair: Pair) -> Iterator[tuple[str, str]]:
    return ((query, document) for texts in gloss_queries(pair).values() for query in texts for document in documents_of(pair))


def _rows(pair: Pair, scores: Mapping[tuple[str, str], float], measure: str) -> Iterator[Row]:
    """Yield the rows of one pair; each is an error where one of its documents has no score."""
    registers = list(gloss_queries(pair).values())
    means = {text: _mean([[scores[query, text] for query in texts] for texts in registers]) for text in documents_of(pair)}
    failed = unscorable(means)
    leads = {cell: _leads(pair, registers, scores, cell) for cell in CELLS}
    margins = {cell: _mean(lead) for cell, lead in leads.items()}
    wins = {cell: _mean([[_won(value) for value in values] for values in lead]) for cell, lead in leads.items()}
    middle = sum(means[pair.decoys[side]] for side in SIDES) / 2
    scale = {"decoys": {side: means[pair.decoys[side]] - middle for side in SIDES}}

    yield "exact_form", measure, failed or _exact_form(margins) | scale
    yield "decoy_form", measure, failed or _decoy_form(margins, 0.0)
    yield CROSSED, measure, failed or {"cells": margins}
    yield "exact_form", WIN_RATE.name, failed or _exact_form(wins)
    yield "decoy_form", WIN_RATE.name, failed or _decoy_form(wins, 1.0)
    yield "both_forms", WIN_RATE.name, failed or {HIGH: wins[HH], LOW: wins[LL]}
    yield "interaction", WIN_RATE.name, failed or {HIGH: wins[HH] - wins[HL], LOW: wins[LH] - wins[LL]}
    yield CROSSED, WIN_RATE.name, failed or {"cells": wins}


def _leads(pair: Pair, registers: list[list[str]], scores: Mapping[tuple[str, str], float], cell: str) -> list[list[float]]:
    """Return the exact document's lead over the decoy for every query, by register; `cell` names both forms."""
    exact, decoy = getattr(pair, LETTERS[cell[0]]), pair.decoys[LETTERS[cell[1]]]
    return [[scores[query, exact] - scores[query, decoy] for query in texts] for texts in registers]


def _mean(values: list[list[float]]) -> float:
    """Return the mean over registers of the mean over queries."""
    return mean_of([mean_of(row) for row in values])


def _won(lead: float) -> float:
    return 0.5 if abs(lead) <= TIE else float(lead > 0)


def _exact_form(cells: Mapping[str, float]) -> dict[str, Any]:
    return {HIGH: (cells[HH] + cells[HL]) / 2, LOW: (cells[LH] + cells[LL]) / 2}


def _decoy_form(cells: Mapping[str, float], whole: float) -> dict[str, Any]:
    """Return the decoy's side of the comparison: `whole` is 1 for shares, 0 for margins."""
    return {HIGH: whole - (cells[HH] + cells[LH]) / 2, LOW: whole - (cells[HL] + cells[LL]) / 2}


probe = Probe(
    name="inversion",
    needs="scorer",
    summary="whether the exact document loses to its decoy, by the form of either",
    questions={
        "exact_form": "Does rare wording of the right text cost?",
        "decoy_form": "Does frequent wording help a wrong text?",
    },
    glossary={
        "exact_form": "How much the right document's lead over a wrong one grows when the right one is in frequent wording.",
        "decoy_form": "How much the wrong document's lead over the right one grows when the wrong one is in frequent wording.",
        "both_forms": "How often the right document comes first with both documents in frequent wording, less how often with both in "
        "rare wording.",
        "interaction": "Whether frequent wording of the wrong document matters more when the right one is frequent too.",
    },
    judgement=Judgement(
        contrast="exact_form",
        secondary=(WIN_RATE.name,),
        meaning="outscores a wrong document by more",
        cells=("exact", "decoy"),
        other_words=OTHER_WORDS,
        repeats=("similarity", "gloss"),
        findings=(
            Finding(
                contrast="decoy_form",
                sentence="Wrong document: frequent instead of rare wording changes its lead over the right one by {value} {unit} "
                "{interval}, {p}. The claim that a frequent wrong document outranks a rare right one predicts a positive value.",
            ),
            Finding(
                contrast="exact_form",
                measure=WIN_RATE.name,
                sentence="The right document comes first in {high} of comparisons in its frequent wording, in {low} in its rare wording: "
                "{size}, {p}.",
            ),
            Finding(
                contrast="decoy_form",
                measure=WIN_RATE.name,
                sentence="The wrong document comes first in {high} in its frequent wording, in {low} in its rare wording: {size}, {p}.",
            ),
            Finding(
                contrast="both_forms",
                measure=WIN_RATE.name,
                sentence="With both documents in frequent wording the right one comes first in {high} of comparisons, with both in rare "
                "wording in {low}: {size}, {p}. A positive value means that rare wording of the right document costs more than frequent "
                "wording of the wrong one.",
            ),
            Finding(
                contrast="interaction",
                measure=WIN_RATE.name,
                sentence="Frequent instead of rare wording of the wrong document changes how often the right one comes first. "
                "The change is {high} where the right one is frequent and {low} where it is rare (percentage points): difference {size}, "
                "{p}.",
            ),
        ),
    ),
    wants="queries gloss_plain or gloss_elevated, and decoys in both forms",
    prepare=prepare,
    run=run,
    settings={"tie": TIE},
)
