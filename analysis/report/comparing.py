"""Two runs held against each other, as `freqbias compare` shows them: sentences, the rows they rest on, all rows; in three formats."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freqbias.analysis.estimate.compare import compare
from freqbias.analysis.report.comparison import Compared, comparisons
from freqbias.analysis.report.comparison_words import kind
from freqbias.analysis.report.formatting import listed, precise, precise_interval, tested
from freqbias.analysis.report.rendering import render
from freqbias.analysis.report.sentences import said
from freqbias.analysis.report.verdicts_of_run import floors_of, manifest_of
from freqbias.analysis.table.judged import judgements_of
from freqbias.errors import InputError
from freqbias.files import write_json, write_text
from freqbias.holdout import holdout_of, told
from freqbias.records import SCHEMA, Estimate
from freqbias.terms import COMPARE_HTML_REPORT, COMPARE_JSON_REPORT, COMPARE_MARKDOWN_REPORT, MANIFEST_FILE

__all__ = ["Comparison", "cells", "columns", "compare_runs"]

COLUMNS = ("", "measure", "contrast", "arm", "what", "A", "B", "B − A", "interval", "test", "items")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What two runs differ by. `runs` are the names of their folders, `notes` what half of the items is compared."""

    runs: tuple[str, str]
    notes: list[str]
    told: list[Compared]
    estimates: list[Estimate]

    @property
    def sides(self) -> list[str]:
        """What A and B are, a line each, then how to read the numbers."""
        models = [listed(list(dict.fromkeys(row.extra["models"][place] for row in self.estimates))) for place in (0, 1)]
        lines = [said("compare_side", side=side, model=model, run=run) for side, model, run in zip("AB", models, self.runs, strict=True)]
        return [*lines, said("compare_reading"), *self.notes]

    @property
    def columns(self) -> list[str]:
        """The heads of its tables."""
        return columns()

    @property
    def tables(self) -> list[tuple[str, list[list[str]]]]:
        """Titles and rows: what the sentences rest on, then every difference."""
        headline = [row for own in self.told for row in own.rows]
        tables = [(said("compare_table"), headline), (said("compare_table_all"), self.estimates)]
        return [(title, [list(map(str, cells(row))) for row in rows]) for title, rows in tables]

    def document(self) -> dict[str, Any]:
        """Return everything as one JSON-ready dictionary."""
        return {
            "schema": SCHEMA,
            "runs": list(self.runs),
            "notes": self.notes,
            "compared": [
                {
                    "model": own.model,
                    "models": list(own.models),
                    "probes": list(own.probes),
                    "sentence": own.sentence,
                    "more": list(own.more),
                    "wording_differs": own.differs,
                    "quality_differs": own.quality_differs,
                    "rows": [list(row.key) for row in own.rows],
                }
                for own in self.told
            ],
            "estimates": [row.to_dict() for row in self.estimates],
        }

    def write(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write the comparison as HTML, Markdown and JSON and return the paths."""
        target = Path(folder)
        try:
            target.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{target}: cannot be made: {error.strerror}; give another --out") from error
        for name in (COMPARE_HTML_REPORT, COMPARE_MARKDOWN_REPORT):
            write_text(target / name, render(f"{name}.jinja", {"comparison": self}))
        write_json(target / COMPARE_JSON_REPORT, self.document())
        return [target / name for name in (COMPARE_HTML_REPORT, COMPARE_MARKDOWN_REPORT, COMPARE_JSON_REPORT)]


def compare_runs(
    first: str | os.PathLike[str],
    second: str | os.PathLike[str],
    *,
    a: Sequence[str] = (),
    b: Sequence[str] = (),
    seed: int = 0,
    labels: tuple[str, str] | None = None,
) -> Comparison:
    """Return what two run folders differ by, in sentences and rows.

    `labels` are what to call the runs, by default the names of their folders; the other arguments, and errors, are those of
    `estimate.compare.compare`.
    """
    estimates = compare(first, second, a=a, b=b, seed=seed)
    folders = [Path(folder) for folder in (first, second)]
    floors: dict[tuple[str, str], float] = {}
    for path in (folder / MANIFEST_FILE for folder in folders):
        for key, floor in floors_of(manifest_of(path) if path.is_file() else None).items():
            floors[key] = max(floor, floors.get(key, 0.0))
    return Comparison(
        runs=labels or (folders[0].resolve().name, folders[1].resolve().name),
        notes=list(dict.fromkeys(sentence for folder in folders for sentence in told(holdout_of(folder)))),
        told=comparisons(estimates, judgements_of(first), floors),
        estimates=estimates,
    )


def columns() -> list[str]:
    """Return the heads of a table of differences."""
    return list(COLUMNS)


def cells(row: Estimate) -> list[Any]:
    """Return one row of a table of differences."""
    values = row.extra["values"] or (None, None)
    return [
        f"{row.model} · {row.probe}",
        row.measure,
        row.contrast,
        row.arm,
        kind(row),
        *(precise(value) for value in values),
        precise(row.value),
        precise_interval(row),
        tested(row),
        row.n_items,
    ]
