"""Blocks on the committed results: verdicts and tables that README.md and results/README.md quote."""

import json
import math
from pathlib import Path

from freqbias.analysis.estimate.across_models import ALL_MODELS
from freqbias.analysis.report.formatting import interval, number
from freqbias.analysis.report.verdict import verdicts
from freqbias.analysis.report.verdicts_of_run import folder_verdicts
from freqbias.files import read_estimates
from freqbias.records import Estimate
from freqbias.terms import FREQUENCY, INCAPABLE, LOG_PROB, UNMOVED, WIN_RATE

ROOT = Path(__file__).resolve().parents[1]

QUOTED = ("minilm · similarity", "smollm2-135m · likelihood")  # of the example's verdicts: one a kind of model


def example() -> str:
    """Return two verdicts of the committed example report, their headings as emphasised lines."""
    report = (ROOT / "results/example/findings.md").read_text(encoding="utf-8")
    parts = report.partition("## Verdict\n")[2].partition("\n## ")[0].strip().split("### ")
    quoted = [f"*{name}*\n{rest}" for name, _, rest in (part.partition("\n") for part in parts) if name.partition(" and ")[0] in QUOTED]
    return "\n".join(f"> {line}".rstrip() for line in "".join(quoted).strip().splitlines())


#: Columns of the tables in results/README.md: heading, then contrast and term of the estimate (arm `frequency` unless it says another).
EMBEDDING_COLUMNS: dict[str, tuple[str, ...]] = {
    "placebo": ("similarity", "gloss", "mean", "placebo"),
    "both words whole": ("similarity", "gloss", "whole_whole"),
    "only the rare one split": ("similarity", "gloss", "whole_split"),
    "all": ("similarity", "gloss", "mean"),
    "frequency − placebo": ("similarity", "gloss", "mean", "frequency-placebo"),
    "per factor of ten": ("similarity", "gloss", "within_slope"),
    "`background`": ("similarity", "background", "mean"),
}
LM_COLUMNS: dict[str, tuple[str, ...]] = {
    "placebo": ("likelihood", "downstream", "mean", "placebo"),
    "both words whole": ("likelihood", "downstream", "whole_whole"),
    "only the rare one split": ("likelihood", "downstream", "whole_split"),
    "all": ("likelihood", "downstream", "mean"),
    "frequency − placebo": ("likelihood", "downstream", "mean", "frequency-placebo"),
    "per factor of ten": ("likelihood", "downstream", "within_slope"),
    "`calibration`, null 1": ("likelihood", "calibration", "mean"),
}


#: What an effect goes with, in the few words that a table has room for, by the row of the rule table that made the headline.
GOES_WITH = {
    "cannot_tell": "cannot tell",
    UNMOVED: "cannot be measured with these queries",
    INCAPABLE: "cannot be measured with this model",
    "not_beyond_placebo": "not shown to exceed swaps of equally common words",
    "splitting": "rare words being split into pieces",
    "frequency_splitting_untold": "frequency; how much of it through splitting cannot be told",
}


def summary() -> str:
    """Return a line a model in natural units: comparisons lost in either wording, or the factor of probability."""
    head = ["model", "right text loses: rare instead of frequent wording", "effect, 95 % interval", "goes with", "n"]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for folder, probe in (("embeddings", "similarity"), ("lm", "likelihood")):
        rows = [row for row in read_estimates(ROOT / "results" / folder) if (row.arm, row.term) == (FREQUENCY, "mean")]
        found = {(row.model, row.contrast): row for row in rows if row.measure in {WIN_RATE.name, LOG_PROB.name}}
        for told in folder_verdicts(ROOT / "results" / folder):
            if told.probe == probe:
                row = found[told.model, "exact_form" if probe == "similarity" else "downstream"]
                rule = told.rules[0]
                cells = [told.model, *_natural(row), GOES_WITH.get(rule, rule.replace("_", " ")), str(row.n_items)]
                lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _natural(row: Estimate) -> tuple[str, str]:
    """Return the levels and the effect of a win rate or a log-probability, in per cent and points, or as a factor."""
    value, low, high = (end or 0.0 for end in (row.value, row.ci_low, row.ci_high))
    if row.measure == LOG_PROB.name:
        return "–", f"{two_digits(math.exp(value))} times as likely [{two_digits(math.exp(low))}, {two_digits(math.exp(high))}]"
    losses = [two_digits(100 * (1 - (side or 0.0))) for side in (row.low_mean, row.high_mean)]
    ends = [two_digits(100 * end, signed=True) for end in (value, low, high)]
    return f"{losses[0]} % instead of {losses[1]} %", f"{ends[0]} points [{ends[1]}, {ends[2]}]"


