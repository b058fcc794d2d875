"""What a run folder says under the names that the modules for other tools report, read from its files and nothing else."""

import json
from collections import defaultdict
from statistics import mean

from scipy import stats

ARMS = {"frequency": "", "placebo": "placebo_", "length": "length_", "frequency-placebo": "frequency_minus_placebo_"}
WANTED = {
    ("similarity", "gloss"): "{arm}gloss",
    ("similarity", "background"): "{arm}background",
    ("inversion", "decoy_form"): "{arm}decoy_form{measure}",
    ("inversion", "exact_form"): "{arm}exact_form{measure}",
    ("retrieval", "document_form"): "{arm}document_form{measure}",
}
OTHER = ("win_rate", "ndcg_at_10", "recall_at_10", "mrr_at_10")  # measures that are named; the model's own is not
UNUSED = ("recall_at_1", "recall_at_100", "negative_rank")


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def run_numbers(folder):
    """Return name → value of a run with the probes of `WANTED`; win rates are means over items of means over pairs, sides too."""
    numbers = {}
    for row in rows_of(folder / "estimates.jsonl"):
        key = (row["probe"], row["contrast"])
        if key not in WANTED or row["arm"] not in ARMS or row["measure"] in UNUSED:
            continue
        if row["term"] == "relative" and row["contrast"] == "gloss":
            numbers |= {"relative_gap": row["value"], "relative_gap_ci_low": row["ci_low"], "relative_gap_ci_high": row["ci_high"]}
        measure = f"_{row['measure']}" if row["measure"] in OTHER else ""
        if row["term"] == "mean" and (key != ("inversion", "exact_form") or measure):  # as a margin it is the gap of `gloss` again
            name = WANTED[key].format(arm=ARMS[row["arm"]], measure=measure)
            numbers |= {f"{name}_gap": row["value"], f"{name}_gap_ci_low": row["ci_low"], f"{name}_gap_ci_high": row["ci_high"]}
    margins = defaultdict(lambda: defaultdict(list))
    cells, sides = defaultdict(lambda: defaultdict(list)), {"h": "high", "l": "low"}
    for row in rows_of(folder / "observations.jsonl"):
        key = (row["probe"], row["measure"], row["contrast"])
        if row["arm"] != "frequency":
            continue
        if key == ("inversion", "win_rate", "crossed"):
            for cell, value in row["cells"].items():
                cells[f"win_rate_{sides[cell[0]]}_{sides[cell[1]]}"][row["item"]].append(value)
        if key[::2] == ("similarity", "gloss"):
            margins[row["item"]][row["pair_id"]].append(mean(row[side] - row["decoys"][side] for side in sides.values()))
        if key[::2] == ("retrieval", "document_form") and row["measure"] in OTHER:
            for side in sides.values():
                cells[f"document_form_{row['measure']}_{side}"][row["item"]].append(row[side])
    wins = [mean(mean(own[item]) for name, own in cells.items() if name.startswith("win_rate")) for item in cells["win_rate_low_low"]]
    leads = [mean(map(mean, own.values())) for own in margins.values()]
    numbers |= with_interval("margin", leads) | (with_interval("win_rate", wins) if wins else {})
    return numbers | {name: mean(mean(values) for values in own.values()) for name, own in cells.items() if own}


def with_interval(name, values):
    """Return a mean over items with its t interval."""
    interval = stats.ttest_1samp(values, 0).confidence_interval()
    return {name: mean(values), f"{name}_ci_low": interval.low, f"{name}_ci_high": interval.high}


def largest_score(folder):
    """Return the largest score of a document for a gloss, without its sign: float32 scores round in proportion to it."""
    rows = [row for row in rows_of(folder / "observations.jsonl") if (row["probe"], row["contrast"]) == ("similarity", "gloss")]
    return max(abs(row[side]) for row in rows for side in ("high", "low"))
