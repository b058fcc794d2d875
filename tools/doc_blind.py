"""The block of both datasheets of task items on what readers found who did not know the forms."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from doc_results import ROOT

from freqbias.terms import FAMILIES, FORMS

GOOD = "good"
VERDICTS = (GOOD, "doubtful", "bad")
Row = dict[str, Any]


def blind_readings(families: Iterable[str]) -> str:
    """Return how many texts of each form each reader called good, doubtful and bad, by family and over all, and what became of them."""
    path = ROOT / "benchmarks/task_items_blind.jsonl"
    rows: list[Row] = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lines = [f"| family | reader | texts | {' | '.join(FORMS)} |", f"|---|---:|---:|{'---|' * len(FORMS)}"]
    for family in families:
        lines += _by_reader(f"`{family}`", [row for row in rows if row["family"] == family])
    lines += _by_reader(f"all {len(FAMILIES)} families", rows)
    odd = [row for row in rows if row["verdict"] != GOOD]
    shares = ", ".join(f"`{form}` {_share(odd, form)} of {_share(rows, form)}" for form in FORMS)
    told = f"Of these {len(odd)}, {sum(row['mended'] for row in odd)} have another text, or other references, now."
    return "\n".join([*lines, "", f"Not good, both readers, all families: {shares}. {told}"])


def _by_reader(name: str, rows: list[Row]) -> Iterator[str]:
    for reader in sorted({row["reader"] for row in rows}):
        own = [row for row in rows if row["reader"] == reader]
        counts = Counter((row["form"], row["verdict"]) for row in own)
        told = " | ".join(", ".join(str(counts[form, verdict]) for verdict in VERDICTS) for form in FORMS)
        yield f"| {name} | {reader} | {len(own)} | {told} |"


def _share(rows: list[Row], form: str) -> int:
    return sum(row["form"] == form for row in rows)