def two_digits(value: float, *, signed: bool = False) -> str:
    """Return a number with two significant digits at most."""
    return number(float(f"{value:.2g}"), signed=signed)


def embeddings() -> str:
    """Return the table of the committed run of embedding models."""
    return _table("embeddings", EMBEDDING_COLUMNS, "similarity")


def headlines() -> str:
    """Return what the committed runs say of every model in the probe that its verdict rests on."""
    lines = []
    for folder, probe in (("embeddings", "similarity"), ("lm", "likelihood")):
        told = folder_verdicts(ROOT / "results" / folder)
        lines += [f"> **{found.model}**: {found.headline}\n>" for found in told if found.probe == probe]
    return "\n".join(lines).removesuffix("\n>")


def halves() -> str:
    """Return mean, whole words and slope in either half of the items, and which row of the rule table made the headline there."""
    lines = ["| model | half | items | all | both words whole | per factor of ten | headline |", "|---" * 7 + "|"]
    for folder in ("embeddings", "lm"):
        rows = [json.loads(line) for line in (ROOT / "results" / folder / "halves.jsonl").read_text(encoding="utf-8").splitlines()]
        parts: dict[tuple[str, str], list[Estimate]] = {}
        for row in (row for row in rows if row["model"] != ALL_MODELS):
            half = row.pop("half")
            parts.setdefault((row["model"], half), []).append(Estimate.from_dict(row))
        for (model, half), own in sorted(parts.items()):
            found = {row.term: row for row in own if row.arm == FREQUENCY}
            cells = [_cell(found.get(term)) for term in ("mean", "whole_whole", "within_slope")]
            rule = verdicts(own)[0].rules[0].replace("_", " ")
            lines.append(f"| {' | '.join([model, half, str(found['mean'].n_items), *cells, rule])} |")
    return "\n".join(lines)


def _cell(row: Estimate | None) -> str:
    return "–" if row is None or row.value is None else f"{number(row.value)} {interval(row)}"


def inversions() -> str:
    """Return how often a wrong document comes first, by the form of the right one and by its own, and which costs more."""
    wanted = ("inversion", "win_rate", "frequency", "mean")
    rows = [row for row in read_estimates(ROOT / "results/embeddings") if (row.probe, row.measure, row.arm, row.term) == wanted]
    found = {(row.model, row.contrast): row for row in rows}
    head = ["model", "right one frequent", "right one rare", "wrong one frequent", "wrong one rare", "rare right − frequent wrong"]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for model in dict.fromkeys(name for name, _ in found):
        right, wrong, both = (found[model, name] for name in ("exact_form", "decoy_form", "both_forms"))
        shares = [1 - (right.high_mean or 0), 1 - (right.low_mean or 0), wrong.high_mean or 0, wrong.low_mean or 0]
        lines.append(f"| {' | '.join([model, *(f'{share:.1%}' for share in shares), _cell(both)])} |")
    return "\n".join(lines)


def language_models() -> str:
    """Return the table of the committed run of language models, with the numerical noise floor of each."""
    return _table("lm", LM_COLUMNS, "likelihood", noise=True)


def _table(folder: str, columns: dict[str, tuple[str, ...]], probe: str, *, noise: bool = False) -> str:
    rows = list(read_estimates(ROOT / "results" / folder))
    models = json.loads((ROOT / "results" / folder / "manifest.json").read_text(encoding="utf-8"))["models"]
    measures = {row.model: row.measure for row in rows if row.probe == probe and row.term == "mean"}
    found = {(row.model, row.measure, row.probe, row.contrast, row.term, row.arm): row for row in rows}
    sizes = {row.arm: row.n_items for row in rows if (row.probe, row.term) == (probe, "mean")}
    head = ["model", "measure", *columns, *(["noise floor"] if noise else [])]
    lines = [f"{sizes['frequency']} items, {sizes['placebo']} of the placebo:", "", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for model in models:
        name, measure = model["name"], measures[model["name"]]
        cells = [found.get((name, measure, *column, *(["frequency"] if len(column) == 3 else []))) for column in columns.values()]
        shown = [_cell(cell) for cell in cells]
        floor = [f"{model['noise_floor']['value']:.1g}"] if noise else []
        lines.append(f"| {' | '.join([name, measure, *shown, *floor])} |")
    return "\n".join(lines)
