"""The report: verdict, controls, audit, effects, every estimate, method; as one HTML file and as Markdown, with figure files."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from freqbias.analysis import contrasts, figures
from freqbias.analysis.estimates import CONFIRMATORY_FAMILY, EXPLORATORY_FAMILY
from freqbias.analysis.verdict import Verdict, interval, number, p_text, verdicts
from freqbias.errors import InputError
from freqbias.jsonl import read_estimates, read_json, read_manifest, read_pairs, write_text
from freqbias.records import Estimate


@dataclass(frozen=True, kw_only=True)
class Section:
    """Verdict and figures of one model and probe."""

    verdict: Verdict
    charts: Mapping[str, str]


def write_report(run: str | os.PathLike[str]) -> list[Path]:
    """Write `report.html`, `report.md` and `figures/*.svg` into a run folder; return their paths.

    Reads `estimates.jsonl`, and `pairs.jsonl`, `observations.jsonl`, `audit.json` and `manifest.json` where they are there.
    """
    folder = Path(run)
    estimates = list(read_estimates(folder / "estimates.jsonl"))
    if not estimates:
        raise InputError(f"{folder / 'estimates.jsonl'}: no estimates; run: freqbias analyze {folder}")
    table = _pair_values(folder)
    sections = [_section(verdict, estimates, table) for verdict in verdicts(estimates)]
    context = {
        "sections": sections,
        "estimates": estimates,
        "families": _families(estimates),
        "audit": _optional(folder / "audit.json", read_json),
        "manifest": _optional(folder / "manifest.json", read_manifest),
        "arms": ARM_NOTES,
    }
    written = []
    for name in ("report.html", "report.md"):
        write_text(folder / name, _environment().get_template(f"{name}.jinja").render(context))
        written.append(folder / name)
    for section in sections:
        for kind, svg in section.charts.items():
            path = folder / "figures" / f"{kind}-{_safe(section.verdict.model)}-{_safe(section.verdict.probe)}.svg"
            write_text(path, svg.replace("currentColor", "#222222"))
            written.append(path)
    return written


ARM_NOTES = {
    "placebo": "one synonym swapped for an equally frequent one; its high side is the one with fewer subwords, the less formal "
    "or the shorter one, in turn",
    "length": "the same wording with and without empty material; high is the shorter one",
    "frequency": "one synonym swapped; high is the more frequent one",
    "frequency-placebo": "difference of the two arms, over different items",
}


def _optional(path: Path, read: Any) -> Any:
    return read(path) if path.is_file() else None


def _pair_values(folder: Path) -> pd.DataFrame | None:
    if not all((folder / name).is_file() for name in ("pairs.jsonl", "observations.jsonl")):
        return None
    observations = contrasts.frame(folder)
    gaps = contrasts.pair_gaps(observations)
    return contrasts.join(gaps, contrasts.pair_table(read_pairs(folder)), observations)


def _section(verdict: Verdict, estimates: Sequence[Estimate], table: pd.DataFrame | None) -> Section:
    model, probe = verdict.model, verdict.probe
    charts = {"controls": figures.controls(estimates, model, probe), "forest": figures.forest(estimates, model, probe)}
    if table is not None:
        charts["dose"] = figures.dose(table, estimates, model, probe)
    return Section(verdict=verdict, charts={kind: svg for kind, svg in charts.items() if svg is not None})


def _families(estimates: Sequence[Estimate]) -> dict[str, list[str]]:
    named = {CONFIRMATORY_FAMILY: [], EXPLORATORY_FAMILY: []}  # type: dict[str, list[str]]
    for row in estimates:
        if row.family in named:
            named[row.family].append(f"{row.model} / {row.probe} / {row.contrast} / {row.arm} / {row.term}")
    return named


def _safe(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)


def _cell(value: Any) -> str:
    """Escape what would break a Markdown table or be read as markup."""
    text = str(value).replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("freqbias.analysis"),
        autoescape=jinja2.select_autoescape(["html.jinja"]),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"number": number, "interval": interval, "p": p_text, "cell": _cell}
    return environment
