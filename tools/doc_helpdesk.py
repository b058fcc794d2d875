"""The block on the help desk: what README says of its own example, in words that follow from the committed numbers."""

import json
from collections.abc import Mapping, Sequence
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
    """Return the answer on the help desk in three sentences, a line each: quality, what rare words cost, and which model loses more."""
    rows = list(read_estimates(folder))
    answers = {probe: [told.told.answers[0] for told in folder_verdicts(folder, rows) if told.probe == probe] for probe in SIDES}
    document = json.loads((folder / COMPARE_JSON_REPORT).read_text(encoding="utf-8"))
    return "\n".join([_quality(rows, document), _costs(answers), f"Of the two, {'; '.join([*_compared(document), *_missed(answers)])}."])


def _quality(rows: Sequence[Estimate], document: dict[str, Any]) -> str:
    """Return which model ranks the collection as it is better, where the comparison on the changed documents tells."""
    own = {row.model: row for row in rows if (row.probe, row.contrast, row.measure) == ("collection", "as_it_is", NDCG_AT_10.name)}
    (compared,) = (entry for entry in document["compared"] if "collection" in entry["probes"])
    better = _headline(document, compared, RUN_QUALITY)["value"] > 0
    names = [compared["models"][better], compared["models"][not better]]
    levels = " and ".join(two_digits(own[name].high_mean or 0.0) for name in names)
    where = f"nDCG@10 {levels}, over its {own[names[0]].n_pairs} queries and {own[names[0]].details['corpus']} documents"
    if compared["quality_differs"]:
        return f"On this folder {names[0]} ranks better than {names[1]} ({where})."
    return f"Which ranks this folder better, {names[0]} or {names[1]}, cannot be told ({where})."


def _costs(answers: Mapping[str, Sequence[Answer]]) -> str:
    """Return what rare words on either side cost each model, models with one answer together."""
    sides = []
    for probe, own in answers.items():
        clauses = []
        for word in dict.fromkeys(answer.word for answer in own):
            named = [f"{answer.model} ({_sized(answer.row)})" for answer in own if answer.word == word]
            clauses.append(CLAUSES[word].format(models=(" or " if word in (UNTOLD, NO) else " and ").join(named)))
        items = max(answer.row.n_items for answer in own if answer.row is not None)
        sides.append(f"{SIDES[probe]} ({items} items): {', and '.join(clauses)}")
    return f"Rare words {'; '.join(sides)}."


def _sized(row: Estimate | None) -> str:
    if row is None or row.value is None:
        return "–"
    value, low, high = (two_digits(end or 0.0, signed=True) for end in (row.value, row.ci_low, row.ci_high))
    return f"{value} [{low}, {high}]"


def _missed(answers: Mapping[str, Sequence[Answer]]) -> list[str]:
    """Say what could be there where nothing can be told, so that nobody takes that for nothing."""
    found = []
    for probe, own in answers.items():
        rows = [answer.row for answer in own if answer.word == UNTOLD and answer.row is not None and answer.row.std_error]
        if rows:
            least = max(minimum_detectable(row.std_error or 0.0, row.n_items - 1) for row in rows)
            found.append(f"under {two_digits(least)} {SIDES[probe]}")
    return [f"a cost {' or '.join(found)} would have been missed more often than one time in five"] if found else []


def _compared(document: dict[str, Any]) -> list[str]:
    """Return which of the two models loses more on each side."""
    found, untold = [], []
    for own in document["compared"]:
        side = " and ".join(SIDES[probe] for probe in own["probes"])
        if own["wording_differs"]:
            row, models = _headline(document, own, RUN_DIFFERENCE), own["models"]
            sign = 1 if row["value"] > 0 else -1
            low, high = sorted(sign * row[end] for end in ("ci_low", "ci_high"))
            size = f"{two_digits(abs(row['value']))} [{two_digits(low)}, {two_digits(high)}]"
            found.append(f"{models[sign > 0]} loses more to rare words {side} than {models[sign < 0]}, by {size}")
        else:
            untold.append(side)
    return found + ([f"which one loses more to rare words {' or '.join(untold)} cannot be told"] if untold else [])


def _headline(document: dict[str, Any], compared: dict[str, Any], term: str) -> dict[str, Any]:
    """Return the difference in nDCG@10 of the frequency arm that a comparison's sentence rests on."""
    rows = (row for row in document["estimates"] if row["probe"] in compared["probes"] and row["term"] == term)
    (found,) = (row for row in rows if (row["measure"], row["arm"]) == (NDCG_AT_10.name, FREQUENCY))
    return dict(found)
