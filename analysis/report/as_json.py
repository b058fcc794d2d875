"""The report as one JSON document."""

from collections.abc import Mapping
from typing import Any

from freqbias.records import SCHEMA
from freqbias.terms import PLACEBO


def document(context: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `report.json` holds, from the parts that the templates show."""
    comparison, how = context["comparison"], context["how_to_compare"]
    return {
        "schema": SCHEMA,
        "runs": [run.label for run in context["runs"]],
        **({} if comparison is None else {"comparison": comparison.document()}),
        **({} if how is None else {"how_to_compare": how}),
        "answers": [
            {**answer.document(), PLACEBO: told.placebo}
            for matrix in context["matrices"]
            for line in matrix.lines
            for told in line.told
            for answer in told.answers
        ],
        "verdicts": [
            {
                "model": section.subject.model,
                "probe": section.subject.probe,
                "measure": section.subject.measure,
                "also": list(section.verdict.also),
                "rules": list(section.verdict.rules),
                "credits": section.verdict.credits,
                "headline": section.verdict.headline,
                "controls": section.verdict.controls,
                "findings": section.verdict.findings,
                "cite": section.verdict.cite,
                "trust": [{"what": line.what, "mark": line.mark, "sentence": line.sentence} for line in section.verdict.trust],
                "step": section.verdict.step.said,
            }
            for section in context["sections"]
        ],
        "limits": [limit.sentence for limit in context["limits"]],
        "notes": [sentence for run in context["runs"] for sentence in run.notes],
        "noise": [sentence for run in context["runs"] for sentence in run.noise],
        "families": context["families"],
        **({"advice": advice} if (advice := [own.document() for run in context["runs"] for own in run.advice]) else {}),
        "estimates": [row.to_dict() for row in context["estimates"]],
    }
