"""Simulated pairs and observations with known effects, for the tests of the analysis."""

import numpy as np

from freqbias.analysis import estimate, frame
from freqbias.analysis.report.report import write_report
from freqbias.files import write_records
from freqbias.records import Observation, Pair

LOW_LEVEL = 0.1  # of the rare form, far enough from 1 for every gap that is written to a file, where a cosine has its range


def simulate(rng, effects, items=40, frames=2, margin=0.4, noise=0.02, model="m", contrasts=("gloss",), level=0.5):
    """Return pairs and rows of probe `similarity`; `effects` maps an arm to its mean gap, `noise` is the spread over items."""
    pairs, rows = [], []
    for arm, effect in effects.items():
        for item in range(items):
            own = rng.normal(0, noise)
            for k in range(frames):
                pair = _pair(rng, arm, item, k)
                pairs.append(pair)
                gap = effect + own + rng.normal(0, noise / 2)
                for contrast in contrasts:
                    registers = ("plain", "elevated") if contrast == "gloss" else (None,)
                    rows += [_row(pair, contrast, register, gap, margin, model, 1 + item % 2, level) for register in registers]
    return pairs, rows


def _pair(rng, arm, item, k):
    name = f"{arm}-{item}-{k}"
    return Pair(
        id=name,
        item=f"{arm}-{item}",
        arm=arm,
        high=f"text {name} in high form",
        low=f"text {name} in low form" + " x" * (item % 3),
        zipf_gap={"length": None, "placebo": 0.01, "frequency": rng.uniform(0.7, 3)}[arm],
        meta={"oriented_by": ("subwords", "characters")[item % 2]} if arm == "placebo" else {},
    )


def _row(pair, contrast, register, gap, margin, model, subwords, level):
    return Observation(
        pair_id=pair.id,
        item=pair.item,
        arm=pair.arm,
        probe="similarity",
        measure="cosine",
        contrast=contrast,
        register=register,
        model=model,
        high=level + gap,
        low=level,
        decoys={"high": level + gap - margin, "low": level - margin} if contrast == "gloss" else None,
        covariates={"subwords": [1, subwords]},
    )


def write_run(folder, model="m", seed=0, items=40, effects=None, **pair):
    """Write a run folder with estimates and return its pairs and observations; `pair` changes fields of the first pair."""
    effects = effects or {"frequency": 0.05, "placebo": 0.0}
    pairs, rows = simulate(np.random.default_rng(seed), effects, items=items, model=model, level=LOW_LEVEL)
    if pair:
        pairs[0] = Pair.from_dict(pairs[0].to_dict() | pair)
        rows = [row.replace(item=pairs[0].item) if row.pair_id == pairs[0].id else row for row in rows]
    folder.mkdir(exist_ok=True)
    write_records(folder / "pairs.jsonl", pairs)
    write_records(folder / "observations.jsonl", rows)
    write_records(folder / "estimates.jsonl", estimate(frame(rows), pairs))
    return pairs, rows


def markdown_of(folder):
    """Write the report of a run folder and return it as Markdown."""
    write_report(folder)
    return (folder / "findings.md").read_text(encoding="utf-8")
