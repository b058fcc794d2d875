"""The report on constraints: claims down, models across; as HTML, Markdown and JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freqbias import registry
from freqbias.analysis.constraints.cells import Cell, Measured, Model, cell_of
from freqbias.analysis.constraints.claims import Bibliography, Claim, bibliography, group_of, say
from freqbias.analysis.constraints.questions import Question, questions
from freqbias.analysis.constraints.words import ABSENT, PRESENT, RELAXED, ROUTED, UNMEASURED, UNTOLD
from freqbias.analysis.report.formatting import number
from freqbias.analysis.report.rendering import render
from freqbias.files import write_json, write_text
from freqbias.records import SCHEMA
from freqbias.terms import CONSTRAINTS_HTML_REPORT, CONSTRAINTS_JSON_REPORT, CONSTRAINTS_MARKDOWN_REPORT, HTML_REPORT

STYLES = {PRESENT: "yes", RELAXED: "part", ROUTED: "no", ABSENT: "no", UNTOLD: "untold", UNMEASURED: "none"}  # of a cell's edge
ARXIV = "https://arxiv.org/abs/{}"


def is_testable(claim: Claim) -> bool:
    """Tell whether this version can test a claim: its probe is registered, and which estimate decides is settled."""
    return claim.probe in registry.names("probes") and claim.headline is not None


def left_out(claim: Claim) -> str:
    """Return the line that says why a claim is not tested."""
    name = "unfinished" if claim.probe in registry.names("probes") else "waits"
    return say("report", name, title=claim.title, probe=claim.probe)


@dataclass(frozen=True, kw_only=True)
class Table:
    """All that the report shows. `rows` are the cells of each claim in the order of the models."""

    models: Sequence[Model]
    rows: Sequence[tuple[Claim, Sequence[Cell]]]
    left_out: Sequence[str]
    questions: Sequence[Question]
    papers: Bibliography
    out: Path

    @property
    def cells(self) -> list[Cell]:
        """Every cell, row by row."""
        return [cell for _, cells in self.rows for cell in cells]

    @property
    def worded(self) -> int:
        """How many cells have a word that an interval gave."""
        return sum(cell.word.word not in (UNTOLD, UNMEASURED) for cell in self.cells)

    def limits(self, claim: Claim) -> str:
        """Return the limits of a claim in words, and why there."""
        own, scale, signed = claim.limits, claim.number.scale, claim.number.signed
        name = "limit_up" if own.rises else "limit_down"
        ends = [number(scale * claim.sign * end if signed else scale * end, signed) for end in (own.present, own.absent)]
        return f"{say('report', name, present=ends[0], absent=ends[1], unit=claim.number.unit)}. {own.why}"

    def newer(self, claim: Claim) -> str:
        """Return what newer work says of a claim's paper."""
        return say("report", "later", text=self.papers.papers[claim.paper].since)

    def report_of(self, cell: Cell) -> str | None:
        """Return where the report of the run behind a cell lies, seen from this one."""
        return None if cell.folder is None else f"{cell.folder.relative_to(self.out).as_posix()}/{HTML_REPORT}"

    def document(self) -> dict[str, Any]:
        """Return everything as one JSON-ready dictionary."""
        return {
            "schema": SCHEMA,
            "models": [
                {"model": own.name, "given": own.given, "kind": own.kind, "architecture": own.architecture} for own in self.models
            ],
            "claims": [
                {
                    "claim": claim.name,
                    "title": claim.title,
                    "question": claim.question,
                    "probe": claim.probe,
                    "generator": claim.generator,
                    "limits": {"present": claim.limits.present, "absent": claim.limits.absent, "why": claim.limits.why},
                    "paper": claim.paper,
                    "newer": list(claim.newer),
                    "cells": [cell.document(self.out) for cell in cells],
                }
                for claim, cells in self.rows
            ],
            "left_out": list(self.left_out),
            "questions": [own.document() for own in self.questions],
            "bibliography": {
                "dated": self.papers.dated.isoformat(),
                "papers": {
                    name: {"title": own.title, "year": own.year, "claims": own.claims, "since": own.since, "checked": own.checked}
                    for name, own in self.papers.papers.items()
                },
            },
        }

    def write(self) -> list[Path]:
        """Write the report and return its files."""
        for name in (CONSTRAINTS_HTML_REPORT, CONSTRAINTS_MARKDOWN_REPORT):
            write_text(self.out / name, render(f"{name}.jinja", {"table": self, **CONTEXT}))
        write_json(self.out / CONSTRAINTS_JSON_REPORT, self.document())
        return [self.out / name for name in (CONSTRAINTS_HTML_REPORT, CONSTRAINTS_MARKDOWN_REPORT, CONSTRAINTS_JSON_REPORT)]


def _meanings() -> list[tuple[str, str]]:
    return [(say("words", word), say("meanings", word)) for word in group_of("words")]


CONTEXT: Mapping[str, Any] = {"say": say, "styles": STYLES, "arxiv": ARXIV.format, "meanings": _meanings}


def table_of(
    claims: Sequence[Claim],
    models: Sequence[Model],
    measured: Sequence[Measured],
    out: Path,
    *,
    before: str | None = None,
    after: str | None = None,
) -> Table:
    """Return the table of some claims on some models, from what became of each probe on each model."""
    known = {(own.probe, own.model): own for own in measured}
    rows = [(claim, [cell_of(claim, known[claim.probe, model]) for model in models]) for claim in claims if is_testable(claim)]
    return Table(
        models=models,
        rows=rows,
        left_out=[left_out(claim) for claim in claims if not is_testable(claim)],
        questions=questions([cell for _, cells in rows for cell in cells], before, after),
        papers=bibliography(),
        out=out,
    )
