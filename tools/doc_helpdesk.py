"""The block on the help desk: what README says of its own example, in words that follow from the committed numbers."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from doc_results import ROOT, two_digits

from freqbias.analysis.report.answers import MIXED, NO, UNSEEN, UNTOLD, YES, Answer
from freqbias.analysis.report.verdicts_of_run import folder_verdicts
from freqbias.analysis.stats.resampling import minimum_detectable
from freqbias.files import read_estimates
from freqbias.records import Estimate
from freqbias.terms import COMPARE_JSON_REPORT, FREQUENCY, NDCG_AT_10, REVERSED, RUN_DIFFERENCE, RUN_QUALITY

SIDES = {"collection": "in documents", "collection_queries": "in queries"}  # where the rare words are, by probe
#: What is said of models whose answers are one word; `or` joins their names where nothing is claimed.
CLAUSES = {
    YES: "they cost {models}",
    REVERSED: "they help {models}",
    NO: "they cost {models} nothing that matters",
    UNTOLD: "whether they cost {models} anything cannot be told",
    UNSEEN: "what they cost {models} cannot be measured",
    MIXED: "they cost some items of {models} and help others",
}


def helpdesk(folder: Path = ROOT / "results" / "helpdesk") -> str:
    """Return the answer on the help desk, a sentence a line: quality, what rare words cost on either side, and which model loses more."""
    rows = list(read_estimates(folder))
    answers = {probe: [told.told.answers[0] for told in folder_verdicts(folder, rows) if told.probe == probe] for probe in SIDES}
    document = json.loads((folder / COMPARE_JSON_REPORT).read_text(encoding="utf-8"))
    lines = [_levels(rows), *(_costs(probe, own) for probe, own in answers.items()), *_missed(answers), _compared(document)]
    return "\n".join(lines)


def _levels(rows: Sequence[Estimate]) -> str:
    own = [row for row in rows if (row.probe, row.contrast, row.measure) == ("collection", "as_it_is", NDCG_AT_10.name)]
    named = ", ".join(f"{row.model} with {two_digits(row.high_mean or 0.0)}" for row in own)
    return f"The answer on this folder, its {own[0].n_pairs} queries and {own[0].details['corpus']} documents, by nDCG@10: {named}."


def _costs(probe: str, answers: Sequence[Answer]) -> str:
    """Return what rare words on one side cost each model, models with one answer together."""
    clauses = []
    for word in dict.fromkeys(answer.word for answer in answers):
        named = [f"{answer.model} ({_sized(answer.row)})" for answer in answers if answer.word == word]
        clauses.append(CLAUSES[word].format(models=(" or " if word in (UNTOLD, NO) else " and ").join(named)))
    items = max(answer.row.n_items for answer in answers if answer.row is not None)
    return f"Rare words {SIDES[probe]} ({items} items): {'; '.join(clauses)}."


def _sized(row: Estimate | None) -> str:
    if row is None or row.value is None:
        return "–"
    value, low, high = (two_digits(end or 0.0, signed=True) for end in (row.value, row.ci_low, row.ci_high))
    return f"{value} [{low}, {high}]"


def _missed(answers: dict[str, list[Answer]]) -> list[str]:
    """Say what could be there where nothing can be told, so that nobody takes that for nothing."""
    found = []
    for probe, own in answers.items():
        rows = [answer.row for answer in own if answer.word == UNTOLD and answer.row is not None and answer.row.std_error]
        if rows:
            least = max(minimum_detectable(row.std_error or 0.0, row.n_items - 1) for row in rows)
            found.append(f"under {two_digits(least)} {SIDES[probe]}")
    return [f"A cost {' or '.join(found)} would have been missed more often than one time in five."] if found else []


def _compared(document: dict[str, Any]) -> str:
    """Return which of the two models loses more on each side, and which ranks better."""
    found, untold = [], []
    for own in document["compared"]:
        rows = [row for row in document["estimates"] if row["probe"] in own["probes"] and _is_headline(row)]
        (difference,) = (row for row in rows if row["term"] == RUN_DIFFERENCE)
        (quality,) = (row for row in rows if row["term"] == RUN_QUALITY)
        side = " and ".join(SIDES[probe] for probe in own["probes"])
        if own["wording_differs"]:
            found.append(f"rare words {side} cost {_more(own['models'], difference)}")
        else:
            untold.append(side)
        if own["probes"][0] == "collection":
            ranks = f"{_better(own['models'], quality)}" if own["quality_differs"] else "which ranks better cannot be told"
    said = [f"which of the two loses more to rare words {' or '.join(untold)} cannot be told"] if untold else []
    text = "; ".join([*found, *said, ranks])
    return f"{text[:1].upper()}{text[1:]}."


def _is_headline(row: dict[str, Any]) -> bool:
    return (row["measure"], row["arm"]) == (NDCG_AT_10.name, FREQUENCY) and row["term"] in (RUN_DIFFERENCE, RUN_QUALITY)


def _more(models: Sequence[str], row: dict[str, Any]) -> str:
    return f"{models[row['value'] > 0]} more than {models[row['value'] <= 0]}, by {_positive(row)}"


def _better(models: Sequence[str], row: dict[str, Any]) -> str:
    return f"{models[row['value'] > 0]} ranks better, by {_positive(row)}"


def _positive(row: dict[str, Any]) -> str:
    sign = 1 if row["value"] > 0 else -1
    low, high = sorted(sign * row[end] for end in ("ci_low", "ci_high"))
    return f"{two_digits(abs(row['value']))} [{two_digits(low)}, {two_digits(high)}]"
