"""The blocks of the task items' datasheet: sizes, what they can detect, and what was found when they were read."""

import json
import math
import statistics
from collections import Counter
from typing import Any

from doc_results import ROOT

from freqbias.analysis.stats.resampling import minimum_detectable
from freqbias.frequency import word_zipf
from freqbias.paraphrases.task_templates import FAMILIES, length_lean, slot_words, task_items, template_rows, zipf_lean
from freqbias.terms import FORMS, HIGH, LOW, ORIGINAL, PLACEBO

DISCORDANCE = (0.05, 0.1, 0.2, 0.3)  # shares of items that are right in one form alone
SPREADS = (0.25, 0.5, 1.0, 2.0)  # nats, of an item's difference in log p(gold)
VERDICTS = ("clean", "doubtful", "bad")


def task_sizes() -> str:
    """Return the tables of the bundled words and of each family, computed from the files."""
    words = slot_words().values()
    gaps = [(word_zipf(own.high) or 0.0) - (word_zipf(own.low) or 0.0) for own in words]
    parts = Counter(own.pos for own in words)
    fours = sum(len({own.word(form) for form in FORMS}) == len(FORMS) for own in words)
    lines = ["| words of slots | number |", "|---|---|", f"| rows (lemmas) | {len(gaps)} ({len({own.base for own in words})}) |"]
    lines += [f"| … {pos}s | {count} |" for pos, count in sorted(parts.items())]
    lines += [
        f"| … four different words (the others have three) | {fours} |",
        f"| … median (least) Zipf gap, high − low | {statistics.median(gaps):.2f} ({min(gaps):.2f}) |",
        "",
        "| family | " + " | ".join(f"`{family}`" for family in FAMILIES) + " |",
        "|---|" + "---|" * len(FAMILIES),
    ]
    columns = [_column(family) for family in FAMILIES]
    return "\n".join([*lines, *(f"| {name} | " + " | ".join(column[name] for column in columns) + " |" for name in columns[0])])


def _column(family: str) -> dict[str, str]:
    rows, items = template_rows(family), task_items(family)
    slots = [len(row["slots"]) for row in rows]
    longer = [len(item.forms[HIGH]) - len(item.forms[LOW]) for item in items]
    uses = Counter(id_ for row in rows for id_ in row["slots"].values())
    often, count = uses.most_common(1)[0]
    lower = [f"{zipf_lean(rows, HIGH, form):.2f}" for form in (ORIGINAL, PLACEBO, LOW)]
    return {
        "items (templates)": f"{len(items)} ({_templates(family)})",
        "slots an item: mean (least)": f"{statistics.mean(slots):.1f} ({min(slots)})",
        "rows of words used; the one in most items": f"{len(uses)}; `{often}`, {count / len(items):.0%}",
        "Zipf a slot: high − original, high − placebo, high − low": ", ".join(lower),
        "… placebo − original": f"{zipf_lean(rows, PLACEBO, ORIGINAL):+.3f}",
        "characters an item: high − low, mean (SD)": f"{statistics.mean(longer):+.2f} ({statistics.stdev(longer):.1f})",
        "… placebo − original, mean": f"{length_lean(items, PLACEBO, ORIGINAL):+.2f}",
    }


def _templates(family: str) -> int:
    return len({row["template"] for row in template_rows(family)})


def task_power() -> str:
    """Return what each family detects with 80 % power: points of accuracy by discordance, nats by spread; by items and by templates."""
    counts = [(family, what, count) for family in FAMILIES for what, count in _counts(family)]
    heads = [f"{family}, {count} {what}" for family, what, count in counts]
    lines = [f"| | {' | '.join(heads)} |", "|---|" + "---:|" * len(heads)]
    for share in DISCORDANCE:
        found = [minimum_detectable(math.sqrt(share / count), math.inf) for _, _, count in counts]
        told = " | ".join(f"{100 * least:.1f}" if least <= share else "–" for least in found)
        lines.append(f"| points of accuracy, {share:.0%} discordant | {told} |")
    for spread in SPREADS:
        told = " | ".join(f"{minimum_detectable(spread / math.sqrt(count), count - 1):.3f}" for _, _, count in counts)
        lines.append(f"| nats of log p(gold), differences spread by {spread:g} | {told} |")
    return "\n".join(lines)


def _counts(family: str) -> list[tuple[str, int]]:
    return [("items", len(template_rows(family))), ("templates", _templates(family))]


def task_readings() -> str:
    """Return how many texts of each form each reading called clean, doubtful and bad, and which of them are bundled as they were."""
    rows = [json.loads(line) for line in (ROOT / "benchmarks/task_items_read.jsonl").read_text(encoding="utf-8").splitlines()]
    lines = [f"| reading | items | {' | '.join(FORMS)} |", "|---|---:|" + "---|" * len(FORMS)]
    for number in sorted({row["reading"] for row in rows}):
        own = [row for row in rows if row["reading"] == number]
        lines.append(f"| {number} | {len(own)} | {' | '.join(_verdicts(own, form) for form in FORMS)} |")
    bundled = {text for family in FAMILIES for item in task_items(family) for text in item.forms.values()}
    doubted = [(row, form) for row in rows for form in FORMS if row["verdicts"][form] != VERDICTS[0]]
    still = sum(row["forms"][form] in bundled for row, form in doubted)
    return "\n".join([*lines, "", f"Texts that were doubtful or bad: {len(doubted)}; bundled as they were read: {still}."])


def _verdicts(rows: list[dict[str, Any]], form: str) -> str:
    counts = Counter(row["verdicts"][form] for row in rows)
    return ", ".join(str(counts[verdict]) for verdict in VERDICTS)
